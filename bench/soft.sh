#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For CI's log: how far the library is from the floor, in half a minute. The limit is soft: on a machine that others use
# too a ratio says little, so it is printed and never fails. What is counted instead of measured has hard limits, in
# tests/netns/test_counts.c and test_calls.c.
#   bench/soft.sh BENCH_LINKS BENCH_READ
set -eu

limit=1.3
out=$(mktemp)
needed=$(mktemp)
trap 'rm -f "$out" "$needed"' EXIT
# The two that are compared come first, the others are there as long as there is time.
measure() {
	printf '%s\t%s\t%s\n' "$2" "$3" weir "$2" "$3" floor >"$needed"
	"$1" --only "$2" --n "$3" --rounds 7 --needed "$needed" --until $(($(date +%s) + 8)) --json "$out" >/dev/null ||
		echo "$2: not measured"
}
measure "$1" veth 100
measure "$1" tap 100
measure "$1" 'delete' 100
measure "$2" 'read all' 2000
jq -r --argjson limit "$limit" 'select(.arm == "weir") |
	"\(.workload), N = \(.n): \(.ratio.median * 100 | round / 100) times the floor" +
	(if .ratio.median > $limit then " (above the soft limit of \($limit): look at it, or at what else the machine does)"
	else " (soft limit \($limit))" end)' "$out"
