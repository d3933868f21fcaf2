// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - init and exit ladders, module parameters
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "delay.h"
#include "doors.h"
#include "read_copy.h"
#include "reclaim.h"
#include "shrinker.h"
#include "zone.h"

/* Defaults where the machine does not say: 16 GiB, a sparse range costs little. */
#define DEFAULT_ZONE_BYTES	(16UL << 30)

/**
 * struct number - a module parameter that is a number
 * @value: where it is kept
 * @min: smallest value
 * @max: largest value
 * @multiple: what it must be a multiple of
 */
struct number {
	unsigned long *value;
	unsigned long min;
	unsigned long max;
	unsigned long multiple;
};

/* As memparse() takes it: 64M is good, too. What is refused changes nothing. */
static int number_set(const char *value, const struct kernel_param *param)
{
	const struct number *number = param->arg;
	char *end;
	unsigned long long parsed = memparse(value, &end);

	if (end == value || !sysfs_streq(end, ""))
		return -EINVAL;
	if (parsed < number->min || parsed > number->max || parsed % number->multiple)
		return -EINVAL;
	WRITE_ONCE(*number->value, parsed);
	return 0;
}

static int number_get(char *buffer, const struct kernel_param *param)
{
	const struct number *number = param->arg;

	return sysfs_emit(buffer, "%lu\n", READ_ONCE(*number->value));
}

static const struct kernel_param_ops number_param_ops = {
	.set = number_set,
	.get = number_get,
};

#define NUMBER_PARAM(name, min_, max_, multiple_, text)			\
	static const struct number name##_number = {			\
		.value = &vmzone_params.name,				\
		.min = min_,						\
		.max = max_,						\
		.multiple = multiple_,					\
	};								\
	module_param_cb(name, &number_param_ops, (void *)&name##_number, 0644);	\
	MODULE_PARM_DESC(name, text)

NUMBER_PARAM(zone_bytes, PAGE_SIZE, VMZONE_MAX_BYTES, PAGE_SIZE,
	     "Default size of a zone in bytes (default: 16 GiB)");
NUMBER_PARAM(zone_frames, VMZONE_POOL_MIN_FRAMES, LONG_MAX, 1,
	     "Default budget of a zone in frames (default: 1/64 of memory)");
NUMBER_PARAM(zone_store_limit, PAGE_SIZE, LONG_MAX, 1,
	     "Default limit of a zone's store in bytes (default: 1/4 of memory)");
NUMBER_PARAM(max_frames, VMZONE_POOL_MIN_FRAMES, LONG_MAX, 1,
	     "Most frames of all zones together (default: 1/2 of memory)");
NUMBER_PARAM(max_zone_frames, VMZONE_POOL_MIN_FRAMES, LONG_MAX, 1,
	     "Most frames of one zone without CAP_SYS_RESOURCE (default: max_frames)");

static int policy_set(const char *value, const struct kernel_param *param)
{
	const struct vmzone_policy_ops *ops = vmzone_policy_by_name(value);

	if (!ops)
		return -EINVAL;
	WRITE_ONCE(vmzone_params.policy, ops);
	return 0;
}

static int policy_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", READ_ONCE(vmzone_params.policy)->name);
}

static const struct kernel_param_ops policy_param_ops = {
	.set = policy_set,
	.get = policy_get,
};
module_param_cb(policy, &policy_param_ops, NULL, 0644);
MODULE_PARM_DESC(policy, "Default policy: fifo, clock, nru, lru, sieve, s3fifo (default: s3fifo)");

static int codec_set(const char *value, const struct kernel_param *param)
{
	const struct vmzone_codec_ops *ops = vmzone_codec_by_name(value);

	if (!ops)
		return -EINVAL;
	WRITE_ONCE(vmzone_params.codec, ops);
	return 0;
}

static int codec_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", READ_ONCE(vmzone_params.codec)->name);
}

static const struct kernel_param_ops codec_param_ops = {
	.set = codec_set,
	.get = codec_get,
};
module_param_cb(codec, &codec_param_ops, NULL, 0644);
MODULE_PARM_DESC(codec, "Default codec: none, lzo-rle, lz4, zstd (default: lz4)");

/* Parameters that were not given, from what the machine has. */
static void fill_params(void)
{
	unsigned long nr_pages = totalram_pages();
	struct vmzone_params *params = &vmzone_params;

	if (!params->zone_bytes)
		params->zone_bytes = DEFAULT_ZONE_BYTES;
	if (!params->zone_frames)
		params->zone_frames = max_t(unsigned long, nr_pages / 64,
					    VMZONE_POOL_MIN_FRAMES);
	if (!params->zone_store_limit)
		params->zone_store_limit = nr_pages / 4 * PAGE_SIZE;
	if (!params->max_frames)
		params->max_frames = nr_pages / 2;
	if (!params->max_zone_frames)
		params->max_zone_frames = params->max_frames;
	if (!params->policy)
		params->policy = &vmzone_policy_s3fifo;
	if (!params->codec)
		params->codec = &vmzone_codec_lz4;
}

static int __init vmzone_init(void)
{
	int ret;

	fill_params();
	ret = vmzone_reclaim_init();
	if (ret)
		return ret;
	ret = vmzone_read_copy_init();
	if (ret)
		goto err_reclaim;
	ret = vmzone_shrinker_init();
	if (ret)
		goto err_read_copy;
	vmzone_debugfs_init();
	ret = vmzone_device_init();
	if (ret)
		goto err_debugfs;
	return 0;

err_debugfs:
	vmzone_debugfs_exit();
	vmzone_shrinker_exit();
err_read_copy:
	vmzone_read_copy_exit();
err_reclaim:
	vmzone_reclaim_exit();
	return ret;
}

static void __exit vmzone_exit(void)
{
	vmzone_delay(VMZONE_DELAY_MODULE_LEAVING, 0);
	vmzone_device_exit();
	vmzone_debugfs_exit();
	vmzone_shrinker_exit();
	vmzone_read_copy_exit();
	vmzone_reclaim_exit();
}

module_init(vmzone_init);
module_exit(vmzone_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(VMZONE_VERSION);
MODULE_DESCRIPTION("Demand-paged memory zones with a hard budget and a compressed store");
