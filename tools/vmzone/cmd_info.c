// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_info.c - `vmzone info`: what the loaded module can do, and its defaults
 */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <string.h>

#include "units.h"
#include "vmzone.h"
#include "zone.h"

#define PARAMETERS "/sys/module/vmzone/parameters"

static const struct argp info_argp = {
	.doc = "Prints what the loaded module can do, and its parameters.",
};

static const char *feature_name(__u32 bit)
{
	static const char *const names[] = { "", "set", "named", "histogram", "clone" };

	return bit < ARRAY_SIZE(names) ? names[bit] : NULL;
}

static void print_parameters(void)
{
	static const char *const names[] = {
		"zone_bytes", "zone_frames", "zone_store_limit", "policy",
		"codec", "max_frames", "max_zone_frames", "mode",
	};
	char path[128], value[64];

	printf("parameters (" PARAMETERS ")\n");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		FILE *in;

		snprintf(path, sizeof(path), PARAMETERS "/%s", names[i]);
		in = fopen(path, "re");
		if (!in)
			continue;
		if (fgets(value, sizeof(value), in))
			printf("  %-18s%.*s\n", names[i], (int)strcspn(value, "\n"), value);
		fclose(in);
	}
}

int cmd_info(int argc, char **argv)
{
	struct vmzone_info info;
	struct unit_text a, b;
	char names[128];

	argp_parse(&info_argp, argc, argv, 0, NULL, NULL);
	if (zone_info(&info)) {
		error(0, errno, "cannot ask " ZONE_DEVICE "%s", zone_open_hint());
		return EXIT_TROUBLE;
	}
	zone_names_join(names, sizeof(names), zone_policy_name, info.policies);
	printf("%-20s%s\n", "policies", names);
	zone_names_join(names, sizeof(names), zone_codec_name, info.codecs);
	printf("%-20s%s\n", "codecs", names);
	/* features count from bit 0, the names from 1 */
	zone_names_join(names, sizeof(names), feature_name, (__u32)info.features << 1);
	printf("%-20s%s\n", "features", *names ? names : "-");
	printf("%-20s%u\n", "abi", info.abi);
	printf("%-20s%s\n", "page size", bytes_text(&a, info.page_size));
	printf("%-20s%s (%s)\n", "frames, all zones", count_text(&a, info.max_frames),
	       bytes_text(&b, info.max_frames * info.page_size));
	printf("%-20s%s\n", "largest zone", bytes_text(&a, info.max_zone_bytes));
	print_parameters();
	return EXIT_RIGHT;
}
