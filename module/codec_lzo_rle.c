// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_lzo_rle.c - LZO1X with run-length encoding, from lib/lzo
 */
#include <linux/errno.h>
#include <linux/error-injection.h>
#include <linux/mm.h>
#include <linux/lzo.h>	/* wants size_t */

#include "codec.h"

static size_t lzo_rle_work_bytes(void)
{
	return LZO1X_MEM_COMPRESS;
}

static int lzo_rle_compress(void *work, const void *src, void *dst, size_t *dst_len)
{
	*dst_len = VMZONE_CODEC_OUT_BYTES;
	if (lzorle1x_1_compress(src, PAGE_SIZE, dst, dst_len, work) != LZO_E_OK)
		return -EINVAL;
	return 0;
}
ALLOW_ERROR_INJECTION(lzo_rle_compress, ERRNO);

static int lzo_rle_decompress(void *work, const void *src, size_t src_len, void *dst)
{
	size_t dst_len = PAGE_SIZE;

	if (lzo1x_decompress_safe(src, src_len, dst, &dst_len) != LZO_E_OK ||
	    dst_len != PAGE_SIZE)
		return -EBADMSG;
	return 0;
}
ALLOW_ERROR_INJECTION(lzo_rle_decompress, ERRNO);

const struct vmzone_codec_ops vmzone_codec_lzo_rle = {
	.name = "lzo-rle",
	.id = VMZONE_CODEC_LZO_RLE,
	.work_bytes = lzo_rle_work_bytes,
	.compress = lzo_rle_compress,
	.decompress = lzo_rle_decompress,
};
