// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_create.c - `vmzone create`: a zone with a device node that any program can
 * open by its path
 */
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <string.h>

#include "params.h"
#include "units.h"
#include "vmzone.h"
#include "zone.h"

enum {
	OPT_PREALLOC = 0x100,
	OPT_EXEC,
};

/**
 * struct arguments - what the user asked for
 * @zone: its name and its parameters
 * @flags: VMZONE_CREATE_* bits
 */
struct arguments {
	struct named zone;
	__u32 flags;
};

static const struct argp_option options[] = {
	{ "prealloc", OPT_PREALLOC, NULL, 0, "Take all of its frames now", 1 },
	{ "exec", OPT_EXEC, NULL, 0, "Allow mappings that can be executed", 1 },
	{ 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->zone;
		return 0;
	case OPT_PREALLOC:
		a->flags |= VMZONE_CREATE_PREALLOC;
		return 0;
	case OPT_EXEC:
		a->flags |= VMZONE_CREATE_EXEC;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &named_argp, 0, NULL, 0 }, { 0 } };

static const struct argp create_argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Makes a zone with a device node, " NODE_PREFIX "NAME, and prints the node's path.\v"
	       "What is not given is the module's default. Sizes take K, M, G or T.\n\n"
	       "The module makes the node root's alone; chmod or udev opens it to others.\n"
	       "The udev rule of vmzone-dkms does so to the group vmzone. The zone stays\n"
	       "until `vmzone destroy NAME', and then as long as somebody uses it.\n",
	.children = children,
};

static void tell_why(const struct arguments *a)
{
	struct unit_text t;

	switch (errno) {
	case EEXIST:
		error(0, 0, "there is a zone `%s' already", a->zone.node.name);
		break;
	case ENOSPC:
		error(0, 0, a->zone.params.frames ?
		      "%s frames are more than all zones may still take (module parameter max_frames), or there are too many named zones" :
		      "all zones together may not take so many frames (module parameter max_frames), or there are too many named zones",
		      count_text(&t, a->zone.params.frames));
		break;
	case EOPNOTSUPP:
		error(0, 0, "this module has no named zones");
		break;
	case EPERM:
		error(0, 0, "named zones are for those with CAP_SYS_ADMIN, and budgets above max_zone_frames for those with CAP_SYS_RESOURCE");
		break;
	default:
		error(0, errno, "cannot make the zone `%s'", a->zone.node.name);
	}
}

int cmd_create(int argc, char **argv)
{
	struct arguments a = { .flags = VMZONE_CREATE_NAMED };
	struct vmzone_create create;
	struct vmzone_info info;
	struct zone zone;

	argp_parse(&create_argp, argc, argv, 0, NULL, &a);
	if (zone_info(&info)) {
		error(0, errno, "cannot open " ZONE_DEVICE "%s", zone_open_hint());
		return EXIT_TROUBLE;
	}
	if (params_check(&a.zone.params, &info))
		return EXIT_TROUBLE;
	create = (struct vmzone_create){
		.flags = a.flags,
		.bytes = a.zone.params.bytes,
		.frames = a.zone.params.frames,
		.store_limit = a.zone.params.store_limit,
		.policy = a.zone.params.policy,
		.codec = a.zone.params.codec,
	};
	memcpy(create.name, a.zone.node.name, sizeof(create.name));
	if (zone_create(&zone, &create)) {
		tell_why(&a);
		return EXIT_TROUBLE;
	}
	zone_close(&zone);
	printf("%s\n", a.zone.node.path);
	return EXIT_RIGHT;
}
