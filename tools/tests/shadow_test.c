// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that no order of calls confuses a zone: reads, writes, maps, cuts,
 * holes, discards, pins and everything that moves pages, in random order,
 * against a shadow of what the bytes should be, with each policy and with each
 * codec. On the first byte that differs it tells the calls that led there.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_FRAMES 24
#define NR_SLOTS 96
#define NR_STEPS 1500
#define MAX_BYTES 30000		/* of one call */
#define MAX_MOVED 12		/* slots of one call */
#define NR_TOLD 24
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static struct zone zone;
static uint64_t random_state;
static uint8_t *shadow;
static uint8_t *buffer;
static size_t bytes;		/* the zone's size now */
static char told[NR_TOLD][64];	/* the last calls, as a ring */
static size_t nr_steps;

static uint64_t any(uint64_t limit)
{
	return random_next(&random_state) % limit;
}

struct range {
	size_t at, len;
};

static struct range any_bytes(void)
{
	struct range range = { .at = any(bytes) };
	size_t most = bytes - range.at < MAX_BYTES ? bytes - range.at : MAX_BYTES;

	range.len = 1 + any(most);
	return range;
}

/* Whole slots, as bytes. */
static struct range any_slots(void)
{
	size_t nr_slots = bytes / page_size, first = any(nr_slots);
	size_t most = nr_slots - first < MAX_MOVED ? nr_slots - first : MAX_MOVED;

	return (struct range){ first * page_size, (1 + any(most)) * page_size };
}

static void tell(const char *call, struct range range)
{
	snprintf(told[nr_steps++ % NR_TOLD], sizeof(told[0]), "%s at %zu, %zu", call, range.at,
		 range.len);
}

/* Runs of a word, or noise: what compresses and what does not. */
static void new_bytes(size_t len)
{
	uint64_t word = any(4) ? 0 : random_next(&random_state);

	for (size_t i = 0; i < len; i += sizeof(word)) {
		uint64_t next = word ? word : random_next(&random_state);

		memcpy(buffer + i, &next, sizeof(next));
	}
}

static bool write_some(void)
{
	struct range range = any_bytes();
	bool mapped = any(2);

	tell(mapped ? "write by the map" : "pwrite", range);
	new_bytes(range.len);
	memcpy(shadow + range.at, buffer, range.len);
	if (mapped)
		memcpy(zone.map + range.at, buffer, range.len);
	return mapped || pwrite(zone.fd, buffer, range.len, range.at) == (ssize_t)range.len;
}

static bool same(const uint8_t *got, struct range range)
{
	size_t at = 0;

	if (!memcmp(got, shadow + range.at, range.len))
		return true;
	while (got[at] == shadow[range.at + at])
		at++;
	diag("  byte %zu is 0x%02x, want 0x%02x", range.at + at, got[at], shadow[range.at + at]);
	return false;
}

static bool read_some(void)
{
	struct range range = any_bytes();
	struct iovec parts[2] = {
		{ .iov_base = buffer, .iov_len = range.len / 3 },
		{ .iov_base = buffer + range.len / 3, .iov_len = range.len - range.len / 3 },
	};

	if (any(2)) {
		tell("read by the map", range);
		return same(zone.map + range.at, range);
	}
	tell("preadv", range);
	return preadv(zone.fd, parts, 2, range.at) == (ssize_t)range.len && same(buffer, range);
}

static bool resize(void)
{
	size_t to = (1 + any(NR_SLOTS)) * page_size;

	tell("ftruncate", (struct range){ to, bytes });
	if (to < bytes)
		memset(shadow + to, 0, bytes - to);
	bytes = to;
	return !ftruncate(zone.fd, to);
}

static bool make_hole(void)
{
	struct range range = any(2) ? any_bytes() : any_slots();
	struct range whole = any_slots();
	long ret;

	switch (any(3)) {
	case 0:
		tell("fallocate", range);
		memset(shadow + range.at, 0, range.len);
		return !fallocate(zone.fd, PUNCH, range.at, range.len);
	case 1:
		tell("MADV_REMOVE", whole);
		memset(shadow + whole.at, 0, whole.len);
		return !madvise(zone.map + whole.at, whole.len, MADV_REMOVE);
	default:
		tell("DISCARD", whole);
		memset(shadow + whole.at, 0, whole.len);
		ret = zone_range(&zone, VMZONE_IOC_DISCARD, whole.at / page_size,
				 whole.len / page_size);
		return ret >= 0;
	}
}

static bool move(void)
{
	struct range range = any_slots();
	size_t first = range.at / page_size, nr = range.len / page_size;

	switch (any(6)) {
	case 0:
		tell("PAGE_IN", range);
		return zone_range(&zone, VMZONE_IOC_PAGE_IN, first, nr) >= 0;
	case 1:
		tell("POSIX_FADV_WILLNEED", range);
		return !posix_fadvise(zone.fd, range.at, range.len, POSIX_FADV_WILLNEED);
	case 2:
		tell("MADV_DONTNEED", range);
		return !madvise(zone.map + range.at, range.len, MADV_DONTNEED);
	case 3:
		tell("PIN", range);
		return zone_range(&zone, VMZONE_IOC_PIN, first, nr) == (long)nr &&
		       zone_range(&zone, VMZONE_IOC_UNPIN, first, nr) == (long)nr;
	default:
		tell("PAGE_OUT", range);
		return zone_range(&zone, VMZONE_IOC_PAGE_OUT, first, nr) >= 0;
	}
}

/* What lseek(2) calls a hole must be zeros; it need not find each of them. */
static bool holes_are_zeros(void)
{
	off_t data = 0, hole = 0;

	tell("SEEK_DATA and SEEK_HOLE", (struct range){ 0, bytes });
	while (hole < (off_t)bytes) {
		data = lseek(zone.fd, hole, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			return false;
		if (data < 0)
			data = bytes;
		if (!all_zero(shadow + hole, data - hole))
			return false;
		if (data == (off_t)bytes)
			break;
		hole = lseek(zone.fd, data, SEEK_HOLE);
		if (hole <= data)
			return false;
	}
	return true;
}

static bool step(void)
{
	switch (any(16)) {
	case 0 ... 4:
		return write_some();
	case 5 ... 8:
		return read_some();
	case 9:
		return any(4) ? write_some() : resize();
	case 10:
		return make_hole();
	case 11:
		return any(4) ? read_some() : holes_are_zeros();
	default:
		return move();
	}
}

static void tell_all(void)
{
	size_t first = nr_steps > NR_TOLD ? nr_steps - NR_TOLD : 0;

	diag("  the last calls, the size in slots is %zu:", bytes / page_size);
	for (size_t i = first; i < nr_steps; i++)
		diag("    %s", told[i % NR_TOLD]);
}

static void in_any_order(unsigned int policy, unsigned int codec)
{
	struct vmzone_stats stats;
	bool good = true;

	bytes = NR_SLOTS * page_size;
	memset(shadow, 0, bytes);
	nr_steps = 0;
	zone = zone_new((struct vmzone_create) {
		.bytes = bytes, .frames = NR_FRAMES, .policy = policy, .codec = codec,
	});
	for (size_t i = 0; good && i < NR_STEPS; i++)
		good = step();
	if (!ok(good, "policy %u, codec %u: every call does what it should", policy, codec))
		tell_all();
	ok(same(zone.map, (struct range){ 0, bytes }), "policy %u, codec %u: all bytes at the end",
	   policy, codec);
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && stats.page_ins && !stats.sigbus && !stats.load_errors,
	   "policy %u, codec %u: the counters hold", policy, codec);
	zone_drop(&zone);
}

int main(void)
{
	struct vmzone_info info = device_info();

	test_begin(120);
	random_state = test_seed;
	shadow = malloc(NR_SLOTS * page_size);
	buffer = malloc(MAX_BYTES + sizeof(uint64_t));
	if (!shadow || !buffer)
		bail("malloc");
	for (unsigned int id = 1; id < 32; id++) {
		if (info.policies & 1u << id)
			in_any_order(id, 0);
		if (info.codecs & 1u << id)
			in_any_order(0, id);
	}
	return tap_end();
}
