// SPDX-License-Identifier: GPL-2.0-only
/*
 * A zone and a memfd with the same contents, and asserts that compare them.
 */
#define _GNU_SOURCE
#include "twins.h"
#include "tap.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

struct zone zone, memfd;

const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

struct zone memfd_sized(size_t nr_slots)
{
	struct zone map = {
		.fd = memfd_create("twin", MFD_CLOEXEC | MFD_ALLOW_SEALING),
		.nr_slots = nr_slots,
	};

	if (map.fd < 0 || ftruncate(map.fd, nr_slots * page_size))
		bail("memfd_create of %zu pages", nr_slots);
	map.map = zone_map(map.fd, nr_slots);
	return map;
}

void all_out(void)
{
	if (zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, zone.nr_slots) < 0)
		bail("PAGE_OUT of the zone");
}

void twins_begin(void)
{
	zone = zone_sized(TWINS_SLOTS, TWINS_FRAMES);
	memfd = memfd_sized(TWINS_SLOTS);
	pattern_fill(&zone, pattern, 0, TWINS_SLOTS);
	pattern_fill(&memfd, pattern, 0, TWINS_SLOTS);
}

void twins_end(void)
{
	struct vmzone_stats stats = zone_stats(&zone);

	ok(stats_hold(&stats), "the counters of the zone hold");
	zone_drop(&zone);
	zone_drop(&memfd);
}

long or_errno(long ret)
{
	return ret == -1 ? -errno : ret;
}

/* What each answers; one assert, which the caller judges. */
static bool compare(answer_t call, long arg, const long *of_zone, const long *of_memfd,
		    const char *what)
{
	long zone_says, memfd_says;
	bool pass;

	all_out();
	zone_says = call(&zone, arg);
	memfd_says = call(&memfd, arg);
	if (of_zone)
		pass = zone_says == *of_zone && memfd_says == *of_memfd;
	else
		pass = zone_says == memfd_says;
	ok(pass, "%s", what);
	if (!pass && of_zone)
		diag("  want %ld of the zone, %ld of the memfd", *of_zone, *of_memfd);
	if (!pass || !of_zone)
		diag("  the zone says %ld, the memfd %ld", zone_says, memfd_says);
	return pass;
}

bool both(answer_t call, long arg, long want, const char *what)
{
	return compare(call, arg, &want, &want, what);
}

bool same(answer_t call, long arg, const char *what)
{
	return compare(call, arg, NULL, NULL, what);
}

bool differ(answer_t call, long arg, long of_zone, long of_memfd, const char *what)
{
	return compare(call, arg, &of_zone, &of_memfd, what);
}

bool kept_in(size_t first, size_t nr, const char *what)
{
	size_t of_zone, of_memfd;

	all_out();
	of_zone = pattern_bad(&zone, pattern, first, nr);
	of_memfd = pattern_bad(&memfd, pattern, first, nr);
	return is(of_zone + of_memfd, 0, "%s", what);
}

bool kept(const char *what)
{
	return kept_in(0, TWINS_SLOTS, what);
}
