// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thing after the other is taken away, and comes back if it was needed.
 */
#include "shorten.h"
#include "calls.h"
#include "mutate.h"

struct program shorten(struct program program,
		       bool (*does_it)(const struct program *program, void *arg), void *arg)
{
	struct program shorter = program;

	shorter.race = MAX_STEPS;
	if (does_it(&shorter, arg))
		program = shorter;
	for (uint32_t i = program.nr; i-- > 0;) {
		shorter = program;
		remove_step(&shorter, i);
		if (does_it(&shorter, arg))
			program = shorter;
	}
	for (uint32_t i = 0; i < program.nr * MAX_ARGS; i++) {
		struct step *step = &program.step[i / MAX_ARGS];
		uint64_t usual = calls[step->call].args[i % MAX_ARGS].usual;

		if (step->arg[i % MAX_ARGS] == usual)
			continue;
		shorter = program;
		shorter.step[i / MAX_ARGS].arg[i % MAX_ARGS] = usual;
		if (does_it(&shorter, arg))
			program = shorter;
	}
	return program;
}
