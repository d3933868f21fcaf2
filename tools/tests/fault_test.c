// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves the accounting of faults: a touch of a stored slot is a major fault,
 * any other fault a minor one, in getrusage(2), in perf's software events and
 * in STATS alike; and that read(2) and write(2) are no faults.
 */
#include "tap.h"
#include "zone.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_FRAMES 128
#define NR_SLOTS 256
#define NR 24

static struct zone zone;

struct step {
	struct faults faults;
	struct vmzone_stats stats;
};

static struct step step_now(void)
{
	struct step step;

	step.stats = zone_stats(&zone);
	step.faults = faults_now();
	return step;
}

/* What the contract says that a step costs. */
struct cost {
	long zero, minor, major;
};

static void cost_is(struct step from, struct cost want, const char *what)
{
	struct faults faults = faults_now();
	struct vmzone_stats stats = zone_stats(&zone);

	is(faults.major - from.faults.major, want.major, "%s: ru_majflt", what);
	is(faults.minor - from.faults.minor, want.zero + want.minor, "%s: ru_minflt", what);
	is(stats.faults_zero - from.stats.faults_zero, want.zero, "%s: faults_zero", what);
	is(stats.faults_minor - from.stats.faults_minor, want.minor, "%s: faults_minor", what);
	is(stats.faults_major - from.stats.faults_major, want.major, "%s: faults_major", what);
}

static void touch_write(size_t first, size_t nr)
{
	for (size_t slot = first; slot < first + nr; slot++)
		poke(slot_at(&zone, slot), slot + 1);
}

static void page_out(void)
{
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
		bail("PAGE_OUT");
}

static void touches(void)
{
	const struct cost zero = { .zero = NR }, minor = { .minor = NR }, major = { .major = NR };
	struct step step = step_now();

	touch_write(0, NR);
	cost_is(step, zero, "first touch, writing");
	step = step_now();
	touch_write(0, NR);
	touch_read(&zone, 0, NR);
	cost_is(step, (struct cost){ 0 }, "second touch");
	step = step_now();
	touch_read(&zone, NR, NR);
	cost_is(step, zero, "first touch, reading");
	step = step_now();
	touch_write(NR, NR);
	cost_is(step, (struct cost){ 0 }, "writing what was read");
	page_out();
	step = step_now();
	touch_read(&zone, 0, NR);
	cost_is(step, major, "reading stored slots");
	is(zone_stats(&zone).refaults - step.stats.refaults, NR, "reading stored slots: refaults");
	page_out();
	step = step_now();
	touch_write(0, NR);
	cost_is(step, major, "writing to stored slots");
	if (madvise(zone.map, NR * page_size, MADV_DONTNEED))
		bail("MADV_DONTNEED");
	step = step_now();
	touch_read(&zone, 0, NR);
	cost_is(step, minor, "mappings dropped");
	page_out();
	zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR);
	step = step_now();
	touch_read(&zone, 0, NR);
	cost_is(step, minor, "after PAGE_IN");
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR);
	step = step_now();
	touch_read(&zone, 0, NR);
	cost_is(step, zero, "after DISCARD");
}

static void second_mapping(void)
{
	struct zone other = zone;
	struct step step;

	other.map = zone_map(zone.fd, NR_SLOTS);
	step = step_now();
	touch_read(&other, 0, NR);
	cost_is(step, (struct cost){ .minor = NR }, "a second mapping of resident slots");
	page_out();
	step = step_now();
	touch_read(&other, 0, NR);
	touch_read(&zone, 0, NR);
	cost_is(step, (struct cost){ .minor = NR, .major = NR }, "stored slots by two mappings");
	munmap(other.map, NR_SLOTS * page_size);
}

static void calls_are_no_faults(void)
{
	/* Not of the stack, where deeper calls may touch a page for the first time. */
	static uint8_t page[4096];
	struct step step;

	page_out();
	memset(page, 1, page_size);
	step = step_now();
	for (size_t slot = 0; slot < NR; slot++)
		if (pread(zone.fd, page, page_size, slot * page_size) != (ssize_t)page_size)
			bail("pread");
	cost_is(step, (struct cost){ 0 }, "read(2) of stored slots");
	step = step_now();
	for (size_t slot = 0; slot < NR; slot++)
		if (pwrite(zone.fd, page, page_size, slot * page_size) != (ssize_t)page_size)
			bail("pwrite");
	cost_is(step, (struct cost){ 0 }, "write(2)");
}

static int perf_counter(uint64_t event)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = event,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void perf_agrees(void)
{
	int major = perf_counter(PERF_COUNT_SW_PAGE_FAULTS_MAJ);
	uint64_t from, to;

	page_out();
	if (major < 0 || read(major, &from, sizeof(from)) != sizeof(from)) {
		skip("no perf events here", "perf's major-faults");
		return;
	}
	touch_read(&zone, 0, NR);
	if (read(major, &to, sizeof(to)) != sizeof(to))
		bail("read of a perf event");
	is(to - from, NR, "perf's major-faults");
	close(major);
}

static void reset(void)
{
	struct vmzone_stats stats = { .size = sizeof(stats), .flags = VMZONE_STATS_RESET };
	struct vmzone_stats before = zone_stats(&zone), after;

	if (ioctl(zone.fd, VMZONE_IOC_STATS, &stats))
		bail("STATS with RESET");
	stats.flags = 0;
	ok(!memcmp(&stats, &before, sizeof(stats)), "RESET returns the counters as they were");
	after = zone_stats(&zone);
	ok(!memcmp(&after, &before, offsetof(struct vmzone_stats, faults_zero)),
	   "RESET leaves the gauges alone");
	ok(all_zero(&after.faults_zero, sizeof(after) - offsetof(struct vmzone_stats, faults_zero)),
	   "RESET zeroes the events");
	touch_write(NR_SLOTS - 1, 1);
	is(zone_stats(&zone).faults_zero, 1, "and they count on from there");
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	touch_write(NR_SLOTS - 2, 1);
	step_now();
	touches();
	second_mapping();
	calls_are_no_faults();
	perf_agrees();
	reset();
	return tap_end();
}
