# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# lab module: builds vmzone.ko for a kernel.
#
# The objects of one clone and one kernel have a folder of their own in the
# cache, where the sources are symbolic links to the clone: kernels never mix,
# a second build compiles only what changed, and the clone stays clean.

# For the kernel's make. BTF of a module needs the kernel's own, which the headers do
# not carry, so it does not matter which pahole there is; and the compiler, which has
# the name that the headers want, may be a later release of it than the kernel's.
MODULE_MAKE=(
	CONFIG_DEBUG_INFO_BTF_MODULES= 'PAHOLE_VERSION=$(CONFIG_PAHOLE_VERSION)'
	DEBIAN_KERNEL_NO_CC_VERSION_CHECK=yes
)

module_usage() {
	cat <<'END'
Usage: lab module [--kernel KERNEL | --kdir FOLDER] [--variant NAME] [--anew]
                  [VARIABLE=VALUE...]
       lab module --clean

Builds vmzone.ko for a kernel (see lab kernel --help), or against any other
headers' folder, and prints its path. VARIABLE=VALUE goes to the kernel's
make: W=1, C=2, KCFLAGS=... Builds of different variants are kept apart.
--anew compiles everything again; --clean removes every build of this clone.
END
}

# module_tree NAME: prints the build folder of this clone for that kernel
module_tree() {
	local clone
	clone=$(printf %s "$TOP" | sha256sum | cut -c1-12)
	echo "$CACHE/build/$clone/$1"
}

# module_farm FOLDER: links the sources into it and drops what is gone
module_farm() {
	local folder=$1 place
	mkdir -p "$folder"
	find "$folder" -type l -delete
	for place in Kbuild VERSION module include; do
		cp -rs "$TOP/$place" "$folder/"
	done
}

# module_build_other KDIR NAME FOLDER: a module that is not vmzone, from a folder
# of the clone with a Kbuild; prints its path
module_build_other() {
	local folder place
	folder=$(module_tree "$2-$(basename "$3")")
	cache_lock "build-$(echo "${folder#"$CACHE/build/"}" | tr / -)"
	mkdir -p "$folder"
	find "$folder" -type l -delete
	for place in "$TOP/$3"/*; do
		ln -s "$place" "$folder/"
	done
	nice make -s -C "$1" M="$folder" "${MODULE_MAKE[@]}" "${KERNEL_MAKE[@]}" modules >&2 9>&- ||
		die "the module of $3 does not build against $1."
	echo "$folder"/*.ko
}

# module_build KDIR NAME [VARIABLE=VALUE...]: with KERNEL_MAKE besides; prints the path of vmzone.ko
module_build() {
	local kdir=$1 folder
	folder=$(module_tree "$2")
	shift 2
	cache_lock "build-$(echo "${folder#"$CACHE/build/"}" | tr / -)"
	module_farm "$folder"
	nice make -s -C "$kdir" M="$folder" -j"$(nproc)" \
		"${MODULE_MAKE[@]}" "${KERNEL_MAKE[@]}" "$@" modules >&2 9>&- ||
		die "the module does not build against $kdir."
	# By rename: another run may be reading the one of before.
	mkdir -p "$folder/built"
	cp "$folder/vmzone.ko" "$folder/built/.partial"
	mv "$folder/built/.partial" "$folder/built/vmzone.ko"
	echo "$folder/built/vmzone.ko"
}

module_main() {
	local kernel=host kdir= variant= anew=
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) kernel=${2:?--kernel wants a name}; shift 2 ;;
		--kdir) kdir=${2:?--kdir wants a folder}; shift 2 ;;
		--variant) variant=-${2:?--variant wants a name}; shift 2 ;;
		--anew) anew=yes; shift ;;
		--clean) rm -rf "$(module_tree .)"; exit 0 ;;
		-h | --help) module_usage; exit 0 ;;
		*=*) break ;;
		*) die "module: unknown argument '$1'; see lab module --help." ;;
		esac
	done
	if [ -z "$kdir" ]; then
		. "$LAB/kernel.sh"
		kernel_select "$kernel"
		kdir=$KDIR
	else
		RELEASE=$(make -s -C "$kdir" kernelrelease)
		KERNEL_MAKE=()
	fi
	[ -z "$anew" ] || rm -rf "$(module_tree "$RELEASE$variant")"
	module_build "$kdir" "$RELEASE$variant" "$@"
}
