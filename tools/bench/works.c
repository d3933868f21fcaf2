// SPDX-License-Identifier: GPL-2.0-only
/* All works: which pages they go to, and in what state they find them. */
#include "../tests/zone.h"
#include "bench.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>

#define RANGE_PAGES 64

/* Zipf's exponent of the keys of a key-value store, as YCSB has it. */
#define ZIPF_THETA 0.99

static uint64_t seed_of(const struct thread *thread)
{
	return 1000 + thread->number;
}

/* Each thread has a stretch of the region, and goes over it in order. */
static void plan_in_order(struct thread *thread)
{
	size_t step = thread->run->work->per_call;
	size_t nr = thread->nr / thread->run->work->nr_passes, first = nr * thread->number;

	for (size_t i = 0; i < thread->nr; i++)
		thread->pages[i] = (first + i % nr) * step;
}

/* Its stretch, each page once, in no order. */
static void plan_shuffled(struct thread *thread)
{
	uint64_t state = seed_of(thread);

	plan_in_order(thread);
	for (size_t i = thread->nr - 1; i > 0; i--) {
		size_t j = random_next(&state) % (i + 1);
		uint32_t page = thread->pages[i];

		thread->pages[i] = thread->pages[j];
		thread->pages[j] = page;
	}
}

/* Any page of the region. */
static void plan_random(struct thread *thread)
{
	uint64_t state = seed_of(thread);

	for (size_t i = 0; i < thread->nr; i++)
		thread->pages[i] = random_next(&state) % thread->run->region.nr_pages;
}

/*
 * Gray et al., "Quickly generating billion-record synthetic databases": ranks by
 * Zipf's law. Which page a rank is in is the same for all threads.
 */
static void plan_zipf(struct thread *thread)
{
	size_t nr = thread->run->region.nr_pages;
	uint64_t state = seed_of(thread), shuffle = 7;
	uint32_t *page_of = malloc(nr * sizeof(*page_of));
	double zeta = 0, zeta2 = 1 + pow(0.5, ZIPF_THETA), alpha = 1 / (1 - ZIPF_THETA), eta;

	if (!page_of)
		err(1, "no memory");
	for (size_t i = 0; i < nr; i++) {
		size_t j = random_next(&shuffle) % (i + 1);

		zeta += pow(1.0 / (i + 1), ZIPF_THETA);
		page_of[i] = page_of[j];
		page_of[j] = i;
	}
	eta = (1 - pow(2.0 / nr, 1 - ZIPF_THETA)) / (1 - zeta2 / zeta);
	for (size_t i = 0; i < thread->nr; i++) {
		double u = (random_next(&state) >> 11) * 0x1p-53, z = u * zeta;
		size_t rank = z < 1 ? 0 : z < zeta2 ? 1 : nr * pow(eta * u - eta + 1, alpha);

		thread->pages[i] = page_of[rank < nr ? rank : nr - 1];
	}
	free(page_of);
}

static bool has_page_out(const struct system *system)
{
	return system->ops->page_out;
}

static bool has_page_in(const struct system *system)
{
	return system->ops->page_out && system->ops->page_in;
}

static bool has_pin(const struct system *system)
{
	return system->ops->pin;
}

static bool has_pin_and_out(const struct system *system)
{
	return system->ops->pin && system->ops->page_out;
}

static const struct work all[] = {
	{
		.name = "first-touch", .per_call = 1, .write_every = 1, .nr_passes = 1,
		.plan = plan_in_order, .body = body_access,
	}, {
		.name = "cold-random", .per_call = 1, .is_filled = true, .is_cold = true, .nr_passes = 1,
		.can_do = has_page_out, .plan = plan_shuffled, .body = body_access,
	}, {
		.name = "cold-random-write", .per_call = 1, .is_filled = true, .is_cold = true, .write_every = 1,
		.nr_passes = 1, .can_do = has_page_out, .plan = plan_shuffled, .body = body_access,
	}, {
		.name = "cold-sequential", .per_call = 1, .is_filled = true, .is_cold = true, .nr_passes = 1,
		.can_do = has_page_out, .plan = plan_in_order, .body = body_access,
	}, {
		.name = "thrash-read", .per_call = 1, .is_bounded = true, .is_filled = true, .warms = true,
		.plan = plan_random, .body = body_access,
	}, {
		.name = "thrash-write", .per_call = 1, .is_bounded = true, .is_filled = true, .warms = true,
		.write_every = 1, .plan = plan_random, .body = body_access,
	}, {
		.name = "thrash-read-write", .per_call = 1, .is_bounded = true, .is_filled = true,
		.warms = true, .write_every = 2, .plan = plan_random, .body = body_access,
	}, {
		.name = "zipf-read", .per_call = 1, .is_bounded = true, .is_filled = true, .warms = true,
		.plan = plan_zipf, .body = body_access,
	}, {
		.name = "scan", .per_call = 1, .is_bounded = true, .is_filled = true, .warms = true,
		.nr_passes = 1, .plan = plan_in_order, .body = body_scan,
	}, {
		.name = "page-out", .is_filled = true, .nr_passes = 1, .per_call = RANGE_PAGES,
		.can_do = has_page_out, .plan = plan_in_order, .body = body_page_out,
	}, {
		.name = "page-in", .is_filled = true, .is_cold = true, .nr_passes = 1,
		.per_call = RANGE_PAGES, .can_do = has_page_in, .plan = plan_in_order,
		.body = body_page_in,
	}, {
		.name = "pin", .is_filled = true, .nr_passes = 1, .per_call = RANGE_PAGES,
		.can_do = has_pin, .plan = plan_in_order, .body = body_pin,
	}, {
		.name = "pin-cold", .is_filled = true, .is_cold = true, .nr_passes = 1,
		.per_call = RANGE_PAGES, .can_do = has_pin_and_out, .plan = plan_in_order,
		.body = body_pin,
	}, {
		.name = "unpin", .is_filled = true, .is_pinned = true, .nr_passes = 1,
		.per_call = RANGE_PAGES, .can_do = has_pin, .plan = plan_in_order,
		.body = body_unpin,
	},
	{}
};

const struct work *const works = all;
