// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - the compressed store: zsmalloc behind a codec and a limit
 *
 * Owns: the contents of slots that have no frame, and the good copies of some
 * that have. As in zram, a page of one repeated word is kept in its token
 * alone, and one that does not compress below zsmalloc's largest shared size
 * class is kept raw, so that its load is one copy.
 *
 * Invariant: bytes <= limit, whenever anybody can see it: objects are allocated
 * one at a time under alloc_lock, and one that does not fit goes back before
 * the lock is dropped.
 *
 * Lock order: a codec's scratch lock, then alloc_lock, under which nobody waits for
 * memory. A CPU's read copy is a leaf.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/error-injection.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mmdebug.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/zsmalloc.h>

#include "codec.h"
#include "compat.h"
#include "delay.h"
#include "read_copy.h"
#include "store.h"

#define TOKEN_LO_BITS	56

/* How often a save is tried, with more room or memory each time. */
#define SAVE_TRIES	3

/* Of what zsmalloc puts objects into: the most that a kernel can be configured for. */
#define MAX_ZSPAGE_PAGES	16

/* zsmalloc keeps a handle of this size for each object, in a slab of its own. */
#define HANDLE_BYTES	sizeof(unsigned long)

/**
 * struct compressed_store - a store
 * @base: what callers see
 * @pool: the objects
 * @memcg: the memory cgroup that pays for them: the creator's
 * @codec: compresses what is saved from now on
 * @codecs_got: bit mask of the ids of all codecs that any object may need
 * @huge_bytes: objects of this size and above take a page each
 * @limit_bytes: most that the store may take
 * @tight_bytes: above which it is tight, nine tenths of that
 * @alloc_lock: held while an object may be in excess of the limit
 * @nr_objects: objects in @pool
 * @payload_bytes: their sizes together
 * @nr_same_filled: pages kept in their tokens
 * @nr_raw: objects that are not compressed
 */
struct compressed_store {
	struct vmzone_store base;
	struct zs_pool *pool;
	struct mem_cgroup *memcg;
	const struct vmzone_codec_ops *codec;
	u32 codecs_got;
	size_t huge_bytes;
	u64 limit_bytes;
	u64 tight_bytes;
	struct mutex alloc_lock;
	atomic_long_t nr_objects;
	atomic_long_t payload_bytes;
	atomic_long_t nr_same_filled;
	atomic_long_t nr_raw;
};

/*
 * Pools come and go one at a time. They have slab caches of the same names, and
 * Linux 6.1 takes one that goes out of sysfs only after it would have made a new
 * one of that name, which then fails.
 */
static DEFINE_MUTEX(pools_lock);

static struct compressed_store *to_compressed(struct vmzone_store *base)
{
	return container_of(base, struct compressed_store, base);
}

static struct vmzone_token make_token(enum vmzone_token_kind kind, u64 value,
				      enum vmzone_codec_id codec, size_t len)
{
	return (struct vmzone_token) {
		.lo = value & GENMASK_ULL(TOKEN_LO_BITS - 1, 0),
		.hi = FIELD_PREP(VMZONE_TOKEN_KIND, kind) |
		      FIELD_PREP(VMZONE_TOKEN_CODEC, codec) |
		      FIELD_PREP(VMZONE_TOKEN_TOP, value >> TOKEN_LO_BITS) |
		      FIELD_PREP(VMZONE_TOKEN_LEN, len),
	};
}

static u64 token_value(struct vmzone_token token)
{
	return token.lo |
	       (u64)FIELD_GET(VMZONE_TOKEN_TOP, token.hi) << TOKEN_LO_BITS;
}

static void set_limit(struct compressed_store *store, u64 limit_bytes)
{
	WRITE_ONCE(store->limit_bytes, limit_bytes);
	WRITE_ONCE(store->tight_bytes, limit_bytes - div_u64(limit_bytes, 10));
}

static struct vmzone_store *compressed_create(u64 limit_bytes,
					      const struct vmzone_codec_ops *codec)
{
	static atomic_t nr_created;
	struct compressed_store *store;
	char name[24];
	int ret;

	store = kzalloc(sizeof(*store), GFP_KERNEL_ACCOUNT);
	if (!store)
		return ERR_PTR(-ENOMEM);
	ret = vmzone_codec_get(codec);
	if (ret)
		goto err_free;
	/* zsmalloc names its caches and its views after the pool. */
	snprintf(name, sizeof(name), "vmzone-%u", atomic_inc_return(&nr_created));
	ret = mutex_lock_killable(&pools_lock);
	if (ret)
		goto err_codec;
	store->pool = zs_create_pool(name);
	mutex_unlock(&pools_lock);
	if (!store->pool) {
		ret = -ENOMEM;
		goto err_codec;
	}
	store->base.ops = &vmzone_store_compressed;
	store->memcg = get_mem_cgroup_from_mm(current->mm);
	store->codec = codec;
	store->codecs_got = 1U << codec->id;
	store->huge_bytes = zs_huge_class_size(store->pool);
	set_limit(store, limit_bytes);
	mutex_init(&store->alloc_lock);
	return &store->base;

err_codec:
	vmzone_codec_put(codec);
err_free:
	kfree(store);
	return ERR_PTR(ret);
}

static void compressed_destroy(struct vmzone_store *base)
{
	struct compressed_store *store = to_compressed(base);
	u32 id;

	/* Every token was dropped. */
	VM_WARN_ON_ONCE(atomic_long_read(&store->nr_objects) ||
			atomic_long_read(&store->payload_bytes) ||
			atomic_long_read(&store->nr_same_filled) ||
			atomic_long_read(&store->nr_raw));
	mutex_lock(&pools_lock);
	zs_destroy_pool(store->pool);
	mutex_unlock(&pools_lock);
	mem_cgroup_put(store->memcg);
	for (id = 0; store->codecs_got >> id; id++)
		if (store->codecs_got & 1U << id)
			vmzone_codec_put(vmzone_codec_by_id(id));
	kfree(store);
}

/* Memory taken now; stable under alloc_lock but for objects being freed. */
static u64 bytes_taken(struct compressed_store *store)
{
	return ((u64)zs_get_total_pages(store->pool) << PAGE_SHIFT) +
	       atomic_long_read(&store->nr_objects) * HANDLE_BYTES;
}

/*
 * Allocate and count an object, or leave all as it was. Without waiting for memory,
 * since that of one zone may be long in coming, and scratch is everybody's.
 */
static int alloc_within_limit(struct compressed_store *store, size_t len,
			      unsigned long *handle)
{
	const gfp_t gfp = __GFP_KSWAPD_RECLAIM | __GFP_NOMEMALLOC | __GFP_NOWARN |
			  __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_ACCOUNT;
	struct mem_cgroup *memcg = set_active_memcg(store->memcg);

	*handle = vmzone_zs_malloc(store->pool, len, gfp);
	set_active_memcg(memcg);
	if (IS_ERR_VALUE(*handle))
		return -ENOMEM;
	atomic_long_inc(&store->nr_objects);
	if (bytes_taken(store) <= store->limit_bytes) {
		atomic_long_add(len, &store->payload_bytes);
		return 0;
	}
	atomic_long_dec(&store->nr_objects);
	zs_free(store->pool, *handle);
	return -ENOSPC;
}

static int save_object(struct compressed_store *store, const void *src, size_t len,
		       enum vmzone_codec_id codec, struct vmzone_token *token)
{
	unsigned long handle;
	int ret;

	mutex_lock(&store->alloc_lock);
	ret = alloc_within_limit(store, len, &handle);
	mutex_unlock(&store->alloc_lock);
	if (ret)
		return ret;
	vmzone_zs_write(store->pool, handle, src, len);
	if (codec == VMZONE_CODEC_NONE)
		atomic_long_inc(&store->nr_raw);
	*token = make_token(VMZONE_TOKEN_OBJECT, handle, codec, len);
	return 0;
}

/* Once; no memory is waited for. */
static int save_once(struct compressed_store *store, const void *src,
		     struct vmzone_token *token)
{
	/* Pairs with the release in compressed_set_codec(). */
	const struct vmzone_codec_ops *codec = smp_load_acquire(&store->codec);
	struct vmzone_codec_scratch *scratch;
	size_t len;
	int ret;

	vmzone_delay(VMZONE_DELAY_SAVE_CODEC, 0);
	if (codec->id == VMZONE_CODEC_NONE)
		return save_object(store, src, PAGE_SIZE, VMZONE_CODEC_NONE, token);

	scratch = vmzone_codec_begin(codec);
	if (codec->compress(scratch->work, src, scratch->out, &len) ||
	    len >= store->huge_bytes)
		ret = save_object(store, src, PAGE_SIZE, VMZONE_CODEC_NONE, token);
	else
		ret = save_object(store, scratch->out, len, codec->id, token);
	vmzone_codec_end(scratch);
	return ret;
}

/* Move objects together, if so much of the store is holes that it is worth the time. */
static bool compact(struct compressed_store *store)
{
	u64 payload_bytes = atomic_long_read(&store->payload_bytes);
	unsigned long nr = 0;

	mutex_lock(&store->alloc_lock);
	if (payload_bytes < div_u64(bytes_taken(store), 4) * 3)
		nr = zs_compact(store->pool);
	mutex_unlock(&store->alloc_lock);
	return nr;
}

/*
 * Have the machine or the memory cgroup find as many pages as zsmalloc may want at
 * once, and leave them to the next save: what a cgroup has charged ahead for this CPU
 * may be fewer, and yet one at a time is served from there without any reclaim.
 */
static bool wait_for_memory(struct compressed_store *store)
{
	const gfp_t gfp = GFP_NOIO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL | __GFP_ACCOUNT;
	struct mem_cgroup *memcg = set_active_memcg(store->memcg);
	struct page *pages[MAX_ZSPAGE_PAGES];
	unsigned int nr = 0, i;

	while (nr < ARRAY_SIZE(pages) && (pages[nr] = alloc_page(gfp)))
		nr++;
	for (i = 0; i < nr; i++)
		__free_page(pages[i]);
	set_active_memcg(memcg);
	return nr;
}

/* The page is compressed anew after a wait, in which others had the scratch memory. */
static int save_compressed(struct compressed_store *store, const void *src,
			   struct vmzone_token *token)
{
	unsigned int left = SAVE_TRIES;
	int ret;

	do {
		ret = save_once(store, src, token);
	} while (ret && --left && (ret == -ENOSPC ? compact(store) : wait_for_memory(store)));
	return ret;
}

/* The last word differs most often, so it is looked at first. */
static bool is_same_filled(const unsigned long *words)
{
	const size_t nr = PAGE_SIZE / sizeof(*words);
	size_t i;

	if (words[0] != words[nr - 1])
		return false;
	for (i = 1; i < nr - 1; i++)
		if (words[i] != words[0])
			return false;
	return true;
}

static int compressed_save(struct vmzone_store *base, struct page *page,
			   struct vmzone_token *token)
{
	struct compressed_store *store = to_compressed(base);
	void *src = kmap_local_page(page);
	int ret = 0;

	if (is_same_filled(src)) {
		*token = make_token(VMZONE_TOKEN_SAME_FILLED, *(unsigned long *)src, 0, 0);
		atomic_long_inc(&store->nr_same_filled);
	} else {
		ret = save_compressed(store, src, token);
	}
	kunmap_local(src);
	return ret;
}
ALLOW_ERROR_INJECTION(compressed_save, ERRNO);

/* A raw page is one of zsmalloc's as well, and is read in place. */
static bool needs_copy(const struct vmzone_codec_ops *codec)
{
	return VMZONE_ZS_READ_NEEDS_COPY && codec->id != VMZONE_CODEC_NONE;
}

/* The codec of an object: most often that of today. */
static const struct vmzone_codec_ops *codec_of(const struct compressed_store *store,
					       struct vmzone_token token)
{
	const struct vmzone_codec_ops *codec = READ_ONCE(store->codec);
	u32 id = FIELD_GET(VMZONE_TOKEN_CODEC, token.hi);

	return likely(codec->id == id) ? codec : vmzone_codec_by_id(id);
}

static int load_object(struct compressed_store *store, struct vmzone_token token,
		       void *dst)
{
	const struct vmzone_codec_ops *codec = codec_of(store, token);
	size_t len = FIELD_GET(VMZONE_TOKEN_LEN, token.hi);
	struct vmzone_codec_scratch *scratch = NULL;
	unsigned long handle = token_value(token);
	void *copy = dst;
	const void *src;
	int ret;

	/* No object is longer, whatever has become of its token. */
	if (!codec || len > PAGE_SIZE)
		return -EBADMSG;
	if (codec->load_needs_work) {
		scratch = vmzone_codec_begin(codec);
		copy = scratch->out;
	} else if (needs_copy(codec)) {
		copy = vmzone_read_copy_begin();
	}
	src = vmzone_zs_read_begin(store->pool, handle, len, copy);
	ret = codec->decompress(scratch ? scratch->work : NULL, src, len, dst);
	vmzone_zs_read_end(store->pool, handle, len, src);
	if (scratch)
		vmzone_codec_end(scratch);
	else if (needs_copy(codec))
		vmzone_read_copy_end();
	return ret;
}

static int compressed_load(struct vmzone_store *base, struct vmzone_token token,
			   struct page *page)
{
	void *dst = kmap_local_page(page);
	int ret = 0;

	switch (FIELD_GET(VMZONE_TOKEN_KIND, token.hi)) {
	case VMZONE_TOKEN_SAME_FILLED:
		memset_l(dst, token_value(token), PAGE_SIZE / sizeof(unsigned long));
		break;
	case VMZONE_TOKEN_OBJECT:
		ret = load_object(to_compressed(base), token, dst);
		break;
	default:
		ret = -EBADMSG;
	}
	kunmap_local(dst);
	return ret;
}
ALLOW_ERROR_INJECTION(compressed_load, ERRNO);

static void compressed_drop(struct vmzone_store *base, struct vmzone_token token)
{
	struct compressed_store *store = to_compressed(base);

	if (vmzone_token_is_same_filled(token.hi)) {
		atomic_long_dec(&store->nr_same_filled);
		return;
	}
	if (vmzone_token_is_raw(token.hi))
		atomic_long_dec(&store->nr_raw);
	zs_free(store->pool, token_value(token));
	atomic_long_sub(FIELD_GET(VMZONE_TOKEN_LEN, token.hi), &store->payload_bytes);
	atomic_long_dec(&store->nr_objects);
}

static void compressed_stats(struct vmzone_store *base, struct vmzone_store_stats *stats)
{
	struct compressed_store *store = to_compressed(base);

	mutex_lock(&store->alloc_lock);
	/* zsmalloc may free what was in excess of the limit a moment later. */
	stats->bytes = min(bytes_taken(store), store->limit_bytes);
	stats->limit_bytes = store->limit_bytes;
	stats->payload_bytes = atomic_long_read(&store->payload_bytes);
	stats->nr_same_filled = atomic_long_read(&store->nr_same_filled);
	stats->nr_raw = atomic_long_read(&store->nr_raw);
	stats->nr_stored = atomic_long_read(&store->nr_objects) + stats->nr_same_filled;
	mutex_unlock(&store->alloc_lock);
}

static bool compressed_is_tight(struct vmzone_store *base)
{
	struct compressed_store *store = to_compressed(base);

	return bytes_taken(store) > READ_ONCE(store->tight_bytes);
}

static int compressed_set_limit(struct vmzone_store *base, u64 limit_bytes)
{
	struct compressed_store *store = to_compressed(base);
	int ret = 0;

	mutex_lock(&store->alloc_lock);
	if (bytes_taken(store) > limit_bytes)
		zs_compact(store->pool);
	if (bytes_taken(store) > limit_bytes)
		ret = -ENOSPC;
	else
		set_limit(store, limit_bytes);
	mutex_unlock(&store->alloc_lock);
	return ret;
}

static int compressed_set_codec(struct vmzone_store *base,
				const struct vmzone_codec_ops *codec)
{
	struct compressed_store *store = to_compressed(base);
	int ret;

	if (!(store->codecs_got & 1U << codec->id)) {
		ret = vmzone_codec_get(codec);
		if (ret)
			return ret;
		store->codecs_got |= 1U << codec->id;
	}
	/* With its scratch memory, which vmzone_codec_get() made. */
	smp_store_release(&store->codec, codec);
	return 0;
}

const struct vmzone_store_ops vmzone_store_compressed = {
	.create = compressed_create,
	.destroy = compressed_destroy,
	.save = compressed_save,
	.load = compressed_load,
	.drop = compressed_drop,
	.stats = compressed_stats,
	.is_tight = compressed_is_tight,
	.set_limit = compressed_set_limit,
	.set_codec = compressed_set_codec,
};
