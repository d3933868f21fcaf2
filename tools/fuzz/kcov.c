// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCOV: Documentation/dev-tools/kcov.rst
 */
#include "kcov.h"
#include "../tests/tap.h"

#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_WORDS (64 << 10)

/* Where the module is, so that marks are the same in each boot; 0 if nobody tells. */
static uint64_t module_at(void)
{
	FILE *file = fopen("/sys/module/vmzone/sections/.text", "r");
	unsigned long long at = 0;

	if (file && fscanf(file, "%llx", &at) != 1)
		at = 0;
	if (file)
		fclose(file);
	return at;
}

static uint64_t base;

void kcov_open(struct kcov *kcov)
{
	base = module_at();
	kcov->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov->fd < 0)
		return;
	if (ioctl(kcov->fd, KCOV_INIT_TRACE, (unsigned long)NR_WORDS))
		bail("KCOV_INIT_TRACE");
	kcov->cover = mmap(NULL, NR_WORDS * sizeof(*kcov->cover), PROT_READ | PROT_WRITE,
			   MAP_SHARED, kcov->fd, 0);
	if (kcov->cover == MAP_FAILED)
		bail("mmap of KCOV");
}

void kcov_attach(const struct kcov *kcov)
{
	if (kcov->fd >= 0 && ioctl(kcov->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		bail("KCOV_ENABLE");
}

void kcov_detach(const struct kcov *kcov)
{
	if (kcov->fd >= 0 && ioctl(kcov->fd, KCOV_DISABLE, 0))
		bail("KCOV_DISABLE");
}

void kcov_start(const struct kcov *kcov)
{
	if (kcov->fd >= 0)
		__atomic_store_n(kcov->cover, 0, __ATOMIC_RELAXED);
}

/* Two places one after the other are a mark, as a number that does not depend on much. */
static uint32_t mark_of(uint64_t from, uint64_t to)
{
	uint64_t mixed = (to ^ from << 1) * 0x9e3779b97f4a7c15;

	return mixed >> 48;
}

size_t kcov_stop(const struct kcov *kcov, uint8_t seen[NR_EDGES])
{
	uint64_t nr, from = 0;
	size_t nr_new = 0;

	if (kcov->fd < 0)
		return 0;
	nr = __atomic_load_n(kcov->cover, __ATOMIC_RELAXED);
	if (nr > NR_WORDS - 1)
		nr = NR_WORDS - 1;
	for (uint64_t i = 1; i <= nr; i++) {
		uint64_t to = kcov->cover[i] - base;

		/* Both threads mark. */
		nr_new += !__atomic_exchange_n(&seen[mark_of(from, to)], 1, __ATOMIC_RELAXED);
		from = to;
	}
	return nr_new;
}
