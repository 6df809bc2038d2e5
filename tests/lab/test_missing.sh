#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Limits in a kernel that lacks a part of what they need: in a machine of the lab (lab.sh tier), whose modules can be
# taken away. What cannot be done is refused by the name of what is missing, and nothing is changed; where only ifbs are
# missing, what a guest sends is policed. And a link that is not there is not taken for a module: the kernel starts
# modprobe for who asks by ioctl(). Runs before the tests that use the modules: one in use stays.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

weir=${WEIR:-build/weir}
lists=/lib/modules/$(uname -r)
modprobe=$(cat /proc/sys/kernel/modprobe)
modules=(sch_htb sch_ingress cls_u32 act_skbedit act_police ifb)

# As if it had never been built: not loaded, not to be loaded, and in no list.
take_away() {
	rmmod "$1"
	sed "/\/$1\.ko/d" "$lists/modules.dep" >"$dir/list"
	mount --bind "$dir/list" "$lists/modules.dep"
	echo /bin/false >/proc/sys/kernel/modprobe
}

bring_back() {
	echo "$modprobe" >/proc/sys/kernel/modprobe
	umount "$lists/modules.dep" 2>/dev/null || :
	modprobe -a "${modules[@]}"
}

everything() {
	ip -o link show && tc qdisc show && tc filter show dev vnet0 ingress 2>/dev/null
	find /run/weir -type f ! -name lock ! -name journal 2>/dev/null || :
}

# refused MODULE WORDS COMMAND...: without the module the command fails with these words and changes nothing.
refused() {
	local module=$1 words=$2
	shift 2
	take_away "$module"
	everything >"$dir/before"
	"$@" >"$dir/out" 2>&1 && cat "$dir/out" && return 1
	bring_back
	cat "$dir/out"
	grep -q "$words" "$dir/out" && everything | diff "$dir/before" -
}

polices() {
	take_away ifb
	"$weir" shape vnet0 --inbound 8mbit --outbound 4mbit && "$weir" shape show vnet0 || return 1
	tc filter show dev vnet0 ingress | grep 'police .* rate 4Mbit' && "$weir" shape clear vnet0
}

# Limits ask whether there is an ifb by its name; no link has its name in a module.
no_modprobe() {
	printf '#!/bin/sh\necho "$@" >>%s\nexec %s "$@"\n' "$dir/asked" "$modprobe" >"$dir/spy"
	chmod +x "$dir/spy"
	echo "$dir/spy" >/proc/sys/kernel/modprobe
	: >"$dir/asked"
	"${limit[@]}" && "$weir" shape clear vnet0
	cat "$dir/asked"
	! grep -q 'netdev-\|weir' "$dir/asked"
}

[ -n "${LAB_KERNEL:-}" ] || die "runs in the lab: tests/lab/lab.sh tier 6.12 tests/lab/test_missing.sh"
dir=$(mktemp -d)
trap 'bring_back; rm -rf "$dir"' EXIT
ip link add vnet0 type veth peer name eth0
limit=("$weir" shape vnet0 --inbound 8mbit --outbound 4mbit)
check "no htb" refused sch_htb 'the kernel lacks htb (CONFIG_NET_SCH_HTB, module sch_htb)' "${limit[@]}"
check "no ingress" refused sch_ingress 'the kernel lacks ingress (CONFIG_NET_SCH_INGRESS, module sch_ingress)' "${limit[@]}"
check "no u32" refused cls_u32 'the kernel lacks u32 (CONFIG_NET_CLS_U32, module cls_u32)' "${limit[@]}" --method skbedit
check "no skbedit" refused act_skbedit 'the kernel lacks skbedit (CONFIG_NET_ACT_SKBEDIT, module act_skbedit)' \
	"${limit[@]}" --method skbedit
check "no police" refused act_police 'the kernel lacks police (CONFIG_NET_ACT_POLICE, module act_police)' \
	"${limit[@]}" --method police
check "no ifb" refused ifb 'the kernel lacks ifb (CONFIG_IFB, module ifb)' "${limit[@]}" --method ifb
check "without ifbs: police" polices
bring_back
check "a name is no module" no_modprobe
closing_line
