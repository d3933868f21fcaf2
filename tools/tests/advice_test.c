// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that posix_fadvise(2) and MADV_WILLNEED move pages as PAGE_OUT and
 * PAGE_IN do, as far as that goes, and never change contents or fail for want
 * of room.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 256
#define NR 24

static struct zone zone;

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static size_t nr_resident(size_t first, size_t nr)
{
	return zone_count(&zone, first, nr, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT);
}

static int advise(off_t offset, off_t len, int advice)
{
	return posix_fadvise(zone.fd, offset, len, advice);
}

static void out_and_in(void)
{
	struct vmzone_stats before, after;

	pattern_fill(&zone, pattern, 0, NR);
	before = zone_stats(&zone);
	is(advise(0, NR * page_size, POSIX_FADV_DONTNEED), 0, "DONTNEED");
	is(nr_resident(0, NR), 0, "pages the range out");
	after = zone_stats(&zone);
	is(after.evictions_requested - before.evictions_requested, NR, "as evictions asked for");
	is(advise(0, NR / 2 * page_size, POSIX_FADV_WILLNEED), 0, "WILLNEED");
	is(nr_resident(0, NR), NR / 2, "pages the range in");
	is(zone_stats(&zone).faults_major, after.faults_major, "without a fault");
	is(madvise(slot_at(&zone, NR / 2), NR / 2 * page_size, MADV_WILLNEED), 0,
	   "MADV_WILLNEED");
	is(nr_resident(0, NR), NR, "does, too");
	is(pattern_bad(&zone, pattern, 0, NR), 0, "contents are right");
	is(zone_stats(&zone).faults_major, after.faults_major, "without a major fault");
}

static void odd_ranges(void)
{
	is(advise(page_size + 1, page_size - 2, POSIX_FADV_DONTNEED), 0, "DONTNEED within a slot");
	is(nr_resident(0, NR), NR, "leaves it where it is");
	is(advise(1, 3 * page_size, POSIX_FADV_DONTNEED), 0, "DONTNEED of two slots and two parts");
	is(nr_resident(0, NR), NR - 2, "pages the two out");
	is(advise(page_size + 10, 10, POSIX_FADV_WILLNEED), 0, "WILLNEED of a part of one");
	is(nr_resident(0, NR), NR - 1, "pages it in");
	is(advise(0, 0, POSIX_FADV_DONTNEED), 0, "DONTNEED up to the end");
	is(nr_resident(0, NR_SLOTS), 0, "pages everything out");
	is(advise(NR_SLOTS * page_size, page_size, POSIX_FADV_WILLNEED), 0,
	   "WILLNEED past the end");
	is(nr_resident(0, NR_SLOTS), 0, "pages nothing in");
	is(advise(0, -1, POSIX_FADV_WILLNEED), EINVAL, "a negative length");
	is(advise(0, 0, 77), EINVAL, "an unknown advice");
	is(advise(0, 0, POSIX_FADV_SEQUENTIAL), 0, "an advice about order");
	is(pattern_bad(&zone, pattern, 0, NR), 0, "contents are right");
}

static void more_than_fits(void)
{
	struct vmzone_stats stats;

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(advise(0, 0, POSIX_FADV_DONTNEED), 0, "DONTNEED of all");
	is(advise(0, 0, POSIX_FADV_WILLNEED), 0, "WILLNEED of four times the budget");
	between(nr_resident(0, NR_SLOTS), NR_FRAMES / 2, NR_FRAMES, "pages in what fits");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "the counters hold");
	is(zone_range(&zone, VMZONE_IOC_PIN, 8, 8), 8, "PIN some");
	is(advise(0, 0, POSIX_FADV_DONTNEED), 0, "DONTNEED of all");
	is(nr_resident(0, NR_SLOTS), 8, "passes over them");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "contents are right");
}

static void into_a_full_store(void)
{
	struct pattern noise = { .fill = FILL_NOISE, .id = 2 };
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size,
		.frames = NR_FRAMES,
		.store_limit = 8 * page_size,
	};

	zone = zone_new(create);
	pattern_fill(&zone, noise, 0, NR);
	is(advise(0, 0, POSIX_FADV_DONTNEED), 0, "DONTNEED with a store that is too small");
	between(nr_resident(0, NR), NR - 8, NR - 1, "pages out what goes");
	is(pattern_bad(&zone, noise, 0, NR), 0, "contents are right");
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	out_and_in();
	odd_ranges();
	more_than_fits();
	zone_drop(&zone);
	into_a_full_store();
	zone_drop(&zone);
	return tap_end();
}
