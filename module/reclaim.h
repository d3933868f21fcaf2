/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reclaim.h - keeps some frames free
 */
#ifndef VMZONE_RECLAIM_H
#define VMZONE_RECLAIM_H

#include <linux/atomic.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "pool.h"
#include "standby.h"

struct vmzone_zone;

/* Most workers of one zone: no more than CPUs, and enough to keep up with a few. */
#define VMZONE_MAX_WORKERS	4

/**
 * struct vmzone_worker - evicts in the background
 * @work: queued while frames are short
 * @zone: whose frames
 */
struct vmzone_worker {
	struct work_struct work;
	struct vmzone_zone *zone;
};

/**
 * struct vmzone_reclaim - the reclaimer of one zone
 * @workers: the first starts when frames become few, the others when there are none
 * @freed: those who wait for a frame
 * @stuck: the workers found nothing that they could evict, and nobody else has since
 * @owed: pages that the machine wants back, and the first worker shall find
 * @halts: how many wait for the workers to end what they are at
 * @takers: who takes frames
 * @transit: read by whoever has a frame of the zone in transit
 */
struct vmzone_reclaim {
	struct vmzone_worker workers[VMZONE_MAX_WORKERS];
	wait_queue_head_t freed;
	bool stuck;
	atomic_long_t owed;
	atomic_t halts;
	struct vmzone_takers takers;
	struct srcu_struct transit;
};

/**
 * enum vmzone_pace - how the workers go with those who take frames
 * @VMZONE_PACE_AHEAD: they keep some free, and whoever finds none waits for them, while
 *	they run
 * @VMZONE_PACE_ALONE: they stay out of it, so that no more is evicted than
 *	must be
 */
enum vmzone_pace {
	VMZONE_PACE_AHEAD,
	VMZONE_PACE_ALONE,
};

/**
 * vmzone_reclaim_transit_begin() - a frame of a zone is about to be on no list
 * @reclaim: of the zone
 *
 * Context: process context. Until the end the caller may sleep for the store, for
 * memory and for page tables, and not for a frame or a slot.
 * Return: what vmzone_reclaim_transit_end() wants.
 */
static inline int vmzone_reclaim_transit_begin(struct vmzone_reclaim *reclaim)
{
	int cookie = srcu_read_lock(&reclaim->transit);

	/* sparse cannot follow who has a frame, and the section with it, and who an error. */
	__release(&reclaim->transit);
	return cookie;
}

/**
 * vmzone_reclaim_transit_end() - the frame has arrived: it is free or listed
 * @reclaim: of the zone
 * @cookie: from vmzone_reclaim_transit_begin()
 *
 * Context: the task that began it.
 */
static inline void vmzone_reclaim_transit_end(struct vmzone_reclaim *reclaim, int cookie)
{
	__acquire(&reclaim->transit);
	srcu_read_unlock(&reclaim->transit, cookie);
}

int vmzone_reclaim_start(struct vmzone_zone *zone);
void vmzone_reclaim_stop(struct vmzone_zone *zone);
struct vmzone_frame *vmzone_reclaim_frame(struct vmzone_zone *zone,
					  enum vmzone_pool_use use,
					  enum vmzone_pace pace, int *cookie);
int vmzone_reclaim_shrink(struct vmzone_zone *zone, unsigned long budget);
void vmzone_reclaim_owe(struct vmzone_zone *zone, unsigned long nr_pages);
void vmzone_reclaim_halt(struct vmzone_zone *zone);

/* waiters.c */
int vmzone_reclaim_transit_wait(struct vmzone_zone *zone);
void vmzone_reclaim_wait(struct vmzone_zone *zone, enum vmzone_pool_use use,
			 unsigned long ticks);
void vmzone_reclaim_unstick(struct vmzone_zone *zone);
void vmzone_reclaim_freed(struct vmzone_zone *zone, unsigned int nr);
void vmzone_reclaim_reap(struct vmzone_zone *zone);
void vmzone_reclaim_pass_on(struct vmzone_zone *zone);
void vmzone_reclaim_wake_all(struct vmzone_zone *zone);

int vmzone_reclaim_init(void);
void vmzone_reclaim_exit(void);

#endif /* VMZONE_RECLAIM_H */
