# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by lab run: what a guest boots with. An initramfs (busybox, init,
# modules, the job with its programs and files) and disk images for bulk.

# image_program FOLDER PROGRAM: copies a program and the libraries that ldd
# names; a name without a slash is looked up in PATH
image_program() {
	local folder=$1 program=$2 path library
	case $program in
	*/*) path=$program ;;
	*) path=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program") || path= ;;
	esac
	[ -x "$path" ] || die "the job needs the program '$program', which is not here."
	cp -L "$path" "$folder/lab/bin/"
	# ldd fails on a program that is linked statically.
	{ ldd "$path" 2>/dev/null || true; } | sed -n 's/^[^/]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
		image_library "$folder" "$library"
	done
}

image_library() {
	[ ! -e "$1$2" ] || return 0
	mkdir -p "$1$(dirname "$2")"
	cp -L "$2" "$1$2"
}

# image_module_list ROOT RELEASE NAME...: the files to insmod, in order
image_module_list() {
	local root=$1 release=$2 name
	shift 2
	for name; do
		modprobe --config /dev/null -d "$root" -S "$release" --show-depends "$name" ||
			die "the kernel $release has no module '$name'."
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

# image_modules FOLDER ROOT RELEASE NAME...: copies the modules and writes
# lab/insmod; a kernel without a ROOT has everything built in
image_modules() {
	local folder=$1 path
	mkdir -p "$folder/lab/modules"
	if [ -z "$2" ]; then
		: >"$folder/lab/insmod"
		return
	fi
	image_module_list "${@:2}" | while read -r path; do
		cp "$path" "$folder/lab/modules/"
		echo "/lab/modules/$(basename "$path")"
	done >"$folder/lab/insmod"
}

# image_initramfs FOLDER FILE: packs the folder
image_initramfs() {
	(cd "$1" && find . | cpio --quiet -o -H newc -R 0:0) >"$2"
}

# image_disk FILE FOLDER [SPARE]: an ext4 image with the folder's contents, and
# room for so many MiB more
image_disk() {
	local file=$1 folder=$2 spare=${3-0} mebibytes
	# Whole blocks for every file, its inode, and the file system's own tables.
	mebibytes=$(($(du -sm --apparent-size "$folder" | cut -f1) * 21 / 20 +
		$(find "$folder" | wc -l) / 128 + 16 + spare))
	truncate -s "${mebibytes}M" "$file"
	PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F -m 0 -O ^has_journal -d "$folder" "$file" ||
		die "no file system could be made of $folder."
}
