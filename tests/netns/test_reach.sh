#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who reaches whom, with real packets: every field of the table in weir(8), "Who reaches whom", is tried, and the table
# is read from there. Two networks of each mode with a bridge of their own, one of each other mode, a router's worth of
# routes, and a machine outside with the switch that links of the host are plugged into.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1

namespaces='-n -m -p -f --mount-proc --kill-child'
# shellcheck source-path=SCRIPTDIR source=enter.sh
. tests/netns/enter.sh
manual=$PWD/tools/weir.8
for program in "$weir" ip nft busybox; do
	command -v "$program" >/dev/null || { echo "SKIP: there is no $program" && exit 77; }
done
mount -t tmpfs -o mode=755 test-reach /run || exit 1
mkdir -p /run/here /run/netns && cd /run/here || exit 1
export WEIR_CONFIG_DIR=/run/here/config WEIR_STATE_DIR=/run/here/state
ip link set lo up

fail() { echo "FAILED: $*"; exit 1; }
make_sure() { "$@" >out 2>&1 || { cat out; fail "$*"; }; }

# --- the machine outside, and the cables ------------------------------------------------------------------------------

# It is the switch too. br0 is the host's way out; the macvtap modes have links of their own, by which the host must not
# answer for the address of br0.
outside() {
	ip netns add outside
	ip -n outside link add switch type bridge && ip -n outside link set switch up && ip -n outside link set lo up
	for i in 0 1 2 3 4 5; do
		ip link add "p$i" type veth peer name "o$i" netns outside && ip link set "p$i" up &&
			ip -n outside link set "o$i" master switch up || return 1
		[ $i = 0 ] || echo 1 >"/proc/sys/net/ipv4/conf/p$i/arp_ignore"
	done
	ip -n outside addr add 10.8.0.100/24 dev switch && ip -n outside route add 10.7.0.0/16 via 10.8.0.1 &&
		ip link add br0 type bridge && ip link set p0 master br0 && ip link set br0 up && ip addr add 10.8.0.1/24 dev br0
}

# --- networks and guests ----------------------------------------------------------------------------------------------

start() { # NAME JSON
	printf '{"name":"%s",%s}\n' "$1" "$2" >definition
	make_sure "$weir" net start --transient definition
}

guest() { # NETNS NETWORK ADDRESS GATEWAY
	ip netns add "$1"
	make_sure "$weir" net attach "$2" --netns "$1" --name "$1"
	ip -n "$1" addr add "$3/24" dev eth0 && ip -n "$1" route add default via "$4"
}

# A macvtap is for a virtual machine, a macvlan for a container: its link is moved to where that would be.
direct_guest() { # NETNS NETWORK ADDRESS [OPTION]
	ip netns add "$1"
	make_sure "$weir" net attach "$2" --name "$1" ${4:+"$4"}
	ip link set "$1" netns "$1" && ip -n "$1" link set "$1" name eth0 up && ip -n "$1" addr add "$3/24" dev eth0 &&
		ip -n "$1" route add default via 10.8.0.1
}

own='isolated nat route open'
n=0
networks_with_bridges() {
	for mode in $own; do
		for which in a b; do
			n=$((n + 1))
			start "$mode-$which" '"forward":{"mode":"'$mode'"},"bridge":{"name":"virbr'$n'"},"dns":{"enable":false},
				"ips":[{"address":"10.7.'$n'.1","prefix":24}]'
			guest "$mode-$which-1" "$mode-$which" "10.7.$n.11" "10.7.$n.1"
		done
		eval "${mode}_host=10.7.$((n - 1)).1 ${mode}_same=10.7.$((n - 1)).12 ${mode}_other=10.7.$n.11"
		guest "$mode-a-2" "$mode-a" "10.7.$((n - 1)).12" "10.7.$((n - 1)).1"
	done
}

networks_outside() {
	start bridge-a '"forward":{"mode":"bridge"},"bridge":{"name":"br0"}'
	start macvtap-a '"forward":{"mode":"bridge","interfaces":["p1"]}'
	start private-a '"forward":{"mode":"private","interfaces":["p2"]}'
	start vepa-a '"forward":{"mode":"vepa","interfaces":["p3"]}'
	start passthrough-a '"forward":{"mode":"passthrough","interfaces":["p4","p5"]}'
	guest bridge-a-1 bridge-a 10.8.0.11 10.8.0.1
	guest bridge-a-2 bridge-a 10.8.0.12 10.8.0.1
	at=20
	for mode in macvtap private vepa passthrough; do
		direct_guest "$mode-a-1" "$mode-a" "10.8.0.${at}"
		at=$((at + 1))
		direct_guest "$mode-a-2" "$mode-a" "10.8.0.${at}" --macvlan
		eval "${mode}_same=10.8.0.${at}"
		at=$((at + 1))
	done
}

# --- trying -----------------------------------------------------------------------------------------------------------

address_of() { # FROM TO
	case $2 in
	same) eval "echo \$${1}_same" ;;
	host) eval "echo \$${1}_host" ;;
	outside) echo 10.8.0.100 ;;
	*) eval "echo \$${2}_other" ;;
	esac
}

# Where an answer is expected, a slow machine gets more time; where none is, one lost packet proves nothing else.
ping() { # NETNS ADDRESS TRIES
	tries=$3
	while [ "$tries" -gt 0 ]; do
		ip netns exec "$1" busybox ping -c 1 -W 1 "$2" >/dev/null 2>&1 && return 0
		tries=$((tries - 1))
	done
	return 1
}

try() { # FROM TO EXPECTED
	case $1 in outside) netns=outside ;; *) netns=$1-a-1 ;; esac
	address=$(address_of "$1" "$2")
	case $3 in
	yes | nat) ping "$netns" "$address" 20 || echo "$1 to $2 ($address): no answer" ;;
	no | back) ! ping "$netns" "$address" 1 || echo "$1 to $2 ($address): an answer" ;;
	*) echo "$1 to $2: \"$3\" says nothing" ;;
	esac >"result-$1-$2"
}

# Lines "FROM TO EXPECTED" of the table.
fields() {
	sed -n '/^FROM  *SAME/,/^\.ft/p' "$manual" | sed 's/\\-/-/g' | awk '
		NR == 1 { for (i = 2; i <= NF; i++) to[i] = tolower($i); next }
		/^\./ { next }
		{ for (i = 2; i <= NF; i++) if ($i != "-") print $1, to[i], $i }'
}

outside || { echo 'SKIP: the kernel has no veth or no bridge' && exit 77; }
networks_with_bridges
bridge_host=10.8.0.1 bridge_same=10.8.0.12
networks_outside
# Nobody but the first guest of each may be known already by what went before.
fields >table
[ "$(wc -l <table)" -ge 60 ] || fail "the table of weir(8) was not found"
while read -r from to expected; do try "$from" "$to" "$expected" & done <table
wait
cat result-* >bad
ip netns exec outside ip link set o3 type bridge_slave hairpin on
ping vepa-a-1 "$vepa_same" 20 || echo "vepa to same: no answer from a switch that sends back" >>bad
# "nat" is seen as the host, "yes" as who it is: the answer to the latter needs a route back.
ip -n outside route del 10.7.0.0/16
ping nat-a-1 10.8.0.100 20 || echo "nat to outside: not with the host's address" >>bad
! ping route-a-1 10.8.0.100 1 || echo "route to outside: with the host's address" >>bad
sed 's/^/FAILED: /' bad
failed=$(wc -l <bad)
echo "$(($(wc -l <table) + 3 - failed)) passed, $failed failed"
[ "$failed" = 0 ]
