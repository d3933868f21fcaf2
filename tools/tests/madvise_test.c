// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what each advice of madvise(2) does with a mapping of a zone, beside
 * one of a memfd: what it answers, and that the contents stay, for pages that
 * are in and for pages that are out. Also msync(2) and process_madvise(2).
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Newer than the headers of the C library. */
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define FIRST 4UL
#define NR 16UL
#define PERHAPS 1L		/* 0, or EINVAL where the kernel has no such thing */

static long advise(const struct zone *map, long advice)
{
	return or_errno(madvise(slot_at(map, FIRST), NR * page_size, advice));
}

/* The same of pages that are in, and written since. */
static long advise_resident(const struct zone *map, long advice)
{
	pattern_fill(map, pattern, FIRST, NR);
	return advise(map, advice);
}

/* What each is answered, of a zone and of a memfd. */
static const struct {
	int advice;
	long of_zone, of_memfd;
	const char *name;
} advices[] = {
	{ MADV_NORMAL, 0, 0, "MADV_NORMAL" },
	{ MADV_RANDOM, 0, 0, "MADV_RANDOM" },
	{ MADV_SEQUENTIAL, 0, 0, "MADV_SEQUENTIAL" },
	{ MADV_WILLNEED, 0, 0, "MADV_WILLNEED" },
	{ MADV_DONTNEED, 0, 0, "MADV_DONTNEED" },
	{ MADV_DONTNEED_LOCKED, 0, 0, "MADV_DONTNEED_LOCKED" },
	{ MADV_COLD, 0, 0, "MADV_COLD" },
	{ MADV_PAGEOUT, 0, 0, "MADV_PAGEOUT" },
	{ MADV_FREE, -EINVAL, -EINVAL, "MADV_FREE" },
	{ MADV_WIPEONFORK, -EINVAL, -EINVAL, "MADV_WIPEONFORK" },
	{ MADV_KEEPONFORK, 0, 0, "MADV_KEEPONFORK" },
	{ MADV_MERGEABLE, PERHAPS, PERHAPS, "MADV_MERGEABLE" },
	{ MADV_UNMERGEABLE, PERHAPS, PERHAPS, "MADV_UNMERGEABLE" },
	{ MADV_HUGEPAGE, PERHAPS, PERHAPS, "MADV_HUGEPAGE" },
	{ MADV_NOHUGEPAGE, PERHAPS, PERHAPS, "MADV_NOHUGEPAGE" },
	{ MADV_DONTDUMP, 0, 0, "MADV_DONTDUMP" },
	{ MADV_DODUMP, -EINVAL, 0, "MADV_DODUMP" },
	{ 9999, -EINVAL, -EINVAL, "an advice that does not exist" },
};

static void all_advices(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		long of_zone = advices[i].of_zone, of_memfd = advices[i].of_memfd;
		char what[80];

		if (of_zone == PERHAPS)
			of_zone = of_memfd = advise(&memfd, advices[i].advice) ? -EINVAL : 0;
		snprintf(what, sizeof(what), "%s of what is out", advices[i].name);
		differ(advise, advices[i].advice, of_zone, of_memfd, what);
		snprintf(what, sizeof(what), "%s of what is in", advices[i].name);
		differ(advise_resident, advices[i].advice, of_zone, of_memfd, what);
		kept("and the contents are right");
	}
}

/* Huge pages of a memfd depend on the kernel; a zone has none. */
static void collapsing(void)
{
	long ret;

	all_out();
	ret = advise_resident(&zone, MADV_COLLAPSE);
	is(ret, -EINVAL, "MADV_COLLAPSE of a zone");
	kept("changes nothing");
}

static long nr_resident(size_t first, size_t nr)
{
	return zone_count(&zone, first, nr, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT);
}

/* The kernel's own paging has no say in what a zone pages. */
static void not_to_the_point(void)
{
	advise_resident(&zone, MADV_COLD);
	is(nr_resident(FIRST, NR), NR, "MADV_COLD sends no slot out");
	advise_resident(&zone, MADV_PAGEOUT);
	is(nr_resident(FIRST, NR), NR, "MADV_PAGEOUT sends no slot out: PAGE_OUT does");
	advise_resident(&zone, MADV_DONTNEED);
	is(nr_resident(FIRST, NR), NR, "MADV_DONTNEED sends no slot out");
}

static long removed(const struct zone *map, long advice)
{
	long ret = advise(map, advice);

	if (ret)
		return ret;
	if (!all_zero(slot_at(map, FIRST), NR * page_size))
		return 1;
	pattern_fill(map, pattern, FIRST, NR);
	return 0;
}

/* The device's own file has no holes to punch. */
static void removed_of_the_device(void)
{
	struct zone device = { .fd = device_open(O_RDWR), .nr_slots = FIRST + NR };

	device.map = zone_map(device.fd, device.nr_slots);
	pattern_fill(&device, pattern, 0, device.nr_slots);
	is(advise(&device, MADV_REMOVE), -ENODEV, "MADV_REMOVE of the device's zone");
	is(pattern_bad(&device, pattern, 0, device.nr_slots), 0, "changes nothing");
	zone_drop(&device);
}

/* Two mappings side by side: the kernel does one, then the other, and EBUSY is the other's. */
static void removed_from_two_mappings(void)
{
	struct zone two = zone_sized(16, 32);
	uint8_t *map = mmap(NULL, 16 * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t half = 0; half < 16; half += 8)
		if (mmap(map + half * page_size, 8 * page_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, two.fd, half * page_size) == MAP_FAILED)
			bail("mmap");
	pattern_fill(&two, pattern, 0, 16);
	zone_range(&two, VMZONE_IOC_PIN, 12, 1);
	is(madvise(map, 16 * page_size, MADV_REMOVE) ? errno : 0, EBUSY,
	   "MADV_REMOVE of two mappings, with a pin in the second");
	is(pattern_bad(&two, pattern, 8, 8), 0, "changes nothing of the second");
	is(zone_count(&two, 0, 8, VMZONE_SLOT_RESIDENT | VMZONE_SLOT_STORED, 0), 8,
	   "and has emptied the first");
	munmap(map, 16 * page_size);
	zone_drop(&two);
}

static const struct zone *of_child;

static int touch_all(void *arg)
{
	uint8_t byte;
	int signal_nr = copy_guarded(&byte, slot_at(of_child, FIRST), 1);

	(void)arg;
	if (signal_nr)
		return signal_nr;
	return pattern_bad(of_child, pattern, 0, of_child->nr_slots) ? 100 : 0;
}

static long in_a_child(const struct zone *map, long advice)
{
	long ret = advise(map, advice);

	of_child = map;
	return ret ?: child_run(touch_all, NULL);
}

static void forking(void)
{
	both(in_a_child, MADV_DONTFORK, SIGSEGV, "MADV_DONTFORK: a child has no such mapping");
	/* 7.2 refuses it to all mappings that may not grow, among which are ours. */
	if (advise(&zone, MADV_DOFORK) == -EINVAL)
		differ(in_a_child, MADV_DOFORK, -EINVAL, 0, "MADV_DOFORK: for a memfd only");
	else
		both(in_a_child, MADV_DOFORK, 0, "MADV_DOFORK: a child has it again");
}

static long sync_with(const struct zone *map, long flags)
{
	pattern_fill(map, pattern, FIRST, NR);
	return or_errno(msync(map->map, map->nr_slots * page_size, flags));
}

static long sync_file(const struct zone *map, long data_only)
{
	return or_errno(data_only ? fdatasync(map->fd) : fsync(map->fd));
}

static void syncing(void)
{
	both(sync_with, MS_SYNC, 0, "msync with MS_SYNC");
	both(sync_with, MS_ASYNC, 0, "msync with MS_ASYNC");
	both(sync_with, MS_SYNC | MS_INVALIDATE, 0, "msync with MS_INVALIDATE");
	both(sync_with, MS_SYNC | MS_ASYNC, -EINVAL, "msync with two at once");
	both(sync_file, 0, 0, "fsync");
	both(sync_file, 1, 0, "fdatasync");
	kept("and the contents are right");
}

/* Another process may only say what changes no contents. Return: bytes advised, or -errno. */
static long from_outside(const struct zone *map, long advice)
{
	struct iovec range = { .iov_base = slot_at(map, FIRST), .iov_len = NR * page_size };
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	long ret;

	ret = or_errno(syscall(SYS_process_madvise, pidfd, &range, 1, advice, 0));
	close(pidfd);
	return ret;
}

static void by_process_madvise(void)
{
	long all = NR * page_size;

	both(from_outside, MADV_COLD, all, "process_madvise with MADV_COLD");
	both(from_outside, MADV_PAGEOUT, all, "process_madvise with MADV_PAGEOUT");
	both(from_outside, MADV_WILLNEED, all, "process_madvise with MADV_WILLNEED");
	is(nr_resident(FIRST, NR), NR, "which pages in");
	kept("and the contents are right");
}

int main(void)
{
	test_begin(60);
	twins_begin();
	all_advices();
	collapsing();
	not_to_the_point();
	both(removed, MADV_REMOVE, 0, "MADV_REMOVE: zeros from then on");
	kept("and elsewhere all is right");
	removed_of_the_device();
	removed_from_two_mappings();
	forking();
	syncing();
	by_process_madvise();
	twins_end();
	return tap_end();
}
