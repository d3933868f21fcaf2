# SPDX-License-Identifier: GPL-2.0-only
# Reads what `gcov --stdout` prints of the objects of one build and prints
# "FILE LINE COUNT" for each line of module/ that has code, once: FILE is as
# seen from the top of the clone, whatever folder it was built in. A line that
# stands in several objects (a header's) ran as often as in all of them
# together.
#
# Variables: top - the clone, which says what is a file of ours.

# The farm of links, the kernel's tree and the clone all end the same way; the
# kernel has folders named module, too.
function ours(path,	name, first) {
	if (path !~ /(^|\/)module\/[a-z0-9_]+\.[ch]$/ || path ~ /(include|kernel)\/module\//)
		return ""
	name = path
	sub(/.*\//, "", name)
	return (getline first < (top "/module/" name)) >= 0 ? "module/" name : ""
}

{
	split($0, field, ":")
	count = field[1]
	line = field[2] + 0
	gsub(/[ *]/, "", count)
}

line == 0 && field[3] == "Source" {
	file = ours(substr($0, index($0, "Source:") + 7))
	next
}

file == "" || line == 0 || count == "-" || count == "" { next }

# Other than a number: it never ran.
{
	key = file " " line
	ran[key] += count ~ /^[0-9]/ ? count : 0
}

END {
	for (key in ran)
		print key, ran[key]
}
