/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's parameters, as they are written by programs and put back.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#define NR_PARAMS 8
#define NR_VALUES 5		/* of each, */
#define NR_REFUSED 7		/* besides what is no value of any */

/* Notes how they are. */
void params_note(void);
/* Has them be so again. */
void params_restore(void);

/* Writes a value, or from NR_VALUES on one that the module must refuse. Return: errno. */
int param_write(size_t param, size_t value);
bool param_must_fail(size_t value);

#endif /* PARAMS_H */
