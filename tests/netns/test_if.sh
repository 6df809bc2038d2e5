#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Host interfaces on the command line: apply and what decides whether it stays (the word, the time, the death of each
# process, of both, of the session), begin and rollback, check and repair, what comes up at boot. "As before" means links,
# addresses, routes, stored files and records. Runs in namespaces of its own; needs jq and iproute2.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1

namespaces='-n -m -p -f --mount-proc --kill-child'
# shellcheck source-path=SCRIPTDIR source=enter.sh
. tests/netns/enter.sh
snapshot=$PWD/tests/netns/snapshot.sh tools=$PWD/tools
mount -t tmpfs -o mode=755 test-if /run || exit 1
mkdir /run/here && cd /run/here || exit 1
export WEIR_CONFIG_DIR=/run/here/config WEIR_STATE_DIR=/run/here/state
unset NO_COLOR

passed=0 failed=0
fail() { failed=$((failed + 1)) && echo "FAILED: $*" && head -n 5 out err 2>/dev/null; }
check() { what=$1 && shift && if "$@" >/dev/null 2>&1; then passed=$((passed + 1)); else fail "$what ($*)"; fi; }
runs() {	# runs STATUS COMMAND...
	want=$1 && shift
	"$weir" "$@" >out 2>err </dev/null
	is=$?
	[ $is = "$want" ] && passed=$((passed + 1)) || fail "weir $*: exit status $is, not $want"
}
says() { check "it says $1" grep -qE -- "$1" out; }
warns() { check "it complains: $1" grep -qE -- "$1" err; }
soon() {	# soon COMMAND...: within a minute or two, which a DHCP client on a loaded machine needs now and then
	for _ in $(seq 600); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}
has() { ip -o -4 addr show br0 | grep -qF "$1/"; }
state_now() { "$snapshot" /run/here/config /run/here/state 2>/dev/null; }
remember() { state_now >was; }
is_as_before() { state_now | cmp -s was -; }
as_before() { check "as before: $1" soon is_as_before || state_now | diff was - | head -n 5; }
section() { echo "-- $*"; }

for i in 0 1 2; do
	ip link add a$i address 52:54:00:00:0a:0$i type veth peer name b$i
	ip link set b$i up && ip link set a$i up && ip link set a$i down
done
bridge() { # bridge ADDRESS [MEMBERS]: a definition of br0
	cat >br0.json <<-EOF
	{"type": "bridge", "name": "br0", "start": "onboot", ${2:-}
	 "protocols": [{"family": "ipv4", "addresses": [{"address": "$1", "prefix": 24}], "routes": [{"gateway": "10.1.1.9"}]}],
	 "ports": [{"type": "ethernet", "name": "a0"}, {"type": "ethernet", "name": "a1"}]}
	EOF
}

section alternative names
ip link property add dev a0 altname nic0
bridge 10.1.1.1 && sed 's/"a0"/"nic0"/' br0.json >alt.json
runs 1 if plan alt.json && warns 'ethernet nic0: is another name of a0: use that one'
echo '{"type": "vlan", "name": "nic0.5", "vlan": {"base": "nic0", "tag": 5}}' >alt.json
runs 1 if plan alt.json && warns 'vlan.base: nic0 is another name of a0: use that one'
ip link property del dev a0 altname nic0
runs 1 if plan alt.json && warns 'vlan.base: nic0 is not there'

section plan, apply, check, repair
bridge 10.1.1.1
runs 0 if plan br0.json && says 'in place +bridge br0 +is made' && says 'gets route 0.0.0.0/0 via 10.1.1.9'
runs 0 --dry-run apply br0.json && says '^ip link add name br0 .*type bridge' && check 'nothing was made' test ! -e config
runs 0 apply br0.json && says '^interface br0 applied$' && check 'it has the address' has 10.1.1.1
runs 0 if plan br0.json && check 'an empty plan' [ "$(wc -l <out)" = 1 ]
remember
dumps_only() { "$weir" --stats apply br0.json 2>&1 | grep -qE '^weir: rtnetlink: [0-9]+ sends, 3 messages'; }
check 'again: dumps only' soon dumps_only	# one that others interrupt is asked for once more
as_before 'applied twice'
runs 0 check && check 'nothing to say' test ! -s out
ip link set br0 mtu 1400 && ip link set a1 nomaster
runs 6 check && says 'a1 +becomes a port of br0'
runs 6 --json check br0 && check 'JSON' jq -e 'any(.interface == "br0" and .object == "port a1" and .effect == "in place")' out
runs 0 --dry-run repair && check 'a dry run repairs nothing' sh -c "! ip -o link show a1 | grep -q 'master br0'"
runs 0 repair && says 'br0 is as it is defined' && check 'it is a port again' sh -c "ip -o link show a1 | grep -q 'master br0'"
ip link add lost type veth peer name lost-peer
echo '{"type": "ethernet", "name": "lost"}' >lost.json
runs 0 apply lost.json && ip link del lost && ip link set a1 nomaster
runs 1 check && warns 'lost' && says 'a1 +becomes a port of br0'
# It is planned once: the other dumps are those that listed what is up, and whether its name is another one's is asked.
dumps() { "$weir" --stats "$@" 2>&1 >/dev/null | sed -n 's/^weir: rtnetlink: .* sends, \([0-9]*\) messages.*/\1/p'; }
planned_once() { [ "$(dumps check lost)" = 4 ]; }
check 'a lone one that fails is planned once' soon planned_once
runs 1 repair && warns 'lost' && check 'others are repaired' sh -c "ip -o link show a1 | grep -q 'master br0'"
runs 0 if down lost && runs 0 if undefine lost
ip link set a2 up && ip addr add 10.9.9.1/24 dev a2 && ip route add 10.9.8.0/24 via 10.9.9.9 && remember
cat >way.json <<EOF
{"type": "bridge", "name": "way", "ports": [{"type": "ethernet", "name": "a2"}], "protocols": [{"family": "ipv4",
 "addresses": [{"address": "10.9.9.1", "prefix": 24}],
 "routes": [{"destination": "10.9.8.0", "prefix": 24, "gateway": "10.9.9.9"}]}]}
EOF
for c in 'if plan' apply; do
	# shellcheck disable=SC2086 # words
	runs 1 $c way.json && warns '^weir: bridge way: protocols: route 10.9.8.0/24 via 10.9.9.9: there is one already, by a2$'
done
as_before 'a route in the way' && ip addr flush dev a2 && ip link set a2 down
ip link set br0 mtu 1500
bridge 10.1.1.1 '"mtu": 1400,'
runs 1 apply --no-flap br0.json br0.json && warns 'br0'
runs 0 apply --no-flap br0.json
bridge 10.1.1.2 '"mtu": 1400,'
runs 1 apply --no-flap br0.json && warns 'loses address 10.1.1.1/24: that is worse than allowed \(address loss\)'
runs 5 apply nosuch.json && warns 'nosuch.json'
echo '{"type": "bridge", "name": "br0", "port": []}' >bad.json
runs 5 apply bad.json && warns 'bad.json: port: is not known here; did you mean "ports"'
runs 2 apply --confirm 0 br0.json && warns 'from 1 to 86400'
runs 4 confirm && warns 'nothing waits'

section confirm
bridge 10.1.1.3 '"mtu": 1300,'
remember
waiting() {	# waiting SECONDS: starts an apply that waits for the word; its process is $apply
	: >err	# the last one's words would be found before the new one is started
	"$weir" apply br0.json --confirm "$1" >out 2>err </dev/null &
	apply=$!
	soon grep -q 'unless `weir confirm`' err || fail "it does not wait"
}
pending() {	# one that waits longer than all that is done meanwhile; its guard is $guard
	waiting 3600
	guard=$(pgrep -P $apply)
	check 'it is done' has 10.1.1.3
	check 'what is stored is as it was' grep -q '10.1.1.1"' config/groups/br0.json
}
both_die() {	# stopped first, so that neither sees the other die and does its work
	kill -STOP "$guard" "$apply"
	kill -9 "$guard" "$apply"
	wait $apply 2>/dev/null
}
waiting 1	# too short to look at what is done
wait $apply
check 'the time is over: status 1' [ $? = 1 ]
warns 'not confirmed in time' && as_before 'the time is over'
pending
kill -9 "$apply"
as_before 'the command was killed'
pending
kill -HUP "$apply"
as_before 'its terminal was lost'
pending
kill -STOP "$guard" "$apply"
kill -TERM "$guard" "$apply"
kill -CONT "$guard" "$apply"
as_before 'everything in its session was told to end'
pending
kill -9 "$guard"
wait $apply
check 'the guard was killed: status 1' [ $? = 1 ]
warns 'its guard was killed' && as_before 'the guard was killed'
pending
both_die
check 'both were killed: it is still done' has 10.1.1.3
runs 0 recover && says 'was undone' && as_before 'both were killed, and recovered'
pending
both_die
runs 0 if list
runs 0 if define br0.json && warns 'undone first' && check 'the next command has undone it' sh -c '! ip addr show br0 | grep -q 10.1.1.3'
bridge 10.1.1.1 '"mtu": 1400,'
"$weir" if define br0.json >/dev/null
bridge 10.1.1.3 '"mtu": 1300,'
as_before 'defined as before'
pending
"$weir" --dry-run confirm >answer 2>&1
check 'a dry run confirms nothing' [ $? = 2 ]
"$weir" --json confirm --undo >answer
wait $apply
check 'undone by request: status 1' [ $? = 1 ]
warns 'undone by request' && check 'JSON' jq -e '.done == "undone"' answer && as_before 'undone by request'
# Somebody else waits for the lock, and gets it when it is decided.
pending
"$weir" if undefine br0 >undefine 2>&1 &
undefine=$!
"$weir" confirm >answer
wait $apply
check 'kept: status 0' [ $? = 0 ]
says 'interface br0 applied' && check 'the answer' grep -qx kept answer && check 'it has the address' has 10.1.1.3
wait $undefine
check 'then the other had its turn' test ! -e config/groups/br0.json
bridge 10.1.1.3 '"mtu": 1300,'
runs 0 if define br0.json && bridge 10.1.1.5 '"mtu": 1300,'
# Whoever waits for the lock acts by what is stored when it is its turn.
: >err
"$weir" apply br0.json --confirm 3600 >out 2>err </dev/null &
apply=$!
soon grep -q 'unless `weir confirm`' err
"$weir" if up br0 >up.out 2>&1 &
up=$!
"$weir" repair br0 >repair.out 2>&1 &
repair=$!
waits() { ls -l "/proc/$1/fd" | grep -q 'state/.*lock'; }
check 'both wait' soon waits $up && check 'both wait' soon waits $repair
"$weir" confirm >answer
wait $apply $up $repair
check 'both bring up what was kept' has 10.1.1.5 && check 'and nothing else' sh -c '! ip addr show br0 | grep -q 10.1.1.3'
bridge 10.1.1.3 '"mtu": 1300,'
"$weir" apply br0.json >/dev/null
runs 4 confirm
runs 0 if define br0.json

section a session that is lost
bridge 10.1.1.4 '"mtu": 1300,'
remember
# A terminal of its own, as ssh gives one; when its master goes, everything in the session gets SIGHUP.
setsid sh -c "script -qec '$weir apply br0.json --confirm 3600' /dev/null >out 2>&1 </dev/null" &
session=$!
if command -v script >/dev/null && soon has 10.1.1.4; then
	kill -9 -$session 2>/dev/null
	as_before 'the session was lost'
else
	kill -9 -$session 2>/dev/null
	echo 'SKIP: there is no script(1), so no terminal to lose'
fi

section begin, rollback, commit
runs 0 if begin && says '^begun$'
runs 1 if begin && warns 'was begun by .*, process [0-9]+, which is gone, [0-9]+ s ago; commit it, roll it back or take it over'
runs 0 if begin --take-over && says 'taken over'
runs 0 if down br0
runs 0 if undefine br0
runs 0 if rollback && says 'rolled back'
check 'it is up and defined' sh -c "'$weir' --json if list | jq -e '.[0] | .up and .defined and .active'"
check 'with its address' has 10.1.1.3
runs 4 if rollback
runs 0 if begin && runs 0 if commit && runs 4 if commit

section at boot
cat >a2.json <<EOF
{"type": "ethernet", "name": "a2", "start": "hotplug", "mtu": 1400}
EOF
cat >none.json <<EOF
{"type": "bridge", "name": "none0", "start": "none"}
EOF
cat >gone.json <<EOF
{"type": "bridge", "name": "gone0", "start": "onboot", "ports": [{"type": "ethernet", "name": "nosuch"}]}
EOF
runs 0 if define a2.json none.json gone.json
runs 0 if begin
runs 0 if undefine none0
# The reboot: links, state and processes are gone.
ip link del br0
rm -r state
sed -i 's/"bootId": "[0-9a-f]*/"bootId": "0/' config/checkpoint.json
runs 1 if up --all && warns 'rolled back' && warns 'nosuch: is not there'
check 'onboot' has 10.1.1.3
check 'hotplug that is there' soon sh -c "ip -o link show a2 | grep -q 'mtu 1400.*state UP'"
check 'none' sh -c '! ip link show none0'
check 'what was tried is not what boots' test -e config/groups/none0.json
check 'the checkpoint is gone' test ! -e config/checkpoint.json
runs 0 if undefine gone0
ip link del a2
ip link add a2 type veth peer name b2 && ip link set b2 up
runs 0 if up --hotplug a2 && says 'a2 is up' && check 'hotplug' sh -c "ip -o link show a2 | grep -q 'mtu 1400'"
runs 0 if up --hotplug lo && check 'that concerns nobody' test ! -s out
echo damaged >config/groups/none0.json
runs 0 if list && says '^none0 +damaged +inactive +- +yes' && runs 1 if up --all && warns '^weir: stored interface none0: line 1'
check 'the others come up' sh -c "ip -o link show a2 | grep -q 'mtu 1400'"
ip link set br0 mtu 1280
runs 1 check none0 br0 && says 'br0 +in place' && runs 1 repair none0 br0 && warns none0 && runs 0 check
runs 0 if define none.json
bridge 10.1.1.8 '"mtu": 1300,' && runs 0 if define br0.json && runs 1 if up --all --no-flap && warns 'worse than allowed'
check 'traffic is not interrupted' has 10.1.1.3
bridge 10.1.1.3 '"mtu": 1300,' && runs 0 if define br0.json
runs 2 if up && runs 2 if up --all br0

section what an init runs
mkdir sbin && ln -s "$weir" sbin/weir
sed 's|@SBINDIR@|/run/here/sbin|' "$tools/weir-interfaces.init.in" >init
runs 0 if down br0
check 'start' sh init start && check 'it is up' has 10.1.1.3
check 'status' sh init status && check 'stop' sh init stop && check 'stop leaves it' has 10.1.1.3
ip link set br0 mtu 1280
check 'status: it differs' sh -c 'sh init status; [ $? = 6 ]'
check 'restart' sh init restart && check 'as it is defined' sh init status
check 'no such word' sh -c 'sh init halt; [ $? = 2 ]'
runs 0 if down br0
check 'the unit' sh -c "$(sed -n 's|^ExecStart=@SBINDIR@|/run/here/sbin|p' "$tools/weir-interfaces.service.in")"
check 'it is up again' has 10.1.1.3

section list, show, status, lookup
runs 0 if list && says '^a2 +ethernet' && says '^br0 +bridge +active +yes +yes +onboot +2 +52:54:00:00:0a:00'
runs 0 if show br0 && check JSON jq -e '.start == "onboot" and .mtu == 1300' out
"$weir" if define out >/dev/null && check 'what is shown can be defined' cmp -s out config/groups/br0.json
runs 0 if show br0 --live && check JSON jq -e '.ports[0].mac == "52:54:00:00:0a:00"' out
runs 0 if status br0 && says '^active$'
ip link set br0 down
runs 0 if status br0 && says '^inactive$'
runs 4 if status nosuch && runs 4 if show nosuch && runs 4 if up nosuch && runs 4 if down nosuch && runs 4 if undefine nosuch
runs 0 if lookup 52:54:00:00:0A:00 && says '^br0' && runs 4 if lookup 52:54:00:00:0a:77 && runs 2 if lookup mac
runs 0 if down br0 a2 && check 'it is gone' sh -c '! ip link show br0'
runs 0 if undefine br0 a2 none0 && runs 0 if list && check 'nothing' [ "$(wc -l <out)" = 1 ]

section DHCP
# busybox's client, by the path that the administrator has set; its script is looked for in one place only.
mkdir -p up work bin && ip netns add server
if command -v busybox >/dev/null && command -v dnsmasq >/dev/null &&
	mount -t overlay -o lowerdir=/etc,upperdir=/run/here/up,workdir=/run/here/work overlay /etc 2>/dev/null; then
	ln -s "$(command -v busybox)" bin/udhcpc
	mkdir -p config /etc/udhcpc && echo /run/here/bin/udhcpc >config/dhcp-client
	cat >/etc/udhcpc/default.script <<-'EOF'
	#!/bin/sh
	case $1 in
	deconfig) ip -4 addr flush dev "$interface" scope global ;;
	bound | renew) ip addr add "$ip/$mask" dev "$interface"; echo "$dns" >/run/here/dns ;;
	esac
	EOF
	chmod 755 /etc/udhcpc/default.script
	ip link set b0 netns server
	ip -n server link set b0 up && ip -n server addr add 10.4.0.1/24 dev b0
	ip netns exec server dnsmasq --conf-file=/dev/null --port=0 --interface=b0 --pid-file=/run/here/server.pid \
		--dhcp-range=10.4.0.50,10.4.0.50 --dhcp-option=option:dns-server,10.4.0.1 --dhcp-leasefile=/run/here/leases
	dhcp() { echo '{"type": "bridge", "name": "br0", "protocols": [{"family": "ipv4", "dhcp": true'"$1"'}],
		"ports": [{"type": "ethernet", "name": "a0"}]}' >br0.json; }
	dhcp ''
	runs 0 if plan br0.json && says 'gets an address by DHCP'
	runs 0 apply br0.json && check 'an address' soon has 10.4.0.50 && check 'its name server' soon grep -qx 10.4.0.1 dns
	runs 0 check && check 'applied twice: one client' [ "$("$weir" apply br0.json >/dev/null; pgrep -c udhcpc)" = 1 ]
	kill -9 "$(pgrep udhcpc)" && soon sh -c '! pgrep udhcpc'
	runs 6 check && says 'by DHCP' && runs 0 repair && check 'a client again' soon pgrep udhcpc
	dhcp ', "peerdns": false' && rm -f dns
	runs 0 apply br0.json && check 'an address again' soon has 10.4.0.50 && check 'no name server' soon grep -qx '' dns
	dhcp '' && sed -i 's/"dhcp": true/"addresses": [{"address": "10.4.0.7", "prefix": 24}]/' br0.json
	pgrep udhcpc >was
	runs 1 apply br0.json --confirm 1 && check 'undone: a client' soon pgrep udhcpc
	runs 0 apply br0.json && check 'no client' sh -c '! pgrep udhcpc' && check 'a static address' has 10.4.0.7
	check 'no address that nobody renews' sh -c '! ip -o -4 addr show br0 | grep -qF 10.4.0.50/'
	dhcp '' && runs 0 apply br0.json && runs 0 if down br0 && check 'down: no client' sh -c '! pgrep udhcpc'
	kill "$(cat server.pid)"
	echo nothing >config/dhcp-client && PATH=/nowhere runs 1 apply br0.json &&
		warns 'there is neither udhcpc nor dhclient nor dhcpcd'
	runs 0 if undefine br0
else
	echo 'SKIP: no busybox, no dnsmasq or no overlay for the DHCP client'
fi

section many of them, on a terminal
if command -v script >/dev/null; then
	for i in $(seq 65); do
		echo '{"type": "bridge", "name": "many'"$i"'", "start": "onboot"}' >many"$i".json
	done
	runs 0 if define many*.json
	script -qec "'$weir' if up --all" /dev/null 2>&1 </dev/null | tr '\r' '\n' >out
	says '^\[\.{40}\] 0 of 65$' && says '^\[#{40}\] 65 of 65$' && check 'all' ip link show many65
	runs 0 if up --all && check 'nobody looks: no bar' sh -c '! grep -q "of 65" err'
else
	echo 'SKIP: there is no script(1), so no terminal to look at'
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
