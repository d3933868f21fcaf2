// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program with a zone four times its budget, for a debugger to look into: see
 * tools/lab/jobs/gdb.job. Every page is out when look() is called. It ends with
 * status 0 if then only those numbers differ that the debugger has written.
 */
#include "tap.h"
#include "zone.h"

#define NR_FRAMES 16
#define NR_SLOTS 64
#define A_SLOT 512		/* numbers in one */
#define CHANGED (20 * A_SLOT)	/* by the debugger, to 4711 */
#define WATCHED (30 * A_SLOT + 7)

long *numbers;

/* The debugger stops here. */
__attribute__((noinline)) void look(void)
{
	asm volatile("" ::: "memory");
}

int main(void)
{
	struct zone zone;
	size_t bad = 0;

	test_begin(120);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	numbers = (long *)zone.map;
	for (long i = 0; i < NR_SLOTS * A_SLOT; i++)
		numbers[i] = 3 * i;
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
		bail("PAGE_OUT");
	look();
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
		bail("PAGE_OUT");
	numbers[WATCHED]++;
	for (long i = 0; i < NR_SLOTS * A_SLOT; i++)
		bad += numbers[i] != (i == CHANGED ? 4711 : 3 * i + (i == WATCHED));
	diag("%zu numbers are wrong", bad);
	return bad != 0;
}
