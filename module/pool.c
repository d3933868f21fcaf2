// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool.c - the frames of one zone
 *
 * Owns: every frame of a zone that serves no slot, and the count of those that
 * do. The count is one atomic, so the budget is exact at any moment; the pages
 * themselves travel through per-CPU caches and take the pool's lock only in
 * batches.
 *
 * Invariants: used <= budget; pages <= budget; a free frame has one reference,
 * no mapping, and is in one cache or on one list.
 *
 * Lock order: pool->lock and a cache's lock are leaves; neither is taken
 * inside the other.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "pool.h"

#define MAX_RESERVE	32UL

/* Most orphans looked at in one go, under the lock. */
#define REAP_BATCH	64UL

/**
 * vmzone_pool_init() - make an empty pool
 * @pool: to set up
 * @budget: in frames, at least VMZONE_POOL_MIN_FRAMES
 *
 * Context: process context, sleeps.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int vmzone_pool_init(struct vmzone_pool *pool, unsigned long budget)
{
	int cpu;

	if (budget < VMZONE_POOL_MIN_FRAMES || budget > LONG_MAX)
		return -EINVAL;
	pool->caches = alloc_percpu(struct vmzone_pool_cache);
	if (!pool->caches)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(pool->caches, cpu)->lock);

	pool->memcg = get_mem_cgroup_from_mm(current->mm);
	pool->budget = budget;
	pool->reserve = min(budget / 8, MAX_RESERVE);
	/* All caches together hold an eighth of the budget at most. */
	pool->cache_max = min_t(unsigned long, VMZONE_POOL_CACHE_FRAMES,
				budget / 8 / num_possible_cpus());
	atomic_long_set(&pool->used, 0);
	atomic_long_set(&pool->peak, 0);
	atomic_long_set(&pool->pages, 0);
	atomic_long_set(&pool->pinned, 0);
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->free);
	INIT_LIST_HEAD(&pool->orphans);
	pool->nr_orphans = 0;
	return 0;
}

/* Take one page from the machine, if the budget has room for it. */
static struct vmzone_frame *grow(struct vmzone_pool *pool)
{
	struct mem_cgroup *memcg;
	struct page *page;

	if (!atomic_long_add_unless(&pool->pages, 1, pool->budget))
		return NULL;
	memcg = set_active_memcg(pool->memcg);
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	set_active_memcg(memcg);
	if (!page) {
		atomic_long_dec(&pool->pages);
		return ERR_PTR(-ENOMEM);
	}
	set_page_private(page, 0);
	INIT_LIST_HEAD(&page->lru);
	return vmzone_page_frame(page);
}

/**
 * vmzone_pool_prealloc() - take all pages of the budget from the machine now
 * @pool: the pool, not yet in use
 *
 * Context: process context, sleeps.
 * Return: 0, -ENOMEM or -EINTR; what was taken stays with the pool.
 */
int vmzone_pool_prealloc(struct vmzone_pool *pool)
{
	struct vmzone_frame *frame;

	while ((frame = grow(pool))) {
		if (IS_ERR(frame))
			return PTR_ERR(frame);
		list_add(&frame->node, &pool->free);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static void release_page(struct vmzone_frame *frame)
{
	set_page_private(vmzone_frame_page(frame), 0);
	put_page(vmzone_frame_page(frame));
}

/**
 * vmzone_pool_destroy() - give all pages back to the machine
 * @pool: set up by vmzone_pool_init(); no slot has a frame of it any more
 *
 * An orphan goes with the last of those who hold it.
 *
 * Context: process context; nobody else uses the pool.
 */
void vmzone_pool_destroy(struct vmzone_pool *pool)
{
	struct vmzone_frame *frame, *next;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmzone_pool_cache *cache = per_cpu_ptr(pool->caches, cpu);

		while (cache->nr)
			release_page(cache->frames[--cache->nr]);
	}
	list_splice_init(&pool->orphans, &pool->free);
	list_for_each_entry_safe(frame, next, &pool->free, node) {
		list_del(&frame->node);
		release_page(frame);
	}
	mem_cgroup_put(pool->memcg);
	free_percpu(pool->caches);
}

/* Count one more frame in use, if @limit allows. */
static bool charge(struct vmzone_pool *pool, unsigned long limit)
{
	long used = atomic_long_read(&pool->used);
	long peak;

	do {
		if (used >= limit)
			return false;
	} while (!atomic_long_try_cmpxchg(&pool->used, &used, used + 1));

	peak = atomic_long_read(&pool->peak);
	while (used + 1 > peak &&
	       !atomic_long_try_cmpxchg(&pool->peak, &peak, used + 1))
		;
	return true;
}

/* Fill an empty cache up to half from the pool's list. */
static void refill(struct vmzone_pool *pool, struct vmzone_pool_cache *cache)
{
	struct vmzone_frame *batch[VMZONE_POOL_CACHE_FRAMES];
	unsigned int want = max(pool->cache_max / 2, 1U);
	unsigned int nr = 0;

	spin_lock(&pool->lock);
	while (nr < want && !list_empty(&pool->free)) {
		batch[nr] = list_first_entry(&pool->free, struct vmzone_frame, node);
		list_del_init(&batch[nr++]->node);
	}
	spin_unlock(&pool->lock);

	spin_lock(&cache->lock);
	while (nr && cache->nr < VMZONE_POOL_CACHE_FRAMES)
		cache->frames[cache->nr++] = batch[--nr];
	spin_unlock(&cache->lock);

	if (!nr)
		return;
	/* Another task of this CPU filled it meanwhile. */
	spin_lock(&pool->lock);
	while (nr)
		list_add(&batch[--nr]->node, &pool->free);
	spin_unlock(&pool->lock);
}

static struct vmzone_frame *take_cached(struct vmzone_pool_cache *cache)
{
	struct vmzone_frame *frame = NULL;

	spin_lock(&cache->lock);
	if (cache->nr)
		frame = cache->frames[--cache->nr];
	spin_unlock(&cache->lock);
	return frame;
}

/* The budget allows a frame: find the page for it, wherever it is. */
static struct vmzone_frame *take(struct vmzone_pool *pool)
{
	struct vmzone_pool_cache *cache = raw_cpu_ptr(pool->caches);
	struct vmzone_frame *frame;
	int cpu;

	frame = take_cached(cache);
	if (!frame && !list_empty(&pool->free)) {
		refill(pool, cache);
		frame = take_cached(cache);
	}
	if (!frame)
		frame = grow(pool);
	if (!IS_ERR_OR_NULL(frame))
		return frame;
	for_each_possible_cpu(cpu) {
		struct vmzone_frame *stolen = take_cached(per_cpu_ptr(pool->caches, cpu));

		if (stolen)
			return stolen;
	}
	return frame;
}

/**
 * vmzone_pool_alloc() - a frame to put to use
 * @pool: the pool
 * @use: what for
 *
 * Context: process context, sleeps.
 * Return: a frame of unknown contents, with one reference; ERR_PTR(-EAGAIN)
 * when the budget has none left (evict, and come back), ERR_PTR(-ENOMEM) when
 * the machine or the memory cgroup has none.
 */
struct vmzone_frame *vmzone_pool_alloc(struct vmzone_pool *pool,
				       enum vmzone_pool_use use)
{
	unsigned long limit = pool->budget;
	struct vmzone_frame *frame;

	if (use == VMZONE_POOL_ZERO)
		limit -= pool->reserve;
	if (!charge(pool, limit) && !(vmzone_pool_reap(pool) && charge(pool, limit)))
		return ERR_PTR(-EAGAIN);
	frame = take(pool);
	if (!IS_ERR_OR_NULL(frame)) {
		if (likely(!PageHWPoison(vmzone_frame_page(frame))))
			return frame;
		/* Lost while it was free: it counts, and is never used again. */
		vmzone_pool_orphan(pool, frame);
		return ERR_PTR(-EAGAIN);
	}
	atomic_long_dec(&pool->used);
	/* NULL: a page is on its way between two of our lists. */
	return frame ? frame : ERR_PTR(-EAGAIN);
}

/* Put a free frame where the next one to need it will look first. */
static void keep(struct vmzone_pool *pool, struct vmzone_frame *frame)
{
	struct vmzone_pool_cache *cache = raw_cpu_ptr(pool->caches);

	vmzone_frame_set_token(frame, 0);
	spin_lock(&cache->lock);
	if (cache->nr < pool->cache_max) {
		cache->frames[cache->nr++] = frame;
		frame = NULL;
	}
	spin_unlock(&cache->lock);
	if (!frame)
		return;
	spin_lock(&pool->lock);
	list_add(&frame->node, &pool->free);
	spin_unlock(&pool->lock);
}

/**
 * vmzone_pool_free() - take a frame out of use
 * @pool: the pool
 * @frame: one that nothing maps, no list has, and only the caller references
 *
 * Context: process context.
 */
void vmzone_pool_free(struct vmzone_pool *pool, struct vmzone_frame *frame)
{
	keep(pool, frame);
	atomic_long_dec(&pool->used);
}

/**
 * vmzone_pool_orphan() - take a frame out of use once nobody holds it
 * @pool: the pool
 * @frame: one without a slot that somebody, such as direct I/O, still holds
 *
 * The frame counts against the budget until then. Takes over the caller's
 * reference.
 *
 * Context: process context.
 */
void vmzone_pool_orphan(struct vmzone_pool *pool, struct vmzone_frame *frame)
{
	spin_lock(&pool->lock);
	list_add_tail(&frame->node, &pool->orphans);
	pool->nr_orphans++;
	spin_unlock(&pool->lock);
}

/**
 * vmzone_pool_reap() - free the orphans that nobody holds any more
 * @pool: the pool
 *
 * Context: process context.
 * Return: how many frames that freed.
 */
unsigned long vmzone_pool_reap(struct vmzone_pool *pool)
{
	struct vmzone_frame *frame, *next;
	unsigned long nr = 0, left;
	LIST_HEAD(reaped);

	if (!READ_ONCE(pool->nr_orphans))
		return 0;
	spin_lock(&pool->lock);
	for (left = min(pool->nr_orphans, REAP_BATCH); left; left--) {
		struct page *page;

		frame = list_first_entry(&pool->orphans, struct vmzone_frame, node);
		page = vmzone_frame_page(frame);
		if (PageHWPoison(page) || !page_ref_freeze(page, 1)) {
			list_move_tail(&frame->node, &pool->orphans);
			continue;
		}
		ClearPageDirty(page);
		page_ref_unfreeze(page, 1);
		list_move(&frame->node, &reaped);
		pool->nr_orphans--;
		nr++;
	}
	spin_unlock(&pool->lock);

	list_for_each_entry_safe(frame, next, &reaped, node) {
		list_del_init(&frame->node);
		vmzone_pool_free(pool, frame);
	}
	return nr;
}

/**
 * vmzone_pool_pinnable() - how many slots may be pinned at a time
 * @pool: the pool
 *
 * Context: any.
 * Return: the budget less the reserve that lets faults go on.
 */
unsigned long vmzone_pool_pinnable(const struct vmzone_pool *pool)
{
	return pool->budget - pool->reserve;
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
	long pinned = atomic_long_read(&pool->pinned);

	do {
		if (pinned >= vmzone_pool_pinnable(pool))
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&pool->pinned, &pinned, pinned + 1));
	return 0;
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
 * vmzone_pool_nr_free() - frames that any fault could take without evicting
 * @pool: the pool
 *
 * Context: any.
 * Return: budget less frames in use less the reserve, at least 0.
 */
unsigned long vmzone_pool_nr_free(const struct vmzone_pool *pool)
{
	unsigned long used = atomic_long_read(&pool->used) + pool->reserve;

	return used < pool->budget ? pool->budget - used : 0;
}
