// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the end of one process is no harm to the others that share its
 * zone: killed in a fault, in PAGE_IN, PAGE_OUT, PIN, read or write, or
 * replaced by exec, which drops the mapping and keeps what was not O_CLOEXEC.
 * Afterwards no slot stays busy, none is pinned in part, and each is right.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 128
#define NR_PINS 16
#define NR_COPIED 8
#define NR_ROUNDS 25
#define MAX_DELAY_US 3000

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

int main(int argc, char **argv)
{
	if (argc > 1)
		return executed(atoi(argv[1]));
	test_begin(120);
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
	zone_drop(&zone);
	return tap_end();
}
