/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * standby.h - who puts victims on standby
 */
#ifndef VMZONE_STANDBY_H
#define VMZONE_STANDBY_H

#include <linux/cache.h>
#include <linux/sched.h>
#include <linux/types.h>

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

/*
 * So many in a row, and a task is the sole taker. Two that take turns as a coin falls
 * come to that once in four thousand million frames; two that share a CPU do so in
 * each of their time slices, and do not interrupt each other.
 */
#define VMZONE_SOLE_AFTER	32U

/**
 * vmzone_standby_note_taker() - the caller takes a frame that it will use at once
 * @takers: of the zone
 *
 * Not for who pages in a range ahead of its use, which workers stay out of.
 * Without a lock: when several come at the same time, one of them may look like the
 * sole taker until the next one comes.
 *
 * Context: process context.
 * Return: whether it is the sole taker.
 */
static inline bool vmzone_standby_note_taker(struct vmzone_takers *takers)
{
	unsigned int in_a_row;

	if (!takers->interrupts)
		return false;
	if (READ_ONCE(takers->last) != current) {
		WRITE_ONCE(takers->last, current);
		WRITE_ONCE(takers->in_a_row, 0);
		return false;
	}
	in_a_row = READ_ONCE(takers->in_a_row);
	if (in_a_row >= VMZONE_SOLE_AFTER)
		return true;
	WRITE_ONCE(takers->in_a_row, in_a_row + 1);
	return false;
}

void vmzone_standby_start(struct vmzone_zone *zone);
bool vmzone_standby_has_several_takers(const struct vmzone_zone *zone);
void vmzone_standby_park_as_taker(struct vmzone_zone *zone, bool low);
void vmzone_standby_park_as_worker(struct vmzone_zone *zone);

#endif /* VMZONE_STANDBY_H */
