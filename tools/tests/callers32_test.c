// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a program of 32 bits can use all of the device: callers32.c, which
 * is built for that and carried along here, and which shares a zone with this
 * one of 64 bits.
 */
#define _GNU_SOURCE
#include "callers32.h"
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOT_FOR_HERE 250	/* a status: this kernel cannot run it */

/* Empty where the compiler knows no 32 bits. */
asm(".section .rodata\n\t"
	".globl callers32, callers32_end\n"
	"callers32: .incbin \"callers32.bin\"\n"
	"callers32_end: .byte 0\n\t"
	".previous");

static struct zone zone;

static int run_case(void *arg)
{
	int fd = memfd_create("callers32", 0);
	size_t len = callers32_end - callers32;
	char *const argv[] = { "callers32", arg, NULL };

	if (fd < 0 || write(fd, callers32, len) != (ssize_t)len || dup2(zone.fd, PASSED_FD) < 0)
		return 251;
	fexecve(fd, argv, argv + 2);
	return errno == ENOEXEC ? NOT_FOR_HERE : 252;
}

static void words_fill(size_t first, size_t nr, uint32_t salt)
{
	uint32_t *word = (uint32_t *)slot_at(&zone, first);

	for (size_t i = 0; i < nr * page_size / sizeof(*word); i++)
		word[i] = i * salt;
}

static size_t words_bad(size_t first, size_t nr, uint32_t salt)
{
	uint32_t *word = (uint32_t *)slot_at(&zone, first);
	size_t bad = 0;

	for (size_t i = 0; i < nr * page_size / sizeof(*word); i++)
		bad += word[i] != (uint32_t)(i * salt);
	return bad;
}

static bool run(char *which, const char *what)
{
	int status = child_run(run_case, which);

	if (status == NOT_FOR_HERE)
		skip("this kernel runs no 32-bit programs", "32 bits: %s", what);
	else if (!is(status, 0, "32 bits: %s", what))
		diag("  see callers32.c at line %d", 2 * status);
	return !status;
}

int main(void)
{
	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	words_fill(0, NR_SLOTS / 2, SALT_64);
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) < 0)
		bail("PAGE_OUT");
	run("0", "INFO, CREATE, GET and STATS");
	run("1", "a mapping of four times the budget, and all that ioctls do with it");
	run("2", "a zone larger than 4 GiB, mapped, read and written far from its begin");
	if (run("3", "a zone that was passed on")) {
		is(words_bad(NR_SLOTS / 2, NR_SLOTS / 2, SALT_32), 0, "64 bits see what it wrote");
		is(words_bad(0, NR_SLOTS / 2, SALT_64), 0, "and what they wrote before");
	}
	zone_drop(&zone);
	return tap_end();
}
