#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Is the machine of the lab what the tests count on? Runs inside it (lab.sh tier), before everything else: the kernel
# that was asked for, its cards with their virtual functions, every kind of link, qdisc, filter and nft expression that
# weir uses, modules that load when first used, files that can be written, a source tree that can't.
# It makes objects with ip, tc and nft; weir itself isn't run.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

kernel_is() { uname -r | grep "^${LAB_KERNEL/./[.]}[.]"; }
has_cards() { [ "$(find /sys/bus/pci/drivers/igb -name '0000:*' | wc -l)" = "$LAB_CARDS" ]; }
has_vfs() { [ "$(cat /sys/bus/pci/drivers/igb/0000:*/sriov_totalvfs | sort -u)" = 7 ]; }
loads_by_itself() { ip link add auto0 type vxlan id 7 dstport 4789 && grep -q '^vxlan ' /proc/modules; }
has_netns() { ip netns add lab && ip netns exec lab ip link set lo up && ip netns delete lab; }
has_users() { unshare -r -n ip link add dummy7 type dummy; }
can_write() { echo a >/etc/lab && echo b >"/var/lib/lab" && echo c >/run/lab-test && echo d >"$TREE/../lab-$$"; }
tree_is_fixed() { ! touch "$TREE/lab" 2>/dev/null; }

htb() {
	tc qdisc add dev veth0 root handle 1: htb default 1 &&
		tc class add dev veth0 parent 1: classid 1:1 htb rate 8mbit ceil 16mbit burst 10k &&
		tc qdisc add dev veth0 parent 1:1 fq_codel
}

nat() {
	nft -f - <<-END
		table inet lab {
			map forward { type ifname : verdict; }
			chain in { type filter hook forward priority 0; ct state established accept
				iifname vmap @forward; fib saddr oif exists drop; reject with icmpx admin-prohibited; }
			chain out { type nat hook postrouting priority 100; meta l4proto tcp masquerade to :1024-65535 random; }
		}
	END
}

[ -n "${LAB_KERNEL:-}" ] || die "runs in the lab: tests/lab/lab.sh tier 6.12 tests/lab/test_kernel.sh"
check "kernel $LAB_KERNEL" kernel_is
check "$LAB_CARDS cards" has_cards
[ "$LAB_CARDS" = 0 ] || check "7 virtual functions each" has_vfs
check "veth" ip link add veth0 type veth peer veth1
for kind in bridge bond dummy ifb; do
	check "$kind" ip link add "${kind}0" type "$kind"
done
check "vlan" ip link add link veth0 vlan7 type vlan id 7
check "macvlan" ip link add link veth1 macvlan0 type macvlan mode bridge
check "macvtap" ip link add link veth1 macvtap0 type macvtap mode bridge
check "tap" ip tuntap add tap0 mode tap
check "htb, fq_codel" htb
check "ingress" tc qdisc add dev veth1 ingress
check "u32, mirred" tc filter add dev veth1 ingress protocol all prio 1 u32 match u32 0 0 \
	action mirred egress redirect dev ifb0
check "matchall, police" tc filter add dev veth1 ingress prio 2 matchall \
	action police rate 8mbit burst 10k conform-exceed drop
check "flower, skbedit" tc filter add dev veth1 ingress prio 3 protocol ip flower dst_mac 52:54:00:00:00:01 \
	action skbedit priority 1:1
check "nftables with nat" nat
check "a module loads when first used" loads_by_itself
check "network namespaces" has_netns
check "user namespaces" has_users
check "files can be written" can_write
check "but not the source tree" tree_is_fixed
closing_line
