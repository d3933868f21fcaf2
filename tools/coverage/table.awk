# SPDX-License-Identifier: GPL-2.0-only
# Reads "FILE LINE COUNT" of KUnit, then of the user tests, and prints the table
# of `make coverage`: for each file how many lines have code, how many per cent
# of them ran in each kind of suite and in either, and which did not run. Fails
# if less of the rooms or of the module ran than is wanted.
#
# The two kernels are not built alike, so a line may have code in one of them
# only; each per cent is of the lines that could have run there.
#
# Variables: rooms - regular expression of the files that KUnit has to cover by
#            itself; rooms_wanted, module_wanted - per cent

{
	suite = FILENAME == ARGV[1] ? "kunit" : "user"
	code[$1, $2, suite] = 1
	if ($3 > 0)
		ran[$1, $2, suite] = 1
	if ($2 > last[$1])
		last[$1] = $2
}

function percent(part, all) {
	return all ? int(part * 1000 / all) / 10 : 0
}

# row: of the sums that begin with @of
function row(name, of, gaps,	line) {
	line = sprintf("%-24s %5d  %5.1f %%  %5.1f %%  %5.1f %%  %s", name, sum[of, "either"],
		       percent(sum[of, "ran", "kunit"], sum[of, "kunit"]),
		       percent(sum[of, "ran", "user"], sum[of, "user"]),
		       percent(sum[of, "ran", "either"], sum[of, "either"]), gaps)
	sub(/ +$/, "", line)
	return line
}

function add(file, what, yes) {
	if (!yes)
		return
	sum[file, what]++
	sum["module", what]++
	if (file ~ rooms)
		sum["rooms", what]++
}

function gap(first, end) {
	return first ? " " first (end > first ? "-" end : "") : ""
}

# count: adds up the lines of a file and prints its row. Lines without code do
# not end a gap.
function count(file,	line, k, u, did, gaps, first, end) {
	for (line = 1; line <= last[file]; line++) {
		k = (file, line, "kunit") in code
		u = (file, line, "user") in code
		if (!k && !u)
			continue
		add(file, "kunit", k)
		add(file, "user", u)
		add(file, "either", 1)
		k = (file, line, "kunit") in ran
		u = (file, line, "user") in ran
		add(file, "ran" SUBSEP "kunit", k)
		add(file, "ran" SUBSEP "user", u)
		add(file, "ran" SUBSEP "either", k || u)
		did = file ~ rooms ? k || !((file, line, "kunit") in code) : k || u
		if (did) {
			gaps = gaps gap(first, end)
			first = 0
		} else {
			end = line
			first = first ? first : line
		}
	}
	print row(file, file, substr(gaps gap(first, end), 2)) | "LC_ALL=C sort"
}

function verdict(what, part, all, wanted) {
	printf "%s: %.1f %%, wanted %d %%\n", what, percent(part, all), wanted
	if (!all || part * 100 < wanted * all)
		failed = 1
}

END {
	printf "%-24s %5s  %7s  %7s  %7s  %s\n", "", "lines", "KUnit", "user", "either",
	       "lines that did not run (of the rooms: in KUnit)"
	fflush()
	for (file in last)
		count(file)
	close("LC_ALL=C sort")
	print row("rooms", "rooms")
	print row("module", "module")
	verdict("the rooms, by KUnit", sum["rooms", "ran", "kunit"], sum["rooms", "kunit"], rooms_wanted)
	verdict("the module, by all suites", sum["module", "ran", "either"], sum["module", "either"],
		module_wanted)
	exit failed
}
