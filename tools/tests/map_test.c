// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what mmap(2) and its relatives do with a zone: what is refused and
 * how, several mappings of the same slots, mprotect, mremap, the madvise and
 * mincore calls, executable zones, and descriptors for reading only.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 128
#define RW (PROT_READ | PROT_WRITE)

static struct zone zone;

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static void refused(int prot, int flags, int fd, size_t first, size_t nr, int want,
		    const char *what)
{
	void *map = mmap(NULL, nr * page_size, prot, flags, fd, first * page_size);

	is(map == MAP_FAILED ? errno : 0, want, "mmap: %s", what);
}

static void refusals(void)
{
	refused(RW, MAP_PRIVATE, zone.fd, 0, 1, EINVAL, "MAP_PRIVATE");
	refused(PROT_READ, MAP_PRIVATE, zone.fd, 0, 1, EINVAL, "MAP_PRIVATE for reading");
	refused(PROT_READ | PROT_EXEC, MAP_SHARED, zone.fd, 0, 1, EACCES, "PROT_EXEC");
	refused(RW, MAP_SHARED, zone.fd, 0, NR_SLOTS + 1, EINVAL, "longer than the zone");
	refused(RW, MAP_SHARED, zone.fd, NR_SLOTS, 1, EINVAL, "at its end");
	refused(RW, MAP_SHARED, zone.fd, NR_SLOTS - 1, 2, EINVAL, "across its end");
	refused(RW, MAP_SHARED, zone.fd, 1UL << 40, 1, EINVAL, "far past its end");
	is(mprotect(zone.map, page_size, PROT_READ | PROT_EXEC) ? errno : 0, EACCES,
	   "mprotect: PROT_EXEC");
	refused(RW, MAP_SHARED, zone.fd, NR_SLOTS - 1, 1, 0, "the last slot, which is fine");
}

static void reading_only(void)
{
	int fd = device_open(O_RDONLY);
	uint8_t *map, byte = 1;

	refused(RW, MAP_SHARED, fd, 0, 1, EACCES, "PROT_WRITE of a descriptor for reading");
	map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0);
	ok(map != MAP_FAILED && all_zero(map, page_size), "PROT_READ of it is fine");
	is(mprotect(map, page_size, RW) ? errno : 0, EACCES, "mprotect: PROT_WRITE of it");
	is(copy_guarded(map, &byte, 1), SIGSEGV, "a write to it is SIGSEGV");
	munmap(map, page_size);
	close(fd);
}

static void several_mappings(void)
{
	struct zone other = { .nr_slots = NR_SLOTS, .fd = zone.fd };
	uint8_t *part;

	other.map = zone_map(zone.fd, NR_SLOTS);
	part = mmap(NULL, 8 * page_size, RW, MAP_SHARED, zone.fd, 4 * page_size);
	pattern_fill(&zone, pattern, 0, 32);
	is(pattern_bad(&other, pattern, 0, 32), 0, "a second mapping shows the same");
	ok(pattern_good(part, pattern, 4), "so does one of a part");
	memset(part + page_size, 0x11, page_size);
	ok(zone.map[5 * page_size] == 0x11 && other.map[5 * page_size] == 0x11,
	   "a write by one is seen by all");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 32), 32, "PAGE_OUT of what all have mapped");
	other.map[5 * page_size] = 0x22;
	ok(zone.map[5 * page_size] == 0x22 && part[page_size] == 0x22 &&
	   part[page_size + 1] == 0x11, "and after a page-in, too");
	pattern_fill(&zone, pattern, 5, 1);
	munmap(other.map, NR_SLOTS * page_size);
	munmap(part, 8 * page_size);
	is(pattern_bad(&zone, pattern, 0, 32), 0, "the first one is left as it was");
}

static void protections(void)
{
	uint8_t byte = 0;

	is(mprotect(zone.map, 8 * page_size, PROT_READ), 0, "mprotect to PROT_READ");
	is(copy_guarded(zone.map, &byte, 1), SIGSEGV, "then a write is SIGSEGV");
	is(pattern_bad(&zone, pattern, 0, 8), 0, "and reads are right");
	is(mprotect(zone.map, 4 * page_size, PROT_NONE), 0, "mprotect to PROT_NONE");
	is(copy_guarded(&byte, zone.map, 1), SIGSEGV, "then a read is SIGSEGV");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 8), 8, "PAGE_OUT takes such pages, too");
	is(copy_guarded(&byte, zone.map, 1), SIGSEGV, "and a read is SIGSEGV still");
	is(mprotect(zone.map, 8 * page_size, RW), 0, "mprotect back");
	is(pattern_bad(&zone, pattern, 0, 8), 0, "everything is there");
	pattern_fill(&zone, pattern, 0, 8);
}

static void remapping(void)
{
	struct zone part = { .fd = zone.fd, .nr_slots = 16 };
	uint8_t *place = mmap(NULL, 16 * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *grown;

	pattern_fill(&zone, pattern, 0, 16);
	part.map = zone_map(zone.fd, 16);
	is(pattern_bad(&part, pattern, 0, 16), 0, "a mapping to move");
	part.map = mremap(part.map, 16 * page_size, 16 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
			  place);
	ok(part.map == place, "mremap to another place");
	is(pattern_bad(&part, pattern, 0, 16), 0, "has the same contents");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 16), 16, "which page out");
	is(pattern_bad(&part, pattern, 0, 16), 0, "and in");
	ok(mremap(part.map, 16 * page_size, 8 * page_size, 0) == part.map, "mremap to fewer pages");
	is(pattern_bad(&part, pattern, 0, 8), 0, "keeps them");
	grown = mremap(part.map, 8 * page_size, 12 * page_size, MREMAP_MAYMOVE);
	ok(grown == MAP_FAILED, "mremap to more pages is refused");
	is(pattern_bad(&part, pattern, 0, 8), 0, "and changes nothing");
	munmap(part.map, 8 * page_size);
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

static void advice(void)
{
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS) < 0, 0, "DISCARD all");
	is(nr_in_core(0, 16), 0, "mincore: nothing is there");
	is(madvise(zone.map, 16 * page_size, MADV_POPULATE_READ), 0, "MADV_POPULATE_READ");
	is(nr_in_core(0, 32), 16, "mincore: it maps the range");
	is(zone_stats(&zone).resident_frames, 16, "with a frame each");
	is(madvise(slot_at(&zone, 16), 8 * page_size, MADV_POPULATE_WRITE), 0,
	   "MADV_POPULATE_WRITE");
	is(nr_in_core(0, 32), 24, "mincore: it maps the range");
	ok(all_zero(zone.map, 32 * page_size), "all of it zeros");

	pattern_fill(&zone, pattern, 0, 24);
	is(madvise(zone.map, 24 * page_size, MADV_DONTNEED), 0, "MADV_DONTNEED");
	is(pattern_bad(&zone, pattern, 0, 24), 0, "keeps the contents");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 24), 24, "PAGE_OUT");
	is(nr_in_core(0, 24), 0, "mincore: nothing is there");
	is(madvise(zone.map, 24 * page_size, MADV_POPULATE_READ), 0,
	   "MADV_POPULATE_READ of stored slots");
	is(nr_in_core(0, 24), 24, "mincore: it pages them in");
	is(pattern_bad(&zone, pattern, 0, 24), 0, "and they are right");
	is(madvise(zone.map, 24 * page_size, MADV_DONTNEED), 0, "MADV_DONTNEED");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 24), 24, "PAGE_OUT of what is not mapped");
	is(madvise(zone.map, 24 * page_size, MADV_WILLNEED), 0, "MADV_WILLNEED");
	is(pattern_bad(&zone, pattern, 0, 24), 0, "keeps the contents");
	is(mlock(zone.map, 8 * page_size), 0, "mlock succeeds");
	is(zone_stats(&zone).pinned_slots, 0, "but does not pin");
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 8), 8, "PAGE_OUT takes locked pages");
	is(pattern_bad(&zone, pattern, 0, 8), 0, "which keep their contents");
	munlock(zone.map, 8 * page_size);
}

static void populated(void)
{
	struct vmzone_stats before = zone_stats(&zone), after;
	void *map = mmap(NULL, 16 * page_size, RW, MAP_SHARED | MAP_POPULATE, zone.fd,
			 64 * page_size);

	ok(map != MAP_FAILED, "mmap with MAP_POPULATE");
	after = zone_stats(&zone);
	is(zone_count(&zone, 64, 16, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT), 16,
	   "makes each slot resident");
	is(after.faults_zero - before.faults_zero, 16, "by a fault each");
	munmap(map, 16 * page_size);
}

static void executable(void)
{
	static const uint8_t code[] = {
#if defined(__x86_64__)
		0xb8, 0x2a, 0x00, 0x00, 0x00,	/* mov $42, %eax */
		0xc3,				/* ret */
#elif defined(__aarch64__)
		0x40, 0x05, 0x80, 0x52,		/* mov w0, #42 */
		0xc0, 0x03, 0x5f, 0xd6,		/* ret */
#endif
	};
	struct vmzone_create create = {
		.flags = VMZONE_CREATE_EXEC, .bytes = 16 * page_size, .frames = 16,
	};
	struct zone runs = zone_new(create);
	int (*call)(void) = mmap(NULL, page_size, PROT_READ | PROT_EXEC, MAP_SHARED, runs.fd, 0);

	ok(call != MAP_FAILED, "mmap: PROT_EXEC of a zone made with VMZONE_CREATE_EXEC");
	is(mprotect(slot_at(&runs, 1), page_size, PROT_READ | PROT_EXEC), 0,
	   "mprotect: PROT_EXEC of it");
	if (!sizeof(code)) {
		skip("no code for this processor", "code in a zone runs");
	} else {
		memcpy(runs.map, code, sizeof(code));
		__builtin___clear_cache((char *)call, (char *)call + sizeof(code));
		is(call(), 42, "code in a zone runs");
		is(zone_range(&runs, VMZONE_IOC_PAGE_OUT, 0, 1), 1, "PAGE_OUT of it");
		is(call(), 42, "and runs after its page-in");
	}
	munmap(call, page_size);
	zone_drop(&runs);
}

/* A program of old that asks for PROT_EXEC with whatever it reads, and knows nothing of it. */
static void implied_executable(void)
{
	int persona = personality(0xffffffff);
	char *map;

	personality(persona | READ_IMPLIES_EXEC);
	map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, zone.fd, 0);
	ok(map != MAP_FAILED, "mmap where reading implies executing");
	is(mprotect(map, page_size, PROT_READ), 0, "mprotect there");
	ok(mmap(NULL, page_size, PROT_EXEC, MAP_SHARED, zone.fd, 0) == MAP_FAILED && errno == EACCES,
	   "but not to execute what is not to be read");
	personality(persona);
	ok(mprotect(map, page_size, PROT_READ | PROT_EXEC) && errno == EACCES,
	   "and nothing can be executed");
	munmap(map, page_size);
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	refusals();
	reading_only();
	several_mappings();
	protections();
	remapping();
	advice();
	populated();
	executable();
	implied_executable();
	zone_drop(&zone);
	return tap_end();
}
