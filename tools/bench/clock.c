// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: the processor's time stamp counter, which a program reads for less than
 * any call costs, and the run time of everything that ran. In a guest whose
 * clock counts instructions (lab run --icount) a tick is one instruction.
 */
#include "bench.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double ns_per_tick = 1;

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void clock_calibrate(const struct options *options)
{
	uint64_t ns, ticks;

	if (options->instructions)
		return;
	ns = monotonic_ns();
	ticks = ticks_now();
	usleep(200000);
	ns_per_tick = (double)(monotonic_ns() - ns) / (ticks_now() - ticks);
}

double clock_ns(double ticks)
{
	return ticks * ns_per_tick;
}

uint64_t cpu_ns(void)
{
	FILE *file;
	char line[512];
	uint64_t sum = 0, ran;

	/* A task's time is added when it leaves the CPU: so leave it. */
	usleep(1);
	file = fopen("/proc/schedstat", "r");
	if (!file)
		err(1, "/proc/schedstat");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "cpu", 3) &&
		    sscanf(line, "%*s %*u %*u %*u %*u %*u %*u %lu", &ran) == 1)
			sum += ran;
	fclose(file);
	return sum;
}
