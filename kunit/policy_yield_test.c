// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_yield_test.c - which neighbours of a victim a policy lets go
 *
 * Proves: S3-FIFO yields a frame of the queue whose turn it is, unless it was touched,
 * and the others nothing; a yielded frame is out of the order as an isolated one is,
 * can be put back, and is a ghost if it was on the small queue; and nobody yields a
 * frame that is on standby, held or isolated already, or while one algorithm follows another.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "../module/policy.h"
#include "params.h"
#include "policy_fixture.h"

#define NR_FRAMES	20

static bool yields(struct order_fixture *fix, unsigned int number)
{
	struct vmzone_frame *frame = fix->frames[number];

	get_page(vmzone_frame_page(frame));
	if (vmzone_policy_isolate_frame(&fix->policy, frame))
		return true;
	put_page(vmzone_frame_page(frame));
	return false;
}

static void put_back(struct order_fixture *fix, unsigned int number)
{
	vmzone_policy_putback(&fix->policy, fix->frames[number]);
	put_page(vmzone_frame_page(fix->frames[number]));
}

static void yields_or_goes_on_with_it(struct kunit *test)
{
	const struct vmzone_policy_ops *ops = test->param_value;
	struct order_fixture *fix = vmzone_order_start(test, ops, 6);
	bool will = ops == &vmzone_policy_s3fifo;
	struct vmzone_frame *batch[6];
	unsigned long passed;
	unsigned int nr;

	KUNIT_EXPECT_EQ(test, yields(fix, 3), will);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, will ? 5ul : 6ul);
	if (will) {
		KUNIT_EXPECT_FALSE(test, yields(fix, 3));	/* twice */
		put_back(fix, 3);
	}
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 6ul);
	nr = vmzone_policy_isolate(&fix->policy, batch, 6, &passed);
	KUNIT_EXPECT_EQ(test, nr, 6u);
	while (nr)
		put_page(vmzone_frame_page(batch[--nr]));
}

static void the_order_goes_on_without_it(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);

	KUNIT_EXPECT_TRUE(test, yields(fix, 2));
	KUNIT_EXPECT_TRUE(test, yields(fix, 0));
	KUNIT_EXPECT_TRUE(test, yields(fix, 4));
	EXPECT_ORDER(test, 0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
	put_page(vmzone_frame_page(fix->frames[0]));
	put_page(vmzone_frame_page(fix->frames[2]));
	put_page(vmzone_frame_page(fix->frames[4]));
}

/* The main queue's is it while the small one has no more than two frames. */
static void the_queue_must_have_its_turn(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	unsigned int i;

	vmzone_order_rescue(fix, 2);
	vmzone_order_rescue(fix, 3);
	KUNIT_EXPECT_FALSE(test, yields(fix, 2));
	for (i = 4; i < NR_FRAMES; i++) {
		KUNIT_EXPECT_TRUE(test, yields(fix, i));
		vmzone_policy_remove(&fix->policy, fix->frames[i]);
		put_page(vmzone_frame_page(fix->frames[i]));
	}
	KUNIT_EXPECT_FALSE(test, yields(fix, 0));
	KUNIT_EXPECT_TRUE(test, yields(fix, 3));
	KUNIT_EXPECT_TRUE(test, yields(fix, 2));
	/* Now there is no other. */
	KUNIT_EXPECT_TRUE(test, yields(fix, 0));
	put_back(fix, 0);
	put_back(fix, 2);
	put_back(fix, 3);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 4ul);
}

/* A frame of the small queue could not be evicted: it is once the main queue's. */
static void a_refusal_gives_a_turn(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	struct vmzone_frame *frame;
	unsigned long passed;

	vmzone_order_rescue(fix, 2);
	vmzone_order_rescue(fix, 3);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	vmzone_policy_park(&fix->policy, frame);
	vmzone_policy_remove(&fix->policy, frame);
	vmzone_policy_restore(&fix->policy, frame, false);
	put_page(vmzone_frame_page(frame));
	KUNIT_EXPECT_FALSE(test, yields(fix, 5));
	KUNIT_ASSERT_TRUE(test, yields(fix, 3));
	put_back(fix, 3);
	KUNIT_EXPECT_FALSE(test, yields(fix, 2));
	KUNIT_ASSERT_TRUE(test, yields(fix, 5));
	put_back(fix, 5);
}

static void what_was_touched_stays(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);

	vmzone_policy_accessed(&fix->policy, fix->frames[1]);
	KUNIT_EXPECT_FALSE(test, yields(fix, 1));
}

static void its_key_is_remembered(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, NR_FRAMES);
	struct vmzone_frame *frame = fix->frames[7];

	KUNIT_ASSERT_TRUE(test, yields(fix, 7));
	vmzone_policy_remove(&fix->policy, frame);
	put_page(vmzone_frame_page(frame));
	vmzone_policy_add(&fix->policy, frame, false);
	/* So it is on the main queue, whose turn comes when two of the small one are left. */
	EXPECT_ORDER(test, 0, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 7);
}

static void nobody_yields_what_it_has_not(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_s3fifo, 6);

	vmzone_policy_park(&fix->policy, fix->frames[0]);
	KUNIT_EXPECT_FALSE(test, yields(fix, 0));
	vmzone_policy_hold(&fix->policy, fix->frames[1]);
	KUNIT_EXPECT_FALSE(test, yields(fix, 1));
	KUNIT_ASSERT_TRUE(test, yields(fix, 5));
	vmzone_policy_remove(&fix->policy, fix->frames[5]);
	put_page(vmzone_frame_page(fix->frames[5]));
	KUNIT_EXPECT_FALSE(test, yields(fix, 5));

	KUNIT_ASSERT_EQ(test,
			vmzone_policy_switch_begin(&fix->policy, &vmzone_policy_s3fifo, 6), 0);
	KUNIT_EXPECT_FALSE(test, yields(fix, 2));
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	KUNIT_EXPECT_FALSE(test, yields(fix, 5));
	while (vmzone_policy_switch_step(&fix->policy))
		;
	KUNIT_ASSERT_TRUE(test, yields(fix, 2));
	KUNIT_ASSERT_TRUE(test, yields(fix, 5));
	put_back(fix, 2);
	put_back(fix, 5);
}

static struct kunit_case yield_cases[] = {
	KUNIT_CASE_PARAM(yields_or_goes_on_with_it, vmzone_test_policies),
	KUNIT_CASE(the_order_goes_on_without_it),
	KUNIT_CASE(the_queue_must_have_its_turn),
	KUNIT_CASE(a_refusal_gives_a_turn),
	KUNIT_CASE(what_was_touched_stays),
	KUNIT_CASE(its_key_is_remembered),
	KUNIT_CASE(nobody_yields_what_it_has_not),
	{}
};

static struct kunit_suite yield_suite = {
	.name = "vmzone_policy_yield",
	.init = vmzone_order_init,
	.exit = vmzone_order_exit,
	.test_cases = yield_cases,
};

kunit_test_suite(yield_suite);
