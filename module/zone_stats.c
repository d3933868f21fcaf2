// SPDX-License-Identifier: GPL-2.0-only
/*
 * zone_stats.c - what VMZONE_IOC_STATS and the other views say of a zone
 *
 * Owns: how the figures of all rooms become one snapshot.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "reclaim.h"
#include "zone.h"

/* As they were at one moment: the budget may change between two looks at it. */
static void read_frames(struct vmzone_zone *zone, struct vmzone_stats *stats)
{
	struct vmzone_pool *pool = &zone->pool;

	vmzone_reclaim_reap(zone);
	/* Whoever reads a smaller budget here sees no count above it. */
	rcu_read_lock();
	do {
		/* Pairs with the barrier in vmzone_pool_grow(). */
		stats->budget_frames = smp_load_acquire(&pool->budget);
		stats->resident_frames = atomic_long_read(&pool->used);
		/* The second look comes after the count. */
		smp_rmb();
	} while (stats->budget_frames != READ_ONCE(pool->budget));
	rcu_read_unlock();
	stats->free_frames = min_t(u64, vmzone_pool_nr_free(pool),
				   stats->budget_frames - stats->resident_frames);
}

/**
 * vmzone_zone_read_stats() - a snapshot of a zone's counters
 * @zone: the zone
 * @stats: returned: all but size and flags
 * @reset: start the events from zero again
 *
 * Context: process context, sleeps.
 */
void vmzone_zone_read_stats(struct vmzone_zone *zone, struct vmzone_stats *stats,
			    bool reset)
{
	u64 event[VMZONE_STAT_NR];
	const u64 *clean = event + VMZONE_STAT_EVICT_CLEAN;
	const u64 *dirty = event + VMZONE_STAT_EVICT_DIRTY;
	struct vmzone_store_stats store;

	read_frames(zone, stats);
	stats->pinned_slots = atomic_long_read(&zone->pool.pinned);
	/* The peak follows a moment after the count. */
	stats->peak_resident_frames = max_t(u64, atomic_long_read(&zone->pool.peak),
					    stats->resident_frames);
	stats->metadata_bytes = sizeof(*zone) + vmzone_counters_bytes() +
		num_possible_cpus() * (sizeof(struct vmzone_pool_cache) +
				       sizeof(struct vmzone_recent_leaf)) +
		atomic_long_read(&zone->nr_leaves) * PAGE_SIZE +
		vmzone_policy_bytes(&zone->policy);

	zone->store->ops->stats(zone->store, &store);
	stats->stored_slots = store.nr_stored;
	stats->same_filled_slots = store.nr_same_filled;
	stats->raw_slots = store.nr_raw;
	stats->store_bytes = store.bytes;
	stats->store_payload_bytes = store.payload_bytes;
	stats->store_limit_bytes = store.limit_bytes;

	vmzone_counters_read_events(&zone->counters, event, reset);
	stats->faults_zero = event[VMZONE_STAT_FAULT_ZERO];
	stats->faults_minor = event[VMZONE_STAT_FAULT_MINOR];
	stats->faults_major = event[VMZONE_STAT_FAULT_MAJOR];
	stats->page_ins = event[VMZONE_STAT_PAGE_IN];
	stats->page_outs = event[VMZONE_STAT_PAGE_OUT];
	stats->evictions_direct = clean[VMZONE_EVICT_DIRECT] + dirty[VMZONE_EVICT_DIRECT];
	stats->evictions_background =
		clean[VMZONE_EVICT_BACKGROUND] + dirty[VMZONE_EVICT_BACKGROUND];
	stats->evictions_requested =
		clean[VMZONE_EVICT_REQUESTED] + dirty[VMZONE_EVICT_REQUESTED];
	stats->evictions_clean = clean[VMZONE_EVICT_DIRECT] +
		clean[VMZONE_EVICT_BACKGROUND] + clean[VMZONE_EVICT_REQUESTED];
	stats->evictions_dirty = dirty[VMZONE_EVICT_DIRECT] +
		dirty[VMZONE_EVICT_BACKGROUND] + dirty[VMZONE_EVICT_REQUESTED];
	stats->refaults = event[VMZONE_STAT_REFAULT];
	stats->selects = event[VMZONE_STAT_SELECT];
	stats->second_chances = event[VMZONE_STAT_SECOND_CHANCE];
	stats->evict_busy = event[VMZONE_STAT_EVICT_BUSY];
	stats->sigbus = event[VMZONE_STAT_SIGBUS];
	stats->store_full = event[VMZONE_STAT_STORE_FULL];
	stats->load_errors = event[VMZONE_STAT_LOAD_ERROR];
}
