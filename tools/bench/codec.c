// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lz4 takes by itself for the pages that the works are about: codec/ has the
 * module that measures it in the kernel.
 */
#include "bench.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define CODEC_FILE "/sys/kernel/debug/bench_codec"

/* Sums over all pages, for their means. */
struct sums {
	uint64_t packed_bytes, compress, decompress;
};

static void measure(int fd, size_t number, struct sums *sums)
{
	uint64_t packed, compress, decompress;
	char page[PAGE_BYTES], text[64];
	ssize_t len;

	contents_make(page, number);
	if (write(fd, page, sizeof(page)) != sizeof(page))
		err(1, "writing to " CODEC_FILE);
	len = pread(fd, text, sizeof(text) - 1, 0);
	if (len < 0)
		err(1, "reading " CODEC_FILE);
	text[len] = '\0';
	if (sscanf(text, "%lu %lu %lu", &packed, &compress, &decompress) != 3)
		errx(1, CODEC_FILE " says: %s", text);
	sums->packed_bytes += packed;
	sums->compress += compress;
	sums->decompress += decompress;
}

void codec_report(const struct options *options)
{
	int fd = open(CODEC_FILE, O_RDWR);
	size_t nr = options->nr_frames;
	struct sums sums = {};

	if (fd < 0)
		err(1, CODEC_FILE);
	for (size_t i = 0; i < nr; i++)
		measure(fd, i, &sums);
	close(fd);
	printf("{\"codec\":\"lz4\",\"unit\":\"%s\",\"pages\":%zu,\"ratio\":%.3f,"
	       "\"compress\":%.1f,\"decompress\":%.1f}\n",
	       options->instructions ? "instructions" : "ns", nr,
	       (double)nr * PAGE_BYTES / sums.packed_bytes,
	       clock_ns((double)sums.compress / nr), clock_ns((double)sums.decompress / nr));
	fflush(stdout);
}
