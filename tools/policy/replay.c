// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays the traces through the reference models, or on the device: touches
 * the pages of a zone in the order of a trace, one thread, and says what it took.
 * Prints a line of CSV for each trace and policy:
 *
 *   trace,policy,HOW,pages,frames,references,misses,minor
 *
 * where misses are references that found their page without a frame, and minor
 * those that found it on standby.
 */
#include "model.h"
#include "trace.h"

#include <err.h>
#include <fcntl.h>
#include <linux/vmzone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096UL

static const char *const policies[] = {
	[MODEL_OPT] = "opt",
	[VMZONE_POLICY_FIFO] = "fifo",
	[VMZONE_POLICY_CLOCK] = "clock",
	[VMZONE_POLICY_NRU] = "nru",
	[VMZONE_POLICY_LRU] = "lru",
	[VMZONE_POLICY_SIEVE] = "sieve",
	[VMZONE_POLICY_S3FIFO] = "s3fifo",
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct trace load_recorded(const char *path)
{
	uint16_t *refs = malloc(TRACE_MAX_REFS * sizeof(*refs));
	FILE *file = fopen(path, "r");
	size_t nr;

	if (!file)
		err(1, "%s", path);
	nr = fread(refs, sizeof(*refs), TRACE_MAX_REFS, file);
	if (!nr || fgetc(file) != EOF)
		errx(1, "%s is empty, or has more than %u references", path, TRACE_MAX_REFS);
	fclose(file);
	return trace_recorded(refs, nr);
}

static void report(const struct trace *trace, unsigned int policy, const char *how,
		   size_t misses, size_t minor)
{
	printf("%s,%s,%s,%u,%u,%zu,%zu,%zu\n", trace->name, policies[policy], how,
	       trace->nr_pages, trace->nr_frames, trace->nr_refs, misses, minor);
	fflush(stdout);
}

static void replay_model(const struct trace *trace, unsigned int policy)
{
	void *scratch = malloc(model_scratch_bytes(trace, trace->nr_frames));

	report(trace, policy, "model",
	       model_misses(policy, trace, trace->nr_frames, scratch), 0);
	free(scratch);
}

static void touch(const struct trace *trace, uint8_t *map)
{
	for (size_t i = 0; i < trace->nr_refs; i++) {
		uint8_t *byte = map + trace_page(trace, i) * PAGE_BYTES;

		if (trace_writes(trace, i))
			__atomic_store_n(byte, i, __ATOMIC_RELAXED);
		else
			__atomic_load_n(byte, __ATOMIC_RELAXED);
	}
}

static void replay_device(const struct trace *trace, unsigned int policy)
{
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = trace->nr_pages * PAGE_BYTES,
		.frames = trace->nr_frames, .policy = policy,
	};
	struct vmzone_stats stats = { .size = sizeof(stats) };
	int fd = open("/dev/vmzone", O_RDWR);
	void *map;

	if (policy == MODEL_OPT)
		return;
	if (fd < 0 || ioctl(fd, VMZONE_IOC_CREATE, &create))
		err(1, "a zone with policy %s", policies[policy]);
	close(fd);
	map = mmap(NULL, create.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, create.out_fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	touch(trace, map);
	if (ioctl(create.out_fd, VMZONE_IOC_STATS, &stats))
		err(1, "VMZONE_IOC_STATS");
	report(trace, policy, "device", stats.faults_zero + stats.faults_major,
	       stats.faults_minor);
	munmap(map, create.bytes);
	close(create.out_fd);
}

int main(int argc, char **argv)
{
	static uint16_t refs[TRACE_MAX_REFS];
	bool device = argc == 3 && !strcmp(argv[1], "device");

	if (argc != 3 || (!device && strcmp(argv[1], "model"))) {
		fputs("Usage: replay model|device RECORDED_TRACE\n", stderr);
		return 2;
	}
	for (unsigned int number = 0; number < TRACE_NR; number++) {
		struct trace trace = number < TRACE_NR_MADE ? trace_make(number, refs) :
							     load_recorded(argv[2]);

		for (unsigned int policy = 0; policy < ARRAY_SIZE(policies); policy++)
			(device ? replay_device : replay_model)(&trace, policy);
	}
	return 0;
}
