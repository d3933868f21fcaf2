// SPDX-License-Identifier: GPL-2.0-only
/*
 * zone_fixture.c - a zone over the fake store, and what it ought to hold
 *
 * vmzone_test_zone_check() is what "nothing was lost" means: with the worker at
 * rest, each slot holds what the model says, in exactly one good place; each
 * token of the store belongs to one slot; each frame is in use by one slot, with
 * one reference, and known to the policy unless it is pinned; all figures are
 * the sums of what is there.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "../module/binding.h"
#include "fake_store.h"
#include "zone_fixture.h"

/**
 * vmzone_test_zone_init() - init callback of a suite
 * @test: gets a struct zone_fixture without a zone as its priv
 *
 * Context: as KUnit calls it.
 * Return: 0 or -ENOMEM.
 */
int vmzone_test_zone_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct zone_fixture), GFP_KERNEL);
	vmzone_fake_reset();
	return test->priv ? 0 : -ENOMEM;
}

/**
 * vmzone_test_zone_exit() - exit callback of a suite
 * @test: whose zone ends, if it is still there
 *
 * Context: as KUnit calls it.
 */
void vmzone_test_zone_exit(struct kunit *test)
{
	if (test->priv)
		vmzone_test_zone_stop(test);
}

/**
 * vmzone_test_zone_start() - make an empty zone and an empty model
 * @test: the test
 * @policy: of the zone
 * @frames: its budget
 *
 * Context: process context.
 */
void vmzone_test_zone_start(struct kunit *test, const struct vmzone_policy_ops *policy,
			    unsigned long frames)
{
	const struct vmzone_config config = {
		.bytes = ZONE_SLOTS * PAGE_SIZE,
		.frames = frames,
		.store_limit_bytes = 1 << 20,
		.policy = policy,
		.codec = &vmzone_codec_none,
		.store = &vmzone_fake_store,
	};
	struct zone_fixture *fix = test->priv;
	struct vmzone_zone *zone;

	vmzone_test_zone_stop(test);
	vmzone_fake_reset();
	zone = vmzone_zone_create(&config);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(zone));
	memset(fix, 0, sizeof(*fix));
	fix->zone = zone;
}

/**
 * vmzone_test_zone_stop() - end the zone
 * @test: the test
 *
 * Context: process context.
 */
void vmzone_test_zone_stop(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;

	if (!fix->zone)
		return;
	vmzone_zone_put(fix->zone);
	fix->zone = NULL;
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_wrong, 0u);
}

/**
 * vmzone_test_zone_touch() - as a fault on a slot
 * @test: the test
 * @index: of the slot
 * @touch: returned: what it took
 *
 * Context: process context.
 * Return: as vmzone_resident_get().
 */
int vmzone_test_zone_touch(struct kunit *test, pgoff_t index, enum vmzone_touch *touch)
{
	struct zone_fixture *fix = test->priv;
	struct page *page;
	int ret;

	ret = vmzone_resident_get(fix->zone, index, VMZONE_WANT_ANY, &page, touch);
	if (ret)
		return ret;
	unlock_page(page);
	put_page(page);
	return 0;
}

/**
 * vmzone_test_zone_write() - write a slot, and tell the model
 * @test: the test
 * @index: of the slot
 * @value: the word to fill it with
 *
 * Context: process context.
 * Return: as vmzone_resident_get().
 */
int vmzone_test_zone_write(struct kunit *test, pgoff_t index, u64 value)
{
	struct zone_fixture *fix = test->priv;
	enum vmzone_touch touch;
	struct page *page;
	int ret;

	ret = vmzone_resident_get(fix->zone, index, VMZONE_WANT_ANY, &page, &touch);
	if (ret)
		return ret;
	memset64(page_address(page), value, PAGE_SIZE / sizeof(u64));
	SetPageDirty(page);
	unlock_page(page);
	put_page(page);
	fix->values[index] = value;
	return 0;
}

static void expect_value(struct kunit *test, const u64 *words, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;
	size_t i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words) && words[i] == fix->values[index]; i++)
		;
	if (i < PAGE_SIZE / sizeof(*words))
		KUNIT_FAIL(test, "slot %lu: word %zu is 0x%llx, should be 0x%llx",
			   index, i, words[i], fix->values[index]);
}

/**
 * vmzone_test_zone_read() - read a slot and compare it with the model
 * @test: the test
 * @index: of the slot
 *
 * Context: process context.
 * Return: as vmzone_resident_get().
 */
int vmzone_test_zone_read(struct kunit *test, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;
	enum vmzone_touch touch;
	struct page *page;
	int ret;

	ret = vmzone_resident_get(fix->zone, index, VMZONE_WANT_ANY, &page, &touch);
	if (ret)
		return ret;
	expect_value(test, page_address(page), index);
	unlock_page(page);
	put_page(page);
	return 0;
}

/* Sums over all slots. */
struct tally {
	unsigned long nr_frames;
	unsigned long nr_pinned;
	unsigned long nr_backed;
	unsigned long nr_standby;
	unsigned long nr_used;
};

static void check_frame(struct kunit *test, struct vmzone_slot *slot, pgoff_t index,
			struct tally *tally)
{
	struct vmzone_frame *frame = vmzone_slot_frame(slot);
	struct page *page = vmzone_frame_page(frame);
	struct zone_fixture *fix = test->priv;
	u32 word = vmzone_slot_word(slot);
	u8 wanted = VMZONE_POLICY_WANTED | VMZONE_POLICY_LISTED, hint;

	tally->nr_frames++;
	tally->nr_standby += vmzone_slot_state(word) == VMZONE_STATE_STANDBY;
	KUNIT_EXPECT_PTR_EQ(test, frame->mapping, fix->zone->inode->i_mapping);
	KUNIT_EXPECT_EQ(test, frame->index, index);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_FALSE(test, PageLocked(page));
	hint = vmzone_frame_hint(frame);
	KUNIT_EXPECT_EQ(test, hint & wanted, fix->pins[index] ? 0 : wanted);
	KUNIT_EXPECT_EQ(test, !!(hint & VMZONE_POLICY_PARKED),
			vmzone_slot_state(word) == VMZONE_STATE_STANDBY);
	expect_value(test, page_address(page), index);
	if (!(word & VMZONE_SLOT_BACKED))
		return;
	if (!(word & VMZONE_SLOT_WRITTEN) && !PageDirty(page)) {
		const void *copy = vmzone_fake_find(vmzone_slot_frame_token(slot, frame));

		KUNIT_EXPECT_NOT_NULL(test, copy);
		if (copy)
			expect_value(test, copy, index);
	}
}

static void check_slot(struct kunit *test, pgoff_t index, struct tally *tally)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_slot *slot = vmzone_zone_find_slot(fix->zone, index);
	u32 word = slot ? vmzone_slot_word(slot) : 0;

	tally->nr_backed += !!(word & VMZONE_SLOT_BACKED);
	tally->nr_pinned += !!vmzone_slot_pins(word);
	tally->nr_used += vmzone_slot_state(word) != VMZONE_STATE_EMPTY;
	KUNIT_EXPECT_EQ(test, vmzone_slot_pins(word), fix->pins[index]);
	KUNIT_EXPECT_FALSE(test, vmzone_slot_is_owned(word));
	if (vmzone_slot_has_frame(word)) {
		check_frame(test, slot, index, tally);
	} else if (vmzone_slot_state(word) == VMZONE_STATE_EMPTY) {
		KUNIT_EXPECT_EQ_MSG(test, fix->values[index], 0ull, "slot %lu is lost", index);
	} else {
		const void *copy = vmzone_fake_find(vmzone_slot_token(slot));

		KUNIT_EXPECT_NOT_NULL_MSG(test, copy, "slot %lu has no good token", index);
		if (copy)
			expect_value(test, copy, index);
	}
}

/**
 * vmzone_test_zone_settle() - wait until the workers have done what they are at
 * @test: the test
 *
 * Context: process context, sleeps.
 */
void vmzone_test_zone_settle(struct kunit *test)
{
	struct vmzone_reclaim *reclaim = &vmzone_test_zone_of(test)->reclaim;
	unsigned int i;

	for (i = 0; i < VMZONE_MAX_WORKERS; i++)
		flush_work(&reclaim->workers[i].work);
}

/**
 * vmzone_test_zone_check() - see that nothing was lost
 * @test: the test
 *
 * Context: process context, sleeps; nobody else uses the zone.
 */
void vmzone_test_zone_check(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_zone *zone = fix->zone;
	struct tally tally = { 0 };
	pgoff_t index;

	vmzone_test_zone_settle(test);
	for (index = 0; index < ZONE_SLOTS; index++)
		check_slot(test, index, &tally);
	KUNIT_EXPECT_EQ(test, tally.nr_frames + fix->nr_orphans,
			(unsigned long)atomic_long_read(&zone->pool.used));
	KUNIT_EXPECT_EQ(test, fix->nr_orphans, zone->pool.nr_orphans);
	KUNIT_EXPECT_EQ(test, tally.nr_pinned,
			(unsigned long)atomic_long_read(&zone->pool.pinned));
	KUNIT_EXPECT_EQ(test, tally.nr_standby, zone->policy.nr_standby);
	KUNIT_EXPECT_EQ(test, tally.nr_frames - tally.nr_pinned,
			zone->policy.nr + zone->policy.nr_standby);
	KUNIT_EXPECT_EQ(test, tally.nr_backed, (unsigned long)vmzone_fake.nr_live);
	KUNIT_EXPECT_EQ(test, tally.nr_used, (unsigned long)atomic_long_read(&zone->nr_used));
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_wrong, 0u);
	KUNIT_EXPECT_LE(test, (unsigned long)atomic_long_read(&zone->pool.pages),
			zone->pool.budget);
}

/**
 * vmzone_test_zone_state() - the state of a slot
 * @test: the test
 * @index: of the slot
 *
 * Context: process context.
 * Return: its state.
 */
enum vmzone_slot_state vmzone_test_zone_state(struct kunit *test, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_slot *slot = vmzone_zone_find_slot(fix->zone, index);

	return slot ? vmzone_slot_state(vmzone_slot_word(slot)) : VMZONE_STATE_EMPTY;
}

/**
 * vmzone_test_zone_event() - how often something happened
 * @test: the test
 * @stat: enum vmzone_stat
 *
 * Context: process context.
 * Return: the count.
 */
u64 vmzone_test_zone_event(struct kunit *test, unsigned int stat)
{
	struct zone_fixture *fix = test->priv;
	u64 event[VMZONE_STAT_NR];

	vmzone_counters_read_events(&fix->zone->counters, event, false);
	return event[stat];
}
