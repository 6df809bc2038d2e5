#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Unpacks Open vSwitch below build/ovs. It is not installed, so that no daemon of it ever starts on this machine; the
# libraries that it needs are in tests/deps.sh. With all of it there it does nothing and needs no network.
set -eu
cd "$(dirname "$0")/../.."

ovs=build/ovs
if [ -x $ovs/usr/sbin/ovsdb-server ] && [ -x $ovs/usr/lib/openvswitch-switch/ovs-vswitchd ]; then
	echo "ovs: it is there"
	exit 0
fi
rm -rf $ovs $ovs.new
mkdir -p $ovs.new
packages="openvswitch-switch openvswitch-common"
if ! apt-cache policy openvswitch-switch | grep -q 'Candidate: [0-9]'; then
	apt-get -q -o DPkg::Lock::Timeout=300 update
fi
# shellcheck disable=SC2086 # a list
(cd $ovs.new && apt-get -qq -o APT::Sandbox::User= -o Acquire::Retries=3 download $packages)
for deb in $ovs.new/*.deb; do
	dpkg -x "$deb" $ovs.new
	rm "$deb"
done
rm -rf $ovs.new/usr/share/man $ovs.new/usr/share/doc
mv $ovs.new $ovs
[ "$(id -u)" != 0 ] || chown -R --reference=. build/ovs
echo "ovs: $($ovs/usr/sbin/ovsdb-server --version | head -n 1) is unpacked"
