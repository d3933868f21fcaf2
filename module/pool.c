// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool.c - the frames of one zone
 *
 * Owns: every frame of a zone that serves no slot. Pages travel through per-CPU
 * caches and take the pool's lock only in batches. How many there may be is
 * pool_budget.c's, and how they come from the machine pool_pages.c's.
 *
 * Invariant: a free frame has one reference, no mapping, and is in one cache or
 * on one list.
 *
 * Lock order: pool->lock and a cache's lock are leaves; neither is taken
 * inside the other.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mmdebug.h>
#include <linux/sched/signal.h>

#include "pool.h"

/* Most orphans looked at in one go, under the lock. */
#define REAP_BATCH	64UL

/* Most pages given back to the machine in one go. */
#define SHED_BATCH	1024UL

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
	pool->caches = alloc_percpu_gfp(struct vmzone_pool_cache, GFP_KERNEL_ACCOUNT);
	if (!pool->caches)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(pool->caches, cpu)->lock);

	pool->memcg = get_mem_cgroup_from_mm(current->mm);
	pool->budget = budget;
	vmzone_pool_set_target(pool, budget);
	atomic_long_set(&pool->used, 0);
	atomic_long_set(&pool->peak, 0);
	atomic_long_set(&pool->pages, 0);
	atomic_long_set(&pool->pinned, 0);
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->free);
	INIT_LIST_HEAD(&pool->orphans);
	pool->nr_orphans = 0;
	pool->nr_singles = 0;
	return 0;
}

static void put_free(struct vmzone_pool *pool, struct vmzone_frame *frame)
{
	spin_lock(&pool->lock);
	list_add(&frame->node, &pool->free);
	spin_unlock(&pool->lock);
}

/**
 * vmzone_pool_prealloc() - take pages from the machine ahead of time
 * @pool: the pool
 * @nr_pages: how many it shall have in all; may be above the budget when that
 *	is about to grow
 *
 * Context: process context, sleeps.
 * Return: 0, -ENOMEM or -EINTR; what was taken stays with the pool.
 */
int vmzone_pool_prealloc(struct vmzone_pool *pool, unsigned long nr_pages)
{
	struct vmzone_frame *frame;

	while (vmzone_pool_count_below(&pool->pages, 1, nr_pages)) {
		frame = vmzone_pool_take_page(pool);
		if (IS_ERR(frame))
			return PTR_ERR(frame);
		put_free(pool, frame);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * vmzone_pool_destroy() - give all pages back to the machine
 * @pool: set up by vmzone_pool_init(); no slot has a frame of it any more
 *
 * An orphan goes with the last of those who hold it.
 *
 * Context: process context, sleeps; nobody else uses the pool.
 */
void vmzone_pool_destroy(struct vmzone_pool *pool)
{
	struct vmzone_frame *frame, *next;
	unsigned long nr = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmzone_pool_cache *cache = per_cpu_ptr(pool->caches, cpu);

		for (; cache->nr; nr++)
			vmzone_pool_release_page(cache->frames[--cache->nr]);
	}
	list_splice_init(&pool->orphans, &pool->free);
	list_for_each_entry_safe(frame, next, &pool->free, node) {
		list_del(&frame->node);
		vmzone_pool_release_page(frame);
		nr++;
		cond_resched();
	}
	/* No frame is in use but the orphans, and no page is missing. */
	VM_WARN_ON_ONCE(atomic_long_read(&pool->used) != pool->nr_orphans);
	VM_WARN_ON_ONCE(atomic_long_read(&pool->pages) != nr);
	mem_cgroup_put(pool->memcg);
	free_percpu(pool->caches);
}

/* Put free frames into a cache; what it has no room for, on the pool's list. */
static void stash(struct vmzone_pool *pool, struct vmzone_pool_cache *cache,
		  struct vmzone_frame **frames, unsigned int nr)
{
	spin_lock(&cache->lock);
	while (nr && cache->nr < READ_ONCE(pool->cache_max))
		cache->frames[cache->nr++] = frames[--nr];
	spin_unlock(&cache->lock);

	if (!nr)
		return;
	/* Another task of this CPU filled it meanwhile, or it may hold less now. */
	spin_lock(&pool->lock);
	while (nr)
		list_add(&frames[--nr]->node, &pool->free);
	spin_unlock(&pool->lock);
}

/* A frame of the pool's list, and more of them for an empty cache, up to half of it. */
static struct vmzone_frame *refill(struct vmzone_pool *pool, struct vmzone_pool_cache *cache)
{
	struct vmzone_frame *batch[VMZONE_POOL_CACHE_FRAMES];
	unsigned int want = max(READ_ONCE(pool->cache_max) / 2, 1U);
	unsigned int nr = 0;

	if (list_empty(&pool->free))
		return NULL;
	spin_lock(&pool->lock);
	while (nr < want && !list_empty(&pool->free)) {
		batch[nr] = list_first_entry(&pool->free, struct vmzone_frame, node);
		list_del_init(&batch[nr++]->node);
	}
	spin_unlock(&pool->lock);
	if (!nr)
		return NULL;
	stash(pool, cache, batch + 1, nr - 1);
	return batch[0];
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

/* A free frame of any CPU's cache. */
static struct vmzone_frame *steal(struct vmzone_pool *pool)
{
	struct vmzone_frame *frame;
	int cpu;

	for_each_possible_cpu(cpu) {
		frame = take_cached(per_cpu_ptr(pool->caches, cpu));
		if (frame)
			return frame;
	}
	return NULL;
}

/* A frame that the pool does not have yet; NULL when it may have no more. */
static struct vmzone_frame *take_new(struct vmzone_pool *pool,
				     struct vmzone_pool_cache *cache)
{
	struct vmzone_frame *frames[VMZONE_POOL_BLOCK_PAGES];
	unsigned int nr = vmzone_pool_take_block(pool, frames);

	if (!nr)
		return vmzone_pool_charge_pages(pool, 1) ? vmzone_pool_take_page(pool) : NULL;
	stash(pool, cache, frames + 1, nr - 1);
	return frames[0];
}

/* As take(), where this CPU's cache is empty. */
static noinline struct vmzone_frame *take_uncached(struct vmzone_pool *pool,
						   struct vmzone_pool_cache *cache)
{
	struct vmzone_frame *frame = refill(pool, cache);
	struct vmzone_frame *found;

	if (!frame)
		frame = take_new(pool, cache);
	if (!IS_ERR_OR_NULL(frame))
		return frame;
	/* In another's cache, or on the list by now. */
	found = steal(pool);
	if (!found)
		found = refill(pool, cache);
	return found ? found : frame;
}

/* The budget allows a frame: find the page for it, wherever it is. */
static struct vmzone_frame *take(struct vmzone_pool *pool)
{
	struct vmzone_pool_cache *cache = raw_cpu_ptr(pool->caches);
	struct vmzone_frame *frame = take_cached(cache);

	return frame ? frame : take_uncached(pool, cache);
}

/**
 * vmzone_pool_alloc() - a frame to put to use
 * @pool: the pool
 * @use: what for
 *
 * Context: process context, sleeps.
 * Return: a frame with one reference, of unknown contents unless
 * vmzone_frame_is_zeros() says so; ERR_PTR(-EAGAIN) when the budget has none
 * left (evict, and come back), ERR_PTR(-ENOMEM) when the machine or the memory
 * cgroup has none.
 */
struct vmzone_frame *vmzone_pool_alloc(struct vmzone_pool *pool,
				       enum vmzone_pool_use use)
{
	struct vmzone_frame *frame;

	if (!vmzone_pool_charge(pool, use) &&
	    !(vmzone_pool_reap(pool) && vmzone_pool_charge(pool, use)))
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
	/* NULL: a page is on its way to one of our lists. */
	return frame ? frame : ERR_PTR(-EAGAIN);
}

/* Put a free frame where the next one to need it will look first. */
static void keep(struct vmzone_pool *pool, struct vmzone_frame *frame)
{
	struct vmzone_pool_cache *cache = raw_cpu_ptr(pool->caches);

	vmzone_frame_set_token(frame, 0);
	vmzone_frame_set_zeros(frame, false);
	spin_lock(&cache->lock);
	if (cache->nr < READ_ONCE(pool->cache_max)) {
		cache->frames[cache->nr++] = frame;
		frame = NULL;
	}
	spin_unlock(&cache->lock);
	if (frame)
		put_free(pool, frame);
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
 * vmzone_pool_trim() - give pages of free frames back to the machine
 * @pool: the pool
 * @nr_pages: how many it may keep
 *
 * Context: any, without sleeping.
 * Return: how many pages went. The pool may still have more than @nr_pages, in
 * use, or on their way to one of its lists.
 */
unsigned long vmzone_pool_trim(struct vmzone_pool *pool, unsigned long nr_pages)
{
	unsigned long nr = 0;

	while (atomic_long_read(&pool->pages) > (long)nr_pages) {
		struct vmzone_frame *frame;

		spin_lock(&pool->lock);
		frame = list_first_entry_or_null(&pool->free, struct vmzone_frame, node);
		if (frame)
			list_del_init(&frame->node);
		spin_unlock(&pool->lock);
		if (!frame)
			frame = steal(pool);
		if (!frame)
			break;
		vmzone_pool_release_page(frame);
		atomic_long_dec(&pool->pages);
		nr++;
	}
	return nr;
}

/**
 * vmzone_pool_shed() - give all pages above a number back to the machine
 * @pool: the pool
 * @nr_pages: how many it may keep; no more frames are in use, nor will be
 *
 * Context: process context, sleeps.
 */
void vmzone_pool_shed(struct vmzone_pool *pool, unsigned long nr_pages)
{
	unsigned long pages;

	while ((pages = atomic_long_read(&pool->pages)) > nr_pages) {
		/* What is not found is on its way to one of our lists, and about to arrive. */
		if (!vmzone_pool_trim(pool, max(nr_pages, pages - min(pages, SHED_BATCH))))
			usleep_range(50, 100);
		cond_resched();
	}
}
