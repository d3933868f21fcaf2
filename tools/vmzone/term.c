// SPDX-License-Identifier: GPL-2.0-only
/*
 * term.c - is somebody looking, and may there be colour
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "term.h"

/* A terminal that can go back to the start of its line. */
bool term_is_live(FILE *out)
{
	const char *term = getenv("TERM");

	return isatty(fileno(out)) && term && *term && strcmp(term, "dumb");
}

/* Serial lines have no size: then what fits everywhere. */
int term_columns(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) || size.ws_col < 40)
		return 80;
	return size.ws_col > 120 ? 120 : size.ws_col;
}

const char *term_style(FILE *out, enum term_style style)
{
	static const char *const codes[] = {
		[TERM_PLAIN] = "\033[0m",
		[TERM_BOLD] = "\033[1m",
		[TERM_GOOD] = "\033[1;32m",
		[TERM_BAD] = "\033[1;31m",
	};
	const char *no_color = getenv("NO_COLOR");

	if (!term_is_live(out) || (no_color && *no_color))
		return "";
	return codes[style];
}
