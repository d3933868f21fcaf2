// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of something that is wrong: the seed, the zone and slot, what was
 * expected and found, the last operations on that slot, its PAGEMAP. The first one
 * ends the configuration, since nothing after it is worth much.
 */
#include "stress.h"
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define MAX_TOLD 3		/* of each kind, in full */

static const char *const finding_name[NR_FINDINGS] = {
	[BAD_CONTENTS] = "wrong contents",
	[BAD_CALL] = "wrong answer",
	[BAD_SIGNAL] = "wrong failure",
	[BAD_SAMPLE] = "wrong counters",
	[BAD_PAUSE] = "wrong at rest",
};

static bool tell(enum finding finding, const char *fmt, va_list args)
{
	char text[400];

	shared->stop = true;
	if (shared->found[finding]++ >= MAX_TOLD)
		return false;
	vsnprintf(text, sizeof(text), fmt, args);
	diag("%s: %s", finding_name[finding], text);
	diag("  seed %llu, configuration %u, worker %u, step %lu: %s",
	     (unsigned long long)test_seed, shared->config.number, self.worker,
	     self.worker < MAX_WORKERS ? shared->workers[self.worker].nr_steps : 0,
	     op_name(self.op));
	return true;
}

void found(enum finding finding, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(finding, fmt, args);
	va_end(args);
}

static void tell_log(const struct slot_model *slot)
{
	uint32_t nr = slot->nr_logged;
	uint64_t now = now_ns();

	diag("  the last operations on it:");
	for (uint32_t i = nr > NR_LOGGED ? nr - NR_LOGGED : 0; i < nr; i++) {
		const struct logged *logged = &slot->log[i % NR_LOGGED];

		diag("    %9.3f ms ago: worker %u %s %s, %d", (now - logged->time_ns) / 1e6,
		     logged->worker, logged->begin ? "begins" : "ends", op_name(logged->op),
		     logged->value);
	}
}

static void tell_slot(unsigned int zone, size_t index)
{
	const struct slot_model *slot = &shared->zones[zone].slots[index];
	uint8_t flags = 0;
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.offset = index * page_size,
		.length = page_size,
		.vec = (uintptr_t)&flags,
	};
	int ret = ioctl(bases[zone].fd, VMZONE_IOC_PAGEMAP, &pagemap);

	diag("  zone %u, slot %zu: PAGEMAP 0x%02x%s; pins %d to %d; size %zu of %zu slots", zone,
	     index, flags, ret ? " (failed)" : "", slot->pins_sure, slot->pins_may,
	     shared->zones[zone].size, shared->zones[zone].nr_slots);
	tell_log(slot);
}

void found_at(enum finding finding, unsigned int zone, size_t slot, const char *fmt, ...)
{
	va_list args;
	bool told;

	va_start(args, fmt);
	told = tell(finding, fmt, args);
	va_end(args);
	if (told)
		tell_slot(zone, slot);
}

/* Whether the page has what the slot had once, or another slot has. */
static void tell_origin(unsigned int zone, size_t index, const uint8_t *page, size_t where)
{
	const struct zone_model *model = &shared->zones[zone];
	const size_t block_size = page_size / NR_BLOCKS, at = where / block_size * block_size;
	const struct slot_model *slot = &model->slots[index];
	uint8_t old[page_size];

	for (uint32_t back = 0; back < 64 && back <= slot->last_version; back++) {
		model_page(model, index, slot->last_version - back, old);
		if (!memcmp(page + at, old + at, block_size))
			diag("  that block is of version %u; the last one given out is %u",
			     slot->last_version - back, slot->last_version);
	}
	for (unsigned int z = 0; z < shared->config.nr_zones; z++)
		for (size_t i = 0; i < shared->config.nr_slots; i++) {
			const struct slot_model *other = &shared->zones[z].slots[i];

			model_page(&shared->zones[z], i, other->last_version, old);
			if ((z != zone || i != index) && other->last_version &&
			    !all_zero(old, page_size) &&
			    !memcmp(page + at, old + at, block_size))
				diag("  that block is of zone %u, slot %zu, version %u", z, i,
				     other->last_version);
		}
	if (all_zero(page, page_size))
		diag("  the page is all zeros");
}

static void tell_permitted(const struct window *window)
{
	for (unsigned int i = 0; i < window->nr_may; i++)
		if (window->may[i].blocks)
			diag("  permitted: version %u in blocks 0x%02x", window->may[i].version,
			     window->may[i].blocks);
	if (window->zeros)
		diag("  permitted: zeros in blocks 0x%02x", window->zeros);
}

void found_contents(unsigned int zone, size_t slot, const struct window *window,
		    const void *page, size_t where, const char *how)
{
	const uint8_t *byte = page;

	if (shared->found[BAD_CONTENTS] < MAX_TOLD) {
		tell_permitted(window);
		tell_origin(zone, slot, page, where);
	}
	found_at(BAD_CONTENTS, zone, slot, "%s of zone %u, slot %zu: byte %zu (block %zu) is 0x%02x",
		 how, zone, slot, where, where / (page_size / NR_BLOCKS), byte[where]);
}
