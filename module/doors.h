/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doors.h - what the doors of vmzone offer each other and main.c
 *
 * A door takes what the VFS or user space hands in, checks it, and turns it
 * into zone and slot. Behind it nothing is checked again.
 */
#ifndef VMZONE_DOORS_H
#define VMZONE_DOORS_H

#include <linux/fs.h>

struct vm_area_struct;
struct vmzone_zone;

/**
 * struct vmzone_descriptor - an open file of a zone: its private data
 * @zone: the zone, which the file holds
 * @pressure_seen: zone->pressure at the last VMZONE_IOC_STATS
 */
struct vmzone_descriptor {
	struct vmzone_zone *zone;
	long pressure_seen;
};

static inline struct vmzone_zone *vmzone_file_zone(const struct file *file)
{
	const struct vmzone_descriptor *descriptor = file->private_data;

	return descriptor->zone;
}

/* vma.c */
int vmzone_vma_mmap(struct file *file, struct vm_area_struct *vma);

/* ioctl.c */
long vmzone_ioctl(struct file *file, unsigned int command, unsigned long arg);

/* file.c */
extern const struct file_operations vmzone_device_fops;
int vmzone_file_attach(struct file *file, struct vmzone_zone *zone);
struct file *vmzone_file_create(struct vmzone_zone *zone);
int vmzone_file_adopt(struct vm_area_struct *vma, struct vmzone_zone *zone);

/* device.c */
int vmzone_device_init(void);
void vmzone_device_exit(void);

/* node.c */
int vmzone_node_create(struct vmzone_zone *zone);
int vmzone_node_destroy(struct vmzone_zone *zone);

/* debugfs.c */
void vmzone_debugfs_init(void);
void vmzone_debugfs_exit(void);

#endif /* VMZONE_DOORS_H */
