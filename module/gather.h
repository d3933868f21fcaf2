/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gather.h - victims that can be unmapped together
 */
#ifndef VMZONE_GATHER_H
#define VMZONE_GATHER_H

/*
 * Most frames taken for one victim of the policy, itself included: what more would
 * save is little beside what it saves.
 */
#define VMZONE_GATHER_MAX	8U

/* Most slots that a run goes across; also the aligned stretch where neighbours are looked for. */
#define VMZONE_GATHER_SPAN	32U

struct vmzone_frame;
struct vmzone_zone;

unsigned int vmzone_gather_isolate(struct vmzone_zone *zone, struct vmzone_frame **batch,
				   unsigned int nr, unsigned long *second_chances);
unsigned int vmzone_gather_run(struct vmzone_zone *zone, struct vmzone_frame **batch,
			       unsigned int nr);
void vmzone_gather_unmap(struct vmzone_zone *zone, struct vmzone_frame **batch,
			 unsigned int nr);
void vmzone_gather_wait(struct vmzone_zone *zone);

#endif /* VMZONE_GATHER_H */
