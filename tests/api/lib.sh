# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the tests of this folder share: a folder of their own, tests that are counted, and an installation below it.
# shellcheck shell=sh disable=SC2034
build=${WEIR_BUILD:-build}
cc=${CC:-cc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root passed=0 failed=0

say() {	# NAME COMMAND...: one test
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: $*"
		cat "$tmp/out"
	fi
}

# TARGET [VARIABLE=VALUE...]. The flags of the make that runs us are in the environment, but its job server is not for us.
stage() {
	MAKEFLAGS='' MFLAGS='' "${MAKE:-make}" -s "$@" B="$build" CC="$cc" PREFIX=/opt/weir LIBDIR=/opt/weir/lib \
		SBINDIR=/opt/weir/sbin INCLUDEDIR=/opt/weir/include DATADIR=/opt/weir/share DESTDIR="$root"
}

sum() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
