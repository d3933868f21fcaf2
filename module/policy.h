/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - which frame to evict, nothing else
 *
 * A policy orders frames. It never learns what a slot, a store or a dirty page
 * is, and never touches a frame's contents. policy.c wraps each algorithm in a
 * lock and in the bookkeeping that makes its callers' races harmless; an
 * algorithm is one file of list code.
 *
 * A frame is *wanted* from vmzone_policy_add() until vmzone_policy_remove(). It
 * is on the algorithm's lists first. vmzone_policy_park() moves it to standby,
 * the queue of those next to be evicted, from where vmzone_policy_add() brings
 * it back as a touched one. vmzone_policy_isolate() and _isolate_standby() take
 * wanted frames off their list, with a reference each; one that could not go
 * further is returned by vmzone_policy_putback(), which does nothing if the
 * frame was meanwhile added, parked or removed. add, park and remove may be
 * called twice in a row.
 */
#ifndef VMZONE_POLICY_H
#define VMZONE_POLICY_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <uapi/linux/vmzone.h>

#include "frame.h"

/* The hint byte of a frame: three bits are policy.c's, five the algorithm's. */
#define VMZONE_POLICY_WANTED	0x80
#define VMZONE_POLICY_LISTED	0x40	/* on a list, not isolated */
#define VMZONE_POLICY_PARKED	0x20	/* on standby, or isolated from there */
#define VMZONE_POLICY_OWN_BITS	0x1f

/* Most frames isolated in one call. */
#define VMZONE_POLICY_BATCH	32U

/**
 * struct vmzone_policy_ops - one algorithm
 * @name: as in the module parameter
 * @id: enum vmzone_policy_id
 * @create: make its private part for about @nr_frames frames. Called once,
 *	before anything else, may sleep. Returns ERR_PTR(-ENOMEM) on failure.
 * @destroy: free the private part; no frame is on its lists. May sleep.
 * @add: a frame that it does not have has come into use. Under the lock.
 * @remove: a frame on its lists goes away. Under the lock.
 * @isolate: take up to @nr frames off its lists, the best to evict first, and
 *	put them in @batch; add to @second_chances the frames that it passed
 *	over because they were touched. Returns how many; 0 only when it has
 *	none. Under the lock.
 * @accessed: a frame on its lists was touched. Under the lock.
 *
 * The lists hold frames by frame->node; of the hint byte an algorithm may use
 * VMZONE_POLICY_OWN_BITS, which are 0 when a frame is added.
 */
struct vmzone_policy_ops {
	const char *name;
	enum vmzone_policy_id id;
	void *(*create)(unsigned long nr_frames);
	void (*destroy)(void *private);
	void (*add)(void *private, struct vmzone_frame *frame);
	void (*remove)(void *private, struct vmzone_frame *frame);
	unsigned int (*isolate)(void *private, struct vmzone_frame **batch,
				unsigned int nr, unsigned long *second_chances);
	void (*accessed)(void *private, struct vmzone_frame *frame);
};

/**
 * struct vmzone_policy - the frames of one zone in the order of an algorithm
 * @lock: guards all lists, the hint bytes of frames, and @nr
 * @ops: the algorithm
 * @private: its own
 * @nr: frames on its lists
 * @standby: frames that were parked, oldest first
 * @nr_standby: their number
 */
struct vmzone_policy {
	spinlock_t lock;
	const struct vmzone_policy_ops *ops;
	void *private;
	unsigned long nr;
	struct list_head standby;
	unsigned long nr_standby;
};

extern const struct vmzone_policy_ops vmzone_policy_fifo;
extern const struct vmzone_policy_ops vmzone_policy_clock;

const struct vmzone_policy_ops *vmzone_policy_by_id(u32 id);
const struct vmzone_policy_ops *vmzone_policy_by_name(const char *name);
u32 vmzone_policy_mask(void);

int vmzone_policy_init(struct vmzone_policy *policy,
		       const struct vmzone_policy_ops *ops,
		       unsigned long nr_frames);
void vmzone_policy_destroy(struct vmzone_policy *policy);
void vmzone_policy_add(struct vmzone_policy *policy, struct vmzone_frame *frame);
void vmzone_policy_park(struct vmzone_policy *policy, struct vmzone_frame *frame);
void vmzone_policy_remove(struct vmzone_policy *policy, struct vmzone_frame *frame);
unsigned int vmzone_policy_isolate(struct vmzone_policy *policy,
				   struct vmzone_frame **batch, unsigned int nr,
				   unsigned long *second_chances);
unsigned int vmzone_policy_isolate_standby(struct vmzone_policy *policy,
					   struct vmzone_frame **batch,
					   unsigned int nr);
void vmzone_policy_putback(struct vmzone_policy *policy, struct vmzone_frame *frame);

#endif /* VMZONE_POLICY_H */
