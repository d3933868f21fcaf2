// SPDX-License-Identifier: GPL-2.0-only
/*
 * framemap.c - what a zone looks like, one letter a frame or a slot
 *
 * Frames come from debugfs. Where that is not to be read, slots come from
 * VMZONE_IOC_PAGEMAP. Of a map that would be longer than MAX_LINES only every
 * n-th letter is shown, so that rare letters still show as often as they are.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "framemap.h"
#include "term.h"
#include "units.h"

#define DEBUGFS "/sys/kernel/debug/vmzone"
#define PER_LINE 64
#define MAX_LINES 24

struct legend {
	char letter;
	const char *meaning;
};

static const struct legend frame_legend[] = {
	{ 'M', "mapped" },
	{ 'U', "unmapped" },
	{ 'P', "pinned" },
	{ 'B', "busy" },
	{ 'R', "reserve" },
	{ '.', "free" },
	{ 0, NULL },
};

static const struct legend slot_legend[] = {
	{ '#', "in a frame" },
	{ 's', "stored" },
	{ 'r', "stored raw" },
	{ '=', "same-filled" },
	{ 'P', "pinned" },
	{ 'B', "busy" },
	{ '.', "empty" },
	{ 0, NULL },
};

/**
 * struct map - what is to be printed
 * @what: one cell is one of these
 * @legend: what the letters mean
 * @cells: the letters
 * @nr: how many
 */
struct map {
	const char *what;
	const struct legend *legend;
	char *cells;
	size_t nr;
};

static bool read_frames(const struct zone *z, struct map *m)
{
	size_t max = z->now.frames + 1;
	char path[64];
	FILE *in;
	int c;

	snprintf(path, sizeof(path), DEBUGFS "/%u/frames", z->id);
	in = z->id ? fopen(path, "re") : NULL;
	if (!in)
		return false;
	*m = (struct map){ .what = "frame", .legend = frame_legend, .cells = malloc(max) };
	while (m->cells && m->nr < max && (c = getc(in)) != EOF)
		if (c != '\n')
			m->cells[m->nr++] = (char)c;
	fclose(in);
	return m->nr > 0;
}

static char slot_letter(__u8 state)
{
	if (state & VMZONE_SLOT_PINNED)
		return 'P';
	if (state & VMZONE_SLOT_BUSY)
		return 'B';
	if (state & VMZONE_SLOT_RESIDENT)
		return '#';
	if (state & VMZONE_SLOT_SAME_FILLED)
		return '=';
	if (state & VMZONE_SLOT_RAW)
		return 'r';
	return state & VMZONE_SLOT_STORED ? 's' : '.';
}

static bool read_slots(const struct zone *z, struct map *m)
{
	size_t nr = z->now.bytes / z->info.page_size;

	*m = (struct map){ .what = "slot", .legend = slot_legend, .cells = malloc(nr), .nr = nr };
	if (!m->cells || zone_pagemap(z, 0, z->now.bytes, (__u8 *)m->cells))
		return false;
	for (size_t i = 0; i < nr; i++)
		m->cells[i] = slot_letter((__u8)m->cells[i]);
	return true;
}

static void print_legend(const struct map *m, const size_t *counts, size_t scale)
{
	struct unit_text nr;
	int used;

	if (scale > 1)
		printf("%s map: one letter for every %zu %ss, the state of the first of them\n",
		       m->what, scale, m->what);
	else
		printf("%s map: one letter for each %s\n", m->what, m->what);
	used = 0;
	for (const struct legend *l = m->legend; l->letter; l++) {
		if (!counts[(unsigned char)l->letter])
			continue;
		if (used > 58) {
			printf("\n");
			used = 0;
		}
		used += printf("  %c %s %s", l->letter,
			       count_text(&nr, counts[(unsigned char)l->letter]), l->meaning);
	}
	printf("\n\n");
}

static void print_map(const struct map *m)
{
	size_t scale = (m->nr + PER_LINE * MAX_LINES - 1) / (PER_LINE * MAX_LINES);
	size_t counts[256] = { 0 };
	size_t column = 0;

	for (size_t i = 0; i < m->nr; i++)
		counts[(unsigned char)m->cells[i]]++;
	print_legend(m, counts, scale);
	for (size_t i = 0; i < m->nr; i += scale) {
		printf("%s%c", column ? "" : "  ", m->cells[i]);
		if (++column == PER_LINE) {
			printf("\n");
			column = 0;
		}
	}
	if (column)
		printf("\n");
}

/**
 * framemap_print() - show the zone's frames, or its slots
 * @z: the zone
 */
void framemap_print(const struct zone *z)
{
	struct map map = { 0 };

	if (read_frames(z, &map)) {
		print_map(&map);
	} else {
		free(map.cells);
		printf("(no frame map: " DEBUGFS " is not to be read; the slots instead)\n");
		if (read_slots(z, &map))
			print_map(&map);
	}
	free(map.cells);
}
