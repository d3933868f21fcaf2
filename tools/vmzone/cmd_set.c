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

static const struct argp_child children[] = { { &named_argp, 0, NULL, 0 }, { 0 } };

static const struct argp set_argp = {
	.doc = "Changes what is given of a named zone, while it is in use, all or nothing, and\n"
	       "prints its parameters: without options only that.\v"
	       "Sizes take K, M, G or T.\n",
	.children = children,
};

static void tell_why(const struct named *zone)
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
		      count_text(&t, zone->params.frames));
		break;
	case EOPNOTSUPP:
		error(0, 0, "this module cannot change a zone");
		break;
	case EPERM:
		error(0, 0, "budgets above max_zone_frames are for those with CAP_SYS_RESOURCE");
		break;
	default:
		error(0, errno, "cannot change the zone `%s'", zone->node.name);
	}
}

static int change(int fd, struct named *zone)
{
	struct vmzone_info info = { .size = sizeof(info) };

	if (ioctl(fd, VMZONE_IOC_INFO, &info)) {
		error(0, errno, "cannot ask %s", zone->node.path);
		return -1;
	}
	if (params_check(&zone->params, &info))
		return -1;
	zone->params.size = sizeof(zone->params);
	if (!ioctl(fd, VMZONE_IOC_SET, &zone->params))
		return 0;
	tell_why(zone);
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
	struct named zone = { };
	int fd, err = 0;

	argp_parse(&set_argp, argc, argv, 0, NULL, &zone);
	fd = node_open(&zone.node);
	if (fd < 0)
		return EXIT_TROUBLE;
	if (zone.params.which)
		err = change(fd, &zone);
	if (!err)
		err = print_now(fd, &zone.node);
	close(fd);
	return err ? EXIT_TROUBLE : EXIT_RIGHT;
}
