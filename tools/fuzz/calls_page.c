// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel itself does with the pages of a mapping, and may hold for a
 * while: pipes, other processes' eyes, and direct I/O.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "../tests/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PART (16 * PAGE)	/* as much as a pipe takes */
#define DISK_BYTES (1UL << 22)

/* Pages into a pipe, whose other end then stands in the table and holds them. */
static struct outcome run_vmsplice(struct context *context, const struct call *call,
				   const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]);
	uint64_t length = arg[2];
	struct outcome outcome;
	struct iovec iov;
	int ends[2];

	(void)call;
	if (!part_of(map, arg[1], &length, MAX_PART) || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return skipped;
	iov = (struct iovec){ .iov_base = map->at + arg[1], .iov_len = length };
	outcome = judged(vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK | (arg[4] & SPLICE_F_GIFT)));
	close(ends[1]);
	fd_put(context->tables, arg[3], ends[0], FD_FOREIGN);
	return outcome;
}

/* From one descriptor to another, by a pipe. */
static struct outcome run_splice(struct context *context, const struct call *call,
				 const uint64_t *arg)
{
	enum fd_kind from = kind_at(context->tables, arg[0]), to = kind_at(context->tables, arg[1]);
	struct outcome outcome;
	int ends[2];

	(void)call;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return skipped;
	outcome = outcome_of(splice(fd_at(context->tables, arg[0]), NULL, ends[1], NULL, arg[2],
				    SPLICE_F_NONBLOCK));
	outcome.kind = from;
	if (outcome.result >= 0) {
		/* Of what came, if anything did. */
		outcome = outcome_of(splice(ends[0], NULL, fd_at(context->tables, arg[1]), NULL,
					    arg[2], SPLICE_F_NONBLOCK));
		outcome.kind = to;
	}
	close(ends[0]);
	close(ends[1]);
	return outcome;
}

static ssize_t peer_file(pid_t pid, void *local, uint8_t *remote, size_t length, bool write)
{
	char path[32];
	ssize_t ret;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fd;
	ret = write ? pwrite(fd, local, length, (uintptr_t)remote) :
		      pread(fd, local, length, (uintptr_t)remote);
	/* close() leaves errno alone when it succeeds. */
	close(fd);
	return ret;
}

/* A process that has what this one has, and waits for its end. */
static pid_t start_peer(void)
{
	pid_t pid = _Fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* mode bit 0 writes, bit 1 is by /proc/PID/mem, bit 2 in a child rather than here. */
static struct outcome run_peer(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]);
	uint64_t length = arg[2], mode = arg[4];
	struct iovec local, remote;
	struct outcome outcome;
	pid_t pid;
	void *at;

	(void)call;
	if (!part_of(map, arg[1], &length, MAX_PART) ||
	    !place(context->tables, &context->area, arg[3], NULL, length, &at))
		return skipped;
	pid = mode & 4 ? start_peer() : getpid();
	if (pid < 0)
		return skipped;
	local = (struct iovec){ .iov_base = at, .iov_len = length };
	remote = (struct iovec){ .iov_base = map->at + arg[1], .iov_len = length };
	if (mode & 2)
		outcome = judged(peer_file(pid, at, map->at + arg[1], length, mode & 1));
	else if (mode & 1)
		outcome = judged(process_vm_writev(pid, &local, 1, &remote, 1, 0));
	else
		outcome = judged(process_vm_readv(pid, &local, 1, &remote, 1, 0));
	if (mode & 4) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return outcome.result > (long)length ?
	       wrong(outcome, VERDICT_WRONG, "more bytes than asked for") : outcome;
}

/* Between a mapping and a disk, if there is one. */
static struct outcome run_direct(struct context *context, const struct call *call,
				 const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]);
	uint64_t length = arg[2], offset = arg[3] % DISK_BYTES;
	int disk = context->tables->disk;
	uint8_t *at = map->at + arg[1];

	(void)call;
	if (disk < 0 || !part_of(map, arg[1], &length, MAX_PART))
		return skipped;
	return judged(arg[4] & 1 ? pwrite(disk, at, length, offset) :
				   pread(disk, at, length, offset));
}

const struct call page_calls[] = {
	{ .name = "vmsplice", .run = run_vmsplice, .swaps = true,
	  .args = { ON_MAP, OFFSET, LENGTH(4 * PAGE), TO_FD(3),
		{ .name = "flags", .kind = ARG_BITS, .known = SPLICE_F_GIFT } },
	  .errors = { EFAULT, EINVAL, EAGAIN, ENOMEM } },
	{ .name = "splice", .run = run_splice,
	  .args = { ON_FD, TO_FD(3), LENGTH(PAGE) },
	  .errors = { EINVAL, EBADF, EAGAIN, EOVERFLOW } },
	{ .name = "peer", .run = run_peer,
	  .args = { ON_MAP, OFFSET, LENGTH(4 * PAGE), AT, PICK("mode", 8) },
	  .errors = { EFAULT, EINVAL, EIO, ENOMEM } },
	{ .name = "direct", .run = run_direct,
	  .args = { ON_MAP, OFFSET, LENGTH(4 * PAGE),
		{ .name = "block", .kind = ARG_BYTES }, PICK("write", 2) },
	  .errors = { EFAULT, EINVAL, ENOMEM } },
};

const uint32_t nr_page_calls = ARRAY_SIZE(page_calls);
