# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# lab kernel: stock Debian kernels, unpacked in the cache and never installed.
#
# kernels/RELEASE      one kernel: boot/vmlinuz-*, lib/modules/*, usr/src/*, and
#                      toolchain/ if this machine cannot build for it (toolchain.sh)
# kernels/suite-NAME   a link to the one that the suite gave last
# kernels/debug-*      built by debug.sh
#
# Folders appear by rename, whole or not at all.

kernel_usage() {
	cat <<'END'
Usage: lab kernel [--kernel KERNEL] [--print kdir|release|image]

Fetches the kernel and its headers through apt, unpacks them in the cache and
prints the headers' folder (KDIR), or what --print asks for. Fast, and without
network, when it is there already.

KERNEL: host (the default: the cloud kernel of this machine's Debian), another
suite of the same archive (bookworm-backports, trixie, sid), a release that
the cache holds already; or one that is built from source: debug (KASAN,
lockdep, kmemleak, gcov, ...), kcov (debug with KCOV), kcsan; these of another
suite's source (debug@sid); uml (User-Mode Linux).
END
}

# kernel_package: the cloud kernel's image package in the suite selected, by the
# package lists that are here, or by fresh ones if those know none
kernel_package() {
	local package
	package=$(kernel_package_listed)
	if [ -z "$package" ] || [ -z "$(apt_version "$package")" ]; then
		apt_update
		package=$(kernel_package_listed)
	fi
	echo "$package"
}

kernel_package_listed() {
	apt_depends "linux-image-cloud-$(dpkg --print-architecture)" '^linux-image-[0-9]' | head -n 1
}

# kernel_packages RELEASE: everything to unpack for it, found by following
# what the image and the headers depend on
kernel_packages() {
	local todo=("linux-image-$1" "linux-headers-$1") seen=" " name
	while [ ${#todo[@]} -gt 0 ]; do
		name=${todo[0]}
		todo=("${todo[@]:1}")
		case $seen in *" $name "*) continue ;; esac
		seen+="$name "
		mapfile -t -O ${#todo[@]} todo < <(apt_depends "$name" '^linux-(base|modules|binary|headers|kbuild)-[0-9]')
	done
	echo $seen
}

# kernel_unpack RELEASE: fills kernels/RELEASE
kernel_unpack() {
	local release=$1 final=$CACHE/kernels/$1 part=$CACHE/kernels/.partial kdir
	rm -rf "$part"
	apt_unpack "$part" $(kernel_packages "$release") || return 1
	# From Debian 13 on everything is below usr/.
	if [ ! -d "$part/lib/modules" ]; then
		mkdir -p "$part/lib"
		ln -s ../usr/lib/modules "$part/lib/modules"
	fi
	# Its headers name one another by their absolute place.
	kdir=$part/usr/src/linux-headers-$release
	sed -i "s|/usr/src/|$final/usr/src/|" "$kdir/Makefile"
	# From 7.2 on the kernel lies beside its modules.
	if [ ! -d "$part/boot" ]; then
		mkdir "$part/boot"
		ln -s "../lib/modules/$release/vmlinuz" "$part/boot/vmlinuz-$release"
	fi
	depmod -b "$part" "$release"
	mv "$part" "$final"
}

# kernel_fetch KERNEL: prints the release, fetched if need be
kernel_fetch() {
	local kernel=$1 package release link=$CACHE/kernels/suite-$1
	if [ -d "$CACHE/kernels/$kernel/boot" ]; then
		echo "$kernel"
		return
	fi
	cache_lock kernels
	mkdir -p "$CACHE/kernels"
	apt_select "$kernel"
	package=$(kernel_package)
	release=${package#linux-image-}
	if [ -z "$release" ] || [ ! -d "$CACHE/kernels/$release" ]; then
		if [ -n "$release" ] && ! kernel_unpack "$release"; then
			# Package lists that are older than the archive name files that are gone.
			apt_update
			package=$(kernel_package)
			release=${package#linux-image-}
			kernel_unpack "$release" || release=
		fi
		if [ -z "$release" ]; then
			[ -d "$link/boot" ] || die "no cloud kernel could be fetched for '$kernel', and the cache has none."
			release=$(basename "$(readlink "$link")")
			say "no newer kernel could be fetched for '$kernel'; using $release from the cache"
		fi
	fi
	ln -sfn "$release" "$link"
	echo "$release"
}

# kernel_select KERNEL: sets RELEASE, KDIR, IMAGE, and what differs between
# guests: ROOT (of its modules), KERNEL_MAKE (variables for the kernel's make),
# DISK_MODULES, DISK_PREFIX, JOB_TTY
kernel_select() {
	case $1 in
	uml)
		. "$LAB/uml.sh"
		uml_select
		return
		;;
	debug | kcov | kcsan | debug@* | kcov@* | kcsan@*)
		. "$LAB/debug.sh"
		debug_select "$1"
		return
		;;
	esac
	RELEASE=$(kernel_fetch "$1")
	ROOT=$CACHE/kernels/$RELEASE
	KDIR=$ROOT/usr/src/linux-headers-$RELEASE
	IMAGE=$ROOT/boot/vmlinuz-$RELEASE
	KERNEL_MAKE=()
	DISK_MODULES="virtio_pci virtio_blk"
	DISK_PREFIX=/dev/vd
	JOB_TTY=/dev/ttyS1
	. "$LAB/toolchain.sh"
	toolchain_select "$1" "$KDIR" "$ROOT/toolchain"
}

kernel_main() {
	local kernel=host what=kdir
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) kernel=${2:?--kernel wants a name}; shift 2 ;;
		--print) what=${2:?--print wants a word}; shift 2 ;;
		-h | --help) kernel_usage; exit 0 ;;
		*) die "kernel: unknown argument '$1'; see lab kernel --help." ;;
		esac
	done
	kernel_select "$kernel"
	case $what in
	kdir) echo "$KDIR" ;;
	release) echo "$RELEASE" ;;
	image) echo "$IMAGE" ;;
	*) die "kernel: --print knows kdir, release and image, not '$what'." ;;
	esac
}
