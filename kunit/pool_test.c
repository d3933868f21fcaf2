// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool_test.c - the frames of a zone
 *
 * Proves: neither the frames in use nor the pages taken from the machine ever
 * pass the budget, and both can reach it; the reserve is for page-ins only;
 * every page is in exactly one place (in use, in a CPU's cache, on the free
 * list, an orphan) after any sequence of calls; freed pages are used again; an
 * orphan counts until its last reference is gone; a frame passes for zeros until
 * it is used, and never after; pins stop at the reserve; the machine gets every
 * page back.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "pool_fixture.h"

#define SEED		0x9001UL

static unsigned long take_all(struct kunit *test, enum vmzone_pool_use use)
{
	struct pool_fixture *fix = test->priv;
	unsigned long before = fix->nr;
	int ret;

	while (!(ret = vmzone_frames_take(test, use)))
		KUNIT_ASSERT_LT(test, fix->nr, (unsigned long)MAX_FRAMES);
	KUNIT_EXPECT_EQ(test, ret, -EAGAIN);
	return fix->nr - before;
}

/* Any one of those in use, no longer counted as such. */
static struct vmzone_frame *pick(struct kunit *test, u32 number)
{
	struct pool_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	unsigned long at;

	KUNIT_ASSERT_GT(test, fix->nr, 0ul);
	at = number % fix->nr--;
	frame = fix->frames[at];
	fix->frames[at] = fix->frames[fix->nr];
	return frame;
}

static void give_all(struct kunit *test)
{
	struct pool_fixture *fix = test->priv;

	vmzone_frames_give(test, fix->nr);
}

static const unsigned long budgets[] = { 16, 17, 31, 64, 127, 128, 256, 500 };

static void budget_to_desc(const unsigned long *budget, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu frames", *budget);
}

KUNIT_ARRAY_PARAM(budget, budgets, budget_to_desc);

static void refuses_bad_budgets(struct kunit *test)
{
	static const unsigned long bad[] = {
		0, 1, VMZONE_POOL_MIN_FRAMES - 1, LONG_MAX + 1UL, ULONG_MAX,
	};
	struct pool_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, vmzone_pool_init(&fix->pool, bad[i]), -EINVAL);
	vmzone_frames_start(test, VMZONE_POOL_MIN_FRAMES);
	vmzone_frames_check(test);
}

static void starts_with_nothing(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 64);

	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), 0l);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->used), 0l);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), 0l);
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(pool), 0ul);
	KUNIT_EXPECT_EQ(test, vmzone_pool_nr_free(pool), vmzone_pool_pinnable(pool));
	vmzone_frames_check(test);
}

static void budget_is_exact(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);
	struct pool_fixture *fix = test->priv;
	unsigned long i;

	KUNIT_EXPECT_EQ(test, take_all(test, VMZONE_POOL_PAGE_IN), budget);
	vmzone_frames_check(test);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), (long)budget);
	KUNIT_EXPECT_EQ(test, vmzone_pool_nr_free(pool), 0ul);

	/* No frame was given twice: each keeps the number written into it. */
	for (i = 0; i < budget; i++)
		fix->frames[i]->index = i;
	for (i = 0; i < budget; i++)
		KUNIT_EXPECT_EQ(test, fix->frames[i]->index, i);
}

static void reserve_is_for_page_ins(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);
	unsigned long reserve = budget - vmzone_pool_pinnable(pool);

	KUNIT_EXPECT_GT(test, reserve, 0ul);
	KUNIT_EXPECT_LE(test, reserve, budget / 8);
	KUNIT_EXPECT_EQ(test, take_all(test, VMZONE_POOL_ZERO), budget - reserve);
	KUNIT_EXPECT_EQ(test, vmzone_pool_nr_free(pool), 0ul);
	vmzone_frames_check(test);
	KUNIT_EXPECT_EQ(test, take_all(test, VMZONE_POOL_PAGE_IN), reserve);
	vmzone_frames_check(test);

	/* While the reserve is in use, a free frame is not for zeros either. */
	vmzone_pool_free(pool, pick(test, 0));
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_ZERO), -EAGAIN);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), 0);
	vmzone_frames_check(test);
}

static void freed_pages_are_used_again(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);
	unsigned long some = budget / 2, i, round;
	long pages = 0;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < some; i++)
			KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_ZERO), 0);
		vmzone_frames_check(test);
		give_all(test);
		vmzone_frames_check(test);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->used), 0l);
		pages = round ? pages : atomic_long_read(&pool->pages);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), pages);
	}
	KUNIT_EXPECT_GE(test, pages, (long)some);
	KUNIT_EXPECT_LE(test, pages, (long)(some + some / 8));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), (long)some);
}

/* Frames in any cache and on the list can all be had again. */
static void free_pages_are_all_found(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	unsigned int round;

	vmzone_frames_start(test, budget);
	for (round = 0; round < 3; round++) {
		KUNIT_EXPECT_EQ(test, take_all(test, VMZONE_POOL_PAGE_IN), budget);
		vmzone_frames_check(test);
		give_all(test);
		vmzone_frames_check(test);
	}
}

static void caches_stay_small(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);
	unsigned long nr_cached = 0;
	int cpu;

	take_all(test, VMZONE_POOL_PAGE_IN);
	give_all(test);
	for_each_possible_cpu(cpu)
		nr_cached += per_cpu_ptr(pool->caches, cpu)->nr;
	KUNIT_EXPECT_LE(test, nr_cached, budget / 8);
	KUNIT_EXPECT_FALSE(test, list_empty(&pool->free));
}

/* As for a small budget on a machine of many processors. */
static void caches_may_hold_nothing(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 64);
	unsigned int round;

	pool->cache_max = 0;
	for (round = 0; round < 3; round++) {
		KUNIT_EXPECT_EQ(test, take_all(test, VMZONE_POOL_PAGE_IN), 64ul);
		vmzone_frames_check(test);
		give_all(test);
		vmzone_frames_check(test);
	}
}

static void prealloc_takes_all_pages(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);

	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(pool, budget), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), (long)budget);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->used), 0l);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), 0l);
	vmzone_frames_check(test);
	KUNIT_EXPECT_EQ(test, take_all(test, VMZONE_POOL_PAGE_IN), budget);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), (long)budget);
	vmzone_frames_check(test);
}

/* Whoever is told that a frame is zeros does not clear it. */
static void used_frames_are_not_zeros(struct kunit *test)
{
	struct pool_fixture *fix = test->priv;
	bool zeroed = want_init_on_alloc(GFP_KERNEL);
	unsigned long i;

	vmzone_frames_start(test, 64);
	take_all(test, VMZONE_POOL_PAGE_IN);
	for (i = 0; i < fix->nr; i++) {
		void *contents = page_address(vmzone_frame_page(fix->frames[i]));

		KUNIT_EXPECT_EQ(test, vmzone_frame_is_zeros(fix->frames[i]), zeroed);
		if (zeroed)
			KUNIT_EXPECT_NULL(test, memchr_inv(contents, 0, PAGE_SIZE));
		/* As they are where the machine zeroes. */
		vmzone_frame_set_zeros(fix->frames[i], true);
		memset(contents, 0xa5, PAGE_SIZE);
	}
	give_all(test);
	take_all(test, VMZONE_POOL_PAGE_IN);
	KUNIT_EXPECT_EQ(test, fix->nr, 64ul);
	for (i = 0; i < fix->nr; i++)
		KUNIT_EXPECT_FALSE(test, vmzone_frame_is_zeros(fix->frames[i]));
	give_all(test);
	vmzone_frames_check(test);
}

static void peak_stays(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 64);
	unsigned int i;

	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_ZERO), 0);
	give_all(test);
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_ZERO), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), 20l);
	for (i = 0; i < 11; i++)
		KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_ZERO), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), 21l);
}

static void orphan_counts_until_put(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 32);
	struct vmzone_frame *frame;
	struct page *page;

	take_all(test, VMZONE_POOL_PAGE_IN);
	frame = pick(test, 7);
	page = vmzone_frame_page(frame);
	get_page(page);
	SetPageDirty(page);
	vmzone_pool_orphan(pool, frame);
	vmzone_frames_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(pool), 0ul);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->used), 32l);
	vmzone_frames_check(test);

	put_page(page);
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(pool), 1ul);
	vmzone_frames_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(pool), 0ul);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), 0);
	vmzone_frames_check(test);
}

static void alloc_reaps_by_itself(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 32);

	take_all(test, VMZONE_POOL_PAGE_IN);
	vmzone_pool_orphan(pool, pick(test, 3));
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), 0);
	vmzone_frames_check(test);
}

/* Orphans that stay held do not hide those behind them for ever. */
static void reap_reaches_every_orphan(struct kunit *test)
{
	struct pool_fixture *fix = test->priv;
	struct vmzone_pool *pool = vmzone_frames_start(test, 300);
	unsigned long nr_reaped = 0, tries;
	struct page *held[200];
	unsigned int i;

	take_all(test, VMZONE_POOL_PAGE_IN);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		struct vmzone_frame *frame = pick(test, 0);

		held[i] = vmzone_frame_page(frame);
		get_page(held[i]);
		vmzone_pool_orphan(pool, frame);
	}
	while (fix->nr)
		vmzone_pool_orphan(pool, pick(test, 0));
	for (tries = 0; tries < 20; tries++)
		nr_reaped += vmzone_pool_reap(pool);
	KUNIT_EXPECT_EQ(test, nr_reaped, 100ul);
	vmzone_frames_check(test);
	for (i = 0; i < ARRAY_SIZE(held); i++)
		put_page(held[i]);
	for (tries = 0; tries < 20; tries++)
		nr_reaped += vmzone_pool_reap(pool);
	KUNIT_EXPECT_EQ(test, nr_reaped, 300ul);
	vmzone_frames_check(test);
}

static void pins_stop_at_the_reserve(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);
	unsigned long pinnable = vmzone_pool_pinnable(pool), i;

	KUNIT_EXPECT_LT(test, pinnable, budget);
	for (i = 0; i < pinnable; i++)
		KUNIT_ASSERT_EQ(test, vmzone_pool_pin(pool), 0);
	KUNIT_EXPECT_EQ(test, vmzone_pool_pin(pool), -ENOMEM);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pinned), (long)pinnable);
	vmzone_pool_unpin(pool);
	KUNIT_EXPECT_EQ(test, vmzone_pool_pin(pool), 0);
	KUNIT_EXPECT_EQ(test, vmzone_pool_pin(pool), -ENOMEM);
	for (i = 0; i < pinnable; i++)
		vmzone_pool_unpin(pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pinned), 0l);
}

static void random_operations(struct kunit *test)
{
	unsigned long budget = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, budget);
	struct pool_fixture *fix = test->priv;
	struct page *held[8];
	unsigned int i, nr_held = 0;
	struct rnd_state rnd;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 3000; i++) {
		u32 number = prandom_u32_state(&rnd);
		enum vmzone_pool_use use = number & 0x100 ? VMZONE_POOL_ZERO :
							    VMZONE_POOL_PAGE_IN;
		unsigned long room = use == VMZONE_POOL_ZERO ? pool->reserve : 0;
		unsigned long used = fix->nr + pool->nr_orphans;

		switch (number % 8) {
		case 0 ... 3:
			/* With orphans about, more may be had than meets the eye. */
			if (used + room < budget)
				KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, use), 0);
			else if (!pool->nr_orphans)
				KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, use), -EAGAIN);
			break;
		case 4 ... 5:
			if (fix->nr)
				vmzone_pool_free(pool, pick(test, number >> 9));
			break;
		case 6:
			if (fix->nr && nr_held < ARRAY_SIZE(held)) {
				struct vmzone_frame *frame = pick(test, number >> 9);

				held[nr_held] = vmzone_frame_page(frame);
				get_page(held[nr_held++]);
				vmzone_pool_orphan(pool, frame);
			}
			break;
		case 7:
			if (nr_held)
				put_page(held[--nr_held]);
			vmzone_pool_reap(pool);
			KUNIT_ASSERT_EQ(test, pool->nr_orphans, (unsigned long)nr_held);
			break;
		}
		vmzone_frames_check(test);
	}
	while (nr_held)
		put_page(held[--nr_held]);
}

/* With a reference of its own, the test sees whether the pool dropped its one. */
static void destroy_gives_every_page_back(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 128);
	struct pool_fixture *fix = test->priv;
	struct page *pages[128];
	unsigned int i;

	take_all(test, VMZONE_POOL_PAGE_IN);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = vmzone_frame_page(fix->frames[i]);
		vmzone_frame_set_token(fix->frames[i], i);
	}
	for (i = 0; i < 10; i++)
		vmzone_pool_orphan(pool, pick(test, 0));
	give_all(test);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		get_page(pages[i]);
	fix->started = false;
	vmzone_pool_destroy(pool);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		KUNIT_EXPECT_EQ(test, page_ref_count(pages[i]), 1);
		KUNIT_EXPECT_EQ(test, page_private(pages[i]), 0ul);
		KUNIT_EXPECT_NULL(test, pages[i]->mapping);
		put_page(pages[i]);
	}
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE(refuses_bad_budgets),
	KUNIT_CASE(starts_with_nothing),
	KUNIT_CASE_PARAM(budget_is_exact, budget_gen_params),
	KUNIT_CASE_PARAM(reserve_is_for_page_ins, budget_gen_params),
	KUNIT_CASE_PARAM(freed_pages_are_used_again, budget_gen_params),
	KUNIT_CASE_PARAM(free_pages_are_all_found, budget_gen_params),
	KUNIT_CASE_PARAM(caches_stay_small, budget_gen_params),
	KUNIT_CASE(caches_may_hold_nothing),
	KUNIT_CASE_PARAM(prealloc_takes_all_pages, budget_gen_params),
	KUNIT_CASE(used_frames_are_not_zeros),
	KUNIT_CASE(peak_stays),
	KUNIT_CASE(orphan_counts_until_put),
	KUNIT_CASE(alloc_reaps_by_itself),
	KUNIT_CASE(reap_reaches_every_orphan),
	KUNIT_CASE_PARAM(pins_stop_at_the_reserve, budget_gen_params),
	KUNIT_CASE_PARAM(random_operations, budget_gen_params),
	KUNIT_CASE(destroy_gives_every_page_back),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "vmzone_pool",
	.init = vmzone_frames_init,
	.exit = vmzone_frames_exit,
	.test_cases = pool_cases,
};

kunit_test_suite(pool_suite);
