// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what asks for pages ahead of their use does with a mapping of a zone:
 * MAP_POPULATE, MADV_POPULATE_READ and MADV_POPULATE_WRITE, mlock and its kin,
 * for ranges within the budget and four times as large. They answer as on a
 * memfd, keep the budget, and pin nothing. And what mincore(2) tells.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define FEW 16UL		/* slots that fit the budget */

static long advise(const struct zone *map, int advice, long nr)
{
	return or_errno(madvise(map->map, nr * page_size, advice));
}

static long populate_read(const struct zone *map, long nr)
{
	return advise(map, MADV_POPULATE_READ, nr);
}

static long populate_write(const struct zone *map, long nr)
{
	return advise(map, MADV_POPULATE_WRITE, nr);
}

static long unmap_pages(const struct zone *map, long nr)
{
	return advise(map, MADV_DONTNEED, nr);
}

static long map_with(const struct zone *map, long flags)
{
	struct zone again = *map;
	long bad;

	again.map = mmap(NULL, map->nr_slots * page_size, RW, MAP_SHARED | flags, map->fd, 0);
	if (again.map == MAP_FAILED)
		return -errno;
	bad = pattern_bad(&again, pattern, 0, map->nr_slots);
	munmap(again.map, map->nr_slots * page_size);
	return bad;
}

static long populate_what_is_closed(const struct zone *map, long prot)
{
	long ret;

	if (mprotect(map->map, FEW * page_size, prot))
		return 1;
	ret = populate_write(map, FEW);
	if (mprotect(map->map, FEW * page_size, RW))
		return 1;
	return ret;
}

/* How many of nr slots mincore says are there. */
static long in_core(const struct zone *map, long nr)
{
	uint8_t vec[TWINS_SLOTS];
	long count = 0;

	if (mincore(map->map, nr * page_size, vec))
		return -errno;
	for (long i = 0; i < nr; i++)
		count += vec[i] & 1;
	return count;
}

static long in_core_after_populate(const struct zone *map, long nr)
{
	return populate_read(map, nr) ?: in_core(map, nr);
}

static bool budget_held(const char *what)
{
	struct vmzone_stats stats = zone_stats(&zone);

	return ok(stats_hold(&stats) && !stats.sigbus && !stats.pinned_slots,
		  "%s: within the budget, no SIGBUS, nothing pinned", what);
}

static size_t nr_resident(size_t nr)
{
	return zone_count(&zone, 0, nr, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT);
}

static void populating(void)
{
	struct vmzone_stats before, after;

	both(populate_read, FEW, 0, "MADV_POPULATE_READ of what fits");
	is(nr_resident(FEW), FEW, "gives every slot its frame");
	both(populate_write, FEW, 0, "MADV_POPULATE_WRITE of what fits");
	is(nr_resident(FEW), FEW, "does, too");
	before = zone_stats(&zone);
	both(populate_read, TWINS_SLOTS, 0, "MADV_POPULATE_READ of four times the budget");
	after = zone_stats(&zone);
	between(after.page_ins - before.page_ins, TWINS_SLOTS, 2 * TWINS_SLOTS,
		"pages every slot in, and the first ones out again");
	both(populate_write, TWINS_SLOTS, 0, "MADV_POPULATE_WRITE of four times the budget");
	both(populate_what_is_closed, PROT_READ, -EINVAL,
	     "MADV_POPULATE_WRITE of what is read-only");
	both(populate_what_is_closed, PROT_NONE, -EINVAL, "and of PROT_NONE");
	both(map_with, MAP_POPULATE, 0, "MAP_POPULATE of four times the budget");
	both(map_with, MAP_POPULATE | MAP_NONBLOCK, 0, "MAP_POPULATE | MAP_NONBLOCK");
	both(map_with, MAP_NORESERVE, 0, "MAP_NORESERVE");
	kept("the contents are right");
	budget_held("populate");
}

static void core(void)
{
	both(unmap_pages, TWINS_SLOTS, 0, "MADV_DONTNEED of all");
	differ(in_core, TWINS_SLOTS, 0, TWINS_SLOTS,
	       "mincore tells what is mapped, of a memfd what is in memory");
	both(in_core_after_populate, FEW, FEW, "mincore: all is there that was touched last");
}

static long lock(const struct zone *map, long nr)
{
	return or_errno(mlock(map->map, nr * page_size));
}

static long lock_on_fault(const struct zone *map, long nr)
{
	return or_errno(mlock2(map->map, nr * page_size, MLOCK_ONFAULT));
}

static long unlock(const struct zone *map, long nr)
{
	return or_errno(munlock(map->map, nr * page_size));
}

static long locked_kib(void)
{
	return read_number("/proc/self/status", "VmLck");
}

static long lock_counts_kib(const struct zone *map, long nr)
{
	long before = locked_kib(), ret = lock(map, nr), counted = locked_kib() - before;

	return ret ?: unlock(map, nr) ?: counted;
}

/* Everything that is mapped, and what will be. */
static int lock_all(void *arg)
{
	size_t nr_frames = zone.nr_frames;
	struct zone made;

	(void)arg;
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return errno;
	made = zone_sized(4 * nr_frames, nr_frames);
	if (zone_stats(&made).faults_zero != made.nr_slots)
		return 203;
	pattern_fill(&made, pattern, 0, made.nr_slots);
	if (pattern_bad(&made, pattern, 0, made.nr_slots) ||
	    pattern_bad(&zone, pattern, 0, zone.nr_slots))
		return 200;
	if (zone_stats(&made).pinned_slots || zone_range(&made, VMZONE_IOC_PAGE_OUT, 0, 8) < 0)
		return 201;
	zone_drop(&made);
	return munlockall() ? 202 : 0;
}

static void locking(void)
{
	both(lock, FEW, 0, "mlock of what fits");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, FEW), FEW, "brings it in, and pins nothing");
	both(lock, TWINS_SLOTS, 0, "mlock of four times the budget");
	both(unlock, TWINS_SLOTS, 0, "munlock");
	both(lock_on_fault, TWINS_SLOTS, 0, "mlock2 with MLOCK_ONFAULT");
	both(unlock, TWINS_SLOTS, 0, "munlock");
	differ(lock_counts_kib, FEW, 0, FEW * page_size / KIB,
	       "what is locked of a zone does not count as VmLck");
	both(map_with, MAP_LOCKED, 0, "MAP_LOCKED of four times the budget");
	is(child_run(lock_all, NULL), 0, "mlockall, now and for new zones: no pin, no error");
	kept("the contents are right");
	budget_held("locked");
}

int main(void)
{
	test_begin(60);
	twins_begin();
	populating();
	core();
	locking();
	twins_end();
	return tap_end();
}
