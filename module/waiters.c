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
#include <linux/sched/signal.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "reclaim.h"
#include "zone.h"

/**
 * vmzone_reclaim_transit_wait() - until all frames now in transit have arrived
 * @zone: the zone
 *
 * For one tick at least: others may be quicker to take what arrives.
 *
 * Context: process context, sleeps; the caller holds no folio lock and has no
 * frame in transit.
 * Return: 0; -EINTR: a fatal signal came first.
 */
int vmzone_reclaim_transit_wait(struct vmzone_zone *zone)
{
	unsigned long cookie = start_poll_synchronize_srcu(&zone->reclaim.transit);

	do {
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	} while (!poll_state_synchronize_srcu(&zone->reclaim.transit, cookie));
	return 0;
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

/*
 * A wake-up is for as many as there are frames, and so not for one who cannot use
 * any. With a key it is for everybody.
 */
static int wake_waiter(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	const struct waiter *waiter = container_of(entry, struct waiter, entry);

	/* What is not enough for a page-in is enough for nobody behind it. */
	if (!key && !vmzone_pool_has_room(&waiter->zone->pool, waiter->use))
		return waiter->use == VMZONE_POOL_PAGE_IN ? -1 : 0;
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
	/* With no worker to make room, whoever needs a frame has to. */
	if (!vmzone_pool_has_room(&zone->pool, use) && !READ_ONCE(zone->reclaim.stuck) &&
	    !atomic_read(&zone->reclaim.halts))
		schedule_timeout(ticks);
	finish_wait(&zone->reclaim.freed, &waiter.entry);
}

/**
 * vmzone_reclaim_unstick() - something could be evicted after all
 * @zone: the zone
 *
 * Nobody is woken: that is vmzone_reclaim_freed()'s, which is to follow.
 *
 * Context: any.
 */
void vmzone_reclaim_unstick(struct vmzone_zone *zone)
{
	if (READ_ONCE(zone->reclaim.stuck))
		WRITE_ONCE(zone->reclaim.stuck, false);
}

/**
 * vmzone_reclaim_freed() - frames have become free
 * @zone: the zone
 * @nr: how many, at least one
 *
 * As many are woken, if so many can use one.
 *
 * Context: any.
 */
void vmzone_reclaim_freed(struct vmzone_zone *zone, unsigned int nr)
{
	vmzone_reclaim_unstick(zone);
	if (wq_has_sleeper(&zone->reclaim.freed))
		wake_up_nr(&zone->reclaim.freed, nr);
}

/**
 * vmzone_reclaim_reap() - free the frames that nobody holds any more
 * @zone: the zone
 *
 * Context: process context.
 */
void vmzone_reclaim_reap(struct vmzone_zone *zone)
{
	unsigned long nr = vmzone_pool_reap(&zone->pool);

	if (nr)
		vmzone_reclaim_freed(zone, nr);
}

/**
 * vmzone_reclaim_pass_on() - somebody who may have been woken takes no frame now
 * @zone: the zone
 *
 * Or no more than one of several: if there is room it is the next one's turn.
 *
 * Context: any.
 */
void vmzone_reclaim_pass_on(struct vmzone_zone *zone)
{
	if (wq_has_sleeper(&zone->reclaim.freed) &&
	    vmzone_pool_has_room(&zone->pool, VMZONE_POOL_PAGE_IN))
		wake_up(&zone->reclaim.freed);
}

/**
 * vmzone_reclaim_wake_all() - whoever waits shall see for himself
 * @zone: the zone
 *
 * Context: any.
 */
void vmzone_reclaim_wake_all(struct vmzone_zone *zone)
{
	__wake_up(&zone->reclaim.freed, TASK_NORMAL, 0, zone);
}
