// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_none.c - no compression
 *
 * Every page that is not same-filled is kept raw. For data that is known to be
 * compressed already, and to measure what a compressor costs.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "codec.h"

static int none_compress(void *work, const void *src, void *dst, size_t *dst_len)
{
	return -EINVAL;
}

static int none_decompress(void *work, const void *src, size_t src_len, void *dst)
{
	if (src_len != PAGE_SIZE)
		return -EBADMSG;
	memcpy(dst, src, PAGE_SIZE);
	return 0;
}

const struct vmzone_codec_ops vmzone_codec_none = {
	.name = "none",
	.id = VMZONE_CODEC_NONE,
	.compress = none_compress,
	.decompress = none_decompress,
};
