// SPDX-License-Identifier: GPL-2.0-only
/*
 * settings_test.c - a zone's parameters changed, over a store that can fail
 *
 * Proves: VMZONE_IOC_SET refuses bad values without a look at the zone; each step
 * of a change, failing after all before it were done, leaves every parameter,
 * every page and every figure as it was (zone_fixture.c), and the same change
 * succeeds once the cause is gone; a smaller budget whose n-th page-out fails,
 * once or for good, loses nothing; copies that only save work are dropped for a
 * lower store limit, of slots that are resident, on standby and pinned alike, and
 * no others; what a zone was granted goes back in full when it ends.
 */
#include <kunit/test.h>
#include <linux/err.h>

#include "../module/evict.h"
#include "../module/range.h"
#include "../module/settings.h"
#include "fake_store.h"
#include "params.h"
#include "zone_fixture.h"

#define ALL	(VMZONE_SET_BYTES | VMZONE_SET_FRAMES | VMZONE_SET_STORE_LIMIT |	\
		 VMZONE_SET_POLICY | VMZONE_SET_CODEC)
#define FRAMES	40

/* No sweep needs more calls than this. */
#define MAX_CALLS	500

static void start(struct kunit *test)
{
	vmzone_test_zone_start(test, &vmzone_policy_clock, FRAMES);
}

static void write_all(struct kunit *test, pgoff_t end)
{
	pgoff_t index;

	for (index = 0; index < end; index++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, ZONE_VALUE(index)), 0);
}

static void read_some(struct kunit *test, pgoff_t first, pgoff_t end)
{
	for (; first < end; first++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, first), 0);
}

static void page_out_all(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	u64 nr_done;

	KUNIT_ASSERT_EQ(test, vmzone_range_page_out(fix->zone, 0, ZONE_SLOTS, &nr_done), 0);
}

static void pin(struct kunit *test, pgoff_t first, pgoff_t end)
{
	struct zone_fixture *fix = test->priv;

	for (; first < end; first++, fix->pins[first - 1]++)
		KUNIT_ASSERT_EQ(test, vmzone_resident_pin(fix->zone, first), 0);
}

static void unpin_all(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	pgoff_t index;

	for (index = 0; index < ZONE_SLOTS; index++)
		for (; fix->pins[index]; fix->pins[index]--)
			vmzone_resident_unpin(fix->zone, index);
}

/* Every place that knows a parameter says what @set says. */
static void expect_settings(struct kunit *test, const struct vmzone_set *set)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_zone *zone = fix->zone;
	struct vmzone_set now = { 0 };

	vmzone_settings_read(zone, &now);
	KUNIT_EXPECT_EQ(test, now.which, (u32)ALL);
	KUNIT_EXPECT_EQ(test, now.bytes, set->bytes);
	KUNIT_EXPECT_EQ(test, now.frames, set->frames);
	KUNIT_EXPECT_EQ(test, now.store_limit, set->store_limit);
	KUNIT_EXPECT_EQ(test, now.policy, set->policy);
	KUNIT_EXPECT_EQ(test, now.codec, set->codec);
	KUNIT_EXPECT_EQ(test, (u64)i_size_read(zone->inode), set->bytes);
	KUNIT_EXPECT_EQ(test, (u64)zone->pool.budget, set->frames);
	KUNIT_EXPECT_EQ(test, (u64)zone->pool.target, set->frames);
	KUNIT_EXPECT_EQ(test, vmzone_fake.limit_bytes, set->store_limit);
	KUNIT_EXPECT_EQ(test, (u32)zone->policy.ops->id, set->policy);
}

static struct vmzone_set settings(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_set set = { 0 };

	vmzone_settings_read(fix->zone, &set);
	return set;
}

static int apply(struct kunit *test, struct vmzone_set set)
{
	struct zone_fixture *fix = test->priv;

	return vmzone_settings_apply(fix->zone, &set);
}

static int set_frames(struct kunit *test, u64 frames)
{
	return apply(test, (struct vmzone_set) { .which = VMZONE_SET_FRAMES, .frames = frames });
}

static int set_limit(struct kunit *test, u64 limit)
{
	return apply(test, (struct vmzone_set) {
		.which = VMZONE_SET_STORE_LIMIT, .store_limit = limit,
	});
}

static const struct vmzone_set bad_sets[] = {
	{ .which = ALL + 1 },
	{ .which = ~0U },
	{ .which = VMZONE_SET_BYTES, .bytes = 0 },
	{ .which = VMZONE_SET_BYTES, .bytes = PAGE_SIZE + 1 },
	{ .which = VMZONE_SET_BYTES, .bytes = VMZONE_MAX_BYTES + PAGE_SIZE },
	{ .which = VMZONE_SET_FRAMES, .frames = 0 },
	{ .which = VMZONE_SET_FRAMES, .frames = VMZONE_POOL_MIN_FRAMES - 1 },
	{ .which = VMZONE_SET_POLICY, .policy = 0 },
	{ .which = VMZONE_SET_POLICY, .policy = 99 },
	{ .which = VMZONE_SET_CODEC, .codec = 0 },
	{ .which = VMZONE_SET_CODEC, .codec = 99 },
};

static void bad_values_are_refused(struct kunit *test)
{
	struct vmzone_set before;
	unsigned int i;

	start(test);
	before = settings(test);
	for (i = 0; i < ARRAY_SIZE(bad_sets); i++) {
		KUNIT_EXPECT_EQ_MSG(test, apply(test, bad_sets[i]), -EINVAL, "set %u", i);
		expect_settings(test, &before);
	}
	KUNIT_EXPECT_EQ(test, apply(test, (struct vmzone_set) { .policy = 99 }), 0);
	expect_settings(test, &before);
}

/* All that can be changed in a zone of 30 slots with contents. */
static struct vmzone_set good_set(struct kunit *test)
{
	struct vmzone_set set = settings(test);

	set.bytes = 32 * PAGE_SIZE;
	set.frames = 24;
	set.store_limit = 1 << 18;
	set.codec = VMZONE_CODEC_ZSTD;
	return set;
}

static void break_nothing(struct kunit *test, struct vmzone_set *set)
{
}

static void break_pinned_tail(struct kunit *test, struct vmzone_set *set)
{
	pin(test, 60, 61);
}

static void break_codec(struct kunit *test, struct vmzone_set *set)
{
	vmzone_fake_arm(1, true, -ENOMEM, -ENOMEM);
}

static void break_limit(struct kunit *test, struct vmzone_set *set)
{
	page_out_all(test);
	set->store_limit = 29 * PAGE_SIZE;
}

static void break_too_many_frames(struct kunit *test, struct vmzone_set *set)
{
	set->frames = vmzone_params.max_frames + 1;
}

static void break_pins(struct kunit *test, struct vmzone_set *set)
{
	pin(test, 0, 23);
}

/* With the codec as it is: a store that always fails could not take it back. */
static void break_page_out_no_room(struct kunit *test, struct vmzone_set *set)
{
	set->which &= ~VMZONE_SET_CODEC;
	vmzone_fake_arm(1, true, -ENOSPC, -ENOMEM);
}

static void break_page_out_no_memory(struct kunit *test, struct vmzone_set *set)
{
	set->which &= ~VMZONE_SET_CODEC;
	vmzone_fake_arm(3, true, -ENOMEM, -ENOMEM);
}

/**
 * struct broken - one step of a change that fails
 * @name: of it
 * @arrange: brings that about
 * @error: what the change must return
 */
struct broken {
	const char *name;
	void (*arrange)(struct kunit *test, struct vmzone_set *set);
	int error;
};

static const struct broken broken[] = {
	{ "none", break_nothing, 0 },
	{ "size, a pin", break_pinned_tail, -EBUSY },
	{ "codec, no memory", break_codec, -ENOMEM },
	{ "limit too low", break_limit, -ENOMEM },
	{ "too many frames", break_too_many_frames, -ENOSPC },
	{ "too few frames for pins", break_pins, -ENOMEM },
	{ "page-out, no room", break_page_out_no_room, -ENOMEM },
	{ "page-out, no memory", break_page_out_no_memory, -ENOMEM },
};

static void broken_to_desc(const struct broken *which, char *desc)
{
	strscpy(desc, which->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(broken, broken, broken_to_desc);

static void a_step_fails(struct kunit *test)
{
	const struct broken *which = test->param_value;
	struct vmzone_set before, set;

	start(test);
	write_all(test, 30);
	before = settings(test);
	set = good_set(test);
	which->arrange(test, &set);
	KUNIT_EXPECT_EQ(test, apply(test, set), which->error);
	vmzone_fake_disarm();
	if (which->error)
		expect_settings(test, &before);
	vmzone_test_zone_check(test);
	read_some(test, 0, 30);

	unpin_all(test);
	set = good_set(test);
	KUNIT_EXPECT_EQ(test, apply(test, set), 0);
	expect_settings(test, &set);
	vmzone_test_zone_check(test);
	read_some(test, 0, 30);
	vmzone_test_zone_check(test);
}

/* Returns whether there was an n-th call. */
static bool shrink_with_nth_failing(struct kunit *test, unsigned int n, bool for_good, int error)
{
	struct vmzone_set before;
	bool failed;
	int ret;

	start(test);
	write_all(test, 36);
	before = settings(test);
	vmzone_fake_arm(n, for_good, error, -ENOMEM);
	ret = set_frames(test, 16);
	failed = vmzone_fake.nr_failed;
	vmzone_fake_disarm();
	vmzone_test_zone_check(test);
	if (ret) {
		KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "call %u", n);
		KUNIT_EXPECT_TRUE(test, failed);
		expect_settings(test, &before);
		KUNIT_EXPECT_EQ(test, set_frames(test, 16), 0);
	}
	before.frames = 16;
	expect_settings(test, &before);
	read_some(test, 0, 36);
	vmzone_test_zone_check(test);
	return failed;
}

static void nth_page_out_fails(struct kunit *test)
{
	static const int errors[] = { -ENOSPC, -ENOMEM };
	unsigned int i, n;

	for (i = 0; i < 2 * ARRAY_SIZE(errors); i++) {
		for (n = 1; n < MAX_CALLS &&
		     shrink_with_nth_failing(test, n, i & 1, errors[i / 2]); n++)
			;
		KUNIT_EXPECT_GE(test, n, 8u);
		KUNIT_EXPECT_LT(test, n, (unsigned int)MAX_CALLS);
	}
}

static void larger_budget_is_usable(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;

	start(test);
	KUNIT_EXPECT_EQ(test, set_frames(test, 16), 0);
	KUNIT_EXPECT_EQ(test, set_frames(test, 80), 0);
	write_all(test, ZONE_SLOTS);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fix->zone->pool.used), (long)ZONE_SLOTS);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_saves, 0u);
	vmzone_test_zone_check(test);
}

static void park_some(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_frame *batch[4];
	unsigned long second_chances;
	unsigned int nr;

	nr = vmzone_policy_isolate(&fix->zone->policy, batch, ARRAY_SIZE(batch), &second_chances);
	KUNIT_EXPECT_GT(test, vmzone_evict_park(fix->zone, batch, nr), 0u);
}

/* Of resident slots, one of them pinned, and of some on standby. */
static void copies_go_for_a_limit(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;

	start(test);
	write_all(test, 36);
	page_out_all(test);
	read_some(test, 0, 28);
	pin(test, 0, 1);
	park_some(test);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 36u);

	KUNIT_EXPECT_EQ(test, set_limit(test, 36 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 36u);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, set_limit(test, 8 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 8u);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, set_limit(test, 7 * PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, settings(test).store_limit, 8ull * PAGE_SIZE);
	vmzone_test_zone_check(test);

	KUNIT_EXPECT_EQ(test, set_limit(test, 1 << 20), 0);
	unpin_all(test);
	page_out_all(test);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, 36u);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fix->zone->pool.used), 0l);
	vmzone_test_zone_check(test);
	read_some(test, 0, 36);
}

static void size_cuts_and_grows(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_set set;

	start(test);
	write_all(test, ZONE_SLOTS);
	set = settings(test);
	set.which = VMZONE_SET_BYTES;
	set.bytes = 20 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, apply(test, set), 0);
	expect_settings(test, &set);
	memset(fix->values + 20, 0, sizeof(fix->values) - 20 * sizeof(fix->values[0]));
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_write(test, 20, 1), -EFBIG);
	set.bytes = ZONE_SLOTS * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, apply(test, set), 0);
	expect_settings(test, &set);
	read_some(test, 0, ZONE_SLOTS);
	vmzone_test_zone_check(test);
}

static void policy_is_switched(struct kunit *test)
{
	const struct vmzone_policy_ops *policy = test->param_value;
	struct vmzone_set set;

	start(test);
	write_all(test, ZONE_SLOTS);
	pin(test, 3, 6);
	set = settings(test);
	set.which = VMZONE_SET_POLICY;
	set.policy = policy->id;
	KUNIT_EXPECT_EQ(test, apply(test, set), 0);
	expect_settings(test, &set);
	vmzone_test_zone_check(test);
	read_some(test, 0, ZONE_SLOTS);
	unpin_all(test);
	vmzone_test_zone_check(test);
	page_out_all(test);
	vmzone_test_zone_check(test);
}

/* Whatever was granted on the way, all of it can be granted to one zone again. */
static void grants_add_up(struct kunit *test)
{
	static const u64 frames[] = { 16, 400, 60, 60, 17, 1000, ~0ULL, 16, 100 };
	u64 max_frames = vmzone_params.max_frames;
	unsigned int i;

	start(test);
	write_all(test, 36);
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		int ret = set_frames(test, frames[i]);

		KUNIT_EXPECT_EQ(test, ret, frames[i] > max_frames ? -ENOSPC : 0);
	}
	KUNIT_EXPECT_EQ(test, set_frames(test, max_frames + 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, set_frames(test, max_frames), 0);
	vmzone_test_zone_stop(test);
	vmzone_test_zone_start(test, &vmzone_policy_clock, max_frames);
}

static struct kunit_case settings_cases[] = {
	KUNIT_CASE(bad_values_are_refused),
	KUNIT_CASE_PARAM(a_step_fails, broken_gen_params),
	KUNIT_CASE(nth_page_out_fails),
	KUNIT_CASE(larger_budget_is_usable),
	KUNIT_CASE(copies_go_for_a_limit),
	KUNIT_CASE(size_cuts_and_grows),
	KUNIT_CASE_PARAM(policy_is_switched, vmzone_test_policies),
	KUNIT_CASE(grants_add_up),
	{}
};

static struct kunit_suite settings_suite = {
	.name = "vmzone_settings",
	.init = vmzone_test_zone_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = settings_cases,
};

kunit_test_suite(settings_suite);
