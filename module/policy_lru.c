// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_lru.c - least recently used
 *
 * Evicts the frame whose last known touch is the longest ago (Mattson et al.,
 * "Evaluation techniques for storage hierarchies", 1970). One list in the order
 * of those touches. It is exact over what a policy hears of; touches through a
 * mapping it does not hear of, so that between two turns through standby the
 * order is that of arrival. What comes out is the segmented LRU of VMS and of
 * Windows: working set, standby, free. It differs from FIFO where read() and
 * write() hit frames that are in use.
 */
#include <linux/list.h>

#include "policy_list.h"

static void lru_accessed(void *private, struct vmzone_frame *frame)
{
	list_move_tail(&frame->node, private);
}

const struct vmzone_policy_ops vmzone_policy_lru = {
	.name = "lru",
	.id = VMZONE_POLICY_LRU,
	.create = vmzone_policy_list_create,
	.destroy = vmzone_policy_list_destroy,
	.add = vmzone_policy_list_add,
	.remove = vmzone_policy_list_remove,
	.isolate = vmzone_policy_list_isolate,
	.accessed = lru_accessed,
};
