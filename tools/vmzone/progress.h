/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * progress.h - how far a phase has got
 *
 * On a terminal a bar that is drawn over itself; elsewhere a plain line every
 * PROGRESS_STEP percent, so that a log shows as much and no more.
 */
#ifndef VMZONE_PROGRESS_H
#define VMZONE_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include <linux/types.h>

#define PROGRESS_STEP 5

struct progress {
	FILE *out;
	const char *name;
	__u64 total_bytes;
	struct timespec start;
	unsigned int last_percent;
	bool live;
};

void progress_begin(struct progress *p, const char *name, __u64 total_bytes);
void progress_show(struct progress *p, __u64 done_bytes, const char *note);
double progress_end(struct progress *p, __u64 done_bytes, const char *note);

#endif /* VMZONE_PROGRESS_H */
