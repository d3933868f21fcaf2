/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * standby.h - who puts victims on standby
 */
#ifndef VMZONE_STANDBY_H
#define VMZONE_STANDBY_H

#include <linux/cache.h>
#include <linux/types.h>

struct task_struct;
struct vmzone_zone;

/**
 * struct vmzone_takers - who takes the frames of a zone
 * @last: who took one last; to compare with, and never to be looked at
 * @in_a_row: how many it has taken since somebody else took one, up to as many as
 *	make it the sole taker
 * @parking: frames were few, and the sole taker has not filled standby since
 * @interrupts: there are other CPUs, which it interrupts to flush their TLBs
 *
 * Several takers write it at every frame: it shares a cache line with nothing.
 */
struct vmzone_takers {
	const struct task_struct *last;
	unsigned int in_a_row;
	bool parking;
	bool interrupts;
} ____cacheline_aligned_in_smp;

void vmzone_standby_start(struct vmzone_zone *zone);
bool vmzone_standby_note_taker(struct vmzone_zone *zone);
void vmzone_standby_park_as_taker(struct vmzone_zone *zone, bool low);
void vmzone_standby_park_as_worker(struct vmzone_zone *zone);

#endif /* VMZONE_STANDBY_H */
