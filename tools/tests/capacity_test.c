// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a zone has the room it promises, again and again: filled to the
 * last page, it can be rewritten; emptied, it takes as much as the first time;
 * zeros and compressible data take less room than they have bytes; what
 * happens to a zone at its limit is no other's business; and a request that
 * failed half-way leaves everything as it was.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 256
#define STORE_PAGES 48
#define NR_ROUNDS 4

static struct zone zone;

static struct zone zone_limited(unsigned int codec, size_t store_pages)
{
	return zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES,
		.store_limit = store_pages * page_size, .codec = codec,
	});
}

/* Writes slot after slot until there is no room. Return: how many there was room for. */
static size_t fill_up(const struct zone *into, struct pattern pattern)
{
	uint8_t page[page_size];
	size_t nr;

	for (nr = 0; nr < NR_SLOTS; nr++) {
		pattern_make(page, pattern, nr);
		if (copy_guarded(slot_at(into, nr), page, page_size))
			break;
	}
	return nr;
}

/* Zephyr frees what a mapping took that could not be completed, and takes as much again. */
static void as_much_again(enum fill fill)
{
	struct pattern pattern = { .fill = fill, .id = 1 };
	struct vmzone_stats fresh, stats;
	size_t first = 0;

	zone = zone_limited(0, STORE_PAGES);
	fresh = zone_stats(&zone);
	for (unsigned int round = 0; round < NR_ROUNDS; round++) {
		size_t nr;

		pattern.version = round;
		nr = fill_up(&zone, pattern);
		if (!round)
			first = nr;
		diag("%s, round %u: room for %zu pages", fill_name[fill], round, nr);
		between(nr, NR_FRAMES - reserve_max(NR_FRAMES) + STORE_PAGES / 2, NR_SLOTS - 1,
			"%s, round %u: it fills up", fill_name[fill], round);
		/*
		 * Not to the page: zsmalloc takes up to eight at a time for one size of
		 * object, and which sizes those are is a matter of who was tried first.
		 */
		between(nr, first - first / 4, NR_SLOTS - 1,
			"%s, round %u: as late as before", fill_name[fill], round);
		is(pattern_bad(&zone, pattern, 0, nr), 0, "%s, round %u: contents", fill_name[fill],
		   round);
		zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
		stats = zone_emptied(&zone);
		is(stats.free_frames, fresh.free_frames, "%s, round %u: every frame is back",
		   fill_name[fill], round);
		is(stats.store_bytes, fresh.store_bytes, "%s, round %u: and so is the store",
		   fill_name[fill], round);
	}
	zone_drop(&zone);
}

/* New contents in all of a zone that has no room for one more page. */
static void rewritten_when_full(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 2 };
	uint8_t page[page_size];
	size_t nr, refused = 0;
	struct vmzone_stats stats;

	zone = zone_limited(0, STORE_PAGES);
	nr = fill_up(&zone, pattern);
	pattern.version++;
	for (size_t slot = 0; slot < nr; slot++) {
		pattern_make(page, pattern, slot);
		refused += copy_guarded(slot_at(&zone, slot), page, page_size) != 0;
	}
	is(refused, 0, "full: %zu pages can all be rewritten", nr);
	is(pattern_bad(&zone, pattern, 0, nr), 0, "full: with the new contents");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && stats.faults_major, "full: the counters hold");
	zone_drop(&zone);
}

#define NR_THREADS 4

struct rewriter {
	struct pattern pattern;
	size_t first, nr, refused;
};

/* Every NR_THREADS-th slot. */
static void *rewrite(void *arg)
{
	struct rewriter *rewriter = arg;
	uint8_t page[page_size];

	for (size_t slot = rewriter->first; slot < rewriter->nr; slot += NR_THREADS) {
		pattern_make(page, rewriter->pattern, slot);
		rewriter->refused += copy_guarded(slot_at(&zone, slot), page, page_size) != 0;
	}
	return NULL;
}

/* The same by as many as there are frames in the reserve: all may be in transit at a time. */
static void rewritten_by_many(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 7 };
	struct rewriter rewriter[NR_THREADS];
	pthread_t thread[NR_THREADS];
	size_t nr, refused = 0;

	zone = zone_limited(0, STORE_PAGES);
	nr = fill_up(&zone, pattern);
	for (unsigned int round = 0; round < NR_ROUNDS; round++) {
		pattern.version++;
		for (size_t i = 0; i < NR_THREADS; i++) {
			rewriter[i] = (struct rewriter) { .pattern = pattern, .first = i, .nr = nr };
			if (pthread_create(&thread[i], NULL, rewrite, &rewriter[i]))
				bail("pthread_create");
		}
		for (size_t i = 0; i < NR_THREADS; i++) {
			pthread_join(thread[i], NULL);
			refused += rewriter[i].refused;
		}
	}
	is(refused, 0, "full: by %d threads as well", NR_THREADS);
	is(pattern_bad(&zone, pattern, 0, nr), 0, "full: with the new contents, too");
	zone_drop(&zone);
}

/* zram's tests fill a disk with zeros, and look at what it takes. */
static void takes_less(unsigned int codec, enum fill fill)
{
	struct pattern pattern = { .fill = fill, .id = 3 };
	struct vmzone_stats stats;
	uint64_t base;

	zone = zone_limited(codec, NR_SLOTS);
	base = zone_stats(&zone).store_bytes;
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0, 0, "codec %u, %s: page out",
	   codec, fill_name[fill]);
	stats = zone_stats(&zone);
	is(stats.stored_slots, NR_SLOTS, "codec %u, %s: all of it is stored", codec,
	   fill_name[fill]);
	between(stats.store_bytes - base, 0, NR_SLOTS * page_size * 3 / 4,
		"codec %u, %s: in less room than it has bytes", codec, fill_name[fill]);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "codec %u, %s: contents", codec,
	   fill_name[fill]);
	zone_drop(&zone);
}

/* Zero pages need no store: any amount of them fits, also at the limit. */
static void populated_beyond(void)
{
	struct vmzone_stats before, after;

	zone = zone_limited(0, STORE_PAGES);
	before = zone_stats(&zone);
	is(madvise(zone.map, NR_SLOTS * page_size, MADV_POPULATE_WRITE), 0,
	   "populate eight times the budget with zeros");
	after = zone_stats(&zone);
	is(after.faults_zero, NR_SLOTS, "by one fault a slot");
	is(after.sigbus, 0, "none of which fails");
	is(after.store_payload_bytes, before.store_payload_bytes, "and the store holds nothing");
	ok(all_zero(zone.map, NR_SLOTS * page_size), "zeros are there");
	zone_drop(&zone);
}

/* zswap's test of a cgroup at its limit: the neighbour notices nothing. */
static void neighbours_keep_theirs(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 4 };
	struct zone quiet = zone_limited(0, STORE_PAGES), busy = zone_limited(0, STORE_PAGES);
	struct vmzone_stats before, after;
	size_t nr = STORE_PAGES / 2;

	pattern_fill(&quiet, pattern, 0, nr);
	zone_range(&quiet, VMZONE_IOC_PAGE_OUT, 0, nr);
	touch_read(&quiet, 0, 4);
	before = zone_stats(&quiet);
	for (unsigned int round = 0; round < NR_ROUNDS; round++) {
		ok(fill_up(&busy, pattern) < NR_SLOTS, "a zone at its limit, round %u", round);
		zone_range(&busy, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
	}
	after = zone_stats(&quiet);
	ok(!memcmp(&before, &after, sizeof(before)), "no counter of another zone has changed");
	is(pattern_bad(&quiet, pattern, 0, nr), 0, "nor any contents");
	zone_drop(&busy);
	zone_drop(&quiet);
}

static void same_since(const struct vmzone_stats *before, const char *what)
{
	struct vmzone_stats after = zone_stats(&zone);

	is(after.pinned_slots, before->pinned_slots, "%s: as many pins as before", what);
	is(after.stored_slots, before->stored_slots, "%s: as many stored slots", what);
	is(after.resident_frames, before->resident_frames, "%s: as many frames", what);
	is(after.store_bytes, before->store_bytes, "%s: as much store memory", what);
}

/* What can be told beforehand to fail moves nothing. */
static void refused_at_once(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 5 };
	struct vmzone_stats before;
	size_t nr = STORE_PAGES / 2;

	zone = zone_limited(0, STORE_PAGES);
	pattern_fill(&zone, pattern, 0, nr);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, nr);
	before = zone_stats(&zone);
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, NR_SLOTS), -ENOMEM, "PIN of all of it");
	same_since(&before, "PIN of all of it");
	is(zone_range(&zone, VMZONE_IOC_PIN, nr - 4, NR_FRAMES), -ENOMEM, "PIN of the budget");
	same_since(&before, "PIN of the budget");
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, 4), 4, "PIN of what fits goes on");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, 4), 4, "and UNPIN");
	is(pattern_bad(&zone, pattern, 0, nr), 0, "contents");
	zone_drop(&zone);
}

/* PIN gets some of the range, then no frame: it gives back what it took. */
static void rolled_back(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 6 };
	size_t nr, half = NR_FRAMES / 2;

	zone = zone_limited(0, STORE_PAGES);
	nr = fill_up(&zone, pattern);
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, 4);
	is(zone_range(&zone, VMZONE_IOC_PIN, NR_SLOTS - half, half), -ENOMEM,
	   "PIN of more empty slots than there is room for");
	is(zone_stats(&zone).pinned_slots, 0, "leaves no pin");
	is(zone_count(&zone, 0, NR_SLOTS, VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED), 0,
	   "as PAGEMAP says, too");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, NR_SLOTS - half, half) < 0, 0,
	   "so they can be discarded");
	is(pattern_bad(&zone, pattern, 4, nr - 4), 0, "contents");
	pattern_fill(&zone, pattern, 0, 4);
	is(pattern_bad(&zone, pattern, 0, nr), 0, "and there is as much room as before");
	zone_drop(&zone);
}

int main(void)
{
	struct vmzone_info info = device_info();

	test_begin(120);
	as_much_again(FILL_NOISE);
	as_much_again(FILL_TEXT);
	rewritten_when_full();
	rewritten_by_many();
	for (unsigned int codec = 1; codec < 32; codec++) {
		if (!(info.codecs & 1u << codec))
			continue;
		takes_less(codec, FILL_ZERO);
		takes_less(codec, FILL_SAME);
		if (codec != VMZONE_CODEC_NONE)
			takes_less(codec, FILL_TEXT);
	}
	populated_beyond();
	neighbours_keep_theirs();
	refused_at_once();
	rolled_back();
	return tap_end();
}
