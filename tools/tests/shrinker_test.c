// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what a zone gives back when the machine is short of memory: the pages of
 * free frames, at once and without an eviction; frames on standby, which its
 * worker evicts; none of those in use, and none at all of a zone with PREALLOC.
 * First with drop_caches, which asks every shrinker for all it has; then with a
 * process that takes more memory than there is without the zone's. Run it alone:
 * it measures memory, and takes it.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIG (48 * MIB)
#define MAX_WAITS 100

/* No page of it takes room in the store. */
static const struct pattern same = { .fill = FILL_SAME, .id = 1 };
static const struct pattern text = { .fill = FILL_TEXT, .id = 2 };

static void ask_all_shrinkers(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		bail("drop_caches");
	close(fd);
}

static struct zone big_zone(uint32_t flags, size_t bytes)
{
	return zone_new((struct vmzone_create) {
		.bytes = bytes, .frames = bytes / page_size, .flags = flags,
	});
}

/* Leaves the first nr_kept slots of a full zone, and free frames instead of the rest. */
static void fill_and_discard(const struct zone *zone, size_t nr_kept)
{
	size_t nr = zone->nr_slots - zone->nr_slots / 8;

	pattern_fill(zone, same, 0, nr);
	if (zone_range(zone, VMZONE_IOC_DISCARD, nr_kept, nr - nr_kept) < 0)
		bail("VMZONE_IOC_DISCARD");
}

static void free_frames(void)
{
	const long kib = BIG / KIB;
	const size_t nr_kept = 100;
	struct zone zone = big_zone(0, BIG);
	struct vmzone_stats stats;
	long before;

	fill_and_discard(&zone, nr_kept);
	is(zone_stats(&zone).resident_frames, nr_kept, "a zone with free frames");
	before = free_kib();
	ask_all_shrinkers();
	between(free_kib() - before, kib / 2, 2 * kib, "gives their pages back");
	stats = zone_stats(&zone);
	is(stats.resident_frames, nr_kept, "and keeps those in use");
	is(stats.evictions_requested + stats.evictions_background, 0, "nothing is evicted");
	is(pattern_bad(&zone, same, 0, nr_kept), 0, "contents");
	pattern_fill(&zone, same, nr_kept, zone.nr_slots / 2);
	is(pattern_bad(&zone, same, 0, nr_kept + zone.nr_slots / 2), 0, "pages can be had again");
	ok(stats_hold(&stats), "the counters hold");
	zone_drop(&zone);
}

static void preallocated(void)
{
	const long kib = BIG / KIB;
	struct zone zone = big_zone(VMZONE_CREATE_PREALLOC, BIG), other = big_zone(0, BIG);
	long before;

	fill_and_discard(&zone, 100);
	fill_and_discard(&other, 0);
	before = free_kib();
	ask_all_shrinkers();
	between(free_kib() - before, kib / 2, kib + kib / 4,
		"with PREALLOC: keeps its pages, while another gives its own");
	zone_drop(&other);
	before = free_kib();
	pattern_fill(&zone, same, 0, zone.nr_slots - zone.nr_slots / 8);
	between(before - free_kib(), -kib / 4, kib / 4, "with PREALLOC: and works in them");
	is(pattern_bad(&zone, same, 0, 100), 0, "with PREALLOC: contents");
	zone_drop(&zone);
}

static void parked_frames(void)
{
	struct zone zone = zone_sized(2048, 1024);
	struct vmzone_stats before, after;
	int waits;

	pattern_fill(&zone, text, 0, zone.nr_slots);
	before = after = zone_stats(&zone);
	for (waits = 0; waits < MAX_WAITS && !after.evictions_requested; waits++) {
		ask_all_shrinkers();
		usleep(50000);
		after = zone_stats(&zone);
	}
	is(before.evictions_requested, 0, "nobody asked for an eviction");
	between(after.evictions_requested, 1, zone.nr_frames,
		"the shrinker does, of frames on standby");
	between(after.resident_frames, zone.nr_frames / 2, zone.nr_frames, "not of all frames");
	ok(stats_hold(&after), "the counters hold");
	is(pattern_bad(&zone, text, 0, zone.nr_slots), 0, "contents");
	zone_drop(&zone);
}

static int take_memory(void *arg)
{
	size_t bytes = *(size_t *)arg, step = MIB;
	uint8_t *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (map == MAP_FAILED || fd < 0 || write(fd, "1000", 4) != 4)
		return 1;
	madvise(map, bytes, MADV_HUGEPAGE);
	for (size_t at = 0; at < bytes; at += step)
		memset(map + at, 1, step);
	return 0;
}

/* Without the zone's free frames it would be killed. */
static void when_it_matters(void)
{
	size_t bytes, held = 256 * MIB;
	struct zone zone;

	if (read_number("/proc/meminfo", "MemTotal") > 4L << 20 ||
	    read_number("/proc/meminfo", "SwapTotal") > 0) {
		skip("not on a large machine, nor with swap", "a process that takes all memory");
		return;
	}
	zone = big_zone(0, held);
	fill_and_discard(&zone, 100);
	/* More than there is; and the kernel keeps some for itself. */
	bytes = (free_kib() * KIB + held / 4) & -MIB;
	is(child_run(take_memory, &bytes), 0, "a process gets memory of free frames");
	is(pattern_bad(&zone, same, 0, 100), 0, "contents");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(300);
	/* Of the machine's own caches. */
	for (int i = 0; i < 3; i++)
		ask_all_shrinkers();
	free_frames();
	preallocated();
	parked_frames();
	when_it_matters();
	return tap_end();
}
