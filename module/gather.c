// SPDX-License-Identifier: GPL-2.0-only
/*
 * gather.c - victims that can be unmapped together
 *
 * Owns: which frames go along with a victim, and which of a batch are unmapped by
 * one call. Each call interrupts all other CPUs that run a program with a mapping of
 * the range; that a module cannot put off, as the kernel's own reclaim does. But a call
 * may go across slots that have nothing mapped, so victims make a *run* while no frame
 * that stays is between them. In a zone of three times its budget two of three slots
 * have nothing mapped.
 *
 * And where several tasks take frames, each victim of the policy is joined by those next
 * to it, as far as the policy lets them go: that is up to its callback `yield`. A run is
 * so short that the kernel flushes its pages one by one (on x86, up to 33), and not all
 * that a CPU knows of the program.
 *
 * A run may unmap a page that has come between its victims since they were looked at;
 * then the next touch is a minor fault. No run does so to a page that is pinned: a PIN
 * waits for those that were begun before, in vmzone_gather_wait().
 *
 * Lock order: gather_lock is inside of folio locks and range_lock, and outside of
 * i_mmap_rwsem.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rwsem.h>

#include "binding.h"
#include "delay.h"
#include "gather.h"
#include "zone.h"

/* Neighbours are looked for in an aligned stretch, so within a leaf. */
static_assert(VMZONE_LEAF_SLOTS % VMZONE_GATHER_SPAN == 0);

/*
 * Whether a page may be mapped there, or will be in a moment. On standby it is not, or
 * somebody unmaps it just now.
 */
static bool may_be_mapped(const struct vmzone_slot *slot)
{
	enum vmzone_slot_state state = vmzone_slot_state(vmzone_slot_word(slot));

	return state == VMZONE_STATE_RESIDENT || state == VMZONE_STATE_FILLING ||
	       state == VMZONE_STATE_EVICTING;
}

/* Isolate a slot's frame, if the policy lets it go. */
static bool isolate_frame(struct vmzone_zone *zone, struct vmzone_slot *slot,
			  struct vmzone_frame **framep)
{
	struct vmzone_frame *frame = vmzone_slot_frame(slot);

	if (!vmzone_slot_serves(slot, frame) || !vmzone_frame_get(slot, frame))
		return false;
	if (vmzone_policy_isolate_frame(&zone->policy, frame)) {
		*framep = frame;
		return true;
	}
	folio_put(vmzone_frame_folio(frame));
	return false;
}

/*
 * Isolate up to @nr frames of the @nr_slots slots from @slot on, in steps of @step,
 * until there is one that stays. Returns how many.
 */
static unsigned int extend(struct vmzone_zone *zone, struct vmzone_slot *slot,
			   unsigned int nr_slots, int step,
			   struct vmzone_frame **batch, unsigned int nr)
{
	unsigned int got = 0;

	for (; nr_slots && got < nr; nr_slots--, slot += step) {
		if (!may_be_mapped(slot))
			continue;
		if (!isolate_frame(zone, slot, &batch[got]))
			break;
		got++;
	}
	return got;
}

/* Isolate up to @nr frames next to a victim. Returns how many. */
static unsigned int gather(struct vmzone_zone *zone, struct vmzone_frame *victim,
			   struct vmzone_frame **batch, unsigned int nr)
{
	pgoff_t index = READ_ONCE(victim->index);
	struct vmzone_slot *slot = vmzone_zone_find_slot(zone, index);
	unsigned int before = index % VMZONE_GATHER_SPAN, got;

	/* It may have lost its slot, as nobody has locked it. */
	if (!slot || !vmzone_slot_serves(slot, victim))
		return 0;
	got = extend(zone, slot + 1, VMZONE_GATHER_SPAN - 1 - before, 1, batch, nr);
	return got + extend(zone, slot - 1, before, -1, batch + got, nr - got);
}

/**
 * vmzone_gather_isolate() - take the best victims, and their neighbours
 * @zone: the zone
 * @batch: returned: the frames, each with a reference of the caller's
 * @nr: how many are wanted, at most VMZONE_POLICY_BATCH
 * @second_chances: returned: how many frames were passed over as touched
 *
 * Context: process context.
 * Return: how many frames there are in @batch, owed as those of
 * vmzone_policy_isolate(); 0 only when the policy has none.
 */
unsigned int vmzone_gather_isolate(struct vmzone_zone *zone, struct vmzone_frame **batch,
				   unsigned int nr, unsigned long *second_chances)
{
	unsigned int got = 0;

	if (!READ_ONCE(zone->policy.ops)->yield)
		return vmzone_policy_isolate(&zone->policy, batch, nr, second_chances);
	*second_chances = 0;
	/* At most twice as many are passed over as in one call. */
	while (got < nr && *second_chances < VMZONE_POLICY_MAX_PASSED) {
		struct vmzone_frame **victim = batch + got;
		unsigned long passed;

		if (!vmzone_policy_isolate(&zone->policy, victim, 1, &passed))
			break;
		*second_chances += passed;
		got++;
		got += gather(zone, *victim, batch + got, min(nr - got, VMZONE_GATHER_MAX - 1));
	}
	return got;
}

static void sort_by_slot(struct vmzone_frame **batch, unsigned int nr)
{
	unsigned int i, place;

	for (i = 1; i < nr; i++) {
		struct vmzone_frame *frame = batch[i];

		for (place = i; place && batch[place - 1]->index > frame->index; place--)
			batch[place] = batch[place - 1];
		batch[place] = frame;
	}
}

/* Whether no frame that stays is between two slots. */
static bool are_together(struct vmzone_zone *zone, pgoff_t from, pgoff_t to)
{
	const struct vmzone_slot *slot;

	if (to == from + 1)
		return true;
	if (from / VMZONE_LEAF_SLOTS != to / VMZONE_LEAF_SLOTS)
		return false;
	slot = vmzone_zone_find_slot(zone, from);
	if (!slot)
		return false;
	while (++from < to)
		if (may_be_mapped(++slot))
			return false;
	return true;
}

/**
 * vmzone_gather_run() - how many frames one call can unmap
 * @zone: the zone
 * @batch: frames in the order of their slots, locked, none in use any more
 * @nr: their number, at least 1
 *
 * Context: process context. While the caller holds gather_lock, no page between them
 * is pinned.
 * Return: the length of the run that @batch begins with.
 */
unsigned int vmzone_gather_run(struct vmzone_zone *zone, struct vmzone_frame **batch,
			       unsigned int nr)
{
	unsigned int run;

	for (run = 1; run < nr; run++) {
		pgoff_t last = batch[run - 1]->index, index = batch[run]->index;

		if (index - batch[0]->index >= VMZONE_GATHER_SPAN ||
		    !are_together(zone, last, index))
			break;
	}
	return run;
}

/* From the first one's slot to the last one's. */
static unsigned int nr_slots_of(struct vmzone_frame **run, unsigned int nr)
{
	return run[nr - 1]->index - run[0]->index + 1;
}

/* Unmap the run that @batch begins with. Returns its length. */
static unsigned int unmap_run(struct vmzone_zone *zone, struct vmzone_frame **batch,
			      unsigned int nr)
{
	unsigned int run = vmzone_gather_run(zone, batch, nr);
	bool has_gaps = nr_slots_of(batch, run) > run;

	/* Then there are slots of others in it: look again, so that none is pinned. */
	if (has_gaps) {
		down_read(&zone->gather_lock);
		run = vmzone_gather_run(zone, batch, nr);
	}
	vmzone_delay(VMZONE_DELAY_RUN_FOUND, batch[0]->index);
	unmap_mapping_pages(zone->inode->i_mapping, batch[0]->index,
			    nr_slots_of(batch, run), false);
	if (has_gaps)
		up_read(&zone->gather_lock);
	return run;
}

/**
 * vmzone_gather_unmap() - unmap locked frames, those of a run in one call
 * @zone: the zone
 * @batch: the frames; in the order of their slots afterwards
 * @nr: their number
 *
 * Context: process context, sleeps; the caller has marked their slots, so that no
 * mapping of them comes from now on.
 */
void vmzone_gather_unmap(struct vmzone_zone *zone, struct vmzone_frame **batch,
			 unsigned int nr)
{
	unsigned int i;

	sort_by_slot(batch, nr);
	for (i = 0; i < nr;)
		i += unmap_run(zone, batch + i, nr - i);
}

/**
 * vmzone_gather_wait() - wait for runs that may go across what has just been pinned
 * @zone: the zone
 *
 * Runs that begin from now on see the pinned frames.
 *
 * Context: process context, sleeps; the caller holds no folio lock.
 */
void vmzone_gather_wait(struct vmzone_zone *zone)
{
	down_write(&zone->gather_lock);
	up_write(&zone->gather_lock);
}
