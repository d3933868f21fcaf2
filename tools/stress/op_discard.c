// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that empty slots: DISCARD, punched holes, MADV_REMOVE, and a zone that
 * becomes smaller. None of them asks who is writing just then. What only a regular
 * file can do goes by main()'s descriptor, since a node's is a device.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t blocks_of(const struct emptying *emptying, size_t i, uint8_t first_blocks,
			 uint8_t last_blocks)
{
	uint8_t blocks = ALL_BLOCKS;

	if (!i)
		blocks &= first_blocks;
	if (i == emptying->nr - 1)
		blocks &= last_blocks;
	return blocks;
}

/* Only a slot that loses all of its contents may object for its pin. */
static void find_whole(struct emptying *emptying)
{
	size_t end = emptying->nr;

	emptying->whole = 0;
	while (end && emptying->tickets[end - 1].blocks != ALL_BLOCKS)
		end--;
	while (emptying->whole < end && emptying->tickets[emptying->whole].blocks != ALL_BLOCKS)
		emptying->whole++;
	emptying->nr_whole = end - emptying->whole;
}

void emptying_begin(struct emptying *emptying, unsigned int zone, size_t first, size_t nr,
		    uint8_t first_blocks, uint8_t last_blocks)
{
	struct zone_model *model = &shared->zones[zone];

	emptying->zone = zone;
	emptying->first = first;
	emptying->nr = nr;
	for (size_t i = 0; i < nr; i++)
		emptying->tickets[i] = model_discard_begin(&model->slots[first + i],
			blocks_of(emptying, i, first_blocks, last_blocks));
	find_whole(emptying);
	model_pins_open(model, first + emptying->whole, emptying->nr_whole, &emptying->pins);
	log_range(zone, first, nr, true, 0);
}

void emptying_end(struct emptying *emptying, long ret, const char *how)
{
	struct zone_model *model = &shared->zones[emptying->zone];
	size_t whole = emptying->first + emptying->whole;
	enum outcome outcome = ret >= 0 ? DONE :
			       ret == -EBUSY || ret == -EINVAL ? NOTHING : PARTLY;

	log_range(emptying->zone, emptying->first, emptying->nr, false, ret);
	for (size_t i = 0; i < emptying->nr; i++)
		model_discard_end(&model->slots[emptying->first + i], &emptying->tickets[i],
				  outcome);
	if (ret == -EBUSY &&
	    model_none_pinned(model, whole, emptying->nr_whole, &emptying->pins))
		found_at(BAD_CALL, emptying->zone, whole, "%s of %zu slots is EBUSY without a pin",
			 how, emptying->nr_whole);
	if (ret >= 0 && model_some_pinned(model, whole, emptying->nr_whole, &emptying->pins))
		found_at(BAD_CALL, emptying->zone, whole, "%s of %zu slots in spite of a pin", how,
			 emptying->nr_whole);
}

/* What else a call of that kind may answer. */
static void check_answer(const struct emptying *emptying, long ret, bool may_want_room,
			 const char *how)
{
	if (ret >= 0 || ret == -EBUSY)
		return;
	if (may_want_room && may_fail(emptying->zone, ret, INSIDE))
		return;
	found_at(BAD_CALL, emptying->zone, emptying->first, "%s of %zu slots answers %ld", how,
		 emptying->nr, ret);
}

bool op_discard(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	struct emptying emptying;
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	enum where where;
	long ret;

	emptying_begin(&emptying, zone, first, nr, ALL_BLOCKS, ALL_BLOCKS);
	ret = zone_range(&worker->views[zone], VMZONE_IOC_DISCARD, first, nr);
	emptying_end(&emptying, ret, "DISCARD");
	where = model_size_close(model, &size, first + nr - 1);
	if (where != EITHER && (ret == -EINVAL) != (where == OUTSIDE))
		found_at(BAD_CALL, zone, first, "DISCARD of %zu slots answers %ld", nr, ret);
	if (ret != -EINVAL)
		check_answer(&emptying, ret, false, "DISCARD");
	return true;
}

bool op_punch(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct emptying emptying;
	size_t first, nr = any_range(worker, MAX_RANGE, &first), block_size = page_size / NR_BLOCKS;
	size_t skip = any(worker, 2) ? any(worker, NR_BLOCKS) : 0;
	size_t keep = any(worker, 2) ? any(worker, NR_BLOCKS) : 0;
	size_t start = first * page_size + skip * block_size;
	size_t end = (first + nr) * page_size - keep * block_size;
	long ret;

	if (start >= end)
		return false;
	emptying_begin(&emptying, zone, first, nr, ALL_BLOCKS << skip, ALL_BLOCKS >> keep);
	ret = fallocate(bases[zone].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start,
			end - start) ? -errno : 0;
	emptying_end(&emptying, ret, "a punched hole");
	check_answer(&emptying, ret, skip || keep, "a punched hole");
	return true;
}

bool op_remove(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct emptying emptying;
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	long ret;

	/* Of a mapping in one piece: of several the kernel asks for one after the other. */
	emptying_begin(&emptying, zone, first, nr, ALL_BLOCKS, ALL_BLOCKS);
	ret = madvise(bases[zone].map + first * page_size, nr * page_size, MADV_REMOVE) ?
	      -errno : 0;
	emptying_end(&emptying, ret, "MADV_REMOVE");
	check_answer(&emptying, ret, false, "MADV_REMOVE");
	return true;
}

/* By SET or by ftruncate(2). */
static long resize(struct worker *worker, unsigned int zone, size_t nr_slots)
{
	if (any(worker, 2))
		return zone_set(worker->views[zone].fd, (struct vmzone_set) {
			.which = VMZONE_SET_BYTES, .bytes = nr_slots * page_size,
		});
	return ftruncate(bases[zone].fd, nr_slots * page_size) ? -errno : 0;
}

static void check_size(unsigned int zone, size_t nr_slots)
{
	struct stat stat;

	if (fstat(bases[zone].fd, &stat))
		found(BAD_CALL, "fstat of zone %u: %d", zone, errno);
	else if ((size_t)stat.st_size != nr_slots * page_size)
		found(BAD_CALL, "zone %u has %lld bytes by fstat, want %zu", zone,
		      (long long)stat.st_size, nr_slots * page_size);
}

bool op_truncate(struct worker *worker)
{
	const struct config *config = &shared->config;
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t nr_slots = config->min_slots +
			  any(worker, config->nr_slots - config->min_slots + 1);
	struct emptying emptying;
	long ret;

	if (pthread_mutex_trylock(&model->settings))
		return false;
	emptying_begin(&emptying, zone, nr_slots, config->nr_slots - nr_slots, ALL_BLOCKS,
		       ALL_BLOCKS);
	model_size_begin(model, nr_slots);
	ret = resize(worker, zone, nr_slots);
	model_size_end(model, !ret);
	emptying_end(&emptying, ret, "a smaller size");
	check_answer(&emptying, ret, false, "a smaller size");
	check_size(zone, model->size);
	pthread_mutex_unlock(&model->settings);
	return true;
}
