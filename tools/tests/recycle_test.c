// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a frame which changes hands is zeros: a marker is written to every
 * word of a zone; its frames are let go on every way there is (eviction, DISCARD,
 * truncation, a hole, the end of the zone, a smaller budget, a page that somebody
 * still held when it was discarded, a load that failed); and then whoever gets
 * frames, in the same zone, in another one and in another user's process, by
 * mappings, by read(2) and by writes of a byte, looks for the marker. That frames
 * did change hands is seen in /proc/self/pagemap.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 24		/* that the victim writes to, fewer than frames less the reserve */
#define NR_FRESH 96		/* that whoever comes next touches */
#define MARKER 0x5ec12e75ec12e75eULL
#define NOBODY 65534
#define PFN_MASK ((1ULL << 55) - 1)

static uint64_t victims[NR_SLOTS];	/* their frames' numbers */

/* Of the page at that address, or 0. */
static uint64_t frame_number(const void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)at / page_size * 8) != 8)
		bail("/proc/self/pagemap");
	close(fd);
	return entry >> 63 ? entry & PFN_MASK : 0;
}

/* A zone with NR_SLOTS slots full of the marker, none of which the store could keep as one word. */
static struct zone victim_zone(void)
{
	struct zone zone = zone_sized(NR_SLOTS + NR_FRESH, NR_FRAMES);

	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		uint64_t *word = (uint64_t *)slot_at(&zone, slot);

		for (size_t i = 0; i < page_size / 8; i++)
			word[i] = i % 2 ? MARKER : MARKER ^ slot << 8 ^ i;
		victims[slot] = frame_number(word);
	}
	return zone;
}

static size_t nr_marked(const void *from, size_t len)
{
	const uint64_t *word = from;
	size_t nr = 0;

	for (size_t i = 0; i < len / 8; i++)
		nr += word[i] != 0;
	return nr;
}

static bool is_recycled(const void *at)
{
	uint64_t number = frame_number(at);

	for (size_t i = 0; number && i < NR_SLOTS; i++)
		if (victims[i] == number)
			return true;
	return false;
}

struct catch {
	size_t nr_words;	/* that are not zero */
	size_t nr_recycled;	/* frames that were the victim's */
};

/*
 * Fresh slots from first on: one is read by a mapping, the next one by read(2), one
 * is written a byte of, the next a byte by write(2), and all of each is looked at.
 */
static struct catch look(struct zone *zone, size_t first, size_t nr)
{
	static uint8_t page[4096], byte = 1;
	struct catch catch = { 0 };

	for (size_t slot = first; slot < first + nr; slot++) {
		uint8_t *at = slot_at(zone, slot);
		off_t offset = slot * page_size;

		switch (slot % 4) {
		case 0:
			break;
		case 1:
			if (pread(zone->fd, page, page_size - 8, offset + 8) != (ssize_t)page_size - 8)
				bail("pread");
			catch.nr_words += nr_marked(page, page_size - 8);
			break;
		case 2:
			poke(at + page_size - 1, 1);
			poke(at + page_size - 1, 0);
			break;
		default:
			if (pwrite(zone->fd, &byte, 1, offset + 100) != 1)
				bail("pwrite");
			poke(at + 100, 0);
		}
		catch.nr_words += nr_marked(at, page_size);
		catch.nr_recycled += is_recycled(at);
		/* Kept busy, so that the zone needs a frame for each. */
		poke(at, slot);
		poke(at + 8, ~slot);
	}
	return catch;
}

static void clean(struct catch catch, bool must_recycle, const char *how)
{
	is(catch.nr_words, 0, "%s: no word of a fresh page is anything but zero", how);
	if (must_recycle)
		between(catch.nr_recycled, 1, NR_FRESH, "%s: and frames did change hands", how);
	else
		diag("%s: %zu frames changed hands", how, catch.nr_recycled);
}

/* What lets the frames of the victim go; the zone stays. */
static void by_eviction(struct zone *zone)
{
	/* The zone's worker may have sent some. */
	between(zone_range(zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS), 0, NR_SLOTS, "PAGE_OUT");
	is(zone_count(zone, 0, NR_SLOTS, VMZONE_SLOT_RESIDENT, 0), NR_SLOTS, "and all are out");
}

static void by_discard(struct zone *zone)
{
	is(zone_range(zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS), NR_SLOTS, "DISCARD");
}

static void by_hole(struct zone *zone)
{
	is(fallocate(zone->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		     NR_SLOTS * page_size), 0, "PUNCH_HOLE");
}

static void by_truncation(struct zone *zone)
{
	is(ftruncate(zone->fd, page_size), 0, "ftruncate");
	is(ftruncate(zone->fd, zone->nr_slots * page_size), 0, "and back");
}

static void by_remove(struct zone *zone)
{
	is(madvise(zone->map, NR_SLOTS * page_size, MADV_REMOVE), 0, "MADV_REMOVE");
}

/* Frames that the machine gets, and that come back with the larger budget. */
static void by_budget(struct zone *zone)
{
	is(zone_set(zone->fd, (struct vmzone_set) { .which = VMZONE_SET_FRAMES, .frames = 16 }), 0,
	   "SET of a smaller budget");
	is(zone_set(zone->fd, (struct vmzone_set) { .which = VMZONE_SET_FRAMES,
						    .frames = NR_FRAMES }), 0, "and back");
}

/* Still in a pipe when it is discarded: an orphan, which comes back with the pipe's end. */
static void by_orphans(struct zone *zone)
{
	struct iovec iov = { .iov_base = zone->map, .iov_len = 8 * page_size };
	int ends[2];

	if (pipe(ends) || vmsplice(ends[1], &iov, 1, 0) != (ssize_t)iov.iov_len)
		bail("vmsplice");
	by_discard(zone);
	is(nr_marked(zone->map, 8 * page_size), 0, "what is discarded is zeros, whoever holds the frames");
	close(ends[0]);
	close(ends[1]);
	zone_range(zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
}

static const struct {
	const char *name;
	void (*let_go)(struct zone *zone);
} ways[] = {
	{ "eviction", by_eviction }, { "DISCARD", by_discard }, { "a hole", by_hole },
	{ "truncation", by_truncation }, { "MADV_REMOVE", by_remove },
	{ "a smaller budget", by_budget }, { "a frame that was held", by_orphans },
};

static void within_a_zone(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct zone zone = victim_zone();

		ways[i].let_go(&zone);
		/* The machine may have given others those of a smaller budget. */
		clean(look(&zone, NR_SLOTS, NR_FRESH), ways[i].let_go != by_budget, ways[i].name);
		if (ways[i].let_go != by_eviction && ways[i].let_go != by_budget)
			is(nr_marked(slot_at(&zone, 1), (NR_SLOTS - 1) * page_size), 0,
			   "%s: and what was thrown away reads as zeros", ways[i].name);
		zone_drop(&zone);
	}
}

/* Zones of others, until one has got frames of the victim. */
static void between_zones(void)
{
	struct catch sum = { 0 };

	for (int i = 0; i < 50 && (i < 5 || !sum.nr_recycled); i++) {
		struct zone zone = victim_zone(), next;
		struct catch catch;

		zone_drop(&zone);
		next = zone_sized(NR_FRESH, NR_FRAMES);
		catch = look(&next, 0, NR_FRESH);
		sum.nr_words += catch.nr_words;
		sum.nr_recycled += catch.nr_recycled;
		zone_drop(&next);
	}
	/* The machine may have given them to others each time. */
	clean(sum, false, "the end of a zone, and another one");
}

/* A process of another user with a descriptor that it was given, and memory of its own. */
static int other_user(void *arg)
{
	struct zone *zone = arg;
	struct catch catch;
	uint8_t *own;

	if (setgid(NOBODY) || setuid(NOBODY))
		return 100;
	/* It sees no frame numbers: only contents count. */
	catch.nr_words = 0;
	for (size_t slot = 0; slot < NR_FRESH; slot++) {
		catch.nr_words += nr_marked(slot_at(zone, slot), page_size);
		poke(slot_at(zone, slot), 1);
	}
	own = mmap(NULL, 512 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED)
		return 100;
	for (size_t i = 0; i < 512; i++)
		poke(own + i * page_size + page_size - 1, 0);
	return nr_marked(own, 512 * page_size) || catch.nr_words;
}

static void between_users(void)
{
	struct zone zone = victim_zone(), next;

	zone_drop(&zone);
	next = zone_sized(NR_FRESH, NR_FRAMES);
	is(child_run(other_user, &next), 0, "another user finds zeros, in a zone and in memory of its own");
	zone_drop(&next);
}

#define FAIL "/sys/kernel/debug/fail_function/"

/* Loads fail in a kernel that can be told so, before they have written to the frame. */
static void by_failed_load(void)
{
	static uint8_t page[4096];
	struct vmzone_stats stats;
	size_t nr_bytes = 0;
	struct zone zone;

	if (write_text(FAIL "inject", "compressed_load")) {
		skip("no fail_function here, or the module allows none", "a load that fails");
		return;
	}
	zone = victim_zone();
	by_eviction(&zone);
	must_write_text(FAIL "compressed_load/retval", "0xffffffffffffffb6");	/* EBADMSG */
	must_write_text(FAIL "verbose", "0");
	must_write_text(FAIL "times", "-1");
	must_write_text(FAIL "probability", "100");
	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		memset(page, 0, page_size);
		if (slot % 2 ? copy_guarded(page, slot_at(&zone, slot), page_size) != SIGBUS :
			       pread(zone.fd, page, page_size, slot * page_size) != -1 || errno != EIO)
			nr_bytes++;
		nr_bytes += nr_marked(page, page_size);
	}
	is(nr_bytes, 0, "a failed load: SIGBUS, or EIO of read(2), and not a byte");
	stats = zone_stats(&zone);
	is(stats.load_errors, NR_SLOTS, "a failed load: each is counted");
	is(stats.sigbus, NR_SLOTS / 2, "a failed load: and so are those that ended in SIGBUS");
	is(stats.stored_slots, NR_SLOTS, "a failed load: what is stored stays");
	must_write_text(FAIL "probability", "0");
	must_write_text(FAIL "inject", "\n");
	clean(look(&zone, NR_SLOTS, NR_FRESH), false, "a failed load");
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		nr_bytes += *(uint64_t *)slot_at(&zone, slot) != (MARKER ^ slot << 8);
	is(nr_bytes, 0, "a failed load: and once loads work, all is there");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	if (geteuid() || page_size != 4096) {
		skip("wants to be root, and pages of 4 KiB", "frames that change hands");
		return tap_end();
	}
	within_a_zone();
	between_zones();
	between_users();
	by_failed_load();
	return tap_end();
}
