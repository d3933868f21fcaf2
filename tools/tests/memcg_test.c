// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves who pays for a zone: the memory cgroup of the process that made it, for
 * frames and store alike, whoever touches them, until the zone ends. And that a
 * limit of that cgroup far below the zone's budget is no trap: a touch that finds
 * no memory ends in SIGBUS within a bounded time, nobody is killed for it, what
 * was written before stays right, and all goes on once the limit is raised. Above
 * memory.high a zone becomes slow, as the kernel has it, and nothing is refused. Nor
 * is a cgroup that is full of the page cache of files a trap: that has to give way.
 * Run it alone: it measures memory.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/vmzone-test"
#define GROUP_MAX GROUP "/memory.max"
#define GROUP_HIGH GROUP "/memory.high"
#define LIMIT (8 * MIB)
#define BUDGET (16 * MIB)
#define ZONE_BYTES (64 * MIB)
/* What a CPU may keep charged ahead, and the slabs of a zone. */
#define SLACK (2 * (long)MIB)
#define CACHED_LIMIT (24 * MIB)
#define CACHED_ZONE_BYTES (8 * MIB)
#define RANDOM_BYTES 2336
#define MAX_TOUCH_MS 60000
#define MAX_FAILURES 20		/* touches that are refused before a round ends */

static const struct pattern text = { .fill = FILL_TEXT, .id = 1 };
static const struct pattern noise = { .fill = FILL_NOISE, .id = 2 };

static void set_limit(const char *file, size_t bytes)
{
	char value[24];

	snprintf(value, sizeof(value), "%zu", bytes);
	must_write_text(file, value);
}

static void lift_limit(const char *file)
{
	must_write_text(file, "max");
}

/* Made in the cgroup by a process that leaves it again. */
static struct zone zone_in_group(size_t bytes, size_t budget)
{
	struct zone zone;

	must_write_text(GROUP "/cgroup.procs", "0");
	zone = zone_new((struct vmzone_create) {
		.bytes = bytes, .frames = budget / page_size, .store_limit = 64 * MIB,
	});
	must_write_text(ROOT "/cgroup.procs", "0");
	return zone;
}

static long charged(void)
{
	return read_number(GROUP "/memory.current", NULL);
}

static long event(const char *key)
{
	return read_number(GROUP "/memory.events", key);
}

/* Charges are given back a moment later. Return: whether they come down to that. */
static bool comes_down_to(long bytes)
{
	for (int i = 0; i < 100 && charged() > bytes; i++)
		usleep(100000);
	return charged() <= bytes;
}

static int fill_in_child(void *arg)
{
	const struct zone *zone = arg;

	pattern_fill(zone, text, 0, zone->nr_slots);
	return 0;
}

static void creator_pays(void)
{
	long before = charged(), taken;
	struct zone zone = zone_in_group(2 * BUDGET, BUDGET);
	struct vmzone_stats stats;

	between(charged() - before, 0, SLACK, "a new zone costs little");
	is(child_run(fill_in_child, &zone), 0, "somebody outside fills it");
	stats = zone_stats(&zone);
	taken = stats.resident_frames * page_size + stats.store_bytes + stats.metadata_bytes;
	/* Free frames stay with the zone. */
	between(charged() - before, taken - SLACK,
		BUDGET + stats.store_bytes + stats.metadata_bytes + SLACK,
		"which its maker pays for: frames, store and tables");
	zone_range(&zone, VMZONE_IOC_DISCARD, 0, zone.nr_slots);
	ok(comes_down_to(before + BUDGET + SLACK), "what the store had goes back");
	zone_set(zone.fd, (struct vmzone_set) { .which = VMZONE_SET_FRAMES, .frames = 16 });
	ok(comes_down_to(before + SLACK), "and so do frames that the budget loses");
	pattern_fill(&zone, text, 0, zone.nr_slots);
	between(charged() - before, zone_stats(&zone).store_bytes, 2 * BUDGET, "more in the store");
	zone_drop(&zone);
	ok(comes_down_to(before + SLACK), "all of it goes back with the zone");
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* Of all processes. */
struct shared {
	size_t nr_good, nr_refused, nr_signals_other, nr_wrong;
	double slowest_ms;
	long out;
	bool good[ZONE_BYTES / 4096];
};

static struct shared *shared;

static int guarded(void *to, const void *from)
{
	double start = now_ms(), took;
	int signal_nr = copy_guarded(to, from, page_size);

	took = now_ms() - start;
	if (took > shared->slowest_ms)
		shared->slowest_ms = took;
	shared->nr_refused += signal_nr != 0;
	shared->nr_signals_other += signal_nr && signal_nr != SIGBUS;
	return signal_nr;
}

/* Writes until too many touches were refused, then reads as much as can be had. */
static int write_and_read(void *arg)
{
	const struct zone *zone = arg;
	uint8_t page[page_size];

	for (size_t slot = 0; slot < zone->nr_slots && shared->nr_refused < MAX_FAILURES; slot++) {
		pattern_make(page, text, slot);
		shared->good[slot] = !guarded(slot_at(zone, slot), page);
		shared->nr_good += shared->good[slot];
	}
	shared->nr_refused = 0;
	for (size_t slot = 0; slot < zone->nr_slots && shared->nr_refused < MAX_FAILURES; slot++)
		if (shared->good[slot] && !guarded(page, slot_at(zone, slot)))
			shared->nr_wrong += !pattern_good(page, text, slot);
	return 0;
}

/*
 * The page tables of a process are its group's, too, and so is its memory, and for
 * want of them the kernel does kill: have them all before memory runs out.
 */
static int write_and_read_inside(void *arg)
{
	const struct zone *zone = arg;
	uint8_t page[page_size];

	must_write_text(GROUP "/cgroup.procs", "0");
	populate_own_memory();
	guarded(page, slot_at(zone, 0));
	for (size_t slot = 0; slot < zone->nr_slots; slot += page_size / sizeof(long))
		touch_read(zone, slot, 1);
	return write_and_read(arg);
}

/* The kernel's words on whom it killed, and for which allocation. */
static void show_kill(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[1024];
	ssize_t len;
	int left = 0;

	while ((len = read(fd, line, sizeof(line) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		line[len] = 0;
		line[strcspn(line, "\n")] = 0;
		if (strstr(line, "invoked oom-killer"))
			left = 40;
		if (left-- > 0)
			diag("  %s", strchr(line, ';') ? strchr(line, ';') + 1 : line);
	}
	if (fd >= 0)
		close(fd);
}

static void below_the_budget(int (*body)(void *arg), const char *who)
{
	long kills = event("oom_kill"), before;
	struct zone zone;
	size_t bad = 0;

	lift_limit(GROUP_MAX);
	before = charged();
	zone = zone_in_group(ZONE_BYTES, BUDGET);
	memset(shared, 0, sizeof(*shared));
	set_limit(GROUP_MAX, LIMIT);
	is(child_run(body, &zone), 0, "%s: it lives through a limit below the budget", who);
	diag("%s: %zu slots written, %zu refused, slowest touch %.0f ms", who, shared->nr_good,
	     shared->nr_refused, shared->slowest_ms);
	if (!is(event("oom_kill") - kills, 0, "%s: the OOM killer kills nobody", who))
		show_kill();
	between(shared->nr_good, LIMIT / 4 / page_size, zone.nr_slots, "%s: the limit is made use of",
		who);
	is(shared->nr_signals_other, 0, "%s: what is refused is refused with SIGBUS", who);
	is(shared->nr_wrong, 0, "%s: no page is wrong under the limit", who);
	between(shared->slowest_ms, 0, MAX_TOUCH_MS, "%s: no touch takes for ever", who);
	lift_limit(GROUP_MAX);
	for (size_t slot = 0; slot < zone.nr_slots; slot++)
		if (shared->good[slot])
			bad += pattern_bad(&zone, text, slot, 1);
	is(bad, 0, "%s: with a higher limit, all that was written is right", who);
	pattern_fill(&zone, text, 0, zone.nr_slots);
	is(pattern_bad(&zone, text, 0, zone.nr_slots), 0, "%s: and all else can be written", who);
	zone_drop(&zone);
	ok(comes_down_to(before + SLACK), "%s: all is given back", who);
}

/* More than memory.high, with what the task has itself; the kernel slows it down for that. */
static void above_high(void)
{
	long kills = event("oom_kill"), highs = event("high");
	struct zone zone = zone_in_group(LIMIT, BUDGET);

	memset(shared, 0, sizeof(*shared));
	set_limit(GROUP_HIGH, LIMIT);
	is(child_run(write_and_read_inside, &zone), 0, "it lives above memory.high");
	diag("above memory.high: slowest touch %.0f ms", shared->slowest_ms);
	between(event("high") - highs, 1, LONG_MAX, "where the kernel notices");
	is(event("oom_kill") - kills, 0, "nobody is killed");
	is(shared->nr_good, zone.nr_slots, "every page is written");
	is(shared->nr_refused + shared->nr_wrong, 0, "and read, right");
	between(shared->slowest_ms, 0, MAX_TOUCH_MS, "no touch takes for ever");
	lift_limit(GROUP_HIGH);
	zone_drop(&zone);
}

/*
 * Contents that LZ4 cannot make smaller, and zeros: all objects of the store are of one
 * size, for which zsmalloc takes several pages at a time.
 */
static void half_random(uint8_t *page, size_t slot)
{
	pattern_make(page, noise, slot);
	memset(page + RANDOM_BYTES, 0, page_size - RANDOM_BYTES);
}

/*
 * Has the cgroup full of what was read of the disk, which is what most are full of; it
 * is kept as long as the disk is open.
 */
static bool fill_page_cache(void)
{
	static uint8_t buffer[MIB];
	int fd = open(getenv("VMZONE_TEST_BLOCK") ?: "", O_RDONLY | O_CLOEXEC);
	size_t bytes = 0;
	ssize_t len;

	while (fd >= 0 && (len = read(fd, buffer, sizeof(buffer))) > 0)
		bytes += len;
	return bytes > CACHED_LIMIT;
}

/* On one processor: the kernel keeps a few pages charged ahead for each. */
static int page_out_inside(void *arg)
{
	const struct zone *zone = arg;

	stay_on(0);
	must_write_text(GROUP "/cgroup.procs", "0");
	if (!fill_page_cache())
		return 1;
	shared->out = zone_range(zone, VMZONE_IOC_PAGE_OUT, 0, zone->nr_slots);
	return 0;
}

static void beside_page_cache(void)
{
	struct zone zone = zone_in_group(CACHED_ZONE_BYTES, 2 * CACHED_ZONE_BYTES);
	uint8_t page[page_size];
	size_t bad = 0;

	for (size_t slot = 0; slot < zone.nr_slots; slot++)
		half_random(slot_at(&zone, slot), slot);
	set_limit(GROUP_MAX, CACHED_LIMIT);
	if (child_run(page_out_inside, &zone)) {
		skip("no disk that is larger than the limit", "a cgroup full of page cache");
	} else {
		is(shared->out, zone.nr_slots, "in a cgroup full of page cache, PAGE_OUT of all");
		for (size_t slot = 0; slot < zone.nr_slots; slot++) {
			half_random(page, slot);
			bad += memcmp(page, slot_at(&zone, slot), page_size) != 0;
		}
		is(bad, 0, "which is right");
	}
	lift_limit(GROUP_MAX);
	zone_drop(&zone);
}

int main(void)
{
	test_begin(600);
	if (write_text(ROOT "/cgroup.subtree_control", "+memory") || mkdir(GROUP, 0755)) {
		skip("no memory cgroup (v2) here", "who pays for a zone");
		return tap_end();
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("mmap");
	creator_pays();
	below_the_budget(write_and_read, "from outside");
	below_the_budget(write_and_read_inside, "from inside");
	above_high();
	beside_page_cache();
	is(rmdir(GROUP), 0, "nothing holds the cgroup");
	return tap_end();
}
