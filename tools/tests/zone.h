/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of vmzone share: zones and their ioctls, pages with known
 * contents, faults that end in a signal, and child processes.
 */
#ifndef ZONE_H
#define ZONE_H

#include <linux/vmzone.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KIB 1024UL
#define MIB (1024UL * KIB)

/* Of the machine, filled in by test_begin(). */
extern size_t page_size;
/* Of this run: VMZONE_TEST_SEED, or a new one each time; printed. */
extern uint64_t test_seed;

/* Reads the seed, prints it, and starts the watchdog. */
void test_begin(unsigned int seconds);

#define NR_POLICY_NAMES (VMZONE_POLICY_S3FIFO + 1)
/* As in the module's parameter, by enum vmzone_policy_id; NULL where there is none. */
extern const char *const policy_name[NR_POLICY_NAMES];

/* Zones ----------------------------------------------------------------- */

struct zone {
	int fd;
	uint8_t *map;		/* the whole zone, read-write, or NULL */
	size_t nr_slots;
	size_t nr_frames;
};

/* A descriptor (O_RDWR or so) of a new zone with the default parameters; bails. */
int device_open(int flags);
struct vmzone_info device_info(void);

/* VMZONE_IOC_CREATE. Return: the descriptor, or -errno. */
int zone_create(struct vmzone_create *create);

/* Creates and maps a zone as create says (bytes and frames are taken from it); bails. */
struct zone zone_new(struct vmzone_create create);
/* The same with defaults for all but the size and the budget. */
struct zone zone_sized(size_t nr_slots, size_t nr_frames);
void *zone_map(int fd, size_t nr_slots);
void zone_drop(struct zone *zone);

/* VMZONE_IOC_GET; bails. */
struct vmzone_set zone_get(int fd);
/* VMZONE_IOC_SET of what set.which says. Return: 0 or -errno. */
int zone_set(int fd, struct vmzone_set set);

/* A load and a store that the compiler neither drops nor repeats. */
#define peek(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define poke(p, value) __atomic_store_n(p, value, __ATOMIC_RELAXED)

/* The address of a slot in zone->map. */
uint8_t *slot_at(const struct zone *zone, size_t slot);

/*
 * PAGE_IN, PAGE_OUT, PIN, UNPIN or DISCARD of nr slots from first.
 * Return: out_pages, or -errno. range_out also gives out_pages on an error.
 */
long zone_range(const struct zone *zone, unsigned long command, size_t first, size_t nr);
long zone_range_out(const struct zone *zone, unsigned long command, size_t first, size_t nr,
		    uint64_t *out_pages);

struct vmzone_stats zone_stats(const struct zone *zone);
/*
 * The same once no frame is in use: one that a worker looks at while its slot is
 * discarded is free a moment later. Waits two seconds at most.
 */
struct vmzone_stats zone_emptied(const struct zone *zone);
/*
 * Sends all of a zone without pins to the store; what a worker looks at is passed over,
 * so again, for two seconds at most. Return: how many frames are in use yet.
 */
uint64_t zone_all_out(const struct zone *zone);
/* Whether what the contract says of every snapshot is true of this one; else says what not. */
bool stats_hold(const struct vmzone_stats *stats);
/* The same of a zone whose budget was lowered on the way, from highest_budget at most. */
bool stats_hold_since(const struct vmzone_stats *stats, uint64_t highest_budget);

/* How many of nr slots from first have exactly the bits want within mask. */
size_t zone_count(const struct zone *zone, size_t first, size_t nr, uint8_t mask, uint8_t want);

/* Largest reserve that a zone may keep from faults. */
size_t reserve_max(size_t nr_frames);

/* Contents -------------------------------------------------------------- */

enum fill {
	FILL_TEXT,		/* compresses to about 1 : 2.5 */
	FILL_NOISE,		/* does not compress */
	FILL_SAME,		/* one word, again and again */
	FILL_ZERO,
	FILL_MIX,		/* each slot one of the above */
	NR_FILLS,
};

extern const char *const fill_name[NR_FILLS];

/* A page's bytes follow from these, the seed and the slot. */
struct pattern {
	enum fill fill;
	uint32_t id;		/* of the zone, or whatever tells two sets apart */
	uint32_t version;	/* of this slot's contents */
};

void pattern_make(void *page, struct pattern pattern, size_t slot);
/* Whether the page is as it was made; else says where not. */
bool pattern_good(const void *page, struct pattern pattern, size_t slot);
/* Fills nr slots from first through the mapping. */
void pattern_fill(const struct zone *zone, struct pattern pattern, size_t first, size_t nr);
/* Return: how many of nr slots from first are wrong, seen through the mapping. */
size_t pattern_bad(const struct zone *zone, struct pattern pattern, size_t first, size_t nr);
bool all_zero(const void *page, size_t len);

uint64_t random_next(uint64_t *state);

/* Faults and processes -------------------------------------------------- */

/* memcpy that comes back from SIGBUS and SIGSEGV. Return: 0 or the signal. */
int copy_guarded(void *to, const void *from, size_t len);
/* What the signal that it came back from last was about. */
void *fault_address(void);

/* Reads one byte of each of nr slots from first. */
void touch_read(const struct zone *zone, size_t first, size_t nr);

struct faults {
	long major;
	long minor;
};

/* Of the calling thread, so far (getrusage). */
struct faults faults_now(void);

/* Keeps the calling thread on one processor; bails. */
void stay_on(int processor);

/* Runs body in a child, which dies with its parent. */
pid_t child_start(int (*body)(void *arg), void *arg);
/* Return: the exit status, or 1000 + the signal. */
int child_wait(pid_t pid);
int child_run(int (*body)(void *arg), void *arg);

/*
 * Has all memory present that is the process's alone, with its page tables, and none of
 * it shared with the parent any more. For a memory cgroup near its limit: want of such a
 * page is no error there, but the kernel kills for it.
 */
void populate_own_memory(void);

/*
 * Whether it comes true within some seconds, as processes end and a zone's workers come
 * to rest.
 */
bool comes_true(bool (*condition)(void));

/* Takes a capability (CAP_*) from the calling process for good; bails. */
void drop_capability(int capability);

/* Writes text to a file of /proc, /sys or so. Return: 0 or errno; must_write_text bails. */
int write_text(const char *path, const char *text);
void must_write_text(const char *path, const char *text);

/*
 * The kernel's pagemap of this process. Whose page tables it shows, and who may see
 * the numbers of frames in it, is settled by its open.
 */
int pagemap_open(void);
#define PAGEMAP_SOFT_DIRTY (1ULL << 55)
#define PAGEMAP_FILE (1ULL << 61)
#define PAGEMAP_SWAPPED (1ULL << 62)
#define PAGEMAP_PRESENT (1ULL << 63)
/* The number of the frame of the page at that address, or 0: there is none. */
uint64_t pagemap_frame(int pagemap, const void *at);
/* How many of nr pages from at on have all these bits there. */
size_t pagemap_count(const void *at, size_t nr, uint64_t bits);

/* One line of a /proc or /sys file as a number; -1 without it. key NULL: the first. */
long read_number(const char *path, const char *key);
/* Memory of the machine that nobody uses, what CPUs keep for themselves included. */
long free_kib(void);

#endif /* ZONE_H */
