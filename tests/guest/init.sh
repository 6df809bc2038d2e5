#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# All that the guest is: /init of an initramfs with busybox and the virtio modules, and udhcpc's script as well, called
# with the name of an event. It leases an address, looks at what it got, talks to the outside host, and measures how
# fast bytes come and go. It judges nothing: guest.sh reads the lines "guest: KEY VALUE" from the console.
# shellcheck shell=dash

OUTSIDE=198.51.100.1
SETTLE=3	# seconds until a burst is over and TCP has found its pace
MEASURE=6	# seconds

tell() { echo "guest: $*" >/dev/console; }

# What the DHCP server said is in our environment, under udhcpc's names.
# shellcheck disable=SC2154 # ip, mask, router, dns, domain, serverid, lease, mtu
lease_event() {
	[ "$1" = bound ] || return 0
	ip addr add "$ip/$mask" dev eth0
	[ -z "${mtu:-}" ] || ip link set eth0 mtu "$mtu"
	ip route add default via "${router%% *}"
	echo "nameserver ${dns%% *}" >/etc/resolv.conf
	tell address "$ip/$mask"
	tell router "$router"
	tell dns "$dns"
	tell server "$serverid"
	tell lease "$lease"
}

# rate rx|tx: KB/s on eth0, as the kernel counts bytes
rate() {
	local file=/sys/class/net/eth0/statistics/$1_bytes
	sleep "$SETTLE"
	set -- "$(cat "$file")" "$(cut -d' ' -f1 /proc/uptime)"
	sleep "$MEASURE"
	awk "BEGIN { printf \"%.0f\n\", ($(cat "$file") - $1) / ($(cut -d' ' -f1 /proc/uptime) - $2) / 1000 }"
}

# reaches KEY COMMAND...: tells "yes", or what the command said last
reaches() {
	local key=$1 said
	shift
	if said=$("$@" 2>&1); then tell "$key" yes; else tell "$key" "no: $(echo "$said" | tail -n 1)"; fi
}

start() {
	/bin/busybox --install -s /bin
	export PATH=/bin
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	for module in /modules/*; do
		insmod "$module"
	done
	ip link set lo up
	ip link set eth0 up
	tell kernel "$(uname -r)"
}

measure() {
	nc $OUTSIDE 5001 </dev/null >/dev/null &
	tell inbound "$(rate rx)"
	kill $!
	nc $OUTSIDE 5002 </dev/zero >/dev/null &
	tell outbound "$(rate tx)"
	kill $!
}

main() {
	start
	if udhcpc -n -q -f -t 5 -T 2 -i eth0 -x hostname:weirguest -O mtu -s /init; then
		tell mtu "$(cat /sys/class/net/eth0/mtu)"
		reaches gateway ping -c 2 -W 30 192.168.150.1
		reaches name nslookup weirguest 192.168.150.1
		reaches outside ping -c 3 -W 30 $OUTSIDE
		tell seen "$(timeout 60 wget -q -O - http://$OUTSIDE/cgi-bin/caller)"
		measure
	fi
	tell end
	poweroff -f
}

case ${1:-} in
deconfig | bound | renew | leasefail | nak) lease_event "$1" ;;
*) main ;;
esac
