// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - what `vmzone verify` found, as a table
 *
 * Counters and histograms are differences between two samples, so that the two
 * phases stand side by side. Quantiles are read off histograms whose buckets
 * double: inside a bucket the durations are taken as evenly spread.
 */
#include <error.h>
#include <stdio.h>
#include <stddef.h>

#include "report.h"
#include "term.h"
#include "units.h"

#define NO_HISTOGRAM (-1)

/**
 * struct row - one line of the table of events
 * @label: what is counted
 * @counter: offset of the counter in struct vmzone_stats
 * @histogram: of its durations: enum vmzone_hist_kind or NO_HISTOGRAM
 */
struct row {
	const char *label;
	size_t counter;
	int histogram;
};

#define ROW(label, counter, histogram) \
	{ label, offsetof(struct vmzone_stats, counter), histogram }

static const struct row rows[] = {
	ROW("faults: zero", faults_zero, VMZONE_HIST_FAULT_MINOR),
	ROW("  minor", faults_minor, VMZONE_HIST_FAULT_MINOR),
	ROW("  major", faults_major, VMZONE_HIST_FAULT_MAJOR),
	ROW("pages: in", page_ins, VMZONE_HIST_PAGE_IN),
	ROW("  out", page_outs, VMZONE_HIST_PAGE_OUT),
	ROW("victims: choices", selects, VMZONE_HIST_SELECT),
	ROW("  second chances", second_chances, NO_HISTOGRAM),
	ROW("  busy", evict_busy, NO_HISTOGRAM),
	ROW("evictions: clean", evictions_clean, NO_HISTOGRAM),
	ROW("  dirty", evictions_dirty, NO_HISTOGRAM),
	ROW("of these: direct", evictions_direct, NO_HISTOGRAM),
	ROW("  background", evictions_background, NO_HISTOGRAM),
	ROW("  asked for", evictions_requested, NO_HISTOGRAM),
};

static __u64 counter_of(const struct sample *s, size_t offset)
{
	return *(const __u64 *)((const char *)&s->stats + offset);
}

/**
 * struct window - the time between two samples
 * @from: the earlier
 * @to: the later
 */
struct window {
	const struct sample *from;
	const struct sample *to;
};

static __u64 counted(struct window w, size_t offset)
{
	return counter_of(w.to, offset) - counter_of(w.from, offset);
}

static __u64 bucket_of(struct window w, int kind, unsigned int i)
{
	return w.to->histograms[kind].buckets[i] - w.from->histograms[kind].buckets[i];
}

/* Return: duration in ns below which @share of all are, negative if there are none */
static double quantile(struct window w, int kind, double share)
{
	double rank, total = 0;

	if (!w.to->has_histograms)
		return -1;
	for (unsigned int i = 0; i < VMZONE_HIST_BUCKETS; i++)
		total += (double)bucket_of(w, kind, i);
	rank = total * share;
	for (unsigned int i = 0; i < VMZONE_HIST_BUCKETS; i++) {
		double count = (double)bucket_of(w, kind, i);
		double low = i ? (double)(1ull << i) : 0;

		if (count > 0 && rank <= count)
			return low + ((double)(2ull << i) - low) * rank / count;
		rank -= count;
	}
	return -1;
}

static const char *quantile_text(struct unit_text *t, struct window w, int kind, double share)
{
	double nsecs = quantile(w, kind, share);

	return nsecs < 0 ? "-" : nsecs_text(t, nsecs);
}

/* A count, and how long each took if that is known; @pad up to the next cells. */
static void print_cells(struct window w, const struct row *row, bool pad)
{
	__u64 count = counted(w, row->counter);
	struct unit_text t, p50, p99;

	printf("%12s", count_text(&t, count));
	if (count && row->histogram != NO_HISTOGRAM)
		printf("%9s%9s", quantile_text(&p50, w, row->histogram, 0.5),
		       quantile_text(&p99, w, row->histogram, 0.99));
	else if (pad)
		printf("%18s", "");
}

static void print_events(const struct verify *v)
{
	const struct window load = { &v->samples[0], &v->samples[1] };
	const struct window check = { &v->samples[1], &v->samples[2] };
	const char *bold = term_style(stdout, TERM_BOLD);
	const char *plain = term_style(stdout, TERM_PLAIN);

	printf("\n%s%-17s%12s%9s%9s%12s%9s%9s%s\n", bold, "", "load", "p50", "p99", "verify",
	       "p50", "p99", plain);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		printf("%-17s", rows[i].label);
		print_cells(load, &rows[i], true);
		print_cells(check, &rows[i], false);
		printf("\n");
	}
}

static void print_times(const struct verify *v)
{
	__u64 bytes = v->corpus.bytes;
	struct unit_text load, check;

	printf("%-17s%10.1f s%18s%10.1f s%18s\n", "time, rate", v->load_seconds,
	       rate_text(&load, bytes, v->load_seconds), v->check_seconds,
	       rate_text(&check, bytes * v->nr_passes, v->check_seconds));
}

static void print_store(const struct verify *v)
{
	const struct vmzone_stats *s = &v->samples[2].stats;
	__u64 plain = s->stored_slots * v->zone.info.page_size;
	struct unit_text a, b, c;

	printf("%-10s%12s   %s for %s pages; limit %s\n", "store", bytes_text(&a, s->store_bytes),
	       ratio_text(&b, plain, s->store_bytes), count_text(&c, s->stored_slots),
	       bytes_text(&(struct unit_text){ }, s->store_limit_bytes));
	printf("%-10s%12s   %s; %s pages kept raw, %s same-filled\n", "  payload",
	       bytes_text(&a, s->store_payload_bytes),
	       ratio_text(&b, plain, s->store_payload_bytes), count_text(&c, s->raw_slots),
	       count_text(&(struct unit_text){ }, s->same_filled_slots));
	printf("%-10s%12s   tables of the zone\n", "metadata", bytes_text(&a, s->metadata_bytes));
}

static void print_sizes(const struct verify *v)
{
	const struct vmzone_stats *s = &v->samples[2].stats;
	__u64 page_size = v->zone.info.page_size;
	__u64 budget = s->budget_frames;
	struct unit_text a, b, c;

	printf("\n%-10s%12s   %s bytes in %s files\n", "corpus", bytes_text(&a, v->corpus.bytes),
	       count_text(&b, v->corpus.bytes), count_text(&c, v->corpus.nr_files));
	printf("%-10s%12s   %s slots\n", "zone", bytes_text(&a, v->zone.now.bytes),
	       count_text(&b, v->nr_pages));
	printf("%-10s%12s   %s frames, %.1f %% of the slots\n", "budget",
	       bytes_text(&a, budget * page_size), count_text(&b, budget),
	       (double)budget * 100 / v->nr_pages);
	printf("%-10s%12s   %s frames, %s\n", "peak",
	       bytes_text(&a, s->peak_resident_frames * page_size),
	       count_text(&b, s->peak_resident_frames),
	       s->peak_resident_frames <= budget ? "never above the budget" : "ABOVE THE BUDGET");
}

/**
 * report_print() - print the table
 * @v: a run with both phases done
 */
void report_print(const struct verify *v)
{
	print_sizes(v);
	print_store(v);
	print_events(v);
	print_times(v);
	if (counted((struct window){ &v->samples[0], &v->samples[2] },
		    offsetof(struct vmzone_stats, faults_minor)))
		printf("(zero and minor faults are timed together)\n");
	printf("\n");
}

static enum vmzone_exit judge_counters(const struct verify *v)
{
	const struct vmzone_stats *s = &v->samples[2].stats;
	enum vmzone_exit verdict = EXIT_RIGHT;

	if (s->peak_resident_frames > s->budget_frames) {
		error(0, 0, "the zone held %llu frames, but its budget is %llu",
		      s->peak_resident_frames, s->budget_frames);
		verdict = EXIT_WRONG;
	}
	if (s->evictions_clean + s->evictions_dirty !=
	    s->evictions_direct + s->evictions_background + s->evictions_requested) {
		error(0, 0,
		      "the counts of evictions do not add up: %llu clean + %llu dirty, %llu direct + %llu background + %llu asked for",
		      s->evictions_clean, s->evictions_dirty, s->evictions_direct,
		      s->evictions_background, s->evictions_requested);
		verdict = EXIT_WRONG;
	}
	if (s->sigbus || s->load_errors) {
		error(0, 0, "the zone counted %llu SIGBUS and %llu failed loads",
		      s->sigbus, s->load_errors);
		verdict = EXIT_WRONG;
	}
	return verdict;
}

/**
 * report_judge() - hold the figures of a finished run against the contract
 * @v: the run
 *
 * Return: EXIT_RIGHT, or EXIT_WRONG with the reason told
 */
enum vmzone_exit report_judge(const struct verify *v)
{
	enum vmzone_exit verdict = judge_counters(v);
	__u64 want = (__u64)v->nr_pages * v->nr_passes;

	if (v->nr_checked + v->nr_wrong == want)
		return verdict;
	error(0, 0, "%llu of %llu checks were not made",
	      want - v->nr_checked - v->nr_wrong, want);
	return EXIT_WRONG;
}
