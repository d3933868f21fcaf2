// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves the same of the reclaimer, which unmaps frames in batches, keeps them on
 * standby for a while, and takes the oldest: stores, pins and faults between these
 * steps; the shrinker between any two; a zone that ends while a worker evicts; a slot
 * that others want while its fault unmaps frames; a pin among frames that are unmapped
 * together; and a new slot's fault beside many pins.
 */
#define _GNU_SOURCE
#include "race.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_SLOTS 128
#define NR_FRAMES 16
#define NR_MANY_SLOTS 512
#define NR_MANY_FRAMES 256
#define OLDEST 0		/* the slot that FIFO chooses first */

static struct actor filler, rival;

static void begin(void)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .policy = VMZONE_POLICY_FIFO,
	};

	race_begin_as(create);
}

/* Gives a version to all slots but the oldest, which is there already: so that goes out. */
static long fill_others(long version)
{
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		if (slot != OLDEST)
			store_version(slot, version);
	return 0;
}

/* Somebody, the filler or a worker, is stopped with the oldest frame at that point. */
static void stop_reclaim(const char *point, const char *name)
{
	store_version(OLDEST, 1);
	ok(actor_stops(&filler, fill_others, 1, point, OLDEST),
	   "%s: the reclaimer has come to %s", name, point);
}

static void go_on(const char *point, const char *name, long version)
{
	size_t bad = 0;

	point_release(point);
	is(actor_end(&filler), 0, "%s: all slots were written", name);
	is(act_touch(OLDEST), version, "%s: the oldest is right", name);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		bad += slot != OLDEST && act_touch(slot) != 1;
	is(bad, 0, "%s: so are all others", name);
	is(zone_stats(&zone).sigbus, 0, "%s: nobody was turned away", name);
	race_end(name);
}

/* A store through the mapping of a frame that is marked for standby. */
static void store_before_park(void)
{
	const char *name = "store before standby";

	begin();
	stop_reclaim("park_marked", name);
	store_version(OLDEST, 2);
	go_on("park_marked", name, 2);
}

static bool found_busy(void)
{
	return zone_stats(&zone).evict_busy;
}

/* A pin by the page table of a frame that is marked: it stays until the pipe is empty. */
static void splice_before_park(void)
{
	const char *name = "vmsplice before standby";
	struct iovec iov = { .iov_len = page_size };
	uint8_t page[page_size];
	int pipes[2];

	begin();
	if (pipe(pipes))
		bail("pipe");
	stop_reclaim("park_marked", name);
	iov.iov_base = slot_at(&zone, OLDEST);
	is(vmsplice(pipes[1], &iov, 1, 0), page_size, "%s: vmsplice has the page", name);
	point_release("park_marked");
	is(actor_end(&filler), 0, "%s: all others were written", name);
	is(slot_bits(OLDEST) & VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT, "%s: it stays in", name);
	ok(comes_true(found_busy), "%s: evict_busy tells", name);
	store_version(OLDEST, 2);
	is(read(pipes[0], page, page_size), page_size, "%s: the pipe gives a page", name);
	is(version_of(page, OLDEST), 2, "%s: the slot's own", name);
	close(pipes[0]);
	close(pipes[1]);
	fill_others(1);
	is(act_touch(OLDEST), 2, "%s: it is right after it may go", name);
	race_end(name);
}

/* Somebody comes for a frame whose eviction from standby has got so far, and has to wait. */
static void come_while_evicted(long (*act)(long arg), long result, long version,
			       const char *what, const char *point)
{
	char name[48];

	snprintf(name, sizeof(name), "%s of standby at %s", what, point);
	begin();
	stop_reclaim(point, name);
	actor_start(&rival, act, OLDEST);
	ok(actor_waits(&rival), "%s: it sleeps", name);
	point_release(point);
	is(actor_end(&rival), result, "%s: it has the page", name);
	go_on(point, name, version);
}

/* The machine wants memory while a frame is at each of these steps. */
static void shrink_at(const char *point)
{
	char name[48];

	snprintf(name, sizeof(name), "shrinker at %s", point);
	begin();
	stop_reclaim(point, name);
	squeeze();
	go_on(point, name, 1);
}

/* The same while a fault has a frame and no contents yet. */
static void shrink_while_filling(void)
{
	const char *name = "shrinker during a fault";

	begin();
	send_out(OLDEST, 1);
	ok(actor_stops(&rival, act_touch, OLDEST, "fill_framed", OLDEST),
	   "%s: the fault has a frame", name);
	squeeze();
	fill_others(1);
	squeeze();
	point_release("fill_framed");
	is(actor_end(&rival), 1, "%s: the fault sees its page", name);
	race_end(name);
}

/*
 * The last mapping and descriptor go while a worker has a frame of the zone: the zone
 * waits for the worker. Frames are taken one by one, so that none is left to a worker
 * only, and never so few that the test had to evict.
 */
static void end_while_evicted(const char *point)
{
	char name[48];
	size_t slot = 0;
	bool held;

	snprintf(name, sizeof(name), "end of the zone at %s", point);
	begin();
	point_arm(point, ANY);
	/* Reserve, and low watermark: at 13 frames in use a worker starts. */
	for (slot = 0; slot < 13; slot++)
		store_version(slot, 1);
	held = point_held(point);
	ok(held, "%s: a worker has come to %s", name, point);
	actor_start(&rival, act_drop, 0);
	ok(actor_waits(&rival), "%s: the end waits for it", name);
	point_release(point);
	is(actor_end(&rival), 0, "%s: the zone has ended", name);
}

/* Version 1, or what is left of it if somebody discarded the page while it was stored. */
static bool is_partly_zeros(size_t slot)
{
	uint8_t page[page_size];
	bool good = true;

	pattern_make(page, pattern_of(1), slot);
	for (size_t i = 0; i < page_size; i++)
		good &= !slot_at(&zone, slot)[i] || slot_at(&zone, slot)[i] == page[i];
	return good;
}

/*
 * Somebody comes for the slot that is being filled by a fault which, as no one else
 * takes frames, parks the oldest in the meantime. There is no worker yet, and the
 * program goes on to store version 1.
 */
static void come_while_fault_parks(long (*act)(long arg), const char *what)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_SLOTS, .policy = VMZONE_POLICY_FIFO,
	};
	size_t filling = OLDEST + 1;
	char name[48];

	snprintf(name, sizeof(name), "%s while the fault parks", what);
	race_begin_as(create);
	stop_reclaim("park_marked", name);
	ok(actor_waits(&filler), "%s: it is the fault that has come there", name);
	is(zone_stats(&zone).evictions_background, 0, "%s: no worker has evicted", name);
	ok(zone_stats(&zone).free_frames, "%s: nor does it wait for a frame", name);
	while (slot_bits(filling) & VMZONE_SLOT_RESIDENT)
		filling++;
	store_version(OLDEST, 2);
	actor_start(&rival, act, filling);
	ok(actor_waits(&rival), "%s: it sleeps", name);
	point_release("park_marked");
	ok(actor_end(&rival) >= 0, "%s: it gets its turn", name);
	is(actor_end(&filler), 0, "%s: all slots were written", name);
	ok(act == act_discard ? is_partly_zeros(filling) : act_touch(filling) == 1,
	   "%s: the slot is right", name);
	is(act_touch(OLDEST), 2, "%s: so is the oldest", name);
	race_end(name);
}

static size_t most_in_use;

static bool spare_is_gone(void)
{
	return zone_stats(&zone).resident_frames <= most_in_use;
}

/*
 * Pins leave the reserve and half as many frames, stored slots have these, and a slot
 * that was never touched wants one. It must not evict until more than the reserve are
 * free: others would page in what is free meanwhile, for as long as they like.
 */
static void new_slot_beside_pins(void)
{
	const size_t nr_stored = 64, first_pinned = 64, new = NR_MANY_SLOTS - 1;
	unsigned long long evicted;
	size_t reserve, nr_pinned;

	race_begin(NR_MANY_SLOTS, NR_MANY_FRAMES);
	reserve = NR_MANY_FRAMES - zone_stats(&zone).free_frames;
	nr_pinned = NR_MANY_FRAMES - reserve - reserve / 2;
	for (size_t slot = 0; slot < nr_stored; slot++)
		send_out(slot, 1);
	is(zone_range(&zone, VMZONE_IOC_PIN, first_pinned, nr_pinned), nr_pinned,
	   "beside pins: %zu frames are left, %zu of them in reserve", NR_MANY_FRAMES - nr_pinned,
	   reserve);
	for (size_t slot = 0; slot < nr_stored; slot++)
		act_touch(slot);
	most_in_use = nr_pinned + reserve;
	ok(comes_true(spare_is_gone), "beside pins: the workers leave the reserve alone");
	ok(actor_stops(&filler, act_touch, new, "room_made", ANY),
	   "beside pins: a new slot's fault evicts");
	evicted = zone_stats(&zone).evictions_direct;
	point_release("room_made");
	is(actor_end(&filler), 0, "beside pins: it gets its frame");
	is(zone_stats(&zone).evictions_direct, evicted, "beside pins: and has not evicted again");
	zone_range(&zone, VMZONE_IOC_UNPIN, first_pinned, nr_pinned);
	race_end("beside pins");
}

static long fill_from(long slot)
{
	while ((size_t)slot < zone.nr_slots)
		store_version(slot++, 1);
	return 0;
}

static long faults_of_touch(long slot)
{
	struct faults before = faults_now(), after;

	act_touch(slot);
	after = faults_now();
	return after.minor + after.major - before.minor - before.major;
}

/*
 * A run of victims is to be unmapped in one call, across a slot that had no frame as
 * it was looked at. Its frame is pinned meanwhile, and must not lose its mapping later.
 */
static void pin_within_run(void)
{
	const char *name = "PIN within a run";
	const size_t between = OLDEST + 1;

	race_begin_as((struct vmzone_create){
		.bytes = NR_MANY_SLOTS * page_size, .frames = NR_MANY_FRAMES, .policy = VMZONE_POLICY_FIFO,
	});
	store_version(OLDEST, 1);
	send_out(between, 2);
	store_version(between + 1, 1);
	ok(actor_stops(&filler, fill_from, between + 2, "run_found", OLDEST),
	   "%s: the reclaimer has found one", name);
	actor_start(&rival, act_pin, between);
	ok(actor_waits(&rival), "%s: PIN waits for its end", name);
	is(slot_bits(between) & VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED, "%s: it has pinned", name);
	is(act_touch(between), 2, "%s: the page is mapped", name);
	point_release("run_found");
	is(actor_end(&rival), 1, "%s: PIN has its page", name);
	is(faults_of_touch(between), 1, "%s: which the run has unmapped", name);
	is(actor_end(&filler), 0, "%s: all others were written", name);
	is(faults_of_touch(between), 0, "%s: but that is the last time", name);
	is(faults_of_touch(between + 1), 1, "%s: and the run's last page, too", name);
	act_unpin(between);
	race_end(name);
}

int main(void)
{
	races_begin();
	store_before_park();
	splice_before_park();
	come_while_evicted(act_touch_write, 0, 2, "touch", "evict_unmapped");
	come_while_evicted(act_touch_write, 0, 2, "touch", "evict_frozen");
	come_while_evicted(act_touch_write, 0, 2, "touch", "evict_saved");
	come_while_evicted(act_discard, 1, 0, "DISCARD", "evict_unmapped");
	come_while_evicted(act_discard, 1, 0, "DISCARD", "evict_saved");
	shrink_at("park_marked");
	shrink_at("evict_unmapped");
	shrink_at("evict_frozen");
	shrink_while_filling();
	end_while_evicted("park_marked");
	end_while_evicted("evict_frozen");
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		come_while_fault_parks(act_page_out, "PAGE_OUT");
		come_while_fault_parks(act_discard, "DISCARD");
	} else {
		skip("one processor", "a fault parks where it would interrupt others");
	}
	pin_within_run();
	new_slot_beside_pins();
	return tap_end();
}
