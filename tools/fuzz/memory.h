/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where pointers point to: a thread's own memory, with what a careless kernel
 * would trip over, and the tables of descriptors and mappings that all threads
 * of a program share. Mappings have a reserved range of addresses each, so that
 * no stale address is ever one of the fuzzer's own.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096UL

#define NR_FDS 6
#define NR_MAPS 3
#define MAP_ROOM (1UL << 36)		/* addresses reserved for each mapping */
#define AREA_PAGES 32			/* of a thread's memory */
#define VEC_PAGE 16			/* in it, where a second buffer of a call begins */
#define CANARY_BYTES 64

enum where {
	WHERE_HEAP,		/* plain memory */
	WHERE_EDGE,		/* ends where the memory does */
	WHERE_CUT,		/* its first 8 bytes are there, no more */
	WHERE_READONLY,
	WHERE_SHARED,		/* where the other thread has its own, too */
	WHERE_ZONE,		/* in mapping 0 */
	WHERE_ZONE_EDGE,	/* across two pages of it */
	WHERE_NOWHERE,		/* reserved, without access */
	WHERE_NULL,
	WHERE_KERNEL,
	WHERE_TOP,		/* wraps */
	NR_WHERE,
};

extern const char *const where_name[NR_WHERE];

enum fd_kind {
	FD_NONE,
	FD_ZONE,
	FD_READONLY,		/* a zone's, not open for writing */
	FD_FOREIGN,		/* anything else */
};

struct map {
	uint8_t *at;		/* of MAP_ROOM bytes, always */
	size_t len;		/* of the mapping; 0: none */
};

struct tables {
	int fd[NR_FDS];
	enum fd_kind kind[NR_FDS];
	struct map map[NR_MAPS];
	uint8_t *shared;	/* a page, and nothing behind it */
	bool racing;
	bool steady;		/* the race leaves the descriptors as they are */
	bool unprivileged;	/* without CAP_SYS_ADMIN and CAP_SYS_RESOURCE */
	bool named;		/* a named zone may have been made */
	bool parameterized;	/* a parameter of the module may not be as it was */
	int disk;		/* opened with O_DIRECT, or -1 */
};

struct area {
	uint8_t *at;		/* AREA_PAGES, read-write, nothing behind */
	uint8_t *readonly;	/* the same pages */
};

void tables_init(struct tables *tables);
/* Closes and unmaps everything. */
void tables_clear(struct tables *tables);
void area_init(struct area *area);

/* Whether a thread alone has what is there: the other does not write to it. */
bool is_own(enum where where);

/*
 * An address of that kind for len bytes, which the thread's memory has room for;
 * data, unless it is NULL, is put there where the kernel could find it. Return:
 * whether it could be put.
 */
bool place(const struct tables *tables, const struct area *area, enum where where,
	   const void *data, size_t len, void **address);

/* Bytes behind a buffer that no call may change; NULL: there are none. */
void canary_put(uint8_t *at);
bool canary_is_intact(const uint8_t *at);

#endif /* MEMORY_H */
