/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - per-CPU event counters and histograms of durations
 *
 * Counters are added up when they are read. A reset keeps what was read as the
 * new zero, so that no counter is ever written by another CPU.
 */
#ifndef VMZONE_STATS_H
#define VMZONE_STATS_H

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <uapi/linux/vmzone.h>

/* Who asked for an eviction: one counter for each, clean and dirty. */
enum vmzone_evict_cause {
	VMZONE_EVICT_DIRECT,
	VMZONE_EVICT_BACKGROUND,
	VMZONE_EVICT_REQUESTED,
	VMZONE_EVICT_NR_CAUSES,
};

/*
 * Events. Clean and dirty evictions are counted by cause in one step, and the
 * sums that user space sees are derived, so that they agree in any snapshot.
 */
enum vmzone_stat {
	VMZONE_STAT_FAULT_ZERO,
	VMZONE_STAT_FAULT_MINOR,
	VMZONE_STAT_FAULT_MAJOR,
	VMZONE_STAT_PAGE_IN,
	VMZONE_STAT_PAGE_OUT,
	VMZONE_STAT_REFAULT,
	VMZONE_STAT_SELECT,
	VMZONE_STAT_SECOND_CHANCE,
	VMZONE_STAT_EVICT_BUSY,
	VMZONE_STAT_SIGBUS,
	VMZONE_STAT_STORE_FULL,
	VMZONE_STAT_LOAD_ERROR,
	VMZONE_STAT_EVICT_CLEAN,
	VMZONE_STAT_EVICT_DIRTY = VMZONE_STAT_EVICT_CLEAN + VMZONE_EVICT_NR_CAUSES,
	VMZONE_STAT_NR = VMZONE_STAT_EVICT_DIRTY + VMZONE_EVICT_NR_CAUSES,
};

#define VMZONE_HIST_NR		(VMZONE_HIST_SELECT + 1)

/**
 * struct vmzone_counts - one set of counters
 * @event: by enum vmzone_stat
 * @hist: by enum vmzone_hist_kind and bucket
 */
struct vmzone_counts {
	u64 event[VMZONE_STAT_NR];
	u64 hist[VMZONE_HIST_NR][VMZONE_HIST_BUCKETS];
};

/**
 * struct vmzone_counters - the counters of one zone
 * @cpu: of each CPU, only ever added to
 * @lock: guards @zero
 * @zero: what @cpu summed up to at the last reset
 */
struct vmzone_counters {
	struct vmzone_counts __percpu *cpu;
	spinlock_t lock;
	struct vmzone_counts zero;
};

static inline void vmzone_stat_add(struct vmzone_counters *counters,
				   unsigned int stat, u64 nr)
{
	this_cpu_add(counters->cpu->event[stat], nr);
}

static inline void vmzone_stat_inc(struct vmzone_counters *counters,
				   unsigned int stat)
{
	this_cpu_inc(counters->cpu->event[stat]);
}

/* Nanoseconds since @start, which ktime_get() gave; never below 0. */
static inline u64 vmzone_elapsed_ns(ktime_t start)
{
	return max_t(s64, ktime_to_ns(ktime_sub(ktime_get(), start)), 0);
}

/**
 * vmzone_hist_bucket() - the bucket that counts a duration
 * @duration_ns: the duration
 *
 * Context: any.
 * Return: i for a duration in [2^i, 2^(i+1)) ns; 0 for 0 ns; the last one for
 * all that is longer.
 */
static inline unsigned int vmzone_hist_bucket(u64 duration_ns)
{
	return min_t(unsigned int, ilog2(duration_ns | 1), VMZONE_HIST_BUCKETS - 1);
}

/**
 * vmzone_hist_add() - count one duration
 * @counters: the zone's
 * @kind: of what
 * @duration_ns: how long it took
 *
 * Context: any.
 */
static inline void vmzone_hist_add(struct vmzone_counters *counters,
				   enum vmzone_hist_kind kind, u64 duration_ns)
{
	this_cpu_inc(counters->cpu->hist[kind][vmzone_hist_bucket(duration_ns)]);
}

int vmzone_counters_init(struct vmzone_counters *counters);
void vmzone_counters_destroy(struct vmzone_counters *counters);
void vmzone_counters_read_events(struct vmzone_counters *counters,
				 u64 *event, bool reset);
void vmzone_counters_read_hist(struct vmzone_counters *counters,
			       enum vmzone_hist_kind kind, u64 *buckets);
size_t vmzone_counters_bytes(void);

#endif /* VMZONE_STATS_H */
