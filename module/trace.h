/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints of the group vmzone
 *
 * They carry plain numbers only: the zone's id, slots, and how long it took in
 * nanoseconds. So any layer may fire them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmzone

#if !defined(VMZONE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMZONE_TRACE_H

#include <linux/tracepoint.h>

/* kind: 0 a frame of zeros, 1 minor, 2 major, as enum vmzone_touch. */
TRACE_EVENT(vmzone_fault,
	TP_PROTO(u32 zone, unsigned long slot, unsigned int kind, u64 duration_ns),
	TP_ARGS(zone, slot, kind, duration_ns),
	TP_STRUCT__entry(
		__field(u32, zone)
		__field(unsigned int, kind)
		__field(unsigned long, slot)
		__field(u64, duration_ns)
	),
	TP_fast_assign(
		__entry->zone = zone;
		__entry->kind = kind;
		__entry->slot = slot;
		__entry->duration_ns = duration_ns;
	),
	TP_printk("zone=%u slot=%lu kind=%s duration_ns=%llu", __entry->zone,
		  __entry->slot,
		  __print_symbolic(__entry->kind, { 0, "zero" }, { 1, "minor" }, { 2, "major" }),
		  __entry->duration_ns)
);

/* One slot between frame and store; error is 0 or a negative errno. */
DECLARE_EVENT_CLASS(vmzone_transfer,
	TP_PROTO(u32 zone, unsigned long slot, int error, u64 duration_ns),
	TP_ARGS(zone, slot, error, duration_ns),
	TP_STRUCT__entry(
		__field(u32, zone)
		__field(int, error)
		__field(unsigned long, slot)
		__field(u64, duration_ns)
	),
	TP_fast_assign(
		__entry->zone = zone;
		__entry->error = error;
		__entry->slot = slot;
		__entry->duration_ns = duration_ns;
	),
	TP_printk("zone=%u slot=%lu error=%d duration_ns=%llu", __entry->zone,
		  __entry->slot, __entry->error, __entry->duration_ns)
);

DEFINE_EVENT(vmzone_transfer, vmzone_page_in,
	TP_PROTO(u32 zone, unsigned long slot, int error, u64 duration_ns),
	TP_ARGS(zone, slot, error, duration_ns));

DEFINE_EVENT(vmzone_transfer, vmzone_page_out,
	TP_PROTO(u32 zone, unsigned long slot, int error, u64 duration_ns),
	TP_ARGS(zone, slot, error, duration_ns));

/* A batch of victims: how many were chosen, and how many passed over. */
TRACE_EVENT(vmzone_select,
	TP_PROTO(u32 zone, unsigned int victims, unsigned long passed, u64 duration_ns),
	TP_ARGS(zone, victims, passed, duration_ns),
	TP_STRUCT__entry(
		__field(u32, zone)
		__field(unsigned int, victims)
		__field(unsigned long, passed)
		__field(u64, duration_ns)
	),
	TP_fast_assign(
		__entry->zone = zone;
		__entry->victims = victims;
		__entry->passed = passed;
		__entry->duration_ns = duration_ns;
	),
	TP_printk("zone=%u victims=%u passed=%lu duration_ns=%llu", __entry->zone,
		  __entry->victims, __entry->passed, __entry->duration_ns)
);

/* What was asked of a range of slots, [first, end), and what came of it. */
DECLARE_EVENT_CLASS(vmzone_request,
	TP_PROTO(u32 zone, unsigned long first, unsigned long end, int error),
	TP_ARGS(zone, first, end, error),
	TP_STRUCT__entry(
		__field(u32, zone)
		__field(int, error)
		__field(unsigned long, first)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->zone = zone;
		__entry->error = error;
		__entry->first = first;
		__entry->end = end;
	),
	TP_printk("zone=%u slot=%lu nr_slots=%lu error=%d", __entry->zone,
		  __entry->first, __entry->end - __entry->first, __entry->error)
);

DEFINE_EVENT(vmzone_request, vmzone_pin,
	TP_PROTO(u32 zone, unsigned long first, unsigned long end, int error),
	TP_ARGS(zone, first, end, error));

DEFINE_EVENT(vmzone_request, vmzone_unpin,
	TP_PROTO(u32 zone, unsigned long first, unsigned long end, int error),
	TP_ARGS(zone, first, end, error));

DEFINE_EVENT(vmzone_request, vmzone_discard,
	TP_PROTO(u32 zone, unsigned long first, unsigned long end, int error),
	TP_ARGS(zone, first, end, error));

DECLARE_EVENT_CLASS(vmzone_zone,
	TP_PROTO(u32 zone, u64 bytes, u64 frames),
	TP_ARGS(zone, bytes, frames),
	TP_STRUCT__entry(
		__field(u32, zone)
		__field(u64, bytes)
		__field(u64, frames)
	),
	TP_fast_assign(
		__entry->zone = zone;
		__entry->bytes = bytes;
		__entry->frames = frames;
	),
	TP_printk("zone=%u bytes=%llu frames=%llu", __entry->zone, __entry->bytes,
		  __entry->frames)
);

DEFINE_EVENT(vmzone_zone, vmzone_zone_create,
	TP_PROTO(u32 zone, u64 bytes, u64 frames),
	TP_ARGS(zone, bytes, frames));

DEFINE_EVENT(vmzone_zone, vmzone_zone_destroy,
	TP_PROTO(u32 zone, u64 bytes, u64 frames),
	TP_ARGS(zone, bytes, frames));

#endif /* VMZONE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
