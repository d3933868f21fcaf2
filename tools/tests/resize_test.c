// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what SET does to frames and store: a smaller budget pages out before it
 * returns and gives the memory back, a larger one can be used at once, and one
 * that pins or a full store do not allow is ENOMEM with all as it was; a zone with
 * PREALLOC takes and returns its pages at once; a store limit goes down to what
 * is needed without copies that only save work, to the byte, and no lower.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#define NR_SLOTS 256
#define RAW_BYTES (page_size + sizeof(long))	/* that a page which is kept raw takes */

static const struct pattern text = { .fill = FILL_TEXT, .id = 1 };
static const struct pattern noise = { .fill = FILL_NOISE, .id = 2 };

static int set_frames(const struct zone *zone, uint64_t frames)
{
	return zone_set(zone->fd, (struct vmzone_set) {
		.which = VMZONE_SET_FRAMES, .frames = frames,
	});
}

static int set_limit(const struct zone *zone, uint64_t store_limit)
{
	return zone_set(zone->fd, (struct vmzone_set) {
		.which = VMZONE_SET_STORE_LIMIT, .store_limit = store_limit,
	});
}

static void down_and_up(void)
{
	struct zone zone = zone_sized(NR_SLOTS, 2 * NR_SLOTS);
	struct vmzone_stats before, after;

	pattern_fill(&zone, text, 0, NR_SLOTS);
	before = zone_stats(&zone);
	is(before.resident_frames, NR_SLOTS, "all is resident");
	for (uint64_t frames = NR_SLOTS; frames >= 16; frames /= 2) {
		is(set_frames(&zone, frames), 0, "SET: %llu frames", (unsigned long long)frames);
		after = zone_stats(&zone);
		is(after.budget_frames, frames, "which is the budget");
		between(after.resident_frames, 0, frames, "and is met at once");
		ok(stats_hold_since(&after, 2 * NR_SLOTS), "the counters hold");
	}
	between(after.evictions_requested, 1, NR_SLOTS, "these evictions were asked for");
	is(after.evictions_direct, 0, "none was a fault's");
	is(after.peak_resident_frames, NR_SLOTS, "the peak stays");
	is(pattern_bad(&zone, text, 0, NR_SLOTS), 0, "contents, in 16 frames");

	is(zone_range(&zone, VMZONE_IOC_PIN, 0, 100), -ENOMEM, "PIN of 100 slots in 16 frames");
	is(set_frames(&zone, 2 * NR_SLOTS), 0, "SET: %d frames", 2 * NR_SLOTS);
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, 100), 100, "they are there at once");
	before = zone_stats(&zone);
	is(pattern_bad(&zone, text, 0, NR_SLOTS), 0, "contents");
	after = zone_stats(&zone);
	/* A worker that began when there were 16 frames may be ending its batch. */
	between(after.resident_frames, NR_SLOTS - 16, NR_SLOTS, "all is resident again");
	is(after.evictions_direct - before.evictions_direct, 0, "without an eviction");
	zone_drop(&zone);
}

static void pins_refuse(void)
{
	const size_t frames = 128, nr = frames - reserve_max(frames);
	struct zone zone = zone_sized(NR_SLOTS, 2 * NR_SLOTS);

	pattern_fill(&zone, text, 0, NR_SLOTS);
	zone_range(&zone, VMZONE_IOC_PIN, 0, frames);
	is(set_frames(&zone, frames), -ENOMEM, "SET: as many frames as are pinned");
	is(zone_get(zone.fd).frames, 2 * NR_SLOTS, "GET: nothing has changed");
	is(zone_stats(&zone).budget_frames, 2 * NR_SLOTS, "STATS: nor here");
	is(zone_stats(&zone).resident_frames, NR_SLOTS, "nor was anything evicted");
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, NR_SLOTS), NR_SLOTS, "more can be pinned");
	zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR_SLOTS);
	zone_range(&zone, VMZONE_IOC_UNPIN, nr, frames - nr);
	is(set_frames(&zone, frames), 0, "SET: with a reserve beside the pins");
	is(pattern_bad(&zone, text, 0, NR_SLOTS), 0, "faults go on beside the pins");
	is(zone_count(&zone, 0, nr, VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED), nr, "which stay");
	zone_drop(&zone);
}

static void store_refuses(void)
{
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = 2 * NR_SLOTS, .store_limit = 64 * RAW_BYTES,
	});
	struct vmzone_set both = {
		.which = VMZONE_SET_FRAMES | VMZONE_SET_STORE_LIMIT,
		.frames = 64, .store_limit = NR_SLOTS * RAW_BYTES,
	};
	struct vmzone_stats stats;

	pattern_fill(&zone, noise, 0, NR_SLOTS);
	is(set_frames(&zone, 64), -ENOMEM, "SET: more to page out than the store can take");
	is(zone_get(zone.fd).frames, 2 * NR_SLOTS, "GET: nothing has changed");
	stats = zone_stats(&zone);
	is(stats.budget_frames, 2 * NR_SLOTS, "STATS: nor here");
	ok(stats_hold(&stats), "the counters hold");
	is(pattern_bad(&zone, noise, 0, NR_SLOTS), 0, "contents");
	is(zone_stats(&zone).resident_frames, NR_SLOTS, "which all have a frame");
	is(zone_stats(&zone).sigbus, 0, "no fault failed");
	is(zone_set(zone.fd, both), 0, "SET: with a higher limit in the same call");
	between(zone_stats(&zone).resident_frames, 1, 64, "the new budget is met");
	is(pattern_bad(&zone, noise, 0, NR_SLOTS), 0, "contents");
	zone_drop(&zone);
}

/* Pages that are all the same need no store, so only frames change memory. */
struct writer {
	struct zone *zone;
	size_t first, end;
	bool stop;
	size_t done, failed;
};

static void *write_on(void *arg)
{
	struct writer *writer = arg;
	uint8_t page[page_size];

	for (size_t slot = writer->first; slot < writer->end && !peek(&writer->stop); slot++) {
		pattern_make(page, noise, slot);
		writer->failed += copy_guarded(slot_at(writer->zone, slot), page, page_size) != 0;
		writer->done++;
		usleep(1000);
	}
	return NULL;
}

/* Others have the frames that they had before, however often a SET is refused. */
static void refusal_harms_nobody(void)
{
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = 1024 * page_size, .frames = 512, .store_limit = 128 * KIB,
		.codec = VMZONE_CODEC_NONE,
	});
	struct writer writer = { .zone = &zone, .first = 200, .end = 440 };
	pthread_t thread;
	size_t nr_taken = 0;

	pattern_fill(&zone, noise, 0, 200);
	if (pthread_create(&thread, NULL, write_on, &writer))
		bail("pthread_create");
	for (int i = 0; i < 6; i++)
		nr_taken += set_frames(&zone, 16) == 0;
	poke(&writer.stop, true);
	pthread_join(thread, NULL);
	is(nr_taken, 0, "a budget that the store does not allow is refused, six times");
	is(writer.failed, 0, "and none of %zu writes to new slots has failed", writer.done);
	is(pattern_bad(&zone, noise, 0, 200 + writer.done), 0, "which are right");
	zone_drop(&zone);
}

static void memory_follows(uint32_t flags, const char *what)
{
	const size_t big = 32 * MIB / page_size, small = big / 8;
	const struct pattern same = { .fill = FILL_SAME, .id = 3 };
	const long kib = (big - small) * page_size / KIB;
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = big * page_size, .frames = small, .flags = flags,
	});
	long before = free_kib();

	is(set_frames(&zone, big), 0, "%s: SET: %zu frames", what, big);
	between(before - free_kib(), flags ? kib / 2 : -kib / 4, flags ? 2 * kib : kib / 4,
		"%s: takes memory at once only if told to", what);
	pattern_fill(&zone, same, 0, big - reserve_max(big));
	between(before - free_kib(), kib / 2, 2 * kib, "%s: in use it takes memory", what);
	is(zone_stats(&zone).evictions_direct, 0, "%s: no fault had to evict", what);
	before = free_kib();
	is(set_frames(&zone, small), 0, "%s: SET: %zu frames", what, small);
	between(free_kib() - before, kib / 2, 2 * kib, "%s: the memory is back at once", what);
	is(pattern_bad(&zone, same, 0, big - reserve_max(big)), 0, "%s: contents", what);
	is(set_frames(&zone, 16), 0, "%s: SET: 16 frames", what);
	is(pattern_bad(&zone, same, 0, small), 0, "%s: contents in them", what);
	is(zone_stats(&zone).sigbus, 0, "%s: no fault failed", what);
	zone_drop(&zone);
}

static void limit_of_store(void)
{
	const size_t nr_in = 32, nr_out = NR_SLOTS - nr_in;
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = 64, .store_limit = 4 * NR_SLOTS * RAW_BYTES,
	});
	struct vmzone_stats stats;

	pattern_fill(&zone, noise, 0, NR_SLOTS);
	is(zone_all_out(&zone), 0, "PAGE_OUT of all");
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, nr_in), nr_in, "PAGE_IN of some");
	is(zone_stats(&zone).store_bytes, NR_SLOTS * RAW_BYTES, "all have a copy in the store");
	is(set_limit(&zone, nr_out * RAW_BYTES), 0, "SET: a limit that copies stand in the way of");
	stats = zone_stats(&zone);
	is(stats.store_limit_bytes, nr_out * RAW_BYTES, "STATS: the limit");
	is(stats.store_bytes, nr_out * RAW_BYTES, "which is just met");
	is(zone_count(&zone, 0, nr_in, VMZONE_SLOT_STORED, 0), nr_in, "without the copies");
	is(set_limit(&zone, nr_out * RAW_BYTES - 1), -ENOMEM, "SET: a byte less");
	is(set_limit(&zone, page_size), -ENOMEM, "SET: much less");
	is(set_limit(&zone, 1), -ENOMEM, "SET: next to nothing");
	is(zone_get(zone.fd).store_limit, nr_out * RAW_BYTES, "GET: nothing has changed");
	is(zone_stats(&zone).store_limit_bytes, nr_out * RAW_BYTES, "STATS: nor here");
	is(pattern_bad(&zone, noise, 0, NR_SLOTS), 0, "all can be read in what is left");
	is(zone_stats(&zone).sigbus, 0, "no fault failed");
	is(set_limit(&zone, 2 * NR_SLOTS * RAW_BYTES), 0, "SET: a higher limit");
	is(zone_all_out(&zone), 0, "there is room for all at once");
	is(zone_stats(&zone).stored_slots, NR_SLOTS, "which is stored");
	is(pattern_bad(&zone, noise, 0, NR_SLOTS), 0, "contents");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	down_and_up();
	pins_refuse();
	store_refuses();
	refusal_harms_nobody();
	memory_follows(0, "a zone");
	memory_follows(VMZONE_CREATE_PREALLOC, "with PREALLOC");
	limit_of_store();
	return tap_end();
}
