// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sweeps the allocations of what uses a zone's memory: faults of every kind, read
 * and write, madvise and posix_fadvise, munmap, mprotect and mremap of a part,
 * and access by the kernel and through /proc. A fault that fails in the kernel's
 * own part of it is made again by the kernel and succeeds then; one that fails in
 * vmzone's is a SIGBUS that the counters know of. After each failure every slot
 * holds what it held, or what the call was to make of it.
 */
#define _GNU_SOURCE
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static size_t fresh;		/* for a first touch */
static uint64_t sigbus_before;
static int mem_fd;		/* /proc/self/mem */

static void note_sigbus(void)
{
	sigbus_before = zone_stats(&zone).sigbus;
}

static void prepare_fresh(void)
{
	all_anew();
	fresh = fresh_slot();
	pool_drain();
	note_sigbus();
}

static void discard_fresh(long ret)
{
	(void)ret;
	must(zone_range(&zone, VMZONE_IOC_DISCARD, fresh, 1), "DISCARD");
}

static void prepare_out(void)
{
	anew_out();
	note_sigbus();
}

static void prepare_in(void)
{
	anew_in();
	note_sigbus();
}

/* A fault is good, or SIGBUS; EFAULT stands for that. */
static long touched(int signal_nr)
{
	return signal_nr == SIGBUS ? -EFAULT : signal_nr ? -EINTR : 0;
}

static long act_first_read(void)
{
	return touched(copy_guarded(pages, slot_at(&zone, fresh), 1));
}

static long act_first_write(void)
{
	return touched(copy_guarded(slot_at(&zone, fresh), "x", 1));
}

/* SIGBUS comes with a count, and a count with SIGBUS. */
static bool sigbus_counted(long ret)
{
	uint64_t now = zone_stats(&zone).sigbus;
	uint64_t want = sigbus_before + (ret == -EFAULT);

	sigbus_before = now;
	if (now != want)
		diag("  sigbus is %llu, should be %llu", (unsigned long long)now,
		     (unsigned long long)want);
	return now == want;
}

static bool zero_counted(long ret)
{
	return sigbus_counted(ret) && (ret < 0 || !pages[0]);
}

static long act_read_faults(void)
{
	return touched(copy_guarded(pages, slot_at(&zone, FIRST), sizeof(pages)));
}

static long act_write_faults(void)
{
	uint8_t page[page_size];

	version_make(page, FIRST, 2);
	return touched(copy_guarded(slot_at(&zone, FIRST), page, page_size));
}

static void prepare_write_out(void)
{
	prepare_out();
	expect_change(FIRST, 1, 2);
}

static void prepare_unmapped(void)
{
	prepare_in();
	second_map();
}

static long act_fault_elsewhere(void)
{
	return touched(copy_guarded(pages, second + FIRST * page_size, sizeof(pages)));
}

static bool read_right(long ret)
{
	return ret < (long)sizeof(pages) || pages_are(1);
}

static bool read_faults_right(long ret)
{
	return sigbus_counted(ret) && (ret < 0 || pages_are(1));
}

static ssize_t read_from(size_t done)
{
	return pread(zone.fd, pages + done, sizeof(pages) - done, FIRST * page_size + done);
}

static ssize_t write_from(size_t done)
{
	return pwrite(zone.fd, pages + done, sizeof(pages) - done, FIRST * page_size + done);
}

static ssize_t remote_from(size_t done)
{
	struct iovec to = { pages + done, sizeof(pages) - done };
	struct iovec from = { slot_at(&zone, FIRST) + done, to.iov_len };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0);
}

static long act_read(void)
{
	return all_of(read_from);
}

static long act_process_vm_readv(void)
{
	return all_of(remote_from);
}

static long act_proc_mem(void)
{
	long ret = or_errno(pread(mem_fd, pages, sizeof(pages), (uintptr_t)slot_at(&zone, FIRST)));

	/* Where it cannot go on it gives what it has. */
	return ret >= 0 && ret < (long)sizeof(pages) ? -EIO : ret;
}

static void prepare_write(void)
{
	prepare_out();
	pages_make(3);
	expect_change(FIRST, PART, 3);
}

static long act_write(void)
{
	return all_of(write_from);
}

static long act_write_fresh(void)
{
	return or_errno(pwrite(zone.fd, "x", 1, fresh * page_size));
}

static long act_read_hole(void)
{
	return or_errno(pread(zone.fd, pages, 1, fresh * page_size));
}

static long advise(int advice)
{
	return or_errno(madvise(slot_at(&zone, FIRST), PART * page_size, advice));
}

static long act_populate_read(void)
{
	return advise(MADV_POPULATE_READ);
}

static long act_populate_write(void)
{
	return advise(MADV_POPULATE_WRITE);
}

static long act_willneed(void)
{
	return advise(MADV_WILLNEED);
}

static long act_dontneed(void)
{
	return advise(MADV_DONTNEED);
}

static void prepare_remove(void)
{
	prepare_out();
	expect_change(FIRST, PART, 0);
}

static long act_remove(void)
{
	return advise(MADV_REMOVE);
}

/* From the middle of a slot to the middle of another: both are paged in. */
static long act_punch(void)
{
	return or_errno(fallocate(zone.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  FIRST * page_size - page_size / 2, (PART + 1) * page_size));
}

static uint8_t edge[2][4096];

static void prepare_punch(void)
{
	prepare_remove();
	version_make(edge[0], FIRST - 1, 1);
	version_make(edge[1], FIRST + PART, 1);
}

/* The kept half of each edge, then it is made whole again for the model. */
static bool edges_kept(long ret)
{
	uint8_t *left = slot_at(&zone, FIRST - 1), *right = slot_at(&zone, FIRST + PART);
	size_t half = page_size / 2;
	bool kept = !memcmp(left, edge[0], half) && !memcmp(right + half, edge[1] + half, half);

	if (ret >= 0)
		kept &= all_zero(left + half, half) && all_zero(right, half);
	if (!kept)
		diag("  an edge of the hole is wrong");
	memcpy(left, edge[0], page_size);
	memcpy(right, edge[1], page_size);
	return kept;
}

static long act_fadvise_in(void)
{
	return -posix_fadvise(zone.fd, FIRST * page_size, PART * page_size, POSIX_FADV_WILLNEED);
}

static void prepare_dirty(void)
{
	all_anew();
	all_dirty();
}

static long act_fadvise_out(void)
{
	return -posix_fadvise(zone.fd, FIRST * page_size, PART * page_size, POSIX_FADV_DONTNEED);
}

static long act_munmap_part(void)
{
	return or_errno(munmap(second + page_size, page_size));
}

static long act_mprotect_part(void)
{
	return or_errno(mprotect(second + page_size, page_size, PROT_READ));
}

static void *moved;

static long act_mremap(void)
{
	void *to = mremap(second, NR_USED * page_size, NR_USED * page_size,
			  MREMAP_MAYMOVE | MREMAP_FIXED, moved);

	if (to == MAP_FAILED)
		return -errno;
	return 0;
}

static void prepare_mremap(void)
{
	prepare_unmapped();
	act_fault_elsewhere();
	moved = mmap(NULL, NR_USED * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (moved == MAP_FAILED)
		bail("mmap of a place");
}

static bool moved_right(long ret)
{
	return ret < 0 || (!copy_guarded(pages, moved + FIRST * page_size, sizeof(pages)) &&
			   pages_are(1));
}

/* For want of memory the kernel may have left what it moved where it was, too. */
static void undo_mremap(long ret)
{
	second_unmap(ret);
	munmap(moved, NR_USED * page_size);
}

static long act_poll(void)
{
	struct pollfd poll_fd = { .fd = zone.fd, .events = POLLIN | POLLPRI };

	return or_errno(poll(&poll_fd, 1, 0));
}

static long act_seek(void)
{
	return or_errno(lseek(zone.fd, 0, SEEK_HOLE));
}

static long act_mincore(void)
{
	return or_errno(mincore(slot_at(&zone, 0), NR_USED * page_size, pages));
}

static const struct call calls[] = {
	{ .name = "first touch by a read", .prepare = prepare_fresh, .act = act_first_read,
	  .holds = zero_counted, .undo = discard_fresh, .also = EFAULT },
	{ .name = "first touch by a write", .prepare = prepare_fresh, .act = act_first_write,
	  .holds = sigbus_counted, .undo = discard_fresh, .also = EFAULT },
	{ .name = "major faults by reads", .prepare = prepare_out, .act = act_read_faults,
	  .holds = read_faults_right, .also = EFAULT },
	{ .name = "a major fault by a write", .prepare = prepare_write_out, .act = act_write_faults,
	  .holds = sigbus_counted, .also = EFAULT },
	{ .name = "minor faults of a new mapping", .prepare = prepare_unmapped,
	  .act = act_fault_elsewhere, .holds = read_faults_right, .undo = second_unmap,
	  .also = EFAULT },
	{ .name = "read", .prepare = prepare_out, .act = act_read, .holds = read_right },
	{ .name = "read of a hole", .prepare = prepare_fresh, .act = act_read_hole, .frugal = true,
	  .never_fails = true },
	{ .name = "write", .prepare = prepare_write, .act = act_write },
	{ .name = "write to a hole", .prepare = prepare_fresh, .act = act_write_fresh,
	  .undo = discard_fresh },
	{ .name = "process_vm_readv", .prepare = prepare_out, .act = act_process_vm_readv,
	  .holds = read_right, .also = EFAULT },
	{ .name = "read of /proc/PID/mem", .prepare = prepare_out, .act = act_proc_mem,
	  .holds = read_right, .also = EIO },
	{ .name = "MADV_POPULATE_READ", .prepare = prepare_out, .act = act_populate_read,
	  .also = EFAULT },
	{ .name = "MADV_POPULATE_WRITE", .prepare = prepare_out, .act = act_populate_write,
	  .also = EFAULT },
	{ .name = "MADV_WILLNEED", .prepare = prepare_out, .act = act_willneed,
	  .never_fails = true },
	{ .name = "MADV_DONTNEED", .prepare = prepare_in, .act = act_dontneed, .frugal = true,
	  .never_fails = true },
	{ .name = "MADV_REMOVE", .prepare = prepare_remove, .act = act_remove, .frugal = true },
	{ .name = "fallocate of a hole", .prepare = prepare_punch, .act = act_punch,
	  .holds = edges_kept },
	{ .name = "POSIX_FADV_WILLNEED", .prepare = prepare_out, .act = act_fadvise_in,
	  .never_fails = true },
	{ .name = "POSIX_FADV_DONTNEED", .prepare = prepare_dirty, .act = act_fadvise_out,
	  .never_fails = true },
	{ .name = "munmap of a part", .prepare = prepare_unmapped, .act = act_munmap_part,
	  .undo = second_unmap },
	{ .name = "mprotect of a part", .prepare = prepare_unmapped, .act = act_mprotect_part,
	  .undo = second_unmap },
	{ .name = "mremap to another place", .prepare = prepare_mremap, .act = act_mremap,
	  .holds = moved_right, .undo = undo_mremap },
	{ .name = "poll", .prepare = prepare_in, .act = act_poll, .frugal = true,
	  .never_fails = true },
	{ .name = "lseek to a hole", .prepare = prepare_out, .act = act_seek, .frugal = true,
	  .never_fails = true },
	{ .name = "mincore", .prepare = prepare_in, .act = act_mincore, .also = EAGAIN },
};

int main(void)
{
	sweep_begin();
	part_begin();
	mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	if (mem_fd < 0)
		bail("/proc/self/mem");
	inject_begin();
	zone_begin(0);
	sweep_allocations(calls, ARRAY_SIZE(calls));
	zone_end();
	inject_end();
	return tap_end();
}
