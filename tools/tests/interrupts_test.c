// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a thread which is the only one to take a zone's frames takes its
 * victims out of the page tables by itself: a worker would interrupt the thread's
 * processor for each, which /proc/interrupts counts as TLB shootdowns. And that for two
 * threads S3-FIFO's victims, which neighbours join, cost fewer than FIFO's. Each thread
 * stays on one processor, so that what others do is not counted, and touches at random,
 * so that few victims are neighbours by chance, which are unmapped together.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NR_FRAMES 256
#define RATIO 4
#define NR_TOUCHES 20000
#define ROUNDS 3
#define MAX_TOGETHER 95		/* per cent of FIFO's; some 70 */
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

struct toucher {
	pthread_t thread;
	struct zone *zone;
	uint64_t random;
	int processor;
};

static void *touch_at_random(void *arg)
{
	struct toucher *toucher = arg;

	stay_on(toucher->processor);
	for (size_t i = 0; i < NR_TOUCHES; i++)
		touch_read(toucher->zone, random_next(&toucher->random) % toucher->zone->nr_slots, 1);
	return NULL;
}

static void fill(struct zone *zone)
{
	for (size_t slot = 0; slot < zone->nr_slots; slot++)
		poke(slot_at(zone, slot), 1);
}

struct cost {
	long shootdowns;
	long evictions;
};

/* What so many threads' touches at random come to, one thread to a processor. */
static struct cost cost_of(unsigned int policy, int nr)
{
	struct vmzone_create create = {
		.bytes = RATIO * NR_FRAMES * page_size, .frames = NR_FRAMES, .policy = policy,
	};
	struct zone zone = zone_new(create);
	struct toucher touchers[2];
	struct cost cost = {};

	fill(&zone);
	cost.evictions = -(long)zone_stats(&zone).evictions_clean;
	for (int i = 0; i < nr; i++)
		cost.shootdowns -= shootdowns(i);
	for (int i = 0; i < nr; i++) {
		touchers[i] = (struct toucher){ .zone = &zone, .random = test_seed + i, .processor = i };
		if (pthread_create(&touchers[i].thread, NULL, touch_at_random, &touchers[i]))
			bail("pthread_create");
	}
	for (int i = 0; i < nr; i++)
		pthread_join(touchers[i].thread, NULL);
	for (int i = 0; i < nr; i++)
		cost.shootdowns += shootdowns(i);
	cost.evictions += (long)zone_stats(&zone).evictions_clean;
	diag("%d threads, %s: %ld shootdowns, %ld evictions", nr, policy_name[policy],
	     cost.shootdowns, cost.evictions);
	zone_drop(&zone);
	return cost;
}

/* Two threads: shootdowns for 1,000 evictions. */
static long of_two(unsigned int policy)
{
	struct cost cost = cost_of(policy, 2);

	return cost.shootdowns * 1000 / cost.evictions;
}

int main(void)
{
	long apart = 0, together = 0;
	struct cost alone;

	test_begin(120);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || shootdowns(0) < 0) {
		skip("no shootdowns here", "a thread alone is not interrupted for its own evictions");
		skip("no shootdowns here", "neighbours are unmapped together beside two takers");
		return tap_end();
	}
	alone = cost_of(VMZONE_POLICY_S3FIFO, 1);
	between(alone.evictions, NR_TOUCHES / 2, NR_TOUCHES, "it thrashes");
	between(alone.shootdowns, 0, alone.evictions * MAX_SHOOTDOWNS / 100,
		"a thread alone is not interrupted for its own evictions");
	for (int round = 0; round < ROUNDS; round++) {
		apart += of_two(VMZONE_POLICY_FIFO);
		together += of_two(VMZONE_POLICY_S3FIFO);
	}
	between(together, 0, apart * MAX_TOGETHER / 100,
		"neighbours are unmapped together beside two takers");
	return tap_end();
}
