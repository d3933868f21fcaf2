/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * samples.h - pages of all kinds to compress, store and page out
 */
#ifndef VMZONE_KUNIT_SAMPLES_H
#define VMZONE_KUNIT_SAMPLES_H

#include <linux/prandom.h>

/**
 * struct vmzone_sample - one kind of page
 * @name: of the kind
 * @fill: writes one page
 * @same_filled: it is one word, repeated
 * @dense: no codec can make it smaller
 */
struct vmzone_sample {
	const char *name;
	void (*fill)(void *page, struct rnd_state *rnd);
	bool same_filled;
	bool dense;
};

#define VMZONE_NR_SAMPLES	16

extern const struct vmzone_sample vmzone_samples[VMZONE_NR_SAMPLES];

const struct vmzone_sample *vmzone_sample_named(const char *name);

#endif /* VMZONE_KUNIT_SAMPLES_H */
