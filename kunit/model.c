// SPDX-License-Identifier: GPL-2.0-only
/*
 * model.c - eviction policies as the textbooks have them
 *
 * Written from the papers, to be compared with module/policy_*.c, of which it
 * shares no code: pages are numbers here, and lists are of numbers. A page is
 * costly to evict if it was never evicted or was written since it came.
 */
#include <uapi/linux/vmzone.h>

#include "model.h"

#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#define NR_LISTS	4
#define NEVER		0xffffffffU

/**
 * struct node - a page, or the head of a list
 * @next: the one after it; of a head, the oldest
 * @prev: the one before it; of a head, the newest
 * @ghost: S3-FIFO: the time of its eviction from the small queue, 0 if none counts
 * @freq: touches, where they are counted
 * @resident: whether it has a frame
 * @main: S3-FIFO: whether it is on the main queue
 * @stored: whether it was evicted before
 * @costly: whether its eviction means a save
 */
struct node {
	uint32_t next;
	uint32_t prev;
	uint32_t ghost;
	uint8_t freq;
	bool resident;
	bool main;
	bool stored;
	bool costly;
};

/**
 * struct model - a policy at work
 * @nodes: @nr_pages pages, then the heads of NR_LISTS lists
 * @nr_pages: of the trace
 * @nr_frames: the budget
 * @hand: SIEVE: the page to look at next, or the head
 * @nr_small: S3-FIFO: pages on the small queue
 * @now: S3-FIFO: the time, counted in evictions from the small queue
 * @left: NRU: evictions before references are forgotten
 */
struct model {
	struct node *nodes;
	uint32_t nr_pages;
	uint32_t nr_frames;
	uint32_t hand;
	uint32_t nr_small;
	uint32_t now;
	uint32_t left;
};

static uint32_t head(const struct model *m, unsigned int list)
{
	return m->nr_pages + list;
}

static uint32_t first(const struct model *m, unsigned int list)
{
	return m->nodes[head(m, list)].next;
}

static bool is_empty(const struct model *m, unsigned int list)
{
	return first(m, list) == head(m, list);
}

static void append(struct model *m, unsigned int list, uint32_t page)
{
	uint32_t end = head(m, list), last = m->nodes[end].prev;

	m->nodes[page].next = end;
	m->nodes[page].prev = last;
	m->nodes[last].next = page;
	m->nodes[end].prev = page;
}

static uint32_t take(struct model *m, uint32_t page)
{
	struct node *node = &m->nodes[page];

	m->nodes[node->prev].next = node->next;
	m->nodes[node->next].prev = node->prev;
	return page;
}

/* FIFO: one queue. */

static void fifo_insert(struct model *m, uint32_t page)
{
	append(m, 0, page);
}

static void fifo_hit(struct model *m, uint32_t page)
{
}

static uint32_t fifo_evict(struct model *m)
{
	return take(m, first(m, 0));
}

/* LRU: the queue is in the order of last references. */

static void lru_hit(struct model *m, uint32_t page)
{
	append(m, 0, take(m, page));
}

/* CLOCK: a referenced page goes round once more. */

static void bit_hit(struct model *m, uint32_t page)
{
	m->nodes[page].freq = 1;
}

static uint32_t clock_evict(struct model *m)
{
	uint32_t page;

	while (m->nodes[page = take(m, first(m, 0))].freq) {
		m->nodes[page].freq = 0;
		append(m, 0, page);
	}
	return page;
}

/* SIEVE: a referenced page stays where it is. */

static uint32_t sieve_evict(struct model *m)
{
	for (;;) {
		uint32_t page = m->hand == head(m, 0) ? first(m, 0) : m->hand;

		m->hand = m->nodes[page].next;
		if (!m->nodes[page].freq)
			return take(m, page);
		m->nodes[page].freq = 0;
	}
}

/* NRU: list 0 to 3 by referenced and costly. */

static void nru_insert(struct model *m, uint32_t page)
{
	append(m, 2 + m->nodes[page].costly, page);
}

static void nru_hit(struct model *m, uint32_t page)
{
	nru_insert(m, take(m, page));
}

static void nru_forget(struct model *m, unsigned int cost)
{
	while (!is_empty(m, 2 + cost))
		append(m, cost, take(m, first(m, 2 + cost)));
}

static uint32_t nru_evict(struct model *m)
{
	unsigned int list = 0;
	uint32_t page;

	while (is_empty(m, list))
		list++;
	page = take(m, first(m, list));
	if (!--m->left) {
		nru_forget(m, 0);
		nru_forget(m, 1);
		m->left = m->nr_frames / 4;
	}
	return page;
}

/* S3-FIFO: list 0 is the small queue, list 1 the main one. */

static void s3fifo_insert(struct model *m, uint32_t page)
{
	struct node *node = &m->nodes[page];
	uint32_t capacity = m->nr_frames - m->nr_frames / 10;

	node->main = node->ghost && m->now - node->ghost < capacity;
	node->ghost = 0;
	m->nr_small += !node->main;
	append(m, node->main, page);
}

static void s3fifo_hit(struct model *m, uint32_t page)
{
	if (m->nodes[page].freq < 3)
		m->nodes[page].freq++;
}

/* Returns NEVER if the page stays. */
static uint32_t s3fifo_try_small(struct model *m)
{
	uint32_t page = take(m, first(m, 0));
	struct node *node = &m->nodes[page];

	m->nr_small--;
	if (node->freq > 1) {
		node->freq = 0;
		node->main = true;
		append(m, 1, page);
		return NEVER;
	}
	node->ghost = ++m->now;
	return page;
}

static uint32_t s3fifo_try_main(struct model *m)
{
	uint32_t page = take(m, first(m, 1));

	if (!m->nodes[page].freq)
		return page;
	m->nodes[page].freq--;
	append(m, 1, page);
	return NEVER;
}

static uint32_t s3fifo_evict(struct model *m)
{
	uint32_t page;

	do {
		if (m->nr_small > m->nr_frames / 10 || is_empty(m, 1))
			page = s3fifo_try_small(m);
		else
			page = s3fifo_try_main(m);
	} while (page == NEVER);
	return page;
}

static const struct algorithm {
	void (*insert)(struct model *m, uint32_t page);
	void (*hit)(struct model *m, uint32_t page);
	uint32_t (*evict)(struct model *m);
} algorithms[] = {
	[VMZONE_POLICY_FIFO] = { fifo_insert, fifo_hit, fifo_evict },
	[VMZONE_POLICY_CLOCK] = { fifo_insert, bit_hit, clock_evict },
	[VMZONE_POLICY_NRU] = { nru_insert, nru_hit, nru_evict },
	[VMZONE_POLICY_LRU] = { fifo_insert, lru_hit, fifo_evict },
	[VMZONE_POLICY_SIEVE] = { fifo_insert, bit_hit, sieve_evict },
	[VMZONE_POLICY_S3FIFO] = { s3fifo_insert, s3fifo_hit, s3fifo_evict },
};

static struct model start(const struct trace *trace, uint32_t nr_frames, void *scratch)
{
	struct model m = {
		.nodes = scratch,
		.nr_pages = trace->nr_pages,
		.nr_frames = nr_frames,
		.hand = trace->nr_pages,
		.left = nr_frames / 4,
	};
	unsigned int list;

	memset(m.nodes, 0, (m.nr_pages + NR_LISTS) * sizeof(*m.nodes));
	for (list = 0; list < NR_LISTS; list++)
		m.nodes[head(&m, list)] = (struct node) {
			.next = head(&m, list), .prev = head(&m, list),
		};
	return m;
}

static size_t replay(const struct algorithm *algorithm, const struct trace *trace,
		     struct model *m)
{
	size_t misses = 0, i;

	for (i = 0; i < trace->nr_refs; i++) {
		uint32_t page = trace_page(trace, i);
		struct node *node = &m->nodes[page];

		if (node->resident) {
			node->costly |= trace_writes(trace, i);
			algorithm->hit(m, page);
			continue;
		}
		if (misses++ >= m->nr_frames) {
			struct node *victim = &m->nodes[algorithm->evict(m)];

			victim->resident = false;
			victim->stored = true;
		}
		node->resident = true;
		node->freq = 0;
		node->costly = !node->stored || trace_writes(trace, i);
		algorithm->insert(m, page);
	}
	return misses;
}

/* For each reference the next one to its page; @last is scratch, one for each page. */
static void look_ahead(const struct trace *trace, uint32_t *next, uint32_t *last)
{
	size_t i;

	for (i = 0; i < trace->nr_pages; i++)
		last[i] = NEVER;
	for (i = trace->nr_refs; i--; ) {
		next[i] = last[trace_page(trace, i)];
		last[trace_page(trace, i)] = i;
	}
}

/* Evicts the page whose next reference is the farthest. */
static size_t opt_misses(const struct trace *trace, uint32_t nr_frames, uint32_t *next)
{
	uint32_t *last = next + trace->nr_refs, *frames = last + trace->nr_pages;
	uint32_t *where = last;		/* the frame of each page, or NEVER */
	size_t misses = 0, i;

	look_ahead(trace, next, last);
	for (i = 0; i < trace->nr_pages; i++)
		where[i] = NEVER;
	for (i = 0; i < trace->nr_refs; i++) {
		uint32_t page = trace_page(trace, i), frame = where[page], f;

		if (frame == NEVER) {
			frame = misses < nr_frames ? misses : 0;
			for (f = 1; misses >= nr_frames && f < nr_frames; f++)
				if (next[frames[f]] > next[frames[frame]])
					frame = f;
			if (misses++ >= nr_frames)
				where[trace_page(trace, frames[frame])] = NEVER;
			where[page] = frame;
		}
		frames[frame] = i;	/* the last reference to what is in it */
	}
	return misses;
}

/**
 * model_scratch_bytes() - memory that a model needs
 * @trace: what it shall be given
 * @nr_frames: and the budget
 *
 * Context: any.
 * Return: bytes.
 */
size_t model_scratch_bytes(const struct trace *trace, uint32_t nr_frames)
{
	return (trace->nr_pages + NR_LISTS) * sizeof(struct node) +
	       (trace->nr_refs + trace->nr_pages + nr_frames) * sizeof(uint32_t);
}

/**
 * model_misses() - replay a trace through a model
 * @policy: enum vmzone_policy_id, or MODEL_OPT
 * @trace: the trace
 * @nr_frames: the budget
 * @scratch: model_scratch_bytes() to use
 *
 * Context: any.
 * Return: how many references found their page without a frame.
 */
size_t model_misses(unsigned int policy, const struct trace *trace, uint32_t nr_frames,
		    void *scratch)
{
	struct model m;

	if (policy == MODEL_OPT)
		return opt_misses(trace, nr_frames, scratch);
	m = start(trace, nr_frames, scratch);
	return replay(&algorithms[policy], trace, &m);
}
