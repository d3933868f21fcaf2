/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - which frame to evict, nothing else
 *
 * A policy orders frames. It never learns what a slot, a store or a dirty page
 * is, and never touches a frame's contents. policy.c and policy_isolate.c wrap each
 * algorithm in a lock and in the bookkeeping that makes its callers' races harmless;
 * an algorithm is one file of list code. docs/policies.md compares them.
 *
 * A frame is *wanted* from vmzone_policy_add(), or for a new one vmzone_policy_came(),
 * until vmzone_policy_remove(). It is on the algorithm's lists first.
 * vmzone_policy_park() moves it to standby, the queue of those next to be evicted, from
 * where vmzone_policy_add() brings it back as a touched one. vmzone_policy_isolate(),
 * _isolate_frame() and _isolate_standby() take wanted frames off their list, with a
 * reference each; one that could not go further is returned by
 * vmzone_policy_putback(), which does nothing if the frame was meanwhile added, parked
 * or removed. add, park and remove may be called twice in a row.
 *
 * What a policy learns of the use of frames is: that one came, that one was
 * touched on standby, that one was touched where that can be seen at all
 * (vmzone_policy_accessed()), and that evicting one would cost more than
 * another. Nobody tells it of a touch through a mapping.
 *
 * vmzone_policy_switch() changes the algorithm while all of this goes on. The
 * old one retires: its frames move to the new one in the order in which it
 * would have given them out, a batch at a time.
 */
#ifndef VMZONE_POLICY_H
#define VMZONE_POLICY_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <uapi/linux/vmzone.h>

#include "frame.h"

/*
 * The hint byte of a frame. Three bits are the algorithm's; of policy.c's it may
 * read COSTLY.
 */
#define VMZONE_POLICY_WANTED	0x80
#define VMZONE_POLICY_LISTED	0x40	/* on a list, not isolated */
#define VMZONE_POLICY_PARKED	0x20	/* on standby, or isolated from there */
#define VMZONE_POLICY_COSTLY	0x10	/* evicting it would mean a save */
#define VMZONE_POLICY_GENERATION	0x08	/* which algorithm has it, if listed */
/* Together, on the list of those that are held. */
#define VMZONE_POLICY_HELD	(VMZONE_POLICY_PARKED | VMZONE_POLICY_GENERATION)
#define VMZONE_POLICY_OWN_BITS	0x07

/* Most frames isolated in one call. */
#define VMZONE_POLICY_BATCH	32U

/*
 * Most frames that an algorithm passes over in one call because they were
 * touched, so that the lock is not held for a whole turn of a large list.
 */
#define VMZONE_POLICY_MAX_PASSED	1024UL

/**
 * enum vmzone_policy_reason - why an algorithm is given a frame
 * @VMZONE_POLICY_CAME: it has come into use
 * @VMZONE_POLICY_RESCUED: it was touched after it had been given out
 * @VMZONE_POLICY_RETURNED: it was given out, and somebody was at it just then
 * @VMZONE_POLICY_REFUSED: it was given out, and could not be evicted
 */
enum vmzone_policy_reason {
	VMZONE_POLICY_CAME,
	VMZONE_POLICY_RESCUED,
	VMZONE_POLICY_RETURNED,
	VMZONE_POLICY_REFUSED,
};

/* Whether a frame comes that had been given out, and that nobody has touched since. */
static inline bool vmzone_policy_is_back(enum vmzone_policy_reason reason)
{
	return reason == VMZONE_POLICY_RETURNED || reason == VMZONE_POLICY_REFUSED;
}

/**
 * struct vmzone_policy_ops - one algorithm
 * @name: as in the module parameter
 * @id: enum vmzone_policy_id
 * @create: make its private part for about @nr_frames frames. Called once,
 *	before anything else, may sleep. Returns ERR_PTR(-ENOMEM) on failure.
 * @destroy: free the private part; no frame is on its lists. May sleep.
 * @resize: there are about @nr_frames frames from now on. May sleep; called
 *	without the lock, takes @lock for what the other calls look at. Returns
 *	0, or -ENOMEM and nothing has changed. NULL: all the same to it.
 * @bytes: memory of the private part beyond a few words. NULL: none. Under the
 *	lock.
 * @add: take a frame that it does not have, for that reason. Under the lock.
 * @remove: a frame on its lists goes away. Under the lock.
 * @isolate: take up to @nr frames off its lists, the best to evict first, and
 *	put them in @batch; add to @second_chances the frames that it passed
 *	over because they were touched. Returns how many; 0 only when it has
 *	none. Under the lock.
 * @yield: give out a certain frame on its lists, which lies next to a victim, if that
 *	is as good a choice, by what it knows. Returns whether it did. NULL: never.
 *	Under the lock.
 * @accessed: a frame on its lists was touched. NULL: all the same to it. Under
 *	the lock.
 *
 * The lists hold frames by frame->node; of the hint byte an algorithm may use
 * VMZONE_POLICY_OWN_BITS, which are 0 when a frame is added, and read
 * VMZONE_POLICY_COSTLY, which may change while it has the frame. frame->index is
 * a key that stands for the frame's contents, also after they were evicted.
 */
struct vmzone_policy_ops {
	const char *name;
	enum vmzone_policy_id id;
	void *(*create)(unsigned long nr_frames);
	void (*destroy)(void *private);
	int (*resize)(void *private, unsigned long nr_frames, spinlock_t *lock);
	size_t (*bytes)(const void *private);
	void (*add)(void *private, struct vmzone_frame *frame,
		    enum vmzone_policy_reason reason);
	void (*remove)(void *private, struct vmzone_frame *frame);
	unsigned int (*isolate)(void *private, struct vmzone_frame **batch,
				unsigned int nr, unsigned long *second_chances);
	bool (*yield)(void *private, struct vmzone_frame *frame);
	void (*accessed)(void *private, struct vmzone_frame *frame);
};

/**
 * struct vmzone_policy - the frames of one zone in the order of an algorithm
 * @lock: guards all lists, the hint bytes of frames, and what follows
 * @ops: the algorithm; may be read without the lock
 * @private: its own
 * @retiring_ops: the algorithm that it follows, while that has frames, or NULL
 * @retiring: its own
 * @generation: VMZONE_POLICY_GENERATION, or 0: the bit of frames listed with @ops;
 *	those of @retiring_ops have the other
 * @nr: frames on the lists of both
 * @standby: frames that were parked, oldest first
 * @nr_standby: their number
 * @held: frames that may not be chosen for a while
 * @nr_held: their number
 */
struct vmzone_policy {
	spinlock_t lock;
	const struct vmzone_policy_ops *ops;
	void *private;
	const struct vmzone_policy_ops *retiring_ops;
	void *retiring;
	u8 generation;
	unsigned long nr;
	struct list_head standby;
	unsigned long nr_standby;
	struct list_head held;
	unsigned long nr_held;
};

extern const struct vmzone_policy_ops vmzone_policy_fifo;
extern const struct vmzone_policy_ops vmzone_policy_clock;
extern const struct vmzone_policy_ops vmzone_policy_nru;
extern const struct vmzone_policy_ops vmzone_policy_lru;
extern const struct vmzone_policy_ops vmzone_policy_sieve;
extern const struct vmzone_policy_ops vmzone_policy_s3fifo;

/* policy_table.c */
const struct vmzone_policy_ops *vmzone_policy_by_id(u32 id);
const struct vmzone_policy_ops *vmzone_policy_by_name(const char *name);
u32 vmzone_policy_mask(void);

/* policy.c */
int vmzone_policy_init(struct vmzone_policy *policy,
		       const struct vmzone_policy_ops *ops,
		       unsigned long nr_frames);
void vmzone_policy_destroy(struct vmzone_policy *policy);
size_t vmzone_policy_bytes(struct vmzone_policy *policy);
void vmzone_policy_add(struct vmzone_policy *policy, struct vmzone_frame *frame,
		       bool costly);
void vmzone_policy_came(struct vmzone_policy *policy, struct vmzone_frame *frame,
			bool costly);
void vmzone_policy_restore(struct vmzone_policy *policy, struct vmzone_frame *frame,
			   bool costly);
void vmzone_policy_accessed(struct vmzone_policy *policy, struct vmzone_frame *frame);
void vmzone_policy_park(struct vmzone_policy *policy, struct vmzone_frame *frame);
void vmzone_policy_remove(struct vmzone_policy *policy, struct vmzone_frame *frame);
void vmzone_policy_hold(struct vmzone_policy *policy, struct vmzone_frame *frame);
void vmzone_policy_release(struct vmzone_policy *policy);
void vmzone_policy_putback(struct vmzone_policy *policy, struct vmzone_frame *frame);

int vmzone_policy_resize(struct vmzone_policy *policy, unsigned long nr_frames);
int vmzone_policy_switch(struct vmzone_policy *policy,
			 const struct vmzone_policy_ops *ops,
			 unsigned long nr_frames);
int vmzone_policy_switch_begin(struct vmzone_policy *policy,
			       const struct vmzone_policy_ops *ops,
			       unsigned long nr_frames);
bool vmzone_policy_switch_step(struct vmzone_policy *policy);

/* policy_isolate.c */
unsigned int vmzone_policy_isolate(struct vmzone_policy *policy,
				   struct vmzone_frame **batch, unsigned int nr,
				   unsigned long *second_chances);
bool vmzone_policy_isolate_frame(struct vmzone_policy *policy, struct vmzone_frame *frame);
unsigned int vmzone_policy_isolate_standby(struct vmzone_policy *policy,
					   struct vmzone_frame **batch,
					   unsigned int nr);

#endif /* VMZONE_POLICY_H */
