// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a zone's parameters may change at any time: two threads in each of
 * two processes write slots and check them, through the mapping and by calls,
 * while a thread sets budget, store limit, policy, codec and size to whatever may
 * be, alone, together, and in combinations that must fail, and another one
 * samples the counters. No page is ever wrong, no fault fails, no SET does that
 * should not, none succeeds that must not.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_SLOTS 512
#define NR_TAIL 64		/* behind them: nobody uses it, and its size changes */
#define MAX_FRAMES 256		/* so that half of the slots are always stored */
#define NR_PROCESSES 2
#define NR_THREADS 2		/* in each */
#define NR_OWNERS (NR_PROCESSES * NR_THREADS)
#define NR_STEPS 4000
#define NR_SETS_WANTED 20
#define NR_SAMPLES_WANTED 20
/* Room for every slot, should none compress. */
#define ENOUGH (2 * NR_SLOTS * page_size)

/* Of all processes. */
struct shared {
	atomic_size_t nr_bad, nr_signals, nr_failed, nr_done;
	atomic_size_t nr_sets, nr_refused, nr_bad_sets, nr_samples, nr_bad_samples;
	struct pattern now[NR_SLOTS];	/* each slot belongs to one thread */
};

static struct shared *shared;
static struct zone zone;
static struct vmzone_info info;

static void read_one(size_t slot, bool by_call)
{
	uint8_t page[page_size];

	if (by_call)
		shared->nr_failed += pread(zone.fd, page, page_size, slot * page_size) !=
				     (ssize_t)page_size;
	else
		shared->nr_signals += copy_guarded(page, slot_at(&zone, slot), page_size) != 0;
	shared->nr_bad += !pattern_good(page, shared->now[slot], slot);
}

static void write_one(size_t slot, bool by_call)
{
	uint8_t page[page_size];

	shared->now[slot].version++;
	shared->now[slot].fill = FILL_MIX;
	pattern_make(page, shared->now[slot], slot);
	if (by_call)
		shared->nr_failed += pwrite(zone.fd, page, page_size, slot * page_size) !=
				     (ssize_t)page_size;
	else
		shared->nr_signals += copy_guarded(slot_at(&zone, slot), page, page_size) != 0;
}

static void *work(void *arg)
{
	size_t self = (uintptr_t)arg;
	uint64_t random = test_seed + self;

	for (int i = 0; i < NR_STEPS; i++) {
		uint64_t choice = random_next(&random);
		size_t slot = choice % (NR_SLOTS / NR_OWNERS) * NR_OWNERS + self;

		if (choice >> 40 & 1)
			write_one(slot, choice >> 41 & 1);
		else
			read_one(slot, choice >> 41 & 1);
	}
	shared->nr_done++;
	return NULL;
}

static int work_in_process(void *arg)
{
	size_t process = (uintptr_t)arg;
	pthread_t threads[NR_THREADS];

	for (size_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL, work,
				   (void *)(process * NR_THREADS + i)))
			return 1;
	for (size_t i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static uint32_t any_policy(uint64_t *random)
{
	uint32_t id;

	do
		id = random_next(random) % 32;
	while (!(info.policies & 1u << id));
	return id;
}

/* Values that a SET must take, whatever goes on. */
static struct vmzone_set any_change(uint64_t *random)
{
	uint64_t frames = random_next(random) % 4 ? random_next(random) % MAX_FRAMES : 0;

	return (struct vmzone_set) {
		.which = random_next(random) % 32,
		.bytes = (NR_SLOTS + random_next(random) % NR_TAIL) * page_size,
		.frames = frames < 16 ? 16 : frames,
		.store_limit = ENOUGH + random_next(random) % ENOUGH,
		.policy = any_policy(random),
		.codec = 1 + random_next(random) % 4,
	};
}

static void set_and_see(struct vmzone_set change, int want)
{
	int ret = zone_set(zone.fd, change);

	if (ret != want && shared->nr_bad_sets++ < 10)
		diag("  SET of 0x%x (%llu bytes, %llu frames, limit %llu, policy %u, codec %u): "
		     "%d, want %d", change.which, (unsigned long long)change.bytes,
		     (unsigned long long)change.frames, (unsigned long long)change.store_limit,
		     change.policy, change.codec, ret, want);
	shared->nr_sets++;
	shared->nr_refused += want != 0;
}

static void *set_all_the_time(void *arg)
{
	uint64_t random = test_seed + NR_OWNERS;

	while (shared->nr_done < NR_OWNERS) {
		struct vmzone_set change = any_change(&random);

		switch (random_next(&random) % 8) {
		case 0:
			change.which |= VMZONE_SET_STORE_LIMIT;
			change.store_limit = page_size;
			set_and_see(change, -ENOMEM);
			break;
		case 1:
			change.which |= VMZONE_SET_FRAMES;
			change.frames = info.max_frames + 1;
			set_and_see(change, -ENOSPC);
			break;
		default:
			set_and_see(change, 0);
		}
		usleep(500);
	}
	return arg;
}

static void *sample(void *arg)
{
	while (shared->nr_done < NR_OWNERS) {
		struct vmzone_stats stats = zone_stats(&zone);

		shared->nr_bad_samples += !stats_hold_since(&stats, MAX_FRAMES);
		shared->nr_samples++;
		usleep(500);
	}
	return arg;
}

static void run(void)
{
	pid_t children[NR_PROCESSES];
	pthread_t setter, sampler;

	for (uintptr_t i = 0; i < NR_PROCESSES; i++)
		children[i] = child_start(work_in_process, (void *)i);
	if (pthread_create(&setter, NULL, set_all_the_time, NULL) ||
	    pthread_create(&sampler, NULL, sample, NULL))
		bail("pthread_create");
	for (size_t i = 0; i < NR_PROCESSES; i++) {
		int status = child_wait(children[i]);

		/* Those who wait for it must not wait for ever. */
		if (!is(status, 0, "process %zu ends well", i))
			shared->nr_done += NR_THREADS;
	}
	pthread_join(setter, NULL);
	pthread_join(sampler, NULL);
}

int main(void)
{
	struct vmzone_stats stats;
	size_t bad = 0;

	test_begin(240);
	info = device_info();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("mmap");
	zone = zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = MAX_FRAMES / 4, .store_limit = ENOUGH,
	});
	for (size_t slot = 0; slot < NR_SLOTS; slot++) {
		shared->now[slot] = (struct pattern){ .fill = FILL_MIX, .id = 1 };
		pattern_fill(&zone, shared->now[slot], slot, 1);
	}
	run();

	diag("%zu times SET, %zu of them to be refused; %zu samples", shared->nr_sets,
	     shared->nr_refused, shared->nr_samples);
	is(shared->nr_bad, 0, "every page was right at every time");
	is(shared->nr_signals, 0, "no touch ended in a signal");
	is(shared->nr_failed, 0, "no read or write failed");
	is(shared->nr_bad_sets, 0, "every SET did what it had to");
	between(shared->nr_sets, NR_SETS_WANTED, 1 << 30, "enough of them");
	is(shared->nr_bad_samples, 0, "every snapshot of the counters holds");
	between(shared->nr_samples, NR_SAMPLES_WANTED, 1 << 30, "enough of them");
	stats = zone_stats(&zone);
	ok(!stats.sigbus && !stats.load_errors, "no error is counted");
	for (size_t slot = 0; slot < NR_SLOTS; slot++)
		bad += pattern_bad(&zone, shared->now[slot], slot, 1);
	is(bad, 0, "every page is right at the end");
	is(zone_range(&zone, VMZONE_IOC_DISCARD, 0, NR_SLOTS), NR_SLOTS, "DISCARD");
	stats = zone_emptied(&zone);
	is(stats.resident_frames + stats.stored_slots + stats.store_payload_bytes, 0,
	   "which leaves nothing");
	zone_drop(&zone);
	return tap_end();
}
