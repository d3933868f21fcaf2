# SPDX-License-Identifier: GPL-2.0-only
# Reads the log of a kernel that ran KUnit suites and prints flat TAP: a line
# for each case, or for each parameter of a case that has some, then one for
# the whole run and one for the reports of the kernel's checkers. What the log
# says before a result is printed as diagnostics if the result is "not ok".
#
# Variables: splats - a file of regular expressions, one a line, that no line
# of the log may match.
#
# Nesting in the log: suites end at column 0, cases at 4, parameters at 8.

BEGIN {
	while ((getline pattern < splats) > 0)
		if (pattern != "" && pattern !~ /^#/)
			pattern_list = pattern_list (pattern_list ? "|" : "") pattern
	print "TAP version 13"
}

# The last lines before a result; all of them are in the log.
function diagnose(prefix,	i) {
	for (i = nr_said > 60 ? nr_said - 59 : 1; i <= nr_said; i++)
		if (prefix == "" || said[i] ~ prefix)
			print "# " said[i]
	nr_said = 0
}

function result(ok, name) {
	printf "%s %d - %s\n", ok ? "ok" : "not ok", ++nr_results, name
	if (!ok)
		nr_failed++
	# Of cases that passed, only what they say themselves, such as a seed.
	diagnose(ok ? "^ +# [a-z0-9_]+: [^p]" : "")
}

# The directive of a result line: "ok 1 name # SKIP why".
function split_line(line) {
	ok = line !~ /^ *not ok/
	sub(/^ *(not )?ok [0-9]+ (- )?/, "", line)
	skip = ""
	if (match(line, / # SKIP.*/)) {
		skip = substr(line, RSTART)
		line = substr(line, 1, RSTART - 1)
	}
	sub(/ +$/, "", line)
	name = line
}

{
	sub(/\r$/, "")
	sub(/^\[ *[0-9.]+\](\[.*\])? /, "")
}

pattern_list && $0 ~ pattern_list {
	nr_splats++
	quote = 40
}
quote > 0 { splat_text = splat_text "# " $0 "\n"; quote-- }

/^1\.\.[0-9]+/ { nr_planned = substr($0, 4) + 0; next }
/^ *(KTAP|TAP) version/ || /^ *1\.\.[0-9]+/ { next }
/^    # Subtest: / { suite = $3; suite_failed = 0; nr_said = 0; next }
/^        # Subtest: / { test = $3; nr_params = params_failed = 0; next }

/^        (not )?ok [0-9]+ / {
	split_line($0)
	nr_params++
	if (!ok)
		params_failed = suite_failed = 1
	result(ok, suite "." test "/" name skip)
	next
}

/^    (not )?ok [0-9]+ / {
	split_line($0)
	if (!ok)
		suite_failed = 1
	if (!(nr_params && name == test && (ok || params_failed)))
		result(ok, suite "." name skip)
	nr_params = 0
	next
}

/^(not )?ok [0-9]+ / {
	split_line($0)
	nr_suites++
	if (!ok && !suite_failed)
		result(0, name)
	nr_said = 0
	next
}

{ said[++nr_said] = $0 }

END {
	result(nr_planned && nr_suites == nr_planned && nr_results,
	       "kunit.all_suites_ended")
	nr_said = 0
	result(!nr_splats && pattern_list, "kunit.no_reports_in_log")
	printf "%s", splat_text
	print "1.." nr_results
	exit nr_failed > 0
}
