/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool_fixture.h - a pool, and the frames in use
 */
#ifndef VMZONE_KUNIT_POOL_FIXTURE_H
#define VMZONE_KUNIT_POOL_FIXTURE_H

#include "../module/pool.h"

struct kunit;

#define MAX_FRAMES	512

/**
 * struct pool_fixture - what most cases work on
 * @pool: set up by vmzone_frames_start()
 * @started: whether it is
 * @frames: those in use
 * @nr: their number
 */
struct pool_fixture {
	struct vmzone_pool pool;
	bool started;
	struct vmzone_frame *frames[MAX_FRAMES];
	unsigned long nr;
};

int vmzone_frames_init(struct kunit *test);
void vmzone_frames_exit(struct kunit *test);
struct vmzone_pool *vmzone_frames_start(struct kunit *test, unsigned long budget);
int vmzone_frames_take(struct kunit *test, enum vmzone_pool_use use);
void vmzone_frames_give(struct kunit *test, unsigned long nr);
unsigned long vmzone_frames_count_free(struct kunit *test);
void vmzone_frames_check(struct kunit *test);

#endif /* VMZONE_KUNIT_POOL_FIXTURE_H */
