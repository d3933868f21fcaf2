/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slot.h - one slot: a page-sized piece of a zone
 *
 * What may become of it is slot_rules.h's; here the rules are applied to a word
 * that many look at and change at once, and who found it owned can wait.
 *
 * Lock order: none is taken. A change of the word is a full barrier, so what
 * the owner wrote to the content is seen by whoever reads the new state with
 * vmzone_slot_word().
 */
#ifndef VMZONE_SLOT_H
#define VMZONE_SLOT_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/wait_bit.h>

#include "slot_rules.h"

/**
 * struct vmzone_slot - one slot
 * @word: state, flags and pin count
 * @token_hi: high word of the token of the stored copy, if BACKED
 * @content: with a frame: its address; else, if BACKED: the token's low word,
 *	marked as one (binding.h)
 *
 * @token_hi and @content are written by the owner only. Sixteen bytes, because
 * there is one for each page of a zone that was ever touched.
 */
struct vmzone_slot {
	atomic_t word;
	u32 token_hi;
	unsigned long content;
};
static_assert(sizeof(struct vmzone_slot) == 16);

static inline u32 vmzone_slot_word(const struct vmzone_slot *slot)
{
	return atomic_read_acquire(&slot->word);
}

/**
 * vmzone_slot_event_at() - let an event happen to a slot that was looked at
 * @slot: the slot
 * @word: what it was then, in which the event may happen; returned: what it is now, if
 *	it succeeds; else of no use
 * @event: the event
 *
 * Wakes those who wait for the slot when the event ends its ownership.
 *
 * Context: any, without sleeping. A full barrier when it succeeds.
 * Return: as vmzone_slot_next(): of what the slot is now, if @word is not any more.
 */
static __always_inline int vmzone_slot_event_at(struct vmzone_slot *slot, u32 *word,
						enum vmzone_slot_event event)
{
	int old = *word;
	int ret;

	do {
		ret = vmzone_slot_next(old, event, word);
		if (ret)
			return ret;
	} while (!atomic_try_cmpxchg(&slot->word, &old, *word));

	if (vmzone_slot_is_owned(old) && !vmzone_slot_is_owned(*word))
		wake_up_var(&slot->word);
	return 0;
}

/**
 * vmzone_slot_event() - let an event happen to a slot
 * @slot: the slot
 * @event: the event
 *
 * Context: as for vmzone_slot_event_at().
 * Return: as vmzone_slot_next().
 */
static __always_inline int vmzone_slot_event(struct vmzone_slot *slot,
					     enum vmzone_slot_event event)
{
	u32 word = atomic_read(&slot->word);

	return vmzone_slot_event_at(slot, &word, event);
}

int vmzone_slot_wait(struct vmzone_slot *slot);

#endif /* VMZONE_SLOT_H */
