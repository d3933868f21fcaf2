// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_sieve.c - SIEVE
 *
 * Evicts the first frame, on the way of a hand from the oldest to the newest,
 * that was not touched since the hand passed it last (Zhang et al., "SIEVE is
 * simpler than LRU: an efficient turn-key eviction algorithm for web caches",
 * NSDI 2024). Unlike CLOCK's, a touched frame stays where it is, so that new
 * frames, which come in ahead of the hand, do not mix with the survivors behind
 * it: what is used once is sifted out soon. A frame that was rescued from standby
 * has lost its place, and comes in as the newest, visited; one that could not be
 * evicted comes back behind the hand.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "policy_list.h"

/**
 * struct sieve - the private part
 * @queue: all frames, the oldest first
 * @hand: the node of the frame to look at next; @queue itself at the end
 */
struct sieve {
	struct list_head queue;
	struct list_head *hand;
};

static void *sieve_create(unsigned long nr_frames)
{
	struct sieve *sieve = kmalloc(sizeof(*sieve), GFP_KERNEL);

	if (!sieve)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&sieve->queue);
	sieve->hand = &sieve->queue;
	return sieve;
}

static void sieve_destroy(void *private)
{
	kfree(private);
}

static void sieve_add(void *private, struct vmzone_frame *frame,
		      enum vmzone_policy_reason reason)
{
	struct sieve *sieve = private;
	/* Ahead of the hand, those that come back would keep it from all others. */
	struct list_head *next = vmzone_policy_is_back(reason) ? sieve->hand : &sieve->queue;

	vmzone_policy_list_add_marked(next, frame, reason);
}

static void sieve_remove(void *private, struct vmzone_frame *frame)
{
	struct sieve *sieve = private;

	if (sieve->hand == &frame->node)
		sieve->hand = frame->node.next;
	list_del_init(&frame->node);
}

static unsigned int sieve_isolate(void *private, struct vmzone_frame **batch,
				  unsigned int nr, unsigned long *second_chances)
{
	struct sieve *sieve = private;
	unsigned int i = 0;

	while (i < nr && !list_empty(&sieve->queue)) {
		struct vmzone_frame *frame;

		if (sieve->hand == &sieve->queue)
			sieve->hand = sieve->queue.next;
		frame = list_entry(sieve->hand, struct vmzone_frame, node);
		if (vmzone_policy_list_spare(frame, second_chances)) {
			sieve->hand = frame->node.next;
			continue;
		}
		sieve_remove(sieve, frame);
		batch[i++] = frame;
	}
	return i;
}

const struct vmzone_policy_ops vmzone_policy_sieve = {
	.name = "sieve",
	.id = VMZONE_POLICY_SIEVE,
	.create = sieve_create,
	.destroy = sieve_destroy,
	.add = sieve_add,
	.remove = sieve_remove,
	.isolate = sieve_isolate,
	.accessed = vmzone_policy_list_mark,
};
