// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that no range and no number of any call wraps: every pair out of offsets
 * and lengths around 0, the page size, the end of the zone, the largest zone, the
 * signs of 32 and 64 bits and the end of 64 bits gets just the answer that
 * arithmetic of any width would give; so do sizes and budgets; and the zone is as
 * it was afterwards.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 40		/* all of them may be pinned */
#define END (NR_SLOTS * 4096ULL)
#define LARGEST (1ULL << 46)

static const uint64_t edges[] = {
	0, 1, 4095, 4096, 8192, END - 4096, END - 1, END, END + 1, END + 4096,
	(1ULL << 31) - 4096, 1ULL << 31, (1ULL << 32) - 4096, 1ULL << 32, (1ULL << 32) + 4096,
	1ULL << 44, LARGEST - 4096, LARGEST, LARGEST + 4096, 1ULL << 52, (1ULL << 63) - 4096,
	(1ULL << 63) - 1, 1ULL << 63, (1ULL << 63) + 4096, UINT64_MAX - END + 1,
	UINT64_MAX - 8191, UINT64_MAX - 4095, UINT64_MAX,
};

static struct zone zone;
static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static const struct {
	const char *name;
	unsigned long number;
} commands[] = {
	{ "PAGE_IN", VMZONE_IOC_PAGE_IN }, { "PAGE_OUT", VMZONE_IOC_PAGE_OUT },
	{ "PIN", VMZONE_IOC_PIN }, { "PAGEMAP", VMZONE_IOC_PAGEMAP },
	{ "UNPIN", VMZONE_IOC_UNPIN }, { "DISCARD", VMZONE_IOC_DISCARD },
};

static bool is_range(uint64_t offset, uint64_t length)
{
	return !(offset % page_size) && !(length % page_size) && offset <= END && length <= END - offset;
}

/* Of any command with a range: they agree on where it stands. */
static int range_call(unsigned long command, uint64_t offset, uint64_t length)
{
	static uint8_t vec[NR_SLOTS + 1];
	struct vmzone_range range = {
		.size = sizeof(range), .offset = offset, .length = length,
	};

	if (command == VMZONE_IOC_PAGEMAP)
		range.out_pages = (uintptr_t)vec;
	return ioctl(zone.fd, command, &range) ? errno : 0;
}

/* Everything is pinned before it is unpinned, and nothing is lost but by DISCARD. */
static void all_ranges(void)
{
	for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
		unsigned long number = commands[c].number;
		size_t bad = 0, nr_valid = 0;

		for (size_t i = 0; i < ARRAY_SIZE(edges) * ARRAY_SIZE(edges); i++) {
			uint64_t offset = edges[i / ARRAY_SIZE(edges)];
			uint64_t length = edges[i % ARRAY_SIZE(edges)];
			int want = is_range(offset, length) ? 0 : EINVAL, got;

			if (!want && number == VMZONE_IOC_UNPIN)
				range_call(VMZONE_IOC_PIN, offset, length);
			got = range_call(number, offset, length);
			if (!got && number == VMZONE_IOC_PIN)
				range_call(VMZONE_IOC_UNPIN, offset, length);
			nr_valid += !want;
			if (got == want)
				continue;
			bad++;
			diag("  %s of 0x%llx bytes at 0x%llx: %s, want %s", commands[c].name,
			     (unsigned long long)length, (unsigned long long)offset,
			     strerrorname_np(got), want ? "EINVAL" : "success");
		}
		is(bad, 0, "%s: EINVAL for just the ranges that are none (%zu of %zu are)",
		   commands[c].name, nr_valid, ARRAY_SIZE(edges) * ARRAY_SIZE(edges));
		is(zone_stats(&zone).pinned_slots, 0, "%s: no pin is left", commands[c].name);
		if (number != VMZONE_IOC_DISCARD)
			is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "%s: the contents are right",
			   commands[c].name);
	}
}

static int wanted_size(uint64_t bytes)
{
	return bytes % page_size || bytes > LARGEST ? EINVAL : 0;
}

static int create_call(struct vmzone_create create)
{
	int fd;

	create.size = sizeof(create);
	fd = zone_create(&create);
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

static size_t differ(const char *what, uint64_t value, int got, int want)
{
	if (got == want)
		return 0;
	diag("  %s 0x%llx: errno %d, want %d", what, (unsigned long long)value, got, want);
	return 1;
}

/* Numbers of a new zone, and of one that is there. */
static void numbers(void)
{
	struct vmzone_set before = zone_get(zone.fd), after;
	uint64_t max_frames = device_info().max_frames;
	size_t bad = 0;

	for (size_t i = 1; i < ARRAY_SIZE(edges); i++) {
		uint64_t value = edges[i];
		int frames = value < 16 ? EINVAL : value > max_frames ? ENOSPC : 0;

		/* What all zones have together counts, too. */
		if (!frames && value > max_frames / 2)
			continue;
		bad += differ("CREATE bytes", value,
			      create_call((struct vmzone_create) { .bytes = value, .frames = 16 }),
			      wanted_size(value));
		bad += differ("CREATE frames", value,
			      create_call((struct vmzone_create) { .bytes = END, .frames = value }),
			      frames);
		bad += differ("CREATE store_limit", value,
			      create_call((struct vmzone_create) {
					.bytes = END, .frames = 16, .store_limit = value }), 0);
		bad += differ("SET frames", value, -zone_set(zone.fd, (struct vmzone_set) {
					.which = VMZONE_SET_FRAMES, .frames = value }), frames);
		zone_set(zone.fd, before);
	}
	is(bad, 0, "CREATE and SET: sizes and budgets are refused for what they are");
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		uint64_t value = edges[i];

		if (wanted_size(value) || !value) {
			bad += differ("SET bytes", value, -zone_set(zone.fd, (struct vmzone_set) {
					.which = VMZONE_SET_BYTES, .bytes = value }), EINVAL);
			continue;
		}
		if (value < END)
			continue;
		bad += differ("SET bytes", value, -zone_set(zone.fd, (struct vmzone_set) {
				.which = VMZONE_SET_BYTES, .bytes = value }), 0);
	}
	is(bad, 0, "SET: so are sizes of a zone that is there");
	zone_set(zone.fd, (struct vmzone_set) { .which = VMZONE_SET_BYTES, .bytes = END });
	after = zone_get(zone.fd);
	before.which = after.which;
	ok(!memcmp(&before, &after, sizeof(before)), "and afterwards everything is as before");
}

/* pread and pwrite from an offset on. Return: bytes, or -errno. */
static ssize_t transfer(bool write, uint64_t offset, uint64_t length)
{
	static uint8_t buffer[END + 4096];
	ssize_t ret = write ? pwrite(zone.fd, buffer, length, offset) :
			      pread(zone.fd, buffer, length, offset);

	return ret < 0 ? -errno : ret;
}

/* By the file's own calls; contents are thrown away on the way. */
static void files(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		uint64_t at = edges[i];
		ssize_t left = at >= END ? 0 : END - at, got;
		bool wraps = at > INT64_MAX - END;

		got = transfer(false, at, END);
		bad += differ("read at", at, got != (wraps ? -EINVAL : left), 0);
		got = transfer(true, at, END);
		bad += differ("write at", at, got != (wraps ? -EINVAL : left ? left : -ENOSPC), 0);
		got = lseek(zone.fd, at, SEEK_SET);
		bad += differ("lseek to", at, got != (at >> 63 ? -1 : (ssize_t)at), 0);
		if (at % page_size || at > LARGEST)
			bad += differ("ftruncate to", at, !ftruncate(zone.fd, at), 0);
		got = (intptr_t)mmap(NULL, page_size, PROT_READ, MAP_SHARED, zone.fd, at);
		bad += differ("mmap at", at, got != -1, !(at % page_size) && at < END);
		if (got != -1)
			munmap((void *)got, page_size);
	}
	is(bad, 0, "read, write, lseek, ftruncate, mmap: at every offset what a file does");
	for (size_t i = 0; i < ARRAY_SIZE(edges) * ARRAY_SIZE(edges); i++) {
		uint64_t at = edges[i / ARRAY_SIZE(edges)], length = edges[i % ARRAY_SIZE(edges)];
		int got = fallocate(zone.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length) ?
			  errno : 0;
		bool negative = at >> 63 || length >> 63 || !length;
		bool wraps = !negative && length > INT64_MAX - at;

		bad += differ("punch a hole at", at, got, negative ? EINVAL : wraps ? EFBIG : 0);
		got = posix_fadvise(zone.fd, at, length, i % 2 ? POSIX_FADV_DONTNEED :
								POSIX_FADV_WILLNEED);
		bad += differ("fadvise at", at, got, at >> 63 || length >> 63 ? EINVAL : 0);
	}
	is(bad, 0, "fallocate, posix_fadvise: of every range");
	ok(mmap(NULL, 1UL << 62, PROT_READ, MAP_SHARED, zone.fd, 0) == MAP_FAILED &&
	   mmap(NULL, END + page_size, PROT_READ, MAP_SHARED, zone.fd, 0) == MAP_FAILED,
	   "mmap: no more than there is");
}

int main(void)
{
	struct vmzone_stats stats;

	test_begin(120);
	if (page_size != 4096) {
		skip("the edges are those of pages of 4 KiB", "ranges");
		return tap_end();
	}
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	all_ranges();
	numbers();
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	files();
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and the zone works on");
	stats = zone_stats(&zone);
	ok(stats_hold_since(&stats, device_info().max_frames), "the counters hold");
	zone_drop(&zone);
	return tap_end();
}
