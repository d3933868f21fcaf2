// SPDX-License-Identifier: GPL-2.0-only
/*
 * slot.c - waiting for a slot that somebody owns
 */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "slot.h"

/**
 * vmzone_slot_wait() - sleep until nobody owns a slot
 * @slot: the slot
 *
 * It may be owned again when this returns: look, and come back.
 *
 * Context: process context, sleeps. The caller owns no slot, so that no two
 * can wait for each other.
 * Return: 0, or -EINTR when a fatal signal came first.
 */
int vmzone_slot_wait(struct vmzone_slot *slot)
{
	if (wait_var_event_killable(&slot->word,
				    !vmzone_slot_is_owned(vmzone_slot_word(slot))))
		return -EINTR;
	return 0;
}
