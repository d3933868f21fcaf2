// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.c - mappings of a zone
 *
 * Owns: mmap and the fault handler. A mapping behaves as that of a shared memfd:
 * frames are ordinary pages of the zone's address space, mapped by the kernel's
 * own fault code, so get_user_pages(), fork, ptrace and mincore need nothing of
 * us. PTEs come one by one as they are touched, and go by unmap_mapping_pages().
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/personality.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "doors.h"
#include "resident.h"
#include "trace.h"
#include "zone.h"

static void count_fault(struct vmzone_zone *zone, pgoff_t index,
			enum vmzone_touch touch, ktime_t start)
{
	static const enum vmzone_stat stat[] = {
		[VMZONE_TOUCH_ZERO] = VMZONE_STAT_FAULT_ZERO,
		[VMZONE_TOUCH_MINOR] = VMZONE_STAT_FAULT_MINOR,
		[VMZONE_TOUCH_MAJOR] = VMZONE_STAT_FAULT_MAJOR,
	};
	u64 duration_ns = vmzone_elapsed_ns(start);

	vmzone_stat_inc(&zone->counters, stat[touch]);
	vmzone_hist_add(&zone->counters, touch == VMZONE_TOUCH_MAJOR ?
			VMZONE_HIST_FAULT_MAJOR : VMZONE_HIST_FAULT_MINOR, duration_ns);
	trace_vmzone_fault(zone->id, index, touch, duration_ns);
}

/*
 * A fault that cannot be served. Never VM_FAULT_OOM: for want of a frame the
 * kernel would call its OOM killer or try again for ever, and neither helps a
 * zone that is full. A dying task gets no further anyway.
 */
static vm_fault_t fail_fault(struct vmzone_zone *zone, int error)
{
	if (!fatal_signal_pending(current))
		vmzone_stat_inc(&zone->counters, VMZONE_STAT_SIGBUS);
	return error == -EHWPOISON ? VM_FAULT_HWPOISON : VM_FAULT_SIGBUS;
}

static vm_fault_t vmzone_fault(struct vm_fault *vmf)
{
	struct vmzone_zone *zone = vmf->vma->vm_private_data;
	ktime_t start = ktime_get();
	int touch = -EFBIG;

	if (vmf->pgoff < READ_ONCE(zone->nr_slots))
		touch = vmzone_resident_fault(zone, vmf->pgoff, &vmf->page);
	if (touch < 0)
		return fail_fault(zone, touch);
	count_fault(zone, vmf->pgoff, touch, start);
	return VM_FAULT_LOCKED | (touch == VMZONE_TOUCH_MAJOR ? VM_FAULT_MAJOR : 0);
}

static const struct vm_operations_struct vmzone_vm_ops = {
	.fault = vmzone_fault,
	.map_pages = vmzone_map_no_neighbours,
};

/**
 * vmzone_vma_mmap() - map a part of a zone
 * @file: a descriptor of the zone
 * @vma: the new mapping
 *
 * Context: the mm's lock is held for writing.
 * Return: 0; -EINVAL for a private mapping or one that leaves the zone; -EACCES
 * for an executable one of a zone that was not made so; -ENOMEM; -ENFILE.
 */
int vmzone_vma_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vmzone_zone *zone = vmzone_file_zone(file);
	u64 nr_slots = READ_ONCE(zone->nr_slots);
	unsigned long clear = 0;
	int ret;

	/* VM_SHARED is missing on a descriptor that is only open for reading. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff > nr_slots || vma_pages(vma) > nr_slots - vma->vm_pgoff)
		return -EINVAL;
	if (!(zone->config.flags & VMZONE_CREATE_EXEC)) {
		bool implied = (current->personality & READ_IMPLIES_EXEC) &&
			       (vma->vm_flags & VM_READ);

		/* Some programs ask for it with whatever they map for reading. */
		if ((vma->vm_flags & VM_EXEC) && !implied)
			return -EACCES;
		clear = VM_EXEC | VM_MAYEXEC;
	}
	ret = vmzone_file_adopt(vma, zone);
	if (ret)
		return ret;
	/* Not to grow, to be merged by KSM or to be aged by the kernel's LRU. */
	vmzone_vm_flags_mod(vma, VM_DONTEXPAND, clear);
	vma->vm_private_data = zone;
	vma->vm_ops = &vmzone_vm_ops;
	return 0;
}
