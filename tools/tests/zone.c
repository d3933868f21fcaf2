// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zones and their ioctls, and what else needs the device. Contents are in
 * pattern.c, faults and processes in process.c.
 */
#include "zone.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

size_t page_size;
uint64_t test_seed;

const char *const policy_name[NR_POLICY_NAMES] = {
	[VMZONE_POLICY_FIFO] = "fifo",
	[VMZONE_POLICY_CLOCK] = "clock",
	[VMZONE_POLICY_NRU] = "nru",
	[VMZONE_POLICY_LRU] = "lru",
	[VMZONE_POLICY_SIEVE] = "sieve",
	[VMZONE_POLICY_S3FIFO] = "s3fifo",
};

void test_begin(unsigned int seconds)
{
	const char *given = getenv("VMZONE_TEST_SEED");

	page_size = sysconf(_SC_PAGESIZE);
	test_seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 16 ^ getpid();
	diag("VMZONE_TEST_SEED=%llu", (unsigned long long)test_seed);
	tap_begin(seconds);
}

int device_open(int flags)
{
	const char *path = getenv("VMZONE_DEV");
	int fd = open(path ? path : "/dev/vmzone", flags | O_CLOEXEC);

	if (fd < 0)
		bail("open %s", path ? path : "/dev/vmzone");
	return fd;
}

struct vmzone_info device_info(void)
{
	struct vmzone_info info = { .size = sizeof(info) };
	int fd = device_open(O_RDWR);

	if (ioctl(fd, VMZONE_IOC_INFO, &info))
		bail("VMZONE_IOC_INFO");
	close(fd);
	return info;
}

int zone_create(struct vmzone_create *create)
{
	int fd = device_open(O_RDWR);
	int ret = ioctl(fd, VMZONE_IOC_CREATE, create) ? -errno : create->out_fd;

	close(fd);
	return ret;
}

void *zone_map(int fd, size_t nr_slots)
{
	void *map = mmap(NULL, nr_slots * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		bail("mmap of %zu slots", nr_slots);
	return map;
}

struct zone zone_new(struct vmzone_create create)
{
	struct zone zone;

	create.size = sizeof(create);
	zone.fd = zone_create(&create);
	if (zone.fd < 0) {
		errno = -zone.fd;
		bail("VMZONE_IOC_CREATE of %llu bytes, %llu frames, policy %u, codec %u",
		     (unsigned long long)create.bytes, (unsigned long long)create.frames,
		     create.policy, create.codec);
	}
	zone.nr_slots = create.bytes / page_size;
	zone.nr_frames = create.frames;
	zone.map = zone_map(zone.fd, zone.nr_slots);
	return zone;
}

struct zone zone_sized(size_t nr_slots, size_t nr_frames)
{
	struct vmzone_create create = { .bytes = nr_slots * page_size, .frames = nr_frames };

	return zone_new(create);
}

void zone_drop(struct zone *zone)
{
	if (munmap(zone->map, zone->nr_slots * page_size) || close(zone->fd))
		bail("munmap and close of a zone");
	zone->map = NULL;
	zone->fd = -1;
}

struct vmzone_set zone_get(int fd)
{
	struct vmzone_set set = { .size = sizeof(set) };

	if (ioctl(fd, VMZONE_IOC_GET, &set))
		bail("VMZONE_IOC_GET");
	return set;
}

int zone_set(int fd, struct vmzone_set set)
{
	set.size = sizeof(set);
	return ioctl(fd, VMZONE_IOC_SET, &set) ? -errno : 0;
}

uint8_t *slot_at(const struct zone *zone, size_t slot)
{
	return zone->map + slot * page_size;
}

long zone_range_out(const struct zone *zone, unsigned long command, size_t first, size_t nr,
		    uint64_t *out_pages)
{
	struct vmzone_range range = {
		.size = sizeof(range),
		.offset = first * page_size,
		.length = nr * page_size,
	};
	long ret = ioctl(zone->fd, command, &range) ? -errno : 0;

	*out_pages = range.out_pages;
	return ret;
}

long zone_range(const struct zone *zone, unsigned long command, size_t first, size_t nr)
{
	uint64_t out_pages;
	long ret = zone_range_out(zone, command, first, nr, &out_pages);

	return ret ? ret : (long)out_pages;
}

struct vmzone_stats zone_stats(const struct zone *zone)
{
	struct vmzone_stats stats = { .size = sizeof(stats) };

	if (ioctl(zone->fd, VMZONE_IOC_STATS, &stats))
		bail("VMZONE_IOC_STATS");
	return stats;
}

struct vmzone_stats zone_emptied(const struct zone *zone)
{
	struct vmzone_stats stats = zone_stats(zone);

	for (int i = 0; stats.resident_frames && i < 200; i++) {
		usleep(10000);
		stats = zone_stats(zone);
	}
	return stats;
}

uint64_t zone_all_out(const struct zone *zone)
{
	uint64_t left = 1;

	for (int i = 0; left && i < 200; i++) {
		if (i)
			usleep(10000);
		if (zone_range(zone, VMZONE_IOC_PAGE_OUT, 0, zone->nr_slots) < 0)
			bail("PAGE_OUT of all");
		left = zone_stats(zone).resident_frames;
	}
	return left;
}

static bool at_most(const char *what, uint64_t value, const char *limit_name, uint64_t limit)
{
	if (value > limit)
		diag("  %s %llu is above %s %llu", what, (unsigned long long)value, limit_name,
		     (unsigned long long)limit);
	return value <= limit;
}

bool stats_hold_since(const struct vmzone_stats *stats, uint64_t highest_budget)
{
	uint64_t by_kind = stats->evictions_clean + stats->evictions_dirty;
	uint64_t by_cause = stats->evictions_direct + stats->evictions_background +
			    stats->evictions_requested;
	bool good = true;

	good &= at_most("resident", stats->resident_frames, "budget", stats->budget_frames);
	good &= at_most("peak", stats->peak_resident_frames, "budget", highest_budget);
	good &= at_most("resident", stats->resident_frames, "peak", stats->peak_resident_frames);
	good &= at_most("resident + free", stats->resident_frames + stats->free_frames, "budget",
			stats->budget_frames);
	good &= at_most("store", stats->store_bytes, "limit", stats->store_limit_bytes);
	if (by_kind != by_cause)
		diag("  %llu evictions by kind, %llu by cause", (unsigned long long)by_kind,
		     (unsigned long long)by_cause);
	return good && by_kind == by_cause;
}

bool stats_hold(const struct vmzone_stats *stats)
{
	return stats_hold_since(stats, stats->budget_frames);
}

size_t zone_count(const struct zone *zone, size_t first, size_t nr, uint8_t mask, uint8_t want)
{
	uint8_t *vec = malloc(nr + 1);
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.offset = first * page_size,
		.length = nr * page_size,
		.vec = (uintptr_t)vec,
	};
	size_t count = 0;

	if (!vec || ioctl(zone->fd, VMZONE_IOC_PAGEMAP, &pagemap))
		bail("VMZONE_IOC_PAGEMAP of %zu slots from %zu", nr, first);
	for (size_t i = 0; i < nr; i++)
		count += (vec[i] & mask) == want;
	free(vec);
	return count;
}

size_t reserve_max(size_t nr_frames)
{
	return nr_frames / 8 > 2 ? nr_frames / 8 : 2;
}
