// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what a user without privileges can cost the machine who may open the
 * device: budgets end at max_zone_frames and at max_frames, names and DESTROY are
 * refused, a descriptor that is not open for writing changes nothing; and in a
 * memory cgroup of its own a hostile program is held by that cgroup's limit, be it
 * by frames, by the store, by tables of the sparsest pattern there is, or by as
 * many zones as it can make. Run it alone: it measures memory.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534
#define PARAMETERS "/sys/module/vmzone/parameters/"
#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/vmzone-hostile"
#define LIMIT (24 * MIB)
#define FORCED (64 * KIB)	/* that the kernel may charge beyond it, rather than fail */
#define LEAF_SLOTS 256		/* slots that share a page of the table */
#define NR_ZONES 200
#define SLACK_KIB 4096		/* what the machine itself takes meanwhile */

/* What a zone may take of the machine that is nobody's: zsmalloc's size classes, and more. */
#define ZONE_KIB 160

static void become_nobody(void)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		bail("setuid");
}

static int create(struct vmzone_create create)
{
	create.size = sizeof(create);
	return zone_create(&create);
}

/* Bits of its exit status: what it should not have been able to do. */
static int try_limits(void *arg)
{
	uint64_t max_zone_frames = *(uint64_t *)arg;
	struct vmzone_destroy destroy = { .size = sizeof(destroy) };
	int fd, bad = 0;

	become_nobody();
	fd = create((struct vmzone_create) { .bytes = MIB, .frames = max_zone_frames });
	bad |= fd < 0 ? 1 : 0;
	bad |= create((struct vmzone_create) { .bytes = MIB, .frames = max_zone_frames + 1 }) !=
	       -EPERM ? 2 : 0;
	bad |= zone_set(fd, (struct vmzone_set) { .which = VMZONE_SET_FRAMES,
						  .frames = max_zone_frames + 1 }) != -EPERM ? 4 : 0;
	bad |= create((struct vmzone_create) { .bytes = MIB, .frames = 16, .name = "mine",
					       .flags = VMZONE_CREATE_NAMED }) != -EPERM ? 8 : 0;
	bad |= !ioctl(fd, VMZONE_IOC_DESTROY, &destroy) || errno != EPERM ? 16 : 0;
	bad |= create((struct vmzone_create) { .bytes = MIB, .frames = UINT64_MAX }) != -ENOSPC ?
	       32 : 0;
	bad |= open("/sys/kernel/debug/vmzone/zones", O_RDONLY) >= 0 ? 64 : 0;
	bad |= open(PARAMETERS "max_frames", O_WRONLY) >= 0 ? 128 : 0;
	return bad;
}

/* One zone after the other, until all frames are granted. */
static int take_all_frames(void *arg)
{
	uint64_t max_frames = *(uint64_t *)arg, taken = 0;
	int fd = device_open(O_RDWR), last = 0;
	struct vmzone_create zone = { .size = sizeof(zone), .bytes = MIB, .frames = 256 };

	become_nobody();
	while (taken <= max_frames && !(last = ioctl(fd, VMZONE_IOC_CREATE, &zone) ? errno : 0))
		taken += zone.frames;
	if (last != ENOSPC || taken > max_frames)
		diag("  %llu frames of %llu, then errno %d", (unsigned long long)taken,
		     (unsigned long long)max_frames, last);
	return last != ENOSPC || taken > max_frames;
}

/* The smallest zones, held by a mapping each: no limit of descriptors is in the way. */
static int take_all_zones(void *arg)
{
	struct vmzone_create least = { .bytes = page_size, .frames = 16 };
	unsigned int nr = 0, max = *(unsigned int *)arg;
	void *last = NULL;
	int fd;

	become_nobody();
	while ((fd = create(least)) >= 0 && nr <= max) {
		last = zone_map(fd, 1);
		close(fd);
		nr++;
	}
	/* The device itself has one, too, and whoever runs the test may. */
	if (fd != -ENOSPC || nr > max || nr < max - 8) {
		diag("  %u zones, then %d", nr, fd);
		return 1;
	}
	munmap(last, page_size);
	return create(least) < 0;
}

static int open_device(void *arg)
{
	(void)arg;
	become_nobody();
	return open("/dev/vmzone", O_RDWR) >= 0 ? 0 : errno;
}

static void by_parameters(void)
{
	long old_zone_frames = read_number(PARAMETERS "max_zone_frames", NULL);
	long old_frames = read_number(PARAMETERS "max_frames", NULL);
	long old_default = read_number(PARAMETERS "zone_frames", NULL);
	uint64_t max_zone_frames = 512, max_frames = 4096;
	unsigned int max_zones = 256;
	struct stat node;
	char text[24];

	is(child_run(open_device, NULL), EACCES, "as it comes, the device is root's alone");
	must_write_text(PARAMETERS "mode", "0666");
	is(child_run(open_device, NULL), 0, "with mode=0666, anybody's");
	must_write_text(PARAMETERS "mode", "0");
	ok(!stat("/dev/vmzone", &node) && node.st_mode == S_IFCHR, "mode=0: no permission at all");
	must_write_text(PARAMETERS "mode", "0666");
	must_write_text(PARAMETERS "max_zone_frames", "512");
	must_write_text(PARAMETERS "zone_frames", "64");
	is(child_run(try_limits, &max_zone_frames), 0,
	   "without privileges: no budget above max_zone_frames, no names, no views, no parameters");
	must_write_text(PARAMETERS "max_frames", "4096");
	is(child_run(take_all_frames, &max_frames), 0, "all zones together end at max_frames");
	must_write_text(PARAMETERS "max_frames", "8192");
	is(child_run(take_all_zones, &max_zones), 0, "and so does their number");
	snprintf(text, sizeof(text), "%ld", old_frames);
	must_write_text(PARAMETERS "max_frames", text);
	snprintf(text, sizeof(text), "%ld", old_zone_frames);
	must_write_text(PARAMETERS "max_zone_frames", text);
	snprintf(text, sizeof(text), "%ld", old_default);
	must_write_text(PARAMETERS "zone_frames", text);
}

/* What a child of the cgroup found out, in memory that it shares. */
static struct {
	unsigned long nr;
	unsigned long free_kib;
	unsigned long table_kib;
	unsigned long charged_kib;
	int error;
} *report;

static void join_as_nobody(void)
{
	must_write_text(GROUP "/cgroup.procs", "0");
	populate_own_memory();
	become_nobody();
}

/* Writes noise, as much as it can, to a zone that would hold far more than the limit. */
static int hog_contents(void *arg)
{
	const struct pattern noise = { .fill = FILL_NOISE, .id = 1 };
	size_t nr_slots = 4 * LIMIT / page_size, nr_frames = *(size_t *)arg;
	uint8_t page[page_size];
	struct zone zone;

	join_as_nobody();
	zone = zone_new((struct vmzone_create) {
		.bytes = nr_slots * page_size, .frames = nr_frames, .store_limit = 1UL << 40 });
	/* The page tables first, for want of which the kernel kills. */
	for (size_t slot = 0; slot < nr_slots; slot += 512)
		touch_read(&zone, slot, 1);
	for (size_t slot = 0; slot < nr_slots && !report->error; slot++) {
		pattern_make(page, noise, slot);
		report->error = copy_guarded(slot_at(&zone, slot), page, page_size);
		report->nr += !report->error;
	}
	/* Opening a file here would take memory of the group, and for that the kernel kills. */
	return 0;
}

/*
 * A slot of every so many pages of the table, by a write(2) that needs no page tables
 * of the process.
 */
static int hog_tables(void *arg)
{
	size_t step = *(size_t *)arg * LEAF_SLOTS;
	struct vmzone_stats stats;
	struct zone zone = { .nr_slots = 1UL << 34 };
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = 1ULL << 46, .frames = 16, .store_limit = 1UL << 40,
	};

	join_as_nobody();
	zone.fd = zone_create(&create);
	for (size_t slot = 0; zone.fd >= 0 && slot < zone.nr_slots; slot += step) {
		if (pwrite(zone.fd, "", 1, slot * page_size) == 1) {
			report->nr++;
			continue;
		}
		report->error = errno;
		break;
	}
	stats = zone_stats(&zone);
	report->table_kib = stats.metadata_bytes / KIB;
	return 0;
}

/* What a node of the kernel's trees takes, which its configuration has a say in. */
static size_t node_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[256];
	size_t bytes = 0;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "radix_tree_node %*u %*u %zu", &bytes);
	if (!file || !bytes)
		bail("/proc/slabinfo names no radix_tree_node");
	fclose(file);
	return bytes;
}

static int hog_zones(void *arg)
{
	struct rlimit limit = { NR_ZONES + 64, NR_ZONES + 64 };
	struct vmzone_create create = { .size = sizeof(create), .bytes = MIB, .frames = 16 };
	int fd = device_open(O_RDWR);

	(void)arg;
	setrlimit(RLIMIT_NOFILE, &limit);
	join_as_nobody();
	while (report->nr < NR_ZONES && !ioctl(fd, VMZONE_IOC_CREATE, &create))
		report->nr++;
	report->error = errno;
	report->free_kib = free_kib();
	report->charged_kib = read_number(GROUP "/memory.current", NULL) / KIB;
	return 0;
}

static void hog(int (*body)(void *arg), void *arg, const char *name)
{
	long kills = read_number(GROUP "/memory.events", "oom_kill"), peak, before = free_kib();

	memset(report, 0, sizeof(*report));
	is(child_run(body, arg), 0, "%s: the program comes to its end", name);
	peak = read_number(GROUP "/memory.peak", NULL);
	diag("%s: %lu done, then errno or signal %d; at most %ld KiB charged so far", name,
	     report->nr, report->error, peak / (long)KIB);
	between(peak, 0, LIMIT + FORCED, "%s: never above the limit", name);
	is(read_number(GROUP "/memory.events", "oom_kill") - kills, 0, "%s: nobody is killed", name);
	between(before - free_kib(), -(1 << 30), SLACK_KIB + LIMIT / (long)KIB,
		"%s: the machine lost no more than that", name);
}

static void by_cgroup(void)
{
	size_t many = 4 * LIMIT / page_size, few = 64, each = 1, sparse = 64;
	char limit[24];
	long before;

	if (write_text(ROOT "/cgroup.subtree_control", "+memory") || mkdir(GROUP, 0755)) {
		skip("no memory cgroup (v2) here", "what a cgroup holds");
		return;
	}
	snprintf(limit, sizeof(limit), "%lu", LIMIT);
	must_write_text(GROUP "/memory.max", limit);
	hog(hog_contents, &many, "frames");
	is(report->error, SIGBUS, "frames: the end is a SIGBUS");
	hog(hog_contents, &few, "store");
	is(report->error, SIGBUS, "store: the end is a SIGBUS");
	hog(hog_tables, &each, "tables");
	is(report->error, ENOMEM, "tables: the end is ENOMEM");
	between(report->table_kib, LIMIT / KIB / 2, LIMIT / KIB, "tables: most of it was they");
	/* A page that is alone has a node of the tree above to itself. */
	hog(hog_tables, &sparse, "sparse tables");
	is(report->error, ENOMEM, "sparse tables: the end is ENOMEM");
	between(report->table_kib, LIMIT / KIB / 2,
		LIMIT / KIB * page_size / (page_size + node_bytes()),
		"sparse tables: the nodes above them are paid for, too");
	before = free_kib();
	hog(hog_zones, NULL, "zones");
	ok(report->nr == NR_ZONES || report->error == ENOMEM, "zones: as many as descriptors, or ENOMEM");
	diag("zones: %ld KiB of the machine each, %lu KiB of them charged",
	     (before - (long)report->free_kib) / (long)report->nr,
	     report->charged_kib / report->nr);
	between((before - (long)report->free_kib) / (long)report->nr, 0, ZONE_KIB,
		"zones: one costs no more than that");
	for (int i = 0; i < 50 && rmdir(GROUP); i++)
		usleep(100000);
	ok(access(GROUP, F_OK), "nothing holds the cgroup");
}

int main(void)
{
	test_begin(240);
	if (geteuid()) {
		skip("wants to be root, so as to become somebody else", "limits");
		return tap_end();
	}
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (report == MAP_FAILED)
		bail("mmap");
	by_parameters();
	by_cgroup();
	must_write_text(PARAMETERS "mode", "0600");
	return tap_end();
}
