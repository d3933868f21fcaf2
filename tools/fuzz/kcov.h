/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which places of the module a thread came by in a call, if the kernel tells
 * (KCOV, in a kernel where nothing but vmzone is instrumented).
 */
#ifndef KCOV_H
#define KCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NR_EDGES (1 << 16)

/* One for each thread that is traced. */
struct kcov {
	int fd;			/* -1: the kernel does not tell */
	uint64_t *cover;
};

void kcov_open(struct kcov *kcov);
/* By the thread itself, before and after all that it is traced in. */
void kcov_attach(const struct kcov *kcov);
void kcov_detach(const struct kcov *kcov);

/* Before and after a call. Marks what it came by; return: how many marks are new. */
void kcov_start(const struct kcov *kcov);
size_t kcov_stop(const struct kcov *kcov, uint8_t seen[NR_EDGES]);

#endif /* KCOV_H */
