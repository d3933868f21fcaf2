// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sweeps the allocations of what the kernel does with a mapping on its own account:
 * direct I/O into and out of it, vmsplice, process_vm_writev, writes to
 * /proc/PID/mem, mlock and MAP_LOCKED, mremap to a smaller size, advice that pages are
 * cold, msync; and of CLONE, which there is none of yet. What the kernel answers
 * for want of memory is its own business: what counts is that each slot holds what it
 * held, or what the call was to make of it, and that the call succeeds afterwards.
 */
#define _GNU_SOURCE
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* Fewer than the slots with contents, and more than the part. */
#define NR_REMAINING 24UL

static int disk = -1;		/* a block device, for direct I/O */
static int mem;			/* /proc/self/mem */
static int ends[2];		/* of a pipe with room for the part */

static void *part(size_t done)
{
	return slot_at(&zone, FIRST) + done;
}

/* The part is out, and shall get what the pages have. */
static void prepare_write(void)
{
	anew_out();
	pages_make(3);
	expect_change(FIRST, PART, 3);
}

static void pages_to_disk(void)
{
	if (pwrite(disk, pages, sizeof(pages), 0) != (ssize_t)sizeof(pages))
		bail("write to the disk");
}

static ssize_t direct_write_from(size_t done)
{
	return pwrite(disk, part(done), sizeof(pages) - done, done);
}

/* To the disk; its pages were those of another version. */
static long act_direct_write(void)
{
	return all_of(direct_write_from);
}

static void prepare_direct_write(void)
{
	anew_out();
	pages_make(2);
	pages_to_disk();
}

static bool disk_right(long ret)
{
	if (ret < 0)
		return true;
	if (pread(disk, pages, sizeof(pages), 0) != (ssize_t)sizeof(pages))
		bail("read of the disk");
	return pages_are(1);
}

static ssize_t direct_read_from(size_t done)
{
	return pread(disk, part(done), sizeof(pages) - done, done);
}

static long act_direct_read(void)
{
	return all_of(direct_read_from);
}

static void prepare_direct_read(void)
{
	prepare_write();
	pages_to_disk();
}

static ssize_t splice_from(size_t done)
{
	struct iovec from = { part(done), sizeof(pages) - done };

	return vmsplice(ends[1], &from, 1, SPLICE_F_NONBLOCK);
}

static long act_vmsplice(void)
{
	return all_of(splice_from);
}

/* What got into the pipe is the part's beginning. Leaves it empty. */
static bool pipe_right(long ret)
{
	ssize_t got = 0, len;

	pages_make(1);
	while ((len = read(ends[0], pages + got, sizeof(pages) - got)) > 0)
		got += len;
	if (ret >= 0 && got != (ssize_t)sizeof(pages))
		diag("  %zd bytes came out of the pipe", got);
	return (ret < 0 || got == (ssize_t)sizeof(pages)) && pages_are(1);
}

static ssize_t remote_from(size_t done)
{
	struct iovec from = { pages + done, sizeof(pages) - done };
	struct iovec to = { part(done), from.iov_len };

	return process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

static long act_process_vm_writev(void)
{
	return all_of(remote_from);
}

static ssize_t mem_from(size_t done)
{
	return pwrite(mem, pages + done, sizeof(pages) - done, (uintptr_t)part(done));
}

static long act_proc_mem(void)
{
	return all_of(mem_from);
}

/* One that failed has marked the mapping all the same. */
static void prepare_mlock(void)
{
	must(or_errno(munlock(part(0), sizeof(pages))), "munlock");
	anew_out();
}

static long act_mlock(void)
{
	return or_errno(mlock(part(0), sizeof(pages)));
}

static void undo_mlock(long ret)
{
	(void)ret;
	must(or_errno(munlock(part(0), sizeof(pages))), "munlock");
}

static long act_map_locked(void)
{
	second = mmap(NULL, NR_USED * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED,
		      zone.fd, 0);
	return second == MAP_FAILED ? -errno : 0;
}

static bool second_right(long ret)
{
	if (ret >= 0)
		memcpy(pages, second + FIRST * page_size, sizeof(pages));
	return ret < 0 || pages_are(1);
}

static void prepare_second(void)
{
	anew_in();
	second_map();
}

static long act_shrink(void)
{
	void *at = mremap(second, NR_USED * page_size, NR_REMAINING * page_size, 0);

	return at == MAP_FAILED ? -errno : 0;
}

static long act_cold(void)
{
	return or_errno(madvise(part(0), sizeof(pages), MADV_COLD));
}

static long act_pageout(void)
{
	return or_errno(madvise(part(0), sizeof(pages), MADV_PAGEOUT));
}

static void prepare_dirty(void)
{
	all_anew();
	all_dirty();
}

static long act_msync(void)
{
	return or_errno(msync(part(0), sizeof(pages), MS_SYNC | MS_INVALIDATE));
}

/* There are none yet, with memory or without. */
static long act_clone(void)
{
	struct vmzone_clone clone = { .size = sizeof(clone), .out_fd = -1 };

	if (!ioctl(zone.fd, VMZONE_IOC_CLONE, &clone))
		return -EEXIST;
	return errno == EOPNOTSUPP && clone.out_fd == (typeof(clone.out_fd))-1 ? 0 : -errno;
}

static const struct call direct_calls[] = {
	{ .name = "O_DIRECT out of a mapping", .prepare = prepare_direct_write,
	  .act = act_direct_write, .holds = disk_right, .any_error = true },
	{ .name = "O_DIRECT into a mapping", .prepare = prepare_direct_read,
	  .act = act_direct_read, .any_error = true },
};

static const struct call calls[] = {
	{ .name = "vmsplice", .prepare = anew_out, .act = act_vmsplice, .holds = pipe_right,
	  .any_error = true },
	{ .name = "process_vm_writev", .prepare = prepare_write, .act = act_process_vm_writev,
	  .any_error = true },
	{ .name = "write to /proc/PID/mem", .prepare = prepare_write, .act = act_proc_mem,
	  .any_error = true },
	{ .name = "mlock", .prepare = prepare_mlock, .act = act_mlock, .undo = undo_mlock,
	  .any_error = true },
	{ .name = "mmap with MAP_LOCKED", .prepare = anew_out, .act = act_map_locked,
	  .holds = second_right, .undo = second_unmap, .any_error = true },
	{ .name = "mremap to a smaller size", .prepare = prepare_second, .act = act_shrink,
	  .holds = second_right, .undo = second_unmap, .any_error = true },
	{ .name = "MADV_COLD", .prepare = anew_in, .act = act_cold, .frugal = true,
	  .any_error = true },
	{ .name = "MADV_PAGEOUT", .prepare = prepare_dirty, .act = act_pageout, .frugal = true,
	  .any_error = true },
	{ .name = "msync", .prepare = prepare_dirty, .act = act_msync, .frugal = true,
	  .any_error = true },
	{ .name = "CLONE", .prepare = anew_in, .act = act_clone, .frugal = true,
	  .never_fails = true },
};

int main(void)
{
	const char *block = getenv("VMZONE_TEST_BLOCK");

	sweep_begin();
	part_begin();
	if (block && *block)
		disk = open(block, O_RDWR | O_DIRECT | O_CLOEXEC);
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (mem < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) ||
	    fcntl(ends[1], F_SETPIPE_SZ, sizeof(pages)) < 0)
		bail("/proc/self/mem and a pipe");
	inject_begin();
	zone_begin(0);
	if (disk >= 0)
		sweep_allocations(direct_calls, ARRAY_SIZE(direct_calls));
	else
		skip("VMZONE_TEST_BLOCK is no block device", "O_DIRECT");
	sweep_allocations(calls, ARRAY_SIZE(calls));
	zone_end();
	inject_end();
	return tap_end();
}
