#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one-file tool (`make static`): it needs no library, says what it lacks, prints what the whole tool prints, and does
# with host interfaces what that does, though small/ stands in for jansson and libmnl there. Its size is bounded.
set -eu

. "$(dirname "$0")/lib.sh"

# The flags of the make that runs us are in the environment, but its job server is not for us. With others than its own
# everything would be compiled anew, and again for the next tier.
say 'make static' env MAKEFLAGS='' MFLAGS='' "${MAKE:-make}" -s -j2 static
tools=build/static/weir
if command -v "${MUSL_CC:-musl-gcc}" >/dev/null; then
	tools="$tools build/musl/weir"
	say 'with musl it has at most 250 KB' test "$(wc -c <build/musl/weir)" -le 250000
else
	echo "SKIP: no musl-gcc, so there is no build/musl/weir"
fi

# Two tools in a namespace that has some links; what both print must be the same, errors too.
cat >"$tmp/compare" <<'EOF'
set -eu
ip link set lo up
ip link add br0 type bridge
ip link add weir0 type dummy 2>/dev/null || ip link add weir0 type ifb
ip link set weir0 alias "$(printf 'a "quoted" \\ \303\244 alias')"
ip link add v0 type veth peer name v1
ip link set v0 master br0
ip link set br0 up
mount -t tmpfs none /run
ip netns add other
ip -n other link add in0 type bridge
run() { "$1" --state-dir "$tmp/state" $2 >"$tmp/$3" 2>"$tmp/$3.err" || echo "exit $?" >>"$tmp/$3"; }
for line in 'link list' '--json link list' '--json link show br0' 'link show v0' '--json link show weir0' \
	'--json link show nothing' 'link show' '--json link show' 'recover' '--json recover' '--json frobnicate' \
	'--stats link list --kind bridge' '--json help recover' 'link set br0 frob 1' 'link add x type nosuch' \
	'--dry-run link set v0 mtu 1400 learning off' '--dry-run link del br0 v0' '--netns other link list' \
	'--netns other link show in0' '--netns nosuch link list'; do
	run "$1" "$line" whole
	run "$2" "$line" small
	diff "$tmp/whole" "$tmp/small" && diff "$tmp/whole.err" "$tmp/small.err" || { echo "differs: $line"; exit 1; }
done
EOF

# Making a port takes less than 2 MB of address space, all that the program maps: a limit that does not depend on load.
cat >"$tmp/little" <<'EOF'
set -eu
ip link add br0 type bridge
mkdir "$tmp/state2"
(ulimit -v 2048 && exec build/musl/weir --state-dir "$tmp/state2" link add v0 master br0 up type veth peer name v1)
ip -o link show master br0 | grep -q v0
EOF
case $tools in
*musl*) say 'with musl a port takes less than 2 MB' env tmp="$tmp" unshare -rnm sh "$tmp/little" ;;
esac

for tool in $tools; do
	say "$tool needs no library" sh -c "! readelf -d $tool | grep NEEDED"
	say "$tool says what it lacks" sh -c "$tool --version | grep -q 'left out of this build: networks'"
	say "$tool names what a command would need" sh -c "$tool net list 2>&1 | grep -q 'needs libnftables'"
	say "$tool lacks what is not for appliances" sh -c "$tool monitor 2>&1 | grep -q 'left out of this build: the monitor' &&
		$tool shape explain x 2>&1 | grep -q 'left out of this build: explanations' && ! $tool help monitor &&
		$tool help shape | grep -q 'shape show' && ! $tool help shape | grep -q 'shape explain'"
	say "$tool help" sh -c "$tool help | grep -q 'link list' && ! $tool help | grep -q 'net start'"
	say "$tool prints what the whole tool prints" env tmp="$tmp" unshare -rnm sh "$tmp/compare" "$build/weir" "$tool"
done

# Host interfaces, from a definition to a rollback: each tool in a fresh namespace, and both say and leave the same.
cat >"$tmp/interfaces" <<'EOF'
set -eu
tool=$1 dir=$2
for i in 0 1; do ip link add a$i address 52:54:00:00:0a:0$i type veth peer name b$i address 52:54:00:00:0b:0$i; done
mkdir "$dir"
cd "$dir"
run() { echo "-- $*"; "$tool" --config-dir "$dir/config" --state-dir "$dir/state" "$@" 2>&1 || echo "exit $?"; }
bridge() { # ADDRESS MTU
	cat >br0.json <<-END
	{"type": "bridge", "name": "br0", "start": "onboot", "mtu": $2, "bridge": {"stp": false, "delay": "0.5"},
	 "protocols": [{"family": "ipv4", "addresses": [{"address": "$1", "prefix": 24}], "routes": [{"gateway": "10.1.1.9"}]}],
	 "ports": [{"type": "ethernet", "name": "a\u0030"}, {"type": "ethernet", "name": "a1"}]}
	END
}
bridge 10.1.1.1 1500
run if plan br0.json && run --dry-run apply br0.json && run if define br0.json && run --json if list && run if show br0
run if up br0 && run check && run if show br0 --live && run --json if plan br0.json
ip link set a1 nomaster && run check br0 && run repair && run check
bridge 10.1.1.2 1400
run apply --no-flap br0.json && run if begin && run apply br0.json && run if list && run if rollback && run if show br0
run if begin && run --json apply br0.json --confirm 1 && run confirm && run apply br0.json && run if commit && run if show br0
for text in '' '{' '{"type": "bridge", "name": "x", "port": []}' '{"type": "bridge", "type": "bond"}' '{"type": 7}' \
	'{"type": "bridge", "name": "a/b"}' '{"type": "bridge", "mtu": 99999999999999999999}' '[]' '{"type": "bridge"} x'; do
	echo "$text" >bad.json && run if define bad.json && run --json if plan bad.json
done
ip -o addr show br0 | sed 's/valid_lft.*//' && ip route
run if down br0 && run if undefine br0 && run --json if list && ip -o link | wc -l
EOF
enter() { env tmp="$tmp" unshare -rnm sh "$tmp/interfaces" "$1" "$tmp/if-$2" >"$tmp/if-$2.out" 2>&1; }
say 'host interfaces by the whole tool' enter "$PWD/$build/weir" whole
for tool in $tools; do
	rm -rf "$tmp/if-small"
	say "$tool: host interfaces" enter "$PWD/$tool" small
	# Indexes are made up anew each time.
	sed -i 's/if-small/if-whole/g; s/\(index\|"ifindex":\) [0-9]\{4,\}/\1 N/; s/^[0-9]\{4,\}: /N: /' "$tmp"/if-*.out
	say "$tool: host interfaces, the same" diff "$tmp/if-whole.out" "$tmp/if-small.out"
done

sum
