// SPDX-License-Identifier: GPL-2.0-only
/*
 * Points, actors, versions. No test waits for a fixed time: a point says when a
 * task has come, and /proc says when one sleeps.
 *
 * A fault that is stopped may hold the process's mmap_lock for reading, so whoever maps
 * anything meanwhile waits for it: threads and memory are made ahead, and nothing
 * here allocates.
 */
#define _GNU_SOURCE
#include "race.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_POINTS 64
#define DELAYS "/sys/kernel/debug/vmzone/delays"

/* A wait for something that is about to happen fails after so long. */
#define PATIENCE_MS 60000
#define LOOK_MS 5

struct zone zone;

/* What squeeze() uses. */
#define SPARE_BYTES (16 * MIB)
static uint8_t *spare;

/* As much of a file as fits, as a string. */
static void read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (len < 0)
		bail("%s", path);
	text[len] = '\0';
	close(fd);
}

/* Points ------------------------------------------------------------------ */

static void command(const char *text)
{
	int fd = open(DELAYS, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		bail("%s: the module is not built with CONFIG_VMZONE_DELAYS", DELAYS);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail("'%s' to %s", text, DELAYS);
	close(fd);
}

void point_arm_ms(const char *point, long index, unsigned int ms)
{
	char text[80];

	if (index == ANY)
		snprintf(text, sizeof(text), "arm %s any %u", point, ms);
	else
		snprintf(text, sizeof(text), "arm %s %ld %u", point, index, ms);
	command(text);
}

void point_arm(const char *point, long index)
{
	point_arm_ms(point, index, 100000);
}

void point_release(const char *point)
{
	char text[80];

	snprintf(text, sizeof(text), "release %s", point);
	command(text);
}

struct point {
	char name[32];
	char state[8];
	unsigned int expired;
};

/* Return: how many points there are. */
static size_t read_points(struct point points[MAX_POINTS])
{
	char text[4096], *line = text;
	size_t nr = 0;
	int len;

	read_file(DELAYS, text, sizeof(text));
	while (nr < MAX_POINTS &&
	       sscanf(line, "%31s %7s %*u %u\n%n", points[nr].name, points[nr].state,
		      &points[nr].expired, &len) == 3) {
		line += len;
		nr++;
	}
	return nr;
}

/* Whether nobody is to stop or is held, and all were let go since the last look. */
static bool all_let_go(void)
{
	static unsigned int expired_before[MAX_POINTS];
	struct point points[MAX_POINTS];
	size_t nr = read_points(points);
	bool good = true;

	for (size_t i = 0; i < nr; i++) {
		unsigned int expired = points[i].expired - expired_before[i];

		if (strcmp(points[i].state, "-") || expired)
			diag("  point %s: %s, %u went on by themselves", points[i].name,
			     points[i].state, expired);
		good &= !strcmp(points[i].state, "-") && !expired;
		expired_before[i] = points[i].expired;
	}
	return good;
}

static bool is_held(const char *point)
{
	struct point points[MAX_POINTS];
	size_t nr = read_points(points);
	bool held = false;

	for (size_t i = 0; i < nr; i++)
		held |= !strcmp(points[i].name, point) && !strcmp(points[i].state, "held");
	return held;
}

bool point_held(const char *point)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += LOOK_MS) {
		if (is_held(point))
			return true;
		usleep(LOOK_MS * 1000);
	}
	diag("  nobody came to the point %s", point);
	return false;
}

/* Threads ------------------------------------------------------------------ */

/* Made before any test, see races_begin(). */
struct worker {
	pthread_t thread;
	sem_t begin;
	atomic_long tid;
	struct actor *_Atomic actor;
};

static struct worker workers[3];

static void *work(void *arg)
{
	struct worker *worker = arg;

	worker->tid = syscall(SYS_gettid);
	for (;;) {
		struct actor *actor;

		while (sem_wait(&worker->begin))
			;
		actor = worker->actor;
		actor->result = actor->act(actor->arg);
		worker->actor = NULL;
		actor->done = true;
		sem_post(&actor->end);
	}
	return NULL;
}

static void make_workers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		if (sem_init(&workers[i].begin, 0, 0) ||
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			bail("pthread_create");
		while (!workers[i].tid)
			usleep(1000);
	}
}

void actor_start(struct actor *actor, long (*act)(long arg), long arg)
{
	struct worker *worker = workers;

	while (worker->actor && worker < workers + ARRAY_SIZE(workers) - 1)
		worker++;
	if (worker->actor)
		bail("no thread is left");
	actor->act = act;
	actor->arg = arg;
	actor->tid = worker->tid;
	actor->done = false;
	sem_init(&actor->end, 0, 0);
	worker->actor = actor;
	sem_post(&worker->begin);
}

bool actor_stops(struct actor *actor, long (*act)(long arg), long arg, const char *point,
		 long index)
{
	point_arm(point, index);
	actor_start(actor, act, arg);
	return point_held(point);
}

/* The letter of /proc: D is a sleep that only the kernel, or a fatal signal, ends. */
static char state_of(long tid)
{
	char path[64], text[128], *end;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", tid);
	read_file(path, text, sizeof(text));
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

bool actor_waits(struct actor *actor)
{
	int asleep = 0;

	/* A few looks in a row, so that a short sleep on the way is not taken for it. */
	for (int ms = 0; ms < PATIENCE_MS && asleep < 5 && !actor->done; ms += LOOK_MS) {
		usleep(LOOK_MS * 1000);
		asleep = state_of(actor->tid) == 'D' ? asleep + 1 : 0;
	}
	return asleep == 5 && !actor->done;
}

long actor_end(struct actor *actor)
{
	while (sem_wait(&actor->end))
		;
	return actor->result;
}

/* The zone ----------------------------------------------------------------- */

void race_begin_as(struct vmzone_create create)
{
	zone = zone_new(create);
}

void race_begin(size_t nr_slots, size_t nr_frames)
{
	zone = zone_sized(nr_slots, nr_frames);
}

void race_end(const char *name)
{
	struct vmzone_stats stats = zone_stats(&zone);

	ok(stats_hold_since(&stats, zone.nr_frames) && !stats.load_errors,
	   "%s: the counters hold", name);
	ok(all_let_go(), "%s: everybody was let go in time", name);
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, zone.nr_slots);
	stats = zone_emptied(&zone);
	is(stats.resident_frames + stats.stored_slots + stats.pinned_slots +
	   stats.store_payload_bytes, 0, "%s: a DISCARD of it all leaves nothing", name);
	zone_drop(&zone);
}

struct pattern pattern_of(unsigned int version)
{
	return (struct pattern){ .fill = version ? FILL_TEXT : FILL_ZERO, .version = version };
}

void store_version(size_t slot, unsigned int version)
{
	pattern_make(slot_at(&zone, slot), pattern_of(version), slot);
}

long version_of(const void *page, size_t slot)
{
	uint8_t want[page_size];

	for (unsigned int version = 0; version <= MAX_VERSION; version++) {
		pattern_make(want, pattern_of(version), slot);
		if (!memcmp(page, want, page_size))
			return version;
	}
	return -1;
}

/* Acts --------------------------------------------------------------------- */

long act_touch(long slot)
{
	uint8_t page[page_size];
	int signal_nr = copy_guarded(page, slot_at(&zone, slot), page_size);

	return signal_nr ? -signal_nr : version_of(page, slot);
}

long act_touch_write(long slot)
{
	uint8_t page[page_size];

	pattern_make(page, pattern_of(2), slot);
	return -copy_guarded(slot_at(&zone, slot), page, page_size);
}

long act_pread(long slot)
{
	uint8_t page[page_size];
	ssize_t done = pread(zone.fd, page, page_size, slot * page_size);

	if (done != (ssize_t)page_size)
		return done < 0 ? -errno : -ENODATA;
	return version_of(page, slot);
}

long act_pwrite(long slot)
{
	uint8_t page[page_size];
	ssize_t done;

	pattern_make(page, pattern_of(2), slot);
	done = pwrite(zone.fd, page, page_size, slot * page_size);
	return done == (ssize_t)page_size ? 0 : done < 0 ? -errno : -ENODATA;
}

long act_page_in(long slot)
{
	return zone_range(&zone, VMZONE_IOC_PAGE_IN, slot, 1);
}

long act_page_out(long slot)
{
	return zone_range(&zone, VMZONE_IOC_PAGE_OUT, slot, 1);
}

long act_pin(long slot)
{
	return zone_range(&zone, VMZONE_IOC_PIN, slot, 1);
}

long act_unpin(long slot)
{
	return zone_range(&zone, VMZONE_IOC_UNPIN, slot, 1);
}

long act_discard(long slot)
{
	return zone_range(&zone, VMZONE_IOC_DISCARD, slot, 1);
}

long act_willneed(long slot)
{
	return -posix_fadvise(zone.fd, slot * page_size, page_size, POSIX_FADV_WILLNEED);
}

long act_resize(long nr_slots)
{
	return ftruncate(zone.fd, nr_slots * page_size) ? -errno : 0;
}

long act_drop(long unused)
{
	struct zone mine = zone;

	(void)unused;
	zone_drop(&mine);
	return 0;
}

void unmap_slot(size_t slot)
{
	if (madvise(slot_at(&zone, slot), page_size, MADV_DONTNEED))
		bail("MADV_DONTNEED");
}

void send_out(size_t slot, unsigned int version)
{
	long ret;

	store_version(slot, version);
	ret = act_page_out(slot);
	if (ret != 1)
		bail("PAGE_OUT of slot %zu: %ld", slot, ret);
}

unsigned int slot_bits(size_t slot)
{
	uint8_t bits = 0;
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.offset = slot * page_size,
		.length = page_size,
		.vec = (uintptr_t)&bits,
	};

	if (ioctl(zone.fd, VMZONE_IOC_PAGEMAP, &pagemap))
		bail("VMZONE_IOC_PAGEMAP of slot %zu", slot);
	return bits;
}

void squeeze(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		bail("/proc/sys/vm/drop_caches");
	close(fd);
	/* Pages of its own each time. */
	if (madvise(spare, SPARE_BYTES, MADV_DONTNEED))
		bail("MADV_DONTNEED");
	memset(spare, 0x5a, SPARE_BYTES);
}

void races_begin(void)
{
	test_begin(900);
	spare = mmap(NULL, SPARE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (spare == MAP_FAILED)
		bail("mmap");
	make_workers();
}
