/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls that programs are made of: what arguments they take, which errors
 * the contract allows, and what must not succeed.
 */
#ifndef CALLS_H
#define CALLS_H

#include "memory.h"
#include "program.h"

#define MAX_ERRORS 14

/* What a call ended in, besides its result. */
enum verdict {
	VERDICT_FINE,
	VERDICT_SKIPPED,	/* it was not made */
	VERDICT_ACCEPTED,	/* it succeeded, and must not */
	VERDICT_OVERRUN,	/* it wrote where it may not */
	VERDICT_ERROR,		/* it gave an error that the contract does not know there */
	VERDICT_WRONG,		/* what it returned cannot be */
};

struct outcome {
	long result;		/* or -errno */
	enum verdict verdict;
	enum fd_kind kind;	/* of the descriptor it was made on */
	const char *why;
};

struct context {
	struct tables *tables;
	struct area area;
};

/* The first arguments of every ioctl; the fields of its structure come behind. */
enum { IN_FD, IN_AT, IN_SIZE, IN_TAIL, IN_FIELDS };

struct call {
	const char *name;
	struct outcome (*run)(struct context *context, const struct call *call,
			      const uint64_t *arg);
	unsigned long command;	/* of an ioctl */
	uint32_t min_size;
	struct arg args[MAX_ARGS];
	int errors[MAX_ERRORS];	/* on a zone's descriptor */
	bool makes;		/* fills a place of a table */

	/* What run_on_file() makes on a descriptor, and why it must fail, or NULL. */
	long (*on_file)(int fd, const uint64_t *arg);
	const char *(*must_fail)(const uint64_t *arg);
	/* What run_on_part() makes on a part of a mapping, of that many bytes at most. */
	long (*on_part)(uint8_t *at, uint64_t length, uint64_t how);
	uint64_t max_part;
};

extern const struct outcome skipped;

/* The table is in three parts, one a file. */
extern const struct call *calls;
extern uint32_t nr_calls;
extern const struct call ioctl_calls[], file_calls[], map_calls[];
extern const uint32_t nr_ioctl_calls, nr_file_calls, nr_map_calls;

void calls_init(void);
/* Return: the index, or -1. */
long call_by_name(const char *name);

/* Makes one call. */
struct outcome call_run(struct context *context, const struct step *step);

/* The descriptor in a place of the table, or the number itself where there is none. */
int fd_at(const struct tables *tables, uint64_t place);
enum fd_kind kind_at(const struct tables *tables, uint64_t place);
/* Puts a descriptor there; the one that was there is closed. */
void fd_put(struct tables *tables, uint64_t place, int fd, enum fd_kind kind);
/* The result of a system call and errno as an outcome. */
struct outcome outcome_of(long result);

#endif /* CALLS_H */
