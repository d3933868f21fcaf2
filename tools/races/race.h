/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of races share: the module's delay points (module/delay.h), threads
 * that act on one zone, and slots whose contents tell their version.
 *
 * Each test stops one task at a point, lets another do what it likes, and looks at
 * what both got. So it needs a module built with CONFIG_VMZONE_DELAYS=y, and has the
 * machine's zones to itself.
 */
#ifndef RACE_H
#define RACE_H

#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

/* Reads the seed, starts the watchdog, and makes what a test must not make while a fault is stopped. */
void races_begin(void);

/* Points: the names are those of debugfs vmzone/delays ------------------- */

#define ANY (-1L)

/* The next task that comes to the point with that index stops there. */
void point_arm(const char *point, long index);
/* The same, but it goes on by itself after a while: for a point that cannot be released. */
void point_arm_ms(const char *point, long index, unsigned int ms);
/* Waits until one has stopped. Return: whether one has. */
bool point_held(const char *point);
void point_release(const char *point);

/* Threads ---------------------------------------------------------------- */

struct actor {
	long (*act)(long arg);
	long arg;
	long tid;
	atomic_bool done;
	sem_t end;
	long result;
};

/* Three at a time. */
void actor_start(struct actor *actor, long (*act)(long arg), long arg);
/* Starts it to be stopped at a point. Return: whether it, or another, has come there. */
bool actor_stops(struct actor *actor, long (*act)(long arg), long arg, const char *point,
		 long index);
/* Waits until it sleeps in the kernel or has ended. Return: whether it sleeps. */
bool actor_waits(struct actor *actor);
/* Waits for its end. Return: what the act returned. */
long actor_end(struct actor *actor);

/* The zone --------------------------------------------------------------- */

extern struct zone zone;

/* A zone for one test. race_end() asserts that its counters hold and that a DISCARD of it all leaves nothing. */
void race_begin(size_t nr_slots, size_t nr_frames);
void race_begin_as(struct vmzone_create create);
void race_end(const char *name);

/* Contents: version 0 is all zeros. */
#define MAX_VERSION 9
void store_version(size_t slot, unsigned int version);
struct pattern pattern_of(unsigned int version);
/* Which version a page has, or -1. */
long version_of(const void *page, size_t slot);

/* Acts, for the calling thread or an actor: 0, a number or -errno; of what is read, the version. */
long act_touch(long slot);		/* reads the page; -signal */
long act_touch_write(long slot);	/* writes version 2; -signal */
long act_pread(long slot);
long act_pwrite(long slot);		/* writes version 2 */
long act_page_in(long slot);
long act_page_out(long slot);
long act_pin(long slot);
long act_unpin(long slot);
long act_discard(long slot);
long act_willneed(long slot);
long act_resize(long nr_slots);		/* ftruncate */
long act_drop(long unused);		/* mapping and descriptor; zone is free for another */

/* Unmaps a slot, which keeps its frame: the next touch is a fault. */
void unmap_slot(size_t slot);
/* Gives a slot this version, in the store and without a frame. */
void send_out(size_t slot, unsigned int version);
/* PAGEMAP bits of a slot. */
unsigned int slot_bits(size_t slot);
/* Has the kernel's reclaim take what it can have from all zones, and uses memory that it may have got. */
void squeeze(void);

#endif /* RACE_H */
