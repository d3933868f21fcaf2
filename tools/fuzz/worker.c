// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs programs, keeps those that did something new, and makes those that found
 * something shorter. Each program is written to the kernel's log before it runs,
 * so that it can be read there if the kernel does not survive it.
 *
 * What is made up follows from the seed, the program's number, and the programs
 * that there are by then; no clock has a say.
 */
#define _GNU_SOURCE
#include "worker.h"
#include "calls.h"
#include "memory.h"
#include "mutate.h"
#include "params.h"
#include "shorten.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE 900		/* the kernel cuts longer ones */

struct worker;

/* One of the two that run a program. */
struct thread {
	struct worker *worker;
	struct context context;
	struct kcov kcov;
	char what[200];			/* what was found first, or empty */
	size_t nr_new;			/* marks */
};

struct worker {
	struct shared *shared;
	const struct program *program;	/* that runs */
	struct tables tables;
	struct thread thread[2];
	int log;
};

bool is_found(const struct shared *shared, const char *what)
{
	for (uint32_t i = 0; i < shared->nr_findings; i++)
		if (!strcmp(shared->finding[i].what, what))
			return true;
	return false;
}

void found(struct shared *shared, const char *what, const struct program *program)
{
	struct finding *finding;

	if (is_found(shared, what) || shared->nr_findings == MAX_FINDINGS)
		return;
	finding = &shared->finding[shared->nr_findings];
	snprintf(finding->what, sizeof(finding->what), "%s", what);
	program_print(program, "\n", finding->program, sizeof(finding->program));
	shared->nr_findings++;
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

/* By both threads. */
static void count(uint64_t *counter, uint64_t nr)
{
	__atomic_fetch_add(counter, nr, __ATOMIC_RELAXED);
}

static void note(struct thread *thread, const struct step *step, const struct outcome *outcome,
		 uint32_t before)
{
	struct shared *shared = thread->worker->shared;
	uint32_t mark;
	bool is_new;

	if (outcome->verdict == VERDICT_SKIPPED)
		return;
	count(&shared->nr_calls, 1);
	count(&shared->nr_succeeded, outcome->result >= 0);
	count(&shared->made[step->call], 1);
	count(&shared->made_racing[step->call], thread->worker->tables.racing);
	mark = (step->call * 64 + before) * 160;
	mark += outcome->result < 0 ? -outcome->result % 160 : 0;
	is_new = !__atomic_exchange_n(&shared->results[mark % NR_EDGES], 1, __ATOMIC_RELAXED);
	thread->nr_new += is_new && shared->guide >= GUIDE_RESULTS;
	count(&shared->nr_results, is_new);
	if (outcome->verdict != VERDICT_FINE && !*thread->what)
		snprintf(thread->what, sizeof(thread->what), "%s %s %s", calls[step->call].name,
			 verdict_name[outcome->verdict], outcome->why);
}

/* Ends what kcov_start() began. */
static void note_places(struct thread *thread)
{
	struct shared *shared = thread->worker->shared;
	size_t nr = kcov_stop(&thread->kcov, shared->edges);

	count(&shared->nr_edges, nr);
	thread->nr_new += shared->guide >= GUIDE_PLACES ? nr : 0;
}

/* From begin on, and from the first again after the last. */
static void run_steps(struct thread *thread, uint32_t first, uint32_t end, uint32_t begin)
{
	const struct program *program = thread->worker->program;
	uint32_t before = first ? program->step[first - 1].call : 0, nr = end - first;

	for (uint32_t i = 0; i < nr; i++) {
		const struct step *step = &program->step[first + (begin + i) % nr];
		struct outcome outcome;

		kcov_start(&thread->kcov);
		outcome = call_run(&thread->context, step);
		note_places(thread);
		note(thread, step, &outcome, before);
		before = step->call;
		count(&thread->worker->shared->progress, 1);
	}
}

/* The other thread does the same from the middle on. */
static void *run_other(void *arg)
{
	struct thread *thread = arg;
	const struct program *program = thread->worker->program;

	kcov_attach(&thread->kcov);
	run_steps(thread, program->race, program->nr, (program->nr - program->race) / 2);
	kcov_detach(&thread->kcov);
	return NULL;
}

static bool is_steady(const struct program *program)
{
	for (uint32_t i = program->race; i < program->nr; i++)
		if (calls[program->step[i].call].swaps)
			return false;
	return true;
}

static void run_race(struct worker *worker)
{
	const struct program *program = worker->program;
	pthread_t thread;

	worker->tables.steady = is_steady(program);
	worker->tables.racing = true;
	if (pthread_create(&thread, NULL, run_other, &worker->thread[1]))
		bail("pthread_create");
	run_steps(&worker->thread[0], program->race, program->nr, 0);
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

static void run_program(struct worker *worker, const struct program *program)
{
	struct shared *shared = worker->shared;
	uint32_t race = program->race < program->nr ? program->race : program->nr;
	struct thread *thread = &worker->thread[0];

	for (size_t i = 0; i < ARRAY_SIZE(worker->thread); i++) {
		*worker->thread[i].what = '\0';
		worker->thread[i].nr_new = 0;
	}
	worker->program = program;
	shared->current = *program;
	log_program(worker, program);
	run_steps(thread, 0, race, 0);
	if (race < program->nr)
		run_race(worker);
	kcov_start(&thread->kcov);
	tables_clear(&worker->tables);
	note_places(thread);
	remove_nodes(&worker->tables);
	if (worker->tables.parameterized)
		params_restore();
	worker->tables.parameterized = false;
	shared->nr_programs++;
}

/* What was found in the program that ran last, or empty. */
static const char *what_was_found(const struct worker *worker)
{
	return *worker->thread[0].what ? worker->thread[0].what : worker->thread[1].what;
}

struct suspicion {
	struct worker *worker;
	char what[200];
};

/* Whether a program does it again; one with a race may need more than one attempt. */
static bool finds_it(const struct program *program, void *arg)
{
	const struct suspicion *suspicion = arg;
	struct worker *worker = suspicion->worker;

	for (int i = 0; i < (program->race < program->nr ? 5 : 1); i++) {
		run_program(worker, program);
		for (size_t j = 0; j < ARRAY_SIZE(worker->thread); j++)
			if (!strcmp(worker->thread[j].what, suspicion->what))
				return true;
	}
	return false;
}

/* Return: whether it reached something new. */
static bool run_and_judge(struct worker *worker, const struct program *program)
{
	struct shared *shared = worker->shared;
	struct suspicion suspicion = { .worker = worker };
	struct program shortest;
	bool is_new;

	if (shared->nr_ran < BATCH_PROGRAMS)
		shared->ran[shared->nr_ran++] = *program;
	run_program(worker, program);
	is_new = worker->thread[0].nr_new || worker->thread[1].nr_new;
	snprintf(suspicion.what, sizeof(suspicion.what), "%s", what_was_found(worker));
	if (*suspicion.what && !is_found(shared, suspicion.what)) {
		shortest = shorten(*program, finds_it, &suspicion);
		found(shared, suspicion.what, &shortest);
	}
	return is_new;
}

static void keep(struct shared *shared, const struct program *program, uint64_t *state)
{
	if (shared->nr_pool < MAX_POOL)
		shared->pool[shared->nr_pool++] = *program;
	else
		shared->pool[shared->nr_corpus + random_next(state) %
			     (MAX_POOL - shared->nr_corpus)] = *program;
}

/* An old program changed, of those that were kept last rather than the first. */
static void run_new(struct worker *worker, uint64_t number)
{
	struct shared *shared = worker->shared;
	uint64_t state = shared->seed ^ number << 32;
	uint64_t random = random_next(&state);
	struct program program;
	uint32_t from = random % shared->nr_pool;

	if (random >> 32 & 1)
		from = shared->nr_pool - 1 - from % (shared->nr_pool / 4 + 1);
	if ((random >> 33) % 8 == 0) {
		generate(&program, &state);
	} else {
		program = shared->pool[from];
		mutate(&program, &shared->pool[(random >> 40) % shared->nr_pool], &state);
	}
	if (run_and_judge(worker, &program))
		keep(shared, &program, &state);
}

/* What the guest has to do direct I/O with: a blank disk, or a file. */
static int open_disk(void)
{
	const char *disk = getenv("DISK");

	return disk && *disk ? open(disk, O_RDWR | O_DIRECT | O_CLOEXEC) :
			       open("/tmp", O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
}

static void worker_init(struct worker *worker, const struct job *job)
{
	worker->shared = job->shared;
	worker->log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	tables_init(&worker->tables);
	worker->tables.unprivileged = job->unprivileged;
	worker->tables.disk = open_disk();
	for (size_t i = 0; i < ARRAY_SIZE(worker->thread); i++) {
		struct thread *thread = &worker->thread[i];

		thread->worker = worker;
		thread->context.tables = &worker->tables;
		area_init(&thread->context.area);
		kcov_open(&thread->kcov);
	}
	job->shared->has_kcov = worker->thread[0].kcov.fd >= 0;
	job->shared->has_disk = worker->tables.disk >= 0;
	job->shared->nr_ran = 0;
	kcov_attach(&worker->thread[0].kcov);
	/* Of a pipe whose other end is gone. */
	signal(SIGPIPE, SIG_IGN);
	if (job->unprivileged) {
		drop_capability(CAP_SYS_ADMIN);
		drop_capability(CAP_SYS_RESOURCE);
	}
}

int worker_body(void *arg)
{
	static struct worker worker;
	const struct job *job = arg;

	worker_init(&worker, job);
	for (uint64_t i = 0; i < job->times && (!job->end || time(NULL) < job->end); i++) {
		for (uint32_t j = 0; job->program && j < job->nr_programs; j++)
			run_and_judge(&worker, &job->program[j]);
		if (!job->program)
			run_new(&worker, job->first + i);
	}
	return 0;
}
