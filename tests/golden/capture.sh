#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the golden files beside it again: the bytes that iproute2 hands to sendmsg() for a command, and, for what only
# the kernel says, those that it got back. It works in a network namespace of its own; what the kernel answers to a
# captured request does not matter (a kernel without a feature refuses it, after the bytes were seen). Needs strace and
# root, or user namespaces. Every link that a command names has an index given here, so files do not change by chance:
# sequence numbers are written as zero.
#
#   tests/golden/capture.sh [NAME...]		all files, or those only
set -eu
me=$(realpath "$0")
cd "${WEIR_CAPTURE_DIR:-$(dirname "$0")}"
if [ -z "${WEIR_CAPTURE:-}" ]; then
	WEIR_CAPTURE=1
	export WEIR_CAPTURE
	[ "$(id -u)" = 0 ] || exec unshare -r -n -m "$me" "$@"
	[ -n "${WEIR_CAPTURE_PF:-}" ] || exec unshare -n -m "$me" "$@"
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
version=$(ip -V | sed 's/.*\(iproute2-[^, ]*\).*/\1/')
only=" $* "

# The dumps of strace's -e write=/read=, one buffer per line: "RETURN HEX HEX ..."
buffers() {
	awk '
	/ bytes in buffer / { if (hex != "") print hex; hex = ""; next }
	/^ \| / { hex = hex " " substr($0, 11, 49); next }
	END { if (hex != "") print hex }' "$1" | tr -s ' '
}

# The first buffer whose first message is of type $1 (hex, as on the wire).
first_of_type() {
	awk -v type="$1" '$5 $6 == type { print; exit }'
}

# One line per header and attribute, with its path and name. Bytes of nests are what tests/unit/test_link.c opens too.
annotate() {
	awk -v what="$1" '
	function hex(s,	i, v) {
		for (v = i = 0; i < length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i + 1, 1)) - 1
		return v
	}
	function u16(at) { return hex(b[at + 1] b[at]) }
	function put(from, to, depth, note,	i, line) {	# 16 bytes to a line, the note on the first
		for (; from < to; from += 16) {
			line = sprintf("%" 2 * depth "s", "")
			for (i = from; i < to && i < from + 16; i++) line = line b[i] " "
			sub(/ $/, "", line)
			sub(/ $/, "", note)
			if (note != "") printf "%-64s# %s\n", line, note
			else print line
			note = ""
		}
	}
	function walk(at, end, path, depth,	i, len, type, p, next_at) {
		while (at + 4 <= end) {
			len = u16(at); type = u16(at + 2) % 16384
			if (len < 4 || at + len > end) { put(at, end, depth, "not an attribute"); return }
			p = path == "" ? type : path "/" type
			next_at = at + len + (4 - len % 4) % 4
			if (p in times) for (i = at + 4; i < at + len; i++) b[i] = "00"
			if (p in nest) {
				put(at, at + 4, depth, p " " name[p])
				if (nest[p]) put(at + 4, at + 4 + nest[p], depth + 1, "its header")
				walk(at + 4 + nest[p], at + len, p, depth + 1)
			} else
				put(at, next_at > end ? end : next_at, depth, p " " name[p])
			at = next_at
		}
	}
	function members(nest_path, prefix, list,	i, n, words, pair, at) {	# "NAME NUMBER:NAME ..."
		n = split(list, words, " ")
		for (i = 1; i <= n; i++) {
			at++
			if (split(words[i], pair, ":") == 2) { at = pair[1]; words[i] = pair[2] }
			is(nest_path "/" at, prefix words[i])
		}
	}
	function is(p, text, header) { name[p] = text; if (header != "") nest[p] = header }
	BEGIN {
		if (what ~ /^link/) {
			header = 16
			is(1, "IFLA_ADDRESS"); is(3, "IFLA_IFNAME"); is(4, "IFLA_MTU"); is(5, "IFLA_LINK")
			is(10, "IFLA_MASTER"); is(13, "IFLA_TXQLEN"); is(16, "IFLA_OPERSTATE")
			is(18, "IFLA_LINKINFO", 0); is(20, "IFLA_IFALIAS"); is(26, "IFLA_AF_SPEC", 0)
			is(27, "IFLA_GROUP"); is(31, "IFLA_NUM_TX_QUEUES"); is(32, "IFLA_NUM_RX_QUEUES")
			is(33, "IFLA_CARRIER"); is("18/1", "IFLA_INFO_KIND"); is("18/2", "IFLA_INFO_DATA", 0)
			is("18/4", "IFLA_INFO_SLAVE_KIND"); is("18/5", "IFLA_INFO_SLAVE_DATA", 0)
			is("26/10", "AF_INET6", 0); is("26/10/8", "IFLA_INET6_ADDR_GEN_MODE")
			is("26/10/5", "IFLA_INET6_CACHEINFO, times as zero"); times["26/10/5"]
		}
		if (what == "link-bridge")
			members("18/2", "IFLA_BR_", "FORWARD_DELAY HELLO_TIME MAX_AGE AGEING_TIME STP_STATE " \
				"PRIORITY VLAN_FILTERING VLAN_PROTOCOL GROUP_FWD_MASK 23:MCAST_SNOOPING " \
				"22:MCAST_ROUTER 25:MCAST_QUERIER 36:NF_CALL_IPTABLES NF_CALL_IP6TABLES NF_CALL_ARPTABLES " \
				"VLAN_DEFAULT_PVID 41:VLAN_STATS_ENABLED 43:MCAST_IGMP_VERSION MCAST_MLD_VERSION " \
				"46:MULTI_BOOLOPT")
		if (what == "link-port")
			members("18/5", "IFLA_BRPORT_", "STATE PRIORITY COST MODE GUARD PROTECT FAST_LEAVE " \
				"LEARNING UNICAST_FLOOD PROXYARP 24:PROXYARP_WIFI MULTICAST_ROUTER 27:MCAST_FLOOD " \
				"MCAST_TO_UCAST VLAN_TUNNEL BCAST_FLOOD GROUP_FWD_MASK NEIGH_SUPPRESS " \
				"ISOLATED 39:LOCKED")
		if (what == "link-bond") {
			members("18/2", "IFLA_BOND_", "MODE ACTIVE_SLAVE MIIMON UPDELAY DOWNDELAY USE_CARRIER " \
				"ARP_INTERVAL ARP_IP_TARGET ARP_VALIDATE ARP_ALL_TARGETS PRIMARY PRIMARY_RESELECT " \
				"FAIL_OVER_MAC XMIT_HASH_POLICY RESEND_IGMP NUM_PEER_NOTIF ALL_SLAVES_ACTIVE " \
				"MIN_LINKS LP_INTERVAL PACKETS_PER_SLAVE AD_LACP_RATE AD_SELECT AD_INFO " \
				"AD_ACTOR_SYS_PRIO AD_USER_PORT_KEY AD_ACTOR_SYSTEM TLB_DYNAMIC_LB PEER_NOTIF_DELAY " \
				"AD_LACP_ACTIVE MISSED_MAX NS_IP6_TARGET")
			nest["18/2/8"] = nest["18/2/31"] = 0
			members("18/5", "IFLA_BOND_SLAVE_", "5:QUEUE_ID 9:PRIO")
		}
		if (what == "link-vlan") {
			members("18/2", "IFLA_VLAN_", "ID FLAGS EGRESS_QOS INGRESS_QOS PROTOCOL")
			is("18/2/3/1", "IFLA_VLAN_QOS_MAPPING"); is("18/2/4/1", "IFLA_VLAN_QOS_MAPPING")
			nest["18/2/3"] = nest["18/2/4"] = 0
		}
		if (what == "link-vxlan")
			members("18/2", "IFLA_VXLAN_", "ID GROUP LINK LOCAL TTL TOS LEARNING AGEING LIMIT PORT_RANGE " \
				"PROXY RSC L2MISS L3MISS PORT GROUP6 LOCAL6 UDP_CSUM UDP_ZERO_CSUM6_TX " \
				"UDP_ZERO_CSUM6_RX 23:GBP 25:COLLECT_METADATA LABEL GPE TTL_INHERIT DF VNIFILTER")
		if (what == "link-vrf")
			is("18/2/1", "IFLA_VRF_TABLE")
		if (what == "link-vf") {
			is(21, "IFLA_NUM_VF"); is(22, "IFLA_VFINFO_LIST", 0); is("22/1", "IFLA_VF_INFO", 0)
			members("22/1", "IFLA_VF_", "MAC VLAN TX_RATE SPOOFCHK LINK_STATE RATE RSS_QUERY_EN STATS TRUST " \
				"12:VLAN_LIST BROADCAST")
			is("22/1/12", "IFLA_VF_VLAN_LIST", 0); is("22/1/12/1", "IFLA_VF_VLAN_INFO")
		}
		if (what == "link-macvlan") {
			members("18/2", "IFLA_MACVLAN_", "MODE FLAGS MACADDR_MODE MACADDR MACADDR_DATA 7:BC_QUEUE_LEN")
			is("18/2/5/4", "IFLA_MACVLAN_MACADDR"); nest["18/2/5"] = 0
		}
		if (what == "link-vlans") { is("26/0", "IFLA_BRIDGE_FLAGS"); is("26/2", "IFLA_BRIDGE_VLAN_INFO") }
		if (what == "link-altname") { is(52, "IFLA_PROP_LIST", 0); is("52/53", "IFLA_ALT_IFNAME") }
		if (what == "fdb") {
			header = 12
			is(2, "NDA_LLADDR"); is(5, "NDA_VLAN")
		}
		if (what == "link-tun")
			members("18/2", "IFLA_TUN_", "OWNER GROUP TYPE PI VNET_HDR PERSIST MULTI_QUEUE NUM_QUEUES " \
				"NUM_DISABLED_QUEUES")
		if (what == "link-veth") {
			is("18/2/1", "VETH_INFO_PEER", 16); is("18/2/1/1", "IFLA_ADDRESS")
			is("18/2/1/3", "IFLA_IFNAME"); is("18/2/1/4", "IFLA_MTU")
			is("18/2/1/31", "IFLA_NUM_TX_QUEUES"); is("18/2/1/32", "IFLA_NUM_RX_QUEUES")
		}
		if (what == "addr") {
			header = 8
			is(1, "IFA_ADDRESS"); is(2, "IFA_LOCAL"); is(4, "IFA_BROADCAST"); is(8, "IFA_FLAGS")
		}
		if (what == "route") {
			header = 12
			is(1, "RTA_DST"); is(4, "RTA_OIF"); is(5, "RTA_GATEWAY"); is(6, "RTA_PRIORITY")
		}
		if (what ~ /^tc/) { header = 20; is(1, "TCA_KIND"); is(2, "TCA_OPTIONS", 0); is(13, "TCA_INGRESS_BLOCK") }
		if (what == "tc-htb") {
			is("2/1", "TCA_HTB_PARMS"); is("2/2", "TCA_HTB_INIT"); is("2/3", "TCA_HTB_CTAB")
			is("2/4", "TCA_HTB_RTAB"); is("2/6", "TCA_HTB_RATE64"); is("2/7", "TCA_HTB_CEIL64")
		}
		if (what == "tc-tbf") {
			is("2/1", "TCA_TBF_PARMS"); is("2/2", "TCA_TBF_RTAB"); is("2/3", "TCA_TBF_PTAB"); is("2/4", "TCA_TBF_RATE64")
			is("2/5", "TCA_TBF_PRATE64"); is("2/6", "TCA_TBF_BURST"); is("2/7", "TCA_TBF_PBURST")
		}
		if (what == "tc-u32") {
			is("2/5", "TCA_U32_SEL"); is("2/7", "TCA_U32_ACT", 0); is("2/7/1", "action 1", 0)
			is("2/7/1/1", "TCA_ACT_KIND"); is("2/7/1/2", "TCA_ACT_OPTIONS", 0)
			is("2/7/1/2/2", "TCA_MIRRED_PARMS")
		}
		if (what == "tc-u32-skbedit") {
			is("2/5", "TCA_U32_SEL"); is("2/7", "TCA_U32_ACT", 0)
			is("2/7/1", "action 1", 0); is("2/7/1/1", "TCA_ACT_KIND"); is("2/7/1/2", "TCA_ACT_OPTIONS", 0)
			is("2/7/1/2/2", "TCA_SKBEDIT_PARMS"); is("2/7/1/2/3", "TCA_SKBEDIT_PRIORITY")
			is("2/7/2", "action 2", 0); is("2/7/2/1", "TCA_ACT_KIND"); is("2/7/2/2", "TCA_ACT_OPTIONS", 0)
			is("2/7/2/2/2", "TCA_MIRRED_PARMS")
		}
		if (what == "tc-u32-police") {
			is("2/5", "TCA_U32_SEL"); is("2/7", "TCA_U32_ACT", 0)
			is("2/7/1", "action 1", 0); is("2/7/1/1", "TCA_ACT_KIND"); is("2/7/1/2", "TCA_ACT_OPTIONS", 0)
			is("2/7/1/2/1", "TCA_POLICE_TBF"); is("2/7/1/2/2", "TCA_POLICE_RATE")
			is("2/7/1/2/8", "TCA_POLICE_RATE64")
		}
		if (what == "tc-bpf-block") {
			is("2/1", "TCA_BPF_ACT", 0); is("2/1/1", "action 1", 0); is("2/1/1/1", "TCA_ACT_KIND")
			is("2/1/1/2", "TCA_ACT_OPTIONS", 0); is("2/1/1/2/2", "TCA_MIRRED_PARMS")
			is("2/4", "TCA_BPF_OPS_LEN"); is("2/5", "TCA_BPF_OPS")
		}
		if (what == "tc-fq_codel") {
			is("2/1", "TCA_FQ_CODEL_TARGET"); is("2/3", "TCA_FQ_CODEL_INTERVAL"); is("2/5", "TCA_FQ_CODEL_FLOWS")
		}
		if (what == "tc-bpf") {
			is("2/3", "TCA_BPF_CLASSID"); is("2/6", "TCA_BPF_FD"); is("2/7", "TCA_BPF_NAME"); is("2/8", "TCA_BPF_FLAGS")
		}
		if (what == "tc-sfq")
			delete nest[2]
		if (what == "tc-flower") {
			is("2/1", "TCA_FLOWER_CLASSID"); is("2/4", "TCA_FLOWER_KEY_ETH_DST")
			is("2/5", "TCA_FLOWER_KEY_ETH_DST_MASK"); is("2/8", "TCA_FLOWER_KEY_ETH_TYPE")
			is("2/22", "TCA_FLOWER_FLAGS")
		}
		if (what == "tc-u32-table") {
			is("2/1", "TCA_U32_CLASSID"); is("2/2", "TCA_U32_HASH"); is("2/3", "TCA_U32_LINK")
			is("2/4", "TCA_U32_DIVISOR"); is("2/5", "TCA_U32_SEL")
		}
	}
	{
		n = split($0, word, " ")
		for (i = 1; i <= n; i++) b[i - 1] = word[i]
		for (i = 8; i < 12; i++) b[i] = "00"	# the sequence number: the time of day
		for (i = 12; i < 16; i++) b[i] = "00"	# the port
		end = u16(0)
		put(0, 16, 0, "nlmsghdr")
		put(16, 16 + header, 0, "the family\047s header")
		walk(16 + header, end, "", 0)
	}'
}

# The words as a shell would read them.
quoted() {
	for word; do
		case $word in
		*[!-a-zA-Z0-9_./:]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
}

# save NAME WHAT TYPE STRACE-OPTIONS -- COMMAND...: runs COMMAND under strace and keeps the message of that type.
save() {
	name=$1 what=$2 type=$3 call=$4
	shift 4
	case $only in "  " | *" $name "*) ;; *) "$@" >"$tmp/out" 2>&1 || :; return ;; esac
	if [ "$call" = sent ]; then
		strace -o "$tmp/trace" -e trace=sendmsg -e write=all "$@" >"$tmp/out" 2>&1 || :
	else
		strace -o "$tmp/trace" -e trace=recvmsg -e read=all "$@" >"$tmp/out" 2>&1 || :
	fi
	buffers "$tmp/trace" | first_of_type "$type" | annotate "$what" >"$tmp/hex"
	[ -s "$tmp/hex" ] || { echo "$name: no message of type $type: $*" >&2; exit 1; }
	{
		echo "#$(quoted "$@")	($version, $call)"
		cat "$tmp/hex"
	} >"$name.hex"
}

# Types of messages as they lie in memory.
NEWLINK=1000 DELLINK=1100 SETLINK=1300 NEWNEIGH=1c00 DELNEIGH=1d00 NEWLINKPROP=6c00 DELLINKPROP=6d00
NEWADDR=1400 NEWROUTE=1800 NEWQDISC=2400 DELQDISC=2500 NEWTCLASS=2800 DELTCLASS=2900 NEWFILTER=2c00 DELFILTER=2d00

ip link add index 100 name low0 address 52:54:00:00:01:00 type ifb
ip link add index 101 name br1 address 52:54:00:00:01:01 type bridge

save bridge link-bridge $NEWLINK sent ip link add index 110 name br0 up group 7 type bridge \
	forward_delay 1500 hello_time 300 max_age 1900 ageing_time 30000 stp_state 1 priority 4096 vlan_filtering 1 \
	vlan_protocol 802.1ad group_fwd_mask 0x4000 mcast_snooping 0 mcast_querier 1 vlan_default_pvid 5 \
	nf_call_iptables 1 nf_call_ip6tables 1 nf_call_arptables 1 vlan_stats_enabled 1 mcast_router 2 \
	mcast_igmp_version 3 mcast_mld_version 2 no_linklocal_learn 1 mcast_vlan_snooping 1
save ifb link $NEWLINK sent ip link add index 111 name ifb-vnet0 address 52:54:00:11:22:33 mtu 1400 txqueuelen 256 \
	numtxqueues 1 numrxqueues 2 group 5 up type ifb
save veth link-veth $NEWLINK sent ip link add index 112 name veth0 master br1 numtxqueues 1 numrxqueues 1 type veth \
	peer name veth1 address 52:54:00:11:22:44 mtu 1400 numtxqueues 1 numrxqueues 1
save macvtap-passthru link-macvlan $NEWLINK sent ip link add link low0 index 113 name mt0 type macvtap mode passthru nopromisc
save macvtap-vepa link-macvlan $NEWLINK sent ip link add link low0 index 114 name mt1 type macvtap mode vepa
save macvlan-bridge link-macvlan $NEWLINK sent ip link add link low0 index 115 name mv0 type macvlan mode bridge
save macvlan-private link-macvlan $NEWLINK sent ip link add link low0 index 116 name mv1 type macvlan mode private
save macvlan-source link-macvlan $NEWLINK sent ip link add link low0 index 117 name mv2 type macvlan mode source \
	macaddr set 52:54:00:11:22:88 52:54:00:11:22:99 bcqueuelen 3000
save source-add link-macvlan $NEWLINK sent ip link set dev veth0 type macvlan macaddr add 52:54:00:11:22:aa
save source-del link-macvlan $NEWLINK sent ip link set dev veth0 type macvlan macaddr del 52:54:00:11:22:aa

save dummy link $NEWLINK sent ip link add index 118 name d0 address 52:54:00:11:22:66 mtu 1400 type dummy
save vlan link-vlan $NEWLINK sent ip link add link low0 index 119 name v0 type vlan protocol 802.1ad id 4094 reorder_hdr off \
	gvrp on mvrp on loose_binding on bridge_binding on ingress-qos-map 1:2 7:9 egress-qos-map 5:7
save vlan-plain link-vlan $NEWLINK sent ip link add link low0 index 120 name v1 type vlan protocol 802.1Q id 0
save bond link-bond $NEWLINK sent ip link add index 121 name bond0 type bond mode active-backup miimon 100 updelay 200 \
	downdelay 300 peer_notify_delay 400 use_carrier 1 arp_all_targets all arp_missed_max 4 primary_reselect failure \
	fail_over_mac follow resend_igmp 7 num_grat_arp 9 all_slaves_active 1 min_links 1 lp_interval 3
save bond-arp link-bond $NEWLINK sent ip link add index 122 name bond1 type bond mode balance-xor arp_interval 500 \
	arp_ip_target 192.0.2.1,192.0.2.2 ns_ip6_target 2001:db8::1 arp_validate all xmit_hash_policy vlan+srcmac
save bond-lacp link-bond $NEWLINK sent ip link add index 123 name bond2 type bond mode 802.3ad xmit_hash_policy layer3+4 \
	lacp_active off lacp_rate fast ad_select count ad_user_port_key 1000 ad_actor_sys_prio 65535 \
	ad_actor_system 52:54:00:11:22:77
save bond-tlb link-bond $NEWLINK sent ip link add index 124 name bond3 type bond mode balance-tlb tlb_dynamic_lb 0
save bond-rr link-bond $NEWLINK sent ip link add index 125 name bond4 type bond mode balance-rr packets_per_slave 5

save vxlan link-vxlan $NEWLINK sent ip link add index 126 name vx0 type vxlan id 77 group 239.1.2.3 local 192.0.2.1 dev low0 \
	dstport 4789 ttl 5 tos 0x10 flowlabel 0x12345 df set nolearning ageing 60 maxaddress 9 proxy norsc l2miss nol3miss \
	udpcsum noudp6zerocsumtx udp6zerocsumrx srcport 1000 2000
save vxlan-external link-vxlan $NEWLINK sent ip link add index 127 name vx1 type vxlan external nolearning dstport 4789 \
	local 2001:db8::1
save vxlan-inherit link-vxlan $NEWLINK sent ip link add index 129 name vx2 type vxlan id 78 dstport 4790 ttl inherit gbp gpe
save vrf link-vrf $NEWLINK sent ip link add index 128 name vrf0 type vrf table 100

save port link-port $NEWLINK sent ip link set dev veth0 type bridge_slave cost 10 priority 20 hairpin on guard on \
	root_block on fastleave on learning off flood off mcast_flood off bcast_flood off neigh_suppress on isolated on \
	locked on proxy_arp on proxy_arp_wifi on mcast_router 2 mcast_to_unicast on group_fwd_mask 0x4000 vlan_tunnel on
save altname-add link-altname $NEWLINKPROP sent ip link property add dev veth0 altname a-second-name-that-is-long
save altname-del link-altname $DELLINKPROP sent ip link property del dev veth0 altname a-second-name-that-is-long
save bridge-vlan link-vlans $SETLINK sent bridge vlan add dev veth0 vid 5 pvid untagged
save bridge-vlan-range link-vlans $SETLINK sent bridge vlan add dev veth0 vid 10-19
save bridge-vlan-self link-vlans $SETLINK sent bridge vlan add dev veth0 vid 7 self
save bridge-vlan-del link-vlans $DELLINK sent bridge vlan del dev veth0 vid 10-19
save fdb-static fdb $NEWNEIGH sent bridge fdb add 52:54:00:11:22:aa dev veth0 master static vlan 5
save fdb-local fdb $NEWNEIGH sent bridge fdb add 52:54:00:11:22:aa dev veth0 master local
save fdb-self fdb $NEWNEIGH sent bridge fdb add 52:54:00:11:22:aa dev veth0 self permanent
save fdb-del fdb $DELNEIGH sent bridge fdb del 52:54:00:11:22:aa dev veth0 master vlan 5
save alias link $NEWLINK sent ip link set dev veth0 alias "guest \"1\" of weir"
save group link $NEWLINK sent ip link set dev veth0 group 9
save addrgenmode link $NEWLINK sent ip link set dev veth0 addrgenmode none
save change link $NEWLINK sent ip link set dev veth0 address 52:54:00:11:22:55 mtu 1300 txqueuelen 77 master br1 up
save nomaster link $NEWLINK sent ip link set dev veth0 nomaster

save vf link-vf $NEWLINK sent ip link set dev low0 vf 5 mac 52:54:00:11:22:66 vlan 77 qos 3 min_tx_rate 20 \
	max_tx_rate 400 spoofchk on state disable query_rss on trust on
save vf-8021ad link-vf $NEWLINK sent ip link set dev low0 vf 6 vlan 78 qos 2 proto 802.1ad

save addr4 addr $NEWADDR sent ip address add 192.0.2.1/24 broadcast 192.0.2.255 dev low0
save addr6 addr $NEWADDR sent ip address add 2001:db8::1/64 dev low0 nodad
ip link set low0 up
save route4 route $NEWROUTE sent ip route add 198.51.100.0/24 via 192.0.2.2 dev low0 metric 7 protocol 4
save route4-link route $NEWROUTE sent ip route add 203.0.113.0/25 dev low0 protocol static
save route6 route $NEWROUTE sent ip route add 2001:db8:1::/48 via 2001:db8::2 dev low0 metric 9 protocol static

save qdisc-htb tc-htb $NEWQDISC sent tc qdisc add dev low0 root handle 1: htb default 1
save class-htb tc-htb $NEWTCLASS sent tc class add dev low0 parent 1: classid 1:1 htb rate 1000000bps ceil 2000000bps \
	burst 65536b cburst 32768b quantum 60000
save class-htb-fast tc-htb $NEWTCLASS sent tc class add dev low0 parent 1: classid 1:1 htb rate 5000000000bps \
	ceil 12500000000bps burst 5000000b cburst 12500000b quantum 60000
save qdisc-tbf tc-tbf $NEWQDISC sent tc qdisc add dev low0 root handle 7765: tbf rate 1000000bps burst 70000b latency 50ms
save qdisc-tbf-peak tc-tbf $NEWQDISC sent tc qdisc add dev low0 root handle 7765: tbf rate 1000000bps burst 1048576b \
	latency 50ms peakrate 2000000bps mtu 70000
save qdisc-tbf-change tc-tbf $NEWQDISC sent tc qdisc change dev low0 root handle 7765: tbf rate 2000000bps burst 70000b \
	latency 50ms
save qdisc-tbf-fast tc-tbf $NEWQDISC sent tc qdisc add dev low0 root handle 7765: tbf rate 5000000000bps burst 5000000b \
	latency 50ms peakrate 12500000000bps mtu 12500000
save qdisc-ingress tc $NEWQDISC sent tc qdisc add dev veth0 ingress
save filter-u32 tc-u32 $NEWFILTER sent tc filter add dev veth0 parent ffff: protocol all prio 30565 handle 800::1 u32 \
	match u32 0 0 action mirred egress redirect dev low0

# Of links that this kernel may not have: their answers do not matter, their indexes do.
save bond-primary link-bond $NEWLINK sent ip link set dev low0 type bond primary br1 active_slave br1
save bond-port link-bond $NEWLINK sent ip link set dev low0 type bond_slave queue_id 3 prio 5
save vxlan-set link-vxlan $NEWLINK sent ip link set dev low0 type vxlan remote 192.0.2.8 local 192.0.2.3 dev br1 ttl 6 \
	tos 0x20 flowlabel 0x5 df inherit learning ageing 70
save vlan-set link-vlan $NEWLINK sent ip link set dev low0 type vlan gvrp off loose_binding on egress-qos-map 3:0

save qdisc-fq_codel tc-fq_codel $NEWQDISC sent tc qdisc add dev veth0 parent 7765:1 handle f001: fq_codel flows 256 \
	target 24224us interval 484480us
save filter-skbedit tc-u32-skbedit $NEWFILTER sent tc filter add dev veth0 parent ffff: protocol all prio 30565 handle 800::1 u32 \
	match u32 0 0 action skbedit priority 7765:1a pipe action mirred egress redirect dev low0
save filter-police tc-u32-police $NEWFILTER sent tc filter add dev veth0 parent ffff: protocol all prio 30565 handle 800::1 u32 \
	match u32 0 0 action police rate 1000000bps burst 131072b mtu 70000 drop
save qdisc-ingress-block tc $NEWQDISC sent tc qdisc add dev veth0 ingress_block 100 ingress
save filter-block tc-bpf-block $NEWFILTER sent tc filter add block 100 protocol all prio 30565 handle 1 bpf bytecode '1,6 0 0 4294967295,' \
	action mirred egress redirect dev low0
save filter-flower tc-flower $NEWFILTER sent tc filter add dev br1 parent 7765: protocol all prio 30565 handle 16 flower \
	dst_mac 52:54:00:01:02:03 classid 7765:10
save filter-table tc-u32-table $NEWFILTER sent tc filter add dev br1 parent 7765: protocol all prio 30565 handle 765: u32 \
	divisor 256
save filter-hash tc-u32-table $NEWFILTER sent tc filter add dev br1 parent 7765: protocol all prio 30565 handle 800::1 u32 link 765: \
	hashkey mask 0x000000ff at -12 match u32 0 0
save filter-bucket tc-u32-table $NEWFILTER sent tc filter add dev br1 parent 7765: protocol all prio 30565 \
	handle 765:3:10 u32 ht 765:3: match u32 0x00010203 0xffffffff at -12 match u16 0x5254 0xffff at -14 flowid 7765:10
save filter-police-fast tc-u32-police $NEWFILTER sent tc filter add dev veth0 parent ffff: protocol all prio 30565 handle 800::1 u32 \
	match u32 0 0 action police rate 5000000000bps burst 5000000b mtu 70000 drop
save filter-police-change tc-u32-police $NEWFILTER sent tc filter change dev veth0 parent ffff: protocol all prio 30565 handle 800::1 \
	u32 match u32 0 0 action police rate 2000000bps burst 131072b mtu 70000 drop
save qdisc-sfq tc-sfq $NEWQDISC sent tc qdisc add dev veth0 parent 7765:1 handle 5001: sfq
save qdisc-sfq-replace tc-sfq $NEWQDISC sent tc qdisc replace dev veth0 parent 7765:1 handle 5001: sfq
save qdisc-fq_codel-change tc-fq_codel $NEWQDISC sent tc qdisc change dev veth0 parent 7765:1 handle f001: fq_codel \
	target 24224us interval 484480us
save qdisc-noqueue tc $NEWQDISC sent tc qdisc add dev veth0 root handle 7768: noqueue
save class-htb-change tc-htb $NEWTCLASS sent tc class change dev low0 parent 1: classid 1:1 htb rate 1000000bps ceil 2000000bps \
	burst 65536b cburst 32768b quantum 60000
save qdisc-del tc $DELQDISC sent tc qdisc del dev low0 root handle 7765:
save qdisc-del-leaf tc $DELQDISC sent tc qdisc del dev low0 parent 7765:1 handle f001:
save qdisc-del-ingress tc $DELQDISC sent tc qdisc del dev veth0 ingress
save class-del tc $DELTCLASS sent tc class del dev low0 classid 7765:1
save filter-del tc $DELFILTER sent tc filter del dev veth0 parent ffff: protocol all prio 30565
save filter-flower-del tc $DELFILTER sent tc filter del dev br1 parent 7765: protocol all prio 30565 handle 16 flower
save filter-bucket-del tc $DELFILTER sent tc filter del dev br1 parent 7765: protocol all prio 30565 handle 765:3:10 u32
save filter-floors-del tc $DELFILTER sent tc filter del dev br1 parent 7765: protocol all prio 30565

# tc takes a program from a file alone: one that returns 0, put there by its two system calls.
mount -t bpf bpf /sys/fs/bpf
perl -e '
	my $program = pack("C C s l", 0xb7, 0, 0, 0) . pack("C C s l", 0x95, 0, 0, 0);	# r0 = 0; exit
	my $license = "GPL\0";
	my $load = pack("L L Q Q L L Q L L", 3, 2, unpack("Q", pack("P", $program)), unpack("Q", pack("P", $license)), 0, 0, 0, 0, 0);
	my $fd = syscall(321, 5, $load, length($load));	# BPF_PROG_LOAD of a classifier
	my $path = "/sys/fs/bpf/weir\0";
	my $pin = pack("Q L L", unpack("Q", pack("P", $path)), $fd, 0);
	exit($fd < 0 || syscall(321, 6, $pin, length($pin)) != 0);'
save filter-bpf tc-bpf $NEWFILTER sent tc filter add dev veth0 parent ffff: protocol all prio 30565 handle 1 bpf \
	object-pinned /sys/fs/bpf/weir direct-action classid 7767:1a

# What only the kernel says: taps are made by ioctl.
ip tuntap add dev tap0 mode tap user 1000 group 100 vnet_hdr multi_queue
ip link set dev tap0 address 52:54:00:00:01:03 alias tapped
save tap-answer link-tun $NEWLINK received ip -details link show dev tap0
# Only in the lab (WEIR_CAPTURE_DIR=/run/lab/out there, and --out here): an igb with 3 VFs, in its own namespace.
if [ -n "${WEIR_CAPTURE_PF:-}" ]; then
	save vf-answer link-vf $NEWLINK received ip link show dev "$WEIR_CAPTURE_PF"
fi
ip link set dev veth0 address 52:54:00:00:01:04 master br1 && ip link set dev veth0 type bridge_slave isolated on
save port-answer link-port $NEWLINK received ip -details link show dev veth0
