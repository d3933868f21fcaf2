// SPDX-License-Identifier: GPL-2.0-only
/*
 * reclaim.c - keeps some frames free: the workers, direct eviction, and a budget
 * that becomes smaller
 *
 * Owns: when and how much to evict. In two steps, as a segmented FIFO: the
 * policy's victims are unmapped in batches and wait on standby, where a touch
 * still rescues them for the price of a minor fault; the oldest on standby are
 * saved and freed. A worker does both as soon as fewer than the low watermark
 * are free, until the high one is reached; a task that is the only one to take
 * frames does most of the first step (standby.c). When none are left all workers
 * run, and whoever needs a frame sleeps: so the compression is not on the faulting
 * thread, and the workers get the CPU that it leaves. Only when they find nothing,
 * do not get to run or are told to end does a fault evict by itself.
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

#include "batch.h"
#include "delay.h"
#include "evict.h"
#include "reclaim.h"
#include "watermark.h"
#include "zone.h"

/* How many background batches before a worker begins anew. */
#define MAX_ROUNDS	64

/* How many saves a full store may refuse, by weight, before a fault ends its round. */
#define DIRECT_ERRORS	64U

/*
 * How many such rounds. Between two of them all frames that were in transit have
 * arrived, so the room that the first lacked has become a frame; but others may
 * have been quicker to take that.
 */
#define MAX_REFUSALS	10

/* How long a fault waits for frames that others hold. */
#define BUSY_WAIT_MS	2000

/* How many frames a budget that becomes smaller loses at a time. */
#define SHRINK_STEP	64UL

/* How long it leaves the work to workers that are slow to get a CPU. */
#define STALL_MS	100

static struct workqueue_struct *reclaim_wq;

static bool is_low(const struct vmzone_zone *zone)
{
	unsigned long low = vmzone_low_watermark(vmzone_pool_target(&zone->pool));

	return vmzone_pool_nr_free(&zone->pool) < low && vmzone_pool_has_spare(&zone->pool);
}

static bool is_high(const struct vmzone_zone *zone)
{
	unsigned long high = vmzone_high_watermark(vmzone_pool_target(&zone->pool));

	return vmzone_pool_nr_free(&zone->pool) >= high;
}

/* Nothing more can be done from here: those who wait must see for themselves. */
static void give_up(struct vmzone_zone *zone)
{
	WRITE_ONCE(zone->reclaim.stuck, true);
	vmzone_reclaim_wake_all(zone);
}

/* Evict what the machine asked for, standby frames only, and hand back the pages. */
static void pay_back(struct vmzone_zone *zone)
{
	long owed = atomic_long_xchg(&zone->reclaim.owed, 0);

	while (owed > 0 && READ_ONCE(zone->policy.nr_standby)) {
		struct vmzone_progress progress = {};
		unsigned long pages = atomic_long_read(&zone->pool.pages);

		/* The rest is for whoever starts the workers again. */
		if (atomic_read(&zone->reclaim.halts)) {
			atomic_long_add(owed, &zone->reclaim.owed);
			break;
		}
		vmzone_batch_evict(zone, VMZONE_BACKGROUND_BATCH, VMZONE_EVICT_REQUESTED, &progress);
		if (!progress.evicted)
			break;
		vmzone_pool_trim(&zone->pool,
				 pages - min_t(unsigned long, pages, progress.evicted));
		owed -= progress.evicted;
		cond_resched();
	}
}

/*
 * Ends when the high watermark is reached, when nothing is left to spare, when a
 * round brought nothing, or when it is told to: the next fault that finds too few
 * free frames starts it again.
 */
static void reclaim_work(struct work_struct *work)
{
	struct vmzone_worker *worker = container_of(work, struct vmzone_worker, work);
	struct vmzone_zone *zone = worker->zone;
	unsigned int round;

	vmzone_reclaim_reap(zone);
	for (round = 0; !is_high(zone); round++) {
		struct vmzone_progress progress = {};

		/* Those who wait for frames see to themselves meanwhile. */
		if (atomic_read(&zone->reclaim.halts)) {
			vmzone_reclaim_wake_all(zone);
			break;
		}
		/* Paying back gets its turn, whatever the others do. */
		if (round == MAX_ROUNDS) {
			queue_work(reclaim_wq, work);
			break;
		}
		if (vmzone_pool_has_spare(&zone->pool)) {
			vmzone_standby_park_as_worker(zone);
			vmzone_batch_evict(zone, VMZONE_BACKGROUND_BATCH, VMZONE_EVICT_BACKGROUND,
					   &progress);
		}
		if (!progress.evicted) {
			give_up(zone);
			break;
		}
		cond_resched();
	}
	if (worker == zone->reclaim.workers)
		pay_back(zone);
}

static void start_workers(struct vmzone_zone *zone, unsigned int nr)
{
	unsigned int i;

	nr = min3(nr, num_online_cpus(), (unsigned int)VMZONE_MAX_WORKERS);
	for (i = 0; i < nr; i++)
		if (!work_pending(&zone->reclaim.workers[i].work))
			queue_work(reclaim_wq, &zone->reclaim.workers[i].work);
}

/**
 * vmzone_reclaim_owe() - the machine is short of memory: evict some on standby
 * @zone: the zone
 * @nr_pages: how many pages to give back, at most
 *
 * Context: any, also in the kernel's reclaim: the work is done elsewhere.
 */
void vmzone_reclaim_owe(struct vmzone_zone *zone, unsigned long nr_pages)
{
	atomic_long_add(nr_pages, &zone->reclaim.owed);
	/* Whoever finds the work pending still: that has not looked yet. */
	smp_mb__after_atomic();
	start_workers(zone, 1);
}

/*
 * Look at each frame about once at most, which is twice for one that must be parked
 * first. One that cannot be saved is no reason to give up, since the next may be
 * clean; many are.
 */
static struct vmzone_progress evict_round(struct vmzone_zone *zone, enum vmzone_evict_cause cause)
{
	unsigned long left = 2 * READ_ONCE(zone->policy.nr) + READ_ONCE(zone->policy.nr_standby);
	struct vmzone_progress progress = {};

	do {
		unsigned int tried = vmzone_batch_evict(zone, VMZONE_DIRECT_BATCH, cause, &progress);

		if (!tried)
			tried = vmzone_batch_park(zone, vmzone_park_nr(vmzone_pool_target(&zone->pool)));
		if (!tried)
			break;
		left -= min_t(unsigned long, left, tried);
		cond_resched();
	} while (!progress.evicted && progress.errors < DIRECT_ERRORS && left &&
		 !fatal_signal_pending(current));
	return progress;
}

/**
 * struct patience - how far somebody has gone for a frame
 * @refusals: rounds in which the store had no room
 * @stalled: when to stop to wait for the workers; 0: not set yet
 * @deadline: when to give up on frames that others hold; 0: not set yet
 */
struct patience {
	unsigned int refusals;
	unsigned long stalled;
	unsigned long deadline;
};

/* Whether @ms have passed since the first time this was asked. */
static bool has_passed(unsigned long *deadline, unsigned int ms)
{
	if (!*deadline)
		*deadline = (jiffies + msecs_to_jiffies(ms)) | 1;
	return time_after(jiffies, *deadline);
}

/* Let the workers make room, if they can. Returns whether there was a wait. */
static bool stall(struct vmzone_zone *zone, enum vmzone_pool_use use,
		  struct patience *patience)
{
	/* They would end at once. */
	if (atomic_read(&zone->reclaim.halts))
		return false;
	start_workers(zone, VMZONE_MAX_WORKERS);
	if (READ_ONCE(zone->reclaim.stuck) || has_passed(&patience->stalled, STALL_MS))
		return false;
	vmzone_reclaim_wait(zone, use, msecs_to_jiffies(STALL_MS) / 4 + 1);
	return true;
}

/* After a round of evictions: whether to go on, and after what wait. */
static int wait_or_fail(struct vmzone_zone *zone, const struct vmzone_progress *progress,
			struct patience *patience)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (progress->evicted) {
		*patience = (struct patience) { .stalled = patience->stalled };
		return 0;
	}
	/* Not the reserve: it is what reads a full store back. */
	if (progress->error) {
		if (++patience->refusals == MAX_REFUSALS)
			return progress->error;
		return vmzone_reclaim_transit_wait(zone);
	}
	if (has_passed(&patience->deadline, BUSY_WAIT_MS))
		return -ENOMEM;
	schedule_timeout_killable(1);
	return 0;
}

/* There is no frame for us, for that reason: make one, or say why not. */
static int make_room(struct vmzone_zone *zone, int error, enum vmzone_pool_use *use,
		     struct patience *patience)
{
	struct vmzone_progress progress = evict_round(zone, VMZONE_EVICT_DIRECT);
	int ret;

	/* What an eviction gives would go to page-ins at once: take of the reserve, as those do. */
	if (!progress.error && *use == VMZONE_POOL_ZERO &&
	    (!progress.evicted || !vmzone_pool_has_spare(&zone->pool))) {
		*use = VMZONE_POOL_PAGE_IN;
		return 0;
	}
	ret = wait_or_fail(zone, &progress, patience);
	/* A smaller budget that cannot be had, or could not, must not fail anybody else. */
	if (ret && ret != -EINTR && error == -EAGAIN &&
	    (vmzone_pool_is_shrinking(&zone->pool) || vmzone_pool_has_room(&zone->pool, *use))) {
		*patience = (struct patience) {};
		return 0;
	}
	return ret;
}

/* A frame was taken: have others freed in time. What is parked first, no worker needs to. */
static __always_inline void look_ahead(struct vmzone_zone *zone)
{
	bool low = is_low(zone);

	if (vmzone_standby_note_taker(&zone->reclaim.takers))
		vmzone_standby_park_as_taker(zone, low);
	if (low)
		start_workers(zone, 1);
}

/* A frame of the pool, in transit; or an error, and none is. */
static __always_inline struct vmzone_frame *
take_frame(struct vmzone_zone *zone, enum vmzone_pool_use use, enum vmzone_pace pace, int *cookie)
{
	struct vmzone_frame *frame;

	*cookie = vmzone_reclaim_transit_begin(&zone->reclaim);
	frame = vmzone_pool_alloc(&zone->pool, use);
	if (IS_ERR(frame)) {
		vmzone_reclaim_transit_end(&zone->reclaim, *cookie);
		vmzone_reclaim_pass_on(zone);
		return frame;
	}
	/* Whoever begins to wait just now looks for room himself. */
	if (waitqueue_active(&zone->reclaim.freed))
		vmzone_reclaim_pass_on(zone);
	if (pace == VMZONE_PACE_AHEAD)
		look_ahead(zone);
	return frame;
}

/* There was no frame, for that reason: make room, until there is one or no hope. */
static noinline struct vmzone_frame *insist(struct vmzone_zone *zone, enum vmzone_pool_use use,
					    enum vmzone_pace pace, int *cookie, int error)
{
	struct patience patience = {};
	struct vmzone_frame *frame;
	int ret;

	for (;;) {
		if (pace == VMZONE_PACE_AHEAD)
			vmzone_zone_note_pressure(zone);
		if (pace == VMZONE_PACE_AHEAD && error == -EAGAIN && stall(zone, use, &patience)) {
			cond_resched();
			ret = fatal_signal_pending(current) ? -EINTR : 0;
		} else {
			ret = make_room(zone, error, &use, &patience);
			vmzone_delay(VMZONE_DELAY_ROOM_MADE, 0);
		}
		if (ret)
			break;
		frame = take_frame(zone, use, pace, cookie);
		if (!IS_ERR(frame))
			return frame;
		error = PTR_ERR(frame);
	}
	vmzone_reclaim_pass_on(zone);
	return ERR_PTR(ret);
}

/**
 * vmzone_reclaim_frame() - a frame of the pool, evicting if need be
 * @zone: the zone
 * @use: what for
 * @pace: whether the workers may run ahead
 * @cookie: returned with a frame, which is in transit: what
 *	vmzone_reclaim_transit_end() wants
 *
 * Context: process context, sleeps; the caller holds no folio lock, and owns no
 * slot but one that is filling.
 * Return: the frame, or ERR_PTR() of an error as in resident.h.
 */
struct vmzone_frame *vmzone_reclaim_frame(struct vmzone_zone *zone,
					  enum vmzone_pool_use use,
					  enum vmzone_pace pace, int *cookie)
{
	struct vmzone_frame *frame = take_frame(zone, use, pace, cookie);

	return !IS_ERR(frame) ? frame : insist(zone, use, pace, cookie, PTR_ERR(frame));
}

/* Evict until no more than the pool's target are in use. */
static int meet_target(struct vmzone_zone *zone)
{
	struct patience patience = {};
	int ret = 0;

	while (!ret && atomic_long_read(&zone->pool.used) > (long)vmzone_pool_target(&zone->pool)) {
		struct vmzone_progress progress = evict_round(zone, VMZONE_EVICT_REQUESTED);

		vmzone_reclaim_reap(zone);
		ret = wait_or_fail(zone, &progress, &patience);
	}
	return ret;
}

/**
 * vmzone_reclaim_shrink() - make a zone's budget smaller
 * @zone: the zone
 * @budget: the new one, in frames
 *
 * In steps, so that page-ins get on meanwhile by evicting as many as a step. New
 * slots, which the reserve is kept from, may have to wait for the end.
 *
 * Context: process context, sleeps; the caller holds range_lock.
 * Return: 0; -ENOMEM, and the budget is as it was, when pins, holders of pages or
 * the store do not allow it; -EINTR.
 */
int vmzone_reclaim_shrink(struct vmzone_zone *zone, unsigned long budget)
{
	struct vmzone_pool *pool = &zone->pool;
	unsigned long target = pool->budget;
	int ret = 0;

	if (!vmzone_pool_can_aim(pool, budget))
		return -ENOMEM;
	do {
		target = min_t(unsigned long, target, atomic_long_read(&pool->used));
		target = max(budget, target - min(target, SHRINK_STEP));
		vmzone_pool_aim(pool, target);
		ret = meet_target(zone);
	} while (!ret && (target > budget || !vmzone_pool_settle(pool)));
	if (ret)
		vmzone_pool_grow(pool, pool->budget);
	vmzone_reclaim_wake_all(zone);
	return ret == -EINTR || !ret ? ret : -ENOMEM;
}

/**
 * vmzone_reclaim_halt() - have the workers end, after what they are at
 * @zone: the zone
 *
 * Whoever needs frames meanwhile evicts by himself. Afterwards none runs until somebody
 * starts one: who needs frames, the machine, or one that was about to begin anew.
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 */
void vmzone_reclaim_halt(struct vmzone_zone *zone)
{
	unsigned int i;

	atomic_inc(&zone->reclaim.halts);
	for (i = 0; i < VMZONE_MAX_WORKERS; i++)
		flush_work(&zone->reclaim.workers[i].work);
	atomic_dec(&zone->reclaim.halts);
	if (atomic_long_read(&zone->reclaim.owed) > 0)
		start_workers(zone, 1);
}

/**
 * vmzone_reclaim_start() - set up the reclaimer of a new zone
 * @zone: the zone
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_reclaim_start(struct vmzone_zone *zone)
{
	unsigned int i;

	for (i = 0; i < VMZONE_MAX_WORKERS; i++) {
		INIT_WORK(&zone->reclaim.workers[i].work, reclaim_work);
		zone->reclaim.workers[i].zone = zone;
	}
	vmzone_standby_start(zone);
	init_waitqueue_head(&zone->reclaim.freed);
	return init_srcu_struct(&zone->reclaim.transit);
}

/**
 * vmzone_reclaim_stop() - end the reclaimer of a zone that nobody uses
 * @zone: the zone
 *
 * Context: process context, sleeps.
 */
void vmzone_reclaim_stop(struct vmzone_zone *zone)
{
	unsigned int i;

	for (i = 0; i < VMZONE_MAX_WORKERS; i++)
		cancel_work_sync(&zone->reclaim.workers[i].work);
	/* A wait that a signal ended leaves a grace period to be waited for. */
	synchronize_srcu_expedited(&zone->reclaim.transit);
	cleanup_srcu_struct(&zone->reclaim.transit);
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
