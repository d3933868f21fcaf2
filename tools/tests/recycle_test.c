// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a frame which changes hands is zeros: a marker is written to every
 * word of a zone; its frames are let go on every way there is (eviction, DISCARD,
 * truncation, a hole, a page that somebody still held when it was discarded, a load
 * that failed; to the machine by a smaller budget, the shrinker, the end of the
 * zone); and then whoever gets frames, in the same zone, in another one and in
 * another user's process, by mappings, by read(2) and by writes of a byte, looks for
 * the marker. That these frames are the victim's is seen in /proc/self/pagemap, and
 * each way is gone until some are. What goes by the machine proves something only
 * where the kernel does not zero what it gives: with init_on_alloc=0.
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
#define NR_HELD 8		/* of them, that somebody holds when they are discarded */
#define NR_FRESH 96		/* that whoever comes next touches */
#define NR_ROUNDS 50		/* until some frames have changed hands */
#define MARKER 0x5ec12e75ec12e75eULL
#define NOBODY 65534

struct catch {
	size_t nr_words;	/* that are not zero */
	size_t nr_recycled;	/* frames that were the victim's */
};

/* What a child sees, too: the victim's frames, and what it found. */
static struct {
	uint64_t victims[NR_SLOTS];
	size_t nr_victims;	/* the first of them count */
	struct catch catch;
} *shared;

static int pagemap;		/* of this process, as root sees it */

static uint64_t marker(size_t slot, size_t word)
{
	return word % 2 ? MARKER : MARKER ^ slot << 8 ^ word;
}

/* A zone with NR_SLOTS slots full of the marker, none of which the store could keep as one word. */
static struct zone victim_zone(void)
{
	struct zone zone = zone_sized(NR_SLOTS + NR_FRESH, NR_FRAMES);

	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		uint64_t *word = (uint64_t *)slot_at(&zone, slot);

		for (size_t i = 0; i < page_size / 8; i++)
			word[i] = marker(slot, i);
		shared->victims[slot] = pagemap_frame(pagemap, word);
		if (!shared->victims[slot])
			bail("the number of a frame");
	}
	shared->nr_victims = NR_SLOTS;
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
	uint64_t number = pagemap_frame(pagemap, at);

	for (size_t i = 0; number && i < shared->nr_victims; i++)
		if (shared->victims[i] == number)
			return true;
	return false;
}

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

static void clean(struct catch catch, const char *how)
{
	is(catch.nr_words, 0, "%s: no word of a fresh page is anything but zero", how);
	ok(catch.nr_recycled, "%s: and %zu frames did change hands", how, catch.nr_recycled);
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

/* Still in a pipe when it is discarded: an orphan, which comes back with the pipe's end. */
static void by_orphans(struct zone *zone)
{
	struct iovec iov = { .iov_base = zone->map, .iov_len = NR_HELD * page_size };
	int ends[2];

	if (pipe(ends) || vmsplice(ends[1], &iov, 1, 0) != (ssize_t)iov.iov_len)
		bail("vmsplice");
	by_discard(zone);
	is(nr_marked(zone->map, NR_HELD * page_size), 0,
	   "what is discarded is zeros, whoever holds the frames");
	close(ends[0]);
	close(ends[1]);
	zone_range(zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
	shared->nr_victims = NR_HELD;
}

static const struct {
	const char *name;
	void (*let_go)(struct zone *zone);
} ways[] = {
	{ "eviction", by_eviction }, { "DISCARD", by_discard }, { "a hole", by_hole },
	{ "truncation", by_truncation }, { "MADV_REMOVE", by_remove },
	{ "a frame that was held", by_orphans },
};

static void within_a_zone(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct zone zone = victim_zone();

		ways[i].let_go(&zone);
		clean(look(&zone, NR_SLOTS, NR_FRESH), ways[i].name);
		if (ways[i].let_go != by_eviction)
			is(nr_marked(slot_at(&zone, 1), (NR_SLOTS - 1) * page_size), 0,
			   "%s: and what was thrown away reads as zeros", ways[i].name);
		zone_drop(&zone);
	}
}

/* What lets frames of the victim go to the machine; the zone may end. */
static void by_budget(struct zone *zone)
{
	struct vmzone_set fewer = { .which = VMZONE_SET_FRAMES, .frames = NR_FRAMES / 2 };

	if (zone_set(zone->fd, fewer))
		bail("SET of a smaller budget");
}

static void by_shrinker(struct zone *zone)
{
	if (zone_range(zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
		bail("PAGE_OUT");
	must_write_text("/proc/sys/vm/drop_caches", "2");
}

static void by_end(struct zone *zone)
{
	zone_drop(zone);
}

static const struct {
	const char *name;
	void (*let_go)(struct zone *zone);
	uint32_t next_flags;	/* of the zone that takes frames then */
} ends[] = {
	{ "a smaller budget, and another zone", by_budget, 0 },
	{ "the shrinker, and another zone", by_shrinker, 0 },
	{ "the end of a zone, and another one", by_end, 0 },
	{ "the end of a zone, and one with all its frames", by_end, VMZONE_CREATE_PREALLOC },
};

/* As often as it takes until the other zone has got frames of the victim. */
static void between_zones(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct catch sum = {};

		for (int round = 0; round < NR_ROUNDS && !sum.nr_recycled; round++) {
			struct vmzone_create create = {
				.bytes = NR_FRESH * page_size,
				.frames = NR_FRAMES,
				.flags = ends[i].next_flags,
			};
			struct zone victim = victim_zone(), next;
			struct catch catch;

			ends[i].let_go(&victim);
			next = zone_new(create);
			catch = look(&next, 0, NR_FRESH);
			sum.nr_words += catch.nr_words;
			sum.nr_recycled += catch.nr_recycled;
			zone_drop(&next);
			if (victim.map)
				zone_drop(&victim);
		}
		clean(sum, ends[i].name);
	}
}

/* A process of another user, with a zone that it was given before the victim's ended. */
struct given {
	struct zone zone;
	int go[2];
};

static int other_user(void *arg)
{
	struct given *given = arg;
	struct catch catch;
	uint8_t byte;

	pagemap = pagemap_open();
	if (setgid(NOBODY) || setuid(NOBODY) || read(given->go[0], &byte, 1) != 1)
		return 100;
	catch = look(&given->zone, 0, NR_FRESH);
	shared->catch.nr_words += catch.nr_words;
	shared->catch.nr_recycled += catch.nr_recycled;
	return 0;
}

static void between_users(void)
{
	size_t nr_failed = 0;

	shared->catch = (struct catch) {};
	for (int round = 0; round < NR_ROUNDS && !shared->catch.nr_recycled; round++) {
		struct given given = { .zone = zone_sized(NR_FRESH, NR_FRAMES) };
		struct zone victim;
		pid_t pid;

		if (pipe(given.go))
			bail("pipe");
		pid = child_start(other_user, &given);
		victim = victim_zone();
		zone_drop(&victim);
		if (write(given.go[1], "", 1) != 1)
			bail("write to a pipe");
		nr_failed += child_wait(pid) != 0;
		close(given.go[0]);
		close(given.go[1]);
		zone_drop(&given.zone);
	}
	is(nr_failed, 0, "another user's process sees its frames' numbers");
	clean(shared->catch, "the end of a zone, and another user's");
}

/* What makes all loads fail, in kernels that have it. begin() returns whether this one does. */
#define FAIL "/sys/kernel/debug/fail_function/"

static bool injection_begin(void)
{
	if (write_text(FAIL "inject", "compressed_load"))
		return false;
	must_write_text(FAIL "compressed_load/retval", "0xffffffffffffffb6");	/* EBADMSG */
	must_write_text(FAIL "verbose", "0");
	must_write_text(FAIL "times", "-1");
	must_write_text(FAIL "probability", "100");
	return true;
}

static void injection_end(void)
{
	must_write_text(FAIL "probability", "0");
	must_write_text(FAIL "inject", "\n");
}

/* The module of tools/tests/damage. */
#define DAMAGE "/sys/module/vmzone_damage/parameters/"

static bool damage_begin(void)
{
	return !write_text(DAMAGE "armed", "1");
}

static void damage_end(void)
{
	is(read_number(DAMAGE "nr_damaged", NULL), NR_SLOTS, "each object came out damaged");
	must_write_text(DAMAGE "armed", "0");
}

static const struct {
	const char *name;
	bool (*begin)(void);
	void (*end)(void);
	const char *absent;
} failures[] = {
	{ "a load that fails", injection_begin, injection_end,
	  "no fail_function here, or the module allows none" },
	/* In the middle of the page. */
	{ "a load of a damaged object", damage_begin, damage_end, "the module vmzone_damage is not here" },
};

/* Every other slot by a mapping, the rest by read(2). Return: how much was seen that should not. */
static size_t nr_loaded(struct zone *zone)
{
	static uint8_t page[4096];
	size_t nr = 0;

	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		memset(page, 0, page_size);
		if (slot % 2 ? copy_guarded(page, slot_at(zone, slot), page_size) != SIGBUS :
			       pread(zone->fd, page, page_size, slot * page_size) != -1 || errno != EIO)
			nr++;
		nr += nr_marked(page, page_size);
	}
	return nr;
}

static void by_failed_load(size_t i)
{
	const char *name = failures[i].name;
	struct zone zone = victim_zone();
	struct vmzone_stats stats;
	size_t nr_wrong = 0;

	by_eviction(&zone);
	if (!failures[i].begin()) {
		skip(failures[i].absent, "%s", name);
		zone_drop(&zone);
		return;
	}
	is(nr_loaded(&zone), 0, "%s: SIGBUS, or EIO of read(2), and not a byte", name);
	stats = zone_stats(&zone);
	is(stats.load_errors, NR_SLOTS, "%s: each is counted", name);
	is(stats.sigbus, NR_SLOTS / 2, "%s: and so are those that ended in SIGBUS", name);
	is(stats.stored_slots, NR_SLOTS, "%s: what is stored stays", name);
	failures[i].end();
	clean(look(&zone, NR_SLOTS, NR_FRESH), name);
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		for (size_t word = 0; word < page_size / 8; word++)
			nr_wrong += ((uint64_t *)slot_at(&zone, slot))[word] != marker(slot, word);
	is(nr_wrong, 0, "%s: and once loads work, all is there", name);
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	if (geteuid() || page_size != 4096) {
		skip("wants to be root, and pages of 4 KiB", "frames that change hands");
		return tap_end();
	}
	/* A frame that a processor frees is the next one that it gets. */
	stay_on(0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("memory to share");
	pagemap = pagemap_open();
	within_a_zone();
	between_zones();
	between_users();
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		by_failed_load(i);
	return tap_end();
}
