# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the checks: which files there are.

# our_files PATTERN...: the project's files, as git has them or would take them
our_files() {
	local list file
	list=$(git -c safe.directory='*' ls-files --cached --others --exclude-standard -- "$@") || return 1
	while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done <<<"$list" | sort -u
}
