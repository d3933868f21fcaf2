// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that move pages and change no contents: in, out, pinned, unmapped,
 * populated. None of them asks anybody.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void log_range(unsigned int zone, size_t first, size_t nr, bool begin, long value)
{
	for (size_t i = 0; i < nr; i++)
		model_log(&shared->zones[zone].slots[first + i], self.worker, self.op, begin, value);
}

static const char *command_name(unsigned long command)
{
	switch (command) {
	case VMZONE_IOC_PAGE_IN:
		return "PAGE_IN";
	case VMZONE_IOC_PAGE_OUT:
		return "PAGE_OUT";
	case VMZONE_IOC_PIN:
		return "PIN";
	default:
		return "UNPIN";
	}
}

/* Whether that answer may be, but for the errors that are the command's own. */
static void check_range(unsigned int zone, unsigned long command, size_t first, size_t nr,
			long ret, enum where where)
{
	bool outside = ret == -EINVAL;

	if (ret > (long)nr || (ret < 0 && ret != -EINVAL && ret != -ENOMEM) ||
	    (where != EITHER && outside != (where == OUTSIDE)))
		found_at(BAD_CALL, zone, first, "%s of %zu slots answers %ld", command_name(command),
			 nr, ret);
}

/* For want of room, where there was room. */
static void check_room(unsigned int zone, unsigned long command, size_t first, size_t nr, long ret,
		       bool fits)
{
	if (ret != -ENOMEM)
		return;
	if (!fits)
		shared->tally.refused++;
	else if (!may_fail(zone, ret, INSIDE))
		found_at(BAD_CALL, zone, first, "%s of %zu slots is ENOMEM, and they would fit",
			 command_name(command), nr);
}

bool op_page_in(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	struct pin_window pins;
	long ret;

	model_pins_open(model, first, nr, &pins);
	log_range(zone, first, nr, true, 0);
	ret = zone_range(&worker->views[zone], VMZONE_IOC_PAGE_IN, first, nr);
	log_range(zone, first, nr, false, ret);
	check_range(zone, VMZONE_IOC_PAGE_IN, first, nr, ret,
		    model_size_close(model, &size, first + nr - 1));
	check_room(zone, VMZONE_IOC_PAGE_IN, first, nr, ret, model_pins_fit(model, &pins, nr, 0));
	return true;
}

bool op_page_out(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	long ret;

	log_range(zone, first, nr, true, 0);
	ret = zone_range(&worker->views[zone], VMZONE_IOC_PAGE_OUT, first, nr);
	log_range(zone, first, nr, false, ret);
	check_range(zone, VMZONE_IOC_PAGE_OUT, first, nr, ret,
		    model_size_close(model, &size, first + nr - 1));
	check_room(zone, VMZONE_IOC_PAGE_OUT, first, nr, ret, true);
	return true;
}

/* Calls of the kernel's that are advice: they succeed. */
static void check_advice(unsigned int zone, size_t first, size_t nr, int ret, const char *what)
{
	log_range(zone, first, nr, false, ret);
	if (ret)
		found_at(BAD_CALL, zone, first, "%s of %zu slots answers %d", what, nr, ret);
}

bool op_fadvise(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	int advice = any(worker, 2) ? POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED;

	log_range(zone, first, nr, true, advice);
	check_advice(zone, first, nr, posix_fadvise(worker->views[zone].fd, first * page_size,
						    nr * page_size, advice), "fadvise");
	return true;
}

bool op_madvise(struct worker *worker)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT,
		MADV_RANDOM, MADV_SEQUENTIAL, MADV_NORMAL,
	};
	unsigned int zone = any_zone(worker);
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	int advice = advices[any(worker, ARRAY_SIZE(advices))];

	log_range(zone, first, nr, true, advice);
	check_advice(zone, first, nr, madvise(slot_at(&worker->views[zone], first), nr * page_size,
					      advice) ? -errno : 0, "madvise");
	return true;
}

bool op_populate(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	int advice = any(worker, 2) ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;
	enum where where;
	long ret;

	log_range(zone, first, nr, true, advice);
	ret = madvise(slot_at(&worker->views[zone], first), nr * page_size, advice) ? -errno : 0;
	log_range(zone, first, nr, false, ret);
	where = model_size_close(model, &size, first + nr - 1);
	if (ret ? !may_fail(zone, ret, where) : where == OUTSIDE)
		found_at(BAD_CALL, zone, first, "MADV_POPULATE of %zu slots answers %ld", nr, ret);
	return true;
}

static size_t slots_pinned(const struct worker *worker, unsigned int zone)
{
	size_t nr = 0;

	for (unsigned int i = 0; i < worker->nr_pins; i++)
		if (worker->pins[i].zone == zone)
			nr += worker->pins[i].nr;
	return nr;
}

bool op_pin(struct worker *worker)
{
	const struct config *config = &shared->config;
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	size_t share = config->frames * config->pin_share / 100 / shared->nr_workers;
	struct pin_window pins;
	long ret;

	if (first < NR_KILL_SLOTS || worker->nr_pins == MAX_PINS ||
	    slots_pinned(worker, zone) + nr > share)
		return false;
	model_pin_begin(model, first, nr);
	model_pins_open(model, first, nr, &pins);
	log_range(zone, first, nr, true, 0);
	ret = zone_range(&worker->views[zone], VMZONE_IOC_PIN, first, nr);
	log_range(zone, first, nr, false, ret);
	/* Those of this very call are counted by now. */
	check_room(zone, VMZONE_IOC_PIN, first, nr, ret, model_pins_fit(model, &pins, 0, 0));
	model_pin_end(model, first, nr, ret >= 0);
	check_range(zone, VMZONE_IOC_PIN, first, nr, ret,
		    model_size_close(model, &size, first + nr - 1));
	if (ret >= 0)
		worker->pins[worker->nr_pins++] = (struct pinned_range){ zone, first, nr };
	if (ret >= 0 && ret != (long)nr)
		found_at(BAD_CALL, zone, first, "PIN of %zu slots says %ld", nr, ret);
	return true;
}

bool op_unpin(struct worker *worker)
{
	struct pinned_range range;
	unsigned int which;
	long ret;

	if (!worker->nr_pins)
		return false;
	which = any(worker, worker->nr_pins);
	range = worker->pins[which];
	worker->pins[which] = worker->pins[--worker->nr_pins];
	model_unpin_begin(&shared->zones[range.zone], range.first, range.nr);
	log_range(range.zone, range.first, range.nr, true, 0);
	ret = zone_range(&worker->views[range.zone], VMZONE_IOC_UNPIN, range.first, range.nr);
	log_range(range.zone, range.first, range.nr, false, ret);
	model_unpin_end(&shared->zones[range.zone], range.first, range.nr, ret >= 0);
	if (ret != (long)range.nr)
		found_at(BAD_CALL, range.zone, range.first, "UNPIN of %zu pinned slots answers %ld",
			 range.nr, ret);
	return true;
}
