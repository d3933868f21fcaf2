/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store.h - where the contents of slots without a frame live
 *
 * A store takes a page and returns a token; the token brings the contents
 * back. It knows nothing of slots and frames and never calls up, so a test
 * hands a zone one that fails when it is told to.
 */
#ifndef VMZONE_STORE_H
#define VMZONE_STORE_H

#include <linux/bitfield.h>
#include <linux/types.h>

#include "codec.h"

struct page;

/**
 * struct vmzone_token - finds one page in a store
 * @lo: the store's own, at most 56 bits
 * @hi: VMZONE_TOKEN_* fields; 0 in no valid token
 */
struct vmzone_token {
	u64 lo;
	u32 hi;
};

#define VMZONE_TOKEN_KIND	GENMASK(1, 0)	/* enum vmzone_token_kind */
#define VMZONE_TOKEN_CODEC	GENMASK(5, 2)	/* enum vmzone_codec_id */
#define VMZONE_TOKEN_TOP	GENMASK(13, 6)	/* the store's own */
#define VMZONE_TOKEN_LEN	GENMASK(31, 14)	/* bytes of the object */

enum vmzone_token_kind {
	VMZONE_TOKEN_SAME_FILLED = 1,
	VMZONE_TOKEN_OBJECT = 2,
};

static inline bool vmzone_token_is_same_filled(u32 token_hi)
{
	return FIELD_GET(VMZONE_TOKEN_KIND, token_hi) == VMZONE_TOKEN_SAME_FILLED;
}

static inline bool vmzone_token_is_raw(u32 token_hi)
{
	return FIELD_GET(VMZONE_TOKEN_KIND, token_hi) == VMZONE_TOKEN_OBJECT &&
	       FIELD_GET(VMZONE_TOKEN_CODEC, token_hi) == VMZONE_CODEC_NONE;
}

/**
 * struct vmzone_store_stats - gauges of a store
 * @bytes: memory that it takes from the machine, its own overhead included
 * @payload_bytes: contents in it, as compressed
 * @limit_bytes: most that @bytes may reach
 * @nr_stored: pages in it
 * @nr_same_filled: of these, kept as one repeated word
 * @nr_raw: of these, kept uncompressed
 */
struct vmzone_store_stats {
	u64 bytes;
	u64 payload_bytes;
	u64 limit_bytes;
	u64 nr_stored;
	u64 nr_same_filled;
	u64 nr_raw;
};

struct vmzone_store;

/**
 * struct vmzone_store_ops - one kind of store
 * @create: make an empty one of at most @limit_bytes that compresses with
 *	@codec. Returns ERR_PTR(-ENOMEM) on failure, ERR_PTR(-EINTR) after a
 *	fatal signal.
 * @destroy: free it; every token was dropped.
 * @save: keep a copy of @page, which nobody can write meanwhile. Returns 0 and
 *	the token, -ENOSPC when the limit is reached, or -ENOMEM; on failure
 *	nothing is kept.
 * @load: overwrite all of @page with the contents; the token stays valid.
 *	Returns 0, -EBADMSG when they are damaged (what @page holds is then
 *	undefined), or -ENOMEM when it may work later.
 * @drop: forget one token. Cannot fail, does not sleep.
 * @stats: fill in all gauges; @bytes is never above the limit.
 * @is_tight: whether more than nine tenths of the limit are taken.
 * @set_limit: change the limit. Returns 0, or -ENOSPC, and nothing changed, when
 *	more than that is taken.
 * @set_codec: compress with another codec from now on; what was saved before
 *	stays readable. Returns 0, or -ENOMEM and nothing changed. One caller at
 *	a time.
 *
 * All but @create and @destroy are called by several tasks at a time, each on
 * a token of its own, in process context, and may sleep unless noted.
 */
struct vmzone_store_ops {
	struct vmzone_store *(*create)(u64 limit_bytes,
				       const struct vmzone_codec_ops *codec);
	void (*destroy)(struct vmzone_store *store);
	int (*save)(struct vmzone_store *store, struct page *page,
		    struct vmzone_token *token);
	int (*load)(struct vmzone_store *store, struct vmzone_token token,
		    struct page *page);
	void (*drop)(struct vmzone_store *store, struct vmzone_token token);
	void (*stats)(struct vmzone_store *store, struct vmzone_store_stats *stats);
	bool (*is_tight)(struct vmzone_store *store);
	int (*set_limit)(struct vmzone_store *store, u64 limit_bytes);
	int (*set_codec)(struct vmzone_store *store, const struct vmzone_codec_ops *codec);
};

/**
 * struct vmzone_store - head of every store
 * @ops: what it can do
 */
struct vmzone_store {
	const struct vmzone_store_ops *ops;
};

extern const struct vmzone_store_ops vmzone_store_compressed;

#endif /* VMZONE_STORE_H */
