#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is needed to build and to test weir, as Debian packages, unpacks Open vSwitch (tests/ovs/deps.sh), and
# then brings what the lab needs (tests/lab/deps.sh).
# Run again it finds everything there, and needs neither the network nor root. `make format tidy analyze tags` want
# clang-format, clang-tidy, cppcheck and universal-ctags besides; nothing else does.
set -eu
cd "$(dirname "$0")/.."

packages="
	build-essential pkg-config
	libmnl-dev libnftables-dev libjansson-dev libxml2-dev
	libcmocka-dev libnl-route-3-dev libpci-dev
	dnsmasq-base iproute2 nftables procps
	libcap-ng0 libnuma1 libunbound8 libxdp1
	busybox-static iperf3 jq musl-tools strace valgrind
	clang libclang-rt-dev
"

missing() {
	for p in $packages; do
		case $(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null) in
		?i*) ;;
		*) printf ' %s' "$p" ;;
		esac
	done
}

if ! command -v dpkg-query >/dev/null; then
	echo "tests/deps.sh knows Debian and its kin only. What others need, by Debian's names:$(echo "$packages" | tr -s '\n\t ' ' ')" >&2
	exit 1
fi

want=$(missing)
if [ -n "$want" ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "these packages are missing:$want; to install them: sudo make deps" >&2
		exit 1
	fi
	echo "installing$want"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q -o DPkg::Lock::Timeout=300 update
	# shellcheck disable=SC2086 # a list
	apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $want
	want=$(missing)
	[ -z "$want" ] || { echo "still missing:$want" >&2 && exit 1; }
fi
echo "deps: all $(echo "$packages" | wc -w) packages are there"

tests/ovs/deps.sh
[ ! -f tests/lab/deps.sh ] || tests/lab/deps.sh
