/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two mappings with the same contents, one of a zone and one of a memfd: the
 * contract says that the first behaves as the second. A test makes the same
 * call on both and compares what they answer. Both are struct zone, so that the
 * patterns serve them alike; the memfd's has no ioctls, and nr_frames of 0.
 */
#ifndef TWINS_H
#define TWINS_H

#include "zone.h"

/* Its slots are more than its frames, so that a walk of it pages. */
#define TWINS_SLOTS 128UL
#define TWINS_FRAMES 32UL

extern struct zone zone, memfd;
/* What both are filled with, and have after each test that changes nothing. */
extern const struct pattern pattern;

/* Makes both and fills them; twins_end() asserts that the zone's counters hold, and drops both. */
void twins_begin(void);
void twins_end(void);

struct zone memfd_sized(size_t nr_slots);
/* Sends all of the zone to the store. */
void all_out(void);

/* What a call answers: a number, or -errno. */
typedef long (*answer_t)(const struct zone *map, long arg);
long or_errno(long ret);

/*
 * Each makes the call on the zone, which is paged out before, and on the memfd,
 * and is one assert: both answer so; they answer the same, whatever that is;
 * they answer one thing and another.
 */
bool both(answer_t call, long arg, long want, const char *what);
bool same(answer_t call, long arg, const char *what);
bool differ(answer_t call, long arg, long of_zone, long of_memfd, const char *what);

/* Asserts that both have the pattern, in all or in nr slots from first. */
bool kept(const char *what);
bool kept_in(size_t first, size_t nr, const char *what);

#endif /* TWINS_H */
