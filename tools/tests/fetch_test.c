// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a structure is what it was when it was read, once: a second thread
 * changes size, flags, ranges and numbers to what must be refused and back while
 * the ioctl runs, and every call either is refused or does just what one of the
 * two says. Nothing is ever written behind the size that was read.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NR_SLOTS 32
#define NR_FRAMES 64
#define SECONDS 2
#define CANARY 0xd5

static struct zone zone;

/* A word of memory that changes between two values as fast as it can. */
struct flipper {
	uint32_t *word;
	uint32_t bad, good;
	atomic_bool stop;
	pthread_t thread;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;

	for (uint64_t i = 0; !flipper->stop; i++)
		poke(flipper->word, i % 2 ? flipper->bad : flipper->good);
	return NULL;
}

static void flip_start(struct flipper *flipper)
{
	flipper->stop = false;
	if (pthread_create(&flipper->thread, NULL, flip, flipper))
		bail("pthread_create");
}

static void flip_stop(struct flipper *flipper)
{
	flipper->stop = true;
	pthread_join(flipper->thread, NULL);
	poke(flipper->word, flipper->good);
}

struct tally {
	size_t nr_done, nr_refused, nr_wrong;
};

static void told(const struct tally *tally, const char *what)
{
	is(tally->nr_wrong, 0, "%s: every call did what one of the two says, or nothing", what);
	ok(tally->nr_done && tally->nr_refused, "%s: %zu were done and %zu refused", what,
	   tally->nr_done, tally->nr_refused);
}

/* PIN with a word of its range that changes. A pin too many or too few shows in UNPIN. */
static void pin(struct vmzone_range *range, uint32_t *word, uint32_t bad, const char *what)
{
	struct flipper flipper = { .word = word, .bad = bad, .good = *word };
	struct tally tally = { 0 };
	time_t end = time(NULL) + SECONDS;

	flip_start(&flipper);
	while (time(NULL) < end && tally.nr_wrong < 3) {
		int error = ioctl(zone.fd, VMZONE_IOC_PIN, range) ? errno : 0;

		if (error) {
			tally.nr_refused++;
			tally.nr_wrong += error != EINVAL && error != E2BIG;
			tally.nr_wrong += zone_stats(&zone).pinned_slots != 0;
			continue;
		}
		tally.nr_done++;
		tally.nr_wrong += zone_stats(&zone).pinned_slots != NR_SLOTS;
		tally.nr_wrong += zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR_SLOTS) != NR_SLOTS;
		tally.nr_wrong += zone_stats(&zone).pinned_slots != 0;
	}
	flip_stop(&flipper);
	told(&tally, what);
}

static void ranges(void)
{
	struct vmzone_range range = {
		.size = sizeof(range), .length = NR_SLOTS * page_size,
	};

	/* The halves of the 64-bit fields that make them wrap, little-endian. */
	pin(&range, (uint32_t *)&range.length + 1, 0xffffffff, "PIN, the length");
	pin(&range, (uint32_t *)&range.offset + 1, 0xffffffff, "PIN, the offset");
	pin(&range, &range.flags, 1, "PIN, the flags");
	pin(&range, &range.size, 8, "PIN, a size that is too small");
}

/* A budget that may be had, and one that may not. */
static void budgets(void)
{
	struct vmzone_set set = {
		.size = sizeof(set), .which = VMZONE_SET_FRAMES, .frames = NR_FRAMES,
	};
	struct flipper flipper = {
		.word = (uint32_t *)&set.frames + 1, .good = 0, .bad = 0x10000000,
	};
	struct tally tally = { 0 };
	time_t end = time(NULL) + SECONDS;

	flip_start(&flipper);
	while (time(NULL) < end && tally.nr_wrong < 3) {
		int error = ioctl(zone.fd, VMZONE_IOC_SET, &set) ? errno : 0;

		tally.nr_done += !error;
		tally.nr_refused += error != 0;
		tally.nr_wrong += error && error != ENOSPC;
		tally.nr_wrong += zone_get(zone.fd).frames != NR_FRAMES;
	}
	flip_stop(&flipper);
	told(&tally, "SET, the frames");
}

/* STATS of a size that changes between all of it and a shorter one that is too small. */
static void results(void)
{
	uint64_t words[128];
	struct vmzone_stats *stats = (struct vmzone_stats *)words;
	struct flipper flipper = {
		.word = &stats->size, .good = sizeof(*stats), .bad = sizeof(*stats) + 256,
	};
	struct tally tally = { 0 };
	time_t end = time(NULL) + SECONDS;

	memset(words, CANARY, sizeof(words));
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	flip_start(&flipper);
	while (time(NULL) < end && tally.nr_wrong < 3) {
		/* The tail of the longer one is no zeros: it is E2BIG. */
		int error = ioctl(zone.fd, VMZONE_IOC_STATS, stats) ? errno : 0;

		tally.nr_done += !error;
		tally.nr_refused += error != 0;
		tally.nr_wrong += error && error != E2BIG;
		for (uint8_t *byte = (uint8_t *)(stats + 1); byte < (uint8_t *)(words + 128); byte++)
			tally.nr_wrong += *byte != CANARY;
	}
	flip_stop(&flipper);
	told(&tally, "STATS, the size");
}

/* PAGEMAP of a length that changes between the zone's and twice that. */
static void states(void)
{
	uint8_t vec[4 * NR_SLOTS];
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap), .length = NR_SLOTS * page_size, .vec = (uintptr_t)vec,
	};
	struct flipper flipper = {
		.word = (uint32_t *)&pagemap.length, .good = NR_SLOTS * page_size,
		.bad = 2 * NR_SLOTS * page_size,
	};
	struct tally tally = { 0 };
	time_t end = time(NULL) + SECONDS;

	flip_start(&flipper);
	while (time(NULL) < end && tally.nr_wrong < 3) {
		int error;

		memset(vec, CANARY, sizeof(vec));
		error = ioctl(zone.fd, VMZONE_IOC_PAGEMAP, &pagemap) ? errno : 0;
		tally.nr_done += !error;
		tally.nr_refused += error != 0;
		tally.nr_wrong += error && error != EINVAL;
		for (size_t i = error ? 0 : NR_SLOTS; i < sizeof(vec); i++)
			tally.nr_wrong += vec[i] != CANARY;
	}
	flip_stop(&flipper);
	told(&tally, "PAGEMAP, the length");
}

int main(void)
{
	struct pattern pattern = { .fill = FILL_MIX, .id = 1 };
	struct vmzone_stats stats;

	test_begin(120);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	ranges();
	budgets();
	results();
	states();
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "the contents are right");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "the counters hold");
	zone_drop(&zone);
	return tap_end();
}
