// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a forked child shares its parent's zone: each sees what the other
 * writes, also of pages that were out; many children thrash it at once; and the
 * zone outlives each of them.
 */
#include "tap.h"
#include "zone.h"

#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 128
#define NR_CHILDREN 8
#define NR_TOUCHES 400

static struct zone zone;

static const struct pattern by_parent = { .fill = FILL_MIX, .id = 1 };
static const struct pattern by_child = { .fill = FILL_MIX, .id = 2 };

/* The lower half is the parent's, the upper the child's. */
static int check_and_write(void *arg)
{
	size_t bad = pattern_bad(&zone, by_parent, 0, NR_SLOTS / 2);

	(void)arg;
	pattern_fill(&zone, by_child, NR_SLOTS / 2, NR_SLOTS / 2);
	return bad ? 1 : 0;
}

static void both_ways(void)
{
	struct vmzone_stats stats;

	pattern_fill(&zone, by_parent, 0, NR_SLOTS / 2);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS / 4);
	is(child_run(check_and_write, NULL), 0, "a child sees what its parent wrote");
	is(pattern_bad(&zone, by_child, NR_SLOTS / 2, NR_SLOTS / 2), 0,
	   "the parent sees what its child wrote");
	is(pattern_bad(&zone, by_parent, 0, NR_SLOTS / 2), 0, "and still what it wrote itself");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "the counters hold");
}

/* Touches a page that both have mapped; arg: a pipe from the parent, and one to it. */
static int answer(void *arg)
{
	uint32_t *question = (uint32_t *)zone.map, *reply = (uint32_t *)slot_at(&zone, 1);
	int *ends = arg;
	char token;

	for (uint32_t i = 1; read(ends[0], &token, 1) == 1; i++) {
		if (peek(question) != i)
			return 1;
		poke(reply, i);
		if (write(ends[3], &token, 1) != 1)
			return 2;
	}
	return 0;
}

/* One page each way, now mapped by both, now out. */
static void ping_pong(void)
{
	uint32_t *question = (uint32_t *)zone.map, *reply = (uint32_t *)slot_at(&zone, 1);
	size_t nr_wrong = 0;
	int ends[4];
	pid_t pid;
	char token = 0;

	if (pipe(ends) || pipe(ends + 2))
		bail("pipe");
	pid = fork();
	if (pid < 0)
		bail("fork");
	if (!pid) {
		close(ends[1]);
		_exit(answer(ends));
	}
	close(ends[0]);
	for (uint32_t i = 1; i <= 100; i++) {
		poke(question, i);
		if (i % 3 == 0)
			zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 2);
		if (write(ends[1], &token, 1) != 1 || read(ends[2], &token, 1) != 1)
			break;
		nr_wrong += peek(reply) != i;
	}
	close(ends[1]);
	close(ends[2]);
	close(ends[3]);
	is(child_wait(pid), 0, "the child saw each of 100 writes at once");
	is(nr_wrong, 0, "the parent saw each answer at once");
}

/* Child number arg writes its slots, and checks them and its brothers' below them. */
static int thrash(void *arg)
{
	size_t self = (uintptr_t)arg, bad = 0;
	uint64_t random = test_seed + self;
	uint32_t version[NR_SLOTS] = { 0 };

	for (int i = 0; i < NR_TOUCHES; i++) {
		size_t slot = random_next(&random) % (NR_SLOTS / NR_CHILDREN) * NR_CHILDREN + self;
		struct pattern mine = { .fill = FILL_MIX, .id = self, .version = version[slot] };

		if (version[slot])
			bad += pattern_bad(&zone, mine, slot, 1);
		mine.version = ++version[slot];
		pattern_fill(&zone, mine, slot, 1);
	}
	for (size_t slot = self; slot < NR_SLOTS; slot += NR_CHILDREN) {
		struct pattern last = { .fill = FILL_MIX, .id = 100 + self };

		pattern_fill(&zone, last, slot, 1);
	}
	return bad ? 1 : 0;
}

static void many_children(void)
{
	struct vmzone_stats stats;
	size_t bad = 0, nr_failed = 0;
	pid_t pids[NR_CHILDREN];

	for (uintptr_t i = 0; i < NR_CHILDREN; i++)
		pids[i] = child_start(thrash, (void *)i);
	for (size_t i = 0; i < NR_CHILDREN; i++)
		nr_failed += child_wait(pids[i]) != 0;
	is(nr_failed, 0, "%d children thrash the zone, and each page is right", NR_CHILDREN);
	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		struct pattern last = { .fill = FILL_MIX, .id = 100 + slot % NR_CHILDREN };

		bad += pattern_bad(&zone, last, slot, 1);
	}
	is(bad, 0, "after they ended, the parent finds what each left");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && stats.peak_resident_frames > NR_FRAMES / 2 && !stats.sigbus,
	   "within the budget and without SIGBUS");
}

/* A child that unmaps and discards its descriptor takes nothing from the parent. */
static int let_go(void *arg)
{
	(void)arg;
	return munmap(zone.map, NR_SLOTS * page_size) || close(zone.fd);
}

/* The grandchild is the last but one user: the middle one is gone when it writes. */
static int fork_again(void *arg)
{
	(void)arg;
	return child_run(check_and_write, NULL);
}

static void lifetimes(void)
{
	pattern_fill(&zone, by_parent, 0, NR_SLOTS / 2);
	is(child_run(let_go, NULL), 0, "a child unmaps and closes the zone");
	is(pattern_bad(&zone, by_parent, 0, NR_SLOTS / 2), 0, "the parent keeps it");
	is(child_run(fork_again, NULL), 0, "a grandchild sees it too");
	is(pattern_bad(&zone, by_child, NR_SLOTS / 2, NR_SLOTS / 2), 0,
	   "and its writes are seen");
	close(zone.fd);
	is(pattern_bad(&zone, by_parent, 0, NR_SLOTS / 2), 0,
	   "the mapping keeps the zone after its last descriptor");
	is(child_run(check_and_write, NULL), 0, "also for a new child");
	is(munmap(zone.map, NR_SLOTS * page_size), 0, "and then it ends");
}

int main(void)
{
	test_begin(90);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	both_ways();
	ping_pong();
	many_children();
	lifetimes();
	return tap_end();
}
