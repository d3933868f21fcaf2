// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what a named zone is: a device node of mode 0600 that any number of
 * programs open by path to share the zone, with or without a descriptor that
 * made it; that only the right names and the right users get one; that DESTROY
 * takes the node away at once and leaves those who have the zone alone; that
 * nodes come and go while others open them, and that their number may run out.
 * Run it alone: it takes many device numbers for a while.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_SLOTS 64
#define NR_FRAMES 16
#define NR_RACERS 3
#define NR_RACES 150
#define NR_MANY 64
#define MAX_MANY 300		/* above what 6.1 has numbers for */

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

/* Return: a descriptor of a new zone of that name, or -errno. */
static int create_named(const char *name)
{
	struct vmzone_create create = {
		.size = sizeof(create), .flags = VMZONE_CREATE_NAMED,
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES,
	};

	/* Without a NUL if it is too long. */
	memcpy(create.name, name, strnlen(name, sizeof(create.name)));
	return zone_create(&create);
}

static struct zone new_named(const char *name)
{
	struct zone zone = { .fd = create_named(name), .nr_slots = NR_SLOTS,
			     .nr_frames = NR_FRAMES };

	if (zone.fd < 0) {
		errno = -zone.fd;
		bail("VMZONE_IOC_CREATE of a zone named %s", name);
	}
	zone.map = zone_map(zone.fd, NR_SLOTS);
	return zone;
}

static const char *node_path(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/vmzone-%s", name);
	return path;
}

/* Return: a descriptor, or -errno. */
static int open_named(const char *name, int flags)
{
	int fd = open(node_path(name), flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Return: 0 or -errno. */
static int destroy(int fd, uint32_t flags)
{
	struct vmzone_destroy argument = { .size = sizeof(argument), .flags = flags };

	return ioctl(fd, VMZONE_IOC_DESTROY, &argument) ? -errno : 0;
}

/* Zones that there are, by debugfs. */
static int nr_zones(void)
{
	FILE *file = fopen("/sys/kernel/debug/vmzone/zones", "r");
	char line[256];
	int nr = 0;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		nr += line[0] != '#';
	fclose(file);
	return nr;
}

static void the_node(void)
{
	struct zone zone = new_named("node");
	struct stat st, again;

	is(stat(node_path("node"), &st), 0, "CREATE makes the node");
	ok(S_ISCHR(st.st_mode), "a character device");
	is(st.st_mode & 07777, 0600, "of mode 0600");
	is(st.st_uid, 0, "which is root's");
	is(chmod(node_path("node"), 0644), 0, "chmod opens it to others");
	is(create_named("node"), -EEXIST, "CREATE: the name is taken");
	is(stat(node_path("node"), &again), 0, "which leaves the node");
	is(again.st_mode & 07777, 0644, "as it was");
	is(again.st_rdev, st.st_rdev, "with its number");
	is(destroy(zone.fd, 1), -EINVAL, "DESTROY: a flag");
	is(destroy(zone.fd, 0), 0, "DESTROY");
	is(access(node_path("node"), F_OK) ? errno : 0, ENOENT, "takes the node away");
	zone_drop(&zone);
}

static int works_in_child(void *arg)
{
	int fd = open_named(arg, O_RDWR);
	uint8_t *map = fd < 0 ? NULL : zone_map(fd, NR_SLOTS);
	struct zone zone = { .fd = fd, .map = map, .nr_slots = NR_SLOTS };

	if (!map || pattern_bad(&zone, pattern, 0, NR_SLOTS / 2))
		return 1;
	pattern_fill(&zone, pattern, NR_SLOTS / 2, NR_SLOTS / 2);
	return 0;
}

static void shared_by_path(void)
{
	struct zone zone = new_named("shared.by-path_1");
	uint8_t page[page_size], byte = 0x77;
	int fds[8], reader;

	pattern_fill(&zone, pattern, 0, NR_SLOTS / 2);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open_named("shared.by-path_1", O_RDWR);
	is(child_run(works_in_child, "shared.by-path_1"), 0, "another process finds the contents");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "and leaves some");
	is(pread(fds[0], page, page_size, 5 * page_size), page_size, "read through the node");
	ok(pattern_good(page, pattern, 5), "finds them, too");
	is(pwrite(fds[7], &byte, 1, 6 * page_size), 1, "write through it");
	is(peek(slot_at(&zone, 6)), byte, "is seen in the mapping");
	is(lseek(fds[3], 0, SEEK_END), NR_SLOTS * page_size, "lseek finds the end");
	is(zone_get(fds[2]).frames, NR_FRAMES, "ioctls work");
	is(ftruncate(zone.fd, 2 * NR_SLOTS * page_size), 0, "ftruncate of the created one");
	is(lseek(fds[3], 0, SEEK_END), 2 * NR_SLOTS * page_size, "is seen through the node");
	is(ftruncate(zone.fd, NR_SLOTS * page_size), 0, "ftruncate back");
	is(pread(fds[1], page, 1, NR_SLOTS * page_size), 0, "as well");
	reader = open_named("shared.by-path_1", O_RDONLY);
	is(pread(reader, page, 1, 6 * page_size), 1, "opened for reading: read");
	ok(pwrite(reader, page, 1, 0) < 0 && errno == EBADF, "but no write");
	ok(mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED,
	   "nor a writable mapping");
	close(reader);
	is(destroy(fds[4], 0), 0, "DESTROY through a descriptor of the node");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	zone_drop(&zone);
}

static void names(void)
{
	static const char *const bad[] = {
		"", " ", "a b", "a/b", "/", "..//x", "a!", "!", "caf\xc3\xa9", "\xff", "a\n", "a\x7f",
		"a:b", "a~", "12345678901234567890123456789012",
	};
	static const char *const good[] = { "a", "A-z_0.9", ".", "..", "-",
					    "1234567890123456789012345678901" };
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is(create_named(bad[i]), -EINVAL, "CREATE: bad name %zu", i);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		fd = create_named(good[i]);
		ok(fd >= 0 && !access(node_path(good[i]), F_OK), "CREATE: name %s", good[i]);
		is(destroy(fd, 0), 0, "DESTROY of %s", good[i]);
		close(fd);
	}
}

static int without_capability(void *arg)
{
	const struct zone *zone = arg;

	drop_capability(CAP_SYS_ADMIN);
	if (create_named("mine") != -EPERM || !access(node_path("mine"), F_OK))
		return 1;
	return destroy(zone->fd, 0) == -EPERM ? 0 : 2;
}

static void needs_capability(void)
{
	struct zone zone = new_named("capable");

	is(child_run(without_capability, &zone), 0, "CREATE and DESTROY need CAP_SYS_ADMIN");
	ok(!access(node_path("capable"), F_OK), "without it, the node stays");
	is(destroy(zone.fd, 0), 0, "with it, it goes");
	zone_drop(&zone);
}

static void life_after_the_node(void)
{
	int before = nr_zones(), fd;
	struct zone zone = new_named("life"), next;

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	fd = open_named("life", O_RDWR);
	is(destroy(fd, 0), 0, "DESTROY");
	is(open_named("life", O_RDWR), -ENOENT, "open finds no node");
	is(destroy(fd, 0), -EINVAL, "DESTROY: there is none any more");
	is(destroy(zone.fd, 0), -EINVAL, "whichever descriptor is asked");
	next = new_named("life");
	ok(!access(node_path("life"), F_OK), "the name can be had again at once");
	ok(all_zero(slot_at(&next, 0), page_size), "for a zone that is new");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "the old one still has its contents");
	is(destroy(zone.fd, 0), -EINVAL, "and is not the one that the node belongs to");
	close(zone.fd);
	close(fd);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "a mapping keeps them, too");
	munmap(zone.map, NR_SLOTS * page_size);
	if (before >= 0)
		is(nr_zones(), before + 1, "the last user ends the zone");
	is(destroy(next.fd, 0), 0, "DESTROY of the new one");
	zone_drop(&next);
	if (before >= 0)
		is(nr_zones(), before, "its last user ends it");
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	is(destroy(zone.fd, 0), -EINVAL, "DESTROY of a zone without a name");
	zone_drop(&zone);
	fd = device_open(O_RDWR);
	is(destroy(fd, 0), -EINVAL, "DESTROY on the device");
	close(fd);
}

static void life_without_descriptors(void)
{
	struct zone zone = new_named("alone");
	int before = nr_zones(), error;

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	zone_drop(&zone);
	if (before >= 0)
		is(nr_zones(), before, "the node keeps its zone");
	error = syscall(SYS_delete_module, "vmzone", O_NONBLOCK) ? errno : 0;
	is(error, EWOULDBLOCK, "and the module");
	zone.fd = open_named("alone", O_RDWR);
	zone.map = zone_map(zone.fd, NR_SLOTS);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "with its contents");
	is(destroy(zone.fd, 0), 0, "DESTROY");
	zone_drop(&zone);
	if (before >= 0)
		is(nr_zones(), before - 1, "now it ends");
}

/* Makes, opens and destroys a zone of a name that others use as well. */
/* No other zone holds up what a named one stands on. */
static void life_without_other_zones(void)
{
	struct vmzone_create plain = {
		.size = sizeof(plain), .bytes = 16 * page_size, .frames = 16,
	}, named = {
		.size = sizeof(named), .bytes = 16 * page_size, .frames = 16,
		.flags = VMZONE_CREATE_NAMED, .name = "alone",
	};
	uint8_t page[page_size];
	int fd;

	if (zone_create(&plain) < 0)
		bail("VMZONE_IOC_CREATE");
	/* The device is closed: the last zone of its kind is gone. */
	is(ioctl(plain.out_fd, VMZONE_IOC_CREATE, &named) ? errno : 0, 0,
	   "a named zone is made on a created one");
	close(plain.out_fd);
	close(named.out_fd);
	for (int i = 0; i < 3; i++) {
		fd = open_named("alone", O_RDWR);
		pattern_make(page, pattern, i);
		is(pwrite(fd, page, page_size, i * page_size), page_size, "it can be opened, %d",
		   i);
		close(fd);
	}
	fd = open_named("alone", O_RDWR);
	for (int i = 0; i < 3; i++)
		ok(pread(fd, page, page_size, i * page_size) == (ssize_t)page_size &&
		   pattern_good(page, pattern, i), "and has what was written, %d", i);
	is(destroy(fd, 0), 0, "and destroyed");
	close(fd);
}

static int race(void *arg)
{
	uint8_t byte = (uintptr_t)arg;

	for (int i = 0; i < NR_RACES; i++) {
		int made = create_named("race"), fd = open_named("race", O_RDWR);

		if (made < 0 && made != -EEXIST)
			return 1;
		/* Whatever zone it is, it is whole. */
		if (fd >= 0 && (pwrite(fd, &byte, 1, page_size) != 1 ||
				zone_get(fd).frames != NR_FRAMES))
			return 2;
		if (fd < 0 && fd != -ENOENT && fd != -ENODEV && fd != -ENXIO) {
			diag("  open: %d", fd);
			return 3;
		}
		if (made >= 0 && pread(made, &byte, 1, 0) != 1)
			return 4;
		if (made >= 0)
			close(made);
		if (fd >= 0 && destroy(fd, 0) && errno != EINVAL)
			return 5;
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static void races(void)
{
	int before = nr_zones(), fd;
	pid_t child[NR_RACERS];

	for (uintptr_t i = 0; i < NR_RACERS; i++)
		child[i] = child_start(race, (void *)i);
	for (size_t i = 0; i < NR_RACERS; i++)
		is(child_wait(child[i]), 0, "process %zu: make, open and destroy at once", i);
	/* Whoever was quicker than the last destroyer left one. */
	fd = open_named("race", O_RDWR);
	if (fd >= 0) {
		destroy(fd, 0);
		close(fd);
	}
	is(open_named("race", O_RDWR), -ENOENT, "no node is left");
	if (before >= 0)
		is(nr_zones(), before, "nor a zone");
}

/* Return: how many zones there are now, their numbers from first on. */
static size_t make_many(int *fds, size_t max, int *error)
{
	char name[32];
	size_t nr;

	*error = 0;
	for (nr = 0; nr < max; nr++) {
		snprintf(name, sizeof(name), "many-%zu", nr);
		fds[nr] = create_named(name);
		if (fds[nr] < 0) {
			*error = -fds[nr];
			break;
		}
	}
	return nr;
}

static void end_many(int *fds, size_t nr)
{
	size_t nr_failed = 0;

	for (size_t i = 0; i < nr; i++) {
		nr_failed += destroy(fds[i], 0) != 0;
		close(fds[i]);
	}
	is(nr_failed, 0, "DESTROY of all %zu", nr);
}

static void many(void)
{
	int fds[MAX_MANY], error, before = nr_zones();
	size_t nr = make_many(fds, NR_MANY, &error);

	is(nr, NR_MANY, "CREATE: %d named zones", NR_MANY);
	end_many(fds, nr);
	nr = make_many(fds, MAX_MANY, &error);
	ok(nr == MAX_MANY || error == ENOSPC, "CREATE: %zu, and then error %d", nr, error);
	if (before >= 0)
		is(nr_zones(), before + nr, "the one that failed left no zone");
	end_many(fds, nr);
	nr = make_many(fds, NR_MANY, &error);
	is(nr, NR_MANY, "CREATE: again");
	end_many(fds, nr);
	if (before >= 0)
		is(nr_zones(), before, "none is left");
}

int main(void)
{
	test_begin(120);
	the_node();
	shared_by_path();
	names();
	needs_capability();
	life_after_the_node();
	life_without_descriptors();
	life_without_other_zones();
	races();
	many();
	return tap_end();
}
