#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the benchmarks that make has built and makes the page of them. Needs root (network namespaces), no network.
#   bench/run.sh [--full] FOLDER PROGRAM...
# In FOLDER: raw.csv (a line for each trial), results.jsonl, environment.json, and what report.sh makes.
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

config() { { zcat /proc/config.gz || cat "/boot/config-$(uname -r)"; } 2>/dev/null | sed -n "s/^$1=//p"; }
version() { { "$@" || echo absent; } 2>/dev/null | head -n 1; }
udev() { for p in /proc/[0-9]*/comm; do grep -qsE 'udevd$' "$p" && echo runs && return; done; echo 'does not run'; }
jq -n --arg kernel "$(uname -srv)" --arg cores "$(nproc)" --arg hz "$(config CONFIG_HZ)" --arg load "$(cut -d ' ' -f 1-3 /proc/loadavg)" \
	--arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --arg udev "$(udev)" \
	--arg ipv6 "$([ -d /proc/sys/net/ipv6 ] && echo "on, disable_ipv6 $(cat /proc/sys/net/ipv6/conf/default/disable_ipv6)" || echo off)" \
	--arg weir "$(version "$WEIR" --version)" --arg ip "$(version ip -V)" --arg libnl "$(pkg-config --modversion libnl-route-3.0)" \
	--arg pyroute2 "$(version python3 -c 'import pyroute2; print(pyroute2.__version__)')" --arg libvirt "$(version virsh --version)" \
	--arg nft "$(version nft --version)" --arg date "$(date -u +%F)" --arg run "${full:-quick}" \
	'{$date, $run, $kernel, $cpu, $cores, HZ: $hz, "load at the start": $load, IPv6: $ipv6, udev: $udev, $weir, iproute2: $ip,
	"libnl-route": $libnl, $nft, $pyroute2, $libvirt}' >"$out/environment.json"

# A quick run ends in time on a slow machine too; what it had no time for is named on the page.
until=
[ -n "$full" ] || until="--until $(($(date +%s) + 540))"
for program; do
	case $program in
	*.sh) "$program" "$out/results.jsonl" ;;
	*) # shellcheck disable=SC2086 # options
		"$program" $full $until --csv "$out/raw.csv" --json "$out/results.jsonl" ;;
	esac
done
RATES=${full:+1 }10\ 100${full:+ 1000} "$here/bench_accuracy.sh" "$out/accuracy.jsonl"
"$here/report.sh" "$out"
