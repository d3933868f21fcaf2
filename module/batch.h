/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * batch.h - the two steps of reclaim, a batch at a time
 */
#ifndef VMZONE_BATCH_H
#define VMZONE_BATCH_H

#include "evict.h"

struct vmzone_zone;

/**
 * struct vmzone_progress - what a round of evictions came to
 * @evicted: frames freed
 * @errors: victims that could not be saved for want of room or memory, by weight
 * @error: why the last of them could not
 */
struct vmzone_progress {
	unsigned int evicted;
	unsigned int errors;
	int error;
};

unsigned int vmzone_batch_park(struct vmzone_zone *zone, unsigned int nr);
unsigned int vmzone_batch_evict(struct vmzone_zone *zone, unsigned int nr,
				enum vmzone_evict_cause cause,
				struct vmzone_progress *progress);

#endif /* VMZONE_BATCH_H */
