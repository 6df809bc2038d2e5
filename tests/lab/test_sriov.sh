#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# SR-IOV on the emulated cards of the lab (lab.sh --cards 2): eth0 and eth1 are on one cable. What weir says against
# what sysfs, ip and traffic say: inventory, numbers, settings and what igb refuses of them, drivers, claims, a race.
# A program that is killed in the middle is test_sriov_kill.c's. Runs in the machine's own namespaces, where the cards are.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=cards.sh
. "$(dirname "$0")/cards.sh"

pf0=$(basename "$(realpath /sys/class/net/eth0/device)")

# ---- what there is

known() {
	find "$pci/" -maxdepth 1 -name '*:*' -exec test -e '{}/sriov_totalvfs' ';' -printf '%f\n' | sort >"$tmp/sysfs"
	weir --json pf list | jq -r '.[].pci' | diff "$tmp/sysfs" -
}
known_vfs() {
	local i
	for ((i = 0; i < $2; i++)); do basename "$(readlink "$pci/$1/virtfn$i")"; done >"$tmp/sysfs"
	weir --json vf list "$1" | jq -r '.[].pci' | diff "$tmp/sysfs" -
}
in_words() { weir --json pf list | jq -e '.[0] | .driver == "igb" and .total_vfs == 7 and .netdev == "eth0" and
	.vendor == "0x8086" and .device == "0x10c9" and .vf_device == "0x10ca" and .iommu_group >= 0'; }
a_tree() { weir pf list | grep -q '^├─ 0000:' && weir pf list | grep -q '^└─ 0000:'; }
with_links() { weir --json vf list eth0 | jq -e 'length == 7 and all(.driver == "igbvf" and .netdev != null and .ifindex > 0)'; }

ip link set eth0 up
ip link set eth1 up
settle
check "cards as in sysfs" known
check "what a card is" in_words
check "a card has no VFs yet" is "$(weir --json vf list eth0 | jq length)" 0

# ---- how many

check "7 VFs are made" weir vf create eth0 7
check "their links are there at once" with_links
check "their addresses are computed as sysfs has them" known_vfs "$pf0" 7
check "a tree" a_tree
check "the same number again" weir vf create eth0 7
check "another number" refused 'has 7 VFs of at most 7.*remove them first' weir vf create eth0 4
check "too many" refused 'cannot have 8 VFs: it has 7 of at most 7' weir vf create "$pf0" 8
check "all are removed" weir vf remove eth0
check "none is left" is "$(cat "$pci/$pf0/sriov_numvfs")" 0
check "3 without driver" weir vf create eth0 3 --no-probe
check "they have none" is "$(weir --json vf list eth0 | jq -c '[.[].driver]')" '[null,null,null]'
check "and are removed" weir vf remove eth0
check "3 with driver, and 1 on the other card" sh -c "$WEIR vf create eth0 3 && $WEIR vf create eth1 1"
settle

# ---- settings

set_many() {
	weir vf set eth0/0 mac 52:54:00:00:00:10 vlan 7 qos 3 spoofchk off trust on eth0/1 max_tx_rate 100 vlan 8 eth0/2 trust on
	is "$(vf_of eth0 0 | jq -c '[.link_layer, .vlan_list, .spoofchk, .trust]' | tr -d '"')" \
		"$(ip -j link show dev eth0 | jq -c '.[0].vfinfo_list[0] | [.link_layer, .vlan_list, .spoofchk, .trust]' | tr -d '"')"
	is "$(field eth0/0 settings.mac) $(field eth0/0 settings.vlan) $(field eth0/0 settings.qos)" '52:54:00:00:00:10 7 3'
	ip link show dev eth0 | grep -q 'vf 0 .*52:54:00:00:00:10.*vlan 7, qos 3.*spoof checking off.*trust on'
	ip link show dev eth0 | grep -q 'vf 1 .*vlan 8,.*max_tx_rate 100Mbps.*spoof checking on.*trust off'
	ip link show dev eth0 | grep -q 'vf 2 .*trust on'
}
one_message() {	# two links are read, one message sets three VFs, and it is read again
	is "$(weir --stats vf set eth0/0 vlan 9 eth0/1 vlan 9 eth0/2 vlan 9 2>&1 | sed 's/, [0-9]* bytes.*//')" \
		'weir: rtnetlink: 4 sends, 4 messages'
	weir vf set eth0/0 vlan 7 eth0/1 vlan 8 eth0/2 vlan 0
}
no_dump() {	# the kernel is asked for one card's VFs, never for those of all links
	strace -f -o "$tmp/trace" -e trace=network "$WEIR" vf set eth0/0 vlan 7
	strace -f -o "$tmp/trace" -A -e trace=network "$WEIR" vf show eth0/0
	is "$(grep -c 'send[a-z]*(.*RTM_GETLINK' "$tmp/trace") $(grep -c NLM_F_DUMP "$tmp/trace")" '4 0'
}
qos_alone() { weir vf set eth0/0 qos 5 && is "$(field eth0/0 settings.vlan) $(field eth0/0 settings.qos)" '7 5'; }
no_tag() {	# without a vlan there is no priority that could stay, and a new vlan begins without one
	weir vf set eth0/0 vlan 0
	is "$(field eth0/0 settings.vlan) $(field eth0/0 settings.qos)" '0 0'
	weir vf set eth0/0 vlan 7
	is "$(field eth0/0 settings.vlan) $(field eth0/0 settings.qos)" '7 0'
}
planned() {	# run by a shell, the plan does what weir does
	weir --dry-run vf set eth0/2 vlan 11 qos 2 trust off >"$tmp/plan"
	is "$(field eth0/2 settings.vlan)" 0
	sh "$tmp/plan" && is "$(field eth0/2 settings.vlan) $(field eth0/2 settings.trust)" '11 false'
}
nothing_half_set() {	# nothing_half_set WORDS SETTING...: after others that would be taken
	local before
	before=$(vfinfo eth0)
	refused "$1" weir vf set eth0/1 trust on eth0/2 vlan 5 spoofchk off mac 52:54:00:00:00:99 "${@:2}"
	is "$(vfinfo eth0)" "$before"
}
best_effort() {
	weir vf set eth0/2 trust on state enable --best-effort state | grep -q 'vf 2: the driver refused state'
	is "$(field eth0/2 settings.trust) $(field eth0/2 settings.state)" 'true auto'
}

check "many settings of three VFs" set_many
check "in one message" one_message
check "never with a dump" no_dump
check "qos alone leaves the vlan" qos_alone
check "nor does it outlive the vlan" no_tag
check "a plan does the same" planned
check "link state: refused by name" nothing_half_set '^weir: vf 2 of eth0: state: the driver has no such setting' state enable
check "guaranteed rate: refused by name" nothing_half_set 'vf 2 of eth0: min_tx_rate: ' min_tx_rate 10
check "802.1ad: refused by name" nothing_half_set 'vf 2 of eth0: proto: the driver knows vlans of 802.1Q only' vlan 9 proto 802.1ad
check "RSS query: refused by name" nothing_half_set 'vf 2 of eth0: query_rss: ' query_rss on
check "multicast address: refused by name" nothing_half_set 'vf 2 of eth0: mac: ' mac 01:00:00:00:00:01
check "a rate above the link's speed" nothing_half_set 'vf 2 of eth0: max_tx_rate: ' max_tx_rate 2000
check "best effort: the rest is set" best_effort
check "a VF that is not there" refused 'is not there: the PF has 3 VFs' weir vf set eth0/3 vlan 1

# A link that was just set up has no carrier yet; where this machine is too slow to see that, it is tried again.
without_carrier() {
	local i before
	before=$(vfinfo eth0)
	for ((i = 0; i < 20; i++)); do
		ip link set eth0 down && ip link set eth0 up
		! weir vf set eth0/2 vlan 5 max_tx_rate 50 2>"$tmp/err" || { weir vf set eth0/2 vlan 11 max_tx_rate 0; continue; }
		grep -q 'vf 2 of eth0: max_tx_rate: the PF has no carrier' "$tmp/err"
		settle
		is "$(vfinfo eth0)" "$before"
		return
	done
	false
}
without_pf() {
	ip link set eth0 down
	refused 'PF eth0: is down' weir vf set eth0/0 vlan 3
	ip link set eth0 up
	settle
	is "$(field eth0/0 settings.vlan)" 7
}
check "no rate without carrier" without_carrier
check "the card is down" without_pf

# ---- drivers

ten_times() {
	local vf mac i
	vf=$(field eth0/2 pci)
	mac=$(cat "$pci/$vf/net/"*/address)
	for ((i = 0; i < 10; i++)); do
		weir vf claim "$vf" --owner ten
		weir vf bind "$vf" vfio
		is "$(basename "$(readlink "$pci/$vf/driver")") $(ls "$pci/$vf/net" 2>&1 | grep -c eth)" 'vfio-pci 0'
		test -c "/dev/vfio/$(basename "$(readlink "$pci/$vf/iommu_group")")"
		weir vf release "$vf"
		is "$(basename "$(readlink "$pci/$vf/driver")") $(cat "$pci/$vf/net/"*/address)" "igbvf $mac"
	done
}
wrong_driver() {	# a driver that does not know the device is not forced on it
	modprobe e1000e
	refused 'driver: e1000e did not take it' weir vf bind eth0/2 e1000e
	is "$(field eth0/2 driver) $(cat "$pci/$(field eth0/2 pci)/driver_override")" 'igbvf (null)'
}
check "to vfio-pci and back, ten times" ten_times
back_by_hand() {	# without a claim nobody remembers an address that the VF's driver did not tell the PF: it has one
	weir vf bind "$(field eth0/2 netdev)" vfio-pci | grep -q "^$(field eth0/2 pci) bound, driver vfio-pci"
	weir vf bind eth0/2 host
	is "$(field eth0/2 driver) $(field eth0/2 'mac | test("^..:")')" "igbvf true"
}
check "to vfio-pci and back by hand" back_by_hand
check "a driver of other cards" wrong_driver
check "a driver that is not there" refused 'nosuch is not loaded: modprobe nosuch' weir vf bind eth0/2 nosuch

# ---- claims

hand_over() {	# as a hypervisor's driver does, and back
	local before
	before=$(state_of eth0/1)
	weir vf claim eth0 --owner vm1 | grep "^$(field eth0/0 pci) claimed"
	weir vf claim eth0 --owner vm2 | grep "^$(field eth0/1 pci) claimed"
	weir vf bind eth0/1 vfio
	weir vf set eth0/1 mac 52:54:00:00:00:21 vlan 21 spoofchk off
	refused 'is claimed by vm' weir vf remove eth0
	weir vf release eth0/1 --owner vm2
	is "$(state_of eth0/1)" "$before"
	weir vf release eth0/0
	is "$(weir --json vf claims)" '[]'
}
dead_owner() {	# what it did is undone before the next one gets the VF
	local before owner
	before=$(state_of eth1/0)
	sleep 1000 &
	owner=$!
	weir vf claim eth1/0 --owner vm1 --pid "$owner"
	weir vf bind eth1/0 vfio && weir vf set eth1/0 mac 52:54:00:00:00:31 vlan 31
	refused 'none is free' weir vf claim eth1 --owner vm2
	kill "$owner"
	wait "$owner" || :
	weir vf claim eth1 --owner vm2
	is "$(state_of eth1/0)" "$before"
	is "$(weir --json vf claims | jq -r '.[].owner')" vm2
	weir vf release eth1/0
}
race() {	# for the last VF: one gets it, in 24 rounds (1,000 are in test_claim, on made-up files)
	local i a b
	for ((i = 0; i < 24; i++)); do
		weir --state-dir "$WEIR_STATE_DIR" vf claim eth1 --owner a >"$tmp/a" 2>&1 &
		a=$!
		weir --state-dir "$WEIR_STATE_DIR" vf claim eth1 --owner b >"$tmp/b" 2>&1 &
		b=$!
		if wait $a; then
			! wait $b || return 1
		else
			wait $b || return 1
		fi
		is "$(weir --json vf claims | jq length)" 1
		weir vf release eth1/0 >/dev/null
	done
}
check "claimed, handed over, given back" hand_over
check "a dead owner's VF" dead_owner
check "two for the last VF" race

# ---- traffic: a VF of eth0 in a namespace, on the cable's other end eth1 and its vlans. That spoof check drops frames
# cannot be seen here: QEMU's igb keeps the bit and does not look at it (hw/net/igb_core.c, DTXSWC).

box() { ip netns exec box "$@"; }
link=$(field eth0/0 netdev)
peer_has() {	# peer_has LINK: the address that is asked for is on this link of the other end alone
	ip address flush to 10.7.0.2/24
	ip address add 10.7.0.2/24 dev "$1"
	ip link set "$1" up
	box ip neighbour flush dev "$link"
}
# The other end has no VFs: with them, QEMU's igb has no pool for a tagged broadcast to the PF itself.
set_up_traffic() {
	weir vf remove eth1
	settle
	weir vf set eth0/0 vlan 0
	ip netns add box
	ip link set "$link" netns box
	box ip link set "$link" up
	box ip address add 10.7.0.1/24 dev "$link"
	ip link add link eth1 name vlan7 type vlan id 7
	ip link add link eth1 name vlan8 type vlan id 8
	until_ok box sh -c "[ \"\$(cat /sys/class/net/$link/carrier)\" = 1 ]"
}
asks() { box busybox ping -c 1 -W 1 10.7.0.2; }
reaches() {	# reaches VLAN-OF-THE-VF LINK
	weir vf set eth0/0 vlan "$1"
	peer_has "$2"
	until_ok asks
}
reaches_not() {
	weir vf set eth0/0 vlan "$1"
	peer_has "$2"
	! asks
	! asks
}
check "a VF in a namespace" set_up_traffic
check "without a vlan it reaches the other end" reaches 0 eth1
check "with vlan 7 it reaches vlan 7" reaches 7 vlan7
check "and no other end without a vlan" reaches_not 7 eth1
check "and not vlan 8" reaches_not 7 vlan8
check "with vlan 8 it does" reaches 8 vlan8
check "and vlan 7 no more" reaches_not 8 vlan7
ip netns delete box
ip link delete vlan7
ip link delete vlan8
ip address flush to 10.7.0.2/24
until_ok test -e "/sys/class/net/$link"
check "all are removed again" weir vf remove eth0

closing_line
