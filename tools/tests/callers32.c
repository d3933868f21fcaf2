// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of 32 bits that uses the device, for callers32_test, which carries
 * it with it. It has no C library, so that no other than the compiler's own is
 * needed to build it: system calls go through int $0x80. Its argument names the
 * case; its status is 0 if all was right, else half of the line that was not.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/vmzone.h>

#include "callers32.h"

#define PAGE 4096

/* The number and six arguments: eax, ebx, ecx, edx, esi, edi, ebp. */
__attribute__((naked, noinline)) static int system_call(const int *words)
{
	(void)words;
	asm("push %ebp\n\t"
	    "push %edi\n\t"
	    "push %esi\n\t"
	    "push %ebx\n\t"
	    "mov 20(%esp), %eax\n\t"
	    "mov 4(%eax), %ebx\n\t"
	    "mov 8(%eax), %ecx\n\t"
	    "mov 12(%eax), %edx\n\t"
	    "mov 16(%eax), %esi\n\t"
	    "mov 20(%eax), %edi\n\t"
	    "mov 24(%eax), %ebp\n\t"
	    "mov (%eax), %eax\n\t"
	    "int $0x80\n\t"
	    "pop %ebx\n\t"
	    "pop %esi\n\t"
	    "pop %edi\n\t"
	    "pop %ebp\n\t"
	    "ret");
}

/* The compiler may ask for these. */
void *memset(void *to, int byte, unsigned int len)
{
	void *at = to;

	asm volatile("rep stosb" : "+D" (at), "+c" (len) : "a" (byte) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, unsigned int len)
{
	void *at = to;

	asm volatile("rep movsb" : "+D" (at), "+S" (from), "+c" (len) : : "memory");
	return to;
}

#define SYS(nr, a, b, c, d, e, f) \
	system_call((const int[]){ nr, (int)(a), (int)(b), (int)(c), (int)(d), (int)(e), (int)(f) })

static _Noreturn void leave(int status)
{
	for (;;)
		SYS(__NR_exit, status, 0, 0, 0, 0, 0);
}

/* A status has eight bits, so it is half of the line. */
#define MUST(holds) do { if (!(holds)) leave(__LINE__ / 2); } while (0)

static int control(int fd, unsigned int command, void *arg)
{
	return SYS(__NR_ioctl, fd, command, arg, 0, 0, 0);
}

static unsigned int *map_slots(int fd, unsigned int first, unsigned int nr)
{
	return (void *)SYS(__NR_mmap2, 0, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, first);
}

static int is_error(const void *map)
{
	return (unsigned int)map > -4096U;
}

static int new_zone(unsigned long long bytes, unsigned int flags)
{
	struct vmzone_create create = {
		.size = sizeof(create), .bytes = bytes, .frames = NR_FRAMES, .flags = flags,
	};
	int fd = SYS(__NR_open, "/dev/vmzone", O_RDWR, 0, 0, 0, 0);

	MUST(fd >= 0);
	MUST(control(fd, VMZONE_IOC_CREATE, &create) == 0);
	MUST(create.out_fd > fd);
	SYS(__NR_close, fd, 0, 0, 0, 0, 0);
	return create.out_fd;
}

static int range(int fd, unsigned int command, unsigned long long offset, unsigned int nr)
{
	struct vmzone_range range = {
		.size = sizeof(range), .offset = offset, .length = nr * PAGE,
	};
	int ret = control(fd, command, &range);

	return ret ? ret : (int)range.out_pages;
}

static void fill(unsigned int *map, unsigned int nr, unsigned int salt)
{
	for (unsigned int i = 0; i < nr * PAGE / 4; i++)
		map[i] = i * salt;
}

static int right(const unsigned int *map, unsigned int nr, unsigned int salt)
{
	for (unsigned int i = 0; i < nr * PAGE / 4; i++)
		if (map[i] != i * salt)
			return 0;
	return 1;
}

/* What it made is what it gets told of. */
static void parameters(void)
{
	struct vmzone_info info = { .size = sizeof(info) };
	struct vmzone_set set = { .size = sizeof(set) };
	struct vmzone_stats stats = { .size = sizeof(stats) };
	int fd = new_zone(NR_SLOTS * PAGE, 0);

	MUST(control(fd, VMZONE_IOC_INFO, &info) == 0);
	MUST(info.abi >= 1 && info.page_size == PAGE && info.max_zone_bytes > NR_SLOTS * PAGE);
	MUST(control(fd, VMZONE_IOC_GET, &set) == 0);
	MUST(set.bytes == NR_SLOTS * PAGE && set.frames == NR_FRAMES);
	MUST(control(fd, VMZONE_IOC_STATS, &stats) == 0);
	MUST(stats.budget_frames == NR_FRAMES && stats.resident_frames == 0);
}

/* More than the budget, by the mapping and by calls. */
static void paging(void)
{
	struct vmzone_histogram histogram = { .size = sizeof(histogram) };
	struct vmzone_stats stats = { .size = sizeof(stats) };
	int fd = new_zone(NR_SLOTS * PAGE, 0);
	unsigned int *map = map_slots(fd, 0, NR_SLOTS);
	unsigned char vec[NR_SLOTS];
	struct vmzone_pagemap pagemap = {
		.size = sizeof(pagemap), .length = NR_SLOTS * PAGE, .vec = (unsigned int)vec,
	};

	MUST(!is_error(map));
	fill(map, NR_SLOTS, 2654435761U);
	MUST(right(map, NR_SLOTS, 2654435761U));
	MUST(range(fd, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) >= 0);
	MUST(range(fd, VMZONE_IOC_PAGE_IN, PAGE, 4) == 4);
	MUST(range(fd, VMZONE_IOC_PIN, 2 * PAGE, 2) == 2);
	MUST(range(fd, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) == 2);
	MUST(control(fd, VMZONE_IOC_PAGEMAP, &pagemap) == 0);
	MUST(vec[1] == VMZONE_SLOT_STORED || vec[1] == (VMZONE_SLOT_STORED | VMZONE_SLOT_RAW));
	MUST((vec[2] & (VMZONE_SLOT_RESIDENT | VMZONE_SLOT_PINNED)) ==
	     (VMZONE_SLOT_RESIDENT | VMZONE_SLOT_PINNED));
	MUST(range(fd, VMZONE_IOC_UNPIN, 2 * PAGE, 2) == 2);
	MUST(right(map, NR_SLOTS, 2654435761U));
	MUST(range(fd, VMZONE_IOC_DISCARD, 0, 1) == 1);
	MUST(right(map, 1, 0));
	MUST(control(fd, VMZONE_IOC_STATS, &stats) == 0);
	MUST(stats.page_ins > NR_SLOTS && stats.peak_resident_frames <= NR_FRAMES);
	MUST(control(fd, VMZONE_IOC_HISTOGRAM, &histogram) == 0);
	MUST(histogram.nr == VMZONE_HIST_BUCKETS);
	MUST(SYS(__NR_munmap, map, NR_SLOTS * PAGE, 0, 0, 0, 0) == 0);
}

/* A zone of 8 GiB, of which it maps what it has room for. */
static void far_away(void)
{
	unsigned long long far_at = 5ULL << 30;
	unsigned int far_slot = far_at / PAGE, high = far_at >> 32, low = far_at;
	int fd = new_zone(8ULL << 30, 0);
	unsigned int *map = map_slots(fd, far_slot, NR_SLOTS), words[2] = { 1, 2 };
	long long where = -1;

	MUST(!is_error(map));
	fill(map, NR_SLOTS, 40503);
	MUST(range(fd, VMZONE_IOC_PAGE_OUT, far_at, NR_SLOTS) >= 0);
	MUST(SYS(__NR_pread64, fd, words, 8, low + 4, high, 0) == 8);
	MUST(words[0] == 40503 && words[1] == 2 * 40503);
	MUST(SYS(__NR_pwrite64, fd, words, 8, low + 4, high, 0) == 8);
	MUST(SYS(__NR__llseek, fd, high, low, &where, 0, 0) == 0 && where == (long long)far_at);
	MUST(SYS(__NR_madvise, map, NR_SLOTS * PAGE, MADV_DONTNEED, 0, 0, 0) == 0);
	MUST(right(map, NR_SLOTS, 40503));
	MUST(range(fd, VMZONE_IOC_PAGE_OUT, 0, 1) == 0);
	MUST(is_error(map_slots(fd, (8ULL << 30) / PAGE, 1)));
}

/* The caller's own zone, a program of 64 bits: both see what the other wrote. */
static void passed(void)
{
	unsigned int *map = map_slots(PASSED_FD, 0, NR_SLOTS);

	MUST(!is_error(map));
	MUST(right(map, NR_SLOTS / 2, SALT_64));
	fill(map + NR_SLOTS / 2 * PAGE / 4, NR_SLOTS / 2, SALT_32);
	MUST(range(PASSED_FD, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS) >= 0);
	MUST(right(map, NR_SLOTS / 2, SALT_64));
}

/* Called with the address of argc. */
static __attribute__((used)) _Noreturn void begin(const int *stack)
{
	static void (*const cases[])(void) = { parameters, paging, far_away, passed };
	const char *name = stack[0] > 1 ? (const char *)stack[2] : "0";

	MUST(*name >= '0' && *name < '4');
	cases[*name - '0']();
	leave(0);
}

__attribute__((naked)) void _start(void)
{
	asm("mov %esp, %eax\n\t"
	    "and $-16, %esp\n\t"
	    "sub $12, %esp\n\t"
	    "push %eax\n\t"
	    "call begin");
}
