// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that end in a signal, counts of faults, child processes and what they may
 * do, and the kernel's files.
 */
#define _GNU_SOURCE
#include "zone.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGEMAP_FRAME ((1ULL << 55) - 1)

/* The last of the waits for something to come true. */
#define LAST_WAIT_MS 4096

/* What is as large is the stack of a thread that a child does not have. */
#define THREAD_STACK (4 * MIB)

static _Thread_local sigjmp_buf guard;
static _Thread_local sig_atomic_t guarded;
static _Thread_local void *faulted_at;

static void on_fault(int signal_nr, siginfo_t *info, void *context)
{
	(void)context;
	faulted_at = info->si_addr;
	if (peek(&guarded))
		siglongjmp(guard, signal_nr);
	signal(signal_nr, SIG_DFL);
	raise(signal_nr);
}

int copy_guarded(void *to, const void *from, size_t len)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int signal_nr;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	signal_nr = sigsetjmp(guard, 1);
	if (!signal_nr) {
		poke(&guarded, 1);
		atomic_signal_fence(memory_order_seq_cst);
		memcpy(to, from, len);
		atomic_signal_fence(memory_order_seq_cst);
	}
	poke(&guarded, 0);
	return signal_nr;
}

void *fault_address(void)
{
	return faulted_at;
}

void touch_read(const struct zone *zone, size_t first, size_t nr)
{
	for (size_t slot = first; slot < first + nr; slot++)
		(void)peek(slot_at(zone, slot));
}

struct faults faults_now(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage))
		bail("getrusage");
	return (struct faults){ .major = usage.ru_majflt, .minor = usage.ru_minflt };
}

void stay_on(int processor)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(processor, &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		bail("sched_setaffinity");
}

pid_t child_start(int (*body)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		bail("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(body(arg));
}

int child_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		bail("waitpid");
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_run(int (*body)(void *arg), void *arg)
{
	return child_wait(child_start(body, arg));
}

/* Has the stack be as large as later calls may want it. */
static void grow_stack(void)
{
	uint8_t room[64 * KIB];

	explicit_bzero(room, sizeof(room));
}

void populate_own_memory(void)
{
	FILE *maps;
	unsigned long start, end;
	char line[256], mode[5];

	grow_stack();
	maps = fopen("/proc/self/maps", "r");
	if (!maps)
		bail("/proc/self/maps");
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3 && mode[3] == 'p' &&
		    end - start < THREAD_STACK)
			madvise((void *)start, end - start,
				mode[1] == 'w' ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	fclose(maps);
}

void drop_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint32_t bit = 1u << capability % 32;

	if (syscall(SYS_capget, &header, data))
		bail("capget");
	data[capability / 32].effective &= ~bit;
	data[capability / 32].permitted &= ~bit;
	data[capability / 32].inheritable &= ~bit;
	if (syscall(SYS_capset, &header, data))
		bail("capset");
}

/* Asked ever more seldom: it is the others that shall have the processor. */
bool comes_true(bool (*condition)(void))
{
	for (unsigned int ms = 1; ms <= LAST_WAIT_MS; ms *= 2) {
		if (condition())
			return true;
		usleep(ms * 1000);
	}
	return condition();
}

int pagemap_open(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bail("/proc/self/pagemap");
	return fd;
}

static uint64_t pagemap_entry(int pagemap, const void *at)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)at / page_size * sizeof(entry)) !=
	    sizeof(entry))
		bail("/proc/self/pagemap");
	return entry;
}

uint64_t pagemap_frame(int pagemap, const void *at)
{
	uint64_t entry = pagemap_entry(pagemap, at);

	return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_FRAME : 0;
}

size_t pagemap_count(const void *at, size_t nr, uint64_t bits)
{
	int pagemap = pagemap_open();
	size_t count = 0;

	for (size_t i = 0; i < nr; i++)
		count += (pagemap_entry(pagemap, at + i * page_size) & bits) == bits;
	close(pagemap);
	return count;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	error = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return error;
}

void must_write_text(const char *path, const char *text)
{
	int error = write_text(path, text);

	if (error) {
		errno = error;
		bail("writing %s to %s", text, path);
	}
}

long read_number(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long value = -1;

	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file)) {
		size_t len = key ? strlen(key) : 0;

		if (!key || !strncmp(line, key, len))
			value = atol(line + len + strspn(line + len, ": \t"));
	}
	fclose(file);
	return value;
}

long free_kib(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	long nr_pages = 0, count;
	char line[256];

	/* "count:" of each CPU's list; an accurate MemFree has all the rest. */
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &count) == 1)
			nr_pages += count;
	if (file)
		fclose(file);
	return read_number("/proc/meminfo", "MemFree") + nr_pages * (long)(page_size / KIB);
}
