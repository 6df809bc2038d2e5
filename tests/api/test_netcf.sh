#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libnetcf.so.1 as programs that were linked with netcf meet it: its soname, exactly netcf's twenty calls at netcf's
# version nodes, a header that C99 and C++11 take, and a place that only `make install-netcf` gives it.
set -eu

. "$(dirname "$0")/lib.sh"
so=$build/libnetcf.so.1.4.0
[ -f "$so" ] || { echo "SKIP: this build has no XML, and so no libnetcf"; exit 77; }

at() {	# NODE CALL...
	node=$1
	shift
	for call; do echo "ncf_$call@@NETCF_$node"; done
}
{
	at 1.0.0 init close num_of_interfaces list_interfaces lookup_by_name lookup_by_mac_string define if_name \
		if_mac_string if_up if_down if_undefine if_xml_desc if_free error
	at 1.2.0 if_xml_state
	at 1.3.0 if_status
	at 1.4.0 change_begin change_commit change_rollback
} | sort >"$tmp/wanted"
nm -D --defined-only "$so" | awk '$2 != "A" { print $3 }' | sort >"$tmp/is"
say 'twenty calls, and nothing else' diff "$tmp/wanted" "$tmp/is"
say 'its soname' sh -c "readelf -d '$so' | grep -q 'soname: .libnetcf.so.1]'"

say 'make install-netcf' stage install-netcf
inc=$root/opt/weir/include lib=$root/opt/weir/lib
cat >"$tmp/prog.c" <<'C'
#include <netcf.h>
#ifndef NETCF_EINVALIDOP
#error "programs ask by #ifdef"
#endif
int main(void)
{
	struct netcf *ncf;
	const char *text;

	return ncf_init(&ncf, "/dev/null") != -1 || ncf_error(ncf, &text, 0) != NETCF_EFILE || ncf_close(ncf);
}
C
for lang in 'c -std=c99' 'c++ -std=c++11'; do
	# shellcheck disable=SC2086 # options
	say "a program in $lang" $cc -x $lang -pedantic -Wall -Wextra -Werror -I"$inc" -o "$tmp/prog" "$tmp/prog.c" \
		-x none -L"$lib" -Wl,-rpath-link,"$lib" -lnetcf
	say "a program in $lang: runs" env LD_LIBRARY_PATH="$lib" "$tmp/prog"
done
say 'make uninstall-netcf' stage uninstall-netcf
say 'nothing of it is left' sh -c "test -z \"\$(find '$root' -name '*netcf*')\""

sum
