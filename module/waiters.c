// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiters.c - those who wait for a frame
 *
 * Owns: the queue of those who sleep until one is free, and what is known of
 * frames in transit: on no list, in the hands of a task that evicts one or fills
 * one. A task that the store has refused waits for those, since what it found full
 * may be about to become a free frame, or room.
 *
 * Lock order: transit is read inside of folio locks, and waited for outside of
 * them.
 */
#include <linux/sched.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "reclaim.h"
#include "zone.h"

/* Read by whoever has a frame in transit, of any zone. */
DEFINE_STATIC_SRCU(transit);

/**
 * vmzone_reclaim_transit_begin() - a frame is about to be on no list
 *
 * Context: process context. Until the end the caller may sleep for the store, for
 * memory and for page tables, and not for a frame or a slot.
 * Return: what vmzone_reclaim_transit_end() wants.
 */
int vmzone_reclaim_transit_begin(void) __acquires(&transit)
{
	return srcu_read_lock(&transit);
}

/**
 * vmzone_reclaim_transit_end() - the frame has arrived: it is free or listed
 * @cookie: from vmzone_reclaim_transit_begin()
 *
 * Context: the task that began it.
 */
void vmzone_reclaim_transit_end(int cookie) __releases(&transit)
{
	srcu_read_unlock(&transit, cookie);
}

/**
 * vmzone_reclaim_transit_wait() - until all frames now in transit have arrived
 *
 * Context: process context, sleeps; the caller holds no folio lock and has no
 * frame in transit.
 */
void vmzone_reclaim_transit_wait(void)
{
	synchronize_srcu(&transit);
}

/**
 * struct waiter - somebody who waits for a frame
 * @entry: in the queue
 * @zone: of which zone
 * @use: what for
 */
struct waiter {
	struct wait_queue_entry entry;
	const struct vmzone_zone *zone;
	enum vmzone_pool_use use;
};

/* One wake-up is for one waiter, and so not for one who cannot use the frame. */
static int wake_waiter(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	const struct waiter *waiter = container_of(entry, struct waiter, entry);

	if (!READ_ONCE(waiter->zone->reclaim.stuck) &&
	    !vmzone_pool_has_room(&waiter->zone->pool, waiter->use))
		return 0;
	return autoremove_wake_function(entry, mode, flags, key);
}

/**
 * vmzone_reclaim_wait() - sleep until there may be a frame
 * @zone: the zone
 * @use: what for
 * @ticks: how long at most
 *
 * Context: process context, sleeps; a fatal signal ends it.
 */
void vmzone_reclaim_wait(struct vmzone_zone *zone, enum vmzone_pool_use use,
			 unsigned long ticks)
{
	struct waiter waiter = { .zone = zone, .use = use };

	init_wait(&waiter.entry);
	waiter.entry.func = wake_waiter;
	prepare_to_wait_exclusive(&zone->reclaim.freed, &waiter.entry, TASK_KILLABLE);
	if (!vmzone_pool_has_room(&zone->pool, use))
		schedule_timeout(ticks);
	finish_wait(&zone->reclaim.freed, &waiter.entry);
}

/**
 * vmzone_reclaim_freed() - a frame has become free
 * @zone: the zone
 *
 * Context: any.
 */
void vmzone_reclaim_freed(struct vmzone_zone *zone)
{
	if (READ_ONCE(zone->reclaim.stuck))
		WRITE_ONCE(zone->reclaim.stuck, false);
	if (wq_has_sleeper(&zone->reclaim.freed))
		wake_up(&zone->reclaim.freed);
}
