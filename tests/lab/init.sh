#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# /init of the lab's initramfs, run by busybox: loads what it takes to reach the host's files, and makes a root of
# them. The host's root file system comes by 9p, read-only, with an overlay in memory, so that everything can be
# written and nothing arrives at the host. The source tree is seen at its own path, read-only even here, whatever it
# is covered by (/tmp). Ends in inside.sh; what the machine is used for is decided there.
# shellcheck shell=sh
set -eu
/bin/busybox --install -s /bin
export PATH=/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do
	insmod "$module"
done

mkdir -p /host /memory /new
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 hostroot /host
mount -t tmpfs -o mode=755 memory /memory
mkdir -p /memory/data /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/data,workdir=/memory/work root /new
for dir in proc sys dev tmp run root; do
	mkdir -p "/new/$dir"
done
mount -t tmpfs -o mode=1777 tmp /new/tmp
mount -t tmpfs -o mode=755 run /new/run
mkdir -p /new/run/lab
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 share /new/run/lab

tree='' kernel=''
# shellcheck disable=SC1091 # made by lab.sh
. /new/run/lab/settings
mkdir -p "/new$tree" /new/lib/modules
mount -o bind "/host$tree" "/new$tree"
mount -o remount,bind,ro "/host$tree" "/new$tree"
mount -o bind "/host$kernel/lib/modules" /new/lib/modules

for dir in proc sys dev; do
	mount -o move "/$dir" "/new/$dir"
done
exec switch_root /new /bin/bash "$tree/tests/lab/inside.sh"
