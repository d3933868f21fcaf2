// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves what SET takes and refuses: every kind of change alone and with every
 * other is told by GET, STATS and fstat; bad values, a descriptor that is only
 * open for reading and more frames than allowed are refused, with nothing
 * changed; a new codec serves new page-outs while old objects stay readable; so
 * does a new policy for what is resident; size changes as with ftruncate; a
 * combination whose last part fails changes nothing. What budget and store limit
 * do is in resize_test.c. Run it alone: it changes parameters for a while.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARAMETERS "/sys/module/vmzone/parameters/"
#define ALL (VMZONE_SET_BYTES | VMZONE_SET_FRAMES | VMZONE_SET_STORE_LIMIT | \
	     VMZONE_SET_POLICY | VMZONE_SET_CODEC)
#define NR_SLOTS 128
#define NR_KEPT 96		/* slots that no change of size cuts off */
#define NR_FRAMES 64

static const struct pattern pattern = { .fill = FILL_MIX, .id = 1 };

static struct zone new_zone(void)
{
	return zone_new((struct vmzone_create) {
		.bytes = NR_SLOTS * page_size, .frames = NR_FRAMES, .store_limit = 4 * MIB,
		.policy = VMZONE_POLICY_CLOCK, .codec = VMZONE_CODEC_LZ4,
	});
}

static bool same(const struct vmzone_set *one, const struct vmzone_set *other)
{
	return one->bytes == other->bytes && one->frames == other->frames &&
	       one->store_limit == other->store_limit && one->policy == other->policy &&
	       one->codec == other->codec;
}

/* Whether every view of the zone says the same as the model. */
static bool told(const struct zone *zone, const struct vmzone_set *model)
{
	struct vmzone_set set = zone_get(zone->fd);
	struct vmzone_stats stats = zone_stats(zone);
	struct stat st;
	bool good;

	fstat(zone->fd, &st);
	good = same(&set, model) && stats.budget_frames == model->frames &&
	       stats.store_limit_bytes == model->store_limit &&
	       (uint64_t)st.st_size == model->bytes;
	if (!good)
		diag("  GET: %llu bytes, %llu frames, limit %llu, policy %u, codec %u; "
		     "STATS: %llu frames, limit %llu; fstat: %llu bytes",
		     (unsigned long long)set.bytes, (unsigned long long)set.frames,
		     (unsigned long long)set.store_limit, set.policy, set.codec,
		     (unsigned long long)stats.budget_frames,
		     (unsigned long long)stats.store_limit_bytes,
		     (unsigned long long)st.st_size);
	return good;
}

/* Takes over from change what change.which names. */
static void merge(struct vmzone_set *model, const struct vmzone_set *change)
{
	if (change->which & VMZONE_SET_BYTES)
		model->bytes = change->bytes;
	if (change->which & VMZONE_SET_FRAMES)
		model->frames = change->frames;
	if (change->which & VMZONE_SET_STORE_LIMIT)
		model->store_limit = change->store_limit;
	if (change->which & VMZONE_SET_POLICY)
		model->policy = change->policy;
	if (change->which & VMZONE_SET_CODEC)
		model->codec = change->codec;
}

static void every_combination(void)
{
	struct zone zone = new_zone();
	struct vmzone_set model = zone_get(zone.fd);
	size_t nr_failed = 0, nr_untold = 0, bad = 0;

	is(model.which, ALL, "GET says that it tells all");
	pattern_fill(&zone, pattern, 0, NR_KEPT);
	for (uint32_t step = 0; step < 2 * (ALL + 1); step++) {
		bool other = step / (ALL + 1);
		struct vmzone_set change = {
			.which = step % (ALL + 1),
			.bytes = (other ? NR_SLOTS + step : NR_KEPT + step % 8) * page_size,
			.frames = other ? NR_FRAMES + step : NR_FRAMES / 2 + step,
			.store_limit = (other ? 8 : 2) * MIB + step,
			.policy = step % 2 ? VMZONE_POLICY_FIFO : VMZONE_POLICY_CLOCK,
			.codec = 1 + step % 4,
		};

		merge(&model, &change);
		nr_failed += zone_set(zone.fd, change) != 0;
		nr_untold += !told(&zone, &model);
		bad += pattern_bad(&zone, pattern, 0, NR_KEPT);
	}
	is(nr_failed, 0, "SET of every combination, twice");
	is(nr_untold, 0, "GET, STATS and fstat tell each of them, and no other change");
	is(bad, 0, "contents stay");
	zone.nr_slots = NR_SLOTS;
	zone_drop(&zone);
}

/* SET of one field of a zone that stays as it was. */
#define refuses(name, field, value, want, what) do { \
	struct vmzone_set change = { .which = VMZONE_SET_##name, .field = (value) }; \
	is(zone_set(zone->fd, change), -(want), "SET: %s", what); \
	ok(told(zone, model), "SET: %s: nothing has changed", what); \
} while (0)

static void refuses_bits(const struct zone *zone, uint32_t which)
{
	struct vmzone_set change = zone_get(zone->fd);

	change.which = which;
	is(zone_set(zone->fd, change), -EINVAL, "SET: which 0x%x", which);
}

static void refuses_values(const struct zone *zone, const struct vmzone_set *model)
{
	struct vmzone_info info = device_info();

	refuses(BYTES, bytes, 0, EINVAL, "no bytes");
	refuses(BYTES, bytes, page_size - 1, EINVAL, "one byte less than a page");
	refuses(BYTES, bytes, page_size + 512, EINVAL, "a page and a bit");
	refuses(BYTES, bytes, -page_size, EINVAL, "nearly 16 EiB");
	refuses(BYTES, bytes, info.max_zone_bytes + page_size, EINVAL, "more than max_zone_bytes");
	refuses(FRAMES, frames, 0, EINVAL, "no frames");
	refuses(FRAMES, frames, 15, EINVAL, "15 frames");
	refuses(FRAMES, frames, info.max_frames + 1, ENOSPC, "more frames than max_frames");
	refuses(FRAMES, frames, 1ULL << 60, ENOSPC, "2^60 frames");
	refuses(FRAMES, frames, ~0ULL, ENOSPC, "2^64 - 1 frames");
	for (uint32_t id = 0; id < 35; id++) {
		if (id > 31 || !(info.policies & 1u << id))
			refuses(POLICY, policy, id, EINVAL, "a policy that INFO does not name");
		if (id > 31 || !(info.codecs & 1u << id))
			refuses(CODEC, codec, id, EINVAL, "a codec that INFO does not name");
	}
	refuses(STORE_LIMIT, store_limit, 0, EINVAL, "no store at all");
	refuses(POLICY, policy, ~0u, EINVAL, "policy 2^32 - 1");
	refuses(CODEC, codec, ~0u, EINVAL, "codec 2^32 - 1");
}

static void bad_values(void)
{
	struct zone zone = new_zone();
	struct vmzone_set model = zone_get(zone.fd), get = { .size = sizeof(get) };
	struct vmzone_set nonsense = { .bytes = 1, .frames = 1, .policy = 99, .codec = 99 };
	char path[64];
	int fd;

	refuses_bits(&zone, ALL + 1);
	refuses_bits(&zone, 1u << 31);
	refuses_bits(&zone, ~0u);
	refuses_values(&zone, &model);
	is(zone_set(zone.fd, nonsense), 0, "SET of nothing looks at no value");
	ok(told(&zone, &model), "and changes none");
	for (int i = 0; i < 2; i++)
		is(ioctl(zone.fd, VMZONE_IOC_GET, &get) ? errno : 0, 0, "GET into %s structure",
		   i ? "the same" : "a new");
	get.which = ALL + 1;
	is(ioctl(zone.fd, VMZONE_IOC_GET, &get) ? errno : 0, EINVAL, "GET of an unknown bit");

	snprintf(path, sizeof(path), "/proc/self/fd/%d", zone.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	model.which = VMZONE_SET_FRAMES;
	model.frames++;
	is(zone_set(fd, model), -EBADF, "SET on a descriptor that is open for reading");
	model.frames--;
	ok(told(&zone, &model), "changes nothing");
	close(fd);
	zone_drop(&zone);
}

/* Return: what the parameter was. */
static long set_parameter(const char *name, long value)
{
	char path[128], text[32];
	long old;
	int fd;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	snprintf(text, sizeof(text), "%ld", value);
	old = read_number(path, NULL);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (old < 0 || write(fd, text, strlen(text)) < 0)
		bail("parameter %s", name);
	close(fd);
	return old;
}

static int set_frames(const struct zone *zone, uint64_t frames)
{
	return zone_set(zone->fd, (struct vmzone_set) {
		.which = VMZONE_SET_FRAMES, .frames = frames,
	});
}

static int frames_without_capability(void *arg)
{
	const struct zone *zone = arg;

	drop_capability(CAP_SYS_RESOURCE);
	if (set_frames(zone, 101) != -EPERM || zone_get(zone->fd).frames != 100)
		return 1;
	/* Above the limit, but not more than before. */
	if (set_frames(zone, 100) || set_frames(zone, 90))
		return 2;
	if (set_frames(zone, 91) != -EPERM)
		return 3;
	return set_frames(zone, 16) || set_frames(zone, 64) ? 4 : 0;
}

static void limits_on_frames(void)
{
	struct zone zone = new_zone(), other = zone_sized(NR_SLOTS, 32);
	long saved = set_parameter("max_frames", 32 + 100);

	is(set_frames(&zone, 101), -ENOSPC, "SET: one frame more than all zones may have");
	is(zone_get(zone.fd).frames, NR_FRAMES, "changes nothing");
	is(set_frames(&zone, 100), 0, "SET: all that is left");
	is(set_frames(&other, 33), -ENOSPC, "which is not there for another zone");
	is(set_frames(&zone, 50), 0, "SET: less");
	is(set_frames(&other, 82), 0, "which is");
	is(set_frames(&other, 83), -ENOSPC, "to the frame");
	zone_drop(&other);
	is(set_frames(&zone, 132), 0, "a zone that ended leaves all of its frames");
	set_parameter("max_frames", saved);

	set_frames(&zone, 100);
	saved = set_parameter("max_zone_frames", 64);
	is(child_run(frames_without_capability, &zone), 0,
	   "SET: more than max_zone_frames needs CAP_SYS_RESOURCE, less never");
	is(set_frames(&zone, 65), 0, "SET: more, with it");
	set_parameter("max_zone_frames", saved);
	zone_drop(&zone);
}

/* Return: payload of the same data again, in the store by that codec. */
static uint64_t payload_by(const struct zone *zone, uint32_t codec, size_t first, size_t nr)
{
	const struct pattern text = { .fill = FILL_TEXT, .id = 2 };
	uint64_t before;

	is(zone_set(zone->fd, (struct vmzone_set) { .which = VMZONE_SET_CODEC, .codec = codec }),
	   0, "SET: codec %u", codec);
	is(zone_get(zone->fd).codec, codec, "GET: codec %u", codec);
	zone_range(zone, VMZONE_IOC_DISCARD, first, nr);
	before = zone_stats(zone).store_payload_bytes;
	pattern_fill(zone, text, first, nr);
	is(zone_range(zone, VMZONE_IOC_PAGE_OUT, first, nr), nr, "codec %u: PAGE_OUT", codec);
	is(pattern_bad(zone, text, first, nr), 0, "codec %u: reads back", codec);
	is(zone_range(zone, VMZONE_IOC_PAGE_OUT, first, nr), nr, "codec %u: once more", codec);
	return zone_stats(zone).store_payload_bytes - before;
}

static void switched_codecs(void)
{
	const size_t nr = 16;
	struct zone zone = new_zone();
	uint64_t payload[5];

	for (uint32_t codec = 1; codec <= 4; codec++)
		payload[codec] = payload_by(&zone, codec, 0, nr);
	is(payload[VMZONE_CODEC_NONE], nr * page_size, "codec none keeps pages as they are");
	for (uint32_t codec = 2; codec <= 4; codec++)
		between(payload[codec], 1, nr * page_size * 6 / 10, "codec %u compresses", codec);
	ok(payload[2] != payload[3] && payload[3] != payload[4] && payload[4] != payload[2],
	   "each codec in its own way: %llu, %llu, %llu bytes", (unsigned long long)payload[2],
	   (unsigned long long)payload[3], (unsigned long long)payload[4]);
	for (uint32_t codec = 1; codec <= 4; codec++)
		is(payload_by(&zone, codec, 0, nr), payload[codec],
		   "codec %u: the same data take the same room again", codec);
	for (uint32_t codec = 1; codec <= 4; codec++)
		payload_by(&zone, codec, codec * nr, nr);
	is(pattern_bad(&zone, (struct pattern) { .fill = FILL_TEXT, .id = 2 }, 0, 5 * nr), 0,
	   "objects of all codecs are readable side by side");
	is(zone_stats(&zone).load_errors, 0, "without an error");
	zone_drop(&zone);
}

/* The policy's name in debugfs: what is in use, not what was asked for. Empty: unknown. */
static void policy_in_use(const struct zone *zone, char name[32])
{
	char path[64], line[256];
	long id, found;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zone->fd);
	id = read_number(path, "vmzone-id");
	name[0] = 0;
	file = fopen("/sys/kernel/debug/vmzone/zones", "r");
	while (file && !name[0] && fgets(line, sizeof(line), file))
		if (sscanf(line, "%ld %*s %31s", &found, name) != 2 || found != id)
			name[0] = 0;
	if (file)
		fclose(file);
}

/* Some pages to the front of every list, some out and in again. */
static size_t bad_after_use(const struct zone *zone, size_t first)
{
	size_t bad = 0;

	for (size_t i = 0; i < 2 * NR_SLOTS; i++)
		bad += pattern_bad(zone, pattern, (first + i * 7) % NR_SLOTS, 1);
	pattern_fill(zone, pattern, 0, NR_SLOTS / 2);
	return bad + pattern_bad(zone, pattern, 0, NR_SLOTS);
}

static void switched_policies(void)
{
	struct vmzone_info info = device_info();
	struct zone zone = zone_sized(NR_SLOTS, NR_FRAMES / 2);
	char name[32][32];

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	zone_range(&zone, VMZONE_IOC_PIN, 3, 4);
	for (unsigned int i = 0; i < 64; i++) {
		unsigned int id = i % 32;

		if (!(info.policies & 1u << id))
			continue;
		is(zone_set(zone.fd, (struct vmzone_set) {
			.which = VMZONE_SET_POLICY, .policy = id,
		}), 0, "SET: policy %u", id);
		is(zone_get(zone.fd).policy, id, "GET: policy %u", id);
		policy_in_use(&zone, name[id]);
		for (unsigned int other = 0; other < id; other++)
			if (name[id][0] && info.policies & 1u << other)
				ok(strcmp(name[id], name[other]),
				   "it is in use, and not policy %u", other);
		is(bad_after_use(&zone, i), 0, "policy %u: contents", id);
	}
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 3, 4), 4, "pins outlive it");
	is(zone_all_out(&zone), 0, "PAGE_OUT of all: no frame is lost");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "contents at the end");
	zone_drop(&zone);
}

static int set_slots(int fd, size_t nr_slots)
{
	return zone_set(fd, (struct vmzone_set) {
		.which = VMZONE_SET_BYTES, .bytes = nr_slots * page_size,
	});
}

static void sizes(void)
{
	struct zone zone = new_zone();
	uint8_t page[page_size];
	int fd = device_open(O_RDWR);

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	is(set_slots(zone.fd, 64), 0, "SET: half the size");
	is(pattern_bad(&zone, pattern, 0, 64), 0, "what is left is right");
	is(copy_guarded(page, slot_at(&zone, 64), 1), SIGBUS, "SIGBUS past the end");
	is(pread(zone.fd, page, page_size, 64 * page_size), 0, "where read finds nothing");
	is(set_slots(zone.fd, NR_SLOTS), 0, "SET: the old size");
	is(copy_guarded(page, slot_at(&zone, 64), page_size), 0, "no SIGBUS there any more");
	ok(all_zero(page, page_size), "but zeros");
	is(zone_range(&zone, VMZONE_IOC_PIN, 100, 1), 1, "PIN of a slot");
	is(set_slots(zone.fd, 100), -EBUSY, "SET: it would be cut off");
	is(zone_get(zone.fd).bytes, NR_SLOTS * page_size, "changes nothing");
	is(pattern_bad(&zone, pattern, 0, 64), 0, "nor any contents");
	is(set_slots(zone.fd, 101), 0, "SET: it just stays");
	is(set_slots(zone.fd, 1024), 0, "SET: eight times the size");
	is(pwrite(zone.fd, page, 1, 1024 * page_size - 1), 1, "the last byte can be written");
	is(zone_range(&zone, VMZONE_IOC_UNPIN, 100, 1), 1, "UNPIN");

	is(set_slots(fd, 3), 0, "SET: size of a zone of the device");
	is(lseek(fd, 0, SEEK_END), 3 * page_size, "lseek finds it");
	close(fd);
	zone_drop(&zone);
}

/* SET that must fail as a whole, for the sake of one part. */
static void fails_whole(const struct zone *zone, struct vmzone_set change, int want,
			const char *what)
{
	struct vmzone_set model = zone_get(zone->fd);
	uint64_t raw = zone_stats(zone).raw_slots;

	is(zone_set(zone->fd, change), -want, "all but one part is fine: %s", what);
	ok(told(zone, &model), "%s: nothing has changed", what);
	is(pattern_bad(zone, pattern, 0, NR_SLOTS), 0, "%s: nor have contents", what);
	pattern_fill(zone, (struct pattern) { .fill = FILL_TEXT, .id = 3 }, NR_SLOTS, 8);
	zone_range(zone, VMZONE_IOC_PAGE_OUT, NR_SLOTS, 8);
	is(zone_stats(zone).raw_slots - raw, 0, "%s: nor has the codec in use", what);
	zone_range(zone, VMZONE_IOC_DISCARD, NR_SLOTS, 8);
}

static void combinations_that_fail(void)
{
	struct zone zone = zone_new((struct vmzone_create) {
		.bytes = 2 * NR_SLOTS * page_size, .frames = 2 * NR_SLOTS,
		.store_limit = 4 * MIB, .codec = VMZONE_CODEC_LZ4,
	});
	const struct vmzone_set good = {
		.which = ALL, .bytes = NR_SLOTS * page_size, .frames = 3 * NR_SLOTS,
		.store_limit = 5 * MIB, .policy = VMZONE_POLICY_FIFO, .codec = VMZONE_CODEC_NONE,
	};
	struct vmzone_set bad = good;

	pattern_fill(&zone, pattern, 0, NR_SLOTS);
	bad.frames = ~0ULL >> 1;
	fails_whole(&zone, bad, ENOSPC, "too many frames");
	zone_range(&zone, VMZONE_IOC_PIN, 0, 32);
	bad.frames = 32;
	fails_whole(&zone, bad, ENOMEM, "too few frames for what is pinned");
	zone_range(&zone, VMZONE_IOC_UNPIN, 0, 32);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	bad = good;
	bad.store_limit = page_size;
	fails_whole(&zone, bad, ENOMEM, "too low a limit for what is stored");
	zone_range(&zone, VMZONE_IOC_PIN, 2 * NR_SLOTS - 1, 1);
	fails_whole(&zone, good, EBUSY, "a pinned slot would be cut off");
	zone_range(&zone, VMZONE_IOC_UNPIN, 2 * NR_SLOTS - 1, 1);
	bad = good;
	bad.codec = 99;
	fails_whole(&zone, bad, EINVAL, "an unknown codec");
	is(zone_set(zone.fd, good), 0, "without that part it is done");
	is(pattern_bad(&zone, pattern, 0, NR_SLOTS), 0, "contents");
	zone_drop(&zone);
}

int main(void)
{
	test_begin(120);
	every_combination();
	bad_values();
	limits_on_frames();
	switched_codecs();
	switched_policies();
	sizes();
	combinations_that_fail();
	return tap_end();
}
