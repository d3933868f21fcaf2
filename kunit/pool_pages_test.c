// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool_pages_test.c - how the pages of a pool come from the machine
 *
 * Proves: beside many pages in use a few come ahead of need, near the budget and above
 * the high limit of the memory cgroup none; each goes back by itself. What happens
 * where several cannot be had is alloc_test.c's.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "pool_fixture.h"

/* No more than an eighth of them are ahead of need, and none near the budget. */
static void pages_come_several_at_a_time(struct kunit *test)
{
	struct vmzone_pool *pool = vmzone_frames_start(test, 500);
	struct pool_fixture *fix = test->priv;
	unsigned long pages = 0, most = 0;

	while (!vmzone_frames_take(test, VMZONE_POOL_PAGE_IN)) {
		unsigned long before = pages;

		pages = atomic_long_read(&pool->pages);
		KUNIT_ASSERT_LE(test, pages - fix->nr, pages / 8);
		if (pages > 500 - 500 / 8)
			KUNIT_ASSERT_LE(test, pages - before, 1ul);
		most = max(most, pages - before);
		vmzone_frames_check(test);
	}
	KUNIT_EXPECT_EQ(test, most, min(VMZONE_POOL_BLOCK_PAGES, rounddown_pow_of_two(pool->cache_max)));
	KUNIT_EXPECT_EQ(test, pages, 500ul);

	/* Each goes back to the machine by itself. */
	vmzone_frames_give(test, 3);
	KUNIT_EXPECT_EQ(test, vmzone_pool_trim(pool, pages - 3), 3ul);
	vmzone_frames_check(test);
}

/* What a task owes to its memory cgroup it pays at a charge that may sleep, of one page. */
static void pages_come_singly_above_memory_high(struct kunit *test)
{
#ifdef CONFIG_MEMCG
	struct vmzone_pool *pool = vmzone_frames_start(test, 500);
	struct pool_fixture *fix = test->priv;
	unsigned int i;

	current->memcg_nr_pages_over_high = 1;
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), 0);
	current->memcg_nr_pages_over_high = 0;
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), 100l);
	KUNIT_EXPECT_EQ(test, vmzone_frames_take(test, VMZONE_POOL_PAGE_IN), 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&pool->pages), (long)fix->nr);
#else
	kunit_skip(test, "a kernel without memory cgroups");
#endif
}

static struct kunit_case pages_cases[] = {
	KUNIT_CASE(pages_come_several_at_a_time),
	KUNIT_CASE(pages_come_singly_above_memory_high),
	{}
};

static struct kunit_suite pages_suite = {
	.name = "vmzone_pool_pages",
	.init = vmzone_frames_init,
	.exit = vmzone_frames_exit,
	.test_cases = pages_cases,
};
kunit_test_suite(pages_suite);
