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
"  --times F           budgets of data, for works with a budget (3)\n"
"  --accesses N        of random works, by all threads together (20000)\n"
"  --threads N         (1)\n"
"  --repeats N         (1)\n"
"  --policy NAME       of vmzone\n"
"  --corpus FILE       pages to fill with, instead of made ones\n"
"  --instructions      the clock counts instructions: lab run --icount\n"
"  --codec             first, what lz4 takes by itself for a page\n"
"  --list              names systems and works\n";

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

int main(int argc, char **argv)
{
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
		{ "codec", no_argument, NULL, 'z' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct options options = {
		.nr_frames = 4096, .nr_accesses = 20000, .times = 3, .threads = 1,
	};
	const char *which_systems = NULL, *which_works = NULL;
	unsigned int repeats = 1;
	bool with_codec = false;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 's': which_systems = optarg; break;
		case 'w': which_works = optarg; break;
		case 'f': options.nr_frames = strtoul(optarg, NULL, 0); break;
		case 'n': options.times = strtod(optarg, NULL); break;
		case 'a': options.nr_accesses = strtoul(optarg, NULL, 0); break;
		case 't': options.threads = strtoul(optarg, NULL, 0); break;
		case 'r': repeats = strtoul(optarg, NULL, 0); break;
		case 'p': options.policy = optarg; break;
		case 'c': options.corpus = optarg; break;
		case 'i': options.instructions = true; break;
		case 'z': with_codec = true; break;
		case 'l': list_all(); return 0;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (!options.threads || options.threads > MAX_THREADS)
		errx(2, "from 1 to %u threads", MAX_THREADS);
	contents_open(&options);
	clock_calibrate(&options);
	if (with_codec)
		codec_report(&options);
	cgroup_setup();
	for (options.repeat = 0; options.repeat < repeats; options.repeat++)
		for (const struct work *work = works; work->name; work++)
			for (size_t i = 0; systems[i]; i++)
				if (is_listed(which_systems, systems[i]->name) &&
				    is_listed(which_works, work->name) &&
				    can_run(systems[i], work))
					run_one(&options, systems[i], work);
	return 0;
}
