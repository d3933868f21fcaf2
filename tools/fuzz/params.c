// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values of the module's parameters. What bounds memory stays below what the
 * fuzzer is given, so that no program needs more than the machine has.
 */
#include "params.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *values[NR_VALUES];
} params[NR_PARAMS] = {
	{ "zone_bytes", { "4096", "64K", "4M", "1G", "64T" } },
	{ "zone_frames", { "16", "17", "64", "0x100", "9223372036854775807" } },
	{ "zone_store_limit", { "4096", "64K", "1M", "1G", "9223372036854775807" } },
	{ "max_frames", { "16", "64", "256", "1K", "4096" } },
	{ "max_zone_frames", { "16", "64", "256", "4096", "9223372036854775807" } },
	{ "policy", { "fifo", "clock", "lru", "sieve", "s3fifo" } },
	{ "codec", { "none", "lzo-rle", "lz4", "zstd", "lz4\n" } },
	{ "mode", { "0600", "0", "644", "0777", "660\n" } },
};

/* For none of them. */
static const char *const refused[NR_REFUSED] = {
	"-1", "4096x", "18446744073709551616", "lru ", "none,lz4", "\n", "\xff",
};

static char noted[NR_PARAMS][64];

static void path_of(size_t param, char *path, size_t size)
{
	snprintf(path, size, "/sys/module/vmzone/parameters/%s", params[param].name);
}

static void read_param(size_t param, char *text, size_t size)
{
	char path[80];
	FILE *file;

	path_of(param, path, sizeof(path));
	file = fopen(path, "r");
	if (!file || !fgets(text, size, file))
		bail("%s", path);
	fclose(file);
}

void params_note(void)
{
	for (size_t i = 0; i < NR_PARAMS; i++)
		read_param(i, noted[i], sizeof(noted[i]));
}

void params_restore(void)
{
	char now[sizeof(noted[0])], path[80];

	for (size_t i = 0; i < NR_PARAMS; i++) {
		read_param(i, now, sizeof(now));
		path_of(i, path, sizeof(path));
		if (strcmp(now, noted[i]))
			must_write_text(path, noted[i]);
	}
}

bool param_must_fail(size_t value)
{
	return value >= NR_VALUES;
}

int param_write(size_t param, size_t value)
{
	const char *text;
	char path[80];

	if (value < NR_VALUES)
		text = params[param % NR_PARAMS].values[value];
	else
		text = refused[(value - NR_VALUES) % NR_REFUSED];
	path_of(param % NR_PARAMS, path, sizeof(path));
	return write_text(path, text);
}
