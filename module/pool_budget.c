// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool_budget.c - how many frames a pool may have
 *
 * Owns: budget, target, reserve and the counts that they bound. Each count is one
 * atomic, so the budget is exact at any moment and takes no lock.
 *
 * Invariants: target <= budget; used <= budget, and it grows only below target;
 * pages <= budget, but for those that are about to become part of it.
 *
 * Who counts one more reads the target and counts within one RCU read section,
 * so that a grace period after the target was lowered nobody counts by the old
 * one. A section that is not preempted: it is but a few instructions long, and
 * the cheapest.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "delay.h"
#include "pool.h"

#define MAX_RESERVE	32UL

static unsigned long reserve_of(unsigned long target)
{
	return min(target / 8, MAX_RESERVE);
}

/**
 * vmzone_pool_set_target() - change where new frames end
 * @pool: the pool
 * @target: in frames
 *
 * Context: any; nobody else changes the target.
 */
void vmzone_pool_set_target(struct vmzone_pool *pool, unsigned long target)
{
	WRITE_ONCE(pool->target, target);
	WRITE_ONCE(pool->reserve, reserve_of(target));
	/* All caches together hold an eighth of the target at most. */
	WRITE_ONCE(pool->cache_max, min_t(unsigned long, VMZONE_POOL_CACHE_FRAMES,
					  target / 8 / num_possible_cpus()));
}

/**
 * vmzone_pool_count_below() - add to a count that has a limit
 * @count: the count
 * @nr: what to add, at least 1
 * @limit: the most that it may come to
 *
 * Context: any.
 * Return: the new count, or 0 when it stays as it was.
 */
long vmzone_pool_count_below(atomic_long_t *count, long nr, unsigned long limit)
{
	long old = atomic_long_read(count);

	do {
		if (old + nr > (long)limit)
			return 0;
	} while (!atomic_long_try_cmpxchg(count, &old, old + nr));
	return old + nr;
}

/* Where frames for that use end. */
static unsigned long limit_of(const struct vmzone_pool *pool, enum vmzone_pool_use use)
{
	unsigned long target = vmzone_pool_target(pool);

	return use == VMZONE_POOL_ZERO ? target - min(target, READ_ONCE(pool->reserve)) : target;
}

/**
 * vmzone_pool_has_room() - whether vmzone_pool_charge() would succeed now
 * @pool: the pool
 * @use: what for
 *
 * Context: any.
 * Return: whether it would.
 */
bool vmzone_pool_has_room(const struct vmzone_pool *pool, enum vmzone_pool_use use)
{
	return atomic_long_read(&pool->used) < (long)limit_of(pool, use);
}

/**
 * vmzone_pool_charge() - count one more frame in use
 * @pool: the pool
 * @use: what for
 *
 * Context: any.
 * Return: whether there was room for it.
 */
bool vmzone_pool_charge(struct vmzone_pool *pool, enum vmzone_pool_use use)
{
	long used, peak;

	rcu_read_lock_sched();
	used = vmzone_pool_count_below(&pool->used, 1, limit_of(pool, use));
	rcu_read_unlock_sched();

	peak = atomic_long_read(&pool->peak);
	while (used > peak && !atomic_long_try_cmpxchg(&pool->peak, &peak, used))
		;
	return used;
}

/**
 * vmzone_pool_charge_pages() - count more pages taken from the machine
 * @pool: the pool
 * @nr: how many
 *
 * The last eighth of the budget comes one by one, so that who may have a frame hardly
 * finds that all pages are on their way to others, who take them ahead of need.
 *
 * Context: any.
 * Return: whether there was room for all of them.
 */
bool vmzone_pool_charge_pages(struct vmzone_pool *pool, unsigned int nr)
{
	unsigned long target;
	bool charged;

	rcu_read_lock_sched();
	target = vmzone_pool_target(pool);
	charged = vmzone_pool_count_below(&pool->pages, nr, nr > 1 ? target - target / 8 : target);
	rcu_read_unlock_sched();
	return charged;
}

/**
 * vmzone_pool_pinnable() - how many slots may be pinned at a time
 * @pool: the pool
 *
 * Context: any.
 * Return: the budget, or a smaller one that is aimed at, less the reserve that
 * lets faults go on.
 */
unsigned long vmzone_pool_pinnable(const struct vmzone_pool *pool)
{
	return limit_of(pool, VMZONE_POOL_ZERO);
}

/**
 * vmzone_pool_pin() - count one more slot that holds its frame for good
 * @pool: the pool
 *
 * Context: any.
 * Return: 0, or -ENOMEM when too little would be left for faults.
 */
int vmzone_pool_pin(struct vmzone_pool *pool)
{
	return vmzone_pool_count_below(&pool->pinned, 1, vmzone_pool_pinnable(pool)) ? 0 : -ENOMEM;
}

/**
 * vmzone_pool_unpin() - undo one vmzone_pool_pin()
 * @pool: the pool
 *
 * Context: any.
 */
void vmzone_pool_unpin(struct vmzone_pool *pool)
{
	atomic_long_dec(&pool->pinned);
}

/**
 * vmzone_pool_has_spare() - whether frames are in use that need not be
 * @pool: the pool
 *
 * As many as the reserve are there for page-ins to use: where pins take the rest,
 * no frame is free, and to evict those few would not help.
 *
 * Context: any.
 * Return: whether more than the reserve are in use beside pins and orphans.
 */
bool vmzone_pool_has_spare(const struct vmzone_pool *pool)
{
	long kept = atomic_long_read(&pool->pinned) + READ_ONCE(pool->nr_orphans);

	return atomic_long_read(&pool->used) - kept > (long)READ_ONCE(pool->reserve);
}

/**
 * vmzone_pool_grow() - give a pool a larger budget, or give up a smaller one
 * @pool: the pool
 * @budget: at least the one it has
 *
 * Context: any; nobody else changes the budget.
 */
void vmzone_pool_grow(struct vmzone_pool *pool, unsigned long budget)
{
	WRITE_ONCE(pool->budget, budget);
	/* Before anybody can count up to it; pairs with read_frames() in zone_stats.c. */
	smp_wmb();
	vmzone_pool_set_target(pool, budget);
}

/**
 * vmzone_pool_can_aim() - whether pins allow a smaller budget
 * @pool: the pool
 * @target: the new budget, at least VMZONE_POOL_MIN_FRAMES
 *
 * Context: any; nobody pins.
 * Return: whether they leave enough for faults.
 */
bool vmzone_pool_can_aim(const struct vmzone_pool *pool, unsigned long target)
{
	return atomic_long_read(&pool->pinned) <= (long)(target - reserve_of(target));
}

/**
 * vmzone_pool_aim() - begin to make a budget smaller
 * @pool: the pool
 * @target: the new budget, for which vmzone_pool_can_aim()
 *
 * From now on no frame is given out above the target; the caller frees frames
 * until vmzone_pool_settle() is content, or gives up by vmzone_pool_grow().
 *
 * Context: any; nobody else changes the budget.
 */
void vmzone_pool_aim(struct vmzone_pool *pool, unsigned long target)
{
	vmzone_pool_set_target(pool, target);
}

/**
 * vmzone_pool_is_shrinking() - whether a smaller budget is aimed at
 * @pool: the pool
 *
 * Context: any.
 * Return: whether it is.
 */
bool vmzone_pool_is_shrinking(const struct vmzone_pool *pool)
{
	return vmzone_pool_target(pool) < READ_ONCE(pool->budget);
}

/**
 * vmzone_pool_settle() - make the target the budget, if it is met
 * @pool: the pool
 *
 * Context: process context, sleeps; nobody else changes the budget.
 * Return: whether it is. If not, free frames and try again.
 */
bool vmzone_pool_settle(struct vmzone_pool *pool)
{
	unsigned long target = pool->target;

	vmzone_pool_reap(pool);
	if (atomic_long_read(&pool->used) > (long)target)
		return false;
	vmzone_delay(VMZONE_DELAY_SHRINK_MET, 0);
	/* Whoever read an old target has counted by now. */
	synchronize_rcu();
	if (atomic_long_read(&pool->used) > (long)target)
		return false;
	vmzone_pool_shed(pool, target);
	WRITE_ONCE(pool->budget, target);
	return true;
}
