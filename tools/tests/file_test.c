// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a created zone is a regular file: fstat, ftruncate to fewer and
 * to more slots, also under load, fallocate(PUNCH_HOLE) and MADV_REMOVE; that
 * /dev/vmzone is none; and what /proc/PID/fdinfo tells of either.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 64
#define NR_LEFT 16		/* slots after it was cut */
#define NR_CUTS 40
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static struct zone zone;
static atomic_bool finished;

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

/* 0 or the errno of a call that returned ret. */
static int error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static struct stat stat_of(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		bail("fstat");
	return stat;
}

static uint64_t bytes_by_get(void)
{
	struct vmzone_set set = { .size = sizeof(set) };

	if (ioctl(zone.fd, VMZONE_IOC_GET, &set))
		bail("VMZONE_IOC_GET");
	return set.bytes;
}

static void statistics_of_a_file(void)
{
	struct stat stat = stat_of(zone.fd);

	ok(S_ISREG(stat.st_mode), "a created zone is a regular file");
	is(stat.st_size, NR_SLOTS * page_size, "of the zone's size");
	is(stat.st_blocks, 0, "which takes no blocks while it is empty");
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS / 4);
	is(stat_of(zone.fd).st_blocks, NR_SLOTS * page_size / 512,
	   "and its size in blocks when every slot has contents");
}

static void cut(void)
{
	uint8_t page[page_size], *end = slot_at(&zone, NR_LEFT);
	struct vmzone_stats stats;

	is(ftruncate(zone.fd, NR_LEFT * page_size), 0, "ftruncate to fewer slots");
	is(stat_of(zone.fd).st_size, NR_LEFT * page_size, "fstat tells the new size");
	is(bytes_by_get(), NR_LEFT * page_size, "so does GET");
	stats = zone_stats(&zone);
	between(stats.resident_frames, 0, NR_LEFT, "frames past the end are free");
	between(stats.stored_slots, 0, NR_LEFT, "nothing past it is stored");
	is(copy_guarded(page, end, 1), SIGBUS, "a touch past the end is SIGBUS");
	is(copy_guarded(slot_at(&zone, NR_SLOTS - 1), page, 1), SIGBUS, "also far past it");
	is(pread(zone.fd, page, page_size, NR_LEFT * page_size), 0, "read(2) there is short");
	is(error_of(pwrite(zone.fd, page, 1, NR_LEFT * page_size)), ENOSPC,
	   "write(2) there is ENOSPC");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, NR_LEFT, 1), -EINVAL, "PAGE_OUT there is EINVAL");
	is(pattern_bad(&zone, pattern, 0, NR_LEFT), 0, "the rest is kept");
}

static void grow(void)
{
	is(ftruncate(zone.fd, NR_SLOTS * page_size), 0, "ftruncate to more slots");
	is(stat_of(zone.fd).st_size, NR_SLOTS * page_size, "fstat tells the new size");
	ok(all_zero(slot_at(&zone, NR_LEFT), (NR_SLOTS - NR_LEFT) * page_size),
	   "what was cut off reads as zeros, by the mapping that was there");
	is(pattern_bad(&zone, pattern, 0, NR_LEFT), 0, "the rest is kept");
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "all of it can be written");
	is(error_of(ftruncate(zone.fd, NR_LEFT * page_size + 1)), EINVAL,
	   "ftruncate to a part of a slot");
	is(error_of(ftruncate(zone.fd, -1)), EINVAL, "ftruncate to less than nothing");
	ok(ftruncate(zone.fd, 1L << 62) < 0, "ftruncate to 2^62 bytes");
	is(stat_of(zone.fd).st_size, NR_SLOTS * page_size, "change nothing");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and harm nothing");
}

static void punch_holes(void)
{
	size_t half = page_size / 2;
	uint8_t page[page_size];

	is(fallocate(zone.fd, PUNCH, 8 * page_size, 8 * page_size), 0, "punch a hole of 8 slots");
	is(zone_count(&zone, 0, NR_SLOTS, 0xff, 0), 8, "8 slots are empty");
	ok(all_zero(slot_at(&zone, 8), 8 * page_size), "and read as zeros");
	is(pattern_bad(&zone, pattern, 0, 8) + pattern_bad(&zone, pattern, 16, NR_SLOTS - 16), 0,
	   "the others are kept");
	pattern_fill(&zone, pattern, 8, 8);

	is(fallocate(zone.fd, PUNCH, 3 * page_size + half, 2 * page_size), 0,
	   "punch from the middle of a slot to the middle of another");
	pattern_make(page, pattern, 3);
	ok(!memcmp(slot_at(&zone, 3), page, half) && all_zero(slot_at(&zone, 3) + half, half),
	   "the first keeps its first half");
	ok(all_zero(slot_at(&zone, 4), page_size), "the second is zeros");
	pattern_make(page, pattern, 5);
	ok(all_zero(slot_at(&zone, 5), half) &&
	   !memcmp(slot_at(&zone, 5) + half, page + half, half), "the last keeps its second half");
	pattern_fill(&zone, pattern, 3, 3);

	is(fallocate(zone.fd, PUNCH, (NR_SLOTS - 1) * page_size, 1 << 30), 0, "punch past the end");
	ok(all_zero(slot_at(&zone, NR_SLOTS - 1), page_size), "clears what is before it");
	is(stat_of(zone.fd).st_size, NR_SLOTS * page_size, "and the size stays");
	is(error_of(fallocate(zone.fd, FALLOC_FL_COLLAPSE_RANGE, 0, page_size)), EOPNOTSUPP,
	   "other modes are refused");
	is(madvise(slot_at(&zone, 20), 4 * page_size, MADV_REMOVE), 0, "MADV_REMOVE of 4 slots");
	ok(all_zero(slot_at(&zone, 20), 4 * page_size), "which read as zeros");
	is(pattern_bad(&zone, pattern, 0, 20) + pattern_bad(&zone, pattern, 24, NR_SLOTS - 25), 0,
	   "the others are kept");
}

static void pinned_slots(void)
{
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(zone_range(&zone, VMZONE_IOC_PIN, 20, 1), 1, "PIN one slot");
	is(error_of(fallocate(zone.fd, PUNCH, 16 * page_size, 8 * page_size)), EBUSY,
	   "a hole across it is EBUSY");
	is(error_of(fallocate(zone.fd, PUNCH, 15 * page_size + 100, 10 * page_size)), EBUSY,
	   "so is one that begins and ends within slots");
	is(error_of(ftruncate(zone.fd, 16 * page_size)), EBUSY, "so is a cut before it");
	is(stat_of(zone.fd).st_size, NR_SLOTS * page_size, "the size stays");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and all contents");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 20, 1), 1, "UNPIN it");
	is(ftruncate(zone.fd, 16 * page_size), 0, "then it can be cut");
	is(ftruncate(zone.fd, NR_SLOTS * page_size), 0, "and grown again");
}

/* Writes all over the zone, whatever of it there is. */
static void *thrash(void *arg)
{
	uint64_t random = test_seed + (uintptr_t)arg;
	uint8_t page[page_size];

	while (!finished) {
		size_t slot = random_next(&random) % NR_SLOTS;

		pattern_make(page, pattern, slot);
		if (random_next(&random) & 1)
			copy_guarded(slot_at(&zone, slot), page, page_size);
		else
			(void)!pwrite(zone.fd, page, page_size, slot * page_size);
	}
	return NULL;
}

static void cut_under_load(void)
{
	struct vmzone_stats stats;
	pthread_t threads[2];
	int nr_failed = 0;

	finished = false;
	for (uintptr_t i = 0; i < ARRAY_SIZE(threads); i++)
		if (pthread_create(&threads[i], NULL, thrash, (void *)i))
			bail("pthread_create");
	for (int i = 0; i < NR_CUTS; i++) {
		nr_failed += ftruncate(zone.fd, i % 20 * page_size) != 0;
		usleep(2000);
		nr_failed += ftruncate(zone.fd, NR_SLOTS * page_size) != 0;
		usleep(2000);
	}
	nr_failed += ftruncate(zone.fd, NR_LEFT * page_size) != 0;
	finished = true;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	is(nr_failed, 0, "%d cuts while two threads write", NR_CUTS);
	stats = zone_stats(&zone);
	ok(stats.resident_frames <= NR_LEFT && stats.stored_slots <= NR_LEFT && stats_hold(&stats),
	   "leave nothing past the end");
	is(ftruncate(zone.fd, NR_SLOTS * page_size), 0, "grow it again");
	ok(all_zero(slot_at(&zone, NR_LEFT), (NR_SLOTS - NR_LEFT) * page_size),
	   "and there are zeros");
}

static long fdinfo_line(int fd, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return read_number(path, key);
}

static void told_by_fdinfo(void)
{
	struct vmzone_stats stats;

	pattern_fill(&zone, pattern, 0, 8);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	zone_range(&zone, VMZONE_IOC_PIN, 0, 3);
	stats = zone_stats(&zone);
	between(fdinfo_line(zone.fd, "vmzone-id"), 0, 1L << 32, "fdinfo: id");
	is(fdinfo_line(zone.fd, "vmzone-bytes"), NR_SLOTS * page_size, "fdinfo: bytes");
	is(fdinfo_line(zone.fd, "vmzone-budget"), NR_FRAMES, "fdinfo: budget");
	is(fdinfo_line(zone.fd, "vmzone-resident"), stats.resident_frames, "fdinfo: resident");
	is(fdinfo_line(zone.fd, "vmzone-pinned"), 3, "fdinfo: pinned");
	is(fdinfo_line(zone.fd, "vmzone-stored"), stats.stored_slots, "fdinfo: stored");
	is(fdinfo_line(zone.fd, "vmzone-store-bytes"), stats.store_bytes, "fdinfo: store bytes");
	is(fdinfo_line(zone.fd, "vmzone-faults"),
	   stats.faults_zero + stats.faults_minor + stats.faults_major, "fdinfo: faults");
}

/* A program in a zone needs no PROT_EXEC to be read as a script. */
static void permissions(void)
{
	struct vmzone_create create = {
		.flags = VMZONE_CREATE_EXEC, .bytes = page_size, .frames = 16,
	};
	struct zone runs = zone_new(create);

	is(stat_of(zone.fd).st_mode & 07777, 0600, "a created zone is its owner's alone");
	is(fchmod(zone.fd, 0640), 0, "until he gives it to others");
	is(error_of(fchmod(zone.fd, 0740)), EPERM, "but nobody may execute it");
	is(stat_of(zone.fd).st_mode & 07777, 0640, "which has changed nothing");
	is(fchmod(runs.fd, 0700), 0, "except one made with VMZONE_CREATE_EXEC");
	zone_drop(&runs);
}

static void the_device_is_none(void)
{
	int fd = device_open(O_RDWR);
	void *map = zone_map(fd, 1);

	ok(S_ISCHR(stat_of(fd).st_mode), "/dev/vmzone is a character device");
	is(error_of(ftruncate(fd, page_size)), EINVAL, "ftruncate of it is EINVAL");
	is(error_of(fallocate(fd, PUNCH, 0, page_size)), ENODEV, "fallocate is ENODEV");
	ok(madvise(map, page_size, MADV_REMOVE) < 0, "MADV_REMOVE fails");
	ok(fdinfo_line(fd, "vmzone-bytes") > 0, "but fdinfo tells of its zone");
	munmap(map, page_size);
	close(fd);
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	statistics_of_a_file();
	cut();
	grow();
	punch_holes();
	pinned_slots();
	cut_under_load();
	told_by_fdinfo();
	permissions();
	the_device_is_none();
	zone_drop(&zone);
	return tap_end();
}
