// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmzone.c - the command vmzone: finds the subcommand and hands over to it
 */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmzone.h"

static const struct command commands[] = {
	{ "create", "make a zone that programs open by the path of its device node", cmd_create },
	{ "set", "change such a zone while it is in use, or show its parameters", cmd_set },
	{ "destroy", "end such a zone", cmd_destroy },
	{ "info", "what the loaded module can do, and its defaults", cmd_info },
	{ "verify", "load files into a zone, read them back, check every byte", cmd_verify },
};

static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t len = 0;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&list, &len);
	if (!out)
		return (char *)text;
	fputs("Commands:\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`vmzone COMMAND --help' tells more, and so does vmzone(1).\n", out);
	fclose(out);
	return list;
}

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_ARG:
		argp_error(state, "there is no command `%s'", arg);
		return ARGP_ERR_UNKNOWN;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp top = {
	.parser = parse_command,
	.args_doc = "COMMAND [ARGUMENT...]",
	.doc = "Uses, checks and shows demand-paged memory zones (/dev/vmzone).\v",
	.help_filter = list_commands,
};

static int run_command(const struct command *command, int argc, char **argv)
{
	static char name[64];

	snprintf(name, sizeof(name), "vmzone %s", command->name);
	argv[0] = name;
	program_invocation_name = name;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	argp_err_exit_status = EXIT_TROUBLE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);

	argp_parse(&top, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	return EXIT_TROUBLE;
}
