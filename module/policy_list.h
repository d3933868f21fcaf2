/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_list.h - what algorithms that keep frames on plain lists have in common
 *
 * Callbacks of struct vmzone_policy_ops for an algorithm whose private part is
 * the head of one list, and a mark for frames that were touched.
 */
#ifndef VMZONE_POLICY_LIST_H
#define VMZONE_POLICY_LIST_H

#include "policy.h"

/* Of VMZONE_POLICY_OWN_BITS: the mark. */
#define VMZONE_POLICY_TOUCHED	0x01

void *vmzone_policy_list_create(unsigned long nr_frames);
void vmzone_policy_list_destroy(void *private);
void vmzone_policy_list_add(void *private, struct vmzone_frame *frame,
			    enum vmzone_policy_reason reason);
void vmzone_policy_list_add_marked(void *private, struct vmzone_frame *frame,
				   enum vmzone_policy_reason reason);
void vmzone_policy_list_remove(void *private, struct vmzone_frame *frame);
unsigned int vmzone_policy_list_isolate(void *private, struct vmzone_frame **batch,
					unsigned int nr, unsigned long *second_chances);
void vmzone_policy_list_mark(void *private, struct vmzone_frame *frame);
bool vmzone_policy_list_spare(struct vmzone_frame *frame, unsigned long *second_chances);

#endif /* VMZONE_POLICY_LIST_H */
