/* SPDX-License-Identifier: GPL-2.0-only */
/* The systems, for the table in systems.c. */
#ifndef SYSTEMS_H
#define SYSTEMS_H

#include "bench.h"

extern const struct system system_zone;
extern const struct system system_zram, system_zram_cluster;
extern const struct system system_zram_mglru, system_zram_mglru_cluster;
extern const struct system system_memfd, system_anon;
extern const struct system system_uffd, system_pageout;

#endif /* SYSTEMS_H */
