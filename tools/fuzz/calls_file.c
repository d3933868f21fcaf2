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
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static struct outcome made(struct tables *tables, uint64_t place, int fd, enum fd_kind kind)
{
	struct outcome outcome = outcome_of(fd);

	outcome.kind = FD_ZONE;
	if (fd >= 0)
		fd_put(tables, place, fd, kind);
	return outcome;
}

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
	if (kind != FD_ZONE && kind != FD_READONLY)
		return skipped;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd_at(context->tables, arg[0]));
	return made(context->tables, arg[2], open(path, flags | O_NONBLOCK), kind_of_flags(flags));
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
	struct outcome outcome;
	void *at;

	(void)call;
	if (!place(context->tables, &context->area, arg[1], NULL, 8, &at))
		return skipped;
	/* _IOW and _IOR of our numbers, the ones beside ours, and any other. */
	outcome = outcome_of(ioctl(fd_at(context->tables, arg[0]), (unsigned int)arg[2], at));
	outcome.kind = kind_at(context->tables, arg[0]);
	return outcome;
}

/* read, write, and their kind: mode bit 0 writes, bit 1 is in pieces, bit 2 moves the offset. */
static struct outcome run_transfer(struct context *context, const struct call *call,
				   const uint64_t *arg)
{
	int fd = fd_at(context->tables, arg[0]);
	struct iovec iov[2];
	struct outcome outcome;
	ssize_t ret;
	void *at;

	(void)call;
	/* Writing to a pipe or a memfd would only fill it; waiting is not what is tested. */
	if (kind_at(context->tables, arg[0]) == FD_FOREIGN ||
	    !place(context->tables, &context->area, arg[1], NULL, 64, &at))
		return skipped;
	iov[0] = (struct iovec){ .iov_base = at, .iov_len = arg[2] / 2 };
	iov[1] = (struct iovec){ .iov_base = at, .iov_len = arg[2] - arg[2] / 2 };
	switch (arg[4] % 8) {
	case 0:
		ret = pread(fd, at, arg[2], arg[3]);
		break;
	case 1:
		ret = pwrite(fd, at, arg[2], arg[3]);
		break;
	case 2:
		ret = preadv2(fd, iov, 2, arg[3], 0);
		break;
	case 3:
		ret = pwritev2(fd, iov, 2, arg[3], RWF_APPEND);
		break;
	case 4:
		ret = read(fd, at, arg[2]);
		break;
	case 5:
		ret = write(fd, at, arg[2]);
		break;
	case 6:
		ret = readv(fd, iov, 2);
		break;
	default:
		ret = writev(fd, iov, 2);
	}
	outcome = outcome_of(ret);
	outcome.kind = kind_at(context->tables, arg[0]);
	if (ret > 0 && (uint64_t)ret > arg[2]) {
		outcome.verdict = VERDICT_WRONG;
		outcome.why = "more bytes than asked for";
	}
	return outcome;
}

/* Those of a zone alone: that a pipe or a memfd takes them is no news. */
static struct outcome run_on_file(struct context *context, const struct call *call,
				  const uint64_t *arg)
{
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	struct outcome outcome;

	if (kind == FD_FOREIGN)
		return skipped;
	outcome = outcome_of(call->on_file(fd_at(context->tables, arg[0]), arg));
	outcome.kind = kind;
	if (outcome.result >= 0 && call->must_fail)
		outcome.why = call->must_fail(arg);
	if (outcome.why)
		outcome.verdict = VERDICT_ACCEPTED;
	return outcome;
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

#define ON_FD { .name = "fd", .kind = ARG_FD }
#define TO_FD { .name = "to", .kind = ARG_FD }
#define OFFSET(name_) { .name = name_, .kind = ARG_BYTES }
#define LENGTH(usual_) { .name = "length", .kind = ARG_BYTES, .usual = usual_ }

const struct call file_calls[] = {
	{ .name = "open", .run = run_open, .makes = true,
	  .args = { { .name = "flags", .kind = ARG_BITS, .usual = O_RDWR, .known = 03 }, TO_FD },
	  .errors = { EINVAL, ENOSPC, EPERM, ENOMEM } },
	{ .name = "reopen", .run = run_reopen,
	  .args = { ON_FD, { .name = "flags", .kind = ARG_BITS, .usual = O_RDWR, .known = 03 },
		{ .name = "to", .kind = ARG_FD, .usual = 1 } },
	  .errors = { EINVAL, EACCES, ENOMEM, ENOENT, EPERM, ENOSPC, EBUSY } },
	{ .name = "dup", .run = run_dup,
	  .args = { ON_FD, { .name = "to", .kind = ARG_FD, .usual = 2 } }, .errors = { EBADF } },
	{ .name = "close", .run = run_close, .args = { ON_FD } },
	{ .name = "foreign", .run = run_foreign,
	  .args = { { .name = "what", .kind = ARG_PICK, .known = 5 }, TO_FD },
	  .errors = { ENOMEM } },
	{ .name = "command", .run = run_command,
	  .args = { ON_FD, { .name = "at", .kind = ARG_WHERE },
		{ .name = "number", .kind = ARG_BITS, .usual = 0xe74e, .known = 0xffffffff } },
	  .errors = { ENOTTY, EFAULT, EINVAL, EBADF, EPERM, ENODEV, EOPNOTSUPP } },
	{ .name = "transfer", .run = run_transfer,
	  .args = { ON_FD, { .name = "at", .kind = ARG_WHERE }, LENGTH(PAGE), OFFSET("offset"),
		{ .name = "mode", .kind = ARG_PICK, .known = 8 } },
	  .errors = { EINVAL, EFAULT, ENOSPC, ENOMEM, EBADF, EFBIG, EOVERFLOW } },
	{ .name = "lseek", .run = run_on_file, .on_file = do_lseek,
	  .args = { ON_FD, OFFSET("offset"), { .name = "whence", .kind = ARG_PICK, .known = 5 } },
	  .errors = { EINVAL, ENXIO, EOVERFLOW } },
	{ .name = "fallocate", .run = run_on_file, .on_file = do_fallocate,
	  .must_fail = fallocate_must_fail,
	  .args = { ON_FD, { .name = "mode", .kind = ARG_BITS, .usual = 3, .known = 0x7b },
		OFFSET("offset"), LENGTH(4 * PAGE) },
	  .errors = { EINVAL, EOPNOTSUPP, EBUSY, ENODEV, EFBIG, EBADF, ENOMEM, EPERM } },
	{ .name = "ftruncate", .run = run_on_file, .on_file = do_ftruncate,
	  .must_fail = ftruncate_must_fail,
	  .args = { ON_FD, { .name = "bytes", .kind = ARG_BYTES, .usual = 32 * PAGE } },
	  .errors = { EINVAL, EBUSY, EFBIG, EBADF } },
	{ .name = "fadvise", .run = run_on_file, .on_file = do_fadvise,
	  .args = { ON_FD, OFFSET("offset"), LENGTH(0),
		{ .name = "advice", .kind = ARG_PICK, .usual = 4, .known = 7 } },
	  .errors = { EINVAL } },
	{ .name = "look", .run = run_look,
	  .args = { ON_FD, { .name = "events", .kind = ARG_BITS, .usual = 2, .known = 7 } } },
};

const uint32_t nr_file_calls = ARRAY_SIZE(file_calls);
