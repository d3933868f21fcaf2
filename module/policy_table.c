// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_table.c - the eviction policies that there are
 */
#include <linux/string.h>

#include "policy.h"

static const struct vmzone_policy_ops *const policies[] = {
	&vmzone_policy_fifo,
	&vmzone_policy_clock,
	&vmzone_policy_nru,
	&vmzone_policy_lru,
	&vmzone_policy_sieve,
	&vmzone_policy_s3fifo,
};

/**
 * vmzone_policy_by_id() - find an algorithm
 * @id: enum vmzone_policy_id, as given by a user
 *
 * Context: any.
 * Return: it, or NULL if this build has none of that id.
 */
const struct vmzone_policy_ops *vmzone_policy_by_id(u32 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		if (policies[i]->id == id)
			return policies[i];
	return NULL;
}

/**
 * vmzone_policy_by_name() - find an algorithm
 * @name: as in the module parameter
 *
 * Context: any.
 * Return: it, or NULL if this build has none of that name.
 */
const struct vmzone_policy_ops *vmzone_policy_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		if (sysfs_streq(policies[i]->name, name))
			return policies[i];
	return NULL;
}

/**
 * vmzone_policy_mask() - the algorithms of this build
 *
 * Context: any.
 * Return: bit mask, 1 << enum vmzone_policy_id.
 */
u32 vmzone_policy_mask(void)
{
	unsigned int i;
	u32 mask = 0;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		mask |= 1U << policies[i]->id;
	return mask;
}
