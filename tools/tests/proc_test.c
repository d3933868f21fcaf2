// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what /proc tells of a mapping of a zone, maps, smaps and
 * pagemap, and that clear_refs, which changes page table entries under it, loses
 * no write.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FEW 16UL

/* The line of maps or smaps that begins the mapping at an address. */
static bool find_mapping(FILE *file, const void *at, char *line, size_t len)
{
	while (fgets(line, len, file))
		if (strchr(line, '-') && strtoul(line, NULL, 16) == (uintptr_t)at)
			return true;
	return false;
}

static void named_in_maps(const void *at, const char *want, const char *what)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512] = "";

	ok(find_mapping(file, at, line, sizeof(line)) && strstr(line, want) &&
	   strstr(line, " rw-s "), "maps: %s is rw-s, and named %s", what, want);
	diag("  %s", strtok(line, "\n"));
	fclose(file);
}

/* One figure of smaps, in kB; -errno without it. */
static long smaps_kib(const struct zone *map, const char *key)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[512];
	long value = -ENOENT;

	if (find_mapping(file, map->map, line, sizeof(line)))
		while (value < 0 && fgets(line, sizeof(line), file))
			if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
				value = atol(line + strlen(key) + 1);
	fclose(file);
	return value;
}

static long size_kib(const struct zone *map, long arg)
{
	(void)arg;
	return smaps_kib(map, "Size");
}

/*
 * A mapping of the first nr pages, read, and nothing else of the file mapped. It ends
 * with those, since the kernel maps pages of a memfd around the one that faults,
 * as far as the mapping goes.
 */
static struct zone only_mapped(const struct zone *map, size_t nr)
{
	struct zone few = { .fd = map->fd, .nr_slots = nr, .map = zone_map(map->fd, nr) };

	if (madvise(map->map, map->nr_slots * page_size, MADV_DONTNEED))
		bail("MADV_DONTNEED");
	touch_read(&few, 0, nr);
	return few;
}

static long rss_kib(const struct zone *map, long nr)
{
	struct zone few = only_mapped(map, nr);
	long kib = smaps_kib(&few, "Rss");

	munmap(few.map, nr * page_size);
	return kib;
}

static long dirty_kib(const struct zone *map, long nr)
{
	if (madvise(map->map, map->nr_slots * page_size, MADV_DONTNEED))
		return -errno;
	pattern_fill(map, pattern, 0, nr);
	return smaps_kib(map, "Private_Dirty") + smaps_kib(map, "Shared_Dirty");
}

static long rss_when_out_kib(const struct zone *map, long nr)
{
	touch_read(map, 0, nr);
	all_out();
	return smaps_kib(map, "Rss") > 0;
}

static long present(const struct zone *map, long nr)
{
	if (nr)
		touch_read(map, 0, nr);
	return pagemap_count(map->map, FEW, PAGEMAP_PRESENT);
}

static long of_a_file(const struct zone *map, long nr)
{
	touch_read(map, 0, nr);
	return pagemap_count(map->map, nr, PAGEMAP_FILE);
}

static void views(void)
{
	int fd = device_open(O_RDWR);
	void *device = zone_map(fd, 1);

	named_in_maps(zone.map, "/dev/vmzone", "a created zone");
	named_in_maps(device, "/dev/vmzone", "the device");
	munmap(device, page_size);
	close(fd);
	both(size_kib, 0, TWINS_SLOTS * page_size / KIB, "smaps: Size");
	both(rss_kib, FEW, FEW * page_size / KIB, "smaps: Rss is what is mapped");
	both(dirty_kib, FEW, FEW * page_size / KIB, "smaps: dirty is what was written");
	differ(rss_when_out_kib, FEW, 0, 1, "smaps: what is out is no Rss");
	both(present, FEW, FEW, "pagemap: what was touched is present");
	differ(present, 0, 0, FEW, "pagemap: what is out is not");
	both(of_a_file, FEW, FEW, "pagemap: it is of a file");
	kept("the contents are right");
}

/* In the sums of a process, as memory of files or as shared memory: kB of FEW pages. */
static long counted_as_kib(const struct zone *map, long of_files)
{
	const char *key = of_files ? "Pss_File" : "Pss_Shmem", *sums = "/proc/self/smaps_rollup";
	struct zone few = only_mapped(map, FEW);
	long kib = read_number(sums, key);

	munmap(few.map, FEW * page_size);
	return kib - read_number(sums, key);
}

static bool clear_by(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, what, 1) == 1;

	close(fd);
	return done;
}

/* What was written before and after must both reach the store. */
static long written_around(const struct zone *map, long what)
{
	char kind[2] = { '0' + what, 0 };
	struct pattern before = { .fill = FILL_MIX, .id = 2, .version = what };
	struct pattern after = { .fill = FILL_MIX, .id = 3, .version = what };
	long bad;

	pattern_fill(map, before, 0, FEW);
	if (!clear_by(kind))
		return -errno;
	all_out();
	bad = pattern_bad(map, before, 0, FEW);
	/* Now mapped, clean, and with a good copy in the store. */
	if (!clear_by(kind))
		return -errno;
	pattern_fill(map, after, 0, FEW / 2);
	all_out();
	bad += pattern_bad(map, after, 0, FEW / 2);
	bad += pattern_bad(map, before, FEW / 2, FEW / 2);
	pattern_fill(map, pattern, 0, FEW);
	return bad;
}

/* How many of FEW pages are soft-dirty after some of them were written. */
static long soft_dirty(const struct zone *map, long nr_written)
{
	touch_read(map, 0, FEW);
	if (!clear_by("4"))
		return -errno;
	pattern_fill(map, pattern, 0, nr_written);
	return pagemap_count(map->map, FEW, PAGEMAP_SOFT_DIRTY);
}

static long soft_dirty_after_out(const struct zone *map, long nr_written)
{
	long ret = soft_dirty(map, nr_written);

	if (ret < 0)
		return ret;
	all_out();
	touch_read(map, 0, FEW);
	return pagemap_count(map->map, FEW, PAGEMAP_SOFT_DIRTY);
}

int main(void)
{
	long kib;

	test_begin(60);
	twins_begin();
	kib = FEW * page_size / KIB;
	views();
	differ(counted_as_kib, 1, kib, 0, "smaps_rollup: pages of a zone count as those of files");
	differ(counted_as_kib, 0, 0, kib, "smaps_rollup: not as shared memory");
	for (long what = 1; what <= 5; what++) {
		char name[40];

		snprintf(name, sizeof(name), "clear_refs %ld loses no write", what);
		both(written_around, what, 0, name);
	}
	if (soft_dirty(&memfd, FEW / 2)) {
		both(soft_dirty, FEW / 2, FEW / 2, "soft-dirty is what was written since");
		differ(soft_dirty_after_out, FEW / 2, 0, FEW / 2, "and forgotten by an eviction");
	} else {
		skip("this kernel tells of none", "soft-dirty pages");
	}
	kept("the contents are right");
	twins_end();
	return tap_end();
}
