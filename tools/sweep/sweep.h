/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sweep: one call made again and again, with its first failure point failing,
 * then its second, and so on until it meets none. After each of them all that the
 * call should have left alone is looked at, the call is made once more and must
 * succeed. And the zone that most calls are made on, with a model of what it holds.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "inject.h"
#include "tap.h"
#include "zone.h"

/**
 * struct call - what is swept
 * @name: of it
 * @prepare: brings all to where the call begins; NULL: nothing to do
 * @act: the call. Returns -errno, or what it gave
 * @holds: whether all is as it should be after a call that returned ret; says what
 *	is not. NULL: nothing to look at but the zone
 * @undo: of a call that succeeded; NULL: nothing to do
 * @also: an errno that it may give besides ENOMEM; 0: none
 * @any_error: which errno it gives is the kernel's business
 * @frugal: needs no memory, so that no failure point is met
 * @never_fails: by the contract
 * @from_then_on: is also tried with all allocations failing from one on, since it has a
 *	second way to memory; no fault on the way, which the kernel would try for ever
 * @tail: its last points, all of which are tried though it has hundreds, most of them
 *	of one kind in the kernel; 0: all of its points are
 */
struct call {
	const char *name;
	void (*prepare)(void);
	long (*act)(void);
	bool (*holds)(long ret);
	void (*undo)(long ret);
	int also;
	bool any_error;
	bool frugal;
	bool never_fails;
	bool from_then_on;
	unsigned int tail;
};

/*
 * What holds after each call, whatever it was, besides what it says itself; says what
 * does not. NULL: nothing but the zone.
 */
extern bool (*rest_holds)(void);

/**
 * struct injector - makes one failure point fail
 * @arm: the nth from now on, counted from 1
 * @disarm: returns whether it was met
 */
struct injector {
	void (*arm)(unsigned int nth);
	bool (*disarm)(void);
};

/**
 * struct tally - of one sweep
 * @points: failure points that were met
 * @failed: those that made the call fail
 * @bad: those after which something was wrong; says what
 */
struct tally {
	unsigned int points;
	unsigned int failed;
	unsigned int bad;
};

/* Begins the test, with a watchdog that has the patience. */
void sweep_begin(void);

struct tally sweep(const struct call *call, const struct injector *injector);

/*
 * One assert for each call: its allocations fail, slabs first, then pages. Of a call
 * with a tail, the points between the first and the last are sampled, by the seed,
 * unless SWEEP_ALL is in the environment.
 */
void sweep_allocations(const struct call *calls, size_t nr);

/* The zone --------------------------------------------------------------- */

/* Slots with contents, with a model, from 0 on. */
#define NR_USED 40UL
/* The budget, which has room for them all. */
#define NR_FRAMES 64UL
/* Slots of one page of the slot table; the first of each stays free for a first touch. */
#define LEAF_SLOTS 256UL
#define NR_LEAVES 4096UL
#define NR_SLOTS (LEAF_SLOTS * NR_LEAVES)
/* So far apart that each has a page table of its own as well. */
#define FRESH_STEP (2 * LEAF_SLOTS)

extern struct zone zone;

/* Makes it, with its contents; zone_end() looks at it once more. */
void zone_begin(uint32_t flags);
void zone_end(void);

/*
 * What a call that changes contents may leave: version to in nr slots from first;
 * some of them may have kept what they had if it fails. Version 0 is zeros.
 */
void expect_change(size_t first, size_t nr, uint8_t to);
/* A slot's contents of that version. */
void version_make(void *page, size_t slot, uint8_t version);

/* A slot that was never touched, nor any near it; each time another one. */
size_t fresh_slot(void);

/* The zone has no page that it does not use: the next frame is the machine's. */
void pool_drain(void);

/*
 * All is in the store, and the pool drained; all has a frame; all has, and no copy
 * that is good; the contents are those of zone_begin().
 */
void all_out(void);
void all_dirty(void);
void all_in(void);
void all_anew(void);
/* The contents of zone_begin(), all in the store, or all with a frame. */
void anew_out(void);
void anew_in(void);

/* Makes a call that must not fail; bails otherwise. Return: what it gave. */
long must(long ret, const char *what);
/* ret, or -errno if it is -1. */
long or_errno(long ret);

#endif /* SWEEP_H */
