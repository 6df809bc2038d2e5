#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `make demo`: the tour, and the first thing that a newcomer sees. In namespaces that vanish with it this makes a small
# world (an outside host, a hypervisor's host, two guests), starts examples/default.json there with weir, gives both
# guests a port, and shows that each leases an address, crosses the NAT, gets the rate of its portgroup in both
# directions, and that nothing is left afterwards. Ends with 0 only if all of that is so. Needs no root where user
# namespaces are allowed; takes about 20 seconds; never touches the machine's own network.
set -u
export LC_COLLATE=C
cd "$(dirname "$0")/../.." || exit 1

me=tests/demo/demo.sh
netns_id() { readlink /proc/self/ns/net; }

# ---- into namespaces of our own

if [ "${1:-}" != --inside ]; then
	for how in 'unshare -n -m -p -f' 'unshare -r -n -m -p -f'; do
		# shellcheck disable=SC2086 # a command with its options
		$how --mount-proc --kill-child true 2>/dev/null &&
			exec $how --mount-proc --kill-child "$me" --inside "$(netns_id)"
	done
	echo "demo: this user may not make namespaces here; try: sudo make demo" >&2
	exit 1
fi
if [ "${2:-}" = "$(netns_id)" ] || [ -z "${2:-}" ]; then
	echo "demo: refused, this is not a network namespace of its own" >&2
	exit 1
fi
trap 'exit 130' INT TERM

# ---- how it looks

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') green=$(printf '\033[32m') red=$(printf '\033[31m') off=$(printf '\033[0m')
else
	bold='' dim='' green='' red='' off=''
fi
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
*UTF-8* | *utf8*) yes='✓' no='✗' bar='│' fork='├─' last='└─' ;;
*) yes=ok no=NO bar='|' fork='|-' last='`-' ;;
esac

bad=0
title() { printf '\n%s%s%s\n' "$bold" "$1" "$off"; }
good() { printf '  %s%s%s %s\n' "$green" "$yes" "$off" "$1"; }
wrong() { printf '  %s%s %s%s\n' "$red" "$no" "$1" "$off"; bad=$((bad + 1)); }
expect() { if [ "$2" = "$3" ]; then good "$1"; else wrong "$1: $2, not $3"; fi; }
fatal() {
	wrong "$1"
	[ ! -s "${2:-/dev/null}" ] || sed 's/^/    /' "$2"
	exit 1
}

# ---- what it needs

weir=${WEIR:-build/weir}
case $weir in /*) ;; *) weir=$PWD/$weir ;; esac
definition=$PWD/examples/default.json
for program in "$weir" ip tc nft dnsmasq busybox jq nsenter; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null ||
		fatal "$program is missing: \`make all\` and \`sudo make deps\` bring everything"
done
PATH=$PATH:/usr/sbin:/sbin
has() { command -v "$1" >/dev/null; }

mount -t tmpfs -o mode=755 weir-demo /run || exit 1
mkdir -p /run/netns /run/demo/log /run/demo/www/cgi-bin
tmp=/run/demo
export WEIR_CONFIG_DIR=$tmp/config WEIR_STATE_DIR=$tmp/state
log=$tmp/log

in_ns() { ns=$1 && shift && nsenter --net=/run/netns/"$ns" "$@"; }

# weir as the reader would type it, then what it says. Calls are counted where that can be done.
show_command() { printf '  %s$ weir %s%s\n' "$dim" "$*" "$off"; }
run() {
	show_command "$@"
	"$weir" "$@" >"$log/out" 2>"$log/err" || fatal "weir $* failed" "$log/err"
	sed 's/^/    /' "$log/out"
}
counted() {	# counted NAME COMMAND...: a run whose plan and calls are kept for later
	count=$1 && shift
	"$weir" --dry-run "$@" >"$tmp/$count.plan" 2>"$log/err" || fatal "weir $* has no plan" "$log/err"
	show_command "$@"
	if has strace && strace -c -o "$log/$count.calls" true 2>/dev/null; then
		strace -c -U calls,name -o "$log/$count.calls" "$weir" --json --stats "$@" >"$log/out" 2>"$log/$count.stats"
	else
		"$weir" --json --stats "$@" >"$log/out" 2>"$log/$count.stats"
	fi || fatal "weir $* failed" "$log/$count.stats"
}

# ---- the world around it

outside=198.51.100.1
host=198.51.100.2

make_world() {
	ip link set lo up
	for ns in outside alice bob; do
		ip netns add $ns
		ip -n $ns link set lo up
		# What TCP has under way fills the queue before a slow port, and later measurements wait behind it.
		in_ns $ns sysctl -q -w net.ipv4.tcp_wmem='4096 131072 524288' net.ipv4.tcp_rmem='4096 131072 524288'
	done
	ip link add uplink type veth peer name eth0 netns outside
	ip link set uplink addrgenmode none 2>/dev/null
	ip -n outside link set eth0 addrgenmode none 2>/dev/null
	ip address add $host/24 dev uplink
	ip -n outside address add $outside/24 dev eth0
	ip link set uplink up
	ip -n outside link set eth0 up
	ip route add default via $outside

	cat >$tmp/www/cgi-bin/who <<-'END'
		#!/bin/sh
		printf 'Content-Type: text/plain\r\n\r\n%s\n' "${REMOTE_ADDR##*:}"
	END
	chmod +x $tmp/www/cgi-bin/who
	in_ns outside busybox httpd -p $outside:80 -h $tmp/www
	cat >$tmp/lease <<-'END'
		#!/bin/sh
		[ "$1" = bound ] || exit 0
		ip address add "$ip/$mask" dev "$interface"
		for r in $router; do ip route add default via "$r"; done
	END
	chmod +x $tmp/lease
}

# Everything that weir could have left. IP forwarding stays on, because others may count on it by then, and whether redirects
# are accepted goes with it.
snapshot() {
	for ns in '' alice bob; do
		echo "# ${ns:-host}"
		${ns:+nsenter --net=/run/netns/$ns} tests/netns/snapshot.sh "$WEIR_CONFIG_DIR" "$WEIR_STATE_DIR" 2>/dev/null
	done | grep -v -e forward -e accept_redirects
}

# Who the outside host says that it sees, asked as a browser would. (busybox's own wget wants a resolver.)
who_am_i() { printf 'GET /cgi-bin/who HTTP/1.0\r\n\r\n' | in_ns "$1" busybox nc -w 5 $outside 80 2>&1 | tail -n 1; }

# ---- the parts of the tour

# The script without what stands in its here-documents, which is rules and files.
short_plan() {
	awk '
	end != "" { n++; if ($0 == end) { printf "%s  (%d lines)\n", line, n - 1; end = "" } next }
	/<<.WEIR-EOF.$/ { line = $0; sub(/ *<<.*/, "", line); end = "WEIR-EOF"; n = 0; next }
	/^mkdir / { next }
	{ print }' "$1"
}

plan() {
	title 'What starting it would do'
	show_command plan examples/default.json
	"$weir" plan "$definition" >$tmp/whole.plan 2>"$log/err" || fatal 'there is no plan' "$log/err"
	short_plan $tmp/whole.plan | cut -c1-110 | sed "s/^/    $dim/; s/\$/$off/"
}

start() {
	title 'The network'
	run net define examples/default.json
	counted start net start default
	good "network $(jq -r .name "$log/out") runs on bridge $(jq -r .bridge "$log/out")"
}

attach() {
	title 'Two guests'
	counted alice net attach default --portgroup gold --netns alice --owner alice
	good "alice is on port $(jq -r .name "$log/out"), mac $(jq -r .mac "$log/out")"
	counted bob net attach default --portgroup bronze --netns bob --owner bob
	good "bob is on port $(jq -r .name "$log/out"), mac $(jq -r .mac "$log/out")"
}

# One after the other: dnsmasq pings an address for 3 s before it offers it, and hears nothing meanwhile.
dhcp() {	# dhcp GUEST
	in_ns "$1" busybox udhcpc -f -q -n -t 5 -T 4 -i eth0 -x "hostname:$1" -s $tmp/lease >"$log/dhcp.$1" 2>&1
}
address_of() { ip -n "$1" -j -4 address show dev eth0 | jq -r '.[0].addr_info[0].local // "no address"'; }

lease() {
	title 'Each leases its address (busybox udhcpc from dnsmasq)'
	dhcp alice
	dhcp bob
	run net leases default
	for guest in alice bob; do
		leased=$("$weir" --json net leases default | jq -r --arg g $guest '.[] | select(.hostname == $g).address')
		expect "$guest has $(address_of $guest)" "$(address_of $guest)" "${leased:-no lease}"
	done
}

cross_nat() {
	title "Across the NAT: who is seen by $outside?"
	for guest in alice bob; do
		seen=$(who_am_i $guest)
		expect "$guest goes out as $(address_of $guest) and is seen as $seen" "$seen" $host
	done
	ip -n outside route add 192.168.122.0/24 via $host
	if in_ns outside busybox ping -c 1 -W 1 "$(address_of alice)" >/dev/null 2>&1; then
		wrong 'the outside reaches alice'
	else
		good 'nobody outside reaches a guest that did not call'
	fi
	ip -n outside route del 192.168.122.0/24
}

# ---- rates

window=3	# seconds that are measured, after one that is not: the burst is over by then

# Both meters: METER GUEST inbound|outbound PORT, bytes of TCP payload per second at the receiving end into a file.
iperf() {
	server=$log/iperf.$1.$2.server client=$log/iperf.$1.$2.client
	in_ns outside iperf3 -J -s -1 -p "$3" >"$server" 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		in_ns outside ss -Htln "sport = :$3" | grep -q . && break
		sleep 0.1
	done
	set -- "$1" "$2" "$3" "$([ "$2" = outbound ] || echo -R)"
	# shellcheck disable=SC2086 # one option or none
	in_ns "$1" iperf3 -J -c $outside -p "$3" -t $((window + 1)) $4 >"$client" 2>&1
	[ "$2" = inbound ] || client=$server
	wait
	jq "[.intervals[1:$window + 1][].sum] | (map(.bytes) | add) / (map(.seconds) | add) | floor" "$client" >"$tmp/rate.$1.$2"
}

netcat() {
	sink=$tmp/sink.$1
	: >"$sink"
	if [ "$2" = inbound ]; then
		in_ns outside busybox timeout $((window + 3)) busybox nc -l -p "$3" -e cat /dev/zero &
		sleep 0.3
		in_ns "$1" busybox timeout $((window + 2)) busybox nc $outside "$3" </dev/null >"$sink" &
	else
		in_ns outside busybox timeout $((window + 3)) busybox nc -l -p "$3" </dev/null >"$sink" &
		sleep 0.3
		in_ns "$1" busybox timeout $((window + 2)) busybox nc $outside "$3" -e cat /dev/zero &
	fi
	sleep 1
	before=$(wc -c <"$sink")
	sleep $window
	echo $((($(wc -c <"$sink") - before) / window)) >"$tmp/rate.$1.$2"
	wait
}

configured() {	# configured PORTGROUP DIRECTION, in bytes per second
	jq ".portgroups[] | select(.name == \"$1\").bandwidth.$2.average * 1000" "$definition"
}

measured() { cat "$tmp/rate.$1.$2" 2>/dev/null || echo 0; }

is_right() {	# is_right GUEST PORTGROUP DIRECTION
	awk -v is="$(measured "$1" "$3")" -v want="$(configured "$2" "$3")" 'BEGIN { exit !(is > 0.85 * want && is < 1.03 * want) }'
}

rate_row() {	# rate_row GUEST PORTGROUP DIRECTION
	verdict=$green$yes$off
	is_right "$@" || { verdict=$red$no$off && bad=$((bad + 1)); }
	awk -v guest="$1" -v group="$2" -v way="$3" -v want="$(configured "$2" "$3")" -v is="$(measured "$1" "$3")" \
		-v verdict="$verdict" 'BEGIN {
		printf "    %-7s%-11s%-10s%7.1f Mbit/s %9.2f Mbit/s %8.2f  %s\n",
			guest, group, way, want * 8 / 1e6, is * 8 / 1e6, is / want, verdict
	}'
}

# Both guests at once; on a busy machine one may need a second try, alone.
measure() {	# measure DIRECTION
	$meter alice "$1" 5201 &
	$meter bob "$1" 5202 &
	wait
	is_right alice gold "$1" || $meter alice "$1" 5203
	is_right bob bronze "$1" || $meter bob "$1" 5204
} 2>"$log/measure"

rates() {
	meter=netcat by='busybox nc'
	! has iperf3 || ! has ss || { meter=iperf && by=iperf3; }
	title "Rates, measured by $by for $window s after the burst (TCP's payload: headers leave 0.95)"
	measure inbound
	measure outbound
	printf '    %s%-7s%-11s%-10s%14s %16s %8s%s\n' "$dim" guest portgroup direction configured measured ratio "$off"
	for way in inbound outbound; do
		rate_row alice gold $way
		rate_row bob bronze $way
	done
}

# ---- what it looks like now, from weir's own JSON

topology() {
	title "The topology, from weir's JSON"
	"$weir" --json net show default >$tmp/net
	"$weir" --json net ports default >$tmp/ports
	"$weir" --json net leases default >$tmp/leases
	printf '    outside  %s\n      %s\n    uplink   %s\n      %s  nat\n' $outside "$bar" $host "$bar"
	jq -r '"    \(.bridge.name)   \(.ips[0].address)/\(.ips[0].prefix)  network \(.name)"' $tmp/net
	jq -r --slurpfile leases $tmp/leases --arg fork "$fork" --arg last "$last" '
		def pad(n): (. + "                ")[0:n];
		def mbit: if . then "\(. * 8 / 1000) Mbit/s" else "unlimited" end;
		length as $n | to_entries[] | .key as $i | .value | . as $p |
		"      \(if $i == $n - 1 then $last else $fork end) \(.name)  " +
		("\(.ifname // "tap")@\(.netns // "-")" | pad(12)) +
		([$leases[0][] | select(.mac == $p.mac).address][0] // "no address" | pad(17)) +
		"\(.portgroup | pad(7)) in \(.bandwidth.inbound.average | mbit), out \(.bandwidth.outbound.average | mbit)"' $tmp/ports
}

# ---- what the kernel was asked

n_commands() { grep -cE '^(ip|bridge|tc|nft|nsenter|test|sysctl|install) |^/' "$1"; }

calls_row() {	# calls_row NAME TEXT
	calls=-
	[ ! -s "$log/$1.calls" ] || calls=$(awk '$NF == "total" { print $1 }' "$log/$1.calls")
	tail -n 1 "$log/$1.stats" | jq -r '.rtnetlink | "\(.sends) \(.messages) \(.bytes)"' |
		awk -v text="$2" -v calls="$calls" -v commands="$(n_commands "$tmp/$1.plan")" '
		{ printf "    %-19s%7d%10d%7d%14s%17s\n", text, $1, $2, $3, calls, commands }'
}

system_calls() {
	title 'What the kernel was asked, by rtnetlink and by all system calls'
	printf '    %s%-19s%7s%10s%7s%14s%17s%s\n' "$dim" '' sends messages bytes 'system calls' 'instead of' "$off"
	for what in 'start start the network' 'alice attach alice' 'bob attach bob'; do
		calls_row "${what%% *}" "${what#* }"
	done | sed 's/$/ commands/'
	[ "$(tail -n 1 "$log/start.stats" | jq '.rtnetlink.sends <= 3')" = true ] || wrong 'starting took more than 3 sends'
	[ "$(tail -n 1 "$log/alice.stats" | jq '.rtnetlink.sends <= 3')" = true ] || wrong 'attaching took more than 3 sends'
}

stop() {
	title 'And away'
	run net stop default
	run net undefine default
	snapshot >$tmp/after
	if diff $tmp/before $tmp/after >"$log/diff"; then
		good 'nothing is left: no link, address, route, qdisc, rule, setting, process or file'
	else
		wrong 'this is left:'
		sed -n 's/^[<>]/   &/p' "$log/diff" | cut -c1-150
	fi
}

# ---- the tour

began=$(date +%s)
printf '%s%s%s on Linux %s: two guests on a NAT network\n' "$bold" "$("$weir" --version)" "$off" "$(uname -r)"
printf '%sin namespaces of its own, which vanish at the end; this machine is not touched%s\n' "$dim" "$off"
make_world >"$log/world" 2>&1
[ "$(who_am_i outside)" = $outside ] || fatal 'the world could not be made' "$log/world"
snapshot >$tmp/before
plan
start
attach
lease
cross_nat
rates
topology
system_calls
stop

title "$([ $bad = 0 ] && echo 'Everything was as expected' || echo "$bad of it was not as expected"), in $(($(date +%s) - began)) s."
[ $bad = 0 ]
