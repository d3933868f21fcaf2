// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc_test.c - what becomes of a room when the machine has no memory
 *
 * Proves: whichever of its allocations is the first to fail, a room gives
 * -ENOMEM and is as it was before, and works once there is memory: frames and
 * preallocation of the pool, scratch memory of the codecs, creation, save and
 * load of the store (also on a CPU that has no scratch memory yet), and a zone
 * made of all of these; a save waits for memory that is short for a moment; a task
 * that is killed gives up preallocation.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../module/zone.h"
#include "faults.h"
#include "params.h"
#include "samples.h"

#define FRAMES		64
#define LIMIT_BYTES	(1ULL << 20)

/* A pool of zsmalloc is made of some hundreds of allocations. */
#define MAX_ALLOCATIONS	2000

/**
 * struct alloc_fixture - what the cases work on
 * @codec: the case's parameter
 * @pool: of the cases of the pool
 * @frame: the last one that was had of it
 * @store: of the cases of the store
 * @page: contents
 * @token: of the page, where it is saved
 */
struct alloc_fixture {
	const struct vmzone_codec_ops *codec;
	struct vmzone_pool pool;
	struct vmzone_frame *frame;
	struct vmzone_store *store;
	struct page *page;
	struct vmzone_token token;
};

static int alloc_test_init(struct kunit *test)
{
	struct alloc_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	fix->codec = test->param_value ?: &vmzone_codec_lz4;
	fix->page = alloc_page(GFP_KERNEL);
	test->priv = fix;
	return fix->page ? vmzone_test_faults_open() : -ENOMEM;
}

static void alloc_test_exit(struct kunit *test)
{
	struct alloc_fixture *fix = test->priv;

	vmzone_test_faults_close();
	if (!fix)
		return;
	if (fix->store)
		fix->store->ops->destroy(fix->store);
	if (fix->page)
		__free_page(fix->page);
}

/*
 * Lets @step fail at its first allocation, at its second, and so on until it
 * needs none more, each time after @prepare. It undoes itself when it succeeds. How
 * often it failed.
 */
static unsigned int sweep_prepared(struct kunit *test, void (*prepare)(struct alloc_fixture *fix),
				   int (*step)(struct alloc_fixture *fix))
{
	unsigned int nth, nr_failed = 0;
	bool failed = true;

	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		int ret;

		prepare(test->priv);
		vmzone_test_faults_begin(nth);
		ret = step(test->priv);
		failed = vmzone_test_faults_end();
		/* Some callers in the kernel can do without. */
		if (!ret)
			continue;
		KUNIT_EXPECT_TRUE(test, failed);
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		nr_failed++;
	}
	KUNIT_EXPECT_FALSE(test, failed);
	return nr_failed;
}

static void prepare_nothing(struct alloc_fixture *fix)
{
}

static unsigned int sweep(struct kunit *test, int (*step)(struct alloc_fixture *fix))
{
	return sweep_prepared(test, prepare_nothing, step);
}

static int frame_step(struct alloc_fixture *fix)
{
	struct vmzone_frame *frame = vmzone_pool_alloc(&fix->pool, VMZONE_POOL_PAGE_IN);

	if (IS_ERR(frame))
		return PTR_ERR(frame);
	fix->frame = frame;
	return 0;
}

static void pool_without_pages(struct kunit *test)
{
	struct alloc_fixture *fix = test->priv;
	struct vmzone_pool *pool = &fix->pool;

	KUNIT_ASSERT_EQ(test, vmzone_pool_init(pool, FRAMES), 0);
	vmzone_test_faults_begin(1);
	KUNIT_EXPECT_EQ(test, frame_step(fix), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, vmzone_test_faults_end());
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->used), 0l);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), 0l);

	KUNIT_EXPECT_EQ(test, frame_step(fix), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->pages), 1l);
	vmzone_pool_free(pool, fix->frame);

	/* One that the pool has already takes no memory. */
	vmzone_test_faults_begin(1);
	KUNIT_EXPECT_EQ(test, frame_step(fix), 0);
	KUNIT_EXPECT_FALSE(test, vmzone_test_faults_end());
	vmzone_pool_free(pool, fix->frame);
	vmzone_pool_destroy(pool);
}

static long take_frame(struct kunit *test, struct list_head *taken)
{
	struct alloc_fixture *fix = test->priv;
	long pages = atomic_long_read(&fix->pool.pages);

	KUNIT_ASSERT_EQ(test, frame_step(fix), 0);
	list_add(&fix->frame->node, taken);
	return atomic_long_read(&fix->pool.pages) - pages;
}

/* Where several pages cannot be had in one go, one can, and so for a while. */
static void pool_without_blocks(struct kunit *test)
{
	struct alloc_fixture *fix = test->priv;
	struct vmzone_frame *frame, *next;
	struct vmzone_pool *pool = &fix->pool;
	LIST_HEAD(taken);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, vmzone_pool_init(pool, 4 * FRAMES), 0);
	while (take_frame(test, &taken) < 2)
		KUNIT_ASSERT_LT(test, atomic_long_read(&pool->pages), (long)FRAMES);
	while (atomic_long_read(&pool->pages) > atomic_long_read(&pool->used))
		KUNIT_ASSERT_EQ(test, take_frame(test, &taken), 0l);

	vmzone_test_faults_begin_one(1);
	KUNIT_EXPECT_EQ(test, take_frame(test, &taken), 1l);
	KUNIT_EXPECT_TRUE(test, vmzone_test_faults_end());
	for (i = 0; i < VMZONE_POOL_SINGLES; i++)
		KUNIT_EXPECT_EQ(test, take_frame(test, &taken), 1l);
	KUNIT_EXPECT_GT(test, take_frame(test, &taken), 1l);

	list_for_each_entry_safe(frame, next, &taken, node) {
		list_del_init(&frame->node);
		vmzone_pool_free(pool, frame);
	}
	vmzone_pool_destroy(pool);
}

static int prealloc_step(struct alloc_fixture *fix)
{
	int ret = vmzone_pool_init(&fix->pool, FRAMES);

	if (ret)
		return ret;
	ret = vmzone_pool_prealloc(&fix->pool, FRAMES);
	vmzone_pool_destroy(&fix->pool);
	return ret;
}

static void prealloc_without_pages(struct kunit *test)
{
	struct alloc_fixture *fix = test->priv;

	KUNIT_EXPECT_GE(test, sweep(test, prealloc_step), (unsigned int)FRAMES);

	/* What was had before stays, and is enough for the next try to go on. */
	KUNIT_ASSERT_EQ(test, vmzone_pool_init(&fix->pool, FRAMES), 0);
	vmzone_test_faults_begin(11);
	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(&fix->pool, FRAMES), -ENOMEM);
	vmzone_test_faults_end();
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fix->pool.pages), 10l);
	KUNIT_EXPECT_EQ(test, vmzone_pool_prealloc(&fix->pool, FRAMES), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fix->pool.pages), (long)FRAMES);
	vmzone_pool_destroy(&fix->pool);
}

/**
 * struct killed - a task that is killed while it fills a pool
 * @pool: the pool
 * @done: completed at the end
 * @ret: what the preallocation returned
 */
struct killed {
	struct vmzone_pool pool;
	struct completion done;
	int ret;
};

static int killed_main(void *arg)
{
	struct killed *killed = arg;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	killed->ret = vmzone_pool_prealloc(&killed->pool, FRAMES);
	complete(&killed->done);
	return 0;
}

static void prealloc_can_be_killed(struct kunit *test)
{
	struct killed *killed = kunit_kzalloc(test, sizeof(*killed), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, killed);
	KUNIT_ASSERT_EQ(test, vmzone_pool_init(&killed->pool, FRAMES), 0);
	init_completion(&killed->done);
	task = kthread_run(killed_main, killed, "vmzone_killed");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&killed->done);
	KUNIT_EXPECT_EQ(test, killed->ret, -EINTR);
	KUNIT_EXPECT_LT(test, atomic_long_read(&killed->pool.pages), (long)FRAMES);
	vmzone_pool_destroy(&killed->pool);
}

static int codec_step(struct alloc_fixture *fix)
{
	int ret = vmzone_codec_get(fix->codec);

	if (!ret)
		vmzone_codec_put(fix->codec);
	return ret;
}

static void codec_without_scratch(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, sweep(test, codec_step), 0u);
}

static int create_step(struct alloc_fixture *fix)
{
	struct vmzone_store *store = vmzone_store_compressed.create(LIMIT_BYTES, fix->codec);

	if (IS_ERR(store))
		return PTR_ERR(store);
	store->ops->destroy(store);
	return 0;
}

static void store_is_not_made(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, sweep(test, create_step), 2u);
}

/* As on a CPU that came when the codec was in use already. */
static void forget_scratch(struct alloc_fixture *fix)
{
	struct vmzone_codec_scratch *scratch = vmzone_codec_begin(fix->codec);

	kvfree(scratch->work);
	kvfree(scratch->out);
	scratch->work = NULL;
	scratch->out = NULL;
	vmzone_codec_end(scratch);
}

static int save_step(struct alloc_fixture *fix)
{
	int ret = fix->store->ops->save(fix->store, fix->page, &fix->token);

	if (!ret)
		fix->store->ops->drop(fix->store, fix->token);
	return ret;
}

static int load_step(struct alloc_fixture *fix)
{
	return fix->store->ops->load(fix->store, fix->token, fix->page);
}

static void fill_page(struct kunit *test, const char *sample)
{
	struct alloc_fixture *fix = test->priv;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 0xa110cUL);
	vmzone_sample_named(sample)->fill(page_address(fix->page), &rnd);
}

static void save_without_memory(struct kunit *test)
{
	static const char *const names[] = { "text", "random" };
	struct alloc_fixture *fix = test->priv;
	struct vmzone_store_stats stats;
	unsigned int i;

	fix->store = vmzone_store_compressed.create(LIMIT_BYTES, fix->codec);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(fix->store));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fill_page(test, names[i]);
		KUNIT_EXPECT_GT(test, sweep(test, save_step), 0u);
		KUNIT_EXPECT_GT(test, sweep_prepared(test, forget_scratch, save_step), 0u);
		fix->store->ops->stats(fix->store, &stats);
		KUNIT_EXPECT_EQ(test, stats.nr_stored, 0ull);
		KUNIT_EXPECT_EQ(test, stats.nr_raw, 0ull);
		KUNIT_EXPECT_EQ(test, stats.payload_bytes, 0ull);
		KUNIT_EXPECT_EQ(test, stats.bytes, 0ull);
	}
}

/* Memory that is short for a moment is waited for: no save fails. */
static void save_waits_for_memory(struct kunit *test)
{
	struct alloc_fixture *fix = test->priv;
	bool failed = true;
	unsigned int nth;

	fix->store = vmzone_store_compressed.create(LIMIT_BYTES, fix->codec);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(fix->store));
	fill_page(test, "text");
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		int ret;

		vmzone_test_faults_begin_one(nth);
		ret = save_step(fix);
		failed = vmzone_test_faults_end();
		KUNIT_EXPECT_EQ(test, ret, 0);
	}
	KUNIT_EXPECT_GT(test, nth, 2u);
	KUNIT_EXPECT_FALSE(test, failed);
}

/* A load needs no memory, not even on a CPU that has no scratch memory yet. */
static void load_without_memory(struct kunit *test)
{
	struct alloc_fixture *fix = test->priv;
	void *copy;

	fill_page(test, "text");
	copy = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, page_address(fix->page), PAGE_SIZE);
	fix->store = vmzone_store_compressed.create(LIMIT_BYTES, fix->codec);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(fix->store));
	KUNIT_ASSERT_EQ(test, fix->store->ops->save(fix->store, fix->page, &fix->token), 0);

	memset(page_address(fix->page), 0x5a, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, sweep_prepared(test, forget_scratch, load_step), 0u);
	KUNIT_EXPECT_EQ(test, memcmp(page_address(fix->page), copy, PAGE_SIZE), 0);
	fix->store->ops->drop(fix->store, fix->token);
}

static int zone_step(struct alloc_fixture *fix)
{
	struct vmzone_config config = { 0 };
	struct vmzone_zone *zone;

	vmzone_config_default(&config);
	config.bytes = 1 << 20;
	config.frames = FRAMES;
	config.store_limit_bytes = LIMIT_BYTES;
	config.flags = VMZONE_CREATE_PREALLOC;
	zone = vmzone_zone_create(&config);
	if (IS_ERR(zone))
		return PTR_ERR(zone);
	vmzone_zone_put(zone);
	return 0;
}

static void zone_is_not_made(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, sweep(test, zone_step), (unsigned int)FRAMES);
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE(pool_without_pages),
	KUNIT_CASE(pool_without_blocks),
	KUNIT_CASE(prealloc_without_pages),
	KUNIT_CASE(prealloc_can_be_killed),
	KUNIT_CASE_PARAM(codec_without_scratch, vmzone_test_codecs),
	KUNIT_CASE(store_is_not_made),
	KUNIT_CASE_PARAM(save_without_memory, vmzone_test_codecs),
	KUNIT_CASE_PARAM(save_waits_for_memory, vmzone_test_codecs),
	KUNIT_CASE_PARAM(load_without_memory, vmzone_test_codecs),
	KUNIT_CASE(zone_is_not_made),
	{}
};

static struct kunit_suite alloc_suite = {
	.name = "vmzone_alloc",
	.init = alloc_test_init,
	.exit = alloc_test_exit,
	.test_cases = alloc_cases,
};

kunit_test_suite(alloc_suite);
