// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that a fault, stopped at each step of its way, gets the right page or the
 * right signal, whatever page-out, DISCARD, truncation, munmap and other faults do
 * meanwhile; and that nothing is left behind where it should not be.
 */
#define _GNU_SOURCE
#include "race.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOT 3
#define OTHER 5
#define NR_SLOTS 1024		/* some leaves of the slot table */
#define NR_FRAMES 64

static struct actor fault, rival;

/*
 * The fault has read the slot's frame and has no reference; the slot is paged out,
 * and its frame serves another slot by the time the fault takes one. It must notice,
 * and page in.
 */
static void page_out_and_reuse(void)
{
	struct vmzone_stats stats;

	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	unmap_slot(SLOT);
	ok(actor_stops(&fault, act_touch, SLOT, "frame_found", SLOT),
	   "page-out, frame found: the fault has the frame");
	is(act_page_out(SLOT), 1, "page-out, frame found: PAGE_OUT takes it away");
	store_version(OTHER, 2);
	point_release("frame_found");
	is(actor_end(&fault), 1, "page-out, frame found: the fault sees its own page");
	is(act_touch(OTHER), 2, "page-out, frame found: and the other slot its own");
	stats = zone_stats(&zone);
	is(stats.faults_major, 1, "page-out, frame found: it was a major fault");
	is(stats.page_ins, 1, "page-out, frame found: of one page-in");
	is(stats.refaults, 1, "page-out, frame found: and counts as a refault");
	race_end("page-out, frame found");
}

/*
 * The same, but the frame went back to the machine, which may use the page for
 * anything: a reference to it must not be kept.
 */
static void page_out_and_shrink(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	unmap_slot(SLOT);
	ok(actor_stops(&fault, act_touch, SLOT, "frame_found", SLOT),
	   "shrinker, frame found: the fault has the frame");
	is(act_page_out(SLOT), 1, "shrinker, frame found: PAGE_OUT takes it away");
	squeeze();
	point_release("frame_found");
	is(actor_end(&fault), 1, "shrinker, frame found: the fault sees its page");
	race_end("shrinker, frame found");
}

static long squeeze_and_touch(long slot)
{
	squeeze();
	return act_touch(slot);
}

/*
 * The fault finds the frame frozen by an eviction: no reference can be had. It must
 * not spin, nor take one, but sleep until the slot is settled. One that was taken, and
 * given back, would have freed the page under the eviction: it would be used twice.
 */
static void page_out_frozen(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	unmap_slot(SLOT);
	ok(actor_stops(&fault, act_touch, SLOT, "frame_found", SLOT),
	   "page-out, frozen: the fault has the frame");
	ok(actor_stops(&rival, act_page_out, SLOT, "evict_frozen", SLOT),
	   "page-out, frozen: PAGE_OUT has frozen it");
	point_release("frame_found");
	ok(actor_waits(&fault), "page-out, frozen: the fault sleeps");
	is(slot_bits(SLOT) & VMZONE_SLOT_BUSY, VMZONE_SLOT_BUSY, "page-out, frozen: BUSY");
	point_release("evict_frozen");
	is(actor_end(&rival), 1, "page-out, frozen: PAGE_OUT has its page");
	is(actor_end(&fault), 1, "page-out, frozen: the fault sees the page");
	actor_start(&fault, squeeze_and_touch, SLOT);
	is(actor_end(&fault), 1, "page-out, frozen: whose frame is nobody else's");
	is(zone_stats(&zone).evict_busy, 0, "page-out, frozen: nobody was in the way");
	race_end("page-out, frozen");
}

/* The page is saved and the slot names the frame still: the fault waits for the copy. */
static void page_out_saved(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	ok(actor_stops(&rival, act_page_out, SLOT, "evict_saved", SLOT),
	   "page-out, saved: PAGE_OUT has saved the page");
	actor_start(&fault, act_touch_write, SLOT);
	ok(actor_waits(&fault), "page-out, saved: a fault sleeps");
	point_release("evict_saved");
	is(actor_end(&rival), 1, "page-out, saved: PAGE_OUT has its page");
	is(actor_end(&fault), 0, "page-out, saved: the fault writes to the page");
	is(act_touch(SLOT), 2, "page-out, saved: where the write is");
	is(act_page_out(SLOT), 1, "page-out, saved: PAGE_OUT once more");
	is(act_touch(SLOT), 2, "page-out, saved: and it is in the store");
	race_end("page-out, saved");
}

/*
 * The fault has a reference and waits for the lock: the eviction must not go through,
 * and has to count it.
 */
static void page_out_referenced(void)
{
	struct vmzone_stats stats;

	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	unmap_slot(SLOT);
	ok(actor_stops(&fault, act_touch, SLOT, "frame_got", SLOT),
	   "page-out, reference: the fault holds the page");
	is(act_page_out(SLOT), 0, "page-out, reference: PAGE_OUT passes it over");
	is(slot_bits(SLOT) & VMZONE_SLOT_RESIDENT, VMZONE_SLOT_RESIDENT,
	   "page-out, reference: it stays resident");
	point_release("frame_got");
	is(actor_end(&fault), 1, "page-out, reference: the fault sees the page");
	stats = zone_stats(&zone);
	ok(stats.evict_busy, "page-out, reference: evict_busy tells");
	is(stats.page_outs + stats.page_ins, 0, "page-out, reference: nothing was paged");
	race_end("page-out, reference");
}

/* Two threads touch one stored slot, a third asks for it: one page-in serves them all. */
static void two_page_ins(void)
{
	struct vmzone_stats stats;
	struct actor third;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act_touch, SLOT, "fill_claimed", SLOT),
	   "two page-ins: the first owns the slot");
	actor_start(&rival, act_touch, SLOT);
	actor_start(&third, act_page_in, SLOT);
	ok(actor_waits(&rival), "two page-ins: the second sleeps");
	ok(actor_waits(&third), "two page-ins: PAGE_IN, too");
	is(zone_stats(&zone).page_ins, 0, "two page-ins: nobody has paged in");
	point_release("fill_claimed");
	is(actor_end(&fault), 1, "two page-ins: the first sees the page");
	is(actor_end(&rival), 1, "two page-ins: the second, too");
	is(actor_end(&third), 0, "two page-ins: PAGE_IN finds it in");
	stats = zone_stats(&zone);
	is(stats.page_ins, 1, "two page-ins: there was one");
	is(stats.faults_major, 1, "two page-ins: one fault was major");
	is(stats.resident_frames, 1, "two page-ins: one frame");
	race_end("two page-ins");
}

/* The fault owns the slot: DISCARD waits, and then has its way. */
static void discard_filling(void)
{
	long seen;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act_touch, SLOT, "fill_claimed", SLOT),
	   "DISCARD, filling: the fault owns the slot");
	actor_start(&rival, act_discard, SLOT);
	ok(actor_waits(&rival), "DISCARD, filling: DISCARD sleeps");
	point_release("fill_claimed");
	seen = actor_end(&fault);
	ok(seen == 1 || seen == 0, "DISCARD, filling: the fault sees all of the page, or zeros");
	is(actor_end(&rival), 1, "DISCARD, filling: DISCARD has its page");
	is(act_touch(SLOT), 0, "DISCARD, filling: zeros");
	race_end("DISCARD, filling");
}

/*
 * The fault has a reference to a page that is discarded before it has the lock. The
 * page counts until it lets go, and must not be mapped: it is nobody's any more.
 */
static void discard_referenced(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	unmap_slot(SLOT);
	ok(actor_stops(&fault, act_touch, SLOT, "frame_got", SLOT),
	   "DISCARD, reference: the fault holds the page");
	is(act_discard(SLOT), 1, "DISCARD, reference: DISCARD has it");
	is(zone_stats(&zone).resident_frames, 1, "DISCARD, reference: the frame counts still");
	point_release("frame_got");
	is(actor_end(&fault), 0, "DISCARD, reference: the fault sees zeros");
	is(zone_stats(&zone).resident_frames, 1, "DISCARD, reference: in the only frame");
	store_version(SLOT, 2);
	is(act_page_out(SLOT), 1, "DISCARD, reference: what is written then");
	is(act_touch(SLOT), 2, "DISCARD, reference: is kept");
	race_end("DISCARD, reference");
}

/* The fault is about to have its page mapped: DISCARD must not miss that mapping. */
static void discard_unmapped(void)
{
	long seen;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act_touch, SLOT, "get_done", SLOT),
	   "DISCARD, not mapped: the fault has the page");
	actor_start(&rival, act_discard, SLOT);
	ok(actor_waits(&rival), "DISCARD, not mapped: DISCARD sleeps");
	point_release("get_done");
	seen = actor_end(&fault);
	ok(seen == 1 || seen == 0, "DISCARD, not mapped: the fault sees all of the page, or zeros");
	is(actor_end(&rival), 1, "DISCARD, not mapped: DISCARD has its page");
	is(act_touch(SLOT), 0, "DISCARD, not mapped: zeros");
	race_end("DISCARD, not mapped");
}

/*
 * A read, or an advice, saw contents that are discarded before it has claimed the
 * slot. What is empty stays so: reading a hole makes no frame, and is no page-in.
 */
static void discard_looked(long (*act)(long arg), const char *what)
{
	struct vmzone_stats stats;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act, SLOT, "get_looked", SLOT),
	   "DISCARD, %s: it saw contents", what);
	is(act_discard(SLOT), 1, "DISCARD, %s: which are gone", what);
	point_release("get_looked");
	is(actor_end(&fault), 0, "DISCARD, %s: zeros, or success", what);
	is(slot_bits(SLOT), 0, "DISCARD, %s: the slot is empty", what);
	stats = zone_stats(&zone);
	is(stats.resident_frames, 0, "DISCARD, %s: and has no frame", what);
	is(stats.page_ins, 0, "DISCARD, %s: nothing was paged in", what);
	race_end("DISCARD, looked");
}

/* A DISCARD saw a stored page that has a frame by the time it acts. */
static void discard_overtaken(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&rival, act_discard, SLOT, "discard_looked", SLOT),
	   "DISCARD, overtaken: it saw a stored page");
	is(act_touch(SLOT), 1, "DISCARD, overtaken: which a fault pages in");
	point_release("discard_looked");
	is(actor_end(&rival), 1, "DISCARD, overtaken: it has the page all the same");
	is(act_touch(SLOT), 0, "DISCARD, overtaken: zeros");
	race_end("DISCARD, overtaken");
}

/*
 * The fault passed the check of the size, and the zone shrinks before there is even a
 * slot: truncation cannot see what is made behind its back, so the fault must look again.
 */
static void truncate_begun(void)
{
	const long far = 700;

	race_begin(NR_SLOTS, NR_FRAMES);
	ok(actor_stops(&fault, act_touch_write, far, "get_begun", far),
	   "truncate, begun: the fault is on its way");
	is(act_resize(512), 0, "truncate, begun: the zone shrinks");
	point_release("get_begun");
	is(actor_end(&fault), -SIGBUS, "truncate, begun: SIGBUS");
	is(zone_stats(&zone).resident_frames, 0, "truncate, begun: no frame is left behind the end");
	is(act_resize(NR_SLOTS), 0, "truncate, begun: the zone grows");
	is(act_touch(far), 0, "truncate, begun: zeros");
	race_end("truncate, begun");
}

/* The fault has the page and looks at the size only after it was set. */
static void truncate_filled(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act_touch, SLOT, "get_filled", SLOT),
	   "truncate, filled: the fault has the page");
	actor_start(&rival, act_resize, 1);
	ok(actor_waits(&rival), "truncate, filled: truncation sleeps");
	point_release("get_filled");
	is(actor_end(&fault), -SIGBUS, "truncate, filled: SIGBUS");
	is(actor_end(&rival), 0, "truncate, filled: the zone has shrunk");
	is(zone_stats(&zone).resident_frames + zone_stats(&zone).stored_slots, 0,
	   "truncate, filled: nothing is left");
	is(act_resize(NR_SLOTS), 0, "truncate, filled: the zone grows");
	is(act_touch(SLOT), 0, "truncate, filled: zeros");
	race_end("truncate, filled");
}

/* The fault has looked at the size, and its page gets mapped after the unmapping. */
static void truncate_unmapped(void)
{
	long seen;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act_touch, SLOT, "get_done", SLOT),
	   "truncate, not mapped: the fault has the page");
	actor_start(&rival, act_resize, 1);
	ok(actor_waits(&rival), "truncate, not mapped: truncation sleeps");
	point_release("get_done");
	seen = actor_end(&fault);
	ok(seen == 1 || seen == -SIGBUS, "truncate, not mapped: the fault sees the page, or SIGBUS");
	is(actor_end(&rival), 0, "truncate, not mapped: the zone has shrunk");
	is(act_touch(SLOT), -SIGBUS, "truncate, not mapped: no mapping is left behind the end");
	is(act_resize(NR_SLOTS), 0, "truncate, not mapped: the zone grows");
	is(act_touch(SLOT), 0, "truncate, not mapped: zeros");
	race_end("truncate, not mapped");
}

/* The size is set, and mappings stand still: what is written there then is gone. */
static void truncate_size_set(void)
{
	race_begin(NR_SLOTS, NR_FRAMES);
	store_version(SLOT, 1);
	store_version(OTHER, 1);
	unmap_slot(OTHER);
	ok(actor_stops(&rival, act_resize, 1, "size_set", 1),
	   "truncate, size set: truncation has set the size");
	is(act_touch(OTHER), -SIGBUS, "truncate, size set: a fault gets SIGBUS");
	is(act_pread(OTHER), -ENODATA, "truncate, size set: a read ends");
	is(act_touch_write(SLOT), 0, "truncate, size set: a mapping stands still");
	point_release("size_set");
	is(actor_end(&rival), 0, "truncate, size set: the zone has shrunk");
	is(act_touch(SLOT), -SIGBUS, "truncate, size set: no mapping is left");
	is(act_resize(NR_SLOTS), 0, "truncate, size set: the zone grows");
	is(act_touch(SLOT), 0, "truncate, size set: zeros");
	race_end("truncate, size set");
}

static long unmap_for_good(long slot)
{
	return munmap(slot_at(&zone, slot), page_size) ? -errno : 0;
}

/* munmap of what a fault is about to map: one after the other, and the page is kept. */
static void unmapping(const char *point)
{
	long seen;

	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	ok(actor_stops(&fault, act_touch, SLOT, point, SLOT),
	   "munmap, %s: the fault is there", point);
	actor_start(&rival, unmap_for_good, SLOT);
	ok(actor_waits(&rival), "munmap, %s: munmap sleeps", point);
	point_release(point);
	seen = actor_end(&fault);
	ok(seen == 1 || seen == -SIGSEGV, "munmap, %s: the fault sees the page, or SIGSEGV", point);
	is(actor_end(&rival), 0, "munmap, %s: it is unmapped", point);
	is(act_touch(SLOT), -SIGSEGV, "munmap, %s: for good", point);
	is(act_pread(SLOT), 1, "munmap, %s: the page is kept", point);
	race_end("munmap");
}

/*
 * The memory of a clean page fails after the fault has looked, and before the kernel
 * does: who touches it is told, and nothing is removed that is ours.
 */
static void memory_fails(void)
{
	const char *name = "memory that fails", *inject = "/sys/kernel/debug/hwpoison/corrupt-pfn";
	char number[24];
	uint64_t frame;
	int pagemap;

	if (access(inject, W_OK)) {
		skip("the kernel cannot inject that", name);
		return;
	}
	race_begin(NR_SLOTS, NR_FRAMES);
	send_out(SLOT, 1);
	is(act_touch(SLOT), 1, "%s: it is read", name);
	pagemap = pagemap_open();
	frame = pagemap_frame(pagemap, slot_at(&zone, SLOT));
	close(pagemap);
	unmap_slot(SLOT);
	ok(frame && actor_stops(&fault, act_touch, SLOT, "get_done", SLOT),
	   "%s: the fault has looked", name);
	snprintf(number, sizeof(number), "%" PRIu64, frame);
	write_text(inject, number);
	point_release("get_done");
	is(actor_end(&fault), -SIGBUS, "%s: SIGBUS", name);
	is(act_pread(SLOT), -EIO, "%s: EIO for a read", name);
	is(act_touch(OTHER), 0, "%s: others are as they were", name);
	is(act_discard(SLOT), 1, "%s: DISCARD", name);
	is(act_touch(SLOT), 0, "%s: the slot has another frame then", name);
	is(act_discard(SLOT) + act_discard(OTHER), 2, "%s: DISCARD of all", name);
	is(zone_stats(&zone).resident_frames, 1, "%s: the frame that failed counts on", name);
	zone_drop(&zone);
}

int main(void)
{
	races_begin();
	page_out_and_reuse();
	page_out_and_shrink();
	page_out_frozen();
	page_out_saved();
	page_out_referenced();
	two_page_ins();
	discard_filling();
	discard_referenced();
	discard_unmapped();
	discard_looked(act_pread, "read");
	discard_looked(act_willneed, "WILLNEED");
	discard_overtaken();
	truncate_begun();
	truncate_filled();
	truncate_unmapped();
	truncate_size_set();
	unmapping("fill_claimed");
	unmapping("get_done");
	memory_fails();
	return tap_end();
}
