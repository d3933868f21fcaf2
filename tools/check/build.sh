# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the checks that build the module.

# check_build VARIANT VARIABLE=VALUE...: builds everything anew; prints the
# output and fails if there is any warning in it
check_build() {
	local top lab output variant=$1
	shift
	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	lab=$top/tools/lab/lab
	output=$("$lab" module ${KERNEL:+--kernel "$KERNEL"} --variant "$variant" --anew "$@" 2>&1) || {
		echo "$output"
		return 1
	}
	# The last line is the module's path.
	grep -E '(warning|WARNING|error|ERROR):' <<<"$output" && return 1
	return 0
}
