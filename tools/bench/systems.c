// SPDX-License-Identifier: GPL-2.0-only
/* All systems, in the order in which they take turns. */
#include "systems.h"

const struct system *const systems[] = {
	&system_zone,
	&system_zram,
	&system_zram_cluster,
	&system_zram_mglru,
	&system_zram_mglru_cluster,
	&system_memfd,
	&system_pageout,
	&system_uffd,
	&system_anon,
	NULL
};
