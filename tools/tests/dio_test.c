// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the kernel's own uses of a mapping lose nothing while it is being
 * evicted: O_DIRECT reads into it and writes out of it, vmsplice(2) and
 * process_vm_readv(2)/writev(2). The disk is a loop device over a memfd (the
 * module loop must be there), or the one that VMZONE_TEST_BLOCK names, whose
 * contents are overwritten.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 96
#define NR_IOS 300
#define MAX_IO 8		/* slots in one I/O */

static struct zone zone;
static atomic_bool finished;
static int disk = -1;

static const struct pattern on_disk = { .fill = FILL_NOISE, .id = 1 };
static const struct pattern in_zone = { .fill = FILL_MIX, .id = 2 };

static int loop_open(void)
{
	struct loop_config config = { .block_size = 512 };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number, fd;
	char path[32];

	if (control < 0)
		return -1;
	number = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	config.fd = memfd_create("disk", MFD_CLOEXEC);
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	if (fd < 0 || ftruncate(config.fd, NR_SLOTS * page_size) ||
	    ioctl(fd, LOOP_CONFIGURE, &config))
		bail("setting up %s", path);
	close(config.fd);
	return fd;
}

static int disk_open(void)
{
	const char *path = getenv("VMZONE_TEST_BLOCK");

	return path && *path ? open(path, O_RDWR | O_DIRECT | O_CLOEXEC) : loop_open();
}

static void *evict(void *arg)
{
	(void)arg;
	while (!finished)
		if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
			return (void *)1;
	return NULL;
}

/* Runs body while a thread evicts all it can. */
static size_t while_evicting(size_t (*body)(void))
{
	pthread_t evictor;
	void *failed;
	size_t bad;

	finished = false;
	if (pthread_create(&evictor, NULL, evict, NULL))
		bail("pthread_create");
	bad = body();
	finished = true;
	pthread_join(evictor, &failed);
	return bad + (failed ? 1 : 0);
}

/*
 * Every other time, the slots are only read before, so that they are clean and
 * nothing but the disk's write tells that the stored copy is old.
 */
static size_t disk_to_zone(void)
{
	uint64_t random = test_seed;
	size_t bad = 0;

	for (int i = 0; i < NR_IOS; i++) {
		size_t nr = 1 + random_next(&random) % MAX_IO;
		size_t from = random_next(&random) % (NR_SLOTS - nr);
		size_t to = random_next(&random) % (NR_SLOTS - nr);
		ssize_t len = nr * page_size;

		if (i & 1)
			touch_read(&zone, to, nr);
		else
			pattern_fill(&zone, in_zone, to, nr);
		if (pread(disk, slot_at(&zone, to), len, from * page_size) != len)
			bail("O_DIRECT read of %zu slots at %zu", nr, from);
		for (size_t slot = 0; slot < nr; slot++)
			bad += !pattern_good(slot_at(&zone, to + slot), on_disk, from + slot);
	}
	return bad;
}

static size_t zone_to_disk(void)
{
	uint64_t random = test_seed + 1;
	size_t bad = 0;
	uint8_t *buffer = aligned_alloc(page_size, MAX_IO * page_size);

	for (int i = 0; i < NR_IOS; i++) {
		struct pattern pattern = { .fill = FILL_MIX, .id = 3, .version = i };
		size_t nr = 1 + random_next(&random) % MAX_IO;
		size_t first = random_next(&random) % (NR_SLOTS - nr);
		ssize_t len = nr * page_size;

		pattern_fill(&zone, pattern, first, nr);
		if (pwrite(disk, slot_at(&zone, first), len, first * page_size) != len ||
		    pread(disk, buffer, len, first * page_size) != len)
			bail("O_DIRECT write of %zu slots at %zu", nr, first);
		for (size_t slot = 0; slot < nr; slot++)
			bad += !pattern_good(buffer + slot * page_size, pattern, first + slot);
		bad += pattern_bad(&zone, pattern, first, nr);
	}
	free(buffer);
	return bad;
}

/* The disk writes one half of a page while the program writes the other. */
static void *count_up(void *arg)
{
	uint64_t *counter = (void *)(zone.map + page_size - sizeof(*counter));
	size_t *nr_lost = arg;
	uint64_t want = 0;

	poke(counter, 0);
	while (!finished) {
		*nr_lost += peek(counter) != want;
		poke(counter, ++want);
		sched_yield();
	}
	*nr_lost += peek(counter) != want;
	return NULL;
}

static size_t half_a_page(void)
{
	size_t half = page_size / 2, nr_lost = 0, bad = 0;
	uint8_t page[page_size];
	pthread_t counter;

	pattern_make(page, on_disk, 0);
	if (pthread_create(&counter, NULL, count_up, &nr_lost))
		bail("pthread_create");
	for (int i = 0; i < NR_IOS; i++) {
		memset(zone.map, i, half);
		if (pread(disk, zone.map, half, 0) != (ssize_t)half)
			bail("O_DIRECT read of half a page");
		bad += memcmp(zone.map, page, half) != 0;
	}
	finished = true;
	pthread_join(counter, NULL);
	return bad + nr_lost;
}

static void disk_tests(void)
{
	uint8_t *buffer = aligned_alloc(page_size, page_size);
	struct vmzone_stats stats;

	disk = disk_open();
	if (disk < 0) {
		skip("no loop device, and VMZONE_TEST_BLOCK names none", "O_DIRECT");
		return;
	}
	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		pattern_make(buffer, on_disk, slot);
		if (pwrite(disk, buffer, page_size, slot * page_size) != (ssize_t)page_size)
			bail("writing the disk");
	}
	free(buffer);
	is(while_evicting(disk_to_zone), 0, "O_DIRECT reads into a mapping that is being evicted");
	is(while_evicting(half_a_page), 0, "one half by the disk, the other by the program");
	is(while_evicting(zone_to_disk), 0, "O_DIRECT writes out of one");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && stats.evictions_requested > NR_IOS / 4,
	   "it was evicted meanwhile, and the counters hold");
	diag("%llu evictions asked for, %llu times a page was held",
	     (unsigned long long)stats.evictions_requested, (unsigned long long)stats.evict_busy);
	close(disk);
}

/* Slots first to first + nr, which a pipe then holds. */
static void splice_slots(int pipe_in, size_t first, size_t nr)
{
	struct iovec slots = { .iov_base = slot_at(&zone, first), .iov_len = nr * page_size };

	if (vmsplice(pipe_in, &slots, 1, 0) != (ssize_t)slots.iov_len)
		bail("vmsplice");
}

static size_t bad_from_pipe(int pipe_out, struct pattern pattern, size_t first, size_t nr)
{
	uint8_t page[page_size];
	size_t bad = 0;

	for (size_t slot = first; slot < first + nr; slot++) {
		for (size_t got = 0; got < page_size;) {
			ssize_t len = read(pipe_out, page + got, page_size - got);

			if (len <= 0)
				bail("read of the pipe");
			got += len;
		}
		bad += !pattern_good(page, pattern, slot);
	}
	return bad;
}

/* What a pipe holds stays the very page that is mapped. */
static void held_by_a_pipe(void)
{
	struct pattern newer = { .fill = FILL_NOISE, .id = 4 };
	struct vmzone_stats before, after;
	int ends[2];
	long ret;

	if (pipe(ends))
		bail("pipe");
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
	pattern_fill(&zone, in_zone, 0, 8);
	splice_slots(ends[1], 2, 4);
	before = zone_stats(&zone);
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 8), 4, "PAGE_OUT passes over what a pipe holds");
	after = zone_stats(&zone);
	between(after.evict_busy - before.evict_busy, 4, 64, "and counts it as busy");
	is(zone_count(&zone, 2, 4, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), 4,
	   "they keep their frames");
	pattern_fill(&zone, newer, 2, 4);
	is(bad_from_pipe(ends[0], newer, 2, 4), 0, "what is written now, the pipe shows");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 8), 4, "once read, PAGE_OUT takes them");
	is(pattern_bad(&zone, newer, 2, 4), 0, "and the contents are right");

	splice_slots(ends[1], 2, 1);
	ret = zone_range(&zone, VMZONE_IOC_DISCARD, 2, 1);
	ok(ret == 1 || ret == -EBUSY, "DISCARD of a held slot: done or refused");
	if (ret == 1)
		ok(all_zero(slot_at(&zone, 2), page_size), "done: the slot reads zeros");
	else
		is(pattern_bad(&zone, newer, 2, 1), 0, "refused: the slot is unchanged");
	memset(slot_at(&zone, 9), 0x5a, page_size);
	is(bad_from_pipe(ends[0], newer, 2, 1), 0, "the pipe still has what it took");
	after = zone_stats(&zone);
	ok(stats_hold(&after), "the counters hold");
	close(ends[0]);
	close(ends[1]);
}

/* A frame that somebody holds counts until it is let go, and may outlive its zone. */
static void held_after_the_end(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 7 };
	struct zone short_lived = zone_sized(NR_SLOTS, NR_FRAMES), all = zone;
	size_t nr_resident, nr_now;
	int ends[2];

	if (pipe(ends))
		bail("pipe");
	zone = short_lived;
	pattern_fill(&zone, pattern, 0, 8);
	splice_slots(ends[1], 0, 4);
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, 8);
	nr_resident = zone_count(&zone, 0, NR_SLOTS, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT);
	is(zone_stats(&zone).resident_frames, 4, "four discarded frames that a pipe holds count");
	is(bad_from_pipe(ends[0], pattern, 0, 4), 0, "the pipe has their contents");
	nr_now = zone_stats(&zone).resident_frames;
	is(nr_now, nr_resident, "read from it, they are free");

	pattern_fill(&zone, pattern, 0, 8);
	splice_slots(ends[1], 4, 4);
	zone_drop(&zone);
	zone = all;
	pattern_fill(&zone, in_zone, 0, NR_SLOTS);
	is(bad_from_pipe(ends[0], pattern, 4, 4), 0, "pages that a pipe holds outlive their zone");
	close(ends[0]);
	close(ends[1]);
}

static size_t splice_round(void)
{
	size_t bad = 0;
	int ends[2];

	if (pipe(ends))
		bail("pipe");
	for (int i = 0; i < NR_IOS; i++) {
		struct pattern pattern = { .fill = FILL_MIX, .id = 5, .version = i };
		size_t first = i % (NR_SLOTS - MAX_IO);

		pattern_fill(&zone, pattern, first, MAX_IO);
		splice_slots(ends[1], first, MAX_IO);
		bad += bad_from_pipe(ends[0], pattern, first, MAX_IO);
		bad += pattern_bad(&zone, pattern, first, MAX_IO);
	}
	close(ends[0]);
	close(ends[1]);
	return bad;
}

/* A child that only maps the zone; its parent reads and writes its memory. */
static int wait_for_end(void *arg)
{
	char byte;

	close(((int *)arg)[1]);
	return read(((int *)arg)[0], &byte, 1);
}

static size_t by_process_vm(void)
{
	uint8_t *buffer = malloc(MAX_IO * page_size);
	int ends[2];
	size_t bad = 0;
	pid_t pid;

	if (pipe(ends))
		bail("pipe");
	pid = child_start(wait_for_end, ends);
	for (int i = 0; i < NR_IOS; i++) {
		struct pattern pattern = { .fill = FILL_MIX, .id = 6, .version = i };
		size_t first = i * 7 % (NR_SLOTS - MAX_IO);
		struct iovec here = { .iov_base = buffer, .iov_len = MAX_IO * page_size };
		struct iovec there = { slot_at(&zone, first), MAX_IO * page_size };

		for (size_t slot = 0; slot < MAX_IO; slot++)
			pattern_make(buffer + slot * page_size, pattern, first + slot);
		if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)here.iov_len)
			bail("process_vm_writev");
		bad += pattern_bad(&zone, pattern, first, MAX_IO);
		memset(buffer, 0, MAX_IO * page_size);
		if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)here.iov_len)
			bail("process_vm_readv");
		for (size_t slot = 0; slot < MAX_IO; slot++)
			bad += !pattern_good(buffer + slot * page_size, pattern, first + slot);
	}
	close(ends[0]);
	close(ends[1]);
	free(buffer);
	return bad + (child_wait(pid) != 0);
}

int main(void)
{
	test_begin(120);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	disk_tests();
	held_by_a_pipe();
	held_after_the_end();
	is(while_evicting(splice_round), 0, "vmsplice out of a mapping that is being evicted");
	is(while_evicting(by_process_vm), 0, "process_vm_writev into one, and readv out of it");
	zone_drop(&zone);
	return tap_end();
}
