// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that look: PAGEMAP, counters and their reset, histograms, poll, fdinfo,
 * holes, mincore. While everything goes on they can be checked only so far; the
 * exact look is in rest.c.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static long read_pagemap(int fd, size_t first, size_t nr, uint8_t *vec)
{
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.offset = first * page_size,
		.length = nr * page_size,
		.vec = (uintptr_t)vec,
	};

	return ioctl(fd, VMZONE_IOC_PAGEMAP, &pagemap) ? -errno : 0;
}

/* What the worker has pinned itself must be there, and pinned. */
static void check_own_pins(struct worker *worker)
{
	const uint8_t want = VMZONE_SLOT_RESIDENT | VMZONE_SLOT_PINNED;
	struct pinned_range range;
	uint8_t vec[MAX_RANGE];

	if (!worker->nr_pins)
		return;
	range = worker->pins[any(worker, worker->nr_pins)];
	if (read_pagemap(worker->views[range.zone].fd, range.first, range.nr, vec))
		found_at(BAD_CALL, range.zone, range.first, "PAGEMAP: %d", errno);
	for (size_t i = 0; i < range.nr; i++)
		if ((vec[i] & want) != want)
			found_at(BAD_CALL, range.zone, range.first + i,
				 "a pinned slot is 0x%02x by PAGEMAP", vec[i]);
}

bool op_pagemap(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	uint8_t vec[MAX_RANGE];
	long ret = read_pagemap(worker->views[zone].fd, first, nr, vec);
	enum where where = model_size_close(model, &size, first + nr - 1);

	if ((ret && ret != -EINVAL) || (where != EITHER && !ret != (where == INSIDE)))
		found_at(BAD_CALL, zone, first, "PAGEMAP of %zu slots answers %ld", nr, ret);
	check_own_pins(worker);
	return true;
}

static void sample(unsigned int zone, int fd, bool reset)
{
	struct zone_model *model = &shared->zones[zone];
	struct vmzone_stats stats = {
		.size = sizeof(stats), .flags = reset ? VMZONE_STATS_RESET : 0,
	};
	unsigned long pins_begun = model->pins_begun;
	uint64_t least, most;
	uint32_t changes;
	long sure, may;

	sure = model->pinned_sure;
	may = model->pinned_may;
	pthread_mutex_lock(&model->mutex);
	least = model->frames < model->frames_next ? model->frames : model->frames_next;
	most = model->frames < model->frames_next ? model->frames_next : model->frames;
	changes = model->frames_changes;
	pthread_mutex_unlock(&model->mutex);
	if (ioctl(fd, VMZONE_IOC_STATS, &stats)) {
		found(BAD_CALL, "STATS: %d", errno);
		return;
	}
	if (reset) {
		shared->page_outs[zone] += stats.page_outs;
		shared->evictions_dirty[zone] += stats.evictions_dirty;
		shared->page_ins[zone] += stats.page_ins;
		shared->faults_major[zone] += stats.faults_major;
		shared->load_errors[zone] += stats.load_errors;
		shared->sigbus[zone] += stats.sigbus;
		shared->store_full[zone] += stats.store_full;
	}
	pthread_mutex_lock(&model->mutex);
	if (!stats_hold_since(&stats, model->frames_highest))
		found(BAD_SAMPLE, "the counters of zone %u do not hold", zone);
	if (model->frames_changes == changes &&
	    (stats.budget_frames < least || stats.budget_frames > most))
		found(BAD_SAMPLE, "the budget of zone %u is %llu, want %llu to %llu", zone,
		      (unsigned long long)stats.budget_frames, (unsigned long long)least,
		      (unsigned long long)most);
	pthread_mutex_unlock(&model->mutex);
	if (model->pins_begun == pins_begun && ((long)stats.pinned_slots < sure ||
						(long)stats.pinned_slots > may))
		found(BAD_SAMPLE, "zone %u has %llu pinned slots, want %ld to %ld", zone,
		      (unsigned long long)stats.pinned_slots, sure, may);
	if (stats.load_errors)
		found(BAD_SAMPLE, "zone %u has %llu load errors", zone,
		      (unsigned long long)stats.load_errors);
	shared->tally.samples++;
}

void sample_all(void)
{
	for (unsigned int zone = 0; zone < shared->config.nr_zones; zone++)
		sample(zone, bases[zone].fd, false);
}

bool op_stats(struct worker *worker)
{
	unsigned int zone = any_zone(worker);

	sample(zone, worker->views[zone].fd, false);
	return true;
}

bool op_reset(struct worker *worker)
{
	unsigned int zone = any_zone(worker);

	sample(zone, worker->views[zone].fd, true);
	return true;
}

bool op_histogram(struct worker *worker)
{
	struct vmzone_histogram histogram = {
		.size = sizeof(histogram), .kind = any(worker, VMZONE_HIST_SELECT + 1),
	};

	if (ioctl(worker->views[any_zone(worker)].fd, VMZONE_IOC_HISTOGRAM, &histogram) ||
	    histogram.nr != VMZONE_HIST_BUCKETS)
		found(BAD_CALL, "HISTOGRAM %u: %d", histogram.kind, errno);
	return true;
}

bool op_poll(struct worker *worker)
{
	struct pollfd poll_fd = {
		.fd = worker->views[any_zone(worker)].fd,
		.events = POLLIN | POLLOUT | POLLPRI,
	};
	const short want = POLLIN | POLLOUT;

	if (poll(&poll_fd, 1, any(worker, 3)) != 1 || (poll_fd.revents & ~POLLPRI) != want)
		found(BAD_CALL, "poll says 0x%x", poll_fd.revents);
	return true;
}

bool op_fdinfo(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	char path[64];
	long budget, resident;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", worker->views[zone].fd);
	budget = read_number(path, "vmzone-budget");
	resident = read_number(path, "vmzone-resident");
	/* Two looks at the file: the budget of the first may be gone at the second. */
	if (budget < 0 || resident < 0 ||
	    (uint64_t)resident > shared->zones[zone].frames_highest)
		found(BAD_CALL, "fdinfo of zone %u: budget %ld, resident %ld", zone, budget, resident);
	return true;
}

/* What lseek(2) calls a hole reads as zeros. */
bool op_seek(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	struct size_window size = model_size_open(model);
	struct window windows[MAX_RANGE];
	off_t data;

	for (size_t i = 0; i < nr; i++)
		model_window_open(&model->slots[first + i], &windows[i]);
	data = lseek(worker->views[zone].fd, first * page_size, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		found_at(BAD_CALL, zone, first, "SEEK_DATA: %d", errno);
	if (data < 0)
		data = (first + nr) * page_size;
	memset(worker->page, 0, page_size);
	for (size_t i = 0; i < nr && first + i < data / page_size; i++)
		if (model_size_close(model, &size, first + i) == INSIDE)
			judge(zone, first + i, &windows[i], worker->page, "SEEK_DATA");
	return true;
}

bool op_mincore(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	size_t first, nr = any_range(worker, MAX_RANGE, &first);
	unsigned char vec[MAX_RANGE];

	if (mincore(slot_at(&worker->views[zone], first), nr * page_size, vec))
		found_at(BAD_CALL, zone, first, "mincore: %d", errno);
	return true;
}
