// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_destroy.c - `vmzone destroy`: takes a named zone's device node away
 */
#include <errno.h>
#include <error.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "params.h"
#include "vmzone.h"

static const struct argp_child children[] = { { &node_argp, 0, NULL, 0 }, { 0 } };

static const struct argp destroy_argp = {
	.doc = "Takes the device node of a named zone away. Who has the zone open or mapped\n"
	       "keeps it; its memory goes with the last of them.",
	.children = children,
};

int cmd_destroy(int argc, char **argv)
{
	struct vmzone_destroy destroy = { .size = sizeof(destroy) };
	struct node node = { };
	int fd, err;

	argp_parse(&destroy_argp, argc, argv, 0, NULL, &node);
	fd = node_open(&node);
	if (fd < 0)
		return EXIT_TROUBLE;
	err = ioctl(fd, VMZONE_IOC_DESTROY, &destroy);
	if (err && errno == EPERM)
		error(0, 0, "only those with CAP_SYS_ADMIN can end a named zone");
	else if (err)
		error(0, errno, "cannot end the zone `%s'", node.name);
	close(fd);
	return err ? EXIT_TROUBLE : EXIT_RIGHT;
}
