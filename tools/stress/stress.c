// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress of vmzone against a model: processes and threads do every operation there is
 * on zones that they share, chosen by a seed, and a model says at any time what every
 * page may hold. See docs/stress.md.
 */
#define _GNU_SOURCE
#include "stress.h"
#include "tap.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MIN_CONFIG_S	5.0
#define MAX_CONFIG_S	60.0
#define CONFIGS		8	/* in a run that is neither short nor long */

struct shared *shared;
struct base bases[MAX_ZONES];
const char *block_path;
unsigned int patience_s = 60;

static double run_seconds = 120;
static long only = -1;
static atomic_ulong *op_counts;

static const struct argp_option options[] = {
	{ "seconds", 's', "N", 0, "how long to run (120)", 0 },
	{ "seed", 'r', "SEED", 0, "what all choices follow from (a new one each time)", 0 },
	{ "configuration", 'c', "N", 0, "only that one of the seed's configurations", 0 },
	{ "block", 'b', "PATH", 0, "a block device that may be overwritten, for direct I/O", 0 },
	{ "patience", 'p', "N", 0, "seconds until a call that does not return is a hang (60)", 0 },
	{ 0 },
};

static double number_of(const char *arg, double low, double high, struct argp_state *state)
{
	char *end;
	double value = strtod(arg, &end);

	if (*end || end == arg || !(value >= low && value <= high))
		argp_error(state, "`%s' is not a number from %g to %g", arg, low, high);
	return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 's':
		run_seconds = number_of(arg, 1, 1e6, state);
		return 0;
	case 'r':
		setenv("VMZONE_TEST_SEED", arg, 1);
		return 0;
	case 'c':
		only = number_of(arg, 0, 1e6, state);
		return 0;
	case 'b':
		block_path = arg;
		return 0;
	case 'p':
		patience_s = number_of(arg, 1, 1e6, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Does every operation of vmzone at random, by several processes and threads at once,\n"
	       "checks every byte against a model, and prints what came of it as TAP.\v"
	       "A run is cut into configurations of 5 to 60 seconds: zones of each policy and codec,\n"
	       "roomy ones, with a store that gets full, with many pins, with few frames. The seed\n"
	       "makes all choices; what happens between them is up to the machine. It ends with\n"
	       "status 0 if nothing was wrong.\n",
};

static void make_zone(const struct config *config, unsigned int number)
{
	struct vmzone_create create = {
		.size = sizeof(create),
		.flags = config->flags[number],
		.bytes = config->nr_slots * page_size,
		.frames = config->frames,
		.store_limit = config->store_limit,
		.policy = config->policy[number],
		.codec = config->codec[number],
	};
	struct zone_model *model = &shared->zones[number];
	struct base *base = &bases[number];

	base->path[0] = 0;
	if (create.flags & VMZONE_CREATE_NAMED) {
		snprintf(create.name, sizeof(create.name), "stress-%d", getpid());
		snprintf(base->path, sizeof(base->path), "/dev/vmzone-%s", create.name);
	}
	base->fd = zone_create(&create);
	if (base->fd < 0)
		bail("VMZONE_IOC_CREATE: %d", base->fd);
	base->map = zone_map(base->fd, config->nr_slots);
	model_init(model, number, config->nr_slots);
	model->frames = model->frames_next = model->frames_highest = config->frames;
	model->store_limit = config->store_limit;
	model->policy = config->policy[number];
	model->codec = config->codec[number];
}

static void end_zone(const struct config *config, unsigned int number)
{
	struct vmzone_destroy destroy = { .size = sizeof(destroy) };
	struct base *base = &bases[number];

	if (base->path[0] && ioctl(base->fd, VMZONE_IOC_DESTROY, &destroy))
		found(BAD_CALL, "DESTROY: %d", errno);
	if (munmap(base->map, config->nr_slots * page_size) || close(base->fd))
		found(BAD_CALL, "munmap and close of a zone: %d", errno);
}

static void begin(const struct config *config)
{
	memset(shared, 0, sizeof(*shared));
	shared->config = *config;
	shared->main = getpid();
	shared->nr_ops = op_counts;
	shared->nr_workers = config->nr_processes * config->nr_threads;
	for (unsigned int zone = 0; zone < config->nr_zones; zone++)
		make_zone(config, zone);
}

static int run_process(void *arg)
{
	return workers_run((uintptr_t)arg);
}

static void tell_results(const struct config *config, bool ended)
{
	static const char *const line[NR_FINDINGS] = {
		[BAD_CONTENTS] = "every page is right at every time",
		[BAD_CALL] = "every call answers as it should",
		[BAD_SIGNAL] = "no touch, read or write fails that should not",
		[BAD_SAMPLE] = "every snapshot of the counters holds",
		[BAD_PAUSE] = "at rest all views agree, and nothing is left at the end",
	};
	struct tally *tally = &shared->tally;
	unsigned long nr_steps = 0, touches = 0, calls = 0;
	char text[300];

	config_text(config, text, sizeof(text));
	for (unsigned int i = 0; i < shared->nr_workers; i++)
		nr_steps += shared->workers[i].nr_steps;
	for (unsigned int zone = 0; zone < config->nr_zones; zone++) {
		touches += shared->refused_touches[zone];
		calls += shared->refused_calls[zone];
	}
	diag("configuration %u: %s", config->number, text);
	diag("  %lu steps; %lu pages as the one thing, %lu as one of several that they may be, %lu undecided",
	     nr_steps, tally->verdicts[RIGHT], tally->verdicts[RIGHT_EITHER],
	     tally->verdicts[UNDECIDED]);
	diag("  %lu refused for want of room, of them %lu touches and %lu calls where there might have been some",
	     tally->refused, touches, calls);
	diag("  %lu past the end; %lu forked, %lu killed; %lu samples, %lu looks at rest",
	     tally->past_end, tally->forked, tally->killed, tally->samples, tally->pauses);
	for (unsigned int i = 0; i < NR_FINDINGS; i++)
		is(shared->found[i], 0, "configuration %u: %s", config->number, line[i]);
	ok(tally->verdicts[UNDECIDED] * 100 <= nr_steps,
	   "configuration %u: fewer undecided pages than one for 100 steps", config->number);
	ok(ended && nr_steps && tally->pauses,
	   "configuration %u: all workers come to their end, and there was a look at rest",
	   config->number);
}

/* Returns whether another configuration makes sense. */
static bool run(const struct config *config, double seconds)
{
	struct worker worker = {};
	pid_t processes[MAX_PROCESSES];
	bool ended;

	begin(config);
	worker.number = shared->nr_workers;
	worker_equip(&worker);
	for (uintptr_t i = 0; i < config->nr_processes; i++)
		processes[i] = child_start(run_process, (void *)i);
	ended = watch(&worker, processes, seconds);
	for (unsigned int i = 0; i < config->nr_processes; i++) {
		if (!ended)
			kill(processes[i], SIGKILL);
		child_wait(processes[i]);
	}
	if (ended)
		look_at_rest(&worker, true);
	worker_strip(&worker);
	for (unsigned int zone = 0; zone < config->nr_zones; zone++)
		end_zone(config, zone);
	tell_results(config, ended);
	return ended;
}

/* Each operation must have been done, or its results say nothing. */
static void tell_ops(void)
{
	unsigned int nr_missing = 0;

	for (unsigned int op = 0; op < nr_ops; op++) {
		diag("%10lu times %s", op_counts[op], ops[op].name);
		nr_missing += !op_counts[op];
	}
	is(nr_missing, 0, "each of the %u operations was done", nr_ops);
}

static void *must_share(size_t len)
{
	void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		bail("mmap");
	return map;
}

int main(int argc, char **argv)
{
	double each, start;
	bool going = true;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	test_begin(run_seconds * 3 + 10 * patience_s);
	shared = must_share(sizeof(*shared));
	op_counts = must_share(nr_ops * sizeof(*op_counts));
	each = run_seconds / CONFIGS;
	each = each < MIN_CONFIG_S ? MIN_CONFIG_S : each > MAX_CONFIG_S ? MAX_CONFIG_S : each;
	start = now_ns() / 1e9;
	for (unsigned int i = only < 0 ? 0 : only; going; i++) {
		struct config config = config_make(i);

		going = run(&config, only < 0 ? each : run_seconds) && only < 0 &&
			now_ns() / 1e9 - start < run_seconds;
	}
	if (only < 0)
		tell_ops();
	return tap_end();
}
