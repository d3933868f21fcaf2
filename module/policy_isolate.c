// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_isolate.c - how a policy gives out frames
 *
 * Owns: the three ways to get one: the algorithm's choice; a certain one, if the
 * algorithm lets it go; and the oldest on standby. Whoever gets a frame has a
 * reference, and the frame is on no list until he says what became of it.
 *
 * Lock order: policy->lock is a leaf.
 */
#include <linux/list.h>
#include <linux/mm.h>

#include "policy.h"

static void mark_isolated(struct vmzone_frame *frame)
{
	vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) & ~VMZONE_POLICY_LISTED);
}

/* What the caller isolated is his to look at, not to keep: see putback. */
static void give_out(struct vmzone_frame *frame)
{
	/* A listed frame serves a slot, which has a reference. */
	VM_WARN_ON_ONCE(!page_count(vmzone_frame_page(frame)));
	get_page(vmzone_frame_page(frame));
	mark_isolated(frame);
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
	unsigned int got = 0, i;

	*second_chances = 0;
	spin_lock(&policy->lock);
	if (policy->retiring_ops)
		got = policy->retiring_ops->isolate(policy->retiring, batch, nr,
						    second_chances);
	got += policy->ops->isolate(policy->private, batch + got, nr - got, second_chances);
	for (i = 0; i < got; i++)
		give_out(batch[i]);
	WRITE_ONCE(policy->nr, policy->nr - got);
	spin_unlock(&policy->lock);
	return got;
}

/**
 * vmzone_policy_isolate_frame() - take a certain frame as well
 * @policy: the policy
 * @frame: the frame; the caller has a reference, which he owes if he gets it, as
 *	one of vmzone_policy_isolate()
 *
 * For a neighbour of a victim, which can be unmapped along with that.
 *
 * Context: any, without sleeping.
 * Return: whether it is the caller's: the algorithm has it, and lets it go.
 */
bool vmzone_policy_isolate_frame(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	bool yields = false;
	u8 hint;

	spin_lock(&policy->lock);
	hint = vmzone_frame_hint(frame);
	/* While algorithms change, the frames of the old one come first. */
	if ((hint & VMZONE_POLICY_LISTED) && !(hint & VMZONE_POLICY_PARKED) &&
	    !policy->retiring_ops && policy->ops->yield)
		yields = policy->ops->yield(policy->private, frame);
	if (yields) {
		mark_isolated(frame);
		WRITE_ONCE(policy->nr, policy->nr - 1);
	}
	spin_unlock(&policy->lock);
	return yields;
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
		give_out(batch[i]);
	}
	WRITE_ONCE(policy->nr_standby, policy->nr_standby - i);
	spin_unlock(&policy->lock);
	return i;
}
