// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fatal signal at each wait. All frames of a zone are held by a pipe, so whoever
 * wants one waits, with a slot of its own or with the zone's locks; others wait for
 * that slot, or for those locks. A child is killed at the first sight of its kernel
 * stack in the wait that is meant, and is gone at once. Afterwards the zone serves
 * those who have it still: nothing is lost, pinned, busy or set in part.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR_FRAMES 32UL
#define NR_SLOTS 96UL
/* The slots that are held are the first; of the others one is being paged in. */
#define FILLING 60UL
#define ELSE 40UL
#define HOLE NR_SLOTS		/* behind those with contents */
#define FEWER_FRAMES 16UL

/* How long a wait lasts for those who are not killed is two seconds or more. */
#define PROMPT_MS 700
#define SIGHT_MS 10000
#define NR_TRIES 5

static struct zone zone;
static int ends[2];

static const struct pattern pattern = { .fill = FILL_TEXT, .id = 1 };

/**
 * struct wait - somewhere to be killed
 * @name: what waits for what
 * @helper: what another process does meanwhile, again and again; NULL: nothing
 * @act: what is to wait, again and again
 * @in: functions that the wait is in. What a lock makes the kernel sleep in,
 *	/proc/PID/stack leaves out
 * @for_lock: and in none that waits for anything but a lock, or for a while to pass
 */
struct wait {
	const char *name;
	void (*helper)(void);
	void (*act)(void);
	const char *in[2];
	bool for_lock;
};

static void touch(size_t slot)
{
	uint8_t byte;

	copy_guarded(&byte, slot_at(&zone, slot), 1);
}

static void touch_filling(void)
{
	touch(FILLING);
}

static void touch_else(void)
{
	touch(ELSE);
}

static void read_else(void)
{
	uint8_t page[page_size];

	(void)!pread(zone.fd, page, page_size, ELSE * page_size);
}

/* What is there already. */
static void write_else(void)
{
	uint8_t page[page_size];

	pattern_make(page, pattern, ELSE);
	(void)!pwrite(zone.fd, page, page_size, ELSE * page_size);
}

static void write_hole(void)
{
	(void)!pwrite(zone.fd, "x", 1, HOLE * page_size);
}

static void page_in(void)
{
	zone_range(&zone, VMZONE_IOC_PAGE_IN, ELSE, 4);
}

static void page_out(void)
{
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, NR_FRAMES, NR_SLOTS - NR_FRAMES);
}

/* Whose pages the pipe holds; some tries are made, with a wait before each. */
static void page_out_held(void)
{
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_FRAMES);
}

static void pin(void)
{
	if (zone_range(&zone, VMZONE_IOC_PIN, ELSE, 4) >= 0)
		zone_range(&zone, VMZONE_IOC_UNPIN, ELSE, 4);
}

static void unpin(void)
{
	zone_range(&zone, VMZONE_IOC_UNPIN, ELSE, 4);
}

static void discard_filling(void)
{
	zone_range(&zone, VMZONE_IOC_DISCARD, FILLING, 1);
}

static void punch_filling(void)
{
	fallocate(zone.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FILLING * page_size,
		  page_size);
}

static void willneed(void)
{
	posix_fadvise(zone.fd, ELSE * page_size, 4 * page_size, POSIX_FADV_WILLNEED);
}

static void populate(void)
{
	madvise(slot_at(&zone, ELSE), 4 * page_size, MADV_POPULATE_READ);
}

static void read_remote(void)
{
	uint8_t page[page_size];
	struct iovec to = { page, page_size }, from = { slot_at(&zone, ELSE), page_size };

	(void)!process_vm_readv(getppid(), &to, 1, &from, 1, 0);
}

static void set_frames(void)
{
	zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_FRAMES,
					       .frames = FEWER_FRAMES });
}

/* Has all copies dropped of slots with a frame, and waits for the one being paged in. */
static void set_store_limit(void)
{
	zone_set(zone.fd, (struct vmzone_set){ .which = VMZONE_SET_STORE_LIMIT,
					       .store_limit = page_size });
}

static void truncate_filling(void)
{
	(void)!ftruncate(zone.fd, FILLING * page_size);
}

static const struct wait waits[] = {
	{ .name = "a fault, for a frame", .act = touch_else,
	  .in = { "vmzone_reclaim_frame", "vmzone_fault" } },
	{ .name = "a fault, for a slot", .helper = touch_filling, .act = touch_filling,
	  .in = { "vmzone_slot_wait", "vmzone_fault" } },
	{ .name = "read, for a frame", .act = read_else,
	  .in = { "vmzone_reclaim_frame", "vmzone_read_iter" } },
	{ .name = "write, for a frame", .act = write_else,
	  .in = { "vmzone_reclaim_frame", "vmzone_write_iter" } },
	{ .name = "write to a hole, for a frame", .act = write_hole,
	  .in = { "vmzone_reclaim_frame", "vmzone_write_iter" } },
	{ .name = "PAGE_IN, for a frame", .act = page_in,
	  .in = { "vmzone_reclaim_frame", "vmzone_range_page_in" } },
	{ .name = "PIN, for a frame", .act = pin,
	  .in = { "vmzone_reclaim_frame", "vmzone_range_pin" } },
	{ .name = "PAGE_OUT, for a slot", .helper = touch_filling, .act = page_out,
	  .in = { "vmzone_slot_wait", "vmzone_range_page_out" } },
	{ .name = "PAGE_OUT, for a page that is held", .act = page_out_held,
	  .in = { "vmzone_range_page_out", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "DISCARD, for a slot", .helper = touch_filling, .act = discard_filling,
	  .in = { "vmzone_slot_wait", "vmzone_range_discard" } },
	{ .name = "a hole, for a slot", .helper = touch_filling, .act = punch_filling,
	  .in = { "vmzone_slot_wait", "vmzone_range_discard" } },
	{ .name = "PIN, for the lock of ranges", .helper = page_in, .act = pin,
	  .in = { "vmzone_range_pin", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "UNPIN, for the lock of ranges", .helper = page_in, .act = unpin,
	  .in = { "vmzone_range_unpin", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "DISCARD, for the lock of ranges", .helper = page_in, .act = discard_filling,
	  .in = { "vmzone_range_discard", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "a hole, for the lock of ranges", .helper = page_in, .act = punch_filling,
	  .in = { "vmzone_range_discard", "vfs_fallocate" }, .for_lock = true },
	{ .name = "PAGE_IN, for the lock of ranges", .helper = page_in, .act = page_in,
	  .in = { "vmzone_range_page_in", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "SET of frames, for the lock of ranges", .helper = page_in, .act = set_frames,
	  .in = { "vmzone_settings_apply", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "SET of frames, for frames", .act = set_frames,
	  .in = { "vmzone_reclaim_shrink", "vmzone_settings_apply" } },
	{ .name = "SET of frames, for another SET", .helper = set_frames, .act = set_frames,
	  .in = { "vmzone_settings_apply", "vmzone_ioctl" }, .for_lock = true },
	{ .name = "SET of the store's limit, for a slot", .helper = touch_filling,
	  .act = set_store_limit, .in = { "vmzone_slot_wait", "vmzone_settings_apply" } },
	{ .name = "POSIX_FADV_WILLNEED, for a frame", .act = willneed,
	  .in = { "vmzone_reclaim_frame", "vmzone_range_prefetch" } },
	{ .name = "MADV_POPULATE_READ, for a frame", .act = populate,
	  .in = { "vmzone_reclaim_frame", "do_madvise" } },
	{ .name = "process_vm_readv, for a frame", .act = read_remote,
	  .in = { "vmzone_reclaim_frame", "process_vm_rw" } },
	/* The last, since they may go through before they are seen. */
	{ .name = "ftruncate, for the lock of ranges", .helper = page_in, .act = truncate_filling,
	  .in = { "vmzone_settings_resize", "do_truncate" }, .for_lock = true },
	{ .name = "ftruncate, for a slot", .helper = touch_filling, .act = truncate_filling,
	  .in = { "vmzone_slot_wait", "vmzone_settings_resize" } },
};

static void wait_until(bool (*done)(void), const char *what)
{
	for (int ms = 0; ms < SIGHT_MS; ms++) {
		if (done())
			return;
		usleep(1000);
	}
	bail("%s", what);
}

static bool hold_all(void)
{
	struct iovec slots = { .iov_base = zone.map, .iov_len = NR_FRAMES * page_size };
	uint8_t page[page_size];
	ssize_t held;

	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
		bail("PAGE_OUT of all");
	held = vmsplice(ends[1], &slots, 1, SPLICE_F_NONBLOCK);
	if (held == (ssize_t)slots.iov_len)
		return true;
	for (; held > 0; held -= page_size)
		(void)!read(ends[0], page, page_size);
	return false;
}

static void let_go(void)
{
	uint8_t page[page_size];

	for (size_t slot = 0; slot < NR_FRAMES; slot++)
		if (read(ends[0], page, page_size) != (ssize_t)page_size ||
		    !pattern_good(page, pattern, slot))
			bail("what the pipe held of slot %zu", slot);
}

static int do_for_ever(void *arg)
{
	void (*act)(void);

	memcpy(&act, arg, sizeof(act));
	for (;;)
		act();
	return 0;
}

static pid_t start(void (*const *act)(void))
{
	return child_start(do_for_ever, (void *)act);
}

static void read_of(pid_t pid, const char *file, char *text, size_t len)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s", path);
	got = read(fd, text, len - 1);
	text[got > 0 ? got : 0] = 0;
	close(fd);
}

/* Whether a child sleeps, and its kernel stack is in the wait. */
static bool is_in(pid_t pid, const struct wait *wait)
{
	static const char *const others[] = {
		"vmzone_reclaim_", "vmzone_slot_wait", "vmzone_frame_lock",
	};
	char stat[512], stack[8192];

	read_of(pid, "stat", stat, sizeof(stat));
	read_of(pid, "stack", stack, sizeof(stack));
	if (!strstr(stat, ") D ") || !strstr(stack, wait->in[0]) || !strstr(stack, wait->in[1]))
		return false;
	for (size_t i = 0; wait->for_lock && i < ARRAY_SIZE(others); i++)
		if (strstr(stack, others[i]))
			return false;
	return true;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Return: how long its end took, or -1 when it was never seen there. */
static long kill_in(const struct wait *wait)
{
	pid_t pid = start(&wait->act);
	bool seen = false;
	long begin;

	for (int ms = 0; !seen && ms < SIGHT_MS; ms++) {
		seen = is_in(pid, wait);
		if (!seen)
			usleep(1000);
	}
	begin = now_ms();
	kill(pid, SIGKILL);
	child_wait(pid);
	return seen ? now_ms() - begin : -1;
}

static bool none_busy(void)
{
	return !zone_count(&zone, 0, NR_SLOTS, VMZONE_SLOT_BUSY, VMZONE_SLOT_BUSY);
}

static bool only_filling_is_lost(void)
{
	return all_zero(slot_at(&zone, FILLING), page_size) ||
	       pattern_good(slot_at(&zone, FILLING), pattern, FILLING);
}

/* All of the write, or nothing; leaves it empty. */
static bool hole_is_as_written(void)
{
	uint8_t page[page_size];
	bool right;

	if (pread(zone.fd, page, page_size, HOLE * page_size) != (ssize_t)page_size)
		return false;
	right = (!page[0] || page[0] == 'x') && all_zero(page + 1, page_size - 1);
	if (!right)
		diag("  the hole is not as it was written");
	return zone_range(&zone, VMZONE_IOC_DISCARD, HOLE, 1) >= 0 && right;
}

/* What the zone ought to be like for those who have it still. */
static bool serves(const struct vmzone_set *before)
{
	struct vmzone_set set = zone_get(zone.fd);
	struct vmzone_stats stats;
	size_t bad;

	/* A request that went through may have discarded it, or cut it off. */
	if (set.bytes != before->bytes && ftruncate(zone.fd, before->bytes))
		bail("ftruncate");
	wait_until(none_busy, "a slot stays busy");
	bad = !only_filling_is_lost();
	if (set.bytes == before->bytes)
		bad += pattern_bad(&zone, pattern, FILLING + 1, NR_SLOTS - FILLING - 1);
	bad += pattern_bad(&zone, pattern, 0, FILLING);
	pattern_fill(&zone, pattern, FILLING, NR_SLOTS - FILLING);
	bad += !hole_is_as_written();
	if (set.frames != before->frames || set.store_limit != before->store_limit) {
		diag("  SET was killed, and something is set");
		bad++;
	}
	if (zone_range(&zone, VMZONE_IOC_PIN, 0, 8) != 8 ||
	    zone_range(&zone, VMZONE_IOC_UNPIN, 0, 8) != 8) {
		diag("  PIN and UNPIN do not work");
		bad++;
	}
	stats = zone_stats(&zone);
	if (stats.pinned_slots)
		diag("  %llu slots are pinned", (unsigned long long)stats.pinned_slots);
	return !bad && !stats.pinned_slots && stats_hold(&stats);
}

static void sweep_wait(const struct wait *wait)
{
	struct vmzone_set before = zone_get(zone.fd);
	pid_t helper;
	bool served = true;
	long took = -1;

	/* On a machine that is busy with other things the end, or its sight, may be late. */
	for (int i = 0; i < NR_TRIES && (took < 0 || took > PROMPT_MS) && served; i++) {
		wait_until(hold_all, "the frames cannot be held");
		helper = wait->helper ? start(&wait->helper) : 0;
		took = kill_in(wait);
		if (helper) {
			kill(helper, SIGKILL);
			child_wait(helper);
		}
		let_go();
		served = serves(&before);
	}
	if (took < 0)
		diag("  it was never seen in %s and %s", wait->in[0], wait->in[1]);
	else
		diag("  gone after %ld ms", took);
	ok(took >= 0 && took <= PROMPT_MS && served,
	   "killed in %s: gone at once, and the zone serves the others", wait->name);
}

int main(void)
{
	test_begin(1500);
	zone = zone_sized(NR_SLOTS + 1, NR_FRAMES);
	if (pipe2(ends, O_CLOEXEC) || fcntl(ends[1], F_SETPIPE_SZ, NR_FRAMES * page_size) < 0)
		bail("pipe");
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		sweep_wait(&waits[i]);
	zone_drop(&zone);
	return tap_end();
}
