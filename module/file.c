// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - a zone as a file: open, read, write, lseek, poll, fadvise, truncate,
 * punch
 *
 * Owns: the two kinds of descriptor. One of /dev/vmzone makes a zone of its own
 * when it is opened (one of a named zone's node does not, see node.c); one of
 * VMZONE_IOC_CREATE is a regular file, which can be opened again and has a size
 * that can be changed.
 *
 * A read or a write holds a reference to the page and no lock while it copies,
 * so the user's buffer may be a mapping of the same zone. The reference keeps
 * the page from being evicted, and whatever was written is marked on the page
 * before it goes, so no eviction can miss it.
 */
#include <linux/fs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "delay.h"
#include "doors.h"
#include "range.h"
#include "resident.h"
#include "settings.h"
#include "zone.h"

static int describe(struct file *file, struct vmzone_zone *zone)
{
	struct vmzone_descriptor *descriptor = kmalloc(sizeof(*descriptor), GFP_KERNEL_ACCOUNT);

	if (!descriptor)
		return -ENOMEM;
	descriptor->zone = zone;
	descriptor->pressure_seen = atomic_long_read(&zone->pressure);
	file->private_data = descriptor;
	return 0;
}

/**
 * vmzone_file_attach() - make an open file of a device node one of a zone
 * @file: the file
 * @zone: the zone; taken over if this succeeds
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vmzone_file_attach(struct file *file, struct vmzone_zone *zone)
{
	int ret = describe(file, zone);

	if (!ret)
		file->f_mapping = zone->inode->i_mapping;
	return ret;
}

static int device_open(struct inode *inode, struct file *file)
{
	struct vmzone_config config;
	struct vmzone_zone *zone;
	int ret;

	vmzone_delay(VMZONE_DELAY_DEVICE_OPENING, 0);
	vmzone_config_default(&config);
	zone = vmzone_zone_create(&config);
	if (IS_ERR(zone))
		return PTR_ERR(zone);
	ret = vmzone_file_attach(file, zone);
	if (ret)
		vmzone_zone_put(zone);
	return ret;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct vmzone_zone *zone = vmzone_file_zone(file);

	kfree(file->private_data);
	vmzone_zone_put(zone);
	return 0;
}

/* A regular file is opened again; its inode has the zone and keeps it. */
static int file_open(struct inode *inode, struct file *file)
{
	return describe(file, inode->i_private);
}

static int file_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* Copy out of one slot. Returns bytes, short where the user's buffer ends. */
static ssize_t read_slot(struct vmzone_zone *zone, loff_t pos, size_t len,
			 struct iov_iter *to)
{
	enum vmzone_touch touch;
	struct page *page;
	size_t copied;
	int ret;

	ret = vmzone_resident_get(zone, pos >> PAGE_SHIFT, VMZONE_WANT_CONTENTS,
				  &page, &touch);
	if (ret == -ENOENT)
		return iov_iter_zero(len, to);
	if (ret)
		return ret;
	unlock_page(page);
	copied = copy_page_to_iter(page, offset_in_page(pos), len, to);
	put_page(page);
	return copied;
}

static ssize_t write_slot(struct vmzone_zone *zone, loff_t pos, size_t len,
			  struct iov_iter *from)
{
	enum vmzone_touch touch;
	struct page *page;
	size_t copied;
	int ret;

	ret = vmzone_resident_get(zone, pos >> PAGE_SHIFT, VMZONE_WANT_ANY, &page, &touch);
	if (ret)
		return ret;
	unlock_page(page);
	copied = copy_page_from_iter(page, offset_in_page(pos), len, from);
	vmzone_delay(VMZONE_DELAY_WRITE_COPIED, pos >> PAGE_SHIFT);
	set_page_dirty(page);
	put_page(page);
	return copied;
}

/* -ENOSPC of a file is its end, which a full store is not. */
static int file_error(int error)
{
	switch (error) {
	case -ENOSPC:
		return -ENOMEM;
	case -EHWPOISON:
		return -EIO;
	default:
		return error;
	}
}

/* What both directions have in common: slot by slot, as far as it goes. */
static ssize_t copy_slots(struct kiocb *iocb, struct iov_iter *iter,
			  ssize_t (*copy)(struct vmzone_zone *zone, loff_t pos,
					  size_t len, struct iov_iter *iter))
{
	struct vmzone_zone *zone = vmzone_file_zone(iocb->ki_filp);
	ssize_t done = 0;

	while (iov_iter_count(iter)) {
		loff_t pos = iocb->ki_pos;
		u64 end = vmzone_zone_bytes(zone);
		size_t len;
		ssize_t ret;

		if (pos >= end)
			break;
		len = min_t(u64, PAGE_SIZE - offset_in_page(pos), iov_iter_count(iter));
		ret = copy(zone, pos, len, iter);
		if (ret == -EFBIG)	/* the zone shrank: this is its end */
			break;
		if (ret < 0)
			return done ? done : file_error(ret);
		iocb->ki_pos += ret;
		done += ret;
		if (ret < len)
			return done ? done : -EFAULT;
		if (fatal_signal_pending(current))
			return done ? done : -EINTR;
		cond_resched();
	}
	return done;
}

static ssize_t vmzone_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return copy_slots(iocb, to, read_slot);
}

static ssize_t vmzone_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct vmzone_zone *zone = vmzone_file_zone(iocb->ki_filp);
	ssize_t done;

	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = vmzone_zone_bytes(zone);
	if (!iov_iter_count(from))
		return 0;
	done = copy_slots(iocb, from, write_slot);
	return done ? done : -ENOSPC;
}

/* The first offset from @pos on that is data, or that is a hole. */
static loff_t seek_data_or_hole(struct vmzone_zone *zone, loff_t pos, bool data)
{
	u64 bytes = vmzone_zone_bytes(zone);
	pgoff_t index = pos >> PAGE_SHIFT, end = bytes >> PAGE_SHIFT;

	if (pos < 0 || pos >= bytes)
		return -ENXIO;
	while (index < end) {
		pgoff_t at = index;
		struct vmzone_slot *slot = vmzone_zone_next_slot(zone, &at, end);

		if (!data && at != index)
			break;
		index = at;
		if (slot && data != (vmzone_slot_state(vmzone_slot_word(slot)) ==
				     VMZONE_STATE_EMPTY))
			break;
		if (slot)
			index++;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	if (data && index >= end)
		return -ENXIO;
	return max_t(loff_t, pos, min_t(u64, (u64)index << PAGE_SHIFT, bytes));
}

static loff_t vmzone_llseek(struct file *file, loff_t offset, int whence)
{
	struct vmzone_zone *zone = vmzone_file_zone(file);
	u64 bytes = vmzone_zone_bytes(zone);

	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		offset = seek_data_or_hole(zone, offset, whence == SEEK_DATA);
		return offset < 0 ? offset : vfs_setpos(file, offset, bytes);
	}
	return generic_file_llseek_size(file, offset, whence, MAX_LFS_FILESIZE, bytes);
}

/* As a file always is, and urgent once frames or store were short. */
static __poll_t vmzone_poll(struct file *file, struct poll_table_struct *table)
{
	const struct vmzone_descriptor *descriptor = file->private_data;
	struct vmzone_zone *zone = descriptor->zone;

	poll_wait(file, &zone->pressured, table);
	if (atomic_long_read(&zone->pressure) != READ_ONCE(descriptor->pressure_seen))
		return DEFAULT_POLLMASK | EPOLLPRI;
	return DEFAULT_POLLMASK;
}

static void vmzone_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vmzone_zone *zone = vmzone_file_zone(file);
	struct vmzone_stats stats;

	vmzone_zone_read_stats(zone, &stats, false);
	seq_printf(m, "vmzone-id: %u\n", zone->id);
	seq_printf(m, "vmzone-bytes: %llu\n", vmzone_zone_bytes(zone));
	seq_printf(m, "vmzone-budget: %llu\n", stats.budget_frames);
	seq_printf(m, "vmzone-resident: %llu\n", stats.resident_frames);
	seq_printf(m, "vmzone-pinned: %llu\n", stats.pinned_slots);
	seq_printf(m, "vmzone-stored: %llu\n", stats.stored_slots);
	seq_printf(m, "vmzone-store-bytes: %llu\n", stats.store_bytes);
	seq_printf(m, "vmzone-faults: %llu\n",
		   stats.faults_zero + stats.faults_minor + stats.faults_major);
}

/* Best effort: what could not be done is no error of the advice. */
static int vmzone_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct vmzone_zone *zone = vmzone_file_zone(file);
	u64 bytes = vmzone_zone_bytes(zone);
	pgoff_t first, end;
	u64 nr_done;

	if (offset < 0 || len < 0)
		return -EINVAL;
	if (!len || len > bytes || offset > bytes - len)
		len = offset < bytes ? bytes - offset : 0;
	switch (advice) {
	case POSIX_FADV_WILLNEED:
		first = offset >> PAGE_SHIFT;
		end = DIV_ROUND_UP_ULL(offset + len, PAGE_SIZE);
		vmzone_range_prefetch(zone, first, end);
		return 0;
	case POSIX_FADV_DONTNEED:
		first = DIV_ROUND_UP_ULL(offset, PAGE_SIZE);
		end = (offset + len) >> PAGE_SHIFT;
		vmzone_range_page_out(zone, first, end, &nr_done);
		return 0;
	case POSIX_FADV_NORMAL:
	case POSIX_FADV_RANDOM:
	case POSIX_FADV_SEQUENTIAL:
	case POSIX_FADV_NOREUSE:
		return 0;
	default:
		return -EINVAL;
	}
}

/* Overwrite a part of one slot with zeros; an empty one is zeros already. */
static int zero_part(struct vmzone_zone *zone, loff_t pos, size_t len)
{
	enum vmzone_touch touch;
	struct page *page;
	int ret;

	if (!len)
		return 0;
	ret = vmzone_resident_get(zone, pos >> PAGE_SHIFT, VMZONE_WANT_CONTENTS,
				  &page, &touch);
	if (ret)
		return ret == -ENOENT || ret == -EFBIG ? 0 : ret;
	memzero_page(page, offset_in_page(pos), len);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
	return 0;
}

static int punch_hole(struct vmzone_zone *zone, loff_t pos, loff_t end)
{
	loff_t first = round_up(pos, PAGE_SIZE), last = round_down(end, PAGE_SIZE);
	u64 nr_done;
	int ret;

	if (first > last)
		return file_error(zero_part(zone, pos, end - pos));
	/* First, because it may say EBUSY, and then nothing may have changed. */
	ret = vmzone_range_discard(zone, first >> PAGE_SHIFT, last >> PAGE_SHIFT, &nr_done);
	if (!ret)
		ret = zero_part(zone, pos, first - pos);
	if (!ret)
		ret = zero_part(zone, last, end - last);
	return file_error(ret);
}

/* Only to punch holes: frames and store are not reserved by offset. */
static long file_fallocate(struct file *file, int mode, loff_t pos, loff_t len)
{
	struct vmzone_zone *zone = vmzone_file_zone(file);
	u64 bytes = vmzone_zone_bytes(zone);

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (pos >= bytes)
		return 0;
	return punch_hole(zone, pos, min_t(u64, pos + len, bytes));
}

static int file_setattr(struct vmzone_idmap *idmap, struct dentry *dentry,
			struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct vmzone_zone *zone = inode->i_private;
	int ret;

	ret = setattr_prepare(idmap, dentry, attr);
	/* A script would be read, where a program would be mapped. */
	if (!ret && (attr->ia_valid & ATTR_MODE) && (attr->ia_mode & 0111) &&
	    !(zone->config.flags & VMZONE_CREATE_EXEC))
		ret = -EPERM;
	if (!ret && (attr->ia_valid & ATTR_SIZE))
		ret = vmzone_settings_resize(zone, attr->ia_size);
	if (!ret)
		setattr_copy(idmap, inode, attr);
	return ret;
}

/* Blocks as a sparse file would have them: what has a frame or is stored. */
static int file_getattr(struct vmzone_idmap *idmap, const struct path *path,
			struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct vmzone_zone *zone = inode->i_private;

	vmzone_fillattr(idmap, request_mask, inode, stat);
	stat->blocks = (u64)atomic_long_read(&zone->nr_used) << (PAGE_SHIFT - 9);
	return 0;
}

static const struct inode_operations zone_inode_ops = {
	.setattr = file_setattr,
	.getattr = file_getattr,
};

const struct file_operations vmzone_device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.mmap = vmzone_vma_mmap,
	.read_iter = vmzone_read_iter,
	.write_iter = vmzone_write_iter,
	.llseek = vmzone_llseek,
	.poll = vmzone_poll,
	.unlocked_ioctl = vmzone_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = vmzone_show_fdinfo,
	.fadvise = vmzone_fadvise,
	.fsync = noop_fsync,
};

static const struct file_operations zone_file_fops = {
	.owner = THIS_MODULE,
	.open = file_open,
	.release = file_release,
	.mmap = vmzone_vma_mmap,
	.read_iter = vmzone_read_iter,
	.write_iter = vmzone_write_iter,
	.llseek = vmzone_llseek,
	.poll = vmzone_poll,
	.unlocked_ioctl = vmzone_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = vmzone_show_fdinfo,
	.fadvise = vmzone_fadvise,
	.fsync = noop_fsync,
	.fallocate = file_fallocate,
};

/* An open file of the zone's own inode; the zone is taken over, whatever comes of it. */
static struct file *open_zone(struct vmzone_zone *zone)
{
	struct file *file = vmzone_zone_make_file(zone, &zone_file_fops);
	int ret;

	if (IS_ERR(file)) {
		vmzone_zone_put(zone);
		return file;
	}
	ret = describe(file, zone);
	if (!ret)
		return file;
	fput(file);
	return ERR_PTR(ret);
}

/**
 * vmzone_file_create() - make a new zone a regular file
 * @zone: the zone; taken over, whatever comes of it
 *
 * Context: process context, sleeps.
 * Return: the file, to be installed or put, or an ERR_PTR().
 */
struct file *vmzone_file_create(struct vmzone_zone *zone)
{
	struct inode *inode = zone->inode;

	inode->i_mode = S_IFREG | 0600;
	inode->i_fop = &zone_file_fops;
	inode->i_op = &zone_inode_ops;
	return open_zone(zone);
}

/**
 * vmzone_file_adopt() - have a mapping of a device node hold a file of its zone
 * @vma: a new mapping of any descriptor
 * @zone: its zone
 *
 * The kernel takes the mapping of a node for one of a file that lasts, and leaves
 * it out of a core dump; a zone is memory, as a memfd is.
 *
 * Context: the mm's lock is held for writing.
 * Return: 0 or an error.
 */
int vmzone_file_adopt(struct vm_area_struct *vma, struct vmzone_zone *zone)
{
	struct file *file;

	if (file_inode(vma->vm_file) == zone->inode)
		return 0;
	vmzone_zone_get(zone);
	file = open_zone(zone);
	if (IS_ERR(file))
		return PTR_ERR(file);
	vma_set_file(vma, file);
	fput(file);
	return 0;
}
