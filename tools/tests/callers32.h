/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program of 32 bits and callers32_test, which runs it, agree on.
 */
#ifndef CALLERS32_H
#define CALLERS32_H

#define NR_SLOTS 96
#define NR_FRAMES 24
#define PASSED_FD 100		/* where it finds the other's zone */
/* What each fills its half of that zone with: the index of a word, times this. */
#define SALT_64 3
#define SALT_32 5

/* The program itself, in callers32_test. */
extern const char callers32[], callers32_end[];

#endif /* CALLERS32_H */
