// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the budget is hard: while four threads thrash four times the
 * budget and a fifth pages ranges in and out and pins them, every snapshot of
 * the counters that a sampler takes holds what the contract says of it, and at
 * the end every page is right.
 */
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 128
#define NR_SLOTS (4 * NR_FRAMES)
#define NR_THREADS 4
#define NR_TOUCHES 3000
#define NR_ASKED 8		/* slots that the fifth thread asks for at once */
#define NR_ASKS 60		/* times that it does, at least */
#define NR_SAMPLES_WANTED 50

static struct zone zone;
static struct pattern now[NR_SLOTS];	/* each slot written by one thread only */
static atomic_bool finished;
static atomic_size_t nr_bad, nr_samples, nr_bad_samples, nr_asks, nr_failed_calls;

static void *thrash(void *arg)
{
	size_t self = (uintptr_t)arg;
	uint64_t random = test_seed + self;

	for (int i = 0; i < NR_TOUCHES || nr_asks < NR_ASKS; i++) {
		size_t slot = random_next(&random) % (NR_SLOTS / NR_THREADS) * NR_THREADS + self;

		nr_bad += pattern_bad(&zone, now[slot], slot, 1);
		if (random_next(&random) & 1)
			continue;
		now[slot].version++;
		now[slot].fill = FILL_MIX;
		pattern_fill(&zone, now[slot], slot, 1);
	}
	return NULL;
}

static void *ask(void *arg)
{
	static const unsigned long commands[] = {
		VMZONE_IOC_PAGE_OUT, VMZONE_IOC_PAGE_IN, VMZONE_IOC_PIN,
	};
	uint64_t random = test_seed + NR_THREADS;

	(void)arg;
	while (!finished) {
		size_t first = random_next(&random) % (NR_SLOTS - NR_ASKED);
		size_t which = nr_asks++ % ARRAY_SIZE(commands);

		nr_failed_calls += zone_range(&zone, commands[which], first, NR_ASKED) < 0;
		if (commands[which] == VMZONE_IOC_PIN)
			nr_failed_calls += zone_range(&zone, VMZONE_IOC_UNPIN, first,
						      NR_ASKED) != NR_ASKED;
		usleep(1000);
	}
	return NULL;
}

static void *sample(void *arg)
{
	(void)arg;
	while (!finished) {
		struct vmzone_stats stats = zone_stats(&zone);

		nr_bad_samples += !stats_hold(&stats);
		nr_samples++;
		sched_yield();
	}
	return NULL;
}

static void run_threads(void)
{
	pthread_t thrashers[NR_THREADS], asker, sampler;

	if (pthread_create(&sampler, NULL, sample, NULL) ||
	    pthread_create(&asker, NULL, ask, NULL))
		bail("pthread_create");
	for (uintptr_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&thrashers[i], NULL, thrash, (void *)i))
			bail("pthread_create");
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(thrashers[i], NULL);
	finished = true;
	pthread_join(asker, NULL);
	pthread_join(sampler, NULL);
}

/*
 * The workers may still be at it, and stopped between a slot and its counters: what
 * is read twice must be the same to count.
 */
static void gauges_agree(void)
{
	struct vmzone_stats before, after;
	size_t nr_resident, nr_stored, nr_mapped = 0, nr_looks = 0;
	uint8_t mapped[NR_SLOTS];

	do {
		usleep(20000);
		before = zone_stats(&zone);
		nr_resident = zone_count(&zone, 0, NR_SLOTS, VMZONE_SLOT_RESIDENT,
					 VMZONE_SLOT_RESIDENT);
		nr_stored = zone_count(&zone, 0, NR_SLOTS, VMZONE_SLOT_STORED,
				       VMZONE_SLOT_STORED);
		if (mincore(zone.map, NR_SLOTS * page_size, mapped))
			bail("mincore");
		after = zone_stats(&zone);
	} while (before.evictions_background != after.evictions_background ||
		 ((after.resident_frames != nr_resident || after.stored_slots != nr_stored) &&
		  ++nr_looks < 100));
	for (size_t i = 0; i < NR_SLOTS; i++)
		nr_mapped += mapped[i] & 1;
	is(after.resident_frames, nr_resident, "STATS and PAGEMAP count the same resident slots");
	is(after.stored_slots, nr_stored, "STATS and PAGEMAP count the same stored slots");
	between(nr_mapped, 0, nr_resident, "no more slots are mapped than are resident");
}

static void thrash_under(unsigned int policy)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size,
		.frames = NR_FRAMES,
		.store_limit = 2 * NR_SLOTS * page_size,
		.policy = policy,
	};
	struct vmzone_stats stats;
	size_t bad = 0;

	zone = zone_new(create);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		now[slot] = (struct pattern){ .fill = FILL_ZERO, .id = policy };
	finished = false;
	nr_bad = nr_samples = nr_bad_samples = nr_asks = nr_failed_calls = 0;
	run_threads();

	diag("policy %u: %zu samples, %zu asks", policy, nr_samples, nr_asks);
	between(nr_samples, NR_SAMPLES_WANTED, 1 << 30, "policy %u: enough samples", policy);
	is(nr_bad_samples, 0, "policy %u: every snapshot holds", policy);
	is(nr_bad, 0, "policy %u: no page was wrong on the way", policy);
	is(nr_failed_calls, 0, "policy %u: PAGE_OUT, PAGE_IN, PIN and UNPIN succeed", policy);
	stats = zone_stats(&zone);
	between(stats.peak_resident_frames, NR_FRAMES / 2, NR_FRAMES,
		"policy %u: the peak is within the budget, which was used", policy);
	is(stats.budget_frames, NR_FRAMES, "policy %u: the budget is as asked for", policy);
	ok(stats.evictions_requested, "policy %u: it paged out what it was asked to", policy);
	ok(stats.page_ins && stats.faults_major, "policy %u: it paged in", policy);
	is(stats.sigbus + stats.load_errors, 0, "policy %u: without an error", policy);
	gauges_agree();
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		bad += pattern_bad(&zone, now[slot], slot, 1);
	is(bad, 0, "policy %u: every page is right at the end", policy);
	zone_drop(&zone);
}

int main(void)
{
	struct vmzone_info info = device_info();

	test_begin(600);
	for (unsigned int policy = 1; policy < 32; policy++)
		if (info.policies & 1u << policy)
			thrash_under(policy);
	return tap_end();
}
