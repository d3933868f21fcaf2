/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay.h - a trace on its way through a policy, without a device
 */
#ifndef VMZONE_KUNIT_REPLAY_H
#define VMZONE_KUNIT_REPLAY_H

#include "../module/policy.h"
#include "../module/pool.h"
#include "trace.h"

struct replay_page;

/**
 * struct replay - a trace on its way through a policy
 * @trace: the trace
 * @pool: frames
 * @policy: the policy
 * @pages: what is known of each page of the trace
 * @gathers: whether victims are joined by their neighbours, as beside several takers
 * @nr_parked: frames that went to standby
 * @nr_victims: victims that others could join
 * @misses: references to a page without a frame
 * @minor: references to one on standby
 * @peak: most frames that were in use
 */
struct replay {
	const struct trace *trace;
	struct vmzone_pool pool;
	struct vmzone_policy policy;
	struct replay_page *pages;
	bool gathers;
	unsigned long nr_parked;
	unsigned long nr_victims;
	size_t misses;
	size_t minor;
	unsigned long peak;
};

struct replay *vmzone_replay_start(const struct trace *trace,
				   const struct vmzone_policy_ops *ops);
void vmzone_replay_end(struct replay *replay);
int vmzone_replay_seeing(struct replay *replay);
int vmzone_replay_standby(struct replay *replay);

#endif /* VMZONE_KUNIT_REPLAY_H */
