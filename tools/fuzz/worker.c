// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs programs, keeps those that did something new, and makes those that found
 * something shorter. Each program is written to the kernel's log before it runs,
 * so that it can be read there if the kernel does not survive it.
 */
#define _GNU_SOURCE
#include "worker.h"
#include "calls.h"
#include "memory.h"
#include "mutate.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE 900		/* the kernel cuts longer ones */

struct worker {
	struct shared *shared;
	struct tables tables;
	struct context context[2];	/* of the two threads */
	int log;
};

struct run {
	const struct program *program;
	struct worker *worker;
	char what[200];			/* what was found first, or empty */
	size_t nr_new;
};

void found(struct shared *shared, const char *what, const struct program *program)
{
	struct finding *finding;

	for (uint32_t i = 0; i < shared->nr_findings; i++)
		if (!strcmp(shared->finding[i].what, what))
			return;
	if (shared->nr_findings == MAX_FINDINGS)
		return;
	finding = &shared->finding[shared->nr_findings++];
	snprintf(finding->what, sizeof(finding->what), "%s", what);
	program_print(program, "\n", finding->program, sizeof(finding->program));
}

static void log_program(const struct worker *worker, const struct program *program)
{
	char text[PROGRAM_TEXT_MAX], line[LOG_LINE + 64];
	size_t len, done = 0;

	program_print(program, "; ", text, sizeof(text));
	len = strlen(text);
	while (worker->log >= 0 && done < len) {
		int nr = snprintf(line, sizeof(line), "<7>fuzz %llu%s %.*s\n",
				  (unsigned long long)worker->shared->nr_programs,
				  done ? "+" : ":", LOG_LINE, text + done);

		if (write(worker->log, line, nr) < 0)
			return;
		done += LOG_LINE;
	}
}

static const char *const verdict_name[] = {
	[VERDICT_ACCEPTED] = "accepts",
	[VERDICT_OVERRUN] = "writes over",
	[VERDICT_ERROR] = "gives an error that is not the contract's,",
	[VERDICT_WRONG] = "returns",
};

/* Only the main thread judges; the other is there to race. */
static void note(struct run *run, const struct step *step, const struct outcome *outcome,
		 uint32_t before)
{
	struct shared *shared = run->worker->shared;
	uint32_t mark;

	if (outcome->verdict == VERDICT_SKIPPED)
		return;
	shared->nr_calls++;
	shared->nr_succeeded += outcome->result >= 0;
	mark = (step->call * 64 + before) * 160;
	mark += outcome->result < 0 ? -outcome->result % 160 : 0;
	mark %= NR_EDGES;
	run->nr_new += shared->guide >= GUIDE_RESULTS && !shared->results[mark];
	shared->nr_results += !shared->results[mark];
	shared->results[mark] = 1;
	if (outcome->verdict != VERDICT_FINE && !*run->what)
		snprintf(run->what, sizeof(run->what), "%s %s %s", calls[step->call].name,
			 verdict_name[outcome->verdict], outcome->why);
}

static void run_steps(struct run *run, uint32_t first, uint32_t end)
{
	uint32_t before = first ? run->program->step[first - 1].call : 0;

	for (uint32_t i = first; i < end; i++) {
		const struct step *step = &run->program->step[i];
		struct outcome outcome = call_run(&run->worker->context[0], step);

		note(run, step, &outcome, before);
		before = step->call;
		poke(&run->worker->shared->progress, run->worker->shared->progress + 1);
	}
}

/* The other thread does the same from the middle on. */
static void *run_other(void *arg)
{
	struct run *run = arg;
	const struct program *program = run->program;
	uint32_t nr = program->nr - program->race;

	for (uint32_t i = 0; i < nr; i++)
		call_run(&run->worker->context[1],
			 &program->step[program->race + (i + nr / 2) % nr]);
	return NULL;
}

static void run_race(struct run *run)
{
	struct worker *worker = run->worker;
	pthread_t thread;

	worker->tables.racing = true;
	if (pthread_create(&thread, NULL, run_other, run))
		bail("pthread_create");
	run_steps(run, run->program->race, run->program->nr);
	pthread_join(thread, NULL);
	worker->tables.racing = false;
	worker->shared->nr_raced++;
}

/* A named zone stays until its node goes. */
static void remove_nodes(struct tables *tables)
{
	static const char *const nodes[] = { "/dev/vmzone-fz-a", "/dev/vmzone-fz-b", "/dev/vmzone-." };
	struct vmzone_destroy destroy = { .size = sizeof(destroy) };

	if (!tables->named)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		int fd = open(nodes[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		ioctl(fd, VMZONE_IOC_DESTROY, &destroy);
		close(fd);
	}
	tables->named = false;
}

static void run_program(struct run *run)
{
	struct worker *worker = run->worker;
	const struct program *program = run->program;
	struct shared *shared = worker->shared;
	uint32_t race = program->race < program->nr ? program->race : program->nr;
	size_t nr_edges;

	*run->what = '\0';
	run->nr_new = 0;
	shared->current = *program;
	log_program(worker, program);
	kcov_start();
	run_steps(run, 0, race);
	if (race < program->nr)
		run_race(run);
	tables_clear(&worker->tables);
	nr_edges = kcov_stop(shared->edges);
	remove_nodes(&worker->tables);
	shared->nr_edges += nr_edges;
	run->nr_new += shared->guide >= GUIDE_PLACES ? nr_edges : 0;
	shared->nr_programs++;
}

/* Whether a program does it again; one with a race may need more than one attempt. */
static bool reproduces(struct worker *worker, const struct program *program, const char *what)
{
	for (int i = 0; i < (program->race < program->nr ? 5 : 1); i++) {
		struct run run = { .program = program, .worker = worker };

		run_program(&run);
		if (!strcmp(run.what, what))
			return true;
	}
	return false;
}

/* Takes out what need not be there, and makes usual what need not be unusual. */
static struct program shortest(struct worker *worker, struct program program, const char *what)
{
	struct program shorter = program;

	shorter.race = MAX_STEPS;
	if (reproduces(worker, &shorter, what))
		program = shorter;
	for (uint32_t i = program.nr; i-- > 0;) {
		shorter = program;
		remove_step(&shorter, i);
		if (reproduces(worker, &shorter, what))
			program = shorter;
	}
	for (uint32_t i = 0; i < program.nr * MAX_ARGS; i++) {
		struct step *step = &program.step[i / MAX_ARGS];
		uint64_t usual = calls[step->call].args[i % MAX_ARGS].usual;

		if (step->arg[i % MAX_ARGS] == usual)
			continue;
		shorter = program;
		shorter.step[i / MAX_ARGS].arg[i % MAX_ARGS] = usual;
		if (reproduces(worker, &shorter, what))
			program = shorter;
	}
	return program;
}

static void run_and_keep(struct worker *worker, const struct program *program, bool keep)
{
	struct shared *shared = worker->shared;
	struct run run = { .program = program, .worker = worker };

	run_program(&run);
	if (*run.what) {
		struct program shorter = shortest(worker, *program, run.what);

		found(shared, run.what, &shorter);
	}
	if (!keep || !run.nr_new)
		return;
	if (shared->nr_pool < MAX_POOL)
		shared->pool[shared->nr_pool++] = *program;
	else
		shared->pool[shared->nr_corpus + random_next(&shared->state) %
			     (MAX_POOL - shared->nr_corpus)] = *program;
}

/* An old program changed, of those that were kept last rather than the first. */
static void run_new(struct worker *worker)
{
	struct shared *shared = worker->shared;
	uint64_t random = random_next(&shared->state);
	struct program program;
	uint32_t from = random % shared->nr_pool;

	if (random >> 32 & 1)
		from = shared->nr_pool - 1 - from % (shared->nr_pool / 4 + 1);
	if ((random >> 33) % 8 == 0) {
		generate(&program, &shared->state);
	} else {
		program = shared->pool[from];
		mutate(&program, &shared->pool[(random >> 40) % shared->nr_pool], &shared->state);
	}
	run_and_keep(worker, &program, true);
}

int worker_body(void *arg)
{
	static struct worker worker;
	const struct job *job = arg;
	time_t end = time(NULL) + job->seconds;

	worker.shared = job->shared;
	worker.log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	tables_init(&worker.tables);
	worker.tables.unprivileged = job->unprivileged;
	for (size_t i = 0; i < ARRAY_SIZE(worker.context); i++) {
		worker.context[i].tables = &worker.tables;
		area_init(&worker.context[i].area);
	}
	job->shared->has_kcov = kcov_open();
	if (job->unprivileged) {
		drop_capability(CAP_SYS_ADMIN);
		drop_capability(CAP_SYS_RESOURCE);
	}
	if (job->program) {
		for (uint64_t i = 0; i < job->times; i++)
			run_and_keep(&worker, job->program, false);
		return 0;
	}
	for (uint64_t i = 0; i < job->times && time(NULL) < end; i++)
		run_new(&worker);
	return 0;
}
