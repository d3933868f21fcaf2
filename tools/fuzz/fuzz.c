// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the ioctls, mmap, and all that can be done with a descriptor of a zone:
 * programs of the corpus as they are, then changed again and again, in one thread
 * or in two at a time, with and without privileges. What is checked:
 *
 *   each call		its error is one that the contract allows there, or that a
 *			descriptor gives that the other thread has changed; what
 *			must fail (a range that wraps, a bad pointer, ...) did not
 *			succeed; nothing behind a structure is written to
 *   each batch		a fresh zone works, its counters hold, and no zone, no
 *			node and no granted frame is left behind; if one is, the
 *			program that left it is looked for
 *   all of it		no process hangs
 *   the kernel		by its own checkers: run it on a debug kernel
 *
 * Programs that reach something new are kept and changed again; new is what KCOV
 * says, where the kernel has it, or a result that no call gave in that place.
 * Everything follows from --seed, as far as two threads let it, but for the end.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "machine.h"
#include "params.h"
#include "watch.h"
#include "worker.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define TIMES_AS_IT_IS 3
#define WATCHDOG_SECONDS 600	/* besides twice the time given; the lab's is larger */

struct plan {
	const char *corpus;
	const char *resume;	/* what an earlier run kept, or NULL */
	const char *keep;	/* where to put what this one keeps, or NULL */
	const char *replay;	/* one program, instead of all else; or NULL */
	unsigned int seconds;
	uint64_t times;
	enum guide guide;
};

static struct shared *shared;

static const char usage[] =
	"Usage: fuzz [--seconds N] [--seed N] [--corpus FOLDER] [--resume FOLDER]\n"
	"            [--keep FOLDER] [--guide GUIDE]\n"
	"       fuzz --replay FILE [--times N]\n"
	"\n"
	"Fuzzes /dev/vmzone, and prints TAP. --replay runs one program, as the corpus\n"
	"has them; a semicolon is as good as the end of a line. --keep writes programs\n"
	"that reached something new to a folder, as files of a corpus; --resume begins\n"
	"with those of an earlier run besides the corpus. --guide, to see what it\n"
	"is worth: by what programs are kept to be changed again: nothing, results, or\n"
	"places (of the module that they came by; the default).\n";

static const char *const guide_name[] = {
	[GUIDE_NOTHING] = "nothing",
	[GUIDE_RESULTS] = "results",
	[GUIDE_PLACES] = "places",
};

static enum guide guide_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(guide_name); i++)
		if (!strcmp(name, guide_name[i]))
			return i;
	bail("--guide %s", name);
}

static void read_program(const char *path, struct program *program)
{
	static char text[PROGRAM_TEXT_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *wrong;

	if (len < 0)
		bail("%s", path);
	close(fd);
	text[len] = '\0';
	wrong = program_parse(program, text);
	if (wrong)
		bail("%s: '%s' is no call", path, wrong);
}

/* Tells of what was found since the last time as a test that failed. */
static void tell(const char *name)
{
	static uint32_t told;

	print_findings(shared);
	ok(shared->nr_findings == told && !shared->lost, "%s", name);
	told = shared->nr_findings;
}

/* Puts the programs of a folder behind those that there are. */
static void read_folder(const char *folder)
{
	char pattern[256];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/*.txt", folder);
	if (glob(pattern, 0, NULL, &files) || files.gl_pathc >= MAX_POOL - shared->nr_pool)
		bail("no programs in %s, or too many", folder);
	for (size_t i = 0; i < files.gl_pathc; i++)
		read_program(files.gl_pathv[i], &shared->pool[shared->nr_pool++]);
	globfree(&files);
}

/* As files that read_folder() reads. */
static void write_kept(const char *folder)
{
	static char text[PROGRAM_TEXT_MAX];

	for (uint32_t i = shared->nr_corpus; i < shared->nr_pool; i++) {
		char path[256];
		FILE *file;

		snprintf(path, sizeof(path), "%s/kept-%04u.txt", folder, i - shared->nr_corpus);
		program_print(&shared->pool[i], "\n", text, sizeof(text));
		file = fopen(path, "w");
		if (!file || fputs(text, file) < 0 || fclose(file))
			bail("%s", path);
	}
	diag("%u programs are in %s", shared->nr_pool - shared->nr_corpus, folder);
}

static void run_worker(struct job job)
{
	char what[100];
	int status;

	if (shared->lost)
		return;
	job.shared = shared;
	status = watch(shared, child_start(worker_body, &job));
	if (status > 0) {
		snprintf(what, sizeof(what), "ends with wait status 0x%x", status);
		found(shared, what, &shared->current);
	}
	if (!shared->lost)
		machine_check(shared, &job);
}

/* The programs from first on as they are, in batches as large as what is made up. */
static void run_pool(uint32_t first, uint32_t times)
{
	uint32_t size = BATCH_PROGRAMS / times;

	for (uint32_t i = first; i < shared->nr_pool; i += size) {
		uint32_t left = shared->nr_pool - i;

		run_worker((struct job){
			.program = &shared->pool[i], .times = times,
			.nr_programs = left < size ? left : size,
		});
	}
}

/* Of all calls, those that were never made, as made tells. */
static uint32_t count_missed(const uint64_t *made, const char *how)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < nr_calls; i++) {
		if (made[i] || (!shared->has_disk && !strcmp(calls[i].name, "direct")))
			continue;
		diag("%s was never called%s", calls[i].name, how);
		nr++;
	}
	return nr;
}

static void run_corpus(const struct plan *plan)
{
	const char *but;

	read_folder(plan->corpus);
	shared->nr_corpus = shared->nr_pool;
	run_pool(0, TIMES_AS_IT_IS);
	tell("the corpus as it is: every result is one of the contract's");
	ok(shared->nr_succeeded > shared->nr_calls / 3,
	   "the corpus as it is: %llu of %llu calls succeed",
	   (unsigned long long)shared->nr_succeeded, (unsigned long long)shared->nr_calls);
	but = shared->has_disk ? "" : ", but for direct I/O: there is no disk";
	is(count_missed(shared->made, ""), 0, "the corpus as it is: every call is made%s", but);
	is(count_missed(shared->made_racing, " while two threads race"), 0,
	   "the corpus as it is: and is made while another thread does something%s", but);
}

/* What an earlier run kept, so that nothing of it counts as new. */
static void run_kept(const struct plan *plan)
{
	if (!plan->resume)
		return;
	read_folder(plan->resume);
	run_pool(shared->nr_corpus, 1);
	tell("what was kept before: every result is one of the contract's");
}

static void run_changed(const struct plan *plan)
{
	uint64_t nr_batches = 0, nr_edges = shared->nr_edges, nr_before = shared->nr_programs;
	time_t end = time(NULL) + plan->seconds;

	for (; time(NULL) < end && shared->nr_findings < MAX_FINDINGS && !shared->lost; nr_batches++)
		run_worker((struct job){
			.times = BATCH_PROGRAMS,
			.first = nr_batches * BATCH_PROGRAMS,
			.end = end,
			.unprivileged = nr_batches % 3 == 2,
		});
	diag("%llu programs in %llu batches, %llu of two threads; %llu calls, %llu of them succeeded",
	     (unsigned long long)(shared->nr_programs - nr_before), (unsigned long long)nr_batches,
	     (unsigned long long)shared->nr_raced, (unsigned long long)shared->nr_calls,
	     (unsigned long long)shared->nr_succeeded);
	diag("%u programs kept beside the corpus of %u; %llu results told apart",
	     shared->nr_pool - shared->nr_corpus, shared->nr_corpus,
	     (unsigned long long)shared->nr_results);
	tell("the corpus, changed: every result is one of the contract's, and the zones work on");
	ok(shared->nr_programs > nr_before + 10 && shared->nr_succeeded > shared->nr_calls / 10,
	   "enough programs ran, and enough of their calls succeeded, to find something");
	if (!shared->has_kcov) {
		skip("this kernel has no KCOV", "new places of the module are reached");
		return;
	}
	diag("KCOV: %llu pairs of places, %llu by the corpus as it is; guided by %s",
	     (unsigned long long)shared->nr_edges, (unsigned long long)nr_edges,
	     guide_name[shared->guide]);
	ok(nr_edges > 100 && shared->nr_edges > nr_edges,
	   "KCOV: the corpus comes by much of the module, and changes find more");
}

static struct plan plan_from(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' }, { "seed", required_argument, NULL, 'r' },
		{ "corpus", required_argument, NULL, 'c' }, { "replay", required_argument, NULL, 'p' },
		{ "times", required_argument, NULL, 't' }, { "guide", required_argument, NULL, 'g' },
		{ "keep", required_argument, NULL, 'k' }, { "resume", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	struct plan plan = {
		.corpus = "corpus", .seconds = 60, .times = 1000, .guide = GUIDE_PLACES,
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			plan.seconds = atoi(optarg);
			break;
		case 'r':
			setenv("VMZONE_TEST_SEED", optarg, 1);
			break;
		case 'c':
			plan.corpus = optarg;
			break;
		case 'p':
			plan.replay = optarg;
			break;
		case 't':
			plan.times = strtoull(optarg, NULL, 0);
			break;
		case 'k':
			plan.keep = optarg;
			break;
		case 'b':
			plan.resume = optarg;
			break;
		case 'g':
			plan.guide = guide_by_name(optarg);
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	return plan;
}

static void replay(const struct plan *plan)
{
	read_program(plan->replay, &shared->pool[0]);
	run_worker((struct job){ .program = &shared->pool[0], .nr_programs = 1,
				 .times = plan->times });
	tell("the program as it is: every result is one of the contract's");
}

int main(int argc, char **argv)
{
	struct plan plan = plan_from(argc, argv);

	test_begin(2 * plan.seconds + WATCHDOG_SECONDS);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("mmap");
	shared->seed = test_seed;
	shared->guide = plan.guide;
	calls_init();
	params_note();
	machine_init(shared);
	if (plan.replay) {
		replay(&plan);
		return tap_end();
	}
	run_corpus(&plan);
	run_kept(&plan);
	run_changed(&plan);
	if (plan.keep)
		write_kept(plan.keep);
	return tap_end();
}
