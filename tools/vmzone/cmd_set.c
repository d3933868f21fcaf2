// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_set.c - `vmzone set`: changes a named zone's parameters while it is in use
 */
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "params.h"
#include "units.h"
#include "vmzone.h"
#include "zone.h"

/**
 * struct arguments - what the user asked for
 * @params: parameters, which of them to change
 * @node: the zone's
 */
struct arguments {
	struct vmzone_set params;
	struct node node;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->params;
		return 0;
	case ARGP_KEY_ARG:
		node_parse(state, arg, &a->node);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which name?");
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &params_argp, 0, NULL, 0 }, { 0 } };

static const struct argp set_argp = {
	.parser = parse_option,
	.args_doc = "NAME",
	.doc = "Changes what is given of a named zone, while it is in use, all or nothing, and\n"
	       "prints its parameters: without options only that.\v"
	       "Sizes take K, M, G or T.\n",
	.children = children,
};

static void tell_why(const struct arguments *a)
{
	struct unit_text t;

	switch (errno) {
	case EBUSY:
		error(0, 0, "a slot beyond the new end is pinned");
		break;
	case ENOMEM:
		error(0, 0, "pins, or a store that is full, leave no room for that; nothing was changed");
		break;
	case ENOSPC:
		error(0, 0, "%s frames are more than all zones may still take (module parameter max_frames)",
		      count_text(&t, a->params.frames));
		break;
	case EOPNOTSUPP:
		error(0, 0, "this module cannot change a zone");
		break;
	case EPERM:
		error(0, 0, "budgets above max_zone_frames are for those with CAP_SYS_RESOURCE");
		break;
	default:
		error(0, errno, "cannot change the zone `%s'", a->node.name);
	}
}

static int change(int fd, struct arguments *a)
{
	struct vmzone_info info = { .size = sizeof(info) };

	if (ioctl(fd, VMZONE_IOC_INFO, &info)) {
		error(0, errno, "cannot ask %s", a->node.path);
		return -1;
	}
	if (params_check(&a->params, &info))
		return -1;
	a->params.size = sizeof(a->params);
	if (!ioctl(fd, VMZONE_IOC_SET, &a->params))
		return 0;
	tell_why(a);
	return -1;
}

/* In the words of the options, so that the line makes such a zone again. */
static int print_now(int fd, const struct node *node)
{
	struct vmzone_set now = { .size = sizeof(now) };

	if (ioctl(fd, VMZONE_IOC_GET, &now)) {
		error(0, errno, "cannot ask %s", node->path);
		return -1;
	}
	printf("%s --bytes=%llu --frames=%llu --store-limit=%llu --policy=%s --codec=%s\n",
	       node->name, now.bytes, now.frames, now.store_limit,
	       zone_policy_name(now.policy), zone_codec_name(now.codec));
	return 0;
}

int cmd_set(int argc, char **argv)
{
	struct arguments a = { };
	int fd, err = 0;

	argp_parse(&set_argp, argc, argv, 0, NULL, &a);
	fd = node_open(&a.node);
	if (fd < 0)
		return EXIT_TROUBLE;
	if (a.params.which)
		err = change(fd, &a);
	if (!err)
		err = print_now(fd, &a.node);
	close(fd);
	return err ? EXIT_TROUBLE : EXIT_RIGHT;
}
