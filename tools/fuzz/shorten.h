/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a program that found something to the shortest that does it, too.
 */
#ifndef SHORTEN_H
#define SHORTEN_H

#include "program.h"

/*
 * Takes out what need not be there, and makes usual what need not be unusual, as
 * long as does_it(program, arg) says that it still does it.
 */
struct program shorten(struct program program,
		       bool (*does_it)(const struct program *program, void *arg), void *arg);

#endif /* SHORTEN_H */
