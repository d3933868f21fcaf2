// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec.c - the table of codecs and their scratch memory
 *
 * Owns: one set of scratch memory for each codec and CPU while any zone uses
 * the codec. Sets of CPUs that are online at the first use are made then; that
 * of a CPU that comes later is made when it first works for vmzone. There is one to
 * spare, for CPUs for whose there is no memory.
 *
 * Lock order: users_lock, then a scratch lock; a scratch lock is held across a
 * compression and the store's allocation, which waits for no memory, and is never
 * taken by reclaim.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "codec.h"

/**
 * struct codec - one row of the table
 * @ops: the compressor
 * @users: zones that use it, under users_lock
 * @scratch: of each CPU; NULL without users
 * @spare: one set more
 */
struct codec {
	const struct vmzone_codec_ops *ops;
	unsigned int users;
	struct vmzone_codec_scratch __percpu *scratch;
	struct vmzone_codec_scratch spare;
};

static struct codec codecs[] = {
	{ .ops = &vmzone_codec_none },
	{ .ops = &vmzone_codec_lzo_rle },
	{ .ops = &vmzone_codec_lz4 },
	{ .ops = &vmzone_codec_zstd },
};

static DEFINE_MUTEX(users_lock);

/**
 * vmzone_codec_by_id() - find a codec
 * @id: enum vmzone_codec_id, as given by a user
 *
 * Context: any.
 * Return: it, or NULL if this build has none of that id.
 */
const struct vmzone_codec_ops *vmzone_codec_by_id(u32 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].ops->id == id)
			return codecs[i].ops;
	return NULL;
}

/**
 * vmzone_codec_by_name() - find a codec
 * @name: as in the module parameter
 *
 * Context: any.
 * Return: it, or NULL if this build has none of that name.
 */
const struct vmzone_codec_ops *vmzone_codec_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codecs); i++)
		if (sysfs_streq(codecs[i].ops->name, name))
			return codecs[i].ops;
	return NULL;
}

/**
 * vmzone_codec_mask() - the codecs of this build
 *
 * Context: any.
 * Return: bit mask, 1 << enum vmzone_codec_id.
 */
u32 vmzone_codec_mask(void)
{
	unsigned int i;
	u32 mask = 0;

	for (i = 0; i < ARRAY_SIZE(codecs); i++)
		mask |= 1U << codecs[i].ops->id;
	return mask;
}

static struct codec *codec_of(const struct vmzone_codec_ops *ops)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].ops == ops)
			return &codecs[i];
	return NULL;
}

static void scratch_free(struct vmzone_codec_scratch *scratch)
{
	kvfree(scratch->work);
	kvfree(scratch->out);
	scratch->work = NULL;
	scratch->out = NULL;
}

/* Make the memory of one set, if that was not done yet. */
static int scratch_make(const struct vmzone_codec_ops *ops,
			struct vmzone_codec_scratch *scratch)
{
	/* Nobody shall be killed for it: there is one to spare. */
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	unsigned int noio;
	int ret = -ENOMEM;

	if (scratch->out)
		return 0;
	/* On the way of an eviction: what this allocates may not wait for one. */
	noio = memalloc_noio_save();
	scratch->out = kvmalloc(VMZONE_CODEC_OUT_BYTES, gfp);
	if (ops->work_bytes)
		scratch->work = kvmalloc(ops->work_bytes(), gfp);
	memalloc_noio_restore(noio);
	if (!scratch->out || (ops->work_bytes && !scratch->work))
		goto err_free;
	ret = ops->setup ? ops->setup(scratch->work) : 0;
	if (ret)
		goto err_free;
	return 0;

err_free:
	scratch_free(scratch);
	return ret;
}

static void scratch_destroy(struct codec *codec)
{
	int cpu;

	scratch_free(&codec->spare);
	for_each_possible_cpu(cpu)
		scratch_free(per_cpu_ptr(codec->scratch, cpu));
	free_percpu(codec->scratch);
	codec->scratch = NULL;
}

static int scratch_create(struct codec *codec)
{
	int cpu, ret;

	codec->scratch = alloc_percpu(struct vmzone_codec_scratch);
	if (!codec->scratch)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		mutex_init(&per_cpu_ptr(codec->scratch, cpu)->lock);
	mutex_init(&codec->spare.lock);
	ret = scratch_make(codec->ops, &codec->spare);
	for_each_possible_cpu(cpu)
		if (!ret && cpu_online(cpu))
			ret = scratch_make(codec->ops, per_cpu_ptr(codec->scratch, cpu));
	if (ret)
		scratch_destroy(codec);
	return ret;
}

/**
 * vmzone_codec_get() - make sure that a codec can be used
 * @ops: the codec
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_codec_get(const struct vmzone_codec_ops *ops)
{
	struct codec *codec = codec_of(ops);
	int ret = 0;

	mutex_lock(&users_lock);
	if (!codec->users)
		ret = scratch_create(codec);
	if (!ret)
		codec->users++;
	mutex_unlock(&users_lock);
	return ret;
}

/**
 * vmzone_codec_put() - undo one vmzone_codec_get()
 * @ops: the codec
 *
 * Context: process context, sleeps.
 */
void vmzone_codec_put(const struct vmzone_codec_ops *ops)
{
	struct codec *codec = codec_of(ops);

	mutex_lock(&users_lock);
	if (!--codec->users)
		scratch_destroy(codec);
	mutex_unlock(&users_lock);
}

/**
 * vmzone_codec_begin() - take the scratch memory of this CPU
 * @ops: a codec that the caller has got
 *
 * Context: process context, sleeps; no other scratch memory is held.
 * Return: the locked set.
 */
struct vmzone_codec_scratch *vmzone_codec_begin(const struct vmzone_codec_ops *ops)
{
	struct codec *codec = codec_of(ops);
	struct vmzone_codec_scratch *scratch = raw_cpu_ptr(codec->scratch);

	mutex_lock(&scratch->lock);
	if (!scratch_make(ops, scratch))
		return scratch;
	mutex_unlock(&scratch->lock);
	mutex_lock(&codec->spare.lock);
	return &codec->spare;
}

/**
 * vmzone_codec_end() - give it back
 * @scratch: from vmzone_codec_begin()
 *
 * Context: the task that took it.
 */
void vmzone_codec_end(struct vmzone_codec_scratch *scratch)
{
	mutex_unlock(&scratch->lock);
}
