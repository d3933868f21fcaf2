// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_order_test.c - which frame each eviction policy chooses
 *
 * Proves: the order in which FIFO, CLOCK, LRU, SIEVE and NRU give out frames
 * after stories of adds, touches and removals that tell each from its
 * neighbours, with the second chances they count, and that one call never turns
 * a large list for long. S3-FIFO has policy_s3fifo_test.c. And of all policies:
 * frames that come back, since they could not be evicted, hide no others.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "../module/policy.h"
#include "params.h"
#include "policy_fixture.h"

static void fifo_is_in_order_of_arrival(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_fifo, 10);

	vmzone_policy_remove(&fix->policy, fix->frames[4]);
	vmzone_policy_add(&fix->policy, fix->frames[2], false);	/* there already */
	EXPECT_ORDER(test, 0, 0, 1, 2);
	vmzone_policy_add(&fix->policy, fix->frames[4], false);
	vmzone_policy_putback(&fix->policy, fix->frames[1]);	/* comes in anew */
	EXPECT_ORDER(test, 0, 3, 5, 6, 7, 8, 9, 4, 1);
}

static void fifo_takes_a_rescued_frame_anew(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_fifo, 6);

	vmzone_order_rescue(fix, 0);
	vmzone_order_rescue(fix, 2);
	EXPECT_ORDER(test, 0, 1, 3, 4, 5, 0, 2);
}

static void clock_without_touches_is_fifo(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_clock, 8);

	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	EXPECT_ORDER(test, 0, 1, 2, 3);
	vmzone_policy_add(&fix->policy, fix->frames[0], false);
	EXPECT_ORDER(test, 0, 4, 5, 6, 7, 0);
}

/* A rescued frame is behind the others already, and outlives newer ones. */
static void clock_gives_a_second_chance(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_clock, 6);

	vmzone_order_rescue(fix, 1);
	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	vmzone_policy_add(&fix->policy, fix->frames[0], false);
	/* The ring is 2 3 4 5 1* 0. */
	EXPECT_ORDER(test, 0, 2, 3, 4, 5);
	EXPECT_ORDER(test, 1, 0, 1);
}

static void clock_gives_one_chance_a_touch(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_clock, 3);

	vmzone_order_rescue(fix, 0);
	vmzone_order_rescue(fix, 0);
	vmzone_order_rescue(fix, 0);
	/* 1 2 0* */
	EXPECT_ORDER(test, 0, 1);
	EXPECT_ORDER(test, 0, 2);
	EXPECT_ORDER(test, 1, 0);
}

static void clock_turns_once_if_all_were_touched(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_clock, 5);
	unsigned int i;

	for (i = 0; i < 5; i++)
		vmzone_order_rescue(fix, i);
	EXPECT_ORDER(test, 5, 0, 1);
	EXPECT_ORDER(test, 0, 2, 3, 4);
}

static void clock_forgets_a_touch_with_the_frame(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_clock, 3);

	vmzone_order_rescue(fix, 0);
	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	vmzone_policy_add(&fix->policy, fix->frames[0], false);
	EXPECT_ORDER(test, 0, 1, 2, 0);
}

/*
 * What tells the algorithms apart: frame 1 of five was touched, where that can
 * be seen, and frame 5 comes in once the first victims are gone.
 */
static void the_same_story(struct kunit *test, const struct vmzone_policy_ops *ops)
{
	struct order_fixture *fix = vmzone_order_start(test, ops, 6);

	vmzone_policy_remove(&fix->policy, fix->frames[5]);
	vmzone_policy_accessed(&fix->policy, fix->frames[1]);
}

static void fifo_ignores_a_touch(struct kunit *test)
{
	struct order_fixture *fix = test->priv;

	the_same_story(test, &vmzone_policy_fifo);
	EXPECT_ORDER(test, 0, 0, 1);
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	EXPECT_ORDER(test, 0, 2, 3, 4, 5);
}

static void clock_moves_a_survivor(struct kunit *test)
{
	struct order_fixture *fix = test->priv;

	the_same_story(test, &vmzone_policy_clock);
	EXPECT_ORDER(test, 1, 0, 2);
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	EXPECT_ORDER(test, 0, 3, 4, 1, 5);
}

static void sieve_keeps_a_survivor_in_place(struct kunit *test)
{
	struct order_fixture *fix = test->priv;

	the_same_story(test, &vmzone_policy_sieve);
	EXPECT_ORDER(test, 1, 0, 2);
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	EXPECT_ORDER(test, 0, 3, 4, 5, 1);
}

static void lru_moves_what_was_touched(struct kunit *test)
{
	struct order_fixture *fix = test->priv;

	the_same_story(test, &vmzone_policy_lru);
	EXPECT_ORDER(test, 0, 0, 2);
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	vmzone_policy_accessed(&fix->policy, fix->frames[3]);
	EXPECT_ORDER(test, 0, 4, 1, 5, 3);
}

/* A second touch counts as much as the first: the order is that of the last ones. */
static void lru_is_in_order_of_last_touches(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_lru, 6);

	vmzone_order_rescue(fix, 0);
	vmzone_policy_accessed(&fix->policy, fix->frames[4]);
	vmzone_policy_accessed(&fix->policy, fix->frames[2]);
	vmzone_policy_accessed(&fix->policy, fix->frames[4]);
	EXPECT_ORDER(test, 0, 1, 3, 5, 0, 2, 4);
}

static void sieve_turns_round_at_the_newest(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_sieve, 6);

	vmzone_policy_remove(&fix->policy, fix->frames[5]);
	vmzone_policy_accessed(&fix->policy, fix->frames[0]);
	vmzone_policy_accessed(&fix->policy, fix->frames[1]);
	EXPECT_ORDER(test, 2, 2, 3, 4);
	/* The hand is past the newest: what comes in now is not looked at next. */
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	EXPECT_ORDER(test, 0, 0, 1, 5);
}

static void sieve_keeps_its_hand(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_sieve, 8);

	vmzone_policy_accessed(&fix->policy, fix->frames[0]);
	EXPECT_ORDER(test, 1, 1, 2);
	/* The frame under the hand goes, and the one that it passed. */
	vmzone_policy_remove(&fix->policy, fix->frames[3]);
	EXPECT_ORDER(test, 0, 4);
	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	EXPECT_ORDER(test, 0, 5, 6);
	/* The last one, under the hand. */
	vmzone_policy_remove(&fix->policy, fix->frames[7]);
	vmzone_policy_add(&fix->policy, fix->frames[3], false);
	EXPECT_ORDER(test, 0, 3);
}

/* It lost its place, so it is the newest, and survives the hand once. */
static void sieve_takes_a_rescued_frame_as_visited(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_sieve, 4);

	vmzone_order_rescue(fix, 0);
	vmzone_order_rescue(fix, 1);
	vmzone_policy_remove(&fix->policy, fix->frames[3]);
	vmzone_policy_add(&fix->policy, fix->frames[3], false);
	/* 2 0* 1* 3 */
	EXPECT_ORDER(test, 2, 2, 3);
	EXPECT_ORDER(test, 0, 0, 1);
}

static void nru_gives_out_the_lowest_class(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_nru, 16);
	unsigned int i;

	/* All are referenced; the fourth victim makes NRU forget that. */
	EXPECT_ORDER(test, 0, 0, 1, 2, 3);
	for (i = 4; i < 14; i++)
		vmzone_policy_remove(&fix->policy, fix->frames[i]);
	vmzone_policy_add(&fix->policy, fix->frames[4], true);
	vmzone_policy_add(&fix->policy, fix->frames[5], false);
	vmzone_policy_add(&fix->policy, fix->frames[15], true);
	/* Unreferenced and cheap, or costly; referenced and cheap, or costly. */
	EXPECT_ORDER(test, 0, 14, 15, 5);
	EXPECT_ORDER(test, 0, 4);
}

static void nru_sees_a_changed_cost(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_nru, 16);

	vmzone_policy_add(&fix->policy, fix->frames[0], true);
	vmzone_policy_add(&fix->policy, fix->frames[1], true);
	vmzone_policy_add(&fix->policy, fix->frames[1], false);
	EXPECT_ORDER(test, 0, 1, 2, 3, 4);
	vmzone_policy_add(&fix->policy, fix->frames[5], true);
	vmzone_policy_accessed(&fix->policy, fix->frames[6]);
	EXPECT_ORDER(test, 0, 7, 8, 9);
	/* The fourth one of this round: 6 is as good as the others again. */
	EXPECT_ORDER(test, 0, 10);
	EXPECT_ORDER(test, 0, 11, 12, 13, 14);
	EXPECT_ORDER(test, 0, 15, 6, 0, 5);
}

static void nru_keeps_what_was_rescued(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_nru, 16);

	EXPECT_ORDER(test, 0, 0, 1, 2, 3);
	vmzone_order_rescue(fix, 4);
	EXPECT_ORDER(test, 0, 5, 6, 7);
	vmzone_policy_accessed(&fix->policy, fix->frames[8]);
	EXPECT_ORDER(test, 0, 9);
	EXPECT_ORDER(test, 0, 10, 11, 12, 13);
	EXPECT_ORDER(test, 0, 14, 15, 4, 8);
}

static void nru_forgets_sooner_with_fewer_frames(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_nru, 16);

	KUNIT_ASSERT_EQ(test, vmzone_policy_resize(&fix->policy, 8), 0);
	EXPECT_ORDER(test, 0, 0, 1);
	vmzone_policy_accessed(&fix->policy, fix->frames[2]);
	EXPECT_ORDER(test, 0, 3, 4);
	vmzone_policy_accessed(&fix->policy, fix->frames[5]);
	/* Else 2 would be referenced still, and 6 come before 5. */
	EXPECT_ORDER(test, 0, 6, 7);
	EXPECT_ORDER(test, 0, 8, 9);
}

/* However many frames were touched, one call passes over a bounded number. */
static void a_turn_is_bounded(struct kunit *test, const struct vmzone_policy_ops *ops)
{
	struct order_fixture *fix = vmzone_order_start(test, ops, ORDER_MAX_FRAMES);
	struct vmzone_frame *frame;
	unsigned long passed;
	unsigned int i;

	for (i = 0; i < ORDER_MAX_FRAMES; i++)
		vmzone_policy_accessed(&fix->policy, fix->frames[i]);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	KUNIT_EXPECT_EQ(test, passed, VMZONE_POLICY_MAX_PASSED);
	KUNIT_EXPECT_EQ(test, frame->index, VMZONE_POLICY_MAX_PASSED);
	put_page(vmzone_frame_page(frame));
}

static void clock_bounds_its_turn(struct kunit *test)
{
	a_turn_is_bounded(test, &vmzone_policy_clock);
}

static void sieve_bounds_its_turn(struct kunit *test)
{
	a_turn_is_bounded(test, &vmzone_policy_sieve);
}

/* Here it is the frames whose cost has changed. */
static void nru_bounds_its_turn(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &vmzone_policy_nru,
						       ORDER_MAX_FRAMES);
	struct vmzone_frame *frame;
	unsigned long passed;
	unsigned int i;

	for (i = 0; i < ORDER_MAX_FRAMES; i++)
		vmzone_policy_add(&fix->policy, fix->frames[i], true);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	KUNIT_EXPECT_EQ(test, frame->index, VMZONE_POLICY_MAX_PASSED);
	put_page(vmzone_frame_page(frame));
}

#define NR_RETURNED	32

/* Half of them were touched, and some may be dirty: whoever is left out could go. */
static void what_returns_hides_nobody(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, test->param_value, NR_RETURNED);
	DECLARE_BITMAP(seen, NR_RETURNED) = { 0 };
	struct vmzone_frame *batch[2];
	unsigned int i, got, round;
	unsigned long passed;

	for (i = 0; i < NR_RETURNED / 2; i++)
		vmzone_order_rescue(fix, i);
	for (round = 0; round < 2 * NR_RETURNED; round++) {
		got = vmzone_policy_isolate(&fix->policy, batch, ARRAY_SIZE(batch), &passed);
		KUNIT_ASSERT_EQ(test, got, (unsigned int)ARRAY_SIZE(batch));
		for (i = 0; i < got; i++) {
			set_bit(batch[i]->index, seen);
			vmzone_policy_remove(&fix->policy, batch[i]);
			vmzone_policy_restore(&fix->policy, batch[i], false);
			put_page(vmzone_frame_page(batch[i]));
		}
	}
	KUNIT_EXPECT_EQ(test, bitmap_weight(seen, NR_RETURNED), (unsigned int)NR_RETURNED);
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE(fifo_is_in_order_of_arrival),
	KUNIT_CASE(fifo_takes_a_rescued_frame_anew),
	KUNIT_CASE(clock_without_touches_is_fifo),
	KUNIT_CASE(clock_gives_a_second_chance),
	KUNIT_CASE(clock_gives_one_chance_a_touch),
	KUNIT_CASE(clock_turns_once_if_all_were_touched),
	KUNIT_CASE(clock_forgets_a_touch_with_the_frame),
	KUNIT_CASE(fifo_ignores_a_touch),
	KUNIT_CASE(clock_moves_a_survivor),
	KUNIT_CASE(sieve_keeps_a_survivor_in_place),
	KUNIT_CASE(lru_moves_what_was_touched),
	KUNIT_CASE(lru_is_in_order_of_last_touches),
	KUNIT_CASE(sieve_turns_round_at_the_newest),
	KUNIT_CASE(sieve_keeps_its_hand),
	KUNIT_CASE(sieve_takes_a_rescued_frame_as_visited),
	KUNIT_CASE(nru_gives_out_the_lowest_class),
	KUNIT_CASE(nru_sees_a_changed_cost),
	KUNIT_CASE(nru_keeps_what_was_rescued),
	KUNIT_CASE(nru_forgets_sooner_with_fewer_frames),
	KUNIT_CASE(clock_bounds_its_turn),
	KUNIT_CASE(sieve_bounds_its_turn),
	KUNIT_CASE(nru_bounds_its_turn),
	KUNIT_CASE_PARAM(what_returns_hides_nobody, vmzone_test_policies),
	{}
};

static struct kunit_suite order_suite = {
	.name = "vmzone_policy_order",
	.init = vmzone_order_init,
	.exit = vmzone_order_exit,
	.test_cases = order_cases,
};

kunit_test_suite(order_suite);
