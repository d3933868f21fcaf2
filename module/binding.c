// SPDX-License-Identifier: GPL-2.0-only
/*
 * binding.c - the bond between a slot and the frame that serves it
 *
 * Owns: how a frame is locked while others may be taking it away, and how it
 * comes apart from its slot. See binding.h for the rules.
 *
 * Lock order: folio lock, then gather_lock (gather.c), then i_mmap_rwsem (in
 * unmap_mapping_pages()), then the locks of the rooms.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "binding.h"
#include "delay.h"

/**
 * vmzone_frame_get() - hold a frame that a slot was seen to have
 * @slot: the slot
 * @frame: its frame
 *
 * The page may have left the zone before we get hold of it; it is ours once we
 * hold a reference and the slot still names it, as in filemap_get_entry().
 *
 * Context: any, without sleeping.
 * Return: whether the caller has a reference, and the slot the frame; that may lose it
 * while the frame is not locked.
 */
bool vmzone_frame_get(const struct vmzone_slot *slot, struct vmzone_frame *frame)
{
	struct folio *folio = vmzone_frame_folio(frame);

	if (!folio_try_get(folio))
		return false;
	if (vmzone_slot_serves(slot, frame))
		return true;
	folio_put(folio);
	return false;
}

/**
 * vmzone_frame_lock() - lock the frame of a slot that has one
 * @slot: the slot
 * @framep: returned: its frame, locked, with a reference of the caller's
 *
 * Context: process context, sleeps.
 * Return: 0; -EAGAIN when the slot has changed, look again; -EINTR.
 */
int vmzone_frame_lock(struct vmzone_slot *slot, struct vmzone_frame **framep)
{
	struct vmzone_frame *frame = vmzone_slot_frame(slot);

	if (!vmzone_slot_serves(slot, frame))
		return -EAGAIN;
	vmzone_delay(VMZONE_DELAY_FRAME_FOUND, frame->index);
	if (!vmzone_frame_get(slot, frame))
		return -EAGAIN;
	vmzone_delay(VMZONE_DELAY_FRAME_GOT, frame->index);
	if (folio_lock_killable(vmzone_frame_folio(frame))) {
		folio_put(vmzone_frame_folio(frame));
		return -EINTR;
	}
	if (!vmzone_slot_serves(slot, frame)) {
		vmzone_frame_unlock(frame);
		return -EAGAIN;
	}
	*framep = frame;
	return 0;
}

/**
 * vmzone_frame_lock_wait() - lock a slot's frame, waiting for its owner
 * @slot: the slot
 * @framep: returned: as for vmzone_frame_lock()
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 * Return: 0; -ENOENT when the slot has no frame; -EINTR.
 */
int vmzone_frame_lock_wait(struct vmzone_slot *slot, struct vmzone_frame **framep)
{
	for (;;) {
		u32 word = vmzone_slot_word(slot);
		int ret;

		if (vmzone_slot_is_owned(word)) {
			ret = vmzone_slot_wait(slot);
			if (ret)
				return ret;
			continue;
		}
		if (!vmzone_slot_has_frame(word))
			return -ENOENT;
		ret = vmzone_frame_lock(slot, framep);
		if (ret != -EAGAIN)
			return ret;
		cond_resched();
	}
}

/**
 * vmzone_frame_trylock_isolated() - lock a frame that a policy gave out
 * @zone: the zone
 * @frame: the frame; the caller has a reference, which stays his
 * @slotp: returned: the slot that it serves
 *
 * Context: any.
 * Return: whether it is locked, and still serves a slot of this zone.
 */
bool vmzone_frame_trylock_isolated(struct vmzone_zone *zone, struct vmzone_frame *frame,
				   struct vmzone_slot **slotp)
{
	struct folio *folio = vmzone_frame_folio(frame);

	if (!folio_trylock(folio)) {
		vmzone_stat_inc(&zone->counters, VMZONE_STAT_EVICT_BUSY);
		return false;
	}
	if (frame->mapping == zone->inode->i_mapping) {
		*slotp = vmzone_zone_find_slot(zone, frame->index);
		if (*slotp && vmzone_slot_serves(*slotp, frame))
			return true;
	}
	folio_unlock(folio);
	return false;
}

/**
 * vmzone_frame_unlock() - undo vmzone_frame_lock()
 * @frame: the frame
 *
 * Context: the task that locked it.
 */
void vmzone_frame_unlock(struct vmzone_frame *frame)
{
	folio_unlock(vmzone_frame_folio(frame));
	folio_put(vmzone_frame_folio(frame));
}

/**
 * vmzone_frame_own_and_unmap() - take a slot away from all but the caller
 * @zone: the zone
 * @slot: the slot; EVICTING afterwards
 * @frame: its frame, from vmzone_frame_lock(); the caller's reference goes, and
 *	on failure the lock, too
 *
 * Context: process context, sleeps.
 * Return: 0, or -EBUSY when the slot is pinned.
 */
int vmzone_frame_own_and_unmap(struct vmzone_zone *zone, struct vmzone_slot *slot,
			       struct vmzone_frame *frame)
{
	int ret = vmzone_slot_event(slot, VMZONE_EVENT_EVICT_BEGIN);

	if (ret) {
		vmzone_frame_unlock(frame);
		return ret;
	}
	vmzone_delay(VMZONE_DELAY_OWN_BEGUN, frame->index);
	unmap_mapping_pages(zone->inode->i_mapping, frame->index, 1, false);
	folio_put(vmzone_frame_folio(frame));
	return 0;
}

/**
 * vmzone_frame_detach() - a frame leaves its slot for good
 * @zone: the zone
 * @frame: the frame, locked and unmapped
 *
 * Context: the owner of the slot.
 */
void vmzone_frame_detach(struct vmzone_zone *zone, struct vmzone_frame *frame)
{
	vmzone_policy_remove(&zone->policy, frame);
	vmzone_frame_set_token(frame, 0);
	frame->mapping = NULL;
	/* gather.c looks at it without a lock. */
	WRITE_ONCE(frame->index, 0);
}

/**
 * vmzone_slot_drop_copy() - free the stored copy of a slot, if it has one
 * @zone: the zone
 * @slot: the slot
 * @frame: its frame, which has the token; NULL when the slot itself has it
 *
 * Context: the owner of the slot, or who has its frame locked; or while its zone
 * ends.
 */
void vmzone_slot_drop_copy(struct vmzone_zone *zone, struct vmzone_slot *slot,
			   const struct vmzone_frame *frame)
{
	if (!(vmzone_slot_word(slot) & VMZONE_SLOT_BACKED))
		return;
	zone->store->ops->drop(zone->store, frame ? vmzone_slot_frame_token(slot, frame) :
						    vmzone_slot_token(slot));
	slot->token_hi = 0;
	vmzone_slot_event(slot, VMZONE_EVENT_DROP);
}
