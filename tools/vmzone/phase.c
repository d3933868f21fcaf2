// SPDX-License-Identifier: GPL-2.0-only
/*
 * phase.c - one stretch of work on a zone, by threads, watched by another
 */
#include <errno.h>
#include <error.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "phase.h"
#include "progress.h"
#include "units.h"

#define WATCH_MSECS 200

/* Guards verdict and messages of the phase that runs. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static atomic_bool interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = true;
}

/* The first SIGINT or SIGTERM asks the phase to end; the second does not ask. */
int phase_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART | (int)SA_RESETHAND };

	return sigaction(SIGINT, &action, NULL) || sigaction(SIGTERM, &action, NULL) ? -1 : 0;
}

bool phase_is_over(struct phase *p)
{
	return interrupted || atomic_load_explicit(&p->stop, memory_order_relaxed);
}

/**
 * phase_complain() - something is wrong
 * @p: the phase
 * @verdict: what it means for the exit status; EXIT_TROUBLE also ends the phase
 * @format: one sentence, as for printf
 *
 * The sentences are printed when the phase is over, so that they do not get
 * into the progress bar.
 */
void phase_complain(struct phase *p, enum vmzone_exit verdict, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&lock);
	if (p->nr_messages < PHASE_MAX_MESSAGES) {
		va_start(args, format);
		vsnprintf(p->messages[p->nr_messages], PHASE_MESSAGE_LEN, format, args);
		va_end(args);
	}
	p->nr_messages++;
	if (p->verdict != EXIT_WRONG)
		p->verdict = verdict;
	pthread_mutex_unlock(&lock);
	if (verdict == EXIT_TROUBLE)
		atomic_store(&p->stop, true);
}

static void *worker(void *arg)
{
	struct phase *p = arg;

	p->work(p);
	return NULL;
}

/* Holds the gauges against the limits, and tells of them in @note. */
static void watch_zone(struct phase *p, char *note, size_t len)
{
	struct unit_text ratio;
	struct vmzone_stats s;

	note[0] = 0;
	if (zone_stats(p->zone, &s)) {
		phase_complain(p, EXIT_TROUBLE, "cannot read the zone's counters: %s",
			       strerror(errno));
		return;
	}
	snprintf(note, len, "%*llu frames  store %7s", snprintf(NULL, 0, "%llu", s.budget_frames),
		 s.resident_frames,
		 ratio_text(&ratio, s.stored_slots * p->zone->info.page_size, s.store_bytes));
	if (s.resident_frames > s.budget_frames) {
		phase_complain(p, EXIT_WRONG, "%llu frames in use, but the budget is %llu",
			       s.resident_frames, s.budget_frames);
		atomic_store(&p->stop, true);
	}
	if (s.store_bytes > s.store_limit_bytes) {
		phase_complain(p, EXIT_WRONG, "the store takes %llu bytes, its limit is %llu",
			       s.store_bytes, s.store_limit_bytes);
		atomic_store(&p->stop, true);
	}
}

static void watch(struct phase *p, const pthread_t *threads, unsigned int nr)
{
	struct progress progress;
	struct timespec until;
	char note[80];

	progress_begin(&progress, p->name, p->total_bytes);
	for (unsigned int i = 0; i < nr;) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += WATCH_MSECS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (!pthread_clockjoin_np(threads[i], NULL, CLOCK_MONOTONIC, &until)) {
			i++;
			continue;
		}
		watch_zone(p, note, sizeof(note));
		progress_show(&progress, atomic_load(&p->done_bytes), note);
	}
	watch_zone(p, note, sizeof(note));
	p->seconds = progress_end(&progress, atomic_load(&p->done_bytes), note);
}

static void tell_messages(const struct phase *p)
{
	unsigned int kept = p->nr_messages;

	if (kept > PHASE_MAX_MESSAGES)
		kept = PHASE_MAX_MESSAGES;
	for (unsigned int i = 0; i < kept; i++)
		error(0, 0, "%s", p->messages[i]);
	if (kept < p->nr_messages)
		error(0, 0, "... and %u more like these", p->nr_messages - kept);
}

/**
 * phase_run() - do the work
 * @p: name, zone, work, arg, nr_threads and total_bytes filled in, the rest 0
 *
 * Return: how it went; what was wrong has been told
 */
enum vmzone_exit phase_run(struct phase *p)
{
	pthread_t threads[PHASE_MAX_THREADS];
	unsigned int nr = 0;
	int err = 0;

	while (nr < p->nr_threads && !err) {
		err = pthread_create(&threads[nr], NULL, worker, p);
		if (!err)
			nr++;
	}
	if (err)
		phase_complain(p, EXIT_TROUBLE, "cannot start a thread: %s", strerror(err));
	watch(p, threads, nr);
	tell_messages(p);
	if (interrupted && p->verdict == EXIT_RIGHT) {
		error(0, 0, "interrupted");
		return EXIT_INTERRUPTED;
	}
	return p->verdict;
}
