// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors: how they come and go, and what else than ioctls can be done with
 * them.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "../tests/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static enum fd_kind kind_of_flags(int flags)
{
	return (flags & O_ACCMODE) == O_RDONLY ? FD_READONLY : FD_ZONE;
}

/* Of open(2): those that do not make files or look at the path. */
static int open_flags(uint64_t flags)
{
	return (flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_TRUNC | O_SYNC)) | O_CLOEXEC;
}

static struct outcome run_open(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	int flags = open_flags(arg[0]);

	(void)call;
	return made(context->tables, arg[1], open("/dev/vmzone", flags), kind_of_flags(flags));
}

static struct outcome run_reopen(struct context *context, const struct call *call,
				 const uint64_t *arg)
{
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	int flags = open_flags(arg[1]);
	char path[32];

	(void)call;
	/* Opening a pipe would wait for its other end. */
	if (!is_zone(kind))
		return skipped;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd_at(context->tables, arg[0]));
	return made(context->tables, arg[2], open(path, flags | O_NONBLOCK), kind_of_flags(flags));
}

/* A zone by the node that its name has, if it has one. */
static struct outcome run_open_node(struct context *context, const struct call *call,
				    const uint64_t *arg)
{
	const char *name = zone_names[arg[0] % NR_NAMES];
	int flags = open_flags(arg[1]);
	char path[64];

	(void)call;
	if (!*name || strchr(name, '/'))
		return skipped;
	snprintf(path, sizeof(path), "/dev/vmzone-%s", name);
	return made(context->tables, arg[2], open(path, flags), kind_of_flags(flags));
}

static struct outcome run_dup(struct context *context, const struct call *call,
			      const uint64_t *arg)
{
	int fd = fcntl(fd_at(context->tables, arg[0]), F_DUPFD_CLOEXEC, 0);

	(void)call;
	return made(context->tables, arg[1], fd, kind_at(context->tables, arg[0]));
}

static struct outcome run_close(struct context *context, const struct call *call,
				const uint64_t *arg)
{
	(void)call;
	fd_put(context->tables, arg[0], -1, FD_NONE);
	return (struct outcome){ 0 };
}

/* A descriptor of something else. */
static struct outcome run_foreign(struct context *context, const struct call *call,
				  const uint64_t *arg)
{
	int ends[2], fd = -1;

	(void)call;
	switch (arg[0] % 5) {
	case 0:
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		break;
	case 1:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	case 2:
		fd = epoll_create1(EPOLL_CLOEXEC);
		break;
	case 3:
		fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
		break;
	default:
		if (!pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
			close(ends[0]);
			fd = ends[1];
		}
	}
	return made(context->tables, arg[1], fd, FD_FOREIGN);
}

/* Others' commands, and numbers that are nobody's. */
static struct outcome run_command(struct context *context, const struct call *call,
				  const uint64_t *arg)
{
	unsigned int number = arg[2];
	struct outcome outcome;
	void *at;

	(void)call;
	/* _IOW and _IOR of our numbers, the ones beside ours, and any other; ours have calls of their own. */
	if (number >= VMZONE_IOC_INFO && number <= VMZONE_IOC_CLONE)
		return skipped;
	if (!place(context->tables, &context->area, arg[1], NULL, 8, &at))
		return skipped;
	outcome = outcome_of(ioctl(fd_at(context->tables, arg[0]), number, at));
	outcome.kind = kind_at(context->tables, arg[0]);
	return outcome;
}

/* read, write, and their kind: mode bit 0 writes, bit 1 is in pieces, bit 2 moves the offset. */
static ssize_t transfer(int fd, uint8_t *at, const uint64_t *arg)
{
	uint64_t length = arg[2], offset = arg[3];
	int flags = arg[5];
	struct iovec iov[2] = {
		{ .iov_base = at, .iov_len = length / 2 },
		{ .iov_base = at + length / 2, .iov_len = length - length / 2 },
	};

	switch (arg[4] % 8) {
	case 0:
		return pread(fd, at, length, offset);
	case 1:
		return pwrite(fd, at, length, offset);
	case 2:
		return preadv2(fd, iov, 2, offset, flags);
	case 3:
		return pwritev2(fd, iov, 2, offset, flags);
	case 4:
		return read(fd, at, length);
	case 5:
		return write(fd, at, length);
	case 6:
		return readv(fd, iov, 2);
	default:
		return writev(fd, iov, 2);
	}
}

static struct outcome run_transfer(struct context *context, const struct call *call,
				   const uint64_t *arg)
{
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	/* At the edge it ends there, and behind other memory of the thread's own is a canary. */
	bool fits = arg[2] < AREA_PAGES * PAGE - CANARY_BYTES;
	struct outcome outcome;
	uint8_t *behind;
	void *at;

	(void)call;
	/* Writing to a pipe or a memfd would only fill it; waiting is not what is tested. */
	if (kind == FD_FOREIGN ||
	    !place(context->tables, &context->area, arg[1], NULL, fits ? arg[2] : CANARY_BYTES, &at))
		return skipped;
	behind = fits && arg[1] == WHERE_HEAP ? (uint8_t *)at + arg[2] : NULL;
	canary_put(behind);
	outcome = outcome_of(transfer(fd_at(context->tables, arg[0]), at, arg));
	outcome.kind = kind == kind_at(context->tables, arg[0]) ? kind : FD_NONE;
	if (outcome.result > 0 && (uint64_t)outcome.result > arg[2])
		return wrong(outcome, VERDICT_WRONG, "more bytes than asked for");
	if (!canary_is_intact(behind))
		return wrong(outcome, VERDICT_OVERRUN, "bytes behind the buffer");
	if (is_zone(outcome.kind) && outcome.result == -EFAULT && fits && arg[1] <= WHERE_EDGE)
		return wrong(outcome, VERDICT_ERROR, "EFAULT for memory that is there");
	return outcome;
}

/* Those of a zone alone: that a pipe or a memfd takes them is no news. */
struct outcome run_on_file(struct context *context, const struct call *call, const uint64_t *arg)
{
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	struct outcome outcome;

	if (kind == FD_FOREIGN)
		return skipped;
	outcome = outcome_of(call->on_file(fd_at(context->tables, arg[0]), arg));
	outcome.kind = kind;
	if (outcome.result >= 0 && call->must_fail)
		outcome.why = call->must_fail(arg);
	return outcome.why ? wrong(outcome, VERDICT_ACCEPTED, outcome.why) : outcome;
}

static long do_lseek(int fd, const uint64_t *arg)
{
	return lseek(fd, arg[1], arg[2]);
}

static long do_fallocate(int fd, const uint64_t *arg)
{
	return fallocate(fd, arg[1], arg[2], arg[3]);
}

static const char *fallocate_must_fail(const uint64_t *arg)
{
	return arg[3] >> 63 || !arg[3] || arg[2] + arg[3] > INT64_MAX ?
	       "a range that is empty or wraps" : NULL;
}

static long do_ftruncate(int fd, const uint64_t *arg)
{
	return ftruncate(fd, arg[1]);
}

static const char *ftruncate_must_fail(const uint64_t *arg)
{
	return arg[1] % PAGE || arg[1] > 1UL << 46 ?
	       "a size that is not whole pages or too large" : NULL;
}

static long do_fadvise(int fd, const uint64_t *arg)
{
	errno = posix_fadvise(fd, arg[1], arg[2], arg[3]);
	return errno ? -1 : 0;
}

static struct outcome run_look(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	int fd = fd_at(context->tables, arg[0]);
	struct pollfd poll_fd = { .fd = fd, .events = arg[1] };
	char path[40], text[512];
	struct stat stat;
	int info;

	(void)call;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info >= 0) {
		if (read(info, text, sizeof(text)) < 0)
			errno = 0;
		close(info);
	}
	if (fstat(fd, &stat) || fsync(fd) || poll(&poll_fd, 1, 0) < 0)
		errno = 0;
	return (struct outcome){ 0 };
}

#define OPEN_FLAGS { .name = "flags", .kind = ARG_BITS, .usual = O_RDWR, .known = 03 }

const struct call file_calls[] = {
	{ .name = "open", .run = run_open, .makes = true, .swaps = true,
	  .args = { OPEN_FLAGS, TO_FD(0) },
	  .errors = { EINVAL, ENOSPC, EPERM, ENOMEM } },
	{ .name = "reopen", .run = run_reopen, .swaps = true,
	  .args = { ON_FD, OPEN_FLAGS, TO_FD(1) },
	  .errors = { EINVAL, EACCES, ENOMEM, ENOENT, EPERM, ENOSPC, EBUSY } },
	{ .name = "open_node", .run = run_open_node, .swaps = true,
	  .args = { { .name = "name", .kind = ARG_PICK, .usual = 1, .known = NR_NAMES },
		OPEN_FLAGS, TO_FD(1) },
	  /* ENODEV: it went between the node and the device. */
	  .errors = { ENOENT, ENODEV, ENXIO, ENOMEM } },
	{ .name = "dup", .run = run_dup, .swaps = true,
	  .args = { ON_FD, TO_FD(2) }, .errors = { EBADF } },
	{ .name = "close", .run = run_close, .args = { ON_FD }, .swaps = true },
	{ .name = "foreign", .run = run_foreign, .swaps = true,
	  .args = { PICK("what", 5), TO_FD(0) },
	  .errors = { ENOMEM } },
	{ .name = "command", .run = run_command,
	  .args = { ON_FD, AT,
		{ .name = "number", .kind = ARG_BITS, .usual = 0xe74e, .known = 0xffffffff } },
	  .errors = { ENOTTY, EFAULT, EINVAL, EBADF, EPERM, ENODEV, EOPNOTSUPP } },
	{ .name = "transfer", .run = run_transfer,
	  .args = { ON_FD, AT, LENGTH(PAGE), OFFSET, PICK("mode", 8),
		/* RWF_HIPRI, _DSYNC, _SYNC, _NOWAIT, _APPEND */
		{ .name = "flags", .kind = ARG_BITS, .known = 0x1f } },
	  .errors = { EINVAL, EFAULT, ENOSPC, ENOMEM, EBADF, EFBIG, EOVERFLOW, EOPNOTSUPP } },
	{ .name = "lseek", .run = run_on_file, .on_file = do_lseek,
	  .args = { ON_FD, OFFSET, PICK("whence", 5) },
	  .errors = { EINVAL, ENXIO, EOVERFLOW } },
	{ .name = "fallocate", .run = run_on_file, .on_file = do_fallocate,
	  .must_fail = fallocate_must_fail,
	  .args = { ON_FD, { .name = "mode", .kind = ARG_BITS, .usual = 3, .known = 0x7b },
		OFFSET, LENGTH(4 * PAGE) },
	  .errors = { EINVAL, EOPNOTSUPP, EBUSY, ENODEV, EFBIG, EBADF, ENOMEM, EPERM } },
	{ .name = "ftruncate", .run = run_on_file, .on_file = do_ftruncate,
	  .must_fail = ftruncate_must_fail,
	  .args = { ON_FD, { .name = "bytes", .kind = ARG_BYTES, .usual = 32 * PAGE } },
	  .errors = { EINVAL, EBUSY, EFBIG, EBADF } },
	{ .name = "fadvise", .run = run_on_file, .on_file = do_fadvise,
	  .args = { ON_FD, OFFSET, LENGTH(0),
		{ .name = "advice", .kind = ARG_PICK, .usual = 4, .known = 7 } },
	  .errors = { EINVAL } },
	{ .name = "look", .run = run_look,
	  .args = { ON_FD, { .name = "events", .kind = ARG_BITS, .usual = 2, .known = 7 } } },
};

const uint32_t nr_file_calls = ARRAY_SIZE(file_calls);
