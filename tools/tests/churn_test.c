// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that discarding and truncating hurt nobody else in the smallest zone,
 * where every frame is always on its way: two threads write and check slots
 * below, one discards slots in between, one cuts the end off and grows it again
 * while another writes there. Frames lost or freed twice show in the counters
 * at the end, or as a complaint of the kernel.
 */
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_FRAMES 16
#define NR_SLOTS 64
#define NR_KEPT 32		/* slots below: contents are known */
#define NR_DISCARDED 16		/* in between; the rest is cut off and grows */
#define NR_STEPS 6000

static struct zone zone;
static const struct pattern kept = { .fill = FILL_MIX, .id = 1 };
static atomic_size_t nr_bad;
static atomic_bool finished;

static void *keep(void *arg)
{
	uint64_t random = test_seed + (uintptr_t)arg;

	for (int i = 0; i < NR_STEPS; i++) {
		size_t slot = random_next(&random) % (NR_KEPT / 2) * 2 + (uintptr_t)arg;

		if (random_next(&random) % 4 == 0)
			pattern_fill(&zone, kept, slot, 1);
		else
			atomic_fetch_add(&nr_bad, pattern_bad(&zone, kept, slot, 1));
	}
	atomic_store(&finished, true);
	return NULL;
}

static void *discard(void *arg)
{
	uint64_t random = test_seed + 7;

	while (!atomic_load(&finished)) {
		size_t slot = NR_KEPT + random_next(&random) % NR_DISCARDED;

		poke(slot_at(&zone, slot), 1);
		if (zone_range(&zone, VMZONE_IOC_DISCARD, slot, 1) < 0)
			atomic_fetch_add(&nr_bad, 1);
		if (peek(slot_at(&zone, slot)))
			atomic_fetch_add(&nr_bad, 1);
	}
	return arg;
}

static void *cut_and_grow(void *arg)
{
	const off_t low = (NR_KEPT + NR_DISCARDED) * page_size;

	while (!atomic_load(&finished))
		if (ftruncate(zone.fd, low) || ftruncate(zone.fd, NR_SLOTS * page_size))
			atomic_fetch_add(&nr_bad, 1);
	return arg;
}

/* Where the end comes and goes: what is written may be cut off at any time. */
static void *write_the_end(void *arg)
{
	uint64_t random = test_seed + 9;
	uint8_t page[page_size];

	while (!atomic_load(&finished)) {
		size_t slot = NR_KEPT + NR_DISCARDED +
			      random_next(&random) % (NR_SLOTS - NR_KEPT - NR_DISCARDED);

		pattern_make(page, kept, slot);
		if (pwrite(zone.fd, page, page_size, slot * page_size) < 0)
			continue;
		if (pread(zone.fd, page, page_size, slot * page_size) == (ssize_t)page_size &&
		    !all_zero(page, page_size) && !pattern_good(page, kept, slot))
			atomic_fetch_add(&nr_bad, 1);
	}
	return arg;
}

int main(void)
{
	static void *(*const body[])(void *) = { keep, keep, discard, cut_and_grow, write_the_end };
	pthread_t thread[ARRAY_SIZE(body)];
	struct vmzone_stats stats;
	struct stat st;

	test_begin(120);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, kept, 0, NR_KEPT);
	for (uintptr_t i = 0; i < ARRAY_SIZE(body); i++)
		pthread_create(&thread[i], NULL, body[i], (void *)i);
	for (size_t i = 0; i < ARRAY_SIZE(body); i++)
		pthread_join(thread[i], NULL);

	is(nr_bad, 0, "every page was right at every time");
	is(pattern_bad(&zone, kept, 0, NR_KEPT), 0, "what was kept is right at the end");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "the counters hold");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS) >= NR_KEPT, 1, "DISCARD");
	stats = zone_emptied(&zone);
	is(stats.resident_frames, 0, "no frame is left in use");
	is(stats.stored_slots, 0, "nothing is left in the store");
	fstat(zone.fd, &st);
	is(st.st_blocks, 0, "no block is counted");
	zone_drop(&zone);
	return tap_end();
}
