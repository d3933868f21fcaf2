// SPDX-License-Identifier: GPL-2.0-only
/*
 * batch.c - the two steps of reclaim: a batch to standby, a batch to the store
 *
 * Owns: how each is done and counted. When, how often and by whom is reclaim.c's
 * and standby.c's.
 */
#include <linux/ktime.h>

#include "batch.h"
#include "evict.h"
#include "gather.h"
#include "reclaim.h"
#include "standby.h"
#include "trace.h"
#include "watermark.h"
#include "zone.h"

/*
 * What a save weighs that failed for want of memory: the kernel has searched long
 * for it, and the next victim needs memory, too.
 */
#define NOMEM_WEIGHT	16U

/**
 * vmzone_batch_park() - ask the policy for victims, and put them on standby
 * @zone: the zone
 * @nr: how many at most, VMZONE_POLICY_BATCH or fewer
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: how many it had; not all of them need be on standby now.
 */
unsigned int vmzone_batch_park(struct vmzone_zone *zone, unsigned int nr)
{
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long second_chances;
	u64 duration_ns;
	ktime_t start = ktime_get();
	int cookie = vmzone_reclaim_transit_begin(&zone->reclaim);

	if (vmzone_standby_has_several_takers(zone))
		nr = vmzone_gather_isolate(zone, batch, nr, &second_chances);
	else
		nr = vmzone_policy_isolate(&zone->policy, batch, nr, &second_chances);
	if (!nr)
		goto out;
	vmzone_stat_inc(&zone->counters, VMZONE_STAT_SELECT);
	vmzone_stat_add(&zone->counters, VMZONE_STAT_SECOND_CHANCE, second_chances);
	duration_ns = vmzone_elapsed_ns(start);
	vmzone_hist_add(&zone->counters, VMZONE_HIST_SELECT, duration_ns);
	trace_vmzone_select(zone->id, nr, second_chances, duration_ns);
	vmzone_evict_park(zone, batch, nr);
out:
	vmzone_reclaim_transit_end(&zone->reclaim, cookie);
	return nr;
}

/* Evict the frame that was on standby longest. Returns whether there was one. */
static bool evict_oldest(struct vmzone_zone *zone, enum vmzone_evict_cause cause, int *error)
{
	struct vmzone_frame *frame;
	int cookie = vmzone_reclaim_transit_begin(&zone->reclaim);
	bool found = vmzone_policy_isolate_standby(&zone->policy, &frame, 1);

	if (found)
		*error = vmzone_evict_parked(zone, frame, cause);
	vmzone_reclaim_transit_end(&zone->reclaim, cookie);
	return found;
}

/**
 * vmzone_batch_evict() - evict the oldest frames on standby
 * @zone: the zone
 * @nr: how many at most
 * @cause: who asked for it
 * @progress: what came of it is added
 *
 * One at a time, so that no reference is held to a frame that waits for its turn.
 * Those who wait for frames are woken at the end: woken for each, they would take
 * the CPU from whoever evicts, for the time of one fault. Should the store sleep
 * meanwhile, what they wait at most is vmzone_reclaim_wait()'s.
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: how many were tried.
 */
unsigned int vmzone_batch_evict(struct vmzone_zone *zone, unsigned int nr,
				enum vmzone_evict_cause cause,
				struct vmzone_progress *progress)
{
	unsigned int tried, evicted = 0;

	for (tried = 0; tried < nr; tried++) {
		int ret;

		if (!evict_oldest(zone, cause, &ret))
			break;
		evicted += !ret;
		if (!ret || ret == -EBUSY)
			continue;
		progress->errors += ret == -ENOMEM ? NOMEM_WEIGHT : 1;
		progress->error = ret;
	}
	if (evicted)
		vmzone_reclaim_freed(zone, evicted);
	progress->evicted += evicted;
	return tried;
}
