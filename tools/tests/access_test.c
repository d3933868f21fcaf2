// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that other processes reach a mapping as they reach any memory: through
 * /proc/PID/mem, ptrace(2) and process_vm_readv(2), for pages that are mapped, out,
 * and never touched; that the kernel refuses it to another user, and allows it to
 * the same one; and that a process with a zone may dump core.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_FRAMES 16
#define NR_SLOTS 64
#define EMPTY_SLOT 50
#define OUT_SLOT 3

#define SOMEBODY 65534
#define SOMEBODY_ELSE 65533

static struct zone zone;

static const struct pattern ours = { .fill = FILL_MIX, .id = 1 };
static const struct pattern theirs = { .fill = FILL_MIX, .id = 2 };

/* Checks on command what others wrote to its memory. */
static int traced(void *arg)
{
	(void)arg;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 100;
	raise(SIGSTOP);
	return pattern_bad(&zone, theirs, 0, 32) || zone.map[EMPTY_SLOT * page_size] != 0x78;
}

static void by_proc_mem(pid_t pid)
{
	uint8_t page[page_size];
	char path[32];
	size_t bad = 0;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR | O_CLOEXEC);
	for (size_t slot = 0; slot < 32; slot++) {
		off_t at = (uintptr_t)slot_at(&zone, slot);

		bad += pread(mem, page, page_size, at) != (ssize_t)page_size ||
		       !pattern_good(page, ours, slot);
	}
	is(bad, 0, "/proc/PID/mem reads stored slots");
	for (size_t slot = 0; slot < 32; slot++) {
		off_t at = (uintptr_t)slot_at(&zone, slot);

		pattern_make(page, theirs, slot);
		bad += pwrite(mem, page, page_size, at) != (ssize_t)page_size;
	}
	is(bad, 0, "/proc/PID/mem writes slots");
	is(pattern_bad(&zone, theirs, 0, 32), 0, "which other mappings show");
	close(mem);
}

static void by_ptrace(pid_t pid)
{
	long *empty = (long *)slot_at(&zone, EMPTY_SLOT);
	long *stored = (long *)slot_at(&zone, 3), want = *stored;

	is(zone_range(&zone, VMZONE_IOC_PAGE_OUT, 3, 1), 1, "PAGE_OUT");
	errno = 0;
	is(ptrace(PTRACE_PEEKDATA, pid, stored, NULL), want, "PEEKDATA of a stored slot");
	is(ptrace(PTRACE_PEEKDATA, pid, empty, NULL), 0, "PEEKDATA of an empty one");
	is(errno, 0, "both succeed");
	is(ptrace(PTRACE_POKEDATA, pid, empty, (void *)0x12345678), 0, "POKEDATA");
	is(*empty, 0x12345678, "which other mappings show");
}

static void by_other_processes(void)
{
	pid_t pid;
	int status;

	pattern_fill(&zone, ours, 0, 32);
	pid = child_start(traced, NULL);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		bail("the child did not stop");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	by_proc_mem(pid);
	by_ptrace(pid);
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, NR_SLOTS);
	is(ptrace(PTRACE_CONT, pid, NULL, NULL), 0, "CONT");
	is(child_wait(pid), 0, "the process itself finds what was written");
}

/* What a user gets at of a process, a bit each. */
enum {
	BY_READV = 1,
	BY_WRITEV = 2,
	BY_MEM = 4,
	BY_PTRACE = 8,
	BY_ALL = 15,
	NEITHER = 64,		/* neither done nor refused as it should be */
};

struct attempt {
	uid_t user;
	pid_t of;
};

static int become(uid_t user)
{
	return setgid(user) || setuid(user) ? -1 : 0;
}

/* Waits to be looked at, as a process that leaves nothing but its user in the way. */
static int looked_at(void *arg)
{
	const int *ready = arg;

	if (become(SOMEBODY) || prctl(PR_SET_DUMPABLE, 1))
		return 100;
	/* Fails where there is no Yama. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (write(ready[1], "", 1) != 1)
		return 100;
	pause();
	return 0;
}

static int answer(long ret, int refusal, int bit)
{
	return ret >= 0 ? bit : errno == refusal ? 0 : NEITHER;
}

static int reach(void *arg)
{
	const struct attempt *attempt = arg;
	uint8_t page[page_size], *at = slot_at(&zone, OUT_SLOT);
	struct iovec here = { page, page_size }, there = { at, page_size };
	char path[32];
	int reached, mem;

	/* By no way but the other process. */
	memset(page, 0, page_size);
	zone_drop(&zone);
	if (become(attempt->user))
		return 100;
	reached = answer(process_vm_readv(attempt->of, &here, 1, &there, 1, 0), EPERM, BY_READV);
	if (reached ? !pattern_good(page, theirs, OUT_SLOT) : !all_zero(page, page_size))
		return NEITHER;
	reached |= answer(process_vm_writev(attempt->of, &here, 1, &there, 1, 0), EPERM, BY_WRITEV);
	snprintf(path, sizeof(path), "/proc/%d/mem", attempt->of);
	mem = open(path, O_RDWR | O_CLOEXEC);
	reached |= answer(mem, EACCES, BY_MEM);
	if (mem >= 0 && (pread(mem, page, page_size, (uintptr_t)at) != (ssize_t)page_size ||
			 !pattern_good(page, theirs, OUT_SLOT)))
		return NEITHER;
	/* It ends with this process. */
	return reached | answer(ptrace(PTRACE_SEIZE, attempt->of, NULL, NULL), EPERM, BY_PTRACE);
}

static void by_other_users(void)
{
	struct attempt attempt;
	uint8_t byte;
	int ready[2];

	if (geteuid()) {
		skip("not root", "other users");
		return;
	}
	if (pipe2(ready, O_CLOEXEC))
		bail("pipe");
	attempt.of = child_start(looked_at, ready);
	if (read(ready[0], &byte, 1) != 1)
		bail("a process to be looked at");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, OUT_SLOT, 1);
	attempt.user = SOMEBODY_ELSE;
	is(child_run(reach, &attempt), 0, "another user is refused: process_vm_readv, _writev, mem, ptrace");
	is(zone_count(&zone, OUT_SLOT, 1, VMZONE_SLOT_RESIDENT, 0), 1, "and has paged in nothing");
	attempt.user = SOMEBODY;
	is(child_run(reach, &attempt), BY_ALL, "the same user gets at it by each of them");
	is(pattern_bad(&zone, theirs, OUT_SLOT, 1), 0, "the contents are right");
	kill(attempt.of, SIGKILL);
	is(child_wait(attempt.of), 1000 + SIGKILL, "the process lasted until then");
	close(ready[0]);
	close(ready[1]);
}

static int dump_core(void *arg)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &limit);
	if (chdir(arg))
		return 100;
	abort();
}

static void by_a_core_dump(void)
{
	char folder[] = "/tmp/vmzone-core-XXXXXX", command[64];

	if (!mkdtemp(folder))
		bail("mkdtemp");
	zone_range(&zone, VMZONE_IOC_PAGE_OUT, 0, 16);
	is(child_run(dump_core, folder), 1000 + SIGABRT, "a process with a zone dumps core");
	snprintf(command, sizeof(command), "rm -r %s", folder);
	is(system(command), 0, "and is gone");
	is(pattern_bad(&zone, theirs, 0, 32), 0, "the contents are right");
}

int main(void)
{
	struct vmzone_stats stats;

	test_begin(60);
	zone = zone_sized(NR_SLOTS, NR_FRAMES);
	by_other_processes();
	by_other_users();
	by_a_core_dump();
	stats = zone_stats(&zone);
	ok(stats_hold(&stats) && !stats.sigbus, "the counters hold");
	zone_drop(&zone);
	return tap_end();
}
