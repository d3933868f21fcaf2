/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zone.h - a zone: its lifetime, its parameters, its slot table
 *
 * A zone lives as long as its inode, which every descriptor and, through them,
 * every mapping holds. So whoever was called through a descriptor or a VMA has
 * a zone that stays.
 */
#ifndef VMZONE_ZONE_H
#define VMZONE_ZONE_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/xarray.h>

#include "policy.h"
#include "pool.h"
#include "reclaim.h"
#include "slot.h"
#include "stats.h"
#include "store.h"

/* Largest zone: far below what a page index can hold on any kernel. */
#define VMZONE_MAX_BYTES	(1ULL << 46)

/**
 * struct vmzone_params - module parameters, and the limits they set
 * @zone_bytes: default size of a zone
 * @zone_frames: default budget
 * @zone_store_limit: default limit of its store, in bytes
 * @max_frames: most frames that all zones may be granted together
 * @max_zone_frames: most that one zone may have without CAP_SYS_RESOURCE
 * @policy: default policy
 * @codec: default codec
 *
 * Written at any time through sysfs: read each once.
 */
struct vmzone_params {
	unsigned long zone_bytes;
	unsigned long zone_frames;
	unsigned long zone_store_limit;
	unsigned long max_frames;
	unsigned long max_zone_frames;
	const struct vmzone_policy_ops *policy;
	const struct vmzone_codec_ops *codec;
};

extern struct vmzone_params vmzone_params;

/**
 * struct vmzone_config - what a new zone shall be like
 * @bytes: its size
 * @frames: its budget
 * @store_limit_bytes: most that its store may take
 * @policy: its policy
 * @codec: its codec
 * @store: its kind of store
 * @flags: VMZONE_CREATE_* bits
 * @name: of a named zone; else empty
 */
struct vmzone_config {
	u64 bytes;
	u64 frames;
	u64 store_limit_bytes;
	const struct vmzone_policy_ops *policy;
	const struct vmzone_codec_ops *codec;
	const struct vmzone_store_ops *store;
	u32 flags;
	char name[VMZONE_NAME_LEN];
};

struct vmzone_node;

#define VMZONE_LEAF_SLOTS	(PAGE_SIZE / sizeof(struct vmzone_slot))

/**
 * struct vmzone_recent_leaf - a leaf that was looked up not long ago
 * @key: its place in the table
 * @leaf: the leaf, or NULL
 */
struct vmzone_recent_leaf {
	unsigned long key;
	void *leaf;
};

/**
 * struct vmzone_zone - a zone
 * @id: names it in all views
 * @nr_slots: its size; read without a lock, changed under @range_lock
 * @config: what it was made from, and what VMZONE_IOC_SET made of it since;
 *	changed under @range_lock
 * @inode: its own, which carries its mappings
 * @mount: of the inode; held by whoever holds the zone
 * @leaves: pages of VMZONE_LEAF_SLOTS slots each, made at the first touch and
 *	freed with the zone
 * @recent: of each CPU, the one that it looked up last
 * @nr_leaves: their number
 * @nr_used: slots with contents, in a frame or in the store
 * @pool: its frames
 * @policy: the order in which they are evicted
 * @store: the contents of slots without one
 * @counters: what happened to it
 * @range_lock: taken by those who must see pin counts, size and parameters at
 *	rest: PIN, UNPIN, DISCARD, truncation, SET. Outside of every other lock of
 *	a zone
 * @gather_lock: held for reading by who unmaps a range that others have slots in,
 *	for writing to wait for those; inside of folio locks and @range_lock
 * @reclaim: what keeps some frames free
 * @pressure: counts the moments at which frames or store were short
 * @pressured: those who poll for one
 * @device_node: of a named zone, NULL once it was taken away; node.c's
 * @node: in the list of all zones
 * @view: the observer's own
 */
struct vmzone_zone {
	u32 id;
	u64 nr_slots;
	struct vmzone_config config;
	struct inode *inode;
	struct vfsmount *mount;
	struct xarray leaves;
	struct vmzone_recent_leaf __percpu *recent;
	atomic_long_t nr_leaves;
	atomic_long_t nr_used;
	struct vmzone_pool pool;
	struct vmzone_policy policy;
	struct vmzone_store *store;
	struct vmzone_counters counters;
	struct mutex range_lock;
	struct rw_semaphore gather_lock;
	struct vmzone_reclaim reclaim;
	atomic_long_t pressure;
	wait_queue_head_t pressured;
	struct vmzone_node *device_node;
	struct list_head node;
	void *view;
};

/**
 * struct vmzone_zone_observer - who wants to know of every zone
 * @born: a zone can be seen from now on; may set @view
 * @dying: it cannot be looked at any more once this returns
 *
 * Both are called without any lock, may sleep, and cannot fail.
 */
struct vmzone_zone_observer {
	void (*born)(struct vmzone_zone *zone);
	void (*dying)(struct vmzone_zone *zone);
};

static inline u64 vmzone_zone_bytes(const struct vmzone_zone *zone)
{
	return READ_ONCE(zone->nr_slots) << PAGE_SHIFT;
}

/* table.c */
struct vmzone_slot *vmzone_zone_find_slot(struct vmzone_zone *zone, pgoff_t index);
struct vmzone_slot *vmzone_zone_make_slot(struct vmzone_zone *zone, pgoff_t index);
struct vmzone_slot *vmzone_zone_next_slot(struct vmzone_zone *zone, pgoff_t *index,
					  pgoff_t end);
int vmzone_zone_init_slots(struct vmzone_zone *zone);
void vmzone_zone_free_slots(struct vmzone_zone *zone);

/* zone.c */
void vmzone_config_default(struct vmzone_config *config);
struct vmzone_zone *vmzone_zone_create(const struct vmzone_config *config);
void vmzone_zone_get(struct vmzone_zone *zone);
void vmzone_zone_put(struct vmzone_zone *zone);
int vmzone_zone_regrant(u64 granted, u64 nr_frames);
void vmzone_zone_note_pressure(struct vmzone_zone *zone);
struct file *vmzone_zone_make_file(struct vmzone_zone *zone,
				   const struct file_operations *fops);
void vmzone_zone_observe(const struct vmzone_zone_observer *observer);
int vmzone_zone_for_each(int (*call)(struct vmzone_zone *zone, void *arg), void *arg);
int vmzone_zone_try_for_each(int (*call)(struct vmzone_zone *zone, void *arg), void *arg);

/* zone_stats.c */
void vmzone_zone_read_stats(struct vmzone_zone *zone, struct vmzone_stats *stats,
			    bool reset);

#endif /* VMZONE_ZONE_H */
