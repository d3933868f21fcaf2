// SPDX-License-Identifier: GPL-2.0-only
/*
 * damage_test.c - stored contents that are not what was stored
 *
 * Proves, with each compressor, on the way from a token in the store to a page:
 * objects that were damaged anywhere, cut short, made longer, or that are garbage,
 * and tokens that claim any length, give a page or -EBADMSG, write to nothing but
 * the page, and leave the store as it was. And of a zone that meets such an object:
 * whoever touches the slot gets -EIO, each time it is counted, pins and page-ins of
 * a range with it change nothing, its neighbours are right, and so is the slot as
 * soon as its object is; or else it can be discarded. What the decompressor had
 * written before it failed is gone from the frame when another slot gets it.
 *
 * A damaged object is made by saving it as the page of a store that does not
 * compress, and changing the token's codec afterwards.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../module/binding.h"
#include "../module/evict.h"
#include "../module/range.h"
#include "fake_store.h"
#include "params.h"
#include "store_fixture.h"
#include "zone_fixture.h"

#define NR_ROUNDS	3000
#define FENCE		0xfe
#define MAX_LEN		FIELD_MAX(VMZONE_TOKEN_LEN)

#define NR_SLOTS	8
#define BAD_SLOT	3
#define EMPTY_SLOT	20
#define NR_FAILURES	300
#define SEED		0xdadUL

/* Compress a page. Returns the length; the object is in @object, which may be that page. */
static size_t pack(struct kunit *test, const void *page, u8 *object)
{
	const struct vmzone_codec_ops *codec = test->param_value;
	struct vmzone_codec_scratch *scratch = vmzone_codec_begin(codec);
	size_t len = 0;
	int ret;

	KUNIT_ASSERT_FALSE(test, IS_ERR(scratch));
	ret = codec->compress(scratch->work, page, scratch->out, &len);
	if (!ret && len <= PAGE_SIZE)
		memcpy(object, scratch->out, len);
	vmzone_codec_end(scratch);
	return ret || len > PAGE_SIZE ? 0 : len;
}

/* Bits, bytes and runs of an object, and lengths of any size. */
static size_t damage(struct rnd_state *rnd, u8 *object, size_t len)
{
	u32 kind = prandom_u32_state(rnd) % 8, at = prandom_u32_state(rnd) % len;
	u32 nr = 1 + prandom_u32_state(rnd) % 64;

	switch (kind) {
	case 0:
		object[at] ^= 1 << nr % 8;
		break;
	case 1:
		object[at % min_t(size_t, len, 16)] = nr * 4;
		break;
	case 2:
		memset(object + at, 0xff, min_t(size_t, len - at, nr));
		break;
	case 3:
		prandom_bytes_state(rnd, object + at, len - at);
		break;
	case 4:
		return at;
	case 5:
		return len + prandom_u32_state(rnd) % (PAGE_SIZE + 1 - len);
	case 6:
		return PAGE_SIZE + 1 + prandom_u32_state(rnd) % (MAX_LEN - PAGE_SIZE);
	default:
		memmove(object, object + at, len - at);
	}
	return len;
}

/* The page in the middle is loaded to; the ones beside it must stay. */
static void check_load(struct kunit *test, struct page *pages, struct vmzone_token token,
		       int want)
{
	struct store_fixture *fix = test->priv;
	u8 *fence = page_address(pages);
	int ret;

	memset(fence, FENCE, 4 * PAGE_SIZE);
	ret = fix->store->ops->load(fix->store, token, pages + 1);
	if (want <= 0)
		KUNIT_ASSERT_EQ(test, ret, want);
	else if (ret)
		KUNIT_ASSERT_EQ(test, ret, -EBADMSG);
	KUNIT_ASSERT_NULL(test, memchr_inv(fence, FENCE, PAGE_SIZE));
	KUNIT_ASSERT_NULL(test, memchr_inv(fence + 2 * PAGE_SIZE, FENCE, 2 * PAGE_SIZE));
}

static struct vmzone_token forge(const struct vmzone_codec_ops *codec,
				 struct vmzone_token token, size_t len)
{
	token.hi &= ~(VMZONE_TOKEN_CODEC | VMZONE_TOKEN_LEN);
	token.hi |= FIELD_PREP(VMZONE_TOKEN_CODEC, codec->id) | FIELD_PREP(VMZONE_TOKEN_LEN, len);
	return token;
}

/* One object: as it is, damaged, and by its own token again. */
static void damage_once(struct kunit *test, struct page *pages, unsigned int round)
{
	const struct vmzone_codec_ops *codec = test->param_value;
	struct store_fixture *fix = test->priv;
	u8 *object = page_address(fix->page);
	size_t len, bad_len;
	u64 hash;

	vmzone_samples[round % VMZONE_NR_SAMPLES].fill(object, &fix->rnd);
	hash = vmzone_tokens_hash(fix->page);
	len = pack(test, object, object);
	if (!len)
		return;
	prandom_bytes_state(&fix->rnd, object + len, PAGE_SIZE - len);
	KUNIT_ASSERT_EQ(test, fix->store->ops->save(fix->store, fix->page, &fix->tokens[0]), 0);
	check_load(test, pages, forge(codec, fix->tokens[0], len), 0);
	KUNIT_ASSERT_EQ(test, vmzone_tokens_hash(pages + 1), hash);
	vmzone_tokens_drop(test, 0);

	bad_len = damage(&fix->rnd, object, len);
	fix->hashes[0] = vmzone_tokens_hash(fix->page);
	KUNIT_ASSERT_EQ(test, fix->store->ops->save(fix->store, fix->page, &fix->tokens[0]), 0);
	if (vmzone_token_is_raw(fix->tokens[0].hi)) {
		check_load(test, pages, forge(codec, fix->tokens[0], bad_len),
			   bad_len > PAGE_SIZE || bad_len < len ? -EBADMSG : 1);
		vmzone_tokens_check(test, 0);
	}
	vmzone_tokens_drop(test, 0);
}

static void any_object_is_survived(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 2);
	struct store_fixture *fix = test->priv;
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	kunit_info(test, "seed 0x%lx\n", TOKENS_SEED);
	vmzone_tokens_start(test, NO_LIMIT);
	KUNIT_ASSERT_EQ(test, fix->store->ops->set_codec(fix->store,
							 vmzone_codec_by_id(VMZONE_CODEC_NONE)), 0);
	for (round = 0; round < NR_ROUNDS && test->status != KUNIT_FAILURE; round++)
		damage_once(test, pages, round);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).nr_stored, 0ull);
	KUNIT_EXPECT_EQ(test, vmzone_tokens_gauges(test).bytes, 0ull);
	__free_pages(pages, 2);
}

static struct kunit_case damage_cases[] = {
	KUNIT_CASE_PARAM(any_object_is_survived, vmzone_test_compressors),
	{}
};

static struct kunit_suite damage_suite = {
	.name = "vmzone_damage",
	.init = vmzone_tokens_init,
	.exit = vmzone_tokens_exit,
	.test_cases = damage_cases,
};

static struct vmzone_slot *slot_of(struct kunit *test, pgoff_t index)
{
	struct zone_fixture *fix = test->priv;

	return vmzone_zone_find_slot(fix->zone, index);
}

/* Garbage that differs from slot to slot, written or compared. Returns 0, 1 if it differs, or an error. */
static int with_page(struct kunit *test, pgoff_t index, bool write)
{
	struct zone_fixture *fix = test->priv;
	enum vmzone_touch touch;
	struct rnd_state rnd;
	struct page *page;
	u64 *words;
	size_t i;
	int ret;

	ret = vmzone_resident_get(fix->zone, index, VMZONE_WANT_ANY, &page, &touch);
	if (ret)
		return ret;
	words = page_address(page);
	prandom_seed_state(&rnd, SEED + index);
	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++) {
		u64 word = (u64)prandom_u32_state(&rnd) << 32 | prandom_u32_state(&rnd);

		if (write)
			words[i] = word;
		ret |= words[i] != word;
	}
	if (write)
		SetPageDirty(page);
	unlock_page(page);
	put_page(page);
	return ret;
}

/* A zone with NR_SLOTS slots of garbage, all of them out, kept as they are. */
static void start_zone(struct kunit *test)
{
	const struct vmzone_config config = {
		.bytes = ZONE_SLOTS * PAGE_SIZE,
		.frames = 64,
		.store_limit_bytes = NO_LIMIT,
		.policy = &vmzone_policy_clock,
		.codec = &vmzone_codec_none,
		.store = &vmzone_store_compressed,
	};
	struct zone_fixture *fix = test->priv;
	struct vmzone_zone *zone = vmzone_zone_create(&config);
	pgoff_t index;

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(zone));
	fix->zone = zone;
	for (index = 0; index < NR_SLOTS; index++) {
		KUNIT_ASSERT_EQ(test, with_page(test, index, true), 0);
		KUNIT_ASSERT_EQ(test, vmzone_evict_slot(zone, index), 0);
	}
}

/* What may be asked while a slot is damaged, and must fail and change nothing. */
static void expect_refused(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_slot *slot = slot_of(test, BAD_SLOT);
	u64 before = vmzone_test_zone_event(test, VMZONE_STAT_LOAD_ERROR), nr_done;

	KUNIT_EXPECT_EQ(test, with_page(test, BAD_SLOT, false), -EIO);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_state(test, BAD_SLOT), VMZONE_STATE_FAILED);
	KUNIT_EXPECT_EQ(test, with_page(test, BAD_SLOT, true), -EIO);
	KUNIT_EXPECT_EQ(test, vmzone_range_page_in(fix->zone, 0, NR_SLOTS, &nr_done), -EIO);
	KUNIT_EXPECT_EQ(test, vmzone_range_pin(fix->zone, 0, NR_SLOTS, &nr_done), -EIO);
	KUNIT_EXPECT_EQ(test, nr_done, 0ull);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fix->zone->pool.pinned), 0l);
	KUNIT_EXPECT_EQ(test, vmzone_range_page_out(fix->zone, 0, NR_SLOTS, &nr_done), 0);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_LOAD_ERROR), before + 4);
	KUNIT_EXPECT_TRUE(test, vmzone_slot_word(slot) & VMZONE_SLOT_BACKED);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_state(test, BAD_SLOT), VMZONE_STATE_FAILED);
}

static void expect_right_but(struct kunit *test, pgoff_t but)
{
	pgoff_t index;

	for (index = 0; index < NR_SLOTS; index++)
		if (index != but)
			KUNIT_EXPECT_EQ(test, with_page(test, index, false), 0);
}

static void zone_outlives_damage(struct kunit *test)
{
	const struct vmzone_codec_ops *codec = test->param_value;
	struct zone_fixture *fix = test->priv;
	struct vmzone_store_stats stats;
	struct vmzone_slot *slot;
	u64 nr_done;
	u32 good;

	KUNIT_ASSERT_EQ(test, vmzone_codec_get(codec), 0);
	start_zone(test);
	slot = slot_of(test, BAD_SLOT);
	good = slot->token_hi;
	slot->token_hi = forge(codec, vmzone_slot_token(slot), PAGE_SIZE).hi;
	expect_refused(test);
	expect_right_but(test, BAD_SLOT);
	expect_refused(test);

	slot->token_hi = good;
	expect_right_but(test, NR_SLOTS);
	KUNIT_EXPECT_EQ(test, vmzone_range_page_out(fix->zone, 0, NR_SLOTS, &nr_done), 0);
	KUNIT_EXPECT_EQ(test, vmzone_range_page_in(fix->zone, 0, NR_SLOTS, &nr_done), 0);
	KUNIT_EXPECT_EQ(test, nr_done, (u64)NR_SLOTS);
	KUNIT_EXPECT_EQ(test, vmzone_range_page_out(fix->zone, 0, NR_SLOTS, &nr_done), 0);

	/* The length of what is dropped is the token's, so that stays. */
	good = slot->token_hi;
	slot->token_hi = forge(codec, vmzone_slot_token(slot), PAGE_SIZE).hi;
	KUNIT_EXPECT_EQ(test, with_page(test, BAD_SLOT, false), -EIO);
	slot->token_hi = good;
	KUNIT_EXPECT_EQ(test, vmzone_range_discard(fix->zone, BAD_SLOT, BAD_SLOT + 1, &nr_done), 0);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_state(test, BAD_SLOT), VMZONE_STATE_EMPTY);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, BAD_SLOT), 0);
	expect_right_but(test, BAD_SLOT);
	fix->zone->store->ops->stats(fix->zone->store, &stats);
	KUNIT_EXPECT_EQ(test, stats.nr_stored, NR_SLOTS - 1ull);
	vmzone_test_zone_stop(test);
	vmzone_codec_put(codec);
}

/* Have that for the contents of a slot, out. */
static void put_object(struct kunit *test, const u8 *object)
{
	struct zone_fixture *fix = test->priv;
	enum vmzone_touch touch;
	struct page *page;
	u64 nr_done;

	KUNIT_ASSERT_EQ(test, vmzone_range_discard(fix->zone, BAD_SLOT, BAD_SLOT + 1, &nr_done), 0);
	KUNIT_ASSERT_EQ(test, vmzone_resident_get(fix->zone, BAD_SLOT, VMZONE_WANT_ANY, &page,
						  &touch), 0);
	memcpy(page_address(page), object, PAGE_SIZE);
	SetPageDirty(page);
	unlock_page(page);
	put_page(page);
	KUNIT_ASSERT_EQ(test, vmzone_evict_slot(fix->zone, BAD_SLOT), 0);
}

/* The page that the next one to need a frame gets. */
static struct page *next_page(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_frame *frame = vmzone_pool_alloc(&fix->zone->pool, VMZONE_POOL_ZERO);

	KUNIT_ASSERT_FALSE(test, IS_ERR(frame));
	vmzone_pool_free(&fix->zone->pool, frame);
	return vmzone_frame_page(frame);
}

/* An empty slot gets that page, and it is zeros. */
static void expect_zeros_in(struct kunit *test, struct page *page)
{
	struct zone_fixture *fix = test->priv;
	enum vmzone_touch touch;
	struct page *got;
	u64 nr_done;

	KUNIT_ASSERT_EQ(test, vmzone_resident_get(fix->zone, EMPTY_SLOT, VMZONE_WANT_ANY, &got,
						  &touch), 0);
	KUNIT_EXPECT_PTR_EQ(test, got, page);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(got), 0, PAGE_SIZE));
	unlock_page(got);
	put_page(got);
	KUNIT_ASSERT_EQ(test, vmzone_range_discard(fix->zone, EMPTY_SLOT, EMPTY_SLOT + 1, &nr_done),
			0);
}

/* Returns whether it failed after it had written to the page. */
static bool load_object(struct kunit *test, const u8 *object, size_t len)
{
	const struct vmzone_codec_ops *codec = test->param_value;
	struct vmzone_slot *slot = slot_of(test, BAD_SLOT);
	struct page *page;
	u32 good;
	int ret;

	put_object(test, object);
	good = slot->token_hi;
	if (!vmzone_token_is_raw(good))
		return false;
	page = next_page(test);
	memset(page_address(page), FENCE, PAGE_SIZE);
	slot->token_hi = forge(codec, vmzone_slot_token(slot), len).hi;
	ret = with_page(test, BAD_SLOT, false);
	slot->token_hi = good;
	if (ret != -EIO || !memchr_inv(page_address(page), FENCE, PAGE_SIZE))
		return false;
	expect_zeros_in(test, page);
	return true;
}

static void failed_load_leaves_nothing(struct kunit *test)
{
	const struct vmzone_codec_ops *codec = test->param_value;
	u8 *good = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u8 *object = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned int round, nr_written = 0;
	struct rnd_state rnd;
	size_t len;

	KUNIT_ASSERT_TRUE(test, good && object);
	KUNIT_ASSERT_EQ(test, vmzone_codec_get(codec), 0);
	prandom_seed_state(&rnd, SEED);
	vmzone_sample_named("text")->fill(object, &rnd);
	len = pack(test, object, good);
	KUNIT_ASSERT_GT(test, len, (size_t)0);
	start_zone(test);
	for (round = 0; round < NR_FAILURES && test->status != KUNIT_FAILURE; round++) {
		size_t bad_len;

		memcpy(object, good, PAGE_SIZE);
		bad_len = min_t(size_t, damage(&rnd, object, len), PAGE_SIZE);
		nr_written += load_object(test, object, bad_len);
	}
	kunit_info(test, "%s: %u of %u failed after they had written\n", codec->name, nr_written,
		   round);
	KUNIT_EXPECT_GT(test, nr_written, 0u);
	vmzone_test_zone_stop(test);
	vmzone_codec_put(codec);
}

static struct kunit_case damaged_zone_cases[] = {
	KUNIT_CASE_PARAM(zone_outlives_damage, vmzone_test_compressors),
	KUNIT_CASE_PARAM(failed_load_leaves_nothing, vmzone_test_compressors),
	{}
};

static struct kunit_suite damaged_zone_suite = {
	.name = "vmzone_damaged_zone",
	.init = vmzone_test_zone_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = damaged_zone_cases,
};

kunit_test_suites(&damage_suite, &damaged_zone_suite);
