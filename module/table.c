// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - the slot table of a zone
 *
 * Owns: the pages of slots ("leaves") under an xarray. A leaf is made at the
 * first touch of any of its slots and stays until the zone ends. So a slot that
 * was found needs no lock and no reference, and each CPU may remember the leaf
 * that it found last; a range that was never touched takes no memory.
 *
 * Lock order: the xarray's lock is a leaf.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/xarray.h>

#include "zone.h"

static struct vmzone_slot *leaf_slot(void *leaf, pgoff_t index)
{
	return (struct vmzone_slot *)leaf + index % VMZONE_LEAF_SLOTS;
}

/* The leaf of a key, if it was made; often it is that of the slot before. */
static void *find_leaf(struct vmzone_zone *zone, unsigned long key)
{
	struct vmzone_recent_leaf *recent = get_cpu_ptr(zone->recent);
	void *leaf = recent->leaf;

	if (!leaf || recent->key != key) {
		leaf = xa_load(&zone->leaves, key);
		recent->key = key;
		recent->leaf = leaf;
	}
	put_cpu_ptr(zone->recent);
	return leaf;
}

/**
 * vmzone_zone_find_slot() - a slot that was touched before
 * @zone: the zone
 * @index: of the slot, below the zone's size or once so
 *
 * Context: process context.
 * Return: the slot, which lives as long as the zone, or NULL: it is empty.
 */
struct vmzone_slot *vmzone_zone_find_slot(struct vmzone_zone *zone, pgoff_t index)
{
	void *leaf = find_leaf(zone, index / VMZONE_LEAF_SLOTS);

	return leaf ? leaf_slot(leaf, index) : NULL;
}

/* A new leaf, or the one that somebody else was quicker to make, or NULL. */
static void *make_leaf(struct vmzone_zone *zone, unsigned long key)
{
	/* For want of a leaf a fault fails; nobody is killed for it. */
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	void *leaf = (void *)get_zeroed_page(gfp);
	void *old;

	if (!leaf)
		return NULL;
	old = xa_cmpxchg(&zone->leaves, key, NULL, leaf, gfp);
	if (!old) {
		atomic_long_inc(&zone->nr_leaves);
		return leaf;
	}
	free_page((unsigned long)leaf);
	return xa_is_err(old) ? NULL : old;
}

/**
 * vmzone_zone_make_slot() - a slot to be filled
 * @zone: the zone
 * @index: of the slot
 *
 * Context: process context, sleeps.
 * Return: the slot, or NULL when there is no memory for it.
 */
struct vmzone_slot *vmzone_zone_make_slot(struct vmzone_zone *zone, pgoff_t index)
{
	unsigned long key = index / VMZONE_LEAF_SLOTS;
	void *leaf = find_leaf(zone, key);
	struct mem_cgroup *memcg;

	if (!leaf) {
		memcg = set_active_memcg(zone->pool.memcg);
		leaf = make_leaf(zone, key);
		set_active_memcg(memcg);
	}
	return leaf ? leaf_slot(leaf, index) : NULL;
}

/**
 * vmzone_zone_next_slot() - the first slot from here on that was touched before
 * @zone: the zone
 * @index: where to begin; returned: the slot's index, or @end
 * @end: index behind the last slot of interest
 *
 * Skips what was never touched in steps of a leaf, so that a sparse zone of any
 * size is walked in the time of what is in it.
 *
 * Context: any.
 * Return: the slot, or NULL when there is none before @end.
 */
struct vmzone_slot *vmzone_zone_next_slot(struct vmzone_zone *zone, pgoff_t *index,
					  pgoff_t end)
{
	unsigned long key = *index / VMZONE_LEAF_SLOTS;
	unsigned long first = key;
	void *leaf;

	leaf = *index < end ? xa_find(&zone->leaves, &key, (end - 1) / VMZONE_LEAF_SLOTS,
				      XA_PRESENT) : NULL;
	if (!leaf) {
		*index = end;
		return NULL;
	}
	if (key != first)
		*index = key * VMZONE_LEAF_SLOTS;
	return leaf_slot(leaf, *index);
}

/**
 * vmzone_zone_init_slots() - set up the table of a zone, which is empty
 * @zone: the zone
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_zone_init_slots(struct vmzone_zone *zone)
{
	zone->recent = alloc_percpu_gfp(struct vmzone_recent_leaf, GFP_KERNEL_ACCOUNT);
	if (!zone->recent)
		return -ENOMEM;
	/* Its nodes are charged like the leaves. */
	xa_init_flags(&zone->leaves, XA_FLAGS_ACCOUNT);
	return 0;
}

/**
 * vmzone_zone_free_slots() - free the table of a zone that ends
 * @zone: the zone; none of its slots has any contents
 *
 * Context: process context, sleeps.
 */
void vmzone_zone_free_slots(struct vmzone_zone *zone)
{
	unsigned long key;
	void *leaf;

	/* One at a time: xa_destroy() of very many keeps interrupts off too long. */
	xa_for_each(&zone->leaves, key, leaf) {
		xa_erase(&zone->leaves, key);
		free_page((unsigned long)leaf);
		cond_resched();
	}
	xa_destroy(&zone->leaves);
	free_percpu(zone->recent);
}
