// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_fixture.c - a compressed store, and pages saved in it by number
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/xxhash.h>

#include "store_fixture.h"

/**
 * vmzone_tokens_init() - init callback of a suite
 * @test: gets a struct store_fixture without a store as its priv
 *
 * Context: as KUnit calls it.
 * Return: 0 or -ENOMEM.
 */
int vmzone_tokens_init(struct kunit *test)
{
	struct store_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	test->priv = fix;
	prandom_seed_state(&fix->rnd, TOKENS_SEED);
	fix->page = alloc_page(GFP_KERNEL);
	fix->copy = alloc_page(GFP_KERNEL);
	return fix->page && fix->copy ? 0 : -ENOMEM;
}

/**
 * vmzone_tokens_hash() - a number that stands for what a page holds
 * @page: the page
 *
 * Context: process context.
 * Return: it.
 */
u64 vmzone_tokens_hash(const struct page *page)
{
	return xxh64(page_address(page), PAGE_SIZE, 0);
}

/**
 * vmzone_tokens_drop() - drop a page
 * @test: the test
 * @i: number of the token
 *
 * Context: process context.
 */
void vmzone_tokens_drop(struct kunit *test, unsigned int i)
{
	struct store_fixture *fix = test->priv;

	fix->store->ops->drop(fix->store, fix->tokens[i]);
	fix->tokens[i].hi = 0;
}

/**
 * vmzone_tokens_drop_all() - drop all pages
 * @test: the test
 *
 * Context: process context.
 */
void vmzone_tokens_drop_all(struct kunit *test)
{
	struct store_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < NR_TOKENS; i++)
		if (fix->tokens[i].hi)
			vmzone_tokens_drop(test, i);
}

/**
 * vmzone_tokens_exit() - exit callback of a suite
 * @test: whose store and pages are freed, if they are there
 *
 * Context: as KUnit calls it.
 */
void vmzone_tokens_exit(struct kunit *test)
{
	struct store_fixture *fix = test->priv;

	if (!fix)
		return;
	if (fix->store) {
		vmzone_tokens_drop_all(test);
		fix->store->ops->destroy(fix->store);
	}
	if (fix->page)
		__free_page(fix->page);
	if (fix->copy)
		__free_page(fix->copy);
}

/**
 * vmzone_tokens_start() - make a store with the codec of the parameter
 * @test: the test
 * @limit_bytes: its limit
 *
 * Context: process context.
 * Return: the store.
 */
struct vmzone_store *vmzone_tokens_start(struct kunit *test, u64 limit_bytes)
{
	struct store_fixture *fix = test->priv;
	struct vmzone_store *store;

	store = vmzone_store_compressed.create(limit_bytes, test->param_value);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(store));
	KUNIT_EXPECT_PTR_EQ(test, store->ops, &vmzone_store_compressed);
	fix->store = store;
	return store;
}

/**
 * vmzone_tokens_gauges() - what the store says of itself, which must make sense
 * @test: the test
 *
 * Context: process context.
 * Return: the figures.
 */
struct vmzone_store_stats vmzone_tokens_gauges(struct kunit *test)
{
	struct store_fixture *fix = test->priv;
	struct vmzone_store_stats stats = { 0 };

	fix->store->ops->stats(fix->store, &stats);
	KUNIT_EXPECT_LE(test, stats.bytes, stats.limit_bytes);
	KUNIT_EXPECT_LE(test, stats.nr_same_filled + stats.nr_raw, stats.nr_stored);
	return stats;
}

/**
 * vmzone_tokens_save() - save one page of a kind
 * @test: the test
 * @i: number of the token, where there is none yet
 * @sample: the kind
 *
 * Context: process context.
 * Return: 0 or what the store says.
 */
int vmzone_tokens_save(struct kunit *test, unsigned int i, const struct vmzone_sample *sample)
{
	struct store_fixture *fix = test->priv;
	int ret;

	sample->fill(page_address(fix->page), &fix->rnd);
	fix->hashes[i] = vmzone_tokens_hash(fix->page);
	ret = fix->store->ops->save(fix->store, fix->page, &fix->tokens[i]);
	if (ret)
		return ret;
	KUNIT_EXPECT_NE(test, fix->tokens[i].hi, 0u);
	KUNIT_EXPECT_EQ(test, fix->tokens[i].lo >> 56, 0ull);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_hash(fix->page), fix->hashes[i]);
	return 0;
}

/**
 * vmzone_tokens_check() - load a page, which must be what was saved
 * @test: the test
 * @i: number of the token
 *
 * Context: process context.
 */
void vmzone_tokens_check(struct kunit *test, unsigned int i)
{
	struct store_fixture *fix = test->priv;

	memset(page_address(fix->copy), 0x33, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, fix->store->ops->load(fix->store, fix->tokens[i], fix->copy), 0);
	KUNIT_ASSERT_EQ(test, vmzone_tokens_hash(fix->copy), fix->hashes[i]);
}

/**
 * vmzone_tokens_check_all() - vmzone_tokens_check() of all pages
 * @test: the test
 *
 * Context: process context.
 */
void vmzone_tokens_check_all(struct kunit *test)
{
	struct store_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < NR_TOKENS; i++)
		if (fix->tokens[i].hi)
			vmzone_tokens_check(test, i);
}

/**
 * vmzone_tokens_fill_up() - save pages of a kind until there is no room
 * @test: the test
 * @sample: the kind
 *
 * Context: process context.
 * Return: how many there was room for.
 */
unsigned int vmzone_tokens_fill_up(struct kunit *test, const struct vmzone_sample *sample)
{
	struct store_fixture *fix = test->priv;
	unsigned int i, nr = 0;

	for (i = 0; i < NR_TOKENS; i++) {
		struct vmzone_store_stats before = vmzone_tokens_gauges(test), after;
		int ret;

		if (fix->tokens[i].hi)
			continue;
		ret = vmzone_tokens_save(test, i, sample);
		after = vmzone_tokens_gauges(test);
		if (!ret) {
			KUNIT_EXPECT_EQ(test, after.nr_stored, before.nr_stored + 1);
			nr++;
			continue;
		}
		KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
		KUNIT_EXPECT_EQ(test, fix->tokens[i].hi, 0u);
		KUNIT_EXPECT_EQ(test, after.nr_stored, before.nr_stored);
		KUNIT_EXPECT_EQ(test, after.nr_raw, before.nr_raw);
		KUNIT_EXPECT_EQ(test, after.payload_bytes, before.payload_bytes);
		KUNIT_EXPECT_LE(test, after.bytes, before.bytes);
		return nr;
	}
	KUNIT_FAIL(test, "the limit was never reached");
	return nr;
}
