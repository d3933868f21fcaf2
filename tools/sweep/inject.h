/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's fault injection: an allocation of this thread, or a call of one of
 * vmzone's functions, that fails. Needs a kernel that is built for it, and root.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>

/* Which allocations are counted and may fail. */
enum allocations {
	OF_SLABS,		/* kmalloc() and its kin */
	OF_PAGES,		/* alloc_pages() and its kin, also for slabs */
	OF_ALL_FROM_THEN_ON,	/* both, and once one has failed all others do, too */
	NR_ALLOCATIONS,
};

/* Opens the switches; bails where the kernel has none. */
void inject_begin(void);
/* Leaves all as it was. */
void inject_end(void);

void inject_into(enum allocations which);
/* The nth allocation of this thread from now on fails, counted from 1. */
void fail_nth(unsigned int nth);
/* No more of them do. Return: whether one has. */
bool fail_nth_end(void);
/* Instead of it, after fail_nth() of a number that is not reached: how many there were. */
unsigned int fail_nth_count(unsigned int nth);

/*
 * The nth call of the module's function from now on, by whatever thread, returns
 * -error and does nothing; with for_good, all later ones do, too.
 */
void fail_call(const char *function, int error, unsigned int nth, bool for_good);
/* No more of them do. Return: whether any has. */
bool fail_call_end(void);

#endif /* INJECT_H */
