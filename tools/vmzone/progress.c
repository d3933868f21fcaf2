// SPDX-License-Identifier: GPL-2.0-only
/*
 * progress.c - how far a phase has got
 */
#include <string.h>

#include "progress.h"
#include "term.h"
#include "units.h"

#define BAR_MIN 8
#define BAR_MAX 40

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

void progress_begin(struct progress *p, const char *name, __u64 total_bytes)
{
	*p = (struct progress){ .out = stderr, .name = name, .total_bytes = total_bytes };
	p->live = term_is_live(p->out);
	clock_gettime(CLOCK_MONOTONIC, &p->start);
}

static void draw_bar(struct progress *p, unsigned int percent, const char *tail)
{
	int width = term_columns(p->out) - (int)(strlen(tail) + strlen(p->name)) - 10;
	char bar[BAR_MAX + 1];
	int full;

	if (width > BAR_MAX)
		width = BAR_MAX;
	if (width < BAR_MIN)
		width = BAR_MIN;
	full = (int)percent * width / 100;
	memset(bar, '.', (size_t)width);
	memset(bar, '#', (size_t)full);
	bar[width] = 0;
	fprintf(p->out, "\r%s [%s] %3u%%%s\033[K", p->name, bar, percent, tail);
	fflush(p->out);
}

/**
 * progress_show() - say how far it is, if it is time to
 * @p: the phase
 * @done_bytes: so many
 * @note: what else is worth seeing, short
 */
void progress_show(struct progress *p, __u64 done_bytes, const char *note)
{
	unsigned int percent = p->total_bytes ? (unsigned int)(done_bytes * 100 / p->total_bytes)
					      : 100;
	struct unit_text done, rate;
	char tail[128];

	if (!p->live && percent < p->last_percent + PROGRESS_STEP)
		return;
	p->last_percent = percent - percent % PROGRESS_STEP;
	snprintf(tail, sizeof(tail), " %9s %11s  %s", bytes_text(&done, done_bytes),
		 rate_text(&rate, done_bytes, seconds_since(&p->start)), note);
	if (p->live)
		draw_bar(p, percent, tail);
	else
		fprintf(p->out, "%s %3u%% %s\n", p->name, percent, tail);
}

/* The last state stays on the screen. Return: seconds since progress_begin() */
double progress_end(struct progress *p, __u64 done_bytes, const char *note)
{
	progress_show(p, done_bytes, note);
	if (p->live)
		fputc('\n', p->out);
	return seconds_since(&p->start);
}
