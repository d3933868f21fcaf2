/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks after the processes that could hang or die of what they do.
 */
#ifndef WATCH_H
#define WATCH_H

#include "worker.h"

#include <sys/types.h>

/*
 * Waits for a child. One that hangs is told of at once, with what runs, and killed; if
 * even that does not end it, shared->lost is set, and nothing more can be done.
 * Return: its wait status, or -1 if it is lost.
 */
int watch(struct shared *shared, pid_t pid);

/* Prints what was found and is not printed yet. */
void print_findings(struct shared *shared);

#endif /* WATCH_H */
