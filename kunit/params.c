// SPDX-License-Identifier: GPL-2.0-only
/*
 * params.c - parameters for KUNIT_CASE_PARAM(): all codecs, all policies
 *
 * They come from the tables in module/, so that a codec or a policy that is
 * added there is tested without a change here.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "../module/codec.h"
#include "../module/policy.h"
#include "params.h"

static const void *next_codec(const struct vmzone_codec_ops *ops, u32 first, char *desc)
{
	u32 id;

	for (id = ops ? ops->id + 1 : first; id < VMZONE_TEST_MAX_ID; id++) {
		ops = vmzone_codec_by_id(id);
		if (ops) {
			strscpy(desc, ops->name, KUNIT_PARAM_DESC_SIZE);
			return ops;
		}
	}
	return NULL;
}

/**
 * vmzone_test_codecs() - the next codec of the table
 * @prev: the one before, or NULL
 * @desc: returned: its name
 *
 * Context: as KUnit calls it.
 * Return: its struct vmzone_codec_ops, or NULL after the last one.
 */
const void *vmzone_test_codecs(const void *prev, char *desc)
{
	return next_codec(prev, 0, desc);
}

/**
 * vmzone_test_compressors() - the next codec that does more than to copy
 * @prev: the one before, or NULL
 * @desc: returned: its name
 *
 * Context: as KUnit calls it.
 * Return: its struct vmzone_codec_ops, or NULL after the last one.
 */
const void *vmzone_test_compressors(const void *prev, char *desc)
{
	return next_codec(prev, VMZONE_CODEC_NONE + 1, desc);
}

/**
 * vmzone_test_policies() - the next policy of the table
 * @prev: the one before, or NULL
 * @desc: returned: its name
 *
 * Context: as KUnit calls it.
 * Return: its struct vmzone_policy_ops, or NULL after the last one.
 */
const void *vmzone_test_policies(const void *prev, char *desc)
{
	const struct vmzone_policy_ops *ops = prev;
	u32 id;

	for (id = ops ? ops->id + 1 : 0; id < VMZONE_TEST_MAX_ID; id++) {
		ops = vmzone_policy_by_id(id);
		if (ops) {
			strscpy(desc, ops->name, KUNIT_PARAM_DESC_SIZE);
			return ops;
		}
	}
	return NULL;
}
