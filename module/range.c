// SPDX-License-Identifier: GPL-2.0-only
/*
 * range.c - what can be asked of a range of slots
 *
 * Owns: what "all or nothing" and "best effort" mean for each request. Pin
 * counts and the size change under the zone's range_lock only, so that whoever
 * holds it can look at a whole range first and then change it. Faults do not
 * take it.
 *
 * Lock order: range_lock is outside of every folio lock.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "binding.h"
#include "delay.h"
#include "evict.h"
#include "gather.h"
#include "range.h"
#include "reclaim.h"
#include "resident.h"
#include "trace.h"
#include "zone.h"

/*
 * How often PAGE_OUT tries a page that somebody holds, as the reclaimer does for a
 * moment; and how often it waits for such pages in all, which others hold for long.
 */
#define PAGE_OUT_TRIES	5
#define PAGE_OUT_WAITS	64

static int lock_range(struct vmzone_zone *zone)
{
	return mutex_lock_killable(&zone->range_lock) ? -EINTR : 0;
}

/* Between two slots of a long range: whether to go on. */
static int checkpoint(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

/* To a request, a full store is a lack of memory. */
static int range_error(int error)
{
	return error == -ENOSPC ? -ENOMEM : error;
}

/* Pin count of a slot; stable while the caller holds range_lock. */
static u32 pins_of(struct vmzone_zone *zone, pgoff_t index)
{
	struct vmzone_slot *slot = vmzone_zone_find_slot(zone, index);

	return slot ? vmzone_slot_pins(vmzone_slot_word(slot)) : 0;
}

/**
 * struct census - what the slots of a range are like
 * @unpinned: have contents and no pin
 * @pinned: have a pin
 */
struct census {
	u64 unpinned;
	u64 pinned;
};

static int take_census(struct vmzone_zone *zone, pgoff_t first, pgoff_t end,
		       struct census *census)
{
	struct vmzone_slot *slot;
	int ret = 0;

	*census = (struct census) {};
	while (!ret && (slot = vmzone_zone_next_slot(zone, &first, end))) {
		u32 word = vmzone_slot_word(slot);

		if (vmzone_slot_pins(word))
			census->pinned++;
		else if (vmzone_slot_state(word) != VMZONE_STATE_EMPTY)
			census->unpinned++;
		first++;
		ret = checkpoint();
	}
	return ret;
}

/**
 * vmzone_range_check_unpinned() - whether a range may lose its contents
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 *
 * Context: process context, sleeps; the caller holds range_lock.
 * Return: 0; -EBUSY when a slot is pinned; -EINTR.
 */
int vmzone_range_check_unpinned(struct vmzone_zone *zone, pgoff_t first, pgoff_t end)
{
	struct census census;
	int ret = take_census(zone, first, end, &census);

	return !ret && census.pinned ? -EBUSY : ret;
}

/* Whether @nr more slots can be resident beside those that are pinned. */
static bool fits(struct vmzone_zone *zone, u64 nr)
{
	u64 pinned = atomic_long_read(&zone->pool.pinned);

	return nr + pinned <= vmzone_pool_pinnable(&zone->pool);
}

/*
 * Whether a slot's frame may be held, or need not be: pins, reserve and what is held
 * must leave some to evict. Others may have touched more of a range since its census.
 */
static bool may_hold(struct vmzone_zone *zone, const struct vmzone_slot *slot, bool resident)
{
	u32 word = vmzone_slot_word(slot);

	if (vmzone_slot_pins(word) || vmzone_slot_state(word) == VMZONE_STATE_EMPTY ||
	    vmzone_slot_has_frame(word) != resident)
		return true;
	return fits(zone, READ_ONCE(zone->policy.nr_held) + 1);
}

/* Page in what is stored, @max slots at most; with @hold, keep it in until all is. */
static int page_in_slots(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 max,
			 bool hold, u64 *nr_done)
{
	enum vmzone_touch touch;
	struct vmzone_slot *slot;
	struct page *page;

	for (; *nr_done < max && (slot = vmzone_zone_next_slot(zone, &first, end)); first++) {
		int ret = hold && !may_hold(zone, slot, false) ? -ENOMEM :
			  vmzone_resident_get(zone, first, VMZONE_WANT_STORED, &page, &touch);

		if (ret && ret != -ENOENT && ret != -EFBIG)
			return range_error(ret);
		if (!ret) {
			if (hold)
				vmzone_policy_hold(&zone->policy, vmzone_page_frame(page));
			vmzone_frame_unlock(vmzone_page_frame(page));
			++*nr_done;
		}
		ret = checkpoint();
		if (ret)
			return ret;
	}
	return 0;
}

/* The caller holds range_lock, and releases it all when no worker goes on to push it out. */
static int page_in_held(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	struct vmzone_slot *slot;
	struct census census;
	pgoff_t index;
	int ret;

	ret = take_census(zone, first, end, &census);
	if (ret)
		return ret;
	if (!fits(zone, census.unpinned))
		return -ENOMEM;
	if (census.unpinned)
		vmzone_reclaim_halt(zone);
	/* What the range has already must not make room for the rest of it. */
	for (index = first; (slot = vmzone_zone_next_slot(zone, &index, end)); index++) {
		ret = may_hold(zone, slot, true) ? vmzone_resident_hold(zone, index) : -ENOMEM;
		if (!ret)
			ret = checkpoint();
		if (ret)
			return ret;
	}
	return page_in_slots(zone, first, end, U64_MAX, true, nr_done);
}

/**
 * vmzone_range_page_in() - give each stored slot of a range its frame
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 * @nr_done: returned: how many were paged in
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOMEM, at once, when the range cannot fit beside the pins; or an
 * error as in range.h.
 */
int vmzone_range_page_in(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	int ret = lock_range(zone);

	*nr_done = 0;
	if (ret)
		return ret;
	ret = page_in_held(zone, first, end, nr_done);
	vmzone_policy_release(&zone->policy);
	mutex_unlock(&zone->range_lock);
	return ret;
}

/**
 * vmzone_range_prefetch() - page in as much of a range as fits, best effort
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 *
 * Context: process context, sleeps.
 */
void vmzone_range_prefetch(struct vmzone_zone *zone, pgoff_t first, pgoff_t end)
{
	u64 pinnable = vmzone_pool_pinnable(&zone->pool);
	u64 pinned = min_t(u64, atomic_long_read(&zone->pool.pinned), pinnable);
	u64 nr_done = 0;

	page_in_slots(zone, first, end, pinnable - pinned, false, &nr_done);
}

static int page_out_slot(struct vmzone_zone *zone, pgoff_t index, unsigned int *waits)
{
	unsigned int tries = 1;
	int ret;

	while ((ret = vmzone_evict_slot(zone, index)) == -EBUSY) {
		if (tries++ == PAGE_OUT_TRIES || !*waits || pins_of(zone, index) ||
		    fatal_signal_pending(current))
			break;
		--*waits;
		usleep_range(500, 1000);
	}
	return ret;
}

/**
 * vmzone_range_page_out() - send each resident, unpinned slot to the store
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 * @nr_done: returned: how many were paged out
 *
 * Pages that the kernel holds are passed over, after a few tries.
 *
 * Context: process context, sleeps.
 * Return: 0 or an error as in range.h.
 */
int vmzone_range_page_out(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	unsigned int waits = PAGE_OUT_WAITS;

	*nr_done = 0;
	for (; vmzone_zone_next_slot(zone, &first, end); first++) {
		int ret = page_out_slot(zone, first, &waits);

		if (!ret)
			++*nr_done;
		else if (ret != -EBUSY && ret != -ENOENT)
			return range_error(ret);
		ret = checkpoint();
		if (ret)
			return ret;
	}
	return 0;
}

static void unpin_slots(struct vmzone_zone *zone, pgoff_t first, pgoff_t end)
{
	for (; first < end; first++) {
		vmzone_resident_unpin(zone, first);
		cond_resched();
	}
}

static int pin_slots(struct vmzone_zone *zone, pgoff_t first, pgoff_t end)
{
	struct census census;
	pgoff_t index;
	int ret;

	/* Every slot of it would hold a frame: no need to look at huge ranges. */
	if (end - first > vmzone_pool_pinnable(&zone->pool))
		return -ENOMEM;
	ret = take_census(zone, first, end, &census);
	if (ret)
		return ret;
	if (!fits(zone, end - first - census.pinned))
		return -ENOMEM;
	for (index = first; index < end; index++) {
		ret = checkpoint() ?: vmzone_resident_pin(zone, index);
		if (ret)
			goto err_unpin;
	}
	if (census.pinned < end - first)	/* else it was waited for before */
		vmzone_gather_wait(zone);
	return 0;

err_unpin:
	unpin_slots(zone, first, index);
	return range_error(ret);
}

/**
 * vmzone_range_pin() - add one to the pin count of each slot, or of none
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 * @nr_done: returned: how many were pinned: all or 0
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOMEM when too few frames would be left for faults; -EOVERFLOW;
 * -EINVAL when the zone shrank; or an error as in range.h.
 */
int vmzone_range_pin(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	int ret = lock_range(zone);

	*nr_done = 0;
	if (ret)
		return ret;
	ret = end > zone->nr_slots ? -EINVAL : pin_slots(zone, first, end);
	mutex_unlock(&zone->range_lock);
	trace_vmzone_pin(zone->id, first, end, ret);
	if (!ret)
		*nr_done = end - first;
	return ret;
}

/**
 * vmzone_range_unpin() - take one off the pin count of each slot, or of none
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 * @nr_done: returned: how many were unpinned: all or 0
 *
 * Context: process context, sleeps.
 * Return: 0; -EINVAL when a slot of the range has no pin; -EINTR.
 */
int vmzone_range_unpin(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	struct census census;
	int ret = lock_range(zone);

	*nr_done = 0;
	if (ret)
		return ret;
	ret = take_census(zone, first, end, &census);
	if (!ret && census.pinned != end - first)
		ret = -EINVAL;
	if (!ret) {
		unpin_slots(zone, first, end);
		*nr_done = end - first;
	}
	mutex_unlock(&zone->range_lock);
	trace_vmzone_unpin(zone->id, first, end, ret);
	return ret;
}

static int discard_slots(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	for (; vmzone_zone_next_slot(zone, &first, end); first++) {
		int ret = vmzone_resident_discard(zone, first);

		if (ret < 0)
			return ret;
		*nr_done += ret;
		ret = checkpoint();
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * vmzone_range_discard() - forget the contents of each slot
 * @zone: the zone
 * @first: first slot
 * @end: behind the last one
 * @nr_done: returned: how many had any
 *
 * Context: process context, sleeps.
 * Return: 0; -EBUSY, and nothing changed, when a slot is pinned; -EINTR.
 */
int vmzone_range_discard(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done)
{
	int ret = lock_range(zone);

	*nr_done = 0;
	if (ret)
		return ret;
	ret = vmzone_range_check_unpinned(zone, first, end);
	if (!ret)
		ret = discard_slots(zone, first, end, nr_done);
	mutex_unlock(&zone->range_lock);
	trace_vmzone_discard(zone->id, first, end, ret);
	return ret;
}

static void set_size(struct vmzone_zone *zone, pgoff_t nr_slots)
{
	WRITE_ONCE(zone->nr_slots, nr_slots);
	i_size_write(zone->inode, (loff_t)nr_slots << PAGE_SHIFT);
}

/**
 * vmzone_range_resize() - change the size of a zone
 * @zone: the zone
 * @bytes: new size, a multiple of the page size
 *
 * What is cut off is discarded. Should a fatal signal stop that, the rest cannot
 * be reached, and is discarded before the zone grows over it again.
 *
 * Context: process context, sleeps; the caller holds the inode's lock and
 * range_lock.
 * Return: 0; -EINVAL; -EFBIG; -EBUSY, and nothing changed, when a slot that
 * would go is pinned; -EINTR.
 */
int vmzone_range_resize(struct vmzone_zone *zone, u64 bytes)
{
	pgoff_t nr_slots = bytes >> PAGE_SHIFT;
	pgoff_t cut = min_t(pgoff_t, nr_slots, zone->nr_slots);
	u64 nr_done = 0;
	int ret;

	if (!PAGE_ALIGNED(bytes))
		return -EINVAL;
	if (bytes > VMZONE_MAX_BYTES)
		return -EFBIG;
	ret = vmzone_range_check_unpinned(zone, cut, ULONG_MAX);
	if (ret)
		return ret;
	if (nr_slots < zone->nr_slots) {
		set_size(zone, nr_slots);
		/*
		 * Before the look at each slot. Pairs with the claim of a slot, which a
		 * fault makes before it reads the size in vmzone_resident_get().
		 */
		smp_mb();
		vmzone_delay(VMZONE_DELAY_SIZE_SET, nr_slots);
		/* To the end. A fault that came in before finds the new size. */
		unmap_mapping_pages(zone->inode->i_mapping, nr_slots, 0, false);
	}
	ret = discard_slots(zone, cut, ULONG_MAX, &nr_done);
	if (!ret)
		set_size(zone, nr_slots);
	return ret;
}

static u8 slot_flags(const struct vmzone_slot *slot)
{
	u32 word = vmzone_slot_word(slot);
	struct vmzone_frame *frame = vmzone_slot_frame(slot);
	u32 token_hi = READ_ONCE(slot->token_hi);
	u8 flags = 0;

	if (vmzone_slot_has_frame(word) || vmzone_slot_state(word) == VMZONE_STATE_EVICTING)
		flags |= VMZONE_SLOT_RESIDENT;
	if (vmzone_slot_is_owned(word))
		flags |= VMZONE_SLOT_BUSY;
	if (vmzone_slot_pins(word))
		flags |= VMZONE_SLOT_PINNED;
	if (word & VMZONE_SLOT_BACKED) {
		flags |= VMZONE_SLOT_STORED;
		if (vmzone_token_is_same_filled(token_hi))
			flags |= VMZONE_SLOT_SAME_FILLED;
		if (vmzone_token_is_raw(token_hi))
			flags |= VMZONE_SLOT_RAW;
	}
	if ((word & VMZONE_SLOT_WRITTEN) ||
	    (vmzone_slot_serves(slot, frame) && PageDirty(vmzone_frame_page(frame))))
		flags |= VMZONE_SLOT_DIRTY;
	return flags;
}

/**
 * vmzone_range_pagemap() - the state of each slot
 * @zone: the zone
 * @first: first slot
 * @nr: how many
 * @vec: returned: VMZONE_SLOT_* bits of each
 *
 * Each byte is what its slot was like at some moment of the call.
 *
 * Context: any.
 */
void vmzone_range_pagemap(struct vmzone_zone *zone, pgoff_t first, size_t nr, u8 *vec)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		struct vmzone_slot *slot = vmzone_zone_find_slot(zone, first + i);

		vec[i] = slot ? slot_flags(slot) : 0;
	}
}
