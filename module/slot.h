/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slot.h - the state of one slot and the only legal changes to it
 *
 * A slot is one page-sized piece of a zone. Its word holds a state, flags and
 * a pin count, and changes only by events. slot.c knows nothing of what a
 * slot's content is; it decides who may touch it:
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
#ifndef VMZONE_SLOT_H
#define VMZONE_SLOT_H

#include <linux/atomic.h>
#include <linux/bits.h>
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

int vmzone_slot_next(u32 word, enum vmzone_slot_event event, u32 *next);
int vmzone_slot_event(struct vmzone_slot *slot, enum vmzone_slot_event event);
int vmzone_slot_wait(struct vmzone_slot *slot);

#endif /* VMZONE_SLOT_H */
