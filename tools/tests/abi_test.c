// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves the rules that all ioctls share: the extensible structure (sizes from
 * 0 to 4 GiB), unknown flags, reserved fields, ranges, bad pointers and unknown
 * commands give the contract's errno, and each leaves the zone unharmed. Also
 * that results stay within the caller's size, and that 32-bit calls work.
 */
#define _GNU_SOURCE
#include "abi_layout.h"
#include "tap.h"
#include "zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 64
#define NR_USED 12		/* slots 0 to 3 stored, 4 to 7 pinned, 8 to 11 resident */
#define CANARY 0xc5

static const struct pattern pattern = { .fill = FILL_NOISE, .id = 1 };

static struct zone zone;
static struct vmzone_stats healthy;
static int nr_fds;
static uint8_t vec[NR_SLOTS];
static uint8_t *area;		/* two pages that can be written, followed by none */

struct command {
	const char *name;
	unsigned long nr;
	size_t size;
	size_t offset_at;	/* of the range, if it takes one; length follows */
	size_t flags_at;	/* of the flags, if it has any */
	size_t reserved_at;	/* of a reserved field, if it has one */
	uint32_t known_flags;
	uint64_t feature;	/* without which it gives EOPNOTSUPP */
	bool results;		/* writes to the structure */
};

#define RANGE(cmd) { \
	.name = #cmd, .nr = VMZONE_IOC_ ## cmd, .size = VMZONE_RANGE_SIZE_VER0, \
	.offset_at = offsetof(struct vmzone_range, offset), \
	.flags_at = offsetof(struct vmzone_range, flags), .results = true, }

static const struct command commands[] = {
	{ .name = "INFO", .nr = VMZONE_IOC_INFO, .size = VMZONE_INFO_SIZE_VER0, .results = true },
	{
		.name = "CREATE", .nr = VMZONE_IOC_CREATE, .size = VMZONE_CREATE_SIZE_VER0,
		.flags_at = offsetof(struct vmzone_create, flags), .known_flags = 0xf,
		.reserved_at = offsetof(struct vmzone_create, reserved), .results = true,
	}, {
		.name = "DESTROY", .nr = VMZONE_IOC_DESTROY, .size = VMZONE_DESTROY_SIZE_VER0,
		.flags_at = offsetof(struct vmzone_destroy, flags),
		.feature = VMZONE_FEATURE_NAMED,
	}, {
		.name = "SET", .nr = VMZONE_IOC_SET, .size = VMZONE_SET_SIZE_VER0,
		.flags_at = offsetof(struct vmzone_set, which), .known_flags = 0x1f,
		.feature = VMZONE_FEATURE_SET,
	}, {
		.name = "GET", .nr = VMZONE_IOC_GET, .size = VMZONE_SET_SIZE_VER0,
		.flags_at = offsetof(struct vmzone_set, which), .known_flags = 0x1f,
		.results = true,
	},
	RANGE(PAGE_IN),
	RANGE(PAGE_OUT),
	RANGE(PIN),
	RANGE(UNPIN),
	RANGE(DISCARD),
	{
		.name = "PAGEMAP", .nr = VMZONE_IOC_PAGEMAP, .size = VMZONE_PAGEMAP_SIZE_VER0,
		.offset_at = offsetof(struct vmzone_pagemap, offset),
		.flags_at = offsetof(struct vmzone_pagemap, flags),
	}, {
		.name = "STATS", .nr = VMZONE_IOC_STATS, .size = VMZONE_STATS_SIZE_VER0,
		.flags_at = offsetof(struct vmzone_stats, flags),
		.known_flags = VMZONE_STATS_RESET, .results = true,
	}, {
		.name = "HISTOGRAM", .nr = VMZONE_IOC_HISTOGRAM,
		.size = VMZONE_HISTOGRAM_SIZE_VER0, .feature = VMZONE_FEATURE_HISTOGRAM,
		.reserved_at = offsetof(struct vmzone_histogram, reserved), .results = true,
	}, {
		.name = "CLONE", .nr = VMZONE_IOC_CLONE, .size = VMZONE_CLONE_SIZE_VER0,
		.flags_at = offsetof(struct vmzone_clone, flags),
		.reserved_at = offsetof(struct vmzone_clone, reserved),
		.feature = VMZONE_FEATURE_CLONE, .results = true,
	},
};

static uint64_t features;

/* A good argument that does nothing to the zone. */
static void make_good(const struct command *command, void *arg)
{
	uint32_t size = command->size;

	memset(arg, 0, size);
	memcpy(arg, &size, sizeof(size));
	if (command->nr == VMZONE_IOC_CREATE) {
		struct vmzone_create *create = arg;

		create->bytes = 16 * page_size;
		create->frames = 16;
	}
	if (command->nr == VMZONE_IOC_PAGEMAP)
		((struct vmzone_pagemap *)arg)->vec = (uintptr_t)vec;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The contents are not read while bad calls come in, for that pages them in. */
static bool unharmed(void)
{
	struct vmzone_stats stats = zone_stats(&zone);
	size_t gauges = offsetof(struct vmzone_stats, faults_zero);

	return !memcmp(&stats, &healthy, gauges) && stats_hold(&stats) && count_fds() == nr_fds;
}

/* What a bad call gives; not in this build: EOPNOTSUPP is as good. */
static void bad(const struct command *command, void *arg, int want, const char *what)
{
	int got = ioctl(zone.fd, command->nr, arg) ? errno : 0;

	if (got == EOPNOTSUPP && command->feature & ~features)
		got = want;
	is(got, want, "%s: %s", command->name, what);
	if (!unharmed())
		ok(false, "%s: %s: the zone is unharmed", command->name, what);
}

static void sizes(const struct command *command)
{
	static const uint32_t short_sizes[] = { 0, 1, 4, 7 };
	uint32_t size;

	for (size_t i = 0; i < ARRAY_SIZE(short_sizes); i++) {
		make_good(command, area);
		memcpy(area, &short_sizes[i], sizeof(size));
		bad(command, area, EINVAL, "size too small");
	}
	make_good(command, area);
	size = command->size - 1;
	memcpy(area, &size, sizeof(size));
	bad(command, area, EINVAL, "size one less than the first version");

	memset(area, 0, page_size);
	make_good(command, area);
	area[command->size + 7] = 1;
	size = command->size + 8;
	memcpy(area, &size, sizeof(size));
	bad(command, area, E2BIG, "longer, with a tail that is not zero");
	area[command->size] = 1;
	size = command->size + 1;
	memcpy(area, &size, sizeof(size));
	bad(command, area, E2BIG, "one byte longer, which is not zero");
	size = ~0u;
	memcpy(area, &size, sizeof(size));
	bad(command, area, E2BIG, "4 GiB, with a tail that is not zero");
}

static void pointers(const struct command *command)
{
	uint8_t *end = area + 2 * page_size;
	uint32_t size = command->size;

	bad(command, NULL, EFAULT, "NULL");
	bad(command, end, EFAULT, "a pointer to nothing");
	bad(command, (void *)-4096L, EFAULT, "a pointer into the kernel");
	memset(end - 8, 0, 8);
	if (size > 8) {
		memcpy(end - 8, &size, sizeof(size));
		bad(command, end - 8, EFAULT, "a structure that is cut off");
	}
	bad(command, end - 2, EFAULT, "a size that is cut off");
}

static void flags(const struct command *command)
{
	for (int bit = 0; bit < 32 && command->flags_at; bit++) {
		uint32_t value = 1u << bit;

		if (command->known_flags & value)
			continue;
		make_good(command, area);
		memcpy(area + command->flags_at, &value, sizeof(value));
		bad(command, area, EINVAL, "an unknown flag");
	}
	if (command->reserved_at) {
		make_good(command, area);
		area[command->reserved_at] = 1;
		bad(command, area, EINVAL, "a reserved field that is not zero");
	}
}

static void ranges(const struct command *command)
{
	const uint64_t page = page_size, end = NR_SLOTS * page_size;
	const struct {
		uint64_t offset, length;
		const char *what;
	} bad_ranges[] = {
		{ 1, page, "offset 1" },
		{ page - 1, page, "offset one less than a page" },
		{ 1, 0, "offset 1, length 0" },
		{ 0, 1, "length 1" },
		{ page, page + 8, "length a page and a bit" },
		{ end, page, "a page at the end" },
		{ end - page, 2 * page, "across the end" },
		{ 0, end + page, "longer than the zone" },
		{ 1ULL << 62, page, "far past the end" },
		{ 0, 1ULL << 62, "far too long" },
		{ -page, 2 * page, "wrapping" },
		{ page, -page, "wrapping to 0" },
		{ 2 * page, -page, "wrapping to a page" },
		{ -page, page, "the last page of all" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad_ranges) && command->offset_at; i++) {
		make_good(command, area);
		memcpy(area + command->offset_at, &bad_ranges[i].offset, 16);
		bad(command, area, EINVAL, bad_ranges[i].what);
	}
}

/* A good call, at its size and with a longer tail of zeros: neither writes past its end. */
static void good_call(const struct command *command, size_t extra)
{
	uint32_t size = command->size + extra;
	struct vmzone_create *create = (void *)area;
	int got;

	memset(area, CANARY, 2 * page_size);
	memset(area, 0, size);
	make_good(command, area);
	memcpy(area, &size, sizeof(size));
	got = ioctl(zone.fd, command->nr, area) ? errno : 0;
	is(got, command->feature & ~features ? EOPNOTSUPP : 0, "%s: a good call of size + %zu",
	   command->name, extra);
	if (!got && command->nr == VMZONE_IOC_CREATE)
		close(create->out_fd);
	ok(all_zero(area + command->size, extra) && area[size] == CANARY &&
	   !memcmp(area + size, area + size + 1, 2 * page_size - size - 1),
	   "%s: writes nothing past its structure", command->name);
	ok(unharmed(), "%s: leaves the zone as it was", command->name);
}

/* Where the results can't be written: CREATE leaks nothing, PIN changes no count. */
static void no_place_for_results(void)
{
	struct vmzone_range *range = (void *)area;
	struct vmzone_stats *stats = (void *)area;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!commands[i].results || commands[i].feature & ~features)
			continue;
		make_good(&commands[i], area);
		mprotect(area, page_size, PROT_READ);
		bad(&commands[i], area, EFAULT, "a structure that can't be written");
		mprotect(area, page_size, PROT_READ | PROT_WRITE);
	}
	*range = (struct vmzone_range){ .size = sizeof(*range), .offset = 4 * page_size,
					.length = 8 * page_size };
	mprotect(area, page_size, PROT_READ);
	is(ioctl(zone.fd, VMZONE_IOC_PIN, range) ? errno : 0, EFAULT,
	   "PIN: a range, and a structure that can't be written");
	mprotect(area, page_size, PROT_READ | PROT_WRITE);
	ok(unharmed(), "PIN: no count has changed");
	*stats = (struct vmzone_stats){ .size = sizeof(*stats), .flags = VMZONE_STATS_RESET };
	mprotect(area, page_size, PROT_READ);
	is(ioctl(zone.fd, VMZONE_IOC_STATS, stats) ? errno : 0, EFAULT,
	   "STATS: RESET, and a structure that can't be written");
	mprotect(area, page_size, PROT_READ | PROT_WRITE);
	ok(zone_stats(&zone).faults_zero, "STATS: no event is forgotten");
}

static void pagemap_vectors(void)
{
	struct vmzone_pagemap pagemap = { .size = sizeof(pagemap), .length = 16 * page_size };
	const struct command *command = commands;

	while (command->nr != VMZONE_IOC_PAGEMAP)
		command++;
	bad(command, &pagemap, EFAULT, "vec is NULL");
	pagemap.vec = (uintptr_t)area + 2 * page_size;
	bad(command, &pagemap, EFAULT, "vec points to nothing");
	pagemap.vec -= 8;
	bad(command, &pagemap, EFAULT, "vec is cut off");
	pagemap.vec = -4096ULL;
	bad(command, &pagemap, EFAULT, "vec points into the kernel");
	memset(vec, CANARY, sizeof(vec));
	pagemap.vec = (uintptr_t)vec;
	is(ioctl(zone.fd, VMZONE_IOC_PAGEMAP, &pagemap), 0, "PAGEMAP: a good vec");
	ok(vec[15] == 0 && vec[16] == CANARY, "PAGEMAP: writes a byte a slot, and no more");
}

static void unknown_commands(void)
{
	const struct command unknown[] = {
		{ .name = "0x3f", .nr = _IO(VMZONE_IOC_MAGIC, 0x3f) },
		{ .name = "0x4e", .nr = _IO(VMZONE_IOC_MAGIC, 0x4e) },
		{ .name = "0xff", .nr = _IO(VMZONE_IOC_MAGIC, 0xff) },
		{ .name = "0x00", .nr = _IO(VMZONE_IOC_MAGIC, 0) },
		{ .name = "another magic", .nr = _IO('v', 0x40) },
		{ .name = "a size in it", .nr = _IOWR(VMZONE_IOC_MAGIC, 0x40, struct vmzone_info) },
		{ .name = "TCGETS", .nr = 0x5401 },
	};
	int device = device_open(O_RDWR);

	nr_fds = count_fds();
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		memset(area, 0, page_size);
		bad(&unknown[i], area, ENOTTY, "unknown to a created zone");
		is(ioctl(device, unknown[i].nr, area) ? errno : 0, ENOTTY,
		   "%s: unknown to the device", unknown[i].name);
	}
	close(device);
	nr_fds = count_fds();
}

#ifdef __x86_64__
/* ioctl(2) as a 32-bit program makes it. */
static int stats_32(void *arg)
{
	struct vmzone_stats *stats = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct vmzone_stats want = zone_stats(&zone);
	long ret = 54;

	(void)arg;
	stats->size = sizeof(*stats);
	asm volatile("int $0x80" : "+a"(ret)
		     : "b"(zone.fd), "c"(VMZONE_IOC_STATS), "d"(stats) : "memory", "cc",
		       "r8", "r9", "r10", "r11");
	return ret ? 100 : memcmp(stats, &want, sizeof(want)) != 0;
}

static void calls_of_32_bits(void)
{
	int status = child_run(stats_32, NULL);

	if (status > 1000)
		skip("this kernel runs no 32-bit programs", "32-bit ioctl");
	else
		is(status, 0, "32-bit ioctl: STATS is the same");
}
#else
static void calls_of_32_bits(void)
{
	skip("not an x86-64 machine", "32-bit ioctl");
}
#endif

static void make_zone(void)
{
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, pattern, 0, NR_USED);
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 4) != 4 ||
	    zone_range(&zone, VMZONE_IOC_PIN, 4, 4) != 4)
		bail("PAGE_OUT and PIN");
	healthy = zone_stats(&zone);
	nr_fds = count_fds();
}

int main(void)
{
	test_begin(60);
	features = device_info().features;
	area = mmap(NULL, 3 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (area == MAP_FAILED || munmap(area + 2 * page_size, page_size))
		bail("mmap");
	make_zone();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].nr != VMZONE_IOC_DESTROY && commands[i].nr != VMZONE_IOC_CLONE) {
			good_call(&commands[i], 0);
			good_call(&commands[i], 24);
		}
		sizes(&commands[i]);
		pointers(&commands[i]);
		flags(&commands[i]);
		ranges(&commands[i]);
	}
	pagemap_vectors();
	unknown_commands();
	calls_of_32_bits();
	no_place_for_results();
	is(pattern_bad(&zone, pattern, 0, NR_USED), 0, "after all that, the contents are right");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 4, 4), 4, "and each pin counts one");
	is(zone_stats(&zone).pinned_slots, 0, "which UNPIN takes off");
	zone_drop(&zone);
	return tap_end();
}
