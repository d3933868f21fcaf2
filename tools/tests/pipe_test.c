// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what pipes do with a zone: pages given by vmsplice(2), also as a gift,
 * cannot be taken from it, by splice with SPLICE_F_MOVE or otherwise; tee and
 * splice hand on what it wrote; and which of splice, sendfile and
 * copy_file_range work on its descriptor.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR 8UL			/* half of what a pipe holds */

static int ends[2], more_ends[2];

static long give(const struct zone *map, long first, unsigned int flags)
{
	struct iovec slots = { .iov_base = slot_at(map, first), .iov_len = NR * page_size };

	return or_errno(vmsplice(ends[1], &slots, 1, flags));
}

/* Whether a descriptor gives NR slots as they are. */
static long bad_from(int fd, size_t first)
{
	uint8_t page[page_size];
	long bad = 0;

	for (size_t slot = first; slot < first + NR; slot++) {
		for (size_t got = 0; got < page_size;) {
			ssize_t len = read(fd, page + got, page_size - got);

			if (len <= 0)
				return -EPIPE;
			got += len;
		}
		bad += !pattern_good(page, pattern, slot);
	}
	return bad;
}

static long gift(const struct zone *map, long first)
{
	long ret = give(map, first, SPLICE_F_GIFT);

	if (ret < 0)
		return ret;
	all_out();
	return bad_from(ends[0], first);
}

static int file_open(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		bail("open of a file in %s", folder);
	return fd;
}

/* A gift, moved to a file: what is written to the mapping then is not the file's. */
static long gift_moved(const struct zone *map, long first)
{
	struct pattern newer = { .fill = FILL_NOISE, .id = 2 };
	int file = file_open("/tmp");
	long ret = give(map, first, SPLICE_F_GIFT);
	long bad;

	if (ret < 0)
		return ret;
	for (size_t done = 0; done < NR * page_size;) {
		ret = splice(ends[0], NULL, file, NULL, NR * page_size - done, SPLICE_F_MOVE);
		if (ret <= 0)
			return -errno;
		done += ret;
	}
	pattern_fill(map, newer, first, NR);
	all_out();
	lseek(file, 0, SEEK_SET);
	bad = bad_from(file, first);
	bad += pattern_bad(map, newer, first, NR);
	close(file);
	pattern_fill(map, pattern, first, NR);
	return bad;
}

static long teed(const struct zone *map, long first)
{
	long ret = give(map, first, 0);

	if (ret < 0)
		return ret;
	ret = or_errno(tee(ends[0], more_ends[1], NR * page_size, 0));
	if (ret != (long)(NR * page_size))
		return ret;
	all_out();
	return bad_from(ends[0], first) + bad_from(more_ends[0], first);
}

/* From one pipe to the other, and into a mapping of other slots. */
static long handed_on(const struct zone *map, long first)
{
	uint8_t *to = slot_at(map, first + NR);
	long ret = give(map, first, 0);

	if (ret < 0)
		return ret;
	ret = or_errno(splice(ends[0], NULL, more_ends[1], NULL, NR * page_size, SPLICE_F_MOVE));
	if (ret != (long)(NR * page_size))
		return ret;
	all_out();
	for (size_t done = 0; done < NR * page_size;) {
		ret = read(more_ends[0], to + done, NR * page_size - done);
		if (ret <= 0)
			return -errno;
		done += ret;
	}
	all_out();
	ret = 0;
	for (size_t i = 0; i < NR; i++)
		ret += !pattern_good(to + i * page_size, pattern, first + i);
	pattern_fill(map, pattern, first + NR, NR);
	return ret;
}

/* vmsplice the other way: a pipe read into a mapping. */
static long taken(const struct zone *map, long first)
{
	struct iovec slots = { .iov_base = slot_at(map, first), .iov_len = NR * page_size };
	uint8_t page[page_size];

	for (size_t slot = first; slot < first + NR; slot++) {
		pattern_make(page, pattern, slot);
		if (write(ends[1], page, page_size) != (ssize_t)page_size)
			return -errno;
	}
	memset(slots.iov_base, 0, slots.iov_len);
	all_out();
	if (vmsplice(ends[0], &slots, 1, 0) != (ssize_t)slots.iov_len)
		return -errno;
	all_out();
	return pattern_bad(map, pattern, first, NR);
}

static void pages_in_pipes(void)
{
	both(gift, 0, 0, "vmsplice with SPLICE_F_GIFT");
	both(gift_moved, NR, 0, "a gift moved to a file by SPLICE_F_MOVE is a copy");
	both(teed, 0, 0, "tee of what vmsplice gave");
	both(handed_on, 2 * NR, 0, "splice to another pipe, and read into other slots");
	both(taken, NR, 0, "vmsplice from a pipe into slots");
	kept("the contents are right");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, 8), 8, "no frame is held any more");
	pattern_fill(&zone, pattern, 0, 8);
}

/* What is in the pipes is not wanted. */
static long drained(long ret)
{
	static uint8_t bin[64 * 4096];

	if (ret > 0 && read(ends[0], bin, sizeof(bin)) < 0)
		bail("read of a pipe");
	return ret < 0 ? ret : 0;
}

static long splice_out(const struct zone *map, long nr)
{
	off_t at = 0;
	loff_t *offset = &at;

	return drained(or_errno(splice(map->fd, offset, ends[1], NULL, nr * page_size, 0)));
}

static long splice_in(const struct zone *map, long slot)
{
	off_t at = slot * page_size;
	uint8_t page[page_size];
	long ret;

	pattern_make(page, pattern, slot);
	if (write(ends[1], page, page_size) != (ssize_t)page_size)
		return -errno;
	ret = or_errno(splice(ends[0], NULL, map->fd, &at, page_size, 0));
	return ret < 0 ? drained(page_size), ret : 0;
}

static long send_out(const struct zone *map, long nr)
{
	off_t at = 0;
	int file = file_open("/tmp");
	long ret = or_errno(sendfile(file, map->fd, &at, nr * page_size));

	close(file);
	return ret < 0 ? ret : 0;
}

static long copy_out(const struct zone *map, long nr)
{
	off_t at = 0;
	int file = file_open("/tmp");
	long ret = or_errno(copy_file_range(map->fd, &at, file, NULL, nr * page_size, 0));

	close(file);
	return ret < 0 ? ret : 0;
}

/* From the first slots to the last, which have the pattern again afterwards. */
static long copy_within(const struct zone *map, long nr)
{
	off_t from = 0, to = (map->nr_slots - nr) * page_size;
	long ret = or_errno(copy_file_range(map->fd, &from, map->fd, &to, nr * page_size, 0));

	pattern_fill(map, pattern, map->nr_slots - nr, nr);
	return ret < 0 ? ret : 0;
}

/* A socket that takes pages: send of the mapping. */
static long sent(const struct zone *map, long first)
{
	int sockets[2];
	long ret;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return -errno;
	ret = or_errno(send(sockets[0], slot_at(map, first), NR * page_size, 0));
	if (ret != (long)(NR * page_size))
		return ret;
	all_out();
	ret = bad_from(sockets[1], first);
	close(sockets[0]);
	close(sockets[1]);
	return ret;
}

static void descriptors(void)
{
	differ(splice_out, 4, -EINVAL, 0, "splice of a zone's descriptor to a pipe: EINVAL");
	differ(splice_in, 4, -EINVAL, 0, "splice of a pipe to it: EINVAL");
	differ(send_out, 4, -EINVAL, 0, "sendfile from it: EINVAL");
	differ(copy_within, 4, -EINVAL, 0, "copy_file_range within it: EINVAL");
	same(copy_out, 4, "copy_file_range from it to another file system");
	both(sent, 4, 0, "send of a mapping to a socket");
	kept("the contents are right");
}

int main(void)
{
	test_begin(60);
	if (pipe(ends) || pipe(more_ends))
		bail("pipe");
	twins_begin();
	pages_in_pipes();
	descriptors();
	twins_end();
	return tap_end();
}
