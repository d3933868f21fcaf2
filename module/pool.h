/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool.h - the frames of one zone: its budget, its reserve, its free frames
 *
 * Frames come from the page allocator as they are needed, one by one or a few more,
 * and stay with the pool until it ends, its budget becomes smaller, or the machine runs
 * short. A frame is in use from vmzone_pool_alloc()
 * until vmzone_pool_free(); one that was given to vmzone_pool_orphan() is until it is
 * found, by vmzone_pool_reap(), that nobody else holds it any more. There are never
 * more frames in use, nor more pages taken from the machine, than the budget. A
 * smaller budget is aimed at first, and holds once it is met.
 */
#ifndef VMZONE_POOL_H
#define VMZONE_POOL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "frame.h"

struct mem_cgroup;

#define VMZONE_POOL_MIN_FRAMES	16

/* Most free frames that one CPU keeps to itself. */
#define VMZONE_POOL_CACHE_FRAMES 16

/* Most pages taken from the machine in one go. */
#define VMZONE_POOL_BLOCK_PAGES	8
static_assert(VMZONE_POOL_BLOCK_PAGES <= VMZONE_POOL_CACHE_FRAMES);

/* Pages taken one by one after several could not be had. */
#define VMZONE_POOL_SINGLES	64U

/**
 * enum vmzone_pool_use - what a frame is wanted for
 * @VMZONE_POOL_ZERO: a slot that was empty; leaves the reserve alone
 * @VMZONE_POOL_PAGE_IN: a slot that is stored; may use the reserve
 */
enum vmzone_pool_use {
	VMZONE_POOL_ZERO,
	VMZONE_POOL_PAGE_IN,
};

/**
 * struct vmzone_pool_cache - the free frames of one CPU
 * @lock: guards the rest; other CPUs take it only when all else is empty
 * @nr: frames in @frames
 * @frames: the frames
 */
struct vmzone_pool_cache {
	spinlock_t lock;
	unsigned int nr;
	struct vmzone_frame *frames[VMZONE_POOL_CACHE_FRAMES];
};

/**
 * struct vmzone_pool - the frames of one zone
 * @budget: most frames in use, and most pages taken from the machine
 * @target: where new frames end: the budget, or a smaller one that is aimed at
 * @reserve: frames of the target that only page-ins may use
 * @cache_max: most frames in one CPU's cache
 * @used: frames in use
 * @peak: highest @used so far
 * @pages: pages taken from the machine
 * @pinned: slots that hold their frame for good
 * @memcg: the memory cgroup that pays for the pages: the creator's
 * @caches: of each CPU
 * @lock: guards @free, @orphans and @nr_orphans
 * @free: frames that are not in use and in no CPU's cache
 * @orphans: frames without a slot that somebody still holds
 * @nr_orphans: their number
 * @nr_singles: pages to be taken one by one before a block is tried again
 */
struct vmzone_pool {
	unsigned long budget;
	unsigned long target;
	unsigned long reserve;
	unsigned int cache_max;
	atomic_long_t used;
	atomic_long_t peak;
	atomic_long_t pages;
	atomic_long_t pinned;
	struct mem_cgroup *memcg;
	struct vmzone_pool_cache __percpu *caches;
	spinlock_t lock;
	struct list_head free;
	struct list_head orphans;
	unsigned long nr_orphans;
	unsigned int nr_singles;
};

/**
 * vmzone_pool_target() - how many frames a zone may have
 * @pool: its pool
 *
 * Context: any.
 * Return: the budget, or a smaller one that is aimed at; what watermarks go by.
 */
static inline unsigned long vmzone_pool_target(const struct vmzone_pool *pool)
{
	return READ_ONCE(pool->target);
}

/**
 * vmzone_pool_nr_free() - frames that any fault could take without evicting
 * @pool: the pool
 *
 * Context: any.
 * Return: target less frames in use less the reserve, at least 0.
 */
static inline unsigned long vmzone_pool_nr_free(const struct vmzone_pool *pool)
{
	unsigned long used = atomic_long_read(&pool->used) + READ_ONCE(pool->reserve);
	unsigned long target = vmzone_pool_target(pool);

	return used < target ? target - used : 0;
}

/* pool.c */
int vmzone_pool_init(struct vmzone_pool *pool, unsigned long budget);
int vmzone_pool_prealloc(struct vmzone_pool *pool, unsigned long nr_pages);
unsigned long vmzone_pool_trim(struct vmzone_pool *pool, unsigned long nr_pages);
void vmzone_pool_shed(struct vmzone_pool *pool, unsigned long nr_pages);
void vmzone_pool_destroy(struct vmzone_pool *pool);
struct vmzone_frame *vmzone_pool_alloc(struct vmzone_pool *pool,
				       enum vmzone_pool_use use);
void vmzone_pool_free(struct vmzone_pool *pool, struct vmzone_frame *frame);
void vmzone_pool_orphan(struct vmzone_pool *pool, struct vmzone_frame *frame);
unsigned long vmzone_pool_reap(struct vmzone_pool *pool);

/* pool_pages.c */
struct vmzone_frame *vmzone_pool_take_page(struct vmzone_pool *pool);
unsigned int vmzone_pool_take_block(struct vmzone_pool *pool, struct vmzone_frame **frames);
void vmzone_pool_release_page(struct vmzone_frame *frame);

/* pool_budget.c */
void vmzone_pool_set_target(struct vmzone_pool *pool, unsigned long target);
long vmzone_pool_count_below(atomic_long_t *count, long nr, unsigned long limit);
bool vmzone_pool_has_room(const struct vmzone_pool *pool, enum vmzone_pool_use use);
bool vmzone_pool_charge(struct vmzone_pool *pool, enum vmzone_pool_use use);
bool vmzone_pool_charge_pages(struct vmzone_pool *pool, unsigned int nr);
int vmzone_pool_pin(struct vmzone_pool *pool);
void vmzone_pool_unpin(struct vmzone_pool *pool);
unsigned long vmzone_pool_pinnable(const struct vmzone_pool *pool);
bool vmzone_pool_has_spare(const struct vmzone_pool *pool);
void vmzone_pool_grow(struct vmzone_pool *pool, unsigned long budget);
bool vmzone_pool_can_aim(const struct vmzone_pool *pool, unsigned long target);
void vmzone_pool_aim(struct vmzone_pool *pool, unsigned long target);
bool vmzone_pool_is_shrinking(const struct vmzone_pool *pool);
bool vmzone_pool_settle(struct vmzone_pool *pool);

#endif /* VMZONE_POOL_H */
