# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the benchmark's jobs.

# zram_swap: zram with lz4 is the only swap. Returns whether it is.
zram_swap() {
	echo lz4 >/sys/block/zram0/comp_algorithm &&
		echo 768M >/sys/block/zram0/disksize &&
		mkswap /dev/zram0 >/dev/null &&
		swapon /dev/zram0 &&
		grep -q '\[lz4\]' /sys/block/zram0/comp_algorithm &&
		[ "$(grep -c '^/' /proc/swaps)" -eq 1 ]
}
