// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings, and what is done with the memory there. A mapping stays within the
 * addresses reserved for its place in the table; what would touch every page of
 * a huge one is cut to a few.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TOUCH (64 * PAGE)

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

struct map *map_at(struct context *context, uint64_t place)
{
	return &context->tables->map[place % NR_MAPS];
}

/* fd map prot flags offset length */
static struct outcome run_mmap(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	struct map *map = map_at(context, arg[1]);
	/* Elsewhere than in its place, it is only there to fail. */
	bool fits = arg[5] <= MAP_ROOM;
	enum fd_kind kind = kind_at(context->tables, arg[0]);
	int flags = arg[3] & (MAP_SHARED_VALIDATE | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK |
			      MAP_LOCKED | MAP_SYNC);
	struct outcome outcome;
	uint8_t *at;

	(void)call;
	if (arg[5] > MAX_TOUCH)
		flags &= ~(MAP_POPULATE | MAP_LOCKED);
	at = mmap(fits ? map->at : NULL, arg[5], arg[2] & 7, flags | (fits ? MAP_FIXED : 0),
		  fd_at(context->tables, arg[0]), arg[4]);
	outcome = outcome_of(at == MAP_FAILED ? -1 : 0);
	outcome.kind = kind == kind_at(context->tables, arg[0]) ? kind : FD_NONE;
	if (at == MAP_FAILED)
		return outcome;
	if (fits)
		poke(&map->len, round_up(arg[5]));
	else
		munmap(at, arg[5]);
	/* While descriptors change, it may have been another's. */
	if (is_zone(outcome.kind) && (!context->tables->racing || context->tables->steady) &&
	    (arg[5] > 1UL << 46 || arg[4] > 1UL << 46 || (flags & MAP_TYPE) == MAP_PRIVATE))
		return wrong(outcome, VERDICT_ACCEPTED,
			     "a mapping beyond any zone, or a private one");
	return outcome;
}

bool part_of(const struct map *map, uint64_t offset, uint64_t *length, uint64_t max)
{
	if (!peek(&map->len) || offset >= MAP_ROOM)
		return false;
	if (*length > MAP_ROOM - offset)
		*length = MAP_ROOM - offset;
	if (max && *length > max)
		*length = max;
	return true;
}

struct outcome run_on_part(struct context *context, const struct call *call, const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]);
	uint64_t length = arg[2];

	if (!part_of(map, arg[1], &length, call->max_part))
		return skipped;
	return judged(call->on_part(map->at + arg[1], length, arg[3]));
}

/* By mapping something else over it, so that the addresses stay reserved. */
static long do_munmap(uint8_t *at, uint64_t length, uint64_t how)
{
	(void)how;
	return mmap(at, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		    -1, 0) == MAP_FAILED ? -1 : 0;
}

static long do_mprotect(uint8_t *at, uint64_t length, uint64_t prot)
{
	return mprotect(at, length, prot & 7);
}

static long do_madvise(uint8_t *at, uint64_t length, uint64_t how)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE, MADV_HUGEPAGE,
		MADV_DONTDUMP, MADV_DODUMP, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_FREE, 4096,
	};

	return madvise(at, length, advice[how % ARRAY_SIZE(advice)]);
}

static long do_msync(uint8_t *at, uint64_t length, uint64_t flags)
{
	return msync(at, length, flags);
}

static long do_mlock(uint8_t *at, uint64_t length, uint64_t undo)
{
	return undo & 1 ? munlock(at, length) : mlock(at, length);
}

long touch_part(uint8_t *at, uint64_t length, uint64_t write)
{
	uint8_t byte = length;
	long nr = 0;

	for (uint64_t done = 0; done < length; done += PAGE)
		nr += write & 1 ? !copy_guarded(at + done, &byte, 1) :
				  !copy_guarded(&byte, at + done, 1);
	return nr;
}

/* Shrinks in place, or moves to the place of another mapping. */
static struct outcome run_mremap(struct context *context, const struct call *call,
				 const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]), *to = map_at(context, arg[1]);
	uint64_t length = arg[3], size = arg[4];
	uint8_t *left = map->at + arg[2], *end;
	void *at;

	(void)call;
	if (!part_of(map, arg[2], &length, 0) || !part_of(map, 0, &size, 0))
		return skipped;
	if (map == to)
		at = mremap(map->at + arg[2], length, size < length ? size : length, 0);
	else
		at = mremap(map->at + arg[2], length, size, MREMAP_MAYMOVE | MREMAP_FIXED, to->at);
	if (at == MAP_FAILED)
		return judged(-1);
	/* What it left behind is reserved again. */
	if (map != to)
		poke(&to->len, size);
	else
		left = map->at + arg[2] + round_up(size);
	end = map->at + arg[2] + round_up(length);
	if (left < end)
		mmap(left, end - left, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	return judged(0);
}

static struct outcome run_mincore(struct context *context, const struct call *call,
				  const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]);
	uint64_t length = arg[2];
	void *vec;

	(void)call;
	if (!part_of(map, arg[1], &length, 0) ||
	    !place(context->tables, &context->area, arg[3], NULL, 64, &vec))
		return skipped;
	return judged(mincore(map->at + arg[1], length, vec));
}

/* A child that touches and goes, with all that it inherited. */
static struct outcome run_fork(struct context *context, const struct call *call,
			       const uint64_t *arg)
{
	struct map *map = map_at(context, arg[0]);
	uint64_t length = 8 * PAGE;
	int status = 0;
	pid_t pid;

	(void)call;
	if (!part_of(map, 0, &length, 0))
		return skipped;
	/* Of two threads, it has only this one, and no lock that the other may hold. */
	pid = _Fork();
	if (!pid) {
		touch_part(map->at, length, true);
		_exit(0);
	}
	if (pid < 0)
		return judged(pid);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? wrong(judged(0), VERDICT_WRONG, "a child that died") :
				     judged(0);
}

const struct call map_calls[] = {
	{ .name = "mmap", .run = run_mmap, .makes = true,
	  .args = { ON_FD, ON_MAP,
		{ .name = "prot", .kind = ARG_BITS, .usual = PROT_READ | PROT_WRITE, .known = 7 },
		{ .name = "flags", .kind = ARG_BITS, .usual = MAP_SHARED, .known = 0x1e003 },
		OFFSET, LENGTH(64 * PAGE) },
	  .errors = { EINVAL, EACCES, ENOMEM, EOVERFLOW, EAGAIN, EBADF, EPERM, EOPNOTSUPP,
		ENODEV } },
	{ .name = "munmap", .run = run_on_part, .on_part = do_munmap,
	  .args = { ON_MAP, OFFSET, LENGTH(8 * PAGE) }, .errors = { EINVAL, ENOMEM } },
	{ .name = "mprotect", .run = run_on_part, .on_part = do_mprotect,
	  .args = { ON_MAP, OFFSET, LENGTH(8 * PAGE),
		{ .name = "prot", .kind = ARG_BITS, .usual = PROT_READ, .known = 7 } },
	  .errors = { EINVAL, EACCES, ENOMEM } },
	{ .name = "mremap", .run = run_mremap,
	  .args = { ON_MAP, { .name = "to", .kind = ARG_MAP, .usual = 1 }, OFFSET,
		LENGTH(16 * PAGE), { .name = "size", .kind = ARG_BYTES, .usual = 8 * PAGE } },
	  .errors = { EINVAL, EFAULT, ENOMEM, EAGAIN } },
	{ .name = "madvise", .run = run_on_part, .on_part = do_madvise, .max_part = MAX_TOUCH,
	  .args = { ON_MAP, OFFSET, LENGTH(16 * PAGE),
		{ .name = "advice", .kind = ARG_PICK, .usual = 4, .known = 18 } },
	  .errors = { EINVAL, ENOMEM, EBUSY, EFAULT, EBADF, ENODEV, EOPNOTSUPP, EACCES, EAGAIN } },
	{ .name = "msync", .run = run_on_part, .on_part = do_msync,
	  .args = { ON_MAP, OFFSET, LENGTH(16 * PAGE),
		{ .name = "flags", .kind = ARG_BITS, .usual = MS_SYNC, .known = 7 } },
	  .errors = { EINVAL, ENOMEM, EBUSY } },
	{ .name = "mincore", .run = run_mincore,
	  .args = { ON_MAP, OFFSET, LENGTH(16 * PAGE), AT },
	  .errors = { EINVAL, EFAULT, ENOMEM } },
	{ .name = "mlock", .run = run_on_part, .on_part = do_mlock, .max_part = MAX_TOUCH,
	  .args = { ON_MAP, OFFSET, LENGTH(8 * PAGE), PICK("undo", 2) },
	  .errors = { EINVAL, ENOMEM, EAGAIN, EPERM } },
	{ .name = "touch", .run = run_on_part, .on_part = touch_part, .max_part = MAX_TOUCH,
	  .args = { ON_MAP, OFFSET, LENGTH(16 * PAGE),
		{ .name = "write", .kind = ARG_PICK, .usual = 1, .known = 2 } } },
	{ .name = "fork", .run = run_fork, .args = { ON_MAP }, .errors = { EAGAIN, ENOMEM } },
};

const uint32_t nr_map_calls = ARRAY_SIZE(map_calls);
