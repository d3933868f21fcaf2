// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - the traces: three that are made up, and one of a real program
 *
 *   zipf     a store of keys and values: a few pages are used most of the time, in
 *            any order; one reference in four writes. How often a page is used
 *            falls with its rank, in steps of powers of two
 *   scan     a working set of three quarters of the budget, and now and then a
 *            scan of far more pages than there are frames, while it is in use
 *   loop     a loop over a tenth more pages than there are frames
 *   sqlite3  recorded (tools/policy/record) of Debian's sqlite3 at work on a
 *            database in memory
 */
#include "trace.h"

#define NR_FRAMES	512U
#define ZIPF_BITS	12
#define ZIPF_REFS	100000U
#define SCAN_HOT	(NR_FRAMES * 3 / 4)
#define SCAN_PAGES	(NR_FRAMES * 4)
#define SCAN_ROUNDS	8
#define SCAN_REST	6000
#define LOOP_PAGES	(NR_FRAMES * 11 / 10)
#define LOOP_ROUNDS	100

static const char *const names[TRACE_NR] = { "zipf", "scan", "loop", "sqlite3" };

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint16_t reference(uint32_t page, bool written)
{
	return page << 1 | written;
}

/* Each power of two of ranks is as likely as the next; ranks are strewn over pages. */
static size_t make_zipf(uint16_t *refs)
{
	uint64_t state = 1;
	size_t i;

	for (i = 0; i < ZIPF_REFS; i++) {
		uint64_t random = next_random(&state);
		uint32_t first = 1U << random % ZIPF_BITS;
		uint32_t rank = first + (random >> 8) % first;

		refs[i] = reference(rank * 2654435761U % (1U << ZIPF_BITS),
				    (random >> 40) % 4 == 0);
	}
	return i;
}

static uint16_t hot(uint64_t *state)
{
	uint64_t random = next_random(state);

	return reference(random % SCAN_HOT, (random >> 40) % 4 == 0);
}

static size_t make_scan(uint16_t *refs)
{
	unsigned int round, i;
	uint64_t state = 2;
	size_t nr = 0;

	for (round = 0; round < SCAN_ROUNDS; round++) {
		for (i = 0; i < SCAN_REST; i++)
			refs[nr++] = hot(&state);
		for (i = 0; i < SCAN_PAGES; i++) {
			refs[nr++] = reference(SCAN_HOT + i, false);
			refs[nr++] = hot(&state);
		}
	}
	return nr;
}

static size_t make_loop(uint16_t *refs)
{
	unsigned int round, i;
	size_t nr = 0;

	for (round = 0; round < LOOP_ROUNDS; round++)
		for (i = 0; i < LOOP_PAGES; i++)
			refs[nr++] = reference(i, round == 0);
	return nr;
}

/**
 * trace_make() - make up a trace
 * @number: which, below TRACE_NR_MADE
 * @refs: room for TRACE_MAX_REFS references
 *
 * Context: any.
 * Return: the trace.
 */
struct trace trace_make(unsigned int number, uint16_t *refs)
{
	static size_t (*const make[TRACE_NR_MADE])(uint16_t *refs) = {
		make_zipf, make_scan, make_loop,
	};
	static const uint32_t nr_pages[TRACE_NR_MADE] = {
		1U << ZIPF_BITS, SCAN_HOT + SCAN_PAGES, LOOP_PAGES,
	};

	return (struct trace) {
		.name = names[number],
		.refs = refs,
		.nr_refs = make[number](refs),
		.nr_pages = nr_pages[number],
		.nr_frames = NR_FRAMES,
	};
}

/**
 * trace_recorded() - the trace of a real program
 * @refs: its references, from tools/policy/sqlite3.trace.xz
 * @nr_refs: their number
 *
 * Context: any.
 * Return: the trace; the budget is a quarter of its pages.
 */
struct trace trace_recorded(const uint16_t *refs, size_t nr_refs)
{
	struct trace trace = {
		.name = names[TRACE_NR_MADE],
		.refs = refs,
		.nr_refs = nr_refs,
	};
	size_t i;

	for (i = 0; i < nr_refs; i++)
		if (trace_page(&trace, i) >= trace.nr_pages)
			trace.nr_pages = trace_page(&trace, i) + 1;
	trace.nr_frames = trace.nr_pages / 4;
	return trace;
}
