// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that everything can happen at once: threads touch, read, write, page
 * in and out, pin, discard and unmap slots of one zone in random order while
 * children are forked that read all of it. Each thread has slots of its own,
 * whose contents it knows at any time; the ranges of its calls take in others'.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 256
#define NR_THREADS 4
#define NR_STEPS 2500
#define MAX_RANGE 12		/* slots in one call */
#define NR_OF_EACH (NR_SLOTS / NR_THREADS)

static struct zone zone;
static struct pattern now[NR_SLOTS];
static atomic_size_t nr_bad, nr_failed;
static atomic_bool finished;

/* Slots of one thread are those with the same remainder. */
static size_t any_of(size_t self, uint64_t *random)
{
	return random_next(random) % NR_OF_EACH * NR_THREADS + self;
}

static void write_one(size_t slot, uint64_t random)
{
	uint8_t page[page_size];

	now[slot].version++;
	now[slot].fill = FILL_MIX;
	if (random & 1) {
		pattern_make(slot_at(&zone, slot), now[slot], slot);
		return;
	}
	pattern_make(page, now[slot], slot);
	nr_failed += pwrite(zone.fd, page, page_size, slot * page_size) != (ssize_t)page_size;
}

static void read_one(size_t slot, uint64_t random)
{
	uint8_t page[page_size];

	if (random & 1) {
		nr_bad += pattern_bad(&zone, now[slot], slot, 1);
		return;
	}
	nr_failed += pread(zone.fd, page, page_size, slot * page_size) != (ssize_t)page_size;
	nr_bad += !pattern_good(page, now[slot], slot);
}

static void discard_one(size_t slot)
{
	long ret = zone_range(&zone, VMZONE_IOC_DISCARD, slot, 1);

	/* EBUSY: another thread's range has it pinned just now. */
	if (ret >= 0)
		now[slot].fill = FILL_ZERO;
}

static void pin_one(size_t slot)
{
	if (zone_range(&zone, VMZONE_IOC_PIN, slot, 1) != 1)
		return;
	nr_failed += zone_count(&zone, slot, 1, VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED) != 1;
	read_one(slot, 1);
	nr_failed += zone_range(&zone, VMZONE_IOC_UNPIN, slot, 1) != 1;
}

static void call_on_range(uint64_t random)
{
	size_t first = random % (NR_SLOTS - MAX_RANGE), nr = 1 + (random >> 20) % MAX_RANGE;

	switch ((random >> 40) % 5) {
	case 0:
		nr_failed += zone_range(&zone, VMZONE_IOC_PAGE_IN, first, nr) < 0;
		break;
	case 1:
		nr_failed += madvise(slot_at(&zone, first), nr * page_size, MADV_DONTNEED) != 0;
		break;
	case 2:
		if (zone_range(&zone, VMZONE_IOC_PIN, first, nr) == (long)nr)
			nr_failed += zone_range(&zone, VMZONE_IOC_UNPIN, first, nr) != (long)nr;
		break;
	default:
		nr_failed += zone_range(&zone, VMZONE_IOC_PAGE_OUT, first, nr) < 0;
	}
}

static void *work(void *arg)
{
	size_t self = (uintptr_t)arg;
	uint64_t random = test_seed + self;

	for (int i = 0; i < NR_STEPS; i++) {
		uint64_t choice = random_next(&random);
		size_t slot = any_of(self, &random);

		switch (choice % 16) {
		case 0 ... 5:
			write_one(slot, choice >> 8);
			break;
		case 6 ... 11:
			read_one(slot, choice >> 8);
			break;
		case 12:
			discard_one(slot);
			break;
		case 13:
			pin_one(slot);
			break;
		default:
			call_on_range(choice >> 8);
		}
	}
	return NULL;
}

static int read_all(void *arg)
{
	(void)arg;
	touch_read(&zone, 0, NR_SLOTS);
	return 0;
}

static void *fork_again_and_again(void *arg)
{
	(void)arg;
	while (!finished) {
		nr_failed += child_run(read_all, NULL) != 0;
		usleep(5000);
	}
	return NULL;
}

static void all_at_once(unsigned int policy)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .policy = policy,
	};
	pthread_t threads[NR_THREADS], forker;
	struct vmzone_stats stats;
	size_t bad = 0;

	zone = zone_new(create);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		now[slot] = (struct pattern){ .fill = FILL_ZERO, .id = policy };
	nr_bad = nr_failed = 0;
	finished = false;
	if (pthread_create(&forker, NULL, fork_again_and_again, NULL))
		bail("pthread_create");
	for (uintptr_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i))
			bail("pthread_create");
	for (size_t i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	finished = true;
	pthread_join(forker, NULL);

	is(nr_bad, 0, "policy %u: every page was right at every time", policy);
	is(nr_failed, 0, "policy %u: every call succeeded", policy);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		bad += pattern_bad(&zone, now[slot], slot, 1);
	is(bad, 0, "policy %u: every page is right at the end", policy);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && !stats.sigbus && !stats.load_errors,
	   "policy %u: the counters hold, without an error", policy);
	is(stats.pinned_slots, 0, "policy %u: no pin is left", policy);
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS) < 0, 0, "policy %u: DISCARD", policy);
	stats = zone_emptied(&zone);
	is(stats.resident_frames + stats.stored_slots + stats.store_payload_bytes, 0,
	   "policy %u: which leaves nothing", policy);
	zone_drop(&zone);
}

int main(void)
{
	struct vmzone_info info = device_info();

	test_begin(600);
	for (unsigned int policy = 1; policy < 32; policy++)
		if (info.policies & 1u << policy)
			all_at_once(policy);
	return tap_end();
}
