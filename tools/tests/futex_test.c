// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that processes synchronise through a zone as through any shared
 * memory: futexes whose page goes out and comes in at another frame while
 * somebody waits, mutexes and condition variables of pthreads, robust ones
 * too, and atomics through two mappings.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "twins.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_CHILDREN 4
#define NR_STEPS 500
#define NR_ADDED 10000

/* One slot each, so that they page one by one. Beyond what the others fill. */
#define WORD_SLOT 1
#define MUTEX_SLOT 2
#define COUNT_SLOT 3

static const struct zone *shared;

static uint32_t *word(void)
{
	return (uint32_t *)slot_at(shared, WORD_SLOT);
}

static long futex(uint32_t *at, int operation, uint32_t value)
{
	return or_errno(syscall(SYS_futex, at, operation, value, NULL, NULL, 0));
}

/* Sends a slot out and fills its frame with something else. */
static void elsewhere(void)
{
	all_out();
	pattern_fill(&zone, pattern, TWINS_SLOTS / 2, TWINS_SLOTS / 2);
}

static int wait_for_word(void *arg)
{
	(void)arg;
	while (!peek(word())) {
		long ret = futex(word(), FUTEX_WAIT, 0);

		if (ret && ret != -EAGAIN && ret != -EINTR)
			return 1;
	}
	return peek(word()) != 42;
}

/* Whether a process sleeps in a system call of this number, if the kernel tells. */
static bool sleeps_in(pid_t pid, long number)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	return access(path, R_OK) || read_number(path, NULL) == number;
}

/* A child waits, the page goes and comes back at another frame, and it is woken. */
static long woken(const struct zone *map, long by_another_mapping)
{
	struct zone other = *map;
	uint32_t *same_word;
	long nr_woken, status;
	pid_t pid;

	shared = map;
	other.map = zone_map(map->fd, map->nr_slots);
	same_word = by_another_mapping ? (uint32_t *)slot_at(&other, WORD_SLOT) : word();
	poke(word(), 0);
	elsewhere();
	pid = child_start(wait_for_word, NULL);
	while (!sleeps_in(pid, SYS_futex))
		usleep(1000);
	do {
		elsewhere();
		nr_woken = futex(same_word, FUTEX_WAKE, INT_MAX);
	} while (!nr_woken);
	/* It has seen no change, and waits again, or is about to. */
	poke(word(), 42);
	elsewhere();
	futex(same_word, FUTEX_WAKE, INT_MAX);
	status = child_wait(pid);
	munmap(other.map, other.nr_slots * page_size);
	return nr_woken == 1 ? status : 100 + nr_woken;
}

static long wait_for_what_is_not(const struct zone *map, long operation)
{
	shared = map;
	poke(word(), 7);
	elsewhere();
	return futex(word(), operation, 8);
}

struct locked {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	sem_t turn;
	uint32_t count;
};

static struct locked *locked(void)
{
	return (struct locked *)slot_at(shared, MUTEX_SLOT);
}

static void locked_begin(const struct zone *map, bool robust)
{
	pthread_mutexattr_t attr;
	pthread_condattr_t cond;

	shared = map;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (robust)
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	*locked() = (struct locked){ 0 };
	pthread_mutex_init(&locked()->mutex, &attr);
	pthread_cond_init(&locked()->changed, &cond);
	sem_init(&locked()->turn, 1, 0);
}

/* Two slots that hold the same count, and a mutex that says so. */
static int count_locked(void *arg)
{
	uint32_t *twice = (uint32_t *)slot_at(shared, COUNT_SLOT);
	size_t bad = 0;

	(void)arg;
	for (int i = 0; i < NR_STEPS; i++) {
		if (pthread_mutex_lock(&locked()->mutex))
			return 1;
		bad += locked()->count != *twice;
		locked()->count++;
		*twice += 1;
		pthread_mutex_unlock(&locked()->mutex);
	}
	return bad ? 2 : 0;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) || info.si_pid;
}

/* Return: what all have counted. */
static long mutex_held(const struct zone *map, long nr)
{
	pid_t pids[NR_CHILDREN];
	long bad = 0;

	locked_begin(map, false);
	poke((uint32_t *)slot_at(map, COUNT_SLOT), 0);
	for (long i = 0; i < nr; i++)
		pids[i] = child_start(count_locked, NULL);
	for (long i = 0; i < nr; i++) {
		while (!has_ended(pids[i]))
			all_out();
		bad += child_wait(pids[i]) != 0;
	}
	return bad ? -bad : (long)locked()->count;
}

static int die_locked(void *arg)
{
	(void)arg;
	if (pthread_mutex_lock(&locked()->mutex))
		return 1;
	locked()->count = 77;
	all_out();
	raise(SIGKILL);
	return 2;
}

/* The kernel itself writes the word of who died with it, wherever it is. */
static long owner_died(const struct zone *map, long arg)
{
	int status, ret;

	(void)arg;
	locked_begin(map, true);
	elsewhere();
	status = child_run(die_locked, NULL);
	if (status != 1000 + SIGKILL)
		return status;
	elsewhere();
	/* Else it would wait for the dead. */
	if (!(peek(&locked()->mutex.__data.__lock) & FUTEX_OWNER_DIED))
		return -ESRCH;
	ret = pthread_mutex_lock(&locked()->mutex);
	if (ret != EOWNERDEAD || locked()->count != 77)
		return -ret;
	elsewhere();
	return pthread_mutex_consistent(&locked()->mutex) ?:
	       pthread_mutex_unlock(&locked()->mutex) ?: pthread_mutex_lock(&locked()->mutex) ?:
	       pthread_mutex_unlock(&locked()->mutex);
}

static int wait_for_change(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&locked()->mutex);
	sem_post(&locked()->turn);
	while (locked()->count != 5)
		pthread_cond_wait(&locked()->changed, &locked()->mutex);
	pthread_mutex_unlock(&locked()->mutex);
	return 0;
}

static long change_told(const struct zone *map, long nr)
{
	pid_t pids[NR_CHILDREN];
	long bad = 0;

	locked_begin(map, false);
	for (long i = 0; i < nr; i++)
		pids[i] = child_start(wait_for_change, NULL);
	for (long i = 0; i < nr; i++)
		sem_wait(&locked()->turn);
	elsewhere();
	pthread_mutex_lock(&locked()->mutex);
	locked()->count = 5;
	elsewhere();
	pthread_cond_broadcast(&locked()->changed);
	pthread_mutex_unlock(&locked()->mutex);
	elsewhere();
	for (long i = 0; i < nr; i++)
		bad += child_wait(pids[i]) != 0;
	return bad;
}

static void *add(void *arg)
{
	for (int i = 0; i < NR_ADDED; i++)
		__atomic_add_fetch((uint64_t *)arg, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Two threads, each by its own mapping, while the page comes and goes. */
static long added(const struct zone *map, long slot)
{
	struct zone other = *map;
	pthread_t threads[2];
	uint64_t *sum = (uint64_t *)slot_at(map, slot);
	long result;

	other.map = zone_map(map->fd, map->nr_slots);
	poke(sum, 0);
	if (pthread_create(&threads[0], NULL, add, slot_at(map, slot)) ||
	    pthread_create(&threads[1], NULL, add, slot_at(&other, slot)))
		bail("pthread_create");
	for (int i = 0; i < NR_STEPS; i++)
		zone_range(&zone, VMZONE_IOC_PAGE_OUT, slot, 1);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	result = peek(sum);
	munmap(other.map, other.nr_slots * page_size);
	return result;
}

int main(void)
{
	test_begin(90);
	twins_begin();
	both(woken, 0, 0, "FUTEX_WAKE finds who waits, after the page went and came");
	both(woken, 1, 0, "also by another mapping");
	both(wait_for_what_is_not, FUTEX_WAIT, -EAGAIN, "FUTEX_WAIT of another value: EAGAIN");
	both(mutex_held, NR_CHILDREN, NR_CHILDREN * NR_STEPS, "a mutex keeps processes apart");
	both(owner_died, 0, 0, "a robust mutex tells that its owner was killed");
	both(change_told, NR_CHILDREN, 0, "a condition variable wakes all processes");
	both(added, COUNT_SLOT, 2 * NR_ADDED, "atomics by two mappings, while the page pages");
	kept_in(TWINS_SLOTS / 2, TWINS_SLOTS / 2, "the contents of the others are right");
	twins_end();
	return tap_end();
}
