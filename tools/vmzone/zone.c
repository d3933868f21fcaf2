// SPDX-License-Identifier: GPL-2.0-only
/*
 * zone.c - one zone, and the ioctls on it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmzone.h"
#include "zone.h"

static const char *const policy_names[] = {
	[VMZONE_POLICY_FIFO] = "fifo",
	[VMZONE_POLICY_CLOCK] = "clock",
	[VMZONE_POLICY_NRU] = "nru",
	[VMZONE_POLICY_LRU] = "lru",
	[VMZONE_POLICY_SIEVE] = "sieve",
	[VMZONE_POLICY_S3FIFO] = "s3fifo",
};

static const char *const codec_names[] = {
	[VMZONE_CODEC_NONE] = "none",
	[VMZONE_CODEC_LZO_RLE] = "lzo-rle",
	[VMZONE_CODEC_LZ4] = "lz4",
	[VMZONE_CODEC_ZSTD] = "zstd",
};

const char *zone_policy_name(__u32 policy)
{
	return policy < ARRAY_SIZE(policy_names) ? policy_names[policy] : NULL;
}

const char *zone_codec_name(__u32 codec)
{
	return codec < ARRAY_SIZE(codec_names) ? codec_names[codec] : NULL;
}

/* Return: the number behind a name, 0 when there is none */
static __u32 find_name(const char *const *names, size_t nr, const char *name)
{
	for (size_t i = 1; i < nr; i++)
		if (!strcmp(names[i], name))
			return (__u32)i;
	return 0;
}

__u32 zone_policy_find(const char *name)
{
	return find_name(policy_names, ARRAY_SIZE(policy_names), name);
}

__u32 zone_codec_find(const char *name)
{
	return find_name(codec_names, ARRAY_SIZE(codec_names), name);
}

/* The names whose bits are set in @mask, with blanks between. */
void zone_names_join(char *buf, size_t len, const char *(*name)(__u32), __u32 mask)
{
	size_t used = 0;

	buf[0] = 0;
	for (__u32 i = 1; name(i); i++) {
		if (!(mask & 1u << i) || used >= len)
			continue;
		used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? " " : "", name(i));
	}
}

static int info_get(int fd, struct vmzone_info *info)
{
	*info = (struct vmzone_info){ .size = sizeof(*info) };
	return ioctl(fd, VMZONE_IOC_INFO, info);
}

static void close_quietly(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

const char *zone_open_hint(void)
{
	switch (errno) {
	case ENOENT:
		return " (is the module vmzone loaded?)";
	case ENOSPC:
		return " (other zones, and others that have it open, take up max_frames)";
	case EPERM:
		return " (the parameter zone_frames is above max_zone_frames)";
	default:
		return "";
	}
}

int zone_info(struct vmzone_info *info)
{
	int fd = open(ZONE_DEVICE, O_RDWR | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -1;
	err = info_get(fd, info);
	close_quietly(fd);
	return err;
}

/* The kernel tells the id in the descriptor's fdinfo only. */
static __u32 read_id(int fd)
{
	char path[64], line[128];
	__u32 id = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	in = fopen(path, "re");
	if (!in)
		return 0;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "vmzone-id: %u", &id) == 1)
			break;
	fclose(in);
	return id;
}

/**
 * zone_create() - make a zone
 * @z: filled in; zone_close() it
 * @want: as for VMZONE_IOC_CREATE, without size
 *
 * @z->info is valid after a failure, too, if its page_size is not 0.
 */
int zone_create(struct zone *z, const struct vmzone_create *want)
{
	struct vmzone_create create = *want;
	int device = open(ZONE_DEVICE, O_RDWR | O_CLOEXEC);
	int err;

	*z = (struct zone){ .fd = -1 };
	if (device < 0)
		return -1;
	create.size = sizeof(create);
	err = info_get(device, &z->info);
	if (!err)
		err = ioctl(device, VMZONE_IOC_CREATE, &create);
	close_quietly(device);
	if (err)
		return -1;
	z->fd = create.out_fd;
	z->id = read_id(z->fd);
	z->now.size = sizeof(z->now);
	return ioctl(z->fd, VMZONE_IOC_GET, &z->now);
}

int zone_map(struct zone *z)
{
	void *base = mmap(NULL, z->now.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, z->fd, 0);

	if (base == MAP_FAILED)
		return -1;
	z->base = base;
	return 0;
}

void zone_close(struct zone *z)
{
	if (z->base)
		munmap(z->base, z->now.bytes);
	if (z->fd >= 0)
		close(z->fd);
	*z = (struct zone){ .fd = -1 };
}

int zone_stats(const struct zone *z, struct vmzone_stats *stats)
{
	*stats = (struct vmzone_stats){ .size = sizeof(*stats) };
	return ioctl(z->fd, VMZONE_IOC_STATS, stats);
}

int zone_histogram(const struct zone *z, __u32 kind, struct vmzone_histogram *histogram)
{
	*histogram = (struct vmzone_histogram){ .size = sizeof(*histogram), .kind = kind };
	return ioctl(z->fd, VMZONE_IOC_HISTOGRAM, histogram);
}

int zone_pagemap(const struct zone *z, __u64 offset, __u64 length, __u8 *vec)
{
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap),
		.offset = offset,
		.length = length,
		.vec = (unsigned long)vec,
	};

	return ioctl(z->fd, VMZONE_IOC_PAGEMAP, &pagemap);
}
