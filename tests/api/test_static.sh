#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one-file tool (`make static`): it needs no library, says what it lacks, and prints what the whole tool prints,
# though small/ stands in for jansson and libmnl there. Its size is bounded; nothing of it may be measured in time.
set -eu

build=${WEIR_BUILD:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

say() {	# NAME COMMAND...: one test
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: $*"
		cat "$tmp/out"
	fi
}

# The flags of the make that runs us are in the environment, but its job server is not for us.
say 'make static' env MAKEFLAGS='' MFLAGS='' "${MAKE:-make}" -s -j2 WERROR=1 static
tools=build/static/weir
if command -v "${MUSL_CC:-musl-gcc}" >/dev/null; then
	tools="$tools build/musl/weir"
	say 'with musl it has less than 250 KB' test "$(wc -c <build/musl/weir)" -lt 250000
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
run() { "$1" --state-dir "$tmp/state" $2 >"$tmp/$3" 2>"$tmp/$3.err" || echo "exit $?" >>"$tmp/$3"; }
for line in 'link list' '--json link list' '--json link show br0' 'link show v0' '--json link show weir0' \
	'--json link show nothing' 'link show' '--json link show' 'recover' '--json recover' '--json frobnicate' \
	'--stats link list --kind bridge' '--json help recover' 'link set br0 frob 1' 'link add x type nosuch' \
	'--dry-run link set v0 mtu 1400 learning off' '--dry-run link del br0 v0'; do
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
	say "$tool help" sh -c "$tool help | grep -q 'link list' && ! $tool help | grep -q 'net start'"
	say "$tool prints what the whole tool prints" env tmp="$tmp" unshare -rnm sh "$tmp/compare" "$build/weir" "$tool"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
