// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool_fixture.c - a pool, and the frames in use
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "pool_fixture.h"

/**
 * vmzone_frames_init() - init callback of a suite
 * @test: gets a struct pool_fixture without a pool as its priv
 *
 * Context: as KUnit calls it.
 * Return: 0 or -ENOMEM.
 */
int vmzone_frames_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct pool_fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

/**
 * vmzone_frames_give() - free the frames that were taken last
 * @test: the test
 * @nr: how many; no more than there are
 *
 * Context: process context.
 */
void vmzone_frames_give(struct kunit *test, unsigned long nr)
{
	struct pool_fixture *fix = test->priv;

	while (nr--)
		vmzone_pool_free(&fix->pool, fix->frames[--fix->nr]);
}

/**
 * vmzone_frames_exit() - exit callback of a suite
 * @test: whose frames and pool are freed, if they are there
 *
 * Context: as KUnit calls it.
 */
void vmzone_frames_exit(struct kunit *test)
{
	struct pool_fixture *fix = test->priv;

	if (!fix || !fix->started)
		return;
	vmzone_frames_give(test, fix->nr);
	vmzone_pool_destroy(&fix->pool);
}

/**
 * vmzone_frames_start() - set up the pool
 * @test: the test
 * @budget: its budget
 *
 * Context: process context.
 * Return: the pool.
 */
struct vmzone_pool *vmzone_frames_start(struct kunit *test, unsigned long budget)
{
	struct pool_fixture *fix = test->priv;

	KUNIT_ASSERT_EQ(test, vmzone_pool_init(&fix->pool, budget), 0);
	fix->started = true;
	return &fix->pool;
}

/**
 * vmzone_frames_take() - take one frame, which must be blank
 * @test: the test
 * @use: what for
 *
 * Context: process context.
 * Return: 0 or what the pool says.
 */
int vmzone_frames_take(struct kunit *test, enum vmzone_pool_use use)
{
	struct pool_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	struct page *page;

	KUNIT_ASSERT_LT(test, fix->nr, (unsigned long)MAX_FRAMES);
	frame = vmzone_pool_alloc(&fix->pool, use);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	KUNIT_ASSERT_NOT_NULL(test, frame);
	page = vmzone_frame_page(frame);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_NULL(test, frame->mapping);
	KUNIT_EXPECT_FALSE(test, PageDirty(page));
	KUNIT_EXPECT_EQ(test, vmzone_frame_token(frame), 0ull);
	KUNIT_EXPECT_EQ(test, vmzone_frame_hint(frame), (u8)0);
	fix->frames[fix->nr++] = frame;
	return 0;
}

/**
 * vmzone_frames_count_free() - free pages, by looking at each
 * @test: the test, whose pool is at rest
 *
 * Context: process context.
 * Return: how many are in caches and on the pool's list.
 */
unsigned long vmzone_frames_count_free(struct kunit *test)
{
	struct vmzone_pool *pool = &((struct pool_fixture *)test->priv)->pool;
	struct vmzone_frame *frame;
	unsigned long nr = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr += per_cpu_ptr(pool->caches, cpu)->nr;
	list_for_each_entry(frame, &pool->free, node) {
		KUNIT_ASSERT_EQ(test, page_ref_count(vmzone_frame_page(frame)), 1);
		nr++;
	}
	return nr;
}

/**
 * vmzone_frames_check() - every page is somewhere, and no number is above what it may be
 * @test: the test, whose pool is at rest
 *
 * Context: process context.
 */
void vmzone_frames_check(struct kunit *test)
{
	struct pool_fixture *fix = test->priv;
	struct vmzone_pool *pool = &fix->pool;
	unsigned long used = atomic_long_read(&pool->used);
	unsigned long pages = atomic_long_read(&pool->pages);
	unsigned long peak = atomic_long_read(&pool->peak);
	unsigned long nr_orphans = 0;
	struct vmzone_frame *frame;
	int cpu;

	for_each_possible_cpu(cpu)
		KUNIT_ASSERT_LE(test, per_cpu_ptr(pool->caches, cpu)->nr, pool->cache_max);
	list_for_each_entry(frame, &pool->orphans, node)
		nr_orphans++;
	KUNIT_ASSERT_EQ(test, nr_orphans, pool->nr_orphans);
	KUNIT_ASSERT_EQ(test, used, fix->nr + nr_orphans);
	KUNIT_ASSERT_EQ(test, pages, used + vmzone_frames_count_free(test));
	KUNIT_ASSERT_LE(test, pages, pool->budget);
	KUNIT_ASSERT_LE(test, peak, pool->budget);
	KUNIT_ASSERT_GE(test, peak, used);
	KUNIT_ASSERT_EQ(test, vmzone_pool_nr_free(pool),
			pool->budget > used + pool->reserve ?
			pool->budget - used - pool->reserve : 0);
}
