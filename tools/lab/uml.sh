# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the lab for --kernel uml: User-Mode Linux from Debian's source,
# with KASAN. It has one processor.
#
# uml/VERSION/source   Debian's tree as hard links, with one line changed
# uml/VERSION/build    its objects: the kernel `linux`, and KDIR

# uml_source DEBIAN TREE: the patched tree
uml_source() {
	local debian=$1 tree=$2 file=arch/x86/um/user-offsets.c
	[ ! -d "$tree" ] || return 0
	rm -rf "$tree.partial"
	mkdir -p "$(dirname "$tree")"
	cp -al "$debian" "$tree.partial"
	# Room for the registers of hosts with AMX; a new file, so that the link
	# to Debian's is broken.
	sed 's/HOST_FP_SIZE, 2696/HOST_FP_SIZE, 11264/' "$tree.partial/$file" >"$tree.partial/$file.new"
	mv "$tree.partial/$file.new" "$tree.partial/$file"
	mv "$tree.partial" "$tree"
}

# uml_configure TREE BUILD: writes .config; fails if an option did not take
uml_configure() {
	local tree=$1 build=$2 line
	cat "$tree/arch/um/configs/x86_64_defconfig" "$LAB/uml.config" >"$build/.config.new"
	if cmp -s "$build/.config.new" "$build/.config.wanted"; then
		return 0
	fi
	cp "$build/.config.new" "$build/.config"
	make -s -C "$tree" O="$build" ARCH=um mod2noconfig >&2
	while read -r line; do
		case $line in
		CONFIG_*) grep -qxF "$line" "$build/.config" || die "User-Mode Linux does not take $line." ;;
		esac
	done <"$LAB/uml.config"
	mv "$build/.config.new" "$build/.config.wanted"
}

# uml_select: sets what kernel_select does; builds the kernel if need be
uml_select() {
	local debian base log
	debian=$("$LAB/lab" source)
	base=$CACHE/uml/$(basename "$debian")
	KDIR=$base/build
	IMAGE=$KDIR/linux
	mkdir -p "$KDIR"
	(
		cache_lock uml
		uml_source "$debian" "$base/source"
		uml_configure "$base/source" "$KDIR"
		[ ! "$IMAGE" -nt "$KDIR/.config" ] || exit 0
		say "building User-Mode Linux (minutes, once)"
		log=$KDIR/build.log
		export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}
		nice make -C "$base/source" O="$KDIR" ARCH=um CC="ccache gcc" -j"$(nproc)" linux modules >"$log" 2>&1 9>&- || {
			tail -n 30 "$log" >&2
			die "User-Mode Linux does not build; all of it: $log"
		}
		touch "$IMAGE"
	)
	RELEASE=uml-$(cat "$KDIR/include/config/kernel.release")
	ROOT=
	KERNEL_MAKE=(ARCH=um)
	DISK_MODULES=
	DISK_PREFIX=/dev/ubd
	JOB_TTY=/dev/tty1
}

# uml_boot: the kernel as a process whose root is the job's folder
uml_boot() {
	local disk letter=a options=()
	for disk in "${DISKS[@]}"; do
		options+=("ubd$letter=$work/$disk.disk")
		letter=$(tr a-y b-z <<<"$letter")
	done
	TMPDIR=$work timeout --foreground --kill-after=5 "$timeout" \
		"$IMAGE" mem="${memory}M" root=none rootfstype=hostfs hostfs="$work/tree" rw init=/init \
		con=null con0=null,fd:8 con1=null,fd:7 loglevel=5 panic=-1 log_buf_len=4M $append "${options[@]}" \
		8>"$work/console.log" 7>&1 >>"$work/console.log" 2>&1 </dev/null | tee "$work/job.log"
}
