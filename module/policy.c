// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy.c - what all eviction policies have in common
 *
 * Owns: whether a frame is wanted and where it is listed, the standby queue, and
 * the change from one algorithm to another.
 * Callers of add, park and remove hold the frame's folio lock (or own its slot
 * while it fills), so these come in a settled order; isolate and putback come
 * from the reclaimer at any time and look at the bits.
 *
 * Standby is the second chance queue of VMS: one touch there, a minor fault,
 * is how a policy learns that a frame is in use, since no accessed bit of the
 * hardware can be trusted (every fault sets it).
 *
 * Invariants: listed implies wanted; parked tells which list, and the generation
 * which algorithm; a frame on no list has an empty node.
 *
 * Lock order: policy->lock is a leaf, inside a folio lock.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mmdebug.h>
#include <linux/sched.h>

#include "delay.h"
#include "policy.h"

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
	policy->retiring_ops = NULL;
	policy->retiring = NULL;
	policy->generation = 0;
	policy->nr = 0;
	INIT_LIST_HEAD(&policy->standby);
	policy->nr_standby = 0;
	INIT_LIST_HEAD(&policy->held);
	policy->nr_held = 0;
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

/**
 * vmzone_policy_bytes() - what a policy keeps besides its frames
 * @policy: the policy
 *
 * Context: any, without sleeping.
 * Return: memory in bytes.
 */
size_t vmzone_policy_bytes(struct vmzone_policy *policy)
{
	size_t bytes = 0;

	spin_lock(&policy->lock);
	if (policy->ops->bytes)
		bytes += policy->ops->bytes(policy->private);
	if (policy->retiring_ops && policy->retiring_ops->bytes)
		bytes += policy->retiring_ops->bytes(policy->retiring);
	spin_unlock(&policy->lock);
	return bytes;
}

/* Whether a frame that an algorithm has is still with the one that retires. */
static bool is_retiring(const struct vmzone_policy *policy, u8 hint)
{
	return (hint & VMZONE_POLICY_GENERATION) != policy->generation;
}

static bool is_held(u8 hint)
{
	return (hint & VMZONE_POLICY_HELD) == VMZONE_POLICY_HELD;
}

/* Take a listed frame off whichever list it is on. */
static void unlist_listed(struct vmzone_policy *policy, struct vmzone_frame *frame, u8 hint)
{
	if (hint & VMZONE_POLICY_PARKED) {
		list_del_init(&frame->node);
		if (is_held(hint))
			WRITE_ONCE(policy->nr_held, policy->nr_held - 1);
		else
			WRITE_ONCE(policy->nr_standby, policy->nr_standby - 1);
		return;
	}
	if (is_retiring(policy, hint))
		policy->retiring_ops->remove(policy->retiring, frame);
	else
		policy->ops->remove(policy->private, frame);
	WRITE_ONCE(policy->nr, policy->nr - 1);
}

static inline void unlist(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	u8 hint = vmzone_frame_hint(frame);

	if (hint & VMZONE_POLICY_LISTED)
		unlist_listed(policy, frame, hint);
}

/* Of @hint, only the cost is kept. */
static void list_active(struct vmzone_policy *policy, struct vmzone_frame *frame,
			u8 hint, enum vmzone_policy_reason reason)
{
	vmzone_frame_set_hint(frame, VMZONE_POLICY_WANTED | VMZONE_POLICY_LISTED |
				     (hint & VMZONE_POLICY_COSTLY) | policy->generation);
	policy->ops->add(policy->private, frame, reason);
	WRITE_ONCE(policy->nr, policy->nr + 1);
}

static void list_standby(struct vmzone_policy *policy, struct vmzone_frame *frame, u8 hint)
{
	vmzone_frame_set_hint(frame, VMZONE_POLICY_WANTED | VMZONE_POLICY_LISTED |
				     VMZONE_POLICY_PARKED | (hint & VMZONE_POLICY_COSTLY));
	list_add_tail(&frame->node, &policy->standby);
	WRITE_ONCE(policy->nr_standby, policy->nr_standby + 1);
}

/**
 * vmzone_policy_add() - a frame is in use, and may be chosen from now on
 * @policy: the policy
 * @frame: the frame; a parked one counts as touched; one that is listed by the
 *	algorithm already stays where it is
 * @costly: evicting it would mean a save, as far as one can tell
 *
 * Context: the caller holds the folio lock or owns the filling slot.
 */
void vmzone_policy_add(struct vmzone_policy *policy, struct vmzone_frame *frame,
		       bool costly)
{
	u8 hint;

	spin_lock(&policy->lock);
	hint = vmzone_frame_hint(frame) & ~VMZONE_POLICY_COSTLY;
	if (costly)
		hint |= VMZONE_POLICY_COSTLY;
	if ((hint & VMZONE_POLICY_PARKED) || !(hint & VMZONE_POLICY_LISTED)) {
		unlist(policy, frame);
		list_active(policy, frame, hint,
			    (hint & VMZONE_POLICY_PARKED) && !is_held(hint) ?
			    VMZONE_POLICY_RESCUED : VMZONE_POLICY_CAME);
	} else {
		vmzone_frame_set_hint(frame, hint);
	}
	spin_unlock(&policy->lock);
}

/* List a frame of which the policy knows nothing. */
static void list_unknown(struct vmzone_policy *policy, struct vmzone_frame *frame,
			 bool costly, enum vmzone_policy_reason reason)
{
	VM_WARN_ON_ONCE(vmzone_frame_hint(frame));
	spin_lock(&policy->lock);
	list_active(policy, frame, costly ? VMZONE_POLICY_COSTLY : 0, reason);
	spin_unlock(&policy->lock);
}

/**
 * vmzone_policy_came() - a frame has come into use, of which the policy knows nothing
 * @policy: the policy
 * @frame: the frame; its hint is 0
 * @costly: as for vmzone_policy_add()
 *
 * What vmzone_policy_add() does for it, and nobody else has been at it.
 *
 * Context: the caller owns the filling slot.
 */
void vmzone_policy_came(struct vmzone_policy *policy, struct vmzone_frame *frame,
			bool costly)
{
	list_unknown(policy, frame, costly, VMZONE_POLICY_CAME);
}

/**
 * vmzone_policy_restore() - a frame that was removed to be evicted could not be
 * @policy: the policy
 * @frame: the frame, which the policy does not have
 * @costly: as for vmzone_policy_add()
 *
 * Context: the caller holds the folio lock.
 */
void vmzone_policy_restore(struct vmzone_policy *policy, struct vmzone_frame *frame,
			   bool costly)
{
	list_unknown(policy, frame, costly, VMZONE_POLICY_REFUSED);
}

/**
 * vmzone_policy_accessed() - a frame was touched in a way that can be seen
 * @policy: the policy
 * @frame: the frame; nothing happens unless an algorithm has it
 *
 * Context: the caller holds the folio lock.
 */
void vmzone_policy_accessed(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	const struct vmzone_policy_ops *ops;
	void *private;
	u8 hint;

	/* A touch that is missed while algorithms change does no harm. */
	if (!READ_ONCE(policy->ops)->accessed)
		return;
	spin_lock(&policy->lock);
	hint = vmzone_frame_hint(frame);
	if ((hint & VMZONE_POLICY_LISTED) && !(hint & VMZONE_POLICY_PARKED)) {
		ops = is_retiring(policy, hint) ? policy->retiring_ops : policy->ops;
		private = is_retiring(policy, hint) ? policy->retiring : policy->private;
		if (ops->accessed)
			ops->accessed(private, frame);
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
	list_standby(policy, frame, vmzone_frame_hint(frame));
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

/**
 * vmzone_policy_hold() - a frame may not be evicted for a while
 * @policy: the policy
 * @frame: the frame
 *
 * Until vmzone_policy_release(); add, park and remove work as ever, and end it.
 *
 * Context: the caller holds the folio lock.
 */
void vmzone_policy_hold(struct vmzone_policy *policy, struct vmzone_frame *frame)
{
	spin_lock(&policy->lock);
	unlist(policy, frame);
	vmzone_frame_set_hint(frame, VMZONE_POLICY_WANTED | VMZONE_POLICY_LISTED |
				     VMZONE_POLICY_HELD |
				     (vmzone_frame_hint(frame) & VMZONE_POLICY_COSTLY));
	list_add_tail(&frame->node, &policy->held);
	WRITE_ONCE(policy->nr_held, policy->nr_held + 1);
	spin_unlock(&policy->lock);
}

/**
 * vmzone_policy_release() - all frames that are held come back, as rescued ones
 * @policy: the policy
 *
 * Context: process context, sleeps.
 */
void vmzone_policy_release(struct vmzone_policy *policy)
{
	struct vmzone_frame *frame;
	unsigned int nr;

	do {
		spin_lock(&policy->lock);
		for (nr = 0; nr < VMZONE_POLICY_BATCH && !list_empty(&policy->held); nr++) {
			frame = list_first_entry(&policy->held, struct vmzone_frame, node);
			list_del_init(&frame->node);
			WRITE_ONCE(policy->nr_held, policy->nr_held - 1);
			list_active(policy, frame, vmzone_frame_hint(frame), VMZONE_POLICY_RESCUED);
		}
		spin_unlock(&policy->lock);
		cond_resched();
	} while (nr);
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
		if (hint & VMZONE_POLICY_PARKED)
			list_standby(policy, frame, hint);
		else
			list_active(policy, frame, hint, VMZONE_POLICY_RETURNED);
	}
	spin_unlock(&policy->lock);
}

/**
 * vmzone_policy_resize() - tell a policy of a changed budget
 * @policy: the policy
 * @nr_frames: how many frames it will have to order from now on, about
 *
 * Context: process context, sleeps; not while another resizes or switches.
 * Return: 0; or -ENOMEM, and nothing has changed.
 */
int vmzone_policy_resize(struct vmzone_policy *policy, unsigned long nr_frames)
{
	if (!policy->ops->resize)
		return 0;
	return policy->ops->resize(policy->private, nr_frames, &policy->lock);
}

/**
 * vmzone_policy_switch_begin() - have an algorithm take over from the present one
 * @policy: the policy
 * @ops: the new algorithm; may be the same one
 * @nr_frames: as for vmzone_policy_init()
 *
 * From now on frames are added to the new algorithm, and taken from the old one
 * first. The caller goes on with vmzone_policy_switch_step().
 *
 * Context: process context, sleeps; not while another resizes or switches.
 * Return: 0; or -ENOMEM, and nothing has changed.
 */
int vmzone_policy_switch_begin(struct vmzone_policy *policy,
			       const struct vmzone_policy_ops *ops,
			       unsigned long nr_frames)
{
	void *private = ops->create(nr_frames);

	if (IS_ERR(private))
		return PTR_ERR(private);
	spin_lock(&policy->lock);
	policy->retiring_ops = policy->ops;
	policy->retiring = policy->private;
	WRITE_ONCE(policy->ops, ops);
	policy->private = private;
	policy->generation ^= VMZONE_POLICY_GENERATION;
	spin_unlock(&policy->lock);
	return 0;
}

/**
 * vmzone_policy_switch_step() - hand a batch of frames to the new algorithm
 * @policy: the policy, after vmzone_policy_switch_begin()
 *
 * Context: process context, sleeps.
 * Return: whether there may be more; else the old algorithm is gone.
 */
bool vmzone_policy_switch_step(struct vmzone_policy *policy)
{
	const struct vmzone_policy_ops *ops = policy->retiring_ops;
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	void *private = policy->retiring;
	unsigned long second_chances = 0;
	unsigned int nr, i;

	spin_lock(&policy->lock);
	nr = ops->isolate(private, batch, VMZONE_POLICY_BATCH, &second_chances);
	WRITE_ONCE(policy->nr, policy->nr - nr);
	for (i = 0; i < nr; i++)
		list_active(policy, batch[i], vmzone_frame_hint(batch[i]), VMZONE_POLICY_CAME);
	if (!nr) {
		policy->retiring_ops = NULL;
		policy->retiring = NULL;
	}
	spin_unlock(&policy->lock);
	if (!nr)
		ops->destroy(private);
	return nr;
}

/**
 * vmzone_policy_switch() - change the algorithm, while the policy is in use
 * @policy: the policy
 * @ops: the new algorithm; may be the same one
 * @nr_frames: as for vmzone_policy_init()
 *
 * Frames that come meanwhile stand before those that are still to be moved.
 * Standby stays as it is. Of what the old algorithm knew only its order is left.
 *
 * Context: process context, sleeps; not while another resizes or switches.
 * Return: 0; or -ENOMEM, and nothing has changed.
 */
int vmzone_policy_switch(struct vmzone_policy *policy,
			 const struct vmzone_policy_ops *ops,
			 unsigned long nr_frames)
{
	int ret = vmzone_policy_switch_begin(policy, ops, nr_frames);

	if (ret)
		return ret;
	vmzone_delay(VMZONE_DELAY_SWITCH_BEGUN, 0);
	while (vmzone_policy_switch_step(policy))
		cond_resched();
	return 0;
}
