// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCOV: Documentation/dev-tools/kcov.rst
 */
#include "kcov.h"

#include <fcntl.h>
#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_WORDS (64 << 10)

static uint64_t *cover;

bool kcov_open(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	cover = NULL;
	if (fd < 0)
		return false;
	if (!ioctl(fd, KCOV_INIT_TRACE, (unsigned long)NR_WORDS)) {
		cover = mmap(NULL, NR_WORDS * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED,
			     fd, 0);
		/* The descriptor stays open: tracing ends with it. */
		if (cover != MAP_FAILED && !ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
			return true;
	}
	cover = NULL;
	close(fd);
	return false;
}

void kcov_start(void)
{
	if (cover)
		__atomic_store_n(cover, 0, __ATOMIC_RELAXED);
}

/* Two places one after the other are a mark, as a number that does not depend on much. */
static uint32_t mark_of(uint64_t from, uint64_t to)
{
	uint64_t mixed = (to ^ from << 1) * 0x9e3779b97f4a7c15;

	return mixed >> 48;
}

size_t kcov_stop(uint8_t seen[NR_EDGES])
{
	uint64_t nr = cover ? __atomic_load_n(cover, __ATOMIC_RELAXED) : 0;
	uint64_t from = 0;
	size_t nr_new = 0;

	if (nr > NR_WORDS - 1)
		nr = NR_WORDS - 1;
	for (uint64_t i = 1; i <= nr; i++) {
		uint32_t mark = mark_of(from, cover[i]);

		nr_new += !seen[mark];
		seen[mark] = 1;
		from = cover[i];
	}
	return nr_new;
}
