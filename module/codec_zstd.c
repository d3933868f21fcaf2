// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_zstd.c - Zstandard at its default level, from lib/zstd
 *
 * The scratch memory holds both contexts, compression first; they are set up
 * once and used again for every page.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/error-injection.h>
#include <linux/mm.h>
#include <linux/zstd.h>

#include "codec.h"

#define ZSTD_LEVEL	3

/**
 * struct zstd_work - head of the scratch memory
 * @cctx: compression context, in @space
 * @dctx: decompression context, behind it
 * @params: for one page at ZSTD_LEVEL
 * @space: memory of both contexts
 */
struct zstd_work {
	zstd_cctx *cctx;
	zstd_dctx *dctx;
	zstd_parameters params;
	u8 space[] __aligned(8);
};

static size_t cctx_bytes(const zstd_parameters *params)
{
	return ALIGN(zstd_cctx_workspace_bound(&params->cParams), 8);
}

static size_t zstd_work_bytes(void)
{
	zstd_parameters params = zstd_get_params(ZSTD_LEVEL, PAGE_SIZE);

	return sizeof(struct zstd_work) + cctx_bytes(&params) +
	       zstd_dctx_workspace_bound();
}

static int zstd_setup(void *private)
{
	struct zstd_work *work = private;
	size_t bytes;

	work->params = zstd_get_params(ZSTD_LEVEL, PAGE_SIZE);
	bytes = cctx_bytes(&work->params);
	work->cctx = zstd_init_cctx(work->space, bytes);
	work->dctx = zstd_init_dctx(work->space + bytes, zstd_dctx_workspace_bound());
	return work->cctx && work->dctx ? 0 : -EINVAL;
}

static int zstd_compress(void *private, const void *src, void *dst, size_t *dst_len)
{
	struct zstd_work *work = private;
	size_t len = zstd_compress_cctx(work->cctx, dst, VMZONE_CODEC_OUT_BYTES,
					src, PAGE_SIZE, &work->params);

	if (zstd_is_error(len))
		return -EINVAL;
	*dst_len = len;
	return 0;
}
ALLOW_ERROR_INJECTION(zstd_compress, ERRNO);

static int zstd_decompress(void *private, const void *src, size_t src_len, void *dst)
{
	struct zstd_work *work = private;

	if (zstd_decompress_dctx(work->dctx, dst, PAGE_SIZE, src, src_len) != PAGE_SIZE)
		return -EBADMSG;
	return 0;
}
ALLOW_ERROR_INJECTION(zstd_decompress, ERRNO);

const struct vmzone_codec_ops vmzone_codec_zstd = {
	.name = "zstd",
	.id = VMZONE_CODEC_ZSTD,
	.work_bytes = zstd_work_bytes,
	.setup = zstd_setup,
	.compress = zstd_compress,
	.decompress = zstd_decompress,
	.load_needs_work = true,
};
