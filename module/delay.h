/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * delay.h - points at which a test can stop a task
 *
 * With CONFIG_VMZONE_DELAYS a test names a point and a slot through debugfs
 * (vmzone/delays). The first task that comes by with that slot sleeps there until
 * the test lets it go: so what takes a race of nanoseconds otherwise happens each
 * time. Without it, which is the default, there is no code for any of this.
 */
#ifndef VMZONE_DELAY_H
#define VMZONE_DELAY_H

#include <linux/types.h>

struct dentry;

/**
 * enum vmzone_delay_point - where a task can be stopped, and what it has got by then
 * @VMZONE_DELAY_GET_BEGUN: about to look for a slot; nothing
 * @VMZONE_DELAY_GET_LOOKED: saw a slot without a frame; nothing
 * @VMZONE_DELAY_FILL_CLAIMED: owns a FILLING slot
 * @VMZONE_DELAY_FILL_FRAMED: has a locked frame besides, and no contents
 * @VMZONE_DELAY_FRAME_FOUND: read a slot's frame; no reference
 * @VMZONE_DELAY_FRAME_GOT: a reference to it; no lock
 * @VMZONE_DELAY_GET_FILLED: a slot's frame, locked; has not looked at the size
 * @VMZONE_DELAY_GET_DONE: a slot's frame, locked; the page is not mapped yet
 * @VMZONE_DELAY_PIN_GOT: the same, for a pin that is not counted yet
 * @VMZONE_DELAY_WRITE_COPIED: wrote to a page by write(2); only a reference, and
 *	the page is not marked
 * @VMZONE_DELAY_DISCARD_LOOKED: saw a slot to be discarded; nothing
 * @VMZONE_DELAY_OWN_BEGUN: owns an EVICTING slot, its frame locked and still mapped
 * @VMZONE_DELAY_PARK_MARKED: a frame on STANDBY, locked and still mapped
 * @VMZONE_DELAY_RUN_FOUND: the same of a run of frames, which is unmapped next, and has
 *	gather_lock for reading if there are gaps in it; index: of the first
 * @VMZONE_DELAY_EVICT_UNMAPPED: as OWN_BEGUN, unmapped; not frozen
 * @VMZONE_DELAY_EVICT_FROZEN: frozen, and the dirty flag read; not saved
 * @VMZONE_DELAY_EVICT_SAVED: saved; the slot still names the frame
 * @VMZONE_DELAY_ROOM_MADE: found no frame, and evicted itself; no index
 * @VMZONE_DELAY_SAVE_CODEC: has chosen a codec; no index
 * @VMZONE_DELAY_SWITCH_BEGUN: two policies have frames; no index
 * @VMZONE_DELAY_BLOCK_COUNTED: counted several pages more, and has none; no index
 * @VMZONE_DELAY_SHRINK_MET: a smaller budget is met, and not in force; no index
 * @VMZONE_DELAY_SIZE_SET: a smaller size is set, and nothing unmapped; index: the size
 * @VMZONE_DELAY_ZONE_ENDING: no view has the zone any more; index: its id
 * @VMZONE_DELAY_VIEW_READING: reads a zone's table for debugfs; index: the zone's id
 * @VMZONE_DELAY_DEVICE_OPENING: opens /dev/vmzone; no index
 * @VMZONE_DELAY_NODE_OPENING: opens a named zone's node, and holds no zone; no index
 * @VMZONE_DELAY_MODULE_LEAVING: unloads the module, all is there yet; no index
 * @VMZONE_DELAY_NR_POINTS: how many points there are
 */
enum vmzone_delay_point {
	VMZONE_DELAY_GET_BEGUN,
	VMZONE_DELAY_GET_LOOKED,
	VMZONE_DELAY_FILL_CLAIMED,
	VMZONE_DELAY_FILL_FRAMED,
	VMZONE_DELAY_FRAME_FOUND,
	VMZONE_DELAY_FRAME_GOT,
	VMZONE_DELAY_GET_FILLED,
	VMZONE_DELAY_GET_DONE,
	VMZONE_DELAY_PIN_GOT,
	VMZONE_DELAY_WRITE_COPIED,
	VMZONE_DELAY_DISCARD_LOOKED,
	VMZONE_DELAY_OWN_BEGUN,
	VMZONE_DELAY_PARK_MARKED,
	VMZONE_DELAY_RUN_FOUND,
	VMZONE_DELAY_EVICT_UNMAPPED,
	VMZONE_DELAY_EVICT_FROZEN,
	VMZONE_DELAY_EVICT_SAVED,
	VMZONE_DELAY_ROOM_MADE,
	VMZONE_DELAY_SAVE_CODEC,
	VMZONE_DELAY_SWITCH_BEGUN,
	VMZONE_DELAY_BLOCK_COUNTED,
	VMZONE_DELAY_SHRINK_MET,
	VMZONE_DELAY_SIZE_SET,
	VMZONE_DELAY_ZONE_ENDING,
	VMZONE_DELAY_VIEW_READING,
	VMZONE_DELAY_DEVICE_OPENING,
	VMZONE_DELAY_NODE_OPENING,
	VMZONE_DELAY_MODULE_LEAVING,
	VMZONE_DELAY_NR_POINTS,
};

#ifdef CONFIG_VMZONE_DELAYS
void vmzone_delay(enum vmzone_delay_point point, unsigned long index);
void vmzone_delay_init(struct dentry *folder);
#else
static inline void vmzone_delay(enum vmzone_delay_point point, unsigned long index)
{
}

static inline void vmzone_delay_init(struct dentry *folder)
{
}
#endif

#endif /* VMZONE_DELAY_H */
