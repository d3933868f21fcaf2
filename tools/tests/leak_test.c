// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that no view tells an address of the kernel, nor anything that looks like
 * one: not fdinfo, /proc/PID/maps and smaps, debugfs, the module's parameters and
 * attributes, the tracepoints' formats and what they print, the kernel's log, and
 * no byte that an ioctl writes back, be it a field, what lies between fields, or
 * beyond the size that the caller named. All while a zone is busy.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_FRAMES 64
#define NR_SLOTS 256
#define TEXT_MAX (4 * MIB)
#define TRACING "/sys/kernel/tracing/"
#define CANARY 0xc5

static struct zone zone;
static char *text;
static unsigned long nr_files, nr_bytes;

/* Of a 64-bit kernel: the upper half, less what small negative numbers look like. */
static bool is_address(uint64_t value)
{
	return value >= 0xffff800000000000 && value < 0xffffffffffff0000;
}

static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = 0, got;

	if (fd < 0)
		return -1;
	while ((got = read(fd, text + len, TEXT_MAX - 1 - len)) > 0)
		len += got;
	close(fd);
	text[len] = '\0';
	nr_files++;
	nr_bytes += len;
	return len;
}

/* Words in text that are an address: in hexadecimal, or as a decimal number. */
static size_t addresses(const char *path)
{
	size_t nr = 0;
	char *at = text;

	while (*at) {
		char *end;
		uint64_t hex, decimal;

		if (!isxdigit(*at)) {
			at++;
			continue;
		}
		hex = strtoull(at, NULL, 16);
		decimal = isdigit(*at) ? strtoull(at, NULL, 10) : 0;
		for (end = at; isxdigit(*end) || *end == 'x'; end++)
			;
		/* A hashed pointer would have 16 digits, too. */
		if ((end - at >= 12 && is_address(hex)) || is_address(decimal) ||
		    (end - at == 16 && !memchr(at, 'x', 16))) {
			diag("  %s: %.*s", path, (int)(end - at), at);
			nr++;
		}
		at = end;
	}
	return nr;
}

static size_t addresses_in(const char *path)
{
	return slurp(path) < 0 ? 0 : addresses(path);
}

/* Every file below a folder that can be read; not where root's debuggers look for addresses. */
static size_t addresses_below(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t nr = 0;

	while (dir && (entry = readdir(dir))) {
		char path[512];
		struct stat stat;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "sections") ||
		    !strcmp(entry->d_name, "notes"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (lstat(path, &stat))
			continue;
		if (S_ISDIR(stat.st_mode))
			nr += addresses_below(path);
		else if (S_ISREG(stat.st_mode) && stat.st_mode & 0444)
			nr += addresses_in(path);
	}
	if (dir)
		closedir(dir);
	return nr;
}

/* Faults of all kinds, page-ins and -outs, choices, pins, and what is refused. */
static void be_busy(void)
{
	struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "a zone is busy");
	zone_range(&zone, VMZONE_IOC_PIN, 4, 8);
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, 16);
	zone_range(&zone, VMZONE_IOC_UNPIN, 6, 4);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 100, 50);
}

static void all_files(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zone.fd);
	is(addresses_in(path), 0, "fdinfo");
	is(addresses_below("/sys/kernel/debug/vmzone"), 0, "debugfs");
	is(addresses_below("/sys/module/vmzone"), 0, "the module's attributes and parameters");
	is(addresses_below("/sys/class/vmzone/vmzone"), 0, "the device's attributes");
	between(nr_files, 20, 100000, "so many files were there to read");
	between(nr_bytes, 2000, 1L << 40, "and so many bytes in them");
}

/* The traced program's own addresses are no secret, so only the kernel's are looked for. */
static void traces(void)
{
	struct zone other;
	char *from;

	if (access(TRACING "events/vmzone", F_OK)) {
		skip("no tracepoints here", "what tracepoints print");
		return;
	}
	is(addresses_below(TRACING "events/vmzone"), 0, "the tracepoints' formats");
	must_write_text(TRACING "trace", "");
	must_write_text(TRACING "events/vmzone/enable", "1");
	other = zone_sized(8, 16);
	be_busy();
	zone_drop(&other);
	must_write_text(TRACING "events/vmzone/enable", "0");
	if (slurp(TRACING "trace") < 0)
		bail("the trace");
	from = strstr(text, "vmzone_fault");
	ok(from && strstr(text, "vmzone_page_in") && strstr(text, "vmzone_page_out") &&
	   strstr(text, "vmzone_select") && strstr(text, "vmzone_pin"),
	   "every kind of event is in the trace");
	is(addresses(TRACING "trace"), 0, "and none has an address");
	must_write_text(TRACING "trace", "");
}

/* What the module itself said. */
static void kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t nr = 0, nr_lines = 0;
	ssize_t len;

	while (fd >= 0 && ((len = read(fd, text, 8192)) > 0 || (len < 0 && errno == EPIPE))) {
		if (len < 0)
			continue;
		text[len] = '\0';
		nr_lines++;
		if (strstr(text, "vmzone"))
			nr += addresses("/dev/kmsg");
	}
	if (fd >= 0)
		close(fd);
	is(nr, 0, "the kernel's log (%zu lines)", nr_lines);
}

struct command {
	const char *name;
	unsigned long number;
	size_t size;
};

/*
 * The caller's structure is all zeros but for its size, in the middle of canaries.
 * What comes back is numbers of a zone, which are smaller than any address.
 */
static void ioctls(void)
{
	static const struct command commands[] = {
		{ "INFO", VMZONE_IOC_INFO, sizeof(struct vmzone_info) },
		{ "GET", VMZONE_IOC_GET, sizeof(struct vmzone_set) },
		{ "STATS", VMZONE_IOC_STATS, sizeof(struct vmzone_stats) },
		{ "HISTOGRAM", VMZONE_IOC_HISTOGRAM, sizeof(struct vmzone_histogram) },
		{ "PAGE_IN", VMZONE_IOC_PAGE_IN, sizeof(struct vmzone_range) },
		{ "CREATE", VMZONE_IOC_CREATE, sizeof(struct vmzone_create) },
	};
	/* Known sizes, and larger ones with a tail of zeros. */
	static const size_t beyond[] = { 0, 8, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(commands) * ARRAY_SIZE(beyond); i++) {
		const struct command *command = &commands[i / ARRAY_SIZE(beyond)];
		size_t size = command->size + beyond[i % ARRAY_SIZE(beyond)], nr = 0;
		uint64_t words[128];
		uint8_t *at = (uint8_t *)(words + 8);

		memset(words, CANARY, sizeof(words));
		memset(at, 0, size);
		*(uint32_t *)at = size;
		if (ioctl(zone.fd, command->number, at))
			bail("%s of %zu bytes", command->name, size);
		for (size_t byte = 0; byte + 8 <= size; byte += 4) {
			uint64_t word;

			memcpy(&word, at + byte, 8);
			nr += is_address(word);
		}
		nr += !all_zero(at + command->size, size - command->size);
		for (uint8_t *byte = at + size; byte < (uint8_t *)(words + 128); byte++)
			nr += *byte != CANARY;
		for (uint8_t *byte = (uint8_t *)words; byte < at; byte++)
			nr += *byte != CANARY;
		is(nr, 0, "%s with %zu bytes: no address, and nothing beyond the structure",
		   command->name, size);
		if (command->number == VMZONE_IOC_CREATE)
			close(((struct vmzone_create *)at)->out_fd);
	}
}

static void pagemap(void)
{
	uint8_t vec[NR_SLOTS + 64];
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap), .length = NR_SLOTS * page_size, .vec = (uintptr_t)vec,
	};
	size_t nr = 0;

	memset(vec, CANARY, sizeof(vec));
	if (ioctl(zone.fd, VMZONE_IOC_PAGEMAP, &pagemap))
		bail("PAGEMAP");
	for (size_t i = NR_SLOTS; i < sizeof(vec); i++)
		nr += vec[i] != CANARY;
	is(nr, 0, "PAGEMAP writes a byte a slot and no more");
}

int main(void)
{
	test_begin(120);
	text = malloc(TEXT_MAX);
	if (!text)
		bail("no memory");
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	strcpy(text, "x 000000001234abcd, at ffff888012345678 or 18446612682170408960 -22");
	is(addresses("what is looked for"), 3, "an address is known when it is seen");
	be_busy();
	all_files();
	traces();
	kernel_log();
	ioctls();
	pagemap();
	zone_drop(&zone);
	return tap_end();
}
