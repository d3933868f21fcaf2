/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - every difference between the kernels that vmzone builds for
 *
 * Owns: all conditional compilation on the kernel. Code elsewhere uses the
 * names below and never asks which kernel it is on. Where a feature can be
 * tested for (a macro, a function that a header declares), it is; Kbuild greps
 * the headers for what the preprocessor cannot see.
 */
#ifndef VMZONE_COMPAT_H
#define VMZONE_COMPAT_H

#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/zsmalloc.h>

#ifndef CONFIG_64BIT
#error "vmzone needs a 64-bit kernel"
#endif

/* 6.3 hid vm_flags behind functions that assert the lock. */
#ifdef VMZONE_HAVE_VM_FLAGS_SET
#define vmzone_vm_flags_mod(vma, set, clear)	vm_flags_mod(vma, set, clear)
#else
static inline void vmzone_vm_flags_mod(struct vm_area_struct *vma,
				       unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/*
 * 6.6 takes a fault of a file's mapping under the lock of its VMA alone, if the
 * VMA says how to map neighbours of a page. There are none to map here: a slot is
 * touched one at a time, or the policy would not know.
 */
#ifdef VMZONE_HAVE_VMA_LOCK
static inline vm_fault_t vmzone_map_no_neighbours(struct vm_fault *vmf, pgoff_t start_pgoff,
						  pgoff_t end_pgoff)
{
	return 0;
}
#else
#define vmzone_map_no_neighbours	NULL
#endif

/* 6.17 marks the inodes that nobody may execute from. */
#ifdef S_ANON_INODE
#define VMZONE_S_ANON_INODE	S_ANON_INODE
#else
#define VMZONE_S_ANON_INODE	0
#endif

/* 6.6, and 6.1.47, ask before they remove a page, whatever is on it. */
static inline void vmzone_mapping_set_release_always(struct address_space *mapping)
{
#ifdef VMZONE_HAVE_RELEASE_ALWAYS
	mapping_set_release_always(mapping);
#endif
}

/* A kernel may be without memory cgroups. Whether this task is to be slowed down by its own. */
static inline bool vmzone_is_over_memory_high(void)
{
#ifdef CONFIG_MEMCG
	return current->memcg_nr_pages_over_high;
#else
	return false;
#endif
}

/* From 6.2 on, what names a node must leave the device as it is. */
#ifdef VMZONE_HAVE_DEVNODE_CONST
#define vmzone_devnode_device const struct device
#else
#define vmzone_devnode_device struct device
#endif

/* 6.3 has a type of its own for what maps the ids of a mount. */
#ifdef VMZONE_HAVE_MNT_IDMAP
#define vmzone_idmap mnt_idmap
#else
#define vmzone_idmap user_namespace
#endif

/* 6.6 wants to know what is asked for. */
static inline void vmzone_fillattr(struct vmzone_idmap *idmap, u32 request_mask,
				   struct inode *inode, struct kstat *stat)
{
#ifdef VMZONE_HAVE_FILLATTR_MASK
	generic_fillattr(idmap, request_mask, inode, stat);
#else
	generic_fillattr(idmap, inode, stat);
#endif
}

/* 6.7 has shrinkers allocated by the kernel. */
typedef unsigned long (*vmzone_shrink_fn)(struct shrinker *shrinker,
					  struct shrink_control *control);

#ifdef VMZONE_HAVE_SHRINKER_ALLOC
static inline struct shrinker *
vmzone_shrinker_register(const char *name, vmzone_shrink_fn count, vmzone_shrink_fn scan)
{
	struct shrinker *shrinker = shrinker_alloc(0, "%s", name);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return shrinker;
}

static inline void vmzone_shrinker_unregister(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#else
static inline struct shrinker *
vmzone_shrinker_register(const char *name, vmzone_shrink_fn count, vmzone_shrink_fn scan)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (register_shrinker(shrinker, "%s", name)) {
		kfree(shrinker);
		return NULL;
	}
	return shrinker;
}

static inline void vmzone_shrinker_unregister(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/*
 * zsmalloc: objects are mapped for reading and writing up to 6.14; from then on
 * they are copied in, and what is read is copied out if it lies in two pages.
 * Nothing between begin and end may sleep.
 */
#ifdef VMZONE_HAVE_ZS_OBJ
#define VMZONE_ZS_READ_NEEDS_COPY	true

static inline void vmzone_zs_write(struct zs_pool *pool, unsigned long handle,
				   const void *src, size_t len)
{
	zs_obj_write(pool, handle, (void *)src, len);
}

/* 7.0 wants to know how much is read. */
static inline const void *vmzone_zs_read_begin(struct zs_pool *pool, unsigned long handle,
					       size_t len, void *copy)
{
#ifdef VMZONE_HAVE_ZS_READ_LEN
	return zs_obj_read_begin(pool, handle, len, copy);
#else
	return zs_obj_read_begin(pool, handle, copy);
#endif
}

static inline void vmzone_zs_read_end(struct zs_pool *pool, unsigned long handle,
				      size_t len, const void *src)
{
#ifdef VMZONE_HAVE_ZS_READ_LEN
	zs_obj_read_end(pool, handle, len, (void *)src);
#else
	zs_obj_read_end(pool, handle, (void *)src);
#endif
}
#else
#define VMZONE_ZS_READ_NEEDS_COPY	false

static inline void vmzone_zs_write(struct zs_pool *pool, unsigned long handle,
				   const void *src, size_t len)
{
	void *dst = zs_map_object(pool, handle, ZS_MM_WO);

	memcpy(dst, src, len);
	zs_unmap_object(pool, handle);
}

static inline const void *vmzone_zs_read_begin(struct zs_pool *pool, unsigned long handle,
					       size_t len, void *copy)
{
	return zs_map_object(pool, handle, ZS_MM_RO);
}

static inline void vmzone_zs_read_end(struct zs_pool *pool, unsigned long handle,
				      size_t len, const void *src)
{
	zs_unmap_object(pool, handle);
}
#endif

/* 6.16 wants to know on which node. */
static inline unsigned long vmzone_zs_malloc(struct zs_pool *pool, size_t len, gfp_t gfp)
{
#ifdef VMZONE_HAVE_ZS_NODE
	return zs_malloc(pool, len, gfp, NUMA_NO_NODE);
#else
	return zs_malloc(pool, len, gfp);
#endif
}

#endif /* VMZONE_COMPAT_H */
