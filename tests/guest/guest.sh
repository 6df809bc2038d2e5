#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guest tier (make check-guest): a real guest on a port that weir made. In network, mount and process namespaces of
# its own, that vanish with it however it ends, this script is a hypervisor's host: it starts the network of guest.json,
# boots a stock Debian kernel with init.sh in QEMU on a shaped port of it, and judges what the guest tells about its
# lease, NAT and rates; then stops the network and looks whether something is left. A second namespace, "outside",
# plays the rest of the world: it knows nothing of the guest's subnet, so what it answers has been through NAT.
#
#   guest.sh [KERNEL]	6.12 or 6.1
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=../lab/common.sh
. "$(dirname "$0")/../lab/common.sh"

HERE=$TREE/tests/guest
WEIR=$(realpath -m "${WEIR:-$TREE/build/weir}")
WORK=/run/weir-guest	# in a tmpfs that only this script sees
HOST=198.51.100.2 OUTSIDE=198.51.100.1
PORT=guest-port MAC=52:54:00:96:00:0a
TOLERANCE=25	# percent
LIMIT=180	# seconds for any call of weir; that which becomes the guest takes 30

enter_namespaces() {
	local user=()
	need qemu-system-x86_64 busybox cpio modprobe xz ip nft tc dnsmasq jq pgrep
	use_kernel "$1"
	[ -x "$WEIR" ] || die "no $WEIR: run \`make\`"
	[ "$(id -u)" = 0 ] || user=(--map-root-user)
	exec unshare "${user[@]}" --net --mount --pid --fork --kill-child --mount-proc "$0" --inside "$1"
}

weir() { timeout -k 5 "$LIMIT" "$WEIR" --config-dir "$WORK/config" --state-dir "$WORK/state" "$@"; }
outside() { ip netns exec outside "$@"; }
wanted() { jq ".portgroups[0].bandwidth.$1.average" "$HERE/guest.json"; }

make_world() {
	mount -t sysfs sysfs /sys 2>/dev/null || :	# not every system lets a user namespace do it
	mount -t tmpfs run /run
	mkdir -p "$WORK"/{config,state,www/cgi-bin}
	ip link set lo up
	ip netns add outside
	ip link add uplink type veth peer name uplink netns outside
	ip addr add "$HOST/24" dev uplink
	ip link set uplink up
	ip route add default via "$OUTSIDE"
	outside ip addr add "$OUTSIDE/24" dev uplink
	outside ip link set uplink up
	outside ip link set lo up
}

# A web page that says who asks for it, a port that sends without end, one that takes without end.
serve_outside() {
	cat >"$WORK/www/cgi-bin/caller" <<-'END'
		#!/bin/sh
		printf 'Content-Type: text/plain\r\n\r\n%s\n' "$REMOTE_ADDR"
	END
	chmod +x "$WORK/www/cgi-bin/caller"
	outside busybox httpd -p "$OUTSIDE:80" -h "$WORK/www"
	outside busybox nc -ll -p 5001 -e cat /dev/zero &
	outside busybox nc -ll -p 5002 -e busybox sh -c 'cat >/dev/null' &
}

# What a network could leave behind, one object per line.
things() {
	ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/link \1/'
	ip -4 -o addr show | awk '{ print "address", $2, $4 }'
	ip -4 route show table all | sed 's/^/route /'
	tc qdisc show | sed 's/^/qdisc /'
	nft list ruleset | sed 's/^/nft /'
	pgrep -a dnsmasq | sed 's/^/process /' || :
	find "$WORK/state" -type f ! -name lock ! -name journal | sed 's/^/state /'
}

boot_guest() {
	make_initramfs "$WORK/initramfs" "$HERE/init.sh" virtio_pci virtio_net
	: >"$WORK/console"
	weir net attach guest --name "$PORT" --portgroup slow --mac "$MAC" --exec \
		qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256M \
		-display none -nodefaults -no-reboot -serial "file:$WORK/console" \
		-kernel "$kernel/vmlinux" -initrd "$WORK/initramfs" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check rdinit=/init net.ifnames=0" \
		-netdev "tap,id=n0,fd={fd}" -device "virtio-net-pci,netdev=n0,mac={mac},romfile=" </dev/null &&
		says end ''
}

# told KEY: the guest's own words; fails if it said nothing about KEY
told() {
	tr -d '\r' <"$WORK/console" | sed -n "s/^guest: $1\( \|$\)//p" | grep -m 1 ''
}

# says KEY REGEX
says() {
	local said
	said=$(told "$1") || said="(nothing)"
	echo "the guest says $1 is: $said"
	grep -qE "^($2)$" <<<"$said"
}

# rate_is KB/S WANTED
rate_is() {
	echo "not within $TOLERANCE percent"
	[ $(($1 * 100)) -ge $(($2 * (100 - TOLERANCE))) ] && [ $(($1 * 100)) -le $(($2 * (100 + TOLERANCE))) ]
}

judge_rate() {
	local rate want
	rate=$(told "$1" || echo 0)
	want=$(wanted "$1")
	check "$1 rate: $rate KB/s, configured $want" rate_is "$rate" "$want"
}

nothing_left() { things | diff "$WORK/before" -; }

judge_guest() {
	check "a lease in the range" says address '192\.168\.150\.([1-9][0-9])/(24|255\.255\.255\.0)'
	check "gateway" says router '192\.168\.150\.1'
	check "DNS server" says dns '192\.168\.150\.1'
	check "MTU" says mtu 1400
	check "ping the gateway" says gateway yes
	check "DNS knows the guest's name" says name yes
	check "ping outside, through NAT" says outside yes
	check "outside sees the host's address" says seen "${HOST//./[.]}"
	judge_rate inbound
	judge_rate outbound
}

tier() {
	use_kernel "$1"
	make_world
	serve_outside
	things >"$WORK/before"
	check "define" weir net define "$HERE/guest.json"
	check "start" weir net start guest
	check "a guest with Linux $1 ran on a port" boot_guest
	tr -d '\r' <"$WORK/console" | sed -n 's/^guest: /      /p'
	judge_guest
	check "detach" weir net detach guest "$PORT"
	check "stop" weir net stop guest
	check "nothing is left in the namespace" nothing_left
	[ "$failed" = 0 ] || { echo "---- the end of the guest's console"; tail -n 40 "$WORK/console"; }
	closing_line
}

if [ "${1:-}" = --inside ]; then
	trap 'exit 130' INT TERM HUP
	tier "$2"
else
	enter_namespaces "${1:-6.12}"
fi
