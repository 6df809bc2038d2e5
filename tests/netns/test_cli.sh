#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The command line from the outside: every command with what it prints for people and for programs, its exit status,
# its usage, and what it says and leaves behind when it is asked for what cannot be done. "Nothing changed" means: links,
# addresses, routes, qdiscs, rules, sysctls, daemons and files are what they were. Runs in namespaces of its own, with
# its own /run; needs jq, dnsmasq, iproute2, nft, and strace for one of the tests.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1

namespaces='-n -m'
# shellcheck source-path=SCRIPTDIR source=enter.sh
. tests/netns/enter.sh
definition=$PWD/examples/default.json
snapshot=$PWD/tests/netns/snapshot.sh
PATH=$PATH:/usr/sbin:/sbin
for program in "$weir" jq dnsmasq ip tc nft setpriv; do
	command -v "$program" >/dev/null || { echo "SKIP: there is no $program" && exit 77; }
done

mount -t tmpfs -o mode=755 test-cli /run || exit 1
here=/run/test-cli-$$
mkdir -p /run/netns $here
cd $here || exit 1
unset WEIR_CONFIG_DIR WEIR_STATE_DIR NO_COLOR POSIXLY_CORRECT
# shellcheck disable=SC2046 # pids
trap 'kill $(cat $here/*.pid $here/state/dnsmasq/*.pid 2>/dev/null) 2>/dev/null; exit 130' INT TERM

passed=0 failed=0 skipped=0
pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAILED: $*"
	head -n 6 out 2>/dev/null | cut -c1-160 | sed 's/^/	out: /'
	head -n 6 err 2>/dev/null | cut -c1-160 | sed 's/^/	err: /'
}
check() { what=$1 && shift && if "$@" >/dev/null 2>&1; then pass; else fail "$what ($*)"; fi; }
has_line() { grep -qE -- "$1" "$2"; }
is_empty() { [ ! -s "$1" ]; }
section() { echo "-- $*"; }

w() { "$weir" --config-dir config --state-dir state "$@" >out 2>err </dev/null; }

# runs STATUS COMMAND...: it ends with STATUS; errors are on stderr and nowhere else
runs() {
	want=$1 && shift
	w "$@"
	is=$?
	if [ $is != "$want" ]; then
		fail "weir $*: exit status $is, not $want"
	elif [ $is != 0 ] && [ $is != 3 ] && { [ -s out ] || [ ! -s err ]; }; then
		fail "weir $*: an error belongs on stderr, and nothing on stdout"
	elif [ $is = 0 ] && [ -s err ]; then
		fail "weir $*: it went well, and yet there is something on stderr"
	else
		pass
	fi
}
says() { check "it says $1" has_line "$1" out; }
warns() { check "it complains: $1" has_line "$1" err; }
gives() { check "JSON: $1" jq -e "$1" out; }
complains() { check "JSON error: $1" jq -e "$1" err; }

# The last sed: the snapshot's own grep for processes may have seen itself.
state_now() { "$snapshot" "$here/config" "$here/state" 2>/dev/null | sed '/^# processes$/,$ { /^grep /d; /^$/d; /^running$/d; }'; }
remember() { state_now >was; }
unchanged() { state_now >is && same "nothing changed: $1" was is; }
same() {
	check "$1" cmp -s "$2" "$3"
	diff "$2" "$3" | cut -c1-160 | head -n 10
}
# Forwarding stays on when a network is stopped; that is no difference.
forget_forwarding() { sysctl -q -w net.ipv4.ip_forward=0; }

# ---- what is there without a network

section help and usage
runs 0 help && says 'net attach' && says '^exit status$'
runs 0 --help && says 'doctor'
runs 0 -h
runs 0 net --help && says 'net reload'
runs 0 help net && says 'net leases'
runs 0 help net attach && says '--portgroup PG'
runs 0 net attach --help && says '--exec CMD'
runs 0 --version && says '^weir [0-9]+\.[0-9]+\.[0-9]+'
runs 0 -V
runs 0 --json --version && gives '.version | test("^[0-9]")'
runs 0 --json help && gives '(.commands | length > 15) and .exit_statuses["5"]'
runs 0 --json help net attach && gives '.options | map(.name) | index("exec")'
runs 2 && warns 'no command is given'
runs 2 frobnicate && warns 'there is no command frobnicate' && warns '^usage: weir '
runs 2 net && warns 'usage: weir .*net COMMAND'
runs 2 net frobnicate && warns 'no command frobnicate'
runs 2 help frobnicate && warns 'no command frobnicate'
runs 2 --frobnicate net list && warns 'unknown or ambiguous option --frobnicate'
runs 2 -x net list && warns 'unknown option -x'
runs 2 net define && warns '^usage: weir \[OPTION\]... net define FILE\|-$'
runs 2 net define a b && warns 'b is one word too many'
runs 2 net list x && warns '^usage: .* net list$'
runs 2 net list --nothing && warns 'net list: unknown or ambiguous option --nothing'
runs 2 net start && warns 'either NET or --transient FILE is needed'
runs 2 net start x --transient y && warns 'either NET or --transient'
runs 2 net start --transient && warns 'needs an argument'
runs 2 net show x --live --config && warns 'exclude each other'
runs 2 net show x --live=yes && warns 'takes no argument'
runs 2 net attach x --mac 01:00:00:00:00:01 && warns 'unicast MAC'
runs 2 net attach x --mac 00:00:00:00:00:00 && warns 'unicast MAC'
runs 2 net attach x --mac 52:54:00:1:2:3 && warns 'unicast MAC'
runs 2 net attach x --queues 2 && warns '--queues needs --exec'
runs 2 net attach x --queues 0 --exec true && warns 'from 1 to 256'
runs 2 net attach x --queues 257 --exec true && warns 'from 1 to 256'
runs 2 net attach x --queues two --exec true && warns 'from 1 to 256'
runs 2 net attach x --exec && warns '--exec needs a command'
runs 2 net attach x --netns y --exec true && warns 'not both'
runs 2 net attach x --netns y --vnet-hdr && warns 'not both'
runs 2 net attach x --ifname y && warns '--ifname needs --netns'
runs 2 net attach x --anti-spoofing maybe && warns 'is no, mac or ip, not maybe'
runs 2 net attach x --addresses 10.0.0.1,x && warns 'x is one too many or none'
runs 2 net attach '' && warns 'a word is empty'
runs 2 --netns '' net list && warns 'empty'
runs 2 --color=perhaps net list && warns 'auto, always or never'
runs 2 --json net define && complains '.error | .code == "EINVAL" and .stage == "usage" and (.usage | test("net define FILE"))'

section monitor
runs 2 monitor links && warns 'link, address or route'
"$weir" --json monitor link --all >events &
monitor=$!
becomes() {	# becomes FILTER: soon the monitor has told it
	for _ in $(seq 600); do
		jq -e -n "[inputs] | any($1)" events >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}
check 'lo is there' becomes '.what == "new" and .dev == "lo" and .link.mtu == 65536'
ip link add dev told type bridge
check 'a link comes' becomes '.what == "new" and .dev == "told" and .object == "link"'
ip link set told mtu 1400
check 'it changes' becomes '.what == "changed" and .link.mtu == 1400'
ip link del told
check 'it goes' becomes '.what == "gone" and .dev == "told"'
kill $monitor
wait $monitor 2>/dev/null

section links
runs 0 link list && says '^INDEX +NAME +KIND' && says '^1 +lo '
runs 0 --json link list && gives '.[0].name == "lo"'
runs 0 link list --kind bridge && check 'there is no bridge' [ "$(wc -l <out)" = 1 ]
runs 0 --json link list --ours && gives '. == []'
runs 4 link list --master nosuch && warns 'nosuch'
runs 0 link show lo && says '^kind +device'
runs 0 --json link show lo && gives '.name == "lo" and .mtu == 65536'
runs 4 link show nosuch && warns 'nosuch'
runs 0 link add wbr0 mtu 1400 up type bridge ageing_time 100 && runs 0 --json link show wbr0 &&
	gives '.mtu == 1400 and .up and .bridge.ageing_time == 100'
runs 0 --json link set wbr0 mtu 1300 down ageing_time 200 && gives '.mtu == 1300 and (.up | not) and .bridge.ageing_time == 200'
runs 0 link add we0 type veth peer name we1 mtu 1200 && runs 0 link set we0 master wbr0 type bridge_slave isolated on
runs 0 --json link set dev we0 learning off cost 7 && gives '.port.isolated and (.port.learning | not) and .port.cost == 7'
runs 0 link set we0 master wbr0 && runs 0 --dry-run link set we0 mtu 1201 && says '^ip link set dev we0 mtu 1201'
remember
runs 2 link set wbr0 frob 1 && warns '"frob" is no setting of a bridge: forward_delay, hello_time'
runs 2 link set wbr0 vlan_protocol 802.1x && warns 'vlan_protocol: "802.1x" is none of: 802.1Q or 802.1ad'
runs 2 link set wbr0 vlan_default_pvid 4095 && warns 'vlan_default_pvid: 4095 is outside 0..4094'
runs 2 link set wbr0 stp_state maybe && warns 'neither on nor off'
runs 2 link set wbr0 mtu && warns 'mtu: needs a value'
runs 2 link add wx type frobnicator && warns '"frobnicator" is none of: bridge, veth'
runs 2 link add wx mtu 1400 && warns 'type is missing'
runs 2 link set we0 name other && warns 'another name'
runs 4 link set wbr0 master nosuch && warns 'nosuch'
runs 4 link set nosuch up && runs 4 link del wbr0 nosuch
runs 1 link add wbr0 type bridge && warns 'taken'
unchanged 'by what is refused of links'
runs 0 link del wbr0 we0 && runs 4 link show we1
runs 4 --json link show nosuch && complains '.error | .code == "ENODEV" and (.text | test("nosuch"))'

section schema, doctor, recover, an empty list
runs 0 schema && gives '.properties.name'
# shellcheck disable=SC2016 # a word of the schema
runs 0 --json schema && gives '."$schema"'
runs 0 schema network && gives '.properties.domain'
runs 0 schema interface && gives '.properties.ports'
runs 2 schema guest && warns 'guest'
w doctor
check 'doctor ends with 0 or 3' [ $? = 0 -o $? = 3 ]
says '^link +bridge +(ok|module)' && says '^nft +masq ' && says '^host +CAP_NET_ADMIN +ok'
remember
w --json doctor
gives '.ok != null and (.checks | length > 30) and ([.checks[] | select(.area == "tc").name] | index("htb"))'
unchanged 'by doctor'
runs 0 recover && says 'nothing to recover'
runs 0 --json recover && gives '.recovered == "nothing"'
runs 0 net list && check 'a list without rows has its head' [ "$(wc -l <out)" = 1 ]
runs 0 --json net list && gives '. == []'
runs 4 --netns nosuch net list && warns 'nosuch'
setpriv --bounding-set -net_admin "$weir" --state-dir state doctor >out 2>err
check 'doctor ends with 3 without CAP_NET_ADMIN' [ $? = 3 ]
says '^host +CAP_NET_ADMIN +missing +yes' && says 'needs? (is|are) missing'

section firewalls that are in the way
blocks() {	# blocks WHO TABLE CHAIN...: doctor names the one whose table drops what is forwarded
	who=$1 table=$2 && shift 2
	nft add table "$table"
	nft "add chain $table FORWARD { type filter hook forward priority 0; policy $( [ "$who" = firewalld ] && echo accept || echo drop ); }"
	for chain; do nft add chain "$table" "$chain"; done
	w doctor
	says "^host +forwarding +warning +- +$who: chain $table FORWARD"
	w --json doctor
	gives '.checks | map(select(.name == "forwarding")) | length == 1 and .[0].state == "warning" and .[0].remedy'
	nft delete table "$table"
}
blocks Docker 'ip filter' DOCKER-USER DOCKER
blocks ufw 'ip filter' ufw-user-forward
blocks firewalld 'inet firewalld'
blocks "somebody's firewall" 'inet mine'
w doctor
says '^host +forwarding +ok'

section what is not there
ip link set lo up
for c in 'start nosuch' 'stop nosuch' 'reload nosuch' 'show nosuch' 'undefine nosuch' 'ports nosuch' 'leases nosuch' \
	'attach nosuch' 'detach nosuch nosuch'; do
	# shellcheck disable=SC2086 # words
	runs 4 net $c && warns 'nosuch'
done
runs 4 --json net start nosuch && complains '.error | .code == "ENOENT" and .stage == "input" and .object == "network nosuch"'

# ---- files that are no definitions: each refused by every command that reads one, with its place, and nothing changed

section bad files
remember
bad() {		# bad NAME PATTERN TEXT
	printf '%s' "$3" >bad.json
	for c in 'net define' 'net start --transient' plan; do
		# shellcheck disable=SC2086 # words
		runs 5 $c bad.json && warns "bad.json: .*$2"
		check "one line says it: $1" [ "$(wc -l <err)" = 1 ]
	done
	w --json net define bad.json
	complains '.error | .code != null and .stage == "input" and (.text | test("bad.json"))'
	unchanged "$1"
}
subnet='"address":"10.1.2.1","prefix":24'
bad 'truncated' 'line 1, column' '{"name": "x"'
bad 'malformed' 'line 2, column' '{"name": "x",
 "bridge" {}}'
bad 'empty' 'empty' ''
bad 'no object' 'object' '[1, 2]'
bad 'not UTF-8' 'line 1' "{\"name\": \"$(printf '\377')\"}"
bad 'twice' 'duplicate' '{"name": "x", "name": "y"}'
bad 'no name' 'name: ' '{}'
bad 'wrong type' 'name: expects a string' '{"name": 5}'
bad 'unknown key' 'forwrd: .*forward' '{"name": "x", "forwrd": {"mode": "nat"}}'
bad 'unknown key below' 'ips\[0\]\.adress' '{"name": "x", "ips": [{"adress": "10.1.2.1", "prefix": 24}]}'
bad 'unknown word' 'forward\.mode: "nta"' '{"name": "x", "forward": {"mode": "nta"}}'
bad 'slash in name' 'name: ' '{"name": "a/b"}'
bad 'dots as name' 'name: ' '{"name": ".."}'
bad 'newline in name' 'name: ' '{"name": "a\nb"}'
bad 'long name' 'name: ' "{\"name\": \"$(printf '%0300d' 0)\"}"
bad 'slash in bridge' 'bridge\.name: ' '{"name": "x", "bridge": {"name": "a/b"}}'
bad 'quote in bridge' 'bridge\.name: ' '{"name": "x", "bridge": {"name": "a\"b"}}'
bad 'newline in bridge' 'bridge\.name: ' '{"name": "x", "bridge": {"name": "a\nb"}}'
bad 'semicolon in bridge' 'bridge\.name: ' '{"name": "x", "bridge": {"name": "a;b"}}'
bad 'long bridge' 'bridge\.name: ' '{"name": "x", "bridge": {"name": "sixteen-letters-"}}'
bad 'newline in a forward interface' 'forward\.interfaces\[0\]: ' '{"name": "x", "forward": {"mode": "nat", "interfaces": ["e\nth"]}}'
bad 'no address' 'ips\[0\]\.address' '{"name": "x", "ips": [{"address": "10.1.2.256", "prefix": 24}]}'
bad 'long prefix' 'ips\[0\]\.prefix' '{"name": "x", "ips": [{"address": "10.1.2.1", "prefix": 33}]}'
bad 'range outside' 'ips\[0\]\.dhcp\.ranges\[0\].*outside the subnet' \
	"{\"name\": \"x\", \"ips\": [{$subnet, \"dhcp\": {\"ranges\": [{\"start\": \"10.1.3.2\", \"end\": \"10.1.3.9\"}]}}]}"
bad 'host outside' 'ips\[0\]\.dhcp\.hosts\[0\].*outside the subnet' \
	"{\"name\": \"x\", \"ips\": [{$subnet, \"dhcp\": {\"hosts\": [{\"mac\": \"52:54:00:00:00:01\", \"ip\": \"10.9.3.2\"}]}}]}"
bad 'overlapping subnets' 'ips\[1\]\.address' \
	"{\"name\": \"x\", \"ips\": [{$subnet}, {\"address\": \"10.1.2.130\", \"prefix\": 25}]}"
bad 'peak without average' 'bandwidth\.inbound\.peak: needs an average' \
	'{"name": "x", "portgroups": [{"name": "p", "bandwidth": {"inbound": {"peak": 5}}}]}'
bad 'negative rate' 'bandwidth\.inbound\.average' \
	'{"name": "x", "portgroups": [{"name": "p", "bandwidth": {"inbound": {"average": -5}}}]}'
runs 5 net define nosuch.json && warns 'nosuch.json: No such file'
runs 5 net define /run && warns '/run: Is a directory'
runs 5 plan - && warns 'standard input.*empty'
unchanged 'files that are not there'

# ---- XML: looked at alone, and in JSON's place everywhere

section xml
cat >lab.xml <<'XML'
<network>
  <name>lab</name>
  <uuid>00000000-0000-4000-8000-000000000001</uuid>
  <forward mode='nat'/>
  <bridge name='lab0' stp='on' delay='0'/>
  <mac address='52:54:00:00:00:01'/>
  <ip address='192.168.77.1' prefix='24'>
    <dhcp>
      <range start='192.168.77.2' end='192.168.77.9'/>
    </dhcp>
  </ip>
</network>
XML
echo "<interface type='bridge' name='br0'><bridge><interface type='ethernet' name='e0'/></bridge></interface>" >br0.xml
if "$weir" help xml >/dev/null 2>&1; then
	remember
	for c in network define; do
		runs 0 xml $c lab.xml
		check "xml $c: canonical already" cmp -s out lab.xml
	done
	runs 0 xml json lab.xml && gives '.name == "lab" and .ips[0].prefix == 24' && cp out lab.json
	runs 0 xml from-json network lab.json
	check 'xml from-json gives it back' cmp -s out lab.xml
	runs 0 xml dnsmasq lab.xml && says '^dhcp-range=192.168.77.2,192.168.77.9,255.255.255.0$'
	runs 0 xml interface br0.xml && says "<interface type='ethernet' name='e0'>"
	runs 1 xml network br0.xml && warns 'br0.xml: line 1, <interface>: the document is no <network>'
	runs 1 xml json "$definition" && warns 'is no document'
	runs 1 xml network nosuch.xml && warns 'nosuch.xml: No such file'
	runs 2 xml from-json nosuch lab.json && runs 2 xml guest --live --status lab.xml
	sed 's/192.168.77.9/192.168.78.9/' lab.xml >bad.xml
	runs 5 net define bad.xml && warns 'bad.xml: line 9, <range>: is outside'
	runs 0 plan lab.xml && says '^ip link add .*lab0'
	unchanged 'xml, and a plan from it'
	runs 0 net define lab.xml && says '^network lab defined on bridge lab0$'
	echo '{ "name": "more", "bridge": { "name": "lab%d" } }' >more.json
	runs 0 net define more.json && says '^network more defined on bridge lab1$'
	runs 0 net define more.json && says '^network more defined on bridge lab1$'
	runs 0 net undefine more
	host="<host mac='52:54:00:00:00:07' ip='192.168.77.7'/>"
	runs 0 net update lab --section ip-dhcp-host --command add "$host" && says '^network lab updated: ip-dhcp-host$'
	runs 0 --json net show lab && gives '.ips[0].dhcp.hosts[0].mac == "52:54:00:00:00:07"'
	runs 1 net update lab --section ip-dhcp-host --command add "$host" && warns 'already'
	runs 0 net update lab --section ip-dhcp-host --command delete '{"mac": "52:54:00:00:00:07"}'
	runs 0 --json net show lab && gives '.ips[0].dhcp.hosts == null'
	echo '{"name": "gold"}' >item.json
	runs 0 --json net update lab --config --section portgroup --command add item.json && gives .updated
	runs 5 net update lab --section portgroup --command add '<portgroup/>' && warns 'line 1, <portgroup>: name: is missing'
	runs 2 net update lab --section nosuch --command add item.json
	runs 2 net update lab --section portgroup --command nosuch item.json
	runs 4 net update lab --live --section portgroup --command delete item.json
	runs 0 net undefine lab
	unchanged 'define from XML, undefine'
fi

# ---- a life of a network

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
check 'full state directory: nothing is left in it' [ "$(find full -type f ! -name lock ! -name filler | wc -l)" = 0 ]
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
jq '.ipv6 = true' changed.json >changed2.json
runs 0 net define changed2.json
remember
runs 1 net reload default && warns 'ipv6'
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
w --json net show default --live && jq '.title = "new" | .mtu = 1400 | .ipv6 = true' out >wanted.json
w --json net diff wanted.json --live
check 'a difference ends with 6' [ $? = 6 ]
check 'what a title takes' jq -e '.[] | select(.path == "title" and .takes == "live")' out
check 'what an MTU takes' jq -e '.[] | select(.path == "mtu" and .takes == "replug")' out
check 'what IPv6 takes' jq -e '.[] | select(.path == "ipv6" and .takes == "restart")' out
runs 1 net apply wanted.json --live && warns 'ipv6'
jq 'del(.ipv6)' wanted.json >wanted2.json
runs 0 net apply wanted2.json --live && says 'applied'
runs 0 net apply again.json --live --config
runs 0 net diff again.json --live
runs 0 net autostart default && says 'is started'
runs 0 --json net list && gives '.[] | select(.name == "default") | .autostart'
runs 0 net start --autostart
runs 2 net start default --autostart && warns 'autostart'
runs 0 --json net autostart default --off && gives '.autostart == false'
runs 4 net autostart nosuch
EDITOR='sed -i s/kept/edited/' runs 4 net edit nosuch
EDITOR=false runs 1 net edit default && warns 'editor'
EDITOR='sed -i s/^..\"title.*/\"title\":\"edited\",/' runs 0 net edit default
runs 0 --json net show default --config && gives '.title == "edited"'
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
runs 1 net attach default --netns box --ifname net1 --name vnet1 && warns 'vnet1'
runs 0 --json net list && gives '.[0].ports == 2'
runs 0 link list --master virbr0 && says ' vnet0 +veth ' && says ' vnet1 +veth '
runs 0 --json link list --kind veth && gives 'map(.name) | sort == ["vnet0", "vnet1"]'
w --json net ports default
port=$(jq -r '.[0].name' out)
runs 0 net port default "$port" && gives '.plug == "network" and .uuid and .network == "default"'
cp out remembered.json
runs 0 net reclaim remembered.json && says "^port $port of network default reclaimed$"
runs 4 net port default nosuch
runs 4 net port default "$port" --portgroup nosuch && warns 'nosuch'

runs 0 net detach default vnet1 && says '^port vnet1 detached from network default$'
runs 0 --json net detach default vnet0 && gives '.detached'
check 'the guest has lost its ends' [ "$(ip -n box -o link | wc -l)" = 1 ]
unchanged 'attached and detached'

section several bridges
echo '{"name": "wide", "bridge": {"name": "br7", "spread": 2}, "dns": {"enable": false}}' >wide.json
runs 0 net start --transient wide.json
runs 0 net show wide && says '^state +active, not stored, 0 ports, room for 2044 more$' && says '^bridge +br7 and 1 more'
runs 0 --json net attach wide --name w0 && gives '.bridge == "br7" and .ports_left == 2043'
runs 0 net attach wide --name w1
runs 0 net ports wide && says '^NAME.* OWNER +BRIDGE$' && says '^w1 .* br7-1$'
runs 0 --json net list && gives '.[] | select(.name == "wide") | .ports_left == 2042'
runs 0 net stop wide

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
	runs 0 --json pool lease default --owner Bob && gives '.owner == "Bob" and .portgroup == "gold"'
	runs 0 pool lease default && says '^vnet[01] 52:54:00:'
	runs 1 pool lease default && warns 'no port that is ready'
	runs 0 pool return default vnet0 && runs 0 pool return default vnet1
	runs 1 pool return default vnet1 && warns 'vnet1 is ready'
	runs 4 pool return default vnet7 && runs 4 pool keep nothing 2 && runs 2 pool keep default many
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
		if [ -e state/journal ]; then
			check 'something is half done' ip link show virbr0
			runs 0 --json recover && gives '.recovered == "undone"'
		fi
		w net stop default
		forget_forwarding
		unchanged "killed at sendmsg $when"
	done
	strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when=1 \
		"$weir" --config-dir config --state-dir state net start --transient "$definition" >out 2>err
	check 'it was killed, and its journal is there' [ -e state/journal ]
	w net start --transient "$definition"
	check 'the next command recovers by itself' [ $? = 0 ]
	warns 'killed weir.*undone'
	runs 0 net stop default
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
runs 0 shape explain lim0 && says '^# what arrives by the link goes to an ifb' && says '^tc filter add dev lim0 .*redirect dev ifb-lim0$'
runs 0 shape lim0 --outbound none && says 'outbound unlimited'
runs 0 shape show lim0 --interval 1 && says 'RATE$'
runs 0 shape clear lim0
unchanged 'shape and clear'
ip netns add floors
echo '{"name":"floors","bridge":{"name":"fl0"},"dns":{"enable":false},"bandwidth":{"outbound":{"average":10000}}}' >floors.json
runs 0 net start --transient floors.json
runs 0 net attach floors --netns floors --name fl1 --outbound floor=40mbit
runs 0 shape show fl1 && says '^fl1 +outbound +unlimited, floor 40Mbit/s'
runs 0 shape explain fl1 && says 'has its guaranteed class on the ifb of the bridge' && says 'skbedit priority 7769:10 continue'
runs 0 shape explain fl0 && says '^tc class add dev ifb-fl0 parent 7769:1 classid 7769:10 htb rate 5000000bps ceil 10000000bps'
runs 0 shape fl1 --outbound 20mbit && runs 0 shape show fl1 && says '^fl1 +outbound +20Mbit/s, .*floor 40Mbit/s.* ifb-fl1'
runs 0 shape fl1 --outbound none && runs 0 shape show fl1 && says '^fl1 +outbound +unlimited, floor 40Mbit/s'
runs 1 net attach floors --netns floors --name fl2 --outbound 1mbit,floor=41mbit
warns '^weir: bandwidth of ifb-fl0: floor: 40mbit of 80mbit are guaranteed already, and so much more is not left$'
runs 1 net attach floors --netns floors --name fl2 --inbound floor=1mbit && warns 'needs a network with an inbound average'
runs 0 --json net port floors fl1 && gives '.bandwidth.outbound.floor == 5000 and .outboundFloorOn == "ifb-fl0"'
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
	check 'completion of methods' completes "$weir" shape lo --method s skbedit
fi

echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
