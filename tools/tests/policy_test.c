// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves, for every policy that INFO names: a zone can be made with it and says
 * so, contents outlive thrashing at three times the budget from two threads, the
 * counters hold, the policy is asked, and nothing is left over when all is
 * discarded. And that S3-FIFO's memory of what it gave out is counted.
 */
#include "tap.h"
#include "zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#define NR_FRAMES 128
#define NR_SLOTS (3 * NR_FRAMES)
#define NR_STEPS 4000

static struct zone zone;
static atomic_size_t nr_bad;

static struct pattern kept(size_t half)
{
	return (struct pattern) { .fill = FILL_MIX, .id = half };
}

/* Each thread has its half of the slots: writes a quarter of what it touches. */
static void *thrash(void *arg)
{
	size_t half = (uintptr_t)arg, first = half * (NR_SLOTS / 2);
	uint64_t random = test_seed + half;

	for (int i = 0; i < NR_STEPS; i++) {
		size_t slot = first + random_next(&random) % (NR_SLOTS / 2);

		if (random_next(&random) % 4 == 0)
			pattern_fill(&zone, kept(half), slot, 1);
		else
			atomic_fetch_add(&nr_bad, pattern_bad(&zone, kept(half), slot, 1));
	}
	return NULL;
}

static void thrash_twofold(void)
{
	pthread_t thread[2];

	for (uintptr_t i = 0; i < 2; i++) {
		pattern_fill(&zone, kept(i), i * (NR_SLOTS / 2), NR_SLOTS / 2);
		pthread_create(&thread[i], NULL, thrash, (void *)i);
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		nr_bad += pattern_bad(&zone, kept(i), i * (NR_SLOTS / 2), NR_SLOTS / 2);
	}
}

static __u32 policy_of(const struct zone *zone)
{
	struct vmzone_set set = { .size = sizeof(set) };

	if (ioctl(zone->fd, VMZONE_IOC_GET, &set))
		bail("VMZONE_IOC_GET");
	return set.policy;
}

static void test_policy(__u32 id)
{
	const char *name = id < NR_POLICY_NAMES ? policy_name[id] : "?";
	struct vmzone_stats stats;

	zone = zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .policy = id,
	});
	nr_bad = 0;
	is(policy_of(&zone), id, "%s: GET tells it", name);
	thrash_twofold();
	is(nr_bad, 0, "%s: every page was right", name);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "%s: the counters hold", name);
	between(stats.faults_major, NR_SLOTS, 2 * NR_STEPS + NR_SLOTS,
		"%s: it had to page in", name);
	ok(stats.selects, "%s: the policy was asked", name);
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS), NR_SLOTS, "%s: DISCARD", name);
	stats = zone_emptied(&zone);
	is(stats.resident_frames, 0, "%s: no frame is left in use", name);
	is(stats.stored_slots, 0, "%s: nothing is left in the store", name);
	zone_drop(&zone);
}

static unsigned long long metadata_bytes(__u32 policy, size_t nr_frames)
{
	unsigned long long bytes;

	zone = zone_new((struct vmzone_create) {
		.bytes = MIB, .frames = nr_frames, .policy = policy,
	});
	bytes = zone_stats(&zone).metadata_bytes;
	zone_drop(&zone);
	return bytes;
}

int main(void)
{
	struct vmzone_info info;

	test_begin(240);
	info = device_info();
	for (__u32 id = 0; id < 32; id++)
		if (info.policies >> id & 1)
			test_policy(id);
	is(metadata_bytes(VMZONE_POLICY_FIFO, 4096), metadata_bytes(VMZONE_POLICY_FIFO, 64),
	   "FIFO keeps nothing for each frame");
	between(metadata_bytes(VMZONE_POLICY_S3FIFO, 4096) -
		metadata_bytes(VMZONE_POLICY_FIFO, 4096), 4096 * 8, 4096 * 12,
		"what S3-FIFO keeps for each frame is counted");
	return tap_end();
}
