// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop of a sweep, and the zone that most calls are made on: its model, and
 * what "nothing lost, nothing leaked" means for it. Each slot holds what the model
 * says; each frame and each stored copy that is counted belongs to a slot; nothing
 * is pinned, and nothing stays busy; the counters' equations hold.
 */
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* No call needs more memory than this many times. */
#define MAX_NTH 5000
/* After so many that went wrong the rest is of no interest. */
#define MAX_BAD 3

/*
 * How often in a row none must be met for the last one to have been: their number
 * differs from call to call, since caches of the kernel may have what is asked for.
 */
#define ENOUGH 3
/* Of a call that has hundreds: the first ones, all of which are tried, and a mean step. */
#define HEAD 60
#define STEP 8

struct zone zone;
bool (*rest_holds)(void);

/* What a slot holds, and what it may hold as well after a call that changes it. */
static uint8_t version[NR_USED], changed[NR_USED];
static size_t next_fresh;

/* With nothing left out it takes some ten times as long. */
void sweep_begin(void)
{
	test_begin(getenv("SWEEP_ALL") ? 12000 : 1500);
}

long or_errno(long ret)
{
	return ret < 0 ? -errno : ret;
}

long must(long ret, const char *what)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	bail("%s", what);
}

void version_make(void *page, size_t slot, uint8_t version)
{
	struct pattern pattern = { .fill = version ? FILL_MIX : FILL_ZERO, .version = version };

	pattern_make(page, pattern, slot);
}

static bool slot_has(size_t slot, uint8_t version)
{
	uint8_t want[page_size];

	version_make(want, slot, version);
	return !memcmp(slot_at(&zone, slot), want, page_size);
}

void expect_change(size_t first, size_t nr, uint8_t to)
{
	memset(changed + first, to, nr);
}

size_t fresh_slot(void)
{
	if (++next_fresh >= NR_SLOTS / FRESH_STEP)
		bail("no slot is left that was never touched");
	return next_fresh * FRESH_STEP;
}

/* As the kernel does when it is short of memory. */
void pool_drain(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		bail("/proc/sys/vm/drop_caches");
	close(fd);
}

void all_out(void)
{
	must(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_USED), "PAGE_OUT of all");
	pool_drain();
}

void all_dirty(void)
{
	all_in();
	for (size_t slot = 0; slot < NR_USED; slot++)
		poke(slot_at(&zone, slot), peek(slot_at(&zone, slot)));
}

void all_in(void)
{
	must(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR_USED), "PAGE_IN of all");
}

void all_anew(void)
{
	for (size_t slot = 0; slot < NR_USED; slot++) {
		if (version[slot] != 1)
			version_make(slot_at(&zone, slot), slot, 1);
		version[slot] = 1;
	}
	memcpy(changed, version, sizeof(changed));
}

void anew_out(void)
{
	all_anew();
	all_out();
}

void anew_in(void)
{
	all_anew();
	all_in();
}

void zone_begin(uint32_t flags)
{
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .flags = flags,
	};

	next_fresh = 0;
	zone = zone_new(create);
	memset(version, 0, sizeof(version));
	all_anew();
}

/* Settles what each slot that was to be changed holds. */
static size_t bad_slots(bool succeeded)
{
	size_t bad = 0;

	for (size_t slot = 0; slot < NR_USED; slot++) {
		if (!succeeded && slot_has(slot, version[slot]))
			continue;
		if (slot_has(slot, changed[slot])) {
			version[slot] = changed[slot];
		} else {
			diag("  slot %zu holds neither version %u nor %u%s", slot, version[slot],
			     changed[slot], slot_has(slot, 0) ? "; it is all zero" : "");
			bad++;
		}
	}
	return bad;
}

/* Gauges against what the slots say. The fresh one may have contents as well. */
static bool compare_gauges(bool complain)
{
	const size_t starts[] = { 0, next_fresh * FRESH_STEP };
	struct vmzone_stats stats = zone_stats(&zone);
	size_t resident = 0, stored = 0, pinned = 0, busy = 0;

	for (size_t i = 0; i < 1 + !!next_fresh; i++) {
		resident += zone_count(&zone, starts[i], NR_USED, VMZONE_SLOT_RESIDENT,
				       VMZONE_SLOT_RESIDENT);
		stored += zone_count(&zone, starts[i], NR_USED, VMZONE_SLOT_STORED,
				     VMZONE_SLOT_STORED);
		pinned += zone_count(&zone, starts[i], NR_USED, VMZONE_SLOT_PINNED,
				     VMZONE_SLOT_PINNED);
		busy += zone_count(&zone, starts[i], NR_USED, VMZONE_SLOT_BUSY, VMZONE_SLOT_BUSY);
	}
	if (!busy && stats.resident_frames == resident && stats.stored_slots == stored &&
	    stats.pinned_slots == pinned)
		return true;
	if (complain)
		diag("  %zu busy slots; frames %llu for %zu, copies %llu for %zu, pins %llu for %zu",
		     busy, (unsigned long long)stats.resident_frames, resident,
		     (unsigned long long)stats.stored_slots, stored,
		     (unsigned long long)stats.pinned_slots, pinned);
	return false;
}

static bool gauges_hold(void)
{
	return compare_gauges(false);
}

/* Nothing lost, nothing leaked. */
static bool zone_holds(bool succeeded)
{
	struct vmzone_stats stats;
	size_t bad = bad_slots(succeeded);
	/* The zone's workers may be at it still. */
	bool hold = comes_true(gauges_hold) || compare_gauges(true);

	stats = zone_stats(&zone);
	return !bad && hold && stats_hold_since(&stats, 2 * NR_FRAMES);
}

void zone_end(void)
{
	struct vmzone_stats stats = zone_stats(&zone);

	ok(zone_holds(true) && !stats.pinned_slots,
	   "at the end the zone has its contents, no pin, and each frame and copy in a slot");
	zone_drop(&zone);
}

/* What a call that returned ret left behind. */
static bool left_well(const struct call *call, long ret, const char *when)
{
	bool good = ret >= 0 || call->any_error ||
		    (!call->never_fails && (ret == -ENOMEM || ret == -call->also));

	if (!good)
		diag("  %s: errno %ld (%s) is not of the contract", when, -ret, strerror(-ret));
	if (call->holds && !call->holds(ret)) {
		diag("  %s: what %ld left is wrong", when, ret);
		good = false;
	}
	if (rest_holds && !rest_holds()) {
		diag("  %s: what it had no business with is wrong after %ld", when, ret);
		good = false;
	}
	if (zone.map && !zone_holds(ret >= 0)) {
		diag("  %s: the zone is not as it should be after %ld", when, ret);
		good = false;
	}
	return good;
}

/* With the nth failure point failing. Return: whether it met one. */
static bool sweep_one(const struct call *call, const struct injector *injector,
		      unsigned int nth, struct tally *tally)
{
	char when[64];
	bool met, good;
	long ret;

	if (call->prepare)
		call->prepare();
	injector->arm(nth);
	ret = call->act();
	met = injector->disarm();

	snprintf(when, sizeof(when), "%s, point %u", call->name, nth);
	good = left_well(call, ret, when);
	if (!met && ret < 0) {
		diag("  %s: %s, and nothing was made to fail", when, strerror(-ret));
		good = false;
	}
	tally->points += met;
	tally->failed += ret < 0;
	if (ret < 0) {
		ret = call->act();
		good &= left_well(call, ret, "the same again");
		if (ret < 0) {
			diag("  %s: and without a failure: %s", when, strerror(-ret));
			good = false;
		}
	}
	if (ret >= 0 && call->undo)
		call->undo(ret);
	tally->bad += !good;
	return met;
}

/* How many points a call with a tail has; 0: that does not matter. */
static unsigned int count_points(const struct call *call)
{
	unsigned int nr;
	long ret;

	if (!call->tail || getenv("SWEEP_ALL"))
		return 0;
	if (call->prepare)
		call->prepare();
	fail_nth(MAX_NTH);
	ret = call->act();
	nr = fail_nth_count(MAX_NTH);
	if (call->undo)
		call->undo(must(ret, call->name));
	return nr;
}

/* The point after the nth, of nr. */
static unsigned int next_point(const struct call *call, unsigned int nth, unsigned int nr,
			       uint64_t *random)
{
	unsigned int step = 1 + random_next(random) % (2 * STEP - 1);
	unsigned int tail = nr > call->tail ? nr - call->tail : 0;

	if (nth < HEAD || nth >= tail)
		return nth + 1;
	return nth + step < tail ? nth + step : tail;
}

static struct tally sweep_points(const struct call *call, const struct injector *injector,
				 unsigned int nr)
{
	struct tally tally = {};
	uint64_t random = test_seed;
	unsigned int nth, unmet = 0;

	for (nth = 1; unmet < ENOUGH && tally.bad <= MAX_BAD && nth < MAX_NTH;
	     nth = next_point(call, nth, nr, &random)) {
		if (sweep_one(call, injector, nth, &tally))
			unmet = 0;
		else if (nth > nr)
			unmet++;
	}
	tally.bad += nth >= MAX_NTH;
	return tally;
}

struct tally sweep(const struct call *call, const struct injector *injector)
{
	return sweep_points(call, injector, 0);
}

static void sweep_call(const struct call *call)
{
	static const struct injector injector = { fail_nth, fail_nth_end };
	struct tally tally[NR_ALLOCATIONS] = {};
	unsigned int points = 0, failed = 0, bad = 0;

	for (int which = 0; which < NR_ALLOCATIONS; which++) {
		unsigned int nr;

		if (which == OF_ALL_FROM_THEN_ON && !call->from_then_on)
			continue;
		inject_into(which);
		nr = count_points(call);
		if (nr)
			diag("  %s: %u failure points, of which some are tried", call->name, nr);
		tally[which] = sweep_points(call, &injector, nr);
		points += tally[which].points;
		failed += tally[which].failed;
		bad += tally[which].bad;
	}
	inject_into(OF_SLABS);
	if (!points && !call->frugal)
		diag("  it met no failure point");
	ok(!bad && (points || call->frugal),
	   "%s: %u slab and %u page allocations failed in turn, %u for good, and %u times the call",
	   call->name, tally[OF_SLABS].points, tally[OF_PAGES].points,
	   tally[OF_ALL_FROM_THEN_ON].points, failed);
}

void sweep_allocations(const struct call *calls, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		sweep_call(&calls[i]);
}
