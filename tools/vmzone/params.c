// SPDX-License-Identifier: GPL-2.0-only
/*
 * params.c - a zone's parameters as options, and named zones by their names
 */
#include <ctype.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "params.h"
#include "units.h"
#include "zone.h"

enum {
	OPT_BYTES = 'b',
	OPT_CODEC = 'c',
	OPT_FRAMES = 'f',
	OPT_POLICY = 'p',
	OPT_STORE_LIMIT = 'l',
};

static const struct argp_option options[] = {
	{ "bytes", OPT_BYTES, "SIZE", 0, "Size of the zone: 64M, 16G", 0 },
	{ "frames", OPT_FRAMES, "N", 0, "Its budget, in page frames", 0 },
	{ "store-limit", OPT_STORE_LIMIT, "SIZE", 0, "Most memory for its store", 0 },
	{ "policy", OPT_POLICY, "NAME", 0, "Which frames to evict: fifo, clock, ...", 0 },
	{ "codec", OPT_CODEC, "NAME", 0, "How to compress: none, lzo-rle, lz4, zstd", 0 },
	{ 0 }
};

/* Return: the bit of what was given, 0 when it makes no sense */
static __u32 parse_value(int key, const char *arg, struct vmzone_set *want)
{
	switch (key) {
	case OPT_BYTES:
		return size_parse(arg, &want->bytes) && want->bytes ? VMZONE_SET_BYTES : 0;
	case OPT_FRAMES:
		return number_parse(arg, 1, ULLONG_MAX, &want->frames) ? VMZONE_SET_FRAMES : 0;
	case OPT_STORE_LIMIT:
		return size_parse(arg, &want->store_limit) && want->store_limit ?
			VMZONE_SET_STORE_LIMIT : 0;
	case OPT_POLICY:
		return (want->policy = zone_policy_find(arg)) ? VMZONE_SET_POLICY : 0;
	default:
		return (want->codec = zone_codec_find(arg)) ? VMZONE_SET_CODEC : 0;
	}
}

static error_t parse_param(int key, char *arg, struct argp_state *state)
{
	struct named *named = state->input;
	const struct argp_option *o = options;
	__u32 bit;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = &named->node;
		return 0;
	}
	while (o->key && o->key != key)
		o++;
	if (!o->key)
		return ARGP_ERR_UNKNOWN;
	bit = parse_value(key, arg, &named->params);
	if (!bit)
		argp_error(state, "--%s cannot be `%s'", o->name, arg);
	named->params.which |= bit;
	return 0;
}

/* A name, or the path of the node; ends the program when it is neither. */
static void node_parse(struct argp_state *state, const char *arg, struct node *node)
{
	size_t len = 0;

	if (*node->name)
		argp_error(state, "one name at a time, not `%s', too", arg);
	if (!strncmp(arg, NODE_PREFIX, strlen(NODE_PREFIX)))
		arg += strlen(NODE_PREFIX);
	while (isalnum((unsigned char)arg[len]) || (arg[len] && strchr("_.-", arg[len])))
		len++;
	if (!len || len >= VMZONE_NAME_LEN || arg[len])
		argp_error(state, "`%s' is no name: 1 to %d of A-Z, a-z, 0-9, `_', `.' and `-'", arg,
			   VMZONE_NAME_LEN - 1);
	snprintf(node->name, sizeof(node->name), "%s", arg);
	snprintf(node->path, sizeof(node->path), NODE_PREFIX "%s", arg);
}

static error_t parse_node(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_NO_ARGS)
		argp_error(state, "which name?");
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	node_parse(state, arg, state->input);
	return 0;
}

const struct argp node_argp = { .parser = parse_node, .args_doc = "NAME" };

static const struct argp_child named_children[] = { { &node_argp, 0, NULL, 0 }, { 0 } };

const struct argp named_argp = {
	.options = options,
	.parser = parse_param,
	.children = named_children,
};

/* Return: a descriptor of the zone, or -1, which was told */
int node_open(const struct node *node)
{
	int fd = open(node->path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		error(0, 0, "there is no zone `%s': no %s", node->name, node->path);
	else if (fd < 0)
		error(0, errno, "cannot open %s", node->path);
	return fd;
}

/* Return: 0, or -1 when the module cannot do what is wanted, which was told */
int params_check(const struct vmzone_set *want, const struct vmzone_info *info)
{
	struct unit_text t;
	char names[128];

	if (want->bytes % info->page_size || want->bytes > info->max_zone_bytes) {
		error(0, 0, "--bytes has to be a multiple of %llu, and at most %s",
		      info->page_size, bytes_text(&t, info->max_zone_bytes));
	} else if ((want->which & VMZONE_SET_FRAMES) && want->frames < ZONE_MIN_FRAMES) {
		error(0, 0, "--frames has to be at least %d", ZONE_MIN_FRAMES);
	} else if (want->policy && !(info->policies & 1u << want->policy)) {
		zone_names_join(names, sizeof(names), zone_policy_name, info->policies);
		error(0, 0, "this module has no policy `%s', only: %s",
		      zone_policy_name(want->policy), names);
	} else if (want->codec && !(info->codecs & 1u << want->codec)) {
		zone_names_join(names, sizeof(names), zone_codec_name, info->codecs);
		error(0, 0, "this module has no codec `%s', only: %s",
		      zone_codec_name(want->codec), names);
	} else {
		return 0;
	}
	return -1;
}
