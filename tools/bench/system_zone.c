// SPDX-License-Identifier: GPL-2.0-only
/* vmzone: a zone of /dev/vmzone, with a budget of its own. */
#include "../tests/zone.h"
#include "bench.h"
#include "systems.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Frames that a zone without a budget of the work's has beyond its pages: it must not evict. */
#define NEVER_SHORT(nr_pages) ((nr_pages) * 5 / 4 + 256)

static struct zone as_zone(const struct region *region)
{
	return (struct zone) {
		.fd = region->fd, .map = region->map, .nr_slots = region->nr_pages,
	};
}

static void zone_system_map(struct region *region)
{
	struct vmzone_create create = {
		.bytes = region->nr_pages * PAGE_BYTES,
		.frames = region->nr_frames ? region->nr_frames : NEVER_SHORT(region->nr_pages),
		.store_limit = region->nr_pages * PAGE_BYTES * 5 / 4,
		.codec = VMZONE_CODEC_LZ4,
	};
	const char *policy = region->policy;
	struct zone zone;

	for (unsigned int id = 1; policy && id < NR_POLICY_NAMES; id++)
		if (!strcmp(policy, policy_name[id]))
			create.policy = id;
	if (policy && !create.policy)
		errx(2, "no policy is called %s", policy);
	zone = zone_new(create);
	region->fd = zone.fd;
	region->map = zone.map;
}

static void zone_system_range(struct region *region, unsigned long command, const char *name,
			      size_t first, size_t nr)
{
	struct vmzone_range range = {
		.size = sizeof(range), .offset = first * PAGE_BYTES, .length = nr * PAGE_BYTES,
	};

	if (ioctl(region->fd, command, &range))
		err(1, "%s of %zu pages from %zu", name, nr, first);
}

static void zone_system_page_out(struct region *region, size_t first, size_t nr)
{
	zone_system_range(region, VMZONE_IOC_PAGE_OUT, "PAGE_OUT", first, nr);
}

static void zone_system_page_in(struct region *region, size_t first, size_t nr)
{
	zone_system_range(region, VMZONE_IOC_PAGE_IN, "PAGE_IN", first, nr);
}

static void zone_system_pin(struct region *region, size_t first, size_t nr)
{
	zone_system_range(region, VMZONE_IOC_PIN, "PIN", first, nr);
}

static void zone_system_unpin(struct region *region, size_t first, size_t nr)
{
	zone_system_range(region, VMZONE_IOC_UNPIN, "UNPIN", first, nr);
}

static void zone_system_look(struct region *region, struct memory *memory)
{
	struct zone zone = as_zone(region);
	struct vmzone_stats stats = zone_stats(&zone);

	memory->frames = stats.resident_frames * PAGE_BYTES;
	memory->held = stats.peak_resident_frames * PAGE_BYTES;
	memory->store = stats.store_bytes;
	memory->payload = stats.store_payload_bytes;
	memory->metadata = stats.metadata_bytes;
	if (!stats_hold(&stats))
		errx(1, "the zone's counters do not hold together");
	if (stats.sigbus || stats.load_errors)
		errx(1, "%llu faults failed, %llu loads", stats.sigbus, stats.load_errors);
}

/* What a zone of 16 GiB takes of which nothing was touched. */
void zone_report(void)
{
	struct region region = { .nr_pages = 1UL << 22, .nr_frames = 1024 };
	struct memory memory = {};

	zone_system_map(&region);
	zone_system_look(&region, &memory);
	printf("{\"zone\":\"untouched\",\"bytes\":%lu,\"metadata\":%lu}\n",
	       region.nr_pages * PAGE_BYTES, memory.metadata);
	fflush(stdout);
	munmap(region.map, region.nr_pages * PAGE_BYTES);
	close(region.fd);
}

static bool zone_system_is_there(const struct system *system)
{
	return !access("/dev/vmzone", R_OK | W_OK);
}

static const struct system_ops zone_ops = {
	.is_there = zone_system_is_there,
	.map = zone_system_map,
	.page_out = zone_system_page_out,
	.page_in = zone_system_page_in,
	.pin = zone_system_pin,
	.unpin = zone_system_unpin,
	.look = zone_system_look,
};

const struct system system_zone = {
	.name = "vmzone", .ops = &zone_ops, .is_bounded = true,
};
