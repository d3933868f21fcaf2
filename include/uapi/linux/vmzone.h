/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/**
 * DOC: vmzone, demand-paged memory zones
 *
 * Every open of /dev/vmzone, and every VMZONE_IOC_CREATE, makes a zone: a
 * sparse range of bytes that reads as zeros until it is written, kept in at
 * most ``frames`` page frames and, beyond them, in a compressed store of at
 * most ``store_limit`` bytes. The zone is used through mmap(2) with MAP_SHARED
 * or through read(2) and write(2); the ioctls below steer and observe it.
 *
 * All ioctls take a pointer to a structure whose first member is its size,
 * filled in by the caller. A shorter structure is taken as padded with zeros;
 * a longer one is refused with E2BIG unless its unknown tail is zero; one
 * below the first version (VMZONE_*_SIZE_VER0) is EINVAL. Results are written
 * back to the same structure, never beyond the caller's size.
 *
 * Errors that every ioctl can return: EFAULT (bad pointer), EINVAL (unknown
 * flag, non-zero reserved field, size too small, or a range that is not
 * aligned to the page size, wraps, or leaves the zone), E2BIG, ENOTTY (unknown
 * command), EOPNOTSUPP (known, but not in this build: see VMZONE_FEATURE_*),
 * EINTR (a fatal signal came while waiting).
 */
#ifndef _UAPI_LINUX_VMZONE_H
#define _UAPI_LINUX_VMZONE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* vmzone_info.abi: raised when a structure grows or a command is added. */
#define VMZONE_ABI			1

/* Longest name of a named zone, its final NUL included. */
#define VMZONE_NAME_LEN			32

/**
 * enum vmzone_policy_id - which frame to evict first
 * @VMZONE_POLICY_FIFO: the one that was filled first
 * @VMZONE_POLICY_CLOCK: the first in a ring that was not touched since the
 *	hand passed it last
 * @VMZONE_POLICY_NRU: one not recently used, clean ones first
 * @VMZONE_POLICY_LRU: the one whose last known touch is the longest ago
 * @VMZONE_POLICY_SIEVE: as CLOCK, but survivors stay where they are
 * @VMZONE_POLICY_S3FIFO: three queues; what is touched once leaves soon
 *
 * vmzone_info.policies has bit (1 << id) set for each one in this build.
 */
enum vmzone_policy_id {
	VMZONE_POLICY_FIFO = 1,
	VMZONE_POLICY_CLOCK = 2,
	VMZONE_POLICY_NRU = 3,
	VMZONE_POLICY_LRU = 4,
	VMZONE_POLICY_SIEVE = 5,
	VMZONE_POLICY_S3FIFO = 6,
};

/**
 * enum vmzone_codec_id - how the contents of evicted slots are compressed
 * @VMZONE_CODEC_NONE: not at all; only same-filled pages take less room
 * @VMZONE_CODEC_LZO_RLE: LZO with run-length encoding, zram's default
 * @VMZONE_CODEC_LZ4: fast both ways
 * @VMZONE_CODEC_ZSTD: densest and slowest (level 3)
 *
 * vmzone_info.codecs has bit (1 << id) set for each one in this build.
 */
enum vmzone_codec_id {
	VMZONE_CODEC_NONE = 1,
	VMZONE_CODEC_LZO_RLE = 2,
	VMZONE_CODEC_LZ4 = 3,
	VMZONE_CODEC_ZSTD = 4,
};

/* vmzone_info.features: what this build can do beyond the core. */
#define VMZONE_FEATURE_SET		(1 << 0)	/* VMZONE_IOC_SET */
#define VMZONE_FEATURE_NAMED		(1 << 1)	/* named zones, VMZONE_IOC_DESTROY */
#define VMZONE_FEATURE_HISTOGRAM	(1 << 2)	/* VMZONE_IOC_HISTOGRAM */
#define VMZONE_FEATURE_CLONE		(1 << 3)	/* VMZONE_IOC_CLONE */

/**
 * struct vmzone_info - VMZONE_IOC_INFO: what this module can do
 * @size: of this structure
 * @abi: VMZONE_ABI of the module
 * @features: VMZONE_FEATURE_* bits
 * @policies: bit mask, 1 << enum vmzone_policy_id
 * @codecs: bit mask, 1 << enum vmzone_codec_id
 * @page_size: of a slot and of a frame, in bytes
 * @max_frames: budget of all zones together
 * @max_zone_bytes: the largest zone, in bytes
 */
struct vmzone_info {
	__u32 size;
	__u32 abi;
	__aligned_u64 features;
	__u32 policies;
	__u32 codecs;
	__aligned_u64 page_size;
	__aligned_u64 max_frames;
	__aligned_u64 max_zone_bytes;
};

#define VMZONE_INFO_SIZE_VER0		48

/* vmzone_create.flags */
#define VMZONE_CREATE_PREALLOC		(1 << 0)	/* take every frame now */
#define VMZONE_CREATE_EXEC		(1 << 1)	/* allow PROT_EXEC */
#define VMZONE_CREATE_CLONEABLE		(1 << 2)	/* allow VMZONE_IOC_CLONE */
#define VMZONE_CREATE_NAMED		(1 << 3)	/* make /dev/vmzone-NAME */

/**
 * struct vmzone_create - VMZONE_IOC_CREATE: a new zone as a regular file
 * @size: of this structure
 * @flags: VMZONE_CREATE_* bits
 * @bytes: size of the zone, a multiple of the page size; 0: the default
 * @frames: its budget, at least 16; 0: the default
 * @store_limit: most bytes that its store may take; 0: the default
 * @policy: enum vmzone_policy_id; 0: the default
 * @codec: enum vmzone_codec_id; 0: the default
 * @out_fd: returned: the zone's descriptor, O_RDWR | O_CLOEXEC
 * @name: of a named zone, 1 to 31 of [A-Za-z0-9_.-]; else all NUL
 * @reserved: must be 0
 *
 * Works on any vmzone descriptor. Errors: EINVAL, ENOSPC (more frames than the
 * budgets of the other zones leave of ``max_frames``, too many zones, or no
 * number for a node), EPERM (more frames than ``max_zone_frames`` without
 * CAP_SYS_RESOURCE, or a name without CAP_SYS_ADMIN), EEXIST (name taken),
 * ENOMEM, EMFILE, ENFILE.
 */
struct vmzone_create {
	__u32 size;
	__u32 flags;
	__aligned_u64 bytes;
	__aligned_u64 frames;
	__aligned_u64 store_limit;
	__u32 policy;
	__u32 codec;
	__s32 out_fd;
	char name[VMZONE_NAME_LEN];
	__u32 reserved;
};

#define VMZONE_CREATE_SIZE_VER0		80

/**
 * struct vmzone_destroy - VMZONE_IOC_DESTROY: take a named zone's node away
 * @size: of this structure
 * @flags: must be 0
 *
 * The zone goes with its last user. Errors: EPERM (without CAP_SYS_ADMIN),
 * EINVAL (it has no node).
 */
struct vmzone_destroy {
	__u32 size;
	__u32 flags;
};

#define VMZONE_DESTROY_SIZE_VER0	8

/* vmzone_set.which */
#define VMZONE_SET_BYTES		(1 << 0)
#define VMZONE_SET_FRAMES		(1 << 1)
#define VMZONE_SET_STORE_LIMIT		(1 << 2)
#define VMZONE_SET_POLICY		(1 << 3)
#define VMZONE_SET_CODEC		(1 << 4)

/**
 * struct vmzone_set - VMZONE_IOC_SET and VMZONE_IOC_GET: a zone's parameters
 * @size: of this structure
 * @which: SET: VMZONE_SET_* bits, what to change; GET: any of these or 0, which
 *	makes no difference: returned are all
 * @bytes: size of the zone
 * @frames: its budget
 * @store_limit: most bytes that its store may take
 * @policy: enum vmzone_policy_id
 * @codec: enum vmzone_codec_id
 *
 * SET changes all that @which names, or nothing. Errors: EINVAL, EBADF (not open
 * for writing), ENOMEM (pins, holders of pages or the store do not allow it, or
 * no memory), EBUSY (a slot that would be cut off is pinned), ENOSPC and EPERM
 * (more frames, as for CREATE).
 */
struct vmzone_set {
	__u32 size;
	__u32 which;
	__aligned_u64 bytes;
	__aligned_u64 frames;
	__aligned_u64 store_limit;
	__u32 policy;
	__u32 codec;
};

#define VMZONE_SET_SIZE_VER0		40

/**
 * struct vmzone_range - PAGE_IN, PAGE_OUT, PIN, UNPIN, DISCARD: a range of slots
 * @size: of this structure
 * @flags: must be 0
 * @offset: first byte, a multiple of the page size
 * @length: in bytes, a multiple of the page size; 0 does nothing
 * @out_pages: returned: slots paged in or out, pinned, unpinned or discarded;
 *	also written when the call fails half-way with ENOMEM
 */
struct vmzone_range {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 out_pages;
};

#define VMZONE_RANGE_SIZE_VER0		32

/* One byte a slot in vmzone_pagemap.vec */
#define VMZONE_SLOT_RESIDENT		1	/* has a frame */
#define VMZONE_SLOT_STORED		2	/* has a copy in the store */
#define VMZONE_SLOT_DIRTY		4	/* known to be newer than the store */
#define VMZONE_SLOT_PINNED		8
#define VMZONE_SLOT_SAME_FILLED		16	/* stored as one repeated word */
#define VMZONE_SLOT_RAW			32	/* stored uncompressed */
#define VMZONE_SLOT_BUSY		64	/* being paged in or out */
#define VMZONE_SLOT_SHARED		128	/* shared with a clone */

/**
 * struct vmzone_pagemap - VMZONE_IOC_PAGEMAP: the state of each slot
 * @size: of this structure
 * @flags: must be 0
 * @offset: first byte, a multiple of the page size
 * @length: in bytes, a multiple of the page size
 * @vec: user pointer to length / page_size bytes of VMZONE_SLOT_* bits
 */
struct vmzone_pagemap {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 vec;
};

#define VMZONE_PAGEMAP_SIZE_VER0	32

/* vmzone_stats.flags */
#define VMZONE_STATS_RESET		(1 << 0)	/* zero events and histograms after reading */

/**
 * struct vmzone_stats - VMZONE_IOC_STATS: one snapshot of a zone's counters
 * @size: of this structure
 * @flags: VMZONE_STATS_* bits
 * @budget_frames: most frames that the zone may hold
 * @resident_frames: frames it holds, never above @budget_frames
 * @free_frames: frames that faults could take now without evicting: budget
 *	less resident less the reserve
 * @pinned_slots: slots with a pin count
 * @stored_slots: slots with a copy in the store, resident ones included
 * @same_filled_slots: of those, kept as one repeated word
 * @raw_slots: of those, kept uncompressed
 * @peak_resident_frames: highest @resident_frames so far
 * @store_bytes: memory that the store takes, its overhead included
 * @store_payload_bytes: of those, compressed contents
 * @store_limit_bytes: most that @store_bytes may reach
 * @metadata_bytes: memory of the zone's own tables
 * @faults_zero: faults on empty slots: a zeroed frame
 * @faults_minor: faults on slots that had their frame, mapped or on standby
 * @faults_major: faults that had to page in
 * @page_ins: slots loaded from the store, by whatever asked for them
 * @page_outs: slots saved to the store
 * @evictions_clean: frames freed while the stored copy was still good
 * @evictions_dirty: frames freed after saving their contents
 * @evictions_direct: evictions by whoever needed a frame and had to make room, such as
 *	a fault, read, write, PIN, PAGE_IN or WILLNEED
 * @evictions_background: evictions by the zone's worker
 * @evictions_requested: evictions by PAGE_OUT, SET, POSIX_FADV_DONTNEED or the shrinker
 * @refaults: touches of slots that had been evicted
 * @selects: batches of victims asked of the policy
 * @second_chances: victims that the policy passed over, or that were touched
 *	while on standby
 * @evict_busy: victims that somebody held
 * @sigbus: faults that ended in SIGBUS
 * @store_full: saves refused by the store's limit
 * @load_errors: loads that failed
 *
 * Gauges up to @metadata_bytes, events from @faults_zero on. It always holds
 * that evictions_clean + evictions_dirty == evictions_direct +
 * evictions_background + evictions_requested.
 */
struct vmzone_stats {
	__u32 size;
	__u32 flags;
	__aligned_u64 budget_frames;
	__aligned_u64 resident_frames;
	__aligned_u64 free_frames;
	__aligned_u64 pinned_slots;
	__aligned_u64 stored_slots;
	__aligned_u64 same_filled_slots;
	__aligned_u64 raw_slots;
	__aligned_u64 peak_resident_frames;
	__aligned_u64 store_bytes;
	__aligned_u64 store_payload_bytes;
	__aligned_u64 store_limit_bytes;
	__aligned_u64 metadata_bytes;
	__aligned_u64 faults_zero;
	__aligned_u64 faults_minor;
	__aligned_u64 faults_major;
	__aligned_u64 page_ins;
	__aligned_u64 page_outs;
	__aligned_u64 evictions_clean;
	__aligned_u64 evictions_dirty;
	__aligned_u64 evictions_direct;
	__aligned_u64 evictions_background;
	__aligned_u64 evictions_requested;
	__aligned_u64 refaults;
	__aligned_u64 selects;
	__aligned_u64 second_chances;
	__aligned_u64 evict_busy;
	__aligned_u64 sigbus;
	__aligned_u64 store_full;
	__aligned_u64 load_errors;
};

#define VMZONE_STATS_SIZE_VER0		240

/**
 * enum vmzone_hist_kind - what a histogram counts the durations of
 * @VMZONE_HIST_FAULT_MAJOR: faults that paged in
 * @VMZONE_HIST_FAULT_MINOR: all other faults that mapped a page
 * @VMZONE_HIST_PAGE_IN: loads from the store
 * @VMZONE_HIST_PAGE_OUT: saves to the store
 * @VMZONE_HIST_SELECT: choosing a batch of victims
 */
enum vmzone_hist_kind {
	VMZONE_HIST_FAULT_MAJOR = 0,
	VMZONE_HIST_FAULT_MINOR = 1,
	VMZONE_HIST_PAGE_IN = 2,
	VMZONE_HIST_PAGE_OUT = 3,
	VMZONE_HIST_SELECT = 4,
};

#define VMZONE_HIST_BUCKETS		32

/**
 * struct vmzone_histogram - VMZONE_IOC_HISTOGRAM: counts of durations
 * @size: of this structure
 * @kind: enum vmzone_hist_kind; EINVAL if unknown
 * @nr: returned: buckets in use (VMZONE_HIST_BUCKETS); must be 0 or that
 * @reserved: must be 0
 * @buckets: bucket i counts durations in [2^i, 2^(i+1)) ns; the first also
 *	those of 0 ns, the last all longer ones
 */
struct vmzone_histogram {
	__u32 size;
	__u32 kind;
	__u32 nr;
	__u32 reserved;
	__aligned_u64 buckets[VMZONE_HIST_BUCKETS];
};

#define VMZONE_HISTOGRAM_SIZE_VER0	272

/**
 * struct vmzone_clone - VMZONE_IOC_CLONE: a copy-on-write snapshot
 * @size: of this structure
 * @flags: must be 0
 * @frames: budget of the clone; 0: that of the original
 * @out_fd: returned: the clone's descriptor
 * @reserved: must be 0
 */
struct vmzone_clone {
	__u32 size;
	__u32 flags;
	__aligned_u64 frames;
	__s32 out_fd;
	__u32 reserved;
};

#define VMZONE_CLONE_SIZE_VER0		24

#define VMZONE_IOC_MAGIC		0xE7

#define VMZONE_IOC_INFO			_IO(VMZONE_IOC_MAGIC, 0x40)
#define VMZONE_IOC_CREATE		_IO(VMZONE_IOC_MAGIC, 0x41)
#define VMZONE_IOC_DESTROY		_IO(VMZONE_IOC_MAGIC, 0x42)
#define VMZONE_IOC_SET			_IO(VMZONE_IOC_MAGIC, 0x43)
#define VMZONE_IOC_GET			_IO(VMZONE_IOC_MAGIC, 0x44)
#define VMZONE_IOC_PAGE_IN		_IO(VMZONE_IOC_MAGIC, 0x45)
#define VMZONE_IOC_PAGE_OUT		_IO(VMZONE_IOC_MAGIC, 0x46)
#define VMZONE_IOC_PIN			_IO(VMZONE_IOC_MAGIC, 0x47)
#define VMZONE_IOC_UNPIN		_IO(VMZONE_IOC_MAGIC, 0x48)
#define VMZONE_IOC_DISCARD		_IO(VMZONE_IOC_MAGIC, 0x49)
#define VMZONE_IOC_PAGEMAP		_IO(VMZONE_IOC_MAGIC, 0x4a)
#define VMZONE_IOC_STATS		_IO(VMZONE_IOC_MAGIC, 0x4b)
#define VMZONE_IOC_HISTOGRAM		_IO(VMZONE_IOC_MAGIC, 0x4c)
#define VMZONE_IOC_CLONE		_IO(VMZONE_IOC_MAGIC, 0x4d)

#endif /* _UAPI_LINUX_VMZONE_H */
