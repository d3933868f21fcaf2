/* SPDX-License-Identifier: GPL-2.0-only */
/* What a run came to, as a line of JSON. */
#ifndef REPORT_H
#define REPORT_H

#include "bench.h"

/* What is not of one thread. */
struct totals {
	uint64_t cpu_ns;
	long free_kib_before, free_kib_after;
	long page_table_kib;
	struct memory memory;
	uint64_t wrong;
};

/* Sorts the threads' ticks on the way. */
void report(struct run *run, const struct totals *totals);

#endif /* REPORT_H */
