// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that an eviction, stopped at each step of its way, loses no write and takes
 * no page that somebody holds: stores through mappings that still stand, write(2),
 * pins, direct I/O, vmsplice, other processes, fork, mremap and munmap.
 */
#define _GNU_SOURCE
#include "race.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SLOT 3
#define NR_SLOTS 128
#define NR_FRAMES 64

static struct actor evictor, rival;

/* The slot has version 1 in the store, and a clean frame that is mapped for writing. */
static void begin_clean(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	act_touch(SLOT);
}

/* PAGE_OUT of the slot is stopped at that point. */
static void stop_page_out(const char *point, const char *name)
{
	ok(actor_stops(&evictor, act_page_out, SLOT, point, SLOT),
	   "%s: PAGE_OUT has come to %s", name, point);
}

/*
 * A store through a mapping after the eviction has begun and before it is undone: no
 * fault tells of it, only the page table's dirty bit. The stored copy is out of date.
 */
static void store_before_unmap(void)
{
	const char *name = "store before unmap";

	begin_clean();
	stop_page_out("own_begun", name);
	store_version(SLOT, 2);
	point_release("own_begun");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(zone_stats(&zone).evictions_dirty, 2, "%s: and saved it", name);
	is(act_touch(SLOT), 2, "%s: with what was stored", name);
	race_end(name);
}

/*
 * write(2) has copied into the page that it holds, and marks it only after the
 * eviction has unmapped it; it lets go before the freeze. So whoever looks at the
 * dirty flag before the references are frozen misses it.
 */
static void write_before_freeze(void)
{
	const char *name = "write before freeze";

	begin_clean();
	ok(actor_stops(&rival, act_pwrite, SLOT, "write_copied", SLOT),
	   "%s: write(2) has copied", name);
	stop_page_out("evict_unmapped", name);
	point_release("write_copied");
	is(actor_end(&rival), 0, "%s: write(2) is done", name);
	point_release("evict_unmapped");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(act_touch(SLOT), 2, "%s: with what was written", name);
	race_end(name);
}

/* write(2) still holds the page: the eviction must not go through. */
static void write_holds(void)
{
	const char *name = "write holds";

	begin_clean();
	ok(actor_stops(&rival, act_pwrite, SLOT, "write_copied", SLOT),
	   "%s: write(2) has copied", name);
	is(act_page_out(SLOT), 0, "%s: PAGE_OUT passes the page over", name);
	ok(zone_stats(&zone).evict_busy, "%s: and counts it", name);
	point_release("write_copied");
	is(actor_end(&rival), 0, "%s: write(2) is done", name);
	is(act_page_out(SLOT), 1, "%s: PAGE_OUT has the page then", name);
	is(act_touch(SLOT), 2, "%s: with what was written", name);
	race_end(name);
}

/*
 * get_user_pages() takes a reference by the page table, without a fault, after the
 * eviction has begun: vmsplice keeps it in a pipe, and is to see what is written later.
 */
static void splice_before_unmap(void)
{
	const char *name = "vmsplice before unmap";
	struct iovec iov = { .iov_len = page_size };
	uint8_t page[page_size];
	int pipes[2];

	begin_clean();
	if (pipe(pipes))
		bail("pipe");
	stop_page_out("own_begun", name);
	iov.iov_base = slot_at(&zone, SLOT);
	is(vmsplice(pipes[1], &iov, 1, 0), page_size, "%s: vmsplice has the page", name);
	point_release("own_begun");
	is(actor_end(&evictor), 0, "%s: PAGE_OUT passes it over", name);
	ok(zone_stats(&zone).evict_busy, "%s: and counts it", name);
	store_version(SLOT, 2);
	is(read(pipes[0], page, page_size), page_size, "%s: the pipe gives a page", name);
	is(version_of(page, SLOT), 2, "%s: the slot's own", name);
	is(act_page_out(SLOT), 1, "%s: PAGE_OUT has it once the pipe is empty", name);
	is(act_touch(SLOT), 2, "%s: and it comes back", name);
	close(pipes[0]);
	close(pipes[1]);
	race_end(name);
}

/* After the unmapping there is no way to the page but a fault, which waits. */
static long splice_and_read(long slot)
{
	struct iovec iov = { .iov_base = slot_at(&zone, slot), .iov_len = page_size };
	uint8_t page[page_size];
	long version = -1;
	int pipes[2];

	if (pipe(pipes))
		return -errno;
	if (vmsplice(pipes[1], &iov, 1, 0) == (ssize_t)page_size &&
	    read(pipes[0], page, page_size) == (ssize_t)page_size)
		version = version_of(page, slot);
	close(pipes[0]);
	close(pipes[1]);
	return version;
}

static void splice_after_unmap(void)
{
	const char *name = "vmsplice after unmap";

	begin_clean();
	store_version(SLOT, 2);
	stop_page_out("evict_unmapped", name);
	actor_start(&rival, splice_and_read, SLOT);
	ok(actor_waits(&rival), "%s: vmsplice sleeps", name);
	point_release("evict_unmapped");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(actor_end(&rival), 2, "%s: vmsplice the one that came back", name);
	race_end(name);
}

static long write_by_process_vm(long slot)
{
	uint8_t page[page_size];
	struct iovec from = { .iov_base = page, .iov_len = page_size };
	struct iovec to = { .iov_base = slot_at(&zone, slot), .iov_len = page_size };

	pattern_make(page, (struct pattern){ .fill = FILL_TEXT, .version = 2 }, slot);
	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)page_size ? 0 : -errno;
}

/* Reads a block of version 2 into the page, past the page cache. */
static long write_by_direct_read(long slot)
{
	const char *path = getenv("VMZONE_TEST_BLOCK");
	uint8_t *page = aligned_alloc(page_size, page_size);
	long ret = 0;
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0 || !page)
		return -errno;
	pattern_make(page, (struct pattern){ .fill = FILL_TEXT, .version = 2 }, slot);
	if (pread(fd, slot_at(&zone, slot), page_size, 0) != (ssize_t)page_size)
		ret = -errno;
	close(fd);
	free(page);
	return ret;
}

/* Puts version 2 where write_by_direct_read() finds it. Return: whether there is a disk. */
static bool prepare_disk(void)
{
	const char *path = getenv("VMZONE_TEST_BLOCK");
	uint8_t *page = aligned_alloc(page_size, page_size);
	int fd = path && *path ? open(path, O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
	bool done = false;

	if (fd >= 0 && page) {
		pattern_make(page, (struct pattern){ .fill = FILL_TEXT, .version = 2 }, SLOT);
		done = pwrite(fd, page, page_size, 0) == (ssize_t)page_size;
		close(fd);
	}
	free(page);
	return done;
}

/*
 * The kernel writes to the page for somebody who pinned it after the eviction began,
 * marks it as it pins, and has let go before the eviction looks for references.
 */
static void pin_and_let_go(void)
{
	const char *name = "process_vm_writev before unmap";

	begin_clean();
	stop_page_out("own_begun", name);
	is(write_by_process_vm(SLOT), 0, "%s: it is done", name);
	point_release("own_begun");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(act_touch(SLOT), 2, "%s: with what was written", name);
	race_end(name);
}

/*
 * Direct I/O pins by the page table, and marks the page before and after it has the
 * data, for which it needs the lock that the eviction holds: the eviction finds the
 * pin, and the write is not lost.
 */
static void pin_and_sleep(void)
{
	const char *name = "O_DIRECT before unmap";
	long done;

	begin_clean();
	stop_page_out("own_begun", name);
	actor_start(&rival, write_by_direct_read, SLOT);
	ok(actor_waits(&rival), "%s: it has pinned the page and sleeps for its lock", name);
	point_release("own_begun");
	is(actor_end(&rival), 0, "%s: it is done", name);
	done = actor_end(&evictor);
	ok(done == 0 || done == 1, "%s: PAGE_OUT, too, by one of its attempts or none", name);
	ok(zone_stats(&zone).evict_busy, "%s: one of which found the pin", name);
	act_page_out(SLOT);
	is(act_touch(SLOT), 2, "%s: what was written is kept", name);
	race_end(name);
}

/* PIN of what is on its way out: it comes back, and stays. */
static void pin_while_out(void)
{
	const char *name = "PIN during page-out";

	begin_clean();
	stop_page_out("own_begun", name);
	actor_start(&rival, act_pin, SLOT);
	ok(actor_waits(&rival), "%s: PIN sleeps", name);
	point_release("own_begun");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(actor_end(&rival), 1, "%s: PIN as well", name);
	is(slot_bits(SLOT) & (VMZONE_SLOT_PINNED | VMZONE_SLOT_RESIDENT),
	   VMZONE_SLOT_PINNED | VMZONE_SLOT_RESIDENT, "%s: it is in and pinned", name);
	is(act_page_out(SLOT), 0, "%s: PAGE_OUT passes it over now", name);
	is(act_touch(SLOT), 1, "%s: its contents are right", name);
	is(act_unpin(SLOT), 1, "%s: UNPIN", name);
	race_end(name);
}

/* PAGE_OUT of what is about to be pinned. */
static void out_while_pinned(void)
{
	const char *name = "page-out during PIN";

	begin_clean();
	ok(actor_stops(&rival, act_pin, SLOT, "pin_got", SLOT),
	   "%s: PIN has the page, and has not counted it", name);
	actor_start(&evictor, act_page_out, SLOT);
	ok(actor_waits(&evictor), "%s: PAGE_OUT sleeps", name);
	point_release("pin_got");
	is(actor_end(&rival), 1, "%s: PIN has its page", name);
	is(actor_end(&evictor), 0, "%s: PAGE_OUT does not", name);
	is(zone_stats(&zone).pinned_slots, 1, "%s: one slot is pinned", name);
	is(act_touch(SLOT), 1, "%s: its contents are right", name);
	is(act_unpin(SLOT), 1, "%s: UNPIN", name);
	is(act_page_out(SLOT), 1, "%s: PAGE_OUT has the page then", name);
	race_end(name);
}

/*
 * A PIN that cannot tell what it did, as the page of its structure is gone by then, has
 * done nothing.
 */
static struct vmzone_range *told;

static long pin_untold(long slot)
{
	*told = (struct vmzone_range){
		.size = sizeof(*told), .offset = slot * page_size, .length = page_size,
	};
	return ioctl(zone.fd, VMZONE_IOC_PIN, told) ? -errno : 0;
}

static void untold_pin(void)
{
	const char *name = "PIN that cannot be told";

	begin_clean();
	told = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		bail("mmap");
	ok(actor_stops(&rival, pin_untold, SLOT, "pin_got", SLOT), "%s: PIN has the page", name);
	munmap(told, page_size);
	point_release("pin_got");
	is(actor_end(&rival), -EFAULT, "%s: EFAULT", name);
	is(zone_stats(&zone).pinned_slots, 0, "%s: nothing is pinned", name);
	is(act_page_out(SLOT), 1, "%s: PAGE_OUT has the page", name);
	race_end(name);
}

/* A fork copies the mapping after the eviction has begun. Parent and child see each other. */
static int read_then_write(void *arg)
{
	(void)arg;
	if (act_touch(SLOT) != 2)
		return 1;
	store_version(SLOT, 3);
	return 0;
}

static void fork_during_eviction(const char *point)
{
	char name[40];
	pid_t child;

	snprintf(name, sizeof(name), "fork at %s", point);
	begin_clean();
	store_version(SLOT, 2);
	stop_page_out(point, name);
	child = child_start(read_then_write, NULL);
	point_release(point);
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(child_wait(child), 0, "%s: the child sees what the parent wrote", name);
	is(act_touch(SLOT), 3, "%s: the parent what the child wrote", name);
	race_end(name);
}

/* Has the page mapped, says so, and stores when it is told to. */
static int store_when_told(void *arg)
{
	int fd = *(int *)arg;
	char byte;

	if (act_touch(SLOT) != 1 || write(fd, "m", 1) != 1 || read(fd, &byte, 1) != 1)
		return 1;
	store_version(SLOT, 2);
	return 0;
}

/* Another process stores through its own mapping, which the eviction has yet to undo. */
static void child_stores_before_unmap(void)
{
	const char *name = "another process's store before unmap";
	pid_t child;
	int ends[2];
	char byte;

	begin_clean();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		bail("socketpair");
	child = child_start(store_when_told, &ends[1]);
	ok(read(ends[0], &byte, 1) == 1, "%s: it has the page mapped", name);
	stop_page_out("own_begun", name);
	ok(write(ends[0], "s", 1) == 1, "%s: it is told to store", name);
	is(child_wait(child), 0, "%s: it has stored, without a fault", name);
	point_release("own_begun");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(act_touch(SLOT), 2, "%s: with what was stored", name);
	close(ends[0]);
	close(ends[1]);
	race_end(name);
}

/* The mapping moves to another address: the eviction finds it there, with its dirty bit. */
static void mremap_before_unmap(void)
{
	const char *name = "mremap before unmap";
	uint8_t *place, page[page_size];

	begin_clean();
	stop_page_out("own_begun", name);
	place = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	place = mremap(slot_at(&zone, SLOT), page_size, page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		       place);
	ok(place != MAP_FAILED, "%s: the mapping has moved", name);
	pattern_make(place, (struct pattern){ .fill = FILL_TEXT, .version = 2 }, SLOT);
	point_release("own_begun");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(act_pread(SLOT), 2, "%s: with what was stored at the new place", name);
	memcpy(page, place, page_size);
	is(version_of(page, SLOT), 2, "%s: where it is seen", name);
	munmap(place, page_size);
	race_end(name);
}

/* munmap undoes the mapping before the eviction does. */
static void munmap_before_unmap(void)
{
	const char *name = "munmap before unmap";

	begin_clean();
	stop_page_out("own_begun", name);
	store_version(SLOT, 2);
	is(munmap(slot_at(&zone, SLOT), page_size), 0, "%s: it is unmapped", name);
	point_release("own_begun");
	is(actor_end(&evictor), 1, "%s: PAGE_OUT has its page", name);
	is(act_pread(SLOT), 2, "%s: with what was stored", name);
	race_end(name);
}

int main(void)
{
	races_begin();
	store_before_unmap();
	write_before_freeze();
	write_holds();
	splice_before_unmap();
	splice_after_unmap();
	pin_and_let_go();
	if (prepare_disk())
		pin_and_sleep();
	else
		skip("no scratch disk", "O_DIRECT before unmap");
	pin_while_out();
	out_while_pinned();
	untold_pin();
	fork_during_eviction("own_begun");
	fork_during_eviction("evict_unmapped");
	fork_during_eviction("evict_frozen");
	child_stores_before_unmap();
	mremap_before_unmap();
	munmap_before_unmap();
	return tap_end();
}
