/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * range.h - what can be asked of a range of slots
 *
 * A range is [first, end) in slots, within the zone when it was checked. Errors
 * are those of resident.h, with -ENOMEM for a full store as well.
 */
#ifndef VMZONE_RANGE_H
#define VMZONE_RANGE_H

#include <linux/types.h>

struct vmzone_zone;

int vmzone_range_page_in(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done);
void vmzone_range_prefetch(struct vmzone_zone *zone, pgoff_t first, pgoff_t end);
int vmzone_range_page_out(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done);
int vmzone_range_pin(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done);
int vmzone_range_unpin(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done);
int vmzone_range_discard(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done);
int vmzone_range_check_unpinned(struct vmzone_zone *zone, pgoff_t first, pgoff_t end);
int vmzone_range_resize(struct vmzone_zone *zone, u64 bytes);
void vmzone_range_pagemap(struct vmzone_zone *zone, pgoff_t first, size_t nr, u8 *vec);

#endif /* VMZONE_RANGE_H */
