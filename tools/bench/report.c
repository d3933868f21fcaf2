// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run came to, as a line of JSON. The kernel says how many faults there
 * were; so many of the longest accesses are they. What an access costs that
 * does not fault is measured on memory that is there, and taken off.
 */
#include "../tests/zone.h"
#include "report.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define NR_TRIAL 2000
#define NR_TRIAL_PAGES 16

static const double quantiles[] = { 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1 };

static int compare_ticks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t *sorted_ticks(const struct run *run, size_t *nr)
{
	uint32_t *all, *next;

	*nr = 0;
	for (unsigned int i = 0; i < run->options->threads; i++)
		*nr += run->threads[i].nr;
	all = malloc(*nr * sizeof(*all));
	if (!all)
		err(1, "no memory");
	next = all;
	for (unsigned int i = 0; i < run->options->threads; i++) {
		const struct thread *thread = &run->threads[i];

		memcpy(next, thread->ticks, thread->nr * sizeof(*next));
		next += thread->nr;
	}
	qsort(all, *nr, sizeof(*all), compare_ticks);
	return all;
}

/* What an access costs that does not fault: itself, and with its share of the loop. */
struct overhead {
	double access;
	double loop;
};

static struct overhead measure_overhead(const struct run *run)
{
	static uint64_t memory[NR_TRIAL_PAGES][PAGE_BYTES / 8]
		__attribute__((aligned(PAGE_BYTES)));
	static uint64_t words[NR_TRIAL_PAGES];
	static uint32_t pages[NR_TRIAL], ticks[NR_TRIAL], wrote[NR_TRIAL_PAGES];
	struct run trial = {
		.work = run->work, .options = run->options,
		.region = { .map = (uint8_t *)memory },
		.first_words = words, .line_sums = words,
	};
	struct thread thread = {
		.run = &trial, .nr = NR_TRIAL, .pages = pages, .ticks = ticks, .wrote = wrote,
	};
	uint64_t begin;

	if (run->work->per_call > 1)
		return (struct overhead) {};
	memset(memory, 0, sizeof(memory));
	for (size_t i = 0; i < NR_TRIAL; i++)
		pages[i] = i % NR_TRIAL_PAGES;
	run->work->body(&thread);
	begin = ticks_now();
	run->work->body(&thread);
	begin = ticks_now() - begin;
	qsort(ticks, NR_TRIAL, sizeof(*ticks), compare_ticks);
	return (struct overhead) {
		.access = ticks[NR_TRIAL / 2],
		.loop = (double)begin / NR_TRIAL,
	};
}

/* Of the nr longest. */
static void print_quantiles(const uint32_t *ticks, size_t nr, double overhead)
{
	double sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += ticks[i];
	printf("\"mean\":%.1f", nr ? clock_ns(sum / nr - overhead) : 0);
	for (size_t i = 0; nr && i < ARRAY_SIZE(quantiles); i++) {
		size_t rank = quantiles[i] * nr;

		printf(",\"p%g\":%.1f", quantiles[i] * 100,
		       clock_ns(ticks[rank < nr ? rank : nr - 1] - overhead));
	}
}

static void print_memory(const struct totals *totals)
{
	printf(",\"memory\":{\"frames\":%lu,\"held\":%lu,\"store\":%lu,\"payload\":%lu,\"metadata\":%lu,"
	       "\"page_tables\":%ld,\"machine\":%ld}",
	       totals->memory.frames, totals->memory.held, totals->memory.store, totals->memory.payload,
	       totals->memory.metadata, totals->page_table_kib << 10,
	       (totals->free_kib_before - totals->free_kib_after) << 10);
}

void report(struct run *run, const struct totals *totals)
{
	const struct options *options = run->options;
	struct overhead overhead = measure_overhead(run);
	uint64_t begin = UINT64_MAX, end = 0;
	size_t nr_accesses, nr_events, nr_pages;
	uint32_t *ticks = sorted_ticks(run, &nr_accesses);
	size_t faults = 0;
	double wall;

	for (unsigned int i = 0; i < options->threads; i++) {
		const struct thread *thread = &run->threads[i];

		begin = thread->begin < begin ? thread->begin : begin;
		end = thread->end > end ? thread->end : end;
		faults += thread->faults;
	}
	wall = clock_ns(end - begin);
	/* A fault may have to be tried again; a call is an event of its own. */
	nr_events = run->work->per_call > 1 || faults > nr_accesses ? nr_accesses : faults;
	nr_pages = run->work->per_call > 1 ? nr_accesses * run->work->per_call : nr_events;

	printf("{\"system\":\"%s\",\"work\":\"%s\",\"threads\":%u,\"times\":%g,\"repeat\":%u,"
	       "\"unit\":\"%s\",\"pages\":%zu,\"budget\":%zu,\"accesses\":%zu,\"faults\":%zu,"
	       "\"wall\":%.0f,\"cpu\":%lu,",
	       run->region.system->name, run->work->name, options->threads,
	       run->work->is_bounded ? options->times : 0, options->repeat,
	       options->instructions ? "instructions" : "ns", run->region.nr_pages,
	       run->region.nr_frames, nr_accesses, faults, wall, totals->cpu_ns);
	printf("\"all_per_page\":%.1f,\"loop\":%.1f,\"event\":{",
	       (wall - clock_ns(overhead.loop * nr_accesses / options->threads)) /
	       (nr_pages ? nr_pages : 1), clock_ns(overhead.loop));
	print_quantiles(ticks + nr_accesses - nr_events, nr_events, overhead.access);
	printf("}");
	print_memory(totals);
	printf(",\"wrong\":%lu}\n", totals->wrong);
	fflush(stdout);
	free(ticks);
}
