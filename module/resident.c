// SPDX-License-Identifier: GPL-2.0-only
/*
 * resident.c - how a slot gets a frame and keeps it: page in, pin, discard
 *
 * Owns: filling, pin counts, and the end of a slot's contents. Together with
 * evict.c, where a slot loses its frame, it is all that joins slot, pool, policy
 * and store; binding.h has the rules that the two rest on.
 *
 * What is __always_inline is there twice: for faults, with all that depends on which
 * slots are wanted decided by the compiler, and for everybody else.
 *
 * Lock order: see binding.c.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "binding.h"
#include "delay.h"
#include "reclaim.h"
#include "resident.h"
#include "trace.h"
#include "zone.h"

/* Put the contents of a filling slot into a locked frame. */
static __always_inline int fill_contents(struct vmzone_zone *zone, struct vmzone_slot *slot,
					 pgoff_t index, struct vmzone_frame *frame,
					 bool stored)
{
	u64 duration_ns;
	ktime_t start;
	int ret;

	if (!stored) {
		if (!vmzone_frame_is_zeros(frame))
			clear_highpage(vmzone_frame_page(frame));
		return 0;
	}
	start = ktime_get();
	ret = zone->store->ops->load(zone->store, vmzone_slot_token(slot),
				     vmzone_frame_page(frame));
	duration_ns = vmzone_elapsed_ns(start);
	trace_vmzone_page_in(zone->id, index, ret, duration_ns);
	if (ret) {
		vmzone_stat_inc(&zone->counters, VMZONE_STAT_LOAD_ERROR);
		return ret;
	}
	vmzone_stat_inc(&zone->counters, VMZONE_STAT_PAGE_IN);
	vmzone_hist_add(&zone->counters, VMZONE_HIST_PAGE_IN, duration_ns);
	return 0;
}

/*
 * Give a filling slot its frame, which is locked and full. The stored copy is
 * kept, so that an unwritten page is evicted for free, unless the store is
 * short of room.
 */
static __always_inline void attach(struct vmzone_zone *zone, struct vmzone_slot *slot,
				   pgoff_t index, struct vmzone_frame *frame, u32 word)
{
	bool stored = word & VMZONE_SLOT_BACKED;
	bool keeps_copy = stored && !zone->store->ops->is_tight(zone->store);

	if (!stored)
		atomic_long_inc(&zone->nr_used);
	else if (keeps_copy)
		vmzone_frame_init_token(frame, vmzone_slot_token(slot).lo);
	else
		vmzone_slot_drop_copy(zone, slot, NULL);
	frame->mapping = zone->inode->i_mapping;
	frame->index = index;
	WRITE_ONCE(slot->content, (unsigned long)frame);
	vmzone_policy_came(&zone->policy, frame, !keeps_copy);
	vmzone_slot_event_at(slot, &word, VMZONE_EVENT_FILL_DONE);
}

/* Fill a slot with a frame that nobody else knows; it is given up on failure. */
static __always_inline int fill_with(struct vmzone_zone *zone, struct vmzone_slot *slot,
				     pgoff_t index, struct vmzone_frame *frame, u32 word)
{
	int ret;

	/* Nobody else has it, but for who handles a failure of its memory. */
	if (!folio_trylock(vmzone_frame_folio(frame)))
		folio_lock(vmzone_frame_folio(frame));
	vmzone_delay(VMZONE_DELAY_FILL_FRAMED, index);
	ret = fill_contents(zone, slot, index, frame, word & VMZONE_SLOT_BACKED);
	if (!ret) {
		folio_get(vmzone_frame_folio(frame));
		attach(zone, slot, index, frame, word);
		return 0;
	}
	folio_unlock(vmzone_frame_folio(frame));
	vmzone_pool_free(&zone->pool, frame);
	vmzone_reclaim_freed(zone, 1);
	vmzone_slot_event(slot, ret == -EBADMSG ? VMZONE_EVENT_FILL_FAIL :
						  VMZONE_EVENT_FILL_ABORT);
	return ret == -ENOMEM ? ret : -EIO;
}

/* Fill a slot that the caller has made FILLING, with that word; it is settled afterwards. */
static __always_inline int fill(struct vmzone_zone *zone, struct vmzone_slot *slot,
				pgoff_t index, u32 word, enum vmzone_want want,
				struct vmzone_frame **framep, enum vmzone_touch *touch)
{
	bool stored = word & VMZONE_SLOT_BACKED;
	int ret, cookie;

	/* A range that is paged in must not push itself out again. */
	*framep = vmzone_reclaim_frame(zone, stored ? VMZONE_POOL_PAGE_IN : VMZONE_POOL_ZERO,
				       want == VMZONE_WANT_STORED ? VMZONE_PACE_ALONE :
								    VMZONE_PACE_AHEAD,
				       &cookie);
	if (IS_ERR(*framep)) {
		vmzone_slot_event(slot, VMZONE_EVENT_FILL_ABORT);
		return PTR_ERR(*framep);
	}
	ret = fill_with(zone, slot, index, *framep, word);
	vmzone_reclaim_transit_end(&zone->reclaim, cookie);
	*touch = stored ? VMZONE_TOUCH_MAJOR : VMZONE_TOUCH_ZERO;
	return ret;
}

/* A locked frame was touched: if it was on standby, it is back in use. */
static void note_touch(struct vmzone_zone *zone, struct vmzone_slot *slot,
		       struct vmzone_frame *frame)
{
	if (vmzone_slot_event(slot, VMZONE_EVENT_RESCUE)) {
		vmzone_policy_accessed(&zone->policy, frame);
		return;
	}
	vmzone_policy_add(&zone->policy, frame, vmzone_frame_is_costly(slot, frame));
	vmzone_stat_inc(&zone->counters, VMZONE_STAT_SECOND_CHANCE);
}

/* One attempt; -EAGAIN: somebody was quicker, look again. */
static __always_inline int get_once(struct vmzone_zone *zone, struct vmzone_slot *slot,
				    pgoff_t index, enum vmzone_want want,
				    struct vmzone_frame **frame, enum vmzone_touch *touch)
{
	u32 word = vmzone_slot_word(slot);
	int ret;

	switch (vmzone_slot_state(word)) {
	case VMZONE_STATE_RESIDENT:
	case VMZONE_STATE_STANDBY:
		if (want == VMZONE_WANT_STORED)
			return -ENOENT;
		ret = vmzone_frame_lock(slot, frame);
		if (!ret) {
			note_touch(zone, slot, *frame);
			*touch = VMZONE_TOUCH_MINOR;
		}
		return ret;
	case VMZONE_STATE_FILLING:
	case VMZONE_STATE_EVICTING:
		ret = vmzone_slot_wait(slot);
		return ret ? ret : -EAGAIN;
	case VMZONE_STATE_EMPTY:
		if (want != VMZONE_WANT_ANY)
			return -ENOENT;
		break;
	default:
		break;
	}
	vmzone_delay(VMZONE_DELAY_GET_LOOKED, index);
	if (vmzone_slot_event_at(slot, &word, VMZONE_EVENT_FILL_BEGIN))
		return -EAGAIN;
	/* Somebody discarded it, between our look and this: it stays empty. */
	if (want != VMZONE_WANT_ANY && !(word & VMZONE_SLOT_BACKED)) {
		vmzone_slot_event(slot, VMZONE_EVENT_FILL_ABORT);
		return -ENOENT;
	}
	vmzone_delay(VMZONE_DELAY_FILL_CLAIMED, index);
	return fill(zone, slot, index, word, want, frame, touch);
}

/*
 * Part a frame, locked and unmapped, from its slot; the lock is dropped. Off the
 * policy first: whoever could still isolate the frame would take a reference
 * that freezing did not see.
 */
static void abandon_frame(struct vmzone_zone *zone, struct vmzone_frame *frame)
{
	struct page *page = vmzone_frame_page(frame);
	bool held;

	vmzone_frame_detach(zone, frame);
	held = PageHWPoison(page) || !page_ref_freeze(page, 1);
	if (!held) {
		ClearPageDirty(page);
		page_ref_unfreeze(page, 1);
	}
	unlock_page(page);
	if (held)
		vmzone_pool_orphan(&zone->pool, frame);
	else
		vmzone_pool_free(&zone->pool, frame);
	vmzone_reclaim_freed(zone, 1);
}

/* Discard a slot whose frame the caller has locked; lock and reference go. */
static int discard_locked(struct vmzone_zone *zone, struct vmzone_slot *slot,
			  struct vmzone_frame *frame)
{
	int cookie = vmzone_reclaim_transit_begin(&zone->reclaim);
	int ret = vmzone_frame_own_and_unmap(zone, slot, frame);

	if (!ret) {
		vmzone_slot_drop_copy(zone, slot, frame);
		WRITE_ONCE(slot->content, 0);
		abandon_frame(zone, frame);
		atomic_long_dec(&zone->nr_used);
		vmzone_slot_event(slot, VMZONE_EVENT_CLEAR);
		ret = 1;
	}
	vmzone_reclaim_transit_end(&zone->reclaim, cookie);
	return ret;
}

/* See vmzone_resident_get(). */
static __always_inline int get(struct vmzone_zone *zone, pgoff_t index,
			       enum vmzone_want want, struct page **pagep,
			       enum vmzone_touch *touch)
{
	struct vmzone_frame *frame;
	struct vmzone_slot *slot;
	int ret;

	vmzone_delay(VMZONE_DELAY_GET_BEGUN, index);
	slot = want == VMZONE_WANT_ANY ? vmzone_zone_make_slot(zone, index) :
					 vmzone_zone_find_slot(zone, index);
	if (!slot)
		return want == VMZONE_WANT_ANY ? -ENOMEM : -ENOENT;
	while ((ret = get_once(zone, slot, index, want, &frame, touch)) == -EAGAIN) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	if (ret)
		return ret;

	vmzone_delay(VMZONE_DELAY_GET_FILLED, index);
	/*
	 * Truncation lowers the size first, and then looks at each slot; what it
	 * did not see goes here, before anybody can have the lock after us.
	 */
	if (index >= READ_ONCE(zone->nr_slots)) {
		discard_locked(zone, slot, frame);
		return -EFBIG;
	}
	if (PageHWPoison(vmzone_frame_page(frame))) {
		vmzone_frame_unlock(frame);
		return -EHWPOISON;
	}
	if (*touch == VMZONE_TOUCH_MAJOR && want != VMZONE_WANT_STORED)
		vmzone_stat_inc(&zone->counters, VMZONE_STAT_REFAULT);
	vmzone_delay(VMZONE_DELAY_GET_DONE, index);
	*pagep = vmzone_frame_page(frame);
	return 0;
}

/**
 * vmzone_resident_get() - have a slot's frame
 * @zone: the zone
 * @index: of the slot
 * @want: which slots are worth a frame
 * @pagep: returned: the page, locked, with a reference of the caller's
 * @touch: returned: what it took
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: 0; -ENOENT when the slot is not worth one; -EFBIG when the zone has
 * shrunk below it; -EHWPOISON when the machine has lost the page; or an error as in resident.h.
 */
int vmzone_resident_get(struct vmzone_zone *zone, pgoff_t index,
			enum vmzone_want want, struct page **pagep,
			enum vmzone_touch *touch)
{
	return get(zone, index, want, pagep, touch);
}

/**
 * vmzone_resident_fault() - the same for a fault, which wants any slot
 * @zone: the zone
 * @index: of the slot
 * @pagep: returned: the page, locked, with a reference of the caller's
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: what it took, an enum vmzone_touch; or an error as of vmzone_resident_get().
 */
int vmzone_resident_fault(struct vmzone_zone *zone, pgoff_t index, struct page **pagep)
{
	enum vmzone_touch touch;
	int ret = get(zone, index, VMZONE_WANT_ANY, pagep, &touch);

	return ret ? ret : (int)touch;
}

/**
 * vmzone_resident_hold() - keep a slot's frame from being evicted for a while
 * @zone: the zone
 * @index: of the slot; nothing happens if it has no frame
 *
 * Context: process context, sleeps; the caller holds no folio lock, and range_lock.
 * Return: 0, and the caller owes vmzone_policy_release(); or -EINTR.
 */
int vmzone_resident_hold(struct vmzone_zone *zone, pgoff_t index)
{
	struct vmzone_slot *slot = vmzone_zone_find_slot(zone, index);
	struct vmzone_frame *frame;
	int ret;

	ret = slot ? vmzone_frame_lock_wait(slot, &frame) : -ENOENT;
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	note_touch(zone, slot, frame);
	if (!vmzone_slot_pins(vmzone_slot_word(slot)))
		vmzone_policy_hold(&zone->policy, frame);
	vmzone_frame_unlock(frame);
	return 0;
}

/**
 * vmzone_resident_pin() - make a slot resident and add one to its pin count
 * @zone: the zone
 * @index: of the slot
 *
 * Context: process context, sleeps; the caller holds range_lock.
 * Return: 0; -EOVERFLOW; or an error as in resident.h. No count has changed
 * unless it is 0.
 */
int vmzone_resident_pin(struct vmzone_zone *zone, pgoff_t index)
{
	enum vmzone_touch touch;
	struct vmzone_slot *slot;
	struct page *page;
	bool first;
	int ret;

	ret = vmzone_resident_get(zone, index, VMZONE_WANT_ANY, &page, &touch);
	if (ret)
		return ret;
	vmzone_delay(VMZONE_DELAY_PIN_GOT, index);
	slot = vmzone_zone_find_slot(zone, index);
	first = !vmzone_slot_pins(vmzone_slot_word(slot));
	ret = first ? vmzone_pool_pin(&zone->pool) : 0;
	if (!ret) {
		ret = vmzone_slot_event(slot, VMZONE_EVENT_PIN);
		if (first && !ret)
			vmzone_policy_remove(&zone->policy, vmzone_page_frame(page));
		else if (first)
			vmzone_pool_unpin(&zone->pool);
	}
	vmzone_frame_unlock(vmzone_page_frame(page));
	return ret;
}

/**
 * vmzone_resident_unpin() - take one off the pin count of a pinned slot
 * @zone: the zone
 * @index: of the slot, which has a pin count
 *
 * Context: process context, sleeps; the caller holds range_lock.
 */
void vmzone_resident_unpin(struct vmzone_zone *zone, pgoff_t index)
{
	struct vmzone_slot *slot = vmzone_zone_find_slot(zone, index);
	struct vmzone_frame *frame = vmzone_slot_frame(slot);

	folio_lock(vmzone_frame_folio(frame));
	if (vmzone_slot_pins(vmzone_slot_word(slot)) == 1) {
		vmzone_policy_add(&zone->policy, frame, vmzone_frame_is_costly(slot, frame));
		vmzone_pool_unpin(&zone->pool);
	}
	vmzone_slot_event(slot, VMZONE_EVENT_UNPIN);
	folio_unlock(vmzone_frame_folio(frame));
}

static int discard_resident(struct vmzone_zone *zone, struct vmzone_slot *slot)
{
	struct vmzone_frame *frame;
	int ret = vmzone_frame_lock_wait(slot, &frame);

	if (ret)
		return ret == -ENOENT ? -EAGAIN : ret;
	return discard_locked(zone, slot, frame);
}

static int discard_stored(struct vmzone_zone *zone, struct vmzone_slot *slot)
{
	if (vmzone_slot_event(slot, VMZONE_EVENT_FILL_BEGIN))
		return -EAGAIN;
	/* Somebody else discarded it, between our look and this. */
	if (!(vmzone_slot_word(slot) & VMZONE_SLOT_BACKED)) {
		vmzone_slot_event(slot, VMZONE_EVENT_FILL_ABORT);
		return 0;
	}
	vmzone_slot_drop_copy(zone, slot, NULL);
	WRITE_ONCE(slot->content, 0);
	atomic_long_dec(&zone->nr_used);
	vmzone_slot_event(slot, VMZONE_EVENT_CLEAR);
	return 1;
}

/**
 * vmzone_resident_discard() - forget the contents of one slot
 * @zone: the zone
 * @index: of the slot
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: 1 when there were any, 0 when it was empty; -EBUSY, and nothing
 * changed, when it is pinned; -EINTR.
 */
int vmzone_resident_discard(struct vmzone_zone *zone, pgoff_t index)
{
	struct vmzone_slot *slot = vmzone_zone_find_slot(zone, index);
	int ret;

	if (!slot)
		return 0;
	do {
		u32 word = vmzone_slot_word(slot);

		if (vmzone_slot_state(word) == VMZONE_STATE_EMPTY)
			return 0;
		vmzone_delay(VMZONE_DELAY_DISCARD_LOOKED, index);
		if (vmzone_slot_has_frame(word) || vmzone_slot_is_owned(word))
			ret = discard_resident(zone, slot);
		else
			ret = discard_stored(zone, slot);
		cond_resched();
	} while (ret == -EAGAIN);
	return ret;
}

static void release(struct vmzone_zone *zone, struct vmzone_slot *slot)
{
	struct vmzone_frame *frame = vmzone_slot_frame(slot);

	vmzone_slot_drop_copy(zone, slot, frame);
	if (frame) {
		folio_lock(vmzone_frame_folio(frame));
		abandon_frame(zone, frame);
	}
}

/**
 * vmzone_resident_release_all() - take all contents of a zone that ends
 * @zone: without mappings, descriptors or worker; its slots are of no use after
 *
 * Context: process context, sleeps.
 */
void vmzone_resident_release_all(struct vmzone_zone *zone)
{
	struct vmzone_slot *slot;
	pgoff_t index = 0;

	while ((slot = vmzone_zone_next_slot(zone, &index, ULONG_MAX))) {
		release(zone, slot);
		index++;
		cond_resched();
	}
}
