#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The command line from the outside, the life of networks: as test_cli.sh, which has what is there without one; and
# bandwidth, the manual and completion. Needs strace for one of the tests.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=cli.sh
. tests/netns/cli.sh

section define, list, show
remember
runs 0 --dry-run net define "$definition"
unchanged 'define --dry-run'
runs 0 plan "$definition" && says '^ip link add .*virbr0' && says '^nft '
unchanged plan
runs 0 --json plan "$definition" && gives '.script | test("ip link add")'
runs 0 net define "$definition" && says '^network default defined on bridge virbr0$'
runs 0 --json net define "$definition" && gives '.name == "default" and .active == false and .bridge == "virbr0"'
"$weir" --config-dir config --state-dir state net define - <"$definition" >out 2>err
check 'define from standard input' [ $? = 0 ]
runs 0 net list && says '^default +inactive +nat +virbr0 +0 +yes$'
runs 0 --json net list && gives '.[0] | .name == "default" and .persistent and (.active | not) and .ports == 0'
runs 0 net show default && says '^forward +nat$' && says '192.168.122.1/24' && says 'gold: in 40Mbit/s; out 20Mbit/s'
runs 0 net show default --config
runs 4 net show default --live && warns 'default'
runs 0 --json net show default && gives '.name == "default" and (.uuid | length == 36) and .mac'
cp out again.json
runs 0 net define again.json
check 'what show prints is what define reads' cmp -s again.json config/networks/default.json
runs 4 net stop default && warns 'default.*not running'
runs 4 net leases default && runs 0 net ports default
runs 4 net attach default && warns 'not running'

section two definitions that cannot both be
remember
printf '{"name":"two","bridge":{"name":"virbr0"}}' >two.json
runs 1 net define two.json && warns 'bridge.name: .*network default'
printf '{"name":"two","ips":[{"address":"192.168.122.129","prefix":25}]}' >two.json
runs 1 net define two.json && warns 'ips\[0\].*overlaps.*network default'
jq '.name = "two" | .bridge.name = "br-two" | .ips[0].address = "10.1.2.1" | del(.ips[0].dhcp)' again.json >two.json
runs 1 net define two.json && warns 'uuid: .*network default'
runs 1 --json net define two.json && complains '.error | .code == "EEXIST" and .attribute == "uuid"'
unchanged 'a definition that collides'

section what the host refuses
remember
refused() {	# refused NAME PATTERN COMMAND...
	name=$1 pattern=$2 && shift 2
	"$@" >out 2>err </dev/null
	check "$name: exit status 1" [ $? = 1 ]
	warns "$pattern"
	check "$name: one line says it" [ "$(wc -l <err)" = 1 ]
	check "$name: nothing on stdout" is_empty out
}
start() { "$weir" --config-dir config --state-dir state net start default; }
refused 'a /proc that shows others' 'dnsmasq of network default: /proc is another pid namespace' unshare -p -f "$weir" \
	--config-dir config --state-dir state net start default
unchanged 'a /proc that shows others'
ip link add virbr0 type bridge && remember
refused 'bridge name taken' 'bridge virbr0.*taken' start
unchanged 'bridge name taken'
ip link del virbr0
ip link add br-other type bridge && ip address add 192.168.122.77/24 dev br-other && ip link set br-other up
ip link set br-other addrgenmode none 2>/dev/null
remember
refused 'subnet taken' 'ips\[0\].*route' start
unchanged 'subnet taken'
ip link del br-other

remember
refused 'no CAP_NET_ADMIN' 'CAP_NET_ADMIN' setpriv --bounding-set -net_admin \
	"$weir" --config-dir config --state-dir state net start default
unchanged 'no CAP_NET_ADMIN'
# shellcheck disable=SC2016 # for the inner shell
refused 'no dnsmasq' 'dnsmasq.*No such file' unshare -m sh -c 'mount -t tmpfs none /usr/sbin && exec "$@"' sh \
	"$weir" --config-dir config --state-dir state net start default
unchanged 'no dnsmasq'
lib=$(ldconfig -p | sed -n 's/.*libnftables[.]so[.][0-9]* .*=> //p' | head -n 1)
mount --bind /dev/null "$lib"
refused 'no libnftables' 'nat of bridge virbr0: libnftables: Can not access a needed shared library' start
umount "$lib"
unchanged 'no libnftables'
dnsmasq --conf-file=/dev/null --pid-file="$here/other.pid" --port=53 --user= --group= && remember
refused 'port 53 taken' 'dnsmasq.*192.168.122.1.*Address already in use' start
unchanged 'port 53 taken'
kill "$(cat other.pid)"
while kill -0 "$(cat other.pid 2>/dev/null)" 2>/dev/null; do sleep 0.1; done
rm -f other.pid

remember
mkdir full
mount -t tmpfs -o size=64k none full && head -c 100000 /dev/zero 2>/dev/null >full/filler
refused 'full state directory' 'full.*No space left' "$weir" --config-dir config --state-dir full net start default
check 'full state directory: nothing is left in it' [ "$(find full -type f ! -name lock ! -name journal ! -name filler | wc -l)" = 0 ]
unchanged 'full state directory'
refused 'full config directory' 'full.*No space left' "$weir" --config-dir full --state-dir state net define "$definition"
unchanged 'full config directory'
umount full
# Each number of inodes stops it at another file.
for n in 2 3 4 5 6 7; do
	mount -t tmpfs -o nr_inodes=$n none full
	refused "state directory with $n inodes" 'No space left' "$weir" --config-dir config --state-dir full net start default
	unchanged "state directory with $n inodes"
	umount full
done
mount -t tmpfs -o ro none full
refused 'read-only state directory' 'Read-only file system' "$weir" --config-dir config --state-dir full net start default
umount full
unchanged 'read-only state directory'

section start
w net list >/dev/full
"$weir" --config-dir config --state-dir state net list >/dev/full 2>err
check 'a full standard output is an error' [ $? = 1 ]
"$weir" --config-dir config --state-dir state net list >&- 2>err
check 'a closed standard output is an error' [ $? = 1 ]
remember
runs 0 --dry-run net start default && says '^ip link add name virbr0'
unchanged 'start --dry-run'
state_now >before
w --stats net start default
check 'it starts' [ $? = 0 ]
says '^network default started on bridge virbr0$'
warns 'rtnetlink: [1-3] sends'
runs 0 net list && says '^default +active '
runs 0 net show default && says '^state +active, stored, 0 ports, room for 1023 more$'
runs 0 --json net show default --live && gives '.name == "default"'
runs 1 net start default && warns 'default: is running'
runs 0 link list --ours && says 'virbr0 +bridge +(down|up|no-carrier)'
runs 0 link show virbr0 && says '^made by weir +yes' && says 'stp_state 0'
runs 0 --json net leases default && gives '. == []'
runs 0 net leases default && says '^ADDRESS +MAC +HOSTNAME +EXPIRES$'

section reload
remember
runs 0 net reload default && says 'reloaded'
jq '.ips[0].dhcp.hosts = [{"mac": "52:54:00:00:00:99", "name": "kept", "ip": "192.168.122.99"}]' again.json >changed.json
runs 0 net define changed.json
runs 0 --dry-run net reload default
runs 0 --json net reload default && gives '.active'
runs 0 --json net show default --live && gives '.ips[0].dhcp.hosts[0].name == "kept"'
jq '.bridge.name = "virbr9"' changed.json >changed2.json
runs 0 net define changed2.json
remember
runs 1 net reload default && warns 'bridge.name'
unchanged 'a reload that needs a restart'
runs 0 net define again.json && runs 0 net reload default

section update, apply, diff, autostart
remember
runs 0 --dry-run net update default '{"name": "d", "ip": "192.168.122.44"}' --section ip-dhcp-host --command add
runs 2 net update default '{"name": "d"}' --section nosuch --command add && warns 'section'
runs 2 net update default '{"name": "d"}' --section portgroup && warns 'command'
runs 5 net update default '{"nam": "d"}' --section portgroup --command add-last && warns 'did you mean "name"'
runs 4 net update nosuch '{"name": "d"}' --section portgroup --command add-last
runs 1 net update default '{"name": "virbr9"}' --section bridge --command modify && warns 'bridge\.name'
unchanged 'updates that are refused'
pid=$(cat state/dnsmasq/default.pid)
runs 0 net update default '{"name": "d", "ip": "192.168.122.44"}' --section ip-dhcp-host --command add --live --config && says 'updated'
check 'dnsmasq goes on' [ "$pid" = "$(cat state/dnsmasq/default.pid)" ]
check 'dnsmasq knows the host' grep -q '^d,192.168.122.44' state/dnsmasq/default.hosts
runs 0 --json net show default --config && gives '.ips[0].dhcp.hosts[] | select(.name == "d")'
echo '{"name": "d"}' >item.json
runs 0 --json net update default item.json --section ip-dhcp-host --command delete --live --config && gives '.updated'
w --json net show default --live && jq '.title = "new" | .mtu = 1400 | .bridge.name = "virbr9"' out >wanted.json
w --json net diff wanted.json --live
check 'a difference ends with 6' [ $? = 6 ]
check 'what a title takes' jq -e '.[] | select(.path == "title" and .takes == "live")' out
check 'what an MTU takes' jq -e '.[] | select(.path == "mtu" and .takes == "replug")' out
check 'what the name of the bridge takes' jq -e '.[] | select(.path == "bridge.name" and .takes == "restart")' out
runs 1 net apply wanted.json --live && warns 'bridge.name'
jq '.bridge.name = "virbr0"' wanted.json >wanted2.json
runs 0 net apply wanted2.json --live && says 'applied' && says '^live +'
runs 0 net apply again.json --live --config
runs 0 net diff again.json --live
runs 2 net diff again.json --live --config && warns 'exclude each other'
runs 0 net autostart default && says 'is started'
runs 0 --json net list && gives '.[] | select(.name == "default") | .autostart'
runs 0 net show default && says '^state .*, started at boot, '
runs 0 net start --autostart
runs 0 --json net start --autostart && gives '. == []'
echo '{"name": "a1", "bridge": {"name": "br-a1"}, "dns": {"enable": false}}' >a1.json
sed 's/a1/a2/g' a1.json >a2.json
for n in a1 a2; do runs 0 net define $n.json && runs 0 net autostart $n; done
runs 0 --json net start --autostart && gives 'map(.name) == ["a1", "a2"] and all(.active)'
runs 0 net stop a1 && runs 0 net stop a2 && ip link add br-a1 type bridge
w net start --autostart
check 'one that cannot be started' [ $? = 1 ]
warns 'br-a1.*taken' && check 'the other is told' has_line '^network a2 started' out
ip link del br-a1
for n in a1 a2; do w net stop $n; runs 0 net undefine $n; done
runs 2 net start default --autostart && warns 'autostart'
runs 2 net start --transient a1.json --autostart && warns 'not a1.json'
echo '{' >config/networks/bad.json
runs 0 net list && says '^bad +damaged +- +- +0 +yes$' && says '^default +active +nat '
runs 0 --json net list && gives '.[0] | .name == "bad" and .damaged and .mode == null' && gives '.[1].damaged == false'
runs 1 net show bad && warns 'stored network bad: line 2' && rm config/networks/bad.json
runs 0 --json net autostart default --off && gives '.autostart == false'
runs 4 net autostart nosuch
EDITOR='sed -i s/kept/edited/' runs 4 net edit nosuch
EDITOR=false runs 1 net edit default && warns 'editor'
VISUAL='' EDITOR='sed -i s/^..\"title.*/\"title\":\"edited\",/' runs 0 net edit default
runs 0 --json net show default --config && gives '.title == "edited"'
kept() { sed -n 's/^weir: what was written is in //p' err; }
EDITOR='echo "{" >' runs 5 net edit default && check 'what was written stays' grep -qx '{' "$(kept)"
rm -f "$(kept)"
jq '.title = "by another"' again.json >other.json
printf '#!/bin/sh\n"%s" --config-dir config --state-dir state net define other.json >/dev/null && sed -i s/another/me/ "$1"\n' "$weir" >slow && chmod +x slow
EDITOR=./slow runs 1 net edit default && warns '^weir: title: was changed meanwhile$'
rm -f "$(kept)"
runs 0 --json net show default --config && gives '.title == "by another"'
cp config/networks/default.json config/networks/copy.json
runs 1 net start copy && warns '^weir: stored network copy: name: is that of network default$' && runs 0 net undefine copy
runs 0 net define again.json

section attach and detach
ip netns add box
remember
runs 0 --dry-run net attach default --netns box && says 'tc qdisc'
unchanged 'attach --dry-run'
runs 4 net attach default --portgroup silver && warns 'silver'
runs 4 net attach default --netns nosuch && warns 'nosuch'
runs 1 net attach default --netns box --name lo && warns 'lo.*taken'
runs 1 net attach default --netns box --name a/b && warns 'a/b'
runs 1 net attach default --netns box --name virbr0 && warns 'virbr0.*taken'
runs 1 net attach default --netns box --ifname lo && warns 'taken'
runs 4 net detach default vnet9 && warns 'vnet9'
unchanged 'attach that is refused'
w --stats net attach default --portgroup gold --netns box --ifname net0 --owner 'Alice, in the box' --mac 52:54:00:aa:bb:cc
check 'a veth' [ $? = 0 ]
says '^port vnet0 attached to network default: veth, mac 52:54:00:aa:bb:cc, portgroup gold, net0 in namespace box$'
warns 'rtnetlink: [1-8] sends'
check 'the guest has its end' ip -n box link show net0
runs 0 net ports default
says '^vnet0 +veth +52:54:00:aa:bb:cc +gold +40Mbit/s +20Mbit/s +net0@box +Alice'
runs 0 --json net ports default && gives 'map(.name) == ["vnet0"] and .[0].kind == "veth" and .[0].netns == "box"'
runs 0 --json net attach default --netns box && gives '.name == "vnet1" and .portgroup == "bronze" and .ifname == "eth0"'
runs 1 net attach default --macvlan && warns 'kind: a macvlan needs links of the host'
runs 1 net attach default --netns box --ifname net1 --name vnet1 && warns 'vnet1'
runs 0 --json net list && gives '.[0].ports == 2'
runs 0 link list --master virbr0 && says ' vnet0 +veth ' && says ' vnet1 +veth '
runs 0 --json link list --kind veth && gives 'map(.name) | sort == ["vnet0", "vnet1"]'
w --json net ports default
port=$(jq -r '.[0].name' out)
runs 0 net port default "$port" && gives '.plug == "network" and .uuid and .network == "default"'
cp out remembered.json
runs 0 net reclaim remembered.json && says "^port $port of network default reclaimed$"
runs 0 --dry-run net port default "$port" && gives '.network == "default"'
runs 4 net port default nosuch
runs 4 net port default "$port" --portgroup nosuch && warns 'nosuch'

runs 0 net detach default vnet1 && says '^port vnet1 detached from network default$'
runs 0 --json net detach default vnet0 && gives '.detached'
check 'the guest has lost its ends' sh -c '! ip -n box -o link show type veth | grep .'
unchanged 'attached and detached'

section damaged records
remember
runs 0 net attach default --netns box --name good0
runs 0 net attach default --netns box --name bad0 --ifname eth1
echo damaged >state/ports/bad0.json
w net ports default
check 'a list that is short' [ $? = 1 ]
says '^good0 ' && warns '^weir: stored port bad0: .*, in .*/state/ports/bad0.json; it is of network default$'
w --json net ports default
check 'the same as JSON' [ $? = 1 ]
gives 'map(.name) == ["good0"]' && complains '.error | .object == "stored port bad0" and (.message | test("bad0.json"))'
runs 1 net port default bad0 && warns '^weir: stored port bad0: .*, in .*/state/ports/bad0.json$'
runs 1 net attach default --netns box --name bad0 && warns 'state/ports/bad0.json is damaged: detach it first'
runs 0 net port default good0
runs 4 net port default bad9 && warns '^weir: bad9: is no port of network default$'
ip link set bad0 nomaster
runs 1 net detach default bad0 && warns 'link bad0 may be a port of network default: remove the file'
ip link set bad0 master virbr0
runs 0 net detach default bad0 && runs 0 net detach default good0
unchanged 'detached though damaged'

section several bridges
echo '{"name": "wide", "bridge": {"name": "br7", "spread": 2}, "dns": {"enable": false}}' >wide.json
runs 0 net start --transient wide.json
runs 0 net show wide && says '^state +active, not stored, 0 ports, room for 2044 more$' && says '^bridge +br7 and 1 more'
runs 0 --json net attach wide --name w0 && gives '.bridge == "br7" and .ports_left == null'
runs 0 net attach wide --name w1
runs 0 net ports wide && says '^NAME.* OWNER +BRIDGE$' && says '^w1 .* br7-1$'
runs 0 --json net list && gives '.[] | select(.name == "wide") | .ports_left == 2042'
runs 0 net stop wide
echo '{"name": "torn", "bridge": {"name": "br8"}, "dns": {"enable": false}}' >torn.json
runs 0 net start --transient torn.json && ip link del br8
runs 1 net attach torn --name t0 && warns '^weir: network torn: is broken: its bridge br8 is gone; stop and start it$'
runs 1 --json net attach torn --name t0 && complains '.error | .code == "ENODEV" and .object == "network torn" and (.message | test("bridge br8 is gone"))'
check 'no port of it' test ! -e /proc/sys/net/ipv4/conf/t0
runs 0 net ports torn && check 'nor on record' [ "$(wc -l <out)" = 1 ]
runs 0 net stop torn

section taps
taps() {
	runs 0 --json net attach default --name tap7 && gives '.name == "tap7" and .portgroup == "bronze" and .persistent'
	check 'the tap is there' ip link show tap7
	runs 1 net attach default --name tap7 && warns 'tap7'
	runs 0 net ports default && says '^tap7 +tap '
	runs 0 --json link list --kind tun && gives 'map(.name) == ["tap7"]'
	runs 0 link list && says 'tap7 +tun +no-carrier'
	runs 0 net detach default tap7
	check 'the tap is gone' [ ! -e /proc/sys/net/ipv4/conf/tap7 ]
	# shellcheck disable=SC2016 # for the program that is started
	w net attach default --name tap8 --mac 52:54:00:11:22:33 --queues 2 --exec sh -c \
		'echo "{fd} {fds} {mac} {name} {ifindex} {other} $WEIR_TAP $WEIR_TAP_FDS $WEIR_MAC $WEIR_NETWORK"
		ls -l /proc/$$/fd | grep -c /dev/net/tun; ip -o link show tap8; exit 42'
	check "its exit status is the program's" [ $? = 42 ]
	says '^([0-9]+) \1,[0-9]+ 52:54:00:11:22:33 tap8 [0-9]+ \{other\} tap8 [0-9]+,[0-9]+ 52:54:00:11:22:33 default$'
	says '^2$' && says 'tap8:.*LOWER_UP'
	check 'the tap has gone with its program' [ ! -e /proc/sys/net/ipv4/conf/tap8 ]
	runs 0 net ports default && says '^tap8 '
	runs 0 net detach default tap8
	runs 127 net attach default --exec nosuchprogram && warns 'nosuchprogram: No such file'
	runs 126 net attach default --exec /run && warns '/run: Permission denied'
	runs 0 pool keep default 2 --portgroup gold && says '^network default: 2 ports ready$'
	runs 2 --dry-run pool lease default && warns 'pool lease: cannot be planned'
	runs 0 --json pool show default && gives '.ready == 2'
	runs 0 --json pool lease default --owner Bob && gives '.owner == "Bob" and .portgroup == "gold"'
	runs 0 pool lease default && says '^vnet[01] 52:54:00:'
	runs 1 pool lease default && warns 'no port that is ready'
	runs 0 pool return default vnet0 && runs 0 --json pool return default vnet1 && gives '.name == "vnet1" and .returned'
	runs 1 pool return default vnet1 && warns 'vnet1 is ready'
	runs 4 pool return default vnet7 && runs 4 pool keep nothing 2 && runs 2 pool keep default many
	runs 4 pool keep nothing 0 && runs 4 pool lease nothing && warns 'nothing.*not running' && runs 4 pool show nothing
	runs 0 --json pool show default && gives '.ready == 2'
	runs 0 pool keep default 0 && says '0 ports ready'
	unchanged 'taps'
}
if [ -r /dev/net/tun ] && [ -w /dev/net/tun ]; then
	taps
else
	echo 'SKIP: /dev/net/tun may not be opened'
	skipped=$((skipped + 1))
	runs 1 net attach default && warns '/dev/net/tun'
	unchanged 'a tap that cannot be'
fi

section stop
runs 0 net attach default --netns box
runs 0 --dry-run net stop default && says virbr0
runs 0 --json net stop default && gives '.name == "default" and .stopped'
forget_forwarding
state_now >after
same 'it is as it was before the start, but for ip_forward' before after
runs 0 net start --transient "$definition"
runs 0 net list
runs 0 net undefine default && says '^network default undefined$'
runs 0 net list && says '^default +active +nat +virbr0 +0 +no$'
runs 0 net stop default && says '^network default stopped$'
runs 0 --json net list && gives '. == []'
runs 0 net define "$definition" && runs 0 --json net undefine default && gives '.undefined'

# ---- killed in the middle

section recover
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	forget_forwarding
	remember
	for when in 1 2; do
		strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when=$when \
			"$weir" --config-dir config --state-dir state net start --transient "$definition" >out 2>err
		if grep -q '^weirjnl1[^-]' state/journal; then
			check 'something is half done' ip link show virbr0
			runs 2 --dry-run recover && check 'and stays so' ip link show virbr0
			runs 0 --json recover && gives '.recovered == "undone"'
		fi
		w net stop default
		forget_forwarding
		unchanged "killed at sendmsg $when"
	done
	strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when=1 \
		"$weir" --config-dir config --state-dir state net start --transient "$definition" >out 2>err
	check 'it was killed, and its journal is there' grep -q '^weirjnl1[^-]' state/journal
	w net start --transient "$definition"
	check 'the next command recovers by itself' [ $? = 0 ]
	warns 'killed weir.*undone'
	runs 0 net stop default

	# What was undone is not what the next command goes by. Its third write is that its journal counts no more.
	undone() {
		strace -o /dev/null -e trace=pwrite64 -e inject=pwrite64:error=EIO:signal=KILL:when=3 \
			"$weir" --config-dir config --state-dir state "$@" >out 2>err
		check "killed: $*" grep -q '^weirjnl1[^-]' state/journal
	}
	runs 0 net define again.json
	jq '.title = "undone"' again.json >undone.json
	undone net define undone.json
	w net start default
	warns 'killed weir.*undone'
	runs 0 --json net show default --live && gives '.title != "undone"'
	runs 0 net stop default && runs 0 net undefine default
	ip link add lim0 type veth peer name lim1
	runs 0 shape lim0 --inbound 10mbit
	undone shape lim0 --inbound 50mbit
	w shape lim0 --outbound 5mbit
	warns 'killed weir.*undone'
	runs 0 --json shape show lim0 && gives '.[0].average == 1250000'
	runs 0 shape clear lim0
	ip link del lim0
else
	echo 'SKIP: strace cannot be used here'
	skipped=$((skipped + 1))
fi

# ---- where it works

section namespaces and directories
ip netns add inner
ip -n inner link set lo up
export WEIR_CONFIG_DIR="$here/env-config" WEIR_STATE_DIR="$here/env-state"
"$weir" net define "$definition" >out 2>err
check 'the environment names the directories' [ -e env-config/networks/default.json ]
unset WEIR_STATE_DIR
"$weir" --netns inner --stats net start default >out 2>err
check 'it starts in another namespace' [ $? = 0 ]
check 'its state has a directory of its own' [ -e /run/weir/netns-inner/networks/default.json ]
check 'its bridge is there' ip -n inner link show virbr0
check 'and not here' [ ! -e /proc/sys/net/ipv4/conf/virbr0 ]
check 'a path is the same namespace' "$weir" --netns /run/netns/inner net stop default
"$weir" --netns inner --json net list >out 2>err
gives '.[0].active == false'
"$weir" --netns /proc/self/ns/net net list >out 2>err
check 'any path can be a namespace' [ $? = 0 ]
"$weir" net list --netns inner --json >out 2>err
check 'global options may stand behind the command' [ $? = 0 ]
gives '.[0].name == "default"'
"$weir" --netns inner doctor >out 2>err
says '^host +CAP_NET_ADMIN +ok'
unset WEIR_CONFIG_DIR

section colour
runs 0 --color=always link list && check 'colour where it is asked for' grep -q "$(printf '\033')" out
runs 0 --color=never link list && check 'no colour' sh -c "! grep -q '$(printf '\033')' out"
runs 0 link list && check 'no colour in a pipe' sh -c "! grep -q '$(printf '\033')' out"
NO_COLOR=1 runs 0 --color=always link list && check 'the option goes before NO_COLOR' grep -q "$(printf '\033')" out
# shellcheck disable=SC2086
POSIXLY_CORRECT=1 runs 0 link list --kind bridge --json
if command -v script >/dev/null; then
	TERM=xterm script -qec "'$weir' --state-dir state link list" /dev/null >out 2>err </dev/null
	check 'colour on a terminal' grep -q "$(printf '\033')" out
	TERM=xterm NO_COLOR=1 script -qec "'$weir' --state-dir state link list" /dev/null >out 2>err </dev/null
	check 'no colour on a terminal that wants none' sh -c "! grep -q '$(printf '\033')' out"
fi

# ---- what comes with it

section bandwidth
ip link add lim0 type veth peer name lim1 && ip link set lim0 up && ip link set lim1 up
remember
runs 2 shape && warns 'something is missing'
runs 2 shape lim0 && warns 'inbound or --outbound'
runs 2 shape lim0 --inbound 10foo && warns '^weir: shape: --inbound: average: "10foo": unit "foo" is unknown; a rate is written like 10mbit'
runs 2 shape lim0 --inbound 0 && warns '^weir: shape: --inbound: average: "0" is nothing: a limit that is not wanted is left out$'
runs 2 shape lim0 --outbound 1mbit,burst=5000000 && warns '^weir: shape: --outbound: burst: "5000000" is above the largest, 4194303 KiB$'
runs 2 shape lim0 --outbound 99999999999tbit && warns '^weir: shape: --outbound: average: "99999999999tbit" is above the largest, 2\^54 KB/s$'
runs 2 shape lim0 --inbound 1mbit --method magic && warns 'skbedit, block, bpf, ifb or police'
runs 2 shape lim0 --inbound 1mbit --leaf tree && warns 'fq_codel'
runs 2 shape lim0 --inbound 1mbit --qdisc tree && warns 'htb or tbf'
runs 2 shape show --interval 0 && warns 'seconds'
runs 1 shape lim0 --inbound 5,4 && warns '^weir: bandwidth of lim0: inbound.peak: is below the average$'
runs 2 shape lim0 --outbound 5,floor=4 && warns "^weir: shape: --outbound: a floor is a network's to give: weir net attach"
runs 1 shape lim0 --inbound peak=4mbit && warns '^weir: bandwidth of lim0: inbound.peak: needs an average$'
runs 4 shape nosuch --inbound 1mbit && warns '^weir: link nosuch: No such device$'
runs 4 shape show nosuch && warns 'nosuch'
runs 4 shape show lim0 && warns 'no limits of ours'
runs 4 shape explain lim0 && warns 'no limits of ours'
runs 0 --dry-run shape lim0 --inbound 8mbit && says 'tc class add dev lim0 .*rate 1000000bps'
unchanged 'shape --dry-run'
runs 0 shape lim0 --inbound 8mbit,16mbit,100k --outbound 500KB/s --method ifb
says '^port lim0: inbound 8Mbit/s, peak 16Mbit/s, burst 100 KiB, outbound 4Mbit/s, by ifb$'
runs 0 shape show && says '^lim0 +inbound +8Mbit/s, peak 16Mbit/s.* htb +lim0' && says '^lim0 +outbound +4Mbit/s.* ifb +ifb-lim0'
runs 0 --json shape show lim0 && gives '.[0].average == 1000000 and .[1].direction == "outbound"'
runs 0 shape lim0 --outbound 8mbit && says 'inbound 8Mbit/s, peak 16Mbit/s, burst 100 KiB, outbound 8Mbit/s'
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	# A limit that is to stay and cannot be read is not taken for none: the second send asks for it.
	strace -o /dev/null -e trace=sendto -e inject=sendto:error=ENOBUFS:when=2 \
		"$weir" --config-dir config --state-dir state shape lim0 --outbound 16mbit >out 2>err
	check 'a limit that cannot be read ends the command' [ $? = 1 ]
	warns '^weir: netlink socket: cannot send [0-9]+ bytes \(No buffer space available\)$'
	runs 0 shape show && says '^lim0 +inbound +8Mbit/s, peak 16Mbit/s' && says '^lim0 +outbound +8Mbit/s'
fi
runs 0 shape explain lim0 && says '^# what arrives by the link goes to an ifb' && says '^tc filter add dev lim0 .*redirect dev ifb-lim0$'
runs 0 --json shape lim0 --inbound 8mbit --qdisc tbf && gives '.qdisc == "tbf" and .method == "ifb"'
runs 0 shape show && says '^lim0 +inbound +8Mbit/s.* tbf +lim0 +default' && says '^lim0 +outbound +8Mbit/s.* ifb +ifb-lim0'
runs 0 shape explain lim0 && says '^# what leaves by the link waits in a qdisc without classes' && says '^tc qdisc add dev lim0 root handle 7765: tbf rate 1000000bps burst 70000b limit 120000b$'
runs 0 --json shape explain lim0 && gives '.script | test("tc qdisc add dev lim0 root")'
runs 0 shape lim0 --outbound none && says 'outbound unlimited'
runs 0 shape show lim0 --interval 1 && says 'RATE$'
runs 0 --json shape clear lim0 && gives '.port == "lim0"'
unchanged 'shape and clear'
runs 0 shape lim0 --inbound 18014398509481984 && runs 0 --json shape show lim0 && gives '.[0].average > 18e18'
runs 0 shape clear lim0
ip netns add floors
echo '{"name":"floors","bridge":{"name":"fl0"},"dns":{"enable":false},"bandwidth":{"outbound":{"average":10000}}}' >floors.json
runs 0 net start --transient floors.json
runs 0 net attach floors --netns floors --name fl1 --outbound floor=40mbit
runs 0 shape show fl1 && says '^fl1 +outbound +unlimited, floor 40Mbit/s'
runs 0 shape explain fl1 && says 'has its guaranteed class on the ifb of the bridge' && says 'skbedit priority 7769:18 continue'
runs 0 shape explain fl0 && says '^tc class add dev ifb-fl0 parent 7769:1 classid 7769:18 htb rate 5000000bps ceil 10000000bps'
runs 0 shape fl1 --outbound 20mbit && runs 0 shape show fl1 && says '^fl1 +outbound +20Mbit/s, .*floor 40Mbit/s.* ifb-fl1'
runs 0 --json net port floors fl1
gives '.bandwidth.outbound == {"average": 2500, "floor": 5000} and .bandwidthFrom == "guest" and .ifbName == "ifb-fl1"'
runs 0 shape fl1 --outbound none && runs 0 shape show fl1 && says '^fl1 +outbound +unlimited, floor 40Mbit/s'
runs 1 net attach floors --netns floors --name fl2 --outbound 1mbit,floor=41mbit
warns '^weir: bandwidth of ifb-fl0: floor: 40mbit of 80mbit are guaranteed already, and so much more is not left$'
runs 1 net attach floors --netns floors --name fl2 --inbound floor=1mbit && warns 'needs a network with an inbound average'
runs 0 --json net port floors fl1 && gives '.bandwidth.outbound.floor == 5000 and .outboundFloorOn == "ifb-fl0"'
for port in fl3 fl4; do runs 0 net attach floors --netns floors --name $port --ifname $port --outbound 1mbit; done
runs 0 shape fl3 --outbound 2mbit --method ifb
runs 0 net attach floors --netns floors --name fl5 --ifname fl5 --outbound 3mbit
runs 0 net detach floors fl3 && check 'its ifb went too' test ! -e /proc/sys/net/ipv4/conf/ifb-fl3
runs 0 shape show fl5 && says '^fl5 +outbound +3Mbit/s.* weir-ifb'
for port in fl4 fl5; do runs 0 shape clear $port && runs 0 --json net port floors $port && gives '.bandwidth == null and .ifbName == null'; done
runs 0 shape fl4 --outbound 1mbit && says ', by (skbedit|block|bpf)$'
runs 0 net detach floors fl4 && check 'its class was the last on the shared ifb' test ! -e /proc/sys/net/ipv4/conf/weir-ifb0
runs 0 net stop floors
ip netns del floors
unchanged 'floors and none'
tc qdisc add dev lim0 root handle 5: tbf rate 1mbit burst 10k latency 50ms
runs 1 shape lim0 --inbound 8mbit && warns 'qdisc 5: tbf on lim0: is in the way and not ours'
runs 0 shape lim0 --inbound 8mbit --replace
runs 0 shape clear lim0
ip link del lim0

section manual and completion
cd - >/dev/null || exit 1
"$weir" help --json | jq -r '.commands[].name' | while read -r c; do
	sed -E 's/^(\\fB|\.B[RI]? "?)//' tools/weir.8 | grep -qE "^weir $c\\b" || echo "$c"
done >"$here/out"
check 'every command is in the manual' is_empty "$here/out"
"$weir" help --json | jq -r '(.options, .commands[].options)[].name' | sort -u | while read -r o; do
	sed 's/\\-/-/g' tools/weir.8 | grep -qE -- "--$o\\b" || echo "--$o"
done >"$here/out"
check 'every option is in the manual' is_empty "$here/out"
if command -v groff >/dev/null; then
	groff -man -ww -z tools/weir.8 2>"$here/out"
	check 'the manual has no faults' is_empty "$here/out"
fi
if command -v bash >/dev/null; then
	completes() {	# completes WORD... WANTED: what follows the words
		# shellcheck disable=SC2016 # for bash
		PATH="$(dirname "$weir"):$PATH" bash -c '
			. tools/weir.bash-completion
			COMP_WORDS=("${@:1:$#-1}") COMP_CWORD=$(($# - 2))
			_weir
			printf "%s\n" "${COMPREPLY[@]}" | grep -qxF -- "${@: -1}"' bash "$@"
	}
	check 'completion of commands' completes "$weir" d doctor
	check 'completion in a group' completes "$weir" net att attach
	check 'completion of options' completes "$weir" net attach x --port --portgroup
	check 'completion of global options' completes "$weir" --st --state-dir
	check 'completion of links' completes "$weir" link show l lo
	check 'completion of ports' completes "$weir" shape l lo
	check 'completion beside ports' completes "$weir" shape e explain
	check 'completion of files' completes "$weir" net diff Make Makefile
	check 'completion of help' completes "$weir" help pool le lease
	check 'completion of methods' completes "$weir" shape lo --method s skbedit
fi

echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
