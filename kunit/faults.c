// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - allocations of a test that fail
 *
 * By the kernel's own fault injection, which can let the n-th allocation of a
 * task fail. Its switches can only be set through debugfs, so they are found
 * there. From the n-th on all allocations fail, if not told otherwise, since many
 * callers have a second way to memory.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/fault-inject.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "faults.h"

/* Slabs and pages; the first file of each stands for its struct fault_attr. */
static const char *const injectors[] = { "failslab", "fail_page_alloc" };

static const struct {
	const char *injector;
	const char *name;
} filters[] = {
	{ "failslab", "ignore-gfp-wait" },
	{ "fail_page_alloc", "ignore-gfp-wait" },
	{ "fail_page_alloc", "ignore-gfp-highmem" },
};

/* The variable behind a file of debugfs, or NULL. */
static void *find_switch(const char *injector, const char *name)
{
	struct dentry *folder = debugfs_lookup(injector, NULL);
	struct dentry *file = folder ? debugfs_lookup(name, folder) : NULL;
	void *found = file ? d_inode(file)->i_private : NULL;

	dput(file);
	dput(folder);
	return found;
}

static struct fault_attr *find_attr(const char *injector)
{
	unsigned long *probability = find_switch(injector, "probability");

	return probability ? container_of(probability, struct fault_attr, probability) : NULL;
}

/**
 * vmzone_test_faults_open() - let this task choose allocations that fail
 *
 * Context: process context; undone by vmzone_test_faults_close().
 * Return: 0, or -ENODEV in a kernel that is not built for it.
 */
int vmzone_test_faults_open(void)
{
	u32 *min_order = find_switch("fail_page_alloc", "min-order");
	unsigned int i;

	if (!min_order)
		return -ENODEV;
	for (i = 0; i < ARRAY_SIZE(filters); i++) {
		bool *filter = find_switch(filters[i].injector, filters[i].name);

		if (!filter)
			return -ENODEV;
		*filter = false;
	}
	*min_order = 0;
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		struct fault_attr *attr = find_attr(injectors[i]);

		if (!attr)
			return -ENODEV;
		attr->verbose = 0;
		attr->task_filter = true;
		attr->probability = 100;
	}
	return 0;
}

static void set_times(int times)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(injectors); i++)
		atomic_set(&find_attr(injectors[i])->times, times);
}

/**
 * vmzone_test_faults_close() - let nothing fail any more
 *
 * Context: process context.
 */
void vmzone_test_faults_close(void)
{
	unsigned int i;

	vmzone_test_faults_end();
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		struct fault_attr *attr = find_attr(injectors[i]);

		if (attr)
			attr->probability = 0;
	}
}

/**
 * vmzone_test_faults_begin() - from the n-th on, allocations of this task fail
 * @nth: counted from 1, from now on
 *
 * Context: process context, after vmzone_test_faults_open().
 */
void vmzone_test_faults_begin(unsigned int nth)
{
	set_times(-1);
	current->fail_nth = nth;
	current->make_it_fail = 1;
}

/**
 * vmzone_test_faults_begin_one() - the n-th allocation of this task fails
 * @nth: counted from 1, from now on
 *
 * Context: process context, after vmzone_test_faults_open().
 */
void vmzone_test_faults_begin_one(unsigned int nth)
{
	vmzone_test_faults_begin(nth);
	set_times(0);
}

/**
 * vmzone_test_faults_end() - no more of them fail
 *
 * Context: process context.
 * Return: whether any has failed since vmzone_test_faults_begin(), or _one().
 */
bool vmzone_test_faults_end(void)
{
	bool failed = current->make_it_fail && !current->fail_nth;

	current->make_it_fail = 0;
	current->fail_nth = 0;
	return failed;
}
