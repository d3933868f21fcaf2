// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine is looked at by a child, since that may hang, too. If something is
 * not as it was, the programs of the batch run once more, each on its own and with
 * a look behind it, until it happens again; that one is made shorter in the same way.
 */
#include "machine.h"
#include "params.h"
#include "shorten.h"
#include "watch.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FRESH_SLOTS 64
/* Processes that were killed may take a moment to go. */
#define LAST_WAIT_MS 4096
#define SHORT_WAIT_MS 512
#define BLAME_SECONDS 150	/* at most, for one finding */
#define RACE_ATTEMPTS 3

/* As it was after the last look. */
static struct machine usual;

/* Return: 0, or what does not work. */
static int use_fresh_zone(void)
{
	struct zone zone = zone_sized(FRESH_SLOTS, 16);
	struct pattern pattern = { .fill = FILL_MIX, .id = 1 };
	struct vmzone_stats stats;

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

static long count_zones(void)
{
	FILE *file = fopen("/sys/kernel/debug/vmzone/zones", "r");
	char line[256];
	long nr = -1;

	/* The head is a line of its own. */
	while (file && fgets(line, sizeof(line), file))
		nr += nr < 0 ? line[0] == '#' : 1;
	if (file)
		fclose(file);
	return nr;
}

static long count_nodes(void)
{
	glob_t nodes = { 0 };
	long nr;

	glob("/dev/vmzone-*", 0, NULL, &nodes);
	nr = nodes.gl_pathc;
	globfree(&nodes);
	return nr;
}

static bool can_grant(int fd, uint64_t nr_frames)
{
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = page_size, .frames = nr_frames,
	};

	if (ioctl(fd, VMZONE_IOC_CREATE, &create))
		return false;
	close(create.out_fd);
	return true;
}

/* Most that one zone can have beside this descriptor's. */
static long count_frames(void)
{
	int fd = device_open(O_RDWR);
	long bad = device_info().max_frames - zone_get(fd).frames + 1, good = 0;

	if (can_grant(fd, bad - 1))
		good = bad - 1;
	while (bad - good > 1) {
		long middle = good + (bad - good) / 2;

		if (can_grant(fd, middle))
			good = middle;
		else
			bad = middle;
	}
	close(fd);
	return good;
}

static const char *difference(const struct machine *now)
{
	if (now->fresh)
		return "leaves fresh zones that do not work";
	if (now->nr_zones < 0)
		return "leaves debugfs without a view of the zones";
	if (now->nr_zones > usual.nr_zones)
		return "leaves a zone behind";
	if (now->nr_nodes > usual.nr_nodes)
		return "leaves a node behind";
	return now->nr_frames < usual.nr_frames ? "leaves frames granted" : NULL;
}

static int look_body(void *arg)
{
	struct machine *machine = arg;

	machine->nr_zones = count_zones();
	machine->nr_nodes = count_nodes();
	machine->nr_frames = count_frames();
	/* Until here it is not said to work. */
	machine->fresh = use_fresh_zone();
	return 0;
}

static void look(struct shared *shared)
{
	shared->machine = (struct machine){ .fresh = -1 };
	watch(shared, child_start(look_body, &shared->machine));
}

/* Return: what is not as it was, last_ms after everything ended; or NULL. */
static const char *what_is_left(struct shared *shared, unsigned int last_ms)
{
	const char *what = NULL;

	params_restore();
	for (unsigned int ms = 1; ms <= last_ms; ms *= 2) {
		look(shared);
		what = difference(&shared->machine);
		if (!what || shared->lost)
			break;
		usleep(ms * 1000);
	}
	return what;
}

struct suspicion {
	struct shared *shared;
	const struct job *job;
	const char *what;
	time_t end;
};

/* Whether a program leaves it behind, in a worker of its own. */
static bool leaves_it(const struct program *program, void *arg)
{
	struct suspicion *suspicion = arg;
	struct shared *shared = suspicion->shared;
	struct job job = {
		.shared = shared, .program = program, .nr_programs = 1, .times = 1,
		.unprivileged = suspicion->job->unprivileged,
	};
	const char *what;

	if (time(NULL) > suspicion->end || shared->lost)
		return false;
	if (program->race < program->nr)
		job.times = RACE_ATTEMPTS;
	watch(shared, child_start(worker_body, &job));
	what = what_is_left(shared, SHORT_WAIT_MS);
	/* What is left now stays; the next one is not to blame. */
	if (what)
		usual = shared->machine;
	return what && !strcmp(what, suspicion->what);
}

/* Finds out which of the batch's programs did it. */
static void blame(struct shared *shared, const struct job *job, const char *what)
{
	struct suspicion suspicion = {
		.shared = shared, .job = job, .what = what, .end = time(NULL) + BLAME_SECONDS,
	};
	uint32_t nr = shared->nr_ran;
	struct program *ran = malloc(sizeof(shared->ran)), guilty;

	if (!ran)
		bail("no memory");
	/* Those that run now are written over these. */
	memcpy(ran, shared->ran, sizeof(shared->ran));
	for (uint32_t i = 0; i < nr && !shared->machine.fresh; i++) {
		if (!leaves_it(&ran[i], &suspicion))
			continue;
		guilty = shorten(ran[i], leaves_it, &suspicion);
		found(shared, what, &guilty);
		free(ran);
		return;
	}
	diag("which of them could not be found out; the last one has to stand for it");
	found(shared, what, &shared->current);
	free(ran);
}

void machine_init(struct shared *shared)
{
	look(shared);
	usual = shared->machine;
	if (usual.fresh || usual.nr_zones < 0)
		bail("no fresh zone works, or debugfs is not there");
	if (usual.nr_zones || usual.nr_nodes)
		bail("somebody else has zones");
}

void machine_check(struct shared *shared, const struct job *job)
{
	const char *what = what_is_left(shared, LAST_WAIT_MS);

	if (!what || shared->lost)
		return;
	diag("the last %u programs: it %s", shared->nr_ran, what);
	usual = shared->machine;
	if (!is_found(shared, what))
		blame(shared, job, what);
}
