// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves who shares a zone: a process that was sent its descriptor, a dup of
 * it, and whoever opens /proc/PID/fd/N of a created one; and who does not:
 * every open of /dev/vmzone is a zone of its own.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_FRAMES 16
#define NR_SLOTS 64

static struct zone zone;

static const struct pattern mine = { .fill = FILL_MIX, .id = 1 };
static const struct pattern theirs = { .fill = FILL_MIX, .id = 2 };

union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void send_fd(int socket, int fd)
{
	union control control = { .space = { 0 } };
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(socket, &msg, 0) != 1)
		bail("sendmsg");
}

static int receive_fd(int socket)
{
	union control control;
	char space;
	struct iovec byte = { .iov_base = &space, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		bail("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Started before the zone is made: has it from the socket only. */
static int receiver(void *arg)
{
	struct zone got = { .nr_slots = NR_SLOTS, .nr_frames = NR_FRAMES };
	int socket = *(int *)arg;

	got.fd = receive_fd(socket);
	got.map = zone_map(got.fd, NR_SLOTS);
	if (pattern_bad(&got, mine, 0, NR_SLOTS / 2))
		return 1;
	pattern_fill(&got, theirs, NR_SLOTS / 2, NR_SLOTS / 2);
	return write(socket, "", 1) != 1 || pattern_bad(&got, mine, 0, NR_SLOTS / 2);
}

static void by_socket(void)
{
	int ends[2];
	pid_t pid;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		bail("socketpair");
	pid = child_start(receiver, &ends[1]);
	close(ends[1]);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, mine, 0, NR_SLOTS / 2);
	send_fd(ends[0], zone.fd);
	is(read(ends[0], &byte, 1), 1, "the other process maps the zone it was sent");
	is(pattern_bad(&zone, theirs, NR_SLOTS / 2, NR_SLOTS / 2), 0, "its writes are seen");
	is(child_wait(pid), 0, "and it sees ours");
	is(pattern_bad(&zone, mine, 0, NR_SLOTS / 2) +
	   pattern_bad(&zone, theirs, NR_SLOTS / 2, NR_SLOTS / 2), 0, "all stays when it ends");
	close(ends[0]);
}

/* A zone that is only in flight in a socket lives, and ends with the socket. */
static void in_flight(void)
{
	struct zone sent = zone_sized(NR_SLOTS, NR_FRAMES);
	struct zone got = sent;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		bail("socketpair");
	pattern_fill(&sent, mine, 0, NR_SLOTS);
	send_fd(ends[0], sent.fd);
	zone_drop(&sent);
	got.fd = receive_fd(ends[1]);
	got.map = zone_map(got.fd, NR_SLOTS);
	is(pattern_bad(&got, mine, 0, NR_SLOTS), 0, "a zone that is only in flight is kept");
	send_fd(ends[0], got.fd);
	zone_drop(&got);
	ok(!close(ends[0]) && !close(ends[1]), "and may end there");
}

static int open_link(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	return open(path, flags);
}

static void by_proc(void)
{
	struct zone again = { .fd = open_link(zone.fd, O_RDWR), .nr_slots = NR_SLOTS };
	uint8_t page[page_size];
	off_t end = NR_SLOTS * page_size;

	if (!ok(again.fd >= 0, "open /proc/PID/fd/N of a created zone"))
		return;
	again.map = zone_map(again.fd, NR_SLOTS);
	is(pattern_bad(&again, mine, 0, NR_SLOTS / 2), 0, "it is the same zone");
	pattern_fill(&again, theirs, 0, 4);
	is(pattern_bad(&zone, theirs, 0, 4), 0, "both ways");
	pattern_fill(&zone, mine, 0, 4);
	is(zone_stats(&again).budget_frames, NR_FRAMES, "with the same budget");
	is(lseek(again.fd, 0, SEEK_END), end, "its file position is its own");
	is(lseek(zone.fd, 0, SEEK_CUR), 0, "and the first one's is where it was");
	zone_drop(&again);

	again.fd = open_link(zone.fd, O_RDONLY);
	ok(again.fd >= 0, "open it again for reading only");
	is(pread(again.fd, page, page_size, 0), page_size, "read it");
	ok(pattern_good(page, mine, 0), "and find the contents");
	is(pwrite(again.fd, page, page_size, 0), -1, "writing is refused");
	close(again.fd);

	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	again.fd = open_link(zone.fd, O_RDWR);
	zone_drop(&zone);
	again.map = zone_map(again.fd, NR_SLOTS);
	is(pattern_bad(&again, mine, 0, NR_SLOTS / 2), 0, "it outlives the first descriptor");
	zone = again;
}

static void by_dup(void)
{
	struct zone copy = { .fd = dup(zone.fd), .nr_slots = NR_SLOTS };
	struct vmzone_stats stats;

	is(lseek(zone.fd, 123, SEEK_SET), 123, "seek on a descriptor");
	is(lseek(copy.fd, 0, SEEK_CUR), 123, "moves its dup");
	copy.map = zone_map(copy.fd, NR_SLOTS);
	zone_drop(&zone);
	is(pattern_bad(&copy, mine, 0, NR_SLOTS / 2), 0, "a dup keeps the zone");
	stats = zone_stats(&copy);
	ok(stats_hold(&stats), "the counters hold");
	zone = copy;
}

static void regular_file(void)
{
	struct stat stat;

	is(fstat(zone.fd, &stat), 0, "fstat of a created zone");
	ok(S_ISREG(stat.st_mode), "it is a regular file");
	is(stat.st_size, NR_SLOTS * page_size, "of the zone's size");
	is(fcntl(zone_sized(1, 16).fd, F_GETFD), FD_CLOEXEC, "its descriptor is O_CLOEXEC");
	is(fcntl(zone.fd, F_GETFL) & O_ACCMODE, O_RDWR, "and O_RDWR");
}

static void opens_are_private(void)
{
	int first = device_open(O_RDWR), second = device_open(O_RDWR), third;
	uint8_t page[page_size], *map;

	pattern_make(page, mine, 0);
	is(pwrite(first, page, page_size, 0), page_size, "write to one open of /dev/vmzone");
	is(pread(second, page, page_size, 0), page_size, "read another");
	ok(all_zero(page, page_size), "which is a zone of its own");
	map = zone_map(second, 1);
	ok(all_zero(map, page_size), "also when mapped");
	munmap(map, page_size);
	third = open_link(first, O_RDWR);
	ok(third >= 0, "open /proc/PID/fd/N of the device");
	is(pread(third, page, page_size, 0), page_size, "read it");
	ok(all_zero(page, page_size), "it is a new zone, too");
	is(pread(first, page, page_size, 0), page_size, "read the first");
	ok(pattern_good(page, mine, 0), "which has what was written");
	close(first);
	close(second);
	close(third);
}

int main(void)
{
	test_begin(60);
	by_socket();
	in_flight();
	by_proc();
	by_dup();
	regular_file();
	zone_drop(&zone);
	opens_are_private();
	return tap_end();
}
