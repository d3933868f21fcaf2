/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small TAP producer for the tests of vmzone: asserts that print the figures
 * when they fail, a plan at the end, and a watchdog that turns a hang into a
 * failure. Only the main thread of the main process asserts; children and other
 * threads count what went wrong and hand the number over.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

#define FMT(f, v) __attribute__((format(printf, f, v)))

/*
 * Starts the watchdog: after seconds, or VMZONE_TEST_TIMEOUT if those are more, it ends
 * the program.
 */
void tap_begin(unsigned int seconds);

/* Prints the plan. Return: the exit status of the program. */
int tap_end(void);

/* Each prints one line of TAP, and returns whether the assert held. */
FMT(2, 3) bool ok(bool pass, const char *fmt, ...);
FMT(3, 4) bool is(long long got, long long want, const char *fmt, ...);
FMT(4, 5) bool between(long long got, long long low, long long high, const char *fmt, ...);
FMT(2, 3) void skip(const char *why, const char *fmt, ...);

/* A comment; any process may. */
FMT(1, 2) void diag(const char *fmt, ...);

/* What the test stands on is not there: ends the calling process. */
FMT(1, 2) _Noreturn void bail(const char *fmt, ...);

#endif /* TAP_H */
