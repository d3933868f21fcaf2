// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_switch_test.c - one algorithm follows another, under way
 *
 * Proves, for each policy in the table: its frames come to the next one in the
 * order in which it would have given them out; standby stays as it is; what is
 * added, taken, parked and removed between two steps of a switch is neither lost
 * nor given out twice (against a model), with every pair of policies; and that
 * there are steps, none of which moves more than a batch.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "../module/policy.h"
#include "params.h"
#include "policy_fixture.h"

#define SEED		0x5c17c4UL
#define NR_FRAMES	200U

/* Frames of all kinds: touched, costly, rescued, given out before. */
static struct order_fixture *start_story(struct kunit *test,
					 const struct vmzone_policy_ops *ops)
{
	struct order_fixture *fix = vmzone_order_start(test, ops, NR_FRAMES);
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long passed;
	unsigned int i;

	for (i = 0; i < NR_FRAMES; i += 3)
		vmzone_policy_accessed(&fix->policy, fix->frames[i]);
	for (i = 0; i < NR_FRAMES; i += 6)
		vmzone_policy_accessed(&fix->policy, fix->frames[i]);
	for (i = 0; i < NR_FRAMES; i += 7)
		vmzone_policy_add(&fix->policy, fix->frames[i], true);
	for (i = 0; i < NR_FRAMES; i += 10)
		vmzone_order_rescue(fix, i);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, batch, VMZONE_POLICY_BATCH,
						    &passed), VMZONE_POLICY_BATCH);
	for (i = 0; i < VMZONE_POLICY_BATCH; i++) {
		vmzone_policy_remove(&fix->policy, batch[i]);
		if (i & 1)
			vmzone_policy_add(&fix->policy, batch[i], false);
		put_page(vmzone_frame_page(batch[i]));
	}
	return fix;
}

/* Take all frames. Returns how many there were. */
static unsigned int drain(struct order_fixture *fix, unsigned int *numbers)
{
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned int nr = 0, got, i;
	unsigned long passed;

	while ((got = vmzone_policy_isolate(&fix->policy, batch, 7, &passed))) {
		for (i = 0; i < got; i++) {
			numbers[nr++] = batch[i]->index;
			put_page(vmzone_frame_page(batch[i]));
		}
	}
	return nr;
}

static void order_is_kept(struct kunit *test)
{
	const struct vmzone_policy_ops *ops = test->param_value;
	struct order_fixture *fix = start_story(test, ops);
	unsigned int numbers[2][NR_FRAMES], nr, i;

	nr = drain(fix, numbers[0]);
	vmzone_order_exit(test);
	start_story(test, ops);
	KUNIT_ASSERT_EQ(test, vmzone_policy_switch(&fix->policy, &vmzone_policy_fifo,
						   NR_FRAMES), 0);
	KUNIT_EXPECT_PTR_EQ(test, fix->policy.ops, &vmzone_policy_fifo);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, (unsigned long)nr);
	KUNIT_ASSERT_EQ(test, drain(fix, numbers[1]), nr);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test, numbers[1][i], numbers[0][i], "victim %u", i);
}

static void a_step_is_a_batch(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, test->param_value, NR_FRAMES);
	struct vmzone_frame *frame;
	unsigned int steps = 1;
	unsigned long passed;

	KUNIT_ASSERT_EQ(test, vmzone_policy_switch_begin(&fix->policy, &vmzone_policy_clock,
							 NR_FRAMES), 0);
	while (vmzone_policy_switch_step(&fix->policy))
		steps++;
	KUNIT_EXPECT_EQ(test, steps, DIV_ROUND_UP(NR_FRAMES, VMZONE_POLICY_BATCH) + 1);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, (unsigned long)NR_FRAMES);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	KUNIT_EXPECT_EQ(test, frame->index, 0ul);
	put_page(vmzone_frame_page(frame));
}

/* A frame that comes meanwhile goes to the new one, which is asked last. */
static void the_old_one_is_asked_first(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, test->param_value, 40);

	vmzone_policy_remove(&fix->policy, fix->frames[39]);
	KUNIT_ASSERT_EQ(test, vmzone_policy_switch_begin(&fix->policy, &vmzone_policy_fifo,
							 40), 0);
	vmzone_policy_add(&fix->policy, fix->frames[39], false);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 40ul);
	EXPECT_ORDER(test, 0, 0, 1, 2);
	KUNIT_EXPECT_TRUE(test, vmzone_policy_switch_step(&fix->policy));
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 37ul);
	/* What was left behind by that step, then the first of the new one. */
	EXPECT_ORDER(test, 0, 35, 36, 37, 38, 39, 3, 4);
	KUNIT_EXPECT_FALSE(test, vmzone_policy_switch_step(&fix->policy));
	EXPECT_ORDER(test, 0, 5, 6, 7);
}

static void standby_is_left_alone(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, test->param_value, 10);
	struct vmzone_frame *batch[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		vmzone_policy_park(&fix->policy, fix->frames[7 - i]);
	KUNIT_ASSERT_EQ(test, vmzone_policy_switch(&fix->policy, &vmzone_policy_lru, 10), 0);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 7ul);
	KUNIT_EXPECT_EQ(test, fix->policy.nr_standby, 3ul);
	vmzone_policy_add(&fix->policy, fix->frames[6], false);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate_standby(&fix->policy, batch, 3), 2u);
	KUNIT_EXPECT_EQ(test, batch[0]->index, 7ul);
	KUNIT_EXPECT_EQ(test, batch[1]->index, 5ul);
	put_page(vmzone_frame_page(batch[0]));
	put_page(vmzone_frame_page(batch[1]));
	EXPECT_ORDER(test, 0, 0, 1, 2, 3, 4, 8, 9, 6);
}

/* Where the model believes a frame to be. */
enum place { OUT, ACTIVE, PARKED, ISOLATED, ISOLATED_PARKED };

static void give_back(struct order_fixture *fix, struct vmzone_frame *frame,
		      enum place *place)
{
	vmzone_policy_putback(&fix->policy, frame);
	put_page(vmzone_frame_page(frame));
	if (*place == ISOLATED)
		*place = ACTIVE;
	else if (*place == ISOLATED_PARKED)
		*place = PARKED;
}

/**
 * struct held - frames that the model has isolated, oldest first
 * @frames: each with a reference
 * @nr: their number
 */
struct held {
	struct vmzone_frame *frames[8];
	unsigned int nr;
};

static void isolate_one(struct kunit *test, enum place *places, struct held *held,
			bool standby)
{
	struct order_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	unsigned long passed;

	if (held->nr == ARRAY_SIZE(held->frames)) {
		frame = held->frames[0];
		give_back(fix, frame, &places[frame->index]);
		memmove(held->frames, held->frames + 1, --held->nr * sizeof(frame));
	}
	if (standby ? !vmzone_policy_isolate_standby(&fix->policy, &frame, 1) :
		      !vmzone_policy_isolate(&fix->policy, &frame, 1, &passed))
		return;
	KUNIT_ASSERT_EQ(test, places[frame->index], standby ? PARKED : ACTIVE);
	places[frame->index] = standby ? ISOLATED_PARKED : ISOLATED;
	held->frames[held->nr++] = frame;
}

static void do_anything(struct kunit *test, u32 random, enum place *places,
			struct held *held)
{
	struct order_fixture *fix = test->priv;
	unsigned int k = (random >> 8) % NR_FRAMES;

	switch (random % 8) {
	case 0 ... 2:
		vmzone_policy_add(&fix->policy, fix->frames[k], random >> 31);
		places[k] = ACTIVE;
		break;
	case 3:
		vmzone_policy_remove(&fix->policy, fix->frames[k]);
		places[k] = OUT;
		break;
	case 4:
		vmzone_policy_park(&fix->policy, fix->frames[k]);
		places[k] = PARKED;
		break;
	case 5:
		vmzone_policy_accessed(&fix->policy, fix->frames[k]);
		break;
	default:
		isolate_one(test, places, held, random % 8 == 6);
	}
}

static void check_model(struct kunit *test, const enum place *places)
{
	struct order_fixture *fix = test->priv;
	unsigned long nr = 0, nr_standby = 0;
	unsigned int i;

	for (i = 0; i < NR_FRAMES; i++) {
		nr += places[i] == ACTIVE;
		nr_standby += places[i] == PARKED;
	}
	KUNIT_ASSERT_EQ(test, fix->policy.nr, nr);
	KUNIT_ASSERT_EQ(test, fix->policy.nr_standby, nr_standby);
}

/* Any calls between the steps of switches from any policy to any other. */
static void nothing_is_lost_on_the_way(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, test->param_value, NR_FRAMES);
	enum place *places = kunit_kcalloc(test, NR_FRAMES, sizeof(*places), GFP_KERNEL);
	unsigned int numbers[NR_FRAMES], i, nr_active = 0, nr_switches = 0;
	struct held held = {};
	bool switching = false;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, places);
	for (i = 0; i < NR_FRAMES; i++)
		places[i] = ACTIVE;
	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 20000; i++) {
		u32 random = prandom_u32_state(&rnd);
		const struct vmzone_policy_ops *ops =
			vmzone_policy_by_id((random >> 12) % VMZONE_TEST_MAX_ID);

		if (random % 6)
			do_anything(test, random / 6, places, &held);
		else if (switching)
			switching = vmzone_policy_switch_step(&fix->policy);
		else if (ops && !vmzone_policy_switch_begin(&fix->policy, ops, NR_FRAMES))
			switching = ++nr_switches;
		check_model(test, places);
	}
	while (switching)
		switching = vmzone_policy_switch_step(&fix->policy);
	while (held.nr--)
		give_back(fix, held.frames[held.nr], &places[held.frames[held.nr]->index]);
	check_model(test, places);
	KUNIT_EXPECT_GT(test, nr_switches, 50u);

	for (i = 0; i < NR_FRAMES; i++)
		nr_active += places[i] == ACTIVE;
	KUNIT_ASSERT_EQ(test, drain(fix, numbers), nr_active);
	for (i = 0; i < nr_active; i++) {
		KUNIT_EXPECT_EQ(test, places[numbers[i]], ACTIVE);
		places[numbers[i]] = OUT;
	}
}

static struct kunit_case switch_cases[] = {
	KUNIT_CASE_PARAM(order_is_kept, vmzone_test_policies),
	KUNIT_CASE_PARAM(a_step_is_a_batch, vmzone_test_policies),
	KUNIT_CASE_PARAM(the_old_one_is_asked_first, vmzone_test_policies),
	KUNIT_CASE_PARAM(standby_is_left_alone, vmzone_test_policies),
	KUNIT_CASE_PARAM(nothing_is_lost_on_the_way, vmzone_test_policies),
	{}
};

static struct kunit_suite switch_suite = {
	.name = "vmzone_policy_switch",
	.init = vmzone_order_init,
	.exit = vmzone_order_exit,
	.test_cases = switch_cases,
};

kunit_test_suite(switch_suite);
