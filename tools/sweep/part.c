// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of the zone that calls are made on, and another mapping of the zone.
 */
#include "part.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Where nothing else is mapped. */
#define APART ((void *)(1UL << 45))

uint8_t pages[PART * 4096] __attribute__((aligned(4096)));
void *second;

void part_begin(void)
{
	if (page_size * PART != sizeof(pages))
		bail("pages of %zu bytes", page_size);
	memset(pages, 1, sizeof(pages));
}

bool pages_are(uint8_t version)
{
	uint8_t want[page_size];
	size_t bad = 0;

	for (size_t i = 0; i < PART; i++) {
		version_make(want, FIRST + i, version);
		bad += !!memcmp(pages + i * page_size, want, page_size);
	}
	if (bad)
		diag("  %zu pages that were read are wrong", bad);
	return !bad;
}

void pages_make(uint8_t version)
{
	for (size_t i = 0; i < PART; i++)
		version_make(pages + i * page_size, FIRST + i, version);
}

long all_of(ssize_t (*copy)(size_t done))
{
	size_t done = 0;

	while (done < sizeof(pages)) {
		ssize_t ret = copy(done);

		if (ret <= 0)
			return ret ? -errno : -EIO;
		done += ret;
	}
	return done;
}

void second_map(void)
{
	second = mmap(APART, NR_USED * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, zone.fd, 0);
	if (second != APART)
		bail("mmap where nothing is");
}

void second_unmap(long ret)
{
	(void)ret;
	munmap(second, NR_USED * page_size);
}
