// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_s3fifo_test.c - the three queues of S3-FIFO
 *
 * Proves: what was touched once leaves through the small queue, in order of
 * arrival; two touches there, a rescue, or a return while the key is in the ghost
 * queue lead to the main queue; that one counts up to three touches; the small
 * queue gives out while it is longer than a tenth; the ghost queue forgets in
 * time, and knows its size; and that one call never turns the queues for long.
 *
 * With 20 frames the small queue is short at two, and the ghost queue remembers
 * eighteen keys. Whoever is on the main queue is seen by what comes first once
 * the small one is short.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "../module/policy.h"
#include "policy_fixture.h"

#define NR_FRAMES	20

/* Isolate frames and let them go: they were evicted. */
static void evict(struct kunit *test, unsigned int first, unsigned int nr)
{
	struct order_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	unsigned long passed;
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1,
							    &passed), 1u);
		KUNIT_EXPECT_EQ(test, (unsigned int)frame->index, i);
		vmzone_policy_remove(&fix->policy, frame);
		put_page(vmzone_frame_page(frame));
	}
}

static void add(struct kunit *test, unsigned int number)
{
	struct order_fixture *fix = test->priv;

	vmzone_policy_add(&fix->policy, fix->frames[number], false);
}

static void accessed(struct kunit *test, unsigned int number, unsigned int times)
{
	struct order_fixture *fix = test->priv;

	while (times--)
		vmzone_policy_accessed(&fix->policy, fix->frames[number]);
}

static void new_frames_are_in_order_of_arrival(struct kunit *test)
{
	vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	EXPECT_ORDER(test, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		     17, 18, 19);
}

static void one_touch_is_not_enough(struct kunit *test)
{
	vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	accessed(test, 0, 1);
	accessed(test, 1, 2);
	accessed(test, 2, 1);
	EXPECT_ORDER(test, 1, 0, 2, 3);
	evict(test, 4, 14);
	/* 18 and 19 are few enough to stay: 1 is all there is of the main queue. */
	EXPECT_ORDER(test, 0, 1, 18, 19);
}

static void a_return_leads_to_the_main_queue(struct kunit *test)
{
	vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	evict(test, 0, 1);
	add(test, 0);
	evict(test, 1, 17);
	EXPECT_ORDER(test, 0, 0, 18, 19);
}

/* What was given out and could not be evicted has proved nothing. */
static void a_failure_leads_back(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	struct vmzone_frame *frame;
	unsigned long passed;

	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	vmzone_policy_putback(&fix->policy, frame);
	put_page(vmzone_frame_page(frame));
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	vmzone_policy_park(&fix->policy, frame);
	vmzone_policy_remove(&fix->policy, frame);
	vmzone_policy_restore(&fix->policy, frame, false);
	put_page(vmzone_frame_page(frame));
	/* Both are at the end of the small queue, and not on the main one. */
	EXPECT_ORDER(test, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
		     19, 0, 1);
}

static void a_return_counts_once(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);

	evict(test, 0, 1);
	add(test, 0);
	/* Gone for another reason than eviction: it has to begin anew. */
	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	add(test, 0);
	evict(test, 1, 19);
	EXPECT_ORDER(test, 0, 0);
}

static void the_ghost_remembers_for_so_long(struct kunit *test)
{
	vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	evict(test, 0, 1);
	evict(test, 1, 17);
	add(test, 0);
	EXPECT_ORDER(test, 0, 0, 18, 19);
}

static void the_ghost_forgets_then(struct kunit *test)
{
	vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	evict(test, 0, 1);
	evict(test, 1, 18);
	add(test, 0);
	EXPECT_ORDER(test, 0, 19, 0);
}

/* Of the main queue it never knew them. */
static void the_ghost_is_of_the_small_queue(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);

	vmzone_order_rescue(fix, 0);
	evict(test, 1, 17);
	evict(test, 0, 1);
	add(test, 0);
	EXPECT_ORDER(test, 0, 18, 19, 0);
}

static void a_rescue_leads_to_the_main_queue(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);

	vmzone_order_rescue(fix, 5);
	vmzone_order_rescue(fix, 3);
	evict(test, 0, 3);
	EXPECT_ORDER(test, 0, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 5, 3, 18, 19);
}

static void the_main_queue_counts_to_three(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	unsigned int i;

	for (i = 0; i < 4; i++)
		vmzone_order_rescue(fix, i);
	evict(test, 4, 14);
	accessed(test, 0, 5);
	accessed(test, 1, 1);
	accessed(test, 2, 2);
	/* 0 has three turns, 1 one, 2 two. */
	EXPECT_ORDER(test, 3, 3);
	EXPECT_ORDER(test, 1, 1);
	EXPECT_ORDER(test, 2, 2);
	EXPECT_ORDER(test, 0, 0);
}

static void its_turn_is_bounded(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo,
						       ORDER_MAX_FRAMES);
	struct vmzone_frame *frame;
	unsigned long passed;
	unsigned int i;

	for (i = 0; i < ORDER_MAX_FRAMES; i++)
		accessed(test, i, 3);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	KUNIT_EXPECT_EQ(test, passed, VMZONE_POLICY_MAX_PASSED);
	put_page(vmzone_frame_page(frame));

	for (i = 0; i < ORDER_MAX_FRAMES; i++)
		vmzone_order_rescue(fix, i);
	for (i = 0; i < ORDER_MAX_FRAMES; i++)
		accessed(test, i, 3);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	KUNIT_EXPECT_EQ(test, passed, VMZONE_POLICY_MAX_PASSED);
	KUNIT_EXPECT_EQ(test, frame->index, VMZONE_POLICY_MAX_PASSED);
	put_page(vmzone_frame_page(frame));
}

static void its_memory_is_counted(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, 600);
	size_t bytes = vmzone_policy_bytes(&fix->policy);

	KUNIT_EXPECT_GT(test, bytes, (size_t)600 * 8);
	KUNIT_EXPECT_LT(test, bytes, (size_t)600 * 12);
	KUNIT_ASSERT_EQ(test, vmzone_policy_resize(&fix->policy, 6000), 0);
	KUNIT_EXPECT_GT(test, vmzone_policy_bytes(&fix->policy), (size_t)6000 * 8);
	KUNIT_EXPECT_LT(test, vmzone_policy_bytes(&fix->policy), (size_t)6000 * 12);
}

static void a_new_size_counts_at_once(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);

	vmzone_order_rescue(fix, 0);
	KUNIT_ASSERT_EQ(test, vmzone_policy_resize(&fix->policy, 100), 0);
	/* The small queue may have ten frames now. */
	evict(test, 1, 9);
	evict(test, 0, 1);
	evict(test, 10, 2);
	add(test, 10);
	KUNIT_ASSERT_EQ(test, vmzone_policy_resize(&fix->policy, 10), 0);
	EXPECT_ORDER(test, 0, 12, 13, 14, 15, 16, 17, 18, 10, 19);
}

static void no_memory_changes_nothing(struct kunit *test)
{
	static const unsigned long too_many = 1UL << 48;
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	size_t bytes = vmzone_policy_bytes(&fix->policy);

	evict(test, 0, 1);
	KUNIT_EXPECT_EQ(test, vmzone_policy_resize(&fix->policy, too_many), -ENOMEM);
	KUNIT_EXPECT_EQ(test, vmzone_policy_resize(&fix->policy, ULONG_MAX), -ENOMEM);
	KUNIT_EXPECT_EQ(test, vmzone_policy_switch(&fix->policy, &vmzone_policy_s3fifo,
						   too_many), -ENOMEM);
	KUNIT_EXPECT_EQ(test, vmzone_policy_bytes(&fix->policy), bytes);
	add(test, 0);
	evict(test, 1, 17);
	EXPECT_ORDER(test, 0, 0, 18, 19);
}

static struct kunit_case s3fifo_cases[] = {
	KUNIT_CASE(new_frames_are_in_order_of_arrival),
	KUNIT_CASE(one_touch_is_not_enough),
	KUNIT_CASE(a_return_leads_to_the_main_queue),
	KUNIT_CASE(a_failure_leads_back),
	KUNIT_CASE(a_return_counts_once),
	KUNIT_CASE(the_ghost_remembers_for_so_long),
	KUNIT_CASE(the_ghost_forgets_then),
	KUNIT_CASE(the_ghost_is_of_the_small_queue),
	KUNIT_CASE(a_rescue_leads_to_the_main_queue),
	KUNIT_CASE(the_main_queue_counts_to_three),
	KUNIT_CASE(its_turn_is_bounded),
	KUNIT_CASE(its_memory_is_counted),
	KUNIT_CASE(a_new_size_counts_at_once),
	KUNIT_CASE(no_memory_changes_nothing),
	{}
};

static struct kunit_suite s3fifo_suite = {
	.name = "vmzone_policy_s3fifo",
	.init = vmzone_order_init,
	.exit = vmzone_order_exit,
	.test_cases = s3fifo_cases,
};

kunit_test_suite(s3fifo_suite);
