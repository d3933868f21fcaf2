// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what Zephyr's demand paging tests ask of its kernel: more than the
 * memory in order, backwards, and to and fro, under each policy; page out and
 * touch, page in and touch, pin and touch with their exact faults; and nothing
 * left to touch once it is unmapped.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#define NR_FRAMES 48
#define NR_SLOTS (4 * NR_FRAMES)
#define NR 16			/* moved or pinned in one call */

static struct zone zone;

enum way { FORWARDS, BACKWARDS };

static const char *const way_name[] = { "forwards", "backwards" };

static size_t nr_words(void)
{
	return zone.nr_slots * page_size / sizeof(uint64_t);
}

static uint64_t *word_at(enum way way, size_t nth)
{
	return (uint64_t *)zone.map + (way == BACKWARDS ? nr_words() - 1 - nth : nth);
}

/* Every word of the zone holds its own place, so that none can stand for another. */
static uint64_t word_of(const uint64_t *word)
{
	return test_seed + (word - (uint64_t *)zone.map);
}

static void write_all(enum way way)
{
	for (size_t i = 0; i < nr_words(); i++)
		*word_at(way, i) = word_of(word_at(way, i));
}

static size_t nr_wrong(enum way way)
{
	size_t wrong = 0;

	for (size_t i = 0; i < nr_words(); i++)
		wrong += *word_at(way, i) != word_of(word_at(way, i));
	return wrong;
}

static size_t nr_not_zero(enum way way)
{
	size_t wrong = 0;

	for (size_t i = 0; i < nr_words(); i++)
		wrong += *word_at(way, i) != 0;
	return wrong;
}

/* Whatever was resident before it, one pass needs at least so many page-ins. */
static void paged_enough(uint64_t major, const char *what)
{
	between(major, NR_SLOTS - NR_FRAMES, 1L << 32, "%s: paged in what was out", what);
}

static void to_and_fro(unsigned int policy, enum way zig, enum way zag)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .policy = policy,
	};
	struct vmzone_stats before, after;

	diag("policy %u, %s, then %s", policy, way_name[zig], way_name[zag]);
	zone = zone_new(create);
	is(nr_not_zero(zig), 0, "the first touches read zeros");
	write_all(zag);
	before = zone_stats(&zone);
	ok(before.evictions_dirty >= NR_SLOTS - NR_FRAMES, "writing all of it evicted dirty pages");
	is(nr_wrong(zig), 0, "every word is in its place");
	after = zone_stats(&zone);
	paged_enough(after.faults_major - before.faults_major, way_name[zig]);
	before = after;
	is(nr_wrong(zag), 0, "and once more the other way");
	after = zone_stats(&zone);
	paged_enough(after.faults_major - before.faults_major, way_name[zag]);
	ok(after.evictions_clean > before.evictions_clean,
	   "reading what was not written since evicted clean pages");
	ok(stats_hold(&after) && !after.sigbus && !after.load_errors, "the counters hold");
	zone_drop(&zone);
}

struct cost {
	struct faults faults;
	struct vmzone_stats stats;
};

static struct cost cost_now(void)
{
	struct cost cost = { .stats = zone_stats(&zone) };

	cost.faults = faults_now();
	return cost;
}

static void faults_since(struct cost from, long major, long minor, const char *what)
{
	long kernel_major = faults_now().major - from.faults.major;
	struct vmzone_stats stats = zone_stats(&zone);

	is(kernel_major, major, "%s: major faults", what);
	is(stats.faults_major - from.stats.faults_major, major, "%s: and STATS says so", what);
	is(stats.faults_minor - from.stats.faults_minor, minor, "%s: minor faults", what);
}

static void no_fault_since(struct cost from, const char *what)
{
	struct faults now = faults_now();

	is(now.major - from.faults.major + now.minor - from.faults.minor, 0, "%s: no fault", what);
}

static void rewrite(size_t first, size_t nr)
{
	for (size_t slot = first; slot < first + nr; slot++)
		for (size_t at = 0; at < page_size; at += sizeof(uint64_t)) {
			uint64_t *word = (uint64_t *)(slot_at(&zone, slot) + at);

			*word = word_of(word);
		}
}

/* With room to spare, so that only what is asked for moves. */
static void out_then_touch(const char *what)
{
	struct cost from;

	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "%s: page out", what);
	from = cost_now();
	rewrite(0, NR);
	faults_since(from, NR, 0, what);
}

static void asked_for(void)
{
	struct cost from;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	rewrite(0, NR);
	out_then_touch("paged out, then written");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "page out");
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR), NR, "page in");
	from = cost_now();
	rewrite(0, NR);
	faults_since(from, 0, NR, "paged in, then written");
	from = cost_now();
	rewrite(0, NR);
	no_fault_since(from, "written again");
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, NR), NR, "pin");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR), NR, "unpin");
	out_then_touch("pinned, unpinned, paged out, then written");
	zone_drop(&zone);
}

/* Pinned slots take no fault of any kind, whatever goes on around them. */
static void pinned_amid_zigzag(void)
{
	size_t nr_rest = NR_SLOTS - NR;
	struct cost from;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	rewrite(0, NR);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, NR), NR, "pin stored slots");
	rewrite(0, NR);
	for (int round = 0; round < 2; round++) {
		rewrite(NR, nr_rest);
		for (size_t slot = NR_SLOTS; slot-- > NR;)
			rewrite(slot, 1);
		from = cost_now();
		rewrite(0, NR);
		no_fault_since(from, round ? "pinned, second round" : "pinned, first round");
	}
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), 0, "and none can be paged out");
	is(nr_wrong(BACKWARDS), 0, "every word is in its place");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR), NR, "unpin");
	zone_drop(&zone);
}

/* A store that holds less than was written: page out of everything is refused. */
static void more_than_the_store(void)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .store_limit = 8 * page_size,
	};
	struct pattern noise = { .fill = FILL_NOISE, .id = 1 };

	zone = zone_new(create);
	pattern_fill(&zone, noise, 0, NR);
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS), -ENOMEM,
	   "page out of more than the store holds");
	is(pattern_bad(&zone, noise, 0, NR), 0, "loses nothing");
	zone_drop(&zone);
}

static void unmapped(void)
{
	uint8_t *map, byte = 1;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	map = zone.map;
	rewrite(0, NR_SLOTS);
	is(munmap(map, NR_SLOTS * page_size), 0, "unmap");
	is(copy_guarded(map, &byte, 1), SIGSEGV, "then a write is SIGSEGV");
	is(copy_guarded(&byte, map + (NR_SLOTS - 1) * page_size, 1), SIGSEGV, "and so is a read");
	zone.map = zone_map(zone.fd, NR_SLOTS);
	is(nr_wrong(FORWARDS), 0, "mapped again, every word is in its place");
	zone_drop(&zone);
}

int main(void)
{
	struct vmzone_info info = device_info();

	test_begin(120);
	for (unsigned int policy = 1; policy < 32; policy++) {
		if (!(info.policies & 1u << policy))
			continue;
		to_and_fro(policy, FORWARDS, FORWARDS);
		to_and_fro(policy, BACKWARDS, FORWARDS);
		to_and_fro(policy, FORWARDS, BACKWARDS);
	}
	asked_for();
	pinned_amid_zigzag();
	more_than_the_store();
	unmapped();
	return tap_end();
}
