/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * settings.h - a zone's parameters, changed while it is in use
 */
#ifndef VMZONE_SETTINGS_H
#define VMZONE_SETTINGS_H

#include <linux/types.h>
#include <uapi/linux/vmzone.h>

/* All that vmzone_set.which can name. */
#define VMZONE_SETTINGS_ALL						\
	(VMZONE_SET_BYTES | VMZONE_SET_FRAMES | VMZONE_SET_STORE_LIMIT |	\
	 VMZONE_SET_POLICY | VMZONE_SET_CODEC)

struct vmzone_zone;

int vmzone_settings_apply(struct vmzone_zone *zone, const struct vmzone_set *set);
int vmzone_settings_resize(struct vmzone_zone *zone, u64 bytes);
void vmzone_settings_read(struct vmzone_zone *zone, struct vmzone_set *set);

#endif /* VMZONE_SETTINGS_H */
