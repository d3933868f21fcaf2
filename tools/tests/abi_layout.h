/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of every structure of the ABI, which is the same for 32-bit and
 * 64-bit programs: compiling this is the test (see layout32 in the Makefile).
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#include <linux/vmzone.h>

#define SIZE_IS(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), #type)
#define AT(type, member, bytes) \
	_Static_assert(__builtin_offsetof(struct type, member) == (bytes), #type "." #member)

SIZE_IS(vmzone_info, VMZONE_INFO_SIZE_VER0);
SIZE_IS(vmzone_info, 48);
AT(vmzone_info, abi, 4);
AT(vmzone_info, features, 8);
AT(vmzone_info, policies, 16);
AT(vmzone_info, codecs, 20);
AT(vmzone_info, page_size, 24);
AT(vmzone_info, max_frames, 32);
AT(vmzone_info, max_zone_bytes, 40);

SIZE_IS(vmzone_create, VMZONE_CREATE_SIZE_VER0);
SIZE_IS(vmzone_create, 80);
AT(vmzone_create, flags, 4);
AT(vmzone_create, bytes, 8);
AT(vmzone_create, frames, 16);
AT(vmzone_create, store_limit, 24);
AT(vmzone_create, policy, 32);
AT(vmzone_create, codec, 36);
AT(vmzone_create, out_fd, 40);
AT(vmzone_create, name, 44);
AT(vmzone_create, reserved, 76);

SIZE_IS(vmzone_destroy, VMZONE_DESTROY_SIZE_VER0);
SIZE_IS(vmzone_destroy, 8);
AT(vmzone_destroy, flags, 4);

SIZE_IS(vmzone_set, VMZONE_SET_SIZE_VER0);
SIZE_IS(vmzone_set, 40);
AT(vmzone_set, which, 4);
AT(vmzone_set, bytes, 8);
AT(vmzone_set, frames, 16);
AT(vmzone_set, store_limit, 24);
AT(vmzone_set, policy, 32);
AT(vmzone_set, codec, 36);

SIZE_IS(vmzone_range, VMZONE_RANGE_SIZE_VER0);
SIZE_IS(vmzone_range, 32);
AT(vmzone_range, flags, 4);
AT(vmzone_range, offset, 8);
AT(vmzone_range, length, 16);
AT(vmzone_range, out_pages, 24);

SIZE_IS(vmzone_pagemap, VMZONE_PAGEMAP_SIZE_VER0);
SIZE_IS(vmzone_pagemap, 32);
AT(vmzone_pagemap, flags, 4);
AT(vmzone_pagemap, offset, 8);
AT(vmzone_pagemap, length, 16);
AT(vmzone_pagemap, vec, 24);

SIZE_IS(vmzone_stats, VMZONE_STATS_SIZE_VER0);
SIZE_IS(vmzone_stats, 240);
AT(vmzone_stats, flags, 4);
AT(vmzone_stats, budget_frames, 8);
AT(vmzone_stats, store_bytes, 72);
AT(vmzone_stats, metadata_bytes, 96);
AT(vmzone_stats, faults_zero, 104);
AT(vmzone_stats, evictions_clean, 144);
AT(vmzone_stats, load_errors, 232);

SIZE_IS(vmzone_histogram, VMZONE_HISTOGRAM_SIZE_VER0);
SIZE_IS(vmzone_histogram, 272);
AT(vmzone_histogram, kind, 4);
AT(vmzone_histogram, nr, 8);
AT(vmzone_histogram, reserved, 12);
AT(vmzone_histogram, buckets, 16);

SIZE_IS(vmzone_clone, VMZONE_CLONE_SIZE_VER0);
SIZE_IS(vmzone_clone, 24);
AT(vmzone_clone, flags, 4);
AT(vmzone_clone, frames, 8);
AT(vmzone_clone, out_fd, 16);
AT(vmzone_clone, reserved, 20);

#endif /* ABI_LAYOUT_H */
