# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# lab source: the kernel's source as Debian ships it, unpacked in the cache.

source_usage() {
	cat <<'END'
Usage: lab source [--kernel SUITE]

Fetches the linux-source package of this machine's Debian (or of another
suite), unpacks it in the cache, and prints the folder. Fast, and without
network, when it is there already. The tree is shared: build out of it (O=),
never in it.
END
}

# source_fetch SUITE: prints the folder of the unpacked source
source_fetch() {
	local suite=$1 package version final part
	cache_lock source
	apt_select "$suite"
	package=$(apt_depends linux-source '^linux-source-[0-9]' | head -n 1)
	if [ -z "$package" ]; then
		apt_update
		package=$(apt_depends linux-source '^linux-source-[0-9]' | head -n 1)
	fi
	[ -n "$package" ] || die "apt knows no linux-source package in the suite '$suite'."
	version=$(apt_version "$package")
	final=$CACHE/source/$version
	if [ ! -d "$final" ]; then
		part=$CACHE/source/.partial
		rm -rf "$part"
		if ! apt_unpack "$part" "$package"; then
			rm -rf "$part"
			apt_update
			version=$(apt_version "$package")
			final=$CACHE/source/$version
			apt_unpack "$part" "$package" || die "$package could not be fetched."
		fi
		say "unpacking $package $version"
		mkdir "$part/tree"
		tar -xf "$part/usr/src/$package".tar.* -C "$part/tree" --strip-components=1
		mv "$part/tree" "$final"
		rm -rf "$part"
	fi
	echo "$final"
}

source_main() {
	local suite=host
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) suite=${2:?--kernel wants a suite}; shift 2 ;;
		-h | --help) source_usage; exit 0 ;;
		*) die "source: unknown argument '$1'; see lab source --help." ;;
		esac
	done
	source_fetch "$suite"
}
