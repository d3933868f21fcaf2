/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - references to pages that are replayed through eviction policies
 *
 * The same for the KUnit tests and for tools/policy/replay.
 */
#ifndef VMZONE_KUNIT_TRACE_H
#define VMZONE_KUNIT_TRACE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/**
 * struct trace - references in their order
 * @name: what it is called
 * @refs: page << 1 | whether it is written; pages count from 0
 * @nr_refs: their number
 * @nr_pages: above every page
 * @nr_frames: the budget to replay it with
 */
struct trace {
	const char *name;
	const uint16_t *refs;
	size_t nr_refs;
	uint32_t nr_pages;
	uint32_t nr_frames;
};

static inline uint32_t trace_page(const struct trace *trace, size_t i)
{
	return trace->refs[i] >> 1;
}

static inline bool trace_writes(const struct trace *trace, size_t i)
{
	return trace->refs[i] & 1;
}

/* The traces that are made up; the one that was recorded comes after them. */
#define TRACE_NR_MADE	3U
#define TRACE_NR	4U

/* Room for the references of any trace. */
#define TRACE_MAX_REFS	(1U << 17)

struct trace trace_make(unsigned int number, uint16_t *refs);
struct trace trace_recorded(const uint16_t *refs, size_t nr_refs);

#endif /* VMZONE_KUNIT_TRACE_H */
