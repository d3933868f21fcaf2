// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_fixture.c - a policy with numbered frames, and who comes out of it
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "policy_fixture.h"

/**
 * vmzone_order_init() - init callback of a suite
 * @test: gets a struct order_fixture without a policy as its priv
 *
 * Context: as KUnit calls it.
 * Return: 0 or -ENOMEM.
 */
int vmzone_order_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct order_fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

/**
 * vmzone_order_exit() - exit callback of a suite
 * @test: whose frames and policy are freed, if they are there
 *
 * Context: as KUnit calls it.
 */
void vmzone_order_exit(struct kunit *test)
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

/**
 * vmzone_order_start() - a policy to which frames 0, 1, 2 ... were added in this order
 * @test: the test
 * @ops: the algorithm
 * @nr_frames: how many frames, all cheap to evict
 *
 * Context: process context.
 * Return: the fixture.
 */
struct order_fixture *vmzone_order_start(struct kunit *test,
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
		frame->index = fix->nr_frames;
		fix->frames[fix->nr_frames++] = frame;
		vmzone_policy_add(&fix->policy, frame, false);
	}
	return fix;
}

/**
 * vmzone_order_rescue() - park a frame, and touch it there
 * @fix: the fixture
 * @number: of the frame
 *
 * Context: process context.
 */
void vmzone_order_rescue(struct order_fixture *fix, unsigned int number)
{
	vmzone_policy_park(&fix->policy, fix->frames[number]);
	vmzone_policy_add(&fix->policy, fix->frames[number], false);
}

/**
 * vmzone_order_expect() - isolate frames, and see which
 * @test: the test
 * @numbers: those who should come
 * @nr: how many
 * @second_chances: how many frames should be passed over
 *
 * Context: process context.
 */
void vmzone_order_expect(struct kunit *test, const unsigned int *numbers,
			 unsigned int nr, unsigned long second_chances)
{
	struct order_fixture *fix = test->priv;
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long passed;
	unsigned int got, i;

	got = vmzone_policy_isolate(&fix->policy, batch, nr, &passed);
	KUNIT_EXPECT_EQ(test, got, nr);
	KUNIT_EXPECT_EQ(test, passed, second_chances);
	for (i = 0; i < got; i++) {
		KUNIT_EXPECT_EQ_MSG(test, (unsigned int)batch[i]->index, numbers[i],
				    "victim %u", i);
		put_page(vmzone_frame_page(batch[i]));
	}
}
