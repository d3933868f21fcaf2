// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what the memory stress tests of LTP and the kernel ask of any memory:
 * threads that all fault on one page at once get one frame and see each other's
 * bytes; maps, unmaps, moves and changes of protection under running readers
 * give them the right contents or a signal; one address shows what is mapped
 * there now; and no increment by any thread or process is ever lost, whatever
 * moves the pages meanwhile.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 192
#define NR_THREADS 4
#define NR_SHARED 24		/* slots that all threads fault on at once */
#define NR_WINDOW 16		/* slots of a mapping that comes and goes */
#define NR_READERS 2
#define NR_CHANGES 600
#define NR_ADDS 2000

#define MOVE_PRIVATE 2		/* MPOL_MF_MOVE of move_pages(2), in the header of libnuma only */

#define RW (PROT_READ | PROT_WRITE)

static struct zone zone;
static pthread_barrier_t barrier;
static atomic_size_t nr_bad, nr_signals, nr_right;
static atomic_bool finished;

static void start(pthread_t *threads, int nr, void *(*body)(void *arg))
{
	nr_bad = nr_signals = nr_right = 0;
	finished = false;
	for (intptr_t i = 0; i < nr; i++)
		if (pthread_create(&threads[i], NULL, body, (void *)i))
			bail("pthread_create");
}

static void join(pthread_t *threads, int nr)
{
	finished = true;
	for (int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

/* Half of the threads write their byte first, half read: both ways to fault. */
static void *fault_together(void *arg)
{
	size_t self = (uintptr_t)arg;

	for (size_t slot = 0; slot < NR_SHARED; slot++) {
		uint8_t *page = slot_at(&zone, slot);

		pthread_barrier_wait(&barrier);
		if (self & 1)
			nr_bad += peek(page + self) != 0;
		poke(page + self, self + 1);
		pthread_barrier_wait(&barrier);
		for (size_t i = 0; i < NR_THREADS; i++)
			nr_bad += peek(page + i) != i + 1;
	}
	return NULL;
}

static void clear_bytes(void)
{
	for (size_t slot = 0; slot < NR_SHARED; slot++)
		memset(slot_at(&zone, slot), 0, NR_THREADS);
}

/* Odd threads' bytes must be 0 before: so the page is in a known state. */
static void one_frame_each(const char *what, bool stored)
{
	struct vmzone_stats before = zone_stats(&zone), after;
	pthread_t threads[NR_THREADS];

	start(threads, NR_THREADS, fault_together);
	join(threads, NR_THREADS);
	after = zone_stats(&zone);
	is(nr_bad, 0, "%s: all see what each has written", what);
	is(after.resident_frames, NR_SHARED, "%s: one frame a slot", what);
	is(after.faults_zero - before.faults_zero, stored ? 0 : NR_SHARED,
	   "%s: zeroed once at most", what);
	is(after.page_ins - before.page_ins, stored ? NR_SHARED : 0, "%s: paged in once at most",
	   what);
	is(after.faults_major - before.faults_major, stored ? NR_SHARED : 0,
	   "%s: one major fault a slot at most", what);
}

static void faults_at_once(void)
{
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pthread_barrier_init(&barrier, NULL, NR_THREADS);
	one_frame_each("empty slots", false);
	clear_bytes();
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SHARED), NR_SHARED, "page out");
	one_frame_each("stored slots", true);
	pthread_barrier_destroy(&barrier);
	zone_drop(&zone);
}

/*
 * Each word of slot s is s: so a reader can tell whether what it got belongs to
 * a place, whichever part of the zone is mapped there just now.
 */
static void number_slots(void)
{
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		for (size_t at = 0; at < page_size; at += sizeof(uint64_t))
			*(uint64_t *)(slot_at(&zone, slot) + at) = slot;
}

static size_t nr_misnumbered(void)
{
	size_t bad = 0;

	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		for (size_t at = 0; at < page_size; at += sizeof(uint64_t))
			bad += *(uint64_t *)(slot_at(&zone, slot) + at) != slot;
	return bad;
}

static uint8_t *place_for(size_t nr)
{
	void *place = mmap(NULL, nr * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED)
		bail("mmap of %zu pages to reserve addresses", nr);
	return place;
}

/* Two windows, side by side, in which parts of the zone come and go. */
static uint8_t *window;

static void *read_window(void *arg)
{
	uint64_t random = test_seed + (uintptr_t)arg, word;

	while (!finished || !nr_right) {
		size_t at = random_next(&random) % (2 * NR_WINDOW);
		size_t in_page = random_next(&random) % page_size & -sizeof(word);
		int signal_nr = copy_guarded(&word, window + at * page_size + in_page, sizeof(word));

		if (signal_nr)
			nr_signals++;
		else
			nr_right++;
		nr_bad += signal_nr == SIGBUS;
		nr_bad += !signal_nr && (word >= NR_SLOTS || word % NR_WINDOW != at % NR_WINDOW);
	}
	return NULL;
}

static int map_part(size_t at, size_t nr, size_t first, int prot)
{
	void *place = window + at * page_size;

	return mmap(place, nr * page_size, prot, MAP_SHARED | MAP_FIXED, zone.fd,
		    first * page_size) != place;
}

static int unmap_part(size_t at, size_t nr)
{
	void *place = window + at * page_size;

	return mmap(place, nr * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) != place;
}

/* One change to a window, all of it or a part. Return: whether it failed. */
static int change_window(uint64_t random)
{
	size_t at = random % NR_WINDOW, nr = 1 + (random >> 8) % (NR_WINDOW - at);
	size_t first = (random >> 16) % (NR_SLOTS / NR_WINDOW) * NR_WINDOW;
	size_t side = random >> 24 & 1 ? NR_WINDOW : 0;
	uint8_t *place = window + (side + at) * page_size;

	switch ((random >> 32) % 6) {
	case 0:
		return unmap_part(side + at, nr);
	case 1:
		return mprotect(place, nr * page_size, PROT_NONE);
	case 2:
		return zone_range(&zone, VMZONE_IOC_PAGE_OUT, first, NR_WINDOW) < 0;
	case 3:
		return madvise(place, nr * page_size, MADV_DONTNEED);
	default:
		return map_part(side + at, nr, first + at, random >> 40 & 1 ? PROT_READ : RW);
	}
}

static void maps_come_and_go(void)
{
	pthread_t threads[NR_READERS];
	uint64_t random = test_seed;
	size_t failed = 0;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	number_slots();
	window = place_for(2 * NR_WINDOW);
	map_part(0, NR_WINDOW, 0, RW);
	start(threads, NR_READERS, read_window);
	for (int i = 0; i < NR_CHANGES; i++)
		failed += change_window(random_next(&random)) != 0;
	map_part(0, NR_WINDOW, 0, RW);
	join(threads, NR_READERS);
	diag("%zu reads, %zu signals", nr_right, nr_signals);
	is(failed, 0, "map and unmap: each call succeeds");
	is(nr_bad, 0, "map and unmap: readers get what is mapped, or SIGSEGV");
	is(nr_misnumbered(), 0, "map and unmap: contents");
	munmap(window, 2 * NR_WINDOW * page_size);
	zone_drop(&zone);
}

/* A mapping that moves to and fro between the windows. */
static void maps_move(void)
{
	pthread_t threads[NR_READERS];
	size_t len, failed = 0;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	len = NR_WINDOW * page_size;
	number_slots();
	window = place_for(2 * NR_WINDOW);
	map_part(0, NR_WINDOW, NR_WINDOW, RW);
	start(threads, NR_READERS, read_window);
	for (int i = 0; i < NR_CHANGES; i++) {
		uint8_t *from = window + (i % 2) * len, *to = window + (1 - i % 2) * len;

		failed += mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to;
		failed += unmap_part((i % 2) * NR_WINDOW, NR_WINDOW);
		if (i % 4 == 0)
			zone_range(&zone, VMZONE_IOC_PAGE_OUT, NR_WINDOW, NR_WINDOW);
	}
	join(threads, NR_READERS);
	diag("%zu reads, %zu signals", nr_right, nr_signals);
	is(failed, 0, "moves: each call succeeds");
	is(nr_bad, 0, "moves: readers get what is mapped, or SIGSEGV");
	is(nr_misnumbered(), 0, "moves: contents");
	munmap(window, 2 * NR_WINDOW * page_size);
	zone_drop(&zone);
}

/* No translation of the slot that was mapped here before may be left on any CPU. */
static void one_address_two_zones(void)
{
	struct zone zones[2] = { zone_sized(16, 16), zone_sized(16, 16) };
	uint8_t *place = place_for(1);
	size_t stale = 0;

	for (int i = 0; i < 2; i++)
		memset(zones[i].map, 'a' + i, page_size);
	for (int i = 0; i < NR_CHANGES; i++) {
		struct zone *now = &zones[i % 2];

		if (i % 8 == 0)
			zone_range(now, VMZONE_IOC_PAGE_OUT, 0, 1);
		if (mmap(place, page_size, RW, MAP_SHARED | MAP_FIXED, now->fd, 0) != place)
			bail("mmap to a fixed address");
		stale += peek(place) != 'a' + i % 2;
		poke(place + 1, i);
		stale += peek(now->map + 1) != (uint8_t)i;
	}
	is(stale, 0, "one address, two zones: it shows the one that is mapped");
	munmap(place, page_size);
	zone_drop(&zones[0]);
	zone_drop(&zones[1]);
}

static uint64_t *counter_of(size_t slot)
{
	return (uint64_t *)slot_at(&zone, slot);
}

static void add_all_over(uint64_t random)
{
	for (int i = 0; i < NR_ADDS; i++)
		__atomic_fetch_add(counter_of(random_next(&random) % NR_SLOTS), 1,
				   __ATOMIC_RELAXED);
}

static void *add_in_thread(void *arg)
{
	add_all_over(test_seed + (uintptr_t)arg);
	return NULL;
}

static int add_in_child(void *arg)
{
	add_all_over(test_seed + (uintptr_t)arg);
	return 0;
}

/* What this kernel lacks, or does not let us do, disturbs nobody. */
static void put_string(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t len = fd < 0 ? 0 : write(fd, text, strlen(text));

	(void)len;
	if (fd >= 0)
		close(fd);
}

/* Whatever moves, unmaps, protects or examines pages. */
static void *disturb(void *arg)
{
	uint64_t random = ~test_seed;
	(void)arg;

	while (!finished) {
		uint64_t choice = random_next(&random);
		size_t first = choice % (NR_SLOTS - NR_WINDOW);
		uint8_t *at = slot_at(&zone, first);
		int node = 0, status;
		void *page = at;

		switch ((choice >> 32) % 8) {
		case 0:
			put_string("/proc/self/clear_refs", choice >> 40 & 1 ? "4" : "1");
			break;
		case 1:
			madvise(at, NR_WINDOW * page_size, MADV_DONTNEED);
			break;
		case 2:
			if (zone_range(&zone, VMZONE_IOC_PIN, first, 4) == 4)
				zone_range(&zone, VMZONE_IOC_UNPIN, first, 4);
			break;
		case 3:
			syscall(SYS_move_pages, 0, 1UL, &page, &node, &status, MOVE_PRIVATE);
			break;
		case 4:
			madvise(at, NR_WINDOW * page_size,
				choice >> 40 & 1 ? MADV_COLD : MADV_PAGEOUT);
			break;
		case 5:
			if (choice >> 40 & 7)
				break;
			put_string("/proc/sys/vm/compact_memory", "1");
			break;
		default:
			zone_range(&zone, VMZONE_IOC_PAGE_OUT, first, NR_WINDOW);
		}
		usleep(200);
	}
	return NULL;
}

static void nothing_lost(void)
{
	pthread_t threads[NR_THREADS], disturber;
	struct vmzone_stats stats;
	uint64_t sum = 0;
	pid_t children[2];
	size_t failed = 0;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = child_start(add_in_child, (void *)(100 + i));
	start(&disturber, 1, disturb);
	for (intptr_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL, add_in_thread, (void *)i))
			bail("pthread_create");
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		failed += child_wait(children[i]) != 0;
	join(&disturber, 1);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		sum += *counter_of(slot);
	is(failed, 0, "increments: the children ended well");
	is(sum, (NR_THREADS + ARRAY_SIZE(children)) * NR_ADDS, "increments: none is lost");
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && !stats.sigbus && stats.evictions_dirty > NR_SLOTS,
	   "increments: the counters hold, and there was pressure");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	faults_at_once();
	maps_come_and_go();
	maps_move();
	one_address_two_zones();
	nothing_lost();
	return tap_end();
}
