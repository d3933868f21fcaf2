// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in the pages: made ones, of which lz4 makes two fifths, or those of a
 * corpus of real files.
 */
#include "../tests/zone.h"
#include "bench.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const uint8_t *corpus;
static size_t nr_corpus_pages;

void contents_open(const struct options *options)
{
	struct stat status;
	int fd;

	page_size = PAGE_BYTES;
	test_seed = 1;
	if (!options->corpus)
		return;
	fd = open(options->corpus, O_RDONLY);
	if (fd < 0 || fstat(fd, &status))
		err(1, "%s", options->corpus);
	nr_corpus_pages = status.st_size / PAGE_BYTES;
	corpus = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (!nr_corpus_pages || corpus == MAP_FAILED)
		err(1, "%s", options->corpus);
}

void contents_make(void *page, size_t number)
{
	struct pattern pattern = { .fill = FILL_TEXT };

	if (corpus)
		memcpy(page, corpus + number % nr_corpus_pages * PAGE_BYTES, PAGE_BYTES);
	else
		pattern_make(page, pattern, number);
}
