// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what CREATE takes and refuses, that GET tells what a zone was made
 * with, that INFO is consistent, that the module parameters are the defaults
 * of new zones, and the limits on all frames and on those of one zone. Run it
 * alone: it changes parameters for a while.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PARAMETERS "/sys/module/vmzone/parameters/"
#define NR_SLOTS 32
#define NR_FRAMES 16

static struct vmzone_info info;
static int device;		/* stays open: CREATE on it makes no zone beside the new one */

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static struct vmzone_create good_create(void)
{
	return (struct vmzone_create){
		.size = sizeof(struct vmzone_create),
		.bytes = NR_SLOTS * page_size,
		.frames = NR_FRAMES,
	};
}

/* Return: 0 or the errno; what was made is closed again. */
static int try_create(struct vmzone_create create)
{
	if (ioctl(device, VMZONE_IOC_CREATE, &create))
		return errno;
	close(create.out_fd);
	return 0;
}

/* One field of a good argument set to value. */
#define refuses(field, value, want, what) do { \
	struct vmzone_create create = good_create(); \
	create.field = (value); \
	is(try_create(create), want, "CREATE: %s", what); \
} while (0)

static void bad_values(void)
{
	struct vmzone_create named = good_create();

	is(try_create(good_create()), 0, "CREATE: good values");
	refuses(bytes, page_size - 1, EINVAL, "one byte less than a page");
	refuses(bytes, page_size + 512, EINVAL, "a page and a bit");
	refuses(bytes, -page_size, EINVAL, "nearly 16 EiB");
	refuses(bytes, info.max_zone_bytes + page_size, EINVAL, "more than max_zone_bytes");
	refuses(frames, 1, EINVAL, "one frame");
	refuses(frames, 15, EINVAL, "15 frames");
	refuses(frames, 16, 0, "16 frames");
	refuses(frames, info.max_frames + 1, ENOSPC, "more frames than max_frames");
	refuses(frames, 1ULL << 60, ENOSPC, "2^60 frames");
	refuses(frames, ~0ULL, ENOSPC, "2^64 - 1 frames");
	refuses(policy, 99, EINVAL, "an unknown policy");
	refuses(policy, 31, EINVAL, "policy 31");
	refuses(policy, 33, EINVAL, "policy 33, which 1 << would take for 1");
	refuses(policy, ~0u, EINVAL, "policy 2^32 - 1");
	refuses(codec, 99, EINVAL, "an unknown codec");
	refuses(codec, 33, EINVAL, "codec 33, which 1 << would take for 1");
	refuses(codec, ~0u, EINVAL, "codec 2^32 - 1");
	refuses(name[0], 'x', EINVAL, "a name without NAMED");
	refuses(name[VMZONE_NAME_LEN - 1], 'x', EINVAL, "the end of a name without NAMED");
	if (!(info.features & VMZONE_FEATURE_CLONE))
		refuses(flags, VMZONE_CREATE_CLONEABLE, EOPNOTSUPP, "CLONEABLE in this build");
	if (!(info.features & VMZONE_FEATURE_NAMED)) {
		named.flags = VMZONE_CREATE_NAMED;
		memcpy(named.name, "name", 4);
		is(try_create(named), EOPNOTSUPP, "CREATE: NAMED in this build");
	}
}

static void not_built(void)
{
	for (unsigned int policy = 1; policy <= VMZONE_POLICY_S3FIFO; policy++) {
		struct vmzone_create create = good_create();
		int error;

		create.policy = policy;
		error = try_create(create);
		ok(info.policies & 1u << policy ? !error : error == EINVAL || error == EOPNOTSUPP,
		   "CREATE: policy %u: as INFO says (%d)", policy, error);
	}
}

static void info_is_consistent(void)
{
	const uint32_t core_policies = 1 << VMZONE_POLICY_FIFO | 1 << VMZONE_POLICY_CLOCK;
	const uint32_t core_codecs = 1 << VMZONE_CODEC_NONE | 1 << VMZONE_CODEC_LZO_RLE |
				     1 << VMZONE_CODEC_LZ4 | 1 << VMZONE_CODEC_ZSTD;

	is(info.abi, VMZONE_ABI, "INFO: abi");
	is(info.page_size, page_size, "INFO: page_size");
	is(info.policies & core_policies, core_policies, "INFO: FIFO and CLOCK are there");
	is(info.codecs & core_codecs, core_codecs, "INFO: so are the four codecs");
	ok(info.max_frames >= 16 && info.max_zone_bytes >= 16 * page_size &&
	   !(info.max_zone_bytes % page_size), "INFO: the limits make sense");
}

static struct vmzone_set get(int fd)
{
	struct vmzone_set set = { .size = sizeof(set) };

	if (ioctl(fd, VMZONE_IOC_GET, &set))
		bail("VMZONE_IOC_GET");
	return set;
}

static void get_tells(void)
{
	struct vmzone_create create = good_create();
	struct zone zone;
	struct vmzone_set set;

	create.store_limit = MIB;
	create.policy = VMZONE_POLICY_CLOCK;
	create.codec = VMZONE_CODEC_LZO_RLE;
	zone = zone_new(create);
	set = get(zone.fd);
	is(set.bytes, create.bytes, "GET: bytes");
	is(set.frames, create.frames, "GET: frames");
	is(set.store_limit, create.store_limit, "GET: store_limit");
	is(set.policy, create.policy, "GET: policy");
	is(set.codec, create.codec, "GET: codec");
	is(zone_stats(&zone).budget_frames, create.frames, "STATS: budget");
	is(zone_stats(&zone).store_limit_bytes, create.store_limit, "STATS: store_limit");
	zone_drop(&zone);
}

/* Return: 0 or the errno. */
static int set_parameter(const char *name, const char *value)
{
	char path[128];
	int fd, error;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = write(fd, value, strlen(value)) < 0 ? errno : 0;
	close(fd);
	return error;
}

static void get_parameter(const char *name, char *value, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, "r");
	if (!file || !fgets(value, size, file))
		bail("reading %s", path);
	fclose(file);
	value[strcspn(value, "\n")] = 0;
}

static void set_number(const char *name, unsigned long long number)
{
	char value[32];

	snprintf(value, sizeof(value), "%llu", number);
	is(set_parameter(name, value), 0, "parameter %s can be set to %s", name, value);
}

struct saved {
	const char *name;
	char value[64];
};

static void parameters_are_defaults(void)
{
	struct saved saved[] = {
		{ .name = "zone_bytes" }, { .name = "zone_frames" },
		{ .name = "zone_store_limit" }, { .name = "policy" }, { .name = "codec" },
	};
	struct vmzone_create create = { .size = sizeof(create) };
	struct vmzone_set set;
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(saved); i++)
		get_parameter(saved[i].name, saved[i].value, sizeof(saved[i].value));
	set_number("zone_bytes", 48 * page_size);
	set_number("zone_frames", 24);
	set_number("zone_store_limit", 3 * MIB);
	is(set_parameter("policy", "fifo"), 0, "parameter policy can be set to fifo");
	is(set_parameter("codec", "zstd"), 0, "parameter codec can be set to zstd");
	fd = device_open(O_RDWR);
	set = get(fd);
	ok(set.bytes == 48 * page_size && set.frames == 24 && set.store_limit == 3 * MIB,
	   "a new open has that size, budget and store limit");
	ok(set.policy == VMZONE_POLICY_FIFO && set.codec == VMZONE_CODEC_ZSTD,
	   "and that policy and codec");
	is(ioctl(fd, VMZONE_IOC_CREATE, &create), 0, "CREATE with nothing given");
	close(fd);
	set = get(create.out_fd);
	ok(set.bytes == 48 * page_size && set.frames == 24 && set.store_limit == 3 * MIB &&
	   set.policy == VMZONE_POLICY_FIFO && set.codec == VMZONE_CODEC_ZSTD,
	   "takes the same defaults");
	close(create.out_fd);
	for (size_t i = 0; i < ARRAY_SIZE(saved); i++)
		is(set_parameter(saved[i].name, saved[i].value), 0, "%s back to %s",
		   saved[i].name, saved[i].value);
	is(set_parameter("codec", "bogus"), EINVAL, "an unknown codec is no parameter");
	is(set_parameter("policy", "bogus"), EINVAL, "nor is an unknown policy");
}

static mode_t mode_of_device(void)
{
	struct stat stat_of;

	for (int i = 0; stat("/dev/vmzone", &stat_of) && i < 50; i++)
		usleep(100000);
	return stat_of.st_mode & 0777;
}

static void permissions(void)
{
	char saved[64];

	get_parameter("mode", saved, sizeof(saved));
	is(strtol(saved, NULL, 8), 0600, "parameter mode is 0600");
	is(mode_of_device(), 0600, "and so is that of /dev/vmzone");
	is(set_parameter("mode", "0666"), 0, "parameter mode can be set to 0666");
	is(mode_of_device(), 0666, "which changes that of /dev/vmzone");
	is(set_parameter("mode", saved), 0, "mode back to %s", saved);
	is(mode_of_device(), 0600, "for /dev/vmzone, too");
	is(try_create(good_create()), 0, "an open descriptor outlives that");
}

/* device holds one budget of the default size; so many more are left for CREATE. */
#define NR_LEFT 64

static void all_frames_together(void)
{
	struct vmzone_create create = good_create();
	char saved[64];

	get_parameter("max_frames", saved, sizeof(saved));
	set_number("max_frames", get(device).frames + NR_LEFT);
	create.frames = NR_LEFT + 1;
	is(try_create(create), ENOSPC, "CREATE: one frame more than max_frames leaves");
	create.frames = NR_LEFT;
	is(try_create(create), 0, "CREATE: all that it leaves");
	create.frames = NR_LEFT - 16;
	is(ioctl(device, VMZONE_IOC_CREATE, &create), 0, "CREATE: most of it");
	refuses(frames, 17, ENOSPC, "more than what is left then");
	refuses(frames, 16, 0, "just that");
	close(create.out_fd);
	refuses(frames, NR_LEFT, 0, "all of it again when the other has ended");
	is(set_parameter("max_frames", saved), 0, "max_frames back to %s", saved);
}

static int create_without_capability(void *arg)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct vmzone_create create = good_create();

	if (syscall(SYS_capget, &header, data))
		return 200;
	data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	if (syscall(SYS_capset, &header, data))
		return 201;
	create.frames = *(uint64_t *)arg;
	return try_create(create);
}

static void frames_of_one_zone(void)
{
	uint64_t frames = 64;
	char saved[64];

	get_parameter("max_zone_frames", saved, sizeof(saved));
	set_number("max_zone_frames", frames);
	is(child_run(create_without_capability, &frames), 0, "CREATE: max_zone_frames");
	frames++;
	is(child_run(create_without_capability, &frames), EPERM,
	   "CREATE: one more without CAP_SYS_RESOURCE");
	refuses(frames, 65, 0, "one more with it");
	is(set_parameter("max_zone_frames", saved), 0, "max_zone_frames back to %s", saved);
}

static void no_descriptor_left(void)
{
	struct rlimit old, none;
	int next = dup(device);

	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = next;
	close(next);
	setrlimit(RLIMIT_NOFILE, &none);
	is(try_create(good_create()), EMFILE, "CREATE: without a free descriptor");
	setrlimit(RLIMIT_NOFILE, &old);
	is(try_create(good_create()), 0, "CREATE: with one");
}

static void preallocated(void)
{
	struct vmzone_create create = good_create();
	struct zone zone;

	create.flags = VMZONE_CREATE_PREALLOC;
	zone = zone_new(create);
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "a zone with PREALLOC works");
	ok(zone_stats(&zone).peak_resident_frames <= NR_FRAMES, "within its budget");
	create.out_fd = -1;
	is(ioctl(zone.fd, VMZONE_IOC_CREATE, &create), 0, "CREATE works on a created zone, too");
	close(create.out_fd);
	zone_drop(&zone);
	create.frames = info.max_frames + 1;
	is(try_create(create), ENOSPC, "CREATE: PREALLOC of more than max_frames");
}

int main(void)
{
	test_begin(60);
	info = device_info();
	device = device_open(O_RDWR);
	info_is_consistent();
	bad_values();
	not_built();
	get_tells();
	no_descriptor_left();
	preallocated();
	parameters_are_defaults();
	all_frames_together();
	frames_of_one_zone();
	permissions();
	close(device);
	return tap_end();
}
