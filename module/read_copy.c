// SPDX-License-Identifier: GPL-2.0-only
/*
 * read_copy.c - where an object of the store is put together that lies in two pages
 *
 * Owns: a page for each CPU, where zsmalloc wants it. So a page-in allocates
 * nothing, and waits for no save that works on the same CPU, unless its codec
 * needs scratch memory to load.
 *
 * Lock order: a CPU's lock is a leaf.
 */
#include <linux/gfp.h>
#include <linux/local_lock.h>
#include <linux/percpu.h>

#include "compat.h"
#include "read_copy.h"

/**
 * struct read_copy - the page of one CPU
 * @lock: held while an object is in it
 * @page: its memory
 */
struct read_copy {
	local_lock_t lock;
	void *page;
};

static struct read_copy __percpu *read_copies;

/**
 * vmzone_read_copy_init() - make the pages
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_read_copy_init(void)
{
	int cpu;

	if (!VMZONE_ZS_READ_NEEDS_COPY)
		return 0;
	read_copies = alloc_percpu(struct read_copy);
	if (!read_copies)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct read_copy *copy = per_cpu_ptr(read_copies, cpu);

		local_lock_init(&copy->lock);
		copy->page = (void *)__get_free_page(GFP_KERNEL);
		if (!copy->page) {
			vmzone_read_copy_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * vmzone_read_copy_exit() - undo vmzone_read_copy_init()
 *
 * Context: process context; there is no store.
 */
void vmzone_read_copy_exit(void)
{
	int cpu;

	if (!read_copies)
		return;
	for_each_possible_cpu(cpu)
		free_page((unsigned long)per_cpu_ptr(read_copies, cpu)->page);
	free_percpu(read_copies);
	read_copies = NULL;
}

/**
 * vmzone_read_copy_begin() - have the page of this CPU
 *
 * Context: any; nothing may sleep until vmzone_read_copy_end(). Only where
 * VMZONE_ZS_READ_NEEDS_COPY.
 * Return: its memory.
 */
void *vmzone_read_copy_begin(void)
{
	local_lock(&read_copies->lock);
	return this_cpu_ptr(read_copies)->page;
}

/**
 * vmzone_read_copy_end() - let go of the page of this CPU
 *
 * Context: after vmzone_read_copy_begin(), on the same CPU.
 */
void vmzone_read_copy_end(void)
{
	local_unlock(&read_copies->lock);
}
