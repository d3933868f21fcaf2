// SPDX-License-Identifier: GPL-2.0-only
/*
 * standby_test.c - who puts victims on standby
 *
 * Proves: who takes some dozens of frames in a row is the sole taker, until another
 * takes the first, and nobody is where there is one CPU only; a worker parks as many
 * as there should be, and half as many beside a sole taker, but no fewer than it
 * evicts at a time; the sole taker parks from when frames are few until standby is
 * full or as many have been there, and not before or after; it is asked to when it
 * takes a frame, and one of several is not.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/math.h>
#include <linux/workqueue.h>

#include "../module/standby.h"
#include "../module/watermark.h"
#include "zone_fixture.h"

#define FRAMES		400ul
#define FILLED		56	/* slots, whose frames can be parked */
#define MANY		100u	/* in a row: who takes so many is the sole taker */

static unsigned long nr_standby(struct kunit *test)
{
	return vmzone_test_zone_of(test)->policy.nr_standby;
}

/* As if there were several CPUs. */
static void start(struct kunit *test, unsigned long frames)
{
	vmzone_test_zone_start(test, &vmzone_policy_fifo, frames);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_of(test)->reclaim.takers.interrupts, num_online_cpus() > 1);
	vmzone_test_zone_of(test)->reclaim.takers.interrupts = true;
}

static int standby_init(struct kunit *test)
{
	int ret = vmzone_test_zone_init(test);

	if (!ret)
		start(test, FRAMES);
	return ret;
}

/* Takes notice of the caller until it is the sole taker. Returns how often that took. */
static unsigned int become_sole(struct kunit *test)
{
	unsigned int times = 1;

	while (times < MANY && !vmzone_standby_note_taker(&vmzone_test_zone_of(test)->reclaim.takers))
		times++;
	return times;
}

/**
 * struct other - somebody else who takes a frame
 * @work: the task is that of the workqueue
 * @zone: of which zone
 * @sole: what it was told
 */
struct other {
	struct work_struct work;
	struct vmzone_zone *zone;
	bool sole;
};

static void other_work(struct work_struct *work)
{
	struct other *other = container_of(work, struct other, work);

	other->sole = vmzone_standby_note_taker(&other->zone->reclaim.takers);
}

static bool other_is_sole(struct kunit *test)
{
	struct other other = { .zone = vmzone_test_zone_of(test) };

	INIT_WORK_ONSTACK(&other.work, other_work);
	queue_work(system_wq, &other.work);
	flush_work(&other.work);
	destroy_work_on_stack(&other.work);
	return other.sole;
}

static void tells_who_is_sole(struct kunit *test)
{
	unsigned int times = become_sole(test), i;

	KUNIT_EXPECT_GT(test, times, 2u);
	KUNIT_EXPECT_LT(test, times, MANY);
	KUNIT_EXPECT_TRUE(test, vmzone_standby_note_taker(&vmzone_test_zone_of(test)->reclaim.takers));
	KUNIT_EXPECT_FALSE(test, other_is_sole(test));
	KUNIT_EXPECT_EQ(test, become_sole(test), times);
	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_FALSE(test, other_is_sole(test));
		KUNIT_ASSERT_FALSE(test, vmzone_standby_note_taker(&vmzone_test_zone_of(test)->reclaim.takers));
	}
}

/* With a single CPU nobody could be interrupted. */
static void nobody_is_on_one_cpu(struct kunit *test)
{
	vmzone_test_zone_of(test)->reclaim.takers.interrupts = false;
	KUNIT_EXPECT_EQ(test, become_sole(test), MANY);
}

/* Writes slots, each of which takes a frame, with plenty of them free. */
static void fill(struct kunit *test)
{
	pgoff_t index;

	for (index = 0; index < FILLED; index++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, ZONE_VALUE(index)), 0);
	KUNIT_ASSERT_EQ(test, nr_standby(test), 0ul);
}

static void worker_parks_for_several(struct kunit *test)
{
	fill(test);
	other_is_sole(test);
	vmzone_standby_park_as_worker(vmzone_test_zone_of(test));
	KUNIT_EXPECT_EQ(test, nr_standby(test), vmzone_standby_target(FRAMES));
	vmzone_test_zone_check(test);
}

static void worker_parks_half_for_one(struct kunit *test)
{
	fill(test);
	vmzone_standby_park_as_worker(vmzone_test_zone_of(test));
	KUNIT_EXPECT_EQ(test, nr_standby(test), vmzone_standby_target(FRAMES) / 2);
	vmzone_standby_park_as_worker(vmzone_test_zone_of(test));
	KUNIT_EXPECT_EQ(test, nr_standby(test), vmzone_standby_target(FRAMES) / 2);
	vmzone_test_zone_check(test);
}

/* With a small budget as many as its next batch of evictions takes. */
static void worker_parks_a_batch_at_least(struct kunit *test)
{
	vmzone_test_zone_stop(test);
	start(test, 8 * VMZONE_BACKGROUND_BATCH);
	fill(test);
	vmzone_standby_park_as_worker(vmzone_test_zone_of(test));
	KUNIT_EXPECT_EQ(test, nr_standby(test), (unsigned long)VMZONE_BACKGROUND_BATCH);
	vmzone_test_zone_check(test);
}

/* From when frames are few until there is no room for a batch. */
static void sole_taker_parks(struct kunit *test)
{
	unsigned long target = vmzone_standby_target(FRAMES);
	unsigned int batch = vmzone_taker_park_nr(FRAMES);
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	unsigned long nr = batch;
	pgoff_t rescued;

	KUNIT_ASSERT_LT(test, 2 * batch, target);
	fill(test);
	vmzone_standby_park_as_taker(zone, false);
	KUNIT_EXPECT_EQ(test, nr_standby(test), 0ul);
	vmzone_standby_park_as_taker(zone, true);
	KUNIT_EXPECT_EQ(test, nr_standby(test), nr);
	while (nr + batch <= target) {
		nr += batch;
		vmzone_standby_park_as_taker(zone, false);
		KUNIT_ASSERT_EQ(test, nr_standby(test), nr);
	}
	vmzone_standby_park_as_taker(zone, false);
	KUNIT_EXPECT_EQ(test, nr_standby(test), nr);

	for (rescued = 0; rescued < batch; rescued++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, rescued), 0);
	vmzone_standby_park_as_taker(zone, false);
	KUNIT_EXPECT_EQ(test, nr_standby(test), nr - batch);
	vmzone_standby_park_as_taker(zone, true);
	KUNIT_EXPECT_EQ(test, nr_standby(test), nr);
	vmzone_test_zone_check(test);
}

/* All that is parked is in use again at once: it ends nevertheless. */
static void sole_taker_parks_so_many_only(struct kunit *test)
{
	unsigned int batch = vmzone_taker_park_nr(FRAMES);
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	unsigned long times = 0;
	pgoff_t index;

	fill(test);
	vmzone_standby_park_as_taker(zone, true);
	while (nr_standby(test) && times < MANY) {
		for (index = 0; index < FILLED; index++)
			KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, index), 0);
		times++;
		vmzone_standby_park_as_taker(zone, false);
	}
	KUNIT_EXPECT_EQ(test, times, DIV_ROUND_UP(vmzone_standby_target(FRAMES), batch));
	vmzone_test_zone_check(test);
}

/* Somebody takes a frame when few are left. Returns whether he has begun to park. */
static bool parks_when_few(struct kunit *test, bool sole)
{
	struct vmzone_frame **spare = kunit_kcalloc(test, FRAMES, sizeof(*spare), GFP_KERNEL);
	struct vmzone_pool *pool = &vmzone_test_zone_of(test)->pool;
	unsigned long nr_spare = 0;
	bool parks;

	KUNIT_ASSERT_NOT_NULL(test, spare);
	fill(test);
	while (vmzone_pool_nr_free(pool) >= vmzone_low_watermark(FRAMES)) {
		spare[nr_spare] = vmzone_pool_alloc(pool, VMZONE_POOL_ZERO);
		KUNIT_ASSERT_FALSE(test, IS_ERR(spare[nr_spare]));
		nr_spare++;
	}
	if (!sole)
		other_is_sole(test);
	KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, FILLED, ZONE_VALUE(FILLED)), 0);
	parks = vmzone_test_zone_of(test)->reclaim.takers.to_park;

	vmzone_test_zone_settle(test);
	while (nr_spare)
		vmzone_pool_free(pool, spare[--nr_spare]);
	vmzone_test_zone_check(test);
	return parks;
}

static void is_asked_of_the_sole_taker(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, parks_when_few(test, true));
}

static void is_not_asked_of_several(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, parks_when_few(test, false));
}

static struct kunit_case standby_cases[] = {
	KUNIT_CASE(tells_who_is_sole),
	KUNIT_CASE(nobody_is_on_one_cpu),
	KUNIT_CASE(worker_parks_for_several),
	KUNIT_CASE(worker_parks_half_for_one),
	KUNIT_CASE(worker_parks_a_batch_at_least),
	KUNIT_CASE(sole_taker_parks),
	KUNIT_CASE(sole_taker_parks_so_many_only),
	KUNIT_CASE(is_asked_of_the_sole_taker),
	KUNIT_CASE(is_not_asked_of_several),
	{}
};

static struct kunit_suite standby_suite = {
	.name = "vmzone_standby",
	.init = standby_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = standby_cases,
};
kunit_test_suite(standby_suite);
