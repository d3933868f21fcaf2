// SPDX-License-Identifier: GPL-2.0-only
/*
 * samples.c - pages of all kinds to compress, store and page out
 *
 * What programs keep in memory, made from a seed: text, tables, pointers,
 * sparse and half-used pages, and what they keep compressed or encrypted
 * already.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "samples.h"

#define WORDS	(PAGE_SIZE / sizeof(u64))

static u64 rnd_u64(struct rnd_state *rnd)
{
	return (u64)prandom_u32_state(rnd) << 32 | prandom_u32_state(rnd);
}

static void fill_words(void *page, u64 word)
{
	memset64(page, word, WORDS);
}

static void fill_zeros(void *page, struct rnd_state *rnd)
{
	fill_words(page, 0);
}

static void fill_ones(void *page, struct rnd_state *rnd)
{
	fill_words(page, ~0ULL);
}

static void fill_one_word(void *page, struct rnd_state *rnd)
{
	fill_words(page, rnd_u64(rnd) | 1ULL << 63);
}

static void fill_random(void *page, struct rnd_state *rnd)
{
	prandom_bytes_state(rnd, page, PAGE_SIZE);
}

static void fill_random_but_one_byte_zero(void *page, struct rnd_state *rnd)
{
	fill_random(page, rnd);
	((u8 *)page)[prandom_u32_state(rnd) % PAGE_SIZE] = 0;
}

static void fill_text(void *page, struct rnd_state *rnd)
{
	static const char *const words[] = {
		"the ", "frame ", "of ", "a ", "zone ", "is ", "stored ", "and ",
		"memory", ", ", ".\n", "never ", "page ", "compressed ", "in ", "budget ",
	};
	size_t len = 0;

	while (len < PAGE_SIZE) {
		const char *word = words[prandom_u32_state(rnd) % ARRAY_SIZE(words)];
		size_t nr = min(strlen(word), PAGE_SIZE - len);

		memcpy(page + len, word, nr);
		len += nr;
	}
}

static void fill_ramp(void *page, struct rnd_state *rnd)
{
	u32 start = prandom_u32_state(rnd), *numbers = page;
	size_t i;

	for (i = 0; i < PAGE_SIZE / sizeof(u32); i++)
		numbers[i] = start + i;
}

static void fill_bytes_ramp(void *page, struct rnd_state *rnd)
{
	u8 start = prandom_u32_state(rnd), *bytes = page;
	size_t i;

	for (i = 0; i < PAGE_SIZE; i++)
		bytes[i] = start + i;
}

static void fill_sparse(void *page, struct rnd_state *rnd)
{
	unsigned int i;

	fill_words(page, 0);
	for (i = 0; i < 8; i++)
		((u64 *)page)[prandom_u32_state(rnd) % WORDS] = rnd_u64(rnd);
}

static void fill_pointers(void *page, struct rnd_state *rnd)
{
	u64 heap = 0x00007f0000000000ULL | (u64)prandom_u32_state(rnd) << 12;
	u64 *pointers = page;
	size_t i;

	for (i = 0; i < WORDS; i++)
		pointers[i] = prandom_u32_state(rnd) % 4 ?
			      heap + prandom_u32_state(rnd) % (1 << 20) * 16 : 0;
}

static void fill_half_random(void *page, struct rnd_state *rnd)
{
	fill_words(page, 0);
	prandom_bytes_state(rnd, page, PAGE_SIZE / 2);
}

static void fill_most_random(void *page, struct rnd_state *rnd)
{
	fill_words(page, 0);
	prandom_bytes_state(rnd, page, PAGE_SIZE * 3 / 4);
}

static void fill_records(void *page, struct rnd_state *rnd)
{
	struct record {
		u32 id;
		u32 flags;
		char name[16];
		u64 when;
	} *records = page;
	u32 id = prandom_u32_state(rnd) % 100000;
	size_t i;

	for (i = 0; i < PAGE_SIZE / sizeof(*records); i++) {
		memset(&records[i], 0, sizeof(*records));
		records[i].id = id + i;
		records[i].flags = prandom_u32_state(rnd) % 4;
		snprintf(records[i].name, sizeof(records[i].name), "user%zu", i);
		records[i].when = 1700000000000000ULL + rnd_u64(rnd) % 1000000;
	}
}

static void fill_first_byte_differs(void *page, struct rnd_state *rnd)
{
	fill_words(page, 0x5a5a5a5a5a5a5a5aULL);
	*(u8 *)page = 0xa5;
}

static void fill_middle_byte_differs(void *page, struct rnd_state *rnd)
{
	fill_words(page, 0);
	((u8 *)page)[PAGE_SIZE / 2 + 3] = 1;
}

static void fill_last_byte_differs(void *page, struct rnd_state *rnd)
{
	fill_words(page, 0x1122334455667788ULL);
	((u8 *)page)[PAGE_SIZE - 1] = 0;
}

const struct vmzone_sample vmzone_samples[VMZONE_NR_SAMPLES] = {
	{ "zeros", fill_zeros, .same_filled = true },
	{ "ones", fill_ones, .same_filled = true },
	{ "one word", fill_one_word, .same_filled = true },
	{ "random", fill_random, .dense = true },
	{ "random but one byte", fill_random_but_one_byte_zero, .dense = true },
	{ "text", fill_text },
	{ "ramp of words", fill_ramp },
	{ "ramp of bytes", fill_bytes_ramp },
	{ "sparse", fill_sparse },
	{ "pointers", fill_pointers },
	{ "half random", fill_half_random },
	{ "three quarters random", fill_most_random },
	{ "records", fill_records },
	{ "first byte differs", fill_first_byte_differs },
	{ "middle byte differs", fill_middle_byte_differs },
	{ "last byte differs", fill_last_byte_differs },
};

/**
 * vmzone_sample_named() - find one kind of page
 * @name: of the kind
 *
 * Context: any.
 * Return: it, or NULL, which is a mistake in the test.
 */
const struct vmzone_sample *vmzone_sample_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < VMZONE_NR_SAMPLES; i++)
		if (!strcmp(vmzone_samples[i].name, name))
			return &vmzone_samples[i];
	return NULL;
}
