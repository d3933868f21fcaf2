// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that pins hold: pinned slots keep their frames and fault no more under
 * pressure, PAGE_OUT passes over them and DISCARD refuses them; that pins
 * count; and that PIN and UNPIN are all or nothing.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 256
#define FIRST 8
#define NR_PINNED 24
#define NR_THRASHES 3
#define NR_MANY_FRAMES 512
#define NR_MANY_SLOTS 600
#define NR_HOT 16
#define NR_ROUNDS 50
#define NR_NESTED 70000		/* more than 16 bits count */

#define PINNED (VMZONE_SLOT_RESIDENT | VMZONE_SLOT_PINNED)

static const struct pattern base = { .fill = FILL_TEXT, .id = 1 };

static size_t nr_pinned(const struct zone *zone)
{
	return zone_count(zone, 0, zone->nr_slots, VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED);
}

static void pinned_are(const struct zone *zone, size_t want, const char *when)
{
	is(zone_stats(zone).pinned_slots, want, "%s: pinned_slots is %zu", when, want);
	is(nr_pinned(zone), want, "%s: PAGEMAP shows as many", when);
}

static void hold_under_pressure(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	struct vmzone_stats before, after;
	size_t bad = 0, lost = 0, nr_rest = NR_SLOTS - FIRST - NR_PINNED;
	long major = 0;

	pattern_fill(&zone, base, 0, FIRST + NR_PINNED);
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, FIRST + NR_PINNED), FIRST + NR_PINNED,
	   "page out what will be pinned");
	before = zone_stats(&zone);
	is(zone_range(&zone, VMZONE_IOC_PIN, FIRST, NR_PINNED), NR_PINNED, "PIN stored slots");
	after = zone_stats(&zone);
	is(after.page_ins - before.page_ins, NR_PINNED, "PIN pages them in");
	pinned_are(&zone, NR_PINNED, "after PIN");

	touch_read(&zone, FIRST, NR_PINNED);
	for (int i = 0; i < NR_THRASHES; i++) {
		struct faults start;

		pattern_fill(&zone, base, 0, FIRST);
		pattern_fill(&zone, base, FIRST + NR_PINNED, nr_rest);
		lost += NR_PINNED - zone_count(&zone, FIRST, NR_PINNED, PINNED, PINNED);
		start = faults_now();
		bad += pattern_bad(&zone, base, FIRST, NR_PINNED);
		major += faults_now().major - start.major;
	}
	is(lost, 0, "pinned slots stay resident and pinned under pressure");
	is(major, 0, "no major fault on pinned slots");
	is(bad, 0, "pinned slots keep their contents");
	is(pattern_bad(&zone, base, 0, NR_SLOTS), 0, "and so do all others");
	after = zone_stats(&zone);
	ok(stats_hold(&after) && after.evictions_dirty > nr_rest, "there was pressure");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, FIRST, NR_PINNED), NR_PINNED, "UNPIN");
	pinned_are(&zone, 0, "after UNPIN");
	zone_drop(&zone);
}

static void counts_nest(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	long nr_pins = 0, nr_unpins = 0;

	is(zone_range(&zone, VMZONE_IOC_PIN, 0, 16), 16, "PIN empty slots");
	pinned_are(&zone, 16, "after PIN");
	is(zone_count(&zone, 0, 16, PINNED, PINNED), 16, "empty slots became resident");
	ok(all_zero(zone.map, 16 * page_size), "and read as zeros");
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, 8), 8, "PIN half of them again");
	pinned_are(&zone, 16, "pinned twice");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, 16), 16, "UNPIN all of them once");
	pinned_are(&zone, 8, "those pinned twice");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, 16), -EINVAL, "UNPIN of some not pinned");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 4, 8), -EINVAL, "also when the first ones are");
	pinned_are(&zone, 8, "after both");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, 8), 8, "UNPIN: no count had changed");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, 8), -EINVAL, "UNPIN: none is left");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 100, 1), -EINVAL, "UNPIN of an empty slot");
	pinned_are(&zone, 0, "at the end");

	while (nr_pins < NR_NESTED && zone_range(&zone, VMZONE_IOC_PIN, 5, 1) == 1)
		nr_pins++;
	while (zone_range(&zone, VMZONE_IOC_UNPIN, 5, 1) == 1)
		nr_unpins++;
	between(nr_pins, 255, NR_NESTED, "one slot can be pinned often");
	is(nr_unpins, nr_pins, "and is unpinned as often");
	pinned_are(&zone, 0, "after that");
	zone_drop(&zone);
}

/* The structure of a PIN that succeeded is used again, with something in it that is wrong. */
static void refused_again(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	struct vmzone_range good = { .size = sizeof(good), .length = 8 * page_size }, bad;

	ok(!ioctl(zone.fd, VMZONE_IOC_PIN, &good) && good.out_pages == 8, "PIN");
	bad = good;
	bad.flags = 1;
	ok(ioctl(zone.fd, VMZONE_IOC_PIN, &bad) && errno == EINVAL, "again, with an unknown flag");
	bad = good;
	bad.offset = 1;
	ok(ioctl(zone.fd, VMZONE_IOC_PIN, &bad) && errno == EINVAL, "again, from within a page");
	bad = good;
	bad.length++;
	ok(ioctl(zone.fd, VMZONE_IOC_PIN, &bad) && errno == EINVAL, "again, to within a page");
	pinned_are(&zone, 8, "after what was refused");
	zone_drop(&zone);
}

static void roll_back_whole(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	size_t nr_stored = 40;
	uint64_t out;

	pattern_fill(&zone, base, 0, nr_stored);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, nr_stored);
	is(zone_range(&zone, VMZONE_IOC_PIN, 10, 4), 4, "PIN a few");
	is(zone_range_out(&zone, VMZONE_IOC_PIN, 0, NR_SLOTS, &out), -ENOMEM,
	   "PIN of more than the budget");
	pinned_are(&zone, 4, "after that");
	is(zone_count(&zone, 10, 4, PINNED, PINNED), 4, "the same are pinned");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 10, 4), 4, "UNPIN them once");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 10, 4), -EINVAL, "their count had not changed");
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, NR_FRAMES), -ENOMEM,
	   "PIN of the whole budget leaves no reserve");
	pinned_are(&zone, 0, "after that");
	is(pattern_bad(&zone, base, 0, nr_stored), 0, "contents are kept");
	ok(all_zero(slot_at(&zone, nr_stored), (NR_SLOTS - nr_stored) * page_size),
	   "slots that were empty still read as zeros");
	zone_drop(&zone);
}

/* Faults must go on beside as many pins as PIN allows. */
static void as_many_as_it_allows(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	struct vmzone_stats stats = zone_stats(&zone);
	size_t reserve = stats.budget_frames - stats.resident_frames - stats.free_frames;
	size_t nr = 0;

	between(reserve, 1, reserve_max(NR_FRAMES), "an empty zone keeps a small reserve");
	while (nr < NR_FRAMES && zone_range(&zone, VMZONE_IOC_PIN, nr, 1) == 1)
		nr++;
	is(nr, NR_FRAMES - reserve, "PIN takes all but the reserve");
	is(zone_range(&zone, VMZONE_IOC_PIN, nr, 1), -ENOMEM, "one more is ENOMEM");
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, nr), nr, "the same ones again cost no frame");
	pattern_fill(&zone, base, 0, NR_SLOTS);
	is(pattern_bad(&zone, base, 0, NR_SLOTS), 0, "faults go on in what is left");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && !stats.sigbus, "within the budget and without SIGBUS");
	pinned_are(&zone, nr, "at the end");
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, nr, NR_FRAMES), -ENOMEM,
	   "PAGE_IN of what does not fit beside the pins");
	zone_drop(&zone);
}

/* What fits beside the pins stays, though no frame is free: there is none to be had. */
static void hot_set_beside_pins(void)
{
	struct zone zone = zone_sized(NR_MANY_SLOTS, NR_MANY_FRAMES);
	struct vmzone_stats before, after;
	size_t nr = 0;

	pattern_fill(&zone, base, NR_MANY_FRAMES, NR_HOT);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, NR_MANY_FRAMES, NR_HOT);
	while (nr < NR_MANY_FRAMES && zone_range(&zone, VMZONE_IOC_PIN, nr, 1) == 1)
		nr++;
	touch_read(&zone, NR_MANY_FRAMES, NR_HOT);
	before = zone_stats(&zone);
	for (int i = 0; i < NR_ROUNDS; i++) {
		touch_read(&zone, NR_MANY_FRAMES, NR_HOT);
		usleep(1000);
	}
	after = zone_stats(&zone);
	pinned_are(&zone, nr, "beside the hot set");
	between(after.faults_major - before.faults_major, 0, NR_HOT,
		"%d slots that fit beside all those pins are paged in once, not %d times", NR_HOT,
		NR_ROUNDS);
	is(pattern_bad(&zone, base, NR_MANY_FRAMES, NR_HOT), 0, "with their contents");
	zone_drop(&zone);
}

static void others_keep_off(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	struct vmzone_stats before, after;

	pattern_fill(&zone, base, 0, 24);
	is(zone_range(&zone, VMZONE_IOC_PIN, 8, 8), 8, "PIN the middle third");
	before = zone_stats(&zone);
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, 24), -EBUSY, "DISCARD across them");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 8, 1), -EBUSY, "DISCARD of one of them");
	after = zone_stats(&zone);
	is(after.resident_frames, before.resident_frames, "and no frame is gone");
	is(pattern_bad(&zone, base, 0, 24), 0, "nor any contents");

	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 24), 16, "PAGE_OUT passes over them");
	is(zone_count(&zone, 8, 8, PINNED, PINNED), 8, "they are where they were");
	is(zone_count(&zone, 0, 24, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), 8,
	   "the others are out");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 8, 8), 0, "PAGE_OUT of pinned ones only");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 8, 8), 8, "UNPIN");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 24), 8, "then PAGE_OUT takes them");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, 24), 24, "and DISCARD all");
	ok(all_zero(zone.map, 24 * page_size), "which reads as zeros");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	hold_under_pressure();
	counts_nest();
	refused_again();
	roll_back_whole();
	as_many_as_it_allows();
	hot_set_beside_pins();
	others_keep_off();
	return tap_end();
}
