#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Everything that weir may change, as text that is equal when the state is equal:
# links, addresses, routes, neighbours, qdiscs, classes, filters, the nftables
# ruleset, sysctls, processes and files below the directories given. Names stand
# for indexes; counters, clocks and numbers that the kernel chooses are left out.
# Reads only. Tests call it thousands of times, so it is sparing with processes.
#
#	snapshot.sh DIR...
set -u

# Classes and filters of a link; what it has none of is an error that tc goes on after.
tc_of() {
	tc -force -batch - <<-END 2>/dev/null
		class show dev $1
		filter show dev $1
		filter show dev $1 ingress
	END
}

# Classes on shared ifbs follow from a port's index, where a block's filter finds them, and that may be random.
classes() {
	case $1 in
	weir-ifb*) tc_of "$1" | sed -E -e 's/7767:[0-9a-f]+/7767:N/' -e 's/leaf [0-9a-f]+:/leaf N:/' | sort ;;
	*) tc_of "$1" ;;
	esac
}

# Lines whose order says nothing, without indexes, "@if7", what runs by itself, and MAC addresses that are made up each
# time: those of ifbs, and of the link that Open vSwitch makes for itself.
steady() {
	sed -E -e 's/^[0-9]+: //' -e 's/@if[0-9]+/@/' -e 's/ [a-z_]*_timer +[0-9.]+//g' \
		-e 's/ (topology_change|topology_change_ack|config_pending|topology_change_detected) [01]//g' \
		-e 's/ (state|operstate) (UP|DOWN|UNKNOWN|LOWERLAYERDOWN|forwarding|listening|learning|disabled|blocking)//g' \
		-e 's/(NO-CARRIER|LOWER_UP|M-DOWN),//g' -e 's/,(NO-CARRIER|LOWER_UP|M-DOWN)//g' -e 's/ linkdown//g' \
		-e 's/ tso_max_size [0-9]+//g' -e 's/ promiscuity [0-9]+ +allmulti [0-9]+//' -e 's/ link-netns(id)? [^ ]+//' \
		-e '/ inet6 fe80:/d' -e 's/ (tentative|dadfailed)//g' -e 's/direct_packets_stat [0-9]+ ?//' -e 's/ +$//' \
		-e 's/ingress_block [0-9]+/ingress_block N/' -e 's/ [0-9a-f]+: (dev weir-ifb[0-9]+ parent 7767:)[0-9a-f]+/ N: \1N/' \
		-e '/^(ifb-|weir-ifb|ovs-netdev|ovs-system)/s/link.ether [0-9a-f:]+/link\/ether random/' | sort
}

# Links that were elsewhere come last, so a port's further vlans get its name in front, to be sorted.
echo '# links, vlans, addresses, routes, qdiscs'
links=$(ip -d -o link)
qdiscs=$(tc qdisc show)
bridges=
case $links in *' bridge '*) bridges=1 ;; esac
{
	echo "$links"
	echo "$qdiscs"
	[ -z "$bridges" ] || bridge fdb show | grep -E ' master .*(static|permanent)'
	[ -z "$bridges" ] || bridge vlan show | sed -E -e '/^[^ ]/ { h; s/ .*//; x; b' -e '}' -e 'G; s/(.*)\n(.*)/\2 \1/'
	# The kernel's own IPv6 routes follow from addresses and carrier, some time later.
	ip -o -force -batch - <<-END | sed '/:.* proto kernel /d'
		addr show
		route show table all
		neigh show nud permanent
	END
} | steady
echo '# classes and filters'
for dev in $(echo "$qdiscs" | sed -nE 's/^qdisc (htb|ingress|clsact) [^ ]+ dev ([^ ]+) .*/\2/p' | sort -u); do
	echo "dev $dev"
	classes "$dev"
done | sed -E -e '/^class fq_codel/d' -e 's/ \(rule hit.*//' -e 's/ installed [0-9]+ sec//' -e 's/ used [0-9]+ sec//' \
	-e 's/index [0-9]+ //' -e 's/ police 0x[0-9a-f]+/ police N/' -e 's/ to [0-9]+ direct/ to N direct/' \
	-e 's/ id [0-9]+ name/ id N name/' -e 's/ tag [0-9a-f]+//' -e 's/^filter block [0-9]+/filter block N/'
echo '# nft'
nft list ruleset 2>/dev/null
if [ -S /run/openvswitch/db.sock ]; then
	echo '# Open vSwitch'
	build/ovs/usr/bin/ovs-vsctl --db=unix:/run/openvswitch/db.sock -f csv \
		-- --columns=name,tag,trunks,vlan_mode,other_config,external_ids list Port \
		-- --columns=name,type,external_ids,ingress_policing_rate,ingress_policing_burst list Interface \
		-- --columns=type,other_config,external_ids list QoS -- --columns=other_config,external_ids list Queue | sort
fi
echo '# sysctls'
(cd /proc/sys/net && grep -H . ipv4/ip_forward ipv4/conf/*/forwarding ipv6/conf/*/forwarding \
	ipv6/conf/*/disable_ipv6 ipv6/conf/*/accept_ra ipv6/conf/*/autoconf 2>/dev/null)
echo '# files'
{
	find "$@" -type f ! -name lock ! -name journal -printf '%p %m\n'
	grep -ran --exclude=lock --exclude=journal --exclude='*.pid' --exclude='*.leases' '' "$@"
} | sed -E -e 's/:(ifb|floors) [0-9]+ /:\1 N /' -e 's/"([a-z]*[iI]findex|ifbClass)": [0-9]+/"\1": N/' \
	-e '/:ifb N/s/ [0-9a-f]+/ C/g' | sort
# A journal stays, and says in its first line whether there is anything to do.
for dir in "$@"; do
	for journal in "$dir/journal" "$dir"/*/journal; do
		phase=weirjnl1-
		[ -s "$journal" ] && IFS= read -r phase <"$journal"
		case $phase in weirjnl1-*) ;; *) echo "$journal has something to do" ;; esac
	done
done
echo '# processes'
for dir in "$@"; do
	grep -las -- "[=]$dir" /proc/[0-9]*/cmdline | while IFS=/ read -r _ _ pid _; do
		echo "$(tr '\0' ' ' <"/proc/$pid/cmdline")$(awk '/^State/ { print $2 == "T" ? "stopped" : "running" }' "/proc/$pid/status")"
	done
done 2>/dev/null | sort
