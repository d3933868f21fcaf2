// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that eviction is the workers' business: four threads that read and write
 * three times the budget, in the steady state, rarely evict by themselves, also
 * when other programs want the CPUs. How rarely depends on the machine, so the test
 * has a wide margin, and prints what it was, and how often a thread waited.
 *
 * Usage: thrash_test [MIB ROUNDS]: measures a budget of so many MiB, so often.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NR_THREADS 4
#define RATIO 3
#define MIN_TOUCHES 3000	/* of each thread */
#define MAX_DIRECT 20		/* per cent; the aim is 5 */

static struct zone zone;
static size_t nr_touches;
static atomic_size_t nr_bad;
static uint32_t versions[RATIO * 64 * MIB / 4096];

static struct pattern contents(size_t slot)
{
	return (struct pattern) { .fill = FILL_TEXT, .id = 1, .version = versions[slot] };
}

/* Of NR_THREADS slots in a row one is this thread's. */
static void *thrash(void *arg)
{
	size_t self = (uintptr_t)arg;
	uint64_t random = test_seed + self;

	for (size_t i = 0; i < nr_touches; i++) {
		size_t slot = random_next(&random) % (zone.nr_slots / NR_THREADS) * NR_THREADS + self;

		if (random_next(&random) & 1) {
			nr_bad += pattern_bad(&zone, contents(slot), slot, 1);
			continue;
		}
		versions[slot]++;
		pattern_fill(&zone, contents(slot), slot, 1);
	}
	return NULL;
}

/* Returns how often the threads waited. */
static uint64_t run(void)
{
	pthread_t threads[NR_THREADS];
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (uintptr_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL, thrash, (void *)i))
			bail("pthread_create");
	for (size_t i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_nvcsw - before.ru_nvcsw;
}

static int hog(void *arg)
{
	uint64_t random = test_seed;

	(void)arg;
	while (random_next(&random))
		;
	return 0;
}

static void measure(size_t budget, bool busy)
{
	struct vmzone_stats stats = { .size = sizeof(stats), .flags = VMZONE_STATS_RESET };
	pid_t child = busy ? child_start(hog, NULL) : 0;
	size_t nr_frames = budget / page_size;
	const char *how = busy ? "beside a program that wants a CPU" : "alone";
	uint64_t nr_all, nr_waits;

	zone = zone_new((struct vmzone_create) {
		.bytes = RATIO * budget, .frames = nr_frames, .store_limit = RATIO * budget,
	});
	for (size_t slot = 0; slot < zone.nr_slots; slot++) {
		versions[slot] = 0;
		pattern_fill(&zone, contents(slot), slot, 1);
	}
	nr_touches = nr_frames > MIN_TOUCHES ? nr_frames : MIN_TOUCHES;
	nr_bad = 0;
	if (ioctl(zone.fd, VMZONE_IOC_STATS, &stats))
		bail("VMZONE_IOC_STATS");
	nr_waits = run();
	stats = zone_stats(&zone);
	nr_all = stats.evictions_clean + stats.evictions_dirty;
	diag("%zu MiB, %s: %llu evictions, %llu of them direct (%.2f %%)", budget / MIB, how,
	     (unsigned long long)nr_all, (unsigned long long)stats.evictions_direct,
	     100.0 * stats.evictions_direct / (nr_all ? nr_all : 1));
	diag("%zu MiB, %s: %llu page-ins, %llu waits", budget / MIB, how,
	     (unsigned long long)stats.page_ins, (unsigned long long)nr_waits);
	between(nr_all, NR_THREADS * nr_touches / 4, 4 * NR_THREADS * nr_touches,
		"%zu MiB, %s: it thrashes", budget / MIB, how);
	between(stats.evictions_direct, 0, nr_all * MAX_DIRECT / 100,
		"%zu MiB, %s: the workers evict", budget / MIB, how);
	is(nr_bad + stats.sigbus, 0, "%zu MiB, %s: every page is right", budget / MIB, how);
	zone_drop(&zone);
	if (child) {
		kill(child, SIGKILL);
		child_wait(child);
	}
}

int main(int argc, char **argv)
{
	size_t budget = argc > 1 ? strtoul(argv[1], NULL, 0) * MIB : 0;
	int rounds = argc > 2 ? atoi(argv[2]) : 1;

	test_begin(600);
	if (budget > 64 * MIB)
		bail("at most 64 MiB");
	for (int i = 0; i < rounds; i++) {
		for (int busy = 0; busy < 2; busy++) {
			measure(budget ? budget : MIB, busy);
			if (!budget)
				measure(8 * MIB, busy);
		}
	}
	return tap_end();
}
