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
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "policy.h"

static void *lru_create(unsigned long nr_frames)
{
	struct list_head *list = kmalloc(sizeof(*list), GFP_KERNEL);

	if (!list)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(list);
	return list;
}

static void lru_destroy(void *private)
{
	kfree(private);
}

static void lru_add(void *private, struct vmzone_frame *frame,
		    enum vmzone_policy_reason reason)
{
	list_add_tail(&frame->node, private);
}

static void lru_remove(void *private, struct vmzone_frame *frame)
{
	list_del_init(&frame->node);
}

static unsigned int lru_isolate(void *private, struct vmzone_frame **batch,
				unsigned int nr, unsigned long *second_chances)
{
	struct list_head *list = private;
	unsigned int i;

	for (i = 0; i < nr && !list_empty(list); i++) {
		batch[i] = list_first_entry(list, struct vmzone_frame, node);
		list_del_init(&batch[i]->node);
	}
	return i;
}

static void lru_accessed(void *private, struct vmzone_frame *frame)
{
	list_move_tail(&frame->node, private);
}

const struct vmzone_policy_ops vmzone_policy_lru = {
	.name = "lru",
	.id = VMZONE_POLICY_LRU,
	.create = lru_create,
	.destroy = lru_destroy,
	.add = lru_add,
	.remove = lru_remove,
	.isolate = lru_isolate,
	.accessed = lru_accessed,
};
