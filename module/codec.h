/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec.h - compressors, one page at a time
 *
 * The compressors are the kernel's own, called directly. What they need beside
 * input and output is scratch memory: one set a CPU and codec, shared by all
 * zones, made when the first zone asks for the codec. A set is locked by a
 * mutex, so its user may sleep and move to another CPU.
 */
#ifndef VMZONE_CODEC_H
#define VMZONE_CODEC_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <uapi/linux/vmzone.h>

/* A compressor may write this much before it finds that it gains nothing. */
#define VMZONE_CODEC_OUT_BYTES	(2 * PAGE_SIZE)

/**
 * struct vmzone_codec_ops - one compressor
 * @name: as in zram and in the module parameter
 * @id: enum vmzone_codec_id
 * @work_bytes: size of the scratch memory; NULL when it needs none
 * @setup: prepare fresh scratch memory; NULL when it needs no preparing.
 *	Returns 0 or -EINVAL. Called once for each set, may sleep.
 * @compress: one page at @src to at most VMZONE_CODEC_OUT_BYTES at @dst;
 *	*@dst_len is their number. Returns 0, or -EINVAL when it failed (the
 *	page is then kept raw). Does not sleep.
 * @decompress: the inverse: exactly one page at @dst, or -EBADMSG whatever
 *	@src holds. @work as for @compress. Does not sleep.
 * @load_needs_work: whether @decompress uses @work; NULL is passed if not
 */
struct vmzone_codec_ops {
	const char *name;
	enum vmzone_codec_id id;
	size_t (*work_bytes)(void);
	int (*setup)(void *work);
	int (*compress)(void *work, const void *src, void *dst, size_t *dst_len);
	int (*decompress)(void *work, const void *src, size_t src_len, void *dst);
	bool load_needs_work;
};

/**
 * struct vmzone_codec_scratch - what one compression works with
 * @lock: held from vmzone_codec_begin() to vmzone_codec_end()
 * @work: of ops->work_bytes() bytes, or NULL
 * @out: of VMZONE_CODEC_OUT_BYTES bytes; NULL until the set is made
 */
struct vmzone_codec_scratch {
	struct mutex lock;
	void *work;
	void *out;
};

extern const struct vmzone_codec_ops vmzone_codec_none;
extern const struct vmzone_codec_ops vmzone_codec_lzo_rle;
extern const struct vmzone_codec_ops vmzone_codec_lz4;
extern const struct vmzone_codec_ops vmzone_codec_zstd;

const struct vmzone_codec_ops *vmzone_codec_by_id(u32 id);
const struct vmzone_codec_ops *vmzone_codec_by_name(const char *name);
u32 vmzone_codec_mask(void);

int vmzone_codec_get(const struct vmzone_codec_ops *ops);
void vmzone_codec_put(const struct vmzone_codec_ops *ops);
struct vmzone_codec_scratch *vmzone_codec_begin(const struct vmzone_codec_ops *ops);
void vmzone_codec_end(struct vmzone_codec_scratch *scratch);

#endif /* VMZONE_CODEC_H */
