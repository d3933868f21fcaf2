// SPDX-License-Identifier: GPL-2.0-only
/*
 * gather_test.c - victims that can be unmapped together
 *
 * Proves: a victim of the policy is joined by the frames next to it, on both sides,
 * up to so many; slots without a frame, or whose frame is on standby, are passed
 * over; a pinned frame, one that fills, one that is evicted and one that the policy
 * keeps end the run, as does its span of the table; of a policy that lets none go all
 * are its own; a batch is full in the end, or the policy has no more; that is done
 * beside several takers of frames, and not beside a sole one. And one call unmaps what
 * has no frame that stays between, so far.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../module/batch.h"
#include "../module/binding.h"
#include "../module/evict.h"
#include "../module/gather.h"
#include "zone_fixture.h"

#define FRAMES		60ul

/* The frames of these slots come in this order. */
static void write_slots(struct kunit *test, const pgoff_t *slots, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, slots[i], ZONE_VALUE(slots[i])), 0);
}

static void expect_batch(struct kunit *test, unsigned int wanted, const pgoff_t *slots,
			 unsigned int nr)
{
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long passed;
	unsigned int got, i;

	got = vmzone_gather_isolate(zone, batch, wanted, &passed);
	KUNIT_EXPECT_EQ(test, got, nr);
	for (i = 0; i < min(got, nr); i++)
		KUNIT_EXPECT_EQ_MSG(test, batch[i]->index, slots[i], "victim %u", i);
	while (got--) {
		vmzone_policy_putback(&zone->policy, batch[got]);
		put_page(vmzone_frame_page(batch[got]));
	}
}

/* Put the next @nr victims on standby; they are in @batch, sorted, for a look. */
static void park(struct kunit *test, struct vmzone_frame **batch, unsigned int nr)
{
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	unsigned long passed;

	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&zone->policy, batch, nr, &passed), nr);
	KUNIT_ASSERT_EQ(test, vmzone_evict_park(zone, batch, nr), nr);
}

#define WRITE_SLOTS(test, ...) do {						\
	static const pgoff_t slots[] = { __VA_ARGS__ };				\
										\
	write_slots(test, slots, ARRAY_SIZE(slots));				\
} while (0)

/* A batch of @wanted is the frames of those slots. */
#define EXPECT_BATCH(test, wanted, ...) do {					\
	static const pgoff_t slots[] = { __VA_ARGS__ };				\
										\
	expect_batch(test, wanted, slots, ARRAY_SIZE(slots));			\
} while (0)

static int gather_init(struct kunit *test)
{
	int ret = vmzone_test_zone_init(test);

	if (!ret)
		vmzone_test_zone_start(test, &vmzone_policy_s3fifo, FRAMES);
	return ret;
}

static void takes_neighbours_of_both_sides(struct kunit *test)
{
	WRITE_SLOTS(test, 20, 40, 17, 18, 19, 22, 21);
	EXPECT_BATCH(test, 5, 20, 21, 22, 19, 18);
	vmzone_test_zone_check(test);
}

static void takes_so_many_for_one_victim(struct kunit *test)
{
	WRITE_SLOTS(test, 20, 40, 21, 22, 23, 24, 25, 26, 27, 28, 29);
	EXPECT_BATCH(test, 9, 20, 21, 22, 23, 24, 25, 26, 27, 40);
	vmzone_test_zone_check(test);
}

static void gives_all_there_are(struct kunit *test)
{
	EXPECT_BATCH(test, 3);
	WRITE_SLOTS(test, 0, 63, 1);
	EXPECT_BATCH(test, VMZONE_POLICY_BATCH, 0, 1, 63);
}

static void passes_over_what_is_not_mapped(struct kunit *test)
{
	struct vmzone_frame *frame;

	WRITE_SLOTS(test, 22, 20, 40, 21, 24, 25);
	park(test, &frame, 1);
	KUNIT_ASSERT_EQ(test, vmzone_evict_slot(vmzone_test_zone_of(test), 24), 0);
	EXPECT_BATCH(test, 4, 20, 21, 25, 40);
	vmzone_test_zone_check(test);
}

static void ends_at_a_pinned_frame(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;

	WRITE_SLOTS(test, 20, 40, 21, 22, 23, 19);
	KUNIT_ASSERT_EQ(test, vmzone_resident_pin(fix->zone, 22), 0);
	fix->pins[22]++;
	EXPECT_BATCH(test, 4, 20, 21, 19, 40);
	vmzone_test_zone_check(test);
}

static void ends_at_a_slot_that_fills(struct kunit *test)
{
	struct vmzone_slot *slot = vmzone_zone_make_slot(vmzone_test_zone_of(test), 22);

	WRITE_SLOTS(test, 20, 40, 21, 23, 19);
	KUNIT_ASSERT_NOT_NULL(test, slot);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_FILL_BEGIN), 0);
	EXPECT_BATCH(test, 4, 20, 21, 19, 40);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_FILL_ABORT), 0);
	vmzone_test_zone_check(test);
}

static void ends_at_a_slot_that_is_evicted(struct kunit *test)
{
	struct vmzone_slot *slot = vmzone_zone_make_slot(vmzone_test_zone_of(test), 22);

	WRITE_SLOTS(test, 20, 22, 40, 21, 23, 19);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_EVICT_BEGIN), 0);
	EXPECT_BATCH(test, 3, 20, 21, 19);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_EVICT_ABORT), 0);
	vmzone_test_zone_check(test);
}

static void ends_at_what_the_policy_keeps(struct kunit *test)
{
	WRITE_SLOTS(test, 20, 40, 21, 22, 19);
	KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, 21), 0);	/* seen by S3-FIFO */
	EXPECT_BATCH(test, 3, 20, 19, 40);
	vmzone_test_zone_check(test);
}

static void other_policies_are_asked_for_each(struct kunit *test)
{
	vmzone_test_zone_start(test, &vmzone_policy_fifo, FRAMES);
	WRITE_SLOTS(test, 20, 40, 21, 41);
	EXPECT_BATCH(test, 3, 20, 40, 21);
	vmzone_test_zone_check(test);
}

static void ends_with_the_span(struct kunit *test)
{
	static_assert(VMZONE_GATHER_SPAN == 32);

	WRITE_SLOTS(test, 31, 32, 30, 0, 63, 33);
	EXPECT_BATCH(test, 6, 31, 30, 0, 32, 33, 63);
	vmzone_test_zone_check(test);
}

/* A batch of two: of slots 20 and 40, or of 20 and its neighbour. */
static enum vmzone_slot_state state_of_neighbour(struct kunit *test, unsigned int in_a_row)
{
	struct vmzone_takers *takers = &vmzone_test_zone_of(test)->reclaim.takers;

	WRITE_SLOTS(test, 20, 40, 21);
	takers->interrupts = true;
	takers->in_a_row = in_a_row;
	KUNIT_EXPECT_EQ(test, vmzone_batch_park(vmzone_test_zone_of(test), 2), 2u);
	KUNIT_EXPECT_EQ(test, (int)vmzone_test_zone_state(test, 20), (int)VMZONE_STATE_STANDBY);
	vmzone_test_zone_check(test);
	return vmzone_test_zone_state(test, 21);
}

static void is_done_beside_several_takers(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (int)state_of_neighbour(test, 0), (int)VMZONE_STATE_STANDBY);
}

static void is_not_done_beside_a_sole_taker(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (int)state_of_neighbour(test, VMZONE_SOLE_AFTER),
			(int)VMZONE_STATE_RESIDENT);
}

/* The length of the run that begins with @first, if only it and @other are victims. */
static unsigned int run_of(struct kunit *test, pgoff_t first, pgoff_t other)
{
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	struct vmzone_frame *batch[] = {
		vmzone_slot_frame(vmzone_zone_find_slot(zone, first)),
		vmzone_slot_frame(vmzone_zone_find_slot(zone, other)),
	};

	return vmzone_gather_run(zone, batch, ARRAY_SIZE(batch));
}

static void one_call_goes_across_what_is_not_mapped(struct kunit *test)
{
	struct vmzone_slot *slot = vmzone_zone_make_slot(vmzone_test_zone_of(test), 21);
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	struct vmzone_frame *batch[7];

	WRITE_SLOTS(test, 20, 22, 23, 31, 32, 35, 0);
	park(test, batch, 7);
	KUNIT_EXPECT_EQ(test, vmzone_gather_run(zone, batch, 1), 1u);
	/* 32 is too far from 0; 20 to 35 are not far from each other. */
	KUNIT_EXPECT_EQ(test, vmzone_gather_run(zone, batch, 7), 5u);
	KUNIT_EXPECT_EQ(test, vmzone_gather_run(zone, batch + 1, 6), 6u);
	KUNIT_EXPECT_EQ(test, run_of(test, 31, 32), 2u);
	KUNIT_EXPECT_EQ(test, run_of(test, 20, 23), 2u);

	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_FILL_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, run_of(test, 20, 22), 1u);
	KUNIT_EXPECT_EQ(test, run_of(test, 22, 23), 2u);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_FILL_ABORT), 0);
	KUNIT_EXPECT_EQ(test, run_of(test, 20, 22), 2u);
	WRITE_SLOTS(test, 21);
	KUNIT_EXPECT_EQ(test, run_of(test, 20, 22), 1u);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_EVICT_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, run_of(test, 20, 22), 1u);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_EVICT_ABORT), 0);
	vmzone_test_zone_check(test);
}

static struct kunit_case gather_cases[] = {
	KUNIT_CASE(takes_neighbours_of_both_sides),
	KUNIT_CASE(takes_so_many_for_one_victim),
	KUNIT_CASE(gives_all_there_are),
	KUNIT_CASE(passes_over_what_is_not_mapped),
	KUNIT_CASE(ends_at_a_pinned_frame),
	KUNIT_CASE(ends_at_a_slot_that_fills),
	KUNIT_CASE(ends_at_a_slot_that_is_evicted),
	KUNIT_CASE(ends_at_what_the_policy_keeps),
	KUNIT_CASE(ends_with_the_span),
	KUNIT_CASE(other_policies_are_asked_for_each),
	KUNIT_CASE(is_done_beside_several_takers),
	KUNIT_CASE(is_not_done_beside_a_sole_taker),
	KUNIT_CASE(one_call_goes_across_what_is_not_mapped),
	{}
};

static struct kunit_suite gather_suite = {
	.name = "vmzone_gather",
	.init = gather_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = gather_cases,
};

kunit_test_suite(gather_suite);
