// SPDX-License-Identifier: GPL-2.0-only
/*
 * One work on one system: a process of its own in a memory cgroup of its own.
 * What the benchmark itself needs is touched before it enters, so that the
 * cgroup is charged for the region and what belongs to it alone.
 */
#define _GNU_SOURCE
#include "../tests/zone.h"
#include "bench.h"
#include "report.h"

#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_WORDS (PAGE_BYTES / sizeof(uint64_t))

static pthread_barrier_t start_line;

/* Memory that is there when it is used. */
static void *own_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mlock(memory, bytes + 1))
		err(1, "%zu bytes of memory", bytes);
	return memory;
}

static size_t size_of(const struct options *options, const struct work *work)
{
	size_t unit = options->threads * work->per_call;
	size_t nr = work->is_bounded ? options->nr_frames * options->times : options->nr_frames;

	return nr / unit * unit;
}

static void prepare_threads(struct run *run)
{
	const struct work *work = run->work;
	unsigned int nr_threads = run->options->threads;

	for (unsigned int i = 0; i < nr_threads; i++) {
		struct thread *thread = &run->threads[i];

		thread->run = run;
		thread->number = i;
		thread->nr = run->options->nr_accesses;
		if (work->nr_passes)
			thread->nr = run->region.nr_pages / work->per_call * work->nr_passes;
		thread->nr /= nr_threads;
		thread->pages = own_memory(thread->nr * sizeof(*thread->pages));
		thread->ticks = own_memory(thread->nr * sizeof(*thread->ticks));
		thread->wrote = own_memory(run->region.nr_pages * sizeof(*thread->wrote));
		work->plan(thread);
	}
}

/* Page by page through a buffer: what the program's own cache has is no business of the region. */
static void fill(struct run *run)
{
	uint64_t words[PAGE_WORDS];

	for (size_t page = 0; page < run->region.nr_pages; page++) {
		contents_make(words, page);
		run->first_words[page] = words[0];
		run->line_sums[page] = 0;
		for (size_t word = 0; word < PAGE_WORDS; word += 8)
			run->line_sums[page] += words[word];
		memcpy(run->region.map + page * PAGE_BYTES, words, PAGE_BYTES);
	}
}

/* Every byte, with what the threads wrote. Returns how many pages are wrong. */
static uint64_t verify(const struct run *run)
{
	uint64_t wrong = 0;

	for (size_t page = 0; page < run->region.nr_pages; page++) {
		uint64_t words[PAGE_WORDS] = {};

		if (run->work->is_filled)
			contents_make(words, page);
		for (unsigned int i = 0; i < run->options->threads; i++)
			if (run->threads[i].wrote[page])
				words[1 + i] = run->threads[i].wrote[page];
		wrong += !!memcmp(run->region.map + page * PAGE_BYTES, words, PAGE_BYTES);
	}
	return wrong;
}

static void *thread_main(void *argument)
{
	struct thread *thread = argument;
	struct faults before, after;

	pthread_barrier_wait(&start_line);
	if (thread->run->work->warms)
		thread->run->work->body(thread);
	pthread_barrier_wait(&start_line);
	/* The main thread looks at its clocks. */
	pthread_barrier_wait(&start_line);
	before = faults_now();
	thread->begin = ticks_now();
	thread->run->work->body(thread);
	thread->end = ticks_now();
	after = faults_now();
	thread->faults = after.major + after.minor - before.major - before.minor;
	pthread_barrier_wait(&start_line);
	return NULL;
}

static void prepare_region(struct run *run)
{
	struct region *region = &run->region;
	const struct system_ops *ops = region->system->ops;

	ops->map(region);
	if (region->nr_frames && ops->bound)
		ops->bound(region);
	if (run->work->is_filled)
		fill(run);
	if (run->work->is_cold)
		ops->page_out(region, 0, region->nr_pages);
	if (run->work->is_pinned)
		ops->pin(region, 0, region->nr_pages);
}

static int run_here(struct run *run)
{
	pthread_t ids[MAX_THREADS];
	struct totals totals = {};

	/*
	 * Frames of 4 KiB, as a zone's are; and no stack that is charged for a huge page,
	 * which would go into the limit as the program's own, and hold data in the end.
	 */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		err(1, "PR_SET_THP_DISABLE");
	run->first_words = own_memory(run->region.nr_pages * sizeof(*run->first_words));
	run->line_sums = own_memory(run->region.nr_pages * sizeof(*run->line_sums));
	prepare_threads(run);
	pthread_barrier_init(&start_line, NULL, run->options->threads + 1);
	cgroup_enter();
	totals.free_kib_before = free_kib();
	for (unsigned int i = 0; i < run->options->threads; i++)
		if (pthread_create(&ids[i], NULL, thread_main, &run->threads[i]))
			err(1, "a thread");
	prepare_region(run);
	pthread_barrier_wait(&start_line);
	pthread_barrier_wait(&start_line);
	totals.cpu_ns = cpu_ns();
	pthread_barrier_wait(&start_line);
	pthread_barrier_wait(&start_line);
	totals.cpu_ns = cpu_ns() - totals.cpu_ns;
	for (unsigned int i = 0; i < run->options->threads; i++)
		pthread_join(ids[i], NULL);
	totals.free_kib_after = free_kib();
	totals.page_table_kib = read_number("/proc/self/status", "VmPTE:");
	run->region.system->ops->look(&run->region, &totals.memory);
	totals.wrong = verify(run);
	for (unsigned int i = 0; i < run->options->threads; i++)
		totals.wrong += run->threads[i].nr_wrong;
	report(run, &totals);
	cgroup_leave();
	return totals.wrong != 0;
}

void run_one(const struct options *options, const struct system *system,
	     const struct work *work)
{
	static struct run run;
	int status;
	pid_t pid;

	run = (struct run) {
		.options = options, .work = work,
		.region = {
			.system = system, .fd = -1, .nr_pages = size_of(options, work),
			.nr_frames = work->is_bounded ? options->nr_frames : 0,
			.policy = options->policy,
		},
	};
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		exit(run_here(&run));
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s on %s ended with status %#x", work->name, system->name, status);
}
