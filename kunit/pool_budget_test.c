// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool_budget_test.c - a pool whose budget changes
 *
 * Proves, with every count exact after every step: a larger budget can be used
 * up to its last frame; a smaller one is aimed at, holds for newcomers at once,
 * and becomes the budget when the frames in use are few enough and the pages
 * above it went back to the machine, those in CPUs' caches included; frames that
 * others hold stand in its way until they are let go; pins that would leave no
 * reserve refuse it, and nothing has changed; an aim can be given up;
 * vmzone_pool_trim() gives back free pages only, and as many as it says;
 * vmzone_pool_prealloc() fills up what is missing.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "pool_fixture.h"

#define SEED		0xb0d6e7UL

/* Budget, target, pages; frames in use are those of the fixture, and orphans. */
static void expect(struct kunit *test, unsigned long budget, unsigned long target,
		   unsigned long pages)
{
	struct pool_fixture *fix = test->priv;
	struct vmzone_pool *pool = &fix->pool;
	unsigned long used = fix->nr + pool->nr_orphans;
	unsigned long reserve = target - vmzone_pool_pinnable(pool);

	KUNIT_ASSERT_EQ(test, pool->budget, budget);
	KUNIT_ASSERT_EQ(test, pool->target, target);
	KUNIT_ASSERT_EQ(test, (unsigned long)atomic_long_read(&pool->used), used);
	KUNIT_ASSERT_EQ(test, (unsigned long)atomic_long_read(&pool->pages), pages);
	KUNIT_ASSERT_EQ(test, vmzone_frames_count_free(test), pages - used);
	KUNIT_ASSERT_EQ(test, vmzone_pool_nr_free(pool),
			target > used + reserve ? target - used - reserve : 0);
}

static void take(struct kunit *test, unsigned long nr)
{
	while (nr--)
		KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), 0);
}

/* From an empty pool, which is not left with any page that was taken ahead of need. */
static void start_with(struct kunit *test, unsigned long nr)
{
	struct vmzone_pool *pool = &((struct pool_fixture *)test->priv)->pool;

	take(test, nr);
	vmzone_pool_trim(pool, nr);
	KUNIT_ASSERT_EQ(test, atomic_long_read(&pool->pages), (long)nr);
}

static void grown_budget_is_usable(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 16);

	take(test, 16);
	expect(test, 16, 16, 16);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	vmzone_pool_grow(pool, 300);
	expect(test, 300, 300, 16);
	while (!vmzone_frames_take(test, VMZONE_POOL_ZERO))
		;
	KUNIT_EXPECT_EQ(test, vmzone_pool_nr_free(pool), 0ul);
	while (!vmzone_frames_take(test, VMZONE_POOL_PAGE_IN))
		;
	expect(test, 300, 300, 300);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), 300l);
}

static void same_budget_changes_nothing(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 100);
	unsigned long reserve = pool->reserve;

	start_with(test, 50);
	vmzone_pool_grow(pool, 100);
	expect(test, 100, 100, 50);
	vmzone_pool_aim(pool, 100);
	KUNIT_EXPECT_TRUE(test, vmzone_pool_settle(pool));
	expect(test, 100, 100, 50);
	KUNIT_EXPECT_EQ(test, pool->reserve, reserve);
}

static void aim_holds_for_newcomers(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 200);

	start_with(test, 150);
	vmzone_pool_aim(pool, 100);
	expect(test, 200, 100, 150);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, vmzone_pool_nr_free(pool), 0ul);
	KUNIT_EXPECT_FALSE(test, vmzone_pool_settle(pool));
	expect(test, 200, 100, 150);

	vmzone_frames_give(test, 49);
	KUNIT_EXPECT_FALSE(test, vmzone_pool_settle(pool));
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	expect(test, 200, 100, 150);

	vmzone_frames_give(test, 1);
	KUNIT_EXPECT_TRUE(test, vmzone_pool_settle(pool));
	expect(test, 100, 100, 100);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->peak), 150l);
	vmzone_frames_give(test, 30);
	take(test, 30);
	expect(test, 100, 100, 100);
}

static void aim_can_be_given_up(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 200);

	start_with(test, 150);
	vmzone_pool_aim(pool, 16);
	vmzone_frames_give(test, 20);
	KUNIT_EXPECT_FALSE(test, vmzone_pool_settle(pool));
	vmzone_pool_grow(pool, pool->budget);
	expect(test, 200, 200, 150);
	take(test, 70);
	expect(test, 200, 200, 200);
}

static const unsigned long targets[] = { 16, 17, 64, 127, 128, 255, 256, 399 };

static void target_to_desc(const unsigned long *target, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu of 400 frames", *target);
}

KUNIT_ARRAY_PARAM(target, targets, target_to_desc);

/* All pages are free, and some in a cache: they go from wherever they are. */
static void settling_empties_caches(struct kunit *test)
{
	unsigned long target = *(const unsigned long *)test->param_value;
	struct vmzone_pool *pool = vmzone_frames_start(test, 400);
	unsigned int nr_cached = 0;
	int cpu;

	take(test, 400);
	vmzone_frames_give(test, 400);
	for_each_possible_cpu(cpu)
		nr_cached += per_cpu_ptr(pool->caches, cpu)->nr;
	KUNIT_EXPECT_GT(test, nr_cached, 0u);
	expect(test, 400, 400, 400);
	vmzone_pool_aim(pool, target);
	KUNIT_EXPECT_TRUE(test, vmzone_pool_settle(pool));
	expect(test, target, target, target);
	take(test, target);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	expect(test, target, target, target);
}

static void trim_gives_back_what_it_says(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 300);

	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 0), 0ul);
	start_with(test, 200);
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 0), 0ul);
	expect(test, 300, 300, 200);
	vmzone_frames_give(test, 120);
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 200), 0ul);
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 190), 10ul);
	expect(test, 300, 300, 190);
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 300), 0ul);
	/* To the last free page, in a cache or not, and none in use. */
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 0), 110ul);
	expect(test, 300, 300, 80);
	/* The budget is as it was: pages can be had again. */
	take(test, 220);
	expect(test, 300, 300, 300);
}

static void prealloc_fills_up(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 100);

	start_with(test, 30);
	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(pool, 20), 0);
	expect(test, 100, 100, 30);
	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(pool, 100), 0);
	expect(test, 100, 100, 100);
	/* Ahead of a larger budget: none of it can be used yet. */
	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(pool, 250), 0);
	expect(test, 100, 100, 250);
	take(test, 70);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	vmzone_pool_grow(pool, 250);
	expect(test, 250, 250, 250);
	take(test, 150);
	expect(test, 250, 250, 250);
	/* Given up, they go back. */
	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(pool, 300), 0);
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, 250), 50ul);
	expect(test, 250, 250, 250);
}

static void pins_refuse(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 400);
	unsigned long target = *(const unsigned long *)test->param_value;
	unsigned long reserve = min(target / 8, 32ul), i;

	for (i = 0; i < target - reserve; i++)
		KUNIT_ASSERT_EQ(test, vmzone_pool_pin(pool), 0);
	KUNIT_EXPECT_TRUE(test, vmzone_pool_can_aim(pool, target));
	vmzone_pool_aim(pool, target);
	KUNIT_EXPECT_TRUE(test, vmzone_pool_is_shrinking(pool));
	KUNIT_EXPECT_EQ(test, vmzone_pool_pin(pool), -ENOMEM);
	vmzone_pool_grow(pool, 400);
	KUNIT_EXPECT_FALSE(test, vmzone_pool_is_shrinking(pool));
	if (i < vmzone_pool_pinnable(pool)) {
		KUNIT_ASSERT_EQ(test, vmzone_pool_pin(pool), 0);
		KUNIT_EXPECT_FALSE(test, vmzone_pool_can_aim(pool, target));
		expect(test, 400, 400, 0);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pinned), (long)i + 1);
		vmzone_pool_unpin(pool);
		KUNIT_EXPECT_TRUE(test, vmzone_pool_can_aim(pool, target));
	}
	while (i--)
		vmzone_pool_unpin(pool);
}

static void held_frames_stand_in_the_way(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 100);
	struct pool_fixture *fix = test->priv;
	struct page *held[20];
	unsigned int i;

	start_with(test, 60);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		struct vmzone_frame *frame = fix->frames[--fix->nr];

		held[i] = vmzone_frame_page(frame);
		get_page(held[i]);
		vmzone_pool_orphan(pool, frame);
	}
	vmzone_frames_give(test, 40);
	expect(test, 100, 100, 60);
	vmzone_pool_aim(pool, 16);
	KUNIT_EXPECT_FALSE(test, vmzone_pool_settle(pool));
	expect(test, 100, 16, 60);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_FALSE(test, vmzone_pool_settle(pool));
		put_page(held[i]);
	}
	KUNIT_EXPECT_TRUE(test, vmzone_pool_settle(pool));
	expect(test, 16, 16, 16);
	KUNIT_EXPECT_EQ(test, pool->nr_orphans, 16ul);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), -EAGAIN);
	for (; i < ARRAY_SIZE(held); i++)
		put_page(held[i]);
	take(test, 16);
	expect(test, 16, 16, 16);
}

static void random_resizes(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 64);
	struct pool_fixture *fix = test->priv;
	unsigned long budget = 64, nr_pages = 0;
	struct rnd_state rnd;
	unsigned int i;
	int want;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 2000; i++) {
		u32 number = prandom_u32_state(&rnd);
		unsigned long amount = 16 + (number >> 8) % 485;

		switch (number % 4) {
		case 0:
			for (; amount && fix->nr < budget; amount--)
				take(test, 1);
			want = fix->nr < budget ? 0 : -EAGAIN;
			KUNIT_ASSERT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), want);
			break;
		case 1:
			vmzone_frames_give(test, min(amount, fix->nr));
			break;
		case 2:
			vmzone_pool_trim(pool, amount);
			break;
		case 3:
			if (amount < budget) {
				vmzone_pool_aim(pool, amount);
				while (!vmzone_pool_settle(pool))
					vmzone_frames_give(test, 1);
			} else {
				vmzone_pool_grow(pool, amount);
			}
			budget = amount;
			break;
		}
		nr_pages = atomic_long_read(&pool->pages);
		KUNIT_ASSERT_LE(test, nr_pages, budget);
		expect(test, budget, budget, nr_pages);
	}
}

static struct kunit_case budget_cases[] = {
	KUNIT_CASE(grown_budget_is_usable),
	KUNIT_CASE(same_budget_changes_nothing),
	KUNIT_CASE(aim_holds_for_newcomers),
	KUNIT_CASE(aim_can_be_given_up),
	KUNIT_CASE_PARAM(settling_empties_caches, target_gen_params),
	KUNIT_CASE(trim_gives_back_what_it_says),
	KUNIT_CASE(prealloc_fills_up),
	KUNIT_CASE_PARAM(pins_refuse, target_gen_params),
	KUNIT_CASE(held_frames_stand_in_the_way),
	KUNIT_CASE(random_resizes),
	{}
};

static struct kunit_suite budget_suite = {
	.name = "vmzone_pool_budget",
	.init = vmzone_frames_init,
	.exit = vmzone_frames_exit,
	.test_cases = budget_cases,
};

kunit_test_suite(budget_suite);
