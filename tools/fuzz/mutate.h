/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New programs from old ones, by a seeded random number.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include "program.h"

/* Changes a program in a few places; other lends some of its steps. */
void mutate(struct program *program, const struct program *other, uint64_t *state);

/* A program out of nothing. */
void generate(struct program *program, uint64_t *state);

/* Takes a step out. */
void remove_step(struct program *program, uint32_t at);

#endif /* MUTATE_H */
