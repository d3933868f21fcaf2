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
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/xxhash.h>

#include "../module/store.h"
#include "params.h"
#include "samples.h"

#define SEED		0x5e77UL
#define NR_TOKENS	300
#define NO_LIMIT	(1024ULL << 20)

/**
 * struct settings_fixture - what every case works on
 * @store: made by start()
 * @rnd: seeded
 * @page: to save from
 * @copy: to load to
 * @tokens: saved pages; hi is 0 where there is none
 * @hashes: of what they held
 */
struct settings_fixture {
	struct vmzone_store *store;
	struct rnd_state rnd;
	struct page *page;
	struct page *copy;
	struct vmzone_token tokens[NR_TOKENS];
	u64 hashes[NR_TOKENS];
};

static int settings_test_init(struct kunit *test)
{
	struct settings_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	test->priv = fix;
	prandom_seed_state(&fix->rnd, SEED);
	fix->page = alloc_page(GFP_KERNEL);
	fix->copy = alloc_page(GFP_KERNEL);
	return fix->page && fix->copy ? 0 : -ENOMEM;
}

static void drop(struct kunit *test, unsigned int i)
{
	struct settings_fixture *fix = test->priv;

	if (fix->tokens[i].hi)
		fix->store->ops->drop(fix->store, fix->tokens[i]);
	fix->tokens[i].hi = 0;
}

static void settings_test_exit(struct kunit *test)
{
	struct settings_fixture *fix = test->priv;
	unsigned int i;

	if (!fix)
		return;
	for (i = 0; fix->store && i < NR_TOKENS; i++)
		drop(test, i);
	if (fix->store)
		fix->store->ops->destroy(fix->store);
	if (fix->page)
		__free_page(fix->page);
	if (fix->copy)
		__free_page(fix->copy);
}

static struct vmzone_store *start(struct kunit *test, u64 limit_bytes)
{
	struct settings_fixture *fix = test->priv;
	struct vmzone_store *store;

	store = vmzone_store_compressed.create(limit_bytes, test->param_value);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(store));
	fix->store = store;
	return store;
}

static struct vmzone_store_stats gauges(struct kunit *test)
{
	struct settings_fixture *fix = test->priv;
	struct vmzone_store_stats stats;

	fix->store->ops->stats(fix->store, &stats);
	KUNIT_EXPECT_LE(test, stats.bytes, stats.limit_bytes);
	return stats;
}

static u64 hash(const struct page *page)
{
	return xxh64(page_address(page), PAGE_SIZE, 0);
}

static int save(struct kunit *test, unsigned int i, const struct vmzone_sample *sample)
{
	struct settings_fixture *fix = test->priv;

	sample->fill(page_address(fix->page), &fix->rnd);
	fix->hashes[i] = hash(fix->page);
	return fix->store->ops->save(fix->store, fix->page, &fix->tokens[i]);
}

static void check_all(struct kunit *test)
{
	struct settings_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < NR_TOKENS; i++) {
		if (!fix->tokens[i].hi)
			continue;
		memset(page_address(fix->copy), 0x33, PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, fix->store->ops->load(fix->store, fix->tokens[i],
							    fix->copy), 0);
		KUNIT_ASSERT_EQ_MSG(test, hash(fix->copy), fix->hashes[i], "token %u", i);
	}
}

static unsigned int fill_up(struct kunit *test, const struct vmzone_sample *sample)
{
	struct settings_fixture *fix = test->priv;
	unsigned int i, nr = 0;
	int ret = 0;

	for (i = 0; !ret && i < NR_TOKENS; i++) {
		if (fix->tokens[i].hi)
			continue;
		ret = save(test, i, sample);
		nr += !ret;
	}
	KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
	return nr;
}

static void limit_goes_down_to_the_byte(struct kunit *test)
{
	struct vmzone_store *store = start(test, NO_LIMIT);
	struct vmzone_store_stats stats;
	unsigned int i;

	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_EQ(test, save(test, i, &vmzone_samples[i % VMZONE_NR_SAMPLES]), 0);
	/* What compaction could do is done here. */
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 1), -ENOSPC);
	stats = gauges(test);
	KUNIT_EXPECT_EQ(test, stats.limit_bytes, NO_LIMIT);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, stats.bytes - 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, gauges(test).limit_bytes, NO_LIMIT);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, stats.bytes), 0);
	KUNIT_EXPECT_EQ(test, gauges(test).limit_bytes, stats.bytes);
	KUNIT_EXPECT_TRUE(test, store->ops->is_tight(store));
	KUNIT_EXPECT_EQ(test, save(test, i, vmzone_sample_named("random")), -ENOSPC);
	check_all(test);
}

static void limit_holds_at_once(struct kunit *test)
{
	const struct vmzone_sample *random = vmzone_sample_named("random");
	struct vmzone_store *store = start(test, 20 * (PAGE_SIZE + sizeof(long)));

	KUNIT_EXPECT_EQ(test, fill_up(test, random), 20u);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 50 * (PAGE_SIZE + sizeof(long))), 0);
	KUNIT_EXPECT_FALSE(test, store->ops->is_tight(store));
	KUNIT_EXPECT_EQ(test, fill_up(test, random), 30u);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 40 * (PAGE_SIZE + sizeof(long))),
			-ENOSPC);
	drop(test, 5);
	KUNIT_EXPECT_EQ(test, fill_up(test, random), 1u);
	while (gauges(test).nr_stored > 10)
		drop(test, gauges(test).nr_stored - 1);
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 12 * (PAGE_SIZE + sizeof(long))), 0);
	KUNIT_EXPECT_EQ(test, fill_up(test, random), 2u);
	check_all(test);
}

/* Three quarters of each zspage are holes: only compaction brings it down. */
static void lower_limit_closes_holes(struct kunit *test)
{
	struct vmzone_store *store = start(test, NO_LIMIT);
	u64 full, needed;
	unsigned int i;

	if (((const struct vmzone_codec_ops *)test->param_value)->id == VMZONE_CODEC_NONE) {
		kunit_skip(test, "raw pages leave no holes");
		return;
	}
	for (i = 0; i < NR_TOKENS; i++)
		KUNIT_ASSERT_EQ(test, save(test, i, vmzone_sample_named("half random")), 0);
	full = gauges(test).bytes;
	for (i = 0; i < NR_TOKENS; i++)
		if (i % 4)
			drop(test, i);
	needed = full / 2;
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, needed), 0);
	KUNIT_EXPECT_LE(test, gauges(test).bytes, needed);
	check_all(test);
}

static void nothing_fits_in_nothing(struct kunit *test)
{
	struct vmzone_store *store = start(test, NO_LIMIT);

	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, 0), 0);
	KUNIT_EXPECT_EQ(test, save(test, 0, vmzone_sample_named("random")), -ENOSPC);
	KUNIT_EXPECT_FALSE(test, store->ops->is_tight(store));
	KUNIT_EXPECT_EQ(test, store->ops->set_limit(store, NO_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, save(test, 0, vmzone_sample_named("random")), 0);
}

/* From the codec of the parameter to each of the others, and on and on. */
static void every_codec_after_every_other(struct kunit *test)
{
	struct vmzone_store *store = start(test, NO_LIMIT);
	const struct vmzone_codec_ops *codec = NULL;
	struct settings_fixture *fix = test->priv;
	char name[KUNIT_PARAM_DESC_SIZE];
	unsigned int i = 0, round, k;

	for (round = 0; round < 10; round++) {
		for (k = 0; k < 20; k++, i++)
			KUNIT_ASSERT_EQ(test, save(test, i, &vmzone_samples[k % VMZONE_NR_SAMPLES]),
					0);
		codec = vmzone_test_codecs(codec, name);
		codec = codec ? codec : vmzone_test_codecs(NULL, name);
		KUNIT_ASSERT_EQ(test, store->ops->set_codec(store, codec), 0);
		KUNIT_ASSERT_EQ(test, save(test, i, vmzone_sample_named("text")), 0);
		KUNIT_EXPECT_EQ_MSG(test, FIELD_GET(VMZONE_TOKEN_CODEC, fix->tokens[i].hi),
				    (u32)codec->id, "%s", name);
		i++;
		check_all(test);
	}
	/* Those of the first codec are needed to the end. */
	for (k = 20; k < i; k++)
		drop(test, k);
	check_all(test);
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
	.init = settings_test_init,
	.exit = settings_test_exit,
	.test_cases = settings_cases,
};

kunit_test_suite(settings_suite);
