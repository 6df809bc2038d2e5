#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the test programs of one tier, one after the other or N at a time, and says in one line each how many of their
# tests passed. A program tells its numbers by cmocka's closing lines or by a last line "N passed, N failed[, N
# skipped]"; one that gives none, is killed, or ends with an error that its numbers don't show counts as one failure.
# Exit status 77 without numbers is a skip, and a line "SKIP: why" is shown. What failed is said once more before the
# closing line, so that the end of a long output tells it. The sums are appended to a file, what failed to FILE.failed,
# and why something was skipped to FILE.skipped, for `make check`.
#
#   tests/run.sh --tier NAME [--totals FILE] [--logs DIR] [--timeout S] [--netns] [--jobs N]
#			[--wrap COMMAND] PROGRAM...
#   tests/run.sh --sum FILE		one line per tier and per reason to skip, and the last line that counts them all
set -u

# The sums of stdin's lines "NAME PASSED FAILED SKIPPED" as the closing line; fails if something failed.
closing_line() {
	awk '{ p += $2; f += $3; s += $4 }
	END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""; exit f != 0 }'
}

# What a log says: "PASSED FAILED SKIPPED", or nothing if it has no numbers.
numbers() {
	awk '
	# "[==========] 3 test(s) run.", "[  PASSED  ] 3 test(s)."; newer versions put the name of the group in front
	function count() { return match($0, /[0-9]+ test\(s\)/) ? substr($0, RSTART) + 0 : 0 }
	/^\[==========\].*Running [0-9]+ test/	{ open++; cmocka = 1; next }
	/^\[==========\].*[0-9]+ test\(s\) run/	{ open--; ran += count() }
	/^\[  PASSED  \].*[0-9]+ test\(s\)/	{ passed += count() }
	/^\[  SKIPPED \].*[0-9]+ test\(s\), listed/	{ skipped += count() }
	/^\[  FAILED  \] GROUP (SETUP|TEARDOWN)/	{ group++ }
	/^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/	{ line = ($1 + 0) " " ($3 + 0) " " ($5 + 0) }
	END {
		if (cmocka)	# a group that began and never ended is one failure: the program left in its middle
			print passed + 0, ran - passed - skipped + group + open, skipped + 0
		else if (line)
			print line
	}' "$1"
}

# What a log says of the tests that failed, a line each: cmocka's name and its words, what a script calls FAILED, and
# as it stands what a runner inside of this one said.
failures() {
	awk -v tier="$tier" -v program="$name" -v why="$why" '
	function tell(text) { if (n++ < 12) print "failed: " tier " " program ": " substr(text, 1, 300) }
	/^failed: /				{ n++; print; next }
	/^\[  ERROR   \] --- /			{ sub(/^[^-]*--- /, ""); words = words " " $0; next }
	/^\[  FAILED  \] .*test\(s\)/		{ next }
	/^\[  FAILED  \] /			{ sub(/^[^A-Za-z]*FAILED *\] /, ""); tell($0 ":" words); words = ""; next }
	/^FAIL(ED)?:? /				{ sub(/^FAIL(ED)?:? */, ""); tell($0); next }
	NF					{ last = $0 }
	END					{ if (!n) tell(why ? why : last) }' "$1"
}

# Why stdin's lines "PROGRAM WHY" were skipped: a line for each reason, the most frequent first.
reasons() {
	awk '{
		why = substr($0, length($1) + 2)
		n[why]++
		if (!index(who[why] " ", " " $1 " "))
			who[why] = who[why] " " $1
	}
	END { for (why in n) printf "%d\tskipped: %s (%d:%s)\n", n[why], why, n[why], who[why] }' | sort -k1,1nr -k2 | cut -f2-
}

# run_one PROGRAM: runs it, prints its line, appends its numbers to $sums
run_one() {
	name=$(basename "$1" .sh)
	log=$logs/$tier/$name.log
	began=$(date +%s)
	# shellcheck disable=SC2086 # $enter and $wrap are commands with arguments
	timeout -k 10 "$timeout" $enter $wrap "$1" </dev/null >"$log" 2>&1
	rc=$?
	took=$(($(date +%s) - began))
	why=
	case $rc in
	0) ;;
	124) why="no end after $timeout s" ;;
	1[3-9][0-9]) why="killed by signal $((rc - 128))" ;;
	*) why="exit status $rc" ;;
	esac

	# shellcheck disable=SC2046 # three words
	set -- $(numbers "$log")
	if [ $# = 0 ] && [ $rc = 77 ]; then
		set -- 0 0 1
	elif [ $# = 0 ]; then
		why=${why:-"no numbers in its output"}
		set -- 0 1 0
	elif [ $rc != 0 ] && [ "$2" = 0 ]; then
		set -- "$1" 1 "$3"
	fi
	echo "$name $1 $2 $3" >>"$sums"

	text="$1 passed"
	[ "$2" = 0 ] || text="$text, $2 FAILED${why:+ ($why)}"
	[ "$3" = 0 ] || text="$text, $3 skipped"
	[ "$took" -lt 2 ] || text="$text  ($took s)"
	printf '%-7s%-32s%s\n' "$tier" "$name" "$text"
	[ "$3" = 0 ] || sed -n "s/^.*SKIP: */$name /p" "$log" | tee -a "$skipped" | cut -d' ' -f2- | sort -u | head -n 20 |
		sed 's/^/       skipped: /'
	[ "$2" = 0 ] || failures "$log" >>"$failed"
	if [ -n "${V:-}" ]; then
		cat "$log"
	elif [ "$2" != 0 ]; then
		echo "       ---- the end of $log"
		tail -n 60 "$log" | sed 's/^/       /'
	fi
}

# worker PROGRAM...: runs those that no other worker has taken; what is said of one comes in one piece
worker() {
	for program; do
		mkdir "$taken/${program##*/}" 2>/dev/null || continue
		said=$(run_one "$program")
		printf '%s\n' "$said"
	done
}

tier=tests jobs=1 totals='' logs=build/logs timeout=600 netns='' wrap='' enter=''
while [ $# -gt 0 ]; do
	case $1 in
	--sum)
		awk '{ printf "%-7s%5d passed, %d failed%s\n", $1, $2, $3, $4 ? ", " $4 " skipped" : "" }' "$2"
		[ ! -f "$2.skipped" ] || reasons <"$2.skipped"
		[ ! -f "$2.failed" ] || cat "$2.failed"
		closing_line <"$2"
		exit
		;;
	--tier) tier=$2 && shift 2 ;;
	--totals) totals=$2 && shift 2 ;;
	--logs) logs=$2 && shift 2 ;;
	--timeout) timeout=$2 && shift 2 ;;
	--wrap) wrap=$2 && shift 2 ;;
	--jobs) jobs=$2 && shift 2 ;;
	--netns) netns=1 && shift ;;
	--*) echo "tests/run.sh: unknown option $1" >&2 && exit 2 ;;
	*) break ;;
	esac
done

mkdir -p "$logs/$tier"
sums=$logs/$tier/sums
failed=$logs/$tier/failed
skipped=$logs/$tier/skipped
: >"$sums"
: >"$failed"
: >"$skipped"

if [ -n "$netns" ]; then	# as root a plain network namespace, or else one inside a user namespace
	for enter in 'unshare -n -m' 'unshare -r -n -m' ''; do
		[ -n "$enter" ] && $enter true 2>/dev/null && break
	done
	if [ -z "$enter" ]; then
		echo "       skipped: $tier: neither root nor allowed to make user namespaces"
		echo "$tier neither root nor allowed to make user namespaces" >>"$skipped"
		echo "$tier 0 0 $#" >>"$sums"
		set --
	fi
fi

if [ $# = 0 ] && [ ! -s "$sums" ]; then
	echo "       FAILED: $tier: there are no programs in this tier"
	echo "$tier 0 1 0" >>"$sums"
fi
taken=$(mktemp -d) workers=
trap 'kill $workers 2>/dev/null; rm -rf "$taken"' EXIT
trap 'exit 130' INT TERM HUP
while [ "$jobs" -gt 0 ]; do
	worker "$@" &
	workers="$workers $!"
	jobs=$((jobs - 1))
done
# shellcheck disable=SC2086 # pids
wait $workers
workers=
closing=$(closing_line <"$sums")
rc=$?
cat "$failed"
[ -z "$totals" ] || cat "$failed" >>"$totals.failed"
[ -z "$totals" ] || cat "$skipped" >>"$totals.skipped"
[ -z "$totals" ] || echo "$tier $closing" | awk '{ print $1, $2 + 0, $4 + 0, $6 + 0 }' >>"$totals"
echo "$closing"
exit $rc
