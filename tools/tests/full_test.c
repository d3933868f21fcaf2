// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a full store is no trap: when neither frames nor store have room
 * for one more slot, all that was written can still be read back, any number of
 * times, and pages whose range is paged in stay in until all of it is.
 */
#include "tap.h"
#include "zone.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 16
#define NR_SLOTS 128
#define STORE_LIMIT (128 * KIB)

/* Writes slots until one gets no room. Return: how many were written. */
static size_t fill_up(const struct zone *zone, struct pattern pattern)
{
	uint8_t page[page_size];
	size_t slot;

	for (slot = 0; slot < zone->nr_slots; slot++) {
		pattern_make(page, pattern, slot);
		if (copy_guarded(slot_at(zone, slot), page, page_size))
			break;
	}
	return slot;
}

static size_t unreadable(const struct zone *zone, struct pattern pattern, size_t nr)
{
	uint8_t page[page_size];
	size_t bad = 0;

	for (size_t slot = 0; slot < nr; slot++)
		bad += copy_guarded(page, slot_at(zone, slot), page_size) ||
		       !pattern_good(page, pattern, slot);
	return bad;
}

static void reads_back(enum fill fill)
{
	struct pattern pattern = { .fill = fill, .id = 1 + fill };
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .store_limit = STORE_LIMIT,
	});
	size_t nr = fill_up(&zone, pattern);
	struct vmzone_stats stats;

	between(nr, NR_FRAMES + 4, NR_SLOTS - 1, "%s: it fills up", fill_name[fill]);
	for (int round = 0; round < 3; round++)
		is(unreadable(&zone, pattern, nr), 0, "%s: round %d: every slot reads back",
		   fill_name[fill], round);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "%s: the counters hold", fill_name[fill]);
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, nr / 2), nr / 2, "%s: make room",
	   fill_name[fill]);
	pattern_fill(&zone, pattern, nr, 4);
	is(pattern_bad(&zone, pattern, nr / 2, nr - nr / 2 + 4), 0, "%s: and go on",
	   fill_name[fill]);
	zone_drop(&zone);
}

/* Slots that the range has already must not go to make room for its others. */
static void a_range_stays(void)
{
	const size_t half = 8;
	struct pattern pattern = { .fill = FILL_TEXT, .id = 9 };
	struct zone zone = zone_sized(NR_SLOTS, 64);

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	touch_read(&zone, half, half);
	touch_read(&zone, 40, 40);
	zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, 2 * half);
	is(zone_count(&zone, 0, 2 * half, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT),
	   2 * half, "PAGE_IN leaves the whole range resident");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "contents");
	zone_drop(&zone);
}

static void syncs(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);

	poke(slot_at(&zone, 0), 1);
	is(msync(zone.map, page_size, MS_SYNC), 0, "msync has nothing to do, and succeeds");
	is(fsync(zone.fd), 0, "so does fsync");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(60);
	reads_back(FILL_NOISE);
	reads_back(FILL_TEXT);
	a_range_stays();
	syncs();
	return tap_end();
}
