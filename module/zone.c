// SPDX-License-Identifier: GPL-2.0-only
/*
 * zone.c - a zone's lifetime and its parameters
 *
 * Owns: struct vmzone_zone, the pseudo file system whose inodes carry zones,
 * and the grant of frames to all zones together.
 *
 * Each zone has an inode of its own, so that its mappings are its own: all
 * opens of one device node would share one address space. The inode ends with
 * its last descriptor or mapping, and its eviction ends the zone. Its mount is
 * held by whoever holds the zone, and not by the zone: the kernel may put the last
 * reference to an inode where it must not end a super block. So the module can go
 * when there are no zones.
 *
 * Lock order: zones_lock is outside of everything; range_lock, then folio
 * locks, then the leaves (policy, pool, store, counters).
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "delay.h"
#include "reclaim.h"
#include "resident.h"
#include "trace.h"
#include "zone.h"

#define VMZONE_FS_MAGIC	0x766d7a6e	/* "vmzn" */

struct vmzone_params vmzone_params;

/*
 * There may be a zone for so many frames that all zones may have, and some in any
 * case: each takes memory of the kernel that is charged to nobody.
 */
#define FRAMES_A_ZONE	128
#define SOME_ZONES	256

static DEFINE_MUTEX(zones_lock);	/* guards all that follows */
static LIST_HEAD(zones);
static u64 frames_granted;
static unsigned long nr_zones;
static u32 next_id = 1;

static const struct vmzone_zone_observer *observer;

/**
 * vmzone_config_default() - what a zone is like that nobody says more about
 * @config: returned: by the module parameters
 *
 * Context: any.
 */
void vmzone_config_default(struct vmzone_config *config)
{
	*config = (struct vmzone_config) {
		.bytes = READ_ONCE(vmzone_params.zone_bytes),
		.frames = READ_ONCE(vmzone_params.zone_frames),
		.store_limit_bytes = READ_ONCE(vmzone_params.zone_store_limit),
		.policy = READ_ONCE(vmzone_params.policy),
		.codec = READ_ONCE(vmzone_params.codec),
		.store = &vmzone_store_compressed,
	};
}

static int check_config(const struct vmzone_config *config)
{
	if (!config->bytes || config->bytes > VMZONE_MAX_BYTES ||
	    !PAGE_ALIGNED(config->bytes))
		return -EINVAL;
	if (config->frames < VMZONE_POOL_MIN_FRAMES)
		return -EINVAL;
	return 0;
}

/**
 * vmzone_zone_regrant() - change a zone's share of what all zones may have
 * @granted: what it has, in frames
 * @nr_frames: what it shall have
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOSPC or -EPERM when it may not have more. Less cannot fail.
 */
int vmzone_zone_regrant(u64 granted, u64 nr_frames)
{
	unsigned long max_frames = READ_ONCE(vmzone_params.max_frames);
	int ret = 0;

	if (nr_frames > granted) {
		if (nr_frames > max_frames)
			return -ENOSPC;
		if (nr_frames > READ_ONCE(vmzone_params.max_zone_frames) &&
		    !capable(CAP_SYS_RESOURCE))
			return -EPERM;
	}
	mutex_lock(&zones_lock);
	if (nr_frames > granted && frames_granted - granted + nr_frames > max_frames)
		ret = -ENOSPC;
	else
		frames_granted += nr_frames - granted;
	mutex_unlock(&zones_lock);
	return ret;
}

/* Whether there may be one zone more; it is counted. */
static int admit_zone(void)
{
	unsigned long max_zones = READ_ONCE(vmzone_params.max_frames) / FRAMES_A_ZONE;
	int ret = 0;

	mutex_lock(&zones_lock);
	if (nr_zones < max_t(unsigned long, max_zones, SOME_ZONES))
		nr_zones++;
	else
		ret = -ENOSPC;
	mutex_unlock(&zones_lock);
	return ret;
}

static void dismiss_zone(void)
{
	mutex_lock(&zones_lock);
	nr_zones--;
	mutex_unlock(&zones_lock);
}

/* Let the views see a zone that is whole. */
static void publish(struct vmzone_zone *zone)
{
	mutex_lock(&zones_lock);
	zone->id = next_id++;
	list_add_tail(&zone->node, &zones);
	mutex_unlock(&zones_lock);
	trace_vmzone_zone_create(zone->id, zone->config.bytes, zone->config.frames);
	if (observer)
		observer->born(zone);
}

static void withdraw(struct vmzone_zone *zone)
{
	trace_vmzone_zone_destroy(zone->id, vmzone_zone_bytes(zone), zone->config.frames);
	if (observer)
		observer->dying(zone);
	mutex_lock(&zones_lock);
	list_del(&zone->node);
	mutex_unlock(&zones_lock);
}

/* The rooms of a zone; undone by destroy_rooms(). */
static int create_rooms(struct vmzone_zone *zone)
{
	const struct vmzone_config *config = &zone->config;
	int ret;

	ret = vmzone_counters_init(&zone->counters);
	if (ret)
		return ret;
	ret = vmzone_pool_init(&zone->pool, config->frames);
	if (ret)
		goto err_counters;
	ret = vmzone_policy_init(&zone->policy, config->policy, config->frames);
	if (ret)
		goto err_pool;
	zone->store = config->store->create(config->store_limit_bytes, config->codec);
	if (IS_ERR(zone->store)) {
		ret = PTR_ERR(zone->store);
		goto err_policy;
	}
	if (config->flags & VMZONE_CREATE_PREALLOC) {
		ret = vmzone_pool_prealloc(&zone->pool, config->frames);
		if (ret)
			goto err_store;
	}
	return 0;

err_store:
	zone->store->ops->destroy(zone->store);
err_policy:
	vmzone_policy_destroy(&zone->policy);
err_pool:
	vmzone_pool_destroy(&zone->pool);
err_counters:
	vmzone_counters_destroy(&zone->counters);
	return ret;
}

static void destroy_rooms(struct vmzone_zone *zone)
{
	zone->store->ops->destroy(zone->store);
	vmzone_policy_destroy(&zone->policy);
	vmzone_pool_destroy(&zone->pool);
	vmzone_counters_destroy(&zone->counters);
}

/* End a zone that nobody can reach but the views. */
static void destroy(struct vmzone_zone *zone)
{
	withdraw(zone);
	vmzone_delay(VMZONE_DELAY_ZONE_ENDING, zone->id);
	vmzone_reclaim_stop(zone);
	vmzone_resident_release_all(zone);
	destroy_rooms(zone);
	vmzone_zone_free_slots(zone);
	vmzone_zone_regrant(zone->config.frames, 0);
	dismiss_zone();
	kfree(zone);
}

static int create_inode(struct vmzone_zone *zone);

/**
 * vmzone_zone_create() - a new zone
 * @config: what it shall be like
 *
 * Context: process context, sleeps. The caller's memory cgroup pays for it.
 * Return: the zone, to be given back by vmzone_zone_put() or handed on to
 * vmzone_zone_make_file(); ERR_PTR(-EINVAL), -ENOSPC, -EPERM, -ENOMEM, -EINTR.
 */
struct vmzone_zone *vmzone_zone_create(const struct vmzone_config *config)
{
	struct vmzone_zone *zone;
	int ret;

	ret = check_config(config);
	if (ret)
		return ERR_PTR(ret);
	ret = admit_zone();
	if (ret)
		return ERR_PTR(ret);
	zone = kzalloc(sizeof(*zone), GFP_KERNEL_ACCOUNT);
	if (!zone) {
		ret = -ENOMEM;
		goto err_dismiss;
	}
	zone->config = *config;
	zone->nr_slots = config->bytes >> PAGE_SHIFT;
	ret = vmzone_zone_init_slots(zone);
	if (ret)
		goto err_free;
	mutex_init(&zone->range_lock);
	init_rwsem(&zone->gather_lock);
	init_waitqueue_head(&zone->pressured);
	ret = vmzone_reclaim_start(zone);
	if (ret)
		goto err_slots;
	ret = vmzone_zone_regrant(0, config->frames);
	if (ret)
		goto err_reclaim;
	ret = create_rooms(zone);
	if (ret)
		goto err_return;
	ret = create_inode(zone);
	if (ret)
		goto err_rooms;
	publish(zone);
	return zone;

err_rooms:
	destroy_rooms(zone);
err_return:
	vmzone_zone_regrant(config->frames, 0);
err_reclaim:
	vmzone_reclaim_stop(zone);
err_slots:
	vmzone_zone_free_slots(zone);
err_free:
	kfree(zone);
err_dismiss:
	dismiss_zone();
	return ERR_PTR(ret);
}

static void zone_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (inode->i_private)
		destroy(inode->i_private);
}

static const struct super_operations zone_super_ops = {
	.statfs = simple_statfs,
	.evict_inode = zone_evict_inode,
};

static int zone_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, VMZONE_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &zone_super_ops;
	/* Whether its pages may be executed is for each zone to say. */
	fc->s_iflags &= ~SB_I_NOEXEC;
	return 0;
}

static struct file_system_type zone_fs_type = {
	.name = "vmzone",
	.owner = THIS_MODULE,
	.init_fs_context = zone_init_fs_context,
	.kill_sb = kill_anon_super,
};

static bool keep_folio(struct folio *folio, gfp_t gfp)
{
	return false;
}

/*
 * As noop_dirty_folio(), but never says that a page has become dirty: upon that a
 * fault looks whether too many are, for the sake of who writes them back.
 */
static bool dirty_folio(struct address_space *mapping, struct folio *folio)
{
	if (!folio_test_dirty(folio))
		folio_set_dirty(folio);
	return false;
}

/*
 * The kernel takes frames for pages of a page cache, which it may remove, clean as
 * they are, when their memory has failed: they are not its to remove.
 */
static const struct address_space_operations zone_aops = {
	.dirty_folio = dirty_folio,
	.release_folio = keep_folio,
};

/*
 * The inode takes over the zone: from now on, it ends with it. Its mount is its own:
 * to share that of a zone in a list will not do, since one whose inode is held by an
 * inotify watch alone may have none any more.
 */
static int create_inode(struct vmzone_zone *zone)
{
	struct inode *inode;
	struct vfsmount *mount;

	mount = vfs_kern_mount(&zone_fs_type, SB_KERNMOUNT, zone_fs_type.name, NULL);
	if (IS_ERR(mount))
		return PTR_ERR(mount);
	inode = alloc_anon_inode(mount->mnt_sb);
	if (IS_ERR(inode)) {
		mntput(mount);
		return PTR_ERR(inode);
	}
	inode->i_private = zone;
	inode->i_mapping->a_ops = &zone_aops;
	vmzone_mapping_set_release_always(inode->i_mapping);
	/* The device's, unless it is made a regular file. */
	inode->i_mode = S_IFCHR | 0600;
	/* Memory, and no file that lasts: core dumps look at this. */
	clear_nlink(inode);
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	inode->i_flags &= ~VMZONE_S_ANON_INODE;
	i_size_write(inode, vmzone_zone_bytes(zone));
	zone->inode = inode;
	/* What holds the zone holds the mount from now on. */
	zone->mount = mount;
	return 0;
}

/**
 * vmzone_zone_get() - hold a zone once more
 * @zone: a zone that somebody holds
 *
 * Context: any; to be undone by vmzone_zone_put().
 */
void vmzone_zone_get(struct vmzone_zone *zone)
{
	mntget(zone->mount);
	ihold(zone->inode);
}

/**
 * vmzone_zone_put() - let go of a zone that vmzone_zone_create() returned, or
 * that vmzone_zone_get() was called for
 * @zone: the zone; ends when nobody else holds it
 *
 * Context: process context, sleeps.
 */
void vmzone_zone_put(struct vmzone_zone *zone)
{
	struct vfsmount *mount = zone->mount;

	iput(zone->inode);
	/* After iput(): this may end the super block of the inode. */
	mntput(mount);
}

/**
 * vmzone_zone_make_file() - an open file of a zone's inode
 * @zone: held by the caller; the file takes that over if this succeeds
 * @fops: of the file
 *
 * Context: process context, sleeps.
 * Return: the file, open for reading and writing, or an ERR_PTR().
 */
struct file *vmzone_zone_make_file(struct vmzone_zone *zone,
				   const struct file_operations *fops)
{
	/* As the mapping of any zone is named in /proc/PID/maps. */
	struct file *file = alloc_file_pseudo(zone->inode, zone->mount, "dev/vmzone",
					      O_RDWR | O_LARGEFILE, fops);

	if (IS_ERR(file))
		return file;
	/* The file let go of the module reference that an open would take. */
	__module_get(fops->owner);
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	/* The file's path holds the mount; the inode reference is its dentry's. */
	mntput(zone->mount);
	return file;
}

/**
 * vmzone_zone_note_pressure() - frames or store are short
 * @zone: the zone
 *
 * Context: any.
 */
void vmzone_zone_note_pressure(struct vmzone_zone *zone)
{
	atomic_long_inc(&zone->pressure);
	if (wq_has_sleeper(&zone->pressured))
		wake_up_interruptible_poll(&zone->pressured, EPOLLPRI);
}

/**
 * vmzone_zone_observe() - have every zone made known
 * @new_observer: who wants to know; NULL for nobody
 *
 * Context: while there is no zone.
 */
void vmzone_zone_observe(const struct vmzone_zone_observer *new_observer)
{
	observer = new_observer;
}

static int for_each(int (*call)(struct vmzone_zone *zone, void *arg), void *arg)
{
	struct vmzone_zone *zone;
	int ret = 0;

	list_for_each_entry(zone, &zones, node) {
		ret = call(zone, arg);
		if (ret)
			break;
	}
	return ret;
}

/**
 * vmzone_zone_for_each() - call a function on every zone
 * @call: the function; a non-zero return value ends the walk
 * @arg: handed on to it
 *
 * Context: process context, sleeps. No zone begins or ends meanwhile.
 * Return: what the last call returned, or 0.
 */
int vmzone_zone_for_each(int (*call)(struct vmzone_zone *zone, void *arg), void *arg)
{
	int ret;

	mutex_lock(&zones_lock);
	ret = for_each(call, arg);
	mutex_unlock(&zones_lock);
	return ret;
}

/**
 * vmzone_zone_try_for_each() - the same for those who may not wait
 * @call: the function, as for vmzone_zone_for_each()
 * @arg: handed on to it
 *
 * Context: process context, also in the kernel's reclaim.
 * Return: as vmzone_zone_for_each(), or -EBUSY.
 */
int vmzone_zone_try_for_each(int (*call)(struct vmzone_zone *zone, void *arg), void *arg)
{
	int ret;

	if (!mutex_trylock(&zones_lock))
		return -EBUSY;
	ret = for_each(call, arg);
	mutex_unlock(&zones_lock);
	return ret;
}
