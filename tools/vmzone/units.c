// SPDX-License-Identifier: GPL-2.0-only
/*
 * units.c - sizes, shares and durations, from and to what people write
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

/* Digits up to *end; neither sign nor blanks, which strtoull would take. */
static bool digits_parse(const char *text, __u64 *value, char **end)
{
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, end, 0);
	return !errno;
}

bool number_parse(const char *text, __u64 min, __u64 max, __u64 *value)
{
	char *end;

	return digits_parse(text, value, &end) && !*end && *value >= min && *value <= max;
}

/* A number with K, M, G or T behind it, or nothing; "KiB" and "k" will do. */
bool size_parse(const char *text, __u64 *bytes)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	char *end;
	int shift;

	if (!digits_parse(text, bytes, &end))
		return false;
	if (!*end)
		return true;
	suffix = strchr(suffixes, toupper((unsigned char)*end));
	if (!suffix || (end[1] && strcmp(end + 1, "iB")))
		return false;
	shift = 10 * (int)(suffix - suffixes + 1);
	if (*bytes > ULLONG_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

bool amount_parse(const char *text, struct amount *amount)
{
	char *end;

	amount->percent = digits_parse(text, &amount->value, &end) && !strcmp(end, "%");
	if (amount->percent)
		return amount->value > 0 && amount->value <= 10000;
	return size_parse(text, &amount->value) && amount->value > 0;
}

__u64 amount_of(struct amount amount, __u64 whole)
{
	if (!amount.percent)
		return amount.value;
	return whole / 100 * amount.value + whole % 100 * amount.value / 100;
}

const char *count_text(struct unit_text *t, __u64 count)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", count);
	char *out = t->text;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = 0;
	return t->text;
}

static const char *scaled_text(struct unit_text *t, double value, const char *tail)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned int i = 0;

	for (; value >= 1000 && i < 4; i++)
		value /= 1024;
	snprintf(t->text, UNIT_TEXT, "%.*f %s%s", i ? 1 : 0, value, units[i], tail);
	return t->text;
}

const char *bytes_text(struct unit_text *t, __u64 bytes)
{
	return scaled_text(t, (double)bytes, "");
}

const char *rate_text(struct unit_text *t, __u64 bytes, double seconds)
{
	return scaled_text(t, seconds > 0 ? (double)bytes / seconds : 0, "/s");
}

/* How many bytes one byte of the store stands for. */
const char *ratio_text(struct unit_text *t, __u64 plain, __u64 packed)
{
	if (!plain || !packed)
		return strcpy(t->text, "-");
	snprintf(t->text, UNIT_TEXT, "%.2f:1", (double)plain / (double)packed);
	return t->text;
}

const char *nsecs_text(struct unit_text *t, double nsecs)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int i = 0;

	for (; nsecs >= 999.5 && i < 3; i++)
		nsecs /= 1000;
	snprintf(t->text, UNIT_TEXT, "%.*f %s", i && nsecs < 99.95 ? 1 : 0, nsecs, units[i]);
	return t->text;
}
