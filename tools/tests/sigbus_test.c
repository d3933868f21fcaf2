// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves where a touch ends in SIGBUS: when the store is full, and when every
 * frame is held; that no contents are lost by it; that read(2), write(2) and
 * the kernel's own accesses get an error in its place; and that the zone works
 * on as soon as there is room.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_FRAMES 16
#define NR_SLOTS 64
#define STORE_PAGES 8
#define NR_ROOM 6		/* slots discarded to make room */

static struct zone zone;

static const struct pattern pattern = { .fill = FILL_NOISE, .id = 1 };

static void open_zone(size_t store_pages)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size,
		.frames = NR_FRAMES,
		.store_limit = store_pages * page_size,
	};

	zone = zone_new(create);
}

static int write_guarded(size_t slot)
{
	uint8_t page[page_size];

	pattern_make(page, pattern, slot);
	return copy_guarded(slot_at(&zone, slot), page, page_size);
}

/* Reads nr slots. Return: how many are wrong; nr_refused: how many gave a SIGBUS instead. */
static size_t bad_guarded(size_t nr, size_t *nr_refused)
{
	uint8_t page[page_size];
	size_t bad = 0;

	*nr_refused = 0;
	for (size_t slot = 0; slot < nr; slot++) {
		int signal_nr = copy_guarded(page, slot_at(&zone, slot), page_size);

		if (signal_nr == SIGBUS)
			++*nr_refused;
		else
			bad += signal_nr || !pattern_good(page, pattern, slot);
	}
	return bad;
}

/* Writes slot after slot until there is no room. Return: how many there was room for. */
static size_t fill_up(void)
{
	size_t nr = 0;

	while (nr < NR_SLOTS && !write_guarded(nr))
		nr++;
	return nr;
}

static int touch_unguarded(void *arg)
{
	signal(SIGBUS, SIG_DFL);
	poke(slot_at(&zone, *(size_t *)arg), 1);
	return 0;
}

static bool no_room(ssize_t ret)
{
	return ret == -1 && (errno == ENOMEM || errno == ENOSPC || errno == EIO);
}

/* What the calls do about a slot that a touch gets a SIGBUS for. */
static void calls_give_errors(size_t slot)
{
	uint8_t page[page_size];
	int ends[2];

	pattern_make(page, pattern, slot);
	ok(no_room(pwrite(zone.fd, page, page_size, slot * page_size)),
	   "write(2) there fails: no room");
	is(pread(zone.fd, page, page_size, slot * page_size), page_size,
	   "read(2) there needs no frame");
	ok(all_zero(page, page_size), "and reads zeros");
	if (pipe(ends) || write(ends[1], "data", 4) != 4)
		bail("pipe");
	errno = 0;
	ok(read(ends[0], slot_at(&zone, slot), 4) == -1 && errno == EFAULT,
	   "read(2) of a pipe into it gives EFAULT");
	ok(write(ends[1], slot_at(&zone, slot), 4) == -1 && errno == EFAULT,
	   "write(2) to a pipe out of it, too");
	close(ends[0]);
	close(ends[1]);
	is(madvise(slot_at(&zone, slot), page_size, MADV_POPULATE_WRITE), -1,
	   "MADV_POPULATE_WRITE of it fails");
	is(zone_range(&zone, VMZONE_IOC_PIN, slot, 1), -ENOMEM, "PIN of it is ENOMEM");
	is(zone_range(&zone, VMZONE_IOC_PIN, slot - 4, 8), -ENOMEM, "so is PIN of a range across it");
	is(zone_stats(&zone).pinned_slots, 0, "which leaves none of the range pinned");
	is(zone_count(&zone, slot, 1, 0xff, 0), 1, "the slot is still empty");
}

static void store_full(void)
{
	struct vmzone_stats stats;
	size_t nr, nr_refused;

	open_zone(STORE_PAGES);
	nr = fill_up();
	diag("room for %zu slots with %d frames and a store of %d pages", nr, NR_FRAMES,
	     STORE_PAGES);
	between(nr, NR_FRAMES - reserve_max(NR_FRAMES) + STORE_PAGES / 2, NR_FRAMES + STORE_PAGES,
		"store full: the first SIGBUS comes when frames and store are used up");
	between((uint8_t *)fault_address() - slot_at(&zone, nr), 0, page_size - 1,
		"its address is in the slot");
	stats = zone_stats(&zone);
	is(stats.sigbus, 1, "it is counted once");
	between(stats.store_full, 1, 1 << 20, "so is the store's refusal");
	between(stats.resident_frames, NR_FRAMES - reserve_max(NR_FRAMES), NR_FRAMES,
		"the frames are in use");
	is(stats.resident_frames + stats.stored_slots, nr, "every slot written is somewhere");
	ok(stats_hold(&stats), "the counters hold");

	calls_give_errors(nr);
	is(child_run(touch_unguarded, &nr), 1000 + SIGBUS, "a process without a handler dies of it");
	is(bad_guarded(nr, &nr_refused), 0, "what can be read is right");
	diag("%zu of %zu reads gave SIGBUS", nr_refused, nr);
	between(nr_refused, 0, STORE_PAGES, "at least what is resident can be read");

	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_ROOM), NR_ROOM, "DISCARD makes room");
	is(pattern_bad(&zone, pattern, NR_ROOM, nr - NR_ROOM), 0, "everything else is kept");
	is(write_guarded(nr), 0, "the touch that failed succeeds now");
	is(pattern_bad(&zone, pattern, NR_ROOM, nr - NR_ROOM + 1), 0, "and everything is right");
	zone_drop(&zone);
}

/* Same-filled pages take no room in the store: with a full one, they still page. */
static void same_filled_go_on(void)
{
	struct pattern same = { .fill = FILL_SAME, .id = 2 };

	open_zone(STORE_PAGES);
	pattern_fill(&zone, same, 0, NR_SLOTS);
	is(pattern_bad(&zone, same, 0, NR_SLOTS), 0, "same-filled pages need no room in the store");
	is(zone_stats(&zone).sigbus, 0, "and give no SIGBUS");
	zone_drop(&zone);
}

static size_t drain(int pipe_out, size_t nr)
{
	uint8_t page[page_size];
	size_t bad = 0;

	for (size_t slot = 0; slot < nr; slot++)
		bad += read(pipe_out, page, page_size) != (ssize_t)page_size ||
		       !pattern_good(page, pattern, slot);
	return bad;
}

/* Fills slot after slot and gives each to a pipe. Return: how many until a SIGBUS. */
static size_t hold_all(int pipe_in)
{
	size_t nr = 0;

	while (nr < NR_SLOTS && !write_guarded(nr)) {
		struct iovec slot = { .iov_base = slot_at(&zone, nr), .iov_len = page_size };

		if (vmsplice(pipe_in, &slot, 1, 0) != (ssize_t)page_size)
			bail("vmsplice");
		nr++;
	}
	return nr;
}

static void every_frame_held(void)
{
	struct vmzone_stats stats;
	int ends[2], signal_nr;
	uint8_t page[page_size];
	size_t nr;

	open_zone(2 * NR_SLOTS);
	if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, NR_SLOTS * page_size) < 0)
		bail("pipe of %d pages", NR_SLOTS);
	pattern_fill(&zone, pattern, NR_SLOTS - 1, 1);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, NR_SLOTS - 1, 1);
	nr = hold_all(ends[1]);
	between(nr, NR_FRAMES - reserve_max(NR_FRAMES), NR_FRAMES,
		"every frame held: the first SIGBUS comes when all but the reserve are");
	stats = zone_stats(&zone);
	is(stats.sigbus, 1, "it is counted");
	ok(stats_hold(&stats), "the counters hold");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, nr), 0, "PAGE_OUT passes over what is held");
	signal_nr = copy_guarded(page, slot_at(&zone, NR_SLOTS - 1), page_size);
	ok(signal_nr == SIGBUS || (!signal_nr && pattern_good(page, pattern, NR_SLOTS - 1)),
	   "a stored slot is right or out of reach (%s)", signal_nr ? "SIGBUS" : "right");
	is(pattern_bad(&zone, pattern, 0, nr), 0, "what is resident can be read");
	is(drain(ends[0], nr), 0, "the pipe has all of it");
	is(write_guarded(nr), 0, "then the touch that failed succeeds");
	pattern_fill(&zone, pattern, nr, NR_SLOTS - nr);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and everything is right");
	close(ends[0]);
	close(ends[1]);
	zone_drop(&zone);
}

/* As many pins as PIN allows, and no room in the store for the rest. */
static void pinned_and_full(void)
{
	size_t nr_pinned = 0, nr, nr_refused;

	open_zone(STORE_PAGES);
	while (nr_pinned < NR_FRAMES && zone_range(&zone, VMZONE_IOC_PIN, nr_pinned, 1) == 1)
		nr_pinned++;
	nr = fill_up();
	between(nr, nr_pinned + STORE_PAGES / 2, NR_FRAMES + STORE_PAGES,
		"pinned and full: SIGBUS when the rest is used up");
	is(bad_guarded(nr, &nr_refused), 0, "what can be read is right");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, nr_pinned), nr_pinned, "UNPIN");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_ROOM), NR_ROOM, "DISCARD makes room");
	is(pattern_bad(&zone, pattern, NR_ROOM, nr - NR_ROOM), 0, "everything else is kept");
	zone_drop(&zone);
}

/* The trouble of one zone is not another's. */
static void others_work_on(void)
{
	struct zone full, other = zone_sized(NR_SLOTS, NR_FRAMES);

	open_zone(STORE_PAGES);
	fill_up();
	full = zone;
	zone = other;
	is(fill_up(), NR_SLOTS, "another zone works on beside a full one");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and is right");
	is(zone_stats(&zone).sigbus, 0, "without a SIGBUS");
	ok(mmap(NULL, page_size, PROT_READ, MAP_SHARED, zone.fd, NR_SLOTS * page_size) ==
	   MAP_FAILED && errno == EINVAL, "past a zone's end there is nothing to touch");
	zone_drop(&zone);
	zone_drop(&full);
}

int main(void)
{
	test_begin(60);
	store_full();
	same_filled_go_on();
	every_frame_held();
	pinned_and_full();
	others_work_on();
	return tap_end();
}
