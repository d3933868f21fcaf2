/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resident.h - page in, pin, discard: one slot at a time
 *
 * Errors, here and in evict.h and reclaim.h: -EINTR, a fatal signal came; -ENOMEM, no frame could
 * be had, or the machine is out of memory; -ENOSPC, the store is full; -EIO,
 * the stored copy is damaged. Whatever fails, the slot's contents are kept.
 */
#ifndef VMZONE_RESIDENT_H
#define VMZONE_RESIDENT_H

#include <linux/types.h>

struct page;
struct vmzone_zone;

/**
 * enum vmzone_touch - what it took to have a slot's frame
 * @VMZONE_TOUCH_ZERO: it was empty and got a frame of zeros
 * @VMZONE_TOUCH_MINOR: it had its frame
 * @VMZONE_TOUCH_MAJOR: it was paged in
 */
enum vmzone_touch {
	VMZONE_TOUCH_ZERO,
	VMZONE_TOUCH_MINOR,
	VMZONE_TOUCH_MAJOR,
};

/**
 * enum vmzone_want - which slots are worth a frame
 * @VMZONE_WANT_ANY: all of them
 * @VMZONE_WANT_CONTENTS: those that are not empty
 * @VMZONE_WANT_STORED: those that are stored and have no frame yet
 */
enum vmzone_want {
	VMZONE_WANT_ANY,
	VMZONE_WANT_CONTENTS,
	VMZONE_WANT_STORED,
};

int vmzone_resident_fault(struct vmzone_zone *zone, pgoff_t index, struct page **pagep);
int vmzone_resident_get(struct vmzone_zone *zone, pgoff_t index,
			enum vmzone_want want, struct page **pagep,
			enum vmzone_touch *touch);
int vmzone_resident_hold(struct vmzone_zone *zone, pgoff_t index);
int vmzone_resident_pin(struct vmzone_zone *zone, pgoff_t index);
void vmzone_resident_unpin(struct vmzone_zone *zone, pgoff_t index);
int vmzone_resident_discard(struct vmzone_zone *zone, pgoff_t index);
void vmzone_resident_release_all(struct vmzone_zone *zone);

#endif /* VMZONE_RESIDENT_H */
