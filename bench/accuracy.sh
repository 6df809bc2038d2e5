#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How exact limits are: one direction of one guest at a time, TCP and UDP, by each method that this kernel has. The
# guest is a namespace behind a veth, and then a machine on a tap and on a macvtap (QEMU without hardware's help, if
# `make deps` brought its kernel); "lab" is the veth again on a stock kernel in the lab, which has what this one may lack
# (police, skbedit). What counts is what arrives: see flow.c, which counts it. Beside each limit stands what came
# through without one, so that a machine that cannot send as much is not taken for a limit that is off.
#
#	accuracy.sh FLOW FOLDER		makes accuracy.jsonl, accuracy.md, and accuracy.svg where gnuplot is
#	RATES='1 10 100 1000' (Mbit/s)  SECONDS_EACH=3  TRIALS=1  THROUGH='veth tap macvtap lab'
set -eu -o pipefail
weir=$(realpath "${WEIR:-build/weir}")
here=$(realpath "$(dirname "$0")")
flow=$(realpath "$1") out=$(realpath "$2")
rates=${RATES:-1 10 100 1000}
seconds=${SECONDS_EACH:-3}
trials=${TRIALS:-1}
through=${THROUGH:-veth tap macvtap lab}
where=${WHERE:-}	# behind the name of what it went through
read_back='10 40 100 400'	# Gbit/s
[ "${ACCURACY_INSIDE:-}" ] || exec env ACCURACY_INSIDE=1 unshare -n -m -p -f --mount-proc --kill-child bash "$0" "$@"

# shellcheck source-path=SCRIPTDIR source=../tests/lab/common.sh
. "$here/../tests/lab/common.sh"
mount -t tmpfs none /run
mkdir -p /run/netns /run/weir
export WEIR_CONFIG_DIR=/run/weir/config WEIR_STATE_DIR=/run/weir/state
ip link set lo up
ip netns add peer
results=$out/accuracy.jsonl
: >"$results"

# ---- the guests: each sets `port`, `by_filter` (the direction that a filter limits) and `from` (where the other end is)

by_veth() {
	port=vm0 by_filter=outbound from=()
	ip link add vm0 type veth peer name eth0 netns peer
	ip addr add 10.0.0.1/24 dev vm0
	ip link set vm0 up
	ip -n peer addr add 10.0.0.2/24 dev eth0
	ip -n peer link set eth0 up
	ip netns exec peer "$flow" serve &
	guest=$!
}

# boot NET: a machine whose card is a port of that network
boot() {
	# shellcheck disable=SC2154 # common.sh sets kernel
	"$weir" net attach "$1" --name vm0 --mac 52:54:00:96:00:0a --vnet-hdr --exec chrt -r 1 \
		qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256M -display none -nodefaults -no-reboot \
		-serial file:/run/console -kernel "$kernel/vmlinux" -initrd /run/initramfs \
		-append "console=ttyS0 quiet panic=-1 no_timer_check rdinit=/init net.ifnames=0" \
		-netdev "tap,id=n0,fd={fd}" -device "virtio-net-pci,netdev=n0,mac={mac},romfile=" </dev/null >/dev/null 2>&1 &
	guest=$!
}

network() {
	echo "$1" >/run/net.json
	"$weir" net define /run/net.json >/dev/null
	"$weir" net start acc >/dev/null
}

by_tap() {
	port=vm0 by_filter=outbound from=()
	network '{"name": "acc", "bridge": {"name": "br0", "stp": false}, "dns": {"enable": false},
		"ips": [{"address": "10.0.0.1", "prefix": 24}]}'
	boot acc
}

by_macvtap() {
	port=vm0 by_filter=inbound from=(ip netns exec peer)
	ip link add up0 type veth peer name eth0 netns peer
	ip link set up0 up
	ip -n peer addr add 10.0.0.1/24 dev eth0
	ip -n peer link set eth0 up
	network '{"name": "acc", "forward": {"mode": "bridge", "interfaces": ["up0"]}}'
	boot acc
}

guest_is_there() {
	local n=0
	until "${from[@]}" "$flow" ask 10.0.0.2 inbound tcp 125000 0.1 >/dev/null 2>&1; do
		n=$((n + 1)) && [ $n -lt 60 ] && kill -0 "$guest" 2>/dev/null || return 1
		sleep 1
	done
}

guest_goes() {
	kill -9 "$guest" 2>/dev/null || :
	wait "$guest" 2>/dev/null || :
	"$weir" net stop acc >/dev/null 2>&1 || :
	"$weir" net undefine acc >/dev/null 2>&1 || :
	ip link del vm0 2>/dev/null || :
	ip link del up0 2>/dev/null || :
}

# ---- measuring

# measure THROUGH METHOD DIRECTION PROTOCOL MBIT/S: by "none" the same is offered, and nothing limits it. TCP's frames
# may be half a second long at 1 Mbit/s, and what follows a lost one waits for it, so that takes longer.
measure() {
	local rate=$5 method=$2 got bytes=$(($5 * 125000)) for=$seconds how=()
	case $method in
	'') ;;
	tbf) how=(--qdisc tbf) ;;
	*) how=(--method "$method") ;;
	esac
	if [ "$method" = none ]; then
		for=1
	else
		[ "$rate/$4" != 1/tcp ] || for=$((10 * seconds))
		"$weir" shape "$port" "--$3" "${rate}mbit" "${how[@]}" >/run/said 2>&1 || { cat /run/said >&2; return 0; }
		method=$("$weir" --json shape show "$port" | jq -r '.[0].method')
	fi
	got=$("${from[@]}" "$flow" ask 10.0.0.2 "$3" "$4" "$bytes" "$for") || got=0
	"$weir" shape clear "$port" >/dev/null
	jq -nc --arg through "$1$where" --arg method "$method" --arg direction "$3" --arg protocol "$4" \
		--argjson configured "$bytes" --argjson measured "$got" \
		'{bench: "accuracy", $through, $method, $direction, $protocol, $configured, $measured}' | tee -a "$results" |
		jq -r '"\(.through), \(.direction) \(.protocol) by \(.method): \(.configured / 125000) Mbit/s asked, \(.measured / 125000) measured"'
}

measure_all() {
	local protocol direction method rate methods
	for direction in inbound outbound; do
		methods=(none '' tbf)
		[ $direction != "$by_filter" ] || methods=(none '' ifb "${police[@]}")
		for protocol in tcp udp; do
			for method in "${methods[@]}"; do
				for rate in $rates; do
					for ((i = $([ "$method" = none ] && echo 1 || echo "$trials"); i > 0; i--)); do
						measure "$1" "$method" $direction $protocol "$rate"
					done
				done
			done
		done
	done
}

in_lab() {
	# shellcheck disable=SC2016 # the shell there knows where it is to write
	chrt -r 1 "$here/../tests/lab/lab.sh" run 6.12 --cards 0 --timeout 1200 --out /run/lab -- env THROUGH=veth WHERE=', Linux 6.12 in QEMU' \
		WEIR="$weir" RATES="$rates" SECONDS_EACH="$seconds" TRIALS="$trials" bash -c 'to=$(mktemp -d) && "$1" "$2" "$to" && cp "$to/accuracy.jsonl" "$LAB_OUT"' - "$here/accuracy.sh" "$flow" || return 0
	grep '"accuracy"' /run/lab/accuracy.jsonl >>"$results"
}

# Too fast to be sent here: what the kernel has of it, as tc says.
read_all_back() {
	local rate
	ip link add vm0 type veth peer name eth0
	for rate in $read_back; do
		"$weir" shape vm0 --inbound "${rate}gbit" >/dev/null
		jq -nc --argjson configured "$((rate * 125000000))" --argjson read "$("$weir" --json shape show vm0 | jq '.[0].average')" \
			--arg tc "$(tc class show dev vm0 | sed -n 's/.* rate \([^ ]*\) .*/\1/p')" \
			'{bench: "read back", $configured, $read, $tc}' >>"$results"
	done
	ip link del vm0
}

police=()
! tc actions add action police rate 1mbit burst 10k 2>/dev/null || police=(police)
if [ -s "$LAB/6.12/release" ] && [ -n "$(type -P qemu-system-x86_64)" ]; then
	use_kernel 6.12
	make_initramfs /run/initramfs "$here/accuracy_guest.sh" virtio_pci virtio_net
	cp "$flow" /run/flow && (cd /run && echo flow | cpio -o -H newc -R 0:0 --quiet) >>/run/initramfs
else
	echo "no kernel for a guest (make deps): only through a veth" >&2
	through=veth
fi
for world in $through; do
	[ "$world" != lab ] || { in_lab; continue; }
	"by_$world"
	if guest_is_there; then measure_all "$world"; else echo "$world: the guest does not answer" >&2; fi
	guest_goes
done
read_all_back
"$here/accuracy_page.sh" "$out"
