#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From what the benchmarks wrote (a JSON object for each line: lib_bench.c) to a page: summary.json, index.md, and a
# plot for each workload where gnuplot is installed. Everything on the page comes from there; nothing is typed in.
#   bench/report.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"

jq -s --slurpfile claims "$here/claims.json" -f "$here/claims.jq" results.jsonl >claims.json
jq -s --slurpfile env environment.json --slurpfile claims claims.json '{environment: $env[0], claims: $claims[0], sizes: [.[] | select(.size)], results: [.[] | select(.arm)]}' \
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
def shown: if . == 0 or . == null then "" else tostring end;
def counts: [.arm, (.n | tostring), (.wall_us.trials | tostring), (.wall_us | .min, .median, .p90, .p99, .max | ms),
	(.cpu_us.median | ms), (.sends, .messages, .bytes, .calls, .processes | shown),
	(if .processes > 0 then .program_kb else .grown_kb end | shown), (.differs | join(", "))];
# From the first size of more than one to the last: as which power of N, and what each one more costs.
def growth: map(select(.wall_us and .n > 1)) | sort_by(.n) | if length < 2 then "" else (.[0] as $a | .[-1] as $b |
	"N^\(($b.wall_us.median / $a.wall_us.median | log) / ($b.n / $a.n | log) * 100 | round / 100), " +
	"\(($b.wall_us.median - $a.wall_us.median) / ($b.n - $a.n) * 10 | round / 10) us each") end;

(.environment | "# Benchmarks of weir\n\nMade by `bench/report.sh` from the numbers beside this page; nothing here is typed in.\n\n" +
	(["what", "here"] | head), (to_entries[] | [.key, (.value | tostring)] | row)),
"\nMedians of the trials in milliseconds, with the 95 % interval of the median; **bold**: the median of the ratios to the\nfloor of the same round. The floor is what the library asks of the kernel, recorded and sent again by nothing but\nioctl() and send(). KB: the peak of the largest program that was run, or else what the process grew by. Under 15 % on\na loaded machine is no difference. A trial begins when the processors are idle. What a claim is about gets up to ten\ntrials before other large sizes get a second one, then these five, and then all more while there is time: \"counts\" says how\nmany each has. Reading, interfaces that are as they are defined, and one network more or less (but by libvirt) are\ntried on one host for each N, which each trial leaves as it was. The handle of the library that starts or stops a network\nhas done so before, as that of a driver has, and the one that limits ports has planned a limit. The floor\nreads nothing; \"weir\" looks first at what limits a port already, and \"weir, new ports\" is told that nothing does,\nand what they and their MTU are (weir_shape_options). Links that are limited, deleted or\nread speak no IPv6 of their own, and their changes of carrier were worked off before: the kernel would go on with both\nfor minutes. Trials that limit ports stay on one processor together with the threads by which the kernel waits for RCU: each qdisc of a\nlink that is up waits for these, four times as long once the scheduler has moved them to an idle processor.",
(.results | group_by(.workload) | map(select(all(.[]; .absent)) | .[0].workload) |
	if length > 0 then "\nNot on this machine: \(join(", "))." else empty end),
"\n## What it must show\n\nMedians of this run against each other. \"The floor\": the same with the floor in the place of weir,\nwhich is what a limit could ask for at most on this machine; where weir waits for dnsmasq, which reads all addresses of\nthe host when it starts, dnsmasq alone.\n",
(["claim", "workload, N", "arm, and what it is compared with", "measured", "the floor", "limit", ""] | head),
(.claims[] | [.claim, (if .size then "" else "\(.workload), \(.n)" end),
	(.size // "\(.arm)\(if .to then ", \(.to)" + (if .to_n != .n then " at N = \(.to_n)" else "" end) else "" end)"),
	(.measured, .floor | if . == null then "" elif . >= 10 then (. * 10 | round / 10 | tostring) else (. * 100 | round / 100 | tostring) end),
	(if .least then "at least \(.least)" else "at most \(.most)" end),
	(if .verdict == "missed" then "**missed**" else .verdict end)] | row),
(.sizes | if length > 0 then "\n## Size of the tool\n\n" + (["build", "bytes", "what it has"] | head) + "\n" +
	([.[] | [.size, (.bytes | tostring), .what] | row] | join("\n")) else empty end),
(.results | group_by(.workload) | map(select(all(.[]; .absent) | not)) | sort_by(.[0].program) | .[] |
	([.[].n] | unique) as $sizes | (reduce .[].arm as $a ([]; if index($a) then . else . + [$a] end)) as $arms | . as $all |
	"\n## \(.[0].workload)\n\nN: \(.[0].text).\n",
	(["arm"] + [$sizes[] | "N = \(.)"] + ["growth"] | head),
	($arms[] as $a | [$all[] | select(.arm == $a)] as $series |
		[$a] + [$sizes[] as $n | [$series[] | select(.n == $n)][0] | cell] + [$series | growth] | row),
	([$all[] | select(.op_us)] | if length > 0 then
		"\nSingle operations, in microseconds:\n\n" + (["arm", "N", "operations", "p50", "p90", "p99", "max"] | head) + "\n" +
		([.[] | [.arm, (.n | tostring), (.op_us.trials | tostring)] + [.op_us.median, .op_us.p90, .op_us.p99, .op_us.max | round | tostring] | row] | join("\n"))
		else empty end),
	"\n<details><summary>counts</summary>\n",
	(["arm", "N", "trials", "min", "p50", "p90", "p99", "max", "CPU", "sends", "messages", "bytes", "system calls", "programs", "KB", "state differs from ours in"] | head),
	($all[] | select(.wall_us) | counts | row),
	([$all[] | select(.error) | "\(.arm) at N = \(.n) failed: \(.error)"] | if length > 0 then "\n" + join("\n") else empty end),
	"\n</details>\n",
	"![\(.[0].workload)](\(.[0].workload | gsub(" "; "-")).svg)")
' summary.json >index.md
[ ! -f accuracy.md ] || { echo && cat accuracy.md; } >>index.md

command -v gnuplot >/dev/null || { echo "no gnuplot, so no plots; the page is $1/index.md"; exit 0; }
jq -r '[.results[] | select(.wall_us)] | group_by(.workload) | .[] | .[0].workload' summary.json | while read -r workload; do
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
