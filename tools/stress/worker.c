// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker: what it has, how it chooses, and its loop. What a step does follows from
 * the seed, the configuration, the worker and the number of the step; so the same
 * seed makes the same choices, whatever the others do meanwhile.
 */
#define _GNU_SOURCE
#include "stress.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local struct self self;

const struct op ops[] = {
	{ "read", op_read, 160 },
	{ "read of a range", op_read_range, 30 },
	{ "write", op_write, 130 },
	{ "write of a range", op_write_range, 20 },
	{ "DISCARD", op_discard, 8 },
	{ "a punched hole", op_punch, 8 },
	{ "MADV_REMOVE", op_remove, 5 },
	{ "another size", op_truncate, 4 },
	{ "PAGE_IN", op_page_in, 20 },
	{ "PAGE_OUT", op_page_out, 40 },
	{ "fadvise", op_fadvise, 15 },
	{ "madvise", op_madvise, 20 },
	{ "MADV_POPULATE", op_populate, 12 },
	{ "PIN", op_pin, 20 },
	{ "UNPIN", op_unpin, 20 },
	{ "SET of the budget", op_set_frames, 6 },
	{ "SET of the store limit", op_set_store_limit, 3 },
	{ "SET of the policy", op_set_policy, 4 },
	{ "SET of the codec", op_set_codec, 4 },
	{ "SET of several", op_set_some, 3 },
	{ "SET refused", op_set_refused, 3 },
	{ "GET", op_get, 3 },
	{ "mremap", op_mremap, 3 },
	{ "mmap over a part", op_map_again, 8 },
	{ "mmap of a part", op_map_part, 5 },
	{ "mprotect", op_protect, 5 },
	{ "open again", op_reopen, 4 },
	{ "fork", op_fork, 3 },
	{ "a killed child", op_kill, 6 },
	{ "PAGEMAP", op_pagemap, 15 },
	{ "STATS", op_stats, 8 },
	{ "STATS with reset", op_reset, 3 },
	{ "HISTOGRAM", op_histogram, 3 },
	{ "poll", op_poll, 5 },
	{ "fdinfo", op_fdinfo, 2 },
	{ "lseek", op_seek, 8 },
	{ "mincore", op_mincore, 6 },
	{ "a zone of a moment", op_short_zone, 2 },
};
const unsigned int nr_ops = ARRAY_SIZE(ops);

const char *op_name(unsigned int op)
{
	return op < nr_ops ? ops[op].name : "a look at rest";
}

uint64_t any(struct worker *worker, uint64_t limit)
{
	return limit ? random_next(&worker->random) % limit : 0;
}

unsigned int any_zone(struct worker *worker)
{
	return any(worker, shared->config.nr_zones);
}

/* A quarter of the choices falls on a few slots, so that workers meet. */
size_t any_slot(struct worker *worker)
{
	return any(worker, any(worker, 4) ? shared->config.nr_slots : 16);
}

size_t any_range(struct worker *worker, size_t most, size_t *first)
{
	size_t nr = 1 + any(worker, most);

	*first = any(worker, any(worker, 4) ? shared->config.nr_slots - nr + 1 : 16);
	return nr;
}

/* All of them in half of all cases. */
uint8_t any_blocks(struct worker *worker)
{
	unsigned int first = any(worker, NR_BLOCKS), nr = 1 + any(worker, NR_BLOCKS - first);

	if (any(worker, 2))
		return ALL_BLOCKS;
	return ((1u << nr) - 1) << first;
}

size_t blocks_start(uint8_t blocks)
{
	return __builtin_ctz(blocks) * (page_size / NR_BLOCKS);
}

size_t blocks_end(uint8_t blocks)
{
	return (32 - __builtin_clz(blocks)) * (page_size / NR_BLOCKS);
}

/* At first each one once, so that a short run leaves none out; then by weight. */
static unsigned int any_op(struct worker *worker, uint64_t number)
{
	unsigned int sum = 0, choice, op;

	if (number < nr_ops)
		return (number + worker->number) % nr_ops;
	for (op = 0; op < nr_ops; op++)
		sum += ops[op].weight;
	choice = any(worker, sum);
	for (op = 0; choice >= ops[op].weight; op++)
		choice -= ops[op].weight;
	return op;
}

static void wait_while_paused(void)
{
	if (!shared->pause)
		return;
	shared->nr_paused++;
	while (shared->pause)
		usleep(1000);
	shared->nr_paused--;
}

static void step(struct worker *worker, uint64_t number)
{
	struct worker_state *state = &shared->workers[worker->number];
	uint64_t seed = test_seed;

	worker->random = random_next(&seed) ^ (uint64_t)shared->config.number << 48 ^
			 (uint64_t)worker->number << 40 ^ number;
	self.op = any_op(worker, number);
	state->op = self.op;
	state->since_ns = now_ns();
	if (ops[self.op].run(worker))
		shared->nr_ops[self.op]++;
	state->since_ns = 0;
	state->nr_steps = number + 1;
}

/* So that the next configuration finds no pins; whatever they say, it is checked there. */
static void unpin_all(struct worker *worker)
{
	while (worker->nr_pins)
		op_unpin(worker);
}

static void *must_alloc(size_t nr_pages)
{
	void *pages = aligned_alloc(page_size, nr_pages * page_size);

	if (!pages)
		bail("aligned_alloc");
	return pages;
}

void worker_equip(struct worker *worker)
{
	for (unsigned int zone = 0; zone < shared->config.nr_zones; zone++) {
		worker->views[zone] = (struct zone) {
			.fd = bases[zone].fd,
			.nr_slots = shared->config.nr_slots,
			.map = zone_map(bases[zone].fd, shared->config.nr_slots),
		};
	}
	worker->page = must_alloc(1);
	worker->plan = must_alloc(MAX_PLAN);
	if (pipe2(worker->pipe, O_CLOEXEC))
		bail("pipe2");
	worker->block = block_path ? open(block_path, O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
	worker->block_at = worker->number * page_size;
	worker->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (worker->mem < 0 || (block_path && worker->block < 0))
		bail("open of %s", worker->mem < 0 ? "/proc/self/mem" : block_path);
}

void worker_strip(struct worker *worker)
{
	for (unsigned int zone = 0; zone < shared->config.nr_zones; zone++) {
		if (munmap(worker->views[zone].map, shared->config.nr_slots * page_size))
			found(BAD_CALL, "munmap of a zone: %d", errno);
		if (worker->views[zone].fd != bases[zone].fd)
			close(worker->views[zone].fd);
	}
	free(worker->page);
	free(worker->plan);
	close(worker->pipe[0]);
	close(worker->pipe[1]);
	if (worker->block >= 0)
		close(worker->block);
	close(worker->mem);
}

/* All workers map their zones before any of them changes a size. */
static void wait_for_all(void)
{
	shared->nr_ready++;
	while (shared->nr_ready < shared->nr_workers && !shared->stop)
		usleep(1000);
}

static void *work(void *arg)
{
	struct worker worker = { .number = (uintptr_t)arg };
	struct worker_state *state = &shared->workers[worker.number];

	self.worker = worker.number;
	state->process = getpid();
	state->thread = syscall(SYS_gettid);
	worker_equip(&worker);
	wait_for_all();
	for (uint64_t number = 0; !shared->stop; number++) {
		wait_while_paused();
		step(&worker, number);
	}
	unpin_all(&worker);
	worker_strip(&worker);
	shared->nr_done++;
	return NULL;
}

int workers_run(unsigned int process)
{
	const unsigned int nr = shared->config.nr_threads;
	pthread_t threads[MAX_WORKERS];

	for (unsigned int i = 0; i < nr; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(process * nr + i)))
			bail("pthread_create");
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
