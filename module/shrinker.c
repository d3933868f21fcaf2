// SPDX-License-Identifier: GPL-2.0-only
/*
 * shrinker.c - gives memory back when the machine is short of it
 *
 * Owns: what the kernel's reclaim may take from zones: the pages of free frames,
 * at once, and those of frames on standby, which a zone's worker evicts a moment
 * later, since saving them takes memory that reclaim cannot wait for. Frames in
 * use are the zone's for good; so are all those of a zone that was made with
 * VMZONE_CREATE_PREALLOC.
 *
 * Lock order: called in the kernel's reclaim, under any lock: waits for none.
 */
#include <linux/minmax.h>

#include "compat.h"
#include "reclaim.h"
#include "shrinker.h"
#include "zone.h"

static unsigned long nr_spare(const struct vmzone_zone *zone)
{
	const struct vmzone_pool *pool = &zone->pool;

	return max(atomic_long_read(&pool->pages) - atomic_long_read(&pool->used), 0L);
}

static int count_zone(struct vmzone_zone *zone, void *arg)
{
	unsigned long *nr = arg;

	if (!(zone->config.flags & VMZONE_CREATE_PREALLOC))
		*nr += nr_spare(zone) + READ_ONCE(zone->policy.nr_standby);
	return 0;
}

static unsigned long count_objects(struct shrinker *unused, struct shrink_control *control)
{
	unsigned long nr = 0;

	vmzone_zone_try_for_each(count_zone, &nr);
	return nr;
}

/**
 * struct scan - how far a call of the shrinker has come
 * @left: pages that are still wanted
 * @freed: pages given back
 */
struct scan {
	unsigned long left;
	unsigned long freed;
};

static int scan_zone(struct vmzone_zone *zone, void *arg)
{
	unsigned long pages = atomic_long_read(&zone->pool.pages);
	struct scan *scan = arg;
	unsigned long nr;

	if (zone->config.flags & VMZONE_CREATE_PREALLOC)
		return 0;
	nr = min3(scan->left, nr_spare(zone), pages);
	nr = vmzone_pool_trim(&zone->pool, pages - nr);
	scan->freed += nr;
	scan->left -= min(scan->left, nr);
	nr = min(scan->left, READ_ONCE(zone->policy.nr_standby));
	if (nr)
		vmzone_reclaim_owe(zone, nr);
	scan->left -= nr;
	return !scan->left;
}

static unsigned long scan_objects(struct shrinker *unused, struct shrink_control *control)
{
	struct scan scan = { .left = control->nr_to_scan };

	if (vmzone_zone_try_for_each(scan_zone, &scan) < 0)
		return SHRINK_STOP;
	return scan.freed;
}

static struct shrinker *shrinker;

/**
 * vmzone_shrinker_init() - offer memory to the kernel's reclaim
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_shrinker_init(void)
{
	shrinker = vmzone_shrinker_register("vmzone", count_objects, scan_objects);
	return shrinker ? 0 : -ENOMEM;
}

/**
 * vmzone_shrinker_exit() - undo vmzone_shrinker_init()
 *
 * Context: process context, sleeps.
 */
void vmzone_shrinker_exit(void)
{
	vmzone_shrinker_unregister(shrinker);
}
