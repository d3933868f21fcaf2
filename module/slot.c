// SPDX-License-Identifier: GPL-2.0-only
/*
 * slot.c - the state machine of one slot
 *
 * Owns: the table of legal transitions, and nothing else. All of it is pure
 * (vmzone_slot_next()) but for the compare-and-exchange that applies it and
 * the wait queue of those who found the slot owned.
 *
 * Lock order: none is taken. A change of the word is a full barrier, so what
 * the owner wrote to the content is seen by whoever reads the new state with
 * vmzone_slot_word().
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "slot.h"

#define FROM(state)	BIT(VMZONE_STATE_##state)
#define SAME		VMZONE_STATE_NR_STATES

/*
 * What an event asks for and does. @from: states that it may come in. @to: the
 * state that follows. @need and @never: flags that must be set and clear.
 * @set and @clear: flags that it changes.
 */
static const struct vmzone_slot_rule {
	u8 from;
	u8 to;
	u8 need;
	u8 never;
	u8 set;
	u8 clear;
} rules[VMZONE_EVENT_NR_EVENTS] = {
	[VMZONE_EVENT_FILL_BEGIN] = {
		.from = FROM(EMPTY) | FROM(STORED) | FROM(FAILED),
		.to = VMZONE_STATE_FILLING,
	},
	[VMZONE_EVENT_FILL_DONE] = {
		.from = FROM(FILLING), .to = VMZONE_STATE_RESIDENT,
	},
	[VMZONE_EVENT_FILL_ABORT] = {
		.from = FROM(FILLING), .to = SAME, /* see settled() */
	},
	[VMZONE_EVENT_FILL_FAIL] = {
		.from = FROM(FILLING), .to = VMZONE_STATE_FAILED,
		.need = VMZONE_SLOT_BACKED,
	},
	[VMZONE_EVENT_PARK] = {
		.from = FROM(RESIDENT), .to = VMZONE_STATE_STANDBY,
	},
	[VMZONE_EVENT_RESCUE] = {
		.from = FROM(STANDBY), .to = VMZONE_STATE_RESIDENT,
	},
	[VMZONE_EVENT_EVICT_BEGIN] = {
		.from = FROM(RESIDENT) | FROM(STANDBY),
		.to = VMZONE_STATE_EVICTING,
	},
	[VMZONE_EVENT_EVICT_ABORT] = {
		.from = FROM(EVICTING), .to = VMZONE_STATE_RESIDENT,
	},
	[VMZONE_EVENT_EVICT_DONE] = {
		.from = FROM(EVICTING), .to = VMZONE_STATE_STORED,
		.need = VMZONE_SLOT_BACKED, .never = VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_WRITE] = {
		.from = FROM(RESIDENT) | FROM(STANDBY) | FROM(EVICTING),
		.to = SAME, .set = VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_SAVE] = {
		.from = FROM(EVICTING), .to = SAME,
		.set = VMZONE_SLOT_BACKED, .clear = VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_DROP] = {
		.from = FROM(FILLING) | FROM(EVICTING) | FROM(RESIDENT) | FROM(STANDBY),
		.to = SAME, .need = VMZONE_SLOT_BACKED, .clear = VMZONE_SLOT_BACKED,
	},
	[VMZONE_EVENT_CLEAR] = {
		.from = FROM(FILLING) | FROM(EVICTING),
		.to = VMZONE_STATE_EMPTY,
		.clear = VMZONE_SLOT_BACKED | VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_PIN] = { .from = FROM(RESIDENT), .to = SAME },
	[VMZONE_EVENT_UNPIN] = { .from = FROM(RESIDENT), .to = SAME },
};

/* Where a slot without a frame rests when its owner changed nothing. */
static enum vmzone_slot_state settled(u32 word)
{
	return word & VMZONE_SLOT_BACKED ? VMZONE_STATE_STORED : VMZONE_STATE_EMPTY;
}

/**
 * vmzone_slot_next() - what an event makes of a slot's word
 * @word: the word before
 * @event: what happens
 * @next: returned: the word after; untouched on an error
 *
 * Context: any; pure.
 * Return: 0; -EAGAIN when somebody else owns the slot (wait, then look again);
 * -EBUSY when it is pinned; -EOVERFLOW when it has all the pins it can have;
 * -EINVAL when the event has no meaning in this state.
 */
int vmzone_slot_next(u32 word, enum vmzone_slot_event event, u32 *next)
{
	const struct vmzone_slot_rule *rule = &rules[event];
	enum vmzone_slot_state state = vmzone_slot_state(word);
	u32 pins = word & VMZONE_SLOT_PIN_MASK;
	u32 flags = word & (VMZONE_SLOT_BACKED | VMZONE_SLOT_WRITTEN);

	if (!(rule->from & BIT(state)))
		return vmzone_slot_is_owned(word) ? -EAGAIN : -EINVAL;
	if ((flags & rule->need) != rule->need || (flags & rule->never))
		return -EINVAL;

	switch (event) {
	case VMZONE_EVENT_PIN:
		if (pins == VMZONE_SLOT_PIN_MASK)
			return -EOVERFLOW;
		pins += VMZONE_SLOT_PIN_ONE;
		break;
	case VMZONE_EVENT_UNPIN:
		if (!pins)
			return -EINVAL;
		pins -= VMZONE_SLOT_PIN_ONE;
		break;
	case VMZONE_EVENT_PARK:
	case VMZONE_EVENT_EVICT_BEGIN:
		if (pins)
			return -EBUSY;
		break;
	case VMZONE_EVENT_FILL_ABORT:
		state = settled(word);
		break;
	default:
		break;
	}
	if (rule->to != SAME)
		state = rule->to;
	*next = pins | ((flags | rule->set) & ~rule->clear) | state;
	return 0;
}

/**
 * vmzone_slot_event() - let an event happen to a slot
 * @slot: the slot
 * @event: the event
 *
 * Wakes those who wait for the slot when the event ends its ownership.
 *
 * Context: any, without sleeping. A full barrier when it succeeds.
 * Return: as vmzone_slot_next().
 */
int vmzone_slot_event(struct vmzone_slot *slot, enum vmzone_slot_event event)
{
	int old = atomic_read(&slot->word);
	u32 next;
	int ret;

	do {
		ret = vmzone_slot_next(old, event, &next);
		if (ret)
			return ret;
	} while (!atomic_try_cmpxchg(&slot->word, &old, next));

	if (vmzone_slot_is_owned(old) && !vmzone_slot_is_owned(next))
		wake_up_var(&slot->word);
	return 0;
}

/**
 * vmzone_slot_wait() - sleep until nobody owns a slot
 * @slot: the slot
 *
 * It may be owned again when this returns: look, and come back.
 *
 * Context: process context, sleeps. The caller owns no slot, so that no two
 * can wait for each other.
 * Return: 0, or -EINTR when a fatal signal came first.
 */
int vmzone_slot_wait(struct vmzone_slot *slot)
{
	if (wait_var_event_killable(&slot->word,
				    !vmzone_slot_is_owned(vmzone_slot_word(slot))))
		return -EINTR;
	return 0;
}
