/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which places of the module the calling thread came by, if the kernel tells
 * (KCOV, in a kernel where nothing but vmzone is instrumented).
 */
#ifndef KCOV_H
#define KCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NR_EDGES (1 << 16)

/* Once a process, by the thread that is watched. Return: whether the kernel tells. */
bool kcov_open(void);
void kcov_start(void);
/* Marks what was come by since kcov_start(). Return: how many marks are new. */
size_t kcov_stop(uint8_t seen[NR_EDGES]);

#endif /* KCOV_H */
