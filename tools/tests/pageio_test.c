// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that PAGE_OUT and PAGE_IN do what they report, by four witnesses:
 * out_pages, PAGEMAP, the counters of STATS and the kernel's count of major
 * faults; that evicting a clean page costs nothing; and what the store takes
 * for each kind of page, up to its limit.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>

#define NR_FRAMES 64
#define NR_SLOTS 256
#define NR 24			/* in use: the worker leaves so few alone */

#define RESIDENT VMZONE_SLOT_RESIDENT
#define STORED VMZONE_SLOT_STORED
#define KEPT_AS (VMZONE_SLOT_SAME_FILLED | VMZONE_SLOT_RAW)
#define WHERE (RESIDENT | STORED | KEPT_AS)

static struct zone zone;
static struct vmzone_stats before, after;

/* The counters from one call to the next. */
static void next_step(void)
{
	before = after;
	after = zone_stats(&zone);
}

static void open_zone(unsigned int codec, uint64_t store_limit)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size,
		.frames = NR_FRAMES,
		.store_limit = store_limit,
		.codec = codec,
	};

	zone = zone_new(create);
	next_step();
}

#define moved(counter, want, what) \
	is((long long)(after.counter - before.counter), want, "%s: " #counter " by %d", what, want)

static void out_and_in_again(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 1 };
	struct faults start, end;

	open_zone(0, 0);
	is(after.resident_frames, 0, "a new zone holds no frame");
	pattern_fill(&zone, pattern, 0, NR);
	next_step();
	moved(resident_frames, NR, "first touch");
	moved(free_frames, -NR, "first touch");
	is(zone_count(&zone, 0, NR, RESIDENT | STORED, RESIDENT), NR,
	   "PAGEMAP: resident, not stored");

	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "PAGE_OUT reports each page");
	next_step();
	moved(page_outs, NR, "PAGE_OUT");
	moved(evictions_dirty, NR, "PAGE_OUT");
	moved(evictions_clean, 0, "PAGE_OUT");
	moved(evictions_requested, NR, "PAGE_OUT");
	moved(resident_frames, -NR, "PAGE_OUT");
	moved(free_frames, NR, "PAGE_OUT");
	moved(stored_slots, NR, "PAGE_OUT");
	is(zone_count(&zone, 0, NR, RESIDENT | STORED, STORED), NR, "PAGEMAP: stored only");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), 0, "PAGE_OUT again finds nothing");

	start = faults_now();
	is(pattern_bad(&zone, pattern, 0, NR), 0, "the contents are right");
	end = faults_now();
	next_step();
	is(end.major - start.major, NR, "the kernel counted a major fault for each page");
	moved(faults_major, NR, "touch");
	moved(page_ins, NR, "touch");
	moved(resident_frames, NR, "touch");

	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	next_step();
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR), NR, "PAGE_IN reports each page");
	next_step();
	moved(page_ins, NR, "PAGE_IN");
	moved(faults_major, 0, "PAGE_IN");
	moved(resident_frames, NR, "PAGE_IN");
	is(zone_count(&zone, 0, NR, RESIDENT, RESIDENT), NR, "PAGEMAP: resident");
	start = faults_now();
	is(pattern_bad(&zone, pattern, 0, NR), 0, "the contents are right");
	end = faults_now();
	next_step();
	is(end.major - start.major, 0, "no major fault after PAGE_IN");
	moved(faults_minor, NR, "touch after PAGE_IN");
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR), 0, "PAGE_IN again finds nothing");
	zone_drop(&zone);
}

static void empty_slots_stay_empty(void)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 2 };

	open_zone(0, 0);
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR_FRAMES / 2), 0, "PAGE_IN of empty slots");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS), 0, "PAGE_OUT of empty slots");
	is(zone_count(&zone, 0, NR_SLOTS, 0xff, 0), NR_SLOTS, "they stay empty");
	pattern_fill(&zone, pattern, 4, 4);
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS), 4,
	   "PAGE_OUT of everything: the four that are there");
	touch_read(&zone, 4, 1);
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR_FRAMES / 2), 3,
	   "PAGE_IN across them: the three that were out");
	is(zone_count(&zone, 0, NR_SLOTS, 0xff, 0), NR_SLOTS - 4, "the others stay empty");
	is(zone_stats(&zone).resident_frames, 4, "and take no frame");
	zone_drop(&zone);
}

static void clean_is_free(void)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 3 };
	struct pattern newer = { .fill = FILL_TEXT, .id = 3, .version = 1 };

	open_zone(0, 0);
	pattern_fill(&zone, pattern, 0, NR);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	touch_read(&zone, 0, NR);
	is(zone_count(&zone, 0, NR, RESIDENT | STORED, RESIDENT | STORED), NR,
	   "pages that were read keep their stored copy");
	next_step();
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "PAGE_OUT of clean pages");
	next_step();
	moved(evictions_clean, NR, "clean");
	moved(evictions_dirty, 0, "clean");
	moved(page_outs, 0, "clean");

	touch_read(&zone, 0, NR);
	pattern_fill(&zone, newer, 10, 9);
	next_step();
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "PAGE_OUT of some written since");
	next_step();
	moved(evictions_clean, NR - 9, "nine written");
	moved(evictions_dirty, 9, "nine written");
	moved(page_outs, 9, "nine written");
	moved(stored_slots, 0, "nine written");
	is(pattern_bad(&zone, pattern, 0, 10) + pattern_bad(&zone, newer, 10, 9) +
	   pattern_bad(&zone, pattern, 19, NR - 19), 0, "each has its newest contents");
	zone_drop(&zone);
}

static void what_cannot_fit(void)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 4 };
	uint64_t out;

	open_zone(0, 0);
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(zone_all_out(&zone), 0, "everything is out");
	is(zone_range_out(&zone, VMZONE_IOC_PAGE_IN, 0, NR_SLOTS, &out), -ENOMEM,
	   "PAGE_IN of four times the budget");
	between(out, 0, NR_FRAMES, "out_pages is no more than fits");
	after = zone_stats(&zone);
	ok(stats_hold(&after), "the counters hold");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "the contents are kept");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	is(zone_range(&zone, VMZONE_IOC_PIN, 200, 40), 40, "PIN part of the budget");
	is(zone_range_out(&zone, VMZONE_IOC_PAGE_IN, 0, 32, &out), -ENOMEM,
	   "PAGE_IN of what does not fit beside the pins");
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 100, 8), 8, "PAGE_IN of what does");
	is(zone_count(&zone, 100, 8, RESIDENT, RESIDENT), 8, "and it is there");
	zone_drop(&zone);
}

/* Stores NR pages of a kind; before and after then tell what that took. */
/* All that fits beside the reserve comes in and stays, with others there before. */
static void all_that_fits_stays(size_t nr_frames)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 8 };
	size_t nr = nr_frames - reserve_max(nr_frames);

	zone = zone_sized(4 * nr_frames, nr_frames);
	pattern_fill(&zone, pattern, 0, 4 * nr_frames);
	between(zone_range(&zone, VMZONE_IOC_PAGE_OUT, nr, nr), 0, nr, "%zu frames: a range is out",
		nr_frames);
	for (int round = 0; round < 3; round++) {
		touch_read(&zone, 2 * nr, nr_frames);
		between(zone_range(&zone, VMZONE_IOC_PAGE_IN, nr, nr), 0, nr,
			"%zu frames: PAGE_IN of all that fits, round %d", nr_frames, round);
		is(zone_count(&zone, nr, nr, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), nr,
		   "%zu frames: all of it is in", nr_frames);
		next_step();
		is(pattern_bad(&zone, pattern, nr, nr), 0, "%zu frames: it is right", nr_frames);
		next_step();
		is(after.faults_major - before.faults_major, 0, "%zu frames: no page-in for it",
		   nr_frames);
	}
	zone_drop(&zone);
}

static void store(enum fill fill, uint8_t kept_as, const char *what)
{
	struct pattern pattern = { .fill = fill, .id = 5 };

	pattern_fill(&zone, pattern, 0, NR);
	next_step();
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "%s: PAGE_OUT", what);
	is(zone_count(&zone, 0, NR, WHERE, STORED | kept_as), NR, "%s: how PAGEMAP says it is kept",
	   what);
	next_step();
	moved(stored_slots, NR, what);
	moved(same_filled_slots, kept_as == VMZONE_SLOT_SAME_FILLED ? NR : 0, what);
	moved(raw_slots, kept_as == VMZONE_SLOT_RAW ? NR : 0, what);
	ok(stats_hold(&after) && after.store_payload_bytes <= after.store_bytes,
	   "%s: the counters hold", what);
	is(pattern_bad(&zone, pattern, 0, NR), 0, "%s: contents", what);
}

static void empty_again(const char *what)
{
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR), NR, "%s: DISCARD reports each", what);
	next_step();
	is(after.resident_frames + after.stored_slots + after.same_filled_slots + after.raw_slots,
	   0, "%s: DISCARD leaves nothing", what);
	is(after.store_payload_bytes, 0, "%s: nor in the store", what);
	is(zone_count(&zone, 0, NR_SLOTS, 0xff, 0), NR_SLOTS, "%s: PAGEMAP is empty", what);
}

static void what_the_store_takes(unsigned int codec)
{
	bool none = codec == VMZONE_CODEC_NONE;
	uint64_t base;

	diag("codec %u", codec);
	open_zone(codec, 0);
	base = after.store_bytes;
	store(FILL_SAME, VMZONE_SLOT_SAME_FILLED, "same-filled");
	is(after.store_bytes, base, "same-filled: no store memory");
	empty_again("same-filled");
	store(FILL_ZERO, VMZONE_SLOT_SAME_FILLED, "zero");
	is(after.store_bytes, base, "zero: no store memory");
	empty_again("zero");
	store(FILL_NOISE, VMZONE_SLOT_RAW, "noise");
	is(after.store_payload_bytes, NR * page_size, "noise: payload of whole pages");
	empty_again("noise");
	store(FILL_TEXT, none ? VMZONE_SLOT_RAW : 0, "text");
	if (none)
		is(after.store_payload_bytes, NR * page_size, "text: payload of whole pages");
	else
		between(after.store_payload_bytes, NR * page_size / 4, NR * page_size / 2,
			"text: payload of about 1 : 2.5");
	empty_again("text");
	is(after.store_bytes, base, "all memory of the store is back");
	zone_drop(&zone);
}

static void limit_holds(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 6 };
	uint64_t limit = 16 * page_size, out;

	open_zone(0, limit);
	is(after.store_limit_bytes, limit, "the limit is as asked for");
	pattern_fill(&zone, pattern, 0, NR);
	is(zone_range_out(&zone, VMZONE_IOC_PAGE_OUT, 0, NR, &out), -ENOMEM,
	   "PAGE_OUT of more than the store takes");
	between(out, 1, 16, "out_pages is what it took");
	next_step();
	is(after.stored_slots, out, "as many are stored");
	is(after.resident_frames, NR - out, "the others keep their frames");
	between(after.store_bytes, out * page_size, limit, "store_bytes is within the limit");
	between(after.store_full, 1, NR, "the refusal is counted");
	ok(stats_hold(&after), "the counters hold");
	is(pattern_bad(&zone, pattern, 0, NR), 0, "every page keeps its contents");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, 12), 12, "DISCARD makes room");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 12, NR - 12), NR - 12, "PAGE_OUT of the rest");
	is(pattern_bad(&zone, pattern, 12, NR - 12), 0, "which is right");
	zone_drop(&zone);
}

int main(void)
{
	struct vmzone_info info = device_info();

	test_begin(120);
	out_and_in_again();
	empty_slots_stay_empty();
	clean_is_free();
	what_cannot_fit();
	all_that_fits_stays(16);
	all_that_fits_stays(100);
	all_that_fits_stays(2000);
	for (unsigned int codec = 1; codec < 32; codec++)
		if (info.codecs & 1u << codec)
			what_the_store_takes(codec);
	limit_holds();
	return tap_end();
}
