// SPDX-License-Identifier: GPL-2.0-only
/*
 * An exact look while all workers stand still: what PAGEMAP, STATS, GET, fstat, lseek
 * and the frame map say must agree with each other and with the model, and every
 * byte is read. main() alone runs this.
 */
#define _GNU_SOURCE
#include "stress.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET_TRIES 400		/* of 5 ms, until the zone's own workers rest, too */

/* What PAGEMAP says of a whole zone. */
struct census {
	uint8_t vec[MAX_SLOTS];
	size_t resident, stored, same_filled, raw, pinned, busy, used;
};

static void take_census(unsigned int zone, struct census *census)
{
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.length = shared->zones[zone].size * page_size,
		.vec = (uintptr_t)census->vec,
	};

	memset(census, 0, sizeof(*census));
	if (ioctl(bases[zone].fd, VMZONE_IOC_PAGEMAP, &pagemap))
		found(BAD_PAUSE, "PAGEMAP of zone %u: %d", zone, errno);
	for (size_t i = 0; i < shared->zones[zone].size; i++) {
		uint8_t flags = census->vec[i];

		census->resident += !!(flags & VMZONE_SLOT_RESIDENT);
		census->stored += !!(flags & VMZONE_SLOT_STORED);
		census->same_filled += !!(flags & VMZONE_SLOT_SAME_FILLED);
		census->raw += !!(flags & VMZONE_SLOT_RAW);
		census->pinned += !!(flags & VMZONE_SLOT_PINNED);
		census->busy += !!(flags & VMZONE_SLOT_BUSY);
		census->used += !!(flags & (VMZONE_SLOT_RESIDENT | VMZONE_SLOT_STORED));
	}
}

static struct vmzone_stats stats_of(unsigned int zone)
{
	struct zone view = { .fd = bases[zone].fd };

	return zone_stats(&view);
}

/*
 * Waits for two looks that are the same, and the same as what PAGEMAP says: the
 * reclaimer may still be at work, and stopped between a slot and its counters.
 */
static bool wait_for_rest(unsigned int zone, struct census *census, struct vmzone_stats *stats)
{
	for (int i = 0; i < QUIET_TRIES; i++) {
		struct vmzone_stats again;

		*stats = stats_of(zone);
		take_census(zone, census);
		usleep(5000);
		again = stats_of(zone);
		if (!census->busy && !memcmp(stats, &again, sizeof(again)) &&
		    census->resident == stats->resident_frames &&
		    census->stored == stats->stored_slots)
			return true;
	}
	found(BAD_PAUSE, "zone %u does not come to rest: %zu slots are busy, %zu of %llu resident,"
	      " %zu of %llu stored", zone, census->busy, census->resident,
	      (unsigned long long)stats->resident_frames, census->stored,
	      (unsigned long long)stats->stored_slots);
	return false;
}

static void same(unsigned int zone, const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		found(BAD_PAUSE, "zone %u: %s %llu, want %llu", zone, what,
		      (unsigned long long)got, (unsigned long long)want);
}

static void check_gauges(unsigned int zone, const struct census *census,
			 const struct vmzone_stats *stats)
{
	const struct zone_model *model = &shared->zones[zone];
	uint64_t missing = stats->budget_frames - stats->resident_frames - stats->free_frames;

	same(zone, "budget_frames", stats->budget_frames, model->frames);
	same(zone, "store_limit_bytes", stats->store_limit_bytes, model->store_limit);
	same(zone, "resident_frames", stats->resident_frames, census->resident);
	same(zone, "stored_slots", stats->stored_slots, census->stored);
	same(zone, "same_filled_slots", stats->same_filled_slots, census->same_filled);
	same(zone, "raw_slots", stats->raw_slots, census->raw);
	same(zone, "pinned_slots", stats->pinned_slots, census->pinned);
	same(zone, "pinned_slots", stats->pinned_slots, model->pinned_sure);
	same(zone, "bounds of the pins", model->pinned_may, model->pinned_sure);
	if (missing > reserve_max(model->frames))
		found(BAD_PAUSE, "zone %u: %llu frames are neither resident nor free, nor in reserve",
		      zone, (unsigned long long)missing);
	same(zone, "dirty evictions", shared->evictions_dirty[zone] + stats->evictions_dirty,
	     shared->page_outs[zone] + stats->page_outs);
	if (shared->faults_major[zone] + stats->faults_major >
	    shared->page_ins[zone] + stats->page_ins)
		found(BAD_PAUSE, "zone %u: more major faults than pages in", zone);
	same(zone, "load errors", shared->load_errors[zone] + stats->load_errors, 0);
}

/*
 * A touch is refused by a fault that is counted; and what refuses it, or a call, is a
 * save that finds the store full, or pins that may have had half of the budget.
 */
static void check_refusals(unsigned int zone, const struct vmzone_stats *stats)
{
	unsigned long touches = shared->refused_touches[zone];
	unsigned long calls = shared->refused_calls[zone];
	const struct zone_model *model = &shared->zones[zone];
	bool pinned = model->pinned_highest * 2 >= (long)shared->config.min_frames;

	if (touches > shared->sigbus[zone] + stats->sigbus)
		found(BAD_PAUSE, "zone %u: %lu touches were refused, and %llu faults", zone, touches,
		      (unsigned long long)(shared->sigbus[zone] + stats->sigbus));
	if (touches + calls && !pinned && !(shared->store_full[zone] + stats->store_full))
		found(BAD_PAUSE, "zone %u: %lu touches and %lu calls were refused without a cause",
		      zone, touches, calls);
}

static void check_file(unsigned int zone, const struct census *census)
{
	const struct zone_model *model = &shared->zones[zone];
	struct vmzone_set set = zone_get(bases[zone].fd);
	struct stat stat;

	if (fstat(bases[zone].fd, &stat))
		found(BAD_PAUSE, "fstat of zone %u: %d", zone, errno);
	same(zone, "st_size", stat.st_size, model->size * page_size);
	same(zone, "st_blocks", stat.st_blocks, census->used * (page_size / 512));
	same(zone, "bytes by GET", set.bytes, model->size * page_size);
	same(zone, "frames by GET", set.frames, model->frames);
	same(zone, "store limit by GET", set.store_limit, model->store_limit);
	same(zone, "policy by GET", set.policy, model->policy);
	same(zone, "codec by GET", set.codec, model->codec);
}

/* What debugfs has of each letter of the frame map. False: there is no such view. */
static bool read_frame_map(unsigned int zone, uint64_t of_letter[256])
{
	char path[80];
	FILE *file;
	int letter;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bases[zone].fd);
	snprintf(path, sizeof(path), "/sys/kernel/debug/vmzone/%ld/frames",
		 read_number(path, "vmzone-id"));
	file = fopen(path, "r");
	if (!file)
		return false;
	memset(of_letter, 0, 256 * sizeof(*of_letter));
	while ((letter = fgetc(file)) != EOF)
		of_letter[letter]++;
	fclose(file);
	return true;
}

/*
 * The map against the counters. A worker of the zone that had rested may go on between
 * a look at the one and at the other; so they need agree only some time.
 */
static void check_frame_map(unsigned int zone)
{
	uint64_t of_letter[256], in_use = 0, frames = 0;
	struct vmzone_stats stats;

	for (int i = 0; i < QUIET_TRIES; i++) {
		stats = stats_of(zone);
		if (!read_frame_map(zone, of_letter))
			return;
		in_use = of_letter['M'] + of_letter['U'] + of_letter['P'] + of_letter['B'];
		frames = in_use + of_letter['R'] + of_letter['.'];
		if (in_use == stats.resident_frames && frames == stats.budget_frames)
			break;
		usleep(5000);
	}
	same(zone, "frames in the map", frames, stats.budget_frames);
	same(zone, "pinned frames in the map", of_letter['P'], stats.pinned_slots);
	same(zone, "frames in use in the map", in_use, stats.resident_frames);
}

/* A slot's state by PAGEMAP against what the model knows of its contents. */
static void check_slot(struct worker *worker, unsigned int zone, size_t index, uint8_t flags)
{
	struct zone_model *model = &shared->zones[zone];
	struct slot_model *slot = &model->slots[index];
	bool used = flags & (VMZONE_SLOT_RESIDENT | VMZONE_SLOT_STORED);
	struct window window;

	if (!(flags & VMZONE_SLOT_STORED) && (flags & (VMZONE_SLOT_SAME_FILLED | VMZONE_SLOT_RAW)))
		found_at(BAD_PAUSE, zone, index, "kept in a way, and not stored");
	if ((flags & VMZONE_SLOT_SAME_FILLED) && (flags & VMZONE_SLOT_RAW))
		found_at(BAD_PAUSE, zone, index, "same-filled and raw");
	if (!(flags & VMZONE_SLOT_PINNED) != !slot->pins_sure)
		found_at(BAD_PAUSE, zone, index, "pinned by PAGEMAP or by the model alone");
	if ((flags & VMZONE_SLOT_PINNED) && !(flags & VMZONE_SLOT_RESIDENT))
		found_at(BAD_PAUSE, zone, index, "pinned without a frame");
	model_window_open(slot, &window);
	memset(worker->page, 0, page_size);
	if (!used)
		judge(zone, index, &window, worker->page, "PAGEMAP");
}

static void check_holes(unsigned int zone, const struct census *census)
{
	size_t size = shared->zones[zone].size;

	for (size_t index = 0; index < size; index++) {
		bool used = census->vec[index] & (VMZONE_SLOT_RESIDENT | VMZONE_SLOT_STORED);
		off_t at = index * page_size;
		off_t next = lseek(bases[zone].fd, at, used ? SEEK_DATA : SEEK_HOLE);

		if (next != at)
			found_at(BAD_PAUSE, zone, index, "lseek does not say %s",
				 used ? "data" : "hole");
	}
}

/* Every byte: as it is, or after all went out, which has the store's copies read. */
static void read_all(struct worker *worker, unsigned int zone)
{
	struct zone *view = &worker->views[zone];
	size_t size = shared->zones[zone].size;

	if (any(worker, 2))
		zone_range(view, VMZONE_IOC_PAGE_OUT, 0, size);
	for (size_t index = 0; index < size; index++)
		look(worker, zone, index);
}

/* A range without pins goes, and all of it. */
static void discard_some(struct worker *worker, unsigned int zone, size_t first, size_t nr)
{
	struct emptying emptying;
	size_t left;
	long ret;

	for (size_t i = 0; i < nr; i++)
		if (shared->zones[zone].slots[first + i].pins_may)
			return;
	emptying_begin(&emptying, zone, first, nr, ALL_BLOCKS, ALL_BLOCKS);
	ret = zone_range(&worker->views[zone], VMZONE_IOC_DISCARD, first, nr);
	emptying_end(&emptying, ret, "DISCARD at rest");
	left = nr - zone_count(&worker->views[zone], first, nr, 0xff, 0);
	if (ret < 0 || left)
		found_at(BAD_PAUSE, zone, first, "DISCARD of %zu slots answers %ld, and leaves %zu",
			 nr, ret, left);
}

static unsigned int emptied;

static bool are_frames_back(void)
{
	return !stats_of(emptied).resident_frames;
}

static void check_empty(unsigned int zone)
{
	struct vmzone_stats stats;

	/* One that the reclaimer looked at as it was discarded is back when that lets go. */
	emptied = zone;
	comes_true(are_frames_back);
	stats = stats_of(zone);
	same(zone, "resident_frames after all", stats.resident_frames, 0);
	same(zone, "stored_slots after all", stats.stored_slots, 0);
	same(zone, "same_filled_slots after all", stats.same_filled_slots, 0);
	same(zone, "raw_slots after all", stats.raw_slots, 0);
	same(zone, "store_payload_bytes after all", stats.store_payload_bytes, 0);
	same(zone, "pinned_slots after all", stats.pinned_slots, 0);
}

static void look_at_zone(struct worker *worker, unsigned int zone, bool last)
{
	struct zone_model *model = &shared->zones[zone];
	struct vmzone_stats stats;
	struct census census;
	size_t first = any(worker, model->size);

	if (!wait_for_rest(zone, &census, &stats))
		return;
	check_gauges(zone, &census, &stats);
	check_refusals(zone, &stats);
	check_file(zone, &census);
	check_frame_map(zone);
	check_holes(zone, &census);
	for (size_t index = 0; index < model->size; index++)
		check_slot(worker, zone, index, census.vec[index]);
	read_all(worker, zone);
	if (last) {
		discard_some(worker, zone, 0, model->size);
		check_empty(zone);
	} else {
		discard_some(worker, zone, first, 1 + any(worker, model->size - first));
	}
}

void look_at_rest(struct worker *worker, bool last)
{
	self = (struct self){ .worker = worker->number, .op = nr_ops };
	for (unsigned int zone = 0; zone < shared->config.nr_zones; zone++)
		look_at_zone(worker, zone, last);
	shared->tally.pauses++;
}
