// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that what ends waits for those who use it, and that those who come too late
 * find nothing: a zone and its views, its requests and its name; the module and the
 * open of its device.
 */
#define _GNU_SOURCE
#include "race.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOT 3
#define NR_SLOTS 128
#define NR_FRAMES 64
#define FOLDER "/sys/kernel/debug/vmzone"
#define NAME "race"
#define NODE "/dev/vmzone-" NAME

static struct actor actor, rival;
static char view[64];		/* the folder of the zone in debugfs */

/* Return: the zone's id, by which views know it. */
static long begin(void)
{
	char path[64];
	long id;

	race_begin(NR_SLOTS, NR_FRAMES);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zone.fd);
	id = read_number(path, "vmzone-id");
	snprintf(view, sizeof(view), FOLDER "/%ld", id);
	return id;
}

static bool exists(const char *path)
{
	struct stat stat_of;

	return !stat(path, &stat_of);
}

/* The last fput() of a file is done when its holder returns to user space. */
static bool gone(const char *path)
{
	for (int ms = 0; ms < 10000 && exists(path); ms += 5)
		usleep(5000);
	return !exists(path);
}

static long read_view(long unused)
{
	char path[80], text[4096];
	long done;
	int fd;

	(void)unused;
	snprintf(path, sizeof(path), "%s/slots", view);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = read(fd, text, sizeof(text));
	if (done < 0)
		done = -errno;
	close(fd);
	return done;
}

/* A zone ends while somebody reads its table. */
static void end_during_view(void)
{
	const char *name = "end during a view";
	long id = begin();

	store_version(SLOT, 1);
	ok(actor_stops(&actor, read_view, 0, "view_reading", id),
	   "%s: the reader is in", name);
	actor_start(&rival, act_drop, 0);
	ok(actor_waits(&rival), "%s: the end of the zone waits", name);
	point_release("view_reading");
	ok(actor_end(&actor) > 0, "%s: the reader has read", name);
	is(actor_end(&rival), 0, "%s: the zone has ended", name);
	ok(gone(view), "%s: its view, too", name);
}

/* A view was opened before the zone ended, and is read after. */
static void view_after_end(void)
{
	const char *name = "view after the end";
	char path[80], text[64];
	int fd;

	begin();
	snprintf(path, sizeof(path), "%s/slots", view);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ok(fd >= 0, "%s: it is open", name);
	zone_drop(&zone);
	ok(gone(view), "%s: the zone has ended", name);
	ok(read(fd, text, sizeof(text)) < 0, "%s: there is nothing to read", name);
	close(fd);
}

static bool is_listed(long id)
{
	FILE *file = fopen(FOLDER "/zones", "r");
	char line[256];
	long found;
	bool listed = false;

	while (file && fgets(line, sizeof(line), file))
		listed |= sscanf(line, "%ld", &found) == 1 && found == id;
	if (file)
		fclose(file);
	return listed;
}

/* A zone that ends is out of reach of all who go through zones, and not yet gone. */
static void others_during_end(void)
{
	const char *name = "others during the end";
	long id = begin(), old = id;

	store_version(SLOT, 1);
	ok(is_listed(id), "%s: the zone is listed", name);
	ok(actor_stops(&actor, act_drop, 0, "zone_ending", id),
	   "%s: it is about to end", name);
	ok(!is_listed(id), "%s: it is listed no more", name);
	squeeze();
	id = begin();
	ok(is_listed(id) && id != old, "%s: there is a new one meanwhile", name);
	store_version(SLOT, 2);
	point_release("zone_ending");
	actor_end(&actor);
	is(act_touch(SLOT), 2, "%s: whose contents are right", name);
	race_end(name);
}

/* The mapping and the descriptor go while a request is at work: it keeps the zone. */
static void close_during_request(const char *point)
{
	char name[48];

	snprintf(name, sizeof(name), "close during PAGE_OUT at %s", point);
	begin();
	store_version(SLOT, 1);
	ok(actor_stops(&actor, act_page_out, SLOT, point, SLOT),
	   "%s: the request is at work", name);
	zone_drop(&zone);
	ok(exists(view), "%s: the zone lives on", name);
	point_release(point);
	is(actor_end(&actor), 1, "%s: the request is served", name);
	ok(gone(view), "%s: that was its end", name);
}

static long close_zone(long fd)
{
	return close(fd) ? -errno : 0;
}

/* The descriptor goes while a fault on its mapping is at work. */
static void close_during_fault(void)
{
	const char *name = "close during a fault";

	begin();
	send_out(SLOT, 1);
	ok(actor_stops(&actor, act_touch, SLOT, "fill_claimed", SLOT),
	   "%s: the fault is at work", name);
	is(close_zone(zone.fd), 0, "%s: close", name);
	ok(exists(view), "%s: the zone lives on", name);
	point_release("fill_claimed");
	is(actor_end(&actor), 1, "%s: the fault sees its page", name);
	munmap(zone.map, NR_SLOTS * page_size);
	ok(gone(view), "%s: munmap is its end", name);
}

static long open_node(long unused)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	(void)unused;
	return fd < 0 ? -errno : fd;
}

static long destroy_node(long fd)
{
	struct vmzone_destroy destroy = { .size = sizeof(destroy) };

	return ioctl(fd, VMZONE_IOC_DESTROY, &destroy) ? -errno : 0;
}

/*
 * A named zone is opened while it is destroyed, its first descriptor closed and the
 * kernel's caches dropped: who was first has the zone, with its contents.
 */
static void destroy_during_open(void)
{
	const char *name = "DESTROY during an open";
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES,
		.flags = VMZONE_CREATE_NAMED, .name = NAME,
	};
	long fd;

	race_begin_as(create);
	store_version(SLOT, 1);
	ok(actor_stops(&actor, open_node, 0, "node_opening", ANY),
	   "%s: the open has the node", name);
	actor_start(&rival, destroy_node, zone.fd);
	ok(actor_waits(&rival), "%s: DESTROY waits", name);
	squeeze();
	point_release("node_opening");
	fd = actor_end(&actor);
	ok(fd >= 0, "%s: the open has its descriptor", name);
	is(actor_end(&rival), 0, "%s: DESTROY is done", name);
	ok(gone(NODE), "%s: the node is gone", name);
	is(open_node(0), -ENOENT, "%s: nobody else opens it", name);
	zone_drop(&zone);
	zone.fd = fd;
	is(act_pread(SLOT), 1, "%s: the zone is there for who has it open", name);
	close(fd);
}

static long open_device(long unused)
{
	int fd = open("/dev/vmzone", O_RDWR | O_CLOEXEC);

	(void)unused;
	return fd < 0 ? -errno : fd;
}

/* An open of the device makes a zone, which may take long: no other device waits for it. */
static void node_during_device_open(void)
{
	const char *name = "open of a node during one of the device";
	struct vmzone_create create = {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES,
		.flags = VMZONE_CREATE_NAMED, .name = NAME,
	};
	long fd;

	race_begin_as(create);
	ok(actor_stops(&actor, open_device, 0, "device_opening", ANY),
	   "%s: the device is being opened", name);
	actor_start(&rival, open_node, 0);
	ok(!actor_waits(&rival), "%s: the node's open does not wait", name);
	fd = actor_end(&rival);
	ok(fd >= 0, "%s: it has its descriptor", name);
	close(fd);
	point_release("device_opening");
	fd = actor_end(&actor);
	ok(fd >= 0, "%s: so has the device's", name);
	close(fd);
	is(destroy_node(zone.fd), 0, "%s: DESTROY", name);
	race_end(name);
}

/* The module -------------------------------------------------------------- */

static long unload(long unused)
{
	(void)unused;
	return syscall(SYS_delete_module, "vmzone", O_NONBLOCK) ? -errno : 0;
}

static long load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* The device is being opened: the module stays. */
static void unload_during_open(void)
{
	const char *name = "rmmod during an open";
	long fd;

	ok(actor_stops(&actor, open_device, 0, "device_opening", ANY),
	   "%s: the open is at work", name);
	is(unload(0), -EWOULDBLOCK, "%s: rmmod is turned away", name);
	point_release("device_opening");
	fd = actor_end(&actor);
	ok(fd >= 0, "%s: the open has its descriptor", name);
	is(unload(0), -EWOULDBLOCK, "%s: rmmod is turned away still", name);
	close(fd);
}

static bool is_going(void)
{
	char state[16] = "";
	FILE *file = fopen("/sys/module/vmzone/initstate", "r");

	if (file) {
		if (!fgets(state, sizeof(state), file))
			state[0] = '\0';
		fclose(file);
	}
	return !strncmp(state, "going", 5);
}

/*
 * The module is on its way out with its device still there: nobody gets in. Views are
 * closed to us as well by then, so the point lets go by itself.
 */
static void open_during_unload(const char *module)
{
	const char *name = "open during rmmod";
	long fd;

	point_arm_ms("module_leaving", ANY, 3000);
	actor_start(&actor, unload, 0);
	for (int ms = 0; ms < 10000 && !is_going() && !actor.done; ms++)
		usleep(1000);
	ok(is_going(), "%s: the module is going", name);
	ok(exists("/dev/vmzone"), "%s: its device is there", name);
	fd = open_device(0);
	ok(fd == -ENODEV || fd == -ENXIO, "%s: nobody can open it (%ld)", name, fd);
	ok(is_going(), "%s: the module was still going", name);
	is(actor_end(&actor), 0, "%s: the module is gone", name);
	ok(!exists("/dev/vmzone") && !exists(FOLDER), "%s: without a trace", name);
	is(load(module), 0, "%s: it can be loaded again", name);
	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	is(act_touch(SLOT), 1, "%s: and works", name);
	race_end(name);
}

int main(void)
{
	const char *module = getenv("VMZONE_MODULE");

	races_begin();
	end_during_view();
	view_after_end();
	others_during_end();
	close_during_request("own_begun");
	close_during_request("evict_frozen");
	close_during_fault();
	destroy_during_open();
	node_during_device_open();
	unload_during_open();
	if (module)
		open_during_unload(module);
	else
		skip("no module was named", "open during rmmod");
	return tap_end();
}
