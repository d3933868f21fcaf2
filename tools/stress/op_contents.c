// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that read and write: a slot by any door, ranges by one call. Readers
 * race with everything; writers with everything but another writer of the slot.
 */
#include "stress.h"

#include <errno.h>
#include <unistd.h>

#define MAX_CALL 8		/* slots of one read or write */

/* What a touch and a call may answer that found no room. */
static bool means_no_room(int error)
{
	return error == -EFAULT || error == -ENOMEM;
}

bool may_fail(unsigned int zone, int error, enum where where)
{
	bool cramped = shared->config.tight || shared->config.pin_share > 60;

	if (where != INSIDE && (error == -ENODATA || error == -EBADE || means_no_room(error))) {
		shared->tally.past_end++;
		return true;
	}
	if (!cramped || !means_no_room(error))
		return false;
	shared->tally.refused++;
	if (error == -EFAULT)
		shared->refused_touches[zone]++;
	else
		shared->refused_calls[zone]++;
	return true;
}

void judge(unsigned int zone, size_t slot, struct window *window, const void *page,
	   const char *how)
{
	struct zone_model *model = &shared->zones[zone];
	enum verdict verdict;
	size_t where;

	model_window_close(&model->slots[slot], window);
	verdict = model_judge(model, slot, window, page, &where);
	shared->tally.verdicts[verdict]++;
	if (verdict == WRONG)
		found_contents(zone, slot, window, page, where, how);
}

/* After a read with that result; the window is still open. */
static void conclude_read(unsigned int zone, size_t slot, struct window *window, int ret,
			  enum where where, const void *page)
{
	if (!ret && where == OUTSIDE)
		found_at(BAD_CALL, zone, slot, "a read beyond the end succeeds");
	else if (!ret)
		judge(zone, slot, window, page, "read");
	else if (!may_fail(zone, ret, where))
		found_at(BAD_SIGNAL, zone, slot, "a read fails with %d", ret);
}

void look(struct worker *worker, unsigned int zone, size_t slot)
{
	struct zone_model *model = &shared->zones[zone];
	struct size_window size;
	struct window window;
	int ret;

	size = model_size_open(model);
	model_window_open(&model->slots[slot], &window);
	ret = door_read(worker, zone, slot, worker->page);
	conclude_read(zone, slot, &window, ret, model_size_close(model, &size, slot),
		      worker->page);
}

void look_mapped(struct worker *worker, unsigned int zone, size_t slot, const uint8_t *address)
{
	struct zone_model *model = &shared->zones[zone];
	struct size_window size;
	struct window window;
	int ret;

	size = model_size_open(model);
	model_window_open(&model->slots[slot], &window);
	ret = copy_guarded(worker->page, address, page_size) ? -EFAULT : 0;
	conclude_read(zone, slot, &window, ret, model_size_close(model, &size, slot),
		      worker->page);
}

bool op_read(struct worker *worker)
{
	unsigned int zone = any_zone(worker);

	look(worker, zone, any_slot(worker));
	return true;
}

/* Of one slot of a call on several that moved so many bytes, or failed: 0 or an error. */
static int result_of(ssize_t ret, size_t i)
{
	if (ret >= (ssize_t)((i + 1) * page_size))
		return 0;
	/* Where a call was cut short, the reason is not told: it is no fault's. */
	if (ret > 0)
		return -ENOMEM;
	return !ret || ret == -ENOSPC ? -ENODATA : ret;
}

bool op_read_range(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_CALL, &first);
	uint8_t buffer[MAX_CALL * page_size];
	struct window windows[MAX_CALL];
	struct size_window size = model_size_open(model);
	ssize_t ret;

	for (size_t i = 0; i < nr; i++)
		model_window_open(&model->slots[first + i], &windows[i]);
	ret = pread(worker->views[zone].fd, buffer, nr * page_size, first * page_size);
	ret = ret < 0 ? -errno : ret;
	for (size_t i = 0; i < nr; i++)
		conclude_read(zone, first + i, &windows[i], result_of(ret, i),
			      model_size_close(model, &size, first + i), buffer + i * page_size);
	return true;
}

static void disown_range(unsigned int zone, size_t first, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		model_disown(&shared->zones[zone].slots[first + i]);
}

/* All of nr slots, or none. */
static bool own_range(struct worker *worker, unsigned int zone, size_t first, size_t nr)
{
	struct slot_model *slots = shared->zones[zone].slots;

	for (size_t i = 0; i < nr; i++) {
		if (model_own(&slots[first + i], worker->number))
			continue;
		disown_range(zone, first, i);
		return false;
	}
	return true;
}

/* After a write of one slot with that result. */
static void conclude_write(unsigned int zone, size_t index, const struct write_ticket *ticket,
			   int ret, enum where where)
{
	struct slot_model *slot = &shared->zones[zone].slots[index];

	model_write_end(slot, ticket, !ret ? DONE : where == OUTSIDE ? NOTHING : PARTLY);
	model_log(slot, self.worker, self.op, false, ret ? ret : (long)ticket->version);
	if (!ret && where == OUTSIDE)
		found_at(BAD_CALL, zone, index, "a write beyond the end succeeds");
	else if (ret && !may_fail(zone, ret, where))
		found_at(BAD_SIGNAL, zone, index, "a write fails with %d", ret);
}

bool op_write(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t index = any_slot(worker);
	uint8_t blocks = any_blocks(worker);
	struct slot_model *slot = &model->slots[index];
	struct write_ticket ticket;
	struct size_window size;
	int ret;

	if (!model_own(slot, worker->number))
		return false;
	size = model_size_open(model);
	ticket = model_write_begin(slot, blocks);
	model_page(model, index, ticket.version, worker->page);
	model_log(slot, worker->number, self.op, true, ticket.version);
	ret = door_write(worker, zone, index, blocks, worker->page);
	conclude_write(zone, index, &ticket, ret, model_size_close(model, &size, index));
	if (any(worker, 2))
		look(worker, zone, index);
	model_disown(slot);
	return true;
}

bool op_write_range(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_CALL, &first);
	uint8_t buffer[MAX_CALL * page_size];
	struct write_ticket tickets[MAX_CALL];
	struct size_window size = model_size_open(model);
	ssize_t ret;

	if (!own_range(worker, zone, first, nr))
		return false;
	for (size_t i = 0; i < nr; i++) {
		tickets[i] = model_write_begin(&model->slots[first + i], ALL_BLOCKS);
		model_page(model, first + i, tickets[i].version, buffer + i * page_size);
		model_log(&model->slots[first + i], worker->number, self.op, true,
			  tickets[i].version);
	}
	ret = pwrite(worker->views[zone].fd, buffer, nr * page_size, first * page_size);
	ret = ret < 0 ? -errno : ret;
	for (size_t i = 0; i < nr; i++)
		conclude_write(zone, first + i, &tickets[i], result_of(ret, i),
			       model_size_close(model, &size, first + i));
	disown_range(zone, first, nr);
	return true;
}
