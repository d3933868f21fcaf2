// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of calls, and how a call is made and judged.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct call *calls;
uint32_t nr_calls;
const struct outcome skipped = { .verdict = VERDICT_SKIPPED };

void calls_init(void)
{
	const struct {
		const struct call *calls;
		uint32_t nr;
	} parts[] = {
		{ ioctl_calls, nr_ioctl_calls }, { file_calls, nr_file_calls },
		{ map_calls, nr_map_calls }, { page_calls, nr_page_calls },
		{ beside_calls, nr_beside_calls },
	};
	struct call *table = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		table = realloc(table, (nr_calls + parts[i].nr) * sizeof(*table));
		if (!table)
			bail("no memory");
		memcpy(table + nr_calls, parts[i].calls, parts[i].nr * sizeof(*table));
		nr_calls += parts[i].nr;
	}
	for (uint32_t i = 0; i < nr_ioctl_calls; i++) {
		struct arg *args = table[i].args;

		args[IN_FD] = (struct arg){ .name = "fd", .kind = ARG_FD };
		args[IN_AT] = (struct arg){ .name = "at", .kind = ARG_WHERE };
		args[IN_SIZE] = (struct arg){ .name = "size", .kind = ARG_SIZE,
					      .usual = table[i].min_size };
		args[IN_TAIL] = (struct arg){ .name = "tail", .kind = ARG_NUMBER };
		args[IN_COMPAT] = (struct arg){ .name = "compat", .kind = ARG_PICK, .known = 2 };
	}
	if (nr_calls > MAX_CALLS)
		bail("more calls than MAX_CALLS");
	calls = table;
	compat_init();
}

long call_by_name(const char *name)
{
	for (uint32_t i = 0; i < nr_calls; i++)
		if (!strcmp(calls[i].name, name))
			return i;
	return -1;
}

int fd_at(const struct tables *tables, uint64_t place)
{
	return place < NR_FDS ? peek(&tables->fd[place]) : (int)place;
}

enum fd_kind kind_at(const struct tables *tables, uint64_t place)
{
	return place < NR_FDS ? peek(&tables->kind[place]) : FD_FOREIGN;
}

void fd_put(struct tables *tables, uint64_t place, int fd, enum fd_kind kind)
{
	int old;

	place %= NR_FDS;
	old = __atomic_exchange_n(&tables->fd[place], fd, __ATOMIC_RELAXED);
	poke(&tables->kind[place], kind);
	if (old >= 0)
		close(old);
}

struct outcome made(struct tables *tables, uint64_t place, int fd, enum fd_kind kind)
{
	struct outcome outcome = judged(fd);

	if (fd >= 0)
		fd_put(tables, place, fd, kind);
	return outcome;
}

struct outcome outcome_of(long result)
{
	return (struct outcome){ .result = result < 0 ? -errno : result };
}

struct outcome judged(long result)
{
	struct outcome outcome = outcome_of(result);

	outcome.kind = FD_ZONE;
	return outcome;
}

struct outcome wrong(struct outcome outcome, enum verdict verdict, const char *why)
{
	outcome.verdict = verdict;
	outcome.why = why;
	return outcome;
}

bool is_zone(enum fd_kind kind)
{
	return kind == FD_ZONE || kind == FD_READONLY;
}

static bool is_one_of(const int *errors, size_t nr, int error)
{
	for (size_t i = 0; i < nr && errors[i]; i++)
		if (errors[i] == error)
			return true;
	return false;
}

/* What a descriptor gives that is no zone's any more, or a device or a name that is gone. */
static const int changed_errors[] = {
	EBADF, ENOTTY, ESPIPE, EINVAL, EACCES, EPERM, ENODEV, ENOENT, ENXIO, EAGAIN, EPIPE,
	EOPNOTSUPP, EFBIG,
};

static bool is_allowed(const struct tables *tables, const struct call *call, int error)
{
	return is_one_of(call->errors, MAX_ERRORS, error) ||
	       (tables->racing && !tables->steady &&
		is_one_of(changed_errors, ARRAY_SIZE(changed_errors), error));
}

struct outcome call_run(struct context *context, const struct step *step)
{
	const struct call *call = &calls[step->call];
	struct outcome outcome;

	errno = 0;
	outcome = call->run(context, call, step->arg);
	if (outcome.verdict != VERDICT_FINE || outcome.result >= 0)
		return outcome;
	/* Others' descriptors have errors of their own. */
	if (!is_zone(outcome.kind) || is_allowed(context->tables, call, -outcome.result))
		return outcome;
	return wrong(outcome, VERDICT_ERROR, strerrorname_np(-outcome.result));
}
