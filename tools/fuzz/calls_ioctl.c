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

#define VEC_BYTES 64		/* at most, of a vector that is looked behind */

const char *const zone_names[NR_NAMES] = {
	"", "fz-a", "fz-b", "fz/c", "../fz", "fz d", "fz-0123456789012345678901234567890",
	".", "fz\xff",
};

/* A structure as the call gets it. */
struct image {
	uint8_t bytes[PAGE];
	size_t len;		/* of what is put into memory */
};

static uint64_t field_value(const struct call *call, const uint64_t *arg, const char *name)
{
	for (size_t i = IN_FIELDS; i < MAX_ARGS && call->args[i].name; i++)
		if (!strcmp(call->args[i].name, name))
			return arg[i];
	return 0;
}

/* A second buffer of the thread's own, apart from the structure. */
static uint8_t *vec_of(const struct context *context)
{
	return context->area.at + VEC_PAGE * PAGE;
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
			place(context->tables, &context->area, arg[i], NULL, VEC_BYTES, &pointer);
			if (pointer == context->area.at)
				pointer = vec_of(context);
			memcpy(image->bytes + field->offset, &pointer, sizeof(pointer));
		} else if (!strcmp(field->name, "name")) {
			strncpy((char *)image->bytes + field->offset,
				zone_names[arg[i] % NR_NAMES], field->width);
		} else {
			memcpy(image->bytes + field->offset, &arg[i], field->width);
		}
	}
	if (size > call->min_size && size <= PAGE)
		image->bytes[size - 1] = arg[IN_TAIL];
	image->len = size < call->min_size ? call->min_size : size > PAGE ? PAGE : size;
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

/* What must fail on this zone, as it is now, and as long as no other thread changes it. */
static const char *must_fail_here(struct context *context, const struct call *call,
				  const uint64_t *arg)
{
	const struct tables *tables = context->tables;
	struct vmzone_set set = { .size = sizeof(set) };

	if (tables->unprivileged &&
	    (call->command == VMZONE_IOC_DESTROY ||
	     (call->command == VMZONE_IOC_CREATE &&
	      field_value(call, arg, "flags") & VMZONE_CREATE_NAMED)))
		return "a named zone without CAP_SYS_ADMIN";
	if (tables->racing && !tables->steady)
		return NULL;
	if (kind_at(tables, arg[IN_FD]) == FD_READONLY &&
	    (call->command == VMZONE_IOC_SET || call->command == VMZONE_IOC_DISCARD))
		return "a descriptor that is not open for writing";
	if (tables->racing || ioctl(fd_at(tables, arg[IN_FD]), VMZONE_IOC_GET, &set))
		return NULL;
	return is_range_bad(call, arg, set.bytes) ? "a range beyond the end" : NULL;
}

/* Whether all the memory that a call may ask for is there, so that EFAULT is wrong. */
static bool is_memory_there(const struct call *call, const uint64_t *arg)
{
	uint64_t nr_bytes = field_value(call, arg, "length") / PAGE;
	bool only_reads = call->command == VMZONE_IOC_SET || call->command == VMZONE_IOC_DESTROY;
	uint64_t vec = field_value(call, arg, "vec");

	if (arg[IN_AT] > WHERE_SHARED || arg[IN_AT] == WHERE_CUT ||
	    (arg[IN_AT] == WHERE_READONLY && !only_reads))
		return false;
	if (call->command != VMZONE_IOC_PAGEMAP)
		return true;
	/* Where both write, the pointer may have become another. */
	return is_own(arg[IN_AT]) &&
	       (((vec == WHERE_HEAP || vec == WHERE_EDGE) && nr_bytes <= VEC_BYTES) ||
		(vec == WHERE_SHARED && nr_bytes <= PAGE));
}

static bool has_compat_ioctl;

/*
 * As a program of 32 bits calls it: by the gate that such programs have, which a program
 * of 64 bits may use, too, with addresses that fit. Return: -errno.
 */
static long compat_ioctl(int fd, unsigned long command, uintptr_t at)
{
	long result = 54;	/* ioctl, there */

	asm volatile("int $0x80" : "+a" (result) : "b" (fd), "c" (command), "d" (at)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)result;
}

static int try_compat_ioctl(void *arg)
{
	(void)arg;
	return compat_ioctl(-1, VMZONE_IOC_INFO, 0) != -EBADF;
}

void compat_init(void)
{
	/* A kernel without that gate ends the child. */
	has_compat_ioctl = !child_run(try_compat_ioctl, NULL);
	if (!has_compat_ioctl)
		diag("this kernel has no callers of 32 bits");
}

/* Return: whether the call was made. */
static bool make_call(struct outcome *outcome, int fd, const struct call *call,
		      const uint64_t *arg, void *at)
{
	if (!(arg[IN_COMPAT] & 1)) {
		*outcome = outcome_of(ioctl(fd, call->command, at));
		return true;
	}
	/* What is left of an address of the zone could be anything. */
	if (!has_compat_ioctl || arg[IN_AT] == WHERE_ZONE || arg[IN_AT] == WHERE_ZONE_EDGE)
		return false;
	*outcome = (struct outcome){ .result = compat_ioctl(fd, call->command, (uintptr_t)at) };
	return true;
}

/* What is wrong with an outcome on a zone, whatever the call's errors are. */
static struct outcome judge(struct context *context, const struct call *call, const uint64_t *arg,
			    struct outcome outcome)
{
	/* What the other thread writes to is not what was put there. */
	bool kept = is_own(arg[IN_AT]) || (arg[IN_AT] != WHERE_SHARED && !context->tables->racing);
	const char *why = NULL;

	if (outcome.result >= 0 && kept) {
		why = must_fail(call, arg);
		if (!why)
			why = must_fail_here(context, call, arg);
	}
	if (why)
		return wrong(outcome, VERDICT_ACCEPTED, why);
	if (outcome.result == -EFAULT && is_memory_there(call, arg))
		return wrong(outcome, VERDICT_ERROR, "EFAULT for memory that is there");
	return outcome;
}

/* Where the thread's own vector for PAGEMAP ends, if it is told of that one; or NULL. */
static uint8_t *vec_end(const struct context *context, const struct call *call,
			const uint64_t *arg)
{
	uint64_t nr_bytes = field_value(call, arg, "length") / PAGE;

	/* Where both write, the pointer may have become another. */
	if (call->command != VMZONE_IOC_PAGEMAP || !is_own(arg[IN_AT]) ||
	    field_value(call, arg, "vec") != WHERE_HEAP || nr_bytes > VEC_BYTES)
		return NULL;
	return vec_of(context) + nr_bytes;
}

static struct outcome run_ioctl(struct context *context, const struct call *call,
				const uint64_t *arg)
{
	struct tables *tables = context->tables;
	enum fd_kind kind = kind_at(tables, arg[IN_FD]);
	uint8_t *behind, *behind_vec = vec_end(context, call, arg);
	struct outcome outcome;
	struct image image;
	void *at;

	make_image(&image, context, call, arg);
	if (!place(tables, &context->area, arg[IN_AT], image.bytes, image.len, &at))
		return skipped;
	behind = arg[IN_AT] == WHERE_HEAP ? (uint8_t *)at + image.len : NULL;
	canary_put(behind);
	canary_put(behind_vec);
	if (!make_call(&outcome, fd_at(tables, arg[IN_FD]), call, arg, at))
		return skipped;
	/* In a race, another may stand there now. */
	outcome.kind = kind == kind_at(tables, arg[IN_FD]) ? kind : FD_NONE;
	if (is_zone(outcome.kind))
		outcome = judge(context, call, arg, outcome);
	if (!canary_is_intact(behind))
		outcome = wrong(outcome, VERDICT_OVERRUN, "bytes behind the structure");
	if (!canary_is_intact(behind_vec))
		outcome = wrong(outcome, VERDICT_OVERRUN, "bytes behind the vector");
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
	if (fd_at(tables, arg[IN_FD]) < 0) {
		int fd = open("/dev/vmzone", O_RDWR | O_CLOEXEC);

		if (fd >= 0)
			fd_put(tables, arg[IN_FD], fd, FD_ZONE);
	}
	outcome = run_ioctl(context, call, arg);
	if (outcome.result || outcome.verdict == VERDICT_SKIPPED || !is_zone(outcome.kind))
		return outcome;
	/* It may be that the other thread has written over it: then it leaks until the end. */
	if (!place(tables, &context->area, arg[IN_AT], NULL, (uint32_t)arg[IN_SIZE], &at) ||
	    copy_guarded(&made, at, sizeof(made)) || made.out_fd <= 2)
		return outcome;
	if (!tables->racing || is_own(arg[IN_AT]))
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
			FIELD(create, name, PICK, 0, NR_NAMES),
			FIELD(create, reserved, NUMBER, 0, 0),
			TO_FD(0),
		},
		.errors = { EFAULT, EINVAL, E2BIG, EINTR, EOPNOTSUPP, ENOSPC, EPERM, EEXIST, ENOMEM },
		.makes = true, .swaps = true,
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
			/* What GET said the last time may stand there still. */
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
