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

/*
 * Parses --bytes, --frames, --store-limit, --policy and --codec into a struct
 * vmzone_set, whose which says what was given. A child of a subcommand's argp.
 */
extern const struct argp params_argp;

void node_parse(struct argp_state *state, const char *arg, struct node *node);
int node_open(const struct node *node);
int params_check(const struct vmzone_set *want, const struct vmzone_info *info);

#endif /* VMZONE_PARAMS_H */
