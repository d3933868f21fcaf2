/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stress of vmzone against a model: what its files share. main() forks
 * processes with threads, the workers, each of which does one operation after the
 * other, chosen by the seed; it watches them, and makes them pause for an exact
 * look at everything.
 */
#ifndef STRESS_H
#define STRESS_H

#include "model.h"
#include "zone.h"

#define MAX_ZONES	3
#define MAX_PROCESSES	4
#define MAX_WORKERS	12
#define MAX_RANGE	12		/* slots of one call */
#define MAX_PINS	16		/* ranges that a worker has pinned at a time */
#define MAX_PLAN	8		/* operations of a child that is to be killed */
/* Slots at the start of each zone that only children to be killed pin. */
#define NR_KILL_SLOTS	4

/* What a run's configuration is like. All of it follows from the seed. */
struct config {
	unsigned int number;
	unsigned int nr_zones, nr_processes, nr_threads;
	size_t nr_slots;		/* of each zone */
	size_t min_slots;		/* it never gets smaller */
	uint64_t frames, min_frames, max_frames;
	uint64_t store_limit;
	uint32_t policy[MAX_ZONES], codec[MAX_ZONES];
	uint32_t flags[MAX_ZONES];
	bool tight;			/* the store may be full at any time */
	unsigned int pin_share;		/* of the budget, in percent, that workers pin */
};

/* What may be found wrong; each is a line of the results. */
enum finding {
	BAD_CONTENTS,
	BAD_CALL,
	BAD_SIGNAL,
	BAD_SAMPLE,
	BAD_PAUSE,
	NR_FINDINGS,
};

/* What main() and others see of a worker. */
struct worker_state {
	atomic_int process, thread;	/* its numbers with the kernel */
	atomic_uint op;
	atomic_ullong since_ns;		/* when that began */
	atomic_ulong nr_steps;
	/* Of its child that is to be killed: how much of the plan it has done. */
	atomic_bool child_begun;
	atomic_uint child_done;
	atomic_int child_failed[MAX_PLAN];
};

/* Counted by everybody. */
struct tally {
	atomic_ulong verdicts[WRONG + 1];
	atomic_ulong refused;		/* for want of room, where that may be */
	atomic_ulong past_end;
	atomic_ulong killed, forked;
	atomic_ulong samples, pauses;
};

struct shared {
	struct config config;
	struct zone_model zones[MAX_ZONES];
	struct worker_state workers[MAX_WORKERS];
	unsigned int nr_workers;
	pid_t main;
	atomic_bool stop, pause;
	atomic_uint nr_ready, nr_paused, nr_done;
	atomic_ulong found[NR_FINDINGS];
	struct tally tally;
	/* Events that somebody has read and set back to zero, of each zone. */
	atomic_ullong page_outs[MAX_ZONES], evictions_dirty[MAX_ZONES];
	atomic_ullong page_ins[MAX_ZONES], faults_major[MAX_ZONES], load_errors[MAX_ZONES];
	atomic_ullong sigbus[MAX_ZONES], store_full[MAX_ZONES];
	/* Refused for want of room, where that may be: for each a counter must have a cause. */
	atomic_ulong refused_touches[MAX_ZONES], refused_calls[MAX_ZONES];
	atomic_ulong *nr_ops;		/* how often each was done, over all configurations */
};

extern struct shared *shared;

/* A zone as main() made it, inherited by all: a descriptor and a mapping that stay. */
struct base {
	int fd;
	uint8_t *map;
	char path[64];			/* of a named zone's node, or empty */
};

extern struct base bases[MAX_ZONES];

struct pinned_range {
	unsigned int zone;
	size_t first, nr;
};

struct worker {
	unsigned int number;
	uint64_t random;		/* of this step */
	struct zone views[MAX_ZONES];	/* a descriptor and a mapping of its own */
	struct pinned_range pins[MAX_PINS];
	unsigned int nr_pins;
	uint8_t *page;			/* one page */
	uint8_t *plan;			/* a page for each deed of a child to be killed */
	int pipe[2];
	int block, mem;			/* a block device, /proc/self/mem; or -1 */
	off_t block_at;			/* one page there is its own */
};

/* Operations ------------------------------------------------------------ */

struct op {
	const char *name;
	/* Returns false when the moment was not right, and nothing was done. */
	bool (*run)(struct worker *worker);
	unsigned int weight;
};

extern const struct op ops[];
extern const unsigned int nr_ops;

bool op_read(struct worker *worker);
bool op_read_range(struct worker *worker);
bool op_write(struct worker *worker);
bool op_write_range(struct worker *worker);
bool op_discard(struct worker *worker);
bool op_punch(struct worker *worker);
bool op_remove(struct worker *worker);
bool op_truncate(struct worker *worker);
bool op_page_in(struct worker *worker);
bool op_page_out(struct worker *worker);
bool op_fadvise(struct worker *worker);
bool op_madvise(struct worker *worker);
bool op_populate(struct worker *worker);
bool op_pin(struct worker *worker);
bool op_unpin(struct worker *worker);
bool op_set_frames(struct worker *worker);
bool op_set_store_limit(struct worker *worker);
bool op_set_policy(struct worker *worker);
bool op_set_codec(struct worker *worker);
bool op_set_some(struct worker *worker);
bool op_set_refused(struct worker *worker);
bool op_get(struct worker *worker);
bool op_mremap(struct worker *worker);
bool op_map_again(struct worker *worker);
bool op_map_part(struct worker *worker);
bool op_protect(struct worker *worker);
bool op_reopen(struct worker *worker);
bool op_fork(struct worker *worker);
bool op_kill(struct worker *worker);
bool op_pagemap(struct worker *worker);
bool op_stats(struct worker *worker);
bool op_reset(struct worker *worker);
bool op_histogram(struct worker *worker);
bool op_poll(struct worker *worker);
bool op_fdinfo(struct worker *worker);
bool op_seek(struct worker *worker);
bool op_mincore(struct worker *worker);
bool op_short_zone(struct worker *worker);

/* What operations are made of ------------------------------------------- */

/* Whoever runs this: of the calling thread, for the log and for reports. */
struct self {
	unsigned int worker, op;
};
extern _Thread_local struct self self;

uint64_t any(struct worker *worker, uint64_t limit);
/* One zone, one slot, a range of slots; of all that there may be, in the zone or not. */
unsigned int any_zone(struct worker *worker);
size_t any_slot(struct worker *worker);
size_t any_range(struct worker *worker, size_t most, size_t *first);
uint8_t any_blocks(struct worker *worker);

/* Blocks are one run: where it begins and ends in the page. */
size_t blocks_start(uint8_t blocks);
size_t blocks_end(uint8_t blocks);

/* Log a call on each slot of a range, before it and after it. */
void log_range(unsigned int zone, size_t first, size_t nr, bool begin, long value);
/* The ways to a slot's bytes. Each returns 0, -errno, -ENODATA at the end of the zone. */
int door_read(struct worker *worker, unsigned int zone, size_t slot, void *page);
int door_write(struct worker *worker, unsigned int zone, size_t slot, uint8_t blocks,
	       const void *page);

/* Read a slot by any door (or by its mapping only), and judge. */
void look(struct worker *worker, unsigned int zone, size_t slot);
void look_mapped(struct worker *worker, unsigned int zone, size_t slot, const uint8_t *address);
/* What somebody read within a window. */
void judge(unsigned int zone, size_t slot, struct window *window, const void *page,
	   const char *how);
/*
 * Whether an error may be: the slot may be outside, or the store may be full, or most of
 * the budget pinned. What is let pass for want of room is counted; its cause is looked
 * for at rest.
 */
bool may_fail(unsigned int zone, int error, enum where where);

/* What is the same for all that empties a range of slots. */
struct emptying {
	unsigned int zone;
	size_t first, nr;
	size_t whole, nr_whole;		/* of them: those that lose all they have */
	struct discard_ticket tickets[MAX_SLOTS];
	struct pin_window pins;
};
void emptying_begin(struct emptying *emptying, unsigned int zone, size_t first, size_t nr,
		    uint8_t first_blocks, uint8_t last_blocks);
/* ret: 0 or more, or -errno, of a call that changed all or nothing. */
void emptying_end(struct emptying *emptying, long ret, const char *how);

/* Findings and the frame around it --------------------------------------- */

#define FMT(f, v) __attribute__((format(printf, f, v)))
FMT(2, 3) void found(enum finding finding, const char *fmt, ...);
/* The same, with all that is known of the slot. */
FMT(4, 5) void found_at(enum finding finding, unsigned int zone, size_t slot, const char *fmt, ...);
void found_contents(unsigned int zone, size_t slot, const struct window *window,
		    const void *page, size_t where, const char *how);
const char *op_name(unsigned int op);

struct config config_make(unsigned int number);
void config_text(const struct config *config, char *text, size_t len);

/* A worker's mappings, buffers and descriptors. */
void worker_equip(struct worker *worker);
void worker_strip(struct worker *worker);
/* A process of workers; returns its exit status. */
int workers_run(unsigned int process);
/*
 * Watches the workers' processes, takes samples, has pauses; the worker is main()'s
 * own. Returns whether all came to their end by themselves.
 */
bool watch(struct worker *worker, const pid_t *processes, double seconds);
/* One look at each zone's counters while everything goes on. */
void sample_all(void);
/* Everything stands still: an exact look at every zone. */
void look_at_rest(struct worker *worker, bool last);

/* From the command line. */
extern const char *block_path;
extern unsigned int patience_s;		/* until a call that does not return is a hang */

#endif /* STRESS_H */
