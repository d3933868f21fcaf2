/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmzone.h - the table of subcommands, and what they all agree on
 *
 * A subcommand is a function in a file cmd_<name>.c and a line in the table in
 * vmzone.c. It parses its own arguments with argp, says what went wrong in one
 * sentence on stderr through error(3), and returns one of enum vmzone_exit.
 */
#ifndef VMZONE_H
#define VMZONE_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/**
 * enum vmzone_exit - exit status of every subcommand
 * @EXIT_RIGHT: all that was asked for was done, and was right
 * @EXIT_WRONG: the zone did not do what it promises
 * @EXIT_TROUBLE: bad arguments, or the system did not let us find out
 * @EXIT_INTERRUPTED: stopped by SIGINT or SIGTERM
 */
enum vmzone_exit {
	EXIT_RIGHT = 0,
	EXIT_WRONG = 1,
	EXIT_TROUBLE = 2,
	EXIT_INTERRUPTED = 130,
};

/**
 * struct command - one subcommand
 * @name: what the user types
 * @summary: one line for --help
 * @run: gets its own name in argv[0], returns enum vmzone_exit
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int cmd_create(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_verify(int argc, char **argv);

#endif /* VMZONE_H */
