// SPDX-License-Identifier: GPL-2.0-only
/* Works on 64 MiB of memory with 4 MiB of it: the README shows this program. */
#include <fcntl.h>
#include <linux/vmzone.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_LONGS (64UL << 20 >> 3)

int main(void)
{
	struct vmzone_create zone = { .size = sizeof(zone), .bytes = NR_LONGS * 8, .frames = 1024 };
	struct vmzone_stats stats = { .size = sizeof(stats) };
	int fd = open("/dev/vmzone", O_RDWR);
	unsigned long *map, i, wrong = 0;

	if (fd < 0 || ioctl(fd, VMZONE_IOC_CREATE, &zone)) {
		perror("/dev/vmzone");
		return 1;
	}
	close(fd);
	map = mmap(NULL, zone.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, zone.out_fd, 0);
	if (map == MAP_FAILED)
		return 1;
	for (i = 0; i < NR_LONGS; i++)
		map[i] = i / 8;
	for (i = 0; i < NR_LONGS; i++)
		wrong += map[i] != i / 8;
	ioctl(zone.out_fd, VMZONE_IOC_STATS, &stats);
	printf("%lu wrong, %llu pages in, %llu out, never more than %llu of %llu frames\n", wrong,
	       stats.page_ins, stats.page_outs, stats.peak_resident_frames, stats.budget_frames);
	return wrong || stats.peak_resident_frames > 1024;
}
