#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From what the benchmarks wrote (a JSON object for each line: lib_bench.c) to a page: summary.json, index.md, and a
# plot for each workload where gnuplot is installed. Everything on the page comes from there; nothing is typed in.
#   bench/report.sh FOLDER
set -eu
cd "$1"

jq -s --slurpfile env environment.json '{environment: $env[0], sizes: [.[] | select(.size)], results: [.[] | select(.arm)]}' \
	results.jsonl >summary.json

# One page of Markdown. "12.3 (11.8 to 13.1)" is a median in milliseconds with its 95 % interval.
jq -r '
def ms: . / 1000 | if . >= 100 then (. | round | tostring) elif . >= 10 then (. * 10 | round / 10 | tostring)
	elif . >= 0.1 then (. * 100 | round / 100 | tostring) else (. * 10000 | round / 10000 | tostring) end;
def ratio: if . == null then "" else (.median | if . >= 10 then (. | round) else (. * 100 | round / 100) end | tostring) end;
def row: "| " + join(" | ") + " |";
def head: row + "\n" + ([.[] | "---"] | row);
def cell: if . == null then "" elif .absent then "absent" elif .error then "failed" else
	"\(.wall_us.median | ms) (\(.wall_us.low | ms) to \(.wall_us.high | ms))" +
	(if .ratio then ", **\(.ratio | ratio)**" else "" end) end;
def counts: [.arm, (.n | tostring), (.wall_us.trials | tostring), (.wall_us.min | ms), (.wall_us.p90 | ms), (.wall_us.max | ms),
	(.cpu_us.median | ms), (.sends, .messages, .bytes, .receives, .processes, .peak_kb | if . == 0 then "" else tostring end),
	(.differs | join(", "))];

(.environment | "# Benchmarks of weir\n\nMade by `bench/report.sh` from the numbers beside this page; nothing here is typed in.\n\n" +
	(["what", "here"] | head), (to_entries[] | [.key, (.value | tostring)] | row)),
"\nMedians of the trials in milliseconds, with the 95 % interval of the median; **bold**: the median of the ratios to the\nfloor of the same round. The floor is what the library asks of the kernel, recorded and sent again by nothing but\nioctl() and send(). Under 15 % on a loaded machine is no difference.",
(.sizes | if length > 0 then "\n## Size of the tool\n\n" + (["build", "bytes", "what it has"] | head) + "\n" +
	([.[] | [.size, (.bytes | tostring), .what] | row] | join("\n")) else empty end),
(.results | group_by(.workload) | sort_by(.[0].program) | .[] |
	([.[].n] | unique) as $sizes | (reduce .[].arm as $a ([]; if index($a) then . else . + [$a] end)) as $arms | . as $all |
	"\n## \(.[0].workload)\n\nN: \(.[0].text).\n",
	(["arm"] + [$sizes[] | "N = \(.)"] | head),
	($arms[] as $a | [$a] + [$sizes[] as $n | [$all[] | select(.arm == $a and .n == $n)][0] | cell] | row),
	([$all[] | select(.op_us)] | if length > 0 then
		"\nSingle operations, in microseconds:\n\n" + (["arm", "N", "operations", "p50", "p90", "p99", "max"] | head) + "\n" +
		([.[] | [.arm, (.n | tostring), (.op_us.trials | tostring)] + [.op_us.median, .op_us.p90, .op_us.p99, .op_us.max | round | tostring] | row] | join("\n"))
		else empty end),
	"\n<details><summary>counts</summary>\n",
	(["arm", "N", "trials", "min", "p90", "max", "CPU", "sends", "messages", "bytes", "receives", "processes", "peak KB", "state differs from ours in"] | head),
	($all[] | select(.wall_us) | counts | row),
	([$all[] | select(.error) | "\(.arm) at N = \(.n) failed: \(.error)"] | if length > 0 then "\n" + join("\n") else empty end),
	"\n</details>\n",
	"![\(.[0].workload)](\(.[0].workload | gsub(" "; "-")).svg)")
' summary.json >index.md

command -v gnuplot >/dev/null || { echo "no gnuplot, so no plots; the page is $1/index.md"; exit 0; }
jq -r '.results | group_by(.workload) | .[] | .[0].workload' summary.json | while read -r workload; do
	name=$(echo "$workload" | tr ' ' '-')
	jq -r --arg w "$workload" '[.results[] | select(.workload == $w and .wall_us)] | group_by(.arm) | .[] |
		"\"\(.[0].arm)\"", (sort_by(.n) | .[] | "\(.n) \(.wall_us.median / 1000) \(.wall_us.low / 1000) \(.wall_us.high / 1000)"), "\n"' \
		summary.json >"$name.dat"
	gnuplot 2>>plots.log <<EOF
set terminal svg size 760,460 font "sans,12"
set output "$name.svg"
set title "$workload"
set logscale xy
set xlabel "N"
set ylabel "milliseconds"
set key left top
set grid
stats "$name.dat" using 1 nooutput
plot for [i=0:STATS_blocks-1] "$name.dat" index i using 1:2:3:4 with yerrorlines title columnheader(1)
EOF
done
echo "the page is $1/index.md"
