/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_fixture.h - a policy with numbered frames, and who comes out of it
 */
#ifndef VMZONE_KUNIT_POLICY_FIXTURE_H
#define VMZONE_KUNIT_POLICY_FIXTURE_H

#include "../module/policy.h"

struct kunit;

#define ORDER_MAX_FRAMES	1200

/**
 * struct order_fixture - what every case works on
 * @policy: started by vmzone_order_start()
 * @frames: pages that serve nothing; their index is their number here
 * @nr_frames: their number
 */
struct order_fixture {
	struct vmzone_policy policy;
	struct vmzone_frame *frames[ORDER_MAX_FRAMES];
	unsigned int nr_frames;
};

int vmzone_order_init(struct kunit *test);
void vmzone_order_exit(struct kunit *test);
struct order_fixture *vmzone_order_start(struct kunit *test,
					 const struct vmzone_policy_ops *ops,
					 unsigned int nr_frames);
void vmzone_order_rescue(struct order_fixture *fix, unsigned int number);
void vmzone_order_expect(struct kunit *test, const unsigned int *numbers,
			 unsigned int nr, unsigned long second_chances);

/* The next frames are those, with so many second chances on the way. */
#define EXPECT_ORDER(test, second_chances, ...) do {					\
	static const unsigned int numbers[] = { __VA_ARGS__ };				\
											\
	vmzone_order_expect(test, numbers, ARRAY_SIZE(numbers), second_chances);	\
} while (0)

#endif /* VMZONE_KUNIT_POLICY_FIXTURE_H */
