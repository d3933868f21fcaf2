/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store_fixture.h - a compressed store, and pages saved in it by number
 */
#ifndef VMZONE_KUNIT_STORE_FIXTURE_H
#define VMZONE_KUNIT_STORE_FIXTURE_H

#include <linux/prandom.h>

#include "../module/store.h"
#include "samples.h"

struct kunit;

#define TOKENS_SEED	0x57023UL
#define NR_TOKENS	400
#define NO_LIMIT	(1024ULL << 20)

/**
 * struct store_fixture - what every case works on
 * @store: with the codec of the case's parameter; made by vmzone_tokens_start()
 * @rnd: seeded
 * @page: to save from
 * @copy: to load to
 * @tokens: saved pages; hi is 0 where there is none
 * @hashes: of what they held
 */
struct store_fixture {
	struct vmzone_store *store;
	struct rnd_state rnd;
	struct page *page;
	struct page *copy;
	struct vmzone_token tokens[NR_TOKENS];
	u64 hashes[NR_TOKENS];
};

int vmzone_tokens_init(struct kunit *test);
void vmzone_tokens_exit(struct kunit *test);
struct vmzone_store *vmzone_tokens_start(struct kunit *test, u64 limit_bytes);
struct vmzone_store_stats vmzone_tokens_gauges(struct kunit *test);
u64 vmzone_tokens_hash(const struct page *page);
int vmzone_tokens_save(struct kunit *test, unsigned int i, const struct vmzone_sample *sample);
void vmzone_tokens_check(struct kunit *test, unsigned int i);
void vmzone_tokens_check_all(struct kunit *test);
void vmzone_tokens_drop(struct kunit *test, unsigned int i);
void vmzone_tokens_drop_all(struct kunit *test);
unsigned int vmzone_tokens_fill_up(struct kunit *test, const struct vmzone_sample *sample);

#endif /* VMZONE_KUNIT_STORE_FIXTURE_H */
