// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool_pages.c - how the pages of a pool come from the machine, and go
 *
 * Owns: the calls of the page allocator. What several pages cost in one go is little
 * more than what one costs: a search for them and a charge to the memory cgroup. So
 * beside many that are in use, few are taken ahead of it, as a block of the
 * machine's that is split.
 *
 * Lock order: none is taken.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "compat.h"
#include "delay.h"
#include "pool.h"

/* Not the OOM killer for want of a frame. */
#define PAGE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/* No task reclaims or moves anything for a block, which is never needed. */
#define BLOCK_GFP	((GFP_KERNEL_ACCOUNT & ~__GFP_DIRECT_RECLAIM) | \
			 __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC)

/* Pages at the expense of who pays for the pool. */
static struct page *alloc_charged(struct vmzone_pool *pool, gfp_t gfp, unsigned int order)
{
	struct mem_cgroup *memcg = set_active_memcg(pool->memcg);
	struct page *page = alloc_pages(gfp, order);

	set_active_memcg(memcg);
	return page;
}

/* Make a free frame of a page that the machine has just given. */
static struct vmzone_frame *to_frame(struct page *page)
{
	set_page_private(page, 0);
	INIT_LIST_HEAD(&page->lru);
	/* Where the machine zeroes what it gives, once is enough. */
	vmzone_frame_set_zeros(vmzone_page_frame(page), want_init_on_alloc(GFP_KERNEL_ACCOUNT));
	return vmzone_page_frame(page);
}

/**
 * vmzone_pool_take_page() - take from the machine a page that is counted already
 * @pool: the pool
 *
 * Context: process context, sleeps.
 * Return: a free frame, or ERR_PTR(-ENOMEM), and the page is not counted any more.
 */
struct vmzone_frame *vmzone_pool_take_page(struct vmzone_pool *pool)
{
	struct page *page = alloc_charged(pool, PAGE_GFP, 0);

	if (page)
		return to_frame(page);
	atomic_long_dec(&pool->pages);
	return ERR_PTR(-ENOMEM);
}

/*
 * How many to take: a power of two, such that about an eighth of all pages are free
 * afterwards at most. The frame that they are taken for is in use already.
 */
static unsigned int block_size(const struct vmzone_pool *pool)
{
	long pages = atomic_long_read(&pool->pages);
	long room = pages / 8 - (pages - atomic_long_read(&pool->used));

	room = min3(room, (long)READ_ONCE(pool->cache_max), (long)VMZONE_POOL_BLOCK_PAGES);
	return room < 2 ? 1 : rounddown_pow_of_two(room);
}

/**
 * vmzone_pool_take_block() - take several pages from the machine in one go
 * @pool: the pool
 * @frames: returned: free frames, up to VMZONE_POOL_BLOCK_PAGES of them
 *
 * Where a block cannot be had without an effort, the next pages are better taken one
 * by one; also above the high limit of the memory cgroup, as only who may sleep in the
 * page allocator is slowed down there.
 *
 * Context: process context; may run beside anything.
 * Return: how many, at least 2; or 0, and one page may still be had.
 */
unsigned int vmzone_pool_take_block(struct vmzone_pool *pool, struct vmzone_frame **frames)
{
	unsigned int singles = READ_ONCE(pool->nr_singles);
	unsigned int nr = block_size(pool);
	struct page *page;
	unsigned int i;

	if (singles)
		WRITE_ONCE(pool->nr_singles, singles - 1);
	if (singles || nr < 2 || vmzone_is_over_memory_high() ||
	    !vmzone_pool_charge_pages(pool, nr))
		return 0;
	vmzone_delay(VMZONE_DELAY_BLOCK_COUNTED, 0);
	page = alloc_charged(pool, BLOCK_GFP, ilog2(nr));
	if (!page) {
		atomic_long_sub(nr, &pool->pages);
		WRITE_ONCE(pool->nr_singles, VMZONE_POOL_SINGLES);
		return 0;
	}
	split_page(page, ilog2(nr));
	for (i = 0; i < nr; i++)
		frames[i] = to_frame(page + i);
	return nr;
}

/**
 * vmzone_pool_release_page() - give the page of a free frame back to the machine
 * @frame: the frame; who holds a reference besides keeps the page
 *
 * Context: any.
 */
void vmzone_pool_release_page(struct vmzone_frame *frame)
{
	set_page_private(vmzone_frame_page(frame), 0);
	put_page(vmzone_frame_page(frame));
}
