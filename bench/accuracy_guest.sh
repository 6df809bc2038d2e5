#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guest of accuracy.sh, as /init of an initramfs with busybox, the virtio modules and flow: an address, and traffic
# for whoever asks.
# shellcheck shell=dash
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
ip addr add 10.0.0.2/24 dev eth0
ip link set eth0 up
exec /flow serve
