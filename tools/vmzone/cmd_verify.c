// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_verify.c - `vmzone verify`: put files into a zone much smaller than they
 * are, read them back at random, and hold every byte against the files
 *
 * Here are the arguments and the order of things; the work is in load.c and
 * check.c, the table in report.c.
 */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "framemap.h"
#include "guard.h"
#include "report.h"
#include "term.h"
#include "units.h"
#include "verify.h"
#include "vmzone.h"

enum {
	OPT_BUDGET = 'b',
	OPT_CODEC = 'c',
	OPT_POLICY = 'p',
	OPT_SEED = 's',
	OPT_STORE_LIMIT = 'l',
	OPT_THREADS = 't',
	OPT_PASSES = 'n',
	OPT_MIN_BYTES = 0x100,
	OPT_MAX_BYTES,
};

static const struct argp_option options[] = {
	{ "budget", OPT_BUDGET, "SIZE", 0,
	  "Frames for the zone, in bytes or as a share of the corpus: 64M, 10% (default 25%)", 0 },
	{ "store-limit", OPT_STORE_LIMIT, "SIZE", 0,
	  "Most memory for the zone's store, likewise (default 110%: room for all)", 0 },
	{ "policy", OPT_POLICY, "NAME", 0,
	  "Which frames to evict: fifo, clock, ... (default: the module's)", 0 },
	{ "codec", OPT_CODEC, "NAME", 0,
	  "How to compress: none, lzo-rle, lz4, zstd (default: the module's)", 0 },
	{ "threads", OPT_THREADS, "N", 0, "Threads that read back (default 2)", 0 },
	{ "seed", OPT_SEED, "N", 0, "Of the random order (default 1)", 0 },
	{ "passes", OPT_PASSES, "N", 0, "How often to read everything back (default 1)", 0 },
	{ "min-bytes", OPT_MIN_BYTES, "SIZE", 0, "Refuse a smaller corpus", 0 },
	{ "max-bytes", OPT_MAX_BYTES, "SIZE", 0,
	  "Take no more files once there are so many bytes", 0 },
	{ 0 }
};

static const char doc[] =
	"Loads files into a new zone whose budget is a quarter of them, reads every\n"
	"page back in random order through mmap, compares it with the files, and\n"
	"prints what that took."
	"\v"
	"A directory stands for all regular files below it, on its file system, in\n"
	"the order of their names. The files are laid end to end and must not change\n"
	"meanwhile. Sizes take K, M, G or T.\n\n"
	"p50 and p99 are read off histograms whose buckets double; inside a bucket\n"
	"durations are taken as evenly spread.\n\n"
	"Exit status: 0 every byte was right and the budget was kept, 1 not so, 2 it\n"
	"could not be found out, 130 interrupted.\n";

/**
 * struct arguments - what the user asked for
 * @v: the run, with corpus, threads, passes and seed
 * @budget: of frames
 * @store_limit: of the store
 * @policy: enum vmzone_policy_id, 0 the default
 * @codec: enum vmzone_codec_id, 0 the default
 * @min_bytes: least corpus
 * @failed: a file could not be read, and that was told
 */
struct arguments {
	struct verify v;
	struct amount budget;
	struct amount store_limit;
	__u32 policy;
	__u32 codec;
	__u64 min_bytes;
	bool failed;
};

static bool parse_threads_or_passes(const char *text, __u64 max, unsigned int *nr)
{
	__u64 value;

	if (!number_parse(text, 1, max, &value))
		return false;
	*nr = (unsigned int)value;
	return true;
}

static bool parse_value(int key, const char *arg, struct arguments *a)
{
	switch (key) {
	case OPT_BUDGET:
		return amount_parse(arg, &a->budget);
	case OPT_STORE_LIMIT:
		return amount_parse(arg, &a->store_limit);
	case OPT_POLICY:
		return (a->policy = zone_policy_find(arg));
	case OPT_CODEC:
		return (a->codec = zone_codec_find(arg));
	case OPT_THREADS:
		return parse_threads_or_passes(arg, PHASE_MAX_THREADS, &a->v.nr_threads);
	case OPT_PASSES:
		return parse_threads_or_passes(arg, 1000, &a->v.nr_passes);
	case OPT_SEED:
		return number_parse(arg, 0, ULLONG_MAX, &a->v.seed);
	case OPT_MIN_BYTES:
		return size_parse(arg, &a->min_bytes);
	case OPT_MAX_BYTES:
		return size_parse(arg, &a->v.corpus.max_bytes);
	default:
		return false;
	}
}

static const char *option_name(int key)
{
	const struct argp_option *o = options;

	while (o->key != key)
		o++;
	return o->name;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case OPT_BUDGET:
	case OPT_STORE_LIMIT:
	case OPT_POLICY:
	case OPT_CODEC:
	case OPT_THREADS:
	case OPT_PASSES:
	case OPT_SEED:
	case OPT_MIN_BYTES:
	case OPT_MAX_BYTES:
		if (!parse_value(key, arg, a))
			argp_error(state, "--%s cannot be `%s'", option_name(key), arg);
		return 0;
	case ARGP_KEY_ARGS:
		for (int i = state->next; i < state->argc && !a->failed; i++)
			a->failed = corpus_add(&a->v.corpus, state->argv[i]);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which files?");
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp verify_argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "FILE|DIRECTORY...",
	.doc = doc,
};

static enum vmzone_exit check_corpus(const struct arguments *a)
{
	const struct corpus *c = &a->v.corpus;
	struct unit_text have, want;

	if (a->failed)
		return EXIT_TROUBLE;
	if (!c->bytes) {
		error(0, 0, "there is no regular file with anything in it");
		return EXIT_TROUBLE;
	}
	if (c->bytes < a->min_bytes) {
		error(0, 0, "the corpus has only %s, and should have %s: name more files",
		      bytes_text(&have, c->bytes), bytes_text(&want, a->min_bytes));
		return EXIT_TROUBLE;
	}
	if (c->bytes > (__u64)INT_MAX * 4096) {
		error(0, 0, "the corpus is too large: --max-bytes can limit it");
		return EXIT_TROUBLE;
	}
	return EXIT_RIGHT;
}

/* errno says why there is no zone; tell it in the user's terms. */
static void tell_why_no_zone(const struct arguments *a, const struct vmzone_create *create)
{
	const struct vmzone_info *info = &a->v.zone.info;
	struct unit_text t;
	char names[128];

	if (!info->page_size) {
		error(0, errno, "cannot open " ZONE_DEVICE "%s", zone_open_hint());
	} else if (a->policy && !(info->policies & 1u << a->policy)) {
		zone_names_join(names, sizeof(names), zone_policy_name, info->policies);
		error(0, 0, "this module has no policy `%s', only: %s",
		      zone_policy_name(a->policy), names);
	} else if (a->codec && !(info->codecs & 1u << a->codec)) {
		zone_names_join(names, sizeof(names), zone_codec_name, info->codecs);
		error(0, 0, "this module has no codec `%s', only: %s",
		      zone_codec_name(a->codec), names);
	} else if (errno == ENOSPC) {
		error(0, 0,
		      "a budget of %s frames is more than all zones may still take (module parameter max_frames)",
		      count_text(&t, create->frames));
	} else {
		error(0, errno, "cannot make a zone of %s", bytes_text(&t, create->bytes));
	}
}

static enum vmzone_exit make_zone(struct arguments *a)
{
	struct verify *v = &a->v;
	struct vmzone_create create = { .policy = a->policy, .codec = a->codec };
	struct vmzone_info info;
	__u64 page_size = 4096;

	if (!zone_info(&info))
		page_size = info.page_size;
	v->nr_pages = (__u32)((v->corpus.bytes + page_size - 1) / page_size);
	create.bytes = v->nr_pages * page_size;
	create.frames = amount_of(a->budget, create.bytes) / page_size;
	create.store_limit = amount_of(a->store_limit, create.bytes);
	if (create.frames < ZONE_MIN_FRAMES) {
		error(0, 0,
		      "the budget is %llu frames, and should have at least %d: take a larger --budget or more files",
		      create.frames, ZONE_MIN_FRAMES);
		return EXIT_TROUBLE;
	}
	if (zone_create(&v->zone, &create)) {
		tell_why_no_zone(a, &create);
		return EXIT_TROUBLE;
	}
	if (!zone_map(&v->zone))
		return EXIT_RIGHT;
	error(0, errno, "cannot map the zone");
	return EXIT_TROUBLE;
}

static enum vmzone_exit take_sample(struct verify *v, unsigned int nr)
{
	struct sample *s = &v->samples[nr];

	if (zone_stats(&v->zone, &s->stats)) {
		error(0, errno, "cannot read the zone's counters");
		return EXIT_TROUBLE;
	}
	s->has_histograms = true;
	for (__u32 kind = 0; kind < NR_HISTOGRAMS && s->has_histograms; kind++)
		s->has_histograms = !zone_histogram(&v->zone, kind, &s->histograms[kind]);
	return EXIT_RIGHT;
}

static enum vmzone_exit run_phases(struct verify *v)
{
	enum vmzone_exit verdict = take_sample(v, 0);

	if (!verdict)
		verdict = load_run(v);
	if (!verdict)
		verdict = take_sample(v, 1);
	if (!verdict)
		verdict = check_run(v);
	return verdict;
}

static void print_start(const struct verify *v)
{
	struct unit_text files, bytes, budget;

	printf("%s files, %s, into a zone with %s of frames (%s, %s), seed %llu\n",
	       count_text(&files, v->corpus.nr_files), bytes_text(&bytes, v->corpus.bytes),
	       bytes_text(&budget, v->zone.now.frames * v->zone.info.page_size),
	       zone_policy_name(v->zone.now.policy), zone_codec_name(v->zone.now.codec), v->seed);
}

static void print_verdict(const struct verify *v, enum vmzone_exit verdict)
{
	const char *style = term_style(stdout, verdict ? TERM_BAD : TERM_GOOD);
	const char *plain = term_style(stdout, TERM_PLAIN);
	struct unit_text a, b;

	printf("\n%s%s%s: %s pages right, %s wrong, of %s bytes", style,
	       verdict ? "FAILED" : "OK", plain, count_text(&a, v->nr_checked),
	       count_text(&b, v->nr_wrong), count_text(&(struct unit_text){ }, v->corpus.bytes));
	if (v->nr_passes > 1)
		printf(", in %u passes", v->nr_passes);
	printf("\n");
}

static enum vmzone_exit verify_zone(struct verify *v)
{
	enum vmzone_exit verdict, judged;

	print_start(v);
	verdict = run_phases(v);
	if (verdict == EXIT_TROUBLE || verdict == EXIT_INTERRUPTED)
		return verdict;
	if (take_sample(v, 2))
		return EXIT_TROUBLE;
	if (verdict == EXIT_RIGHT || v->nr_wrong) {
		report_print(v);
		framemap_print(&v->zone);
		judged = report_judge(v);
		if (verdict == EXIT_RIGHT)
			verdict = judged;
	}
	print_verdict(v, verdict);
	return verdict;
}

int cmd_verify(int argc, char **argv)
{
	struct arguments a = {
		.v = { .nr_threads = 2, .nr_passes = 1, .seed = 1, .zone.fd = -1 },
		.budget = { 25, true },
		.store_limit = { 110, true },
	};
	enum vmzone_exit verdict;

	argp_parse(&verify_argp, argc, argv, 0, NULL, &a);
	verdict = check_corpus(&a);
	if (!verdict && (guard_install() || phase_catch_signals())) {
		error(0, errno, "cannot catch signals");
		verdict = EXIT_TROUBLE;
	}
	if (!verdict)
		verdict = make_zone(&a);
	if (!verdict)
		verdict = verify_zone(&a.v);
	zone_close(&a.v.zone);
	corpus_free(&a.v.corpus);
	return verdict;
}
