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
#define MAX_CALLS 64

/* Arguments that many calls have. */
#define ON_FD { .name = "fd", .kind = ARG_FD }
#define TO_FD(usual_) { .name = "to", .kind = ARG_FD, .usual = usual_ }
#define ON_MAP { .name = "map", .kind = ARG_MAP }
#define AT { .name = "at", .kind = ARG_WHERE }
#define OFFSET { .name = "offset", .kind = ARG_BYTES }
#define LENGTH(usual_) { .name = "length", .kind = ARG_BYTES, .usual = usual_ }
#define PICK(name_, nr) { .name = name_, .kind = ARG_PICK, .known = nr }

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
enum { IN_FD, IN_AT, IN_SIZE, IN_TAIL, IN_COMPAT, IN_FIELDS };

struct call {
	const char *name;
	struct outcome (*run)(struct context *context, const struct call *call,
			      const uint64_t *arg);
	unsigned long command;	/* of an ioctl */
	uint32_t min_size;
	struct arg args[MAX_ARGS];
	int errors[MAX_ERRORS];	/* on a zone's descriptor */
	bool makes;		/* fills a place of a table */
	bool swaps;		/* another thread may find another descriptor in its place, or none */

	/* What run_on_file() makes on a descriptor, and why it must fail, or NULL. */
	long (*on_file)(int fd, const uint64_t *arg);
	const char *(*must_fail)(const uint64_t *arg);
	/* What run_on_part() makes on a part of a mapping, of that many bytes at most. */
	long (*on_part)(uint8_t *at, uint64_t length, uint64_t how);
	uint64_t max_part;
};

extern const struct outcome skipped;

/* The table is in parts, one a file. */
extern const struct call *calls;
extern uint32_t nr_calls;
extern const struct call ioctl_calls[], file_calls[], map_calls[], page_calls[], beside_calls[];
extern const uint32_t nr_ioctl_calls, nr_file_calls, nr_map_calls, nr_page_calls, nr_beside_calls;

/* Names that zones get, by number. */
#define NR_NAMES 9
extern const char *const zone_names[NR_NAMES];

/* Fills the table, and looks what the kernel has of what they use. */
void calls_init(void);
void compat_init(void);
/* Return: the index, or -1. */
long call_by_name(const char *name);

/* Makes one call. */
struct outcome call_run(struct context *context, const struct step *step);

/* The descriptor in a place of the table, or the number itself where there is none. */
int fd_at(const struct tables *tables, uint64_t place);
enum fd_kind kind_at(const struct tables *tables, uint64_t place);
/* Puts a descriptor there; the one that was there is closed. */
void fd_put(struct tables *tables, uint64_t place, int fd, enum fd_kind kind);
/* The same, and what it was made on. */
struct outcome made(struct tables *tables, uint64_t place, int fd, enum fd_kind kind);

/* The result of a system call and errno as an outcome; judged() if it was made on a zone. */
struct outcome outcome_of(long result);
struct outcome judged(long result);
/* An outcome that should not be. */
struct outcome wrong(struct outcome outcome, enum verdict verdict, const char *why);
bool is_zone(enum fd_kind kind);

/* The mapping in a place of the table. */
struct map *map_at(struct context *context, uint64_t place);
/*
 * The part of a mapping that a call is about, within its place, and of max bytes at most.
 * Return: false: there is none.
 */
bool part_of(const struct map *map, uint64_t offset, uint64_t *length, uint64_t max);
/* Reads or writes a byte of each page. Return: how many could be. */
long touch_part(uint8_t *at, uint64_t length, uint64_t write);
/* Makes call->on_part or call->on_file. */
struct outcome run_on_part(struct context *context, const struct call *call, const uint64_t *arg);
struct outcome run_on_file(struct context *context, const struct call *call, const uint64_t *arg);

#endif /* CALLS_H */
