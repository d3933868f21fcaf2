// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the kernel's own views of a mapping agree with PAGEMAP:
 * mincore(2), the present, file and soft-dirty bits of /proc/PID/pagemap, and
 * Rss and Referenced of /proc/PID/smaps; and that clearing those bits, which
 * takes the right to write from mapped pages, loses no write.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 128
#define NR 24
#define NR_ROUNDS 300

static struct zone zone;

static const struct pattern pattern = { .fill = FILL_TEXT, .id = 1 };

/* How many of nr slots from first have all these bits in the kernel's pagemap. */
static size_t nr_with(uint64_t bits, size_t first, size_t nr)
{
	return pagemap_count(slot_at(&zone, first), nr, bits);
}

static size_t nr_in_core(size_t first, size_t nr)
{
	uint8_t vec[NR_SLOTS];
	size_t count = 0;

	if (mincore(slot_at(&zone, first), nr * page_size, vec))
		bail("mincore");
	for (size_t i = 0; i < nr; i++)
		count += vec[i] & 1;
	return count;
}

/* A line of /proc/self/smaps about the zone's mapping, in pages. */
static long smaps_pages(const char *key)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[512];
	bool ours = false;
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			ours = from == (uintptr_t)zone.map;
		else if (ours && !strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %ld", &kib);
	}
	if (!file || kib < 0)
		bail("/proc/self/smaps has no %s of the zone", key);
	fclose(file);
	return kib * KIB / page_size;
}

static void clear_bits(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, what, strlen(what)) < 0)
		bail("/proc/self/clear_refs");
	close(fd);
}

static void all_say(size_t want, const char *when)
{
	is(nr_in_core(0, NR_SLOTS), want, "%s: mincore", when);
	is(nr_with(PAGEMAP_PRESENT, 0, NR_SLOTS), want, "%s: present in /proc/PID/pagemap", when);
	is(nr_with(PAGEMAP_PRESENT | PAGEMAP_FILE, 0, NR_SLOTS), want, "%s: as pages of a file", when);
	is(smaps_pages("Rss"), want, "%s: Rss in /proc/PID/smaps", when);
}

static void views_agree(void)
{
	all_say(0, "untouched");
	poke(slot_at(&zone, NR_SLOTS / 2), 1);
	all_say(1, "one slot touched");
	is(nr_in_core(NR_SLOTS / 2, 1), 1, "it is that one, without any read ahead");
	pattern_fill(&zone, pattern, 0, NR);
	all_say(NR + 1, "some touched");
	madvise(zone.map, NR * page_size, MADV_DONTNEED);
	all_say(1, "their mappings dropped");
	is(zone_count(&zone, 0, NR, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), NR,
	   "PAGEMAP knows that they are there still");
	touch_read(&zone, 0, NR);
	all_say(NR + 1, "touched again");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	all_say(1, "paged out");
	zone_range(&zone, VMZONE_IOC_PAGE_IN, 0, NR);
	all_say(1, "paged in, which maps nothing");
	zone_range(&zone, VMZONE_IOC_DISCARD, NR_SLOTS / 2, 1);
	all_say(0, "discarded");
}

static void arguments_of_mincore(void)
{
	uint8_t vec[NR_SLOTS];
	uint8_t *map = mmap(NULL, 4 * page_size, PROT_READ, MAP_SHARED, zone.fd, 0);

	is(mincore(map, 0, vec), 0, "mincore of nothing");
	is(mincore(map + 1, page_size, vec) ? errno : 0, EINVAL, "mincore from within a page");
	is(mincore(map, page_size, NULL) ? errno : 0, EFAULT, "mincore to nowhere");
	munmap(map + page_size, page_size);
	is(mincore(map, 4 * page_size, vec) ? errno : 0, ENOMEM, "mincore across a hole");
	munmap(map, 4 * page_size);
}

static void soft_dirty(void)
{
	pattern_fill(&zone, pattern, 0, NR);
	if (nr_with(PAGEMAP_SOFT_DIRTY, 0, NR) != NR) {
		skip("this kernel has none", "soft-dirty bits");
		return;
	}
	clear_bits("4");
	is(nr_with(PAGEMAP_SOFT_DIRTY, 0, NR), 0, "soft-dirty: cleared");
	touch_read(&zone, 0, NR);
	is(nr_with(PAGEMAP_SOFT_DIRTY, 0, NR), 0, "soft-dirty: not set by reading");
	poke(slot_at(&zone, 3), 1);
	is(nr_with(PAGEMAP_SOFT_DIRTY, 0, NR), 1, "soft-dirty: set by writing");
	is(nr_with(PAGEMAP_SOFT_DIRTY, 3, 1), 1, "soft-dirty: on the page that was written");
	clear_bits("4");
	mprotect(zone.map, NR * page_size, PROT_READ);
	mprotect(zone.map, NR * page_size, PROT_READ | PROT_WRITE);
	is(nr_with(PAGEMAP_SOFT_DIRTY, 0, NR), 0, "soft-dirty: not set by mprotect");
	pattern_fill(&zone, pattern, 0, NR);
	is(nr_with(PAGEMAP_SOFT_DIRTY, 0, NR), NR, "soft-dirty: set by writing after it");
}

static void write_version(size_t slot, uint32_t version)
{
	uint8_t page[page_size];
	struct pattern newer = pattern;

	newer.version = version;
	pattern_make(page, newer, slot);
	memcpy(slot_at(&zone, slot), page, page_size);
}

/*
 * A clean page, its stored copy still good, loses its right to be written by
 * the clearing. The next write must be known when it goes out again.
 */
static void no_write_is_lost(const char *what)
{
	uint64_t random = test_seed;
	struct pattern newest = pattern;
	size_t bad = 0, slot;

	pattern_fill(&zone, pattern, 0, NR);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR);
	for (uint32_t round = 1; round <= NR_ROUNDS; round++) {
		slot = random_next(&random) % NR;
		touch_read(&zone, slot, 1);
		clear_bits(what);
		write_version(slot, round);
		if (round % 2)
			clear_bits(what);
		zone_range(&zone, VMZONE_IOC_PAGE_OUT, slot, 1);
		newest.version = round;
		bad += !pattern_good(slot_at(&zone, slot), newest, slot);
	}
	is(bad, 0, "clear_refs %s between reads, writes and page-outs: no write is lost", what);
}

/* A touch after it may go unnoticed, as clear_refs leaves the processors' caches alone. */
static void referenced(void)
{
	touch_read(&zone, 0, NR);
	clear_bits("1");
	is(smaps_pages("Referenced"), 0, "clear_refs 1: nothing is referenced");
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	views_agree();
	arguments_of_mincore();
	soft_dirty();
	no_write_is_lost("4");
	no_write_is_lost("1");
	referenced();
	zone_drop(&zone);
	return tap_end();
}
