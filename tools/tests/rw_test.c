// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that read(2), write(2), their relatives and lseek(2) treat a zone as a
 * file of its size: short counts and ENOSPC at the end, EFAULT and short counts
 * for bad buffers, holes that read as zeros without taking a frame, a zone read
 * into its own mapping, and any mixture of ranges against a shadow copy.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_FRAMES 16
#define NR_SLOTS 64
#define NR_RANDOM 1500
#define MAX_RANDOM 20000	/* bytes in one call */

static struct zone zone;
static uint8_t *buffer;		/* of the zone's size */
static size_t bytes;

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static size_t nr_resident(void)
{
	return zone_stats(&zone).resident_frames;
}

static void is_error(ssize_t ret, int want, const char *what)
{
	int got = errno;

	if (is(ret, -1, "%s fails", what))
		is(got, want, "%s: errno", what);
}

static void seeking(void)
{
	is(lseek(zone.fd, 0, SEEK_END), bytes, "SEEK_END is the zone's size");
	is(lseek(zone.fd, -10, SEEK_END), bytes - 10, "SEEK_END less ten");
	is(lseek(zone.fd, 4, SEEK_CUR), bytes - 6, "SEEK_CUR");
	is(lseek(zone.fd, 100, SEEK_SET), 100, "SEEK_SET");
	is_error(lseek(zone.fd, -101, SEEK_CUR), EINVAL, "SEEK_CUR before the start");
	is_error(lseek(zone.fd, -1, SEEK_SET), EINVAL, "SEEK_SET before the start");
	is_error(lseek(zone.fd, 0, 77), EINVAL, "an unknown whence");
	is(lseek(zone.fd, 0, SEEK_CUR), 100, "and the position is where it was");
	is(lseek(zone.fd, bytes + 5, SEEK_SET), bytes + 5, "past the end, as on a file");
	is(read(zone.fd, buffer, 10), 0, "where there is nothing to read");
	is_error(write(zone.fd, buffer, 10), ENOSPC, "write(2) there");
	is(lseek(zone.fd, 0, SEEK_SET), 0, "back to the start");
}

static void holes(void)
{
	uint8_t page[page_size];

	is(nr_resident(), 0, "a new zone has no frames");
	memset(buffer, 0xff, bytes);
	is(pread(zone.fd, buffer, bytes, 0), bytes, "read all of it");
	ok(all_zero(buffer, bytes), "as zeros");
	is(nr_resident(), 0, "which makes no frame");
	is(zone_count(&zone, 0, NR_SLOTS, 0xff, 0), NR_SLOTS, "every slot is still empty");

	memset(page, 0x77, page_size);
	is(pwrite(zone.fd, page, 10, 5 * page_size + 100), 10, "write a few bytes into a hole");
	is(nr_resident(), 1, "which makes one frame");
	is(pread(zone.fd, page, page_size, 5 * page_size), page_size, "read its slot");
	ok(all_zero(page, 100) && page[100] == 0x77 && page[109] == 0x77 &&
	   all_zero(page + 110, page_size - 110), "the rest of it is zeros");
}

static void data_and_holes(void)
{
	off_t data = lseek(zone.fd, 0, SEEK_DATA);

	is(data, 5 * page_size, "SEEK_DATA finds the one slot with data");
	is(lseek(zone.fd, data, SEEK_HOLE), data + page_size, "SEEK_HOLE its end");
	is(lseek(zone.fd, 3, SEEK_HOLE), 3, "SEEK_HOLE within a hole");
	is(lseek(zone.fd, data + 7, SEEK_DATA), data + 7, "SEEK_DATA within data");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	is(lseek(zone.fd, 0, SEEK_DATA), data, "stored slots are data, too");
	is_error(lseek(zone.fd, data + page_size, SEEK_DATA), ENXIO, "SEEK_DATA after the last");
	is_error(lseek(zone.fd, bytes, SEEK_HOLE), ENXIO, "SEEK_HOLE at the end");
	is(pwrite(zone.fd, "x", 1, bytes - 1), 1, "write the last byte");
	is(lseek(zone.fd, bytes - page_size, SEEK_HOLE), bytes, "the end counts as a hole");
	is(lseek(zone.fd, 0, SEEK_SET), 0, "back to the start");
}

static void ends(void)
{
	memset(buffer, 1, 100);
	is(pwrite(zone.fd, buffer, 100, bytes - 40), 40, "write(2) across the end is short");
	is_error(pwrite(zone.fd, buffer, 1, bytes), ENOSPC, "write(2) at the end");
	is_error(pwrite(zone.fd, buffer, 1, (off_t)1 << 50), ENOSPC, "write(2) far past it");
	is(pread(zone.fd, buffer, 100, bytes - 40), 40, "read(2) across the end is short");
	is(pread(zone.fd, buffer, 100, bytes), 0, "read(2) at the end");
	is(pread(zone.fd, buffer, 100, (off_t)1 << 50), 0, "read(2) far past it");
	is_error(pread(zone.fd, buffer, 1, -1), EINVAL, "read(2) at a negative offset");
	is_error(pwrite(zone.fd, buffer, 1, -1), EINVAL, "write(2) at a negative offset");
	is(pwrite(zone.fd, buffer, 0, 0), 0, "write(2) of nothing");
	is(pread(zone.fd, buffer, 0, 0), 0, "read(2) of nothing");
}

static void bad_buffers(void)
{
	uint8_t *two = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t ret;

	if (two == MAP_FAILED || munmap(two + page_size, page_size))
		bail("mmap of a buffer");
	pattern_fill(&zone, pattern, 0, 4);
	is_error(pwrite(zone.fd, two + page_size, 10, 0), EFAULT, "write(2) from nowhere");
	is_error(pread(zone.fd, two + page_size, 10, 0), EFAULT, "read(2) to nowhere");
	is_error(pwrite(zone.fd, (void *)-4096L, 10, 0), EFAULT, "write(2) from the kernel");
	is(pattern_bad(&zone, pattern, 0, 4), 0, "and the zone is unharmed");

	ret = pread(zone.fd, two, 2 * page_size, 0);
	ok(ret == -1 ? errno == EFAULT : ret > 0 && ret <= (ssize_t)page_size,
	   "read(2) into a buffer that ends too soon: short or EFAULT (%zd)", ret);
	pattern_make(two, pattern, 1);
	ret = pwrite(zone.fd, two, 2 * page_size, page_size);
	ok(ret == -1 ? errno == EFAULT : ret > 0 && ret <= (ssize_t)page_size,
	   "write(2) from one, too (%zd)", ret);
	is(pattern_bad(&zone, pattern, 0, 4), 0, "and the rest of the zone is unharmed");
	munmap(two, page_size);
}

static void vectors(void)
{
	struct iovec parts[3] = {
		{ buffer, 100 }, { buffer + 100, page_size }, { buffer + 100 + page_size, 3000 },
	};
	ssize_t len = 100 + page_size + 3000;
	uint8_t *want = malloc(len);

	for (ssize_t i = 0; i < len; i++)
		buffer[i] = want[i] = i * 7 + 1;
	is(lseek(zone.fd, 1000, SEEK_SET), 1000, "seek");
	is(writev(zone.fd, parts, 3), len, "writev");
	is(lseek(zone.fd, 0, SEEK_CUR), 1000 + len, "moves the position by what it wrote");
	memset(buffer, 0, len);
	is(preadv(zone.fd, parts, 3, 1000), len, "preadv");
	ok(!memcmp(buffer, want, len), "reads the same");
	memset(buffer, 0, len);
	is(lseek(zone.fd, 1000, SEEK_SET), 1000, "seek");
	is(preadv2(zone.fd, parts, 3, -1, 0), len, "preadv2 at the position");
	is(lseek(zone.fd, 0, SEEK_CUR), 1000 + len, "moves it");
	ok(!memcmp(buffer, want, len), "reads the same");
	is(pwritev2(zone.fd, parts, 3, 9000, 0), len, "pwritev2");
	ok(!memcmp(zone.map + 9000, want, len), "and the mapping has it");
	is(lseek(zone.fd, 0, SEEK_SET), 0, "seek");
	is(readv(zone.fd, parts, 3), len, "readv");
	ok(!memcmp(buffer, zone.map, len), "reads the start");
	free(want);
}

/* Calls and touches of random ranges; the shadow holds what there should be. */
static void against_a_shadow(void)
{
	uint8_t *shadow = malloc(bytes), *copy = malloc(MAX_RANDOM);
	uint64_t random = test_seed;
	size_t bad = 0;

	memcpy(shadow, zone.map, bytes);
	for (int i = 0; i < NR_RANDOM; i++) {
		size_t len = random_next(&random) % MAX_RANDOM + 1;
		size_t at = random_next(&random) % (bytes - len);

		switch (random_next(&random) % 4) {
		case 0:
			memset(copy, i, len);
			memcpy(shadow + at, copy, len);
			bad += pwrite(zone.fd, copy, len, at) != (ssize_t)len;
			break;
		case 1:
			memset(shadow + at, i, len);
			memset(zone.map + at, i, len);
			break;
		case 2:
			bad += memcmp(zone.map + at, shadow + at, len) != 0;
			break;
		default:
			bad += pread(zone.fd, copy, len, at) != (ssize_t)len ||
			       memcmp(copy, shadow + at, len);
		}
	}
	is(bad, 0, "%d random calls and touches agree with a shadow copy", NR_RANDOM);
	ok(!memcmp(zone.map, shadow, bytes), "and so does the whole zone");
	free(shadow);
	free(copy);
}

static void into_itself(void)
{
	size_t half = bytes / 2;

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	memcpy(buffer, zone.map, half);
	is(pread(zone.fd, zone.map + half, half, 0), half, "read a zone into its own mapping");
	ok(!memcmp(zone.map + half, buffer, half), "copies it");
	pattern_fill(&zone, pattern, NR_SLOTS / 2, NR_SLOTS / 2);
	memcpy(buffer, zone.map + half, half);
	is(pwrite(zone.fd, zone.map + half, half, 0), half, "write a zone from its own mapping");
	ok(!memcmp(zone.map, buffer, half), "copies it");
	is(pread(zone.fd, zone.map, page_size, 0), page_size, "read a slot into itself");
	is(pwrite(zone.fd, zone.map, page_size, 0), page_size, "write a slot from itself");
	ok(!memcmp(zone.map, buffer, page_size), "changes nothing");
	ok(!zone_stats(&zone).sigbus, "without SIGBUS");
}

static void wrong_mode(void)
{
	int fd = device_open(O_RDONLY);

	is_error(write(fd, "x", 1), EBADF, "write(2) to a descriptor for reading");
	is(pread(fd, buffer, 10, 0), 10, "reading it works");
	close(fd);
	fd = device_open(O_WRONLY);
	is_error(read(fd, buffer, 1), EBADF, "read(2) from a descriptor for writing");
	is(pwrite(fd, "x", 1, 10), 1, "writing it works");
	close(fd);
}

int main(void)
{
	struct vmzone_stats stats;

	test_begin(60);
	bytes = NR_SLOTS * page_size;
	buffer = malloc(bytes);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	holes();
	data_and_holes();
	seeking();
	ends();
	bad_buffers();
	vectors();
	against_a_shadow();
	into_itself();
	wrong_mode();
	stats = zone_stats(&zone);
	ok(stats_hold(&stats), "the counters hold");
	zone_drop(&zone);
	return tap_end();
}
