// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap on zram: anonymous memory, or a shared memfd, in a memory cgroup whose
 * memory.max is the budget. And anonymous memory without a budget, the floor.
 * The job has set zram up, with lz4, as the only swap. MADV_PAGEOUT is the same
 * without a cgroup's limit, and so without a budget: a program that takes a fault
 * does not learn of it, and cannot call in time.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "systems.h"

#include <err.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_CLUSTER "/proc/sys/vm/page-cluster"
#define MGLRU "/sys/kernel/mm/lru_gen/enabled"
#define ZRAM_STATISTICS "/sys/block/zram0/mm_stat"
#define ZRAM_BYTES "/sys/block/zram0/disksize"

/*
 * What zram has for each page of its disk, whether it is in use or not: a table
 * entry (handle, flags; the time of the last access where the kernel tracks
 * it). And the kernel for each page of swap: its map, and whose it is.
 */
#define ZRAM_ENTRY_BYTES 24
#define SWAP_ENTRY_BYTES 3

static void swap_settings(const struct system *system)
{
	char cluster[8];

	snprintf(cluster, sizeof(cluster), "%u", system->page_cluster);
	write_file(PAGE_CLUSTER, cluster);
	if (!access(MGLRU, W_OK))
		write_file(MGLRU, system->mglru ? "y" : "n");
}

static void swap_map(struct region *region)
{
	size_t bytes = region->nr_pages * PAGE_BYTES;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	swap_settings(region->system);
	if (region->system->is_shared) {
		region->fd = memfd_create("bench", MFD_CLOEXEC);
		if (region->fd < 0 || ftruncate(region->fd, bytes))
			err(1, "a memfd of %zu bytes", bytes);
		flags = MAP_SHARED;
	}
	region->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, region->fd, 0);
	if (region->map == MAP_FAILED)
		err(1, "mmap of %zu bytes", bytes);
}

/*
 * The limit is for data pages as many as the budget; what the cgroup is charged
 * for besides (page tables, stacks and structures of the process) comes on top.
 */
static void swap_bound(struct region *region)
{
	size_t page_tables = region->nr_pages / 512 + 4;
	uint64_t other = cgroup_read("memory.current", NULL);

	cgroup_limit(other + (region->nr_frames + page_tables) * PAGE_BYTES);
}

static void advise(struct region *region, size_t first, size_t nr, int advice, const char *name)
{
	if (madvise(region->map + first * PAGE_BYTES, nr * PAGE_BYTES, advice))
		err(1, "%s of %zu pages from %zu", name, nr, first);
}

static void swap_page_out(struct region *region, size_t first, size_t nr)
{
	advise(region, first, nr, MADV_PAGEOUT, "MADV_PAGEOUT");
}

static void swap_page_in(struct region *region, size_t first, size_t nr)
{
	advise(region, first, nr, MADV_POPULATE_READ, "MADV_POPULATE_READ");
}

static void swap_pin(struct region *region, size_t first, size_t nr)
{
	if (mlock(region->map + first * PAGE_BYTES, nr * PAGE_BYTES))
		err(1, "mlock of %zu pages", nr);
}

static void swap_unpin(struct region *region, size_t first, size_t nr)
{
	if (munlock(region->map + first * PAGE_BYTES, nr * PAGE_BYTES))
		err(1, "munlock of %zu pages", nr);
}

static void anon_look(struct region *region, struct memory *memory)
{
	memory->frames = cgroup_read("memory.stat", "anon") + cgroup_read("memory.stat", "shmem");
	memory->held = cgroup_read("memory.peak", NULL);
}

static void swap_look(struct region *region, struct memory *memory)
{
	unsigned long original, compressed, used, disk;
	FILE *statistics = fopen(ZRAM_STATISTICS, "r"), *bytes = fopen(ZRAM_BYTES, "r");

	if (!statistics || fscanf(statistics, "%lu %lu %lu", &original, &compressed, &used) != 3 ||
	    !bytes || fscanf(bytes, "%lu", &disk) != 1)
		err(1, "the figures of zram0");
	fclose(statistics);
	fclose(bytes);
	anon_look(region, memory);
	memory->store = used;
	memory->payload = compressed;
	memory->metadata = disk / PAGE_BYTES * (ZRAM_ENTRY_BYTES + SWAP_ENTRY_BYTES);
}

static bool swap_is_there(const struct system *system)
{
	return !access(ZRAM_STATISTICS, R_OK) && (!system->mglru || !access(MGLRU, W_OK));
}

static const struct system_ops swap_ops = {
	.is_there = swap_is_there,
	.map = swap_map,
	.bound = swap_bound,
	.page_out = swap_page_out,
	.page_in = swap_page_in,
	.pin = swap_pin,
	.unpin = swap_unpin,
	.look = swap_look,
};

static const struct system_ops pageout_ops = {
	.is_there = swap_is_there,
	.map = swap_map,
	.page_out = swap_page_out,
	.page_in = swap_page_in,
	.look = swap_look,
};

static const struct system_ops anon_ops = {
	.map = swap_map,
	.look = anon_look,
};

const struct system system_zram = {
	.name = "zram", .ops = &swap_ops, .is_bounded = true,
};

const struct system system_zram_cluster = {
	.name = "zram-cluster3", .ops = &swap_ops, .is_bounded = true, .page_cluster = 3,
};

const struct system system_zram_mglru = {
	.name = "zram-mglru", .ops = &swap_ops, .is_bounded = true, .mglru = true,
};

const struct system system_zram_mglru_cluster = {
	.name = "zram-mglru-cluster3", .ops = &swap_ops, .is_bounded = true, .mglru = true,
	.page_cluster = 3,
};

const struct system system_memfd = {
	.name = "memfd", .ops = &swap_ops, .is_bounded = true, .is_shared = true,
};

const struct system system_pageout = {
	.name = "madv-pageout", .ops = &pageout_ops,
};

const struct system system_anon = {
	.name = "anon", .ops = &anon_ops,
};
