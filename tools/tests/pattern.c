// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with known contents: every byte follows from the seed of the run, the
 * pattern and the slot, so a page that is stale, torn or in the wrong place is
 * told from the right one. Only the fill FILL_ZERO is the same for all.
 */
#include "zone.h"
#include "tap.h"

#include <string.h>

/* A page of FILL_TEXT: in each block new bytes, then a phrase, the same in all of the page. */
#define BLOCK_BYTES 256
#define NEW_BYTES 80

const char *const fill_name[NR_FILLS] = {
	[FILL_TEXT] = "text",
	[FILL_NOISE] = "noise",
	[FILL_SAME] = "same-filled",
	[FILL_ZERO] = "zero",
	[FILL_MIX] = "mixed",
};

/* splitmix64 */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void fill_random(void *to, size_t len, uint64_t *state)
{
	uint64_t *word = to;

	for (size_t i = 0; i < len / sizeof(*word); i++)
		word[i] = random_next(state);
}

static void fill_text(uint8_t *page, uint64_t *state)
{
	fill_random(page, BLOCK_BYTES, state);
	for (size_t at = BLOCK_BYTES; at < page_size; at += BLOCK_BYTES) {
		fill_random(page + at, NEW_BYTES, state);
		memcpy(page + at + NEW_BYTES, page + NEW_BYTES, BLOCK_BYTES - NEW_BYTES);
	}
}

void pattern_make(void *page, struct pattern pattern, size_t slot)
{
	uint64_t state = test_seed ^ (uint64_t)pattern.id << 48 ^
			 (uint64_t)pattern.version << 32 ^ slot;
	uint64_t word = random_next(&state);
	enum fill fill = pattern.fill == FILL_MIX ? word % FILL_MIX : pattern.fill;

	switch (fill) {
	case FILL_TEXT:
		fill_text(page, &state);
		break;
	case FILL_NOISE:
		fill_random(page, page_size, &state);
		break;
	case FILL_SAME:
		for (size_t i = 0; i < page_size; i += sizeof(word))
			memcpy((uint8_t *)page + i, &word, sizeof(word));
		break;
	default:
		memset(page, 0, page_size);
	}
}

bool pattern_good(const void *page, struct pattern pattern, size_t slot)
{
	const uint8_t *got = page;
	uint8_t want[page_size];
	size_t at = 0;

	pattern_make(want, pattern, slot);
	if (!memcmp(got, want, page_size))
		return true;
	while (at < page_size && got[at] == want[at])
		at++;
	diag("  slot %zu (%s, id %u, version %u): byte %zu is 0x%02x, want 0x%02x%s", slot,
	     fill_name[pattern.fill], pattern.id, pattern.version, at, got[at % page_size],
	     want[at % page_size], all_zero(page, page_size) ? "; all zero" : "");
	return false;
}

void pattern_fill(const struct zone *zone, struct pattern pattern, size_t first, size_t nr)
{
	for (size_t slot = first; slot < first + nr; slot++)
		pattern_make(slot_at(zone, slot), pattern, slot);
}

size_t pattern_bad(const struct zone *zone, struct pattern pattern, size_t first, size_t nr)
{
	size_t bad = 0;

	for (size_t slot = first; slot < first + nr; slot++)
		bad += !pattern_good(slot_at(zone, slot), pattern, slot);
	return bad;
}

bool all_zero(const void *page, size_t len)
{
	const uint8_t *byte = page;

	return !len || (!byte[0] && !memcmp(byte, byte + 1, len - 1));
}
