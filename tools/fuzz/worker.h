/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker: a process that runs programs for a while, so that whatever becomes of
 * it, the one that started it is still there to tell. What the two share is in
 * struct shared.
 */
#ifndef WORKER_H
#define WORKER_H

#include "kcov.h"
#include "program.h"

#define MAX_POOL 1024
#define MAX_FINDINGS 16

/* By what programs are kept to be changed again: what they reached that is new. */
enum guide {
	GUIDE_NOTHING,		/* none is kept */
	GUIDE_RESULTS,		/* what no call returned in that place */
	GUIDE_PLACES,		/* also what KCOV did not see yet, where the kernel has it */
};

struct finding {
	char what[200];
	char program[PROGRAM_TEXT_MAX];
};

struct shared {
	uint64_t state;			/* of the random numbers */
	enum guide guide;
	struct program pool[MAX_POOL];	/* the corpus, and what did something new */
	uint32_t nr_corpus;
	uint32_t nr_pool;
	uint8_t edges[NR_EDGES];	/* by KCOV */
	uint8_t results[NR_EDGES];	/* by what calls returned */
	uint64_t nr_edges;
	uint64_t nr_results;
	uint64_t nr_programs;
	uint64_t nr_raced;
	uint64_t nr_calls;
	uint64_t nr_succeeded;
	uint64_t progress;		/* whoever does not move it hangs */
	struct program current;
	bool has_kcov;
	uint32_t nr_findings;
	struct finding finding[MAX_FINDINGS];
};

struct job {
	struct shared *shared;
	const struct program *program;	/* to run times over; NULL: make some up */
	uint64_t times;
	unsigned int seconds;
	bool unprivileged;
};

/* The body of a worker's process, for child_start(). */
int worker_body(void *arg);

/* Notes something that should not be. */
void found(struct shared *shared, const char *what, const struct program *program);

#endif /* WORKER_H */
