/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the zone that most calls on its memory are made on, pages to copy it
 * from and to, and another mapping of the zone.
 */
#ifndef PART_H
#define PART_H

#include "sweep.h"

#define PART 16UL		/* slots that a call is made on, from FIRST on */
#define FIRST 4UL

/* As long as the part, and with memory, so that the kernel need not make it when it writes. */
extern uint8_t pages[PART * 4096];

void part_begin(void);

/* The pages have that version of the part, or get it. */
bool pages_are(uint8_t version);
void pages_make(uint8_t version);

/*
 * Makes a call that copies the part, but for what is done, until all is done: a short
 * count is good, and the next call tells why, or goes on. Return: the part's length or
 * -errno.
 */
long all_of(ssize_t (*copy)(size_t done));

/* Another mapping, of the slots with contents; far from all else, so without page tables. */
extern void *second;
void second_map(void);
void second_unmap(long ret);

#endif /* PART_H */
