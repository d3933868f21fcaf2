// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory cgroup that a run is in. All systems run in one, so that all pay
 * for its accounts; only those that keep their budget by it have a limit there.
 */
#include "bench.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup/"

static char folder[64];

void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		err(1, "writing '%s' to %s", text, path);
}

static void write_ours(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	write_file(path, text);
}

void cgroup_setup(void)
{
	write_file(ROOT "cgroup.subtree_control", "+memory");
}

/* One for each run: what an earlier one left charged is not ours. */
void cgroup_enter(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(folder, sizeof(folder), ROOT "bench-%s", pid);
	if (mkdir(folder, 0755))
		err(1, "%s", folder);
	write_ours("cgroup.procs", pid);
}

void cgroup_limit(uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", bytes);
	write_ours("memory.max", text);
}

uint64_t cgroup_read(const char *name, const char *key)
{
	char path[128], line[128];
	uint64_t value = 0;
	size_t len = key ? strlen(key) : 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		if (key && (strncmp(line, key, len) || line[len] != ' '))
			continue;
		value = strtoull(line + len, NULL, 10);
		break;
	}
	fclose(file);
	return value;
}

void cgroup_leave(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(ROOT "cgroup.procs", pid);
	if (rmdir(folder))
		warn("%s", folder);
}
