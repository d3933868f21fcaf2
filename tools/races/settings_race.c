// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a zone's parameters can change at each step of those who use them:
 * the codec during a save, the store's limit during a save and a load, the budget
 * during a fault and a fault during a change of the budget, the policy under faults,
 * page-outs and pins.
 */
#include "race.h"

#include <linux/membarrier.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOT 3
#define NR_SLOTS 128
#define NR_FRAMES 64

static struct actor actor, rival;

static long set(struct vmzone_set values)
{
	return zone_set(zone.fd, values);
}

static long set_codec(long codec)
{
	return set((struct vmzone_set){ .which = VMZONE_SET_CODEC, .codec = codec });
}

static long set_limit(long bytes)
{
	return set((struct vmzone_set){ .which = VMZONE_SET_STORE_LIMIT, .store_limit = bytes });
}

static long set_frames(long frames)
{
	return set((struct vmzone_set){ .which = VMZONE_SET_FRAMES, .frames = frames });
}

static long set_policy(long policy)
{
	return set((struct vmzone_set){ .which = VMZONE_SET_POLICY, .policy = policy });
}

/* A save has chosen its codec, and the zone gets another: the copy is of the first. */
static void codec_during_save(unsigned int from, unsigned int to)
{
	char name[48];

	snprintf(name, sizeof(name), "codec %u to %u during a save", from, to);
	race_begin(NR_SLOTS, NR_FRAMES);
	is(set_codec(from), 0, "%s: SET", name);
	store_version(SLOT, 1);
	ok(actor_stops(&actor, act_page_out, SLOT, "save_codec", ANY),
	   "%s: the save has its codec", name);
	is(set_codec(to), 0, "%s: the zone gets another", name);
	send_out(SLOT + 1, 2);
	point_release("save_codec");
	is(actor_end(&actor), 1, "%s: PAGE_OUT has its page", name);
	is(act_touch(SLOT), 1, "%s: which is read back", name);
	is(act_touch(SLOT + 1), 2, "%s: as is one of the new codec", name);
	race_end(name);
}

/* A page is on its way to the store, and the limit falls below it: nothing is lost. */
static void limit_during_save(void)
{
	const char *name = "store limit during a save";
	struct vmzone_stats stats;

	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	ok(actor_stops(&actor, act_page_out, SLOT, "save_codec", ANY),
	   "%s: the save is under way", name);
	is(set_limit(1), 0, "%s: the store gets a limit of one byte", name);
	point_release("save_codec");
	is(actor_end(&actor), -ENOMEM, "%s: PAGE_OUT says that it is full", name);
	stats = zone_stats(&zone);
	is(stats.store_full, 1, "%s: as store_full does", name);
	is(stats.store_bytes, 0, "%s: nothing is in the store", name);
	is(act_touch(SLOT), 1, "%s: the page stays", name);
	is(set_limit(MIB), 0, "%s: the limit is raised", name);
	is(act_page_out(SLOT), 1, "%s: PAGE_OUT has the page then", name);
	is(act_touch(SLOT), 1, "%s: and it comes back", name);
	race_end(name);
}

/*
 * A page is on its way from the store, and a lower limit wants all copies of pages
 * that have a frame: it must wait for this one, and may not free it under the load.
 */
static void limit_during_load(void)
{
	const char *name = "store limit during a load";
	size_t bad = 0;

	race_begin(NR_SLOTS, NR_FRAMES);
	for (size_t slot = 0; slot < 16; slot++)
		send_out(slot, 1);
	is(zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, 15), 15, "%s: copies are kept", name);
	ok(actor_stops(&actor, act_touch, 15, "fill_framed", 15),
	   "%s: a load is about to begin", name);
	actor_start(&rival, set_limit, 2 * page_size);
	ok(actor_waits(&rival), "%s: the lower limit waits for it", name);
	point_release("fill_framed");
	is(actor_end(&actor), 1, "%s: the page is loaded", name);
	is(actor_end(&rival), 0, "%s: the limit is set", name);
	is(zone_stats(&zone).store_limit_bytes, 2 * page_size, "%s: as asked for", name);
	for (size_t slot = 0; slot < 16; slot++)
		bad += act_touch(slot) != 1;
	is(bad, 0, "%s: all pages are right", name);
	race_end(name);
}

/* A fault has a frame and no contents: the budget falls around it. */
static void budget_during_fault(void)
{
	const char *name = "budget cut during a fault";
	struct vmzone_stats stats;
	size_t bad = 0;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(100, 1);
	for (size_t slot = 0; slot < 48; slot++)
		store_version(slot, 1);
	ok(actor_stops(&actor, act_touch, 100, "fill_framed", 100),
	   "%s: the fault has a frame", name);
	is(set_frames(16), 0, "%s: the budget is cut to 16", name);
	stats = zone_stats(&zone);
	is(stats.budget_frames, 16, "%s: as STATS says", name);
	between(stats.resident_frames, 1, 16, "%s: the fault's frame is one of these", name);
	point_release("fill_framed");
	is(actor_end(&actor), 1, "%s: the fault sees its page", name);
	for (size_t slot = 0; slot < 48; slot++)
		bad += act_touch(slot) != 1;
	is(bad, 0, "%s: all pages are right", name);
	race_end(name);
}

/* The target of a smaller budget is met, and not yet the budget: faults go on below it. */
static void fault_during_budget(void)
{
	const char *name = "faults during a budget cut";
	size_t bad = 0, over = 0;

	race_begin(NR_SLOTS, NR_FRAMES);
	for (size_t slot = 0; slot < 48; slot++)
		store_version(slot, 1);
	ok(actor_stops(&actor, set_frames, 16, "shrink_met", ANY),
	   "%s: the target is met", name);
	is(zone_stats(&zone).budget_frames, NR_FRAMES, "%s: the budget is as before", name);
	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		bad += act_touch(slot) != (slot < 48);
		over += zone_stats(&zone).resident_frames > 16;
	}
	is(bad, 0, "%s: all pages can be touched, and are right", name);
	is(over, 0, "%s: never with more frames than the target", name);
	point_release("shrink_met");
	is(actor_end(&actor), 0, "%s: the cut succeeds", name);
	is(zone_stats(&zone).budget_frames, 16, "%s: as STATS says", name);
	race_end(name);
}

static long touch_many(long first)
{
	long ret = 0;

	for (long slot = first; slot < first + 32 && !ret; slot++)
		ret = act_touch(slot);
	return ret;
}

/* Pages are on their way to the pool, more than a smaller budget leaves room for. */
static void budget_during_block(void)
{
	const char *name = "budget cut while pages come";

	race_begin(256, 256);
	for (size_t slot = 0; slot < 48; slot++)
		store_version(slot, 1);
	ok(actor_stops(&actor, touch_many, 64, "block_counted", ANY),
	   "%s: several are counted, and not there", name);
	ok(actor_stops(&rival, set_frames, 16, "shrink_met", ANY),
	   "%s: no more frames are in use than the cut leaves", name);
	point_release("shrink_met");
	/* Past the grace period that the cut waits for, and some more. */
	for (unsigned int i = 0; i < 3; i++)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	usleep(100 * 1000);
	ok(!atomic_load(&rival.done), "%s: the cut waits for those pages", name);
	is(zone_stats(&zone).budget_frames, 256, "%s: the budget is as before", name);
	point_release("block_counted");
	is(actor_end(&actor), 0, "%s: the faults succeed", name);
	is(actor_end(&rival), 0, "%s: the cut as well", name);
	is(zone_stats(&zone).budget_frames, 16, "%s: as STATS says", name);
	race_end(name);
}

/* A pin is under way, and the budget falls: one after the other, and reserve is kept. */
static void budget_during_pin(void)
{
	const char *name = "budget cut during PIN";

	race_begin(NR_SLOTS, NR_FRAMES);
	is(zone_range(&zone, VMZONE_IOC_PIN, 0, 13), 13, "%s: thirteen are pinned", name);
	ok(actor_stops(&actor, act_pin, 20, "pin_got", 20),
	   "%s: PIN has one more page, and has not counted it", name);
	actor_start(&rival, set_frames, 16);
	ok(actor_waits(&rival), "%s: the cut waits", name);
	point_release("pin_got");
	is(actor_end(&actor), 1, "%s: PIN has its page", name);
	is(actor_end(&rival), 0, "%s: fourteen leave enough of sixteen", name);
	is(act_pin(21), -ENOMEM, "%s: one more would not", name);
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 0, 13), 13, "%s: UNPIN", name);
	is(act_unpin(20), 1, "%s: UNPIN of the last", name);
	race_end(name);
}

/* A fault that began under one policy hands its frame to the next. */
static void policy_during_fault(unsigned int from, unsigned int to)
{
	char name[48];

	snprintf(name, sizeof(name), "%s to %s during a fault", policy_name[from], policy_name[to]);
	race_begin(NR_SLOTS, NR_FRAMES);
	is(set_policy(from), 0, "%s: SET", name);
	send_out(SLOT, 1);
	ok(actor_stops(&actor, act_touch, SLOT, "fill_framed", SLOT),
	   "%s: the fault has a frame", name);
	is(set_policy(to), 0, "%s: the policy changes", name);
	point_release("fill_framed");
	is(actor_end(&actor), 1, "%s: the fault sees its page", name);
	race_end(name);
}

/*
 * Two policies have frames of the zone, and everything goes on: a frame that either of
 * them loses can never be evicted again. So a budget that falls, and pins of all but two
 * of what is left, must leave something to evict.
 */
static void all_during_policy(unsigned int from, unsigned int to)
{
	char name[48];
	size_t bad = 0;

	snprintf(name, sizeof(name), "all during %s to %s", policy_name[from], policy_name[to]);
	race_begin(NR_SLOTS, NR_FRAMES);
	is(set_policy(from), 0, "%s: SET", name);
	for (size_t slot = 0; slot < 48; slot++)
		store_version(slot, 1);
	ok(actor_stops(&actor, set_policy, to, "switch_begun", ANY),
	   "%s: both have frames", name);
	bad += act_page_out(0) != 1;
	bad += act_touch(0) != 1;
	bad += act_page_out(1) != 1;
	bad += zone_range(&zone, VMZONE_IOC_PAGE_OUT, 10, 8) != 8;
	/* A few more than there are frames, so that most stay with the old one. */
	for (size_t slot = 0; slot < 66; slot++)
		bad += act_touch(slot) != (slot < 48);
	is(bad, 0, "%s: pages go and come by request and by force", name);
	point_release("switch_begun");
	is(actor_end(&actor), 0, "%s: the change is done", name);
	is(set_frames(16), 0, "%s: the budget falls", name);
	is(zone_range(&zone, VMZONE_IOC_PIN, NR_SLOTS - 14, 14), 14, "%s: fourteen are pinned", name);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		bad += act_touch(slot) != (slot < 48);
	is(bad, 0, "%s: no frame is lost to the new one, and all pages are right", name);
	is(zone_range(&zone, VMZONE_IOC_UNPIN, NR_SLOTS - 14, 14), 14, "%s: UNPIN", name);
	race_end(name);
}

int main(void)
{
	struct vmzone_info info = device_info();
	unsigned int next;

	races_begin();
	codec_during_save(VMZONE_CODEC_LZ4, VMZONE_CODEC_ZSTD);
	codec_during_save(VMZONE_CODEC_ZSTD, VMZONE_CODEC_NONE);
	codec_during_save(VMZONE_CODEC_NONE, VMZONE_CODEC_LZO_RLE);
	limit_during_save();
	limit_during_load();
	budget_during_fault();
	fault_during_budget();
	budget_during_block();
	budget_during_pin();
	for (unsigned int policy = 1; policy < NR_POLICY_NAMES; policy++) {
		next = policy % (NR_POLICY_NAMES - 1) + 1;
		if (!(info.policies & 1U << policy) || !(info.policies & 1U << next))
			continue;
		policy_during_fault(policy, next);
		all_during_policy(policy, next);
	}
	return tap_end();
}
