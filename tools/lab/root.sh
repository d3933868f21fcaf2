# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# lab root: a Debian of this machine's suite as a folder, with kernels that can
# boot it, for jobs that need its userland, and for chroot.
#
# roots/SUITE-KEY   one as it was made, never changed; KEY tells what is in it
#
# Folders appear by rename, whole or not at all.

# Besides kernels and headers: what a Debian that builds modules has.
ROOT_PACKAGES=(ccache dkms kmod libc6-dev systemd udev)

root_usage() {
	cat <<'END'
Usage: lab root FOLDER

Lays out a Debian of this machine's suite in the new folder, and prints the
releases of its kernels, the oldest first: the cloud kernels of that suite and
of its backports. It has their headers and dkms. Made once with mmdebstrap from
the archives that this machine uses (minutes), then copied from the cache.
Needs root, as does whatever is done with such a folder.
END
}

# root_suite: the name of this machine's Debian
root_suite() {
	# shellcheck disable=SC1091 # of the machine
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# root_releases SUITE: its kernels, by what apt knows
root_releases() {
	local suite package
	for suite in host "$1-backports"; do
		apt_select "$suite"
		package=$(kernel_package)
		[ -n "$package" ] || die "apt knows no cloud kernel for '$suite'."
		echo "${package#linux-image-}"
	done | sort -V
}

# root_make SUITE RELEASES FOLDER
root_make() {
	local suite=$1 releases=$2 folder=$3 release packages=${ROOT_PACKAGES[*]}
	for release in $releases; do
		packages+=" linux-image-$release linux-headers-$release"
	done
	say "making a Debian $suite with the kernels" $releases "(minutes, once)"
	{
		apt_archives 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)'
		echo "deb $(apt_archive) $suite-backports main"
	} >"$folder.list"
	# The lab has an initramfs of its own.
	INITRD=No mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
		--include="$packages" --dpkgopt=force-unsafe-io --aptopt='APT::Sandbox::User "root"' --dpkgopt='path-exclude=/usr/share/locale/*' \
		"$suite" "$folder" "$folder.list" >"$folder.log" 2>&1 9>&-
}

# root_cached: prints the folder in the cache, made if need be
root_cached() {
	local suite releases final part
	suite=$(root_suite)
	releases=$(root_releases "$suite")
	final=$CACHE/roots/$suite-$(sha256sum <<<"$releases ${ROOT_PACKAGES[*]}" | cut -c1-12)
	if [ ! -d "$final" ]; then
		part=$CACHE/roots/.partial
		rm -rf "$CACHE/roots"
		mkdir -p "$CACHE/roots"
		if ! root_make "$suite" "$releases" "$part"; then
			tail -n 30 "$part.log" >&2
			return 1
		fi
		rm "$part.list" "$part.log"
		mv "$part" "$final"
	fi
	echo "$final"
}

# root_select FOLDER RELEASE: sets what kernel_select does, for one of its kernels
# or the newest
root_select() {
	local folder=$1
	ROOT=$folder
	RELEASE=${2:-$(root_kernels "$folder" | tail -n 1)}
	KDIR=
	IMAGE=$folder/boot/vmlinuz-$RELEASE
	[ -f "$IMAGE" ] || die "$folder has no kernel $RELEASE, but" $(root_kernels "$folder")"."
	KERNEL_MAKE=()
	DISK_MODULES="virtio_pci virtio_blk ext4"
	DISK_PREFIX=/dev/vd
	JOB_TTY=/dev/ttyS1
}

# root_kernels FOLDER: the releases of its kernels, the oldest first
root_kernels() {
	(cd "$1/lib/modules" && printf '%s\n' *) | sort -V
}

root_main() {
	local folder cached suite
	case ${1---help} in
	-h | --help) root_usage; exit 0 ;;
	-*) die "root: unknown option '$1'; see lab root --help." ;;
	esac
	folder=$1
	[ "$(id -u)" -eq 0 ] || die "a Debian root can only be made as root: run it as root."
	. "$LAB/kernel.sh"
	cache_lock roots
	if ! cached=$(root_cached); then
		# Package lists that are older than the archive name kernels that are gone.
		for suite in host "$(root_suite)-backports"; do
			apt_select "$suite"
			apt_update
		done
		cached=$(root_cached) || die "the Debian root could not be made."
	fi
	mkdir -p "$(dirname "$folder")"
	cp -a "$cached" "$folder"
	root_kernels "$folder"
}
