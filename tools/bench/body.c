// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the threads do while the clock runs. Each access and each call is timed by
 * itself, and what is read is compared with what must be there.
 */
#include "bench.h"

/* The word of a page that a thread writes; that before is never written. */
#define OUR_WORD(thread) (1 + (thread)->number)
#define PAGE_WORDS (PAGE_BYTES / sizeof(uint64_t))
#define LINE_WORDS 8

static inline void *page_at(const struct region *region, size_t page)
{
	return region->map + page * PAGE_BYTES;
}

static inline uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline bool is_write(const struct work *work, size_t i)
{
	return work->write_every && i % work->write_every == 0;
}

void body_access(struct thread *thread)
{
	const struct run *run = thread->run;
	bool filled = run->work->is_filled;

	for (size_t i = 0; i < thread->nr; i++) {
		uint32_t page = thread->pages[i];
		uint64_t *words = page_at(&run->region, page);
		bool writes = is_write(run->work, i);
		uint64_t word = 0, begin = ticks_now();

		if (writes)
			__atomic_store_n(&words[OUR_WORD(thread)], i + 1, __ATOMIC_RELAXED);
		else
			word = load(words);
		thread->ticks[i] = ticks_now() - begin;
		if (writes) {
			thread->wrote[page] = i + 1;
			word = load(words);
		}
		thread->nr_wrong += filled && word != run->first_words[page];
	}
}

/* Looks at every cache line of a page. */
void body_scan(struct thread *thread)
{
	const struct run *run = thread->run;

	for (size_t i = 0; i < thread->nr; i++) {
		uint32_t page = thread->pages[i];
		const uint64_t *words = page_at(&run->region, page);
		uint64_t sum = 0, begin = ticks_now();

		for (size_t word = 0; word < PAGE_WORDS; word += LINE_WORDS)
			sum += load(&words[word]);
		thread->ticks[i] = ticks_now() - begin;
		thread->nr_wrong += sum != run->line_sums[page];
	}
}

static void call(struct thread *thread, void (*op)(struct region *, size_t, size_t))
{
	struct run *run = thread->run;

	for (size_t i = 0; i < thread->nr; i++) {
		uint64_t begin = ticks_now();

		op(&run->region, thread->pages[i], run->work->per_call);
		thread->ticks[i] = ticks_now() - begin;
	}
}

void body_page_out(struct thread *thread)
{
	call(thread, thread->run->region.system->ops->page_out);
}

void body_page_in(struct thread *thread)
{
	call(thread, thread->run->region.system->ops->page_in);
}

void body_pin(struct thread *thread)
{
	call(thread, thread->run->region.system->ops->pin);
}

void body_unpin(struct thread *thread)
{
	call(thread, thread->run->region.system->ops->unpin);
}
