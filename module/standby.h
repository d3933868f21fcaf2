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
 * @to_park: how many the sole taker may park until frames are few again
 * @interrupts: to unmap a page may interrupt other CPUs: when the zone was made, more
 *	than one was online
 *
 * Several takers write it at every frame: it shares a cache line with nothing.
 */
struct vmzone_takers {
	const struct task_struct *last;
	unsigned int in_a_row;
	unsigned int to_park;
	bool interrupts;
} ____cacheline_aligned_in_smp;

void vmzone_standby_start(struct vmzone_zone *zone);
bool vmzone_standby_note_taker(struct vmzone_zone *zone);
void vmzone_standby_park_as_taker(struct vmzone_zone *zone, bool low);
void vmzone_standby_park_as_worker(struct vmzone_zone *zone);

#endif /* VMZONE_STANDBY_H */
