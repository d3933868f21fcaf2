// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard.c - reading memory that may not be there
 *
 * SIGBUS from a touch arrives on the thread that touched, so that a jump out
 * of the handler is safe; each thread has its own place to jump to.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "guard.h"

static __thread sigjmp_buf way_out;
static __thread atomic_bool guarded;

static void on_sigbus(int sig)
{
	if (guarded)
		siglongjmp(way_out, 1);
	signal(sig, SIG_DFL);
	raise(sig);
}

int guard_install(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	return sigaction(SIGBUS, &action, NULL);
}

/* Return: 0 the same, 1 different, -1 SIGBUS */
int guard_compare(const void *mapped, const void *plain, size_t len)
{
	int result;

	if (sigsetjmp(way_out, 1)) {
		guarded = false;
		return -1;
	}
	guarded = true;
	result = memcmp(mapped, plain, len) != 0;
	guarded = false;
	return result;
}

/* Return: 0, or -1 after SIGBUS, with @plain half filled */
int guard_copy(void *plain, const void *mapped, size_t len)
{
	if (sigsetjmp(way_out, 1)) {
		guarded = false;
		return -1;
	}
	guarded = true;
	memcpy(plain, mapped, len);
	guarded = false;
	return 0;
}
