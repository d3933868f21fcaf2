// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zones that end while the kernel itself holds their inode for a moment, and
 * nothing else of them: it must not have to wait for itself. drop_caches walks
 * over all inodes, and inotify lets go of one that it watched. And zones that begin
 * while others end: all of them do begin.
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
#define NR_THREADS 3

static int device;
static bool stop;

/* Return: the descriptor, or a negative errno. */
static int new_zone(void)
{
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = 16 * page_size, .frames = 16,
	};

	return ioctl(device, VMZONE_IOC_CREATE, &create) ? -errno : create.out_fd;
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

struct tally {
	size_t nr, nr_refused;
	int error;
};

/* Each thread has zones that begin and end. */
static void *come_and_go(void *arg)
{
	struct tally *tally = arg;

	while (!peek(&stop)) {
		int fd = new_zone();

		tally->nr++;
		if (fd >= 0) {
			close(fd);
		} else {
			tally->nr_refused++;
			tally->error = -fd;
		}
	}
	return NULL;
}

static void all_begin(const char *how, void *(*disturb)(void *arg))
{
	struct tally tally[NR_THREADS] = { 0 }, sum = { 0 };
	pthread_t thread[NR_THREADS], other;

	stop = false;
	if (disturb && pthread_create(&other, NULL, disturb, NULL))
		bail("pthread_create");
	for (size_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&thread[i], NULL, come_and_go, &tally[i]))
			bail("pthread_create");
	sleep(SECONDS);
	poke(&stop, true);
	for (size_t i = 0; i < NR_THREADS; i++) {
		pthread_join(thread[i], NULL);
		sum.nr += tally[i].nr;
		sum.nr_refused += tally[i].nr_refused;
		sum.error = sum.error ? sum.error : tally[i].error;
	}
	if (disturb)
		pthread_join(other, NULL);
	ok(sum.nr >= NR_THREADS, "%s: %zu zones came and went", how, sum.nr);
	if (!is(sum.nr_refused, 0, "%s: none was refused", how))
		diag("  errno %d", sum.error);
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
		if (closing < 0)
			bail("VMZONE_IOC_CREATE");
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
	all_begin("side by side", NULL);
	all_begin("while caches are dropped", keep_dropping);
	with_a_watch();
	sync();
	fd = new_zone();
	ok(fd >= 0, "and sync and the next zone do not wait");
	close(fd);
	close(device);
	return tap_end();
}
