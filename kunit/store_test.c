// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_test.c - the compressed store
 *
 * Proves, with each codec: every kind of page comes back; a page of one word
 * takes no memory, one that does not compress is kept raw; the store's memory
 * is never above its limit, also when most of it is holes, and a save that
 * would break it fails with -ENOSPC and leaves everything as it was; what is
 * dropped makes room; tokens are what store.h says; the figures add up in any
 * sequence of calls (against a model); a token that finds damaged contents
 * gives -EBADMSG.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "params.h"
#include "store_fixture.h"

static void round_trip(struct kunit *test)
{
	struct store_fixture *fix = test->priv;
	unsigned int i;

	vmzone_tokens_start(test, NO_LIMIT);
	kunit_info(test, "seed 0x%lx\n", TOKENS_SEED);
	for (i = 0; i < NR_TOKENS; i++) {
		const struct vmzone_sample *sample = &vmzone_samples[i % VMZONE_NR_SAMPLES];

		KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, sample), 0);
		KUNIT_EXPECT_EQ_MSG(test, vmzone_token_is_same_filled(fix->tokens[i].hi),
				    sample->same_filled, "%s", sample->name);
	}
	/* Loading twice finds the same: the token stays good. */
	for (i = 0; i < 2 * NR_TOKENS; i++)
		vmzone_tokens_check(test, (i * 7) % NR_TOKENS);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_stored, (u64)NR_TOKENS);
	for (i = 0; i < NR_TOKENS; i += 2)
		vmzone_tokens_drop(test, i);
	for (i = 1; i < NR_TOKENS; i += 2)
		vmzone_tokens_check(test, i);
}

static void empty_store_takes_nothing(struct kunit *test)
{
	struct vmzone_store *store = vmzone_tokens_start(test, NO_LIMIT);
	struct vmzone_store_stats stats = vmzone_tokens_gauges(test);

	KUNIT_EXPECT_EQ(test, stats.limit_bytes, NO_LIMIT);
	KUNIT_EXPECT_EQ(test, stats.bytes, 0ull);
	KUNIT_EXPECT_EQ(test, stats.payload_bytes, 0ull);
	KUNIT_EXPECT_EQ(test, stats.nr_stored, 0ull);
	KUNIT_EXPECT_FALSE(test, store->ops->is_tight(store));
}

static void same_filled_takes_no_memory(struct kunit *test)
{
	static const u64 words[] = {
		0, 1, ~0ULL, 1ULL << 63, 0xffULL << 56, 0x0123456789abcdefULL,
		0x00ffffffffffffffULL, 0xaaaaaaaaaaaaaaaaULL,
	};
	struct vmzone_store *store = vmzone_tokens_start(test, 0);	/* not a byte allowed */
	struct store_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		memset64(page_address(fix->page), words[i], PAGE_SIZE / sizeof(u64));
		fix->hashes[i] = vmzone_tokens_hash(fix->page);
		KUNIT_ASSERT_EQ(test, store->ops->save(store, fix->page, &fix->tokens[i]), 0);
		KUNIT_EXPECT_TRUE(test, vmzone_token_is_same_filled(fix->tokens[i].hi));
		KUNIT_EXPECT_FALSE(test, vmzone_token_is_raw(fix->tokens[i].hi));
		vmzone_tokens_check(test, i);
		KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_same_filled, i + 1ull);
		KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_stored, i + 1ull);
		KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).bytes, 0ull);
		KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).payload_bytes, 0ull);
	}
	for (i = 0; i < ARRAY_SIZE(words); i++)
		vmzone_tokens_drop(test, i);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_stored, 0ull);
	/* Any other page does not fit. */
	KUNIT_EXPECT_EQ(test, vmzone_tokens_save(test, 0, vmzone_sample_named("last byte differs")),
			-ENOSPC);
}

static void tokens_tell_how_it_is_kept(struct kunit *test)
{
	const struct vmzone_codec_ops *codec = test->param_value;
	bool raw_only = codec->id == VMZONE_CODEC_NONE;
	struct store_fixture *fix = test->priv;
	struct vmzone_store_stats stats;
	u32 hi;

	vmzone_tokens_start(test, NO_LIMIT);
	KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, 0, vmzone_sample_named("text")), 0);
	hi = fix->tokens[0].hi;
	stats = vmzone_tokens_gauges(test);
	KUNIT_EXPECT_EQ(test, FIELD_GET(VMZONE_TOKEN_KIND, hi), (u32)VMZONE_TOKEN_OBJECT);
	KUNIT_EXPECT_EQ(test, FIELD_GET(VMZONE_TOKEN_CODEC, hi), (u32)codec->id);
	KUNIT_EXPECT_EQ(test, vmzone_token_is_raw(hi), raw_only);
	KUNIT_EXPECT_EQ(test, stats.nr_raw, (u64)raw_only);
	KUNIT_EXPECT_EQ(test, stats.payload_bytes, (u64)FIELD_GET(VMZONE_TOKEN_LEN, hi));
	if (raw_only)
		KUNIT_EXPECT_EQ(test, stats.payload_bytes, (u64)PAGE_SIZE);
	else
		KUNIT_EXPECT_LT(test, stats.payload_bytes, (u64)PAGE_SIZE * 3 / 5);

	KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, 1, vmzone_sample_named("random")), 0);
	hi = fix->tokens[1].hi;
	KUNIT_EXPECT_TRUE(test, vmzone_token_is_raw(hi));
	KUNIT_EXPECT_FALSE(test, vmzone_token_is_same_filled(hi));
	KUNIT_EXPECT_EQ(test, FIELD_GET(VMZONE_TOKEN_LEN, hi), (u32)PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_raw, raw_only + 1ull);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).payload_bytes,
			stats.payload_bytes + PAGE_SIZE);
	vmzone_tokens_drop(test, 1);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_raw, (u64)raw_only);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).payload_bytes, stats.payload_bytes);
}

/* vmzone_tokens_fill_up() looks at the limit before and after every save. */
static void limit_holds(struct kunit *test)
{
	static const char *const names[] = { "random", "text", "pointers", "half random" };
	const u64 limit_bytes = 150000;
	unsigned int i;

	vmzone_tokens_start(test, limit_bytes);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned int nr = vmzone_tokens_fill_up(test, vmzone_sample_named(names[i]));
		struct vmzone_store_stats stats = vmzone_tokens_gauges(test);

		KUNIT_EXPECT_EQ(test, stats.nr_stored, (u64)nr);
		KUNIT_EXPECT_GE(test, stats.bytes, limit_bytes * 3 / 4);
		vmzone_tokens_check_all(test);
		vmzone_tokens_drop_all(test);
		stats = vmzone_tokens_gauges(test);
		KUNIT_EXPECT_EQ(test, stats.bytes, 0ull);
		KUNIT_EXPECT_EQ(test, stats.payload_bytes, 0ull);
		KUNIT_EXPECT_EQ(test, stats.nr_stored, 0ull);
	}
}

static void dropping_makes_room(struct kunit *test)
{
	const struct vmzone_sample *random = vmzone_sample_named("random");
	unsigned int i;

	vmzone_tokens_start(test, 120000);
	vmzone_tokens_fill_up(test, random);
	for (i = 0; i < 20; i += 2)
		vmzone_tokens_drop(test, i);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_fill_up(test, random), 10u);
	vmzone_tokens_check_all(test);
}

/* A store that is mostly holes is compacted before a save is refused. */
static void holes_are_used(struct kunit *test)
{
	const u64 limit_bytes = 400000;
	unsigned int i, nr;

	vmzone_tokens_start(test, limit_bytes);
	nr = vmzone_tokens_fill_up(test, vmzone_sample_named("half random"));
	for (i = 0; i < nr; i++)
		if (i % 4)
			vmzone_tokens_drop(test, i);
	nr = vmzone_tokens_fill_up(test, vmzone_sample_named("random"));
	KUNIT_EXPECT_GE(test, (u64)nr * PAGE_SIZE, limit_bytes / 2);
	vmzone_tokens_check_all(test);
}

static void tight_above_nine_tenths(struct kunit *test)
{
	const struct vmzone_sample *random = vmzone_sample_named("random");
	const u64 limit_bytes = 64 * (PAGE_SIZE + sizeof(unsigned long));
	struct vmzone_store *store = vmzone_tokens_start(test, limit_bytes);
	unsigned int i, nr_tight = 0;

	for (i = 0; i < NR_TOKENS && !vmzone_tokens_save(test, i, random); i++) {
		bool tight = store->ops->is_tight(store);

		KUNIT_EXPECT_EQ(test, tight,
				vmzone_tokens_gauges(test).bytes * 10 > limit_bytes * 9);
		nr_tight += tight;
	}
	KUNIT_EXPECT_EQ(test, i, 64u);
	KUNIT_EXPECT_GT(test, nr_tight, 0u);
	KUNIT_EXPECT_LT(test, nr_tight, 10u);
	while (i > 32)
		vmzone_tokens_drop(test, --i);
	KUNIT_EXPECT_FALSE(test, store->ops->is_tight(store));
}

static void figures_add_up(struct kunit *test)
{
	struct store_fixture *fix = test->priv;
	unsigned int i, j, nr_full = 0;

	vmzone_tokens_start(test, 300000);
	kunit_info(test, "seed 0x%lx\n", TOKENS_SEED);
	for (i = 0; i < 3000; i++) {
		struct vmzone_store_stats sum = { 0 }, stats;
		u32 random = prandom_u32_state(&fix->rnd);
		unsigned int k = (random >> 4) % NR_TOKENS;
		int ret = 0;

		if (!fix->tokens[k].hi)
			ret = vmzone_tokens_save(test, k,
						 &vmzone_samples[random % VMZONE_NR_SAMPLES]);
		else if (random & 8)
			vmzone_tokens_drop(test, k);
		else
			vmzone_tokens_check(test, k);
		if (ret) {
			KUNIT_ASSERT_EQ(test, ret, -ENOSPC);
			nr_full++;
		}
		for (j = 0; j < NR_TOKENS; j++) {
			u32 hi = fix->tokens[j].hi;

			sum.nr_stored += hi != 0;
			sum.nr_same_filled += vmzone_token_is_same_filled(hi);
			sum.nr_raw += vmzone_token_is_raw(hi);
			sum.payload_bytes += FIELD_GET(VMZONE_TOKEN_LEN, hi);
		}
		stats = vmzone_tokens_gauges(test);
		KUNIT_ASSERT_EQ(test, stats.nr_stored, sum.nr_stored);
		KUNIT_ASSERT_EQ(test, stats.nr_same_filled, sum.nr_same_filled);
		KUNIT_ASSERT_EQ(test, stats.nr_raw, sum.nr_raw);
		KUNIT_ASSERT_EQ(test, stats.payload_bytes, sum.payload_bytes);
		KUNIT_ASSERT_GE(test, stats.bytes, stats.payload_bytes);
	}
	KUNIT_EXPECT_GT(test, nr_full, 0u);
	vmzone_tokens_check_all(test);
}

static u32 replace(u32 hi, u32 mask, u32 value)
{
	return (hi & ~mask) | value << __ffs(mask);
}

static void damaged_contents_are_refused(struct kunit *test)
{
	struct store_fixture *fix = test->priv;
	struct vmzone_store *store = vmzone_tokens_start(test, NO_LIMIT);
	unsigned int i, codec;

	for (codec = 0; codec < 16; codec++)
		if (vmzone_codec_by_id(codec))
			KUNIT_ASSERT_EQ(test, vmzone_codec_get(vmzone_codec_by_id(codec)), 0);
	for (i = 0; i < VMZONE_NR_SAMPLES; i++) {
		struct vmzone_token bad;
		u32 hi, len;
		int ret;

		KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, &vmzone_samples[i]), 0);
		bad = fix->tokens[i];
		hi = bad.hi;
		bad.hi = replace(hi, VMZONE_TOKEN_KIND, 0);
		KUNIT_EXPECT_EQ(test, store->ops->load(store, bad, fix->copy), -EBADMSG);
		bad.hi = replace(hi, VMZONE_TOKEN_KIND, 3);
		KUNIT_EXPECT_EQ(test, store->ops->load(store, bad, fix->copy), -EBADMSG);
		if (vmzone_token_is_same_filled(hi))
			continue;
		/* The end is missing. */
		for (len = FIELD_GET(VMZONE_TOKEN_LEN, hi); len; len /= 2) {
			bad.hi = replace(hi, VMZONE_TOKEN_LEN, len - 1);
			KUNIT_EXPECT_EQ(test, store->ops->load(store, bad, fix->copy),
					-EBADMSG);
		}
		/* Made by another codec, if by any. */
		for (codec = 0; codec < 16; codec++) {
			bad.hi = replace(hi, VMZONE_TOKEN_CODEC, codec);
			ret = store->ops->load(store, bad, fix->copy);
			if (!vmzone_codec_by_id(codec))
				KUNIT_EXPECT_EQ(test, ret, -EBADMSG);
		}
		vmzone_tokens_check(test, i);
	}
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_stored, (u64)VMZONE_NR_SAMPLES);
	for (codec = 0; codec < 16; codec++)
		if (vmzone_codec_by_id(codec))
			vmzone_codec_put(vmzone_codec_by_id(codec));
}

/* Counted by the machine, not by the store. */
static void all_pages_go_back(struct kunit *test)
{
	unsigned long nr_zspages = global_zone_page_state(NR_ZSPAGES);
	struct store_fixture *fix = test->priv;
	struct vmzone_store_stats stats;
	unsigned int i;

	vmzone_tokens_start(test, NO_LIMIT);
	for (i = 0; i < NR_TOKENS; i++) {
		const struct vmzone_sample *sample = &vmzone_samples[i % VMZONE_NR_SAMPLES];

		KUNIT_ASSERT_EQ(test, vmzone_tokens_save(test, i, sample), 0);
	}
	stats = vmzone_tokens_gauges(test);
	KUNIT_EXPECT_EQ(test, stats.bytes,
			((u64)global_zone_page_state(NR_ZSPAGES) - nr_zspages) * PAGE_SIZE +
			(stats.nr_stored - stats.nr_same_filled) * sizeof(long));
	vmzone_tokens_drop_all(test);
	fix->store->ops->destroy(fix->store);
	fix->store = NULL;
	KUNIT_EXPECT_EQ(test, global_zone_page_state(NR_ZSPAGES), nr_zspages);
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE_PARAM(empty_store_takes_nothing, vmzone_test_codecs),
	KUNIT_CASE_PARAM(round_trip, vmzone_test_codecs),
	KUNIT_CASE_PARAM(same_filled_takes_no_memory, vmzone_test_codecs),
	KUNIT_CASE_PARAM(tokens_tell_how_it_is_kept, vmzone_test_codecs),
	KUNIT_CASE_PARAM(limit_holds, vmzone_test_codecs),
	KUNIT_CASE_PARAM(dropping_makes_room, vmzone_test_codecs),
	KUNIT_CASE_PARAM(holes_are_used, vmzone_test_codecs),
	KUNIT_CASE_PARAM(tight_above_nine_tenths, vmzone_test_codecs),
	KUNIT_CASE_PARAM(figures_add_up, vmzone_test_codecs),
	KUNIT_CASE_PARAM(damaged_contents_are_refused, vmzone_test_codecs),
	KUNIT_CASE_PARAM(all_pages_go_back, vmzone_test_codecs),
	{}
};

static struct kunit_suite store_suite = {
	.name = "vmzone_store",
	.init = vmzone_tokens_init,
	.exit = vmzone_tokens_exit,
	.test_cases = store_cases,
};

kunit_test_suite(store_suite);
