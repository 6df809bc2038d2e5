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

# Lines whose order says nothing, without indexes, "@if7", what runs by itself, and addresses that are made up each time:
# those of ifbs, of tunnels that the kernel has in each namespace, and of the link that Open vSwitch makes for itself. The
# kernel's own IPv6 routes follow from addresses and carrier, some time later. How often a qdisc is held is its affair.
steady() {
	sed -E -e '/^[0-9]+: /! { /:.* proto kernel /d' -e '}' -e 's/^[0-9]+: //' -e 's/@if[0-9]+/@/' -e 's/ [a-z_]*_timer +[0-9.]+//g' \
		-e 's/ (topology_change|topology_change_ack|config_pending|topology_change_detected) [01]//g' \
		-e 's/ (state|operstate) (UP|DOWN|UNKNOWN|LOWERLAYERDOWN|forwarding|listening|learning|disabled|blocking)//g' \
		-e 's/(NO-CARRIER|LOWER_UP|M-DOWN),//g' -e 's/,(NO-CARRIER|LOWER_UP|M-DOWN)//g' -e 's/ linkdown//g' \
		-e 's/ tso_max_size [0-9]+//g' -e 's/ promiscuity [0-9]+ +allmulti [0-9]+//' -e 's/ link-netns(id)? [^ ]+//' \
		-e '/ inet6 fe80:/d' -e 's/ (tentative|dadfailed)//g' -e 's/direct_packets_stat [0-9]+ ?//; s/ refcnt [0-9]+//' -e 's/ +$//' \
		-e 's/ingress_block [0-9]+/ingress_block N/' -e 's/ [0-9a-f]+: (dev weir-ifb[0-9]+ parent 7767:)[0-9a-f]+/ N: \1N/' \
		-e '/link.(tunnel6|gre6) /s/ permaddr [^ ]+//' -e '/^(ifb-|weir-ifb|ovs-netdev|ovs-system)/s/link.ether [0-9a-f:]+/link\/ether random/' | sort
}

# Of bridges what does not come and goes by itself. Links that were elsewhere come last, so a port's further vlans get its
# name in front, to be sorted.
bridges() {
	printf '%s\n' 'fdb show' 'vlan show' | bridge -force -batch - |
		sed -E -e '/^([0-9a-f]{2}:){5}/ { / master .*(static|permanent)/p; d' -e '}' \
			-e '/^[^ ]/ { h; s/ .*//; x; b' -e '}' -e 'G; s/(.*)\n(.*)/\2 \1/'
}

# Classes and filters of links, in their order; what a link has none of is an error that tc goes on after.
tc_of() {
	for dev; do
		echo "class show dev $dev"
		echo "filter show dev $dev"
		echo "filter show dev $dev ingress"
	done | tc -force -batch - 2>/dev/null
}

echo '# links, vlans, addresses, routes, qdiscs'
links=$(ip -d -o -force -batch - <<-END
	link show
	addr show
	route show table all
	neigh show nud permanent
END
)
qdiscs=$(tc qdisc show)
{
	echo "$links"
	echo "$qdiscs"
	case $links in *' bridge '*) bridges ;; esac
} | steady
echo '# classes and filters'
shaped=
case $qdiscs in
*' htb '* | *' ingress '* | *' clsact '*)
	shaped=$(echo "$qdiscs" | sed -nE 's/^qdisc (htb|ingress|clsact) [^ ]+ dev ([^ ]+) .*/\2/p' | sort -u) ;;
esac
ifbs='' others=''
for dev in $shaped; do
	case $dev in
	weir-ifb*) ifbs="$ifbs $dev" ;;
	*) others="$others $dev" ;;
	esac
done
# shellcheck disable=SC2086 # names
[ -z "$ifbs$others" ] || {
	echo "dev$others" && tc_of $others
	# Classes on shared ifbs follow from a port's index, where a block's filter finds them, and that may be random.
	for dev in $ifbs; do
		echo "dev $dev" && tc_of "$dev" | sed -E -e 's/7767:[0-9a-f]+/7767:N/' -e 's/leaf [0-9a-f]+:/leaf N:/' | sort
	done
} | sed -E -e '/^class fq_codel/d' -e 's/ \(rule hit.*//' -e 's/ installed [0-9]+ sec//' -e 's/ used [0-9]+ sec//' \
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
net=/proc/sys/net
grep -H . $net/ipv4/ip_forward $net/ipv4/conf/all/accept_redirects $net/ipv[46]/conf/*/forwarding $net/ipv6/conf/*/disable_ipv6 $net/ipv6/conf/*/accept_ra \
	$net/ipv6/conf/*/autoconf 2>/dev/null
# Whom dnsmasq asks is told it where few inotify instances are left, and that is the whole machine's affair.
echo '# files'
{
	find "$@" -type f ! -name lock ! -name journal -printf '%p %m\n'
	grep -ran --exclude=lock --exclude=journal --exclude='*.pid' --exclude='*.leases' '' "$@"
} | sed -E -e 's/:(ifb|floors) [0-9]+ /:\1 N /' -e 's/"([a-z]*[iI]findex|ifbClass)": [0-9]+/"\1": N/' \
	-e '/:ifb N/s/ [0-9a-f]+/ C/g' -e '/\/dnsmasq\/.*\.conf:[0-9]+:(no-resolv$|server=)/d' | sort
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
	set -- "$@" -e "[=]$dir" && shift
done
is=
# shellcheck disable=SC2013 # names without blanks
for file in $(grep -las "$@" /proc/[0-9]*/cmdline); do
	while read -r key is _ && [ "$key" != State: ]; do :; done <"${file%cmdline}status"
	[ "$is" = T ] && is=stopped || is=running
	echo "$(tr '\0' ' ' <"$file")$is"
done 2>/dev/null | sort
