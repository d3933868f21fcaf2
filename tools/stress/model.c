// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every slot may hold: versions that come and go with writes and discards,
 * windows over them, and the verdict on a page. Size, budget and pins are in
 * model_zone.c.
 */
#include "model.h"
#include "zone.h"

#include <errno.h>
#include <string.h>
#include <time.h>

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void model_mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t shared;

	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &shared);
	pthread_mutexattr_destroy(&shared);
}

bool model_own(struct slot_model *slot, unsigned int worker)
{
	bool mine;

	pthread_mutex_lock(&slot->mutex);
	mine = !slot->owner;
	if (mine)
		slot->owner = worker + 1;
	pthread_mutex_unlock(&slot->mutex);
	return mine;
}

void model_disown(struct slot_model *slot)
{
	pthread_mutex_lock(&slot->mutex);
	slot->owner = 0;
	pthread_mutex_unlock(&slot->mutex);
}

static void note_change(struct slot_model *slot, uint32_t version, uint8_t blocks)
{
	slot->changes[slot->nr_changes++ % NR_CHANGES] = (struct may){ version, blocks };
}

/* Takes blocks away from every version but one. */
static void settle(struct slot_model *slot, uint8_t blocks, uint32_t version)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < slot->nr_may; i++) {
		if (slot->may[i].version != version)
			slot->may[i].blocks &= ~blocks;
		if (slot->may[i].blocks)
			slot->may[kept++] = slot->may[i];
	}
	slot->nr_may = kept;
	if (blocks == ALL_BLOCKS)
		slot->lost = false;
}

static bool is_permitted(const struct slot_model *slot, uint32_t version)
{
	for (unsigned int i = 0; i < slot->nr_may; i++)
		if (slot->may[i].version == version)
			return true;
	return false;
}

/* One more version, if there is room for it. */
static void permit(struct slot_model *slot, uint32_t version, uint8_t blocks)
{
	if (slot->nr_may < NR_MAY)
		slot->may[slot->nr_may++] = (struct may){ version, blocks };
	else
		slot->lost = true;
}

static void withdraw(struct slot_model *slot, uint32_t version)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < slot->nr_may; i++)
		if (slot->may[i].version != version)
			slot->may[kept++] = slot->may[i];
	slot->nr_may = kept;
}

struct write_ticket model_write_begin(struct slot_model *slot, uint8_t blocks)
{
	struct write_ticket ticket = { .blocks = blocks };

	pthread_mutex_lock(&slot->mutex);
	ticket.version = ++slot->last_version;
	ticket.discarded = slot->discards_active;
	ticket.discards_begun = slot->discards_begun;
	ticket.discards_done = slot->discards_done;
	slot->writing = true;
	slot->writes_begun++;
	permit(slot, ticket.version, blocks);
	note_change(slot, ticket.version, blocks);
	pthread_mutex_unlock(&slot->mutex);
	return ticket;
}

void model_write_end(struct slot_model *slot, const struct write_ticket *ticket,
		     enum outcome outcome)
{
	pthread_mutex_lock(&slot->mutex);
	slot->writing = false;
	if (outcome == NOTHING)
		withdraw(slot, ticket->version);
	if (outcome == DONE) {
		settle(slot, ticket->blocks, ticket->version);
		if (!is_permitted(slot, ticket->version))
			permit(slot, ticket->version, ticket->blocks);
		/* A discard that ended meanwhile may have come last, one in flight may yet. */
		if (slot->discards_done == ticket->discards_done)
			slot->zeros_kept &= ~ticket->blocks;
		if (!ticket->discarded && slot->discards_begun == ticket->discards_begun)
			slot->zeros &= ~ticket->blocks;
	}
	pthread_mutex_unlock(&slot->mutex);
}

struct discard_ticket model_discard_begin(struct slot_model *slot, uint8_t blocks)
{
	struct discard_ticket ticket = { .blocks = blocks };

	pthread_mutex_lock(&slot->mutex);
	ticket.written = slot->writing;
	ticket.writes_begun = slot->writes_begun;
	slot->zeros |= blocks;
	slot->discards_begun++;
	slot->discards_active++;
	note_change(slot, ZEROS, blocks);
	pthread_mutex_unlock(&slot->mutex);
	return ticket;
}

void model_discard_end(struct slot_model *slot, const struct discard_ticket *ticket,
		       enum outcome outcome)
{
	bool alone;

	pthread_mutex_lock(&slot->mutex);
	alone = !ticket->written && !slot->writing && slot->writes_begun == ticket->writes_begun;
	slot->discards_active--;
	if (outcome != NOTHING) {
		slot->zeros_kept |= ticket->blocks;
		slot->discards_done++;
	}
	if (outcome == DONE && alone)
		settle(slot, ticket->blocks, ZEROS);
	if (!slot->discards_active)
		slot->zeros = slot->zeros_kept;
	pthread_mutex_unlock(&slot->mutex);
}

void model_window_open(struct slot_model *slot, struct window *window)
{
	pthread_mutex_lock(&slot->mutex);
	memcpy(window->may, slot->may, sizeof(slot->may));
	window->nr_may = slot->nr_may;
	window->zeros = slot->zeros;
	window->lost = slot->lost;
	window->nr_changes = slot->nr_changes;
	pthread_mutex_unlock(&slot->mutex);
}

void model_window_close(struct slot_model *slot, struct window *window)
{
	pthread_mutex_lock(&slot->mutex);
	if (slot->nr_changes - window->nr_changes > NR_CHANGES || slot->lost)
		window->lost = true;
	for (; !window->lost && window->nr_changes < slot->nr_changes; window->nr_changes++) {
		struct may change = slot->changes[window->nr_changes % NR_CHANGES];

		if (change.version == ZEROS)
			window->zeros |= change.blocks;
		else
			window->may[window->nr_may++] = change;
	}
	pthread_mutex_unlock(&slot->mutex);
}

void model_page(const struct zone_model *zone, size_t index, uint32_t version, void *page)
{
	struct pattern pattern = {
		.fill = version == ZEROS ? FILL_ZERO : FILL_MIX,
		.id = zone->id,
		.version = version,
	};

	pattern_make(page, pattern, index);
}

/*
 * One version after the other: takes out of "left" the bytes of its blocks that are
 * as in that version.
 */
static void explain(const uint8_t *got, const uint8_t *want, uint8_t blocks, uint8_t *left)
{
	size_t block_size = page_size / NR_BLOCKS;

	for (unsigned int block = 0; block < NR_BLOCKS; block++) {
		size_t at = block * block_size;

		if (!(blocks & 1u << block))
			continue;
		if (!memcmp(got + at, want + at, block_size)) {
			memset(left + at, 0, block_size);
			continue;
		}
		for (size_t i = at; i < at + block_size; i++)
			if (got[i] == want[i])
				left[i] = 0;
	}
}

enum verdict model_judge(const struct zone_model *zone, size_t index,
			 const struct window *window, const void *page, size_t *where)
{
	uint8_t want[page_size], left[page_size];
	uint8_t once = 0, twice = 0;

	memset(left, 1, page_size);
	for (unsigned int i = 0; i <= window->nr_may; i++) {
		bool last = i == window->nr_may;
		uint8_t blocks = last ? window->zeros : window->may[i].blocks;

		if (!blocks)
			continue;
		model_page(zone, index, last ? ZEROS : window->may[i].version, want);
		explain(page, want, blocks, left);
		twice |= once & blocks;
		once |= blocks;
	}
	if (all_zero(left, page_size))
		return twice ? RIGHT_EITHER : RIGHT;
	if (window->lost)
		return UNDECIDED;
	for (*where = 0; !left[*where]; ++*where)
		;
	return WRONG;
}

void model_log(struct slot_model *slot, unsigned int worker, unsigned int op, bool begin,
	       long value)
{
	pthread_mutex_lock(&slot->mutex);
	slot->log[slot->nr_logged++ % NR_LOGGED] = (struct logged) {
		.time_ns = now_ns(), .worker = worker, .op = op, .begin = begin, .value = value,
	};
	pthread_mutex_unlock(&slot->mutex);
}
