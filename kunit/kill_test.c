// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill_test.c - a fatal signal at each wait
 *
 * Proves: whoever waits for a page that is locked, for a slot that somebody owns,
 * for frames in transit, or for the lock of ranges returns -EINTR as soon as a fatal signal comes, though
 * what it waits for does not; and leaves the zone as it was. The test itself
 * is who holds on. Waits for frames, and those of whole programs: tools/sweep.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "../module/binding.h"
#include "../module/evict.h"
#include "../module/range.h"
#include "../module/settings.h"
#include "fake_store.h"
#include "zone_fixture.h"

#define FRAMES		32

/* The slot that is waited for. */
#define SLOT		5

/**
 * struct act - a request that waits
 * @name: of it
 * @call: the request
 */
struct act {
	const char *name;
	int (*call)(struct vmzone_zone *zone);
};

static int act_get(struct vmzone_zone *zone)
{
	enum vmzone_touch touch;
	struct page *page;

	return vmzone_resident_get(zone, SLOT, VMZONE_WANT_ANY, &page, &touch);
}

static int act_evict(struct vmzone_zone *zone)
{
	return vmzone_evict_slot(zone, SLOT);
}

static int act_discard(struct vmzone_zone *zone)
{
	return vmzone_resident_discard(zone, SLOT);
}

static int act_range_page_in(struct vmzone_zone *zone)
{
	u64 nr_done;

	return vmzone_range_page_in(zone, 0, ZONE_SLOTS / 4, &nr_done);
}

static int act_range_page_out(struct vmzone_zone *zone)
{
	u64 nr_done;

	return vmzone_range_page_out(zone, 0, ZONE_SLOTS, &nr_done);
}

static int act_range_pin(struct vmzone_zone *zone)
{
	u64 nr_done;

	return vmzone_range_pin(zone, SLOT - 2, SLOT + 2, &nr_done);
}

static int act_range_unpin(struct vmzone_zone *zone)
{
	u64 nr_done;

	return vmzone_range_unpin(zone, SLOT, SLOT + 1, &nr_done);
}

static int act_range_discard(struct vmzone_zone *zone)
{
	u64 nr_done;

	return vmzone_range_discard(zone, SLOT, SLOT + 1, &nr_done);
}

/* The inode's lock is its caller's. */
static int act_resize(struct vmzone_zone *zone)
{
	return vmzone_settings_resize(zone, SLOT * PAGE_SIZE);
}

static int act_set_limit(struct vmzone_zone *zone)
{
	const struct vmzone_set set = {
		.which = VMZONE_SET_STORE_LIMIT, .store_limit = PAGE_SIZE,
	};

	return vmzone_settings_apply(zone, &set);
}

static int act_transit_wait(struct vmzone_zone *zone)
{
	return vmzone_reclaim_transit_wait(zone);
}

static const struct act transit_acts[] = {
	{ "a refused fault", act_transit_wait },
};

static const struct act slot_acts[] = {
	{ "touch", act_get },
	{ "evict", act_evict },
	{ "discard", act_discard },
	{ "page in a range", act_range_page_in },
	{ "page out a range", act_range_page_out },
	{ "pin a range", act_range_pin },
	{ "discard a range", act_range_discard },
};

static const struct act lock_acts[] = {
	{ "page in a range", act_range_page_in },
	{ "pin a range", act_range_pin },
	{ "unpin a range", act_range_unpin },
	{ "discard a range", act_range_discard },
	{ "resize", act_resize },
	{ "set the limit", act_set_limit },
};

static void act_to_desc(const struct act *act, char *desc)
{
	strscpy(desc, act->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(slot_act, slot_acts, act_to_desc);
KUNIT_ARRAY_PARAM(transit_act, transit_acts, act_to_desc);
KUNIT_ARRAY_PARAM(lock_act, lock_acts, act_to_desc);

/**
 * struct victim - a task that is killed while it waits
 * @act: what it does
 * @zone: on which zone
 * @done: completed at the end
 * @ret: what the request returned
 */
struct victim {
	const struct act *act;
	struct vmzone_zone *zone;
	struct completion done;
	int ret;
};

static int victim_main(void *arg)
{
	struct victim *victim = arg;

	allow_signal(SIGKILL);
	victim->ret = victim->act->call(victim->zone);
	complete(&victim->done);
	return 0;
}

/* Starts the request, and kills it once it sleeps. Whether it came back. */
static bool kill_waiting(struct kunit *test, struct victim *victim)
{
	struct zone_fixture *fix = test->priv;
	struct task_struct *task;
	unsigned long end = jiffies + 10 * HZ;
	bool asleep = false;

	victim->act = test->param_value;
	victim->zone = fix->zone;
	init_completion(&victim->done);
	task = kthread_create(victim_main, victim, "vmzone_victim");
	if (IS_ERR(task))
		return false;
	get_task_struct(task);
	wake_up_process(task);
	/* Out of step with who sleeps a tick at a time. */
	while (!asleep && time_before(jiffies, end)) {
		usleep_range(200, 700);
		asleep = READ_ONCE(task->__state) & TASK_WAKEKILL;
	}
	KUNIT_EXPECT_TRUE_MSG(test, asleep, "it does not wait");
	KUNIT_EXPECT_FALSE(test, completion_done(&victim->done));
	send_sig(SIGKILL, task, 1);
	put_task_struct(task);
	return wait_for_completion_timeout(&victim->done, 10 * HZ);
}

/* What was held is let go; the others find all as it was. */
static void check_after(struct kunit *test, struct victim *victim, bool back)
{
	KUNIT_EXPECT_TRUE_MSG(test, back, "a fatal signal does not end the wait");
	if (!back)
		wait_for_completion(&victim->done);
	KUNIT_EXPECT_EQ(test, victim->ret, -EINTR);
	/* Page out may have come some way. */
	vmzone_test_zone_check(test);
	KUNIT_EXPECT_EQ(test, vmzone_test_zone_read(test, SLOT), 0);
}

static void start(struct kunit *test)
{
	pgoff_t index;

	vmzone_test_zone_start(test, &vmzone_policy_clock, FRAMES);
	for (index = 0; index < FRAMES / 2; index++)
		KUNIT_ASSERT_EQ(test, vmzone_test_zone_write(test, index, ZONE_VALUE(index)), 0);
}

static void waits_for_a_page(struct kunit *test)
{
	struct victim *victim = kunit_kzalloc(test, sizeof(*victim), GFP_KERNEL);
	struct zone_fixture *fix = test->priv;
	struct vmzone_frame *frame;
	bool back;

	KUNIT_ASSERT_NOT_NULL(test, victim);
	start(test);
	frame = vmzone_slot_frame(vmzone_zone_find_slot(fix->zone, SLOT));
	KUNIT_ASSERT_NOT_NULL(test, frame);
	folio_lock(vmzone_frame_folio(frame));
	back = kill_waiting(test, victim);
	folio_unlock(vmzone_frame_folio(frame));
	check_after(test, victim, back);
}

static void waits_for_a_slot(struct kunit *test)
{
	struct victim *victim = kunit_kzalloc(test, sizeof(*victim), GFP_KERNEL);
	struct zone_fixture *fix = test->priv;
	struct vmzone_slot *slot;
	bool back;

	KUNIT_ASSERT_NOT_NULL(test, victim);
	start(test);
	slot = vmzone_zone_find_slot(fix->zone, SLOT);
	KUNIT_ASSERT_EQ(test, vmzone_evict_slot(fix->zone, SLOT), 0);
	KUNIT_ASSERT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_FILL_BEGIN), 0);
	back = kill_waiting(test, victim);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(slot, VMZONE_EVENT_FILL_ABORT), 0);
	check_after(test, victim, back);
}

static void waits_for_frames_in_transit(struct kunit *test)
{
	struct victim *victim = kunit_kzalloc(test, sizeof(*victim), GFP_KERNEL);
	struct zone_fixture *fix = test->priv;
	bool back;
	int cookie;

	KUNIT_ASSERT_NOT_NULL(test, victim);
	start(test);
	cookie = vmzone_reclaim_transit_begin(&fix->zone->reclaim);
	back = kill_waiting(test, victim);
	vmzone_reclaim_transit_end(&fix->zone->reclaim, cookie);
	check_after(test, victim, back);
}

static void waits_for_the_lock_of_ranges(struct kunit *test)
{
	struct victim *victim = kunit_kzalloc(test, sizeof(*victim), GFP_KERNEL);
	struct zone_fixture *fix = test->priv;
	bool back;

	KUNIT_ASSERT_NOT_NULL(test, victim);
	start(test);
	mutex_lock(&fix->zone->range_lock);
	back = kill_waiting(test, victim);
	mutex_unlock(&fix->zone->range_lock);
	check_after(test, victim, back);
}

static struct kunit_case kill_cases[] = {
	KUNIT_CASE_PARAM(waits_for_a_page, slot_act_gen_params),
	KUNIT_CASE_PARAM(waits_for_a_slot, slot_act_gen_params),
	KUNIT_CASE_PARAM(waits_for_frames_in_transit, transit_act_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_lock_of_ranges, lock_act_gen_params),
	{}
};

static struct kunit_suite kill_suite = {
	.name = "vmzone_kill",
	.init = vmzone_test_zone_init,
	.exit = vmzone_test_zone_exit,
	.test_cases = kill_cases,
};

kunit_test_suite(kill_suite);
