// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_test.c - every codec of this build
 *
 * Proves: each codec gives back every kind of page, whatever it compressed
 * before; it never writes beyond the page nor, compressing, beyond its output;
 * input that was damaged, cut short, made longer or up gives a page or
 * -EBADMSG, and cut short always -EBADMSG; scratch memory comes and goes with
 * the codec's users. Input is read from a buffer of just its size, so that
 * KASAN sees a read beyond its end.
 *
 * A codec that is added to the table is tested without a change here.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../module/codec.h"
#include "params.h"
#include "samples.h"

#define SEED		0xc0decUL

#define FENCE_BYTES	PAGE_SIZE
#define FENCE		0xfe

/**
 * struct codec_fixture - what every case works on
 * @ops: the codec, which the test has got
 * @scratch: what it has begun with
 * @rnd: seeded
 * @src: a page
 * @packed: that page compressed, by pack()
 * @packed_len: of so many bytes
 * @area: room for a page with a fence on both sides
 */
struct codec_fixture {
	const struct vmzone_codec_ops *ops;
	struct vmzone_codec_scratch *scratch;
	struct rnd_state rnd;
	u8 *src;
	u8 *packed;
	size_t packed_len;
	u8 *area;
};

static int codec_test_init(struct kunit *test)
{
	struct codec_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	test->priv = fix;
	fix->src = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	fix->packed = kunit_kzalloc(test, VMZONE_CODEC_OUT_BYTES, GFP_KERNEL);
	fix->area = kunit_kzalloc(test, PAGE_SIZE + 2 * FENCE_BYTES, GFP_KERNEL);
	if (!fix->src || !fix->packed || !fix->area)
		return -ENOMEM;
	prandom_seed_state(&fix->rnd, SEED);
	fix->ops = test->param_value;
	if (!fix->ops)
		return 0;
	if (vmzone_codec_get(fix->ops))
		return -ENOMEM;
	fix->scratch = vmzone_codec_begin(fix->ops);
	return PTR_ERR_OR_ZERO(fix->scratch);
}

static void codec_test_exit(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;

	if (!fix || IS_ERR_OR_NULL(fix->scratch))
		return;
	/* A case that was given up ended in another task: see lockdep. */
	vmzone_codec_end(fix->scratch);
	vmzone_codec_put(fix->ops);
}

/* Compress the page in fix->src; false when the codec could not. */
static bool pack(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	int ret;

	fix->packed_len = 0;
	ret = fix->ops->compress(fix->scratch->work, fix->src, fix->scratch->out,
				 &fix->packed_len);
	if (ret) {
		KUNIT_EXPECT_EQ(test, ret, -EINVAL);
		return false;
	}
	KUNIT_ASSERT_GT(test, fix->packed_len, (size_t)0);
	KUNIT_ASSERT_LE(test, fix->packed_len, (size_t)VMZONE_CODEC_OUT_BYTES);
	memcpy(fix->packed, fix->scratch->out, fix->packed_len);
	return true;
}

/* Decompress @len bytes at @src, out of a buffer of that size, into the area. */
static int unpack(struct kunit *test, const void *src, size_t len)
{
	struct codec_fixture *fix = test->priv;
	void *exact = kmalloc(len, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, exact);
	memcpy(exact, src, len);
	memset(fix->area, FENCE, PAGE_SIZE + 2 * FENCE_BYTES);
	ret = fix->ops->decompress(fix->ops->load_needs_work ? fix->scratch->work : NULL,
				   exact, len, fix->area + FENCE_BYTES);
	kfree(exact);
	if (ret)
		KUNIT_EXPECT_EQ(test, ret, -EBADMSG);
	KUNIT_EXPECT_NULL(test, memchr_inv(fix->area, FENCE, FENCE_BYTES));
	KUNIT_EXPECT_NULL(test, memchr_inv(fix->area + FENCE_BYTES + PAGE_SIZE, FENCE,
					   FENCE_BYTES));
	return ret;
}

static void check_round_trip(struct kunit *test, const struct vmzone_sample *sample)
{
	struct codec_fixture *fix = test->priv;

	sample->fill(fix->src, &fix->rnd);
	if (!pack(test)) {
		KUNIT_EXPECT_EQ_MSG(test, fix->ops->id, VMZONE_CODEC_NONE, "%s", sample->name);
		return;
	}
	KUNIT_EXPECT_EQ_MSG(test, unpack(test, fix->packed, fix->packed_len), 0, "%s",
			    sample->name);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(fix->area + FENCE_BYTES, fix->src, PAGE_SIZE), 0,
			    "%s", sample->name);
}

static void round_trip(struct kunit *test)
{
	unsigned int i, round;

	kunit_info(test, "seed 0x%lx\n", SEED);
	for (i = 0; i < VMZONE_NR_SAMPLES; i++)
		for (round = 0; round < 20; round++)
			check_round_trip(test, &vmzone_samples[i]);
}

/* What a context remembers of one page must not show in the next. */
static void round_trip_in_any_order(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < 500; i++)
		check_round_trip(test, &vmzone_samples[prandom_u32_state(&fix->rnd) %
						       VMZONE_NR_SAMPLES]);
}

/* In a vmalloc area, a byte read or written too far hits a guard page. */
static void stays_inside_its_buffers(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i;
	size_t len;
	u8 *out;

	for (i = 0; i < VMZONE_NR_SAMPLES; i++) {
		u8 *src = vmalloc(PAGE_SIZE);

		out = vmalloc(VMZONE_CODEC_OUT_BYTES);
		KUNIT_ASSERT_TRUE(test, src && out);
		vmzone_samples[i].fill(src, &fix->rnd);
		if (!fix->ops->compress(fix->scratch->work, src, out, &len))
			KUNIT_EXPECT_LE(test, len, (size_t)VMZONE_CODEC_OUT_BYTES);
		vfree(out);
		vfree(src);
	}
}

static void compresses_what_can_be(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < VMZONE_NR_SAMPLES; i++) {
		const struct vmzone_sample *sample = &vmzone_samples[i];

		sample->fill(fix->src, &fix->rnd);
		KUNIT_ASSERT_TRUE(test, pack(test));
		if (sample->same_filled)
			KUNIT_EXPECT_LE_MSG(test, fix->packed_len, (size_t)64, "%s",
					    sample->name);
		else if (sample->dense)
			KUNIT_EXPECT_GE_MSG(test, fix->packed_len, (size_t)PAGE_SIZE * 9 / 10,
					    "%s", sample->name);
	}
	vmzone_sample_named("text")->fill(fix->src, &fix->rnd);
	KUNIT_ASSERT_TRUE(test, pack(test));
	KUNIT_EXPECT_LT(test, fix->packed_len, (size_t)PAGE_SIZE * 3 / 5);
}

static void cut_short_is_refused(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i;
	size_t len;

	for (i = 0; i < VMZONE_NR_SAMPLES; i++) {
		vmzone_samples[i].fill(fix->src, &fix->rnd);
		if (!pack(test)) {
			/* Kept raw: a page of bytes. */
			memcpy(fix->packed, fix->src, PAGE_SIZE);
			fix->packed_len = PAGE_SIZE;
		}
		for (len = 0; len < fix->packed_len; len += 1 + len / 64)
			KUNIT_EXPECT_EQ_MSG(test, unpack(test, fix->packed, len), -EBADMSG,
					    "%s, %zu of %zu bytes", vmzone_samples[i].name,
					    len, fix->packed_len);
		len = fix->packed_len - 1;
		KUNIT_EXPECT_EQ_MSG(test, unpack(test, fix->packed, len), -EBADMSG,
				    "%s, %zu of %zu bytes", vmzone_samples[i].name, len,
				    fix->packed_len);
	}
}

static void damage(struct codec_fixture *fix)
{
	u32 number = prandom_u32_state(&fix->rnd);
	size_t at = number / 8 % fix->packed_len;
	size_t nr;

	switch (number % 4) {
	case 0:	/* one bit */
		fix->packed[at] ^= 1 << (number / 4 % 8);
		break;
	case 1:	/* one byte, mostly where lengths are */
		fix->packed[at % min_t(size_t, fix->packed_len, 16)] = number >> 24;
		break;
	case 2:	/* a run of ones: the longest lengths and distances */
		nr = min_t(size_t, fix->packed_len - at, 1 + (number >> 28));
		memset(fix->packed + at, 0xff, nr);
		break;
	case 3:	/* a run of garbage */
		nr = min_t(size_t, fix->packed_len - at, 1 + (number >> 28));
		prandom_bytes_state(&fix->rnd, fix->packed + at, nr);
		break;
	}
}

/* unpack() checks the error and the fence. */
static void damage_is_survived(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i, nr_refused = 0;

	kunit_info(test, "seed 0x%lx\n", SEED);
	for (i = 0; i < 4000; i++) {
		vmzone_samples[i % VMZONE_NR_SAMPLES].fill(fix->src, &fix->rnd);
		KUNIT_ASSERT_TRUE(test, pack(test));
		damage(fix);
		if (unpack(test, fix->packed, fix->packed_len))
			nr_refused++;
	}
	KUNIT_EXPECT_GT(test, nr_refused, 0u);
}

static void garbage_is_survived(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		size_t len = 1 + prandom_u32_state(&fix->rnd) % (PAGE_SIZE + 100);

		prandom_bytes_state(&fix->rnd, fix->packed, len);
		/* Half of the time, something that starts well. */
		if (i & 1) {
			vmzone_samples[i / 2 % VMZONE_NR_SAMPLES].fill(fix->src, &fix->rnd);
			if (pack(test))
				prandom_bytes_state(&fix->rnd, fix->packed + 8,
						    VMZONE_CODEC_OUT_BYTES - 8);
		}
		unpack(test, fix->packed, len);
	}
}

static void trailing_bytes_are_survived(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	unsigned int i;

	for (i = 0; i < VMZONE_NR_SAMPLES; i++) {
		vmzone_samples[i].fill(fix->src, &fix->rnd);
		if (!pack(test))
			fix->packed_len = PAGE_SIZE;
		memset(fix->packed + fix->packed_len, i, 100);
		if (!unpack(test, fix->packed, fix->packed_len + 100))
			KUNIT_EXPECT_EQ(test, memcmp(fix->area + FENCE_BYTES, fix->src,
						     PAGE_SIZE), 0);
	}
}

static void raw_is_a_copy(struct kunit *test)
{
	const struct vmzone_codec_ops *none = vmzone_codec_by_id(VMZONE_CODEC_NONE);
	struct codec_fixture *fix = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, none);
	KUNIT_EXPECT_FALSE(test, none->load_needs_work);
	prandom_bytes_state(&fix->rnd, fix->src, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, none->decompress(NULL, fix->src, PAGE_SIZE, fix->area), 0);
	KUNIT_EXPECT_EQ(test, memcmp(fix->area, fix->src, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, none->decompress(NULL, fix->area, PAGE_SIZE - 1, fix->src),
			-EBADMSG);
	KUNIT_EXPECT_EQ(test, none->decompress(NULL, fix->area, PAGE_SIZE + 1, fix->src),
			-EBADMSG);
	KUNIT_EXPECT_EQ(test, none->decompress(NULL, fix->area, 0, fix->src), -EBADMSG);
}

static void table_is_consistent(struct kunit *test)
{
	u32 id, mask = 0;

	for (id = 0; id < VMZONE_TEST_MAX_ID; id++) {
		const struct vmzone_codec_ops *ops = vmzone_codec_by_id(id);

		if (!ops)
			continue;
		mask |= 1U << id;
		KUNIT_EXPECT_EQ(test, (u32)ops->id, id);
		KUNIT_EXPECT_PTR_EQ(test, vmzone_codec_by_name(ops->name), ops);
		KUNIT_EXPECT_NOT_NULL(test, ops->compress);
		KUNIT_EXPECT_NOT_NULL(test, ops->decompress);
		if (ops->load_needs_work)
			KUNIT_EXPECT_NOT_NULL(test, ops->work_bytes);
	}
	KUNIT_EXPECT_EQ(test, vmzone_codec_mask(), mask);
	KUNIT_EXPECT_EQ(test, mask & 0x1eu, 0x1eu);	/* the four of the contract */
	KUNIT_EXPECT_STREQ(test, vmzone_codec_by_id(VMZONE_CODEC_NONE)->name, "none");
	KUNIT_EXPECT_STREQ(test, vmzone_codec_by_id(VMZONE_CODEC_LZO_RLE)->name, "lzo-rle");
	KUNIT_EXPECT_STREQ(test, vmzone_codec_by_id(VMZONE_CODEC_LZ4)->name, "lz4");
	KUNIT_EXPECT_STREQ(test, vmzone_codec_by_id(VMZONE_CODEC_ZSTD)->name, "zstd");
	/* As echo writes it to a module parameter. */
	KUNIT_EXPECT_PTR_EQ(test, vmzone_codec_by_name("lz4\n"), &vmzone_codec_lz4);
	KUNIT_EXPECT_NULL(test, vmzone_codec_by_name("lz"));
	KUNIT_EXPECT_NULL(test, vmzone_codec_by_name(""));
	KUNIT_EXPECT_NULL(test, vmzone_codec_by_id(U32_MAX));
}

/* One user is the test itself; others come and go without harm to it. */
static void users_are_counted(struct kunit *test)
{
	struct codec_fixture *fix = test->priv;
	void *out = fix->scratch->out;

	KUNIT_EXPECT_NOT_NULL(test, out);
	KUNIT_EXPECT_EQ(test, !fix->scratch->work, !fix->ops->work_bytes);
	KUNIT_ASSERT_EQ(test, vmzone_codec_get(fix->ops), 0);
	KUNIT_ASSERT_EQ(test, vmzone_codec_get(fix->ops), 0);
	vmzone_codec_put(fix->ops);
	vmzone_codec_put(fix->ops);
	KUNIT_EXPECT_PTR_EQ(test, fix->scratch->out, out);
	check_round_trip(test, vmzone_sample_named("text"));

	/* The last one takes the memory away, the next makes it anew. */
	vmzone_codec_end(fix->scratch);
	vmzone_codec_put(fix->ops);
	KUNIT_ASSERT_EQ(test, vmzone_codec_get(fix->ops), 0);
	fix->scratch = vmzone_codec_begin(fix->ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fix->scratch));
	check_round_trip(test, vmzone_sample_named("text"));
}

static struct kunit_case codec_cases[] = {
	KUNIT_CASE(table_is_consistent),
	KUNIT_CASE(raw_is_a_copy),
	KUNIT_CASE_PARAM(round_trip, vmzone_test_codecs),
	KUNIT_CASE_PARAM(round_trip_in_any_order, vmzone_test_codecs),
	KUNIT_CASE_PARAM(stays_inside_its_buffers, vmzone_test_codecs),
	KUNIT_CASE_PARAM(compresses_what_can_be, vmzone_test_compressors),
	KUNIT_CASE_PARAM(cut_short_is_refused, vmzone_test_codecs),
	KUNIT_CASE_PARAM(damage_is_survived, vmzone_test_compressors),
	KUNIT_CASE_PARAM(garbage_is_survived, vmzone_test_codecs),
	KUNIT_CASE_PARAM(trailing_bytes_are_survived, vmzone_test_codecs),
	KUNIT_CASE_PARAM(users_are_counted, vmzone_test_codecs),
	{}
};

static struct kunit_suite codec_suite = {
	.name = "vmzone_codec",
	.init = codec_test_init,
	.exit = codec_test_exit,
	.test_cases = codec_cases,
};

kunit_test_suite(codec_suite);
