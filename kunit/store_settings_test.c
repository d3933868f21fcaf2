// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_settings_test.c - limit and codec of a compressed store, changed
 *
 * Proves: a limit goes down to what the store takes, to the byte, after holes are
 * closed, and no lower, whatever it holds; a refused one leaves the old one in
 * force; a new one holds at once, both ways. Every codec can follow every other:
 * new pages are saved by the new one, old ones load as before, and all codecs
 * that any page may need stay until the store ends.
 */
#include <kunit/test.h>

#include "params.h"
#include "store_fixture.h"

static void limit_goes_down_to_the_byte(struct kunit *test)
{
	struct vmzone_store *store = vmzone_tokens_start(test, NO_LIMIT);
	struct vmzone_store_stats stats;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		const struct vmzone_sample *sample = &vmzone_samples[i % VMZONE_NR_SAMPLES];

		KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, sample), 0);
	}
	/* What compaction could do is done here. */
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 1), -ENOSPC);
	stats = vmzone_tokens_gauges(test);
	KUNIT_EXPECT_EQ(test, stats.limit_bytes, NO_LIMIT);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, stats.bytes - 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).limit_bytes, NO_LIMIT);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, stats.bytes), 0);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).limit_bytes, stats.bytes);
	KUNIT_EXPECT_TRUE(test, store->ops->is_tight(store));
	KUNIT_EXPECT_EQ(test, vmzone_tokens_save(test, i, vmzone_sample_named("random")), -ENOSPC);
	vmzone_tokens_check_all(test);
}

static void limit_holds_at_once(struct kunit *test)
{
	const struct vmzone_sample *random = vmzone_sample_named("random");
	struct vmzone_store *store = vmzone_tokens_start(test, 20 * (PAGE_SIZE + sizeof(long)));

	KUNIT_EXPECT_EQ(test, vmzone_tokens_fill_up(test, random), 20u);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 50 * (PAGE_SIZE + sizeof(long))), 0);
	KUNIT_EXPECT_FALSE(test, store->ops->is_tight(store));
	KUNIT_EXPECT_EQ(test, vmzone_tokens_fill_up(test, random), 30u);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 40 * (PAGE_SIZE + sizeof(long))),
			-ENOSPC);
	vmzone_tokens_drop(test, 5);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_fill_up(test, random), 1u);
	while (vmzone_tokens_gauges(test).nr_stored > 10)
		vmzone_tokens_drop(test, vmzone_tokens_gauges(test).nr_stored - 1);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 12 * (PAGE_SIZE + sizeof(long))), 0);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_fill_up(test, random), 2u);
	vmzone_tokens_check_all(test);
}

/* Three quarters of each zspage are holes: only compaction brings it down. */
static void lower_limit_closes_holes(struct kunit *test)
{
	const struct vmzone_sample *sample = vmzone_sample_named("half random");
	struct vmzone_store *store = vmzone_tokens_start(test, NO_LIMIT);
	u64 full, needed;
	unsigned int i;

	if (((const struct vmzone_codec_ops *)test->param_value)->id == VMZONE_CODEC_NONE) {
		kunit_skip(test, "raw pages leave no holes");
		return;
	}
	for (i = 0; i < NR_TOKENS; i++)
		KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, sample), 0);
	full = vmzone_tokens_gauges(test).bytes;
	for (i = 0; i < NR_TOKENS; i++)
		if (i % 4)
			vmzone_tokens_drop(test, i);
	needed = full / 2;
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, needed), 0);
	KUNIT_EXPECT_LE(test, vmzone_tokens_gauges(test).bytes, needed);
	vmzone_tokens_check_all(test);
}

static void nothing_fits_in_nothing(struct kunit *test)
{
	struct vmzone_store *store = vmzone_tokens_start(test, NO_LIMIT);

	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 0), 0);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_save(test, 0, vmzone_sample_named("random")), -ENOSPC);
	KUNIT_EXPECT_FALSE(test, store->ops->is_tight(store));
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, NO_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_save(test, 0, vmzone_sample_named("random")), 0);
}

/* From the codec of the parameter to each of the others, and on and on. */
static void every_codec_after_every_other(struct kunit *test)
{
	struct vmzone_store *store = vmzone_tokens_start(test, NO_LIMIT);
	const struct vmzone_codec_ops *codec = NULL;
	struct store_fixture *fix = test->priv;
	char name[KUNIT_PARAM_DESC_SIZE];
	unsigned int i = 0, round, k;

	for (round = 0; round < 10; round++) {
		for (k = 0; k < 20; k++, i++) {
			const struct vmzone_sample *sample = &vmzone_samples[k % VMZONE_NR_SAMPLES];

			KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, sample), 0);
		}
		codec = vmzone_test_codecs(codec, name);
		codec = codec ? codec : vmzone_test_codecs(NULL, name);
		KUNIT_ASSERT_EQ(test, store->ops->set_codec(store, codec), 0);
		KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, vmzone_sample_named("text")), 0);
		KUNIT_EXPECT_EQ_MSG(test, FIELD_GET(VMZONE_TOKEN_CODEC, fix->tokens[i].hi),
				    (u32)codec->id, "%s", name);
		i++;
		vmzone_tokens_check_all(test);
	}
	/* Those of the first codec are needed to the end. */
	for (k = 20; k < i; k++)
		vmzone_tokens_drop(test, k);
	vmzone_tokens_check_all(test);
}

static struct kunit_case settings_cases[] = {
	KUNIT_CASE_PARAM(limit_goes_down_to_the_byte, vmzone_test_codecs),
	KUNIT_CASE_PARAM(limit_holds_at_once, vmzone_test_codecs),
	KUNIT_CASE_PARAM(lower_limit_closes_holes, vmzone_test_codecs),
	KUNIT_CASE_PARAM(nothing_fits_in_nothing, vmzone_test_codecs),
	KUNIT_CASE_PARAM(every_codec_after_every_other, vmzone_test_codecs),
	{}
};

static struct kunit_suite settings_suite = {
	.name = "vmzone_store_settings",
	.init = vmzone_tokens_init,
	.exit = vmzone_tokens_exit,
	.test_cases = settings_cases,
};

kunit_test_suite(settings_suite);
