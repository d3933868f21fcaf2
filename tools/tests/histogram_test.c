// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that the histograms count what STATS counts: as many durations as
 * there were faults, page-ins, page-outs and selections; and that bad kinds are
 * refused.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <sys/ioctl.h>

#define NR_FRAMES 32
#define NR_SLOTS 128

static struct zone zone;

static struct vmzone_histogram histogram(uint32_t kind)
{
	struct vmzone_histogram histogram = { .size = sizeof(histogram), .kind = kind };

	if (ioctl(zone.fd, VMZONE_IOC_HISTOGRAM, &histogram))
		bail("VMZONE_IOC_HISTOGRAM of kind %u", kind);
	return histogram;
}

static uint64_t total(uint32_t kind)
{
	struct vmzone_histogram all = histogram(kind);
	uint64_t sum = 0;

	for (int i = 0; i < VMZONE_HIST_BUCKETS; i++)
		sum += all.buckets[i];
	return sum;
}

static int refused(uint32_t kind, uint32_t nr)
{
	struct vmzone_histogram histogram = {
		.size = sizeof(histogram), .kind = kind, .nr = nr,
	};

	return ioctl(zone.fd, VMZONE_IOC_HISTOGRAM, &histogram) ? errno : 0;
}

static void counts_agree(void)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 1 };
	struct vmzone_stats stats;

	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "contents");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	stats = zone_stats(&zone);
	ok(stats.faults_major > NR_FRAMES && stats.selects, "it paged for it");
	is(total(VMZONE_HIST_FAULT_MAJOR), stats.faults_major, "major faults");
	is(total(VMZONE_HIST_FAULT_MINOR), stats.faults_zero + stats.faults_minor,
	   "all other faults");
	is(total(VMZONE_HIST_PAGE_IN), stats.page_ins, "page-ins");
	is(total(VMZONE_HIST_PAGE_OUT), stats.page_outs, "page-outs");
	is(total(VMZONE_HIST_SELECT), stats.selects, "selections");
	is(histogram(VMZONE_HIST_PAGE_IN).nr, VMZONE_HIST_BUCKETS, "nr is told");
	is(histogram(VMZONE_HIST_PAGE_IN).buckets[0], 0, "no page-in took less than 2 ns");
}

int main(void)
{
	test_begin(30);
	if (!(device_info().features & VMZONE_FEATURE_HISTOGRAM)) {
		skip("not in this build", "histograms");
		return tap_end();
	}
	counts_agree();
	is(refused(VMZONE_HIST_SELECT + 1, 0), EINVAL, "an unknown kind is EINVAL");
	is(refused(~0u, 0), EINVAL, "so is kind 2^32 - 1");
	is(refused(VMZONE_HIST_SELECT, 5), EINVAL, "and a wrong nr");
	is(refused(VMZONE_HIST_SELECT, VMZONE_HIST_BUCKETS), 0, "but the right one is fine");
	zone_drop(&zone);
	return tap_end();
}
