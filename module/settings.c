// SPDX-License-Identifier: GPL-2.0-only
/*
 * settings.c - a zone's parameters, changed while it is in use
 *
 * Owns: VMZONE_IOC_SET as all or nothing. Everything is checked first; then the
 * parameters change one after the other, those that can fail for want of memory
 * or frames before those that cannot be undone. Faults go on meanwhile, with
 * whichever value they meet.
 *
 * Lock order: the inode's lock, then range_lock.
 */
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "binding.h"
#include "range.h"
#include "reclaim.h"
#include "settings.h"
#include "zone.h"

/* How often copies are dropped for a limit that page-outs fill up again. */
#define MAX_LIMIT_ROUNDS 3

/* What can be said of the values without looking at the zone's contents. */
static int check(const struct vmzone_set *set)
{
	if (set->which & ~VMZONE_SETTINGS_ALL)
		return -EINVAL;
	if ((set->which & VMZONE_SET_BYTES) &&
	    (!set->bytes || set->bytes > VMZONE_MAX_BYTES || !PAGE_ALIGNED(set->bytes)))
		return -EINVAL;
	if ((set->which & VMZONE_SET_STORE_LIMIT) && !set->store_limit)
		return -EINVAL;
	if ((set->which & VMZONE_SET_FRAMES) && set->frames < VMZONE_POOL_MIN_FRAMES)
		return -EINVAL;
	if ((set->which & VMZONE_SET_POLICY) && !vmzone_policy_by_id(set->policy))
		return -EINVAL;
	if ((set->which & VMZONE_SET_CODEC) && !vmzone_codec_by_id(set->codec))
		return -EINVAL;
	return 0;
}

/* Free the stored copies of slots that have a frame: they only save work. */
static int drop_copies(struct vmzone_zone *zone)
{
	struct vmzone_slot *slot;
	pgoff_t index = 0;

	for (; (slot = vmzone_zone_next_slot(zone, &index, ULONG_MAX)); index++) {
		struct vmzone_frame *frame;
		int ret;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = vmzone_frame_lock_wait(slot, &frame);
		if (ret == -ENOENT)
			continue;
		if (ret)
			return ret;
		vmzone_slot_drop_copy(zone, slot, frame);
		vmzone_frame_unlock(frame);
	}
	return 0;
}

static int set_store_limit(struct vmzone_zone *zone, u64 limit_bytes)
{
	unsigned int round;
	int ret = zone->store->ops->set_limit(zone->store, limit_bytes);

	for (round = 0; ret == -ENOSPC && round < MAX_LIMIT_ROUNDS; round++) {
		ret = drop_copies(zone);
		if (!ret)
			ret = zone->store->ops->set_limit(zone->store, limit_bytes);
	}
	if (ret)
		return ret == -ENOSPC ? -ENOMEM : ret;
	WRITE_ONCE(zone->config.store_limit_bytes, limit_bytes);
	if (zone->store->ops->is_tight(zone->store))
		vmzone_zone_note_pressure(zone);
	return 0;
}

static int grow_budget(struct vmzone_zone *zone, u64 frames)
{
	u64 old = zone->config.frames;
	int ret = vmzone_zone_regrant(old, frames);

	if (ret)
		return ret;
	if (zone->config.flags & VMZONE_CREATE_PREALLOC)
		ret = vmzone_pool_prealloc(&zone->pool, frames);
	if (ret) {
		vmzone_pool_shed(&zone->pool, old);
		vmzone_zone_regrant(frames, old);
		return ret;
	}
	vmzone_pool_grow(&zone->pool, frames);
	wake_up_all(&zone->reclaim.freed);
	return 0;
}

static int set_frames(struct vmzone_zone *zone, u64 frames)
{
	u64 old = zone->config.frames;
	struct mem_cgroup *memcg;
	int ret;

	if (frames > old)
		ret = grow_budget(zone, frames);
	else
		ret = vmzone_reclaim_shrink(zone, frames);
	if (ret)
		return ret;
	if (frames < old)
		vmzone_zone_regrant(old, frames);
	WRITE_ONCE(zone->config.frames, frames);
	/* A policy that cannot adapt goes on as it is. */
	memcg = set_active_memcg(zone->pool.memcg);
	vmzone_policy_resize(&zone->policy, frames);
	set_active_memcg(memcg);
	return 0;
}

static int set_policy(struct vmzone_zone *zone, const struct vmzone_policy_ops *policy)
{
	struct mem_cgroup *memcg;
	int ret;

	if (policy == zone->config.policy)
		return 0;
	memcg = set_active_memcg(zone->pool.memcg);
	ret = vmzone_policy_switch(&zone->policy, policy, zone->config.frames);
	set_active_memcg(memcg);
	if (!ret)
		WRITE_ONCE(zone->config.policy, policy);
	return ret;
}

static int set_codec(struct vmzone_zone *zone, const struct vmzone_codec_ops *codec)
{
	int ret = zone->store->ops->set_codec(zone->store, codec);

	if (!ret)
		WRITE_ONCE(zone->config.codec, codec);
	return ret;
}

/*
 * The caller holds both locks. What is undone goes back to what the zone had a
 * moment ago, which needs no memory but for a policy's own: should there be none
 * even for that, the zone keeps the new policy.
 */
static int apply(struct vmzone_zone *zone, const struct vmzone_set *set)
{
	const struct vmzone_config old = zone->config;
	int ret = 0;

	if (set->which & VMZONE_SET_BYTES)
		ret = vmzone_range_check_unpinned(zone, set->bytes >> PAGE_SHIFT, ULONG_MAX);
	if (!ret && (set->which & VMZONE_SET_CODEC))
		ret = set_codec(zone, vmzone_codec_by_id(set->codec));
	if (ret)
		return ret;
	if (set->which & VMZONE_SET_POLICY)
		ret = set_policy(zone, vmzone_policy_by_id(set->policy));
	if (ret)
		goto err_codec;
	if (set->which & VMZONE_SET_STORE_LIMIT)
		ret = set_store_limit(zone, set->store_limit);
	if (ret)
		goto err_policy;
	if (set->which & VMZONE_SET_FRAMES)
		ret = set_frames(zone, set->frames);
	if (ret)
		goto err_limit;
	/* Fails for a fatal signal only, and then nobody is left to be told. */
	return set->which & VMZONE_SET_BYTES ? vmzone_range_resize(zone, set->bytes) : 0;

err_limit:
	if (set->which & VMZONE_SET_STORE_LIMIT)
		set_store_limit(zone, old.store_limit_bytes);
err_policy:
	set_policy(zone, old.policy);
err_codec:
	set_codec(zone, old.codec);
	return ret;
}

/**
 * vmzone_settings_apply() - change some of a zone's parameters, or none
 * @zone: the zone
 * @set: which, and to what
 *
 * Context: process context, sleeps.
 * Return: 0; -EINVAL; -ENOSPC or -EPERM, see vmzone_zone_regrant(); -ENOMEM when
 * pins or the store do not allow it; -EBUSY when a slot that would be cut off is
 * pinned; -EINTR. A raised store limit that was used before a smaller budget
 * failed stays raised, and copies of pages that have a frame may be gone; else
 * nothing has changed unless it is 0.
 */
int vmzone_settings_apply(struct vmzone_zone *zone, const struct vmzone_set *set)
{
	int ret = check(set);

	if (ret)
		return ret;
	if (down_write_killable(&zone->inode->i_rwsem))
		return -EINTR;
	ret = mutex_lock_killable(&zone->range_lock) ? -EINTR : 0;
	if (!ret) {
		ret = apply(zone, set);
		mutex_unlock(&zone->range_lock);
	}
	inode_unlock(zone->inode);
	return ret;
}

/**
 * vmzone_settings_resize() - change a zone's size, as truncate(2) does
 * @zone: the zone
 * @bytes: new size
 *
 * Context: process context, sleeps; the caller holds the inode's lock.
 * Return: as vmzone_range_resize().
 */
int vmzone_settings_resize(struct vmzone_zone *zone, u64 bytes)
{
	int ret = mutex_lock_killable(&zone->range_lock) ? -EINTR : 0;

	if (!ret) {
		ret = vmzone_range_resize(zone, bytes);
		mutex_unlock(&zone->range_lock);
	}
	return ret;
}

/**
 * vmzone_settings_read() - a zone's parameters as they are now
 * @zone: the zone
 * @set: returned: all but the size of the structure
 *
 * Context: any.
 */
void vmzone_settings_read(struct vmzone_zone *zone, struct vmzone_set *set)
{
	set->which = VMZONE_SETTINGS_ALL;
	set->bytes = vmzone_zone_bytes(zone);
	set->frames = READ_ONCE(zone->config.frames);
	set->store_limit = READ_ONCE(zone->config.store_limit_bytes);
	set->policy = READ_ONCE(zone->config.policy)->id;
	set->codec = READ_ONCE(zone->config.codec)->id;
}
