// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the model knows of a zone as a whole: its size, its budget, its pins. Each
 * may change while others look, so every answer is one about a window of time.
 */
#include "model.h"
#include "zone.h"

#include <string.h>

void model_init(struct zone_model *zone, unsigned int id, size_t nr_slots)
{
	memset(zone, 0, sizeof(*zone));
	zone->id = id;
	zone->nr_slots = nr_slots;
	zone->size = nr_slots;
	zone->size_next = nr_slots;
	model_mutex_init(&zone->settings);
	model_mutex_init(&zone->mutex);
	for (size_t i = 0; i < MAX_SLOTS; i++) {
		model_mutex_init(&zone->slots[i].mutex);
		zone->slots[i].zeros = ALL_BLOCKS;
		zone->slots[i].zeros_kept = ALL_BLOCKS;
	}
}

struct size_window model_size_open(struct zone_model *zone)
{
	struct size_window window;

	pthread_mutex_lock(&zone->mutex);
	window.changes = zone->size_changes;
	window.changing = zone->size != zone->size_next;
	pthread_mutex_unlock(&zone->mutex);
	return window;
}

enum where model_size_close(struct zone_model *zone, const struct size_window *window,
			    size_t index)
{
	enum where where;

	pthread_mutex_lock(&zone->mutex);
	if (window->changing || zone->size_changes != window->changes)
		where = EITHER;
	else
		where = index < zone->size ? INSIDE : OUTSIDE;
	pthread_mutex_unlock(&zone->mutex);
	return where;
}

void model_size_begin(struct zone_model *zone, size_t size)
{
	pthread_mutex_lock(&zone->mutex);
	zone->size_changes++;
	zone->size_next = size;
	pthread_mutex_unlock(&zone->mutex);
}

void model_size_end(struct zone_model *zone, bool done)
{
	pthread_mutex_lock(&zone->mutex);
	if (done)
		zone->size = zone->size_next;
	zone->size_next = zone->size;
	pthread_mutex_unlock(&zone->mutex);
}

void model_frames_begin(struct zone_model *zone, uint64_t frames)
{
	pthread_mutex_lock(&zone->mutex);
	zone->frames_changes++;
	zone->frames_next = frames;
	if (frames > zone->frames_highest)
		zone->frames_highest = frames;
	pthread_mutex_unlock(&zone->mutex);
}

void model_frames_end(struct zone_model *zone, bool done)
{
	pthread_mutex_lock(&zone->mutex);
	if (done)
		zone->frames = zone->frames_next;
	zone->frames_next = zone->frames;
	zone->frames_changes++;
	pthread_mutex_unlock(&zone->mutex);
}

/* How many slots of a budget may be pinned, at least. */
static uint64_t pinnable(uint64_t frames)
{
	return frames - reserve_max(frames);
}

/* One more or one less for a bound of a slot, and the zone's bound with it. */
static void count_pin(int32_t *pins, long by, atomic_long *pinned)
{
	if (by > 0 && !*pins)
		++*pinned;
	*pins += by;
	if (by < 0 && !*pins)
		--*pinned;
}

/* Adds to the bounds of a range's pin counts. */
static void count_pins(struct zone_model *zone, size_t first, size_t nr, int sure, int may)
{
	for (size_t i = first; i < first + nr; i++) {
		struct slot_model *slot = &zone->slots[i];

		pthread_mutex_lock(&slot->mutex);
		slot->pin_changes++;
		if (may)
			count_pin(&slot->pins_may, may, &zone->pinned_may);
		if (sure)
			count_pin(&slot->pins_sure, sure, &zone->pinned_sure);
		pthread_mutex_unlock(&slot->mutex);
	}
}

static void note_highest(struct zone_model *zone)
{
	long now = zone->pinned_may, highest = zone->pinned_highest;

	while (now > highest &&
	       !atomic_compare_exchange_weak(&zone->pinned_highest, &highest, now))
		;
}

/* Whoever looks while the bounds change sees that, before or afterwards. */
void model_pin_begin(struct zone_model *zone, size_t first, size_t nr)
{
	zone->pins_begun++;
	count_pins(zone, first, nr, 0, 1);
	note_highest(zone);
	zone->pins_begun++;
}

void model_pin_end(struct zone_model *zone, size_t first, size_t nr, bool done)
{
	count_pins(zone, first, nr, done ? 1 : 0, done ? 0 : -1);
}

void model_unpin_begin(struct zone_model *zone, size_t first, size_t nr)
{
	zone->pins_begun++;
	count_pins(zone, first, nr, -1, 0);
	zone->pins_begun++;
}

void model_unpin_end(struct zone_model *zone, size_t first, size_t nr, bool done)
{
	count_pins(zone, first, nr, done ? 0 : 1, done ? -1 : 0);
}

void model_pins_open(struct zone_model *zone, size_t first, size_t nr, struct pin_window *window)
{
	window->pins_begun = zone->pins_begun;
	window->pinned_sure = zone->pinned_sure;
	window->pinned_may = zone->pinned_may;
	/* One that is being changed is neither pinned nor not. */
	for (size_t i = 0; i < nr; i++) {
		struct slot_model *slot = &zone->slots[first + i];

		pthread_mutex_lock(&slot->mutex);
		window->pin_changes[i] = slot->pin_changes;
		window->pinned[i] = slot->pins_sure;
		window->unpinned[i] = !slot->pins_may;
		pthread_mutex_unlock(&slot->mutex);
	}
	pthread_mutex_lock(&zone->mutex);
	window->frames_changes = zone->frames_changes;
	pthread_mutex_unlock(&zone->mutex);
}

static bool unchanged(struct slot_model *slot, uint32_t pin_changes)
{
	bool same;

	pthread_mutex_lock(&slot->mutex);
	same = slot->pin_changes == pin_changes;
	pthread_mutex_unlock(&slot->mutex);
	return same;
}

bool model_some_pinned(struct zone_model *zone, size_t first, size_t nr,
		       const struct pin_window *window)
{
	for (size_t i = 0; i < nr; i++)
		if (window->pinned[i] &&
		    unchanged(&zone->slots[first + i], window->pin_changes[i]))
			return true;
	return false;
}

bool model_none_pinned(struct zone_model *zone, size_t first, size_t nr,
		       const struct pin_window *window)
{
	for (size_t i = 0; i < nr; i++)
		if (!window->unpinned[i] ||
		    !unchanged(&zone->slots[first + i], window->pin_changes[i]))
			return false;
	return true;
}

/* The budget, if it was the same in all of the window; else 0. */
static uint64_t settled_frames(struct zone_model *zone, const struct pin_window *window)
{
	uint64_t frames;

	pthread_mutex_lock(&zone->mutex);
	frames = zone->frames_changes == window->frames_changes &&
		 zone->frames_next == zone->frames ? zone->frames : 0;
	pthread_mutex_unlock(&zone->mutex);
	return frames;
}

bool model_pins_fit(struct zone_model *zone, const struct pin_window *window, size_t nr,
		    uint64_t frames)
{
	frames = frames ? frames : settled_frames(zone, window);
	return frames && zone->pins_begun == window->pins_begun &&
	       window->pinned_may + nr <= pinnable(frames);
}

bool model_pins_exceed(struct zone_model *zone, const struct pin_window *window,
		       uint64_t frames)
{
	frames = frames ? frames : settled_frames(zone, window);
	return frames && zone->pins_begun == window->pins_begun &&
	       window->pinned_sure > (long)frames;
}
