// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what mremap(2) and remap_file_pages(2) do with a mapping of a zone:
 * shrinking and moving as with a memfd, also of a part, onto another mapping
 * and while pages are out; growing, doubling and MREMAP_DONTUNMAP, which a zone
 * refuses, with nothing changed.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define NR 16UL
#define MOVED 40UL		/* slots of a mapping that moves: more than there are frames */

/* A mapping of the first nr slots, touched. */
static struct zone part_of(const struct zone *map, size_t nr)
{
	struct zone part = *map;

	part.nr_slots = nr;
	part.map = zone_map(map->fd, nr);
	touch_read(&part, 0, nr);
	return part;
}

static void *hole(size_t nr)
{
	void *place = mmap(NULL, nr * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED)
		bail("mmap of a place");
	return place;
}

static long is_mapped(const void *at)
{
	uint8_t byte;

	return !copy_guarded(&byte, at, 1);
}

static long shrunk(const struct zone *map, long nr)
{
	struct zone part = part_of(map, MOVED);
	long bad = 0;

	if (mremap(part.map, MOVED * page_size, nr * page_size, 0) != part.map)
		return -errno;
	all_out();
	bad += pattern_bad(&part, pattern, 0, nr);
	bad += is_mapped(slot_at(&part, nr));
	munmap(part.map, nr * page_size);
	return bad;
}

static long moved(const struct zone *map, long out)
{
	struct zone part = part_of(map, MOVED);
	void *from = part.map, *to = hole(MOVED);
	long bad = 0;

	pattern_fill(&part, pattern, 0, MOVED);
	if (out)
		all_out();
	part.map = mremap(part.map, MOVED * page_size, MOVED * page_size,
			  MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (part.map != to)
		return -errno;
	bad += is_mapped(from);
	bad += pattern_bad(&part, pattern, 0, MOVED);
	all_out();
	bad += pattern_bad(&part, pattern, 0, MOVED);
	munmap(part.map, MOVED * page_size);
	return bad;
}

static long moved_and_shrunk(const struct zone *map, long nr)
{
	struct zone part = part_of(map, MOVED);
	void *to = hole(MOVED);
	long bad;

	part.map = mremap(part.map, MOVED * page_size, nr * page_size,
			  MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (part.map != to)
		return -errno;
	bad = pattern_bad(&part, pattern, 0, nr);
	munmap(part.map, nr * page_size);
	return bad;
}

/* Some slots from the middle of one mapping take the place of some of another. */
static long middle_moved(const struct zone *map, long slot)
{
	struct zone from = part_of(map, MOVED), to = part_of(map, MOVED);
	uint8_t *at = slot_at(&to, 0);
	long bad = 0;

	if (mremap(slot_at(&from, slot), NR * page_size, NR * page_size,
		   MREMAP_MAYMOVE | MREMAP_FIXED, at) != at)
		return -errno;
	all_out();
	for (size_t i = 0; i < NR; i++)
		bad += !pattern_good(at + i * page_size, pattern, slot + i);
	bad += is_mapped(slot_at(&from, slot));
	bad += pattern_bad(&from, pattern, 0, slot);
	bad += pattern_bad(&from, pattern, slot + NR, MOVED - slot - NR);
	bad += pattern_bad(&to, pattern, NR, MOVED - NR);
	munmap(from.map, MOVED * page_size);
	munmap(to.map, MOVED * page_size);
	return bad;
}

/* Each of these asks for what a zone refuses. Return: -errno, or what is wrong. */
static long grown(const struct zone *map, long flags)
{
	struct zone part = part_of(map, NR);
	uint8_t *got = mremap(part.map, NR * page_size, 2 * NR * page_size, flags);
	long ret = got == MAP_FAILED ? -errno : 0;

	if (!ret) {
		part.map = got;
		ret = pattern_bad(&part, pattern, 0, 2 * NR);
	} else if (pattern_bad(&part, pattern, 0, NR)) {
		ret = 1;
	}
	munmap(part.map, (ret ? 1 : 2) * NR * page_size);
	return ret;
}

static long doubled(const struct zone *map, long flags)
{
	struct zone part = part_of(map, NR), copy = part;
	long ret = 0;

	copy.map = mremap(part.map, 0, NR * page_size, flags);
	if (copy.map == MAP_FAILED)
		ret = -errno;
	else
		ret = pattern_bad(&copy, pattern, 0, NR);
	if (pattern_bad(&part, pattern, 0, NR))
		ret = 1;
	munmap(part.map, NR * page_size);
	if (copy.map != MAP_FAILED)
		munmap(copy.map, NR * page_size);
	return ret;
}

static long left_mapped(const struct zone *map, long flags)
{
	struct zone part = part_of(map, NR), copy = part;
	long ret = 0;

	/* NULL: no hint; the C library hands on a fifth argument with this flag. */
	copy.map = mremap(part.map, NR * page_size, NR * page_size, flags | MREMAP_DONTUNMAP,
			  NULL);
	if (copy.map == MAP_FAILED)
		ret = -errno;
	else
		ret = pattern_bad(&copy, pattern, 0, NR);
	if (pattern_bad(&part, pattern, 0, NR))
		ret = 1;
	munmap(part.map, NR * page_size);
	if (copy.map != MAP_FAILED)
		munmap(copy.map, NR * page_size);
	return ret;
}

/* Slot i of the file at place nr - 1 - i of the mapping. */
static long backwards(const struct zone *map, long nr)
{
	struct zone part = part_of(map, nr);
	long bad = 0;

	for (long i = 0; i < nr; i++)
		if (remap_file_pages(slot_at(&part, i), page_size, 0, nr - 1 - i, 0))
			return -errno;
	all_out();
	for (long i = 0; i < nr; i++)
		bad += !pattern_good(slot_at(&part, i), pattern, nr - 1 - i);
	munmap(part.map, nr * page_size);
	return bad;
}

int main(void)
{
	test_begin(60);
	twins_begin();
	both(shrunk, NR, 0, "mremap to fewer pages");
	both(moved, 0, 0, "mremap to another place");
	both(moved, 1, 0, "mremap to another place, of what is out");
	both(moved_and_shrunk, NR, 0, "mremap to another place and fewer pages");
	both(middle_moved, NR, 0, "mremap of the middle onto another mapping");
	differ(grown, MREMAP_MAYMOVE, -EFAULT, 0, "mremap to more pages: EFAULT");
	differ(doubled, MREMAP_MAYMOVE, -EFAULT, 0, "mremap of no bytes, which would double: EFAULT");
	differ(left_mapped, MREMAP_MAYMOVE, -EINVAL, 0, "MREMAP_DONTUNMAP: EINVAL");
	both(backwards, NR, 0, "remap_file_pages puts slots in another order");
	kept("at the end, every slot is as it was");
	twins_end();
	return tap_end();
}
