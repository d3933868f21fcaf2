// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: a pager in the program itself. One thread handles the faults of a
 * range: it keeps the budget first in, first out, and keeps what is out in memory,
 * packed with lz4. A page that was only read is write-protected, so that it goes
 * out again for nothing; a write to it is one more fault.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "systems.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <lz4.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is known of a page. */
struct entry {
	void *packed;		/* its stored copy, or NULL */
	uint16_t packed_bytes;
	bool is_resident;
	bool is_dirty;		/* newer than its copy */
	uint32_t next, previous;	/* in the order in which they came in */
};

/* There is one region in a process. */
static struct region *region;
static int fd;
static struct entry *entries;	/* and one that is the list's head */
static size_t nr_resident, peak_resident;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *frame;		/* a page on its way in */

static struct uffdio_range range_of(size_t page)
{
	return (struct uffdio_range) {
		.start = (uintptr_t)region->map + page * PAGE_BYTES, .len = PAGE_BYTES,
	};
}

static void protect(size_t page, bool on)
{
	struct uffdio_writeprotect change = {
		.range = range_of(page), .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	if (ioctl(fd, UFFDIO_WRITEPROTECT, &change))
		err(1, "UFFDIO_WRITEPROTECT");
}

static void wake(size_t page)
{
	struct uffdio_range range = range_of(page);

	if (ioctl(fd, UFFDIO_WAKE, &range))
		err(1, "UFFDIO_WAKE");
}

static void list_add(size_t page)
{
	size_t head = region->nr_pages, last = entries[head].previous;

	entries[page].next = head;
	entries[page].previous = last;
	entries[last].next = page;
	entries[head].previous = page;
}

static void list_remove(size_t page)
{
	entries[entries[page].previous].next = entries[page].next;
	entries[entries[page].next].previous = entries[page].previous;
}

static void save(size_t page)
{
	char packed[LZ4_COMPRESSBOUND(PAGE_BYTES)];
	struct entry *entry = &entries[page];
	int len = LZ4_compress_default((char *)region->map + page * PAGE_BYTES, packed,
				       PAGE_BYTES, sizeof(packed));

	free(entry->packed);
	entry->packed = malloc(len);
	if (!entry->packed)
		err(1, "no memory");
	memcpy(entry->packed, packed, len);
	entry->packed_bytes = len;
	entry->is_dirty = false;
}

static void send_out(size_t page)
{
	if (entries[page].is_dirty) {
		/* Whoever writes to it from now on waits until it is out. */
		protect(page, true);
		save(page);
	}
	if (madvise(region->map + page * PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
	list_remove(page);
	entries[page].is_resident = false;
	nr_resident--;
}

static void bring_in(size_t page, bool for_writing)
{
	struct entry *entry = &entries[page];
	struct uffdio_copy copy = {
		.dst = range_of(page).start, .src = (uintptr_t)frame, .len = PAGE_BYTES,
	};

	while (region->nr_frames && nr_resident >= region->nr_frames)
		send_out(entries[region->nr_pages].next);
	entry->is_dirty = for_writing || !entry->packed;
	if (!entry->packed)
		memset(frame, 0, PAGE_BYTES);
	else if (LZ4_decompress_safe(entry->packed, (char *)frame, entry->packed_bytes,
				     PAGE_BYTES) != PAGE_BYTES)
		errx(1, "a stored page does not unpack");
	if (!entry->is_dirty)
		copy.mode = UFFDIO_COPY_MODE_WP;
	/* Known before whoever touched it goes on. */
	list_add(page);
	entry->is_resident = true;
	nr_resident++;
	if (nr_resident > peak_resident)
		peak_resident = nr_resident;
	if (ioctl(fd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
}

static void handle(const struct uffd_msg *message)
{
	uint64_t flags = message->arg.pagefault.flags;
	size_t page = (message->arg.pagefault.address - (uintptr_t)region->map) / PAGE_BYTES;

	pthread_mutex_lock(&lock);
	if (flags & UFFD_PAGEFAULT_FLAG_WP && entries[page].is_resident) {
		entries[page].is_dirty = true;
		protect(page, false);
	} else if (flags & UFFD_PAGEFAULT_FLAG_WP || entries[page].is_resident) {
		/* It went out, or another thread had it come in: touch it again. */
		wake(page);
	} else {
		bring_in(page, flags & UFFD_PAGEFAULT_FLAG_WRITE);
	}
	pthread_mutex_unlock(&lock);
}

static void *handler_main(void *unused)
{
	struct uffd_msg message;

	for (;;) {
		if (read(fd, &message, sizeof(message)) == sizeof(message))
			handle(&message);
		else if (errno != EAGAIN && errno != EINTR)
			err(1, "reading from userfaultfd");
	}
	return NULL;
}

static void uffd_map(struct region *of)
{
	size_t bytes = of->nr_pages * PAGE_BYTES;
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register all = {
		.range.len = bytes,
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};
	pthread_t id;

	region = of;
	entries = calloc(of->nr_pages + 1, sizeof(*entries));
	frame = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
	of->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!entries || !frame || of->map == MAP_FAILED)
		err(1, "memory for userfaultfd");
	entries[of->nr_pages].next = entries[of->nr_pages].previous = of->nr_pages;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	all.range.start = (uintptr_t)of->map;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &all))
		err(1, "userfaultfd");
	if (pthread_create(&id, NULL, handler_main, NULL))
		err(1, "a thread");
}

static void uffd_page_out(struct region *of, size_t first, size_t nr)
{
	pthread_mutex_lock(&lock);
	for (size_t page = first; page < first + nr; page++)
		if (entries[page].is_resident)
			send_out(page);
	pthread_mutex_unlock(&lock);
}

static void uffd_page_in(struct region *of, size_t first, size_t nr)
{
	pthread_mutex_lock(&lock);
	for (size_t page = first; page < first + nr; page++)
		if (!entries[page].is_resident)
			bring_in(page, false);
	pthread_mutex_unlock(&lock);
}

static void uffd_look(struct region *of, struct memory *memory)
{
	pthread_mutex_lock(&lock);
	memory->frames = nr_resident * PAGE_BYTES;
	memory->held = peak_resident * PAGE_BYTES;
	memory->metadata = of->nr_pages * sizeof(*entries);
	for (size_t page = 0; page < of->nr_pages; page++) {
		if (!entries[page].packed)
			continue;
		memory->payload += entries[page].packed_bytes;
		memory->store += malloc_usable_size(entries[page].packed) + sizeof(size_t);
	}
	pthread_mutex_unlock(&lock);
}

static const struct system_ops uffd_ops = {
	.map = uffd_map,
	.page_out = uffd_page_out,
	.page_in = uffd_page_in,
	.look = uffd_look,
};

const struct system system_uffd = {
	.name = "userfaultfd", .ops = &uffd_ops, .is_bounded = true,
};
