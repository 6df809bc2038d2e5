#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the benchmarks that make has built and makes the page of them. Needs root (network namespaces), no network.
#   bench/run.sh [--full] FOLDER PROGRAM...
# In FOLDER: raw.csv (a line for each trial), results.jsonl, environment.json, and what report.sh makes.
# MINUTES is for the programs together (5, with --full 40; ACCURACY=0: and nothing else). Each gets a share of what is
# left (at least half of its share of all), spends it on more trials, and begins nothing half as much later.
set -eu

full=
[ "$1" != --full ] || { full=--full; shift; }
out=$1
shift
here=$(dirname "$0")
if [ "$(id -u)" != 0 ]; then
	echo "benchmarks make network namespaces: run them as root" >&2
	exit 1
fi
mkdir -p "$out"
rm -f "$out"/*
echo 'program,workload,arm,n,round,wall_us,cpu_us,sends,messages,bytes,receives,processes,peak_kb,error' >"$out/raw.csv"

# pyroute2 is often there for the system's Python alone.
for PYTHON in python3 /usr/bin/python3; do "$PYTHON" -c 'import pyroute2' 2>/dev/null && break; done
export PYTHON

config() { { zcat /proc/config.gz || cat "/boot/config-$(uname -r)"; } 2>/dev/null | sed -n "s/^$1=//p"; }
version() { { "$@" || echo absent; } 2>/dev/null | head -n 1; }
udev() { for p in /proc/[0-9]*/comm; do grep -qsE 'udevd$' "$p" && echo runs && return; done; echo 'does not run'; }
jq -n --arg kernel "$(uname -srv)" --arg cores "$(nproc)" --arg hz "$(config CONFIG_HZ)" --arg load "$(cut -d ' ' -f 1-3 /proc/loadavg)" \
	--arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --arg udev "$(udev)" \
	--arg ipv6 "$([ -d /proc/sys/net/ipv6 ] && echo "on, disable_ipv6 $(cat /proc/sys/net/ipv6/conf/default/disable_ipv6)" || echo off)" \
	--arg weir "$(version "$WEIR" --version)" --arg ip "$(version ip -V)" --arg libnl "$(pkg-config --modversion libnl-route-3.0)" \
	--arg pyroute2 "$(version "$PYTHON" -c 'from importlib.metadata import version; print(version("pyroute2"))')" --arg libvirt "$(version libvirtd --version)" \
	--arg nft "$(version nft --version)" --arg dnsmasq "$(version dnsmasq --version | cut -d ' ' -f 3)" --arg date "$(date -u +%F)" --arg run "${full:-quick}" \
	'{$date, $run, $kernel, $cpu, $cores, HZ: $hz, "load at the start": $load, IPv6: $ipv6, udev: $udev, $weir, iproute2: $ip,
	"libnl-route": $libnl, $nft, $dnsmasq, $pyroute2, $libvirt}' >"$out/environment.json"

# What claims are about gets its trials first.
jq -r '.[] | select(.workload) | . as $c | ({n, arm}, (select(.to) | {n: .to_n, arm: .to}), (select(.above) | {n: .above.n, arm: (.arm, .to)})) |
	[$c.workload, .n, .arm] | @tsv' "$here/claims.json" | sort -u >"$out/needed.tsv"

share() {
	case $1 in
	*/bench_links) echo 60 ;; */bench_networks) echo 19 ;; */bench_groups) echo 9 ;; */bench_shape) echo 7 ;;
	*/bench_harm) echo 4 ;; */bench_read) echo 3 ;; *.sh) echo 0 ;; *) echo 1 ;;
	esac
}
shares=0
for program; do shares=$((shares + $(share "$program"))); done
left=$((60 * ${MINUTES:-$([ -n "$full" ] && echo 40 || echo 5)}))
least=$((left * 50 / shares))	# hundredths of a second for each share, when others were late
for program; do
	began=$(date +%s)
	seconds=$((left * $(share "$program") / (shares > 0 ? shares : 1)))
	[ $((seconds * 100)) -ge $((least * $(share "$program"))) ] || seconds=$((least * $(share "$program") / 100))
	case $program in
	*.sh) "$program" "$out/results.jsonl" ;;
	*) # shellcheck disable=SC2086 # an option
		"$program" $full --until $((began + seconds)) --needed "$out/needed.tsv" \
			--csv "$out/raw.csv" --json "$out/results.jsonl" ;;
	esac
	shares=$((shares - $(share "$program")))
	left=$((left - ($(date +%s) - began)))
done
[ ! -f "$out/../lab.jsonl" ] || cat "$out/../lab.jsonl" >>"$out/results.jsonl"
[ "${ACCURACY:-1}" = 0 ] || RATES="${full:+1 }10 100${full:+ 1000}" THROUGH=veth "$here/accuracy.sh" "$FLOW" "$out"
"$here/report.sh" "$out"
