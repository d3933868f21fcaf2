// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what is left of the kernel's and LTP's tests of the memory calls where
 * they make sense for a shared mapping: fixed addresses, lengths and flags that
 * are refused, moves of page tables small and large, nonlinear maps, populate
 * across protections and holes, locks and their limit, advice to the kernel's
 * own reclaim, and pins that io_uring would like to keep.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/io_uring.h>

#define NR_FRAMES 160		/* more than slots, so that only what is asked for moves */
#define NR_SLOTS 128
#define NR 16
#define RW (PROT_READ | PROT_WRITE)
#define HUGE_BYTES (2 * MIB)	/* what one page of page tables spans */

static struct zone zone;

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static uint8_t *place_for(size_t bytes)
{
	void *place = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED)
		bail("mmap of %zu bytes to reserve addresses", bytes);
	return place;
}

static int error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static int map_error(void *place, size_t bytes, int prot, int flags, int fd)
{
	void *map = mmap(place, bytes, prot, flags, fd, 0);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, bytes);
	return 0;
}

static void arguments(void)
{
	int write_only = open("/dev/vmzone", O_WRONLY | O_CLOEXEC);

	is(map_error(NULL, 0, RW, MAP_SHARED, zone.fd), EINVAL, "mmap: no length");
	is(map_error(NULL, page_size, RW, 0, zone.fd), EINVAL, "mmap: neither shared nor private");
	is(map_error(NULL, page_size, RW, MAP_SHARED_VALIDATE, zone.fd), 0,
	   "mmap: MAP_SHARED_VALIDATE");
	is(map_error(NULL, page_size, RW, MAP_SHARED_VALIDATE | MAP_SYNC, zone.fd), EOPNOTSUPP,
	   "mmap: MAP_SYNC with it");
	is(map_error(zone.map + 1, page_size, RW, MAP_SHARED | MAP_FIXED, zone.fd), EINVAL,
	   "mmap: a fixed address within a page");
	is(map_error(zone.map, page_size, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, zone.fd), EEXIST,
	   "mmap: MAP_FIXED_NOREPLACE where something is");
	is(map_error(NULL, page_size, PROT_READ, MAP_SHARED, write_only), EACCES,
	   "mmap: a descriptor for writing only");
	close(write_only);
	is(map_error(NULL, page_size, RW, MAP_SHARED, write_only), EBADF, "mmap: a closed one");
}

static void fixed_noreplace(void)
{
	uint8_t *place = place_for(4 * page_size), *map;

	munmap(place + page_size, 2 * page_size);
	map = mmap(place + page_size, 2 * page_size, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, zone.fd,
		   4 * page_size);
	ok(map == place + page_size, "MAP_FIXED_NOREPLACE where there is room");
	is(error_of((long)mmap(place + page_size, 3 * page_size, RW,
			       MAP_SHARED | MAP_FIXED_NOREPLACE, zone.fd, 0)), EEXIST,
	   "and not where a part is taken");
	ok(pattern_good(map, pattern, 4), "contents");
	munmap(place, 4 * page_size);
}

/* A mapping of 2 MiB and a bit, moved with page tables as a whole and page by page. */
static void moved(size_t from_off, size_t to_off, const char *what)
{
	size_t nr = (HUGE_BYTES + MIB) / page_size, len = nr * page_size;
	struct pattern words = { .fill = FILL_SAME, .id = 2 };
	struct zone big = zone_sized(nr, nr + nr / 2);
	uint8_t *place = place_for(4 * len), *from, *to;
	struct faults before;

	munmap(big.map, len);
	from = (uint8_t *)(((uintptr_t)place + HUGE_BYTES - 1) & -HUGE_BYTES) + from_off;
	to = (uint8_t *)(((uintptr_t)from + len + HUGE_BYTES) & -HUGE_BYTES) + to_off;
	big.map = mmap(from, len, RW, MAP_SHARED | MAP_FIXED, big.fd, 0);
	if (big.map != from)
		bail("mmap to a fixed address");
	pattern_fill(&big, words, 0, nr);
	zone_range(&big, VMZONE_IOC_PAGE_OUT, nr / 4, nr / 4);
	big.map = mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ok(big.map == to, "mremap, %s", what);
	before = faults_now();
	is(pattern_bad(&big, words, 0, nr), 0, "mremap, %s: contents", what);
	between(faults_now().major - before.major, nr / 4, nr / 4,
		"mremap, %s: only what was out faults", what);
	zone_range(&big, VMZONE_IOC_PAGE_OUT, 0, nr);
	is(pattern_bad(&big, words, 0, nr), 0, "mremap, %s: and after a page-out", what);
	zone_drop(&big);
	munmap(place, 4 * len);
}

static void moves_refused(void)
{
	size_t len = NR * page_size;
	uint8_t *place = place_for(2 * len);
	uint8_t *map = mmap(NULL, len, RW, MAP_SHARED, zone.fd, 0);
	struct zone part = { .fd = zone.fd, .nr_slots = NR, .map = map };

	is(error_of((long)mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, map + page_size)),
	   EINVAL, "mremap onto itself");
	is(error_of((long)mremap(map + 1, len, len, MREMAP_MAYMOVE)), EINVAL,
	   "mremap from within a page");
	is(error_of((long)mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, place + 1)),
	   EINVAL, "mremap to within a page");
	is(error_of((long)mremap(map, len, len, MREMAP_FIXED, place)), EINVAL,
	   "mremap: MREMAP_FIXED alone");
	is(error_of((long)mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL)), EINVAL,
	   "mremap: MREMAP_DONTUNMAP");
	is(error_of((long)mremap(map, 0, len, MREMAP_MAYMOVE)), EFAULT,
	   "mremap: a second mapping out of nothing");
	is(pattern_bad(&part, pattern, 0, NR), 0, "none of which changed anything");
	ok(mremap(map + 4 * page_size, 4 * page_size, 4 * page_size,
		  MREMAP_MAYMOVE | MREMAP_FIXED, place) == place, "mremap of the middle");
	ok(pattern_good(place, pattern, 4) && pattern_good(place + 3 * page_size, pattern, 7) &&
	   pattern_good(map, pattern, 0) && pattern_good(map + 8 * page_size, pattern, 8),
	   "leaves both ends");
	munmap(map, len);
	munmap(place, 2 * len);
}

/* remap_file_pages(2): the slots of a mapping in another order. */
static void nonlinear(void)
{
	uint8_t *map = mmap(NULL, NR * page_size, RW, MAP_SHARED, zone.fd, 0);
	size_t wrong = 0;

	for (size_t i = 0; i < NR; i++)
		if (syscall(SYS_remap_file_pages, map + i * page_size, page_size, 0, NR - 1 - i, 0))
			bail("remap_file_pages");
	for (size_t i = 0; i < NR; i++)
		wrong += !pattern_good(map + i * page_size, pattern, NR - 1 - i);
	is(wrong, 0, "remap_file_pages: the slots backwards");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR), NR, "page out");
	for (size_t i = 0; i < NR; i++)
		wrong += !pattern_good(map + i * page_size, pattern, NR - 1 - i);
	is(wrong, 0, "and after it");
	is(error_of(syscall(SYS_remap_file_pages, map, page_size, 0, NR_SLOTS, 0)), EINVAL,
	   "remap_file_pages past the end");
	munmap(map, NR * page_size);
}

static void populate(void)
{
	uint8_t *map = mmap(NULL, NR * page_size, PROT_READ, MAP_SHARED, zone.fd, 0);
	size_t len = NR * page_size;

	is(error_of(madvise(map, len, MADV_POPULATE_WRITE)), EINVAL,
	   "MADV_POPULATE_WRITE of a mapping for reading");
	is(madvise(map, len, MADV_POPULATE_READ), 0, "MADV_POPULATE_READ of it");
	mprotect(map, len, PROT_NONE);
	ok(error_of(madvise(map, len, MADV_POPULATE_READ)) != 0,
	   "MADV_POPULATE_READ without any right");
	mprotect(map, len, RW);
	is(madvise(map, len, MADV_POPULATE_WRITE), 0, "MADV_POPULATE_WRITE with both");
	munmap(map + 8 * page_size, page_size);
	is(error_of(madvise(map, len, MADV_POPULATE_READ)), ENOMEM, "across a hole");
	is(error_of(madvise(map, len, MADV_POPULATE_WRITE)), ENOMEM, "across a hole, writing");
	ok(pattern_good(map, pattern, 0) && pattern_good(map + 9 * page_size, pattern, 9),
	   "contents");
	munmap(map, len);
}

static long locked_kib(void)
{
	return read_number("/proc/self/status", "VmLck");
}

/* The kernel does not lock a driver's pages; it brings them in, and says that none is locked. */
static void locking(void)
{
	uint8_t *map, *place;
	size_t len = NR * page_size;

	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	map = mmap(NULL, len, RW, MAP_SHARED, zone.fd, 0);
	is(mlock(map, len), 0, "mlock");
	is(zone_count(&zone, 0, NR, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), NR,
	   "pages the range in");
	is(locked_kib(), 0, "and locks nothing");
	is(munlock(map, len), 0, "munlock");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	is(mlock2(map, len, MLOCK_ONFAULT), 0, "mlock2 with MLOCK_ONFAULT");
	touch_read(&(struct zone){ .map = map }, 0, NR);
	ok(!locked_kib() && pattern_good(map, pattern, 0), "is taken, and locks nothing");
	is(error_of(mlock2(map, len, 0x80)), EINVAL, "mlock2: an unknown flag");
	munmap(map + len - page_size, page_size);
	is(error_of(mlock(map, len)), ENOMEM, "mlock across a hole");
	munmap(map, len);
	place = mmap(NULL, len, RW, MAP_SHARED | MAP_LOCKED, zone.fd, 0);
	ok(place != MAP_FAILED && !locked_kib(), "MAP_LOCKED locks nothing either");
	munmap(place, len);
}

/* mlockall(2), now and for what comes, and the limit of what it may lock. */
static int locks_all(void *arg)
{
	struct rlimit limit = { 64 * KIB, 64 * KIB };
	uint8_t *map;
	(void)arg;

	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return 1;
	map = mmap(NULL, NR * page_size, RW, MAP_SHARED, zone.fd, 0);
	if (map == MAP_FAILED || !pattern_good(map, pattern, 0))
		return 2;
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR) != NR || !pattern_good(map, pattern, 0))
		return 3;
	if (munlockall() || munmap(map, NR * page_size))
		return 4;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(65534))
		return 5;
	if (mlockall(MCL_ONFAULT | MCL_FUTURE) && errno != ENOMEM)
		return 6;
	map = mmap(NULL, NR_SLOTS * page_size, RW, MAP_SHARED | MAP_POPULATE, zone.fd, 0);
	return map == MAP_FAILED && errno == EAGAIN ? 0 : 7;
}

/* Advice to the kernel's own reclaim, which has no hold on a driver's pages. */
static void kernel_advice(void)
{
	static const struct {
		int advice;
		const char *name;
		int error;
	} advices[] = {
		{ MADV_COLD, "MADV_COLD", 0 },
		{ MADV_PAGEOUT, "MADV_PAGEOUT", 0 },
		{ MADV_RANDOM, "MADV_RANDOM", 0 },
		{ MADV_SEQUENTIAL, "MADV_SEQUENTIAL", 0 },
		{ MADV_NORMAL, "MADV_NORMAL", 0 },
		{ MADV_DONTFORK, "MADV_DONTFORK", 0 },
		/* 7.2 refuses it, see madvise_test. */
		{ MADV_DOFORK, "MADV_DOFORK", -1 },
		{ MADV_DONTDUMP, "MADV_DONTDUMP", 0 },
		{ MADV_MERGEABLE, "MADV_MERGEABLE", -1 },
		{ MADV_FREE, "MADV_FREE", EINVAL },
		{ MADV_WIPEONFORK, "MADV_WIPEONFORK", EINVAL },
	};
	size_t len = NR * page_size;
	uint8_t *map = mmap(NULL, len, RW, MAP_SHARED, zone.fd, 0);
	struct zone part = { .fd = zone.fd, .nr_slots = NR, .map = map };

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		int error;

		pattern_fill(&part, pattern, 0, NR);
		error = error_of(madvise(map, len, advices[i].advice));
		if (advices[i].error >= 0)
			is(error, advices[i].error, "%s", advices[i].name);
		is(pattern_bad(&part, pattern, 0, NR), 0, "%s: contents", advices[i].name);
	}
	munmap(map, len);
}

static int ring(struct io_uring_params *params)
{
	memset(params, 0, sizeof(*params));
	return syscall(SYS_io_uring_setup, 4, params);
}

/*
 * Buffers that io_uring would hold for good: refused, as of any file, or held,
 * and then no eviction may take them.
 */
static void held_for_long(void)
{
	struct iovec buffer = { .iov_base = zone.map, .iov_len = NR * page_size };
	struct io_uring_params params;
	int fd = ring(&params);
	long ret;

	if (fd < 0) {
		skip("no io_uring here", "buffers held by io_uring");
		return;
	}
	touch_read(&zone, 0, NR);
	ret = syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &buffer, 1);
	diag("IORING_REGISTER_BUFFERS: %s", ret ? strerror(errno) : "taken");
	if (ret)
		ok(errno == EOPNOTSUPP || errno == EFAULT, "buffers for io_uring are refused");
	else
		ok(true, "buffers for io_uring are taken");
	ret = zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	ok(ret == NR || ret == 0, "page out takes all of them, or passes over all");
	is(pattern_bad(&zone, pattern, 0, NR), 0, "contents");
	close(fd);
}

/* A write by the kernel for a debugger may not get round a mapping for reading only. */
static void no_way_round(void)
{
	int fd = open("/dev/vmzone", O_RDONLY | O_CLOEXEC);
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint8_t *map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0), byte = 1;

	if (mem < 0 || map == MAP_FAILED)
		bail("/proc/self/mem, or a mapping for reading");
	ok(pwrite(mem, &byte, 1, (uintptr_t)map) < 0, "/proc/PID/mem: no write to what cannot be");
	is(peek(map), 0, "and nothing is written");
	is(pwrite(mem, &byte, 1, (uintptr_t)slot_at(&zone, NR_SLOTS - 1)), 1, "to what can be, one is");
	is(peek(slot_at(&zone, NR_SLOTS - 1)), 1, "and is seen");
	munmap(map, page_size);
	close(mem);
	close(fd);
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, pattern, 0, NR_SLOTS - 1);
	arguments();
	fixed_noreplace();
	moved(0, 0, "aligned to page tables");
	moved(0, page_size, "to a place that is not");
	moved(MIB, MIB, "both by half of one");
	moves_refused();
	nonlinear();
	populate();
	locking();
	is(child_run(locks_all, NULL), 0, "mlockall, and its limit");
	kernel_advice();
	held_for_long();
	no_way_round();
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS - 1), 0, "contents at the end");
	zone_drop(&zone);
	return tap_end();
}
