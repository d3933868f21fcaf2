// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy.c - the table of eviction policies, and what they have in common
 *
 * Owns: whether a frame is wanted and where it is listed, and the standby queue.
 * Callers of add, park and remove hold the frame's folio lock (or own its slot
 * while it fills), so these come in a settled order; isolate and putback come
 * from the reclaimer at any time and look at the bits.
 *
 * Standby is the second chance queue of VMS: one touch there, a minor fault,
 * is how a policy learns that a frame is in use, since no accessed bit of the
 * hardware can be trusted (every fault sets it).
 *
 * Invariants: listed implies wanted; parked tells which list; a frame on no
 * list has an empty node.
 *
 * Lock order: policy->lock is a leaf, inside a folio lock.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/string.h>

#include "policy.h"

static const struct vmzone_policy_ops *const policies[] = {
	&vmzone_policy_fifo,
	&vmzone_policy_clock,
};

/**
 * vmzone_policy_by_id() - find an algorithm
 * @id: enum vmzone_policy_id, as given by a user
 *
 * Context: any.
 * Return: it, or NULL if this build has none of that id.
 */
const struct vmzone_policy_ops *vmzone_policy_by_id(u32 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		if (policies[i]->id == id)
			return policies[i];
	return NULL;
}

/**
 * vmzone_policy_by_name() - find an algorithm
 * @name: as in the module parameter
 *
 * Context: any.
 * Return: it, or NULL if this build has none of that name.
 */
const struct vmzone_policy_ops *vmzone_policy_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		if (sysfs_streq(policies[i]->name, name))
			return policies[i];
	return NULL;
}

/**
 * vmzone_policy_mask() - the algorithms of this build
 *
 * Context: any.
 * Return: bit mask, 1 << enum vmzone_policy_id.
 */
u32 vmzone_policy_mask(void)
{
	unsigned int i;
	u32 mask = 0;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		mask |= 1U << policies[i]->id;
	return mask;
}

/**
 * vmzone_policy_init() - set up the policy of a zone
 * @policy: to set up
 * @ops: the algorithm
 * @nr_frames: how many frames it will have to order, about
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_policy_init(struct vmzone_policy *policy,
		       const struct vmzone_policy_ops *ops,
		       unsigned long nr_frames)
{
	void *private = ops->create(nr_frames);

	if (IS_ERR(private))
		return PTR_ERR(private);
	spin_lock_init(&policy->lock);
	policy->ops = ops;
	policy->private = private;
	policy->nr = 0;
	INIT_LIST_HEAD(&policy->standby);
	policy->nr_standby = 0;
	return 0;
}

/**
 * vmzone_policy_destroy() - free what vmzone_policy_init() made
 * @policy: without any frame
 *
 * Context: process context, sleeps.
 */
void vmzone_policy_destroy(struct vmzone_policy *policy)
{
	policy->ops->destroy(policy->private);
}

/* Take a listed frame off whichever list it is on. */
static void unlist(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	u8 hint = vmzone_frame_hint(frame);

	if (!(hint & VMZONE_POLICY_LISTED))
		return;
	if (hint & VMZONE_POLICY_PARKED) {
		list_del_init(&frame->node);
		policy->nr_standby--;
	} else {
		policy->ops->remove(policy->private, frame);
		policy->nr--;
	}
}

static void list_active(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	vmzone_frame_set_hint(frame, VMZONE_POLICY_WANTED | VMZONE_POLICY_LISTED);
	policy->ops->add(policy->private, frame);
	policy->nr++;
}

static void mark_parked(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	vmzone_frame_set_hint(frame, VMZONE_POLICY_WANTED | VMZONE_POLICY_LISTED |
				     VMZONE_POLICY_PARKED);
	policy->nr_standby++;
}

/**
 * vmzone_policy_add() - a frame is in use, and may be chosen from now on
 * @policy: the policy
 * @frame: the frame; a parked one counts as touched; one that is listed by the
 *	algorithm already stays as it is
 *
 * Context: the caller holds the folio lock or owns the filling slot.
 */
void vmzone_policy_add(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	u8 hint;

	spin_lock(&policy->lock);
	hint = vmzone_frame_hint(frame);
	if ((hint & VMZONE_POLICY_PARKED) || !(hint & VMZONE_POLICY_LISTED)) {
		unlist(policy, frame);
		list_active(policy, frame);
		if (hint & VMZONE_POLICY_PARKED)
			policy->ops->accessed(policy->private, frame);
	}
	spin_unlock(&policy->lock);
}

/**
 * vmzone_policy_park() - a frame is mapped nowhere, and next to be evicted
 * @policy: the policy
 * @frame: the frame; may be parked already
 *
 * Context: the caller holds the folio lock.
 */
void vmzone_policy_park(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	spin_lock(&policy->lock);
	unlist(policy, frame);
	mark_parked(policy, frame);
	list_add_tail(&frame->node, &policy->standby);
	spin_unlock(&policy->lock);
}

/**
 * vmzone_policy_remove() - a frame may not be evicted any more
 * @policy: the policy
 * @frame: the frame; may be gone already
 *
 * Context: the caller holds the folio lock.
 */
void vmzone_policy_remove(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	spin_lock(&policy->lock);
	unlist(policy, frame);
	vmzone_frame_set_hint(frame, 0);
	spin_unlock(&policy->lock);
}

/* What the caller isolated is his to look at, not to keep: see putback. */
static void mark_isolated(struct vmzone_frame *frame)
{
	/* A listed frame serves a slot, which has a reference. */
	VM_WARN_ON_ONCE(!page_count(vmzone_frame_page(frame)));
	get_page(vmzone_frame_page(frame));
	vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) & ~VMZONE_POLICY_LISTED);
}

/**
 * vmzone_policy_isolate() - take the best victims
 * @policy: the policy
 * @batch: returned: the frames, each with a reference of the caller's
 * @nr: how many are wanted, at most VMZONE_POLICY_BATCH
 * @second_chances: returned: how many frames were passed over as touched
 *
 * Context: any, without sleeping.
 * Return: how many frames there are in @batch. Each is owed one of
 * vmzone_policy_park(), _remove() or _putback(), and a put_page().
 */
unsigned int vmzone_policy_isolate(struct vmzone_policy *policy,
				   struct vmzone_frame **batch, unsigned int nr,
				   unsigned long *second_chances)
{
	unsigned int i;

	*second_chances = 0;
	spin_lock(&policy->lock);
	nr = policy->ops->isolate(policy->private, batch, nr, second_chances);
	for (i = 0; i < nr; i++)
		mark_isolated(batch[i]);
	policy->nr -= nr;
	spin_unlock(&policy->lock);
	return nr;
}

/**
 * vmzone_policy_isolate_standby() - take the frames that were parked first
 * @policy: the policy
 * @batch: returned: the frames, each with a reference of the caller's
 * @nr: how many are wanted, at most VMZONE_POLICY_BATCH
 *
 * Context: any, without sleeping.
 * Return: how many frames there are in @batch. Each is owed one of
 * vmzone_policy_add(), _remove() or _putback(), and a put_page().
 */
unsigned int vmzone_policy_isolate_standby(struct vmzone_policy *policy,
					   struct vmzone_frame **batch,
					   unsigned int nr)
{
	unsigned int i;

	spin_lock(&policy->lock);
	for (i = 0; i < nr && !list_empty(&policy->standby); i++) {
		batch[i] = list_first_entry(&policy->standby, struct vmzone_frame, node);
		list_del_init(&batch[i]->node);
		mark_isolated(batch[i]);
	}
	policy->nr_standby -= i;
	spin_unlock(&policy->lock);
	return i;
}

/**
 * vmzone_policy_putback() - an isolated frame could not go further
 * @policy: the policy
 * @frame: one that was isolated; the caller still has its reference
 *
 * Context: any, without sleeping.
 */
void vmzone_policy_putback(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	u8 hint;

	spin_lock(&policy->lock);
	hint = vmzone_frame_hint(frame);
	if ((hint & VMZONE_POLICY_WANTED) && !(hint & VMZONE_POLICY_LISTED)) {
		if (hint & VMZONE_POLICY_PARKED) {
			mark_parked(policy, frame);
			list_add_tail(&frame->node, &policy->standby);
		} else {
			list_active(policy, frame);
		}
	}
	spin_unlock(&policy->lock);
}
