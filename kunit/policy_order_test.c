// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_order_test.c - which frame each eviction policy chooses
 *
 * Proves: the order in which FIFO and CLOCK give out frames after the same
 * story of adds, touches and removals, with the second chances they count; that
 * policy.c hands an algorithm clean hint bytes and only legal calls, whatever
 * its callers do; and that its table can be searched by id and by name.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "../module/policy.h"
#include "params.h"

#define SEED		0x02de2UL
#define NR_FRAMES	1200

/**
 * struct order_fixture - what every case works on
 * @policy: started by the case
 * @frames: pages that serve nothing, made by the case
 * @nr_frames: their number
 */
struct order_fixture {
	struct vmzone_policy policy;
	struct vmzone_frame *frames[NR_FRAMES];
	unsigned int nr_frames;
};

static int order_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct order_fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void order_exit(struct kunit *test)
{
	struct order_fixture *fix = test->priv;

	if (!fix)
		return;
	while (fix->nr_frames) {
		struct vmzone_frame *frame = fix->frames[--fix->nr_frames];

		vmzone_policy_remove(&fix->policy, frame);
		set_page_private(vmzone_frame_page(frame), 0);
		put_page(vmzone_frame_page(frame));
	}
	if (fix->policy.ops)
		vmzone_policy_destroy(&fix->policy);
}

/* A policy to which frames 0, 1, 2 ... were added in this order. */
static struct order_fixture *start(struct kunit *test,
				   const struct vmzone_policy_ops *ops,
				   unsigned int nr_frames)
{
	struct order_fixture *fix = test->priv;

	KUNIT_ASSERT_EQ(test, vmzone_policy_init(&fix->policy, ops, nr_frames), 0);
	while (fix->nr_frames < nr_frames) {
		struct page *page = alloc_page(GFP_KERNEL);
		struct vmzone_frame *frame = vmzone_page_frame(page);

		KUNIT_ASSERT_NOT_NULL(test, page);
		set_page_private(page, 0);
		INIT_LIST_HEAD(&page->lru);
		vmzone_frame_set_token(frame, fix->nr_frames);
		fix->frames[fix->nr_frames++] = frame;
		vmzone_policy_add(&fix->policy, frame);
	}
	return fix;
}

/* A touch is known by a rescue from standby. */
static void touch(struct order_fixture *fix, unsigned int number)
{
	vmzone_policy_park(&fix->policy, fix->frames[number]);
	vmzone_policy_add(&fix->policy, fix->frames[number]);
}

/* The next frames are those, with so many second chances on the way. */
static void expect_order(struct kunit *test, const unsigned int *numbers,
			 unsigned int nr, unsigned long second_chances)
{
	struct order_fixture *fix = test->priv;
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long passed;
	unsigned int got, i;

	got = vmzone_policy_isolate(&fix->policy, batch, nr, &passed);
	KUNIT_ASSERT_EQ(test, got, nr);
	KUNIT_EXPECT_EQ(test, passed, second_chances);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ_MSG(test, (unsigned int)vmzone_frame_token(batch[i]),
				    numbers[i], "victim %u", i);
		put_page(vmzone_frame_page(batch[i]));
	}
}

#define EXPECT_ORDER(test, second_chances, ...) do {				\
	static const unsigned int numbers[] = { __VA_ARGS__ };			\
										\
	expect_order(test, numbers, ARRAY_SIZE(numbers), second_chances);	\
} while (0)

static void fifo_is_in_order_of_arrival(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_fifo, 10);

	vmzone_policy_remove(&fix->policy, fix->frames[4]);
	vmzone_policy_add(&fix->policy, fix->frames[2]);	/* there already */
	EXPECT_ORDER(test, 0, 0, 1, 2);
	vmzone_policy_add(&fix->policy, fix->frames[4]);
	vmzone_policy_putback(&fix->policy, fix->frames[1]);	/* comes in anew */
	EXPECT_ORDER(test, 0, 3, 5, 6, 7, 8, 9, 4, 1);
}

static void fifo_takes_a_rescued_frame_anew(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_fifo, 6);

	touch(fix, 0);
	touch(fix, 2);
	EXPECT_ORDER(test, 0, 1, 3, 4, 5, 0, 2);
}

static void clock_without_touches_is_fifo(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_clock, 8);

	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	EXPECT_ORDER(test, 0, 1, 2, 3);
	vmzone_policy_add(&fix->policy, fix->frames[0]);
	EXPECT_ORDER(test, 0, 4, 5, 6, 7, 0);
}

/* A rescued frame is behind the others already, and outlives newer ones. */
static void clock_gives_a_second_chance(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_clock, 6);

	touch(fix, 1);
	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	vmzone_policy_add(&fix->policy, fix->frames[0]);
	/* The ring is 2 3 4 5 1* 0. */
	EXPECT_ORDER(test, 0, 2, 3, 4, 5);
	EXPECT_ORDER(test, 1, 0, 1);
}

static void clock_gives_one_chance_a_touch(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_clock, 3);

	touch(fix, 0);
	touch(fix, 0);
	touch(fix, 0);
	/* 1 2 0* */
	EXPECT_ORDER(test, 0, 1);
	EXPECT_ORDER(test, 0, 2);
	EXPECT_ORDER(test, 1, 0);
}

static void clock_turns_once_if_all_were_touched(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_clock, 5);
	unsigned int i;

	for (i = 0; i < 5; i++)
		touch(fix, i);
	EXPECT_ORDER(test, 5, 0, 1);
	EXPECT_ORDER(test, 0, 2, 3, 4);
}

static void clock_forgets_a_touch_with_the_frame(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_clock, 3);

	touch(fix, 0);
	vmzone_policy_remove(&fix->policy, fix->frames[0]);
	vmzone_policy_add(&fix->policy, fix->frames[0]);
	EXPECT_ORDER(test, 0, 1, 2, 0);
}

/* However large the ring, one call passes over a bounded number of frames. */
static void clock_bounds_its_turn(struct kunit *test)
{
	struct order_fixture *fix = start(test, &vmzone_policy_clock, NR_FRAMES);
	struct vmzone_frame *frame;
	unsigned long passed;
	unsigned int i;

	for (i = 0; i < NR_FRAMES; i++)
		touch(fix, i);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &frame, 1, &passed), 1u);
	KUNIT_EXPECT_LT(test, passed, (unsigned long)NR_FRAMES);
	KUNIT_EXPECT_GT(test, passed, (unsigned long)VMZONE_POLICY_BATCH);
	put_page(vmzone_frame_page(frame));
}

/*
 * An algorithm that only watches: which frames it has, and that it is never
 * told of one that it has, or has not, the wrong way round.
 */
static struct watch {
	struct list_head frames;
	unsigned long nr;
	unsigned int nr_wrong;
} watched;

static bool watch_has(struct vmzone_frame *frame)
{
	struct vmzone_frame *other;

	list_for_each_entry(other, &watched.frames, node)
		if (other == frame)
			return true;
	return false;
}

static void *watch_create(unsigned long nr_frames)
{
	INIT_LIST_HEAD(&watched.frames);
	watched.nr = 0;
	watched.nr_wrong = 0;
	return &watched;
}

static void watch_destroy(void *private)
{
	watched.nr_wrong += watched.nr != 0;
}

static void watch_add(void *private, struct vmzone_frame *frame)
{
	watched.nr_wrong += !list_empty(&frame->node);
	watched.nr_wrong += (vmzone_frame_hint(frame) & VMZONE_POLICY_OWN_BITS) != 0;
	vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) | VMZONE_POLICY_OWN_BITS);
	list_add(&frame->node, &watched.frames);
	watched.nr++;
}

static void watch_remove(void *private, struct vmzone_frame *frame)
{
	watched.nr_wrong += !watch_has(frame);
	list_del_init(&frame->node);
	watched.nr--;
}

static unsigned int watch_isolate(void *private, struct vmzone_frame **batch,
				  unsigned int nr, unsigned long *second_chances)
{
	unsigned int i;

	watched.nr_wrong += *second_chances != 0;
	for (i = 0; i < nr && watched.nr; i++, watched.nr--) {
		batch[i] = list_first_entry(&watched.frames, struct vmzone_frame, node);
		list_del_init(&batch[i]->node);
	}
	return i;
}

static void watch_accessed(void *private, struct vmzone_frame *frame)
{
	watched.nr_wrong += !watch_has(frame);
}

static const struct vmzone_policy_ops watch_ops = {
	.name = "watch",
	.create = watch_create,
	.destroy = watch_destroy,
	.add = watch_add,
	.remove = watch_remove,
	.isolate = watch_isolate,
	.accessed = watch_accessed,
};

static void algorithms_get_legal_calls(struct kunit *test)
{
	struct order_fixture *fix = start(test, &watch_ops, 20);
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	struct rnd_state rnd;
	unsigned int i, j;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 20000; i++) {
		u32 random = prandom_u32_state(&rnd);
		struct vmzone_frame *frame = fix->frames[(random >> 8) % fix->nr_frames];
		unsigned int got = 0;
		unsigned long passed;

		switch (random % 6) {
		case 0:
			vmzone_policy_add(&fix->policy, frame);
			break;
		case 1:
			vmzone_policy_remove(&fix->policy, frame);
			break;
		case 2:
			vmzone_policy_park(&fix->policy, frame);
			break;
		case 3:
			vmzone_policy_putback(&fix->policy, frame);
			break;
		case 4:
			got = vmzone_policy_isolate(&fix->policy, batch, 3, &passed);
			break;
		case 5:
			got = vmzone_policy_isolate_standby(&fix->policy, batch, 2);
			break;
		}
		for (j = 0; j < got; j++)
			put_page(vmzone_frame_page(batch[j]));
		KUNIT_ASSERT_EQ(test, watched.nr_wrong, 0u);
		KUNIT_ASSERT_EQ(test, fix->policy.nr, watched.nr);
	}
}

static void *failing_create(unsigned long nr_frames)
{
	return ERR_PTR(-ENOMEM);
}

static void failed_create_is_told(struct kunit *test)
{
	static const struct vmzone_policy_ops failing_ops = {
		.name = "failing",
		.create = failing_create,
	};
	struct order_fixture *fix = test->priv;

	KUNIT_EXPECT_EQ(test, vmzone_policy_init(&fix->policy, &failing_ops, 20), -ENOMEM);
}

static void table_is_consistent(struct kunit *test)
{
	u32 id, mask = 0;

	for (id = 0; id < VMZONE_TEST_MAX_ID; id++) {
		const struct vmzone_policy_ops *ops = vmzone_policy_by_id(id);

		if (!ops)
			continue;
		mask |= 1U << id;
		KUNIT_EXPECT_EQ(test, (u32)ops->id, id);
		KUNIT_EXPECT_PTR_EQ(test, vmzone_policy_by_name(ops->name), ops);
	}
	KUNIT_EXPECT_EQ(test, vmzone_policy_mask(), mask);
	KUNIT_EXPECT_EQ(test, mask & 0x6u, 0x6u);	/* FIFO and CLOCK at least */
	KUNIT_EXPECT_PTR_EQ(test, vmzone_policy_by_name("clock\n"), &vmzone_policy_clock);
	KUNIT_EXPECT_NULL(test, vmzone_policy_by_name("clockwork"));
	KUNIT_EXPECT_NULL(test, vmzone_policy_by_name(""));
	KUNIT_EXPECT_NULL(test, vmzone_policy_by_id(U32_MAX));
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE(table_is_consistent),
	KUNIT_CASE(fifo_is_in_order_of_arrival),
	KUNIT_CASE(fifo_takes_a_rescued_frame_anew),
	KUNIT_CASE(clock_without_touches_is_fifo),
	KUNIT_CASE(clock_gives_a_second_chance),
	KUNIT_CASE(clock_gives_one_chance_a_touch),
	KUNIT_CASE(clock_turns_once_if_all_were_touched),
	KUNIT_CASE(clock_forgets_a_touch_with_the_frame),
	KUNIT_CASE(clock_bounds_its_turn),
	KUNIT_CASE(algorithms_get_legal_calls),
	KUNIT_CASE(failed_create_is_told),
	{}
};

static struct kunit_suite order_suite = {
	.name = "vmzone_policy_order",
	.init = order_init,
	.exit = order_exit,
	.test_cases = order_cases,
};

kunit_test_suite(order_suite);
