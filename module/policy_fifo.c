// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_fifo.c - first in, first out
 *
 * Evicts the frame that has been in use for the longest time, touched or not.
 * One list: new frames at the tail, victims from the head. With the zone's
 * standby behind it this is the segmented FIFO of VMS (Turner and Levy,
 * "Segmented FIFO page replacement", 1981): a frame that is touched while on
 * standby comes in anew, which is what keeps the hot ones. As a swap manager by
 * itself it is ucore's.
 */
#include "policy_list.h"

const struct vmzone_policy_ops vmzone_policy_fifo = {
	.name = "fifo",
	.id = VMZONE_POLICY_FIFO,
	.create = vmzone_policy_list_create,
	.destroy = vmzone_policy_list_destroy,
	.add = vmzone_policy_list_add,
	.remove = vmzone_policy_list_remove,
	.isolate = vmzone_policy_list_isolate,
};
