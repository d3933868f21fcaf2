/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every slot may hold. A slot's page has blocks; each write gives some of
 * them a new version, each discard makes some of them zeros. While a call is in
 * flight both the old and the new are right, once it has returned only the new;
 * a writer and a discarder at the same time leave either. So whoever reads needs
 * no lock: he opens a window, reads through whatever door, and the page must be
 * made of what was permitted at some moment of the window.
 *
 * All of it is in memory that every process shares. Its mutexes are held for
 * moments, and never across a call to the zone.
 */
#ifndef MODEL_H
#define MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_SLOTS	512
#define NR_BLOCKS	8
#define ALL_BLOCKS	0xff
#define NR_MAY		8	/* versions of one slot at a time */
#define NR_CHANGES	32	/* that a window may see pass */
#define NR_LOGGED	24

/* The version of a block of zeros; those of writes begin behind it. */
#define ZEROS		0

/* How a call that changes contents ended. */
enum outcome {
	DONE,
	NOTHING,		/* it changed nothing */
	PARTLY,			/* nobody knows how far it came */
};

struct may {
	uint32_t version;
	uint8_t blocks;		/* that may be of this version, a bit each */
};

struct logged {
	uint64_t time_ns;
	uint16_t worker, op;
	bool begin;
	int32_t value;		/* a version, or what a call returned */
};

struct slot_model {
	pthread_mutex_t mutex;		/* of all that follows */
	uint32_t owner;			/* who may write: a worker's number + 1 */
	uint32_t last_version;
	struct may may[NR_MAY];
	uint8_t nr_may;
	uint8_t zeros;			/* blocks that may be zeros, */
	uint8_t zeros_kept;		/* also when no discard is in flight */
	bool lost;			/* too many versions: anything goes until all is new */
	bool writing;
	uint32_t writes_begun;
	uint32_t discards_begun, discards_done, discards_active;
	uint64_t nr_changes;
	struct may changes[NR_CHANGES];
	int32_t pins_sure, pins_may;	/* bounds of its pin count */
	uint32_t pin_changes;
	uint32_t nr_logged;
	struct logged log[NR_LOGGED];
};

struct zone_model {
	unsigned int id;
	size_t nr_slots;		/* most that it ever has */
	struct slot_model slots[MAX_SLOTS];

	/* Of the size and the settings; a change of them holds "settings". */
	pthread_mutex_t settings;
	pthread_mutex_t mutex;
	size_t size, size_next;		/* in slots; the same unless it changes */
	uint32_t size_changes;
	uint64_t frames, frames_next;
	uint64_t frames_highest;
	uint32_t frames_changes;
	uint64_t store_limit;
	uint32_t policy, codec;

	atomic_long pinned_sure, pinned_may;	/* slots; bounds */
	atomic_long pinned_highest;		/* that they may ever have been */
	atomic_ulong pins_begun;
};

/* What a writer, a discarder and a reader hold between begin and end. */
struct write_ticket {
	uint32_t version;
	uint8_t blocks;
	bool discarded;
	uint32_t discards_begun, discards_done;
};

struct discard_ticket {
	uint8_t blocks;
	bool written;
	uint32_t writes_begun;
};

struct window {
	struct may may[NR_MAY + NR_CHANGES];
	unsigned int nr_may;
	uint8_t zeros;
	bool lost;
	uint64_t nr_changes;
};

enum verdict {
	RIGHT,
	RIGHT_EITHER,		/* more than one version was permitted */
	UNDECIDED,		/* too much happened meanwhile */
	WRONG,
};

/* Whether a slot is in the zone, seen from before a call to after it. */
enum where { INSIDE, OUTSIDE, EITHER };

struct size_window {
	uint32_t changes;
	bool changing;
};

/* Pin counts and budget, seen from before a call on. */
struct pin_window {
	uint32_t pin_changes[MAX_SLOTS];
	bool pinned[MAX_SLOTS], unpinned[MAX_SLOTS];
	unsigned long pins_begun;		/* and unpins */
	long pinned_sure, pinned_may;
	uint32_t frames_changes;
};

void model_init(struct zone_model *zone, unsigned int id, size_t nr_slots);
void model_mutex_init(pthread_mutex_t *mutex);

/* Try to become, and cease to be, the one who may write a slot. */
bool model_own(struct slot_model *slot, unsigned int worker);
void model_disown(struct slot_model *slot);

struct write_ticket model_write_begin(struct slot_model *slot, uint8_t blocks);
void model_write_end(struct slot_model *slot, const struct write_ticket *ticket,
		     enum outcome outcome);
struct discard_ticket model_discard_begin(struct slot_model *slot, uint8_t blocks);
void model_discard_end(struct slot_model *slot, const struct discard_ticket *ticket,
		       enum outcome outcome);

void model_window_open(struct slot_model *slot, struct window *window);
/* Adds what has been permitted since. */
void model_window_close(struct slot_model *slot, struct window *window);
/* Needs the window closed; where: the first byte that is wrong. */
enum verdict model_judge(const struct zone_model *zone, size_t index,
			 const struct window *window, const void *page, size_t *where);
/* The contents of a version; ZEROS is one. */
void model_page(const struct zone_model *zone, size_t index, uint32_t version, void *page);

struct size_window model_size_open(struct zone_model *zone);
enum where model_size_close(struct zone_model *zone, const struct size_window *window,
			    size_t index);
void model_size_begin(struct zone_model *zone, size_t size);
void model_size_end(struct zone_model *zone, bool done);

void model_frames_begin(struct zone_model *zone, uint64_t frames);
void model_frames_end(struct zone_model *zone, bool done);

void model_pin_begin(struct zone_model *zone, size_t first, size_t nr);
void model_pin_end(struct zone_model *zone, size_t first, size_t nr, bool done);
void model_unpin_begin(struct zone_model *zone, size_t first, size_t nr);
void model_unpin_end(struct zone_model *zone, size_t first, size_t nr, bool done);
void model_pins_open(struct zone_model *zone, size_t first, size_t nr, struct pin_window *window);
/* Whether, in all of the window, one of them was pinned, or none was. */
bool model_some_pinned(struct zone_model *zone, size_t first, size_t nr,
		       const struct pin_window *window);
bool model_none_pinned(struct zone_model *zone, size_t first, size_t nr,
		       const struct pin_window *window);
/*
 * Whether nr more slots surely fitted beside the pins of a budget, and whether the
 * pins surely were more than that; frames 0: the budget that the zone has.
 */
bool model_pins_fit(struct zone_model *zone, const struct pin_window *window, size_t nr,
		    uint64_t frames);
bool model_pins_exceed(struct zone_model *zone, const struct pin_window *window,
		       uint64_t frames);

void model_log(struct slot_model *slot, unsigned int worker, unsigned int op, bool begin,
	       long value);
uint64_t now_ns(void);

#endif /* MODEL_H */
