/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verify.h - the two phases of `vmzone verify', and what they leave behind
 */
#ifndef VMZONE_VERIFY_H
#define VMZONE_VERIFY_H

#include <stdbool.h>

#include "corpus.h"
#include "phase.h"
#include "zone.h"

#define NR_HISTOGRAMS (VMZONE_HIST_SELECT + 1)

/**
 * struct sample - everything that the zone counts, at one moment
 * @stats: counters
 * @histograms: by enum vmzone_hist_kind
 * @has_histograms: this build of the module has them
 */
struct sample {
	struct vmzone_stats stats;
	struct vmzone_histogram histograms[NR_HISTOGRAMS];
	bool has_histograms;
};

/**
 * struct verify - one run of the main job
 * @corpus: what is loaded
 * @zone: where to
 * @nr_threads: that check
 * @nr_passes: how often each page is checked
 * @seed: of the order of the pages
 * @nr_pages: of the corpus, the last one maybe in part
 * @nr_checked: pages found right
 * @nr_wrong: pages found wrong, or not given
 * @load_seconds: time of the first phase
 * @check_seconds: time of the second
 * @samples: before the first, between, and after the second phase
 */
struct verify {
	struct corpus corpus;
	struct zone zone;
	unsigned int nr_threads;
	unsigned int nr_passes;
	__u64 seed;
	__u32 nr_pages;
	atomic_ullong nr_checked;
	atomic_ullong nr_wrong;
	double load_seconds;
	double check_seconds;
	struct sample samples[3];
};

enum vmzone_exit load_run(struct verify *v);
enum vmzone_exit check_run(struct verify *v);
void verify_complain_bus(struct phase *p, __u64 offset, const char *what);
void verify_complain_source(struct phase *p, const struct corpus_file *f);

#endif /* VMZONE_VERIFY_H */
