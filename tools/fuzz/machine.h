/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs leave behind, and which of them did.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "worker.h"

/* Looks how the machine is before anything ran; bails if that is no beginning. */
void machine_init(struct shared *shared);

/*
 * After the worker of a job: notes what is not as it was, as found in the program
 * that did it.
 */
void machine_check(struct shared *shared, const struct job *job);

#endif /* MACHINE_H */
