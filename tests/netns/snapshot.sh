#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Everything that weir may change, as text that is equal when the state is equal:
# links, addresses, routes, neighbours, qdiscs, classes, filters, the nftables
# ruleset, sysctls, processes and files below the directories given. Names stand
# for indexes; counters and clocks are left out. Reads only.
#
#	snapshot.sh DIR...
set -u

# Indexes, "@if7", and what runs by itself.
steady() {
	sed -E -e 's/^[0-9]+: //' -e 's/@if[0-9]+/@/' -e 's/ [a-z_]*_timer +[0-9.]+//g' \
		-e 's/ (topology_change|topology_change_ack|config_pending|topology_change_detected) [01]//g' \
		-e 's/ (state|operstate) (UP|DOWN|UNKNOWN|LOWERLAYERDOWN|forwarding|listening|learning|disabled|blocking)//g' \
		-e 's/(NO-CARRIER|LOWER_UP|M-DOWN),//g' -e 's/,(NO-CARRIER|LOWER_UP|M-DOWN)//g' -e 's/ linkdown//g' \
		-e 's/ tso_max_size [0-9]+//g' -e 's/ promiscuity [0-9]+ +allmulti [0-9]+//' -e 's/ link-netns(id)? [^ ]+//' -e 's/ +$//'
}

echo '# links'
# Addresses of ifbs, and of the link that Open vSwitch makes for itself, are made up each time.
ip -d -o link | steady | sed -E '/^(ifb-|weir-ifb|ovs-netdev|ovs-system)/s/link.ether [0-9a-f:]+/link\/ether random/' | sort
bridge vlan show 2>/dev/null
bridge fdb show 2>/dev/null | grep -E ' master .*(static|permanent)' | sort
echo '# addresses and routes'
ip -o addr | grep -v ' fe80:' | steady | sed -E 's/ (tentative|dadfailed)//g' | sort
ip -4 route show table all | steady | sort
# The kernel's own IPv6 routes follow from addresses and carrier, some time later.
ip -6 route show table all | grep -v 'proto kernel' | steady | sort
ip neigh show nud permanent | sort
echo '# tc'
tc qdisc show | sed -E 's/direct_packets_stat [0-9]+ ?//' | sort
for dev in $(tc qdisc show | awk '/htb|ingress/ { for (i = 1; i < NF; i++) if ($i == "dev") print $(i + 1) }' | sort -u); do
	tc class show dev "$dev" | sed -e '/^class fq_codel/d' -e "s/^/$dev /"
	tc filter show dev "$dev" | sed -E -e 's/ \(rule hit.*//' -e "s/^/$dev /"
	tc filter show dev "$dev" ingress 2>/dev/null | sed -E -e 's/ installed [0-9]+ sec//' -e 's/ used [0-9]+ sec//' \
		-e 's/index [0-9]+ //' -e 's/police 0x[0-9a-f]+/police N/' -e 's/ to [0-9]+ direct/ to N direct/' -e 's/ id [0-9]+ name/ id N name/' -e 's/ tag [0-9a-f]+//' \
		-e "s/^/$dev /"
done
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
for dir in "$@"; do
	find "$dir" -type f ! -name lock -printf '%p %m\n' | sort
	find "$dir" -type f ! -name lock ! -name '*.pid' ! -name '*.leases' -print0 | sort -z | xargs -0r cat |
		sed -E -e 's/^(ifb|floors) [0-9]+ /\1 N /' -e 's/"(bridgeIfindex|ifbIfindex|ifindex)": [0-9]+/"\1": N/'
done
echo '# processes'
for dir in "$@"; do
	grep -las -- "[=]$dir" /proc/[0-9]*/cmdline | while IFS=/ read -r _ _ pid _; do
		echo "$(tr '\0' ' ' <"/proc/$pid/cmdline")$(awk '/^State/ { print $2 == "T" ? "stopped" : "running" }' "/proc/$pid/status")"
	done
done 2>/dev/null | sort
