// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on processes: a child that looks at what it inherited, and one that is
 * killed in the middle of what it does. The latter never touches the model, which
 * it could leave locked: its parent says beforehand what it is going to do, and
 * afterwards how far it came, as far as anybody can tell.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct looks {
	struct worker *worker;
	unsigned int zone;
	size_t first, nr;
};

static int look_at_inherited(void *arg)
{
	struct looks *looks = arg;
	struct zone *view = &looks->worker->views[looks->zone];

	for (size_t i = looks->first; i < looks->first + looks->nr; i++)
		look_mapped(looks->worker, looks->zone, i, slot_at(view, i));
	return 0;
}

bool op_fork(struct worker *worker)
{
	struct looks looks = { .worker = worker, .zone = any_zone(worker) };
	int status;

	looks.nr = any_range(worker, MAX_RANGE, &looks.first);
	status = child_run(look_at_inherited, &looks);
	if (status)
		found(BAD_SIGNAL, "a child ends with %d", status);
	shared->tally.forked++;
	return true;
}

enum deed { WRITE_MAPPED, WRITE_BY_CALL, READ, PAGE_OUT, PAGE_IN, POPULATE, EMPTY, NR_DEEDS };

struct deed_plan {
	enum deed deed;
	size_t slot;
	struct write_ticket write;
	struct discard_ticket discard;
	uint8_t *page;
};

struct plan {
	struct worker *worker;
	unsigned int zone;
	unsigned int nr;
	struct deed_plan deeds[MAX_PLAN];
	bool pins;			/* the slots for that, before all the rest */
};

/* In the child. Return: 0 or -errno, -EFAULT for a touch that ended in SIGBUS. */
static int carry_out(struct plan *plan, struct deed_plan *deed)
{
	struct zone *view = &plan->worker->views[plan->zone];
	uint8_t *at = slot_at(view, deed->slot), page[page_size];
	size_t nr = 4;
	ssize_t ret;

	if (deed->slot + nr > shared->config.min_slots)
		nr = 1;
	switch (deed->deed) {
	case WRITE_MAPPED:
		return copy_guarded(at, deed->page, page_size) ? -EFAULT : 0;
	case WRITE_BY_CALL:
		ret = pwrite(view->fd, deed->page, page_size, deed->slot * page_size);
		return ret < 0 ? -errno : ret != (ssize_t)page_size ? -EBADE : 0;
	case READ:
		return copy_guarded(page, at, page_size) ? -EFAULT : 0;
	case PAGE_OUT:
		return zone_range(view, VMZONE_IOC_PAGE_OUT, deed->slot, nr) < 0;
	case PAGE_IN:
		return zone_range(view, VMZONE_IOC_PAGE_IN, deed->slot, nr) < 0;
	case POPULATE:
		return madvise(at, nr * page_size, MADV_POPULATE_WRITE);
	default:
		return zone_range(view, VMZONE_IOC_DISCARD, deed->slot, 1) < 0;
	}
}

static int be_killed(void *arg)
{
	struct plan *plan = arg;
	struct worker_state *state = &shared->workers[plan->worker->number];

	state->child_begun = true;
	if (plan->pins)
		zone_range(&plan->worker->views[plan->zone], VMZONE_IOC_PIN, 0, NR_KILL_SLOTS);
	for (unsigned int i = 0; i < plan->nr; i++) {
		state->child_failed[i] = carry_out(plan, &plan->deeds[i]);
		state->child_done = i + 1;
	}
	pause();
	return 1;
}

/* Chooses what to do, and tells the model of it; each slot is the worker's own. */
static void prepare(struct plan *plan)
{
	struct worker *worker = plan->worker;
	struct zone_model *model = &shared->zones[plan->zone];

	for (unsigned int i = 0; i < MAX_PLAN; i++) {
		struct deed_plan *deed = &plan->deeds[plan->nr];
		struct slot_model *slot;

		deed->deed = any(worker, NR_DEEDS);
		deed->slot = NR_KILL_SLOTS +
			     any(worker, shared->config.min_slots - NR_KILL_SLOTS);
		slot = &model->slots[deed->slot];
		if (!model_own(slot, worker->number))
			continue;
		model_log(slot, worker->number, self.op, true, deed->deed);
		if (deed->deed <= WRITE_BY_CALL) {
			deed->page = worker->plan + plan->nr * page_size;
			deed->write = model_write_begin(slot, ALL_BLOCKS);
			model_page(model, deed->slot, deed->write.version, deed->page);
		}
		if (deed->deed == EMPTY)
			deed->discard = model_discard_begin(slot, ALL_BLOCKS);
		plan->nr++;
	}
}

/* How far it came: what it has done, what it may have been at, what it did not begin. */
static void conclude(struct plan *plan)
{
	struct worker_state *state = &shared->workers[plan->worker->number];
	struct zone_model *model = &shared->zones[plan->zone];

	for (unsigned int i = 0; i < plan->nr; i++) {
		struct deed_plan *deed = &plan->deeds[i];
		struct slot_model *slot = &model->slots[deed->slot];
		enum outcome outcome = i < state->child_done ? DONE :
				       i == state->child_done ? PARTLY : NOTHING;

		if (outcome == DONE && state->child_failed[i])
			outcome = PARTLY;
		if (deed->deed <= WRITE_BY_CALL)
			model_write_end(slot, &deed->write, outcome);
		if (deed->deed == EMPTY)
			model_discard_end(slot, &deed->discard, outcome);
		model_log(slot, plan->worker->number, self.op, false, outcome);
		if (i < state->child_done && state->child_failed[i] &&
		    deed->deed <= READ &&
		    !may_fail(plan->zone, state->child_failed[i], INSIDE))
			found_at(BAD_SIGNAL, plan->zone, deed->slot,
				 "a touch or call of a child fails with %d", state->child_failed[i]);
		model_disown(slot);
	}
}

/* Killed in a PIN or after it: all of the slots are pinned, or none of them. */
static void conclude_pin(struct plan *plan)
{
	struct zone_model *model = &shared->zones[plan->zone];
	struct zone *view = &plan->worker->views[plan->zone];
	size_t nr_pinned = zone_count(view, 0, NR_KILL_SLOTS, VMZONE_SLOT_PINNED,
				      VMZONE_SLOT_PINNED);
	long ret;

	if (nr_pinned && nr_pinned != NR_KILL_SLOTS)
		found_at(BAD_CALL, plan->zone, 0, "a PIN that was killed left %zu of %d pinned",
			 nr_pinned, NR_KILL_SLOTS);
	model_pin_end(model, 0, NR_KILL_SLOTS, nr_pinned);
	if (nr_pinned) {
		model_unpin_begin(model, 0, NR_KILL_SLOTS);
		ret = zone_range(view, VMZONE_IOC_UNPIN, 0, NR_KILL_SLOTS);
		model_unpin_end(model, 0, NR_KILL_SLOTS, true);
		if (ret != NR_KILL_SLOTS)
			found_at(BAD_CALL, plan->zone, 0, "UNPIN after a kill answers %ld", ret);
	}
}

/* Mostly in the middle of it, rarely before it has begun. */
static void wait_to_kill(struct worker *worker)
{
	struct worker_state *state = &shared->workers[worker->number];
	bool early = !any(worker, 8);

	for (int i = 0; !early && !state->child_begun && i < 10000; i++)
		usleep(200);
	usleep(any(worker, any(worker, 4) ? 1000 : 20000));
}

bool op_kill(struct worker *worker)
{
	struct worker_state *state = &shared->workers[worker->number];
	struct plan plan = { .worker = worker, .zone = any_zone(worker) };
	struct zone_model *model = &shared->zones[plan.zone];
	pid_t pid;
	int status;

	/* The kill slots' first one stands for the right to pin them. */
	plan.pins = any(worker, 3) == 0 && model_own(&model->slots[0], worker->number);
	if (plan.pins)
		model_pin_begin(model, 0, NR_KILL_SLOTS);
	prepare(&plan);
	state->child_begun = false;
	state->child_done = 0;
	pid = child_start(be_killed, &plan);
	wait_to_kill(worker);
	kill(pid, SIGKILL);
	status = child_wait(pid);
	if (status != 1000 + SIGKILL)
		found(BAD_SIGNAL, "a child that is to be killed ends with %d", status);
	conclude(&plan);
	if (plan.pins) {
		conclude_pin(&plan);
		model_disown(&model->slots[0]);
	}
	shared->tally.killed++;
	return true;
}
