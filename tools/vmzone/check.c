// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - the second phase: touch every page of the zone in random order and
 * compare it with the files
 *
 * The order is a permutation of all pages, so that none is left out and none
 * is checked twice in a pass; the threads take the next few off it in turn.
 * All mappings are dropped first (the contents stay), so that each page has to
 * be faulted in, from where it is: from its frame, or from the store.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guard.h"
#include "verify.h"

#define PAGES_AT_ONCE 16

/**
 * struct check - what the threads share
 * @v: the run
 * @order: the pages as they are to be visited
 * @next: index of the first that nobody has taken
 */
struct check {
	struct verify *v;
	__u32 *order;
	atomic_uint next;
};

/* splitmix64: small, and the same on every machine */
static __u64 next_random(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void shuffle(__u32 *order, __u32 nr, __u64 seed)
{
	for (__u32 i = 0; i < nr; i++) {
		__u32 j = (__u32)(next_random(&seed) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
}

/* Past the end of the corpus the zone was never written: zeros. */
static size_t fill_expected(const struct verify *v, __u64 offset, unsigned char *expected)
{
	size_t page_size = v->zone.info.page_size;
	__u64 left = v->corpus.bytes - offset;
	size_t len = left < page_size ? (size_t)left : page_size;

	memset(expected + len, 0, page_size - len);
	return len;
}

static void complain_mismatch(struct phase *p, __u64 offset, const unsigned char *expected,
			      unsigned char *found)
{
	const struct verify *v = ((struct check *)p->arg)->v;
	size_t page_size = v->zone.info.page_size;
	const struct corpus_file *f;
	size_t first = 0, nr = 0, zeros = 0;
	__u8 state = 0;
	__u64 at;

	zone_pagemap(&v->zone, offset, page_size, &state);
	if (guard_copy(found, v->zone.base + offset, page_size))
		return verify_complain_bus(p, offset, "read");
	for (size_t i = page_size; i-- > 0;) {
		zeros += !found[i];
		if (found[i] == expected[i])
			continue;
		first = i;
		nr++;
	}
	at = offset + first;
	f = corpus_find(&v->corpus, at < v->corpus.bytes ? at : v->corpus.bytes - 1);
	if (!nr)
		phase_complain(p, EXIT_WRONG,
			       "%s: page %llu was wrong at first and right when read again (slot state %#x)",
			       f->path, offset / page_size, state);
	else
		phase_complain(p, EXIT_WRONG,
			       "%s: offset %llu (page %llu of the zone, byte %zu) is %#04x and should be %#04x; %zu bytes of the page differ%s (slot state %#x)",
			       f->path, at - f->start, offset / page_size, first, found[first],
			       expected[first], nr, zeros == page_size ? ", it is all zeros" : "",
			       state);
}

/* A mismatch counts only if the files are still what they were. */
static void check_page(struct phase *p, __u64 offset, unsigned char *expected,
		       unsigned char *found)
{
	struct verify *v = ((struct check *)p->arg)->v;
	size_t len = fill_expected(v, offset, expected);
	const struct corpus_file *bad = corpus_read(&v->corpus, offset, len, expected);
	int result;

	if (bad)
		return verify_complain_source(p, bad);
	result = guard_compare(v->zone.base + offset, expected, v->zone.info.page_size);
	if (result > 0) {
		bad = corpus_read(&v->corpus, offset, len, expected);
		if (bad)
			return verify_complain_source(p, bad);
		complain_mismatch(p, offset, expected, found);
	} else if (result < 0) {
		verify_complain_bus(p, offset, "read");
	}
	if (result)
		v->nr_wrong++;
	else
		v->nr_checked++;
	p->done_bytes += len;
}

static void check_pages(struct phase *p)
{
	struct check *c = p->arg;
	size_t page_size = c->v->zone.info.page_size;
	unsigned char *buffers = malloc(2 * page_size);
	__u32 i, nr = c->v->nr_pages;

	if (!buffers)
		return phase_complain(p, EXIT_TROUBLE, "no memory for a page");
	while ((i = atomic_fetch_add(&c->next, PAGES_AT_ONCE)) < nr)
		for (__u32 end = i + PAGES_AT_ONCE; i < end && i < nr; i++) {
			if (phase_is_over(p))
				goto out;
			check_page(p, (__u64)c->order[i] * page_size, buffers,
				   buffers + page_size);
		}
out:
	free(buffers);
}

static enum vmzone_exit check_once(struct check *c, unsigned int pass)
{
	struct verify *v = c->v;
	struct phase phase = {
		.name = "verify",
		.zone = &v->zone,
		.work = check_pages,
		.arg = c,
		.nr_threads = v->nr_threads,
		.total_bytes = v->corpus.bytes,
	};
	enum vmzone_exit verdict;

	shuffle(c->order, v->nr_pages, v->seed + pass);
	c->next = 0;
	if (madvise(v->zone.base, v->zone.now.bytes, MADV_DONTNEED))
		phase_complain(&phase, EXIT_TROUBLE, "cannot drop the mappings: %s",
			       strerror(errno));
	verdict = phase_run(&phase);
	v->check_seconds += phase.seconds;
	return verdict;
}

enum vmzone_exit check_run(struct verify *v)
{
	struct check check = { .v = v, .order = calloc(v->nr_pages, sizeof(*check.order)) };
	enum vmzone_exit verdict = EXIT_RIGHT;

	if (!check.order)
		return EXIT_TROUBLE;
	for (unsigned int pass = 0; pass < v->nr_passes && verdict == EXIT_RIGHT; pass++)
		verdict = check_once(&check, pass);
	free(check.order);
	return verdict;
}
