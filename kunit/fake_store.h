/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_store.h - a store that fails when it is told to, and tells on its users
 *
 * There is one at a time: its contents and what it was asked for are in
 * vmzone_fake, for the test to look at.
 */
#ifndef VMZONE_KUNIT_FAKE_STORE_H
#define VMZONE_KUNIT_FAKE_STORE_H

#include <linux/completion.h>
#include <linux/xarray.h>

#include "../module/store.h"

/**
 * struct vmzone_fake - the fake store, as the test sees it
 * @fail_at: which call that can fail does so, counted from 1; 0: none. Create,
 *	save, load and set_codec can
 * @for_good: all calls after that one fail, too
 * @save_error: what a save returns that fails
 * @load_error: what a load returns that fails; a create returns -ENOMEM
 * @tight: what is_tight() returns
 * @limit_bytes: the limit, which only set_limit() looks at
 * @max_live: most tokens; a save in excess of it returns -ENOSPC. 0: any number
 * @nr_to_hold: how many of the next saves and loads, having succeeded, shall
 *	sleep until vmzone_fake_let_go() before they return
 * @nr_held: how many sleep
 * @let_go: what they wait for
 * @nr_calls: calls that could fail, since vmzone_fake_arm()
 * @nr_failed: those that did
 * @nr_saves: saves that succeeded
 * @nr_loads: loads that succeeded
 * @nr_live: tokens that are valid
 * @nr_wrong: calls with a token that is not, and tokens left at the end; must
 *	be 0
 * @copies: contents by token
 */
struct vmzone_fake {
	unsigned int fail_at;
	bool for_good;
	int save_error;
	int load_error;
	bool tight;
	u64 limit_bytes;
	unsigned int max_live;
	unsigned int nr_to_hold;
	unsigned int nr_held;
	struct completion let_go;
	unsigned int nr_calls;
	unsigned int nr_failed;
	unsigned int nr_saves;
	unsigned int nr_loads;
	unsigned int nr_live;
	unsigned int nr_wrong;
	struct xarray copies;
};

extern struct vmzone_fake vmzone_fake;
extern const struct vmzone_store_ops vmzone_fake_store;

void vmzone_fake_reset(void);
void vmzone_fake_arm(unsigned int fail_at, bool for_good, int save_error, int load_error);
void vmzone_fake_disarm(void);
void vmzone_fake_let_go(void);
const void *vmzone_fake_find(struct vmzone_token token);

#endif /* VMZONE_KUNIT_FAKE_STORE_H */
