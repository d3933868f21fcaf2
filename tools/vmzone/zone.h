/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zone.h - one zone, and the ioctls on it
 *
 * Functions that return int give 0, or -1 with errno set.
 */
#ifndef VMZONE_ZONE_H
#define VMZONE_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/vmzone.h>

#define ZONE_DEVICE "/dev/vmzone"
#define ZONE_MIN_FRAMES 16

/**
 * struct zone - a zone that this process made and mapped
 * @fd: its descriptor
 * @id: as in debugfs and fdinfo; 0 when unknown
 * @now: its parameters, as VMZONE_IOC_GET gave them
 * @info: what the module can do
 * @base: the mapping of the whole zone
 */
struct zone {
	int fd;
	__u32 id;
	struct vmzone_set now;
	struct vmzone_info info;
	unsigned char *base;
};

/* What errno of opening the device may come of: more words for a message, or "". */
const char *zone_open_hint(void);
int zone_info(struct vmzone_info *info);
int zone_create(struct zone *z, const struct vmzone_create *want);
int zone_map(struct zone *z);
void zone_close(struct zone *z);
int zone_stats(const struct zone *z, struct vmzone_stats *stats);
int zone_histogram(const struct zone *z, __u32 kind, struct vmzone_histogram *histogram);
int zone_pagemap(const struct zone *z, __u64 offset, __u64 length, __u8 *vec);

const char *zone_policy_name(__u32 policy);
const char *zone_codec_name(__u32 codec);
__u32 zone_policy_find(const char *name);
__u32 zone_codec_find(const char *name);
void zone_names_join(char *buf, size_t len, const char *(*name)(__u32), __u32 mask);

#endif /* VMZONE_ZONE_H */
