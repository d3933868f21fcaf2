// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways to a slot's bytes: the mapping, system calls, direct I/O between it and
 * a block device, another process's memory, a pipe. All give one of the same few
 * results, since to the model they are the same.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

enum door { BY_MAP, BY_CALL, BY_VECTOR, BY_DIRECT, BY_PROCESS, BY_MEM, BY_PIPE };

/* The mapping is what most programs use. */
static enum door any_door(struct worker *worker, bool write)
{
	unsigned int choice = any(worker, 12);

	switch (choice) {
	case 0 ... 4:
		return BY_MAP;
	case 5 ... 6:
		return BY_CALL;
	case 7:
		return BY_VECTOR;
	case 8:
		return worker->block < 0 ? BY_CALL : BY_DIRECT;
	case 9:
		return BY_PROCESS;
	case 10:
		return BY_MEM;
	default:
		return write ? BY_MAP : BY_PIPE;
	}
}

/* Of a call that moves bytes: all, or none at the zone's end, or an error. */
static int result(ssize_t ret, size_t len)
{
	if (ret == (ssize_t)len)
		return 0;
	if (ret < 0)
		return errno == ENOSPC ? -ENODATA : -errno;
	return ret ? -EBADE : -ENODATA;
}

static int copy_result(int signal_nr)
{
	if (!signal_nr)
		return 0;
	return signal_nr == SIGBUS ? -EFAULT : -ENXIO;
}

/* /proc/PID/mem says EIO of a page that it cannot get, whatever the reason. */
static int mem_result(ssize_t ret, size_t len)
{
	return ret < 0 && errno == EIO ? -EFAULT : result(ret, len);
}

/* main(), or any other process; one that is gone is no error of the zone's. */
static pid_t any_process(struct worker *worker)
{
	unsigned int number = any(worker, shared->nr_workers + 1);

	return number == shared->nr_workers ? shared->main : shared->workers[number].process;
}

static int by_process(struct worker *worker, unsigned int zone, size_t slot, size_t start,
		      void *local, size_t len, bool write)
{
	struct iovec here = { local, len };
	struct iovec there = { bases[zone].map + slot * page_size + start, len };
	pid_t pid = any_process(worker);
	ssize_t ret = write ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			      process_vm_readv(pid, &here, 1, &there, 1, 0);

	return ret < 0 && errno == ESRCH ? -ESRCH : result(ret, len);
}

static int read_by_pipe(struct worker *worker, uint8_t *from, void *page)
{
	struct iovec part = { from, page_size };
	int ret = result(vmsplice(worker->pipe[1], &part, 1, 0), page_size);

	if (ret)
		return ret;
	if (any(worker, 2))
		usleep(any(worker, 500));
	return result(read(worker->pipe[0], page, page_size), page_size);
}

int door_read(struct worker *worker, unsigned int zone, size_t slot, void *page)
{
	struct zone *view = &worker->views[zone];
	uint8_t *from = slot_at(view, slot);
	off_t at = slot * page_size;
	size_t cut = 1 + any(worker, page_size - 1);
	struct iovec parts[2] = { { page, cut }, { (char *)page + cut, page_size - cut } };
	int ret;

	switch (any_door(worker, false)) {
	case BY_MAP:
		return copy_result(copy_guarded(page, from, page_size));
	case BY_CALL:
		return result(pread(view->fd, page, page_size, at), page_size);
	case BY_VECTOR:
		return result(preadv(view->fd, parts, 2, at), page_size);
	case BY_DIRECT:
		ret = result(pwrite(worker->block, from, page_size, worker->block_at), page_size);
		return ret ? ret : result(pread(worker->block, page, page_size, worker->block_at),
					  page_size);
	case BY_PROCESS:
		ret = by_process(worker, zone, slot, 0, page, page_size, false);
		return ret == -ESRCH ? copy_result(copy_guarded(page, from, page_size)) : ret;
	case BY_MEM:
		return mem_result(pread(worker->mem, page, page_size, (uintptr_t)from), page_size);
	default:
		return read_by_pipe(worker, from, page);
	}
}

int door_write(struct worker *worker, unsigned int zone, size_t slot, uint8_t blocks,
	       const void *page)
{
	struct zone *view = &worker->views[zone];
	size_t start = blocks_start(blocks), len = blocks_end(blocks) - start;
	uint8_t *to = slot_at(view, slot) + start;
	char *from = (char *)page + start;
	off_t at = slot * page_size + start;
	size_t cut = 1 + any(worker, len - 1);
	struct iovec parts[2] = { { from, cut }, { from + cut, len - cut } };
	int ret;

	switch (any_door(worker, true)) {
	case BY_MAP:
		return copy_result(copy_guarded(to, from, len));
	case BY_CALL:
		return result(pwrite(view->fd, from, len, at), len);
	case BY_VECTOR:
		return result(pwritev(view->fd, parts, 2, at), len);
	case BY_DIRECT:
		ret = result(pwrite(worker->block, from, len, worker->block_at), len);
		return ret ? ret : result(pread(worker->block, to, len, worker->block_at), len);
	case BY_PROCESS:
		ret = by_process(worker, zone, slot, start, from, len, true);
		return ret == -ESRCH ? copy_result(copy_guarded(to, from, len)) : ret;
	case BY_MEM:
		return mem_result(pwrite(worker->mem, from, len, (uintptr_t)to), len);
	default:
		return -ENXIO;
	}
}
