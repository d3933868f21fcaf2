// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls. Their structures are made field by field, so that each field can
 * be anything, and so can the size that they claim.
 */
#include "calls.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vmzone.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#define CANARY 0xa5
#define CANARY_BYTES 64

/* Names that VMZONE_IOC_CREATE gets, by number. */
static const char *const names[] = {
	"", "fz-a", "fz-b", "fz/c", "../fz", "fz d", "fz-0123456789012345678901234567890",
	".", "fz\xff",
};

/* Where a structure is before and after a call. */
struct image {
	uint8_t bytes[2 * PAGE];
	size_t len;		/* of what is put into memory */
};

static uint64_t field_value(const struct call *call, const uint64_t *arg, const char *name)
{
	for (size_t i = IN_FIELDS; i < MAX_ARGS && call->args[i].name; i++)
		if (!strcmp(call->args[i].name, name))
			return arg[i];
	return 0;
}

static void make_image(struct image *image, struct context *context, const struct call *call,
		       const uint64_t *arg)
{
	uint32_t size = arg[IN_SIZE];

	memset(image->bytes, 0, sizeof(image->bytes));
	memcpy(image->bytes, &size, sizeof(size));
	for (size_t i = IN_FIELDS; i < MAX_ARGS && call->args[i].name; i++) {
		const struct arg *field = &call->args[i];
		void *pointer = NULL;

		if (field->kind == ARG_WHERE) {
			place(context->tables, &context->area, arg[i], NULL, CANARY_BYTES, &pointer);
			memcpy(image->bytes + field->offset, &pointer, sizeof(pointer));
		} else if (!strcmp(field->name, "name")) {
			strncpy((char *)image->bytes + field->offset,
				names[arg[i] % ARRAY_SIZE(names)], field->width);
		} else {
			memcpy(image->bytes + field->offset, &arg[i], field->width);
		}
	}
	if (size > call->min_size && size <= PAGE)
		image->bytes[size - 1] = arg[IN_TAIL];
	image->len = size < call->min_size ? call->min_size : size > PAGE ? PAGE : size;
	memset(image->bytes + image->len, CANARY, CANARY_BYTES);
}

static bool is_range_bad(const struct call *call, const uint64_t *arg, uint64_t bytes)
{
	uint64_t offset = field_value(call, arg, "offset");
	uint64_t length = field_value(call, arg, "length");

	return offset % PAGE || length % PAGE || offset + length < offset ||
	       (bytes && offset + length > bytes);
}

/* What must fail whatever the zone is like. Return: why, or NULL. */
static const char *must_fail(const struct call *call, const uint64_t *arg)
{
	if ((uint32_t)arg[IN_SIZE] < call->min_size)
		return "a size below the first version's";
	if (arg[IN_SIZE] > PAGE)
		return "a size above a page";
	if ((uint32_t)arg[IN_SIZE] > call->min_size && (uint8_t)arg[IN_TAIL])
		return "a tail that is not zero";
	for (size_t i = IN_FIELDS; i < MAX_ARGS && call->args[i].name; i++) {
		const struct arg *field = &call->args[i];

		if (field->kind == ARG_BITS && (uint32_t)arg[i] & ~field->known)
			return "a bit that means nothing";
		if (!strcmp(field->name, "reserved") && (uint32_t)arg[i])
			return "a reserved field that is not zero";
	}
	if (arg[IN_AT] >= WHERE_NOWHERE || (arg[IN_AT] == WHERE_CUT && call->min_size > 8))
		return "a bad pointer";
	if (arg[IN_AT] == WHERE_READONLY && call->command != VMZONE_IOC_SET &&
	    call->command != VMZONE_IOC_DESTROY && call->command != VMZONE_IOC_PAGEMAP)
		return "a pointer to read-only memory";
	if (!strcmp(call->name, "create") && field_value(call, arg, "bytes") % PAGE)
		return "a size that is not whole pages";
	return is_range_bad(call, arg, 0) ? "a range that is not aligned or wraps" : NULL;
}

/* What must fail on this zone, as it is now. */
static const char *must_fail_here(struct context *context, const struct call *call,
				  const uint64_t *arg)
{
	struct vmzone_set set = { .size = sizeof(set) };

	if (peek(&context->tables->kind[arg[IN_FD]]) == FD_READONLY &&
	    (call->command == VMZONE_IOC_SET || call->command == VMZONE_IOC_DISCARD))
		return "a descriptor that is not open for writing";
	if (context->tables->unprivileged &&
	    (call->command == VMZONE_IOC_DESTROY ||
	     (call->command == VMZONE_IOC_CREATE &&
	      field_value(call, arg, "flags") & VMZONE_CREATE_NAMED)))
		return "a named zone without CAP_SYS_ADMIN";
	if (ioctl(fd_at(context->tables, arg[IN_FD]), VMZONE_IOC_GET, &set))
		return NULL;
	return is_range_bad(call, arg, set.bytes) ? "a range beyond the end" : NULL;
}

/* Whether what stands behind the structure is as it was. */
static bool is_intact(const struct image *image, const uint8_t *at)
{
	uint8_t now[CANARY_BYTES];

	return copy_guarded(now, at + image->len, sizeof(now)) ||
	       !memcmp(now, image->bytes + image->len, sizeof(now));
}

static struct outcome run_ioctl(struct context *context, const struct call *call,
				const uint64_t *arg)
{
	struct tables *tables = context->tables;
	bool alone = !tables->racing && arg[IN_AT] != WHERE_SHARED;
	struct outcome outcome;
	struct image image;
	size_t canary;
	void *at;

	make_image(&image, context, call, arg);
	/* At the edge there is no room for a canary, and no need of one. */
	canary = arg[IN_AT] == WHERE_HEAP || arg[IN_AT] == WHERE_ZONE ? CANARY_BYTES : 0;
	if (!place(tables, &context->area, arg[IN_AT], image.bytes, image.len + canary, &at))
		return skipped;
	outcome = outcome_of(ioctl(fd_at(tables, arg[IN_FD]), call->command, at));
	outcome.kind = kind_at(tables, arg[IN_FD]);
	if (outcome.kind != FD_ZONE && outcome.kind != FD_READONLY)
		return outcome;
	if (outcome.result >= 0 && alone) {
		outcome.why = must_fail(call, arg);
		if (!outcome.why && !tables->racing)
			outcome.why = must_fail_here(context, call, arg);
		if (outcome.why)
			outcome.verdict = VERDICT_ACCEPTED;
	}
	if (canary && alone && arg[IN_AT] == WHERE_HEAP && !is_intact(&image, at)) {
		outcome.verdict = VERDICT_OVERRUN;
		outcome.why = "bytes behind the structure";
	}
	return outcome;
}

static struct outcome run_make(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	struct tables *tables = context->tables;
	struct vmzone_create made;
	struct outcome outcome;
	void *at;

	if (field_value(call, arg, "flags") & VMZONE_CREATE_NAMED)
		tables->named = true;
	/* Any descriptor will do, and a program need not begin with one. */
	if (fd_at(tables, arg[IN_FD]) < 0)
		fd_put(tables, arg[IN_FD], open("/dev/vmzone", O_RDWR | O_CLOEXEC), FD_ZONE);
	outcome = run_ioctl(context, call, arg);
	if (outcome.result || outcome.verdict == VERDICT_SKIPPED ||
	    (outcome.kind != FD_ZONE && outcome.kind != FD_READONLY))
		return outcome;
	/* It may be that the other thread has written over it: then it leaks until the end. */
	if (!place(tables, &context->area, arg[IN_AT], NULL, (uint32_t)arg[IN_SIZE], &at) ||
	    copy_guarded(&made, at, sizeof(made)) || made.out_fd <= 2)
		return outcome;
	if (!tables->racing || arg[IN_AT] != WHERE_SHARED)
		fd_put(tables, field_value(call, arg, "to"), made.out_fd, FD_ZONE);
	return outcome;
}

#define FIELD(type, field, kind_, usual_, known_)				\
	{									\
		.name = #field, .kind = ARG_##kind_, .usual = usual_, .known = known_,	\
		.offset = offsetof(struct vmzone_##type, field),		\
		.width = sizeof(((struct vmzone_##type *)0)->field),		\
	}

/* What they all begin with is added by calls_init(). */
#define RANGE(name_, COMMAND, error, other_error)				\
	{									\
		.name = name_, .run = run_ioctl, .command = VMZONE_IOC_##COMMAND,	\
		.min_size = sizeof(struct vmzone_range),			\
		.args = {							\
			[IN_FIELDS] = FIELD(range, flags, BITS, 0, 0),		\
			FIELD(range, offset, BYTES, 0, 0),			\
			FIELD(range, length, BYTES, 16 * PAGE, 0),		\
		},								\
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, error, other_error },	\
	}

const struct call ioctl_calls[] = {
	{
		.name = "info", .run = run_ioctl, .command = VMZONE_IOC_INFO,
		.min_size = sizeof(struct vmzone_info),
		.errors = { EFAULT, EINVAL, E2BIG },
	},
	{
		.name = "create", .run = run_make, .command = VMZONE_IOC_CREATE,
		.min_size = sizeof(struct vmzone_create),
		.args = {
			[IN_FIELDS] = FIELD(create, flags, BITS, 0, 15),
			FIELD(create, bytes, BYTES, 64 * PAGE, 0),
			FIELD(create, frames, NUMBER, 16, 0),
			FIELD(create, store_limit, BYTES, 256 * PAGE, 0),
			FIELD(create, policy, PICK, 0, 8),
			FIELD(create, codec, PICK, 0, 6),
			FIELD(create, name, PICK, 0, ARRAY_SIZE(names)),
			FIELD(create, reserved, NUMBER, 0, 0),
			{ .name = "to", .kind = ARG_FD },
		},
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, EOPNOTSUPP, ENOSPC, EPERM, EEXIST, ENOMEM },
		.makes = true,
	},
	{
		.name = "destroy", .run = run_ioctl, .command = VMZONE_IOC_DESTROY,
		.min_size = sizeof(struct vmzone_destroy),
		.args = {
			[IN_FIELDS] = FIELD(destroy, flags, BITS, 0, 0),
		},
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, EPERM },
	},
	{
		.name = "set", .run = run_ioctl, .command = VMZONE_IOC_SET,
		.min_size = sizeof(struct vmzone_set),
		.args = {
			[IN_FIELDS] = FIELD(set, which, BITS, VMZONE_SET_FRAMES, 31),
			FIELD(set, bytes, BYTES, 64 * PAGE, 0),
			FIELD(set, frames, NUMBER, 24, 0),
			FIELD(set, store_limit, BYTES, 256 * PAGE, 0),
			FIELD(set, policy, PICK, VMZONE_POLICY_CLOCK, 8),
			FIELD(set, codec, PICK, VMZONE_CODEC_LZ4, 6),
		},
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, EBADF, ENOMEM, EBUSY, ENOSPC, EPERM },
	},
	{
		.name = "get", .run = run_ioctl, .command = VMZONE_IOC_GET,
		.min_size = sizeof(struct vmzone_set),
		.args = {
			[IN_FIELDS] = FIELD(set, which, BITS, 0, 31),
		},
		.errors = { EFAULT, EINVAL, E2BIG },
	},
	RANGE("page_in", PAGE_IN, ENOMEM, 0),
	RANGE("page_out", PAGE_OUT, ENOMEM, 0),
	RANGE("pin", PIN, ENOMEM, EOVERFLOW),
	RANGE("unpin", UNPIN, 0, 0),
	RANGE("discard", DISCARD, EBUSY, EBADF),
	{
		.name = "pagemap", .run = run_ioctl, .command = VMZONE_IOC_PAGEMAP,
		.min_size = sizeof(struct vmzone_pagemap),
		.args = {
			[IN_FIELDS] = FIELD(pagemap, flags, BITS, 0, 0),
			FIELD(pagemap, offset, BYTES, 0, 0),
			FIELD(pagemap, length, BYTES, 16 * PAGE, 0),
			FIELD(pagemap, vec, WHERE, WHERE_SHARED, 0),
		},
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, ENOMEM },
	},
	{
		.name = "stats", .run = run_ioctl, .command = VMZONE_IOC_STATS,
		.min_size = sizeof(struct vmzone_stats),
		.args = {
			[IN_FIELDS] = FIELD(stats, flags, BITS, 0, 1),
		},
		.errors = { EFAULT, EINVAL, E2BIG },
	},
	{
		.name = "histogram", .run = run_ioctl, .command = VMZONE_IOC_HISTOGRAM,
		.min_size = sizeof(struct vmzone_histogram),
		.args = {
			[IN_FIELDS] = FIELD(histogram, kind, PICK, 0, 7),
			FIELD(histogram, nr, PICK, 0, 40),
			FIELD(histogram, reserved, NUMBER, 0, 0),
		},
		.errors = { EFAULT, EINVAL, E2BIG },
	},
	{
		.name = "clone", .run = run_ioctl, .command = VMZONE_IOC_CLONE,
		.min_size = sizeof(struct vmzone_clone),
		.args = {
			[IN_FIELDS] = FIELD(clone, flags, BITS, 0, 0),
			FIELD(clone, frames, NUMBER, 0, 0),
			FIELD(clone, reserved, NUMBER, 0, 0),
		},
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, EOPNOTSUPP },
	},
};

const uint32_t nr_ioctl_calls = ARRAY_SIZE(ioctl_calls);
