# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Sourced by the jobs that run in a Debian where vmzone was installed as on any
# machine: what dkms, modprobe and the files say of it. The job has in its
# folder the list of files from before the installation: files-before.

. ./programs.sh
release=$(uname -r)

# loads VERSION: modprobe finds the module, of that version
loads() {
	modprobe vmzone && udevadm settle && [ "$(cat /sys/module/vmzone/version)" = "$1" ]
}

unloads() {
	modprobe -r vmzone && udevadm settle && [ ! -e /dev/vmzone ]
}

# dkms_says STATE...: for this kernel, of all versions of vmzone
dkms_says() {
	dkms status vmzone | sed -n "s|^vmzone/\([^,]*\), $release, [^:]*: |\1 |p" >/tmp/states
	cat /tmp/states
	[ "$(cat /tmp/states)" = "$(printf '%s\n' "$@")" ]
}

# modprobe_finds_none: neither vmzone nor a line about it
modprobe_finds_none() {
	refused 'not found' modprobe vmzone && ! grep vmzone /lib/modules/*/modules.*
}

# files_as_before: none is left, and none is gone
files_as_before() {
	./list-files >/tmp/files-now && diff files-before /tmp/files-now
}
