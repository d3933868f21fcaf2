/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace of a real program, as tools/policy/record packed it. */
	.section .rodata
	.globl	vmzone_trace_begin
	.globl	vmzone_trace_end
vmzone_trace_begin:
	.incbin	"sqlite3.trace.xz"
vmzone_trace_end:
