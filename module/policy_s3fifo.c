// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_s3fifo.c - S3-FIFO: three queues
 *
 * Evicts what was used once soon (Yang et al., "FIFO queues are all you need for
 * cache eviction", SOSP 2023). New frames go through a small queue, a tenth of
 * all; those touched more than once while there go on to the main queue, the
 * others are given out, and their keys remembered in a ghost queue. What comes
 * back while its key is there, or is rescued from standby, goes to the main queue
 * at once. The main queue is a CLOCK that counts up to three touches. It is given
 * out from only while the small one is short.
 *
 * The ghost queue is a hash table of keys with the time of their entry, counted
 * in entries, as the paper has it. An old key is not taken out: it counts no more
 * when as many came after it as the main queue has frames. Keys share buckets of
 * one cache line, of which the oldest is overwritten: on average a bucket has 5.4
 * keys that count and room for 8, so that about one in thirty is lost too soon.
 * That takes 11 bytes for each frame of the zone, in one piece, of which the
 * kernel has none for more than 750 GiB of frames.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "policy.h"

#define S3FIFO_FREQ	0x03	/* touches, up to three */
#define S3FIFO_MAIN	0x04	/* on the main queue */

#define GHOST_WAYS	8
#define FRAMES_A_BUCKET	6

/**
 * struct ghost_key - one key in the ghost queue
 * @key: the low half of the key; two that are the same are no more than a mistake
 * @when: struct ghost's @now at its entry; after 2^32 entries it may seem new
 */
struct ghost_key {
	u32 key;
	u32 when;
};

/**
 * struct ghost - the keys of frames given out by the small queue
 * @capacity: for how many entries a key counts
 * @now: entries so far
 * @nr_buckets: size of @buckets
 * @buckets: the keys, by their hash
 */
struct ghost {
	u32 capacity;
	u32 now;
	u32 nr_buckets;
	struct ghost_bucket {
		struct ghost_key keys[GHOST_WAYS];
	} buckets[] ____cacheline_aligned;
};

/**
 * struct s3fifo - the private part
 * @small: frames that came not long ago, the oldest first
 * @main: frames that proved their worth, the oldest first
 * @nr_small: length of @small
 * @max_small: length above which @small gives out frames
 * @nr_refused: how often @main comes first, because @small gave out a frame
 *	that could not be evicted: others may be among those of @main
 * @ghost: its own memory
 */
struct s3fifo {
	struct list_head small;
	struct list_head main;
	unsigned long nr_small;
	unsigned long max_small;
	unsigned long nr_refused;
	struct ghost *ghost;
};

static size_t ghost_bytes(size_t nr_buckets)
{
	return size_add(sizeof(struct ghost),
			array_size(nr_buckets, sizeof(struct ghost_bucket)));
}

static struct ghost *ghost_create(unsigned long nr_frames)
{
	unsigned long nr_buckets = nr_frames / FRAMES_A_BUCKET + 1;
	struct ghost *ghost = kvzalloc(ghost_bytes(nr_buckets),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);

	if (!ghost)
		return NULL;
	ghost->nr_buckets = nr_buckets;
	ghost->capacity = nr_frames - nr_frames / 10;
	/* So that the empty ones are too old. */
	ghost->now = ghost->capacity + 1;
	return ghost;
}

/* Whether no key has entered yet, while all data is within the budget. */
static bool ghost_is_new(const struct ghost *ghost)
{
	return ghost->now == ghost->capacity + 1;
}

static struct ghost_bucket *ghost_bucket(struct ghost *ghost, pgoff_t key)
{
	return &ghost->buckets[reciprocal_scale(hash_64(key, 32), ghost->nr_buckets)];
}

static u32 ghost_age(const struct ghost *ghost, const struct ghost_key *entry)
{
	return ghost->now - entry->when;
}

static void ghost_insert(struct ghost *ghost, pgoff_t key)
{
	struct ghost_key *keys = ghost_bucket(ghost, key)->keys;
	struct ghost_key *oldest = keys;
	unsigned int i;

	for (i = 1; i < GHOST_WAYS; i++)
		if (ghost_age(ghost, &keys[i]) > ghost_age(ghost, oldest))
			oldest = &keys[i];
	oldest->key = key;
	oldest->when = ghost->now++;
}

/* Whether the key counts; it is taken out. */
static noinline bool ghost_take(struct ghost *ghost, pgoff_t key)
{
	struct ghost_key *keys = ghost_bucket(ghost, key)->keys;
	unsigned int i;

	for (i = 0; i < GHOST_WAYS; i++) {
		if (keys[i].key != (u32)key || ghost_age(ghost, &keys[i]) > ghost->capacity)
			continue;
		keys[i].when = ghost->now - ghost->capacity - 1;
		return true;
	}
	return false;
}

static void *s3fifo_create(unsigned long nr_frames)
{
	struct s3fifo *s3fifo = kmalloc(sizeof(*s3fifo), GFP_KERNEL);

	if (!s3fifo)
		return ERR_PTR(-ENOMEM);
	s3fifo->ghost = ghost_create(nr_frames);
	if (!s3fifo->ghost) {
		kfree(s3fifo);
		return ERR_PTR(-ENOMEM);
	}
	INIT_LIST_HEAD(&s3fifo->small);
	INIT_LIST_HEAD(&s3fifo->main);
	s3fifo->nr_small = 0;
	s3fifo->max_small = nr_frames / 10;
	s3fifo->nr_refused = 0;
	return s3fifo;
}

static void s3fifo_destroy(void *private)
{
	struct s3fifo *s3fifo = private;

	kvfree(s3fifo->ghost);
	kfree(s3fifo);
}

/* The new ghost queue begins empty: to fill it would take too long under the lock. */
static int s3fifo_resize(void *private, unsigned long nr_frames, spinlock_t *lock)
{
	struct ghost *ghost = ghost_create(nr_frames);
	struct s3fifo *s3fifo = private;

	if (!ghost)
		return -ENOMEM;
	spin_lock(lock);
	swap(s3fifo->ghost, ghost);
	s3fifo->max_small = nr_frames / 10;
	spin_unlock(lock);
	kvfree(ghost);
	return 0;
}

static size_t s3fifo_bytes(const void *private)
{
	const struct s3fifo *s3fifo = private;

	return ghost_bytes(s3fifo->ghost->nr_buckets);
}

static void s3fifo_add(void *private, struct vmzone_frame *frame,
		       enum vmzone_policy_reason reason)
{
	struct s3fifo *s3fifo = private;
	bool known = !ghost_is_new(s3fifo->ghost) && ghost_take(s3fifo->ghost, frame->index);

	/* One that is back from the small queue finds its own ghost, and goes there. */
	if (known != vmzone_policy_is_back(reason) || reason == VMZONE_POLICY_RESCUED) {
		vmzone_frame_set_hint(frame, vmzone_frame_hint(frame) | S3FIFO_MAIN);
		list_add_tail(&frame->node, &s3fifo->main);
	} else {
		list_add_tail(&frame->node, &s3fifo->small);
		s3fifo->nr_small++;
		if (reason == VMZONE_POLICY_REFUSED && s3fifo->nr_refused < s3fifo->nr_small)
			s3fifo->nr_refused++;
	}
}

static void s3fifo_remove(void *private, struct vmzone_frame *frame)
{
	struct s3fifo *s3fifo = private;

	if (!(vmzone_frame_hint(frame) & S3FIFO_MAIN))
		s3fifo->nr_small--;
	list_del_init(&frame->node);
}

/* Give out the first frame of the small queue, or move it to the main one. */
static struct vmzone_frame *take_small(struct s3fifo *s3fifo, bool may_pass)
{
	struct vmzone_frame *frame = list_first_entry(&s3fifo->small, struct vmzone_frame, node);
	u8 hint = vmzone_frame_hint(frame);

	s3fifo->nr_small--;
	if ((hint & S3FIFO_FREQ) > 1 && may_pass) {
		vmzone_frame_set_hint(frame, (hint & ~S3FIFO_FREQ) | S3FIFO_MAIN);
		list_move_tail(&frame->node, &s3fifo->main);
		return NULL;
	}
	list_del_init(&frame->node);
	ghost_insert(s3fifo->ghost, frame->index);
	return frame;
}

/* Give out the first frame of the main queue, or let it go round once more. */
static struct vmzone_frame *take_main(struct s3fifo *s3fifo, bool may_pass)
{
	struct vmzone_frame *frame = list_first_entry(&s3fifo->main, struct vmzone_frame, node);
	u8 hint = vmzone_frame_hint(frame);

	if ((hint & S3FIFO_FREQ) && may_pass) {
		vmzone_frame_set_hint(frame, hint - 1);
		list_move_tail(&frame->node, &s3fifo->main);
		return NULL;
	}
	list_del_init(&frame->node);
	return frame;
}

/* Whether the small queue is to give out the next frame. */
static bool is_turn_of_small(const struct s3fifo *s3fifo)
{
	return list_empty(&s3fifo->main) ||
	       (s3fifo->nr_small > s3fifo->max_small && !s3fifo->nr_refused);
}

static unsigned int s3fifo_isolate(void *private, struct vmzone_frame **batch,
				   unsigned int nr, unsigned long *second_chances)
{
	struct s3fifo *s3fifo = private;
	unsigned int i = 0;

	if (list_empty(&s3fifo->main))
		s3fifo->nr_refused = 0;
	while (i < nr) {
		bool may_pass = *second_chances < VMZONE_POLICY_MAX_PASSED;
		bool small = is_turn_of_small(s3fifo);

		if (list_empty(&s3fifo->main) && !s3fifo->nr_small)
			break;
		batch[i] = small ? take_small(s3fifo, may_pass) : take_main(s3fifo, may_pass);
		if (batch[i] && !small && s3fifo->nr_refused)
			s3fifo->nr_refused--;
		if (batch[i])
			i++;
		else
			++*second_chances;
	}
	return i;
}

/*
 * Only of the queue whose turn it is: so each gives out as many frames as otherwise,
 * which is what keeps a scan from the main one.
 */
static bool s3fifo_yield(void *private, struct vmzone_frame *frame)
{
	u8 hint = vmzone_frame_hint(frame);
	struct s3fifo *s3fifo = private;
	bool small = !(hint & S3FIFO_MAIN);

	if ((hint & S3FIFO_FREQ) || small != is_turn_of_small(s3fifo))
		return false;
	s3fifo_remove(s3fifo, frame);
	if (small)
		ghost_insert(s3fifo->ghost, frame->index);
	else if (s3fifo->nr_refused)
		s3fifo->nr_refused--;
	return true;
}

static void s3fifo_accessed(void *private, struct vmzone_frame *frame)
{
	u8 hint = vmzone_frame_hint(frame);

	if ((hint & S3FIFO_FREQ) < S3FIFO_FREQ)
		vmzone_frame_set_hint(frame, hint + 1);
}

const struct vmzone_policy_ops vmzone_policy_s3fifo = {
	.name = "s3fifo",
	.id = VMZONE_POLICY_S3FIFO,
	.create = s3fifo_create,
	.destroy = s3fifo_destroy,
	.resize = s3fifo_resize,
	.bytes = s3fifo_bytes,
	.add = s3fifo_add,
	.remove = s3fifo_remove,
	.isolate = s3fifo_isolate,
	.yield = s3fifo_yield,
	.accessed = s3fifo_accessed,
};
