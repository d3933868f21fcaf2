// SPDX-License-Identifier: GPL-2.0-only
/*
 * failure_test.c - every step that can fail, failing
 *
 * Proves: page in, page out, pin, discard, and faults that must evict, each run
 * against a store whose n-th call fails, for every n until none is left to fail,
 * once and for good, lose nothing: contents, tokens, frames, pin counts and
 * figures are what the model says (zone_fixture.c), the error is the one of the
 * contract, and the same request succeeds once the store is well again. A pin
 * of a range that fails half way leaves no pin. Then the same with a random
 * story under every policy.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/prandom.h>

#include "../module/evict.h"
#include "../module/range.h"
#include "fake_store.h"
#include "params.h"
#include "zone_fixture.h"

#define SEED		0xfa11UL

/* No sweep needs more calls than this. */
#define MAX_CALLS	1000

static int write_all(struct kunit *test, pgoff_t end)
{
	pgoff_t index;
	int ret;

	for (index = 0; index < end; index++) {
		ret = vmzone_test_zone_write(test, index, ZONE_VALUE(index));
		if (ret)
			return ret;
	}
	return 0;
}

static int read_all(struct kunit *test, pgoff_t end)
{
	pgoff_t index;
	int ret;

	for (index = 0; index < end; index++) {
		ret = vmzone_test_zone_read(test, index);
		if (ret)
			return ret;
	}
	return 0;
}

static int page_out_all(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	u64 nr_done;

	return vmzone_range_page_out(fix->zone, 0, ZONE_SLOTS, &nr_done);
}

/**
 * struct sweep - one request, to be made with each call failing
 * @name: of it
 * @frames: budget of the zone
 * @setup: brings the zone to where the request begins; must succeed
 * @act: the request; may be made again after it failed
 */
struct sweep {
	const char *name;
	unsigned long frames;
	int (*setup)(struct kunit *test);
	int (*act)(struct kunit *test);
};

static int setup_written(struct kunit *test)
{
	return write_all(test, 12);
}

static int setup_stored(struct kunit *test)
{
	int ret = write_all(test, 12);

	return ret ? ret : page_out_all(test);
}

/* Some stored, some resident with and without a good copy, some empty. */
static int setup_mixed(struct kunit *test)
{
	int ret = setup_stored(test);

	ret = ret ? ret : read_all(test, 8);
	ret = ret ? ret : vmzone_test_zone_write(test, 2, 222);
	return ret ? ret : vmzone_test_zone_write(test, 20, 2020);
}

static int act_evict_slots(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	pgoff_t index;
	int ret;

	for (index = 0; index < ZONE_SLOTS; index++) {
		ret = vmzone_evict_slot(fix->zone, index);
		if (ret && ret != -ENOENT)
			return ret;
	}
	return 0;
}

static int act_page_in(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	u64 nr_done;

	return vmzone_range_page_in(fix->zone, 0, ZONE_SLOTS, &nr_done);
}

static int act_read(struct kunit *test)
{
	return read_all(test, 12);
}

static int act_pin(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	u64 nr_done;
	int ret = vmzone_range_pin(fix->zone, 2, 10, &nr_done);
	pgoff_t index;

	KUNIT_EXPECT_EQ(test, nr_done, ret ? 0ull : 8ull);
	for (index = 2; !ret && index < 10; index++)
		fix->pins[index]++;
	return ret;
}

static int act_pin_empty_and_stored(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	u64 nr_done;
	int ret = vmzone_range_pin(fix->zone, 4, 17, &nr_done);
	pgoff_t index;

	KUNIT_EXPECT_EQ(test, nr_done, ret ? 0ull : 13ull);
	for (index = 4; !ret && index < 17; index++)
		fix->pins[index]++;
	return ret;
}

/* No call to a store that can fail: it succeeds at once. */
static int act_discard(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	u64 nr_done;
	int ret = vmzone_range_discard(fix->zone, 0, ZONE_SLOTS, &nr_done);

	if (!ret)
		memset(fix->values, 0, sizeof(fix->values));
	return ret;
}

/* More than the budget holds: faults evict by themselves. */
static int act_write_over_budget(struct kunit *test)
{
	return write_all(test, 40);
}

static int act_read_over_budget(struct kunit *test)
{
	return read_all(test, 40);
}

static const struct sweep sweeps[] = {
	{ "page out dirty slots", 64, setup_written, page_out_all },
	{ "page out mixed slots", 64, setup_mixed, page_out_all },
	{ "evict slots", 64, setup_mixed, act_evict_slots },
	{ "page in", 64, setup_stored, act_page_in },
	{ "page in mixed slots", 64, setup_mixed, act_page_in },
	{ "touch stored slots", 64, setup_stored, act_read },
	{ "pin stored slots", 64, setup_stored, act_pin },
	{ "pin mixed slots", 64, setup_mixed, act_pin_empty_and_stored },
	{ "pin under pressure", 17, act_write_over_budget, act_pin },
	{ "discard", 64, setup_mixed, act_discard },
	{ "write over budget", 16, setup_written, act_write_over_budget },
	{ "read over budget", 16, act_write_over_budget, act_read_over_budget },
};

static void sweep_to_desc(const struct sweep *sweep, char *desc)
{
	strscpy(desc, sweep->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sweep, sweeps, sweep_to_desc);

static bool is_error_of_the_contract(int ret)
{
	return ret == -ENOMEM || ret == -ENOSPC || ret == -EIO;
}

/* With the @n-th call failing. Returns whether there was an n-th call. */
static bool sweep_once(struct kunit *test, unsigned int n, bool for_good,
		       int save_error, int load_error)
{
	const struct sweep *sweep = test->param_value;
	bool failed;
	int ret;

	vmzone_test_zone_start(test, &vmzone_policy_clock, sweep->frames);
	KUNIT_ASSERT_EQ(test, sweep->setup(test), 0);
	vmzone_test_zone_check(test);

	vmzone_fake_arm(n, for_good, save_error, load_error);
	ret = sweep->act(test);
	/* The worker may be what failed, or what goes on failing. */
	vmzone_test_zone_check(test);
	failed = vmzone_fake.nr_failed;
	if (ret)
		KUNIT_EXPECT_TRUE_MSG(test, is_error_of_the_contract(ret), "call %u: %d", n, ret);
	if (!failed)
		KUNIT_EXPECT_EQ(test, ret, 0);

	vmzone_fake_disarm();
	if (ret)
		KUNIT_EXPECT_EQ_MSG(test, sweep->act(test), 0, "after call %u failed", n);
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, read_all(test, ZONE_SLOTS), 0);
	vmzone_test_zone_check(test);
	vmzone_test_zone_stop(test);
	return failed;
}

static void sweep_all(struct kunit *test, bool for_good)
{
	static const struct {
		int save, load;
	} errors[] = {
		{ -ENOSPC, -EBADMSG },
		{ -ENOMEM, -ENOMEM },
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		for (n = 1; n < MAX_CALLS && sweep_once(test, n, for_good, errors[i].save,
							errors[i].load); n++)
			;
		KUNIT_EXPECT_LT(test, n, (unsigned int)MAX_CALLS);
	}
	kunit_info(test, "%u calls that can fail\n", n - 1);
}

static void nth_call_fails(struct kunit *test)
{
	sweep_all(test, false);
}

static void all_calls_fail_from_the_nth(struct kunit *test)
{
	sweep_all(test, true);
}

static int discard_one(struct kunit *test, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;
	int ret = vmzone_resident_discard(fix->zone, index);

	if (ret >= 0)
		fix->values[index] = 0;
	return ret < 0 ? ret : 0;
}

static int pin_one(struct kunit *test, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;
	int ret = vmzone_resident_pin(fix->zone, index);

	if (!ret)
		fix->pins[index]++;
	return ret;
}

/* A random request, told to the model. */
static int random_step(struct kunit *test, struct rnd_state *rnd)
{
	struct zone_fixture *fix = test->priv;
	u32 random = prandom_u32_state(rnd);
	pgoff_t index = (random >> 8) % ZONE_SLOTS;

	switch (random % 16) {
	case 0 ... 4:
		return vmzone_test_zone_write(test, index, random | 1);
	case 5 ... 9:
		return vmzone_test_zone_read(test, index);
	case 10 ... 11:
		return vmzone_evict_slot(fix->zone, index);
	case 12:
		return discard_one(test, index);
	case 13:
		return pin_one(test, index);
	case 14:
		if (!fix->pins[index])
			return 0;
		vmzone_resident_unpin(fix->zone, index);
		fix->pins[index]--;
		return 0;
	default:
		vmzone_fake.tight = !vmzone_fake.tight;
		return 0;
	}
}

static void random_story(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	unsigned int i, nr_failed = 0;
	struct rnd_state rnd;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	vmzone_test_zone_start(test, test->param_value, 20);
	for (i = 0; i < 4000; i++) {
		u32 random = prandom_u32_state(&rnd);
		int ret;

		vmzone_fake_arm(random % 4, random & 0x10, random & 0x20 ? -ENOSPC : -ENOMEM,
				random & 0x40 ? -EBADMSG : -ENOMEM);
		ret = random_step(test, &rnd);
		if (ret) {
			KUNIT_ASSERT_TRUE_MSG(test, is_error_of_the_contract(ret) ||
					      ret == -EBUSY || ret == -ENOENT, "%d", ret);
			nr_failed++;
		}
		vmzone_test_zone_check(test);
		KUNIT_ASSERT_LE(test, (unsigned long)atomic_long_read(&fix->zone->pool.peak), 20ul);
		if (test->status == KUNIT_FAILURE)
			return;
	}
	KUNIT_EXPECT_GT(test, nr_failed, 0u);
	vmzone_fake_disarm();
	KUNIT_EXPECT_EQ(test, read_all(test, ZONE_SLOTS), 0);
	vmzone_test_zone_check(test);
}

/* A zone that cannot be made leaves nothing behind, and no frames granted. */
static void create_fails_whole(struct kunit *test)
{
	struct vmzone_config config = {
		.bytes = PAGE_SIZE,
		.frames = vmzone_params.max_frames,
		.policy = &vmzone_policy_fifo,
		.codec = &vmzone_codec_none,
		.store = &vmzone_fake_store,
	};
	struct vmzone_zone *zone, *second;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		vmzone_fake_arm(1, false, -ENOMEM, -ENOMEM);
		zone = vmzone_zone_create(&config);
		KUNIT_ASSERT_TRUE(test, IS_ERR(zone));
		KUNIT_EXPECT_EQ(test, PTR_ERR(zone), (long)-ENOMEM);
	}
	vmzone_fake_disarm();
	zone = vmzone_zone_create(&config);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(zone));
	config.frames = VMZONE_POOL_MIN_FRAMES;
	config.store = &vmzone_store_compressed;
	second = vmzone_zone_create(&config);
	KUNIT_EXPECT_TRUE(test, IS_ERR(second));
	KUNIT_EXPECT_EQ(test, PTR_ERR(second), (long)-ENOSPC);
	vmzone_zone_put(zone);
	second = vmzone_zone_create(&config);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(second));
	vmzone_zone_put(second);
}

static struct kunit_case failure_cases[] = {
	KUNIT_CASE_PARAM(nth_call_fails, sweep_gen_params),
	KUNIT_CASE_PARAM(all_calls_fail_from_the_nth, sweep_gen_params),
	KUNIT_CASE_PARAM(random_story, vmzone_test_policies),
	KUNIT_CASE(create_fails_whole),
	{}
};

static struct kunit_suite failure_suite = {
	.name = "vmzone_failure",
	.init = vmzone_test_zone_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = failure_cases,
};

kunit_test_suite(failure_suite);
