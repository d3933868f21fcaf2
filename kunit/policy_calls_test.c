// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_calls_test.c - what policy.c asks of an algorithm
 *
 * Proves: an algorithm gets clean hint bytes and only legal calls, whatever
 * policy.c's callers do, and whichever algorithm is to follow it meanwhile; its
 * failures are told; and the table can be searched by id and by name.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "../module/policy.h"
#include "params.h"
#include "policy_fixture.h"

#define SEED		0x02de2UL

/*
 * An algorithm that only watches: which frames it has, and that it is never
 * told of one that it has, or has not, the wrong way round.
 */
struct watch {
	struct list_head frames;
	unsigned long nr;
};

/* Of all of them, for there are two while one follows the other. */
static struct {
	unsigned long nr;
	unsigned int nr_alive;
	unsigned int nr_wrong;
} watched;

static bool watch_has(const struct watch *watch, struct vmzone_frame *frame)
{
	struct vmzone_frame *other;

	list_for_each_entry(other, &watch->frames, node)
		if (other == frame)
			return true;
	return false;
}

static void *watch_create(unsigned long nr_frames)
{
	struct watch *watch = kmalloc(sizeof(*watch), GFP_KERNEL);

	if (!watch)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&watch->frames);
	watch->nr = 0;
	watched.nr_alive++;
	return watch;
}

static void watch_destroy(void *private)
{
	struct watch *watch = private;

	watched.nr_wrong += watch->nr != 0;
	watched.nr_alive--;
	kfree(watch);
}

static void watch_add(void *private, struct vmzone_frame *frame,
		      enum vmzone_policy_reason reason)
{
	struct watch *watch = private;

	watched.nr_wrong += !list_empty(&frame->node);
	watched.nr_wrong += (vmzone_frame_hint(frame) & VMZONE_POLICY_OWN_BITS) != 0;
	watched.nr_wrong += (vmzone_frame_hint(frame) & VMZONE_POLICY_PARKED) != 0;
	vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) | VMZONE_POLICY_OWN_BITS);
	list_add(&frame->node, &watch->frames);
	watch->nr++;
	watched.nr++;
}

static void watch_gone(struct watch *watch, struct vmzone_frame *frame)
{
	watched.nr_wrong += !watch_has(watch, frame);
	watched.nr_wrong += (~vmzone_frame_hint(frame) & VMZONE_POLICY_OWN_BITS) != 0;
	list_del_init(&frame->node);
	watch->nr--;
	watched.nr--;
}

static void watch_remove(void *private, struct vmzone_frame *frame)
{
	watch_gone(private, frame);
}

static unsigned int watch_isolate(void *private, struct vmzone_frame **batch,
				  unsigned int nr, unsigned long *second_chances)
{
	struct watch *watch = private;
	unsigned int i;

	for (i = 0; i < nr && watch->nr; i++) {
		batch[i] = list_first_entry(&watch->frames, struct vmzone_frame, node);
		watch_gone(watch, batch[i]);
	}
	return i;
}

/* Those of even numbers only. */
static bool watch_yield(void *private, struct vmzone_frame *frame)
{
	if (frame->index % 2)
		return false;
	watch_gone(private, frame);
	return true;
}

static void watch_accessed(void *private, struct vmzone_frame *frame)
{
	watched.nr_wrong += !watch_has(private, frame);
}

static int watch_resize(void *private, unsigned long nr_frames, spinlock_t *lock)
{
	spin_lock(lock);
	spin_unlock(lock);
	return nr_frames ? 0 : -ENOMEM;
}

static size_t watch_bytes(const void *private)
{
	return 1;
}

static const struct vmzone_policy_ops watch_ops = {
	.name = "watch",
	.create = watch_create,
	.destroy = watch_destroy,
	.resize = watch_resize,
	.bytes = watch_bytes,
	.add = watch_add,
	.remove = watch_remove,
	.isolate = watch_isolate,
	.yield = watch_yield,
	.accessed = watch_accessed,
};

/* One call of any kind, on any frame. */
static void call_anything(struct order_fixture *fix, u32 random)
{
	struct vmzone_frame *frame = fix->frames[(random >> 8) % fix->nr_frames];
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned int got = 0;
	unsigned long passed;

	switch (random % 9) {
	case 0:
		vmzone_policy_add(&fix->policy, frame, random >> 31);
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
	case 6:
		vmzone_policy_accessed(&fix->policy, frame);
		break;
	case 7:
		get_page(vmzone_frame_page(frame));
		vmzone_policy_isolate_frame(&fix->policy, frame);
		put_page(vmzone_frame_page(frame));
		break;
	case 8:
		if (!vmzone_frame_hint(frame))
			vmzone_policy_came(&fix->policy, frame, random >> 31);
		break;
	}
	while (got)
		put_page(vmzone_frame_page(batch[--got]));
}

static void algorithms_get_legal_calls(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &watch_ops, 80);
	struct rnd_state rnd;
	bool switching = false;
	unsigned int i;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 30000; i++) {
		u32 random = prandom_u32_state(&rnd);

		if (random >> 24)
			call_anything(fix, random);
		else if (switching)
			switching = vmzone_policy_switch_step(&fix->policy);
		else
			switching = !vmzone_policy_switch_begin(&fix->policy, &watch_ops, 80);
		KUNIT_ASSERT_EQ(test, watched.nr_wrong, 0u);
		KUNIT_ASSERT_EQ(test, fix->policy.nr, watched.nr);
		KUNIT_ASSERT_EQ(test, watched.nr_alive, 1u + switching);
		KUNIT_ASSERT_EQ(test, vmzone_policy_bytes(&fix->policy),
				(size_t)watched.nr_alive);
	}
	while (switching)
		switching = vmzone_policy_switch_step(&fix->policy);
	KUNIT_EXPECT_EQ(test, vmzone_policy_resize(&fix->policy, 1), 0);
	KUNIT_EXPECT_EQ(test, vmzone_policy_resize(&fix->policy, 0), -ENOMEM);
}

/* Which of its kinds of touches an algorithm is told of. */
static struct vmzone_frame *told_rescued, *told_accessed;

static void telling_add(void *private, struct vmzone_frame *frame,
			enum vmzone_policy_reason reason)
{
	if (reason == VMZONE_POLICY_RESCUED)
		told_rescued = frame;
	watch_add(private, frame, reason);
}

static void telling_accessed(void *private, struct vmzone_frame *frame)
{
	told_accessed = frame;
}

static void a_touch_is_told_once(struct kunit *test)
{
	static const struct vmzone_policy_ops telling_ops = {
		.name = "telling",
		.create = watch_create,
		.destroy = watch_destroy,
		.add = telling_add,
		.remove = watch_remove,
		.isolate = watch_isolate,
		.accessed = telling_accessed,
	};
	struct order_fixture *fix = vmzone_order_start(test, &telling_ops, 2);
	struct vmzone_frame *frame = fix->frames[0], *batch;
	unsigned long passed;

	told_rescued = NULL;
	told_accessed = NULL;
	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_EXPECT_NULL(test, told_accessed);
	vmzone_policy_accessed(&fix->policy, frame);
	KUNIT_EXPECT_PTR_EQ(test, told_accessed, frame);
	told_accessed = NULL;

	vmzone_policy_remove(&fix->policy, fix->frames[1]);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &batch, 1, &passed), 1u);
	vmzone_policy_accessed(&fix->policy, frame);
	vmzone_policy_putback(&fix->policy, frame);
	put_page(vmzone_frame_page(frame));
	vmzone_policy_park(&fix->policy, frame);
	vmzone_policy_accessed(&fix->policy, frame);
	KUNIT_EXPECT_NULL(test, told_rescued);
	vmzone_policy_add(&fix->policy, frame, false);
	KUNIT_EXPECT_PTR_EQ(test, told_rescued, frame);
	KUNIT_EXPECT_NULL(test, told_accessed);
	KUNIT_EXPECT_EQ(test, vmzone_policy_bytes(&fix->policy), (size_t)0);
}

/* The cost stays with a frame until somebody knows better. */
static void the_cost_is_kept(struct kunit *test)
{
	struct order_fixture *fix = vmzone_order_start(test, &watch_ops, 1);
	struct vmzone_frame *frame = fix->frames[0], *batch;
	unsigned long passed;

#define EXPECT_COST(cost)								\
	KUNIT_EXPECT_EQ(test, vmzone_frame_hint(frame) & VMZONE_POLICY_COSTLY, cost)
	EXPECT_COST(0);
	vmzone_policy_add(&fix->policy, frame, true);
	EXPECT_COST(VMZONE_POLICY_COSTLY);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->policy, &batch, 1, &passed), 1u);
	vmzone_policy_putback(&fix->policy, frame);
	put_page(vmzone_frame_page(frame));
	EXPECT_COST(VMZONE_POLICY_COSTLY);
	KUNIT_ASSERT_EQ(test, vmzone_policy_switch(&fix->policy, &watch_ops, 1), 0);
	EXPECT_COST(VMZONE_POLICY_COSTLY);
	vmzone_policy_park(&fix->policy, frame);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate_standby(&fix->policy, &batch, 1), 1u);
	vmzone_policy_putback(&fix->policy, frame);
	put_page(vmzone_frame_page(frame));
	EXPECT_COST(VMZONE_POLICY_COSTLY);
	vmzone_policy_add(&fix->policy, frame, false);
	EXPECT_COST(0);
#undef EXPECT_COST
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
	vmzone_order_start(test, &vmzone_policy_fifo, 3);
	KUNIT_EXPECT_EQ(test, vmzone_policy_switch(&fix->policy, &failing_ops, 20), -ENOMEM);
	KUNIT_EXPECT_PTR_EQ(test, fix->policy.ops, &vmzone_policy_fifo);
	EXPECT_ORDER(test, 0, 0, 1, 2);
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
	KUNIT_EXPECT_EQ(test, mask, 0x7eu);	/* all that the ABI names */
	KUNIT_EXPECT_PTR_EQ(test, vmzone_policy_by_name("clock\n"), &vmzone_policy_clock);
	KUNIT_EXPECT_NULL(test, vmzone_policy_by_name("clockwork"));
	KUNIT_EXPECT_NULL(test, vmzone_policy_by_name(""));
	KUNIT_EXPECT_NULL(test, vmzone_policy_by_id(U32_MAX));
}

static int calls_init(struct kunit *test)
{
	memset(&watched, 0, sizeof(watched));
	return vmzone_order_init(test);
}

static struct kunit_case calls_cases[] = {
	KUNIT_CASE(algorithms_get_legal_calls),
	KUNIT_CASE(a_touch_is_told_once),
	KUNIT_CASE(the_cost_is_kept),
	KUNIT_CASE(failed_create_is_told),
	KUNIT_CASE(table_is_consistent),
	{}
};

static struct kunit_suite calls_suite = {
	.name = "vmzone_policy_calls",
	.init = calls_init,
	.exit = vmzone_order_exit,
	.test_cases = calls_cases,
};

kunit_test_suite(calls_suite);
