/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program: a short sequence of calls with numbers for arguments, and its text,
 * which is what the corpus is made of. A line is a call, as
 *
 *	pin fd=0 at=heap size=32 offset=4p length=8p
 *
 * with every argument that is not named being the usual one. Numbers are
 * decimal, hexadecimal, or pages ("4p"); at= takes the name of a place. A line
 * "race" says that two threads run the rest at a time.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ARGS 14
#define MAX_STEPS 24

/* What an argument means, and so what else it may be. */
enum arg_kind {
	ARG_END,
	ARG_FD,		/* place in the table of descriptors */
	ARG_MAP,	/* place in the table of mappings */
	ARG_WHERE,	/* enum where: what a pointer points to */
	ARG_SIZE,	/* of a structure */
	ARG_BITS,	/* flags */
	ARG_BYTES,	/* an offset or a length */
	ARG_NUMBER,	/* how many of something */
	ARG_PICK,	/* one of a few */
};

struct arg {
	const char *name;
	enum arg_kind kind;
	uint64_t usual;
	uint64_t known;		/* BITS: all that mean something; PICK: how many there are */
	uint16_t offset;	/* in the structure of an ioctl, */
	uint16_t width;		/* with so many bytes; 0: not there */
};

struct step {
	uint32_t call;		/* index of calls[] */
	uint64_t arg[MAX_ARGS];
};

struct program {
	uint32_t nr;
	uint32_t race;		/* first step of those that two threads run; nr: none */
	struct step step[MAX_STEPS];
};

/* A step of that call with the usual arguments. */
struct step step_usual(uint32_t call);

#define PROGRAM_TEXT_MAX 8192

/* Writes the program's text; between two lines stands separator. */
void program_print(const struct program *program, const char *separator, char *text, size_t size);

/* Reads a text. Return: NULL, or the line that is wrong. */
const char *program_parse(struct program *program, const char *text);

#endif /* PROGRAM_H */
