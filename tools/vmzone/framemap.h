/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * framemap.h - what a zone looks like, one letter a frame or a slot
 */
#ifndef VMZONE_FRAMEMAP_H
#define VMZONE_FRAMEMAP_H

#include "zone.h"

void framemap_print(const struct zone *z);

#endif /* VMZONE_FRAMEMAP_H */
