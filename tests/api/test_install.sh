#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The libraries as an embedder meets them: installed into an empty root, found by pkg-config, and used by programs in
# C99 and C++11 that include every public header and name every exported symbol, linked with the shared libraries and
# with the archives. Last, uninstall must leave an empty root. Run by `make check-api`.
set -eu

. "$(dirname "$0")/lib.sh"

pkg() {
	PKG_CONFIG_PATH=$root/opt/weir/lib/pkgconfig "${PKG_CONFIG:-pkg-config}" \
		--define-variable=prefix="$root/opt/weir" "$@"
}

libraries='libweir libweir-network libweir-sriov'
[ "${XML:-1}" = 0 ] || libraries="$libraries libweir-xml"

say 'make install' stage install
lib=$root/opt/weir/lib
# shellcheck disable=SC2046 # names
for f in sbin/weir $(for l in $libraries; do echo "lib/$l.so lib/$l.so.0 lib/$l.a lib/pkgconfig/$l.pc"; done) \
	lib/systemd/system/weir-interfaces.service lib/systemd/system/weir-hotplug@.service lib/udev/rules.d/90-weir-hotplug.rules etc/init.d/weir-interfaces \
	include/weir/weir.h; do
	say "$f is installed" test -s "$root/opt/weir/$f"
done
say 'no installed text names the build or the staging folder' \
	sh -c "! grep -rIlF -e '$tmp' -e '$(pwd)/' '$root'"
say 'the boot units call the tool' \
	sh -c "grep -qx 'ExecStart=/opt/weir/sbin/weir if up --all' '$root'/opt/weir/lib/systemd/system/*.service &&
	grep -qx 'weir=/opt/weir/sbin/weir' '$root/opt/weir/etc/init.d/weir-interfaces'"
say 'the boot units leave daemons alone that the tool has started' \
	sh -c "for f in '$root'/opt/weir/lib/systemd/system/weir-*.service; do grep -qx KillMode=process \"\$f\" || exit 1; done"
say 'where there is systemd, udev leaves what it would end itself to a unit' \
	sh -c "grep -q 'TEST==\"/run/systemd/system\".*SYSTEMD_WANTS.*weir-hotplug@' '$root'/opt/weir/lib/udev/rules.d/*.rules &&
	grep -qx 'ExecStart=/opt/weir/sbin/weir if up --hotplug %i' '$root'/opt/weir/lib/systemd/system/weir-hotplug@.service"
say 'the tool runs from there, without libraries of ours' "$root/opt/weir/sbin/weir" --version

# "symbols LIBRARY": C text with the address of each symbol that it exports, calls and data apart
symbols() {
	nm -D --defined-only "$lib/$1.so" | sed 's/@.*//' | awk '
	$2 == "T" { print "\t(void (*)(void))" $3 "," > "/dev/stdout" }' >"$tmp/$1.calls"
	nm -D --defined-only "$lib/$1.so" | sed 's/@.*//' | awk '$2 ~ /[RDVB]/ { print "\t(const void *)&" $3 "," }' >"$tmp/$1.data"
}
program() {	# LIBRARY...: a program that names all that they export
	for h in "$root"/opt/weir/include/weir/*.h; do
		echo "#include <weir/$(basename "$h")>"
	done
	echo '#include <stdio.h>'
	echo 'static void (*const calls[])(void) = {'
	for l; do cat "$tmp/$l.calls"; done
	echo '};'
	echo 'static const void *const data[] = {'
	for l; do cat "$tmp/$l.data"; done
	cat <<'C'
	(const void *)calls
};
int main(void)
{
	size_t n = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		n += calls[i] != NULL;
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		n += data[i] != NULL;
	printf("%zu symbols, version %s\n", n, weir_version());
	return n != sizeof(calls) / sizeof(calls[0]) + sizeof(data) / sizeof(data[0]);
}
C
}
for l in $libraries; do symbols "$l"; done
program libweir >"$tmp/libweir.c"
program libweir libweir-network >"$tmp/libweir-network.c"
program libweir libweir-sriov >"$tmp/libweir-sriov.c"
[ "${XML:-1}" = 0 ] || program libweir libweir-network libweir-xml >"$tmp/libweir-xml.c"
cp -r "$lib" "$tmp/archives" && rm "$tmp"/archives/*.so*

for l in $libraries; do
	say "pkg-config knows the version of $l" pkg --exact-version="${WR_VERSION:-0.1.0}" "$l"
	for lang in 'c -std=c99' 'c++ -std=c++11'; do
		# shellcheck disable=SC2046,SC2086 # lists of options
		{
			say "$l, shared, $lang" \
				$cc -x $lang -pedantic -Wall -Wextra -Werror $(pkg --cflags $l) -o "$tmp/prog" "$tmp/$l.c" \
				-x none $(pkg --libs $l)
			say "$l, shared, $lang: runs" env LD_LIBRARY_PATH="$lib" "$tmp/prog"
			say "$l, archives, $lang" \
				$cc -x $lang -pedantic -Wall -Wextra -Werror $(pkg --cflags $l) -o "$tmp/prog" "$tmp/$l.c" \
				-x none -L"$tmp/archives" $(pkg --static --libs $l | sed "s|-L$lib[^ ]*||g")
		}
		say "$l, archives, $lang: needs no shared library of ours" sh -c "! readelf -d '$tmp/prog' | grep libweir"
		say "$l, archives, $lang: runs" "$tmp/prog"
	done
done

needs() {	# LIBRARY NAME...: what it is linked with, and nothing else
	readelf -d "$lib/$1.so" | sed -n 's/.*NEEDED.*\[\(.*\)\.so.*/\1/p' | sort >"$tmp/needs"
	shift
	printf '%s\n' "$@" | sort | diff - "$tmp/needs"
}
say 'libweir links libmnl and libc' needs libweir libc libmnl
say 'libweir-network links libweir, libnftables, jansson and libc' needs libweir-network libc libjansson libnftables libweir
[ "${XML:-1}" = 0 ] || say 'libweir-xml links all of that, libxml2 and jansson' \
	needs libweir-xml libc libjansson libweir libweir-network libxml2
for l in libweir libweir-network libweir-sriov; do
	say "nothing that $l loads is libxml2" \
		sh -c "! LD_LIBRARY_PATH='$lib' ldd '$lib/$l.so' | grep libxml2"
done
say 'libweir-sriov links libweir, libpci and libc' needs libweir-sriov libc libpci libweir

say 'make uninstall' stage uninstall
say 'uninstall leaves no file' sh -c "test -z \"\$(find '$root' ! -type d)\""
say 'uninstall leaves no folder of ours' sh -c "test -z \"\$(find '$root' -path '*weir/*weir*' -type d)\""

sum
