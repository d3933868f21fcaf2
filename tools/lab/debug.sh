# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the lab for --kernel debug, kcov and kcsan, and for these with
# @SUITE: x86 kernels for QEMU with the kernel's own checkers, built from the
# source of this machine's Debian, or of that suite.
#
# kernels/NAME-VERSION/build   the objects: the kernel's image, and KDIR

# debug_fragments NAME: what is on top of allnoconfig
debug_fragments() {
	case $1 in
	debug) echo "$LAB/debug.config" "$LAB/debug-kasan.config" ;;
	kcov) echo "$LAB"/debug.config "$LAB"/debug-{kasan,kcov}.config ;;
	kcsan) echo "$LAB/debug.config" "$LAB/debug-kcsan.config" ;;
	esac
}

# debug_make NAME: variables for the make of the kernel itself. KCSAN looks at
# vmzone alone: races of the kernel with itself are nobody's business here.
debug_make() {
	case $1 in
	kcsan) echo KCSAN_SANITIZE=n ;;
	esac
}

# debug_configure SOURCE BUILD FRAGMENT...: writes .config; fails if a line
# of a fragment did not take
debug_configure() {
	local source=$1 build=$2 line
	shift 2
	cat "$@" >"$build/.config.new"
	if cmp -s "$build/.config.new" "$build/.config.wanted"; then
		return 0
	fi
	KCONFIG_ALLCONFIG=$build/.config.new make -s -C "$source" O="$build" allnoconfig >&2 9>&-
	while read -r line; do
		case $line in
		CONFIG_*)
			grep -qxF "$line" "$build/.config" || die "the kernel does not take $line."
			;;
		'# CONFIG_'*' is not set')
			line=${line#\# }
			! grep -q "^${line% is not set}=" "$build/.config" || die "the kernel insists on ${line% is not set}."
			;;
		esac
	done <"$build/.config.new"
	mv "$build/.config.new" "$build/.config.wanted"
}

# debug_select NAME[@SUITE]: sets what kernel_select does; builds the kernel if
# need be
debug_select() {
	local name=${1%@*} suite=host source log
	[ "$name" = "$1" ] || suite=${1#*@}
	source=$("$LAB/lab" source --kernel "$suite")
	KDIR=$CACHE/kernels/$name-$(basename "$source")/build
	IMAGE=$KDIR/arch/x86/boot/bzImage
	mkdir -p "$KDIR"
	(
		cache_lock "kernel-$name"
		# shellcheck disable=SC2046 # a list of files
		debug_configure "$source" "$KDIR" $(debug_fragments "$name")
		[ ! "$IMAGE" -nt "$KDIR/.config" ] || exit 0
		say "building the kernel '$1' (ten minutes or so, once)"
		log=$KDIR/build.log
		export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}
		# shellcheck disable=SC2046 # a list of variables
		nice make -C "$source" O="$KDIR" CC="ccache gcc" LOCALVERSION="-$name" $(debug_make "$name") \
			-j"$(nproc)" bzImage modules >"$log" 2>&1 9>&- || {
			tail -n 30 "$log" >&2
			die "the kernel '$1' does not build; all of it: $log"
		}
		touch "$IMAGE"
	)
	RELEASE=$(cat "$KDIR/include/config/kernel.release")
	ROOT=
	KERNEL_MAKE=()
	DISK_MODULES=
	DISK_PREFIX=/dev/vd
	JOB_TTY=/dev/ttyS1
}
