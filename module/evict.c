// SPDX-License-Identifier: GPL-2.0-only
/*
 * evict.c - how a slot loses its frame: standby, eviction, page out
 *
 * Owns: the protocol of eviction. Folio lock (only tried, where others wait for
 * us), EVICTING, unmap, then freeze the reference count at the zone's one. If
 * that fails somebody holds the page, such as direct I/O or another CPU's
 * unflushed batch, and it stays. If it holds, there is no mapping and no
 * reference, and none can be had: only now is the page's dirty flag final, and
 * only now is it read and the page saved. Nothing is saved before.
 *
 * Lock order: see binding.c.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "binding.h"
#include "delay.h"
#include "evict.h"
#include "gather.h"
#include "reclaim.h"
#include "trace.h"
#include "zone.h"

/* Save a frozen, unmapped frame whose stored copy is missing or stale. */
static int save(struct vmzone_zone *zone, struct vmzone_slot *slot,
		struct vmzone_frame *frame)
{
	struct vmzone_token token;
	ktime_t start = ktime_get();
	u64 duration_ns;
	int ret;

	/* It is of no use any more, and makes room for the new one. */
	vmzone_slot_drop_copy(zone, slot, frame);
	ret = zone->store->ops->save(zone->store, vmzone_frame_page(frame), &token);
	duration_ns = vmzone_elapsed_ns(start);
	trace_vmzone_page_out(zone->id, frame->index, ret, duration_ns);
	if (zone->store->ops->is_tight(zone->store))
		vmzone_zone_note_pressure(zone);
	if (ret) {
		if (ret != -ENOSPC)
			return -ENOMEM;
		vmzone_stat_inc(&zone->counters, VMZONE_STAT_STORE_FULL);
		return ret;
	}
	vmzone_frame_set_token(frame, token.lo);
	slot->token_hi = token.hi;
	vmzone_slot_event(slot, VMZONE_EVENT_SAVE);
	vmzone_stat_inc(&zone->counters, VMZONE_STAT_PAGE_OUT);
	vmzone_hist_add(&zone->counters, VMZONE_HIST_PAGE_OUT, duration_ns);
	return 0;
}

/*
 * Note a write that was only known to the page, and say whether the frame must
 * be saved. Called while the frame is frozen, so that this is the last word.
 */
static bool needs_save(struct vmzone_slot *slot, struct vmzone_frame *frame)
{
	u32 word;

	if (TestClearPageDirty(vmzone_frame_page(frame)))
		vmzone_slot_event(slot, VMZONE_EVENT_WRITE);
	word = vmzone_slot_word(slot);
	return !(word & VMZONE_SLOT_BACKED) || (word & VMZONE_SLOT_WRITTEN);
}

/*
 * Evict the frame of an EVICTING slot. The caller holds the folio lock, the
 * frame is mapped nowhere, and the zone's is the only reference that vmzone
 * knows of. The slot is settled and the lock dropped afterwards.
 */
static int evict(struct vmzone_zone *zone, struct vmzone_slot *slot,
		 struct vmzone_frame *frame, enum vmzone_evict_cause cause)
{
	/* By the policy; parked and unparked under the lock that we hold. */
	bool chosen = (vmzone_frame_hint(frame) & VMZONE_POLICY_HELD) == VMZONE_POLICY_PARKED;
	struct page *page = vmzone_frame_page(frame);
	bool dirty;
	int ret;

	vmzone_policy_remove(&zone->policy, frame);
	vmzone_delay(VMZONE_DELAY_EVICT_UNMAPPED, frame->index);
	if (PageHWPoison(page) || !page_ref_freeze(page, 1)) {
		vmzone_stat_inc(&zone->counters, VMZONE_STAT_EVICT_BUSY);
		ret = -EBUSY;
		goto err_keep;
	}
	dirty = needs_save(slot, frame);
	vmzone_delay(VMZONE_DELAY_EVICT_FROZEN, frame->index);
	ret = dirty ? save(zone, slot, frame) : 0;
	if (ret)
		goto err_unfreeze;

	vmzone_delay(VMZONE_DELAY_EVICT_SAVED, frame->index);
	vmzone_slot_set_token(slot, vmzone_frame_token(frame));
	vmzone_frame_detach(zone, frame);
	page_ref_unfreeze(page, 1);
	vmzone_slot_event(slot, VMZONE_EVENT_EVICT_DONE);
	unlock_page(page);
	vmzone_pool_free(&zone->pool, frame);
	vmzone_stat_inc(&zone->counters, cause + (dirty ? VMZONE_STAT_EVICT_DIRTY :
							  VMZONE_STAT_EVICT_CLEAN));
	vmzone_reclaim_unstick(zone);
	return 0;

err_unfreeze:
	page_ref_unfreeze(page, 1);
err_keep:
	if (chosen)
		vmzone_policy_restore(&zone->policy, frame, vmzone_frame_is_costly(slot, frame));
	else
		vmzone_policy_add(&zone->policy, frame, vmzone_frame_is_costly(slot, frame));
	vmzone_slot_event(slot, VMZONE_EVENT_EVICT_ABORT);
	unlock_page(page);
	return ret;
}

/**
 * vmzone_evict_slot() - send one slot to the store
 * @zone: the zone
 * @index: of the slot
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: 0; -ENOENT when it has no frame; -EBUSY when it is pinned or
 * somebody holds its page; or an error as in resident.h.
 */
int vmzone_evict_slot(struct vmzone_zone *zone, pgoff_t index)
{
	struct vmzone_slot *slot = vmzone_zone_find_slot(zone, index);
	struct vmzone_frame *frame;
	int ret, cookie;

	if (!slot)
		return -ENOENT;
	ret = vmzone_frame_lock_wait(slot, &frame);
	if (ret)
		return ret;
	cookie = vmzone_reclaim_transit_begin(&zone->reclaim);
	ret = vmzone_frame_own_and_unmap(zone, slot, frame);
	if (!ret)
		ret = evict(zone, slot, frame, VMZONE_EVICT_REQUESTED);
	vmzone_reclaim_transit_end(&zone->reclaim, cookie);
	if (!ret)
		vmzone_reclaim_freed(zone, 1);
	return ret;
}

/* Lock one victim and mark its slot STANDBY: no mapping can come from now on. */
static bool begin_park(struct vmzone_zone *zone, struct vmzone_frame *frame)
{
	struct vmzone_slot *slot;

	if (vmzone_frame_trylock_isolated(zone, frame, &slot)) {
		/* Listed again: somebody had good reason, and it is not ours. */
		if (!(vmzone_frame_hint(frame) & VMZONE_POLICY_LISTED) &&
		    !vmzone_slot_event(slot, VMZONE_EVENT_PARK)) {
			vmzone_delay(VMZONE_DELAY_PARK_MARKED, frame->index);
			return true;
		}
		folio_unlock(vmzone_frame_folio(frame));
	}
	vmzone_policy_putback(&zone->policy, frame);
	folio_put(vmzone_frame_folio(frame));
	return false;
}

/**
 * vmzone_evict_park() - put victims on standby
 * @zone: the zone
 * @batch: isolated frames; taken over, and reordered
 * @nr: their number
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: how many of them are on standby now; the others went back.
 */
unsigned int vmzone_evict_park(struct vmzone_zone *zone,
			       struct vmzone_frame **batch, unsigned int nr)
{
	unsigned int i, parked = 0;

	for (i = 0; i < nr; i++)
		if (begin_park(zone, batch[i]))
			batch[parked++] = batch[i];
	vmzone_gather_unmap(zone, batch, parked);
	for (i = 0; i < parked; i++) {
		vmzone_policy_park(&zone->policy, batch[i]);
		vmzone_frame_unlock(batch[i]);
	}
	return parked;
}

/**
 * vmzone_evict_parked() - evict a frame that is on standby
 * @zone: the zone
 * @frame: from vmzone_policy_isolate_standby(); taken over
 * @cause: who asked for it
 *
 * Context: process context, sleeps; the caller holds no folio lock. Once it is
 * evicted the caller owes vmzone_reclaim_freed().
 * Return: 0; -EBUSY when it is in use again or somebody holds its page; or an
 * error as in resident.h.
 */
int vmzone_evict_parked(struct vmzone_zone *zone, struct vmzone_frame *frame,
			enum vmzone_evict_cause cause)
{
	struct vmzone_slot *slot;

	if (vmzone_frame_trylock_isolated(zone, frame, &slot)) {
		if (vmzone_slot_state(vmzone_slot_word(slot)) == VMZONE_STATE_STANDBY &&
		    !vmzone_slot_event(slot, VMZONE_EVENT_EVICT_BEGIN)) {
			folio_put(vmzone_frame_folio(frame));
			return evict(zone, slot, frame, cause);
		}
		folio_unlock(vmzone_frame_folio(frame));
	}
	vmzone_policy_putback(&zone->policy, frame);
	folio_put(vmzone_frame_folio(frame));
	return -EBUSY;
}
