// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_init - all of the user space of a guest whose memory is a zone: fills most
 * of that memory, checks it, says on the console what came of it, and ends
 * the guest. The numbers are different in each round, and in each word.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <unistd.h>

#define NR_BYTES (40UL << 20)
#define NR_ROUNDS 2

static uint64_t word(size_t i, unsigned int round)
{
	/* The low bits are many zeros: like most memory, it compresses. */
	return (i + round) * 0x9e3779b97f4a7c15ULL << (i & 31);
}

int main(void)
{
	size_t nr = NR_BYTES / sizeof(uint64_t), wrong = 0;
	uint64_t *memory = malloc(NR_BYTES);

	for (unsigned int round = 0; memory && round < NR_ROUNDS; round++) {
		for (size_t i = 0; i < nr; i++)
			memory[i] = word(i, round);
		for (size_t i = 0; i < nr; i++)
			wrong += memory[i] != word(i, round);
		printf("guest: round %u, %zu of %zu words wrong\n", round, wrong, nr);
		fflush(stdout);
	}
	printf("guest: all is %s\n", memory && !wrong ? "well" : "lost");
	fflush(stdout);
	/* A machine without ACPI cannot be turned off; its emulator ends where it would reboot. */
	return reboot(RB_AUTOBOOT);
}
