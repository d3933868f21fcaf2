// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes on beside a zone's use: its views, the module's parameters, its
 * permissions, those who wait for it, and descriptors on their way to others.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "params.h"
#include "../tests/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define VIEWS "/sys/kernel/debug/vmzone"
#define MAX_VIEW (1 << 20)	/* as much of one is read */
#define MAX_WAIT_MS 20

/* One of the files in debugfs, of the zone of a descriptor. */
static struct outcome run_view(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	static const char *const views[] = { "stats", "histogram", "frames", "slots", "zones" };
	const char *view = views[arg[1] % ARRAY_SIZE(views)];
	char path[80], text[1024];
	ssize_t len = 0, done = 0;
	int fd;

	(void)call;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd_at(context->tables, arg[0]));
	if (strcmp(view, "zones"))
		snprintf(path, sizeof(path), VIEWS "/%ld/%s", read_number(path, "vmzone-id"), view);
	else
		snprintf(path, sizeof(path), VIEWS "/%s", view);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A descriptor of another, or one that went. */
	if (fd < 0)
		return skipped;
	while (done < MAX_VIEW && (len = read(fd, text, sizeof(text))) > 0)
		done += len;
	if (len < 0)
		done = len;
	close(fd);
	return judged(done);
}

static struct outcome run_param(struct context *context, const struct call *call,
				const uint64_t *arg)
{
	struct outcome outcome;
	int error;

	(void)call;
	context->tables->parameterized = true;
	error = param_write(arg[0], arg[1]);
	outcome = (struct outcome){ .result = -error, .kind = FD_ZONE };
	if (!error && param_must_fail(arg[1]))
		return wrong(outcome, VERDICT_ACCEPTED, "what is no value of a parameter");
	if (error && !param_must_fail(arg[1]))
		return wrong(outcome, VERDICT_ERROR, strerrorname_np(error));
	return outcome;
}

/* Whether mmap() allows it. */
static bool is_executable(int fd)
{
	void *at = mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return errno != EACCES && errno != EPERM;
	munmap(at, PAGE);
	return true;
}

static struct outcome run_fchmod(struct context *context, const struct call *call,
				 const uint64_t *arg)
{
	int fd = fd_at(context->tables, arg[0]);
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	struct outcome outcome;
	struct stat stat;

	(void)call;
	if (kind == FD_FOREIGN)
		return skipped;
	outcome = outcome_of(fchmod(fd, arg[1] & 07777));
	outcome.kind = kind;
	if (!outcome.result && (arg[1] & 0111) && !context->tables->racing &&
	    !fstat(fd, &stat) && S_ISREG(stat.st_mode) && !is_executable(fd))
		return wrong(outcome, VERDICT_ACCEPTED,
			     "to be executable, where it cannot be mapped so");
	return outcome;
}

/* Waits for a moment. */
static struct outcome run_poll(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	struct pollfd poll_fd = { .fd = fd_at(context->tables, arg[0]), .events = arg[1] };
	struct outcome outcome;

	(void)call;
	outcome = judged(poll(&poll_fd, 1, arg[2] % MAX_WAIT_MS));
	if (poll_fd.revents & ~(poll_fd.events | POLLERR | POLLHUP | POLLNVAL))
		return wrong(outcome, VERDICT_WRONG, "events that nobody asked for");
	return outcome;
}

/* A message that carries a descriptor, made or taken apart. Return: its space for that. */
static int *make_message(struct msghdr *message, struct iovec *iov, void *control, size_t size)
{
	struct cmsghdr *head;

	*message = (struct msghdr){
		.msg_iov = iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = size,
	};
	head = CMSG_FIRSTHDR(message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	return (int *)CMSG_DATA(head);
}

/* Over a socket: how 0 takes it out again, 1 closes its place before, 2 leaves it in there. */
static struct outcome run_pass(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message;
	struct iovec iov = { .iov_base = &(char){ 0 }, .iov_len = 1 };
	struct outcome outcome;
	int ends[2], *fd;

	(void)call;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return skipped;
	fd = make_message(&message, &iov, &control, sizeof(control.space));
	*fd = fd_at(context->tables, arg[0]);
	outcome = judged(sendmsg(ends[0], &message, 0));
	if (outcome.result >= 0 && arg[2] % 3 == 1)
		fd_put(context->tables, arg[0], -1, FD_NONE);
	if (outcome.result >= 0 && arg[2] % 3 != 2) {
		outcome = judged(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC));
		if (outcome.result >= 0 && message.msg_controllen)
			fd_put(context->tables, arg[1], *fd, kind);
	}
	close(ends[0]);
	close(ends[1]);
	return outcome;
}

const struct call beside_calls[] = {
	{ .name = "view", .run = run_view, .args = { ON_FD, PICK("which", 5) },
	  /* EIO: the zone went meanwhile. */
	  .errors = { ENOMEM, EIO } },
	{ .name = "param", .run = run_param, .swaps = true,
	  .args = { PICK("which", NR_PARAMS), PICK("value", NR_VALUES + NR_REFUSED) },
	  .errors = { EINVAL, ERANGE } },
	{ .name = "fchmod", .run = run_fchmod,
	  .args = { ON_FD, { .name = "mode", .kind = ARG_BITS, .usual = 0600, .known = 07777 } },
	  .errors = { EPERM } },
	{ .name = "poll", .run = run_poll,
	  .args = { ON_FD, { .name = "events", .kind = ARG_BITS, .usual = POLLPRI, .known = 7 },
		{ .name = "ms", .kind = ARG_PICK, .usual = 5, .known = MAX_WAIT_MS } } },
	{ .name = "pass", .run = run_pass, .swaps = true,
	  .args = { ON_FD, TO_FD(2), PICK("how", 3) },
	  .errors = { EBADF } },
};

const uint32_t nr_beside_calls = ARRAY_SIZE(beside_calls);
