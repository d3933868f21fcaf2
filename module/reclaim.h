/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reclaim.h - keeps some frames free
 */
#ifndef VMZONE_RECLAIM_H
#define VMZONE_RECLAIM_H

#include "pool.h"

struct work_struct;
struct vmzone_zone;

struct vmzone_frame *vmzone_reclaim_frame(struct vmzone_zone *zone,
					  enum vmzone_pool_use use);
void vmzone_reclaim_work(struct work_struct *work);
void vmzone_reclaim_freed(struct vmzone_zone *zone);

int vmzone_reclaim_init(void);
void vmzone_reclaim_exit(void);

#endif /* VMZONE_RECLAIM_H */
