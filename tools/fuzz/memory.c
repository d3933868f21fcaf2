// SPDX-License-Identifier: GPL-2.0-only
/*
 * The places that pointers point to, and the tables of a program.
 */
#define _GNU_SOURCE
#include "memory.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CANARY 0xa5

const char *const where_name[NR_WHERE] = {
	[WHERE_HEAP] = "heap",
	[WHERE_EDGE] = "edge",
	[WHERE_CUT] = "cut",
	[WHERE_READONLY] = "readonly",
	[WHERE_SHARED] = "shared",
	[WHERE_ZONE] = "zone",
	[WHERE_ZONE_EDGE] = "zone-edge",
	[WHERE_NOWHERE] = "nowhere",
	[WHERE_NULL] = "null",
	[WHERE_KERNEL] = "kernel",
	[WHERE_TOP] = "top",
};

static uint8_t *reserve(size_t len, int flags)
{
	uint8_t *at = mmap(NULL, len, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (at == MAP_FAILED)
		bail("mmap of %zu bytes of addresses", len);
	return at;
}

void tables_init(struct tables *tables)
{
	for (size_t i = 0; i < NR_FDS; i++)
		tables->fd[i] = -1;
	for (size_t i = 0; i < NR_MAPS; i++)
		tables->map[i] = (struct map){ .at = reserve(MAP_ROOM, 0) };
	tables->shared = reserve(2 * PAGE, MAP_32BIT);
	if (mprotect(tables->shared, PAGE, PROT_READ | PROT_WRITE))
		bail("mprotect");
}

void tables_clear(struct tables *tables)
{
	for (size_t i = 0; i < NR_FDS; i++) {
		if (tables->fd[i] >= 0)
			close(tables->fd[i]);
		tables->fd[i] = -1;
		tables->kind[i] = FD_NONE;
	}
	for (size_t i = 0; i < NR_MAPS; i++) {
		struct map *map = &tables->map[i];

		mmap(map->at, MAP_ROOM, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		map->len = 0;
	}
}

void area_init(struct area *area)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	/* Where callers of 32 bits can point to. */
	area->at = reserve((AREA_PAGES + 1) * PAGE, MAP_32BIT);
	if (fd < 0 || ftruncate(fd, AREA_PAGES * PAGE) ||
	    mmap(area->at, AREA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		bail("memory for a thread");
	area->readonly = mmap(NULL, AREA_PAGES * PAGE, PROT_READ, MAP_SHARED | MAP_32BIT, fd, 0);
	if (area->readonly == MAP_FAILED)
		bail("mmap, read-only");
	close(fd);
}

bool is_own(enum where where)
{
	return where != WHERE_SHARED && where != WHERE_ZONE && where != WHERE_ZONE_EDGE;
}

void canary_put(uint8_t *at)
{
	if (at)
		memset(at, CANARY, CANARY_BYTES);
}

bool canary_is_intact(const uint8_t *at)
{
	for (size_t i = 0; at && i < CANARY_BYTES; i++)
		if (at[i] != CANARY)
			return false;
	return true;
}

bool place(const struct tables *tables, const struct area *area, enum where where,
	   const void *data, size_t len, void **address)
{
	uint8_t *end = area->at + AREA_PAGES * PAGE, *to = NULL;

	switch (where) {
	case WHERE_EDGE:
		*address = to = end - len;
		break;
	case WHERE_CUT:
		*address = end - 8;
		if (data)
			memcpy(*address, data, len < 8 ? len : 8);
		return true;
	case WHERE_READONLY:
		*address = area->readonly;
		to = area->at;
		break;
	case WHERE_SHARED:
		*address = to = tables->shared;
		break;
	case WHERE_ZONE:
		*address = to = tables->map[0].at;
		break;
	case WHERE_ZONE_EDGE:
		*address = to = tables->map[0].at + PAGE - 8;
		break;
	case WHERE_NOWHERE:
		*address = end;
		break;
	case WHERE_NULL:
		*address = NULL;
		break;
	case WHERE_KERNEL:
		*address = (void *)0xffff888000001000;
		break;
	case WHERE_TOP:
		*address = (void *)(0UL - 16);
		break;
	default:
		*address = to = area->at;
	}
	return !data || !to || !copy_guarded(to, data, len);
}
