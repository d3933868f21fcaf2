# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the jobs that run other people's programs on zones: results as
# TAP, and zones to run them on, whose budget is looked at in the end.
#
# zone    what a program opens: a device node, or a descriptor below /proc
# stats   the zone's counters, a file

count=0
failed=0
# busybox has commands of the same names, and its shell takes those first.
real=/lab/bin

# result STATUS NAME
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $job: $2"
	else
		echo "not ok $count - $job: $2"
		failed=1
	fi
}

# check NAME COMMAND...: one test; what the command says is shown if it fails
check() {
	local name=$1 status
	shift
	"$@" >/tmp/said 2>&1
	status=$?
	if [ $status -ne 0 ]; then
		echo "# status $status of: $*"
		tail -n 40 /tmp/said | tr '\b' '\n' | sed 's/^/# /'
	fi
	result $status "$name"
}

# refused WORDS COMMAND...: fails, and says so in these words
refused() {
	local words=$1
	shift
	! "$@" >/tmp/refused 2>&1 && grep -q "$words" /tmp/refused && return
	echo "not refused with '$words':"
	cat /tmp/refused
	return 1
}

find_stats() {
	stats=/sys/kernel/debug/vmzone/$(sed -n 's/^vmzone-id:[[:space:]]*//p' /proc/self/fdinfo/8 8<"$zone")/stats
	[ -f "$stats" ]
}

# zone_named NAME KIBIBYTES FRAMES [OPTIONS...]: a zone with a device node
zone_named() {
	local name=$1 bytes=$(($2 * 1024)) frames=$3
	shift 3
	zone=$(vmzone create "$name" --bytes $bytes --frames "$frames" "$@") && find_stats
	result $? "a zone of $((bytes / 4096)) pages with $frames frames, as $zone"
}

# zone_file KIBIBYTES FRAMES: a zone as a regular file, held by another process
zone_file() {
	mkfifo /tmp/hold
	zone_hold --bytes $(($1 * 1024)) --frames "$2" </tmp/hold >/tmp/zone &
	holder=$!
	exec 9>/tmp/hold
	while [ ! -s /tmp/zone ] && kill -0 $holder 2>/dev/null; do
		sleep 0.1
	done
	zone=$(cat /tmp/zone)
	find_stats
	result $? "a zone of $(($1 / 4)) pages with $2 frames, as a regular file"
}

# stat_of NAME: a counter of the zone
stat_of() {
	sed -n "s/^$1: //p" "$stats"
}

# limits_held [paged]: whether the zone kept to its limits, and, if asked for,
# whether it had to page at all
limits_held() {
	local budget peak store limit in out
	budget=$(stat_of budget_frames) peak=$(stat_of peak_resident_frames)
	store=$(stat_of store_bytes) limit=$(stat_of store_limit_bytes)
	in=$(stat_of page_ins) out=$(stat_of page_outs)
	echo "# peak $peak of $budget frames, store $store bytes, $in pages in, $out out," \
		"$(stat_of sigbus) SIGBUS, $(stat_of load_errors) load errors"
	[ "$(stat_of resident_frames)" -le "$budget" ] && [ "$peak" -le "$budget" ] &&
		[ "$store" -le "$limit" ] && [ "$(stat_of sigbus)" -eq 0 ] &&
		[ "$(stat_of load_errors)" -eq 0 ] || return 1
	[ -z "$1" ] || { [ "$in" -gt 0 ] && [ "$out" -gt 0 ]; }
}

# zone_end [paged]: the limits were kept, and the zone goes
zone_end() {
	limits_held "$1"
	result $? "the zone kept to its budget and its store's limit${1:+, and had to page}"
	case $zone in
	/dev/*)
		vmzone destroy "${zone#/dev/vmzone-}" && [ ! -e "$zone" ]
		result $? "$zone goes when it is told to"
		;;
	*)
		exec 9>&-
		wait $holder
		rm /tmp/hold /tmp/zone
		;;
	esac
}

# sample FILE KIBIBYTES: data as it comes: programs and their libraries
sample() {
	tar c /lab /lib 2>/dev/null | head -c $(($2 * 1024)) >"$1"
	[ "$(stat -c %s "$1")" -eq $(($2 * 1024)) ]
}

finish() {
	echo "1..$count"
	exit $failed
}
