/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model.h - eviction policies as the textbooks have them
 *
 * Reference models: each sees every reference at once, and evicts one page when
 * the next needs its frame. Compiled into the KUnit tests and into
 * tools/policy/replay.
 */
#ifndef VMZONE_KUNIT_MODEL_H
#define VMZONE_KUNIT_MODEL_H

#include "trace.h"

/* Not a policy: Belady's, which knows the future and cannot be beaten. */
#define MODEL_OPT	0U

size_t model_scratch_bytes(const struct trace *trace, uint32_t nr_frames);
size_t model_misses(unsigned int policy, const struct trace *trace, uint32_t nr_frames,
		    void *scratch);

#endif /* VMZONE_KUNIT_MODEL_H */
