#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A machine with a stock Debian kernel, made in QEMU for one command: it sees this system's files (see init.sh), has
# any number of emulated Intel 82576 cards, and ends with the command. No hardware virtualisation is used.
# What deps.sh brought is needed; root is not. Which tests run in the lab is written in run.sh.
#
#   lab.sh run  KERNEL [options] -- COMMAND...	COMMAND in the tree's root, as root; its output and its exit status
#   lab.sh tier KERNEL [options] TEST...	all the tests in one machine; fails if one fails or is skipped
# Options: --cards N (1; two and two are cabled)  --cpus N (1; a second one doubles the cost of emulating both)
#   --memory SIZE (2G)  --timeout S (600)  --out DIR (what the command leaves in $LAB_OUT is copied there)
# Exit status 125: the machine ended, or was ended, without one from the command.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

usage() {
	sed -n 's/^# *\(lab\.sh .*\)/usage: \1/p' "$0" >&2
	exit 2
}

# Options of QEMU for the cards: each behind a port of its own, so that virtual functions have their IOMMU groups.
# Card 0 and 1 are on one cable, 2 and 3 on the next; an odd last one has a cable that ends nowhere, but has carrier.
card_options() {
	local i
	[ "$cards" -gt 0 ] || return 0
	printf '%s\n' -device intel-iommu,intremap=off
	for ((i = 0; i < cards; i++)); do
		printf '%s\n' -device "pcie-root-port,slot=$((i + 1)),id=port$i"
		printf '%s\n' -netdev "hubport,hubid=$((i / 2)),id=net$i"
		printf '%s\n' -device "igb,bus=port$i,netdev=net$i,mac=52:54:00:76:00:$(printf %02x "$i")"
	done
}

# Runs QEMU until the machine is switched off or time is over; what the machine writes to its port goes to stdout.
# no_timer_check: on a busy host the emulated timer is late, and the kernel's own test of it ends in a panic. Where the
# processor is emulated its faults need no guard, and pages need not be cleared twice.
boot() {
	local card
	mapfile -t card < <(card_options)
	{
		timeout -k 5 "$timeout" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp "$cpus" -m "$memory" \
			-display none -nodefaults -no-reboot -pidfile "$run/pid" \
			-kernel "$kernel/vmlinux" -initrd "$run/initramfs" \
			-append "console=ttyS0 quiet panic=-1 no_timer_check mitigations=off init_on_alloc=0 oops=panic rdinit=/init net.ifnames=0 intel_iommu=on iommu=pt" \
			-serial "file:$run/console" \
			-device virtio-serial-pci -chardev file,id=out,path=/dev/stdout -device virtserialport,chardev=out \
			-fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
			-device virtio-9p-pci,fsdev=root,mount_tag=hostroot \
			-fsdev local,id=share,path="$run/share",security_model=none \
			-device virtio-9p-pci,fsdev=share,mount_tag=share \
			"${card[@]}" </dev/null 2>"$run/qemu.log" || echo $? >"$run/qemu.status"
	} | cat &
	wait $!
}

# Nothing that was started stays, however this ends.
clean_up() {
	[ ! -s "$run/pid" ] || kill "$(<"$run/pid")" 2>/dev/null || :
	wait
	rm -rf "$run"
}

# why_not: the machine left no exit status
why_not() {
	local why="the machine ended by itself"
	[ ! -s "$run/qemu.status" ] || why="QEMU ended with $(<"$run/qemu.status")"
	[ "$(cat "$run/qemu.status" 2>/dev/null)" != 124 ] || why="not finished after $timeout s"
	! grep -q 'Kernel panic' "$run/console" || why="the kernel panicked"
	{
		echo "lab.sh: kernel $name: $why, so there is no exit status of: ${command[*]}"
		cat "$run/qemu.log"
		echo "---- the end of its console"
		tail -n 80 "$run/console" | tr -d '\r'
	} >&2
}

# run_in_machine COMMAND...
run_in_machine() {
	command=("$@")
	mkdir -p "$LAB"
	run=$(mktemp -d "$LAB/run.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT TERM HUP
	mkdir -p "$run/share/out"
	: >"$run/console"
	printf '%s=%q\n' tree "$TREE" kernel "$kernel" name "$name" cards "$cards" >"$run/share/settings"
	printf '%q ' exec "$@" >"$run/share/command"
	make_initramfs "$run/initramfs" "$TREE/tests/lab/init.sh" \
		virtio_pci 9pnet_virtio 9p overlay virtio_console
	boot
	[ -z "$out" ] || { mkdir -p "$out" && cp -a "$run/share/out/." "$out"; }
	if [ ! -s "$run/share/status" ]; then
		why_not
		return 125
	fi
	return "$(<"$run/share/status")"
}

# run_tier TEST...: the counting is that of tests/run.sh; the line for the kernel is made of its last one
run_tier() {
	local log status=0 passed failed skipped
	log=$(mktemp)
	run_in_machine env V="${V:-}" WEIR="${WEIR:-build/weir}" WEIR_BUILD="${WEIR_BUILD:-build}" \
		WEIR_TEST_STRIDE="${WEIR_TEST_STRIDE:-}" WEIR_TEST_SHARE="${WEIR_TEST_SHARE:-}" \
		${WEIR_TEST_SEED:+"WEIR_TEST_SEED=$WEIR_TEST_SEED"} tests/run.sh --tier "$name" --netns --logs /run/lab/out \
		--timeout $((timeout * 9 / 10)) "$@" | tee "$log" || status=$?
	read -r passed failed skipped < <(
		sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\?$/\1 \2 \40/p' "$log") || :
	rm "$log"
	passed=${passed:-0} failed=${failed:-1} skipped=$((${skipped:-0} / 10))
	echo "lab $name: $passed passed, $failed failed, $skipped skipped"
	[ "$status" = 0 ] && [ "$passed" -gt 0 ] && [ "$failed" = 0 ] && [ "$skipped" = 0 ]
}

cards=1 cpus=1 memory=2G timeout=600 out=
[ $# -ge 3 ] || usage
action=$1 name=$2
shift 2
while [ $# -gt 0 ]; do
	case $1 in
	--cards) cards=$2 && shift 2 ;;
	--cpus) cpus=$2 && shift 2 ;;
	--memory) memory=$2 && shift 2 ;;
	--timeout) timeout=$2 && shift 2 ;;
	--out) out=$2 && shift 2 ;;
	--) shift && break ;;
	--*) usage ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || usage
need qemu-system-x86_64 busybox cpio modprobe xz
use_kernel "$name"
case $action in
run) run_in_machine "$@" ;;
tier) run_tier "$@" ;;
*) usage ;;
esac
