// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the pages of a zone do not go to swap: with swap on zram, what sends
 * private memory and a memfd's there leaves a zone's where they are, and none of its
 * contents is found on the device. Run it alone: it has the machine swap for a while.
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
#include <sys/swap.h>
#include <unistd.h>

#define NR_PAGES 256UL
#define SWAP_BYTES (16 * MIB)

/* Whose contents a page has is told by its first word. */
#define OF_ZONE 0x20e20e20e20e20e2ULL
#define OF_MEMFD 0x3e3fd3e3fd3e3fd3ULL
#define OF_PROCESS 0x94a7e94a7e94a7e9ULL

/* swapon(2) looks for this in the first page. */
#define SWAP_MAGIC "SWAPSPACE2"
struct swap_header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t nr_badpages;
};

static char device_path[32];

/* Makes a device that is ready for swapon(). Return: its number, or -1: there are none. */
static long swap_make(void)
{
	long number = read_number("/sys/class/zram-control/hot_add", NULL);
	uint8_t page[page_size];
	struct swap_header *header = (struct swap_header *)page;
	char path[64], size[32];
	int fd;

	if (number < 0)
		return -1;
	snprintf(device_path, sizeof(device_path), "/dev/zram%ld", number);
	snprintf(path, sizeof(path), "/sys/block/zram%ld/comp_algorithm", number);
	/* What vmzone has loaded; a kernel whose zram lacks it has another default. */
	errno = write_text(path, "lz4");
	if (errno == EINVAL)
		diag("zram without lz4: its own default");
	else if (errno)
		bail("writing lz4 to %s", path);
	snprintf(path, sizeof(path), "/sys/block/zram%ld/disksize", number);
	snprintf(size, sizeof(size), "%lu", SWAP_BYTES);
	must_write_text(path, size);
	memset(page, 0, page_size);
	header->version = 1;
	header->last_page = SWAP_BYTES / page_size - 1;
	memcpy(page + page_size - strlen(SWAP_MAGIC), SWAP_MAGIC, strlen(SWAP_MAGIC));
	fd = open(device_path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, page, page_size) != (ssize_t)page_size || fsync(fd))
		bail("%s", device_path);
	close(fd);
	return number;
}

static void swap_unmake(long number)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/block/zram%ld/reset", number);
	must_write_text(path, "1");
	snprintf(text, sizeof(text), "%ld", number);
	must_write_text("/sys/class/zram-control/hot_remove", text);
}

static void mark(uint8_t *map, uint64_t owner)
{
	for (size_t i = 0; i < NR_PAGES; i++) {
		uint64_t *words = (uint64_t *)(map + i * page_size);

		words[0] = owner;
		for (size_t word = 1; word < page_size / 8; word++)
			words[word] = i << 32 | word;
	}
}

static size_t nr_wrong(const uint8_t *map, uint64_t owner)
{
	size_t nr = 0;

	for (size_t i = 0; i < NR_PAGES; i++) {
		const uint64_t *words = (const uint64_t *)(map + i * page_size);

		nr += words[0] != owner;
		for (size_t word = 1; word < page_size / 8; word++)
			nr += words[word] != (i << 32 | word);
	}
	return nr;
}

/* Pages of an owner on the device. */
static size_t nr_on_device(uint64_t owner)
{
	int fd = open(device_path, O_RDONLY | O_CLOEXEC);
	uint64_t words[page_size / 8];
	size_t nr = 0;

	if (fd < 0)
		bail("%s", device_path);
	while (read(fd, words, page_size) == (ssize_t)page_size)
		nr += words[0] == owner;
	close(fd);
	return nr;
}

static size_t nr_swapped(const uint8_t *map)
{
	return pagemap_count(map, NR_PAGES, PAGEMAP_SWAPPED);
}

static void page_out_all(uint8_t *const maps[], size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (madvise(maps[i], NR_PAGES * page_size, MADV_PAGEOUT))
			bail("MADV_PAGEOUT");
	must_write_text("/proc/sys/vm/drop_caches", "3");
}

static void not_swapped(void)
{
	struct zone file = memfd_sized(NR_PAGES), of_zone = zone_sized(NR_PAGES, 2 * NR_PAGES);
	uint8_t *own = mmap(NULL, NR_PAGES * page_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *const maps[] = { own, file.map, of_zone.map };

	if (own == MAP_FAILED)
		bail("mmap");
	mark(own, OF_PROCESS);
	mark(file.map, OF_MEMFD);
	mark(of_zone.map, OF_ZONE);
	page_out_all(maps, ARRAY_SIZE(maps));
	ok(nr_on_device(OF_PROCESS), "private memory is found on the swap device");
	ok(nr_on_device(OF_MEMFD), "a memfd's is");
	is(nr_on_device(OF_ZONE), 0, "a zone's is not");
	ok(nr_swapped(own), "private memory has swap entries");
	is(nr_swapped(of_zone.map), 0, "a zone's mapping has none");
	is(nr_wrong(own, OF_PROCESS) + nr_wrong(file.map, OF_MEMFD), 0, "what was swapped comes back");
	is(nr_wrong(of_zone.map, OF_ZONE), 0, "the zone's contents are right");
	munmap(own, NR_PAGES * page_size);
	zone_drop(&file);
	zone_drop(&of_zone);
}

int main(void)
{
	long number;

	test_begin(120);
	number = geteuid() ? -1 : swap_make();
	if (number < 0) {
		skip("not root, or no zram", "swap");
		return tap_end();
	}
	if (!swapon(device_path, 0)) {
		not_swapped();
		if (swapoff(device_path))
			bail("swapoff");
	} else {
		skip("no swap in this kernel", "swap");
	}
	swap_unmake(number);
	return tap_end();
}
