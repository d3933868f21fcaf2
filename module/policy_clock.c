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
#include <linux/list.h>

#include "policy_list.h"

static unsigned int clock_isolate(void *private, struct vmzone_frame **batch,
				  unsigned int nr, unsigned long *second_chances)
{
	struct list_head *ring = private;
	unsigned int i = 0;

	while (i < nr && !list_empty(ring)) {
		struct vmzone_frame *frame =
			list_first_entry(ring, struct vmzone_frame, node);

		if (vmzone_policy_list_spare(frame, second_chances)) {
			list_move_tail(&frame->node, ring);
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
	.create = vmzone_policy_list_create,
	.destroy = vmzone_policy_list_destroy,
	.add = vmzone_policy_list_add_marked,
	.remove = vmzone_policy_list_remove,
	.isolate = clock_isolate,
	.accessed = vmzone_policy_list_mark,
};
