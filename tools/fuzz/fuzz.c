// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the ioctls, mmap, and all that can be done with a descriptor of a zone:
 * programs of the corpus as they are, then changed again and again, in one thread
 * or in two at a time, with and without privileges. What is checked:
 *
 *   each call		its error is one that the contract allows there; what must
 *			fail (a range that wraps, a bad pointer, ...) did not
 *			succeed; nothing behind a structure is written to
 *   each batch		a fresh zone works, its counters hold, and no zone, no
 *			node and no granted frame is left behind
 *   the kernel		by its own checkers: run it on a debug kernel
 *
 * Programs that reach something new are kept and changed again; new is what KCOV
 * says, where the kernel has it, or a result that no call gave in that place.
 * Everything follows from --seed, as far as two threads let it.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "worker.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH_PROGRAMS 400
#define BATCH_SECONDS 15
#define HANG_SECONDS 120
#define TIMES_AS_IT_IS 3
#define FRESH_SLOTS 64

static struct shared *shared;

static const char usage[] =
	"Usage: fuzz [--seconds N] [--seed N] [--corpus FOLDER] [--guide GUIDE]\n"
	"       fuzz --replay FILE [--times N]\n"
	"\n"
	"Fuzzes /dev/vmzone, and prints TAP. --replay runs one program, as the corpus\n"
	"has them; a semicolon is as good as the end of a line. --guide, to see what it\n"
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

static void read_corpus(const char *folder)
{
	char pattern[256];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/*.txt", folder);
	if (glob(pattern, 0, NULL, &files) || files.gl_pathc > MAX_POOL / 2)
		bail("the corpus %s", folder);
	for (size_t i = 0; i < files.gl_pathc; i++)
		read_program(files.gl_pathv[i], &shared->pool[shared->nr_pool++]);
	shared->nr_corpus = shared->nr_pool;
	globfree(&files);
}

/* What a process that hangs waits for. */
static void show_stack(pid_t pid)
{
	char pattern[64], line[256];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/stack", pid);
	if (glob(pattern, 0, NULL, &files))
		return;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *file = fopen(files.gl_pathv[i], "r");

		while (file && fgets(line, sizeof(line), file))
			diag("%s: %.*s", files.gl_pathv[i], (int)strcspn(line, "\n"), line);
		if (file)
			fclose(file);
	}
	globfree(&files);
}

/* Waits for a worker. Return: whether it came to its end. */
static bool watch(pid_t pid)
{
	uint64_t progress = 0;
	time_t since = time(NULL);
	char what[100];
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		usleep(20000);
		if (peek(&shared->progress) != progress) {
			progress = peek(&shared->progress);
			since = time(NULL);
		} else if (time(NULL) - since > HANG_SECONDS) {
			show_stack(pid);
			found(shared, "hangs", &shared->current);
			kill(pid, SIGKILL);
			since = time(NULL);
		}
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	snprintf(what, sizeof(what), "ends with wait status 0x%x", status);
	found(shared, what, &shared->current);
	return false;
}

static int use_fresh_zone(void *arg)
{
	struct zone zone = zone_sized(FRESH_SLOTS, 16);
	struct pattern pattern = { .fill = FILL_MIX, .id = 1 };
	struct vmzone_stats stats;

	(void)arg;
	if (!all_zero(zone.map, FRESH_SLOTS * page_size))
		return 1;
	pattern_fill(&zone, pattern, 0, FRESH_SLOTS);
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, FRESH_SLOTS) < 0 ||
	    pattern_bad(&zone, pattern, 0, FRESH_SLOTS))
		return 2;
	stats = zone_stats(&zone);
	if (!stats_hold(&stats) || stats.sigbus || stats.load_errors)
		return 3;
	zone_drop(&zone);
	return 0;
}

static bool is_nothing_left(void)
{
	FILE *file = fopen("/sys/kernel/debug/vmzone/zones", "r");
	bool nothing = true;
	glob_t nodes = { 0 };
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		nothing &= line[0] == '#';
	if (file)
		fclose(file);
	nothing &= glob("/dev/vmzone-*", 0, NULL, &nodes) == GLOB_NOMATCH;
	globfree(&nodes);
	return nothing;
}

/* All frames that are not this descriptor's can be granted to one zone, or some were lost. */
static bool are_frames_back(void)
{
	int fd = device_open(O_RDWR);
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = page_size,
		.frames = device_info().max_frames - zone_get(fd).frames,
	};
	bool back = !ioctl(fd, VMZONE_IOC_CREATE, &create);

	if (back)
		close(create.out_fd);
	close(fd);
	return back;
}

static void check_machine(void)
{
	if (child_run(use_fresh_zone, NULL))
		found(shared, "leaves fresh zones that do not work", &shared->current);
	/* Processes that were killed may take a moment to go. */
	if (!comes_true(is_nothing_left))
		found(shared, "leaves a zone or a node behind", &shared->current);
	if (!comes_true(are_frames_back))
		found(shared, "leaves frames granted", &shared->current);
}

static bool run_worker(struct job job)
{
	bool ended;

	job.shared = shared;
	ended = watch(child_start(worker_body, &job));
	check_machine();
	return ended;
}

/* Tells of what was found since the last time as a test that failed. */
static void tell(const char *name, const char *path)
{
	static uint32_t told;

	ok(shared->nr_findings == told, "%s", name);
	for (; told < shared->nr_findings; told++) {
		char *line, *rest = shared->finding[told].program;

		diag("FOUND: it %s%s%s", shared->finding[told].what, path ? " in " : "",
		     path ? path : "");
		while ((line = strsep(&rest, "\n")))
			if (*line)
				diag("    %s", line);
	}
}

static void run_corpus(void)
{
	for (uint32_t i = 0; i < shared->nr_corpus; i++)
		run_worker((struct job){ .program = &shared->pool[i], .times = TIMES_AS_IT_IS });
	tell("the corpus as it is: every result is one of the contract's", NULL);
	ok(shared->nr_succeeded > shared->nr_calls / 3,
	   "the corpus as it is: %llu of %llu calls succeed",
	   (unsigned long long)shared->nr_succeeded, (unsigned long long)shared->nr_calls);
}

static void run_changed(unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	uint64_t nr_batches = 0, nr_edges = shared->nr_edges, nr_corpus = shared->nr_programs;

	for (; time(NULL) < end && shared->nr_findings < MAX_FINDINGS; nr_batches++) {
		time_t left = end - time(NULL);

		run_worker((struct job){
			.times = BATCH_PROGRAMS,
			.seconds = left < BATCH_SECONDS ? left : BATCH_SECONDS,
			.unprivileged = nr_batches % 3 == 2,
		});
	}
	diag("%llu programs in %llu batches, %llu of two threads; %llu calls, %llu of them succeeded",
	     (unsigned long long)(shared->nr_programs - nr_corpus), (unsigned long long)nr_batches,
	     (unsigned long long)shared->nr_raced, (unsigned long long)shared->nr_calls,
	     (unsigned long long)shared->nr_succeeded);
	diag("%u programs kept beside the corpus of %u; %llu results told apart",
	     shared->nr_pool - shared->nr_corpus, shared->nr_corpus,
	     (unsigned long long)shared->nr_results);
	tell("the corpus, changed: every result is one of the contract's, and the zones work on",
	     NULL);
	ok(shared->nr_programs > nr_corpus + 10 && shared->nr_succeeded > shared->nr_calls / 10,
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

struct plan {
	const char *corpus;
	const char *replay;	/* one program, instead of all else; or NULL */
	unsigned int seconds;
	uint64_t times;
	enum guide guide;
};

static struct plan plan_from(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' }, { "seed", required_argument, NULL, 'r' },
		{ "corpus", required_argument, NULL, 'c' }, { "replay", required_argument, NULL, 'p' },
		{ "times", required_argument, NULL, 't' }, { "guide", required_argument, NULL, 'g' },
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

int main(int argc, char **argv)
{
	struct plan plan = plan_from(argc, argv);
	char timeout[24];

	snprintf(timeout, sizeof(timeout), "%u", 2 * plan.seconds + 1200);
	setenv("VMZONE_TEST_TIMEOUT", timeout, 1);
	test_begin(0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("mmap");
	shared->state = test_seed;
	shared->guide = plan.guide;
	calls_init();
	if (plan.replay) {
		read_program(plan.replay, &shared->pool[0]);
		run_worker((struct job){ .program = &shared->pool[0], .times = plan.times });
		tell("the program as it is: every result is one of the contract's", plan.replay);
		return tap_end();
	}
	read_corpus(plan.corpus);
	run_corpus();
	run_changed(plan.seconds);
	return tap_end();
}
