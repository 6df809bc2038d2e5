#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How large the tool is, in each way it can be built: a JSON object for each, appended to FILE.
#   bench/size.sh FILE
set -eu

file=$1
size() {	# BUILD WHAT PROGRAM: stripped, as a package would ship it
	[ -e "$3" ] || return 0
	strip -o "$file.stripped" "$3"
	jq -nc --arg size "$1" --arg what "$2" --argjson bytes "$(wc -c <"$file.stripped")" '{$size, $bytes, $what}' >>"$file"
	rm -f "$file.stripped"
}

small='all but networks, the doctor and what else needs a library'
size 'dynamic, our libraries inside' 'everything; links libmnl, libnftables, jansson and libpci' "${WEIR:-build/weir}"
size 'libweir.so' 'links, addresses, bandwidth, transactions; links libmnl' build/libweir.so.0
size 'static, glibc' "$small" build/static/weir
size 'static, musl' "$small" build/musl/weir
for program in ip tc nft virsh; do
	path=$(command -v "$program") || continue
	size "$program, for comparison" 'dynamic, without its libraries' "$path"
done
