#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From accuracy.jsonl to a table and a plot; nothing is typed in.
#   bench/accuracy_page.sh FOLDER
set -eu
cd "$1"

# A rate counts as one that the machine can send if at any time a tenth more came through the same way.
# shellcheck disable=SC2016 # jq's variables
words='
def of($r): select(.through == $r.through and .direction == $r.direction and .protocol == $r.protocol);
def median: sort | (.[length / 2 | floor] + .[(length - 1) / 2 | floor]) / 2;
def rows: [.[] | select(.bench == "accuracy")] | . as $all | [.[] | select(.method != "none")] |
	group_by([.through, .direction, .protocol, .method, .configured]) | map(.[0] as $r | ([$all[] | of($r) | .measured] | max) as $most |
		$r + {measured: (map(.measured) | median), trials: length, most: $most, reached: ($most > 1.1 * $r.configured)} |
		.off = (.measured / .configured - 1) * 100);
def mbit: . * 8 / 1e6 | if . >= 100 then round else (. * 100 | round / 100) end;
'
jq -rs --arg on "$(uname -sr), $(nproc) cores, $(date -u +%F)" "$words"'
def row: "| " + join(" | ") + " |";
def head: row + "\n" + ([.[] | "---"] | row);
def signed: (. * 100 | round / 100) | if . > 0 then "+\(.)" elif . == 0 then "0" else tostring end;
def cell: if . == null then "" elif .reached then "\(.off | signed) %" else "\(.measured | mbit) of \(.most | mbit) Mbit/s" end;
def waits: .method != "police";
. as $all | rows as $rows | ([$rows[].configured] | unique) as $rates |
"## Accuracy of limits\n\nWhat arrives against what was asked for, after the burst, as frames on the wire with their Ethernet headers: so HTB and TBF count,\nframes of a GSO packet one by one. Police counts them without. The payload is counted where it arrives,\nand the rate is the slope of the line through all arrivals of some seconds (`bench/flow.c`).\n\"5 of 6 Mbit/s\": with another limit or with none at most 6 came through, so it was not the limit that held it. A machine\nthat stands still for longer than a burst takes (1 ms at 1 Gbit/s) loses what it could have sent meanwhile.\n",
(["guest behind a", "direction", "protocol", "by", "most seen"] + [$rates[] | "\(mbit) Mbit/s"] | head),
($rows | group_by([.through, .direction, .protocol, .method]) | sort_by(.[0].through != "veth", .[0].through, .[0].method == "police") | .[] | . as $group |
	[.[0].through, .[0].direction, .[0].protocol, .[0].method, "\(.[0].most | mbit) Mbit/s"] + [$rates[] as $r | [$group[] | select(.configured == $r)][0] | cell] | row),
([$rows[].trials] | "\n\(if max == 1 then "One measurement" else "Medians of \(min) to \(max) measurements" end) of each; \($on)."),
([$rows[] | select(waits and .reached)] | "\nBy HTB and TBF \([.[] | select(.off | fabs <= 2)] | length) of \(length) are within 2 %" +
	(sort_by(.off | fabs)[-1] | if . then "; the largest difference is \(.off | signed) % (\(.through), \(.direction), \(.protocol), by \(.method), \(.configured | mbit) Mbit/s).\n" else ".\n" end)),
([$all[] | select(.bench == "read back")] | if length > 0 then "Faster ones are only read back:\n\n" + (["asked for", "weir reads", "tc reads"] | head) + "\n" +
	([.[] | ["\(.configured | mbit / 1000) Gbit/s", "\(.read | mbit / 1000) Gbit/s", .tc] | row] | join("\n")) else empty end),
"\n![accuracy](accuracy.svg)"
' accuracy.jsonl >accuracy.md

command -v gnuplot >/dev/null || { echo "no gnuplot, so no plot; the table is $1/accuracy.md"; exit 0; }
jq -rs "$words"'[rows[] | select(.reached)] | group_by([.method == "police", .through, .method]) | .[] |
	"\"\(.[0].through), \(.[0].method)\"", (.[] | "\(.configured * 8 / 1e6) \(.off)"), "\n"' accuracy.jsonl >accuracy.dat
gnuplot 2>>plots.log <<END
set terminal svg size 960,460 font "sans,12"
set output "accuracy.svg"
set title "What arrives against what was asked for"
set logscale x
set xlabel "Mbit/s asked for"
set ylabel "percent off; out of sight beyond 20"
set yrange [-20:20]
set xrange [0.5:4000]
set key outside right top font ",10"
set grid
stats "accuracy.dat" using 1 nooutput
plot for [y in "-2 2"] y+0 with lines lc "gray" notitle, \
	for [i=0:STATS_blocks-1] "accuracy.dat" index i using (column(1) * (1 + 0.06 * i)):2 with points pt i+4 title columnheader(1)
END
echo "the table is $1/accuracy.md"
