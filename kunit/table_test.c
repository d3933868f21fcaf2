// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_test.c - the slot table of a zone
 *
 * Proves: a slot is found where it was made and nowhere else, in whatever order
 * one asks, also right after one asked in vain; each is zeros, and no two are the
 * same; a walk meets all leaves, in order, and skips what was never touched; a
 * slot that cannot be made for want of memory can be made later.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../module/zone.h"
#include "faults.h"

#define SEED		0x7ab1eUL
#define NR_LOOKUPS	5000

/* In leaves at the ends of what one, two and more levels of the table hold. */
static const pgoff_t touched[] = {
	0, 1, 255, 256, 511, 700, 63 * 256, 64 * 256 - 1, 64 * 256, 4095 * 256,
	4096 * 256, 1UL << 32, 1UL << 50,
};

static int table_test_init(struct kunit *test)
{
	struct vmzone_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);

	if (!zone || vmzone_zone_init_slots(zone))
		return -ENOMEM;
	test->priv = zone;
	return 0;
}

static void table_test_exit(struct kunit *test)
{
	if (test->priv)
		vmzone_zone_free_slots(test->priv);
}

static void slots_are_found_where_made(struct kunit *test)
{
	struct vmzone_slot *slots[ARRAY_SIZE(touched)];
	struct vmzone_zone *zone = test->priv;
	struct rnd_state rnd;
	unsigned int i, j;

	kunit_info(test, "seed %#lx", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < ARRAY_SIZE(touched); i++) {
		slots[i] = vmzone_zone_make_slot(zone, touched[i]);
		KUNIT_ASSERT_NOT_NULL(test, slots[i]);
		KUNIT_EXPECT_NULL(test, memchr_inv(slots[i], 0, sizeof(*slots[i])));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_PTR_NE(test, slots[i], slots[j]);
	}
	for (i = 0; i < NR_LOOKUPS; i++) {
		u32 number = prandom_u32_state(&rnd);

		j = number % ARRAY_SIZE(touched);
		KUNIT_ASSERT_PTR_EQ(test, slots[j], number & BIT(31) ?
				    vmzone_zone_find_slot(zone, touched[j]) :
				    vmzone_zone_make_slot(zone, touched[j]));
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_leaves), 9l);
}

static void nothing_is_found_elsewhere(struct kunit *test)
{
	struct vmzone_zone *zone = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(touched); i++) {
		/* Its leaf is one that was made for the last one, or is not there. */
		bool leaf = i && touched[i] / VMZONE_LEAF_SLOTS == touched[i - 1] / VMZONE_LEAF_SLOTS;

		KUNIT_EXPECT_EQ(test, !!vmzone_zone_find_slot(zone, touched[i]), leaf);
		KUNIT_EXPECT_NOT_NULL(test, vmzone_zone_make_slot(zone, touched[i]));
		KUNIT_EXPECT_NOT_NULL(test, vmzone_zone_find_slot(zone, touched[i]));
		KUNIT_EXPECT_NULL(test, vmzone_zone_find_slot(zone, 1UL << 51));
	}
}

static void walk_meets_all_leaves(struct kunit *test)
{
	struct vmzone_zone *zone = test->priv;
	unsigned long nr_leaves = 0;
	struct vmzone_slot *slot;
	unsigned int i;
	pgoff_t index;

	for (i = 0; i < ARRAY_SIZE(touched); i++)
		KUNIT_ASSERT_NOT_NULL(test, vmzone_zone_make_slot(zone, touched[i]));
	for (index = 0; (slot = vmzone_zone_next_slot(zone, &index, ULONG_MAX)); nr_leaves++) {
		KUNIT_ASSERT_EQ(test, index % VMZONE_LEAF_SLOTS, 0ul);
		KUNIT_EXPECT_PTR_EQ(test, slot, vmzone_zone_find_slot(zone, index));
		index += VMZONE_LEAF_SLOTS;
	}
	KUNIT_EXPECT_EQ(test, (long)nr_leaves, atomic_long_read(&zone->nr_leaves));
	KUNIT_EXPECT_EQ(test, index, ULONG_MAX);
}

/* Two allocations: the leaf, and the xarray's own. */
static void leaf_can_be_had_later(struct kunit *test)
{
	struct vmzone_zone *zone = test->priv;
	unsigned int nth;

	KUNIT_ASSERT_EQ(test, vmzone_test_faults_open(), 0);
	for (nth = 1; nth <= 2; nth++) {
		vmzone_test_faults_begin(nth);
		KUNIT_EXPECT_NULL(test, vmzone_zone_make_slot(zone, 300));
		KUNIT_EXPECT_TRUE(test, vmzone_test_faults_end());
		KUNIT_EXPECT_NULL(test, vmzone_zone_find_slot(zone, 300));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_leaves), 0l);
	}
	vmzone_test_faults_close();
	KUNIT_EXPECT_NOT_NULL(test, vmzone_zone_make_slot(zone, 300));
	KUNIT_EXPECT_NOT_NULL(test, vmzone_zone_find_slot(zone, 300));
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(slots_are_found_where_made),
	KUNIT_CASE(nothing_is_found_elsewhere),
	KUNIT_CASE(walk_meets_all_leaves),
	KUNIT_CASE(leaf_can_be_had_later),
	{}
};

static struct kunit_suite table_suite = {
	.name = "vmzone_table",
	.init = table_test_init,
	.exit = table_test_exit,
	.test_cases = table_cases,
};
kunit_test_suite(table_suite);
