# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the suites' scripts, which set $top: results as TAP.

tap_count=0
tap_failed=0

# tap_result STATUS NAME
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
}

# tap_check NAME COMMAND...: one test; what the command says is shown if it fails
tap_check() {
	local name=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=$?
	if [ "$status" -ne 0 ]; then
		echo "# status $status of: $*"
		tail -n 60 <<<"$said" | sed 's/^/# /'
	fi
	tap_result "$status" "$name"
}

# tap_job [OPTION VALUE]... JOB [ARGUMENTS...]: runs a lab job that prints TAP of
# its own and ends with status 1 when a test of it failed; the run as such (no
# splat, no hang, a clean unload) is one more test
tap_job() {
	local status=0 options=()
	while [[ $1 == --* ]]; do
		options+=("$1" "$2")
		shift 2
	done
	echo "# lab job $1"
	"$top/tools/lab/lab" run ${KERNEL:+--kernel "$KERNEL"} "${options[@]}" "$@" || status=$?
	if [ "$status" -eq 1 ]; then
		tap_failed=$((tap_failed + 1))
		status=0
	fi
	tap_result "$status" "lab: job $1 ran to its end, and the kernel had nothing to complain of"
}

# tap_end: the suite's exit status
tap_end() {
	[ "$tap_failed" -eq 0 ]
	exit
}
