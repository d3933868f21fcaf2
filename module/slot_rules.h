/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slot_rules.h - the states of a slot, and the only legal changes between them
 *
 * A slot's word holds a state, flags and a pin count, and changes only by
 * events. All of it is pure, and inline: where the event is a constant, what is
 * left of the table is a comparison or two, on the path of every fault.
 *
 *   EMPTY     nothing was ever written, or it was discarded: reads as zeros
 *   FILLING   somebody is giving it a frame, or dropping its stored copy
 *   RESIDENT  has a frame, which may be mapped
 *   STANDBY   has a frame, mapped nowhere: next in line to be evicted
 *   EVICTING  somebody is taking its frame away
 *   STORED    has its contents in the store only
 *   FAILED    as STORED, but the last load found the stored copy damaged
 *
 *            FILL_BEGIN             FILL_DONE               PARK
 *     EMPTY ------------> FILLING ------------> RESIDENT <-------> STANDBY
 *       ^  \ FILL_ABORT <-/   ^                 ^  |      RESCUE      |
 *       |   CLEAR <----------/| FILL_BEGIN      |  | EVICT_BEGIN      |
 *       |                     | (FILL_ABORT,    |  v                  |
 *       |      FAILED,STORED -+  FILL_FAIL)    EVICTING <------------/
 *       |          ^-------------------------- / (EVICT_ABORT: to RESIDENT)
 *       +---------------- CLEAR <-------------/
 *
 * FILLING and EVICTING own the slot: only the one whose event led there may
 * change it or its content, and all others wait (vmzone_slot_wait()).
 */
#ifndef VMZONE_SLOT_RULES_H
#define VMZONE_SLOT_RULES_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/types.h>

enum vmzone_slot_state {
	VMZONE_STATE_EMPTY = 0,		/* so that a zeroed table is right */
	VMZONE_STATE_FILLING,
	VMZONE_STATE_RESIDENT,
	VMZONE_STATE_STANDBY,
	VMZONE_STATE_EVICTING,
	VMZONE_STATE_STORED,
	VMZONE_STATE_FAILED,
	VMZONE_STATE_NR_STATES,
};

/* The word: state, flags, pin count. */
#define VMZONE_SLOT_STATE_MASK	GENMASK(2, 0)
#define VMZONE_SLOT_BACKED	BIT(3)	/* the store has a copy */
#define VMZONE_SLOT_WRITTEN	BIT(4)	/* that copy, if any, is out of date */
#define VMZONE_SLOT_PIN_SHIFT	8
#define VMZONE_SLOT_PIN_ONE	BIT(VMZONE_SLOT_PIN_SHIFT)
#define VMZONE_SLOT_PIN_MASK	GENMASK(31, VMZONE_SLOT_PIN_SHIFT)

/**
 * enum vmzone_slot_event - what may happen to a slot
 * @VMZONE_EVENT_FILL_BEGIN: take ownership of a slot without a frame
 * @VMZONE_EVENT_FILL_DONE: its frame holds its contents: publish it
 * @VMZONE_EVENT_FILL_ABORT: leave it as it was
 * @VMZONE_EVENT_FILL_FAIL: its stored copy is damaged: keep it, marked so
 * @VMZONE_EVENT_PARK: its frame was unmapped: keep it on standby
 * @VMZONE_EVENT_RESCUE: a frame on standby was touched
 * @VMZONE_EVENT_EVICT_BEGIN: take ownership of an unpinned slot with a frame
 * @VMZONE_EVENT_EVICT_ABORT: the frame stays
 * @VMZONE_EVENT_EVICT_DONE: the frame is gone, the stored copy is good
 * @VMZONE_EVENT_WRITE: its frame was written
 * @VMZONE_EVENT_SAVE: the owner has stored a copy of its frame
 * @VMZONE_EVENT_DROP: the owner, or who has the frame locked, has dropped the
 *	stored copy
 * @VMZONE_EVENT_CLEAR: the owner has dropped all: the slot is empty
 * @VMZONE_EVENT_PIN: one more pin
 * @VMZONE_EVENT_UNPIN: one less
 * @VMZONE_EVENT_NR_EVENTS: how many events there are
 */
enum vmzone_slot_event {
	VMZONE_EVENT_FILL_BEGIN,
	VMZONE_EVENT_FILL_DONE,
	VMZONE_EVENT_FILL_ABORT,
	VMZONE_EVENT_FILL_FAIL,
	VMZONE_EVENT_PARK,
	VMZONE_EVENT_RESCUE,
	VMZONE_EVENT_EVICT_BEGIN,
	VMZONE_EVENT_EVICT_ABORT,
	VMZONE_EVENT_EVICT_DONE,
	VMZONE_EVENT_WRITE,
	VMZONE_EVENT_SAVE,
	VMZONE_EVENT_DROP,
	VMZONE_EVENT_CLEAR,
	VMZONE_EVENT_PIN,
	VMZONE_EVENT_UNPIN,
	VMZONE_EVENT_NR_EVENTS,
};

static inline enum vmzone_slot_state vmzone_slot_state(u32 word)
{
	return word & VMZONE_SLOT_STATE_MASK;
}

static inline u32 vmzone_slot_pins(u32 word)
{
	return word >> VMZONE_SLOT_PIN_SHIFT;
}

static inline bool vmzone_slot_is_owned(u32 word)
{
	return vmzone_slot_state(word) == VMZONE_STATE_FILLING ||
	       vmzone_slot_state(word) == VMZONE_STATE_EVICTING;
}

static inline bool vmzone_slot_has_frame(u32 word)
{
	return vmzone_slot_state(word) == VMZONE_STATE_RESIDENT ||
	       vmzone_slot_state(word) == VMZONE_STATE_STANDBY;
}

#define VMZONE_FROM(state)	BIT(VMZONE_STATE_##state)
#define VMZONE_SAME	VMZONE_STATE_NR_STATES

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
} vmzone_slot_rules[VMZONE_EVENT_NR_EVENTS] = {
	[VMZONE_EVENT_FILL_BEGIN] = {
		.from = VMZONE_FROM(EMPTY) | VMZONE_FROM(STORED) | VMZONE_FROM(FAILED),
		.to = VMZONE_STATE_FILLING,
	},
	[VMZONE_EVENT_FILL_DONE] = {
		.from = VMZONE_FROM(FILLING), .to = VMZONE_STATE_RESIDENT,
	},
	[VMZONE_EVENT_FILL_ABORT] = {
		.from = VMZONE_FROM(FILLING), .to = VMZONE_SAME, /* see vmzone_slot_settled() */
	},
	[VMZONE_EVENT_FILL_FAIL] = {
		.from = VMZONE_FROM(FILLING), .to = VMZONE_STATE_FAILED,
		.need = VMZONE_SLOT_BACKED,
	},
	[VMZONE_EVENT_PARK] = {
		.from = VMZONE_FROM(RESIDENT), .to = VMZONE_STATE_STANDBY,
	},
	[VMZONE_EVENT_RESCUE] = {
		.from = VMZONE_FROM(STANDBY), .to = VMZONE_STATE_RESIDENT,
	},
	[VMZONE_EVENT_EVICT_BEGIN] = {
		.from = VMZONE_FROM(RESIDENT) | VMZONE_FROM(STANDBY),
		.to = VMZONE_STATE_EVICTING,
	},
	[VMZONE_EVENT_EVICT_ABORT] = {
		.from = VMZONE_FROM(EVICTING), .to = VMZONE_STATE_RESIDENT,
	},
	[VMZONE_EVENT_EVICT_DONE] = {
		.from = VMZONE_FROM(EVICTING), .to = VMZONE_STATE_STORED,
		.need = VMZONE_SLOT_BACKED, .never = VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_WRITE] = {
		.from = VMZONE_FROM(RESIDENT) | VMZONE_FROM(STANDBY) | VMZONE_FROM(EVICTING),
		.to = VMZONE_SAME, .set = VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_SAVE] = {
		.from = VMZONE_FROM(EVICTING), .to = VMZONE_SAME,
		.set = VMZONE_SLOT_BACKED, .clear = VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_DROP] = {
		.from = VMZONE_FROM(FILLING) | VMZONE_FROM(EVICTING) |
			VMZONE_FROM(RESIDENT) | VMZONE_FROM(STANDBY),
		.to = VMZONE_SAME, .need = VMZONE_SLOT_BACKED, .clear = VMZONE_SLOT_BACKED,
	},
	[VMZONE_EVENT_CLEAR] = {
		.from = VMZONE_FROM(FILLING) | VMZONE_FROM(EVICTING),
		.to = VMZONE_STATE_EMPTY,
		.clear = VMZONE_SLOT_BACKED | VMZONE_SLOT_WRITTEN,
	},
	[VMZONE_EVENT_PIN] = { .from = VMZONE_FROM(RESIDENT), .to = VMZONE_SAME },
	[VMZONE_EVENT_UNPIN] = { .from = VMZONE_FROM(RESIDENT), .to = VMZONE_SAME },
};

/* Where a slot without a frame rests when its owner changed nothing. */
static inline enum vmzone_slot_state vmzone_slot_settled(u32 word)
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
static __always_inline int vmzone_slot_next(u32 word, enum vmzone_slot_event event,
					    u32 *next)
{
	const struct vmzone_slot_rule *rule = &vmzone_slot_rules[event];
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
		state = vmzone_slot_settled(word);
		break;
	default:
		break;
	}
	if (rule->to != VMZONE_SAME)
		state = rule->to;
	*next = pins | ((flags | rule->set) & ~rule->clear) | state;
	return 0;
}

#endif /* VMZONE_SLOT_RULES_H */
