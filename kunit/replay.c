// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay.c - a trace on its way through a policy, without a device
 *
 * Two drivers. One tells the policy of every reference and evicts one frame when
 * the next is needed, as a textbook would. The other does as the device: the
 * policy hears of frames that come and of those touched on standby, and frames are
 * parked and evicted by the watermarks and in the batches of a worker. In place
 * of that stands a call after each fault that would have woken it.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "../module/gather.h"
#include "../module/watermark.h"
#include "replay.h"

/**
 * struct replay_page - a page of the trace
 * @frame: its frame, or NULL
 * @standby: whether that is parked
 * @stored: whether it was evicted before
 * @written: whether it was written since it came
 * @known: whether that has been seen, which it is when a mapping is undone
 */
struct replay_page {
	struct vmzone_frame *frame;
	bool standby;
	bool stored;
	bool written;
	bool known;
};

/**
 * vmzone_replay_start() - make ready to replay a trace
 * @trace: the trace
 * @ops: the policy
 *
 * Context: process context, sleeps.
 * Return: the replay, or NULL.
 */
struct replay *vmzone_replay_start(const struct trace *trace,
				   const struct vmzone_policy_ops *ops)
{
	struct replay *replay = kzalloc(sizeof(*replay), GFP_KERNEL);

	if (!replay)
		return NULL;
	replay->trace = trace;
	replay->pages = vzalloc(array_size(trace->nr_pages, sizeof(*replay->pages)));
	if (!replay->pages)
		goto err_replay;
	if (vmzone_pool_init(&replay->pool, trace->nr_frames))
		goto err_pages;
	if (vmzone_policy_init(&replay->policy, ops, trace->nr_frames))
		goto err_pool;
	return replay;

err_pool:
	vmzone_pool_destroy(&replay->pool);
err_pages:
	vfree(replay->pages);
err_replay:
	kfree(replay);
	return NULL;
}

/* A page loses its frame, of which the policy knows nothing more. */
static void evict(struct replay *replay, struct vmzone_frame *frame)
{
	vmzone_policy_remove(&replay->policy, frame);
	replay->pages[frame->index] = (struct replay_page) { .stored = true };
	frame->index = 0;
	vmzone_pool_free(&replay->pool, frame);
}

/**
 * vmzone_replay_end() - undo vmzone_replay_start()
 * @replay: the replay
 *
 * Context: process context, sleeps.
 */
void vmzone_replay_end(struct replay *replay)
{
	uint32_t i;

	for (i = 0; i < replay->trace->nr_pages; i++)
		if (replay->pages[i].frame)
			evict(replay, replay->pages[i].frame);
	vmzone_policy_destroy(&replay->policy);
	vmzone_pool_destroy(&replay->pool);
	vfree(replay->pages);
	kfree(replay);
}

static void give_frame(struct replay *replay, uint32_t index, struct vmzone_frame *frame,
		       bool costly)
{
	replay->misses++;
	replay->peak = max_t(unsigned long, replay->peak,
			     atomic_long_read(&replay->pool.used));
	frame->index = index;
	replay->pages[index].frame = frame;
	vmzone_policy_add(&replay->policy, frame, costly);
}

/* Evict what the policy would rather have evicted. */
static void evict_one(struct replay *replay)
{
	struct vmzone_frame *frame;
	unsigned long second_chances;

	if (!vmzone_policy_isolate(&replay->policy, &frame, 1, &second_chances))
		return;
	put_page(vmzone_frame_page(frame));
	evict(replay, frame);
}

static int see(struct replay *replay, uint32_t index, bool writes)
{
	struct replay_page *page = &replay->pages[index];
	struct vmzone_frame *frame;

	page->written |= writes;
	if (page->frame) {
		vmzone_policy_add(&replay->policy, page->frame, !page->stored || page->written);
		vmzone_policy_accessed(&replay->policy, page->frame);
		return 0;
	}
	if (replay->misses >= replay->trace->nr_frames)
		evict_one(replay);
	frame = vmzone_pool_alloc(&replay->pool, VMZONE_POOL_PAGE_IN);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	give_frame(replay, index, frame, !page->stored || page->written);
	return 0;
}

/**
 * vmzone_replay_seeing() - replay with a policy that hears of every reference
 * @replay: the replay, which counts
 *
 * Context: process context, sleeps.
 * Return: 0, or an error of the pool.
 */
int vmzone_replay_seeing(struct replay *replay)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < replay->trace->nr_refs && !ret; i++)
		ret = see(replay, trace_page(replay->trace, i), trace_writes(replay->trace, i));
	return ret;
}

static int by_index(const void *a, const void *b)
{
	const struct vmzone_frame *const *one = a, *const *other = b;

	return (*one)->index < (*other)->index ? -1 : (*one)->index > (*other)->index;
}

/* As extend() of module/gather.c. */
static unsigned int extend(struct replay *replay, pgoff_t index, unsigned int nr_slots,
			   int step, struct vmzone_frame **batch, unsigned int nr)
{
	unsigned int got = 0;

	for (; nr_slots && got < nr && index < replay->trace->nr_pages; nr_slots--, index += step) {
		struct replay_page *page = &replay->pages[index];

		if (!page->frame || page->standby)
			continue;
		get_page(vmzone_frame_page(page->frame));
		if (!vmzone_policy_isolate_frame(&replay->policy, page->frame)) {
			put_page(vmzone_frame_page(page->frame));
			break;
		}
		batch[got++] = page->frame;
	}
	return got;
}

/* As vmzone_gather_isolate(). */
static unsigned int gather(struct replay *replay, struct vmzone_frame **batch, unsigned int nr)
{
	unsigned int got = 0;

	while (got < nr) {
		unsigned int end = min(nr, got + VMZONE_GATHER_MAX), before;
		unsigned long passed;
		pgoff_t index;

		if (!vmzone_policy_isolate(&replay->policy, batch + got, 1, &passed))
			break;
		index = batch[got++]->index;
		before = index % VMZONE_GATHER_SPAN;
		got += extend(replay, index + 1, VMZONE_GATHER_SPAN - 1 - before, 1, batch + got,
			      end - got);
		got += extend(replay, index - 1, before, -1, batch + got, end - got);
		replay->nr_victims++;
	}
	return got;
}

/* As vmzone_batch_park() and vmzone_evict_park(). */
static unsigned int park_batch(struct replay *replay)
{
	struct vmzone_frame *batch[VMZONE_POLICY_BATCH];
	unsigned long second_chances;
	unsigned int nr, i;

	nr = vmzone_park_nr(replay->pool.budget);
	nr = replay->gathers ? gather(replay, batch, nr) :
			       vmzone_policy_isolate(&replay->policy, batch, nr, &second_chances);
	replay->nr_parked += nr;
	sort(batch, nr, sizeof(batch[0]), by_index, NULL);
	for (i = 0; i < nr; i++) {
		struct replay_page *page = &replay->pages[batch[i]->index];

		page->standby = true;
		page->known |= page->written;
		vmzone_policy_park(&replay->policy, batch[i]);
		put_page(vmzone_frame_page(batch[i]));
	}
	return nr;
}

/* As vmzone_batch_evict(). */
static unsigned int evict_some(struct replay *replay, unsigned int nr)
{
	struct vmzone_frame *frame;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!vmzone_policy_isolate_standby(&replay->policy, &frame, 1))
			break;
		put_page(vmzone_frame_page(frame));
		evict(replay, frame);
	}
	return i;
}

/* As vmzone_reclaim_work(). */
static void work(struct replay *replay)
{
	unsigned long budget = replay->pool.budget;

	while (vmzone_pool_nr_free(&replay->pool) < vmzone_high_watermark(budget)) {
		while (replay->policy.nr_standby < vmzone_standby_target(budget))
			if (!park_batch(replay))
				break;
		if (!evict_some(replay, VMZONE_BACKGROUND_BATCH))
			break;
	}
}

/* As vmzone_reclaim_frame(). */
static struct vmzone_frame *get_frame(struct replay *replay, enum vmzone_pool_use use)
{
	struct vmzone_frame *frame;

	for (;;) {
		frame = vmzone_pool_alloc(&replay->pool, use);
		if (PTR_ERR_OR_ZERO(frame) != -EAGAIN)
			return frame;
		if (!evict_some(replay, VMZONE_DIRECT_BATCH) && !park_batch(replay))
			return frame;
	}
}

static int touch(struct replay *replay, uint32_t index, bool writes)
{
	struct replay_page *page = &replay->pages[index];
	struct vmzone_frame *frame = page->frame;

	if (!frame) {
		frame = get_frame(replay, page->stored ? VMZONE_POOL_PAGE_IN :
							 VMZONE_POOL_ZERO);
		if (IS_ERR(frame))
			return PTR_ERR(frame);
		give_frame(replay, index, frame, !page->stored);
	} else if (page->standby) {
		page->standby = false;
		replay->minor++;
		vmzone_policy_add(&replay->policy, frame, !page->stored || page->known);
	}
	page->written |= writes;
	if (vmzone_pool_nr_free(&replay->pool) < vmzone_low_watermark(replay->pool.budget))
		work(replay);
	return 0;
}

/**
 * vmzone_replay_standby() - replay with a policy that hears what the device tells it
 * @replay: the replay, which counts
 *
 * Context: process context, sleeps.
 * Return: 0, or an error of the pool.
 */
int vmzone_replay_standby(struct replay *replay)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < replay->trace->nr_refs && !ret; i++)
		ret = touch(replay, trace_page(replay->trace, i),
			    trace_writes(replay->trace, i));
	return ret;
}
