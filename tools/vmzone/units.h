/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * units.h - sizes, shares and durations, from and to what people write
 *
 * The to-text functions fill the caller's buffer and return it, so that
 * several fit in one printf.
 */
#ifndef VMZONE_UNITS_H
#define VMZONE_UNITS_H

#include <stdbool.h>

#include <linux/types.h>

#define UNIT_TEXT 32

struct unit_text {
	char text[UNIT_TEXT];
};

/**
 * struct amount - a number of bytes, or a share of something
 * @value: bytes, or hundredths
 * @percent: which of the two
 */
struct amount {
	__u64 value;
	bool percent;
};

bool number_parse(const char *text, __u64 min, __u64 max, __u64 *value);
bool size_parse(const char *text, __u64 *bytes);
bool amount_parse(const char *text, struct amount *amount);
__u64 amount_of(struct amount amount, __u64 whole);

const char *count_text(struct unit_text *t, __u64 count);
const char *bytes_text(struct unit_text *t, __u64 bytes);
const char *rate_text(struct unit_text *t, __u64 bytes, double seconds);
const char *ratio_text(struct unit_text *t, __u64 plain, __u64 packed);
const char *nsecs_text(struct unit_text *t, double nsecs);

#endif /* VMZONE_UNITS_H */
