/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * binding.h - the bond between a slot and the frame that serves it
 *
 * Invariants, which resident.c and evict.c rest on:
 *  - A slot without a frame is changed by the one who made it FILLING.
 *  - A slot with a frame is changed by the one who holds the frame's folio
 *    lock: so whoever holds it, and has seen that the frame serves the slot,
 *    finds it RESIDENT or STANDBY for as long as he holds on. The kernel's
 *    fault code holds it from our fault handler until the PTE stands, so no
 *    mapping is in flight under it.
 *  - A frame that serves a slot has one reference of the zone's.
 */
#ifndef VMZONE_BINDING_H
#define VMZONE_BINDING_H

#include "slot.h"
#include "store.h"
#include "zone.h"

/*
 * A slot's content is a frame's address or, as an odd number, a token. State and
 * content are two loads, so the state alone cannot tell the two apart for those
 * who do not own the slot.
 *
 * The frame in a slot, or NULL if it has none. One that has meanwhile left the
 * slot may even be back with the machine: whoever does not own the slot tries for
 * a reference before he looks at more than its struct page.
 */
static inline struct vmzone_frame *vmzone_slot_frame(const struct vmzone_slot *slot)
{
	unsigned long content = READ_ONCE(slot->content);

	return content & 1 ? NULL : (struct vmzone_frame *)content;
}

static inline bool vmzone_slot_serves(const struct vmzone_slot *slot,
				      const struct vmzone_frame *frame)
{
	return frame && vmzone_slot_has_frame(vmzone_slot_word(slot)) &&
	       vmzone_slot_frame(slot) == frame;
}

/* The token of a slot without a frame; the caller owns it. */
static inline struct vmzone_token vmzone_slot_token(const struct vmzone_slot *slot)
{
	return (struct vmzone_token) { .lo = slot->content >> 1, .hi = slot->token_hi };
}

/* Leave only the low word of its token in a slot; the caller owns it. */
static inline void vmzone_slot_set_token(struct vmzone_slot *slot, u64 token_lo)
{
	WRITE_ONCE(slot->content, token_lo << 1 | 1);
}

/* The token of a slot with a frame; the caller owns it. */
static inline struct vmzone_token
vmzone_slot_frame_token(const struct vmzone_slot *slot, const struct vmzone_frame *frame)
{
	return (struct vmzone_token) {
		.lo = vmzone_frame_token(frame), .hi = slot->token_hi,
	};
}

/*
 * Whether evicting a slot's frame would mean to save it, as far as is known: a
 * write through a mapping shows only when that is undone.
 */
static inline bool vmzone_frame_is_costly(const struct vmzone_slot *slot,
					  struct vmzone_frame *frame)
{
	u32 word = vmzone_slot_word(slot);

	return !(word & VMZONE_SLOT_BACKED) || (word & VMZONE_SLOT_WRITTEN) ||
	       PageDirty(vmzone_frame_page(frame));
}

bool vmzone_frame_get(const struct vmzone_slot *slot, struct vmzone_frame *frame);
int vmzone_frame_lock(struct vmzone_slot *slot, struct vmzone_frame **framep);
int vmzone_frame_lock_wait(struct vmzone_slot *slot, struct vmzone_frame **framep);
bool vmzone_frame_trylock_isolated(struct vmzone_zone *zone, struct vmzone_frame *frame,
				   struct vmzone_slot **slotp);
void vmzone_frame_unlock(struct vmzone_frame *frame);
int vmzone_frame_own_and_unmap(struct vmzone_zone *zone, struct vmzone_slot *slot,
			       struct vmzone_frame *frame);
void vmzone_frame_detach(struct vmzone_zone *zone, struct vmzone_frame *frame);
void vmzone_slot_drop_copy(struct vmzone_zone *zone, struct vmzone_slot *slot,
			   const struct vmzone_frame *frame);

#endif /* VMZONE_BINDING_H */
