// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl.c - the command table
 *
 * Owns: the copying in and out of every structure by the rule of
 * copy_struct_from_user(), the check of every field, and the order of checks:
 * size, flags and reserved fields, features, ranges. A handler gets a structure
 * of this kernel's size with all that the user did not know set to zero.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "doors.h"
#include "range.h"
#include "settings.h"
#include "zone.h"

#define VMZONE_FEATURES	\
	(VMZONE_FEATURE_SET | VMZONE_FEATURE_NAMED | VMZONE_FEATURE_HISTOGRAM)

/* Slots in one go of VMZONE_IOC_PAGEMAP. */
#define PAGEMAP_CHUNK	((size_t)PAGE_SIZE)

/* Any command's structure; each begins with its size. */
union argument {
	u32 size;
	struct vmzone_info info;
	struct vmzone_create create;
	struct vmzone_destroy destroy;
	struct vmzone_set set;
	struct vmzone_range range;
	struct vmzone_pagemap pagemap;
	struct vmzone_stats stats;
	struct vmzone_histogram histogram;
	struct vmzone_clone clone;
};

/* The layout is the same for all programs, whatever their word size. */
static_assert(sizeof(struct vmzone_info) == VMZONE_INFO_SIZE_VER0);
static_assert(sizeof(struct vmzone_create) == VMZONE_CREATE_SIZE_VER0);
static_assert(sizeof(struct vmzone_destroy) == VMZONE_DESTROY_SIZE_VER0);
static_assert(sizeof(struct vmzone_set) == VMZONE_SET_SIZE_VER0);
static_assert(sizeof(struct vmzone_range) == VMZONE_RANGE_SIZE_VER0);
static_assert(sizeof(struct vmzone_pagemap) == VMZONE_PAGEMAP_SIZE_VER0);
static_assert(sizeof(struct vmzone_stats) == VMZONE_STATS_SIZE_VER0);
static_assert(sizeof(struct vmzone_histogram) == VMZONE_HISTOGRAM_SIZE_VER0);
static_assert(sizeof(struct vmzone_clone) == VMZONE_CLONE_SIZE_VER0);
static_assert(offsetof(struct vmzone_create, out_fd) == 40);
static_assert(offsetof(struct vmzone_create, name) == 44);

/**
 * struct call - one ioctl under way
 * @file: the descriptor
 * @zone: its zone
 * @user: the user's structure
 * @user_size: its size as the user knows it
 * @kernel_size: as this kernel knows it
 * @arg: the copy
 */
struct call {
	struct file *file;
	struct vmzone_zone *zone;
	void __user *user;
	size_t user_size;
	size_t kernel_size;
	union argument arg;
};

/* Results go back before anything that could not be undone is visible. */
static int copy_back(const struct call *call)
{
	size_t size = min(call->user_size, call->kernel_size);

	return copy_to_user(call->user, &call->arg, size) ? -EFAULT : 0;
}

static int do_info(struct call *call)
{
	struct vmzone_info *info = &call->arg.info;

	*info = (struct vmzone_info) {
		.size = info->size,
		.abi = VMZONE_ABI,
		.features = VMZONE_FEATURES,
		.policies = vmzone_policy_mask(),
		.codecs = vmzone_codec_mask(),
		.page_size = PAGE_SIZE,
		.max_frames = READ_ONCE(vmzone_params.max_frames),
		.max_zone_bytes = VMZONE_MAX_BYTES,
	};
	return copy_back(call);
}

/* 1 to 31 characters that are safe in a path and in sysfs. */
static int check_name(const char *name)
{
	size_t i, len = strnlen(name, VMZONE_NAME_LEN);

	if (!len || len == VMZONE_NAME_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !(isalnum(name[i]) || strchr("_.-", name[i])))
			return -EINVAL;
	return 0;
}

/* Flags and fields that say something, against what this build can do. */
static int check_create(const struct vmzone_create *create)
{
	const u32 known = VMZONE_CREATE_PREALLOC | VMZONE_CREATE_EXEC |
			  VMZONE_CREATE_CLONEABLE | VMZONE_CREATE_NAMED;
	bool named = create->flags & VMZONE_CREATE_NAMED;

	if ((create->flags & ~known) || create->reserved)
		return -EINVAL;
	if (!named && memchr_inv(create->name, 0, sizeof(create->name)))
		return -EINVAL;
	if (named && check_name(create->name))
		return -EINVAL;
	if (create->flags & VMZONE_CREATE_CLONEABLE)
		return -EOPNOTSUPP;
	return named && !capable(CAP_SYS_ADMIN) ? -EPERM : 0;
}

static int config_of(const struct vmzone_create *create, struct vmzone_config *config)
{
	int ret = check_create(create);

	if (ret)
		return ret;
	vmzone_config_default(config);
	config->flags = create->flags;
	strscpy(config->name, create->name, sizeof(config->name));
	if (create->bytes)
		config->bytes = create->bytes;
	if (create->frames)
		config->frames = create->frames;
	if (create->store_limit)
		config->store_limit_bytes = create->store_limit;
	if (create->policy)
		config->policy = vmzone_policy_by_id(create->policy);
	if (create->codec)
		config->codec = vmzone_codec_by_id(create->codec);
	return config->policy && config->codec ? 0 : -EINVAL;
}

static int do_create(struct call *call)
{
	struct vmzone_config config;
	struct vmzone_zone *zone;
	struct file *file;
	int fd, ret;

	ret = config_of(&call->arg.create, &config);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	zone = vmzone_zone_create(&config);
	if (IS_ERR(zone)) {
		ret = PTR_ERR(zone);
		goto err_fd;
	}
	file = vmzone_file_create(zone);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_fd;
	}
	if (config.flags & VMZONE_CREATE_NAMED) {
		ret = vmzone_node_create(zone);
		if (ret)
			goto err_file;
	}
	call->arg.create.out_fd = fd;
	ret = copy_back(call);
	if (ret)
		goto err_node;
	fd_install(fd, file);
	return 0;

err_node:
	vmzone_node_destroy(zone);
err_file:
	fput(file);
err_fd:
	put_unused_fd(fd);
	return ret;
}

static int do_destroy(struct call *call)
{
	if (call->arg.destroy.flags)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return vmzone_node_destroy(call->zone);
}

static int do_set(struct call *call)
{
	/* It changes what others who share the zone rely on, as a write does. */
	if (!(call->file->f_mode & FMODE_WRITE))
		return -EBADF;
	return vmzone_settings_apply(call->zone, &call->arg.set);
}

static int do_get(struct call *call)
{
	/* What it said the last time is as good as 0. */
	if (call->arg.set.which & ~VMZONE_SETTINGS_ALL)
		return -EINVAL;
	vmzone_settings_read(call->zone, &call->arg.set);
	return copy_back(call);
}

static int check_range(const struct call *call, u32 flags, u64 offset, u64 length)
{
	u64 bytes = vmzone_zone_bytes(call->zone);

	if (flags || !PAGE_ALIGNED(offset) || !PAGE_ALIGNED(length))
		return -EINVAL;
	return offset > bytes || length > bytes - offset ? -EINVAL : 0;
}

typedef int (*range_fn)(struct vmzone_zone *zone, pgoff_t first, pgoff_t end, u64 *nr_done);

/* @undo takes back what @apply did, if it must not stay when it cannot be told. */
static int do_range(struct call *call, range_fn apply, range_fn undo)
{
	struct vmzone_range *range = &call->arg.range;
	pgoff_t first = range->offset >> PAGE_SHIFT;
	pgoff_t end = first + (range->length >> PAGE_SHIFT);
	int ret, copied;
	u64 nr_done = 0;

	ret = check_range(call, range->flags, range->offset, range->length);
	if (ret)
		return ret;
	/* A result that cannot be told must not come about. */
	range->out_pages = 0;
	ret = copy_back(call);
	if (ret)
		return ret;
	ret = apply(call->zone, first, end, &nr_done);
	range->out_pages = nr_done;
	copied = copy_back(call);
	/* It could be a moment ago. */
	if (!ret && copied && undo)
		undo(call->zone, first, end, &nr_done);
	return ret ? ret : copied;
}

static int do_page_in(struct call *call)
{
	return do_range(call, vmzone_range_page_in, NULL);
}

static int do_page_out(struct call *call)
{
	return do_range(call, vmzone_range_page_out, NULL);
}

static int do_pin(struct call *call)
{
	return do_range(call, vmzone_range_pin, vmzone_range_unpin);
}

static int do_unpin(struct call *call)
{
	return do_range(call, vmzone_range_unpin, NULL);
}

static int do_discard(struct call *call)
{
	/* It changes contents, as a write does. */
	if (!(call->file->f_mode & FMODE_WRITE))
		return -EBADF;
	return do_range(call, vmzone_range_discard, NULL);
}

static int do_pagemap(struct call *call)
{
	const struct vmzone_pagemap *pagemap = &call->arg.pagemap;
	u8 __user *user = u64_to_user_ptr(pagemap->vec);
	pgoff_t first = pagemap->offset >> PAGE_SHIFT;
	u64 left = pagemap->length >> PAGE_SHIFT;
	int ret;
	u8 *vec;

	ret = check_range(call, pagemap->flags, pagemap->offset, pagemap->length);
	if (ret)
		return ret;
	vec = kmalloc(PAGEMAP_CHUNK, GFP_KERNEL);
	if (!vec)
		return -ENOMEM;
	while (left && !ret) {
		size_t nr = min_t(u64, left, PAGEMAP_CHUNK);

		vmzone_range_pagemap(call->zone, first, nr, vec);
		if (copy_to_user(user, vec, nr))
			ret = -EFAULT;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		user += nr;
		first += nr;
		left -= nr;
		cond_resched();
	}
	kfree(vec);
	return ret;
}

static int do_stats(struct call *call)
{
	struct vmzone_descriptor *descriptor = call->file->private_data;
	struct vmzone_stats *stats = &call->arg.stats;
	long pressure = atomic_long_read(&call->zone->pressure);
	int ret;

	if (stats->flags & ~VMZONE_STATS_RESET)
		return -EINVAL;
	/* What cannot be told must not be reset. */
	ret = copy_back(call);
	if (ret)
		return ret;
	vmzone_zone_read_stats(call->zone, stats, stats->flags & VMZONE_STATS_RESET);
	WRITE_ONCE(descriptor->pressure_seen, pressure);
	return copy_back(call);
}

static int do_histogram(struct call *call)
{
	struct vmzone_histogram *histogram = &call->arg.histogram;

	if (histogram->kind >= VMZONE_HIST_NR || histogram->reserved ||
	    (histogram->nr && histogram->nr != VMZONE_HIST_BUCKETS))
		return -EINVAL;
	histogram->nr = VMZONE_HIST_BUCKETS;
	vmzone_counters_read_hist(&call->zone->counters,
				  array_index_nospec(histogram->kind, VMZONE_HIST_NR),
				  histogram->buckets);
	return copy_back(call);
}

/* VMZONE_FEATURE_CLONE is not there. */
static int do_clone(struct call *call)
{
	return -EOPNOTSUPP;
}

/**
 * struct command - a row of the command table
 * @number: VMZONE_IOC_*
 * @min_size: of the structure's first version
 * @kernel_size: of the structure as this kernel knows it
 * @call: the handler
 */
struct command {
	unsigned int number;
	size_t min_size;
	size_t kernel_size;
	int (*call)(struct call *call);
};

static const struct command commands[] = {
#define COMMAND(name, type, TYPE, function)				\
	{ VMZONE_IOC_##name, VMZONE_##TYPE##_SIZE_VER0,			\
	  sizeof(struct vmzone_##type), function }
	COMMAND(INFO, info, INFO, do_info),
	COMMAND(CREATE, create, CREATE, do_create),
	COMMAND(DESTROY, destroy, DESTROY, do_destroy),
	COMMAND(SET, set, SET, do_set),
	COMMAND(GET, set, SET, do_get),
	COMMAND(PAGE_IN, range, RANGE, do_page_in),
	COMMAND(PAGE_OUT, range, RANGE, do_page_out),
	COMMAND(PIN, range, RANGE, do_pin),
	COMMAND(UNPIN, range, RANGE, do_unpin),
	COMMAND(DISCARD, range, RANGE, do_discard),
	COMMAND(PAGEMAP, pagemap, PAGEMAP, do_pagemap),
	COMMAND(STATS, stats, STATS, do_stats),
	COMMAND(HISTOGRAM, histogram, HISTOGRAM, do_histogram),
	COMMAND(CLONE, clone, CLONE, do_clone),
#undef COMMAND
};

static const struct command *find_command(unsigned int number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

/**
 * vmzone_ioctl() - an ioctl on a descriptor of a zone
 * @file: the descriptor
 * @number: VMZONE_IOC_*
 * @arg: pointer to the command's structure in user space
 *
 * Context: process context, sleeps.
 * Return: 0, or an error as in the uapi header.
 */
long vmzone_ioctl(struct file *file, unsigned int number, unsigned long arg)
{
	const struct command *command = find_command(number);
	struct call call = {
		.file = file,
		.zone = vmzone_file_zone(file),
		.user = (void __user *)arg,
	};
	u32 user_size;
	int ret;

	if (!command)
		return -ENOTTY;
	if (get_user(user_size, (u32 __user *)call.user))
		return -EFAULT;
	if (user_size < command->min_size)
		return -EINVAL;
	if (user_size > PAGE_SIZE)
		return -E2BIG;
	call.user_size = user_size;
	call.kernel_size = command->kernel_size;
	ret = copy_struct_from_user(&call.arg, call.kernel_size, call.user, user_size);
	if (ret)
		return ret;
	/* What was read first is what was checked. */
	call.arg.size = user_size;
	return command->call(&call);
}
