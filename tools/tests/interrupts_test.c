// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a thread which is the only one to take a zone's frames takes its
 * victims out of the page tables by itself: a worker would interrupt the thread's
 * processor for each, which /proc/interrupts counts as TLB shootdowns. The thread stays
 * on one processor, so that what others do is not counted, and touches at random, so
 * that few victims are neighbours, which are unmapped together.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NR_FRAMES 256
#define RATIO 4
#define NR_TOUCHES 20000
#define MAX_SHOOTDOWNS 20	/* per cent of the evictions; some 90 if workers do it */

/* That processor's, since boot; or -1 where they are not counted. */
static long shootdowns(int processor)
{
	FILE *file = fopen("/proc/interrupts", "r");
	long nr = -1;
	size_t size = 0;
	char *line = NULL, *at, *end;

	if (!file)
		return nr;
	while (nr < 0 && getline(&line, &size, file) > 0) {
		at = strstr(line, "TLB:");
		if (!at)
			continue;
		end = at + strlen("TLB:");
		for (int i = 0; i <= processor; i++)
			nr = strtol(end, &end, 10);
	}
	free(line);
	fclose(file);
	return nr;
}

int main(void)
{
	struct zone zone;
	struct vmzone_stats before, after;
	cpu_set_t here;
	uint64_t random;
	long nr;

	test_begin(120);
	random = test_seed;
	CPU_ZERO(&here);
	CPU_SET(0, &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		bail("sched_setaffinity");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || shootdowns(0) < 0) {
		skip("no shootdowns here", "a thread alone is not interrupted for its own evictions");
		return tap_end();
	}
	zone = zone_sized(RATIO * NR_FRAMES, NR_FRAMES);
	for (size_t slot = 0; slot < zone.nr_slots; slot++)
		poke(slot_at(&zone, slot), 1);
	before = zone_stats(&zone);
	nr = shootdowns(0);
	for (size_t i = 0; i < NR_TOUCHES; i++)
		touch_read(&zone, random_next(&random) % zone.nr_slots, 1);
	nr = shootdowns(0) - nr;
	after = zone_stats(&zone);
	after.evictions_clean -= before.evictions_clean;
	between(after.evictions_clean, NR_TOUCHES / 2, NR_TOUCHES, "it thrashes");
	diag("%ld shootdowns, %llu evictions", nr, (unsigned long long)after.evictions_clean);
	between(nr, 0, after.evictions_clean * MAX_SHOOTDOWNS / 100,
		"a thread alone is not interrupted for its own evictions");
	zone_drop(&zone);
	return tap_end();
}
