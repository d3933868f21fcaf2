// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark: every work on every system in turn, again and again, a line of
 * JSON for each. Meant for a guest of the lab, see tools/bench/README.md.
 */
#include "bench.h"

#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
"Usage: bench [OPTIONS]\n"
"\n"
"  --systems A,B,...   which (all)\n"
"  --works A,B,...     which (all)\n"
"  --frames N          the budget, and the pages of works without one (4096)\n"
"  --times F,...       budgets of data, for works with a budget (3)\n"
"  --accesses N        of random works, by all threads together (20000)\n"
"  --threads N,...     (1)\n"
"  --repeats N         (1)\n"
"  --policy NAME       of vmzone\n"
"  --corpus FILE       pages to fill with, instead of made ones\n"
"  --instructions      the clock counts instructions: lab run --icount\n"
"  --facts             first, what lz4 takes by itself for a page, and what a\n"
"                      zone takes that nobody touched\n"
"  --list              names systems and works\n";

#define MAX_NUMBERS 8

struct numbers {
	size_t nr;
	double value[MAX_NUMBERS];
};

/* What is asked for. */
struct command {
	struct options options;
	const char *systems, *works;	/* lists of names; NULL: all */
	struct numbers threads, times;
	unsigned int repeats;
	bool with_facts;
};

static struct numbers numbers_of(const char *text)
{
	struct numbers numbers = {};
	char *end;

	do {
		double value = strtod(text, &end);

		if (end == text || value < 1 || numbers.nr == MAX_NUMBERS)
			errx(2, "a list of numbers with commas is wanted, not '%s'", text);
		numbers.value[numbers.nr++] = value;
		text = end + 1;
	} while (*end == ',');
	return numbers;
}

/* Whether a list of names, with commas, has this one. */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return !list;
}

static void list_all(void)
{
	for (size_t i = 0; systems[i]; i++)
		printf("system %s\n", systems[i]->name);
	for (const struct work *work = works; work->name; work++)
		printf("work %s\n", work->name);
}

static bool can_run(const struct system *system, const struct work *work)
{
	return (!system->ops->is_there || system->ops->is_there(system)) &&
	       (!work->is_bounded || system->is_bounded) &&
	       (!work->can_do || work->can_do(system));
}

/* One work: the systems take turns at each size and number of threads. */
static void run_work(const struct command *command, struct options options,
		     const struct work *work)
{
	size_t nr_times = work->is_bounded ? command->times.nr : 1;

	for (size_t i = 0; i < command->threads.nr * nr_times; i++) {
		options.threads = command->threads.value[i / nr_times];
		options.times = command->times.value[i % nr_times];
		for (size_t s = 0; systems[s]; s++)
			if (is_listed(command->systems, systems[s]->name) &&
			    can_run(systems[s], work))
				run_one(&options, systems[s], work);
	}
}

static const struct option long_options[] = {
	{ "systems", required_argument, NULL, 's' },
	{ "works", required_argument, NULL, 'w' },
	{ "frames", required_argument, NULL, 'f' },
	{ "times", required_argument, NULL, 'n' },
	{ "accesses", required_argument, NULL, 'a' },
	{ "threads", required_argument, NULL, 't' },
	{ "repeats", required_argument, NULL, 'r' },
	{ "policy", required_argument, NULL, 'p' },
	{ "corpus", required_argument, NULL, 'c' },
	{ "instructions", no_argument, NULL, 'i' },
	{ "facts", no_argument, NULL, 'z' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{}
};

/* Options that are not for the systems' and works' settings. */
static void take_other(int option, struct command *command)
{
	switch (option) {
	case 's':
		command->systems = optarg;
		break;
	case 'w':
		command->works = optarg;
		break;
	case 'r':
		command->repeats = strtoul(optarg, NULL, 0);
		break;
	case 'z':
		command->with_facts = true;
		break;
	case 'l':
		list_all();
		exit(0);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void take(int option, struct command *command)
{
	switch (option) {
	case 'f':
		command->options.nr_frames = strtoul(optarg, NULL, 0);
		break;
	case 'a':
		command->options.nr_accesses = strtoul(optarg, NULL, 0);
		break;
	case 'p':
		command->options.policy = optarg;
		break;
	case 'c':
		command->options.corpus = optarg;
		break;
	case 'i':
		command->options.instructions = true;
		break;
	case 'n':
		command->times = numbers_of(optarg);
		break;
	case 't':
		command->threads = numbers_of(optarg);
		break;
	default:
		take_other(option, command);
	}
}

int main(int argc, char **argv)
{
	struct command command = {
		.options = { .nr_frames = 4096, .nr_accesses = 20000 },
		.threads = { .nr = 1, .value = { 1 } },
		.times = { .nr = 1, .value = { 3 } },
		.repeats = 1,
	};
	struct options *options = &command.options;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take(option, &command);
	for (size_t i = 0; i < command.threads.nr; i++)
		if (command.threads.value[i] > MAX_THREADS)
			errx(2, "more than %u threads", MAX_THREADS);
	contents_open(options);
	clock_calibrate(options);
	if (command.with_facts) {
		codec_report(options);
		zone_report();
	}
	cgroup_setup();
	for (options->repeat = 0; options->repeat < command.repeats; options->repeat++)
		for (const struct work *work = works; work->name; work++)
			if (is_listed(command.works, work->name))
				run_work(&command, *options, work);
	return 0;
}
