#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What this machine's kernel may not be able to do, on a stock kernel in the lab: vlans, bonds, virtual functions. The
# processor is emulated there, so that ratios say something and times nothing. The next page has it: run.sh.
#   bench/lab.sh BENCH_KINDS FILE		KERNEL=6.12 SECONDS_FOR_ALL=240
set -eu -o pipefail
kernel=${KERNEL:-6.12}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# shellcheck disable=SC2016 # for the shell in the lab
"$(dirname "$0")/../tests/lab/lab.sh" run "$kernel" --cards 2 --timeout 1200 --out "$out" -- bash -c '
	echo 7 >/sys/class/net/eth0/device/sriov_numvfs && ip link set eth0 up
	export BENCH_VF=/sys/class/net/eth0/device/virtfn0
	"$0" --rounds 3 --until $(($(date +%s) + $1)) --json "$LAB_OUT/kinds.jsonl"' \
	"$1" "${SECONDS_FOR_ALL:-240}"
jq -c --arg kernel "$kernel" '.workload = "\(.workload) (lab)" | .text += ", on an emulated processor, kernel \($kernel)"' \
	"$out/kinds.jsonl" >"$2"
