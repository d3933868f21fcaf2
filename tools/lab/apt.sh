# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the lab: packages through apt, fetched and unpacked but never
# installed.
#
# A suite is `host` (whatever this machine's own apt offers) or the name of
# another Debian suite (bookworm-backports, trixie, sid, ...). Another suite
# gets apt folders of its own in the cache, so that the machine's apt state
# stays as it is; its archive is the one that the machine already uses.

APT_OPTIONS=()

# apt_archives FORMAT [FILTER...]: the package lists of Debian's that this machine
# uses, a line each, in the words of apt-get indextargets; fetched if it has none
apt_archives() {
	local format=$1 list
	shift
	set -- --format "$format" 'Created-By: Packages' 'Origin: Debian' "$@"
	list=$(apt-get indextargets "$@")
	if [ -z "$list" ]; then
		"$TOP/tools/setup/as-root" apt-get update -qq >&2 || true
		list=$(apt-get indextargets "$@")
	fi
	[ -z "$list" ] || echo "$list"
}

# apt_archive: where Debian's packages come from. Not by head, which closes the pipe
# on whoever has more to say: that would end the lab without a word.
apt_archive() {
	apt_archives '$(REPO_URI)' 'Label: Debian' | sed -n 1p
}

# apt_select SUITE: which suite the functions below speak about
apt_select() {
	local suite=$1 root archive component
	APT_OPTIONS=(-o APT::Sandbox::User=root -o Acquire::Retries=3)
	APT_SUITE=$suite
	[ "$suite" != host ] || return 0

	root=$CACHE/apt/$suite
	mkdir -p "$root/lists/partial" "$root/archives/partial"
	component=main
	archive=$(apt_archive)
	[ -n "$archive" ] || die "apt-get indextargets names no Debian archive, so the suite '$suite' cannot be found."
	echo "deb $archive $suite $component" >"$root/sources.list"
	APT_OPTIONS+=(
		-o "Dir::State::Lists=$root/lists"
		-o "Dir::State::Status=/dev/null"
		-o "Dir::Cache=$root"
		-o "Dir::Etc::SourceList=$root/sources.list"
		-o "Dir::Etc::SourceParts=/dev/null"
		-o "Dir::Etc::Preferences=/dev/null"
		-o "Dir::Etc::PreferencesParts=/dev/null"
	)
}

# apt_update: fresh package lists for the suite
apt_update() {
	say "updating the package lists of $APT_SUITE"
	if [ "$APT_SUITE" = host ]; then
		"$TOP/tools/setup/as-root" apt-get update -qq >&2
	else
		apt-get "${APT_OPTIONS[@]}" update -qq >&2
	fi || say "apt-get update failed; going on with the lists that are here"
}

# apt_depends PACKAGE PATTERN: the real packages that PACKAGE depends on and
# whose names match the extended regular expression
apt_depends() {
	apt-cache "${APT_OPTIONS[@]}" depends --important "$1" 2>/dev/null |
		sed -n 's/^ *|\{0,1\}Depends: \([^<].*\)$/\1/p' | grep -E -- "$2" | sort -u || true
}

# apt_version PACKAGE: the version that a download would get, or nothing
apt_version() {
	apt-cache "${APT_OPTIONS[@]}" policy "$1" 2>/dev/null |
		sed -n 's/^  Candidate: //p' | grep -v '^(none)$' || true
}

# apt_closure PACKAGE...: the packages and all that they depend on, as if nothing
# were installed; nothing if any of them cannot be had
apt_closure() {
	apt-get "${APT_OPTIONS[@]}" --simulate --no-install-recommends install "$@" 2>/dev/null |
		sed -n 's/^Inst \([^ ]*\) .*/\1/p' || true
}

# apt_unpack FOLDER PACKAGE...: fetches the packages and unpacks them there;
# leaves no folder when they cannot be had
apt_unpack() {
	local folder=$1 deb
	shift
	say "fetching $*"
	mkdir -p "$folder/debs"
	if ! (cd "$folder/debs" && apt-get "${APT_OPTIONS[@]}" download -qq "$@" >&2); then
		rm -rf "$folder"
		return 1
	fi
	for deb in "$folder"/debs/*.deb; do
		dpkg-deb --extract "$deb" "$folder" || return 1
	done
	rm -r "$folder/debs"
}
