/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - a frame: the struct page of a page that belongs to a zone
 *
 * A frame is in no page cache and on no LRU list of the kernel's, so the
 * fields of its struct page that serve those are free. vmzone keeps in them
 * all that it must know of a frame, and needs no memory beside it:
 *
 *   node     links it into one list: of the pool, of a policy, or of standby
 *   mapping  the zone's address space while the frame serves a slot, so that
 *            the kernel's fault, dirty and memory-failure code find what they
 *            expect; NULL otherwise ("Bad page" if it were freed with one)
 *   index    the slot that it serves; of a free frame, whether it is known to
 *            hold zeros
 *   private  the low byte is the policy's, the rest the low word of the token
 *            of the slot's copy in the store, if there is one
 *
 * Who may write: mapping, index and the token by whoever owns the slot
 * (FILLING or EVICTING) while the frame is in no policy; the hint and the node
 * under the lock of the list that the frame is on. So the halves of private
 * never have two writers.
 */
#ifndef VMZONE_FRAME_H
#define VMZONE_FRAME_H

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/stddef.h>

/**
 * struct vmzone_frame - overlay of struct page
 * @page_flags: the kernel's; not touched through this overlay
 * @node: page->lru
 * @mapping: page->mapping
 * @index: page->index
 * @private: page->private, see vmzone_frame_token() and vmzone_frame_hint()
 */
struct vmzone_frame {
	unsigned long page_flags;
	struct list_head node;
	struct address_space *mapping;
	pgoff_t index;
	unsigned long private;
};

#define VMZONE_FRAME_MATCH(fo, fr)					\
	static_assert(offsetof(struct folio, fo) ==			\
		      offsetof(struct vmzone_frame, fr))
VMZONE_FRAME_MATCH(flags, page_flags);
VMZONE_FRAME_MATCH(lru, node);
VMZONE_FRAME_MATCH(mapping, mapping);
VMZONE_FRAME_MATCH(index, index);
VMZONE_FRAME_MATCH(private, private);
#undef VMZONE_FRAME_MATCH
static_assert(sizeof(struct vmzone_frame) <= sizeof(struct page));

/* The index of a free frame that is as the machine gave it, which is zeros. */
#define VMZONE_FRAME_ZEROS	ULONG_MAX

#define VMZONE_FRAME_HINT_BITS	8
#define VMZONE_FRAME_HINT_MASK	((1UL << VMZONE_FRAME_HINT_BITS) - 1)

static inline struct page *vmzone_frame_page(struct vmzone_frame *frame)
{
	return (struct page *)frame;
}

static inline struct folio *vmzone_frame_folio(struct vmzone_frame *frame)
{
	return (struct folio *)frame;
}

static inline struct vmzone_frame *vmzone_page_frame(struct page *page)
{
	return (struct vmzone_frame *)page;
}

/**
 * vmzone_frame_set_zeros() - say whether a free frame holds zeros
 * @frame: the frame
 * @zeros: whether it is known to
 *
 * Context: by whoever has the frame, which serves no slot.
 */
static inline void vmzone_frame_set_zeros(struct vmzone_frame *frame, bool zeros)
{
	frame->index = zeros ? VMZONE_FRAME_ZEROS : 0;
}

/**
 * vmzone_frame_is_zeros() - whether a frame is known to hold zeros
 * @frame: one of vmzone_pool_alloc() that has been given no slot yet
 *
 * Context: by whoever has the frame.
 * Return: true when no byte of it has been written since it was zeroed.
 */
static inline bool vmzone_frame_is_zeros(const struct vmzone_frame *frame)
{
	return frame->index == VMZONE_FRAME_ZEROS;
}

/**
 * vmzone_frame_hint() - the byte that the frame's list keeps with it
 * @frame: the frame
 *
 * Context: under the lock of the policy, or while no policy has the frame.
 * Return: the byte.
 */
static inline u8 vmzone_frame_hint(const struct vmzone_frame *frame)
{
	return READ_ONCE(frame->private) & VMZONE_FRAME_HINT_MASK;
}

/**
 * vmzone_frame_set_hint() - change that byte
 * @frame: the frame
 * @hint: new value
 *
 * Context: as vmzone_frame_hint().
 */
static inline void vmzone_frame_set_hint(struct vmzone_frame *frame, u8 hint)
{
	unsigned long private = READ_ONCE(frame->private);

	WRITE_ONCE(frame->private, (private & ~VMZONE_FRAME_HINT_MASK) | hint);
}

/**
 * vmzone_frame_token() - the low word of the slot's token
 * @frame: the frame
 *
 * Context: by the owner of the slot.
 * Return: what vmzone_frame_set_token() was given.
 */
static inline u64 vmzone_frame_token(const struct vmzone_frame *frame)
{
	return READ_ONCE(frame->private) >> VMZONE_FRAME_HINT_BITS;
}

/**
 * vmzone_frame_set_token() - keep the low word of the slot's token
 * @frame: the frame
 * @token_lo: at most 56 bits
 *
 * Context: by the owner of the slot, while no policy has the frame.
 */
static inline void vmzone_frame_set_token(struct vmzone_frame *frame, u64 token_lo)
{
	unsigned long hint = READ_ONCE(frame->private) & VMZONE_FRAME_HINT_MASK;

	WRITE_ONCE(frame->private, token_lo << VMZONE_FRAME_HINT_BITS | hint);
}

/**
 * vmzone_frame_init_token() - the same for a frame that comes to its slot
 * @frame: the frame; its hint is 0, and stays so
 * @token_lo: at most 56 bits
 *
 * Context: as vmzone_frame_set_token().
 */
static inline void vmzone_frame_init_token(struct vmzone_frame *frame, u64 token_lo)
{
	VM_WARN_ON_ONCE(vmzone_frame_hint(frame));
	WRITE_ONCE(frame->private, token_lo << VMZONE_FRAME_HINT_BITS);
}

#endif /* VMZONE_FRAME_H */
