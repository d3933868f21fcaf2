// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what poll, select and epoll tell of a zone: it can always be read and
 * written; it is urgent (POLLPRI) once faults found no frame or the store went
 * above nine tenths of its limit, until STATS on that descriptor, while other
 * descriptors still say so; who waits for it is woken.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#define NR_FRAMES 256
#define NR_SLOTS 1024
#define NR_FITS 100		/* pages that do not compress, and that the store can take */
#define RAW_BYTES (page_size + sizeof(long))
#define WAIT_MS 30000
#define MAX_ROUNDS 50

static const struct pattern noise = { .fill = FILL_NOISE, .id = 1 };
static const struct pattern text = { .fill = FILL_TEXT, .id = 2 };

/* What poll says at once; everything is asked for. */
static int polled(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	if (poll(&pollfd, 1, 0) < 0)
		bail("poll");
	return pollfd.revents;
}

static void take_stats(int fd)
{
	struct vmzone_stats stats = { .size = sizeof(stats) };

	if (ioctl(fd, VMZONE_IOC_STATS, &stats))
		bail("VMZONE_IOC_STATS");
}

static int reopen(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("open %s", path);
	return fd;
}

static struct zone tight_zone(void)
{
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES,
		.store_limit = NR_FITS * RAW_BYTES,
	});

	pattern_fill(&zone, noise, 0, NR_FITS);
	return zone;
}

/* So many of the first NR_FITS slots are in the store. */
static void store(const struct zone *zone, size_t nr)
{
	if (zone_range(zone, VMZONE_IOC_PAGE_OUT, 0, nr) < 0)
		bail("VMZONE_IOC_PAGE_OUT");
}

static void quiet(void)
{
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES);
	int fd = device_open(O_RDWR);

	is(polled(fd), POLLIN | POLLOUT, "a new zone of the device: ready, not urgent");
	close(fd);
	is(polled(zone.fd), POLLIN | POLLOUT, "a created one, too");
	pattern_fill(&zone, text, 0, NR_FRAMES / 2);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_FRAMES / 2);
	touch_read(&zone, 0, NR_FRAMES / 2);
	is(polled(zone.fd), POLLIN | POLLOUT, "use within its budget is no pressure");
	zone_drop(&zone);
}

static void short_of_frames(void)
{
	struct zone zone = zone_sized(NR_SLOTS, 16);
	int other = reopen(zone.fd), later, round;

	pattern_fill(&zone, text, 0, NR_SLOTS);
	for (round = 0; round < MAX_ROUNDS && !(polled(zone.fd) & POLLPRI); round++)
		touch_read(&zone, 0, NR_SLOTS);
	diag("after %d rounds", round);
	is(polled(zone.fd), POLLIN | POLLOUT | POLLPRI, "faults without a frame make it urgent");
	is(polled(zone.fd), POLLIN | POLLOUT | POLLPRI, "and poll does not change that");
	later = reopen(zone.fd);
	is(polled(later), POLLIN | POLLOUT, "not for who opens it now");
	take_stats(zone.fd);
	is(polled(zone.fd), POLLIN | POLLOUT, "STATS ends it for this descriptor");
	is(polled(other), POLLIN | POLLOUT | POLLPRI, "not for another one");
	take_stats(other);
	is(polled(other), POLLIN | POLLOUT, "until STATS there");
	for (round = 0; round < MAX_ROUNDS && !(polled(other) & POLLPRI); round++)
		touch_read(&zone, 0, NR_SLOTS);
	ok(polled(zone.fd) & polled(other) & polled(later) & POLLPRI,
	   "it becomes urgent again, for all three");
	close(later);
	close(other);
	zone_drop(&zone);
}

static void direct_evictions_are_told(void)
{
	struct zone zone = zone_sized(NR_SLOTS, 16);
	int other = reopen(zone.fd), round;

	for (round = 0; round < MAX_ROUNDS && !zone_stats(&zone).evictions_direct; round++)
		pattern_fill(&zone, text, 0, NR_SLOTS);
	if (zone_stats(&zone).evictions_direct)
		ok(polled(other) & POLLPRI, "a fault that evicts by itself makes it urgent");
	else
		skip("the workers were quick", "a fault that evicts by itself makes it urgent");
	close(other);
	zone_drop(&zone);
}

static void short_of_store(void)
{
	struct zone zone = tight_zone();
	int other = reopen(zone.fd);

	store(&zone, NR_FITS * 85 / 100);
	is(polled(zone.fd), POLLIN | POLLOUT, "a store at 85 %% of its limit is no pressure");
	store(&zone, NR_FITS * 95 / 100);
	is(polled(zone.fd), POLLIN | POLLOUT | POLLPRI, "one at 95 %% is");
	is(polled(other), POLLIN | POLLOUT | POLLPRI, "for each descriptor");
	take_stats(zone.fd);
	is(polled(zone.fd), POLLIN | POLLOUT, "until STATS");
	zone_set(zone.fd, (struct vmzone_set) {
		.which = VMZONE_SET_STORE_LIMIT, .store_limit = 2 * NR_FITS * RAW_BYTES,
	});
	is(polled(zone.fd), POLLIN | POLLOUT, "a higher limit is no pressure");
	zone_set(zone.fd, (struct vmzone_set) {
		.which = VMZONE_SET_STORE_LIMIT, .store_limit = NR_FITS * RAW_BYTES,
	});
	is(polled(zone.fd), POLLIN | POLLOUT | POLLPRI, "one that is just met is");
	close(other);
	zone_drop(&zone);
}

/* Return: what poll said when it came back. */
static void *wait_for_pressure(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLPRI };

	if (poll(&pollfd, 1, WAIT_MS) < 0)
		bail("poll");
	return (void *)(uintptr_t)pollfd.revents;
}

static void who_waits_is_woken(void)
{
	struct zone zone = tight_zone();
	pthread_t thread;
	void *revents;

	if (pthread_create(&thread, NULL, wait_for_pressure, &zone.fd))
		bail("pthread_create");
	/* It sleeps by then, as a rule; if not, it must see what was before. */
	usleep(200000);
	store(&zone, NR_FITS);
	pthread_join(thread, &revents);
	is((uintptr_t)revents, POLLPRI, "a poll that waits for pressure ends with it");
	zone_drop(&zone);
}

static void epoll_works(void)
{
	struct epoll_event event = { .events = EPOLLPRI };
	struct zone zone = tight_zone();
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	is(epoll_ctl(epoll, EPOLL_CTL_ADD, zone.fd, &event), 0, "a zone can be watched by epoll");
	is(epoll_wait(epoll, &event, 1, 0), 0, "which has nothing to tell at first");
	store(&zone, NR_FITS);
	is(epoll_wait(epoll, &event, 1, WAIT_MS), 1, "but tells of pressure");
	is(event.events, EPOLLPRI, "as that");
	take_stats(zone.fd);
	is(epoll_wait(epoll, &event, 1, 0), 0, "until STATS");
	close(epoll);
	zone_drop(&zone);
}

static void select_works(void)
{
	struct zone zone = tight_zone();
	struct timeval no_wait = { 0 };
	fd_set in, out, except;

	FD_ZERO(&in);
	FD_SET(zone.fd, &in);
	out = except = in;
	is(select(zone.fd + 1, &in, &out, &except, &no_wait), 2, "select: ready both ways");
	ok(!FD_ISSET(zone.fd, &except), "select: not urgent");
	store(&zone, NR_FITS);
	FD_SET(zone.fd, &except);
	is(select(zone.fd + 1, NULL, NULL, &except, &no_wait), 1, "select: pressure");
	ok(FD_ISSET(zone.fd, &except), "is an exceptional condition");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	quiet();
	short_of_frames();
	direct_evictions_are_told();
	short_of_store();
	who_waits_is_woken();
	epoll_works();
	select_works();
	return tap_end();
}
