// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on address space and descriptors: mappings move, go in part, come
 * again, lose and regain rights; zones are opened again and their old descriptors
 * closed; zones come and go. The mapping that an operation works on is the worker's
 * own, but other threads of the process map as well: whatever is taken away is
 * replaced in the same call, or was never somebody else's to take.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_SHORT_SLOTS 64
#define NR_SHORT_FRAMES 24

static void *must_map(void *at, size_t len, int protection, int flags, int fd, size_t slot)
{
	void *map = mmap(at, len, protection, flags, fd, slot * page_size);

	if (map == MAP_FAILED)
		found(BAD_CALL, "mmap of %zu bytes of slot %zu: %d", len, slot, errno);
	return map;
}

/* A mapping of a part goes to another place, shorter if it so happens. */
bool op_mremap(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	size_t first, nr = any_range(worker, MAX_RANGE, &first), left = 1 + any(worker, nr);
	uint8_t *map, *place, *moved;

	if (first + nr > shared->config.min_slots)
		return false;
	map = must_map(NULL, nr * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       worker->views[zone].fd, first);
	place = must_map(NULL, left * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || place == MAP_FAILED)
		return true;
	look_mapped(worker, zone, first, map);
	moved = mremap(map, nr * page_size, left * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (moved != place)
		found(BAD_CALL, "mremap of %zu slots to %zu: %d", nr, left, errno);
	else
		for (size_t i = 0; i < left; i++)
			look_mapped(worker, zone, first + i, moved + i * page_size);
	if (munmap(place, left * page_size))
		found(BAD_CALL, "munmap: %d", errno);
	return true;
}

/* A part is nobody's for a while, then the zone's again. What is inside only. */
bool op_map_again(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone *view = &worker->views[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	uint8_t *at = slot_at(view, first), byte;

	if (first + nr > shared->config.min_slots)
		return false;
	must_map(at, nr * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (copy_guarded(&byte, at, 1) != SIGSEGV)
		found_at(BAD_SIGNAL, zone, first, "a touch of what is not mapped");
	must_map(at, nr * page_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED | (any(worker, 4) ? 0 : MAP_POPULATE), view->fd, first);
	look_mapped(worker, zone, first, at);
	return true;
}

/* A second mapping of a part, of which a part goes first. */
bool op_map_part(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone *view = &worker->views[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first), head = any(worker, nr);
	uint8_t *map;

	if (first + nr > shared->config.min_slots)
		return false;
	map = must_map(NULL, nr * page_size, PROT_READ, MAP_SHARED, view->fd, first);
	if (map == MAP_FAILED)
		return true;
	for (size_t i = 0; i < nr; i++)
		look_mapped(worker, zone, first + i, map + i * page_size);
	if (head && munmap(map, head * page_size))
		found(BAD_CALL, "munmap: %d", errno);
	look_mapped(worker, zone, first + head, map + head * page_size);
	if (munmap(map + head * page_size, (nr - head) * page_size))
		found(BAD_CALL, "munmap: %d", errno);
	return true;
}

bool op_protect(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone *view = &worker->views[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	uint8_t *at = slot_at(view, first), byte = 0x5a;

	if (first + nr > shared->config.min_slots)
		return false;
	if (mprotect(at, nr * page_size, PROT_READ))
		found(BAD_CALL, "mprotect: %d", errno);
	look_mapped(worker, zone, first, at);
	if (copy_guarded(at, &byte, 1) != SIGSEGV)
		found_at(BAD_SIGNAL, zone, first, "a write to what may only be read");
	if (mprotect(at, nr * page_size, PROT_READ | PROT_WRITE))
		found(BAD_CALL, "mprotect: %d", errno);
	return true;
}

/* The descriptor again, by /proc or by the node; the mapping keeps the old file. */
bool op_reopen(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone *view = &worker->views[zone];
	char path[64];
	int fd;

	if (bases[zone].path[0] && any(worker, 2))
		snprintf(path, sizeof(path), "%s", bases[zone].path);
	else
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", any(worker, 2) ? getpid() : shared->main,
			 bases[zone].fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		found(BAD_CALL, "open of %s: %d", path, errno);
		return true;
	}
	if (view->fd != bases[zone].fd)
		close(view->fd);
	view->fd = fd;
	return true;
}

/* A zone of a moment: zeros at first, whoever had its frames before. */
bool op_short_zone(struct worker *worker)
{
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = NR_SHORT_SLOTS * page_size,
		.frames = NR_SHORT_FRAMES,
		.policy = 1 + any(worker, VMZONE_POLICY_S3FIFO),
		.codec = 1 + any(worker, VMZONE_CODEC_ZSTD),
		.flags = any(worker, 2) ? VMZONE_CREATE_PREALLOC : 0,
	});
	struct pattern pattern = { FILL_MIX, MAX_ZONES + worker->number, worker->random };
	size_t first = any(worker, NR_SHORT_SLOTS / 2), nr = NR_SHORT_SLOTS / 2;

	for (size_t slot = 0; slot < nr; slot += 5)
		if (!all_zero(slot_at(&zone, slot), page_size))
			found(BAD_CONTENTS, "a new zone is not zeros");
	pattern_fill(&zone, pattern, first, nr);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, first, any(worker, nr));
	if (any(worker, 2) && pattern_bad(&zone, pattern, first, nr))
		found(BAD_CONTENTS, "a zone of a moment, policy %u, codec %u, is wrong",
		      zone_get(zone.fd).policy, zone_get(zone.fd).codec);
	zone_drop(&zone);
	return true;
}
