/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.h - reading memory that may not be there
 *
 * A zone that cannot give a page sends SIGBUS. Within these functions that is
 * an error like any other; anywhere else it still ends the process.
 */
#ifndef VMZONE_GUARD_H
#define VMZONE_GUARD_H

#include <stddef.h>

int guard_install(void);
int guard_compare(const void *mapped, const void *plain, size_t len);
int guard_copy(void *plain, const void *mapped, size_t len);

#endif /* VMZONE_GUARD_H */
