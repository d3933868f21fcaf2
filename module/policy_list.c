// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_list.c - what algorithms that keep frames on plain lists have in common
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "policy_list.h"

/**
 * vmzone_policy_list_create() - create callback: an empty list
 * @nr_frames: not used
 *
 * Context: process context.
 * Return: a struct list_head, or ERR_PTR(-ENOMEM).
 */
void *vmzone_policy_list_create(unsigned long nr_frames)
{
	struct list_head *list = kmalloc(sizeof(*list), GFP_KERNEL);

	if (!list)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(list);
	return list;
}

/**
 * vmzone_policy_list_destroy() - destroy callback
 * @private: from vmzone_policy_list_create()
 *
 * Context: process context.
 */
void vmzone_policy_list_destroy(void *private)
{
	kfree(private);
}

/**
 * vmzone_policy_list_add() - add callback: to the tail
 * @private: a struct list_head
 * @frame: the frame
 * @reason: not used
 *
 * Context: under the policy's lock.
 */
void vmzone_policy_list_add(void *private, struct vmzone_frame *frame,
			    enum vmzone_policy_reason reason)
{
	list_add_tail(&frame->node, private);
}

/**
 * vmzone_policy_list_add_marked() - add callback: to the tail, marked if it was rescued
 * @private: a struct list_head
 * @frame: the frame
 * @reason: why it comes
 *
 * Context: under the policy's lock.
 */
void vmzone_policy_list_add_marked(void *private, struct vmzone_frame *frame,
				   enum vmzone_policy_reason reason)
{
	if (reason == VMZONE_POLICY_RESCUED)
		vmzone_policy_list_mark(private, frame);
	list_add_tail(&frame->node, private);
}

/**
 * vmzone_policy_list_remove() - remove callback: off whichever list it is on
 * @private: not used
 * @frame: the frame
 *
 * Context: under the policy's lock.
 */
void vmzone_policy_list_remove(void *private, struct vmzone_frame *frame)
{
	list_del_init(&frame->node);
}

/**
 * vmzone_policy_list_isolate() - isolate callback: from the head, whoever it is
 * @private: a struct list_head
 * @batch: filled in
 * @nr: most to take
 * @second_chances: not used, as there are none
 *
 * Context: under the policy's lock.
 * Return: how many it took.
 */
unsigned int vmzone_policy_list_isolate(void *private, struct vmzone_frame **batch,
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

/**
 * vmzone_policy_list_mark() - accessed callback: mark it as touched
 * @private: not used
 * @frame: the frame
 *
 * Context: under the policy's lock.
 */
void vmzone_policy_list_mark(void *private, struct vmzone_frame *frame)
{
	vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) | VMZONE_POLICY_TOUCHED);
}

/**
 * vmzone_policy_list_spare() - whether a frame is to be passed over, once
 * @frame: the frame; a mark that spares it is taken off
 * @second_chances: frames that were passed over in this call, one more if it is
 *
 * Context: under the policy's lock.
 * Return: whether it was marked, and VMZONE_POLICY_MAX_PASSED not yet reached.
 */
bool vmzone_policy_list_spare(struct vmzone_frame *frame, unsigned long *second_chances)
{
	u8 hint = vmzone_frame_hint(frame);

	if (!(hint & VMZONE_POLICY_TOUCHED) || *second_chances >= VMZONE_POLICY_MAX_PASSED)
		return false;
	vmzone_frame_set_hint(frame, hint & ~VMZONE_POLICY_TOUCHED);
	++*second_chances;
	return true;
}
