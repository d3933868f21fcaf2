// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that every frame comes back: DISCARD gives a zone its frames back
 * while it lives; munmap, a partial one too, drops mappings and no contents;
 * and munmap, exit and SIGKILL under load give the machine its memory back,
 * which its own count of free memory shows over many rounds.
 */
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 512
#define NR_SLOTS 1024
#define NR_ROUNDS 12
#define NR_WARM_UP 3
#define NR_SERIES 6
/* 20 pages a round, where a zone has 512 frames and as many stored slots. */
#define TOLERANCE_PAGES (20 * NR_ROUNDS)

static const struct pattern pattern = { .fill = FILL_NOISE, .id = 1 };

static void discard_returns_frames(void)
{
	struct zone zone = zone_sized(256, 64);
	struct vmzone_stats fresh = zone_stats(&zone), stats;

	pattern_fill(&zone, pattern, 0, 256);
	stats = zone_stats(&zone);
	ok(stats.resident_frames > 0 && stats.store_bytes > fresh.store_bytes,
	   "a zone in use holds frames and store memory");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, 256), 256, "DISCARD all of it");
	stats = zone_emptied(&zone);
	is(stats.resident_frames, 0, "no frame is held");
	is(stats.free_frames, fresh.free_frames, "all are free again");
	is(stats.stored_slots, 0, "nothing is stored");
	is(stats.store_bytes, fresh.store_bytes, "the store's memory is back");
	is(zone_count(&zone, 0, 256, 0xff, 0), 256, "every slot is empty");
	ok(all_zero(zone.map, 256 * page_size), "and reads as zeros");
	zone_drop(&zone);
}

static void partial_unmap(void)
{
	struct zone zone = zone_sized(64, 64);
	size_t nr_resident;

	pattern_fill(&zone, pattern, 0, 16);
	nr_resident = zone_stats(&zone).resident_frames;
	is(munmap(slot_at(&zone, 4), 8 * page_size), 0, "munmap the middle");
	is(zone_stats(&zone).resident_frames, nr_resident, "the zone keeps its frames");
	is(pattern_bad(&zone, pattern, 0, 4) + pattern_bad(&zone, pattern, 12, 4), 0,
	   "the rest of the mapping works");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 16), 16, "PAGE_OUT across the hole");
	is(pattern_bad(&zone, pattern, 0, 4) + pattern_bad(&zone, pattern, 12, 4), 0,
	   "the rest pages in");
	munmap(zone.map, 4 * page_size);
	munmap(slot_at(&zone, 12), 52 * page_size);
	zone.map = zone_map(zone.fd, 64);
	is(pattern_bad(&zone, pattern, 0, 16), 0, "a new mapping finds all contents");
	zone_drop(&zone);
}

static void *thrash(void *arg)
{
	struct zone *zone = arg;
	uint64_t random = test_seed ^ (uintptr_t)&random;

	for (;;)
		pattern_fill(zone, pattern, random_next(&random) % zone->nr_slots, 1);
	return NULL;
}

/* Ends by its own hand under load; or tells the pipe that it is, and waits to be killed. */
static int end_under_load(void *arg)
{
	int *told = arg;
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pthread_t threads[2];

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		if (pthread_create(&threads[i], NULL, thrash, &zone))
			return 1;
	if (told && write(*told, "", 1) == 1)
		pause();
	usleep(20000);
	return 0;
}

static int killed_by_parent(void)
{
	int pipes[2];
	bool told;
	char byte;
	pid_t pid;

	if (pipe(pipes))
		bail("pipe");
	pid = child_start(end_under_load, &pipes[1]);
	close(pipes[1]);
	told = read(pipes[0], &byte, 1) == 1;
	close(pipes[0]);
	usleep(20000);
	kill(pid, SIGKILL);
	return child_wait(pid) == 1000 + SIGKILL && told ? 0 : 1;
}

static int exit_under_load(void)
{
	return child_run(end_under_load, NULL);
}

static int unmap_and_close(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	zone_drop(&zone);
	return 0;
}

/* Pinned slots, and a descriptor that goes before the mapping. */
static int pinned_to_the_end(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	if (zone_range(&zone, VMZONE_IOC_PIN, 0, NR_FRAMES / 2) != NR_FRAMES / 2)
		return 1;
	close(zone.fd);
	return munmap(zone.map, NR_SLOTS * page_size);
}

/* Free pages of the machine, also those in the lists of each CPU, which MemFree misses. */
static long nr_free_pages(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	long total = 0, nr;
	char line[256];

	if (!file)
		bail("/proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " pages free %ld", &nr) == 1 ||
		    sscanf(line, " count: %ld", &nr) == 1)
			total += nr;
	fclose(file);
	return total;
}

/* Memory may come back a little after the zone has ended. */
static long lost_pages(long before)
{
	long lost = before - nr_free_pages();

	for (int i = 0; lost > TOLERANCE_PAGES && i < 50; i++) {
		usleep(100000);
		lost = before - nr_free_pages();
	}
	return lost;
}

/* Returns how many rounds failed. */
static int run_rounds(int (*round)(void), int nr)
{
	int nr_failed = 0;

	while (nr--)
		nr_failed += round() != 0;
	return nr_failed;
}

/*
 * KASAN keeps back what the kernel has freed, up to a limit that many rounds may
 * take to reach; where pages are lost for good, each series of rounds loses some.
 */
static void comes_back(int (*round)(void), const char *what)
{
	int nr_failed = run_rounds(round, NR_WARM_UP);
	long before, lost = 0;

	usleep(200000);
	for (int i = 0; i < NR_SERIES; i++) {
		before = nr_free_pages();
		nr_failed += run_rounds(round, NR_ROUNDS);
		lost = lost_pages(before);
		if (lost <= TOLERANCE_PAGES)
			break;
		diag("%s: %ld pages less than before", what, lost);
	}
	is(nr_failed, 0, "%s: %d rounds or more", what, NR_WARM_UP + NR_ROUNDS);
	between(lost, -NR_FRAMES * NR_ROUNDS, TOLERANCE_PAGES, "%s: every page is back", what);
}

static int thrash_shared(void *arg)
{
	thrash(arg);
	return 0;
}

/* What is killed again and again rewrites each page with what it holds already. */
static void survivors_work_on(void)
{
	struct zone zone = zone_sized(256, 32);
	struct vmzone_stats stats;
	size_t bad = 0;

	pattern_fill(&zone, pattern, 0, 256);
	for (int i = 0; i < 10; i++) {
		pid_t pid = child_start(thrash_shared, &zone);

		usleep(20000);
		kill(pid, SIGKILL);
		child_wait(pid);
		bad += pattern_bad(&zone, pattern, 0, 256);
	}
	is(bad, 0, "a process killed in a fault spoils nothing");
	pattern_fill(&zone, pattern, 0, 256);
	is(pattern_bad(&zone, pattern, 0, 256), 0, "and every slot can be written after it");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, 256), 256, "and discarded");
	stats = zone_emptied(&zone);
	is(stats.resident_frames, 0, "which gives every frame back");
	ok(stats_hold(&stats), "the counters hold");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(180);
	discard_returns_frames();
	partial_unmap();
	comes_back(unmap_and_close, "munmap and close");
	comes_back(pinned_to_the_end, "pinned, close, munmap");
	comes_back(exit_under_load, "exit under load");
	comes_back(killed_by_parent, "SIGKILL under load");
	survivors_work_on();
	return tap_end();
}
