// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_replay_test.c - traces replayed through the policies
 *
 * Proves, for each trace and policy: told of every reference, a policy misses
 * exactly as often as the model of its paper does (S3-FIFO, whose ghost queue is
 * not exact, to within one in fifty); told only what the standby queue tells,
 * driven as reclaim.c drives it, it never does better than Belady's, keeps the
 * budget, and stays within the bounds below, also where S3-FIFO lets victims be
 * joined by their neighbours. Prints a line of CSV for each of the
 * latter, as tools/policy/replay does, for tools/policy/compare.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xz.h>

#include "../module/policy.h"
#include "../module/watermark.h"
#include "model.h"
#include "params.h"
#include "replay.h"
#include "trace.h"

/* The recorded trace, packed: trace_data.S */
extern const u8 vmzone_trace_begin[], vmzone_trace_end[];

/*
 * How much more a policy may miss for what it does not see than its model does
 * with as many frames as are in use and not on standby: per cent of references.
 */
#define MAX_LOSS	7

/* Misses, and rescues, that may be more if neighbours join: per cent of misses. */
#define MAX_FOR_NEIGHBOURS	2

static struct trace traces[TRACE_NR];
static uint16_t *refs[TRACE_NR];
static size_t opt_misses[TRACE_NR];
static void *scratch;

/**
 * struct pair - a parameter
 * @trace: number of the trace
 * @ops: the policy
 */
struct pair {
	unsigned int trace;
	const struct vmzone_policy_ops *ops;
};

static const void *next_pair(const void *prev, char *desc)
{
	static struct pair pair;
	char name[KUNIT_PARAM_DESC_SIZE];

	if (!prev)
		pair = (struct pair) {};
	pair.ops = vmzone_test_policies(pair.ops, name);
	if (!pair.ops && ++pair.trace < TRACE_NR)
		pair.ops = vmzone_test_policies(NULL, name);
	if (!pair.ops)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u %s", pair.trace, name);
	return &pair;
}

/* Those whose policy lets neighbours of a victim go. */
static const void *next_yielding_pair(const void *prev, char *desc)
{
	const struct pair *pair = prev;

	do
		pair = next_pair(pair, desc);
	while (pair && !pair->ops->yield);
	return pair;
}

/* Returns the number of references, or 0. */
static size_t unpack(uint16_t *to)
{
	struct xz_buf buf = {
		.in = vmzone_trace_begin,
		.in_size = vmzone_trace_end - vmzone_trace_begin,
		.out = (u8 *)to,
		.out_size = TRACE_MAX_REFS * sizeof(*to),
	};
	struct xz_dec *xz = xz_dec_init(XZ_SINGLE, 0);
	enum xz_ret ret = xz ? xz_dec_run(xz, &buf) : XZ_MEM_ERROR;

	xz_dec_end(xz);
	return ret == XZ_STREAM_END ? buf.out_pos / sizeof(*to) : 0;
}

static int replay_suite_init(struct kunit_suite *suite)
{
	size_t bytes = 0, nr_refs;
	unsigned int i;

	for (i = 0; i < TRACE_NR; i++) {
		refs[i] = vmalloc(TRACE_MAX_REFS * sizeof(*refs[i]));
		if (!refs[i])
			return -ENOMEM;
		nr_refs = i < TRACE_NR_MADE ? 0 : unpack(refs[i]);
		traces[i] = i < TRACE_NR_MADE ? trace_make(i, refs[i]) :
						trace_recorded(refs[i], nr_refs);
		bytes = max(bytes, model_scratch_bytes(&traces[i], traces[i].nr_frames));
	}
	scratch = vmalloc(bytes);
	if (!scratch)
		return -ENOMEM;
	for (i = 0; i < TRACE_NR; i++)
		opt_misses[i] = model_misses(MODEL_OPT, &traces[i], traces[i].nr_frames,
					     scratch);
	return 0;
}

static void replay_suite_exit(struct kunit_suite *suite)
{
	unsigned int i;

	vfree(scratch);
	for (i = 0; i < TRACE_NR; i++)
		vfree(refs[i]);
}

static struct replay *start(struct kunit *test)
{
	const struct pair *pair = test->param_value;
	struct replay *replay = vmzone_replay_start(&traces[pair->trace], pair->ops);

	KUNIT_ASSERT_NOT_NULL(test, replay);
	KUNIT_ASSERT_GT(test, replay->trace->nr_refs, (size_t)10000);
	return replay;
}

static void as_its_model_if_it_sees_all(struct kunit *test)
{
	const struct pair *pair = test->param_value;
	struct replay *replay = start(test);
	size_t model = model_misses(pair->ops->id, replay->trace, replay->trace->nr_frames,
				    scratch);
	size_t off_by = pair->ops->id == VMZONE_POLICY_S3FIFO ? model / 50 : 0;

	KUNIT_EXPECT_EQ(test, vmzone_replay_seeing(replay), 0);
	KUNIT_EXPECT_GE(test, replay->misses + off_by, model);
	KUNIT_EXPECT_LE(test, replay->misses, model + off_by);
	vmzone_replay_end(replay);
}

static void as_the_device_does(struct kunit *test)
{
	const struct pair *pair = test->param_value;
	struct replay *replay = start(test);
	const struct trace *trace = replay->trace;
	unsigned long budget = trace->nr_frames;
	unsigned long nr_frames = budget - replay->pool.reserve -
		vmzone_high_watermark(budget) - vmzone_standby_target(budget);
	size_t model = model_misses(pair->ops->id, trace, nr_frames, scratch);

	KUNIT_EXPECT_EQ(test, vmzone_replay_standby(replay), 0);
	kunit_info(test, "%s,%s,kunit,%u,%u,%zu,%zu,%zu\n", trace->name, pair->ops->name,
		   trace->nr_pages, trace->nr_frames, trace->nr_refs, replay->misses,
		   replay->minor);
	KUNIT_EXPECT_GE(test, replay->misses, opt_misses[pair->trace]);
	KUNIT_EXPECT_LE(test, replay->misses, model + trace->nr_refs * MAX_LOSS / 100);
	KUNIT_EXPECT_LE(test, replay->peak, budget);
	vmzone_replay_end(replay);
}

static void neighbours_cost_few_misses(struct kunit *test)
{
	const struct pair *pair = test->param_value;
	struct replay *alone = start(test), *together = start(test);

	together->gathers = true;
	KUNIT_EXPECT_EQ(test, vmzone_replay_standby(alone), 0);
	KUNIT_EXPECT_EQ(test, vmzone_replay_standby(together), 0);
	kunit_info(test, "%s %s: %zu -> %zu misses, %zu -> %zu rescued, %lu frames for %lu victims\n",
		   alone->trace->name, pair->ops->name, alone->misses, together->misses,
		   alone->minor, together->minor, together->nr_parked, together->nr_victims);
	KUNIT_EXPECT_LE(test, together->misses,
			alone->misses + alone->misses * MAX_FOR_NEIGHBOURS / 100);
	KUNIT_EXPECT_LE(test, together->minor,
			alone->minor + alone->misses * MAX_FOR_NEIGHBOURS / 100);
	KUNIT_EXPECT_GT(test, 4 * together->nr_parked, 5 * together->nr_victims);
	vmzone_replay_end(alone);
	vmzone_replay_end(together);
}

static struct kunit_case replay_cases[] = {
	KUNIT_CASE_PARAM(as_its_model_if_it_sees_all, next_pair),
	KUNIT_CASE_PARAM(as_the_device_does, next_pair),
	KUNIT_CASE_PARAM(neighbours_cost_few_misses, next_yielding_pair),
	{}
};

static struct kunit_suite replay_suite = {
	.name = "vmzone_policy_replay",
	.suite_init = replay_suite_init,
	.suite_exit = replay_suite_exit,
	.test_cases = replay_cases,
};

kunit_test_suite(replay_suite);
