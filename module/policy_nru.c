// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_nru.c - not recently used
 *
 * Evicts a frame of the lowest class that has any (Tanenbaum, "Modern operating
 * systems"; Zephyr's demand paging by default, subsys/demand_paging/eviction/nru.c):
 *
 *   0  not referenced, cheap to evict
 *   1  not referenced, costly
 *   2  referenced, cheap
 *   3  referenced, costly
 *
 * and of a class the one that came into it first. A frame is referenced by coming
 * in, as the one who made it come touches it, and by every touch that is known.
 * References age: not by a timer, as there is no use in forgetting while nothing
 * is evicted, but whenever a quarter as many frames were given out as there are;
 * all are forgotten then. The cost of a frame may change while it waits, which is
 * seen when its turn comes.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "policy_list.h"

#define NRU_COSTLY	1
#define NRU_REFERENCED	2
#define NRU_CLASSES	4

/**
 * struct nru - the private part
 * @classes: frames of each class
 * @period: how many frames are given out before references are forgotten
 * @left: of these, how many are yet to go
 */
struct nru {
	struct list_head classes[NRU_CLASSES];
	unsigned long period;
	unsigned long left;
};

static unsigned long nru_period(unsigned long nr_frames)
{
	return max(nr_frames / 4, 1UL);
}

static void *nru_create(unsigned long nr_frames)
{
	struct nru *nru = kmalloc(sizeof(*nru), GFP_KERNEL);
	unsigned int i;

	if (!nru)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < NRU_CLASSES; i++)
		INIT_LIST_HEAD(&nru->classes[i]);
	nru->period = nru_period(nr_frames);
	nru->left = nru->period;
	return nru;
}

static void nru_destroy(void *private)
{
	kfree(private);
}

static int nru_resize(void *private, unsigned long nr_frames, spinlock_t *lock)
{
	struct nru *nru = private;

	spin_lock(lock);
	nru->period = nru_period(nr_frames);
	nru->left = min(nru->left, nru->period);
	spin_unlock(lock);
	return 0;
}

static unsigned int cost_of(const struct vmzone_frame *frame)
{
	return vmzone_frame_hint(frame) & VMZONE_POLICY_COSTLY ? NRU_COSTLY : 0;
}

static void nru_add(void *private, struct vmzone_frame *frame,
		    enum vmzone_policy_reason reason)
{
	struct nru *nru = private;

	list_add_tail(&frame->node, &nru->classes[NRU_REFERENCED | cost_of(frame)]);
}

static void nru_accessed(void *private, struct vmzone_frame *frame)
{
	struct nru *nru = private;

	list_move_tail(&frame->node, &nru->classes[NRU_REFERENCED | cost_of(frame)]);
}

static void forget_references(struct nru *nru)
{
	unsigned int cost;

	for (cost = 0; cost <= NRU_COSTLY; cost++)
		list_splice_tail_init(&nru->classes[NRU_REFERENCED | cost],
				      &nru->classes[cost]);
	nru->left = nru->period;
}

/* The first frame of the lowest class, or NULL; @moved bounds the work. */
static struct vmzone_frame *first_frame(struct nru *nru, unsigned long *moved)
{
	unsigned int class;

	for (class = 0; class < NRU_CLASSES; class++) {
		struct vmzone_frame *frame, *next;

		list_for_each_entry_safe(frame, next, &nru->classes[class], node) {
			unsigned int right = (class & NRU_REFERENCED) | cost_of(frame);

			if (right <= class || *moved >= VMZONE_POLICY_MAX_PASSED)
				return frame;
			list_move_tail(&frame->node, &nru->classes[right]);
			++*moved;
		}
	}
	return NULL;
}

static unsigned int nru_isolate(void *private, struct vmzone_frame **batch,
				unsigned int nr, unsigned long *second_chances)
{
	struct nru *nru = private;
	unsigned long moved = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		batch[i] = first_frame(nru, &moved);
		if (!batch[i])
			break;
		list_del_init(&batch[i]->node);
		if (!--nru->left)
			forget_references(nru);
	}
	return i;
}

const struct vmzone_policy_ops vmzone_policy_nru = {
	.name = "nru",
	.id = VMZONE_POLICY_NRU,
	.create = nru_create,
	.destroy = nru_destroy,
	.resize = nru_resize,
	.add = nru_add,
	.remove = vmzone_policy_list_remove,
	.isolate = nru_isolate,
	.accessed = nru_accessed,
};
