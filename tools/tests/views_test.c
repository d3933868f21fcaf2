// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that every view of a zone tells the same: debugfs (zones, stats,
 * histogram, the map of frames and the runs of slots) and fdinfo against STATS,
 * HISTOGRAM and PAGEMAP, at rest and after a RESET; that whoever has the
 * descriptor may read what concerns it and nobody else may read debugfs; and
 * that the views can be read while zones page, come and go.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug/vmzone/"
#define NR_FRAMES 160		/* two lines and a half of the frame map */
#define NR_SLOTS 600
#define MAP_LINE 64
#define TEXT_MAX 65536
#define NR_READS 60

static struct zone zone;
static unsigned int zone_id;
static char text[TEXT_MAX];

static unsigned int id_of(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return read_number(path, "vmzone-id");
}

static const char *path_of(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), DEBUGFS "%u/%s", zone_id, name);
	return path;
}

/* Reads a file into text. Return: its length, or -errno. */
static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0, got = 1;

	if (fd < 0)
		return -errno;
	while (len < TEXT_MAX - 1 && got > 0) {
		got = read(fd, text + len, TEXT_MAX - 1 - len);
		if (got < 0)
			len = -errno;
		else
			len += got;
	}
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len;
}

/* Slots of every kind, few enough that the zone's worker leaves them alone. */
static void make_states(void)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 1 };
	struct pattern noise = { .fill = FILL_NOISE, .id = 2 };
	struct pattern same = { .fill = FILL_SAME, .id = 3 };

	pattern_fill(&zone, pattern, 0, 10);		/* stored */
	pattern_fill(&zone, noise, 20, 10);		/* stored as they are */
	pattern_fill(&zone, same, 40, 10);		/* stored as one word */
	pattern_fill(&zone, pattern, 60, 10);		/* stored, and read since */
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	touch_read(&zone, 60, 10);
	pattern_fill(&zone, pattern, 80, 30);		/* mapped */
	pattern_fill(&zone, pattern, 120, 15);		/* resident, not mapped */
	madvise(slot_at(&zone, 120), 15 * page_size, MADV_DONTNEED);
	zone_range(&zone, VMZONE_IOC_PIN, 200, 7);	/* pinned */
	zone_range(&zone, VMZONE_IOC_PIN, 203, 2);
	pattern_fill(&zone, pattern, NR_SLOTS - 1, 1);	/* the last one */
}

#define STAT(name) { #name, offsetof(struct vmzone_stats, name) }

static const struct {
	const char *name;
	size_t offset;
} stat_lines[] = {
	STAT(budget_frames), STAT(resident_frames), STAT(free_frames), STAT(pinned_slots),
	STAT(stored_slots), STAT(same_filled_slots), STAT(raw_slots), STAT(peak_resident_frames),
	STAT(store_bytes), STAT(store_payload_bytes), STAT(store_limit_bytes),
	STAT(metadata_bytes), STAT(faults_zero), STAT(faults_minor), STAT(faults_major),
	STAT(page_ins), STAT(page_outs), STAT(evictions_clean), STAT(evictions_dirty),
	STAT(evictions_direct), STAT(evictions_background), STAT(evictions_requested),
	STAT(refaults), STAT(selects), STAT(second_chances), STAT(evict_busy), STAT(sigbus),
	STAT(store_full), STAT(load_errors),
};

static size_t nr_lines(void)
{
	size_t nr = 0;

	for (const char *at = text; *at; at++)
		nr += *at == '\n';
	return nr;
}

static void stats_agree(const char *when)
{
	struct vmzone_stats stats = zone_stats(&zone);
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stat_lines); i++) {
		uint64_t want = *(uint64_t *)((uint8_t *)&stats + stat_lines[i].offset);
		long got = read_number(path_of("stats"), stat_lines[i].name);

		if (got != (long)want) {
			diag("  %s: %ld, want %llu", stat_lines[i].name, got,
			     (unsigned long long)want);
			wrong++;
		}
	}
	is(wrong, 0, "%s: debugfs stats are those of STATS", when);
	slurp(path_of("stats"));
	is(nr_lines(), ARRAY_SIZE(stat_lines), "%s: and there are no others", when);
	ok(stats_hold(&stats), "%s: the counters hold", when);
}

static void fdinfo_agrees(const char *when)
{
	struct vmzone_stats stats = zone_stats(&zone);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zone.fd);
	ok(read_number(path, "vmzone-bytes") == (long)(NR_SLOTS * page_size) &&
	   read_number(path, "vmzone-budget") == NR_FRAMES &&
	   read_number(path, "vmzone-resident") == (long)stats.resident_frames &&
	   read_number(path, "vmzone-pinned") == (long)stats.pinned_slots &&
	   read_number(path, "vmzone-stored") == (long)stats.stored_slots &&
	   read_number(path, "vmzone-store-bytes") == (long)stats.store_bytes,
	   "%s: fdinfo tells the gauges", when);
	is(read_number(path, "vmzone-faults"),
	   stats.faults_zero + stats.faults_minor + stats.faults_major, "%s: and the faults", when);
}

/* Each line is a kind, the lowest duration of a bucket, and its count. */
static void histogram_agrees(const char *when)
{
	static const char *const kinds[] = {
		"fault_major", "fault_minor", "page_in", "page_out", "select",
	};
	uint64_t told[ARRAY_SIZE(kinds)][VMZONE_HIST_BUCKETS] = {};
	unsigned long long low, count;
	size_t wrong = 0, odd = 0;
	char kind[32];

	slurp(path_of("histogram"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t k = 0;

		if (sscanf(line, "%31s %llu %llu", kind, &low, &count) != 3)
			bail("a line of the histogram: %s", line);
		while (k < ARRAY_SIZE(kinds) && strcmp(kind, kinds[k]))
			k++;
		odd += k == ARRAY_SIZE(kinds) || (low & (low - 1)) || low == 1 || !count;
		if (k < ARRAY_SIZE(kinds))
			told[k][low ? __builtin_ctzll(low) % VMZONE_HIST_BUCKETS : 0] += count;
	}
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct vmzone_histogram histogram = { .size = sizeof(histogram), .kind = k };

		if (ioctl(zone.fd, VMZONE_IOC_HISTOGRAM, &histogram))
			bail("VMZONE_IOC_HISTOGRAM");
		for (size_t i = 0; i < VMZONE_HIST_BUCKETS; i++)
			wrong += histogram.buckets[i] != told[k][i];
	}
	is(odd, 0, "%s: each line of debugfs histogram is well-formed", when);
	is(wrong, 0, "%s: and the buckets are those of HISTOGRAM", when);
}

static size_t nr_mapped(void)
{
	uint8_t vec[NR_SLOTS];
	size_t nr = 0;

	if (mincore(zone.map, NR_SLOTS * page_size, vec))
		bail("mincore");
	for (size_t i = 0; i < NR_SLOTS; i++)
		nr += vec[i] & 1;
	return nr;
}

static size_t nr_letters(char letter)
{
	size_t nr = 0;

	for (const char *at = text; *at; at++)
		nr += *at == letter;
	return nr;
}

/* 64 letters a line, the last line shorter, and one for each frame of the budget. */
static bool is_a_map(size_t budget)
{
	size_t nr = 0, column = 0;

	for (const char *at = text; *at; at++) {
		if (*at != '\n') {
			nr++;
			column++;
			if (!strchr(".MUPBR", *at))
				return false;
			continue;
		}
		if (column > MAP_LINE || (column < MAP_LINE && nr != budget))
			return false;
		column = 0;
	}
	return nr == budget && !column;
}

static void frames_agree(void)
{
	struct vmzone_stats stats = zone_stats(&zone);
	size_t mapped = nr_mapped();

	slurp(path_of("frames"));
	ok(is_a_map(NR_FRAMES), "frames: one letter a frame, 64 a line");
	is(nr_letters('P'), stats.pinned_slots, "frames: P for each pinned slot");
	is(nr_letters('M'), mapped, "frames: M for each that is mapped");
	is(nr_letters('U'), stats.resident_frames - stats.pinned_slots - mapped,
	   "frames: U for each other that is resident");
	is(nr_letters('.'), stats.free_frames, "frames: . for each free one");
	is(nr_letters('R'), stats.budget_frames - stats.resident_frames - stats.free_frames,
	   "frames: R for the reserve");
	is(nr_letters('B'), 0, "frames: none is busy");
}

/* Runs of slots, in order, neighbours unlike each other, empty slots left out. */
static void slots_agree(const char *when)
{
	static const char letters[] = "RSDPFWBC";
	uint8_t told[NR_SLOTS] = {}, vec[NR_SLOTS];
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap), .length = NR_SLOTS * page_size, .vec = (uintptr_t)vec,
	};
	unsigned long first, last, nr, end = 0;
	uint8_t flags, previous = 0;
	size_t odd = 0, wrong = 0;
	char bits[9];

	if (ioctl(zone.fd, VMZONE_IOC_PAGEMAP, &pagemap))
		bail("VMZONE_IOC_PAGEMAP");
	slurp(path_of("slots"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (*line == '#')
			continue;
		if (sscanf(line, "%lu-%lu %8s %lu", &first, &last, bits, &nr) != 4 ||
		    last >= NR_SLOTS || first > last)
			bail("a line of slots: %s", line);
		flags = 0;
		for (int bit = 0; bit < 8; bit++) {
			flags |= (bits[bit] == letters[bit]) << bit;
			odd += bits[bit] != letters[bit] && bits[bit] != '-';
		}
		odd += nr != last - first + 1 || !flags || first < end ||
		       (end && first == end && flags == previous);
		memset(told + first, flags, nr);
		end = last + 1;
		previous = flags;
	}
	for (size_t i = 0; i < NR_SLOTS; i++)
		wrong += told[i] != vec[i];
	is(odd, 0, "%s: each run of debugfs slots is well-formed", when);
	is(wrong, 0, "%s: and the slots are those of PAGEMAP", when);
}

static void zones_agree(void)
{
	struct vmzone_stats stats = zone_stats(&zone);
	char want[200], policy[16], codec[16], *line;
	unsigned int id;

	slurp(DEBUGFS "zones");
	line = strtok(text, "\n");
	while (line && (sscanf(line, "%u %*u %15s %15s", &id, policy, codec) != 3 || id != zone_id))
		line = strtok(NULL, "\n");
	snprintf(want, sizeof(want), "%u %zu %s %s %llu/%llu %llu %llu/%llu -", zone_id,
		 NR_SLOTS * page_size, policy, codec, stats.resident_frames, stats.budget_frames,
		 stats.stored_slots, stats.store_bytes, stats.store_limit_bytes);
	ok(line && !strcmp(line, want), "zones: a line with the gauges");
	if (!line || strcmp(line, want))
		diag("  got '%s', want '%s'", line ? line : "", want);
}

static void reset(void)
{
	struct vmzone_stats stats = { .size = sizeof(stats), .flags = VMZONE_STATS_RESET };

	if (ioctl(zone.fd, VMZONE_IOC_STATS, &stats))
		bail("VMZONE_IOC_STATS with RESET");
	ok(stats.faults_zero && stats.page_outs, "RESET: there was something to forget");
	stats_agree("after RESET");
	fdinfo_agrees("after RESET");
	histogram_agrees("after RESET");
	is(slurp(path_of("histogram")), 0, "after RESET: no duration is left");
	is(read_number(path_of("stats"), "faults_zero"), 0, "after RESET: nor an event");
	is(read_number(path_of("stats"), "pinned_slots"), 7, "after RESET: but the gauges");
	pattern_fill(&zone, (struct pattern){ .fill = FILL_TEXT }, 300, 5);
	is(read_number(path_of("stats"), "faults_zero"), 5, "and events count on");
	histogram_agrees("after five faults");
}

/* Whoever holds the descriptor is its user; debugfs is for root. */
static int reads_as_nobody(void *arg)
{
	struct vmzone_histogram histogram = { .size = sizeof(histogram) };
	struct vmzone_stats stats = { .size = sizeof(stats) };
	(void)arg;

	if (setgid(65534) || setuid(65534))
		return 1;
	if (ioctl(zone.fd, VMZONE_IOC_STATS, &stats) || !stats.budget_frames)
		return 2;
	if (ioctl(zone.fd, VMZONE_IOC_HISTOGRAM, &histogram) || histogram.nr != VMZONE_HIST_BUCKETS)
		return 3;
	if (zone_count(&zone, 200, 7, VMZONE_SLOT_PINNED, VMZONE_SLOT_PINNED) != 7)
		return 4;
	if (slurp(path_of("stats")) != -EACCES || slurp(DEBUGFS "zones") != -EACCES)
		return 5;
	return 0;
}

static atomic_bool finished;
static atomic_size_t nr_bad;

static void *thrash(void *arg)
{
	uint64_t random = test_seed + (uintptr_t)arg;
	struct pattern pattern = { .fill = FILL_MIX, .id = 4 };

	while (!finished) {
		size_t slot = random_next(&random) % (NR_SLOTS - 210) + 210;

		pattern_make(slot_at(&zone, slot), pattern, slot);
	}
	return NULL;
}

/* Zones that end while somebody lists them, or holds one of their files open. */
static void *come_and_go(void *arg)
{
	(void)arg;
	while (!finished) {
		struct zone other = zone_sized(32, 16);
		char path[96], byte;
		int fd;

		snprintf(path, sizeof(path), DEBUGFS "%u/slots", id_of(other.fd));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		pattern_fill(&other, (struct pattern){ .fill = FILL_TEXT }, 0, 32);
		nr_bad += fd < 0;
		zone_drop(&other);
		nr_bad += read(fd, &byte, 1) != -1 || !access(path, F_OK);
		close(fd);
	}
	return NULL;
}

/* Until the worker has ended, whose events would come between two looks. */
static void settle(void)
{
	struct vmzone_stats stats, again = zone_stats(&zone);

	do {
		stats = again;
		usleep(50000);
		again = zone_stats(&zone);
	} while (memcmp(&stats, &again, sizeof(stats)));
}

static void under_load(void)
{
	pthread_t threads[3];
	size_t odd = 0, broken = 0;

	for (uintptr_t i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, i ? thrash : come_and_go, (void *)i))
			bail("pthread_create");
	for (int i = 0; i < NR_READS; i++) {
		odd += slurp(path_of("frames")) <= 0 || !is_a_map(NR_FRAMES);
		odd += slurp(path_of("slots")) <= 0 || slurp(path_of("histogram")) <= 0;
		odd += slurp(DEBUGFS "zones") <= 0;
		if (slurp(path_of("stats")) > 0) {
			struct vmzone_stats stats = zone_stats(&zone);

			broken += !stats_hold(&stats) || nr_lines() != ARRAY_SIZE(stat_lines);
		}
	}
	finished = true;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	is(odd, 0, "under load: every view can be read, and the map has all frames");
	is(broken, 0, "under load: the counters hold");
	is(nr_bad, 0, "a file of a zone that has ended gives an error, and is gone");
}

int main(void)
{
	test_begin(60);
	if (access(DEBUGFS, F_OK)) {
		skip("no debugfs here", "the views");
		return tap_end();
	}
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	zone_id = id_of(zone.fd);
	make_states();
	stats_agree("at rest");
	fdinfo_agrees("at rest");
	histogram_agrees("at rest");
	frames_agree();
	slots_agree("at rest");
	zones_agree();
	is(child_run(reads_as_nobody, NULL), 0, "nobody may read the ioctls' figures, not debugfs");
	reset();
	under_load();
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	settle();
	stats_agree("afterwards");
	histogram_agrees("afterwards");
	slots_agree("afterwards");
	zone_drop(&zone);
	ok(access(path_of("stats"), F_OK) && errno == ENOENT, "the zone's folder goes with it");
	return tap_end();
}
