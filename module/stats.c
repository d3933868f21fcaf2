// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - per-CPU event counters and histograms of durations
 *
 * Owns: the counters of a zone. The histograms are Zephyr's timing histograms
 * with buckets that double, so that one set serves a nanosecond and a second.
 *
 * Lock order: counters->lock is a leaf.
 */
#include <linux/string.h>

#include "stats.h"

/**
 * vmzone_counters_init() - make a set of counters, all zero
 * @counters: to set up
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_counters_init(struct vmzone_counters *counters)
{
	counters->cpu = alloc_percpu_gfp(struct vmzone_counts, GFP_KERNEL_ACCOUNT);
	if (!counters->cpu)
		return -ENOMEM;
	spin_lock_init(&counters->lock);
	memset(&counters->zero, 0, sizeof(counters->zero));
	return 0;
}

/**
 * vmzone_counters_destroy() - free them
 * @counters: set up by vmzone_counters_init()
 *
 * Context: process context.
 */
void vmzone_counters_destroy(struct vmzone_counters *counters)
{
	free_percpu(counters->cpu);
}

/**
 * vmzone_counters_read_events() - what was counted since the last reset
 * @counters: the zone's
 * @event: returned: VMZONE_STAT_NR counts
 * @reset: start all events and histograms from zero again
 *
 * Context: any.
 */
void vmzone_counters_read_events(struct vmzone_counters *counters,
				 u64 *event, bool reset)
{
	struct vmzone_counts *zero = &counters->zero;
	unsigned int i, kind;
	int cpu;

	memset(event, 0, sizeof(u64) * VMZONE_STAT_NR);
	spin_lock(&counters->lock);
	for_each_possible_cpu(cpu) {
		const struct vmzone_counts *counts = per_cpu_ptr(counters->cpu, cpu);

		for (i = 0; i < VMZONE_STAT_NR; i++)
			event[i] += READ_ONCE(counts->event[i]);
	}
	for (i = 0; i < VMZONE_STAT_NR; i++) {
		u64 sum = event[i];

		event[i] -= zero->event[i];
		if (reset)
			zero->event[i] = sum;
	}
	for (kind = 0; reset && kind < VMZONE_HIST_NR; kind++) {
		memset(zero->hist[kind], 0, sizeof(zero->hist[kind]));
		for_each_possible_cpu(cpu)
			for (i = 0; i < VMZONE_HIST_BUCKETS; i++)
				zero->hist[kind][i] +=
					READ_ONCE(per_cpu_ptr(counters->cpu, cpu)->hist[kind][i]);
	}
	spin_unlock(&counters->lock);
}

/**
 * vmzone_counters_read_hist() - one histogram since the last reset
 * @counters: the zone's
 * @kind: which
 * @buckets: returned: VMZONE_HIST_BUCKETS counts
 *
 * Context: any.
 */
void vmzone_counters_read_hist(struct vmzone_counters *counters,
			       enum vmzone_hist_kind kind, u64 *buckets)
{
	unsigned int i;
	int cpu;

	spin_lock(&counters->lock);
	for (i = 0; i < VMZONE_HIST_BUCKETS; i++) {
		buckets[i] = -counters->zero.hist[kind][i];
		for_each_possible_cpu(cpu)
			buckets[i] += READ_ONCE(per_cpu_ptr(counters->cpu, cpu)->hist[kind][i]);
	}
	spin_unlock(&counters->lock);
}

/**
 * vmzone_counters_bytes() - memory that one set of counters takes
 *
 * Context: any.
 * Return: bytes, of all CPUs together.
 */
size_t vmzone_counters_bytes(void)
{
	return sizeof(struct vmzone_counts) * num_possible_cpus();
}
