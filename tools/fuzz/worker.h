/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker: a process that runs programs for a while, so that whatever becomes of
 * it, the one that started it is still there to tell. What the two share is in
 * struct shared.
 */
#ifndef WORKER_H
#define WORKER_H

#include "calls.h"
#include "kcov.h"
#include "program.h"

#include <time.h>

#define MAX_POOL 1024
#define MAX_FINDINGS 16
#define BATCH_PROGRAMS 64

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

/* What there is besides what the fuzzer itself holds. */
struct machine {
	int fresh;			/* 0: a fresh zone works; else what does not */
	long nr_zones;			/* -1: debugfs does not tell */
	long nr_nodes;
	long nr_frames;			/* that can be granted to one zone */
};

struct shared {
	uint64_t seed;
	enum guide guide;
	struct program pool[MAX_POOL];	/* the corpus, and what did something new */
	uint32_t nr_corpus;
	uint32_t nr_pool;
	struct program ran[BATCH_PROGRAMS];	/* by the last worker */
	uint32_t nr_ran;
	uint8_t edges[NR_EDGES];	/* by KCOV */
	uint8_t results[NR_EDGES];	/* by what calls returned */
	uint64_t nr_edges;
	uint64_t nr_results;
	uint64_t nr_programs;
	uint64_t nr_raced;
	uint64_t nr_calls;
	uint64_t nr_succeeded;
	uint64_t made[MAX_CALLS];	/* by call, how often, */
	uint64_t made_racing[MAX_CALLS];	/* and how often while two threads raced */
	uint64_t progress;		/* whoever does not move it hangs */
	struct program current;
	struct machine machine;		/* when it was looked at last */
	bool has_kcov;
	bool has_disk;			/* for direct I/O */
	bool lost;			/* a process hangs that cannot even be killed */
	uint32_t nr_findings;
	struct finding finding[MAX_FINDINGS];
};

struct job {
	struct shared *shared;
	const struct program *program;	/* the first to run; NULL: make some up */
	uint32_t nr_programs;		/* of those; times: how often all of them */
	uint64_t times;
	uint64_t first;			/* number of the first that is made up */
	time_t end;			/* of the whole run; 0: none */
	bool unprivileged;
};

/* The body of a worker's process, for child_start(). */
int worker_body(void *arg);

/* Notes something that should not be; once. */
void found(struct shared *shared, const char *what, const struct program *program);
bool is_found(const struct shared *shared, const char *what);

#endif /* WORKER_H */
