// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's fault injection, by its files: fail-nth of /proc/thread-self for
 * the allocations of a thread, and fail_function of debugfs for calls of vmzone's
 * functions. The latter are of any thread, since the reclaimer's workers save and
 * a kprobe cannot tell whose call it is: what else uses the module must be at
 * rest, or belong to what is swept.
 */
#include "inject.h"
#include "tap.h"
#include "zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug/"

/* Above any order that is ever asked for: no page at all. */
#define NO_ORDER 64

static const char *const injectors[] = { "failslab", "fail_page_alloc", "fail_function" };

static int nth_fd = -1, make_it_fail_fd = -1;
static bool from_then_on;
static char probed[64];
static long times;

static void set(const char *injector, const char *name, long value)
{
	char path[PATH_MAX], text[32];
	int len = snprintf(text, sizeof(text), "%ld", value);
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", injector, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != len)
		bail("%s: is the kernel built for fault injection?", path);
	close(fd);
}

static void set_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail("'%s' to %s", text, path);
	close(fd);
}

static void unprobe(void)
{
	if (probed[0])
		set_text(DEBUGFS "fail_function/inject", "\n");
	probed[0] = 0;
}

void inject_begin(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(injectors); i++) {
		set(injectors[i], "probability", 0);
		set(injectors[i], "task-filter", 0);
		set(injectors[i], "times", -1);
		set(injectors[i], "verbose", 0);
	}
	set("failslab", "ignore-gfp-wait", 0);
	set("fail_page_alloc", "ignore-gfp-wait", 0);
	set("fail_page_alloc", "ignore-gfp-highmem", 0);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	make_it_fail_fd = open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC);
	if (nth_fd < 0 || make_it_fail_fd < 0)
		bail("/proc/thread-self/fail-nth: is the kernel built for fault injection?");
}

void inject_end(void)
{
	unprobe();
	inject_into(OF_SLABS);
	set("failslab", "cache-filter", 0);
	set("fail_page_alloc", "min-order", 1);
	close(nth_fd);
	close(make_it_fail_fd);
}

/* The filter lets through the caches that are marked, and none is. */
void inject_into(enum allocations which)
{
	from_then_on = which == OF_ALL_FROM_THEN_ON;
	set("failslab", "cache-filter", which == OF_PAGES);
	set("fail_page_alloc", "min-order", which == OF_SLABS ? NO_ORDER : 0);
	/* Of the tasks that shall fail, which this one is for a while; never of all. */
	for (int i = 0; i < 2; i++) {
		set(injectors[i], "probability", 0);
		set(injectors[i], "task-filter", from_then_on);
		if (from_then_on)
			set(injectors[i], "probability", 100);
	}
}

static void make_it_fail(bool yes)
{
	if (pwrite(make_it_fail_fd, yes ? "1" : "0", 1, 0) != 1)
		bail("write of make-it-fail");
}

void fail_nth(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len)
		bail("write of fail-nth");
	/* It fails what comes after the nth; before, fail-nth has the word. */
	if (from_then_on && nth)
		make_it_fail(true);
}

static unsigned int nth_left(void)
{
	char text[16] = "";

	if (from_then_on)
		make_it_fail(false);
	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0)
		bail("read of fail-nth");
	fail_nth(0);
	return atoi(text);
}

bool fail_nth_end(void)
{
	return !nth_left();
}

unsigned int fail_nth_count(unsigned int nth)
{
	return nth - nth_left();
}

/* A probe is slow to come and to go, so it stays until another function's turn. */
static void probe(const char *function)
{
	char wanted[sizeof(probed)];

	snprintf(wanted, sizeof(wanted), "vmzone:%s", function);
	if (!strcmp(wanted, probed))
		return;
	unprobe();
	strcpy(probed, wanted);
	set_text(DEBUGFS "fail_function/inject", probed);
}

/* The first calls are those that there is space for. */
void fail_call(const char *function, int error, unsigned int nth, bool for_good)
{
	char path[PATH_MAX], value[32];

	probe(function);
	snprintf(path, sizeof(path), DEBUGFS "fail_function/%s/retval", probed);
	snprintf(value, sizeof(value), "%#llx", (unsigned long long)-error);
	set_text(path, value);
	set("fail_function", "space", nth);
	times = for_good ? INT_MAX : 1;
	set("fail_function", "times", times);
	set("fail_function", "probability", 100);
}

bool fail_call_end(void)
{
	set("fail_function", "probability", 0);
	return read_number(DEBUGFS "fail_function/times", NULL) != times;
}
