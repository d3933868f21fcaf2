// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that contents survive any number of page-outs, for each codec under
 * each policy, for pages that compress, that do not, that are one word or
 * zeros, and for a mixture; that the mapping and read(2)/write(2) see the same
 * bytes; and that the first touch reads zeros, also on frames that held
 * somebody's data before.
 */
#include "tap.h"
#include "zone.h"

#include <string.h>
#include <unistd.h>

#define NR_SLOTS 80
#define NR_FRAMES 16
#define NR_ROUNDS 3
#define NR_RECYCLED 12

/* What each slot should hold now. */
struct contents {
	struct pattern slot[NR_SLOTS];
	uint64_t random;
};

static size_t any_slot(struct contents *contents)
{
	return random_next(&contents->random) % NR_SLOTS;
}

static void write_slot(const struct zone *zone, struct contents *contents, size_t slot)
{
	uint8_t page[page_size];

	contents->slot[slot].version++;
	if (random_next(&contents->random) & 1) {
		pattern_make(slot_at(zone, slot), contents->slot[slot], slot);
		return;
	}
	pattern_make(page, contents->slot[slot], slot);
	if (pwrite(zone->fd, page, page_size, slot * page_size) != (ssize_t)page_size)
		bail("pwrite to slot %zu", slot);
}

static size_t wrong_by_read(const struct zone *zone, const struct contents *contents)
{
	uint8_t page[page_size];
	size_t bad = 0;

	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		if (pread(zone->fd, page, page_size, slot * page_size) != (ssize_t)page_size)
			bail("pread of slot %zu", slot);
		bad += !pattern_good(page, contents->slot[slot], slot);
	}
	return bad;
}

static size_t wrong_by_map(const struct zone *zone, struct contents *contents)
{
	size_t bad = 0;

	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		bad += pattern_bad(zone, contents->slot[slot], slot, 1);
	for (size_t i = 0; i < NR_SLOTS; i++) {
		size_t slot = any_slot(contents);

		bad += pattern_bad(zone, contents->slot[slot], slot, 1);
	}
	return bad;
}

static void survive(struct vmzone_create create, enum fill fill)
{
	struct zone zone = zone_new(create);
	struct contents contents = { .random = test_seed };
	struct vmzone_stats stats;
	long nr_asked = 0;
	size_t bad = 0;

	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		contents.slot[slot] = (struct pattern){ .fill = fill, .id = create.codec };
		write_slot(&zone, &contents, slot);
	}
	for (int round = 0; round < NR_ROUNDS; round++) {
		bad += wrong_by_map(&zone, &contents);
		for (int i = 0; i < NR_SLOTS / 3; i++)
			write_slot(&zone, &contents, any_slot(&contents));
		bad += wrong_by_read(&zone, &contents);
		nr_asked += zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
		bad += wrong_by_map(&zone, &contents);
	}
	is(bad, 0, "policy %u, codec %u, %s: contents are kept", create.policy, create.codec,
	   fill_name[fill]);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && nr_asked > 0 && stats.evictions_dirty >= NR_SLOTS &&
	   stats.evictions_requested == (uint64_t)nr_asked &&
	   stats.page_ins >= NR_ROUNDS * (NR_SLOTS - NR_FRAMES),
	   "policy %u, codec %u, %s: it was paged out and in for it", create.policy, create.codec,
	   fill_name[fill]);
	zone_drop(&zone);
}

static void survive_all(void)
{
	struct vmzone_info info = device_info();
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size,
		.frames = NR_FRAMES,
		.store_limit = 2 * NR_SLOTS * page_size,
	};

	for (create.policy = 1; create.policy < 32; create.policy++)
		for (create.codec = 1; create.codec < 32; create.codec++)
			for (enum fill fill = 0; fill < NR_FILLS; fill++)
				if (info.policies & 1u << create.policy &&
				    info.codecs & 1u << create.codec)
					survive(create, fill);
}

static void same_bytes_both_ways(void)
{
	struct zone zone = zone_sized(4, 16);
	uint8_t page[page_size];
	struct pattern pattern = { .fill = FILL_NOISE, .id = 50 };
	size_t middle = page_size / 2;

	pattern_make(page, pattern, 1);
	is(pwrite(zone.fd, page, page_size, page_size), page_size, "write(2) a page");
	ok(pattern_good(slot_at(&zone, 1), pattern, 1), "the mapping shows what write(2) wrote");
	pattern_make(slot_at(&zone, 2), pattern, 2);
	is(pread(zone.fd, page, page_size, 2 * page_size), page_size, "read(2) a page");
	ok(pattern_good(page, pattern, 2), "read(2) shows what the mapping wrote");

	is(pwrite(zone.fd, page, page_size, middle), page_size, "write(2) across two slots");
	ok(!memcmp(slot_at(&zone, 0) + middle, page, page_size) &&
	   all_zero(slot_at(&zone, 0), middle), "and the mapping shows both halves");
	zone_drop(&zone);
}

static size_t not_zero(const struct zone *zone, size_t first, size_t nr)
{
	size_t bad = 0;

	for (size_t slot = first; slot < first + nr; slot++)
		bad += !all_zero(slot_at(zone, slot), page_size);
	return bad;
}

/* The frames that a zone gives back are the likeliest for the next to get. */
static void zeros_on_recycled_frames(void)
{
	struct pattern marker = { .fill = FILL_NOISE, .id = 60 };
	size_t between_zones = 0, after_eviction = 0, after_discard = 0;

	for (int round = 0; round < NR_RECYCLED; round++) {
		struct zone zone = zone_sized(128, 64);

		between_zones += not_zero(&zone, 0, 40);
		pattern_fill(&zone, marker, 0, 100);
		after_eviction += not_zero(&zone, 100, 28);
		if (zone_range(&zone, VMZONE_IOC_DISCARD, 0, 128) < 0)
			bail("DISCARD");
		after_discard += not_zero(&zone, 0, 40);
		pattern_fill(&zone, marker, 0, 40);
		zone_drop(&zone);
	}
	is(between_zones, 0, "first touch reads zeros on frames of a zone that ended");
	is(after_eviction, 0, "first touch reads zeros on frames taken from other slots");
	is(after_discard, 0, "a discarded range reads zeros");
}

int main(void)
{
	test_begin(600);
	survive_all();
	same_bytes_both_ways();
	zeros_on_recycled_frames();
	return tap_end();
}
