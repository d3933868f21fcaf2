# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by lab kernel: the compiler of a kernel from another Debian. The module
# is built with the compiler that the kernel's headers ask for, as dkms would,
# and with the tools that come with the headers; both may want a C library that
# this machine does not have.
#
# kernels/RELEASE/toolchain   compiler, binutils and the libraries of all these,
#                             unpacked from their suite; not there if this
#                             machine can build for that kernel by itself
#
# Nothing of it is installed and nothing runs as root: the programs are told by
# patchelf where the loader and the libraries of their suite are.

# toolchain_compiler KDIR: the compiler that the headers ask for
toolchain_compiler() {
	sed -n 's/^CC\>.*(CROSS_COMPILE)\(gcc-[0-9]*\)$/\1/p' "$1/.kernelvariables"
}

# toolchain_missing KDIR: whether this machine lacks the compiler, or cannot run
# the headers' own tools
toolchain_missing() {
	! command -v "$(toolchain_compiler "$1")" >/dev/null ||
		ldd "$1/scripts/mod/modpost" 2>&1 | grep 'not found' >/dev/null
}

# toolchain_programs FOLDER...: every dynamically linked program below them
toolchain_programs() {
	local file
	find "$@" -type f -perm -u+x | while read -r file; do
		! patchelf --print-interpreter "$file" >/dev/null 2>&1 || echo "$file"
	done
}

# toolchain_unpack SUITE KDIR FOLDER: FOLDER is where it will be used, too
toolchain_unpack() {
	local suite=$1 kdir=$2 folder=$3 compiler packages multiarch
	compiler=$(toolchain_compiler "$kdir")
	multiarch=$(gcc -print-multiarch)
	# Backports are built with the compiler of the suite they are for.
	apt_select "${suite%-backports}"
	packages="$compiler-${multiarch//_/-}"
	[ -n "$(apt_version "$packages")" ] || apt_update
	packages=$(apt_closure "$packages" libelf1 libssl3 zlib1g)
	[ -n "$packages" ] || die "the suite '$APT_SUITE' offers no $compiler, with which the kernel of '$suite' was built."
	rm -rf "$folder.partial"
	# shellcheck disable=SC2086 # a list of names
	apt_unpack "$folder.partial" $packages || die "the compiler of the suite '$APT_SUITE' could not be fetched."
	toolchain_programs "$folder.partial/usr" "$kdir/scripts/" "$kdir/tools/" | while read -r file; do
		patchelf --set-interpreter "$folder/usr/lib/$multiarch/$(basename "$(patchelf --print-interpreter "$file")")" \
			--force-rpath --set-rpath "$folder/usr/lib/$multiarch" "$file"
	done
	# The compiler looks for its assembler in PATH, by this name.
	mkdir "$folder.partial/bin"
	ln -s "../usr/bin/$multiarch-as" "$folder.partial/bin/as"
	for file in "$folder.partial/usr/bin/$multiarch"-*; do
		ln -s "../usr/bin/$(basename "$file")" "$folder.partial/bin/"
	done
	mv "$folder.partial" "$folder"
}

# toolchain_select SUITE KDIR FOLDER: makes this shell build with what KDIR wants
toolchain_select() {
	if [ ! -d "$3" ]; then
		toolchain_missing "$2" || return 0
		(
			cache_lock kernels
			[ -d "$3" ] || toolchain_unpack "$@"
		)
	fi
	export PATH="$3/bin:$PATH"
}
