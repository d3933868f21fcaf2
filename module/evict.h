/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evict.h - standby, eviction, page out: errors as in resident.h
 */
#ifndef VMZONE_EVICT_H
#define VMZONE_EVICT_H

#include <linux/types.h>

#include "stats.h"

struct vmzone_frame;
struct vmzone_zone;

int vmzone_evict_slot(struct vmzone_zone *zone, pgoff_t index);
unsigned int vmzone_evict_park(struct vmzone_zone *zone,
			       struct vmzone_frame **batch, unsigned int nr);
int vmzone_evict_parked(struct vmzone_zone *zone, struct vmzone_frame *frame,
			enum vmzone_evict_cause cause);

#endif /* VMZONE_EVICT_H */
