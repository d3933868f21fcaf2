// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - views: vmzone/zones, and for each zone a folder
 *
 * Owns: what a person reads. A zone's files are removed before it ends, and
 * debugfs waits for those who have one open in a read. No address of the kernel
 * is shown.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "binding.h"
#include "delay.h"
#include "doors.h"
#include "range.h"
#include "zone.h"

#define MAP_LINE	64

static struct dentry *top;

static int show_zone(struct vmzone_zone *zone, void *arg)
{
	struct vmzone_stats stats;

	vmzone_zone_read_stats(zone, &stats, false);
	seq_printf(arg, "%u %llu %s %s %llu/%llu %llu %llu/%llu %s\n", zone->id,
		   vmzone_zone_bytes(zone), READ_ONCE(zone->config.policy)->name,
		   READ_ONCE(zone->config.codec)->name, stats.resident_frames,
		   stats.budget_frames, stats.stored_slots, stats.store_bytes,
		   stats.store_limit_bytes,
		   READ_ONCE(zone->device_node) ? zone->config.name : "-");
	return 0;
}

static int zones_show(struct seq_file *m, void *v)
{
	seq_puts(m, "# id bytes policy codec resident/budget stored store_bytes/limit name\n");
	return vmzone_zone_for_each(show_zone, m);
}
DEFINE_SHOW_ATTRIBUTE(zones);

static int stats_show(struct seq_file *m, void *v)
{
	static const char *const names[] = {
		"budget_frames", "resident_frames", "free_frames", "pinned_slots",
		"stored_slots", "same_filled_slots", "raw_slots",
		"peak_resident_frames", "store_bytes", "store_payload_bytes",
		"store_limit_bytes", "metadata_bytes", "faults_zero",
		"faults_minor", "faults_major", "page_ins", "page_outs",
		"evictions_clean", "evictions_dirty", "evictions_direct",
		"evictions_background", "evictions_requested", "refaults",
		"selects", "second_chances", "evict_busy", "sigbus",
		"store_full", "load_errors",
	};
	struct vmzone_stats stats;
	const u64 *value = &stats.budget_frames;
	unsigned int i;

	static_assert(offsetof(struct vmzone_stats, budget_frames) +
		      ARRAY_SIZE(names) * sizeof(u64) == sizeof(stats));
	vmzone_zone_read_stats(m->private, &stats, false);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		seq_printf(m, "%s: %llu\n", names[i], value[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int histogram_show(struct seq_file *m, void *v)
{
	static const char *const names[VMZONE_HIST_NR] = {
		[VMZONE_HIST_FAULT_MAJOR] = "fault_major",
		[VMZONE_HIST_FAULT_MINOR] = "fault_minor",
		[VMZONE_HIST_PAGE_IN] = "page_in",
		[VMZONE_HIST_PAGE_OUT] = "page_out",
		[VMZONE_HIST_SELECT] = "select",
	};
	struct vmzone_zone *zone = m->private;
	u64 buckets[VMZONE_HIST_BUCKETS];
	unsigned int kind, i;

	for (kind = 0; kind < VMZONE_HIST_NR; kind++) {
		vmzone_counters_read_hist(&zone->counters, kind, buckets);
		for (i = 0; i < VMZONE_HIST_BUCKETS; i++)
			if (buckets[i])
				seq_printf(m, "%s %llu %llu\n", names[kind],
					   i ? 1ULL << i : 0ULL, buckets[i]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(histogram);

/**
 * struct map - a map being written, a letter a frame
 * @m: where to
 * @nr: letters so far
 */
struct map {
	struct seq_file *m;
	unsigned long nr;
};

static void put_letter(struct map *map, char letter)
{
	seq_putc(map->m, letter);
	if (++map->nr % MAP_LINE == 0)
		seq_putc(map->m, '\n');
}

/* The letter of a slot's frame, or 0 for a slot that has none. */
static char frame_letter(const struct vmzone_slot *slot)
{
	u32 word = vmzone_slot_word(slot);
	struct vmzone_frame *frame = vmzone_slot_frame(slot);

	if (vmzone_slot_is_owned(word))
		return 'B';
	if (!vmzone_slot_serves(slot, frame))
		return 0;
	if (vmzone_slot_pins(word))
		return 'P';
	return folio_mapped(vmzone_frame_folio(frame)) ? 'M' : 'U';
}

/* Frames in use by slot, orphans, then the free ones, then the reserve. */
static int frames_show(struct seq_file *m, void *v)
{
	struct vmzone_zone *zone = m->private;
	unsigned long budget = READ_ONCE(zone->pool.budget);
	struct map map = { .m = m };
	struct vmzone_slot *slot;
	pgoff_t index = 0;

	while (map.nr < budget &&
	       (slot = vmzone_zone_next_slot(zone, &index, zone->nr_slots))) {
		char letter = frame_letter(slot);

		if (letter)
			put_letter(&map, letter);
		index++;
		cond_resched();
	}
	while (map.nr < min_t(u64, budget, atomic_long_read(&zone->pool.used)))
		put_letter(&map, 'B');
	while (map.nr < budget - min(budget, READ_ONCE(zone->pool.reserve)))
		put_letter(&map, '.');
	while (map.nr < budget)
		put_letter(&map, 'R');
	if (map.nr % MAP_LINE)
		seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(frames);

static void show_run(struct seq_file *m, pgoff_t first, pgoff_t end, u8 flags)
{
	static const char letters[] = "RSDPFWBC";
	unsigned int bit;

	seq_printf(m, "%lu-%lu ", first, end - 1);
	for (bit = 0; bit < 8; bit++)
		seq_putc(m, flags & (1 << bit) ? letters[bit] : '-');
	seq_printf(m, " %lu\n", end - first);
}

/* Runs of slots in the same state; the bits are those of VMZONE_IOC_PAGEMAP. */
static int slots_show(struct seq_file *m, void *v)
{
	struct vmzone_zone *zone = m->private;
	pgoff_t index = 0, first = 0, end = 0;
	u8 run = 0, flags;

	vmzone_delay(VMZONE_DELAY_VIEW_READING, zone->id);
	seq_puts(m, "# first-last Resident,Stored,Dirty,Pinned,same-Filled,raW,Busy,shared-with-Clone slots\n");
	while (vmzone_zone_next_slot(zone, &index, zone->nr_slots)) {
		vmzone_range_pagemap(zone, index, 1, &flags);
		if (flags != run || index != end) {
			if (run)
				show_run(m, first, end, run);
			first = index;
			run = flags;
		}
		end = ++index;
		cond_resched();
	}
	if (run)
		show_run(m, first, end, run);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(slots);

static void zone_born(struct vmzone_zone *zone)
{
	struct dentry *folder;
	char name[12];

	snprintf(name, sizeof(name), "%u", zone->id);
	folder = debugfs_create_dir(name, top);
	debugfs_create_file("stats", 0400, folder, zone, &stats_fops);
	debugfs_create_file("histogram", 0400, folder, zone, &histogram_fops);
	debugfs_create_file("frames", 0400, folder, zone, &frames_fops);
	debugfs_create_file("slots", 0400, folder, zone, &slots_fops);
	zone->view = folder;
}

static void zone_dying(struct vmzone_zone *zone)
{
	debugfs_remove(zone->view);
}

static const struct vmzone_zone_observer zone_observer = {
	.born = zone_born,
	.dying = zone_dying,
};

/**
 * vmzone_debugfs_init() - make the views; as usual there, no failure is an error
 *
 * Context: process context, sleeps; before there is any zone.
 */
void vmzone_debugfs_init(void)
{
	top = debugfs_create_dir("vmzone", NULL);
	debugfs_create_file("zones", 0400, top, NULL, &zones_fops);
	vmzone_delay_init(top);
	vmzone_zone_observe(&zone_observer);
}

/**
 * vmzone_debugfs_exit() - undo vmzone_debugfs_init()
 *
 * Context: process context, sleeps; there is no zone any more.
 */
void vmzone_debugfs_exit(void)
{
	vmzone_zone_observe(NULL);
	debugfs_remove(top);
}
