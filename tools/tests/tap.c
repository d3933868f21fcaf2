// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TAP producer: every line leaves with one write(2), so that lines of
 * several processes neither mix nor come twice after a fork.
 */
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned int nr_run, nr_failed;
static char last_line[512] = "nothing";

static void emit(const char *line)
{
	size_t len = strlen(line);

	while (len) {
		ssize_t done = write(STDOUT_FILENO, line, len);

		if (done < 0 && errno != EINTR)
			_exit(2);
		if (done > 0) {
			line += done;
			len -= done;
		}
	}
}

static void *watchdog(void *arg)
{
	struct timespec left = { .tv_sec = (long)arg };
	char line[700];

	while (nanosleep(&left, &left) && errno == EINTR)
		;
	snprintf(line, sizeof(line),
		 "not ok %u - hung: no end after %ld s; the last line was: %s\n1..%u\n",
		 nr_run + 1, (long)arg, last_line, nr_run + 1);
	emit(line);
	_exit(1);
}

void tap_begin(unsigned int seconds)
{
	const char *given = getenv("VMZONE_TEST_TIMEOUT");
	long given_s = given ? atol(given) : 0;
	long limit_s = given_s > (long)seconds ? given_s : (long)seconds;
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, watchdog, (void *)limit_s))
		bail("no watchdog");
	pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static bool result(bool pass, const char *fmt, va_list args)
{
	char line[600];

	vsnprintf(last_line, sizeof(last_line), fmt, args);
	snprintf(line, sizeof(line), "%sok %u - %s\n", pass ? "" : "not ", ++nr_run, last_line);
	emit(line);
	nr_failed += !pass;
	return pass;
}

bool ok(bool pass, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(pass, fmt, args);
	va_end(args);
	return pass;
}

bool is(long long got, long long want, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(got == want, fmt, args);
	va_end(args);
	if (got != want)
		diag("  got %lld, want %lld", got, want);
	return got == want;
}

bool between(long long got, long long low, long long high, const char *fmt, ...)
{
	bool pass = got >= low && got <= high;
	va_list args;

	va_start(args, fmt);
	result(pass, fmt, args);
	va_end(args);
	if (!pass)
		diag("  got %lld, want %lld to %lld", got, low, high);
	return pass;
}

void skip(const char *why, const char *fmt, ...)
{
	char line[1200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(last_line, sizeof(last_line), fmt, args);
	va_end(args);
	snprintf(line, sizeof(line), "ok %u - %s # SKIP %s\n", ++nr_run, last_line, why);
	emit(line);
}

static void comment(const char *lead, const char *fmt, va_list args)
{
	char text[600], line[700];

	vsnprintf(text, sizeof(text), fmt, args);
	snprintf(line, sizeof(line), "%s%s\n", lead, text);
	emit(line);
}

void diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	comment("# ", fmt, args);
	va_end(args);
}

void bail(const char *fmt, ...)
{
	int error = errno;
	va_list args;

	va_start(args, fmt);
	comment("Bail out! ", fmt, args);
	va_end(args);
	diag("  errno %d (%s)", error, strerror(error));
	_exit(2);
}

int tap_end(void)
{
	char line[100];

	snprintf(line, sizeof(line), "1..%u\n", nr_run);
	emit(line);
	if (nr_failed)
		diag("%u of %u failed", nr_failed, nr_run);
	return nr_failed || !nr_run;
}
