// SPDX-License-Identifier: GPL-2.0-only
/*
 * views_load - does a known number of things to zones, and prints a line for
 * each kind: how many events of it a tracer must have seen, by the module's own
 * counters. For the job views, which asks perf and trace-cmd.
 *
 *   views_load                what was done from the first to the last zone
 *   views_load CONTROL ACK    the same, done twice; only the second time is
 *                             counted, and perf (--control fifo:CONTROL,ACK
 *                             --delay -1) is enabled for it alone
 */
#include "tap.h"
#include "zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_FRAMES 32
#define NR_SLOTS 192
#define NR 8

/* What was done, beyond what the module counts. */
static struct {
	unsigned long creates, destroys, pins, unpins, discards;
	struct vmzone_stats stats;	/* of all zones together */
	struct faults faults;
} done;

static void ask(const struct zone *zone, unsigned long command, size_t first, size_t nr)
{
	zone_range(zone, command, first, nr);
	done.pins += command == VMZONE_IOC_PIN;
	done.unpins += command == VMZONE_IOC_UNPIN;
	done.discards += command == VMZONE_IOC_DISCARD;
}

/* Two zones: the one that opening the device makes, for as long as it takes to create ours. */
static struct zone begin(size_t store_pages)
{
	done.creates += 2;
	done.destroys++;
	return zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES,
		.store_limit = store_pages * page_size,
	});
}

/* The counters of a zone without a frame: nobody works on it any more. */
static struct vmzone_stats settled(const struct zone *zone)
{
	struct vmzone_stats stats, again = zone_stats(zone);

	do {
		stats = again;
		usleep(20000);
		again = zone_stats(zone);
	} while (memcmp(&stats, &again, sizeof(stats)));
	return stats;
}

static void end(struct zone *zone)
{
	const size_t from = offsetof(struct vmzone_stats, faults_zero) / sizeof(uint64_t);
	struct vmzone_stats stats;
	uint64_t *sum = (uint64_t *)&done.stats, *of_this = (uint64_t *)&stats;

	ask(zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);
	stats = settled(zone);
	for (size_t i = from; i < sizeof(stats) / sizeof(uint64_t); i++)
		sum[i] += of_this[i];
	zone_drop(zone);
	done.destroys++;
}

static void page_for_it(void)
{
	struct pattern pattern = { .fill = FILL_MIX, .id = 1 };
	struct zone zone = begin(2 * NR_SLOTS);

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	for (size_t slot = NR_SLOTS; slot--;)
		touch_read(&zone, slot, 1);
	ask(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	ask(&zone, VMZONE_IOC_PAGE_IN, 0, NR);
	touch_read(&zone, 0, 2 * NR);
	if (madvise(zone.map, NR * page_size, MADV_DONTNEED))
		bail("MADV_DONTNEED");
	touch_read(&zone, 0, NR);
	ask(&zone, VMZONE_IOC_PIN, 0, NR);
	ask(&zone, VMZONE_IOC_PIN, 0, 2);
	ask(&zone, VMZONE_IOC_PIN, 0, NR_SLOTS);	/* refused, and told */
	ask(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS);	/* the same */
	ask(&zone, VMZONE_IOC_UNPIN, 0, 2);
	ask(&zone, VMZONE_IOC_UNPIN, 0, NR);
	ask(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	end(&zone);
}

/* Saves that a full store refuses. */
static void fill_the_store(void)
{
	struct pattern pattern = { .fill = FILL_NOISE, .id = 2 };
	struct zone zone = begin(NR);

	pattern_fill(&zone, pattern, 0, 2 * NR);
	ask(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	end(&zone);
}

static void work(void)
{
	struct faults before = faults_now(), after;

	memset(&done, 0, sizeof(done));
	page_for_it();
	fill_the_store();
	after = faults_now();
	done.faults.major = after.major - before.major;
	done.faults.minor = after.minor - before.minor;
}

static int control, ack;

static void tell_perf(const char *command)
{
	char answer[16];

	if (write(control, command, strlen(command)) != (ssize_t)strlen(command) ||
	    read(ack, answer, sizeof(answer)) <= 0)
		bail("perf does not answer to %s", command);
}

static void print_done(void)
{
	const struct vmzone_stats *stats = &done.stats;

	printf("fault %llu\n", stats->faults_zero + stats->faults_minor + stats->faults_major);
	printf("fault_zero %llu\nfault_minor %llu\nfault_major %llu\n", stats->faults_zero,
	       stats->faults_minor, stats->faults_major);
	printf("page_in %llu\npage_in_error %llu\n", stats->page_ins, stats->load_errors);
	printf("page_out %llu\npage_out_error %llu\n", stats->page_outs + stats->store_full,
	       stats->store_full);
	printf("select %llu\npin %lu\nunpin %lu\ndiscard %lu\n", stats->selects, done.pins,
	       done.unpins, done.discards);
	printf("zone_create %lu\nzone_destroy %lu\n", done.creates, done.destroys);
	printf("major-faults %ld\nminor-faults %ld\n", done.faults.major, done.faults.minor);
}

int main(int argc, char **argv)
{
	test_begin(60);
	/* Touches what every later run of it needs, and is not counted. */
	if (argc == 3) {
		control = open(argv[1], O_WRONLY);
		ack = open(argv[2], O_RDONLY);
		if (control < 0 || ack < 0)
			bail("open of %s and %s", argv[1], argv[2]);
		work();
		tell_perf("ping\n");
		tell_perf("enable\n");
	}
	work();
	if (argc == 3)
		tell_perf("disable\n");
	print_done();
	return 0;
}
