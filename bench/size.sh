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

small='links, bandwidth, host interfaces, transactions: without networks, the doctor, the monitor and what else needs a library'
size 'dynamic, our libraries inside' 'everything; links libmnl, jansson and libpci, and loads libnftables and libxml2 when it needs them' "${WEIR:-build/weir}"
size 'libweir.so' 'links, addresses, bandwidth, transactions; links libmnl' build/libweir.so.0
size 'static, glibc' "$small" build/static/weir
size 'static, musl' "$small" build/musl/weir
# What the tool is without: code and data of a part, as it was compiled for the dynamic tool.
part() {	# WHAT OBJECT...
	what=$1
	shift
	jq -nc --arg size "without $what" --argjson bytes "$(command size -t "$@" | awk 'END { print $1 + $2 }')" \
		'{$size, what: "less than the dynamic tool by so much", $bytes}' >>"$file"
}
obj=build/obj
part 'networks, with the packet filter and DHCP' $obj/lib/network/*.o $obj/lib/nat/*.o $obj/lib/dhcp/*.o \
	$obj/tools/cmd_net.o $obj/tools/cmd_port.o $obj/tools/cmd_pool.o $obj/tools/cmd_update.o $obj/tools/rows_net.o
part 'host interfaces' $obj/lib/host/*.o $obj/tools/cmd_if.o $obj/tools/cmd_apply.o $obj/tools/cmd_check.o $obj/tools/rows_if.o
part 'XML' $obj/lib/xml/*.o $obj/tools/*_xml.o
part 'virtual functions' $obj/sriov/*.o $obj/tools/cmd_vf.o $obj/tools/cmd_pf.o $obj/tools/rows_vf.o
part 'bandwidth' $obj/tc/*.o $obj/tools/*_shape.o
for program in ip tc nft virsh; do
	path=$(command -v "$program") || continue
	size "$program, for comparison" 'dynamic, without its libraries' "$path"
done
