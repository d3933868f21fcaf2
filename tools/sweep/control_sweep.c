// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sweeps the allocations of the ioctls on a zone: PAGE_IN, PAGE_OUT, PIN, UNPIN,
 * DISCARD, PAGEMAP, STATS, HISTOGRAM, INFO, GET, SET of every kind, ftruncate, and
 * the views. PIN and SET are all or nothing: after a failure no slot is pinned, and
 * GET says what it said before.
 */
#define _GNU_SOURCE
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of them some are in the store, and some were never touched. */
#define NR_PINS 24UL

#define MORE_FRAMES (NR_FRAMES + 16)
#define FEWER_FRAMES 24UL

static struct vmzone_set before;
static size_t fresh;

static long in(unsigned long command, size_t first, size_t nr)
{
	return zone_range(&zone, command, first, nr);
}

static long act_page_in(void)
{
	return in(VMZONE_IOC_PAGE_IN, 0, NR_USED);
}

static bool all_resident(long ret)
{
	return ret < 0 || zone_count(&zone, 0, NR_USED, VMZONE_SLOT_RESIDENT,
				     VMZONE_SLOT_RESIDENT) == NR_USED;
}

/* Dirty, so that each is saved. */
static void prepare_dirty(void)
{
	all_anew();
	all_dirty();
}

static long act_page_out(void)
{
	return in(VMZONE_IOC_PAGE_OUT, 0, NR_USED);
}

static void prepare_pin(void)
{
	anew_out();
	fresh = fresh_slot();
}

static long act_pin(void)
{
	return in(VMZONE_IOC_PIN, 0, NR_PINS);
}

static long act_pin_fresh(void)
{
	return in(VMZONE_IOC_PIN, fresh, NR_PINS);
}

static bool pins_are(size_t first, size_t want)
{
	size_t nr = zone_count(&zone, first, NR_PINS, VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED);

	if (nr != want || zone_stats(&zone).pinned_slots != want)
		diag("  %zu slots are pinned, should be %zu", nr, want);
	return nr == want && zone_stats(&zone).pinned_slots == want;
}

static bool all_or_no_pins(long ret)
{
	return pins_are(0, ret < 0 ? 0 : NR_PINS);
}

static bool all_or_no_fresh_pins(long ret)
{
	return pins_are(fresh, ret < 0 ? 0 : NR_PINS);
}

static long act_unpin(void)
{
	return in(VMZONE_IOC_UNPIN, 0, NR_PINS);
}

static void undo_pin(long ret)
{
	(void)ret;
	must(act_unpin(), "UNPIN");
}

static void undo_pin_fresh(long ret)
{
	(void)ret;
	must(in(VMZONE_IOC_UNPIN, fresh, NR_PINS), "UNPIN");
	must(in(VMZONE_IOC_DISCARD, fresh, NR_PINS), "DISCARD");
}

static void prepare_unpin(void)
{
	anew_out();
	must(act_pin(), "PIN");
}

static bool no_pins(long ret)
{
	return ret >= 0 && pins_are(0, 0);
}

static void prepare_discard(void)
{
	anew_out();
	must(in(VMZONE_IOC_PAGE_IN, 0, NR_USED / 2), "PAGE_IN of a half");
	expect_change(0, NR_PINS, 0);
}

static long act_discard(void)
{
	return in(VMZONE_IOC_DISCARD, 0, NR_PINS);
}

static long act_pagemap(void)
{
	uint8_t vec[NR_USED];
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap), .length = NR_USED * page_size, .vec = (uintptr_t)vec,
	};

	return or_errno(ioctl(zone.fd, VMZONE_IOC_PAGEMAP, &pagemap));
}

static long act_stats(void)
{
	struct vmzone_stats stats = { .size = sizeof(stats), .flags = VMZONE_STATS_RESET };

	return or_errno(ioctl(zone.fd, VMZONE_IOC_STATS, &stats));
}

static long act_histogram(void)
{
	struct vmzone_histogram histogram = { .size = sizeof(histogram) };

	return or_errno(ioctl(zone.fd, VMZONE_IOC_HISTOGRAM, &histogram));
}

static long act_info(void)
{
	struct vmzone_info info = { .size = sizeof(info) };

	return or_errno(ioctl(zone.fd, VMZONE_IOC_INFO, &info));
}

static long act_get(void)
{
	struct vmzone_set set = { .size = sizeof(set) };

	return or_errno(ioctl(zone.fd, VMZONE_IOC_GET, &set));
}

/* SET: back to where it was before each. */
static void prepare_set(void)
{
	anew_in();
	before = zone_get(zone.fd);
}

/* What does not fit has to be saved. */
static void prepare_set_dirty(void)
{
	all_anew();
	all_dirty();
	before = zone_get(zone.fd);
}

static bool nothing_set(long ret)
{
	struct vmzone_set now = zone_get(zone.fd);
	bool same = !memcmp(&now, &before, sizeof(now));

	if (ret < 0 && !same)
		diag("  SET failed, and something is set");
	return ret < 0 ? same : !same;
}

static void undo_set(long ret)
{
	(void)ret;
	must(zone_set(zone.fd, before), "SET of what was before");
	nothing_set(-1);
}

static long set_bytes(uint64_t slots)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_BYTES,
						      .bytes = slots * page_size });
}

static long act_set_smaller(void)
{
	return set_bytes(NR_SLOTS - LEAF_SLOTS);
}

static long act_set_larger(void)
{
	return set_bytes(NR_SLOTS + LEAF_SLOTS);
}

static long set_frames(uint64_t frames)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_FRAMES,
						      .frames = frames });
}

static long act_set_more_frames(void)
{
	return set_frames(MORE_FRAMES);
}

/* Pages out what does not fit. */
static long act_set_fewer_frames(void)
{
	return set_frames(FEWER_FRAMES);
}

static long act_set_store_limit(void)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_STORE_LIMIT,
						      .store_limit = 4 * MIB });
}

static long set_policy(uint32_t policy)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_POLICY,
						      .policy = policy });
}

static void prepare_set_fifo(void)
{
	must(set_policy(VMZONE_POLICY_FIFO), "SET of fifo");
	prepare_set();
}

static void prepare_set_clock(void)
{
	must(set_policy(VMZONE_POLICY_CLOCK), "SET of clock");
	prepare_set();
}

#define ACT_SET_POLICY(name, policy)					\
	static long act_set_##name(void)				\
	{								\
		return set_policy(policy);				\
	}
ACT_SET_POLICY(fifo, VMZONE_POLICY_FIFO)
ACT_SET_POLICY(clock, VMZONE_POLICY_CLOCK)
ACT_SET_POLICY(nru, VMZONE_POLICY_NRU)
ACT_SET_POLICY(lru, VMZONE_POLICY_LRU)
ACT_SET_POLICY(sieve, VMZONE_POLICY_SIEVE)
ACT_SET_POLICY(s3fifo, VMZONE_POLICY_S3FIFO)

/* A zone keeps each codec that it had, so each time it is another zone's first. */
static uint32_t codec;

static void prepare_set_codec(void)
{
	zone_drop(&zone);
	zone_begin(0);
	anew_out();
	before = zone_get(zone.fd);
}

static long act_set_codec(void)
{
	return zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_CODEC,
						      .codec = codec });
}

static void prepare_set_lzo_rle(void)
{
	codec = VMZONE_CODEC_LZO_RLE;
	prepare_set_codec();
}

static void prepare_set_zstd(void)
{
	codec = VMZONE_CODEC_ZSTD;
	prepare_set_codec();
}

/* All five, of which the last that can fail is the budget. */
static void prepare_set_all(void)
{
	codec = VMZONE_CODEC_ZSTD;
	prepare_set_codec();
}

static long act_set_all(void)
{
	return zone_set(zone.fd, (struct vmzone_set){
		.which = VMZONE_SET_BYTES | VMZONE_SET_FRAMES | VMZONE_SET_STORE_LIMIT |
			 VMZONE_SET_POLICY | VMZONE_SET_CODEC,
		.bytes = (NR_SLOTS + LEAF_SLOTS) * page_size,
		.frames = MORE_FRAMES,
		.store_limit = 8 * MIB,
		.policy = VMZONE_POLICY_NRU,
		.codec = codec,
	});
}

/* Each zone of it takes its frames when the budget grows. */
static void prepare_set_prealloc(void)
{
	zone_drop(&zone);
	zone_begin(VMZONE_CREATE_PREALLOC);
	before = zone_get(zone.fd);
}

static long act_truncate(void)
{
	long ret = or_errno(ftruncate(zone.fd, (NR_SLOTS - LEAF_SLOTS) * page_size));

	return ret ? ret : or_errno(ftruncate(zone.fd, NR_SLOTS * page_size));
}

/* Reads a file to its end. */
static long read_all(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4096];
	long ret;

	if (fd < 0)
		return -errno;
	do {
		ret = or_errno(read(fd, text, sizeof(text)));
	} while (ret > 0);
	close(fd);
	return ret;
}

static long act_fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zone.fd);
	return read_all(path);
}

static long zone_id(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zone.fd);
	return read_number(path, "vmzone-id");
}

static char views[5][64];

static void prepare_views(void)
{
	static const char *const names[] = { "stats", "histogram", "frames", "slots" };

	anew_out();
	strcpy(views[0], "/sys/kernel/debug/vmzone/zones");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(views[i + 1], sizeof(views[0]), "/sys/kernel/debug/vmzone/%ld/%s",
			 zone_id(), names[i]);
}

static long act_views(void)
{
	long ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(views); i++)
		ret = read_all(views[i]);
	return ret;
}

/* Any more: of the members that follow. */
#define SET(text, before_it, function, ...)					\
	{ .name = "SET of " text, .prepare = before_it, .act = function,	\
	  .holds = nothing_set, .undo = undo_set, ##__VA_ARGS__ }

static const struct call calls[] = {
	{ .name = "PAGE_IN", .prepare = anew_out, .act = act_page_in, .holds = all_resident,
	  .from_then_on = true },
	{ .name = "PAGE_OUT", .prepare = prepare_dirty, .act = act_page_out, .from_then_on = true },
	{ .name = "PIN of stored slots", .prepare = prepare_pin, .act = act_pin,
	  .holds = all_or_no_pins, .undo = undo_pin, .from_then_on = true },
	{ .name = "PIN of empty slots", .prepare = prepare_pin, .act = act_pin_fresh,
	  .holds = all_or_no_fresh_pins, .undo = undo_pin_fresh },
	{ .name = "UNPIN", .prepare = prepare_unpin, .act = act_unpin, .holds = no_pins,
	  .frugal = true, .never_fails = true },
	{ .name = "DISCARD", .prepare = prepare_discard, .act = act_discard, .frugal = true,
	  .never_fails = true },
	{ .name = "PAGEMAP", .prepare = anew_out, .act = act_pagemap },
	{ .name = "STATS", .act = act_stats, .frugal = true, .never_fails = true },
	{ .name = "HISTOGRAM", .act = act_histogram, .frugal = true, .never_fails = true },
	{ .name = "INFO", .act = act_info, .frugal = true, .never_fails = true },
	{ .name = "GET", .act = act_get, .frugal = true, .never_fails = true },
	{ .name = "ftruncate", .prepare = anew_in, .act = act_truncate, .frugal = true,
	  .never_fails = true },
	{ .name = "read of /proc/PID/fdinfo", .act = act_fdinfo, .also = ENOENT },
	{ .name = "reads of the views", .prepare = prepare_views, .act = act_views },
	SET("fewer bytes", prepare_set, act_set_smaller, .frugal = true),
	SET("more bytes", prepare_set, act_set_larger, .frugal = true),
	SET("more frames", prepare_set, act_set_more_frames),
	SET("fewer frames", prepare_set_dirty, act_set_fewer_frames, .from_then_on = true),
	SET("the store's limit", prepare_set, act_set_store_limit, .frugal = true),
	SET("fifo", prepare_set_clock, act_set_fifo),
	SET("clock", prepare_set_fifo, act_set_clock),
	SET("nru", prepare_set_fifo, act_set_nru),
	SET("lru", prepare_set_fifo, act_set_lru),
	SET("sieve", prepare_set_fifo, act_set_sieve),
	SET("s3fifo", prepare_set_fifo, act_set_s3fifo),
	SET("lzo-rle", prepare_set_lzo_rle, act_set_codec, .from_then_on = true),
	SET("zstd", prepare_set_zstd, act_set_codec, .from_then_on = true),
	SET("all at once", prepare_set_all, act_set_all, .from_then_on = true),
	SET("more frames of a preallocated zone", prepare_set_prealloc, act_set_more_frames),
};

int main(void)
{
	sweep_begin();
	inject_begin();
	zone_begin(0);
	sweep_allocations(calls, ARRAY_SIZE(calls));
	zone_end();
	inject_end();
	return tap_end();
}
