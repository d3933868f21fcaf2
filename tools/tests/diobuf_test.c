// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what a disk's direct reads and writes do with buffers in a zone of
 * every kind: vectors over slots that are out, in, pinned and empty; buffers
 * that may not be touched; ones that leave the mapping; and several processes
 * at once, each with a part of the disk. VMZONE_TEST_BLOCK names the disk, of
 * at least 4 MiB, whose contents are overwritten.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_FRAMES 48
#define NR_SLOTS 192
#define NR_PARTS 16
#define NR_CHILDREN 4
#define NR_ROUNDS 24
#define NR_OF_EACH 8		/* slots of each child; what all hold at once must fit */

static struct zone zone;
static int disk;

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };
static const struct pattern newer = { .fill = FILL_TEXT, .id = 2 };

/* Every third slot, backwards: neighbours in the vector are none in the zone. */
static size_t slot_of(size_t part)
{
	return 3 * (NR_PARTS - 1 - part);
}

static void make_vector(struct iovec *parts)
{
	for (size_t i = 0; i < NR_PARTS; i++)
		parts[i] = (struct iovec){ slot_at(&zone, slot_of(i)), page_size };
}

/* A quarter each: out, pinned, in, and empty (whose contents are zeros). */
static void every_kind(void)
{
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
	for (size_t i = 0; i < NR_PARTS; i++)
		if (i % 4 != 3)
			pattern_fill(&zone, pattern, slot_of(i), 1);
	for (size_t i = 0; i < NR_PARTS; i++)
		zone_range(&zone, i % 4 == 1 ? VMZONE_IOC_PIN : VMZONE_IOC_PAGE_OUT, slot_of(i),
			   i % 4 != 2);
}

static void unpin(void)
{
	for (size_t i = 1; i < NR_PARTS; i += 4)
		if (zone_range(&zone, VMZONE_IOC_UNPIN, slot_of(i), 1) != 1)
			bail("UNPIN");
}

static void vectors(void)
{
	struct iovec parts[NR_PARTS];
	uint8_t *plain = aligned_alloc(page_size, NR_PARTS * page_size);
	size_t bad = 0;

	make_vector(parts);
	every_kind();
	is(pwritev(disk, parts, NR_PARTS, 0), NR_PARTS * page_size,
	   "a vector of slots of every kind to the disk");
	if (pread(disk, plain, NR_PARTS * page_size, 0) != (ssize_t)(NR_PARTS * page_size))
		bail("read of the disk");
	for (size_t i = 0; i < NR_PARTS; i++)
		bad += i % 4 == 3 ? !all_zero(plain + i * page_size, page_size) :
				    !pattern_good(plain + i * page_size, pattern, slot_of(i));
	is(bad, 0, "which has each of them, in order");
	unpin();

	for (size_t i = 0; i < NR_PARTS; i++)
		pattern_make(plain + i * page_size, newer, slot_of(i));
	if (pwrite(disk, plain, NR_PARTS * page_size, 0) != (ssize_t)(NR_PARTS * page_size))
		bail("write of the disk");
	every_kind();
	is(preadv(disk, parts, NR_PARTS, 0), NR_PARTS * page_size, "and from the disk");
	unpin();
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	for (size_t i = 0; i < NR_PARTS; i++)
		bad += pattern_bad(&zone, newer, slot_of(i), 1);
	is(bad, 0, "each has what was read, also after a page-out");
	free(plain);
}

static int error_of(ssize_t ret)
{
	return ret < 0 ? errno : 0;
}

static void bad_buffers(void)
{
	size_t len = 4 * page_size;
	uint8_t *map = mmap(NULL, len, PROT_READ, MAP_SHARED, zone.fd, 0);
	ssize_t done;

	pattern_fill(&zone, pattern, 0, 4);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 4);
	is(error_of(pread(disk, map, len, 0)), EFAULT, "into a mapping for reading: EFAULT");
	is(pwrite(disk, map, len, 0), len, "out of one is fine");
	mprotect(map, len, PROT_NONE);
	is(error_of(pread(disk, map, len, 0)), EFAULT, "into one without rights: EFAULT");
	is(error_of(pwrite(disk, map, len, 0)), EFAULT, "out of it, too");
	munmap(map, len);
	is(error_of(pread(disk, map, len, 0)), EFAULT, "into what is not mapped: EFAULT");
	is(pattern_bad(&zone, pattern, 0, 4), 0, "and no byte has changed");

	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, zone.fd, 0);
	munmap(map + 2 * page_size, 2 * page_size);
	done = pread(disk, map, len, 0);
	ok((done < 0 && errno == EFAULT) || (done >= 0 && done <= (ssize_t)(2 * page_size)),
	   "across the end of a mapping: EFAULT, or what fits");
	is(pattern_bad(&zone, pattern, 2, 2), 0, "and nothing beyond it");
	munmap(map, 2 * page_size);
}

/* Each round another version goes to the disk and comes back to other slots. */
static int write_and_read(void *arg)
{
	size_t self = (uintptr_t)arg, first = self * 2 * NR_OF_EACH, len = NR_OF_EACH * page_size;
	off_t at = self * len;

	for (uint32_t round = 0; round < NR_ROUNDS; round++) {
		struct pattern mine = { .fill = FILL_MIX, .id = 10 + self, .version = round };

		pattern_fill(&zone, mine, first, NR_OF_EACH);
		if (pwrite(disk, slot_at(&zone, first), len, at) != (ssize_t)len)
			return 1;
		zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
		if (pread(disk, slot_at(&zone, first + NR_OF_EACH), len, at) != (ssize_t)len)
			return 2;
		for (size_t i = 0; i < NR_OF_EACH; i++)
			if (!pattern_good(slot_at(&zone, first + NR_OF_EACH + i), mine, first + i))
				return 3;
	}
	return 0;
}

static void several_processes(void)
{
	pid_t children[NR_CHILDREN];
	struct vmzone_stats stats;
	int failed = 0;

	for (uintptr_t i = 0; i < NR_CHILDREN; i++)
		children[i] = child_start(write_and_read, (void *)i);
	for (size_t i = 0; i < NR_CHILDREN; i++) {
		int status = child_wait(children[i]);

		if (status)
			diag("  child %zu ended with %d", i, status);
		failed += status != 0;
	}
	is(failed, 0, "%d processes, each with its part of the disk and of the zone", NR_CHILDREN);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && !stats.sigbus && !stats.load_errors, "the counters hold");
}

int main(void)
{
	const char *name = getenv("VMZONE_TEST_BLOCK");

	test_begin(60);
	if (!name || !*name) {
		skip("VMZONE_TEST_BLOCK names no disk", "direct reads and writes");
		return tap_end();
	}
	disk = open(name, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		bail("open of %s with O_DIRECT", name);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	vectors();
	bad_buffers();
	several_processes();
	zone_drop(&zone);
	close(disk);
	return tap_end();
}
