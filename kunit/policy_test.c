// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_test.c - what every eviction policy promises
 *
 * Proves, for each policy in the table: a frame that was added is given out
 * once, with a reference, and not again until it is put back or added; adding,
 * parking and removing twice is the same as once; what was removed stays out
 * whoever puts it back; standby is left in the order of arrival; nothing is
 * lost or made up in any sequence of calls (against a model); isolate returns
 * nothing only when there is nothing. What order they come in is the matter of
 * policy_order_test.c.
 *
 * A policy that is added to the table is tested without a change here.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "../module/policy.h"
#include "params.h"

#define SEED		0x9011c7UL
#define NR_FRAMES	100

/**
 * struct policy_fixture - what every case works on
 * @policy: of the case's parameter, or started by the case
 * @started: whether it is
 * @frames: pages that serve nothing
 * @batch: room for isolated frames
 * @second_chances: of the last isolate
 */
struct policy_fixture {
	struct vmzone_policy policy;
	bool started;
	struct vmzone_frame *frames[NR_FRAMES];
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long second_chances;
};

static struct vmzone_frame *make_frame(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return NULL;
	set_page_private(page, 0);
	INIT_LIST_HEAD(&page->lru);
	return vmzone_page_frame(page);
}

static void free_frame(struct vmzone_frame *frame)
{
	set_page_private(vmzone_frame_page(frame), 0);
	put_page(vmzone_frame_page(frame));
}

static struct vmzone_policy *start(struct kunit *test, const struct vmzone_policy_ops *ops)
{
	struct policy_fixture *fix = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, ops);
	KUNIT_ASSERT_EQ(test, vmzone_policy_init(&fix->policy, ops, NR_FRAMES), 0);
	fix->started = true;
	return &fix->policy;
}

static int policy_test_init(struct kunit *test)
{
	struct policy_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);
	unsigned int i;

	if (!fix)
		return -ENOMEM;
	test->priv = fix;
	for (i = 0; i < NR_FRAMES; i++) {
		fix->frames[i] = make_frame();
		if (!fix->frames[i])
			return -ENOMEM;
		vmzone_frame_set_token(fix->frames[i], i);
		fix->frames[i]->index = i;
	}
	if (test->param_value)
		start(test, test->param_value);
	return 0;
}

static void policy_test_exit(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	unsigned int i;

	if (!fix)
		return;
	for (i = 0; i < NR_FRAMES && fix->frames[i]; i++) {
		if (fix->started)
			vmzone_policy_remove(&fix->policy, fix->frames[i]);
		free_frame(fix->frames[i]);
	}
	if (fix->started)
		vmzone_policy_destroy(&fix->policy);
}

static unsigned int isolate(struct kunit *test, unsigned int nr)
{
	struct policy_fixture *fix = test->priv;
	unsigned int i, got;

	memset(fix->batch, 0, sizeof(fix->batch));
	got = vmzone_policy_isolate(&fix->policy, fix->batch, nr, &fix->second_chances);
	KUNIT_ASSERT_LE(test, got, nr);
	for (i = 0; i < got; i++)
		KUNIT_ASSERT_NOT_NULL(test, fix->batch[i]);
	return got;
}

static unsigned int isolate_standby(struct kunit *test, unsigned int nr)
{
	struct policy_fixture *fix = test->priv;
	unsigned int i, got;

	memset(fix->batch, 0, sizeof(fix->batch));
	got = vmzone_policy_isolate_standby(&fix->policy, fix->batch, nr);
	KUNIT_ASSERT_LE(test, got, nr);
	for (i = 0; i < got; i++)
		KUNIT_ASSERT_NOT_NULL(test, fix->batch[i]);
	return got;
}

static unsigned int number(const struct vmzone_frame *frame)
{
	return vmzone_frame_token(frame);
}

static void add_all(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < NR_FRAMES; i++)
		vmzone_policy_add(&fix->policy, fix->frames[i], false);
}

static void put_batch(struct kunit *test, unsigned int nr)
{
	struct policy_fixture *fix = test->priv;

	while (nr)
		put_page(vmzone_frame_page(fix->batch[--nr]));
}

static void a_new_one_is_empty(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;

	KUNIT_EXPECT_EQ(test, fix->policy.nr, 0ul);
	KUNIT_EXPECT_EQ(test, fix->policy.nr_standby, 0ul);
	fix->second_chances = 77;
	KUNIT_EXPECT_EQ(test, isolate(test, VMZONE_POLICY_BATCH), 0u);
	KUNIT_EXPECT_EQ(test, fix->second_chances, 0ul);
	KUNIT_EXPECT_EQ(test, isolate_standby(test, VMZONE_POLICY_BATCH), 0u);
}

static void each_frame_comes_once(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	bool seen[NR_FRAMES] = { false };
	unsigned int nr_seen = 0, got, i;

	add_all(test);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, (unsigned long)NR_FRAMES);
	while ((got = isolate(test, 7))) {
		for (i = 0; i < got; i++) {
			struct vmzone_frame *frame = fix->batch[i];

			KUNIT_ASSERT_LT(test, number(frame), (unsigned int)NR_FRAMES);
			KUNIT_EXPECT_FALSE(test, seen[number(frame)]);
			seen[number(frame)] = true;
			nr_seen++;
			KUNIT_EXPECT_EQ(test, page_ref_count(vmzone_frame_page(frame)), 2);
			KUNIT_EXPECT_TRUE(test, list_empty(&frame->node));
			put_page(vmzone_frame_page(frame));
		}
		KUNIT_EXPECT_EQ(test, fix->policy.nr, (unsigned long)NR_FRAMES - nr_seen);
	}
	KUNIT_EXPECT_EQ(test, nr_seen, (unsigned int)NR_FRAMES);
}

static void isolate_fills_a_batch(struct kunit *test)
{
	unsigned int left, got;

	add_all(test);
	KUNIT_EXPECT_EQ(test, isolate(test, 0), 0u);
	for (left = NR_FRAMES; left; left -= got) {
		got = isolate(test, VMZONE_POLICY_BATCH);
		KUNIT_ASSERT_EQ(test, got, min(left, VMZONE_POLICY_BATCH));
		put_batch(test, got);
	}
	KUNIT_EXPECT_EQ(test, isolate(test, VMZONE_POLICY_BATCH), 0u);
}

static void twice_is_once(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	struct vmzone_policy *policy = &fix->policy;
	struct vmzone_frame *frame = fix->frames[3];

	vmzone_policy_add(policy, frame, false);
	vmzone_policy_add(policy, frame, false);
	KUNIT_EXPECT_EQ(test, policy->nr, 1ul);
	vmzone_policy_park(policy, frame);
	vmzone_policy_park(policy, frame);
	KUNIT_EXPECT_EQ(test, policy->nr, 0ul);
	KUNIT_EXPECT_EQ(test, policy->nr_standby, 1ul);
	vmzone_policy_add(policy, frame, false);
	vmzone_policy_add(policy, frame, false);
	KUNIT_EXPECT_EQ(test, policy->nr, 1ul);
	KUNIT_EXPECT_EQ(test, policy->nr_standby, 0ul);
	vmzone_policy_remove(policy, frame);
	vmzone_policy_remove(policy, frame);
	KUNIT_EXPECT_EQ(test, policy->nr, 0ul);
	KUNIT_EXPECT_EQ(test, isolate(test, 4), 0u);
	vmzone_policy_park(policy, frame);
	vmzone_policy_remove(policy, frame);
	vmzone_policy_remove(policy, frame);
	KUNIT_EXPECT_EQ(test, policy->nr_standby, 0ul);
	KUNIT_EXPECT_EQ(test, isolate_standby(test, 4), 0u);
	KUNIT_EXPECT_TRUE(test, list_empty(&frame->node));
	KUNIT_EXPECT_EQ(test, page_ref_count(vmzone_frame_page(frame)), 1);
}

static void putback_brings_back(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	struct vmzone_frame *frame = fix->frames[0];

	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_ASSERT_EQ(test, isolate(test, 4), 1u);
	vmzone_policy_putback(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 1ul);
	vmzone_policy_putback(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 1ul);
	put_page(vmzone_frame_page(frame));
	KUNIT_ASSERT_EQ(test, isolate(test, 4), 1u);
	KUNIT_EXPECT_PTR_EQ(test, fix->batch[0], frame);
	put_batch(test, 1);
}

static void putback_after_remove_does_nothing(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	struct vmzone_frame *frame = fix->frames[0];

	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_ASSERT_EQ(test, isolate(test, 1), 1u);
	vmzone_policy_remove(&fix->policy, frame);
	vmzone_policy_putback(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 0ul);
	KUNIT_EXPECT_EQ(test, isolate(test, 1), 0u);
	KUNIT_EXPECT_TRUE(test, list_empty(&frame->node));
	put_page(vmzone_frame_page(frame));

	vmzone_policy_park(&fix->policy, frame);
	KUNIT_ASSERT_EQ(test, isolate_standby(test, 1), 1u);
	vmzone_policy_remove(&fix->policy, frame);
	vmzone_policy_putback(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, fix->policy.nr_standby, 0ul);
	KUNIT_EXPECT_EQ(test, isolate_standby(test, 1), 0u);
	put_page(vmzone_frame_page(frame));
}

/* A frame that is touched while somebody has isolated it is not lost to him. */
static void add_wins_over_isolation(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	struct vmzone_frame *frame = fix->frames[0];

	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_ASSERT_EQ(test, isolate(test, 1), 1u);
	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 1ul);
	vmzone_policy_putback(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 1ul);
	put_page(vmzone_frame_page(frame));

	vmzone_policy_park(&fix->policy, frame);
	KUNIT_ASSERT_EQ(test, isolate_standby(test, 1), 1u);
	vmzone_policy_add(&fix->policy, frame, false);
	vmzone_policy_putback(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, fix->policy.nr, 1ul);
	KUNIT_EXPECT_EQ(test, fix->policy.nr_standby, 0ul);
	put_page(vmzone_frame_page(frame));
}

static void standby_is_a_queue(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	struct vmzone_policy *policy = &fix->policy;
	unsigned int i;

	add_all(test);
	for (i = 0; i < 10; i++)
		vmzone_policy_park(policy, fix->frames[9 - i]);
	KUNIT_EXPECT_EQ(test, policy->nr, NR_FRAMES - 10ul);
	KUNIT_EXPECT_EQ(test, policy->nr_standby, 10ul);
	vmzone_policy_add(policy, fix->frames[5], false);		/* rescued */
	vmzone_policy_remove(policy, fix->frames[4]);
	vmzone_policy_park(policy, fix->frames[9]);		/* parked anew: last */
	KUNIT_ASSERT_EQ(test, isolate_standby(test, 3), 3u);
	KUNIT_EXPECT_EQ(test, number(fix->batch[0]), 8u);
	KUNIT_EXPECT_EQ(test, number(fix->batch[1]), 7u);
	KUNIT_EXPECT_EQ(test, number(fix->batch[2]), 6u);
	put_batch(test, 3);
	KUNIT_ASSERT_EQ(test, isolate_standby(test, VMZONE_POLICY_BATCH), 5u);
	KUNIT_EXPECT_EQ(test, number(fix->batch[0]), 3u);
	KUNIT_EXPECT_EQ(test, number(fix->batch[4]), 9u);
	/* One that could not be evicted goes to the end, and stays parked. */
	vmzone_policy_putback(policy, fix->batch[1]);
	KUNIT_EXPECT_EQ(test, policy->nr_standby, 1ul);
	put_batch(test, 5);
}

/* Where the model believes a frame to be. */
enum place { OUT, ACTIVE, PARKED, ISOLATED, ISOLATED_PARKED };

static const enum place after_putback[] = { OUT, ACTIVE, PARKED, ACTIVE, PARKED };

static void check_model(struct kunit *test, const enum place *places,
			const unsigned int *refs)
{
	struct policy_fixture *fix = test->priv;
	unsigned long nr = 0, nr_standby = 0;
	unsigned int i;

	for (i = 0; i < NR_FRAMES; i++) {
		nr += places[i] == ACTIVE;
		nr_standby += places[i] == PARKED;
		KUNIT_ASSERT_EQ(test, number(fix->frames[i]), i);
		KUNIT_ASSERT_EQ(test, page_ref_count(vmzone_frame_page(fix->frames[i])),
				1 + (int)refs[i]);
	}
	KUNIT_ASSERT_EQ(test, fix->policy.nr, nr);
	KUNIT_ASSERT_EQ(test, fix->policy.nr_standby, nr_standby);
}

static void nothing_is_lost(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	struct vmzone_policy *policy = &fix->policy;
	enum place places[NR_FRAMES] = { OUT };
	unsigned int refs[NR_FRAMES] = { 0 };
	struct rnd_state rnd;
	unsigned int i, j, k, got;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 20000; i++) {
		u32 random = prandom_u32_state(&rnd);

		k = (random >> 8) % NR_FRAMES;
		switch (random % 9) {
		case 0 ... 1:
			vmzone_policy_add(policy, fix->frames[k], random >> 31);
			places[k] = ACTIVE;
			break;
		case 2:
			vmzone_policy_remove(policy, fix->frames[k]);
			places[k] = OUT;
			break;
		case 3:
			if (places[k] == OUT)
				break;
			vmzone_policy_park(policy, fix->frames[k]);
			places[k] = PARKED;
			break;
		case 4:
			got = isolate(test, (random >> 16) % (VMZONE_POLICY_BATCH + 1));
			for (j = 0; j < got; j++) {
				KUNIT_ASSERT_EQ(test, places[number(fix->batch[j])], ACTIVE);
				places[number(fix->batch[j])] = ISOLATED;
				refs[number(fix->batch[j])]++;
			}
			break;
		case 5:
			got = isolate_standby(test, (random >> 16) % 9);
			for (j = 0; j < got; j++) {
				KUNIT_ASSERT_EQ(test, places[number(fix->batch[j])], PARKED);
				places[number(fix->batch[j])] = ISOLATED_PARKED;
				refs[number(fix->batch[j])]++;
			}
			break;
		case 6:
			vmzone_policy_accessed(policy, fix->frames[k]);
			break;
		default:
			if (!refs[k])
				break;
			vmzone_policy_putback(policy, fix->frames[k]);
			places[k] = after_putback[places[k]];
			put_page(vmzone_frame_page(fix->frames[k]));
			refs[k]--;
		}
		check_model(test, places, refs);
		if (random >> 28 == 0 && policy->nr) {
			got = isolate(test, 1);
			KUNIT_ASSERT_EQ(test, got, 1u);
			places[number(fix->batch[0])] = ISOLATED;
			refs[number(fix->batch[0])]++;
		}
	}
	for (k = 0; k < NR_FRAMES; k++)
		for (; refs[k]; refs[k]--)
			put_page(vmzone_frame_page(fix->frames[k]));
}

/* The lists of an algorithm must not be turned for ever under the lock. */
static void touched_frames_come_too(struct kunit *test)
{
	struct policy_fixture *fix = test->priv;
	unsigned int i, round, got;

	for (round = 0; round < 3; round++) {
		add_all(test);
		for (i = 0; i < NR_FRAMES; i++) {
			vmzone_policy_park(&fix->policy, fix->frames[i]);
			vmzone_policy_add(&fix->policy, fix->frames[i], false);
			vmzone_policy_accessed(&fix->policy, fix->frames[i]);
		}
		KUNIT_EXPECT_EQ(test, fix->policy.nr, (unsigned long)NR_FRAMES);
		for (i = 0; i < NR_FRAMES; i += got) {
			got = isolate(test, 5);
			KUNIT_ASSERT_GT(test, got, 0u);
			put_batch(test, got);
		}
		KUNIT_EXPECT_EQ(test, i, (unsigned int)NR_FRAMES);
	}
}

/* What the policy keeps with a frame must leave the slot's token alone. */
static void tokens_are_left_alone(struct kunit *test)
{
	const u64 token = GENMASK_ULL(55, 0) ^ 0x5a;
	struct policy_fixture *fix = test->priv;
	struct vmzone_frame *frame = fix->frames[0];

	vmzone_frame_set_token(frame, token);
	vmzone_policy_add(&fix->policy, frame, false);
	vmzone_policy_park(&fix->policy, frame);
	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_ASSERT_EQ(test, isolate(test, 1), 1u);
	KUNIT_EXPECT_EQ(test, vmzone_frame_token(frame), token);
	vmzone_policy_putback(&fix->policy, frame);
	put_batch(test, 1);
	vmzone_policy_remove(&fix->policy, frame);
	KUNIT_EXPECT_EQ(test, vmzone_frame_token(frame), token);
	KUNIT_EXPECT_EQ(test, vmzone_frame_hint(frame), (u8)0);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE_PARAM(a_new_one_is_empty, vmzone_test_policies),
	KUNIT_CASE_PARAM(each_frame_comes_once, vmzone_test_policies),
	KUNIT_CASE_PARAM(isolate_fills_a_batch, vmzone_test_policies),
	KUNIT_CASE_PARAM(twice_is_once, vmzone_test_policies),
	KUNIT_CASE_PARAM(putback_brings_back, vmzone_test_policies),
	KUNIT_CASE_PARAM(putback_after_remove_does_nothing, vmzone_test_policies),
	KUNIT_CASE_PARAM(add_wins_over_isolation, vmzone_test_policies),
	KUNIT_CASE_PARAM(standby_is_a_queue, vmzone_test_policies),
	KUNIT_CASE_PARAM(nothing_is_lost, vmzone_test_policies),
	KUNIT_CASE_PARAM(touched_frames_come_too, vmzone_test_policies),
	KUNIT_CASE_PARAM(tokens_are_left_alone, vmzone_test_policies),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "vmzone_policy",
	.init = policy_test_init,
	.exit = policy_test_exit,
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
