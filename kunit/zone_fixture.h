/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zone_fixture.h - a zone over the fake store, and what it ought to hold
 */
#ifndef VMZONE_KUNIT_ZONE_FIXTURE_H
#define VMZONE_KUNIT_ZONE_FIXTURE_H

#include <kunit/test.h>

#include "../module/resident.h"
#include "../module/zone.h"

#define ZONE_SLOTS	64

/* What a slot is filled with where any contents will do; no two have the same. */
#define ZONE_VALUE(index)	(0x1111ULL * ((index) + 1))

/**
 * struct zone_fixture - a zone and its model
 * @zone: started by vmzone_test_zone_start(); NULL before
 * @values: what was written to each slot; 0: nothing
 * @pins: pin count of each slot
 * @nr_orphans: frames that the test made the zone orphan
 */
struct zone_fixture {
	struct vmzone_zone *zone;
	u64 values[ZONE_SLOTS];
	unsigned int pins[ZONE_SLOTS];
	unsigned long nr_orphans;
};

static inline struct vmzone_zone *vmzone_test_zone_of(struct kunit *test)
{
	return ((struct zone_fixture *)test->priv)->zone;
}

int vmzone_test_zone_init(struct kunit *test);
void vmzone_test_zone_exit(struct kunit *test);
void vmzone_test_zone_start(struct kunit *test, const struct vmzone_policy_ops *policy,
			    unsigned long frames);
void vmzone_test_zone_stop(struct kunit *test);
int vmzone_test_zone_touch(struct kunit *test, pgoff_t index, enum vmzone_touch *touch);
int vmzone_test_zone_write(struct kunit *test, pgoff_t index, u64 value);
int vmzone_test_zone_read(struct kunit *test, pgoff_t index);
void vmzone_test_zone_settle(struct kunit *test);
void vmzone_test_zone_check(struct kunit *test);
enum vmzone_slot_state vmzone_test_zone_state(struct kunit *test, pgoff_t index);
u64 vmzone_test_zone_event(struct kunit *test, unsigned int stat);

#endif /* VMZONE_KUNIT_ZONE_FIXTURE_H */
