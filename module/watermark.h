/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watermark.h - how much to evict, of what budget
 *
 * Besides reclaim.c and standby.c, the replays in kunit/ go by it, which are to do as
 * a worker does.
 */
#ifndef VMZONE_WATERMARK_H
#define VMZONE_WATERMARK_H

#include <linux/minmax.h>

#include "policy.h"

/* How many frames the worker frees before it looks at the standby queue again. */
#define VMZONE_BACKGROUND_BATCH	16U

/* How many frames a fault that must evict by itself frees in one go. */
#define VMZONE_DIRECT_BATCH	4U

/* The worker starts when fewer frames are free ... */
static inline unsigned long vmzone_low_watermark(unsigned long budget)
{
	return clamp(budget / 64, 2UL, 512UL);
}

/* ... and ends when so many are. */
static inline unsigned long vmzone_high_watermark(unsigned long budget)
{
	return 2 * vmzone_low_watermark(budget);
}

/* Frames to be on standby: an eighth of the budget, within bounds. */
static inline unsigned long vmzone_standby_target(unsigned long budget)
{
	return clamp(budget / 8, 4UL, 1024UL);
}

/* Frames that are asked of the policy at a time. */
static inline unsigned int vmzone_park_nr(unsigned long budget)
{
	return clamp(budget / 16, 1UL, (unsigned long)VMZONE_POLICY_BATCH);
}

/* The same, where a fault does that beside what it came for: it is not to take long. */
static inline unsigned int vmzone_taker_park_nr(unsigned long budget)
{
	return min(vmzone_park_nr(budget), 8U);
}

#endif /* VMZONE_WATERMARK_H */
