// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what the kernel's own handling of memory does with the pages of a
 * zone: NUMA placement, compaction, drop_caches, KSM, memory failure and
 * userfaultfd(2). Pages of a zone are not the kernel's to move or to merge, so
 * most of it passes them over, and what they hold is never touched.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

#define FEW 16UL
#define NR_ROUNDS 6

static long bind_to_node(const struct zone *map, long flags)
{
	unsigned long nodes = 1;

	return or_errno(syscall(SYS_mbind, map->map, map->nr_slots * page_size, MPOL_BIND, &nodes,
				sizeof(nodes) * 8, flags));
}

static long unbind(const struct zone *map, long flags)
{
	return or_errno(syscall(SYS_mbind, map->map, map->nr_slots * page_size, MPOL_DEFAULT, NULL,
				0, flags));
}

/* Asks for FEW touched pages to be on a node, or where they are. Return: what is said of the first. */
static long node_of(const struct zone *map, long node)
{
	int nodes[FEW], status[FEW];
	void *pages[FEW];

	for (size_t i = 0; i < FEW; i++) {
		pages[i] = slot_at(map, i);
		nodes[i] = node;
		status[i] = 12345;
	}
	if (syscall(SYS_move_pages, 0, FEW, pages, node < 0 ? NULL : nodes, status, MPOL_MF_MOVE))
		return -errno;
	for (size_t i = 1; i < FEW; i++)
		if (status[i] != status[0])
			return 12345;
	return status[0];
}

static long node_of_touched(const struct zone *map, long node)
{
	touch_read(map, 0, FEW);
	return node_of(map, node);
}

static long move_all(const struct zone *map, long node)
{
	unsigned long from = ~0UL, to = 1UL << node;

	touch_read(map, 0, FEW);
	return or_errno(syscall(SYS_migrate_pages, 0, sizeof(from) * 8, &from, &to));
}

static void placement(void)
{
	if (access("/sys/devices/system/node", F_OK)) {
		skip("this kernel has no NUMA", "mbind, move_pages and migrate_pages");
		return;
	}
	both(bind_to_node, 0, 0, "mbind to the first node");
	both(bind_to_node, MPOL_MF_MOVE, 0, "mbind with MPOL_MF_MOVE");
	both(bind_to_node, MPOL_MF_MOVE_ALL | MPOL_MF_STRICT, 0, "and with MPOL_MF_STRICT");
	kept("the contents are right");
	both(unbind, 0, 0, "mbind to nothing");
	if (node_of(&memfd, -1) < 0) {
		skip("this kernel moves no pages between nodes", "move_pages and migrate_pages");
		return;
	}
	both(node_of_touched, -1, 0, "move_pages tells the node of what is mapped");
	differ(node_of, -1, -ENOENT, 0, "and ENOENT of what is out");
	both(node_of_touched, 0, 0, "move_pages to where they are");
	both(move_all, 0, 0, "migrate_pages to the first node");
	kept("the contents are right");
	if (access("/sys/devices/system/node/node1", F_OK)) {
		skip("one NUMA node only", "move_pages to another node");
		return;
	}
	differ(node_of_touched, 1, -EBUSY, 1, "move_pages to another node: EBUSY");
	kept("the contents are right");
}

static atomic_bool finished;
static atomic_int nr_writes;

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

struct disturbance {
	const char *path;
	const char *text;
};

static void *disturb(void *arg)
{
	struct disturbance *what = arg;

	do {
		if (!write_to(what->path, what->text))
			return (void *)1;
		nr_writes++;
	} while (!finished);
	return NULL;
}

static void while_disturbed(struct disturbance what, const char *name)
{
	struct vmzone_stats before, after;
	pthread_t thread;
	size_t bad = 0;
	void *failed;

	if (access(what.path, W_OK)) {
		skip("this kernel has none, or this is not root", "%s", name);
		return;
	}
	before = zone_stats(&zone);
	finished = false;
	nr_writes = 0;
	if (pthread_create(&thread, NULL, disturb, &what))
		bail("pthread_create");
	for (int i = 0; i < NR_ROUNDS || !nr_writes; i++) {
		struct pattern newer = { .fill = FILL_MIX, .id = 2, .version = i };

		pattern_fill(&zone, newer, 0, TWINS_SLOTS);
		bad += pattern_bad(&zone, newer, 0, TWINS_SLOTS);
	}
	finished = true;
	pthread_join(thread, &failed);
	after = zone_stats(&zone);
	is(bad + !!failed, 0, "%s while a zone pages: the contents are right", name);
	ok(after.page_ins - before.page_ins > NR_ROUNDS * TWINS_SLOTS / 2, "and it did page");
	diag("  %d times", (int)nr_writes);
	pattern_fill(&zone, pattern, 0, TWINS_SLOTS);
}

static void disturbances(void)
{
	while_disturbed((struct disturbance){ "/proc/sys/vm/compact_memory", "1" }, "compaction");
	while_disturbed((struct disturbance){ "/proc/sys/vm/drop_caches", "3" }, "drop_caches");
}

/* The pages are the same over and over, and merging is on. */
static void same_page_merging(void)
{
	struct pattern alike = { .fill = FILL_ZERO };
	const char *run = "/sys/kernel/mm/ksm/run";

	if (!write_to(run, "1")) {
		skip("no KSM", "KSM");
		return;
	}
	write_to("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	is(madvise(zone.map, TWINS_SLOTS * page_size, MADV_MERGEABLE), 0, "MADV_MERGEABLE");
	pattern_fill(&zone, alike, 0, FEW);
	usleep(100000);
	is(read_number("/sys/kernel/mm/ksm/pages_shared", NULL), 0, "KSM merges nothing of a zone");
	write_to(run, "2");
	write_to(run, "0");
	pattern_fill(&zone, pattern, 0, FEW);
	kept("the contents are right");
}

/* In a zone of its own, which may lose the page. Return: errno, 200 without harm done. */
static int fail_memory(void *arg)
{
	struct zone hurt = zone_sized(64, 16);
	int advice = *(int *)arg, error = 0;
	uint8_t byte;

	pattern_fill(&hurt, pattern, 0, 64);
	touch_read(&hurt, 3, 1);
	if (madvise(slot_at(&hurt, 3), page_size, advice))
		error = errno;
	if (pattern_bad(&hurt, pattern, 0, 3) || pattern_bad(&hurt, pattern, 4, 60))
		return 201;
	if (!copy_guarded(&byte, slot_at(&hurt, 3), 1) && pattern_bad(&hurt, pattern, 3, 1))
		return 202;
	zone_drop(&hurt);
	return error ?: 200;
}

static void memory_failure(int advice, const char *name)
{
	int status = child_run(fail_memory, &advice);

	diag("  %s: %s", name, status == 200 ? "done" : strerror(status));
	ok(status <= 200, "%s of a page of a zone: the others are right, and it is right or SIGBUS",
	   name);
}

static const struct {
	uint64_t mode;
	const char *name;
} uffd_modes[] = {
	{ UFFDIO_REGISTER_MODE_MISSING, "missing pages" },
	{ UFFDIO_REGISTER_MODE_WP, "write protection" },
	{ UFFDIO_REGISTER_MODE_MINOR, "minor faults" },
};

static long uffd_register(const struct zone *map, long mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)map->map, map->nr_slots * page_size },
		.mode = mode,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = or_errno(ioctl(fd, UFFDIO_API, &api)) ?:
	      or_errno(ioctl(fd, UFFDIO_REGISTER, &range));
	close(fd);
	return ret;
}

static void user_faults(void)
{
	if (uffd_register(&memfd, UFFDIO_REGISTER_MODE_MISSING)) {
		skip("no userfaultfd here", "userfaultfd");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(uffd_modes); i++) {
		all_out();
		is(uffd_register(&zone, uffd_modes[i].mode), -EINVAL,
		   "userfaultfd: registering a zone for %s: EINVAL", uffd_modes[i].name);
	}
	kept("the contents are right");
}

int main(void)
{
	test_begin(120);
	twins_begin();
	placement();
	disturbances();
	same_page_merging();
	memory_failure(MADV_HWPOISON, "MADV_HWPOISON");
	memory_failure(MADV_SOFT_OFFLINE, "MADV_SOFT_OFFLINE");
	user_faults();
	twins_end();
	return tap_end();
}
