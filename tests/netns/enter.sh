# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# How the scripts of this tier begin: they include it in the top folder, with what they were called with, and go on in
# namespaces of their own, those that $namespaces names as options of unshare; $weir is then the tool's whole path.

if [ "${1:-}" != --inside ]; then
	for how in "unshare $namespaces" "unshare -r $namespaces"; do
		# shellcheck disable=SC2086 # a command with its options
		$how true 2>/dev/null && exec $how "$0" --inside
	done
	echo 'SKIP: neither root nor allowed to make user namespaces'
	exit 77
fi
# The namespace begins with the first one's settings of IPv4, and a host of guests forwards.
echo 0 >/proc/sys/net/ipv4/ip_forward
weir=${WEIR:-build/weir}
case $weir in /*) ;; *) weir=$PWD/$weir ;; esac
