// SPDX-License-Identifier: GPL-2.0-only
/*
 * zone_hold - makes a zone, says by which name others can open it, and keeps
 * it until its standard input ends or it is killed. For programs that want a
 * file's name and know nothing of ioctls.
 *
 *   zone_hold --bytes N --frames N [--codec NAME] [--policy NAME]
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "zone.h"

static const char *const codec_name[] = {
	[VMZONE_CODEC_NONE] = "none",
	[VMZONE_CODEC_LZO_RLE] = "lzo-rle",
	[VMZONE_CODEC_LZ4] = "lz4",
	[VMZONE_CODEC_ZSTD] = "zstd",
};

static void usage(void)
{
	fputs("Usage: zone_hold --bytes N --frames N [--codec NAME] [--policy NAME]\n", stderr);
	exit(2);
}

static unsigned int lookup(const char *const *names, unsigned int nr, const char *name)
{
	for (unsigned int id = 0; id < nr; id++)
		if (names[id] && !strcmp(names[id], name))
			return id;
	fprintf(stderr, "zone_hold: unknown name '%s'\n", name);
	exit(2);
}

static unsigned long long number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (end == text || *end)
		usage();
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bytes", required_argument, NULL, 'b' },
		{ "frames", required_argument, NULL, 'f' },
		{ "codec", required_argument, NULL, 'c' },
		{ "policy", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct vmzone_create create = { .size = sizeof(create) };
	int option, device;
	char byte;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			create.bytes = number(optarg);
			break;
		case 'f':
			create.frames = number(optarg);
			break;
		case 'c':
			create.codec = lookup(codec_name, ARRAY_SIZE(codec_name), optarg);
			break;
		case 'p':
			create.policy = lookup(policy_name, NR_POLICY_NAMES, optarg);
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();

	device = open("/dev/vmzone", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror("zone_hold: /dev/vmzone");
		return 1;
	}
	if (ioctl(device, VMZONE_IOC_CREATE, &create) < 0) {
		perror("zone_hold: VMZONE_IOC_CREATE");
		return 1;
	}
	close(device);

	printf("/proc/%d/fd/%d\n", getpid(), create.out_fd);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
