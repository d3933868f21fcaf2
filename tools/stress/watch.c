// SPDX-License-Identifier: GPL-2.0-only
/*
 * What main() does while the workers work: samples, pauses with a look at rest, and a
 * look-out for whoever hangs or dies.
 */
#define _GNU_SOURCE
#include "stress.h"
#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLE_US	10000
#define PAUSE_NS	700000000ULL	/* from one pause to the next, */
#define PAUSE_FACTOR	3		/* and so many times as long as one takes */
/* On a slow machine a configuration takes longer, but not for ever. */
#define MIN_STEPS	200		/* of each worker */
#define MAX_FACTOR	10

/* Where in the kernel a thread is, line by line. */
static void tell_stack(pid_t process, pid_t thread)
{
	char path[80], line[200];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stack", process, thread);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		diag("    %.*s", (int)strcspn(line, "\n"), line);
	if (file)
		fclose(file);
}

/* Whether a worker is at the same operation for too long. */
static bool is_stuck(void)
{
	uint64_t now = now_ns();
	bool any_hangs = false;

	for (unsigned int i = 0; i < shared->nr_workers; i++) {
		struct worker_state *state = &shared->workers[i];
		uint64_t since = state->since_ns;

		if (!since || now < since || now - since < patience_s * 1000000000ULL)
			continue;
		any_hangs = true;
		diag("seed %llu, configuration %u, worker %u, step %lu: %s hangs since %llu s",
		     (unsigned long long)test_seed, shared->config.number, i, state->nr_steps,
		     op_name(state->op), (unsigned long long)((now - since) / 1000000000));
		tell_stack(state->process, state->thread);
	}
	return any_hangs;
}

/* Whether a process of workers is gone, which it is only after it was told to. */
static bool dies(const pid_t *processes)
{
	for (unsigned int i = 0; i < shared->config.nr_processes; i++) {
		siginfo_t info = {};

		if (waitid(P_PID, processes[i], &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
			continue;
		if (info.si_code == CLD_EXITED && !info.si_status && shared->stop)
			continue;
		diag("process %u of workers is gone: code %d, status %d", i, info.si_code,
		     info.si_status);
		return true;
	}
	return false;
}

/* Until so many workers stand still or are done. */
static bool wait_for_workers(const pid_t *processes, bool done)
{
	for (unsigned int i = 0;; i++) {
		unsigned int nr = shared->nr_done + (done ? 0 : (unsigned int)shared->nr_paused);

		if (nr >= shared->nr_workers)
			return true;
		if (i % 100 == 99 && (is_stuck() || dies(processes)))
			return false;
		usleep(1000);
	}
}

static bool have_pause(struct worker *worker, const pid_t *processes, uint64_t number)
{
	bool good;

	shared->pause = true;
	good = wait_for_workers(processes, false);
	if (good && !shared->stop) {
		worker->random = test_seed ^ (uint64_t)shared->config.number << 48 ^ number;
		look_at_rest(worker, false);
	}
	shared->pause = false;
	return good;
}

static bool is_enough(uint64_t start, double seconds)
{
	double passed = (now_ns() - start) / 1e9;

	if (passed < seconds)
		return false;
	for (unsigned int i = 0; i < shared->nr_workers; i++)
		if (shared->workers[i].nr_steps < MIN_STEPS)
			return passed >= seconds * MAX_FACTOR;
	return true;
}

bool watch(struct worker *worker, const pid_t *processes, double seconds)
{
	uint64_t start = now_ns(), next = start + PAUSE_NS;
	bool good = true;

	while (good && !shared->stop && !is_enough(start, seconds)) {
		usleep(SAMPLE_US);
		sample_all();
		if (now_ns() >= next) {
			uint64_t before = now_ns();

			good = have_pause(worker, processes, next - start);
			next = now_ns() + PAUSE_NS + PAUSE_FACTOR * (now_ns() - before);
		}
		good = good && !is_stuck() && !dies(processes);
	}
	shared->stop = true;
	return good && wait_for_workers(processes, true);
}
