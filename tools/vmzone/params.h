/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * params.h - a zone's parameters as options, and named zones by their names
 *
 * For the subcommands that work on named zones. What goes wrong is told on
 * stderr by the function in which it does.
 */
#ifndef VMZONE_PARAMS_H
#define VMZONE_PARAMS_H

#include <argp.h>

#include <linux/vmzone.h>

#define NODE_PREFIX "/dev/vmzone-"

/**
 * struct node - a named zone
 * @name: without the prefix
 * @path: of its device node
 */
struct node {
	char name[VMZONE_NAME_LEN];
	char path[sizeof(NODE_PREFIX) + VMZONE_NAME_LEN];
};

/**
 * struct named - a named zone and what is wanted of it
 * @params: parameters; which says those that were given
 * @node: the zone's
 */
struct named {
	struct vmzone_set params;
	struct node node;
};

/* Children of a subcommand's argp: NAME, into a struct node ... */
extern const struct argp node_argp;
/* ... or with --bytes, --frames, --store-limit, --policy, --codec, into a struct named. */
extern const struct argp named_argp;

int node_open(const struct node *node);
int params_check(const struct vmzone_set *want, const struct vmzone_info *info);

#endif /* VMZONE_PARAMS_H */
