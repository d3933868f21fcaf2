// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that io_uring works on a mapping of a zone that is being evicted: by
 * address, and by registered buffers where the kernel takes those of files
 * (6.5 and later; before, registering a zone is EOPNOTSUPP). A registered buffer
 * keeps its frames until it is unregistered. The file is the disk that
 * VMZONE_TEST_BLOCK names, whose contents are overwritten, else one in memory.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_ENTRIES 4
#define BUFFER 8UL		/* slots in the registered buffer */
#define FIRST 16UL		/* its first */
#define NR_ROUNDS 100

struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *at;		/* submissions and completions in one mapping */
	struct io_uring_sqe *entries;
};

static struct ring ring;
static int file = -1;
static atomic_bool finished;

static const struct pattern in_file = { .fill = FILL_NOISE, .id = 5 };

static bool ring_open(void)
{
	size_t len;

	ring.fd = syscall(SYS_io_uring_setup, NR_ENTRIES, &ring.params);
	if (ring.fd < 0)
		return false;
	if (!(ring.params.features & IORING_FEAT_SINGLE_MMAP))
		bail("an io_uring of two mappings");
	len = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	ring.at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
		       IORING_OFF_SQ_RING);
	ring.entries = mmap(NULL, NR_ENTRIES * sizeof(*ring.entries), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	if (ring.at == MAP_FAILED || ring.entries == MAP_FAILED)
		bail("mmap of an io_uring");
	return true;
}

static uint32_t *ring_word(uint32_t offset)
{
	return (uint32_t *)(ring.at + offset);
}

/* One read or write, waited for. Return: what its completion says. */
static long io(int opcode, void *at, size_t len, off_t offset)
{
	uint32_t *tail = ring_word(ring.params.sq_off.tail);
	uint32_t *head = ring_word(ring.params.cq_off.head);
	uint32_t slot = *tail & *ring_word(ring.params.sq_off.ring_mask);
	struct io_uring_cqe *done = (void *)(ring.at + ring.params.cq_off.cqes);

	ring.entries[slot] = (struct io_uring_sqe){
		.opcode = opcode,
		.fd = file,
		.addr = (uintptr_t)at,
		.len = len,
		.off = offset,
	};
	ring_word(ring.params.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		bail("io_uring_enter");
	if (__atomic_load_n(ring_word(ring.params.cq_off.tail), __ATOMIC_ACQUIRE) == *head)
		bail("no completion");
	done += *head & *ring_word(ring.params.cq_off.ring_mask);
	slot = done->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return (int32_t)slot;
}

static long enroll(const struct zone *map, long first)
{
	struct iovec buffer = { slot_at(map, first), BUFFER * page_size };

	return or_errno(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &buffer,
				1));
}

static long dismiss(void)
{
	return or_errno(syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL,
				0));
}

static long enroll_and_dismiss(const struct zone *map, long first)
{
	return enroll(map, first) ?: dismiss();
}

static void *evict(void *arg)
{
	(void)arg;
	while (!finished)
		all_out();
	return NULL;
}

/* From the file into the buffer, then out of it: each way right. */
static size_t bad_rounds(int read_op, int write_op)
{
	uint8_t *page = aligned_alloc(page_size, page_size);
	uint64_t random = test_seed;
	size_t bad = 0;

	for (int i = 0; i < NR_ROUNDS; i++) {
		struct pattern newer = { .fill = FILL_MIX, .id = 6, .version = i };
		size_t nr = 1 + random_next(&random) % BUFFER;
		size_t at = FIRST + random_next(&random) % (BUFFER - nr + 1);
		size_t from = random_next(&random) % (TWINS_SLOTS - nr);
		long len = nr * page_size;

		if (io(read_op, slot_at(&zone, at), len, from * page_size) != len)
			bail("io_uring read");
		for (size_t slot = 0; slot < nr; slot++)
			bad += !pattern_good(slot_at(&zone, at + slot), in_file, from + slot);
		pattern_fill(&zone, newer, at, nr);
		if (io(write_op, slot_at(&zone, at), len, from * page_size) != len)
			bail("io_uring write");
		for (size_t slot = 0; slot < nr; slot++) {
			if (pread(file, page, page_size, (from + slot) * page_size) !=
			    (ssize_t)page_size)
				bail("read of the file");
			bad += !pattern_good(page, newer, at + slot);
			pattern_make(page, in_file, from + slot);
			if (pwrite(file, page, page_size, (from + slot) * page_size) !=
			    (ssize_t)page_size)
				bail("write of the file");
		}
		bad += pattern_bad(&zone, newer, at, nr);
	}
	free(page);
	return bad;
}

static size_t while_evicting(int read_op, int write_op)
{
	pthread_t evictor;
	size_t bad;

	finished = false;
	if (pthread_create(&evictor, NULL, evict, NULL))
		bail("pthread_create");
	bad = bad_rounds(read_op, write_op);
	finished = true;
	pthread_join(evictor, NULL);
	pattern_fill(&zone, pattern, FIRST, BUFFER);
	return bad;
}

static size_t nr_resident(void)
{
	return zone_count(&zone, FIRST, BUFFER, VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT);
}

static void registered(void)
{
	all_out();
	is(enroll(&zone, FIRST), 0, "register a buffer of slots that are out");
	is(nr_resident(), BUFFER, "brings them in");
	pattern_fill(&zone, pattern, 0, FIRST);
	pattern_fill(&zone, pattern, FIRST + BUFFER, TWINS_SLOTS - FIRST - BUFFER);
	all_out();
	is(nr_resident(), BUFFER, "they keep their frames, through pressure and PAGE_OUT");
	is(zone_stats(&zone).resident_frames, BUFFER, "and no others do");
	is(pattern_bad(&zone, pattern, FIRST, BUFFER), 0, "their contents are right");
	is(while_evicting(IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED), 0,
	   "READ_FIXED and WRITE_FIXED while the range is being evicted");
	all_out();
	is(nr_resident(), BUFFER, "all that time they kept their frames");
	is(dismiss(), 0, "unregister it");
	all_out();
	is(nr_resident(), 0, "then PAGE_OUT takes them");
	kept("and the contents are right");

	/* Memory that the kernel holds by itself outlives its mapping. */
	is(enroll(&zone, FIRST), 0, "register it again");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, FIRST, BUFFER), BUFFER, "DISCARD it");
	ok(all_zero(slot_at(&zone, FIRST), BUFFER * page_size), "it reads as zeros");
	pattern_fill(&zone, pattern, FIRST, BUFFER);
	is(dismiss(), 0, "unregister it");
	kept("the contents are those written since");
}

static void registered_buffers(void)
{
	long of_zone = enroll_and_dismiss(&zone, FIRST);

	is(enroll_and_dismiss(&memfd, FIRST), 0, "a buffer of a memfd can be registered");
	if (of_zone != -EOPNOTSUPP) {
		is(of_zone, 0, "and one of a zone");
		registered();
		return;
	}
	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, FIRST, BUFFER), BUFFER,
	   "one of a zone is EOPNOTSUPP on this kernel, and holds no frame");
	kept("the contents are right");
	skip("this kernel registers no memory of files", "READ_FIXED and WRITE_FIXED");
}

static int file_open(void)
{
	const char *path = getenv("VMZONE_TEST_BLOCK");
	uint8_t *page = aligned_alloc(page_size, page_size);
	int fd = path && *path ? open(path, O_RDWR | O_DIRECT | O_CLOEXEC) :
				 memfd_create("file", MFD_CLOEXEC);

	for (size_t slot = 0; slot < TWINS_SLOTS; slot++) {
		pattern_make(page, in_file, slot);
		if (pwrite(fd, page, page_size, slot * page_size) != (ssize_t)page_size)
			bail("writing the file");
	}
	free(page);
	return fd;
}

int main(void)
{
	test_begin(60);
	twins_begin();
	if (ring_open()) {
		file = file_open();
		is(while_evicting(IORING_OP_READ, IORING_OP_WRITE), 0,
		   "io_uring reads and writes by address while the range is being evicted");
		registered_buffers();
		close(ring.fd);
	} else {
		skip("no io_uring here", "io_uring");
	}
	twins_end();
	return tap_end();
}
