#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The first process in a machine of the lab, once init.sh has made its root: prepares what an init system would (mount
# points, loopback, host name, modules), runs the command that lab.sh left in /run/lab with its output going to a
# virtio port, leaves its exit status there, and switches the machine off. If this script fails the kernel panics,
# there is no status, and lab.sh says so.
set -eu -o pipefail

# What tests ask for. Most of it would load by itself when first used; some kinds have no alias to be found by.
MODULES=(tun tap macvlan macvtap bridge veth ifb dummy 8021q bonding vxlan vrf
	sch_htb sch_ingress sch_fq_codel sch_sfq act_mirred act_police act_skbedit act_gact cls_u32 cls_matchall cls_flower
	cls_fw cls_basic nlmon
	nf_tables nf_conntrack nft_ct nft_nat nft_masq nft_redir nft_chain_nat nft_reject_inet nft_fib_inet nft_limit nft_log)

prepare() {
	mkdir -p /dev/pts /dev/shm /run/lock /run/netns
	mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	ln -sfn /proc/self/fd /dev/fd
	for i in 0 1 2; do
		ln -sfn "/proc/self/fd/$i" "/dev/$(set -- stdin stdout stderr && shift $i && echo "$1")"
	done
	mount --make-rshared /
	busybox hostname "lab-$name"
	busybox ip link set lo up
	[ "$cards" = 0 ] || MODULES+=(igb igbvf vfio-pci)
	modprobe -a "${MODULES[@]}"
}

run_command() {
	export HOME=/root TERM=dumb LANG=C.UTF-8 LAB_KERNEL="$name" LAB_CARDS="$cards" LAB_OUT=/run/lab/out
	local status=0
	cd "$tree"
	bash /run/lab/command </dev/null 2>&1 | cat >/dev/vport0p1 || status=${PIPESTATUS[0]}
	echo "$status" >/run/lab/status
}

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
tree='' name='' cards=0
# shellcheck disable=SC1091 # made by lab.sh
. /run/lab/settings
prepare
run_command
sync
busybox poweroff -f
