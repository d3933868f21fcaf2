// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats_test.c - counters and histograms
 *
 * Proves: the edges of every bucket; counts add up, each counter by itself; a
 * reset starts all of them from zero and loses no count that comes later; the
 * clean and the dirty evictions have a counter for each cause.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../module/stats.h"

#define SEED	0x57a75UL

/**
 * struct stats_fixture - what every case works on
 * @counters: fresh
 * @event: room for a snapshot
 * @buckets: room for a histogram
 */
struct stats_fixture {
	struct vmzone_counters counters;
	u64 event[VMZONE_STAT_NR];
	u64 buckets[VMZONE_HIST_BUCKETS];
};

static int stats_init(struct kunit *test)
{
	struct stats_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	test->priv = fix;
	return vmzone_counters_init(&fix->counters);
}

static void stats_exit(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;

	vmzone_counters_destroy(&fix->counters);
}

static void bucket_edges(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, vmzone_hist_bucket(0), 0u);
	KUNIT_EXPECT_EQ(test, vmzone_hist_bucket(1), 0u);
	for (i = 1; i < 64; i++) {
		unsigned int last = VMZONE_HIST_BUCKETS - 1;

		KUNIT_EXPECT_EQ(test, vmzone_hist_bucket((1ULL << i) - 1), min(i - 1, last));
		KUNIT_EXPECT_EQ(test, vmzone_hist_bucket(1ULL << i), min(i, last));
		KUNIT_EXPECT_EQ(test, vmzone_hist_bucket((1ULL << i) + 1), min(i, last));
	}
	KUNIT_EXPECT_EQ(test, vmzone_hist_bucket(U64_MAX), VMZONE_HIST_BUCKETS - 1u);
}

static void new_counters_are_zero(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	unsigned int i, kind;

	memset(fix->event, 0xff, sizeof(fix->event));
	vmzone_counters_read_events(&fix->counters, fix->event, false);
	for (i = 0; i < VMZONE_STAT_NR; i++)
		KUNIT_EXPECT_EQ(test, fix->event[i], 0ull);
	for (kind = 0; kind < VMZONE_HIST_NR; kind++) {
		memset(fix->buckets, 0xff, sizeof(fix->buckets));
		vmzone_counters_read_hist(&fix->counters, kind, fix->buckets);
		for (i = 0; i < VMZONE_HIST_BUCKETS; i++)
			KUNIT_EXPECT_EQ(test, fix->buckets[i], 0ull);
	}
}

static void counters_are_separate(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	unsigned int i, j;

	for (i = 0; i < VMZONE_STAT_NR; i++) {
		for (j = 0; j < i; j++)
			vmzone_stat_inc(&fix->counters, i);
		vmzone_stat_add(&fix->counters, i, 1ULL << (i + 20));
	}
	vmzone_counters_read_events(&fix->counters, fix->event, false);
	for (i = 0; i < VMZONE_STAT_NR; i++)
		KUNIT_EXPECT_EQ(test, fix->event[i], (1ull << (i + 20)) + i);
}

static void causes_have_their_own(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	unsigned int cause;

	KUNIT_EXPECT_EQ(test, (int)VMZONE_STAT_NR,
			VMZONE_STAT_EVICT_CLEAN + 2 * VMZONE_EVICT_NR_CAUSES);
	for (cause = 0; cause < VMZONE_EVICT_NR_CAUSES; cause++) {
		vmzone_stat_add(&fix->counters, VMZONE_STAT_EVICT_CLEAN + cause, 10 + cause);
		vmzone_stat_add(&fix->counters, VMZONE_STAT_EVICT_DIRTY + cause, 20 + cause);
	}
	vmzone_counters_read_events(&fix->counters, fix->event, false);
	for (cause = 0; cause < VMZONE_EVICT_NR_CAUSES; cause++) {
		KUNIT_EXPECT_EQ(test, fix->event[VMZONE_STAT_EVICT_CLEAN + cause],
				10ull + cause);
		KUNIT_EXPECT_EQ(test, fix->event[VMZONE_STAT_EVICT_DIRTY + cause],
				20ull + cause);
	}
}

/* A reader that resets and one that does not see the same, exactly once. */
static void reset_loses_nothing(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	u64 expected[VMZONE_STAT_NR] = { 0 };
	struct rnd_state rnd;
	unsigned int i, round;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (round = 0; round < 500; round++) {
		u64 add = prandom_u32_state(&rnd);
		bool reset = prandom_u32_state(&rnd) % 4 == 0;

		i = prandom_u32_state(&rnd) % VMZONE_STAT_NR;
		vmzone_stat_add(&fix->counters, i, add);
		expected[i] += add;
		vmzone_counters_read_events(&fix->counters, fix->event, reset);
		KUNIT_ASSERT_EQ(test, memcmp(fix->event, expected, sizeof(expected)), 0);
		if (reset)
			memset(expected, 0, sizeof(expected));
	}
}

static u64 hist_sum(struct stats_fixture *fix, enum vmzone_hist_kind kind)
{
	unsigned int i;
	u64 sum = 0;

	vmzone_counters_read_hist(&fix->counters, kind, fix->buckets);
	for (i = 0; i < VMZONE_HIST_BUCKETS; i++)
		sum += fix->buckets[i];
	return sum;
}

static void hist_counts_durations(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	unsigned int kind;

	for (kind = 0; kind < VMZONE_HIST_NR; kind++) {
		unsigned int other;

		vmzone_hist_add(&fix->counters, kind, (1ULL << 40) + (1ULL << 39));
		vmzone_counters_read_hist(&fix->counters, kind, fix->buckets);
		KUNIT_EXPECT_EQ(test, fix->buckets[VMZONE_HIST_BUCKETS - 1], 1ull);

		vmzone_hist_add(&fix->counters, kind, (1ULL << 20) + (1ULL << 19));
		vmzone_counters_read_hist(&fix->counters, kind, fix->buckets);
		KUNIT_EXPECT_EQ(test, fix->buckets[20], 1ull);
		KUNIT_EXPECT_EQ(test, hist_sum(fix, kind), 2ull);
		for (other = kind + 1; other < VMZONE_HIST_NR; other++)
			KUNIT_EXPECT_EQ(test, hist_sum(fix, other), 0ull);
	}
}

/* A clock that steps back must not make a duration of centuries. */
static void elapsed_time_is_never_negative(struct kunit *test)
{
	ktime_t future = ktime_add_ns(ktime_get(), NSEC_PER_SEC * 1000ULL);

	KUNIT_EXPECT_EQ(test, vmzone_elapsed_ns(future), 0ull);
	KUNIT_EXPECT_GE(test, vmzone_elapsed_ns(ktime_sub_ns(ktime_get(), 1000)), 1000ull);
}

static void reset_starts_histograms_anew(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	unsigned int kind, i;

	for (kind = 0; kind < VMZONE_HIST_NR; kind++)
		for (i = 0; i <= kind; i++)
			vmzone_hist_add(&fix->counters, kind, 1);
	vmzone_counters_read_events(&fix->counters, fix->event, false);
	for (kind = 0; kind < VMZONE_HIST_NR; kind++)
		KUNIT_EXPECT_EQ(test, hist_sum(fix, kind), kind + 1ull);
	vmzone_counters_read_events(&fix->counters, fix->event, true);
	for (kind = 0; kind < VMZONE_HIST_NR; kind++)
		KUNIT_EXPECT_EQ(test, hist_sum(fix, kind), 0ull);
	vmzone_hist_add(&fix->counters, VMZONE_HIST_SELECT, 1);
	KUNIT_EXPECT_EQ(test, hist_sum(fix, VMZONE_HIST_SELECT), 1ull);
	KUNIT_EXPECT_EQ(test, hist_sum(fix, VMZONE_HIST_PAGE_OUT), 0ull);
}

static void sets_do_not_mix(struct kunit *test)
{
	struct stats_fixture *fix = test->priv;
	struct vmzone_counters *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_ASSERT_EQ(test, vmzone_counters_init(other), 0);
	vmzone_stat_inc(other, VMZONE_STAT_SIGBUS);
	vmzone_counters_read_events(&fix->counters, fix->event, true);
	KUNIT_EXPECT_EQ(test, fix->event[VMZONE_STAT_SIGBUS], 0ull);
	vmzone_counters_read_events(other, fix->event, false);
	KUNIT_EXPECT_EQ(test, fix->event[VMZONE_STAT_SIGBUS], 1ull);
	vmzone_counters_destroy(other);
}

static void bytes_cover_every_cpu(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, vmzone_counters_bytes(),
			num_possible_cpus() * sizeof(u64) *
			(VMZONE_STAT_NR + VMZONE_HIST_NR * VMZONE_HIST_BUCKETS));
}

static struct kunit_case stats_cases[] = {
	KUNIT_CASE(bucket_edges),
	KUNIT_CASE(new_counters_are_zero),
	KUNIT_CASE(counters_are_separate),
	KUNIT_CASE(causes_have_their_own),
	KUNIT_CASE(reset_loses_nothing),
	KUNIT_CASE(hist_counts_durations),
	KUNIT_CASE(elapsed_time_is_never_negative),
	KUNIT_CASE(reset_starts_histograms_anew),
	KUNIT_CASE(sets_do_not_mix),
	KUNIT_CASE(bytes_cover_every_cpu),
	{}
};

static struct kunit_suite stats_suite = {
	.name = "vmzone_stats",
	.init = stats_init,
	.exit = stats_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);
