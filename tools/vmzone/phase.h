/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phase.h - one stretch of work on a zone, by threads, watched by another
 *
 * The caller's thread watches: it draws the progress, samples the zone's
 * gauges and holds them against the zone's limits. The workers look at
 * phase_is_over() between two pieces of work.
 */
#ifndef VMZONE_PHASE_H
#define VMZONE_PHASE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "vmzone.h"
#include "zone.h"

#ifndef __printf
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#endif

#define PHASE_MAX_MESSAGES 8
#define PHASE_MESSAGE_LEN 512
#define PHASE_MAX_THREADS 64

/**
 * struct phase - the state of one stretch of work
 * @name: for the progress bar
 * @zone: what is worked on
 * @work: what each thread does
 * @arg: for @work to find its data
 * @nr_threads: at most PHASE_MAX_THREADS
 * @total_bytes: when it is done
 * @seconds: returned: how long it took
 * @done_bytes: counted up by @work
 * @stop: set when going on makes no sense
 * @verdict: the worst so far
 * @nr_messages: how many were said, kept or not
 * @messages: the first ones
 */
struct phase {
	const char *name;
	const struct zone *zone;
	void (*work)(struct phase *phase);
	void *arg;
	unsigned int nr_threads;
	__u64 total_bytes;
	double seconds;
	atomic_ullong done_bytes;
	atomic_bool stop;
	enum vmzone_exit verdict;
	unsigned int nr_messages;
	char messages[PHASE_MAX_MESSAGES][PHASE_MESSAGE_LEN];
};

int phase_catch_signals(void);
bool phase_is_over(struct phase *p);
__printf(3, 4)
void phase_complain(struct phase *p, enum vmzone_exit verdict, const char *format, ...);
enum vmzone_exit phase_run(struct phase *p);

#endif /* VMZONE_PHASE_H */
