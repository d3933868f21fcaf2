// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that mprotect, munmap of a part and MAP_FIXED do with a mapping of a
 * zone what they do with one of a memfd, while its pages are out: what a touch
 * ends in, and that the contents stay. Also that mappings of a part show it.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define FIRST 8UL
#define NR 16UL

/* Slots FIRST to FIRST + NR. */
static long protect(const struct zone *map, long prot)
{
	return or_errno(mprotect(slot_at(map, FIRST), NR * page_size, prot));
}

static long read_byte(const struct zone *map, long slot)
{
	uint8_t byte;

	return copy_guarded(&byte, slot_at(map, slot), 1);
}

/* The byte that is there already. */
static long write_byte(const struct zone *map, long slot)
{
	uint8_t page[page_size];

	pattern_make(page, pattern, slot);
	return copy_guarded(slot_at(map, slot), page, 1);
}

/* Slots up to the one in question, which are all that can be read. */
static long nr_bad(const struct zone *map, long first)
{
	return pattern_bad(map, pattern, first, NR);
}

static void protections(void)
{
	both(protect, PROT_READ, 0, "mprotect to PROT_READ of what is out");
	both(read_byte, FIRST, 0, "then a read is fine");
	both(write_byte, FIRST, SIGSEGV, "and a write SIGSEGV");
	both(write_byte, FIRST + NR, 0, "not so behind it");
	both(nr_bad, FIRST, 0, "the contents are right");
	both(protect, RW, 0, "mprotect back to writing");
	both(write_byte, FIRST, 0, "then a write is fine");
	both(protect, PROT_NONE, 0, "mprotect to PROT_NONE");
	both(read_byte, FIRST + NR - 1, SIGSEGV, "then a read is SIGSEGV");
	both(write_byte, FIRST, SIGSEGV, "and so is a write");
	pattern_fill(&zone, pattern, FIRST + NR, TWINS_SLOTS - FIRST - NR);
	both(protect, PROT_WRITE, 0, "mprotect to PROT_WRITE, after all frames went elsewhere");
	both(write_byte, FIRST, 0, "then a write is fine");
	both(protect, RW, 0, "mprotect back to all");
	kept("every slot is as it was");
}

/* What was written before a page became read-only is not lost with it. */
static long write_then_protect(const struct zone *map, long slot)
{
	struct pattern newer = { .fill = FILL_NOISE, .id = 2 };
	long bad;

	(void)peek(slot_at(map, slot));
	pattern_fill(map, newer, slot, 1);
	if (mprotect(slot_at(map, slot), page_size, PROT_READ))
		return -errno;
	all_out();
	bad = pattern_bad(map, newer, slot, 1);
	if (mprotect(slot_at(map, slot), page_size, PROT_NONE))
		return -errno;
	all_out();
	if (mprotect(slot_at(map, slot), page_size, RW))
		return -errno;
	bad += pattern_bad(map, newer, slot, 1);
	/* Clean now, and made writable in place: the write must show. */
	pattern_fill(map, pattern, slot, 1);
	all_out();
	return bad + pattern_bad(map, pattern, slot, 1);
}

static long key_of_no_access(const struct zone *map, long slot)
{
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS), signal_nr;

	if (key < 0)
		return -errno;
	if (pkey_mprotect(slot_at(map, slot), page_size, RW, key))
		return -errno;
	signal_nr = read_byte(map, slot);
	pkey_set(key, 0);
	all_out();
	signal_nr = signal_nr * 1000 + read_byte(map, slot);
	if (pkey_mprotect(slot_at(map, slot), page_size, RW, 0) || pkey_free(key))
		return -errno;
	return signal_nr;
}

/* Takes nr slots from first out of a mapping, looks, and puts them back. */
static long cut(const struct zone *map, size_t first, size_t nr)
{
	uint8_t *at = slot_at(map, first);
	long bad = 0;

	if (munmap(at, nr * page_size))
		return -errno;
	for (size_t slot = 0; slot < map->nr_slots; slot++) {
		bool gone = slot >= first && slot < first + nr;

		bad += read_byte(map, slot) != (gone ? SIGSEGV : 0);
	}
	all_out();
	bad += pattern_bad(map, pattern, 0, first);
	bad += pattern_bad(map, pattern, first + nr, map->nr_slots - first - nr);
	if (mmap(at, nr * page_size, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, map->fd,
		 first * page_size) != at)
		return -errno;
	return bad;
}

static long cut_head(const struct zone *map, long nr)
{
	return cut(map, 0, nr);
}

static long cut_middle(const struct zone *map, long nr)
{
	return cut(map, FIRST, nr);
}

static long cut_tail(const struct zone *map, long nr)
{
	return cut(map, map->nr_slots - nr, nr);
}

/* Anonymous memory takes the place of some slots, and gives it back. */
static long covered(const struct zone *map, long slot)
{
	uint8_t *at = slot_at(map, slot);
	long bad = 0;

	if (mmap(at, NR * page_size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
		return -errno;
	bad += !all_zero(at, NR * page_size);
	memset(at, 0x5a, NR * page_size);
	all_out();
	bad += at[0] != 0x5a || at[NR * page_size - 1] != 0x5a;
	if (mmap(at, NR * page_size, RW, MAP_SHARED | MAP_FIXED, map->fd, slot * page_size) != at)
		return -errno;
	return bad + pattern_bad(map, pattern, slot, NR);
}

/* Some slots take the place of others of the same file. */
static long doubled(const struct zone *map, long slot)
{
	uint8_t *at = slot_at(map, 0), byte;
	long bad = 0;

	if (mmap(at, NR * page_size, RW, MAP_SHARED | MAP_FIXED, map->fd, slot * page_size) != at)
		return -errno;
	for (size_t i = 0; i < NR; i++)
		bad += !pattern_good(at + i * page_size, pattern, slot + i);
	byte = peek(at);
	poke(at, byte ^ 1);
	bad += peek(slot_at(map, slot)) != (byte ^ 1);
	all_out();
	bad += peek(slot_at(map, slot)) != (byte ^ 1) || peek(at) != (byte ^ 1);
	poke(slot_at(map, slot), byte);
	if (mmap(at, NR * page_size, RW, MAP_SHARED | MAP_FIXED, map->fd, 0) != at)
		return -errno;
	return bad;
}

static long map_of_a_part(const struct zone *map, long slot)
{
	size_t nr = map->nr_slots - slot;
	uint8_t *part = mmap(NULL, nr * page_size, PROT_READ, MAP_SHARED, map->fd,
			     slot * page_size);
	long bad = 0;

	if (part == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < nr; i++)
		bad += !pattern_good(part + i * page_size, pattern, slot + i);
	munmap(part, nr * page_size);
	return bad;
}

static long map_past_the_end(const struct zone *map, long slot)
{
	void *part = mmap(NULL, 2 * page_size, RW, MAP_SHARED, map->fd, slot * page_size);

	if (part == MAP_FAILED)
		return -errno;
	munmap(part, 2 * page_size);
	return 0;
}

static void cuts(void)
{
	both(cut_head, NR, 0, "munmap of the head, and the rest works");
	both(cut_middle, NR, 0, "munmap of the middle");
	both(cut_tail, NR, 0, "munmap of the tail");
	both(covered, FIRST, 0, "anonymous memory MAP_FIXED over slots, and slots over it");
	both(doubled, FIRST + NR, 0, "slots MAP_FIXED over others show as what they are");
	kept("every slot is as it was");
}

static void parts(void)
{
	both(map_of_a_part, 1, 0, "a mapping from the second slot on");
	both(map_of_a_part, TWINS_SLOTS - 1, 0, "one of the last slot");
	differ(map_past_the_end, TWINS_SLOTS - 1, -EINVAL, 0,
	       "one across the end: EINVAL, where a memfd gives SIGBUS at the touch");
}

int main(void)
{
	test_begin(60);
	twins_begin();
	protections();
	both(write_then_protect, FIRST, 0, "mprotect loses no write before it nor after it");
	same(key_of_no_access, FIRST, "a protection key keeps off what is out, too");
	cuts();
	parts();
	kept("at the end, every slot is as it was");
	twins_end();
	return tap_end();
}
