/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shrinker.h - gives memory back when the machine is short of it
 */
#ifndef VMZONE_SHRINKER_H
#define VMZONE_SHRINKER_H

int vmzone_shrinker_init(void);
void vmzone_shrinker_exit(void);

#endif /* VMZONE_SHRINKER_H */
