// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sweeps the allocations of what makes, opens, maps and ends zones: open of the
 * device, CREATE with every flag, DESTROY, open of a named zone's node and of a
 * zone's file again, mmap, fork of a mapping, the last close and the last munmap,
 * and writes to the module's parameters. After each failure no zone and no
 * descriptor is left, all the frames that zones may have are to be had again, and a
 * zone that was there before holds what it held.
 */
#define _GNU_SOURCE
#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "sweep"
#define KEPT "sweep-kept"
#define NODE "/dev/vmzone-" NAME
#define PARAMETERS "/sys/module/vmzone/parameters/"

/* Of a zone that comes and goes. */
#define FEW_FRAMES 16UL
#define FEW_SLOTS 24UL

static int device;		/* a descriptor to ask for zones */
static long nr_zones, nr_descriptors;
static int kept;		/* a zone that is opened and mapped again */
static int made;		/* one that goes */
static void *mapped;

/* Entries of a folder. */
static long count_entries(const char *path)
{
	DIR *folder = opendir(path);
	long nr = 0;

	if (!folder)
		bail("%s", path);
	while (readdir(folder))
		nr++;
	closedir(folder);
	return nr;
}

static long zones_now(void)
{
	return count_entries("/sys/kernel/debug/vmzone");
}

static long descriptors_now(void)
{
	return count_entries("/proc/self/fd");
}

/* Where all is before a call, to compare with. */
static void look(void)
{
	nr_zones = zones_now();
	nr_descriptors = descriptors_now();
}

/* A file's last reference may be put a moment later. */
static bool came_to(long (*now)(void), long want, const char *what)
{
	for (int ms = 0; ms < 2000 && now() != want; ms++)
		usleep(1000);
	if (now() != want)
		diag("  %ld %s, should be %ld", now(), what, want);
	return now() == want;
}

/* Views of a zone are best effort, so a zone may have come without one. */
static bool nothing_made(long ret)
{
	if (ret >= 0)
		return true;
	return came_to(zones_now, nr_zones, "zones") &&
	       came_to(descriptors_now, nr_descriptors, "descriptors");
}

static void close_it(long fd)
{
	close(fd);
	if (!came_to(zones_now, nr_zones, "zones"))
		bail("a zone that was closed is still there");
}

static long act_open_device(void)
{
	return or_errno(open("/dev/vmzone", O_RDWR | O_CLOEXEC));
}

static long create(uint32_t flags, const char *name)
{
	struct vmzone_create create = {
		.size = sizeof(create),
		.flags = flags,
		.bytes = FEW_SLOTS * page_size,
		.frames = FEW_FRAMES,
		.out_fd = -1,
	};

	strcpy(create.name, name);
	return ioctl(device, VMZONE_IOC_CREATE, &create) ? -errno : create.out_fd;
}

static long act_create(void)
{
	return create(0, "");
}

static long act_create_prealloc(void)
{
	return create(VMZONE_CREATE_PREALLOC | VMZONE_CREATE_EXEC, "");
}

static long act_create_named(void)
{
	return create(VMZONE_CREATE_NAMED, NAME);
}

static bool no_node(long ret)
{
	bool there = !access(NODE, F_OK);

	if (there && ret < 0)
		diag("  " NODE " is there");
	return (ret >= 0 || !there) && nothing_made(ret);
}

static long destroy(int fd)
{
	struct vmzone_destroy destroy = { .size = sizeof(destroy) };

	return or_errno(ioctl(fd, VMZONE_IOC_DESTROY, &destroy));
}

static void undo_named(long fd)
{
	must(destroy(fd), "VMZONE_IOC_DESTROY");
	close_it(fd);
}

/* A zone that stays, with a name and with contents, in part in frames. */
static void make_kept(void)
{
	struct zone fill = { .nr_slots = FEW_SLOTS, .nr_frames = FEW_FRAMES };

	kept = must(create(VMZONE_CREATE_NAMED, KEPT), "CREATE of a named zone");
	fill.fd = kept;
	fill.map = zone_map(kept, FEW_SLOTS);
	for (size_t slot = 0; slot < FEW_SLOTS; slot++)
		version_make(slot_at(&fill, slot), slot, 1);
	munmap(fill.map, FEW_SLOTS * page_size);
}

/* Each slot of it, by a read, which makes no mapping. */
static bool kept_right(void)
{
	uint8_t want[page_size], got[page_size];
	size_t bad = 0;

	for (size_t slot = 0; slot < FEW_SLOTS; slot++) {
		version_make(want, slot, 1);
		bad += pread(kept, got, page_size, slot * page_size) != (ssize_t)page_size ||
		       memcmp(got, want, page_size);
	}
	if (bad)
		diag("  %zu slots of the zone that is kept are wrong", bad);
	return !bad;
}

static long act_open_node(void)
{
	return or_errno(open("/dev/vmzone-" KEPT, O_RDWR | O_CLOEXEC));
}

static long act_open_again(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", kept);
	return or_errno(open(path, O_RDWR | O_CLOEXEC));
}

static void make_named(void)
{
	look();
	made = must(act_create_named(), "CREATE of a named zone");
}

static long act_destroy(void)
{
	return destroy(made);
}

static bool node_gone(long ret)
{
	return ret < 0 || access(NODE, F_OK);
}

static void close_made(long ret)
{
	(void)ret;
	close_it(made);
}

/* With contents, of which some are in the store. */
static void make(void)
{
	uint8_t page[page_size];

	look();
	made = must(act_create(), "CREATE");
	for (size_t slot = 0; slot < FEW_SLOTS; slot++) {
		version_make(page, slot, 1);
		if (pwrite(made, page, page_size, slot * page_size) != (ssize_t)page_size)
			bail("pwrite");
	}
}

static long act_last_close(void)
{
	return or_errno(close(made));
}

static bool zone_gone(long ret)
{
	return ret < 0 || came_to(zones_now, nr_zones, "zones");
}

static void make_mapped(void)
{
	make();
	mapped = zone_map(made, FEW_SLOTS);
	close(made);
}

static long act_last_munmap(void)
{
	return or_errno(munmap(mapped, FEW_SLOTS * page_size));
}

static long map_of(int fd, int flags)
{
	mapped = mmap(NULL, FEW_SLOTS * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd,
		      0);
	return mapped == MAP_FAILED ? -errno : 0;
}

static long act_map(void)
{
	return map_of(kept, 0);
}

static long act_map_populated(void)
{
	return map_of(kept, MAP_POPULATE);
}

/* A mapping of the device holds a file of its zone's own. */
static long act_map_device(void)
{
	return map_of(device, 0);
}

/* Each slot, through the mapping that was made. */
static bool map_right(long ret)
{
	uint8_t want[page_size];
	size_t bad = 0;

	for (size_t slot = 0; ret >= 0 && slot < FEW_SLOTS; slot++) {
		version_make(want, slot, 1);
		bad += !!memcmp(mapped + slot * page_size, want, page_size);
	}
	if (bad)
		diag("  %zu slots are wrong", bad);
	return !bad;
}

/* Slots that nobody wrote. */
static bool map_zero(long ret)
{
	return ret < 0 || all_zero(mapped, FEW_SLOTS * page_size);
}

static void unmap(long ret)
{
	(void)ret;
	munmap(mapped, FEW_SLOTS * page_size);
}

static void make_mapping(void)
{
	must(act_map(), "mmap");
}

/* The child sees to the contents. */
static long act_fork(void)
{
	pid_t pid = fork();
	int status;

	/* Copied by a fault of ours, since one of the kernel's may fail. */
	poke(&status, 0);
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(!map_right(0));
	if (waitpid(pid, &status, 0) != pid)
		bail("waitpid");
	return status ? -ECHILD : 0;
}

static void close_fd(long fd)
{
	close(fd);
}

static long parameter_write(const char *name, const char *value)
{
	char path[128];
	long ret;
	int fd;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = or_errno(write(fd, value, strlen(value)));
	close(fd);
	return ret < 0 ? ret : 0;
}

static long act_number(void)
{
	return parameter_write("zone_bytes", "64M");
}

static bool number_set(long ret)
{
	return ret < 0 || read_number(PARAMETERS "zone_bytes", NULL) == 64L << 20;
}

static void undo_number(long ret)
{
	(void)ret;
	must(parameter_write("zone_bytes", "32M"), "zone_bytes");
}

static long act_names(void)
{
	long ret = parameter_write("policy", "s3fifo");

	return ret ? ret : parameter_write("codec", "lz4");
}

/* The node is made anew; a failure may leave none, until the next write. */
static long act_mode(void)
{
	return parameter_write("mode", "0640");
}

static bool mode_set(long ret)
{
	struct stat stat_of;

	return ret < 0 || (!stat("/dev/vmzone", &stat_of) && (stat_of.st_mode & 0777) == 0640);
}

static void undo_mode(long ret)
{
	(void)ret;
	must(parameter_write("mode", "0600"), "mode");
}

static const struct call calls[] = {
	{ .name = "open of the device", .prepare = look, .act = act_open_device,
	  .holds = nothing_made, .undo = close_it, .also = ENFILE, .tail = 120 },
	{ .name = "CREATE", .prepare = look, .act = act_create, .holds = nothing_made,
	  .undo = close_it, .tail = 120 },
	{ .name = "CREATE with PREALLOC and EXEC", .prepare = look, .act = act_create_prealloc,
	  .holds = nothing_made, .undo = close_it, .tail = 160 },
	{ .name = "CREATE with NAMED", .prepare = look, .act = act_create_named, .holds = no_node,
	  .undo = undo_named, .tail = 320 },
	{ .name = "DESTROY", .prepare = make_named, .act = act_destroy, .holds = node_gone,
	  .undo = close_made, .never_fails = true },
	{ .name = "open of a named zone", .act = act_open_node, .undo = close_fd },
	{ .name = "open of a zone's file again", .act = act_open_again, .undo = close_fd },
	{ .name = "mmap", .act = act_map, .holds = map_right, .undo = unmap },
	{ .name = "mmap with MAP_POPULATE", .act = act_map_populated, .holds = map_right,
	  .undo = unmap },
	{ .name = "mmap of the device", .act = act_map_device, .holds = map_zero, .undo = unmap },
	{ .name = "fork of a mapping", .prepare = make_mapping, .act = act_fork,
	  .holds = map_right, .undo = unmap, .also = EAGAIN },
	{ .name = "the last close", .prepare = make, .act = act_last_close, .holds = zone_gone,
	  .frugal = true, .never_fails = true },
	{ .name = "the last munmap", .prepare = make_mapped, .act = act_last_munmap,
	  .holds = zone_gone, .frugal = true },
	{ .name = "a number as a module parameter", .act = act_number, .holds = number_set,
	  .undo = undo_number },
	{ .name = "names as module parameters", .act = act_names },
	{ .name = "the mode of the device", .act = act_mode, .holds = mode_set, .undo = undo_mode },
};

/* There is room for one zone more: none could be made if one that failed kept its share. */
static void limit_frames(void)
{
	must(parameter_write("zone_bytes", "32M"), "zone_bytes");
	must(parameter_write("zone_frames", "16"), "zone_frames");
	/* The one that is asked has some, too. */
	device = device_open(O_RDWR);
	make_kept();
	must(parameter_write("max_frames", "48"), "max_frames");
	rest_holds = kept_right;
}

int main(void)
{
	long frames = read_number(PARAMETERS "max_frames", NULL);
	char before[32];

	sweep_begin();
	inject_begin();
	limit_frames();
	sweep_allocations(calls, ARRAY_SIZE(calls));
	must(destroy(kept), "VMZONE_IOC_DESTROY");
	inject_end();
	snprintf(before, sizeof(before), "%ld", frames);
	must(parameter_write("max_frames", before), "max_frames");
	return tap_end();
}
