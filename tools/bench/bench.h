/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark's two interfaces: a system, which is a way to have more memory
 * than frames, and a work, which is what a program does with it. Every work runs
 * on every system; neither knows more of the other than what stands here.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE_BYTES 4096UL
#define MAX_THREADS 8

/* A stretch of memory that a system gives. */
struct region {
	const struct system *system;
	uint8_t *map;
	size_t nr_pages;
	size_t nr_frames;	/* the budget; 0: as many as it likes */
	int fd;			/* of the zone or memfd, or -1 */
	const char *policy;	/* of a zone; NULL: the default */
};

/* What the memory of a region is made of, in bytes. */
struct memory {
	uint64_t frames;	/* resident now */
	uint64_t held;		/* of the budget, at most so far */
	uint64_t store;		/* all of it, payload included */
	uint64_t payload;
	uint64_t metadata;
};

/**
 * struct system_ops - what a system can do
 * @is_there: whether this kernel has it; NULL: always
 * @map: makes region->map of region->nr_pages; called in a process of its own
 * @bound: holds the region to region->nr_frames from here on; NULL where map does
 * @page_out: sends a range out, all of it
 * @page_in: brings a range in
 * @pin: keeps a range from going out
 * @unpin: no more
 * @look: what its memory is made of now
 *
 * NULL is something that the system cannot do; works that need it leave it out.
 */
struct system_ops {
	bool (*is_there)(const struct system *system);
	void (*map)(struct region *region);
	void (*bound)(struct region *region);
	void (*page_out)(struct region *region, size_t first, size_t nr);
	void (*page_in)(struct region *region, size_t first, size_t nr);
	void (*pin)(struct region *region, size_t first, size_t nr);
	void (*unpin)(struct region *region, size_t first, size_t nr);
	void (*look)(struct region *region, struct memory *memory);
};

/**
 * struct system - a way to have more memory than frames
 * @name: as in the results
 * @ops: what it can do
 * @is_bounded: it can keep a budget
 * @is_shared: its memory is a file's
 * @page_cluster: of swap
 * @mglru: with the kernel's multi-generational LRU
 */
struct system {
	const char *name;
	const struct system_ops *ops;
	bool is_bounded;
	bool is_shared;
	unsigned int page_cluster;
	bool mglru;
};

extern const struct system *const systems[];

/* What is asked for on the command line. */
struct options {
	size_t nr_frames;	/* the budget, and what a cold region pages in */
	size_t nr_accesses;	/* of a thrash, by all threads together */
	double times;		/* how many budgets of data */
	unsigned int threads;
	unsigned int repeat;	/* number of this one */
	bool instructions;	/* time is counted in them: see README.md */
	const char *policy;	/* of the zone */
	const char *corpus;	/* file of pages; NULL: made ones */
};

/* One thread of a run. Its arrays are touched before the clock starts. */
struct thread {
	struct run *run;
	unsigned int number;
	size_t nr;		/* accesses, or calls */
	uint32_t *pages;	/* which page each is to */
	uint32_t *ticks;	/* how long each took */
	uint32_t *wrote;	/* what it wrote last to each page, 0 if nothing */
	uint64_t begin, end;	/* of its work, in ticks */
	long faults;
	uint64_t nr_wrong;	/* words that were not what they must be */
};

struct run {
	const struct options *options;
	const struct work *work;
	struct region region;
	uint64_t *first_words;	/* of each page, as it was filled */
	uint64_t *line_sums;	/* of the first words of its cache lines */
	struct thread threads[MAX_THREADS];
};

/**
 * struct work - what a program does
 * @name: as in the results
 * @is_bounded: in a region that is options->times its budget of
 *	options->nr_frames; else one of so many pages, and no budget
 * @is_filled: with contents, before all else
 * @is_cold: then sent out, all of it
 * @warms: the plan is followed once before the clock starts
 * @is_pinned: the region is, before the clock starts
 * @write_every: which of its accesses write: all (1), every second (2), none (0)
 * @nr_passes: over the region, where the plan is not random; 0: it is
 * @per_call: pages of each access; more than 1 for calls on ranges
 * @can_do: the system has what it takes; NULL: any
 * @plan: which pages a thread goes to, into thread->pages
 * @body: the work of one thread, timed
 */
struct work {
	const char *name;
	bool is_bounded;
	bool is_filled;
	bool is_cold;
	bool warms;
	bool is_pinned;
	unsigned int write_every;
	unsigned int nr_passes;
	size_t per_call;
	bool (*can_do)(const struct system *system);
	void (*plan)(struct thread *thread);
	void (*body)(struct thread *thread);
};

/* Up to one without a name. */
extern const struct work *const works;

/* run.c: one work on one system, in a process of its own; prints a line of JSON. */
void run_one(const struct options *options, const struct system *system,
	     const struct work *work);

/* body.c: what threads do */
void body_access(struct thread *thread);
void body_scan(struct thread *thread);
void body_page_out(struct thread *thread);
void body_page_in(struct thread *thread);
void body_pin(struct thread *thread);
void body_unpin(struct thread *thread);

/* contents.c */
void contents_open(const struct options *options);
void contents_make(void *page, size_t number);

/* codec.c: what lz4 takes by itself; prints a line of JSON */
void codec_report(const struct options *options);

/* system_zone.c: what a zone takes that nobody touched; prints a line of JSON */
void zone_report(void);

/* clock.c */
static inline uint64_t ticks_now(void)
{
	uint32_t low, high;

	asm volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

/* Ticks to nanoseconds; to instructions, where the guest's clock counts them. */
void clock_calibrate(const struct options *options);
double clock_ns(double ticks);
/* Run time of all tasks on all CPUs so far, kernel threads included. */
uint64_t cpu_ns(void);

/* cgroup.c: the memory cgroup that every run is in */
void cgroup_setup(void);
void cgroup_enter(void);
void cgroup_limit(uint64_t bytes);
void cgroup_leave(void);
uint64_t cgroup_read(const char *file, const char *key);

/* file.c */
void write_file(const char *path, const char *text);

#endif /* BENCH_H */
