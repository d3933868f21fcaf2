// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: what is written through sysfs is checked at once, a bad
 * value is EINVAL and changes nothing, a good one is used by the next zone.
 */
#include "zone.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "/sys/module/vmzone/parameters/%s", name);
	return path;
}

/* Return: 0 or the errno of the write. */
static int put(const char *name, const char *value)
{
	int fd = open(path_of(name), O_WRONLY);
	int error;

	if (fd < 0)
		bail("open %s", path_of(name));
	error = write(fd, value, strlen(value)) < 0 ? errno : 0;
	close(fd);
	return error;
}

static void get(const char *name, char *value, size_t size)
{
	int fd = open(path_of(name), O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, value, size - 1);

	if (len <= 0)
		bail("read %s", path_of(name));
	value[len] = 0;
	value[strcspn(value, "\n")] = 0;
	close(fd);
}

static struct vmzone_set settings_of_new(void)
{
	struct vmzone_set set = { .size = sizeof(set) };
	int fd = device_open(O_RDWR);

	if (ioctl(fd, VMZONE_IOC_GET, &set))
		bail("VMZONE_IOC_GET");
	close(fd);
	return set;
}

static void refuses(const char *name, const char *value)
{
	char before[64], after[64];

	get(name, before, sizeof(before));
	is(put(name, value), EINVAL, "%s: '%s' is refused", name, value);
	get(name, after, sizeof(after));
	ok(!strcmp(before, after), "%s: stays %s", name, after);
}

static void takes(const char *name, const char *value, const char *shown)
{
	char after[64];

	is(put(name, value), 0, "%s: '%s' is taken", name, value);
	get(name, after, sizeof(after));
	ok(!strcmp(after, shown), "%s: reads %s", name, after);
}

static void numbers(void)
{
	static const char *const names[] = {
		"zone_bytes", "zone_frames", "zone_store_limit", "max_frames", "max_zone_frames",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		refuses(names[i], " ");
		refuses(names[i], "many");
		refuses(names[i], "64x");
		refuses(names[i], "-1");
		refuses(names[i], "0");
		refuses(names[i], "0xffffffffffffffff");
	}
	refuses("zone_bytes", "4097");
	refuses("zone_bytes", "1024P");
	refuses("zone_frames", "15");
}

static void words(void)
{
	refuses("policy", "best");
	refuses("policy", " ");
	refuses("codec", "lz5");
	refuses("mode", "888");
	refuses("mode", "7777");
	takes("policy", "fifo", "fifo");
	takes("codec", "zstd", "zstd");
	takes("zone_bytes", "64M", "67108864");
	takes("zone_frames", "100", "100");
	takes("zone_store_limit", "1M", "1048576");
}

static void next_zone(void)
{
	struct vmzone_set set = settings_of_new();

	is(set.policy, VMZONE_POLICY_FIFO, "the next zone: policy");
	is(set.codec, VMZONE_CODEC_ZSTD, "the next zone: codec");
	is(set.bytes, 64 * MIB, "the next zone: bytes");
	is(set.frames, 100, "the next zone: frames");
	is(set.store_limit, MIB, "the next zone: store limit");
}

/* The node is made anew with the mode; those who have it open keep it. */
static void node_mode(void)
{
	struct stat st;
	int fd = device_open(O_RDWR);

	takes("mode", "0640", "0640");
	ok(!stat("/dev/vmzone", &st) && (st.st_mode & 07777) == 0640, "mode: of the node");
	ok(!ioctl(fd, VMZONE_IOC_INFO, &(struct vmzone_info){ .size = sizeof(struct vmzone_info) }),
	   "mode: an open descriptor goes on");
	close(fd);
}

int main(void)
{
	static const char *const names[] = {
		"zone_bytes", "zone_frames", "zone_store_limit", "policy", "codec", "mode",
	};
	char before[ARRAY_SIZE(names)][64];

	test_begin(60);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		get(names[i], before[i], sizeof(before[i]));
	numbers();
	words();
	next_zone();
	node_mode();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		takes(names[i], before[i], before[i]);
	return tap_end();
}
