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
	struct call *table = calloc(nr_ioctl_calls + nr_file_calls + nr_map_calls,
				    sizeof(*table));

	if (!table)
		bail("no memory");
	memcpy(table, ioctl_calls, nr_ioctl_calls * sizeof(*table));
	for (uint32_t i = 0; i < nr_ioctl_calls; i++) {
		struct arg *args = table[i].args;

		args[IN_FD] = (struct arg){ .name = "fd", .kind = ARG_FD };
		args[IN_AT] = (struct arg){ .name = "at", .kind = ARG_WHERE };
		args[IN_SIZE] = (struct arg){ .name = "size", .kind = ARG_SIZE,
					      .usual = table[i].min_size };
		args[IN_TAIL] = (struct arg){ .name = "tail", .kind = ARG_NUMBER };
	}
	nr_calls = nr_ioctl_calls;
	memcpy(table + nr_calls, file_calls, nr_file_calls * sizeof(*table));
	nr_calls += nr_file_calls;
	memcpy(table + nr_calls, map_calls, nr_map_calls * sizeof(*table));
	nr_calls += nr_map_calls;
	calls = table;
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

struct outcome outcome_of(long result)
{
	return (struct outcome){ .result = result < 0 ? -errno : result };
}

static bool is_allowed(const struct call *call, int error)
{
	for (size_t i = 0; i < MAX_ERRORS && call->errors[i]; i++)
		if (call->errors[i] == error)
			return true;
	return false;
}

struct outcome call_run(struct context *context, const struct step *step)
{
	const struct call *call = &calls[step->call];
	struct outcome outcome;

	errno = 0;
	outcome = call->run(context, call, step->arg);
	if (outcome.verdict != VERDICT_FINE || outcome.result >= 0)
		return outcome;
	/* Others' descriptors have errors of their own; a race may have closed ours. */
	if (outcome.kind != FD_ZONE && outcome.kind != FD_READONLY)
		return outcome;
	if (context->tables->racing || is_allowed(call, -outcome.result))
		return outcome;
	outcome.verdict = VERDICT_ERROR;
	outcome.why = strerrorname_np(-outcome.result);
	return outcome;
}
