# SPDX-License-Identifier: GPL-2.0-only
# Turns a syzlang description and its constants into C that does not compile
# unless both say what the header says: each structure's fields in their order, at
# their places, of their sizes, and each constant's value.

function width(type,   of, nr) {
	if (type ~ /^array\[int64, */) {
		nr = type
		gsub(/^array\[int64, *|\]$/, "", nr)
		return "(8 * " nr ")"
	}
	if (type ~ /^string\[[a-z_]*, */) {
		nr = type
		gsub(/^string\[[a-z_]*, *|\]$/, "", nr)
		return "(" nr ")"
	}
	if (type ~ /^fd_/ || type ~ /int32(\]|$)/)
		return "4"
	if (type ~ /^ptr64/ || type ~ /int64(\]|$)/)
		return "8"
	return "unknown_type"
}

BEGIN {
	print "#include <stddef.h>"
	print "#include <fcntl.h>"
	print "#include <linux/vmzone.h>"
	print "#define SAME(what) _Static_assert(what, #what)"
}

# A constant: NAME = NUMBER, in the second file.
FILENAME ~ /\.const$/ {
	if ($2 == "=" && $1 != "arches" && $1 !~ /^#/)
		print "SAME((unsigned long long)" $1 " == " $3 "ULL);"
	next
}

/^[a-z_]+ \{$/ {
	name = $1
	at = "0"
	next
}
/^\}$/ {
	print "SAME(sizeof(struct " name ") == " at ");"
	name = ""
	next
}
name != "" && /^\t/ {
	field = $1
	type = $0
	sub(/^\t[a-z_0-9]+\t+/, "", type)
	sub(/\t\((in|out|inout)\)$/, "", type)
	print "SAME(offsetof(struct " name ", " field ") == " at ");"
	print "SAME(sizeof(((struct " name " *)0)->" field ") == " width(type) ");"
	at = at " + " width(type)
}
