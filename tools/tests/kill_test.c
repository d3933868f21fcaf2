// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the end of one process is no harm to the others that share its
 * zone: killed in a fault, in PAGE_IN, PAGE_OUT, PIN, read or write, or
 * replaced by exec, which drops the mapping and keeps what was not O_CLOEXEC.
 * Afterwards no slot stays busy, none is pinned in part, and each is right. And that
 * a call over all of a large zone is no way to hold a processor: it lets others run
 * on it, and ends long before its time once the process is killed.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 128
#define NR_PINS 16
#define NR_COPIED 8
#define NR_ROUNDS 25
#define MAX_DELAY_US 3000

/* A zone in which one slot of each page of the slot table was touched. */
#define LEAF_SLOTS 256
#define NR_LEAVES 1024
#define NR_TRIES 15
#define ENOUGH 3

/* What a zone takes ahead of time, or when it may have more. */
#define NR_PREALLOC 16384
#define FEW_PREALLOC 16

#define PARAMETERS "/sys/module/vmzone/parameters/"

static struct zone zone;
static uint32_t *nr_done;	/* by the child, so that its end comes after its begin */

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

/* Writes what is there already, so that it may end anywhere. */
static bool touch_some(uint64_t *random)
{
	pattern_fill(&zone, pattern, random_next(random) % NR_SLOTS, 1);
	return true;
}

static bool in_and_out(uint64_t *random)
{
	size_t first = random_next(random) % (NR_SLOTS - NR_PINS);

	return zone_range(&zone, VMZONE_IOC_PAGE_IN, first, NR_PINS) >= 0 &&
	       zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) >= 0;
}

/* Of slots that are out, so that it takes its time. */
static bool pin_and_unpin(uint64_t *random)
{
	(void)random;
	return zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) >= 0 &&
	       zone_range(&zone, VMZONE_IOC_PIN, 0, NR_PINS) == NR_PINS &&
	       zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR_PINS) == NR_PINS;
}

/* Each slot, read and written back to where it was. */
static bool read_and_write(uint64_t *random)
{
	off_t at = random_next(random) % (NR_SLOTS - NR_COPIED) * page_size;
	ssize_t len = NR_COPIED * page_size;
	uint8_t pages[len];

	return pread(zone.fd, pages, len, at) == len && pwrite(zone.fd, pages, len, at) == len;
}

static bool (*step)(uint64_t *random);

static void *run_steps(void *arg)
{
	uint64_t random = test_seed ^ (uintptr_t)&random;

	(void)arg;
	while (step(&random))
		__atomic_add_fetch(nr_done, 1, __ATOMIC_RELAXED);
	_exit(1);
}

/* Two threads, so that one may wait for what the other does. */
static int run_until_killed(void *arg)
{
	pthread_t thread;

	(void)arg;
	if (step != pin_and_unpin && pthread_create(&thread, NULL, run_steps, NULL))
		return 2;
	run_steps(NULL);
	return 0;
}

/* Return: whether the child died of it, and left the zone as it shall be. */
static bool survives(uint64_t *random)
{
	pid_t pid;
	long ret;
	int status;

	poke(nr_done, 0);
	pid = child_start(run_until_killed, NULL);
	while (!peek(nr_done) && !usleep(100))
		;
	usleep(random_next(random) % MAX_DELAY_US);
	kill(pid, SIGKILL);
	status = child_wait(pid);
	if (status != 1000 + SIGKILL) {
		diag("  the child ended with %d", status);
		return false;
	}
	/* Its pins are the zone's, so they stay: all of a call, or none. */
	ret = zone_range(&zone, VMZONE_IOC_UNPIN, 0, NR_PINS);
	if (ret != NR_PINS && ret != -EINVAL)
		diag("  UNPIN gives %ld", ret);
	/* The zone's worker may have some; one that stays busy ends in the watchdog. */
	while (zone_count(&zone, 0, NR_SLOTS, VMZONE_SLOT_BUSY, VMZONE_SLOT_BUSY))
		usleep(1000);
	return zone_stats(&zone).pinned_slots == 0 && pattern_bad(&zone, pattern, 0, NR_SLOTS) == 0;
}

static void killed_in(bool (*of_child)(uint64_t *random), const char *what)
{
	uint64_t random = test_seed;
	struct vmzone_stats stats;
	size_t nr_harmed = 0;

	step = of_child;
	for (int i = 0; i < NR_ROUNDS; i++)
		nr_harmed += !survives(&random);
	is(nr_harmed, 0, "killed %d times in %s: nothing is pinned, busy or wrong", NR_ROUNDS, what);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && !stats.sigbus, "and the counters hold");
}

/* What this program is after its exec: it has the descriptor, and maps it anew. */
static int executed(int fd)
{
	struct zone again = { .fd = fd, .nr_slots = NR_SLOTS, .nr_frames = NR_FRAMES };

	page_size = sysconf(_SC_PAGESIZE);
	test_seed = strtoull(getenv("VMZONE_TEST_SEED"), NULL, 0);
	if (fcntl(fd, F_GETFD) < 0)
		return 3;
	again.map = zone_map(fd, NR_SLOTS);
	return pattern_bad(&again, pattern, 0, NR_SLOTS) ? 4 : 0;
}

/* arg: whether the descriptor is to last */
static int exec_self(void *arg)
{
	char number[16], seed[32];

	snprintf(number, sizeof(number), "%d", zone.fd);
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)test_seed);
	setenv("VMZONE_TEST_SEED", seed, 1);
	fcntl(zone.fd, F_SETFD, arg ? 0 : FD_CLOEXEC);
	touch_read(&zone, 0, NR_SLOTS);
	execl("/proc/self/exe", "kill_test", number, NULL);
	return 100;
}

/* Where its pages went, anybody sees who has it mapped. */
static void replaced(void)
{
	is(child_run(exec_self, NULL), 3, "exec: neither mapping nor O_CLOEXEC descriptor lasts");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "who shares the zone keeps it");
	is(child_run(exec_self, &zone), 0, "exec: a descriptor without O_CLOEXEC does, and maps");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and the contents are right");
}

static struct zone large;
static uint8_t *states;		/* of its slots */

static void page_out_all(void)
{
	zone_range(&large, VMZONE_IOC_PAGE_OUT, 0, large.nr_slots);
}

/* Does not fit, which it finds at the end. */
static void page_in_all(void)
{
	zone_range(&large, VMZONE_IOC_PAGE_IN, 0, large.nr_slots);
}

static void unpin_all(void)
{
	zone_range(&large, VMZONE_IOC_UNPIN, 0, large.nr_slots);
}

static void pagemap_all(void)
{
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.length = large.nr_slots * page_size,
		.vec = (uintptr_t)states,
	};

	ioctl(large.fd, VMZONE_IOC_PAGEMAP, &pagemap);
}

static void discard_all(void)
{
	zone_range(&large, VMZONE_IOC_DISCARD, 0, large.nr_slots);
}

static void punch_all(void)
{
	fallocate(large.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  large.nr_slots * page_size);
}

/* There is none once all is discarded. */
static void seek_data(void)
{
	lseek(large.fd, 0, SEEK_DATA);
}

static void truncate_all(void)
{
	(void)!ftruncate(large.fd, page_size);
	(void)!ftruncate(large.fd, large.nr_slots * page_size);
}

static struct zone prealloc;

static struct vmzone_create prealloc_of(uint64_t frames)
{
	return (struct vmzone_create) {
		.size = sizeof(struct vmzone_create),
		.flags = VMZONE_CREATE_PREALLOC,
		.bytes = NR_SLOTS * page_size,
		.frames = frames,
	};
}

static void create_prealloc(void)
{
	struct vmzone_create create = prealloc_of(NR_PREALLOC);

	close(zone_create(&create));
}

static void set_prealloc(void)
{
	struct vmzone_set set = { .which = VMZONE_SET_FRAMES, .frames = NR_PREALLOC };

	zone_set(prealloc.fd, set);
	set.frames = FEW_PREALLOC;
	zone_set(prealloc.fd, set);
}

static const struct whole {
	const char *name;
	void (*call)(void);
} wholes[] = {
	{ "PAGE_OUT of all", page_out_all }, { "PAGE_IN of all", page_in_all },
	{ "UNPIN of all", unpin_all }, { "PAGEMAP of all", pagemap_all },
	{ "DISCARD of all", discard_all }, { "a hole in all", punch_all },
	{ "SEEK_DATA over all", seek_data }, { "ftruncate of all", truncate_all },
	{ "CREATE with PREALLOC", create_prealloc },
	{ "SET of frames with PREALLOC", set_prealloc },
};

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static long time_of(const struct whole *whole)
{
	long begin = now_us();

	whole->call();
	return now_us() - begin;
}

static int call_once(void *arg)
{
	const struct whole *whole = arg;

	poke(nr_done, 1);
	whole->call();
	poke(nr_done, 2);
	pause();
	return 0;
}

/*
 * Kills a child in the first quarter of a call that takes so long.
 * Return: how long its end took, or -1: it was at another place by then.
 */
static long killed_early(const struct whole *whole, long call_us)
{
	long begin, killed, ended;
	bool early;
	pid_t pid;

	poke(nr_done, 0);
	pid = child_start(call_once, (void *)whole);
	while (!peek(nr_done))
		sched_yield();
	begin = now_us();
	usleep(call_us / 8);
	killed = now_us();
	early = peek(nr_done) == 1 && killed - begin < call_us / 4;
	kill(pid, SIGKILL);
	child_wait(pid);
	ended = now_us();
	return early && peek(nr_done) == 1 ? ended - killed : -1;
}

/*
 * A call that looks for no signal takes three quarters of its time to the end. On a
 * machine that does other things it takes longer at one time than at another, so it
 * is timed before and after, and must be left early some times in a row.
 */
static void killed_in_whole(const struct whole *whole)
{
	unsigned int nr_in_a_row = 0;

	whole->call();
	for (int try = 0; try < NR_TRIES && nr_in_a_row < ENOUGH; try++) {
		long before = time_of(whole), end = killed_early(whole, before);
		long after = time_of(whole);

		if (end >= 0 && end <= before / 2 && end <= after / 2) {
			nr_in_a_row++;
			continue;
		}
		diag("  %s takes %ld and %ld us; killed early in it, the end took %ld us",
		     whole->name, before, after, end);
		nr_in_a_row = 0;
	}
	is(nr_in_a_row, ENOUGH, "killed in %s: it gives way, and is gone long before its time",
	   whole->name);
}

/* What the killed had begun to take is to be had again: a zone of all that is left. */
static void frames_are_back(void)
{
	struct vmzone_set set = { .which = VMZONE_SET_FRAMES, .frames = FEW_PREALLOC };
	struct vmzone_create rest = { .size = sizeof(rest), .bytes = page_size };
	int fd;

	is(zone_set(prealloc.fd, set), 0, "SET of a few frames");
	/* The device that is asked has a zone of its own meanwhile. */
	rest.frames = read_number(PARAMETERS "max_frames", NULL) -
		      read_number(PARAMETERS "zone_frames", NULL) - 2 * NR_FRAMES - FEW_PREALLOC;
	fd = zone_create(&rest);
	ok(fd >= 0, "all other frames are to be had");
	close(fd);
}

static void large_begin(void)
{
	large = zone_sized(NR_LEAVES * LEAF_SLOTS, NR_FRAMES);
	states = mmap(NULL, large.nr_slots, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (states == MAP_FAILED)
		bail("a buffer of %zu bytes", large.nr_slots);
	for (size_t leaf = 0; leaf < NR_LEAVES; leaf++)
		touch_read(&large, leaf * LEAF_SLOTS, 1);
	prealloc = zone_new(prealloc_of(FEW_PREALLOC));
}

static void large_end(void)
{
	(void)!ftruncate(large.fd, large.nr_slots * page_size);
	poke(slot_at(&large, large.nr_slots - 1), 1);
	is(zone_count(&large, 0, large.nr_slots, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), 1,
	   "and the zone serves the others");
	frames_are_back();
	munmap(states, large.nr_slots);
	zone_drop(&large);
	zone_drop(&prealloc);
}

/* On one processor, so that the child has to give way to its killer. */
static void large_calls(void)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all))
		bail("sched_getaffinity");
	stay_on(0);
	large_begin();
	for (size_t i = 0; i < ARRAY_SIZE(wholes); i++)
		killed_in_whole(&wholes[i]);
	large_end();
	sched_setaffinity(0, sizeof(all), &all);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return executed(atoi(argv[1]));
	test_begin(600);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	nr_done = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (nr_done == MAP_FAILED)
		bail("mmap of a counter");
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	killed_in(touch_some, "a fault");
	killed_in(in_and_out, "PAGE_IN and PAGE_OUT");
	killed_in(pin_and_unpin, "PIN and UNPIN");
	killed_in(read_and_write, "read and write");
	replaced();
	large_calls();
	zone_drop(&zone);
	return tap_end();
}
