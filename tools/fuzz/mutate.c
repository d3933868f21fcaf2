// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kinds of arguments may turn into, and how programs change.
 */
#include "mutate.h"
#include "calls.h"
#include "memory.h"
#include "../tests/zone.h"

#include <string.h>

static uint64_t below(uint64_t *state, uint64_t limit)
{
	return random_next(state) % limit;
}

static uint64_t mutate_bytes(uint64_t *state, uint64_t value)
{
	static const uint64_t edges[] = {
		0, 1, PAGE - 1, PAGE, PAGE + 1, 16 * PAGE, 63 * PAGE, 64 * PAGE, 65 * PAGE,
		1UL << 20, 1UL << 31, 1UL << 32, (1UL << 32) - PAGE, 1UL << 44, 1UL << 46,
		(1UL << 46) - PAGE, (1UL << 46) + PAGE, 1UL << 52, INT64_MAX, INT64_MAX - PAGE + 1,
		1UL << 63, UINT64_MAX, UINT64_MAX - PAGE + 1, UINT64_MAX - 16 * PAGE + 1,
	};

	switch (below(state, 6)) {
	case 0:
	case 1:
		return edges[below(state, ARRAY_SIZE(edges))];
	case 2:
		return below(state, 80) * PAGE;
	case 3:
		return value + (below(state, 5) - 2) * PAGE;
	case 4:
		return -value;
	default:
		return random_next(state) >> below(state, 64);
	}
}

static uint64_t mutate_size(uint64_t *state, uint64_t usual)
{
	static const uint64_t edges[] = {
		0, 1, 3, 4, 7, 8, PAGE - 1, PAGE, PAGE + 1, 65536, 1UL << 31, UINT32_MAX,
	};

	switch (below(state, 4)) {
	case 0:
		return edges[below(state, ARRAY_SIZE(edges))];
	case 1:
		return usual + below(state, 17) - 8;
	case 2:
		return below(state, PAGE + 1);
	default:
		return usual;
	}
}

static uint64_t mutate_number(uint64_t *state)
{
	static const uint64_t edges[] = {
		0, 1, 15, 16, 17, 32, 64, 128, 256, 257, 1024, 4096, 4097, UINT32_MAX,
		1UL << 32, 1UL << 52, INT64_MAX, 1UL << 63, UINT64_MAX,
	};

	return below(state, 3) ? edges[below(state, ARRAY_SIZE(edges))] : below(state, 100);
}

static uint64_t mutate_bits(uint64_t *state, const struct arg *arg, uint64_t value)
{
	switch (below(state, 5)) {
	case 0:
		return value ^ 1UL << below(state, 32);
	case 1:
		return random_next(state) & arg->known;
	case 2:
		return arg->usual ^ (arg->known & 1UL << below(state, 32));
	case 3:
		return below(state, 4) ? arg->usual : random_next(state);
	default:
		return value ^ (arg->known & 1UL << below(state, 8));
	}
}

static uint64_t mutate_value(uint64_t *state, const struct arg *arg, uint64_t value)
{
	/* Else few calls would get beyond the first check. */
	if (arg->kind <= ARG_WHERE && below(state, 2))
		return arg->usual;
	switch (arg->kind) {
	case ARG_FD:
		/* Now and then a number that is in no table. */
		return below(state, 20) ? below(state, NR_FDS) : 1000 + below(state, 9);
	case ARG_MAP:
		return below(state, NR_MAPS);
	case ARG_WHERE:
		return below(state, NR_WHERE);
	case ARG_SIZE:
		return mutate_size(state, arg->usual);
	case ARG_BITS:
		return mutate_bits(state, arg, value);
	case ARG_BYTES:
		return mutate_bytes(state, value);
	case ARG_NUMBER:
		return mutate_number(state);
	case ARG_PICK:
		return below(state, 10) ? below(state, arg->known + 1) : random_next(state);
	default:
		return value;
	}
}

static void mutate_step(struct step *step, uint64_t *state)
{
	const struct arg *args = calls[step->call].args;
	uint32_t nr = 0;

	while (nr < MAX_ARGS && args[nr].name)
		nr++;
	if (nr) {
		uint32_t i = below(state, nr);

		step->arg[i] = mutate_value(state, &args[i], step->arg[i]);
	}
}

static void insert_step(struct program *program, uint32_t at, const struct step *from)
{
	struct step step = *from;	/* it may be one of those that move */

	if (program->nr == MAX_STEPS)
		return;
	memmove(&program->step[at + 1], &program->step[at],
		(program->nr - at) * sizeof(*program->step));
	program->step[at] = step;
	program->nr++;
	if (program->race > at && program->race < MAX_STEPS)
		program->race++;
}

void remove_step(struct program *program, uint32_t at)
{
	program->nr--;
	memmove(&program->step[at], &program->step[at + 1],
		(program->nr - at) * sizeof(*program->step));
	if (program->race > at && program->race < MAX_STEPS)
		program->race--;
}

/* A call with a few arguments that are not the usual ones, and mostly small ranges. */
static struct step random_step(uint64_t *state)
{
	struct step step = step_usual(below(state, nr_calls));
	const struct arg *args = calls[step.call].args;

	for (uint32_t i = 0; i < MAX_ARGS && args[i].name; i++)
		if (args[i].kind == ARG_BYTES && below(state, 2))
			step.arg[i] = below(state, 64) * PAGE;
	for (uint64_t nr = below(state, 3); nr; nr--)
		mutate_step(&step, state);
	return step;
}

/* Where the making of descriptors and mappings ends and their use begins. */
static uint32_t first_use(const struct program *program)
{
	uint32_t at = 0;

	while (at < program->nr && calls[program->step[at].call].makes)
		at++;
	return at;
}

static void mutate_once(struct program *program, const struct program *other, uint64_t *state)
{
	uint32_t at = below(state, program->nr + 1);
	struct step step;

	switch (below(state, 10)) {
	case 0:
	case 1:
		step = random_step(state);
		insert_step(program, at, &step);
		break;
	case 2:
		if (program->nr > 1 && at < program->nr)
			remove_step(program, at);
		break;
	case 3:
		if (other->nr)
			insert_step(program, at, &other->step[below(state, other->nr)]);
		break;
	case 4:
		if (at < program->nr)
			insert_step(program, below(state, program->nr + 1), &program->step[at]);
		break;
	case 5:
		program->race = below(state, 2) ? first_use(program) : MAX_STEPS;
		break;
	default:
		if (at < program->nr)
			mutate_step(&program->step[at], state);
	}
}

void mutate(struct program *program, const struct program *other, uint64_t *state)
{
	for (uint64_t nr = 1 + below(state, 4); nr; nr--)
		mutate_once(program, other, state);
}

void generate(struct program *program, uint64_t *state)
{
	memset(program, 0, sizeof(*program));
	program->race = MAX_STEPS;
	program->step[program->nr++] = step_usual(call_by_name(below(state, 4) ? "create" : "open"));
	program->step[program->nr++] = step_usual(call_by_name("mmap"));
	for (uint64_t nr = 2 + below(state, 12); nr; nr--)
		program->step[program->nr++] = random_step(state);
	if (!below(state, 3))
		program->race = first_use(program);
}
