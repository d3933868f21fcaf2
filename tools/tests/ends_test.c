// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zones that end while the kernel itself holds their inode for a moment, and
 * nothing else of them: it must not have to wait for itself. drop_caches walks
 * over all inodes, and inotify lets go of one that it watched.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 2

static int device;
static bool stop;

/* Return: the descriptor, or -1: with all caches being dropped, memory may be short. */
static int new_zone(void)
{
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = 16 * page_size, .frames = 16,
	};

	return ioctl(device, VMZONE_IOC_CREATE, &create) ? -1 : create.out_fd;
}

static void *keep_dropping(void *arg)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	while (fd >= 0 && !peek(&stop))
		if (write(fd, "1", 1) != 1)
			break;
	close(fd);
	return arg;
}

/* Each thread has zones that begin and end. */
static void *come_and_go(void *arg)
{
	size_t *nr = arg;

	while (!peek(&stop)) {
		int fd = new_zone();

		*nr += fd >= 0;
		close(fd);
	}
	return NULL;
}

static void with_dropped_caches(void)
{
	pthread_t dropper, other;
	size_t nr[2] = { 0 };
	time_t end = time(NULL) + SECONDS;

	stop = false;
	if (pthread_create(&dropper, NULL, keep_dropping, NULL) ||
	    pthread_create(&other, NULL, come_and_go, &nr[0]))
		bail("pthread_create");
	while (time(NULL) < end) {
		int fd = new_zone();

		nr[1] += fd >= 0;
		close(fd);
	}
	poke(&stop, true);
	pthread_join(other, NULL);
	pthread_join(dropper, NULL);
	ok(nr[0] && nr[1], "%zu zones came and went while caches were dropped", nr[0] + nr[1]);
}

static int closing = -1;

static void *close_it(void *arg)
{
	close(closing);
	return arg;
}

static void with_a_watch(void)
{
	time_t end = time(NULL) + SECONDS;
	int inotify = inotify_init1(IN_CLOEXEC);
	size_t nr = 0, nr_watched = 0;

	for (; time(NULL) < end; nr++) {
		pthread_t thread;
		char path[64];
		int watch;

		closing = new_zone();
		snprintf(path, sizeof(path), "/proc/self/fd/%d", closing);
		watch = inotify_add_watch(inotify, path, IN_ALL_EVENTS);
		nr_watched += watch >= 0;
		if (pthread_create(&thread, NULL, close_it, NULL))
			bail("pthread_create");
		inotify_rm_watch(inotify, watch);
		pthread_join(thread, NULL);
	}
	close(inotify);
	is(nr_watched, nr, "zones were watched as they went");
}

int main(void)
{
	int fd;

	test_begin(60);
	device = device_open(O_RDWR);
	with_dropped_caches();
	with_a_watch();
	sync();
	fd = new_zone();
	ok(fd >= 0, "and sync and the next zone do not wait");
	close(fd);
	close(device);
	return tap_end();
}
