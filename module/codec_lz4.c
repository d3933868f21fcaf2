// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_lz4.c - LZ4, from lib/lz4
 */
#include <linux/errno.h>
#include <linux/error-injection.h>
#include <linux/lz4.h>
#include <linux/mm.h>

#include "codec.h"

static size_t lz4_work_bytes(void)
{
	return LZ4_MEM_COMPRESS;
}

static int lz4_compress(void *work, const void *src, void *dst, size_t *dst_len)
{
	int len = LZ4_compress_default(src, dst, PAGE_SIZE, VMZONE_CODEC_OUT_BYTES, work);

	if (len <= 0)
		return -EINVAL;
	*dst_len = len;
	return 0;
}
ALLOW_ERROR_INJECTION(lz4_compress, ERRNO);

static int lz4_decompress(void *work, const void *src, size_t src_len, void *dst)
{
	if (LZ4_decompress_safe(src, dst, src_len, PAGE_SIZE) != PAGE_SIZE)
		return -EBADMSG;
	return 0;
}
ALLOW_ERROR_INJECTION(lz4_decompress, ERRNO);

const struct vmzone_codec_ops vmzone_codec_lz4 = {
	.name = "lz4",
	.id = VMZONE_CODEC_LZ4,
	.work_bytes = lz4_work_bytes,
	.compress = lz4_compress,
	.decompress = lz4_decompress,
};
