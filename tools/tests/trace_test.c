// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that every tracepoint of the group vmzone fires as often as the test
 * made it happen, with the zone's id and the slot in it.
 */
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing/"
#define NR_FRAMES 64
#define NR_SLOTS 16

static void put(const char *file, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		bail("%s can't be written: %s", path, strerror(errno));
	close(fd);
}

static unsigned int zone_id(int fd)
{
	char path[64], line[128];
	unsigned int id = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "vmzone-id: %u", &id);
	if (!file || !id)
		bail("%s has no vmzone-id", path);
	fclose(file);
	return id;
}

/* How many lines of the trace have both words. */
static int count(const char *event, const char *what)
{
	FILE *file = fopen(TRACEFS "trace", "r");
	char line[512], word[64];
	int nr = 0;

	if (!file)
		bail("the trace can't be read");
	snprintf(word, sizeof(word), " %s: ", event);
	while (fgets(line, sizeof(line), file))
		nr += strstr(line, word) && strstr(line, what);
	fclose(file);
	return nr;
}

/* What happens once to each slot, in this order. */
static void act(struct zone *zone)
{
	struct pattern pattern = { .fill = FILL_TEXT, .id = 1 };

	pattern_fill(zone, pattern, 0, NR_SLOTS);
	is(zone_range(zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS), NR_SLOTS, "paged out");
	is(pattern_bad(zone, pattern, 0, NR_SLOTS), 0, "and read again");
	is(zone_range(zone, VMZONE_IOC_PIN, 2, 4), 4, "pinned");
	is(zone_range(zone, VMZONE_IOC_UNPIN, 2, 4), 4, "unpinned");
	is(zone_range(zone, VMZONE_IOC_DISCARD, 8, 8), 8, "discarded");
}

static void agree(unsigned int id)
{
	char zone[32], words[64];

	snprintf(zone, sizeof(zone), "zone=%u ", id);
	is(count("vmzone_zone_create", zone), 1, "vmzone_zone_create");
	is(count("vmzone_zone_destroy", zone), 1, "vmzone_zone_destroy");
	is(count("vmzone_page_out", zone), NR_SLOTS, "vmzone_page_out");
	is(count("vmzone_page_in", zone), NR_SLOTS, "vmzone_page_in");
	is(count("vmzone_fault", zone), 2 * NR_SLOTS, "vmzone_fault");
	is(count("vmzone_fault", "kind=zero"), NR_SLOTS, "half of them of empty slots");
	is(count("vmzone_fault", "kind=major"), NR_SLOTS, "the others of stored ones");
	snprintf(words, sizeof(words), "%sslot=%d ", zone, NR_SLOTS - 1);
	is(count("vmzone_page_in", words), 1, "the slot is told");
	snprintf(words, sizeof(words), "%sslot=2 nr_slots=4 error=0", zone);
	is(count("vmzone_pin", words), 1, "vmzone_pin");
	is(count("vmzone_unpin", words), 1, "vmzone_unpin");
	snprintf(words, sizeof(words), "%sslot=8 nr_slots=8 error=0", zone);
	is(count("vmzone_discard", words), 1, "vmzone_discard");
}

/* Three times the budget, so that victims have to be chosen. */
static void selects_are_told(void)
{
	struct pattern pattern = { .fill = FILL_SAME, .id = 2 };
	struct zone zone = zone_sized(3 * NR_FRAMES, NR_FRAMES);
	char words[32];

	snprintf(words, sizeof(words), "zone=%u ", zone_id(zone.fd));
	pattern_fill(&zone, pattern, 0, zone.nr_slots);
	put("events/vmzone/enable", "0");
	ok(count("vmzone_select", words) > 0, "vmzone_select");
	zone_drop(&zone);
}

int main(void)
{
	struct zone zone;
	unsigned int id;

	test_begin(60);
	if (access(TRACEFS "events/vmzone", F_OK)) {
		skip("no tracefs here", "tracepoints");
		return tap_end();
	}
	put("trace", "");
	put("events/vmzone/enable", "1");
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	id = zone_id(zone.fd);
	act(&zone);
	zone_drop(&zone);
	agree(id);
	selects_are_told();
	return tap_end();
}
