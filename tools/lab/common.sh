# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by every part of the lab: where things are, how it speaks.
#
# LAB    this folder          TOP    the clone
# CACHE  everything fetched and built, outside of the clone

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LAB/../.." && pwd)
CACHE=${VMZONE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmzone}

# say: a line for the person who watches; standard output is for results
say() {
	echo "lab: $*" >&2
}

die() {
	say "$@"
	exit 1
}

# cache_lock: one fetch or build at a time may change a place in the cache.
# Held until the calling (sub)shell ends; not inherited by what it starts in
# the background.
cache_lock() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/.lock-$1"
	if ! flock --nonblock 9; then
		say "waiting for another run that is filling the cache ($1)"
		flock 9
	fi
}
