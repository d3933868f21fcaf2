/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * term.h - is somebody looking, and may there be colour
 */
#ifndef VMZONE_TERM_H
#define VMZONE_TERM_H

#include <stdbool.h>
#include <stdio.h>

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_GOOD, TERM_BAD };

bool term_is_live(FILE *out);
int term_columns(FILE *out);
const char *term_style(FILE *out, enum term_style style);

#endif /* VMZONE_TERM_H */
