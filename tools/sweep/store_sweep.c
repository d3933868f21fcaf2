// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sweeps the calls of the store and of the codecs, and the room in the store: the
 * n-th save finds no room or no memory, the n-th load finds its copy damaged or no
 * memory, the n-th page does not compress or does not decompress, once or from then
 * on for good; and a store that is full after one page, after two, and so on. Each
 * request on slots is made with each of these. No contents are lost: SIGBUS or the
 * contract's errno, a counter, and the next try succeeds.
 */
#define _GNU_SOURCE
#include "sweep.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_PINS 24UL
#define FEWER_FRAMES 24UL
#define STORE_LIMIT (4 * MIB)

static size_t fresh;
static struct vmzone_stats seen, now;

static long act_page_out(void)
{
	return zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_USED);
}

/* All have a frame, and no good copy. */
static void prepare_dirty(void)
{
	all_anew();
	all_dirty();
}

static void prepare_out(void)
{
	all_anew();
	must(act_page_out(), "PAGE_OUT");
}

static long set_frames(uint64_t frames)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_FRAMES,
						      .frames = frames });
}

static long act_fewer_frames(void)
{
	return set_frames(FEWER_FRAMES);
}

static bool frames_set(long ret)
{
	uint64_t want = ret < 0 ? NR_FRAMES : FEWER_FRAMES;

	return zone_get(zone.fd).frames == want && zone_stats(&zone).budget_frames == want;
}

static void undo_fewer_frames(long ret)
{
	(void)ret;
	must(set_frames(NR_FRAMES), "SET of the frames that were");
}

/* As many more as there are: some must go to the store. */
static long act_write(void)
{
	uint8_t page[page_size];

	for (size_t slot = fresh; slot < fresh + NR_USED; slot++) {
		ssize_t ret;

		version_make(page, slot, 5);
		ret = pwrite(zone.fd, page, page_size, slot * page_size);
		if (ret != (ssize_t)page_size)
			return ret < 0 ? -errno : -EIO;
	}
	return 0;
}

static long act_touch_fresh(void)
{
	uint8_t page[page_size];

	for (size_t slot = fresh; slot < fresh + NR_USED; slot++) {
		version_make(page, slot, 5);
		if (copy_guarded(slot_at(&zone, slot), page, page_size))
			return -EFAULT;
	}
	return 0;
}

static bool fresh_right(long ret)
{
	uint8_t page[page_size];
	size_t bad = 0;

	for (size_t slot = fresh; ret >= 0 && slot < fresh + NR_USED; slot++) {
		version_make(page, slot, 5);
		bad += !!memcmp(slot_at(&zone, slot), page, page_size);
	}
	if (bad)
		diag("  %zu new slots are wrong", bad);
	return !bad;
}

static void discard_fresh(long ret)
{
	(void)ret;
	must(zone_range(&zone, VMZONE_IOC_DISCARD, fresh, NR_USED), "DISCARD");
}

static long act_page_in(void)
{
	return zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR_USED);
}

static long act_touch(void)
{
	uint8_t page[page_size];

	for (size_t slot = 0; slot < NR_USED; slot++)
		if (copy_guarded(page, slot_at(&zone, slot), page_size))
			return -EFAULT;
	return 0;
}

static long act_read(void)
{
	uint8_t page[page_size];

	for (size_t slot = 0; slot < NR_USED; slot++)
		if (pread(zone.fd, page, page_size, slot * page_size) != (ssize_t)page_size)
			return -errno;
	return 0;
}

static long act_pin(void)
{
	return zone_range(&zone, VMZONE_IOC_PIN, 0, NR_PINS);
}

static bool all_or_no_pins(long ret)
{
	return zone_stats(&zone).pinned_slots == (ret < 0 ? 0 : NR_PINS);
}

static void undo_pin(long ret)
{
	(void)ret;
	must(zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR_PINS), "UNPIN");
}

static const struct call savers[] = {
	{ .name = "PAGE_OUT", .prepare = prepare_dirty, .act = act_page_out },
	{ .name = "SET of fewer frames", .prepare = prepare_dirty, .act = act_fewer_frames,
	  .holds = frames_set, .undo = undo_fewer_frames },
	{ .name = "write over the budget", .prepare = prepare_dirty, .act = act_write,
	  .holds = fresh_right, .undo = discard_fresh },
	{ .name = "faults over the budget", .prepare = prepare_dirty, .act = act_touch_fresh,
	  .holds = fresh_right, .undo = discard_fresh, .also = EFAULT },
};

static const struct call loaders[] = {
	{ .name = "PAGE_IN", .prepare = prepare_out, .act = act_page_in, .also = EIO },
	{ .name = "PIN", .prepare = prepare_out, .act = act_pin, .holds = all_or_no_pins,
	  .undo = undo_pin, .also = EIO },
	{ .name = "read", .prepare = prepare_out, .act = act_read, .also = EIO },
	{ .name = "major faults", .prepare = prepare_out, .act = act_touch, .also = EFAULT },
};

/* What does not compress is kept as it is. */
static const struct call compressors[] = {
	{ .name = "PAGE_OUT", .prepare = prepare_dirty, .act = act_page_out,
	  .never_fails = true },
	{ .name = "faults over the budget", .prepare = prepare_dirty, .act = act_touch_fresh,
	  .holds = fresh_right, .undo = discard_fresh, .never_fails = true },
};

/**
 * struct fault - a function that fails
 * @function: its name in the module
 * @error: what it returns
 * @for_good: from the n-th call on
 * @counter: of struct vmzone_stats that tells of it, by its offset; 0: none
 */
struct fault {
	const char *function;
	int error;
	bool for_good;
	size_t counter;
};

#define COUNTER(name) offsetof(struct vmzone_stats, name)

static const struct fault saves[] = {
	{ "compressed_save", ENOSPC, false, COUNTER(store_full) },
	{ "compressed_save", ENOSPC, true, COUNTER(store_full) },
	{ "compressed_save", ENOMEM, false, 0 },
	{ "compressed_save", ENOMEM, true, 0 },
};

static const struct fault loads[] = {
	{ "compressed_load", EBADMSG, false, COUNTER(load_errors) },
	{ "compressed_load", EBADMSG, true, COUNTER(load_errors) },
	{ "compressed_load", ENOMEM, false, COUNTER(load_errors) },
	{ "compressed_load", ENOMEM, true, COUNTER(load_errors) },
};

static const struct fault *fault;
static unsigned int nr_uncounted;

static uint64_t count_of(const struct vmzone_stats *stats)
{
	return *(const uint64_t *)((const char *)stats + fault->counter);
}

static bool is_counted(void)
{
	now = zone_stats(&zone);
	return !fault->counter || count_of(&now) > count_of(&seen);
}

static void arm_fault(unsigned int nth)
{
	seen = zone_stats(&zone);
	fail_call(fault->function, fault->error, nth, fault->for_good);
}

static bool disarm_fault(void)
{
	bool met = fail_call_end();

	/* A worker whose save has failed may not have counted it yet. */
	nr_uncounted += met && !comes_true(is_counted);
	return met;
}

static void sweep_fault(const struct call *call, const struct fault *swept)
{
	static const struct injector injector = { arm_fault, disarm_fault };
	struct tally tally;

	fault = swept;
	nr_uncounted = 0;
	tally = sweep(call, &injector);
	if (nr_uncounted)
		diag("  %u failures are in no counter", nr_uncounted);
	ok(tally.points && !tally.bad && !nr_uncounted,
	   "%s: %u calls of %s, %s in turn %s, and %u times the request", call->name,
	   tally.points, fault->function, strerror(fault->error),
	   fault->for_good ? "from then on" : "once", tally.failed);
}

static void sweep_faults(const struct call *calls, size_t nr_calls, const struct fault *faults,
			 size_t nr_faults)
{
	for (size_t i = 0; i < nr_calls; i++)
		for (size_t j = 0; j < nr_faults; j++)
			sweep_fault(&calls[i], &faults[j]);
}

/* The codecs, each on a zone of its own. */
static void sweep_codec(uint32_t codec, const char *compress, const char *decompress)
{
	const struct fault compressing[] = {
		{ compress, EINVAL, false, 0 },
		{ compress, EINVAL, true, 0 },
	};
	const struct fault decompressing[] = {
		{ decompress, EBADMSG, false, COUNTER(load_errors) },
		{ decompress, EBADMSG, true, COUNTER(load_errors) },
	};

	must(zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_CODEC, .codec = codec }),
	     "SET of a codec");
	sweep_faults(compressors, ARRAY_SIZE(compressors), compressing, ARRAY_SIZE(compressing));
	prepare_dirty();
	must(act_page_out(), "PAGE_OUT");
	sweep_faults(&loaders[0], 1, decompressing, ARRAY_SIZE(decompressing));
	sweep_faults(&loaders[3], 1, decompressing, ARRAY_SIZE(decompressing));
}

static long set_limit(uint64_t bytes)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_STORE_LIMIT,
						      .store_limit = bytes });
}

/* Room for so many pages: all copies of slots with a frame go for it. */
static void arm_full(unsigned int nth)
{
	seen = zone_stats(&zone);
	must(set_limit(nth * page_size), "SET of a small store");
}

static bool disarm_full(void)
{
	now = zone_stats(&zone);
	if (!stats_hold_since(&now, NR_FRAMES))
		nr_uncounted++;
	must(set_limit(STORE_LIMIT), "SET of a large store");
	return now.store_full > seen.store_full;
}

static void sweep_full(const struct call *call)
{
	static const struct injector injector = { arm_full, disarm_full };
	struct tally tally;

	nr_uncounted = 0;
	tally = sweep(call, &injector);
	/* A request may do with pages that take no room, since they are same-filled. */
	ok(tally.points && !tally.bad && !nr_uncounted,
	   "%s: the store full after 1 to %u pages, and %u times the request failed", call->name,
	   tally.points, tally.failed);
}

int main(void)
{
	sweep_begin();
	inject_begin();
	zone_begin(0);
	fresh = fresh_slot();
	must(set_limit(STORE_LIMIT), "SET of a store's limit");
	sweep_faults(savers, ARRAY_SIZE(savers), saves, ARRAY_SIZE(saves));
	sweep_faults(loaders, ARRAY_SIZE(loaders), loads, ARRAY_SIZE(loads));
	sweep_codec(VMZONE_CODEC_LZO_RLE, "lzo_rle_compress", "lzo_rle_decompress");
	sweep_codec(VMZONE_CODEC_ZSTD, "zstd_compress", "zstd_decompress");
	sweep_codec(VMZONE_CODEC_LZ4, "lz4_compress", "lz4_decompress");
	for (size_t i = 0; i < ARRAY_SIZE(savers); i++)
		sweep_full(&savers[i]);
	zone_end();
	inject_end();
	return tap_end();
}
