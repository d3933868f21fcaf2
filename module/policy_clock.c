// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_clock.c - second chance
 *
 * Evicts the first frame, in the order in which they came into use, that was
 * not touched since the hand passed it last (Corbato, "A paging experiment with
 * the Multics system", 1969). The ring is a list that turns under a hand fixed
 * at its head: a touched frame loses its mark and goes to the tail. A touch is
 * known when it hits a frame on standby, so a frame that was rescued survives
 * one more turn than one that was not.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "policy.h"

#define CLOCK_TOUCHED	0x01

static void *clock_create(unsigned long nr_frames)
{
	struct list_head *ring = kmalloc(sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(ring);
	return ring;
}

static void clock_destroy(void *private)
{
	kfree(private);
}

static void clock_accessed(void *private, struct vmzone_frame *frame)
{
	vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) | CLOCK_TOUCHED);
}

static void clock_add(void *private, struct vmzone_frame *frame,
		      enum vmzone_policy_reason reason)
{
	if (reason == VMZONE_POLICY_RESCUED)
		clock_accessed(private, frame);
	list_add_tail(&frame->node, private);
}

static void clock_remove(void *private, struct vmzone_frame *frame)
{
	list_del_init(&frame->node);
}

static unsigned int clock_isolate(void *private, struct vmzone_frame **batch,
				  unsigned int nr, unsigned long *second_chances)
{
	struct list_head *ring = private;
	unsigned int i = 0;

	while (i < nr && !list_empty(ring)) {
		struct vmzone_frame *frame =
			list_first_entry(ring, struct vmzone_frame, node);
		u8 hint = vmzone_frame_hint(frame);

		if ((hint & CLOCK_TOUCHED) && *second_chances < VMZONE_POLICY_MAX_PASSED) {
			vmzone_frame_set_hint(frame, hint & ~CLOCK_TOUCHED);
			list_move_tail(&frame->node, ring);
			++*second_chances;
			continue;
		}
		list_del_init(&frame->node);
		batch[i++] = frame;
	}
	return i;
}

const struct vmzone_policy_ops vmzone_policy_clock = {
	.name = "clock",
	.id = VMZONE_POLICY_CLOCK,
	.create = clock_create,
	.destroy = clock_destroy,
	.add = clock_add,
	.remove = clock_remove,
	.isolate = clock_isolate,
	.accessed = clock_accessed,
};
