// SPDX-License-Identifier: GPL-2.0-only
/*
 * fake_store.c - a store that fails when it is told to, and tells on its users
 *
 * Keeps plain copies. A token is a number that is never used twice, so a stale
 * one is known for what it is.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fake_store.h"

/* So that a caller who loses high bits of a token is found out. */
#define TOKEN_LO_HIGH	(0xa5ULL << 48)

struct vmzone_fake vmzone_fake;

static struct vmzone_store the_store;
static u32 next_number;

/**
 * vmzone_fake_reset() - forget all that was asked for
 *
 * Context: process context; there is no store.
 */
void vmzone_fake_reset(void)
{
	memset(&vmzone_fake, 0, sizeof(vmzone_fake));
	xa_init(&vmzone_fake.copies);
	init_completion(&vmzone_fake.let_go);
}

/**
 * vmzone_fake_arm() - say which call shall fail
 * @fail_at: the how manieth from now on; 0: none
 * @for_good: and all after it
 * @save_error: what it returns if it is a save: -ENOSPC or -ENOMEM
 * @load_error: what it returns if it is a load: -EBADMSG or -ENOMEM
 *
 * Context: process context.
 */
void vmzone_fake_arm(unsigned int fail_at, bool for_good, int save_error, int load_error)
{
	vmzone_fake.nr_calls = 0;
	vmzone_fake.nr_failed = 0;
	vmzone_fake.fail_at = fail_at;
	vmzone_fake.for_good = for_good;
	vmzone_fake.save_error = save_error;
	vmzone_fake.load_error = load_error;
}

/**
 * vmzone_fake_disarm() - let all calls succeed
 *
 * Context: process context.
 */
void vmzone_fake_disarm(void)
{
	vmzone_fake_arm(0, false, 0, 0);
}

/**
 * vmzone_fake_let_go() - let those calls return that were held, and all others
 *
 * Context: any.
 */
void vmzone_fake_let_go(void)
{
	WRITE_ONCE(vmzone_fake.nr_to_hold, 0);
	complete_all(&vmzone_fake.let_go);
}

static void may_hold(void)
{
	if (!READ_ONCE(vmzone_fake.nr_to_hold))
		return;
	vmzone_fake.nr_to_hold--;
	vmzone_fake.nr_held++;
	wait_for_completion(&vmzone_fake.let_go);
}

static int may_fail(int error)
{
	unsigned int call = ++vmzone_fake.nr_calls;

	if (!vmzone_fake.fail_at || call < vmzone_fake.fail_at ||
	    (call > vmzone_fake.fail_at && !vmzone_fake.for_good))
		return 0;
	vmzone_fake.nr_failed++;
	return error;
}

/**
 * vmzone_fake_find() - look at contents without loading them
 * @token: of the contents
 *
 * Context: process context.
 * Return: one page of them, or NULL if the token is not valid.
 */
const void *vmzone_fake_find(struct vmzone_token token)
{
	if ((token.lo & ~(u64)U32_MAX) != TOKEN_LO_HIGH ||
	    FIELD_GET(VMZONE_TOKEN_KIND, token.hi) != VMZONE_TOKEN_OBJECT)
		return NULL;
	return xa_load(&vmzone_fake.copies, (u32)token.lo);
}

static struct vmzone_store *fake_create(u64 limit_bytes,
					const struct vmzone_codec_ops *codec)
{
	int ret = may_fail(-ENOMEM);

	if (ret)
		return ERR_PTR(ret);
	the_store.ops = &vmzone_fake_store;
	vmzone_fake.limit_bytes = limit_bytes;
	return &the_store;
}

static void fake_destroy(struct vmzone_store *store)
{
	unsigned long number;
	void *copy;

	vmzone_fake.nr_wrong += vmzone_fake.nr_live;
	xa_for_each(&vmzone_fake.copies, number, copy)
		kfree(copy);
	xa_destroy(&vmzone_fake.copies);
}

static int fake_save(struct vmzone_store *store, struct page *page,
		     struct vmzone_token *token)
{
	int ret = may_fail(vmzone_fake.save_error);
	void *copy;

	if (ret)
		return ret;
	if (vmzone_fake.max_live && vmzone_fake.nr_live >= vmzone_fake.max_live)
		return -ENOSPC;
	copy = kmemdup(page_address(page), PAGE_SIZE, GFP_NOIO);
	if (!copy)
		return -ENOMEM;
	ret = xa_err(xa_store(&vmzone_fake.copies, ++next_number, copy, GFP_NOIO));
	if (ret) {
		kfree(copy);
		return ret;
	}
	token->lo = TOKEN_LO_HIGH | next_number;
	token->hi = FIELD_PREP(VMZONE_TOKEN_KIND, VMZONE_TOKEN_OBJECT) |
		    FIELD_PREP(VMZONE_TOKEN_CODEC, VMZONE_CODEC_LZ4) |
		    FIELD_PREP(VMZONE_TOKEN_LEN, PAGE_SIZE);
	vmzone_fake.nr_saves++;
	vmzone_fake.nr_live++;
	may_hold();
	return 0;
}

static int fake_load(struct vmzone_store *store, struct vmzone_token token,
		     struct page *page)
{
	const void *copy = vmzone_fake_find(token);
	int ret = may_fail(vmzone_fake.load_error);

	if (!copy) {
		vmzone_fake.nr_wrong++;
		return -EBADMSG;
	}
	if (ret) {
		/* What the page holds is undefined now. */
		memset(page_address(page), 0x66, PAGE_SIZE);
		return ret;
	}
	memcpy(page_address(page), copy, PAGE_SIZE);
	vmzone_fake.nr_loads++;
	may_hold();
	return 0;
}

static void fake_drop(struct vmzone_store *store, struct vmzone_token token)
{
	if (!vmzone_fake_find(token)) {
		vmzone_fake.nr_wrong++;
		return;
	}
	kfree(xa_erase(&vmzone_fake.copies, (u32)token.lo));
	vmzone_fake.nr_live--;
}

static void fake_stats(struct vmzone_store *store, struct vmzone_store_stats *stats)
{
	*stats = (struct vmzone_store_stats) {
		.bytes = vmzone_fake.nr_live * PAGE_SIZE,
		.payload_bytes = vmzone_fake.nr_live * PAGE_SIZE,
		.limit_bytes = vmzone_fake.limit_bytes,
		.nr_stored = vmzone_fake.nr_live,
	};
}

static bool fake_is_tight(struct vmzone_store *store)
{
	return vmzone_fake.tight;
}

static int fake_set_limit(struct vmzone_store *store, u64 limit_bytes)
{
	if (vmzone_fake.nr_live * PAGE_SIZE > limit_bytes)
		return -ENOSPC;
	vmzone_fake.limit_bytes = limit_bytes;
	return 0;
}

static int fake_set_codec(struct vmzone_store *store, const struct vmzone_codec_ops *codec)
{
	return may_fail(-ENOMEM);
}

const struct vmzone_store_ops vmzone_fake_store = {
	.create = fake_create,
	.destroy = fake_destroy,
	.save = fake_save,
	.load = fake_load,
	.drop = fake_drop,
	.stats = fake_stats,
	.is_tight = fake_is_tight,
	.set_limit = fake_set_limit,
	.set_codec = fake_set_codec,
};
