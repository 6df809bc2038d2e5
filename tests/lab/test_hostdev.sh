#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Networks whose ports are virtual functions, on the emulated cards of the lab (lab.sh --cards 2): mode hostdev with a pool
# of a card or of addresses, and passthrough on a card's links. What ports are given is compared with sysfs and ip, and
# what they leave behind with what was there before. Claims and drivers by themselves are test_sriov.sh's.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=cards.sh
. "$(dirname "$0")/cards.sh"

export WEIR_CONFIG_DIR=$tmp/config

port() { weir --json net port "$1" "$2" | jq -r ".$3"; }
driver() { basename "$(readlink "$pci/$(field "$1" pci)/driver")"; }
# of_ip PF NUMBER: what ip says of a VF, in weir's words
of_ip() { ip -d link show dev "$1" | sed -n "s/.*vf $2 .*link\/ether \([0-9a-f:]*\).*/\1/p"; }
of_ip_has() { ip -d link show dev "$1" | grep -q "vf $2 .*$3"; }
all_states() {
	local i
	for i in 0 1 2; do state_of "eth0/$i"; done
}
start() { echo "$1" | weir net define - && weir net start "$2"; }

ip link set eth0 up
ip link set eth1 up
settle
weir vf create eth0 3 >/dev/null
weir vf create eth1 1 >/dev/null
settle
until_ok ip link show dev "$(field eth0/2 netdev)"
before=$(all_states)

# ---- a pool that is a card

planned() {	# nothing is done, and the plan names it all
	weir --dry-run net attach cards --name p0 --mac 52:54:00:00:00:a0 >"$tmp/plan"
	grep -q "# VF $(field eth0/0 pci) is claimed by port p0 of network cards" "$tmp/plan"
	grep -q 'ip link set .*eth0.* vf 0 mac 52:54:00:00:00:a0 vlan 7' "$tmp/plan"
	grep -q 'driver_override' "$tmp/plan"
	is "$(all_states)" "$before"
	is "$(weir --json vf claims)" '[]'
}
attached() {
	weir net attach cards --name p0 --mac 52:54:00:00:00:a0 | grep "function $(field eth0/0 pci)"
	weir net attach cards --name p1 --mac 52:54:00:00:00:a1 --portgroup red
	is "$(driver eth0/0) $(driver eth0/1) $(driver eth0/2)" 'vfio-pci vfio-pci igbvf'
	is "$(of_ip eth0 0) $(of_ip eth0 1)" '52:54:00:00:00:a0 52:54:00:00:00:a1'
	of_ip_has eth0 0 'vlan 7,.*trust off'
	of_ip_has eth0 1 'vlan 9,.*trust on'
	! of_ip_has eth0 2 vlan
}
on_record() {
	is "$(port cards p0 pci) $(port cards p0 vf) $(port cards p0 managed)" "$(field eth0/0 pci) eth0/0 true"
	is "$(port cards p1 pci) $(port cards p1 vf) $(port cards p1 portgroup)" "$(field eth0/1 pci) eth0/1 red"
	is "$(weir --json vf claims | jq -r '.[] | "\(.owner)|\(.pid)|\(.dead)"' | sed 's/ ([^)]*)//')" \
		"$(printf 'port p%d of network cards|null|false\n' 0 1)"
	test -c "$(field eth0/0 vfio)"
	refused 'is claimed by port p0 of network cards' weir vf remove eth0
}
passed_over() {	# what others have claimed, or use, is not in the pool any more, and the error says so
	weir vf claim eth0/2 --owner other
	refused 'eth0: none is free for port .* of network cards .*: of 3, 3 are claimed' weir net attach cards
	weir vf release eth0/2
	is "$(weir --json net ports cards | jq length)" 2
}
detached() {
	weir net detach cards p1
	is "$(state_of eth0/1)" "$(sed -n 2p <<<"$before")"
	is "$(driver eth0/0)" vfio-pci
}
released_by_hand() {	# a port can be detached all the same, and does not take it from the one who has it then
	weir net attach cards --name p1
	weir vf release eth0/1
	weir vf claim eth0/1 --owner other
	weir net detach cards p1
	is "$(weir --json vf claims | jq -r '.[1].owner')" other
	weir vf release eth0/1
}
refusals() {
	refused 'vlan: must be one tag' weir net attach cards --portgroup trunk
	ip link set eth0 down
	refused 'eth0: is down' weir net attach cards
	ip link set eth0 up
	settle
	is "$(weir --json vf claims | jq length)" 1
}
stopped() {
	weir net attach cards --name p1
	weir net stop cards
	is "$(all_states)" "$before"
	is "$(weir --json vf claims)" '[]'
}
check "a network of a card's functions" start '{"name": "cards", "vlan": {"tags": [{"id": 7}]},
	"forward": {"mode": "hostdev", "managed": true, "pf": "eth0"}, "portgroups": [
	{"name": "red", "vlan": {"tags": [{"id": 9}]}, "trustGuestRxFilters": true},
	{"name": "trunk", "vlan": {"trunk": true, "tags": [{"id": 5}, {"id": 6}]}}]}' cards
check "what would be done" planned
check "two guests: bound, with address and vlan" attached
check "the ports' records and claims" on_record
check "a pool that others empty" passed_over
check "one is given back as it was" detached
check "one that was released by hand" released_by_hand
check "a trunk, a card that is down: nothing half done" refusals
check "with the network all are given back" stopped

# ---- a pool of addresses, and drivers

one_address() {	# the second one and no other
	weir net attach one --name p0 --mac 52:54:00:00:00:b0
	is "$(port one p0 pci) $(port one p0 vf)" "$(field eth0/1 pci) eth0/1"
	is "$(driver eth0/1) $(of_ip eth0 1)" 'pci-stub 52:54:00:00:00:b0'
	refused "$(field eth0/1 pci): none is free for port .* of network one .*: of 1, 1 are claimed" weir net attach one
	weir net detach one p0
	is "$(all_states)" "$before"
}
in_use() {	# a link that is up is the host's, and one in another namespace a container's
	local link
	link=$(field eth0/1 netdev)
	ip link set "$link" up
	refused '1 have a link that is up' weir net attach one
	ip link set "$link" down
	ip netns add box
	ip link set "$link" netns box
	refused '1 have a link that is up or in another namespace' weir net attach one
	is "$(driver eth0/1)" igbvf
	ip netns exec box ip link set "$link" netns 1
	ip netns delete box
}
without_pf() {	# the card's link is elsewhere: there is none that settings could go by
	ip netns add box
	ip link set eth0 netns box
	refused "$card has no link in this namespace" weir net attach one
	is "$(weir --json vf claims)" '[]'
	ip netns exec box ip link set eth0 netns 1
	ip netns delete box
	ip link set eth0 up
	settle
}
earlier_tag() {	# of what the host had set no priority comes into the guest's vlan, and the host gets it back
	weir vf set eth0/0 vlan 5 qos 5
	weir net start cards
	weir net attach cards --name p0
	of_ip_has eth0 0 'vlan 7,'
	! of_ip_has eth0 0 qos || return 1
	weir net stop cards
	of_ip_has eth0 0 'vlan 5, qos 5,'
	weir vf set eth0/0 vlan 0
}
unmanaged() {	# the caller binds; address and vlan are set and taken back
	weir net attach bare --name p0 --mac 52:54:00:00:00:c0
	is "$(driver eth0/2) $(of_ip eth0 2)" 'igbvf 52:54:00:00:00:c0'
	weir vf bind "$(port bare p0 vf)" vfio
	weir net detach bare p0
	is "$(all_states)" "$before"
}
card=$(basename "$(realpath /sys/class/net/eth0/device)")
modprobe pci-stub
check "a network of one address, and its driver" start '{"name": "one", "forward": {"mode": "hostdev", "managed": true,
	"driver": {"name": "vfio", "model": "pci-stub"}, "addresses": ["'"$(field eth0/1 pci)"'"]}}' one
check "that one, and then none" one_address
check "one that the host uses, or a container" in_use
check "a card whose link is elsewhere" without_pf
check "a tag of the host's" earlier_tag
check "a network whose functions the caller binds" start '{"name": "bare", "forward": {"mode": "hostdev",
	"addresses": ["'"$(field eth0/2 pci)"'"]}}' bare
check "is set up, and given back" unmanaged

# ---- mode passthrough: the card's links

passed_on() {
	local link mac
	link=$(field eth1/0 netdev)
	mac=$(field eth1/0 mac)
	weir net attach links --name p0 --mac 52:54:00:00:00:d0
	is "$(port links p0 dev) $(cat "/sys/class/net/$link/address")" "$link 52:54:00:00:00:d0"
	ip -d link show dev p0 | grep -q 'macvtap mode passthru'
	refused 'all 1 of network links.s pool are in use' weir net attach links
	weir net stop links
	is "$(cat "/sys/class/net/$link/address")" "$mac"
}
passed_on_in_a_vlan() {	# the card puts the function into it, and the claim says whose it is
	local state
	state=$(state_of eth1/0)
	weir net start links
	weir net attach links --name p0 --mac 52:54:00:00:00:d1 --portgroup red
	of_ip_has eth1 0 'vlan 9,.*trust on'
	is "$(port links p0 vf) $(weir --json vf claims | jq -r '.[].owner' | sed 's/ ([^)]*)//')" 'eth1/0 port p0 of network links'
	refused 'which has no trunks' weir net attach trunks
	weir net detach links p0
	is "$(state_of eth1/0)" "$state"
	is "$(weir --json vf claims)" '[]'
	weir net stop links
	weir net stop trunks
}
moved() {	# the card trusts it as its portgroup does, and as before when the move is refused
	local hook=$WEIR_CONFIG_DIR/hooks/network state
	state=$(state_of eth1/0)
	weir net start links
	weir net attach links --name p0 --portgroup red
	weir --dry-run net port links p0 --portgroup wary | grep -q 'ip link set .*eth1.* vf 0 trust off'
	mkdir -p "${hook%/*}"
	printf '#!/bin/sh\nip -d link show dev eth1 >%s\nexit 1\n' "$tmp/seen" >"$hook"
	chmod +x "$hook"
	refused 'port-updated' weir net port links p0 --portgroup wary
	rm "$hook"
	grep -q 'vlan 9,.*trust off' "$tmp/seen"
	is "$(port links p0 portgroup)" red
	of_ip_has eth1 0 'vlan 9,.*trust on'
	weir net port links p0 --portgroup wary >/dev/null
	of_ip_has eth1 0 'vlan 9,.*trust off'
	weir net port links p0 --portgroup red >/dev/null
	of_ip_has eth1 0 'vlan 9,.*trust on'
	weir net detach links p0
	is "$(state_of eth1/0)" "$state"
	weir net stop links
}
shared() {	# by macvtaps, and by nobody else
	weir net attach both --name s0
	weir net attach both --name s1
	is "$(weir --json vf claims | jq length)" 2
	refused 'claimed' weir vf claim eth1/0 --owner other
	weir net stop both
	is "$(weir --json vf claims)" '[]'
}
check "a network of a card's links" start '{"name": "links", "forward": {"mode": "passthrough", "pf": "eth1"},
	"portgroups": [{"name": "red", "vlan": {"tags": [{"id": 9}]}, "trustGuestRxFilters": true},
	{"name": "wary", "vlan": {"tags": [{"id": 9}]}}]}' links
check "passed on, and given back" passed_on
check "another, in trunks" start '{"name": "trunks", "forward": {"mode": "passthrough", "pf": "eth1"},
	"vlan": {"trunk": true, "tags": [{"id": 5}, {"id": 6}]}}' trunks
check "passed on in a vlan" passed_on_in_a_vlan
check "moved to where it is not trusted, and back" moved
check "a network of macvtaps on a card" start '{"name": "both", "forward": {"mode": "vepa", "pf": "eth1"}}' both
check "two share one" shared

weir vf remove eth0 >/dev/null
weir vf remove eth1 >/dev/null
closing_line
