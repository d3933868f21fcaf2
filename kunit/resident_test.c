// SPDX-License-Identifier: GPL-2.0-only
/*
 * resident_test.c - one slot at a time: fill, evict, pin, discard
 *
 * Proves, over a fake store: what each way to a slot's frame counts as; a page
 * that was not written since it was loaded is evicted for free, one that was is
 * saved anew and its old copy dropped; a page that somebody holds stays, and is
 * an orphan once discarded; standby is left by a touch or by eviction; pins keep
 * a frame from the policy; a damaged copy is an error each time, and is kept.
 * After every step the whole zone is looked at: see zone_fixture.c.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../module/binding.h"
#include "../module/evict.h"
#include "fake_store.h"
#include "zone_fixture.h"

/* So large that the worker has nothing to do in a zone of ZONE_SLOTS. */
#define ROOMY	256

static struct vmzone_zone *start(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;

	vmzone_test_zone_start(test, &vmzone_policy_fifo, ROOMY);
	return fix->zone;
}

static void expect_state(struct kunit *test, pgoff_t index, enum vmzone_slot_state state)
{
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_state(test, index), state);
}

static void expect_touch(struct kunit *test, pgoff_t index, enum vmzone_touch expected)
{
	enum vmzone_touch touch;

	KUNIT_ASSERT_EQ(test, vmzone_test_zone_touch(test, index, &touch), 0);
	KUNIT_EXPECT_EQ(test, touch, expected);
	expect_state(test, index, VMZONE_STATE_RESIDENT);
	vmzone_test_zone_check(test);
}

static void write_and_check(struct kunit *test, pgoff_t index, u64 value)
{
	KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, value), 0);
	vmzone_test_zone_check(test);
}

static void evict_and_check(struct kunit *test, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;

	KUNIT_ASSERT_EQ(test, vmzone_evict_slot(fix->zone, index), 0);
	expect_state(test, index, VMZONE_STATE_STORED);
	vmzone_test_zone_check(test);
}

static void kinds_of_touches(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);

	expect_touch(test, 0, VMZONE_TOUCH_ZERO);
	expect_touch(test, 0, VMZONE_TOUCH_MINOR);
	write_and_check(test, 0, 11);
	evict_and_check(test, 0);
	expect_touch(test, 0, VMZONE_TOUCH_MAJOR);
	expect_touch(test, 0, VMZONE_TOUCH_MINOR);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_loads, 1u);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_PAGE_IN), 1ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_PAGE_OUT), 1ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_REFAULT), 1ull);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->pool.used), 1l);
}

/* No byte of what a frame held before is seen in an empty slot. */
static void frames_are_zeroed(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	pgoff_t index;

	for (index = 0; index < 10; index++)
		write_and_check(test, index, ~0ULL);
	for (index = 0; index < 10; index++) {
		KUNIT_EXPECT_EQ(test, vmzone_resident_discard(zone, index), 1);
		((struct zone_fixture *)test->priv)->values[index] = 0;
	}
	for (index = 0; index < 20; index++)
		KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, index), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->pool.pages), 20l);
	vmzone_test_zone_check(test);
}

static void wants_are_heeded(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	enum vmzone_touch touch;
	struct page *page;

	KUNIT_EXPECT_EQ(test, vmzone_resident_get(zone, 0, VMZONE_WANT_CONTENTS, &page, &touch),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, vmzone_resident_get(zone, 0, VMZONE_WANT_STORED, &page, &touch),
			-ENOENT);
	expect_state(test, 0, VMZONE_STATE_EMPTY);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_leaves), 0l);

	write_and_check(test, 0, 5);
	KUNIT_EXPECT_EQ(test, vmzone_resident_get(zone, 1, VMZONE_WANT_CONTENTS, &page, &touch),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, vmzone_resident_get(zone, 0, VMZONE_WANT_STORED, &page, &touch),
			-ENOENT);
	evict_and_check(test, 0);
	KUNIT_ASSERT_EQ(test, vmzone_resident_get(zone, 0, VMZONE_WANT_STORED, &page, &touch), 0);
	KUNIT_EXPECT_EQ(test, touch, VMZONE_TOUCH_MAJOR);
	KUNIT_EXPECT_TRUE(test, PageLocked(page));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 2);
	unlock_page(page);
	put_page(page);
	vmzone_test_zone_check(test);
}

static void beyond_the_end_is_refused(struct kunit *test)
{
	start(test);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, ZONE_SLOTS), -EFBIG);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_state(test, ZONE_SLOTS), VMZONE_STATE_EMPTY);
	vmzone_test_zone_check(test);
}

static void clean_eviction_is_free(struct kunit *test)
{
	const unsigned int clean = VMZONE_STAT_EVICT_CLEAN + VMZONE_EVICT_REQUESTED;
	const unsigned int dirty = VMZONE_STAT_EVICT_DIRTY + VMZONE_EVICT_REQUESTED;

	start(test);
	write_and_check(test, 3, 33);
	evict_and_check(test, 3);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 3), 0);
	evict_and_check(test, 3);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_saves, 1u);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, clean), 1ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, dirty), 1ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_PAGE_OUT), 1ull);

	write_and_check(test, 3, 34);
	evict_and_check(test, 3);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_saves, 2u);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 1u);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, dirty), 2ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 3), 0);
}

/* An empty slot that was only read is zeros in a frame: it must be saved, too. */
static void untouched_zeros_come_back(struct kunit *test)
{
	start(test);
	expect_touch(test, 9, VMZONE_TOUCH_ZERO);
	evict_and_check(test, 9);
	expect_touch(test, 9, VMZONE_TOUCH_MAJOR);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 9), 0);
}

static void tight_store_gives_up_copies(struct kunit *test)
{
	start(test);
	write_and_check(test, 1, 1);
	write_and_check(test, 2, 2);
	evict_and_check(test, 1);
	evict_and_check(test, 2);
	vmzone_fake.tight = true;
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 1), 0);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 1u);
	/* It was not written, but has no copy any more. */
	evict_and_check(test, 1);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 2u);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 1), 0);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 2), 0);
}

static void held_page_is_not_evicted(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	enum vmzone_touch touch;
	struct page *page;

	write_and_check(test, 0, 7);
	KUNIT_ASSERT_EQ(test, vmzone_resident_get(zone, 0, VMZONE_WANT_ANY, &page, &touch), 0);
	unlock_page(page);
	KUNIT_EXPECT_EQ(test, vmzone_evict_slot(zone, 0), -EBUSY);
	expect_state(test, 0, VMZONE_STATE_RESIDENT);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_saves, 0u);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_EVICT_BUSY), 1ull);
	/* What the holder writes to the end is not missed. */
	memset64(page_address(page), 8, PAGE_SIZE / sizeof(u64));
	SetPageDirty(page);
	put_page(page);
	((struct zone_fixture *)test->priv)->values[0] = 8;
	vmzone_test_zone_check(test);
	evict_and_check(test, 0);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 0), 0);
}

static void evicting_nothing(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);

	KUNIT_EXPECT_EQ(test, vmzone_evict_slot(zone, 0), -ENOENT);
	write_and_check(test, 0, 7);
	KUNIT_EXPECT_EQ(test, vmzone_evict_slot(zone, 1), -ENOENT);
	evict_and_check(test, 0);
	KUNIT_EXPECT_EQ(test, vmzone_evict_slot(zone, 0), -ENOENT);
	vmzone_test_zone_check(test);
}

/* Put the frame of the only slot in use on standby. */
static struct vmzone_frame *park_one(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	unsigned long second_chances;

	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&fix->zone->policy, &frame, 1,
						    &second_chances), 1u);
	KUNIT_ASSERT_EQ(test, vmzone_evict_park(fix->zone, &frame, 1), 1u);
	vmzone_test_zone_check(test);
	return frame;
}

static void standby_is_rescued_by_a_touch(struct kunit *test)
{
	start(test);
	write_and_check(test, 4, 44);
	park_one(test);
	expect_state(test, 4, VMZONE_STATE_STANDBY);
	expect_touch(test, 4, VMZONE_TOUCH_MINOR);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_saves, 0u);
	park_one(test);
	evict_and_check(test, 4);	/* asked for, from standby */
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 4), 0);
}

static void standby_is_evicted(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	struct vmzone_frame *frame;

	write_and_check(test, 4, 44);
	park_one(test);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate_standby(&zone->policy, &frame, 1), 1u);
	KUNIT_EXPECT_EQ(test, vmzone_evict_parked(zone, frame, VMZONE_EVICT_BACKGROUND), 0);
	expect_state(test, 4, VMZONE_STATE_STORED);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_EVICT_DIRTY +
						     VMZONE_EVICT_BACKGROUND), 1ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 4), 0);
}

/* Between the reclaimer's isolation and its eviction, anything can happen. */
static void isolated_frame_changes_hands(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	struct zone_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	unsigned long second_chances;

	/* Touched. */
	write_and_check(test, 4, 44);
	park_one(test);
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate_standby(&zone->policy, &frame, 1), 1u);
	KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, 4), 0);
	KUNIT_EXPECT_EQ(test, vmzone_evict_parked(zone, frame, VMZONE_EVICT_DIRECT), -EBUSY);
	expect_state(test, 4, VMZONE_STATE_RESIDENT);
	vmzone_test_zone_check(test);

	/* Pinned. */
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&zone->policy, &frame, 1,
						    &second_chances), 1u);
	KUNIT_ASSERT_EQ(test, vmzone_resident_pin(zone, 4), 0);
	fix->pins[4]++;
	KUNIT_EXPECT_EQ(test, vmzone_evict_park(zone, &frame, 1), 0u);
	vmzone_test_zone_check(test);
	vmzone_resident_unpin(zone, 4);
	fix->pins[4]--;
	vmzone_test_zone_check(test);

	/* Discarded: the isolation's reference makes it an orphan. */
	KUNIT_ASSERT_EQ(test, vmzone_policy_isolate(&zone->policy, &frame, 1,
						    &second_chances), 1u);
	KUNIT_ASSERT_EQ(test, vmzone_resident_discard(zone, 4), 1);
	fix->values[4] = 0;
	fix->nr_orphans = 1;
	KUNIT_EXPECT_EQ(test, vmzone_evict_park(zone, &frame, 1), 0u);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(&zone->pool), 1ul);
	fix->nr_orphans = 0;
	vmzone_test_zone_check(test);
}

static void discard_from_every_state(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	struct zone_fixture *fix = test->priv;
	pgoff_t index;

	for (index = 0; index < 5; index++)
		write_and_check(test, index, index + 1);
	park_one(test);				/* 0 on standby */
	evict_and_check(test, 1);
	evict_and_check(test, 2);		/* 2 resident, and backed */
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 2), 0);
	evict_and_check(test, 3);
	vmzone_fake_arm(1, false, -ENOSPC, -EBADMSG);	/* 3 failed */
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 3), -EIO);
	expect_state(test, 3, VMZONE_STATE_FAILED);
	vmzone_test_zone_check(test);

	for (index = 0; index < 5; index++) {
		KUNIT_EXPECT_EQ(test, vmzone_resident_discard(zone, index), 1);
		fix->values[index] = 0;
		expect_state(test, index, VMZONE_STATE_EMPTY);
		vmzone_test_zone_check(test);
		KUNIT_EXPECT_EQ(test, vmzone_resident_discard(zone, index), 0);
	}
	KUNIT_EXPECT_EQ(test, vmzone_resident_discard(zone, 20), 0);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 0u);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->pool.used), 0l);
	for (index = 0; index < 5; index++)
		KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, index), 0);
	vmzone_test_zone_check(test);
}

static void discarded_page_that_is_held_is_an_orphan(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	struct zone_fixture *fix = test->priv;
	enum vmzone_touch touch;
	struct page *page;

	write_and_check(test, 0, 7);
	KUNIT_ASSERT_EQ(test, vmzone_resident_get(zone, 0, VMZONE_WANT_ANY, &page, &touch), 0);
	unlock_page(page);
	KUNIT_EXPECT_EQ(test, vmzone_resident_discard(zone, 0), 1);
	fix->values[0] = 0;
	fix->nr_orphans = 1;
	expect_state(test, 0, VMZONE_STATE_EMPTY);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), 7ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 0), 0);	/* another frame */
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(&zone->pool), 0ul);
	put_page(page);
	KUNIT_EXPECT_EQ(test, vmzone_pool_reap(&zone->pool), 1ul);
	fix->nr_orphans = 0;
	vmzone_test_zone_check(test);
}

static void pins_keep_the_frame(struct kunit *test)
{
	struct vmzone_zone *zone = start(test);
	struct zone_fixture *fix = test->priv;

	write_and_check(test, 6, 66);
	evict_and_check(test, 6);
	while (fix->pins[6] < 3) {
		KUNIT_ASSERT_EQ(test, vmzone_resident_pin(zone, 6), 0);
		fix->pins[6]++;
		vmzone_test_zone_check(test);
	}
	KUNIT_ASSERT_EQ(test, vmzone_resident_pin(zone, 7), 0);		/* was empty */
	fix->pins[7] = 1;
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->pool.pinned), 2l);
	KUNIT_EXPECT_EQ(test, vmzone_evict_slot(zone, 6), -EBUSY);
	KUNIT_EXPECT_EQ(test, vmzone_resident_discard(zone, 6), -EBUSY);
	vmzone_test_zone_check(test);
	while (fix->pins[6]) {
		vmzone_resident_unpin(zone, 6);
		fix->pins[6]--;
		vmzone_test_zone_check(test);
	}
	evict_and_check(test, 6);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 6), 0);
}

/* Also through the fault that has nothing but pinned frames to evict. */
static void pins_leave_the_reserve(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	unsigned long pinnable;
	pgoff_t index;

	vmzone_test_zone_start(test, &vmzone_policy_clock, 16);
	pinnable = vmzone_pool_pinnable(&fix->zone->pool);
	for (index = 0; index < pinnable; index++) {
		KUNIT_ASSERT_EQ(test, vmzone_resident_pin(fix->zone, index), 0);
		fix->pins[index]++;
	}
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_resident_pin(fix->zone, index), -ENOMEM);
	vmzone_test_zone_check(test);
	for (index = pinnable; index < ZONE_SLOTS; index++)
		KUNIT_EXPECT_EQ(test, vmzone_test_zone_write(test, index, index), 0);
	for (index = 0; index < ZONE_SLOTS; index++)
		KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, index), 0);
	vmzone_test_zone_check(test);
}

static void damaged_copy_is_kept(struct kunit *test)
{
	start(test);
	write_and_check(test, 2, 22);
	evict_and_check(test, 2);
	vmzone_fake_arm(1, true, -ENOSPC, -EBADMSG);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 2), -EIO);
	expect_state(test, 2, VMZONE_STATE_FAILED);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 2), -EIO);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_LOAD_ERROR), 2ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_PAGE_IN), 0ull);
	vmzone_test_zone_check(test);
	vmzone_fake_disarm();
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, 2), 0);
	vmzone_test_zone_check(test);
}

static struct kunit_case resident_cases[] = {
	KUNIT_CASE(kinds_of_touches),
	KUNIT_CASE(frames_are_zeroed),
	KUNIT_CASE(wants_are_heeded),
	KUNIT_CASE(beyond_the_end_is_refused),
	KUNIT_CASE(clean_eviction_is_free),
	KUNIT_CASE(untouched_zeros_come_back),
	KUNIT_CASE(tight_store_gives_up_copies),
	KUNIT_CASE(held_page_is_not_evicted),
	KUNIT_CASE(evicting_nothing),
	KUNIT_CASE(standby_is_rescued_by_a_touch),
	KUNIT_CASE(standby_is_evicted),
	KUNIT_CASE(isolated_frame_changes_hands),
	KUNIT_CASE(discard_from_every_state),
	KUNIT_CASE(discarded_page_that_is_held_is_an_orphan),
	KUNIT_CASE(pins_keep_the_frame),
	KUNIT_CASE(pins_leave_the_reserve),
	KUNIT_CASE(damaged_copy_is_kept),
	{}
};

static struct kunit_suite resident_suite = {
	.name = "vmzone_resident",
	.init = vmzone_test_zone_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = resident_cases,
};

kunit_test_suite(resident_suite);
