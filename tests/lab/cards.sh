# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What tests of the lab's cards share, to be sourced behind common.sh: the machine's own namespaces, where the cards are, a
# state directory that nobody else has, and what weir, sysfs and ip say of virtual functions.

[ -n "${LAB_KERNEL:-}" ] || die "runs in the lab: tests/lab/lab.sh tier 6.12 --cards 2 ${0#"$TREE/"}"
[ -n "${IN_MACHINE:-}" ] || IN_MACHINE=1 exec nsenter -t 1 -n -m -- "$(realpath "$0")"
cd "$TREE" || exit

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
WEIR=${WEIR:-build/weir}
export WEIR_STATE_DIR=$tmp/state

weir() { "$WEIR" "$@"; }
# shellcheck disable=SC2034 # used there
pci=/sys/bus/pci/devices

# until_ok COMMAND...: for what the kernel does later by itself
until_ok() {
	local i end=$((SECONDS + 30))
	for ((i = 0; i < 300 && SECONDS < end; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "not so after 30 s: $*"
	"$@"
}

has_carrier() { [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = 1 ]; }
is() { [ "$1" = "$2" ] || { echo "is $1, and not $2"; return 1; }; }
# refused WORDS COMMAND...: weir fails and its error has these words
refused() {
	local words=$1
	shift
	! "$@" >"$tmp/out" 2>"$tmp/err" || { echo "not refused: $*"; return 1; }
	grep -q -- "$words" "$tmp/err" || { cat "$tmp/err"; false; }
}
vfinfo() { ip -j link show dev "$1" | jq -c '.[0].vfinfo_list | map(del(.address, .broadcast))'; }
vf_of() { vfinfo "$1" | jq -c ".[$2]"; }
field() { weir --json vf show "$1" | jq -r ".$2"; }
# A card loses its carrier for a moment when its VFs are made or removed.
settle() { until_ok has_carrier eth0 && until_ok has_carrier eth1; }

# Of a VF whose address is its own choice igb reports that, or zero as long as its driver has not told: both are "own".
state_of() {
	weir --json vf show "$1" | jq -c 'del(.ifindex, .netdev) |
		if .settings.mac == .mac or .settings.mac == "00:00:00:00:00:00" then .settings.mac = "own" else . end'
}
