// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_codec.c - what the kernel's own LZ4 takes for a page, by itself
 *
 * A module for the benchmark alone. A page that is written to the file
 * bench_codec in debugfs is compressed and decompressed by the functions that
 * vmzone and zram call, without interrupts; reading the file gives its compressed
 * bytes and the ticks of the time stamp counter that each of the two took.
 */
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include <linux/lz4.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/uaccess.h>

#define PACKED_BYTES	LZ4_COMPRESSBOUND(PAGE_SIZE)

/* The first run of each warms the caches of machines that have some. */
#define NR_RUNS		3

static DEFINE_MUTEX(lock);
static char *page, *packed, *unpacked, *workspace;
static struct dentry *file;
static int packed_bytes;
static u64 compress_ticks, decompress_ticks;

static int measure(void)
{
	unsigned int i;

	compress_ticks = decompress_ticks = U64_MAX;
	for (i = 0; i < NR_RUNS; i++) {
		unsigned long flags;
		u64 begin, middle, end;
		int ret;

		local_irq_save(flags);
		begin = get_cycles();
		packed_bytes = LZ4_compress_default(page, packed, PAGE_SIZE, PACKED_BYTES,
						    workspace);
		middle = get_cycles();
		ret = LZ4_decompress_safe(packed, unpacked, packed_bytes, PAGE_SIZE);
		end = get_cycles();
		local_irq_restore(flags);
		if (ret != PAGE_SIZE || memcmp(page, unpacked, PAGE_SIZE))
			return -EIO;
		compress_ticks = min(compress_ticks, middle - begin);
		decompress_ticks = min(decompress_ticks, end - middle);
	}
	return 0;
}

static ssize_t codec_write(struct file *filp, const char __user *from, size_t len, loff_t *pos)
{
	int ret;

	if (len != PAGE_SIZE)
		return -EINVAL;
	mutex_lock(&lock);
	ret = copy_from_user(page, from, len) ? -EFAULT : measure();
	mutex_unlock(&lock);
	return ret ? ret : len;
}

static ssize_t codec_read(struct file *filp, char __user *to, size_t len, loff_t *pos)
{
	char text[64];
	int nr;

	mutex_lock(&lock);
	nr = scnprintf(text, sizeof(text), "%d %llu %llu\n", packed_bytes, compress_ticks,
		       decompress_ticks);
	mutex_unlock(&lock);
	return simple_read_from_buffer(to, len, pos, text, nr);
}

static const struct file_operations codec_fops = {
	.owner = THIS_MODULE,
	.write = codec_write,
	.read = codec_read,
};

static void free_buffers(void)
{
	kfree(page);
	kfree(packed);
	kfree(unpacked);
	kfree(workspace);
}

static int __init codec_init(void)
{
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	packed = kmalloc(PACKED_BYTES, GFP_KERNEL);
	unpacked = kmalloc(PAGE_SIZE, GFP_KERNEL);
	workspace = kmalloc(LZ4_MEM_COMPRESS, GFP_KERNEL);
	if (!page || !packed || !unpacked || !workspace) {
		free_buffers();
		return -ENOMEM;
	}
	file = debugfs_create_file("bench_codec", 0600, NULL, NULL, &codec_fops);
	return 0;
}

static void __exit codec_exit(void)
{
	debugfs_remove(file);
	free_buffers();
}

module_init(codec_init);
module_exit(codec_exit);
MODULE_DESCRIPTION("Measures the kernel's LZ4 for the benchmark of vmzone");
MODULE_LICENSE("GPL");
