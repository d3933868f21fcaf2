// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reduces what valgrind's lackey writes of a program (a line for each access to
 * memory) to a trace: pages, numbered as they come, each reference with one bit
 * for whether it was written.
 *
 * A reference to a page that is one of the WINDOW references before it in the
 * trace is left out: many of these in a row are one use of the page. What is used
 * all the time is in the trace all the time. A page is written if it was before
 * it left the window.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 32
#define MAX_REFS (1 << 17)	/* as TRACE_MAX_REFS in kunit/trace.h */
#define MAX_PAGES 32768		/* as a reference has 16 bits */
#define PAGE_SHIFT 12

static uint16_t refs[MAX_REFS];
static uint64_t pages[MAX_REFS];
static size_t nr_refs;

static uint64_t numbers[MAX_PAGES];
static size_t nr_pages;

static unsigned int number_of(uint64_t page)
{
	for (size_t i = 0; i < nr_pages; i++)
		if (numbers[i] == page)
			return i;
	if (nr_pages == MAX_PAGES) {
		fputs("reduce: more pages than a reference can name\n", stderr);
		exit(1);
	}
	numbers[nr_pages] = page;
	return nr_pages++;
}

/* Returns whether there is room for more. */
static int refer(uint64_t page, int write)
{
	size_t oldest = nr_refs > WINDOW ? nr_refs - WINDOW : 0;

	for (size_t i = nr_refs; i > oldest; i--) {
		if (pages[i - 1] == page) {
			refs[i - 1] |= write;
			return 1;
		}
	}
	if (nr_refs == MAX_REFS)
		return 0;
	refs[nr_refs] = number_of(page) << 1 | write;
	pages[nr_refs++] = page;
	return 1;
}

int main(void)
{
	char line[256];
	int room = 1;

	/* " L address,size", or S or M; addresses of instructions begin with an I. */
	while (room && fgets(line, sizeof(line), stdin))
		if (line[0] == ' ' && strchr("LSM", line[1]))
			room = refer(strtoull(line + 3, NULL, 16) >> PAGE_SHIFT, line[1] != 'L');
	fprintf(stderr, "reduce: %zu references to %zu pages\n", nr_refs, nr_pages);
	return fwrite(refs, sizeof(refs[0]), nr_refs, stdout) != nr_refs;
}
