// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs to text and back.
 */
#include "program.h"
#include "calls.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct step step_usual(uint32_t call)
{
	struct step step = { .call = call };

	for (size_t i = 0; i < MAX_ARGS; i++)
		step.arg[i] = calls[call].args[i].usual;
	return step;
}

static int print_value(char *text, size_t size, const struct arg *arg, uint64_t value)
{
	if (arg->kind == ARG_WHERE && value < NR_WHERE)
		return snprintf(text, size, "%s", where_name[value]);
	if (arg->kind == ARG_BYTES && value && value % PAGE == 0 && value >> 32 == 0)
		return snprintf(text, size, "%llup", (unsigned long long)value / PAGE);
	return snprintf(text, size, value < 10000 ? "%llu" : "0x%llx", (unsigned long long)value);
}

static void print_step(const struct step *step, char *text, size_t size)
{
	const struct call *call = &calls[step->call];
	size_t len = snprintf(text, size, "%s", call->name);

	for (size_t i = 0; i < MAX_ARGS && call->args[i].name && len < size; i++) {
		if (step->arg[i] == call->args[i].usual)
			continue;
		len += snprintf(text + len, size - len, " %s=", call->args[i].name);
		if (len < size)
			len += print_value(text + len, size - len, &call->args[i], step->arg[i]);
	}
}

void program_print(const struct program *program, const char *separator, char *text, size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (uint32_t i = 0; i < program->nr && len + 1 < size; i++) {
		if (i == program->race)
			len += snprintf(text + len, size - len, "race%s", separator);
		if (len < size) {
			print_step(&program->step[i], text + len, size - len);
			len += strlen(text + len);
		}
		if (len < size)
			len += snprintf(text + len, size - len, "%s", separator);
	}
}

static bool parse_value(const struct arg *arg, const char *text, uint64_t *value)
{
	char *end;

	for (size_t i = 0; arg->kind == ARG_WHERE && i < NR_WHERE; i++) {
		if (!strcmp(text, where_name[i])) {
			*value = i;
			return true;
		}
	}
	*value = strtoull(text, &end, 0);
	if (*end == 'p' && end > text) {
		*value *= PAGE;
		end++;
	}
	return end > text && !*end;
}

static bool parse_arg(struct step *step, char *word)
{
	const struct arg *args = calls[step->call].args;
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < MAX_ARGS && args[i].name; i++)
		if (!strcmp(word, args[i].name))
			return parse_value(&args[i], value, &step->arg[i]);
	return false;
}

static bool parse_step(struct program *program, char *line)
{
	char *rest, *word = strtok_r(line, " \t", &rest);
	struct step *step;
	long call;

	if (!word)
		return true;
	if (!strcmp(word, "race")) {
		program->race = program->nr;
		return true;
	}
	call = call_by_name(word);
	if (call < 0 || program->nr == MAX_STEPS)
		return false;
	step = &program->step[program->nr++];
	*step = step_usual(call);
	while ((word = strtok_r(NULL, " \t", &rest)))
		if (!parse_arg(step, word))
			return false;
	return true;
}

const char *program_parse(struct program *program, const char *text)
{
	static char wrong[256];

	memset(program, 0, sizeof(*program));
	program->race = MAX_STEPS;
	while (*text) {
		size_t len = strcspn(text, "\n;");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		line[strcspn(line, "#")] = '\0';
		memcpy(wrong, line, sizeof(wrong));
		if (!parse_step(program, line))
			return wrong;
		text += len + (text[len] != '\0');
	}
	return NULL;
}
