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
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "policy.h"

static void *fifo_create(unsigned long nr_frames)
{
	struct list_head *queue = kmalloc(sizeof(*queue), GFP_KERNEL);

	if (!queue)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(queue);
	return queue;
}

static void fifo_destroy(void *private)
{
	kfree(private);
}

static void fifo_add(void *private, struct vmzone_frame *frame,
		     enum vmzone_policy_reason reason)
{
	list_add_tail(&frame->node, private);
}

static void fifo_remove(void *private, struct vmzone_frame *frame)
{
	list_del_init(&frame->node);
}

static unsigned int fifo_isolate(void *private, struct vmzone_frame **batch,
				 unsigned int nr, unsigned long *second_chances)
{
	struct list_head *queue = private;
	unsigned int i;

	for (i = 0; i < nr && !list_empty(queue); i++) {
		batch[i] = list_first_entry(queue, struct vmzone_frame, node);
		list_del_init(&batch[i]->node);
	}
	return i;
}

const struct vmzone_policy_ops vmzone_policy_fifo = {
	.name = "fifo",
	.id = VMZONE_POLICY_FIFO,
	.create = fifo_create,
	.destroy = fifo_destroy,
	.add = fifo_add,
	.remove = fifo_remove,
	.isolate = fifo_isolate,
};
