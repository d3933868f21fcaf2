// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiters_test.c - who waits for a frame, for what, and who is refused
 *
 * Proves: at the brim, where all frames are in use and the store has room for no
 * other, nobody is refused while a frame is in transit: neither while a worker
 * holds the last room of the store for a frame that it is about to free, nor
 * while others fill frames whose stored copies they are about to drop; when there
 * is none, the refusal does come. What another zone has in transit delays nobody. A
 * frame of the reserve wakes one who may have it, though one who may not has waited
 * longer; and when the workers give up, or are told to end, whoever waits is woken. A
 * worker that is told to ends after the batch that it is at. A batch of evictions wakes
 * as many as it frees frames, all at its end.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../module/batch.h"
#include "../module/evict.h"
#include "../module/watermark.h"
#include "fake_store.h"
#include "zone_fixture.h"

#define FRAMES		VMZONE_POOL_MIN_FRAMES
#define RESERVE		2	/* of so few frames */
#define MAX_STORED	3
#define BATCH		3u

/* Long after anybody who does not wait has given up. */
#define HOLD_MS		1500

/* Half of what a fault waits for workers that do nothing. */
#define SHORT_MS	50

/* Nobody sleeps so long who need not. */
#define SOON		(5UL * HZ)

static void let_go(struct work_struct *unused)
{
	vmzone_fake_let_go();
}

static DECLARE_DELAYED_WORK(letting_go, let_go);

static int waiters_init(struct kunit *test)
{
	int ret = vmzone_test_zone_init(test);

	if (!ret)
		vmzone_test_zone_start(test, &vmzone_policy_fifo, FRAMES);
	return ret;
}

static void waiters_exit(struct kunit *test)
{
	vmzone_fake_let_go();
	cancel_delayed_work_sync(&letting_go);
	vmzone_test_zone_exit(test);
}

/* New contents, slot after slot, until there is no more room. Returns how many. */
static pgoff_t fill_up(struct kunit *test)
{
	pgoff_t index;

	for (index = 0; index < ZONE_SLOTS; index++)
		if (vmzone_test_zone_write(test, index, ZONE_VALUE(index)))
			break;
	return index;
}

static void refused_at_last(struct kunit *test)
{
	vmzone_fake.max_live = MAX_STORED;
	KUNIT_EXPECT_EQ(test, fill_up(test), (pgoff_t)(FRAMES - RESERVE + MAX_STORED));
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_live, (unsigned int)MAX_STORED);
	vmzone_test_zone_check(test);
}

/* The worker is the first to save something, and sleeps over it. */
static void not_while_one_is_evicted(struct kunit *test)
{
	unsigned long start = jiffies;

	vmzone_fake.max_live = 1;
	vmzone_fake.nr_to_hold = 1;
	queue_delayed_work(system_wq, &letting_go, msecs_to_jiffies(HOLD_MS));
	KUNIT_EXPECT_EQ(test, fill_up(test), (pgoff_t)(FRAMES - RESERVE + 1));
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_held, 1u);
	KUNIT_EXPECT_GE(test, jiffies - start, msecs_to_jiffies(HOLD_MS));
	vmzone_test_zone_check(test);
}

/**
 * struct toucher - somebody else who touches a slot
 * @test: whose zone
 * @index: the slot
 * @task: who it is
 * @ret: what came of it
 * @done: when it is over
 */
struct toucher {
	struct kunit *test;
	pgoff_t index;
	struct task_struct *task;
	int ret;
	struct completion done;
};

static int toucher_main(void *arg)
{
	struct toucher *toucher = arg;
	enum vmzone_touch touch;

	toucher->ret = vmzone_test_zone_touch(toucher->test, toucher->index, &touch);
	kthread_complete_and_exit(&toucher->done, 0);
}

static struct toucher *start_toucher(struct kunit *test, pgoff_t index)
{
	struct toucher *toucher = kunit_kzalloc(test, sizeof(*toucher), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, toucher);
	toucher->test = test;
	toucher->index = index;
	init_completion(&toucher->done);
	toucher->task = kthread_run(toucher_main, toucher, "vmzone_toucher");
	KUNIT_ASSERT_FALSE(test, IS_ERR(toucher->task));
	return toucher;
}

static void end_toucher(struct kunit *test, struct toucher *toucher)
{
	wait_for_completion(&toucher->done);
	KUNIT_EXPECT_EQ(test, toucher->ret, 0);
}

/* The next slot from @from on that is in the store only. */
static pgoff_t next_stored(struct kunit *test, pgoff_t from)
{
	while (from < ZONE_SLOTS && vmzone_test_zone_state(test, from) != VMZONE_STATE_STORED)
		from++;
	KUNIT_ASSERT_LT(test, from, (pgoff_t)ZONE_SLOTS);
	return from;
}

/* Wait until so many calls of the store sleep. */
static void await_held(struct kunit *test, unsigned int nr)
{
	unsigned int tries;

	for (tries = 0; READ_ONCE(vmzone_fake.nr_held) < nr && tries < 500; tries++)
		schedule_timeout_uninterruptible(1);
	KUNIT_ASSERT_EQ(test, vmzone_fake.nr_held, nr);
}

/* Two have the reserve, and have not dropped the copies of what they fill it with. */
static void not_while_others_are_filled(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct toucher *toucher[RESERVE];
	pgoff_t index = 0;
	unsigned int i;

	vmzone_fake.max_live = MAX_STORED;
	vmzone_fake.tight = true;
	fill_up(test);
	vmzone_test_zone_settle(test);
	vmzone_fake.nr_to_hold = RESERVE;
	for (i = 0; i < RESERVE; i++) {
		index = next_stored(test, index);
		toucher[i] = start_toucher(test, index++);
		await_held(test, i + 1);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fix->zone->pool.used), (long)FRAMES);
	queue_delayed_work(system_wq, &letting_go, msecs_to_jiffies(HOLD_MS));
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, next_stored(test, index)), 0);
	for (i = 0; i < RESERVE; i++)
		end_toucher(test, toucher[i]);
	vmzone_test_zone_check(test);
}

/**
 * struct other - somebody else who does one thing with a zone
 * @zone: the zone
 * @done: when it is over
 */
struct other {
	struct vmzone_zone *zone;
	struct completion done;
};

/* Returns NULL when there is no task to be had. */
static struct other *start_other(struct kunit *test, struct vmzone_zone *zone,
				 int (*main)(void *arg))
{
	struct other *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);

	if (!other)
		return NULL;
	other->zone = zone;
	init_completion(&other->done);
	return IS_ERR(kthread_run(main, other, "vmzone_other")) ? NULL : other;
}

static int refused_main(void *arg)
{
	struct other *refused = arg;

	vmzone_reclaim_transit_wait(refused->zone);
	kthread_complete_and_exit(&refused->done, 0);
}

static void waits_for_its_own_zone(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_config config;
	struct vmzone_zone *zone;
	struct other *refused;
	unsigned long left = 0;
	int cookie;

	vmzone_config_default(&config);
	zone = vmzone_zone_create(&config);
	KUNIT_ASSERT_FALSE(test, IS_ERR(zone));
	cookie = vmzone_reclaim_transit_begin(&fix->zone->reclaim);
	refused = start_other(test, zone, refused_main);
	if (refused)
		left = wait_for_completion_timeout(&refused->done, 5 * HZ);
	vmzone_reclaim_transit_end(&fix->zone->reclaim, cookie);
	KUNIT_EXPECT_NE(test, left, 0ul);
	if (refused && !left)
		wait_for_completion(&refused->done);
	vmzone_zone_put(zone);
}

/* How many wait for a frame, or whether that task does. */
static unsigned int nr_queued(struct kunit *test, const struct task_struct *task)
{
	struct zone_fixture *fix = test->priv;
	wait_queue_head_t *freed = &fix->zone->reclaim.freed;
	struct wait_queue_entry *entry;
	unsigned int nr = 0;

	spin_lock_irq(&freed->lock);
	list_for_each_entry(entry, &freed->head, entry)
		nr += !task || entry->private == task;
	spin_unlock_irq(&freed->lock);
	return nr;
}

static bool is_queued(struct kunit *test, const struct toucher *toucher)
{
	return nr_queued(test, toucher->task);
}

static void await_queued(struct kunit *test, const struct task_struct *task, unsigned int nr)
{
	unsigned long end = jiffies + 5 * HZ;

	while (nr_queued(test, task) < nr && time_before(jiffies, end))
		usleep_range(100, 200);
}

/*
 * With all frames in use, some of the reserve by pages that came in, and the
 * worker asleep over the one that it evicts. A woken waiter is off the queue at once.
 */
static void wakes_who_can_use_it(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct toucher *zero, *page_in;
	pgoff_t index;

	for (index = 40; index <= 40 + RESERVE; index++) {
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, ZONE_VALUE(index)), 0);
		KUNIT_ASSERT_EQ(test, vmzone_evict_slot(fix->zone, index), 0);
	}
	vmzone_fake.nr_to_hold = 1;
	for (index = 0; index < FRAMES - RESERVE; index++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, ZONE_VALUE(index)), 0);
	await_held(test, 1);
	for (index = 40; index < 40 + RESERVE; index++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, index), 0);
	KUNIT_ASSERT_EQ(test, atomic_long_read(&fix->zone->pool.used), (long)FRAMES);

	zero = start_toucher(test, 50);
	await_queued(test, zero->task, 1);
	page_in = start_toucher(test, 40 + RESERVE);
	await_queued(test, page_in->task, 1);
	KUNIT_EXPECT_EQ(test, vmzone_resident_discard(fix->zone, 5), 1);
	KUNIT_EXPECT_TRUE(test, is_queued(test, zero));
	KUNIT_EXPECT_FALSE(test, is_queued(test, page_in));
	vmzone_reclaim_wake_all(fix->zone);
	KUNIT_EXPECT_FALSE(test, is_queued(test, zero));

	fix->values[5] = 0;
	vmzone_fake_let_go();
	end_toucher(test, zero);
	end_toucher(test, page_in);
	vmzone_test_zone_check(test);
}

static int sleeper_main(void *arg)
{
	struct other *sleeper = arg;

	vmzone_reclaim_wait(sleeper->zone, VMZONE_POOL_PAGE_IN, 30 * HZ);
	kthread_complete_and_exit(&sleeper->done, 0);
}

/* All the frames that page-ins may have. Returns how many. */
static unsigned int take_spare(struct vmzone_pool *pool, struct vmzone_frame **spare)
{
	unsigned int nr;

	for (nr = 0; nr < FRAMES; nr++) {
		spare[nr] = vmzone_pool_alloc(pool, VMZONE_POOL_PAGE_IN);
		if (IS_ERR(spare[nr]))
			break;
	}
	return nr;
}

/* Uses half the frames, which are not so many that a worker starts. */
static void use_half(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < FRAMES / 2; i++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, i, ZONE_VALUE(i)), 0);
	KUNIT_ASSERT_EQ(test, vmzone_fake.nr_saves, 0u);
}

/* Nobody sleeps then, or waits for the workers before he evicts for himself. */
static void goes_on_alone(struct kunit *test)
{
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	unsigned long start = jiffies, fastest = ULONG_MAX;
	pgoff_t index;

	vmzone_reclaim_wait(zone, VMZONE_POOL_PAGE_IN, SOON);
	KUNIT_EXPECT_LT(test, jiffies - start, SOON);
	for (index = FRAMES; index < FRAMES + 5; index++) {
		start = jiffies;
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, ZONE_VALUE(index)), 0);
		fastest = min(fastest, jiffies - start);
	}
	KUNIT_EXPECT_LT(test, fastest, msecs_to_jiffies(SHORT_MS));
	KUNIT_EXPECT_GT(test, vmzone_test_zone_event(test, VMZONE_STAT_EVICT_DIRTY +
						     VMZONE_EVICT_DIRECT), 0ull);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_event(test, VMZONE_STAT_EVICT_DIRTY +
						     VMZONE_EVICT_BACKGROUND), 0ull);
}

/* As if somebody waited for the workers, when there are no frames. */
static void ends_when_told(struct kunit *test)
{
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	struct vmzone_frame *spare[FRAMES];
	struct other *sleeper;
	unsigned int nr_spare;

	use_half(test);
	nr_spare = take_spare(&zone->pool, spare);
	sleeper = start_other(test, zone, sleeper_main);
	KUNIT_ASSERT_NOT_NULL(test, sleeper);
	await_queued(test, NULL, 1);
	KUNIT_EXPECT_EQ(test, nr_queued(test, NULL), 1u);
	atomic_inc(&zone->reclaim.halts);
	vmzone_reclaim_owe(zone, 0);
	vmzone_test_zone_settle(test);
	KUNIT_EXPECT_EQ(test, nr_queued(test, NULL), 0u);
	KUNIT_EXPECT_EQ(test, vmzone_fake.nr_saves, 0u);
	wait_for_completion(&sleeper->done);

	goes_on_alone(test);
	atomic_dec(&zone->reclaim.halts);
	while (nr_spare)
		vmzone_pool_free(&zone->pool, spare[--nr_spare]);
	vmzone_test_zone_check(test);
}

static int halter_main(void *arg)
{
	struct other *halter = arg;

	vmzone_reclaim_halt(halter->zone);
	kthread_complete_and_exit(&halter->done, 0);
}

/* The store sleeps over the first frame that the worker saves. */
static void is_told_to_end(struct kunit *test)
{
	struct vmzone_zone *zone = vmzone_test_zone_of(test);
	struct vmzone_frame *spare[FRAMES];
	unsigned long high = vmzone_high_watermark(FRAMES);
	unsigned int nr_spare, tries;
	struct other *halter;

	use_half(test);
	nr_spare = take_spare(&zone->pool, spare);
	vmzone_fake.nr_to_hold = 1;
	vmzone_reclaim_owe(zone, 0);
	await_held(test, 1);
	halter = start_other(test, zone, halter_main);
	KUNIT_ASSERT_NOT_NULL(test, halter);
	for (tries = 0; !atomic_read(&zone->reclaim.halts) && tries < 500; tries++)
		schedule_timeout_uninterruptible(1);
	vmzone_fake_let_go();
	wait_for_completion(&halter->done);
	KUNIT_EXPECT_LT(test, vmzone_pool_nr_free(&zone->pool), high);
	vmzone_test_zone_settle(test);
	KUNIT_EXPECT_LT(test, vmzone_pool_nr_free(&zone->pool), high);

	vmzone_reclaim_owe(zone, 0);
	vmzone_test_zone_settle(test);
	KUNIT_EXPECT_GE(test, vmzone_pool_nr_free(&zone->pool), high);
	while (nr_spare)
		vmzone_pool_free(&zone->pool, spare[--nr_spare]);
	vmzone_test_zone_check(test);
}

static int evicter_main(void *arg)
{
	struct vmzone_progress progress = {};
	struct other *evicter = arg;

	vmzone_batch_evict(evicter->zone, BATCH, VMZONE_EVICT_BACKGROUND, &progress);
	kthread_complete_and_exit(&evicter->done, 0);
}

/* The first of the batch is clean and free at once; the store sleeps over the second. */
static void wakes_once_a_batch(struct kunit *test)
{
	struct zone_fixture *fix = test->priv;
	struct vmzone_pool *pool = &fix->zone->pool;
	struct vmzone_frame *spare[FRAMES];
	struct other *sleepers[BATCH + 1], *evicter;
	unsigned int nr_spare, i;

	KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, 0, ZONE_VALUE(0)), 0);
	KUNIT_ASSERT_EQ(test, vmzone_evict_slot(fix->zone, 0), 0);
	KUNIT_ASSERT_EQ(test, vmzone_test_zone_read(test, 0), 0);
	for (i = 1; i < FRAMES / 2; i++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, i, ZONE_VALUE(i)), 0);
	while (fix->zone->policy.nr_standby < BATCH)
		KUNIT_ASSERT_NE(test, vmzone_batch_park(fix->zone, BATCH), 0u);
	nr_spare = take_spare(pool, spare);

	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		sleepers[i] = start_other(test, fix->zone, sleeper_main);
		KUNIT_ASSERT_NOT_NULL(test, sleepers[i]);
	}
	await_queued(test, NULL, ARRAY_SIZE(sleepers));
	vmzone_fake.nr_to_hold = 1;
	evicter = start_other(test, fix->zone, evicter_main);
	KUNIT_ASSERT_NOT_NULL(test, evicter);
	await_held(test, 1);
	KUNIT_EXPECT_TRUE(test, vmzone_pool_has_room(pool, VMZONE_POOL_PAGE_IN));
	KUNIT_EXPECT_EQ(test, nr_queued(test, NULL), BATCH + 1);
	vmzone_fake_let_go();
	wait_for_completion(&evicter->done);
	KUNIT_EXPECT_EQ(test, nr_queued(test, NULL), 1u);

	vmzone_reclaim_wake_all(fix->zone);
	for (i = 0; i < ARRAY_SIZE(sleepers); i++)
		wait_for_completion(&sleepers[i]->done);
	while (nr_spare)
		vmzone_pool_free(pool, spare[--nr_spare]);
	vmzone_test_zone_check(test);
}

static struct kunit_case waiters_cases[] = {
	KUNIT_CASE(refused_at_last),
	KUNIT_CASE(not_while_one_is_evicted),
	KUNIT_CASE(not_while_others_are_filled),
	KUNIT_CASE(waits_for_its_own_zone),
	KUNIT_CASE(wakes_who_can_use_it),
	KUNIT_CASE(ends_when_told),
	KUNIT_CASE(is_told_to_end),
	KUNIT_CASE(wakes_once_a_batch),
	{}
};

static struct kunit_suite waiters_suite = {
	.name = "vmzone_waiters",
	.init = waiters_init,
	.exit = waiters_exit,
	.test_cases = waiters_cases,
};
kunit_test_suite(waiters_suite);
