// SPDX-License-Identifier: GPL-2.0-only
/*
 * reclaim.c - keeps some frames free: watermarks, batches, the worker, and
 * direct eviction
 *
 * Owns: when and how much to evict. In two steps, as a segmented FIFO: the
 * policy's victims are unmapped in batches and wait on standby, where a touch
 * still rescues them for the price of a minor fault; the oldest on standby are
 * saved and freed. The worker of a zone does both as soon as fewer than the low
 * watermark are free, until the high one is reached, so that a fault evicts by
 * itself only when it is faster than the worker.
 *
 * Progress: evicting needs no frame of the pool. A fault that finds nothing to
 * evict may dip into the reserve; one that finds all victims held by others
 * waits a while, and then fails.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "evict.h"
#include "reclaim.h"
#include "trace.h"
#include "zone.h"

/* How many frames the worker frees before it looks at the standby queue again. */
#define BACKGROUND_BATCH 16U

/* How many frames a fault that must evict by itself frees in one go. */
#define DIRECT_BATCH	4U

/*
 * How many saves a full store may refuse before a fault ends its round. One that
 * fails for want of memory weighs more: the kernel has searched long for it, and
 * the next victim needs memory, too.
 */
#define DIRECT_ERRORS	64U
#define NOMEM_WEIGHT	16U

/*
 * How many such rounds: the room that this one lacked may have gone to an
 * eviction that is about to free a frame.
 */
#define MAX_REFUSALS	3

/* How long a fault waits for frames that others hold. */
#define BUSY_WAIT_MS	2000

static struct workqueue_struct *reclaim_wq;

static unsigned long low_watermark(const struct vmzone_zone *zone)
{
	return clamp(zone->pool.budget / 64, 2UL, 512UL);
}

static unsigned long high_watermark(const struct vmzone_zone *zone)
{
	return 2 * low_watermark(zone);
}

/* Frames that the worker keeps on standby: an eighth of the budget. */
static unsigned long standby_target(const struct vmzone_zone *zone)
{
	return clamp(zone->pool.budget / 8, 4UL, 1024UL);
}

/* Ask the policy for victims and unmap them. Returns how many it had. */
static unsigned int park_batch(struct vmzone_zone *zone)
{
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long second_chances;
	u64 duration_ns;
	ktime_t start = ktime_get();
	unsigned int nr = clamp(zone->pool.budget / 16, 1UL, (unsigned long)VMZONE_POLICY_BATCH);

	nr = vmzone_policy_isolate(&zone->policy, batch, nr, &second_chances);
	if (!nr)
		return 0;
	vmzone_stat_inc(&zone->counters, VMZONE_STAT_SELECT);
	vmzone_stat_add(&zone->counters, VMZONE_STAT_SECOND_CHANCE, second_chances);
	duration_ns = vmzone_elapsed_ns(start);
	vmzone_hist_add(&zone->counters, VMZONE_HIST_SELECT, duration_ns);
	trace_vmzone_select(zone->id, nr, second_chances, duration_ns);
	vmzone_evict_park(zone, batch, nr);
	return nr;
}

/**
 * struct progress - what a round of evictions came to
 * @evicted: frames freed
 * @errors: victims that could not be saved for want of room or memory, by weight
 * @error: why the last of them could not
 */
struct progress {
	unsigned int evicted;
	unsigned int errors;
	int error;
};

/*
 * Evict the oldest frames on standby, one at a time so that no reference is held
 * to a frame that waits for its turn. Returns how many were tried.
 */
static unsigned int evict_some(struct vmzone_zone *zone, unsigned int nr,
			       enum vmzone_evict_cause cause, struct progress *progress)
{
	struct vmzone_frame *frame;
	unsigned int tried;

	for (tried = 0; tried < nr; tried++) {
		int ret;

		if (!vmzone_policy_isolate_standby(&zone->policy, &frame, 1))
			break;
		ret = vmzone_evict_parked(zone, frame, cause);
		progress->evicted += !ret;
		if (!ret || ret == -EBUSY)
			continue;
		progress->errors += ret == -ENOMEM ? NOMEM_WEIGHT : 1;
		progress->error = ret;
	}
	return tried;
}

/* Not for ever: others may bring frames back as fast as we park them. */
static void stock_standby(struct vmzone_zone *zone)
{
	unsigned long target = standby_target(zone), tried = 0;

	while (READ_ONCE(zone->policy.nr_standby) < target && tried < target) {
		unsigned int nr = park_batch(zone);

		if (!nr)
			break;
		tried += nr;
	}
}

/**
 * vmzone_reclaim_work() - the worker of a zone
 * @work: zone->reclaim
 *
 * Ends when the high watermark is reached or a round brought nothing: the next
 * fault that finds too few free frames starts it again.
 *
 * Context: workqueue.
 */
void vmzone_reclaim_work(struct work_struct *work)
{
	struct vmzone_zone *zone = container_of(work, struct vmzone_zone, reclaim);
	unsigned long high = high_watermark(zone);

	vmzone_pool_reap(&zone->pool);
	while (vmzone_pool_nr_free(&zone->pool) < high) {
		struct progress progress = {};

		stock_standby(zone);
		evict_some(zone, BACKGROUND_BATCH, VMZONE_EVICT_BACKGROUND, &progress);
		if (!progress.evicted)
			break;
		cond_resched();
	}
}

static void wake_worker(struct vmzone_zone *zone)
{
	if (vmzone_pool_nr_free(&zone->pool) < low_watermark(zone) &&
	    !work_pending(&zone->reclaim))
		queue_work(reclaim_wq, &zone->reclaim);
}

/**
 * vmzone_reclaim_freed() - a frame has become free
 * @zone: the zone
 *
 * Context: any.
 */
void vmzone_reclaim_freed(struct vmzone_zone *zone)
{
	if (wq_has_sleeper(&zone->frame_freed))
		wake_up(&zone->frame_freed);
}

/*
 * Look at each frame about once at most. One that cannot be saved is no reason to give
 * up, since the next may be clean; many are.
 */
static struct progress evict_directly(struct vmzone_zone *zone)
{
	unsigned long left = READ_ONCE(zone->policy.nr) + READ_ONCE(zone->policy.nr_standby);
	struct progress progress = {};

	do {
		unsigned int tried = evict_some(zone, DIRECT_BATCH,
						VMZONE_EVICT_DIRECT, &progress);

		if (!tried)
			tried = park_batch(zone);
		if (!tried)
			break;
		left -= min_t(unsigned long, left, tried);
		cond_resched();
	} while (!progress.evicted && progress.errors < DIRECT_ERRORS && left &&
		 !fatal_signal_pending(current));
	return progress;
}

/* Sleep for a tick, or until a frame becomes free. */
static void wait_for_frame(struct vmzone_zone *zone)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&zone->frame_freed, &wait, TASK_KILLABLE);
	schedule_timeout(1);
	finish_wait(&zone->frame_freed, &wait);
}

/**
 * struct patience - how far a fault has gone for a frame
 * @refusals: rounds in which the store had no room
 * @deadline: when to give up on frames that others hold; 0: not set yet
 */
struct patience {
	unsigned int refusals;
	unsigned long deadline;
};

/* The budget has no frame for us: make one, or say why not. */
static int make_room(struct vmzone_zone *zone, enum vmzone_pool_use *use,
		     struct patience *patience)
{
	struct progress progress = evict_directly(zone);

	if (fatal_signal_pending(current))
		return -EINTR;
	if (progress.evicted)
		return 0;
	if (progress.error) {
		/* Not the reserve: it is what reads a full store back. */
		if (++patience->refusals == MAX_REFUSALS)
			return progress.error;
	} else if (*use == VMZONE_POOL_ZERO) {
		*use = VMZONE_POOL_PAGE_IN;
		return 0;
	} else if (!patience->deadline) {
		patience->deadline = jiffies + msecs_to_jiffies(BUSY_WAIT_MS);
	} else if (time_after(jiffies, patience->deadline)) {
		return -ENOMEM;
	}
	wait_for_frame(zone);
	return 0;
}

/**
 * vmzone_reclaim_frame() - a frame of the pool, evicting if need be
 * @zone: the zone
 * @use: what for
 *
 * Context: process context, sleeps; the caller holds no folio lock, and owns no
 * slot but one that is filling.
 * Return: the frame, or ERR_PTR() of an error as in resident.h.
 */
struct vmzone_frame *vmzone_reclaim_frame(struct vmzone_zone *zone,
					  enum vmzone_pool_use use)
{
	struct patience patience = {};
	int ret;

	for (;;) {
		struct vmzone_frame *frame = vmzone_pool_alloc(&zone->pool, use);

		if (!IS_ERR(frame)) {
			wake_worker(zone);
			return frame;
		}
		ret = make_room(zone, &use, &patience);
		if (ret)
			return ERR_PTR(ret);
	}
}

/**
 * vmzone_reclaim_init() - what all zones' workers run on
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_reclaim_init(void)
{
	reclaim_wq = alloc_workqueue("vmzone", WQ_UNBOUND, 0);
	return reclaim_wq ? 0 : -ENOMEM;
}

/**
 * vmzone_reclaim_exit() - undo vmzone_reclaim_init()
 *
 * Context: process context, sleeps; there is no zone.
 */
void vmzone_reclaim_exit(void)
{
	destroy_workqueue(reclaim_wq);
}
