// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process hangs if it does not say for long that it goes on. Whoever hangs in the
 * kernel may not die of SIGKILL, and may take the machine with it a moment later:
 * so its program is printed first, and nobody waits for it without end.
 */
#include "watch.h"
#include "../tests/tap.h"
#include "../tests/zone.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_SECONDS 100	/* less than the kernel takes to complain of a hung task */
#define KILL_SECONDS 10		/* until one is lost that was killed */

void print_findings(struct shared *shared)
{
	static uint32_t printed;

	for (; printed < shared->nr_findings; printed++) {
		char *line, *rest = shared->finding[printed].program;

		diag("FOUND: it %s", shared->finding[printed].what);
		while ((line = strsep(&rest, "\n")))
			if (*line)
				diag("    %s", line);
	}
}

/* What a process that hangs waits for, and, in the kernel's log, who waits besides. */
static void show_stack(pid_t pid)
{
	char pattern[64], line[256];
	glob_t files;

	write_text("/proc/sysrq-trigger", "w");
	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/stack", pid);
	if (glob(pattern, 0, NULL, &files))
		return;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *file = fopen(files.gl_pathv[i], "r");

		while (file && fgets(line, sizeof(line), file))
			diag("%s: %.*s", files.gl_pathv[i], (int)strcspn(line, "\n"), line);
		if (file)
			fclose(file);
	}
	globfree(&files);
}

int watch(struct shared *shared, pid_t pid)
{
	uint64_t progress = peek(&shared->progress);
	time_t since = time(NULL);
	bool killed = false;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		usleep(20000);
		if (peek(&shared->progress) != progress) {
			progress = peek(&shared->progress);
			since = time(NULL);
		} else if (time(NULL) - since > (killed ? KILL_SECONDS : HANG_SECONDS)) {
			if (killed) {
				diag("LOST: process %d hangs, and SIGKILL does not end it", pid);
				shared->lost = true;
				return -1;
			}
			found(shared, "hangs", &shared->current);
			print_findings(shared);
			show_stack(pid);
			kill(pid, SIGKILL);
			killed = true;
			since = time(NULL);
		}
	}
	return status;
}
