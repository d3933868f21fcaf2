// SPDX-License-Identifier: GPL-2.0-only
/*
 * standby.c - who puts victims on standby
 *
 * Owns: how many are to be there, and whether a worker parks them or the task that
 * takes the frames. The work is the same; what differs is who is interrupted. To
 * unmap a page interrupts every other CPU that runs a program with a mapping of it,
 * and waits for them, once for each call (gather.c). The sole taker of frames is
 * often the only one to run there: if it parks them by itself, nobody is interrupted.
 * If other CPUs run the program as well, they are interrupted just as by a worker,
 * and the taker waits. Among several takers every CPU would interrupt another, so a
 * worker parks, and no fault waits; likewise with one CPU only.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "batch.h"
#include "standby.h"
#include "watermark.h"
#include "zone.h"

static bool has_sole_taker(const struct vmzone_zone *zone)
{
	return READ_ONCE(zone->reclaim.takers.in_a_row) >= VMZONE_SOLE_AFTER;
}

/**
 * vmzone_standby_has_several_takers() - whether several CPUs may take frames
 * @zone: the zone
 *
 * Context: any.
 * Return: false when there is a sole taker of late, or one CPU only.
 */
bool vmzone_standby_has_several_takers(const struct vmzone_zone *zone)
{
	return zone->reclaim.takers.interrupts && !has_sole_taker(zone);
}

/* How many are to be on standby. */
static unsigned long target_of(const struct vmzone_zone *zone)
{
	return vmzone_standby_target(vmzone_pool_target(&zone->pool));
}

/**
 * vmzone_standby_start() - nobody has taken a frame of the zone yet
 * @zone: the new zone
 *
 * Context: any.
 */
void vmzone_standby_start(struct vmzone_zone *zone)
{
	zone->reclaim.takers = (struct vmzone_takers) {
		.interrupts = num_online_cpus() > 1,
	};
}

/**
 * vmzone_standby_park_as_taker() - the sole taker's part: fill standby
 * @zone: the zone
 * @low: whether its free frames are so few that workers evict
 *
 * A few for each frame that it takes, from when they were few until there is no room
 * for more: a worker that evicts meanwhile is not to find standby empty. In all no
 * more than standby holds, since what is rescued meanwhile makes room as well.
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 */
void vmzone_standby_park_as_taker(struct vmzone_zone *zone, bool low)
{
	unsigned int batch = vmzone_taker_park_nr(vmzone_pool_target(&zone->pool));
	struct vmzone_takers *takers = &zone->reclaim.takers;
	unsigned int left = low ? target_of(zone) : READ_ONCE(takers->to_park);
	unsigned int parked = 0;

	if (!left)
		return;
	if (READ_ONCE(zone->policy.nr_standby) + batch <= target_of(zone))
		parked = vmzone_batch_park(zone, batch);
	WRITE_ONCE(takers->to_park, parked ? left - min(left, parked) : 0);
}

/**
 * vmzone_standby_park_as_worker() - a worker's part: park what is missing
 * @zone: the zone
 *
 * All that there should be. Beside a sole taker, who parks as well, half of it, but no
 * fewer than the worker's next batch. Not for ever: others may bring frames back as
 * fast as we park them.
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 */
void vmzone_standby_park_as_worker(struct vmzone_zone *zone)
{
	unsigned int batch = vmzone_park_nr(vmzone_pool_target(&zone->pool));
	unsigned long target = target_of(zone), wanted = target, tried = 0;

	if (has_sole_taker(zone))
		wanted = max(target / 2, min(target, (unsigned long)VMZONE_BACKGROUND_BATCH));
	while (READ_ONCE(zone->policy.nr_standby) < wanted && tried < target) {
		unsigned int nr = vmzone_batch_park(zone, batch);

		if (!nr)
			break;
		tried += nr;
	}
}
