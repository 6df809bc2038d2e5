#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The command line from the outside, what is there without a network: every command with what it prints for people and for
# programs, its exit status, its usage, and what it says and leaves behind when it is asked for what cannot be done.
# Networks are test_cli_net.sh's. Runs in namespaces of its own, with its own /run; needs jq, dnsmasq, iproute2 and nft.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=cli.sh
. tests/netns/cli.sh

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
runs 2 --co never && warns 'ambiguous option --co' && runs 2 --=x && warns 'ambiguous option --=x'
runs 0 --js --col=never -hV && gives '.commands | length > 15' && runs 2 -hx && warns 'unknown option -x'
runs 0 -- link list --js -- && runs 2 link list -- --json && warns '\-\-json is one word too many'
runs 2 net list - && warns '\- is one word too many' && runs 2 --netns= link list && warns 'argument is empty'
runs 2 net attach x --mac 01:00:00:00:00:01 && warns 'unicast MAC'
runs 2 net attach x --mac 00:00:00:00:00:00 && warns 'unicast MAC'
runs 2 net attach x --mac 52:54:00:1:2:3 && warns 'unicast MAC'
runs 2 net attach x --queues 2 && warns '--queues needs --exec'
runs 2 net attach x --queues 0 --exec true && warns 'from 1 to 256'
runs 2 net attach x --queues 257 --exec true && warns 'from 1 to 256'
runs 2 net attach x --queues two --exec true && warns 'from 1 to 256'
runs 2 net attach x --exec && warns '--exec needs a command'
runs 2 net attach x --netns y --exec true && warns 'not both'
runs 2 net attach x --netns y --macvlan && warns 'not with --netns'
runs 2 net attach x --netns y --vnet-hdr && warns 'not both'
runs 2 net attach x --ifname y && warns '--ifname needs --netns'
runs 2 net attach x --anti-spoofing maybe && warns 'is no, mac or ip, not maybe'
runs 2 net attach x --addresses 10.0.0.1,x && warns 'x is one too many or none'
runs 2 net attach '' && warns 'a word is empty'
runs 2 --netns '' net list && warns 'empty'
runs 2 --color=perhaps net list && warns 'auto, always or never'
runs 2 --json net define && complains '.error | .code == "EINVAL" and .stage == "usage" and (.usage | test("net define FILE")) and
	.text == "net define: something is missing"'

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
runs 0 --json link del wbr0 we0 && gives 'map(.name) == ["wbr0", "we0"] and all(.done == "deleted")' && runs 4 link show we1
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
says '^host +hook +ok .*there is none' && mkdir -p config/hooks && touch config/hooks/network && w doctor
says '^host +hook +warning .*config/hooks/network: may not be executed' && rm -r config/hooks
remember
w --json doctor
gives '.ok != null and (.checks | length > 30) and ([.checks[] | select(.area == "tc").name] | index("htb"))'
unchanged 'by doctor'
runs 0 recover && says 'nothing to recover'
runs 0 --json recover && gives '.recovered == "nothing"'
runs 2 --dry-run recover && warns 'recover: cannot be planned'
runs 0 net list && check 'a list without rows has its head' [ "$(wc -l <out)" = 1 ]
runs 0 --json net list && gives '. == []'
runs 4 --netns nosuch net list && warns 'nosuch'
setpriv --bounding-set -net_admin "$weir" --state-dir state doctor >out 2>err
check 'doctor ends with 3 without CAP_NET_ADMIN' [ $? = 3 ]
says '^host +CAP_NET_ADMIN +missing +yes' && says 'needs? (is|are) missing'

section firewalls that are in the way
blocks() {	# blocks HOOK WHO TABLE CHAIN...: doctor names the one whose table drops what passes the hook
	hook=$1 who=$2 table=$3 && shift 3
	name=forwarding other='DHCP and DNS'
	[ "$hook" = forward ] || { name='DHCP and DNS' other=forwarding; }
	nft add table "$table"
	nft "add chain $table first { type filter hook $hook priority 0; policy $( [ "$who" = firewalld ] && echo accept || echo drop ); }"
	for chain; do nft add chain "$table" "$chain"; done
	w doctor
	says "^host +$name +warning +- +$who: chain $table first" && says "^host +$other +ok"
	w --json doctor
	gives ".checks | map(select(.name == \"$name\")) | length == 1 and .[0].state == \"warning\" and .[0].remedy"
	nft delete table "$table"
}
blocks forward Docker 'ip filter' DOCKER-USER DOCKER
blocks forward ufw 'ip filter' ufw-user-forward
blocks forward firewalld 'inet firewalld'
blocks forward "somebody's firewall" 'inet mine'
blocks input ufw 'ip filter' ufw-user-input
blocks input firewalld 'inet firewalld'
blocks input "somebody's firewall" 'ip filter' DOCKER-USER DOCKER
w doctor
says '^host +forwarding +ok' && says '^host +DHCP and DNS +ok'

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
	# It is loaded by those who need it alone.
	lib=$(ldconfig -p | sed -n 's/.*libxml2[.]so[.][0-9]* .*=> //p' | head -n 1)
	if mount --bind /dev/null "$lib"; then
		runs 1 xml network lab.xml && warns "a library is needed for this: .*libxml2"
		runs 0 plan "$definition"
		umount "$lib"
	fi
	runs 1 xml network nosuch.xml && warns 'nosuch.xml: No such file'
	cat >given.xml <<-'XML'
		<interface type='network' bogus='1'>
		  <mac address='52:54:00:00:00:09'/>
		  <source network='lab'/>
		  <actual type='network'>
		    <source bridge='lab0'/>
		  </actual>
		  <target dev='vnet0'/>
		  <bandwith/>
		  <model type='virtio'/>
		</interface>
	XML
	w xml guest given.xml && warns 'given.xml: line 1, <interface>: bogus: means nothing here, and is left out'
	warns 'line 8, <bandwith>: means' && check 'xml guest tells of nothing else' [ "$(wc -l <err)" = 2 ]
	sed -e '1s/.*/<interface type="bridge">/' -e '/<actual/,/<.actual/d; /bandwith/d' \
		-e "s/network='lab'/& bridge='lab0'/" given.xml >live.xml
	runs 0 xml guest live.xml && check 'nor of what a running guest was given' [ ! -s err ]
	echo "<portgroup name='odd' bogus='1'/>" >odd-item.xml
	w xml update lab.xml odd-item.xml --section portgroup --command add
	check 'an update says what it ignores' grep -q 'odd-item.xml: line 1, <portgroup>: bogus: means nothing here' err
	runs 2 xml from-json nosuch lab.json && runs 2 xml guest --live --status lab.xml
	sed 's/192.168.77.9/192.168.78.9/' lab.xml >bad.xml
	runs 5 net define bad.xml && warns 'bad.xml: line 9, <range>: is outside'
	sed "s/<forward m/<forward bogus='1' m/; s/<mac .*/<mca\/>/" lab.xml >odd.xml
	w net define odd.xml --dry-run && warns 'odd.xml: line 4, <forward>: bogus: means nothing' && warns 'line 6, <mca>: means'
	sed "s/<bridge>/<bridge bogus='1'>/" br0.xml >odd0.xml
	w if define odd0.xml --dry-run && warns 'odd0.xml: line 1, <bridge>: bogus: means nothing'
	echo '{ "name": "n", "bridge": { "spread": 2 } }' | "$weir" xml from-json network - >out 2>err && warns 'bridge.spread: has no place in XML'
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
	w net update lab --section ip-dhcp-host --command modify "<host mac='52:54:00:00:00:07' nmae='x' ip='192.168.77.8'/>" &&
		warns 'item: line 1, <host>: nmae: means nothing'
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

echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
