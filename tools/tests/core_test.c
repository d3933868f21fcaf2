// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what a core dump has of a zone: all of it, also what is out and more
 * than the budget, where it would have a memfd's pages; nothing after
 * MADV_DONTDUMP or where /proc/PID/coredump_filter says so. Run it alone: it
 * changes the pattern of core files for a while.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

/* Bits of coredump_filter, see core(5). */
#define ANON_PRIVATE 1
#define ANON_SHARED 2
#define FILE_SHARED 8
#define BY_DEFAULT 0x33

static char core_path[64];
static struct zone device, sparse;

/* The contents of a small file, and back. */
static void get_text(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, len - 1);

	if (got < 0)
		bail("read of %s", path);
	text[got] = 0;
	close(fd);
}

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* How a child dies: what its core shall have, and advice about the mappings. */
struct death {
	int filter;
	int advice;
};

static int die(void *arg)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	const struct death *death = arg;
	char text[16];

	snprintf(text, sizeof(text), "0x%x", death->filter);
	if (setrlimit(RLIMIT_CORE, &limit) || !put_text("/proc/self/coredump_filter", text))
		return 100;
	for (struct zone *map[] = { &zone, &memfd, &device, NULL }, **at = map; *at; at++)
		if (madvise((*at)->map, (*at)->nr_slots * page_size, death->advice))
			return 101;
	all_out();
	abort();
}

/* The offset in a core of the contents of a mapping; 0 if it has none of them. */
static off_t find_in_core(int core, const struct zone *map)
{
	size_t len = map->nr_slots * page_size;
	Elf64_Ehdr elf;

	if (pread(core, &elf, sizeof(elf), 0) != sizeof(elf) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) || elf.e_type != ET_CORE)
		bail("%s is no core", core_path);
	for (size_t i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr segment;

		if (pread(core, &segment, sizeof(segment), elf.e_phoff + i * sizeof(segment)) !=
		    sizeof(segment))
			bail("%s is too short", core_path);
		if (segment.p_type != PT_LOAD || segment.p_vaddr - (uintptr_t)map->map >= len ||
		    !segment.p_filesz)
			continue;
		if (segment.p_filesz != len)
			diag("  %zu of %zu bytes", (size_t)segment.p_filesz, len);
		return segment.p_offset;
	}
	return 0;
}

static void in_core(int core, const struct zone *map, bool want, const char *what,
		    const char *which)
{
	off_t at = find_in_core(core, map);
	uint8_t page[page_size];
	size_t bad = 0;

	is(at != 0, want, "%s: the core has %s of %s", what, want ? "all" : "nothing", which);
	for (size_t slot = 0; at && slot < map->nr_slots; slot++)
		bad += pread(core, page, page_size, at + slot * page_size) != (ssize_t)page_size ||
		       !pattern_good(page, pattern, slot);
	if (want)
		is(bad, 0, "%s: and it is right", what);
}

static void dump(struct death death, bool of_shared, const char *what)
{
	int core;

	is(child_run(die, &death), 1000 + SIGABRT, "%s: a process with zones dies", what);
	core = open(core_path, O_RDONLY | O_CLOEXEC);
	if (core < 0)
		bail("open %s", core_path);
	in_core(core, &memfd, of_shared, what, "the memfd");
	in_core(core, &zone, of_shared, what, "the created zone");
	in_core(core, &device, of_shared, what, "the device's zone");
	close(core);
	unlink(core_path);
}

static void dumps(void)
{
	dump((struct death){ ANON_PRIVATE, MADV_NORMAL }, false, "without shared memory");
	is(zone_count(&sparse, 0, sparse.nr_slots, 0xff, 0), sparse.nr_slots,
	   "an empty zone is empty still");
	dump((struct death){ BY_DEFAULT, MADV_NORMAL }, true, "by default");
	is(zone_count(&sparse, 0, sparse.nr_slots, 0xff, 0), 0, "then it is full of zeros");
	ok(all_zero(sparse.map, sparse.nr_slots * page_size), "which they are");
	dump((struct death){ ANON_PRIVATE | FILE_SHARED, MADV_NORMAL }, false,
	     "with shared files only");
	dump((struct death){ BY_DEFAULT, MADV_DONTDUMP }, false, "after MADV_DONTDUMP");
	kept("the contents are right");
	is(pattern_bad(&device, pattern, 0, device.nr_slots), 0, "the device's, too");
}

int main(void)
{
	char folder[] = "/tmp/vmzone-core-XXXXXX", old[256];

	test_begin(60);
	twins_begin();
	device = (struct zone){ .fd = device_open(O_RDWR), .nr_slots = 8 };
	device.map = zone_map(device.fd, device.nr_slots);
	pattern_fill(&device, pattern, 0, device.nr_slots);
	sparse = zone_sized(64, 16);

	if (!mkdtemp(folder))
		bail("mkdtemp");
	snprintf(core_path, sizeof(core_path), "%s/core", folder);
	get_text(CORE_PATTERN, old, sizeof(old));
	if (put_text(CORE_PATTERN, core_path)) {
		dumps();
		put_text(CORE_PATTERN, old);
	} else {
		skip("not root", "core dumps");
	}
	rmdir(folder);
	zone_drop(&device);
	zone_drop(&sparse);
	twins_end();
	return tap_end();
}
