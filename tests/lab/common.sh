# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the lab and the guest tier share, to be sourced: where an unpacked Debian kernel lies, and how to make an
# initramfs out of busybox and a few of its modules. Nothing is downloaded or installed here (deps.sh does that), and
# no machine is started (lab.sh and ../guest/guest.sh do that).

TREE=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
LAB=$TREE/build/lab	# each kernel is unpacked in $LAB/6.1 and so on, with a file `release`: what `uname -r` says there
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# need COMMAND...: all of them, or a word on how to get them
need() {
	local command
	for command; do
		[ -n "$(type -P "$command")" ] || die "$command is missing: run \`make deps\` as root"
	done
}

# is_static PROGRAM: does it run where no library is?
is_static() {
	[ -x "$1" ] && ! LC_ALL=C ldd "$1" 2>/dev/null | grep -q '=>\|ld-linux'
}

# use_kernel 6.1|6.12: sets release, and kernel to the folder with vmlinux and lib/modules/$release
use_kernel() {
	kernel=$LAB/$1
	[ -s "$kernel/release" ] || die "no kernel $1 below $LAB: run \`make deps\`"
	release=$(<"$kernel/release")
}

# make_initramfs OUT INIT MODULE...: a cpio archive with /bin/busybox, INIT as /init, and the modules with all that they
# need, named so that `for m in /modules/*; do insmod $m; done` loads them in their order.
make_initramfs() {
	local out=$1 init=$2 dir file n=100
	shift 2
	dir=$(mktemp -d)
	mkdir -p "$dir"/{bin,dev,proc,sys,modules,etc}
	cp "$(type -P busybox)" "$dir/bin/busybox"
	install -m 755 "$init" "$dir/init"
	modprobe -a -C /dev/null -d "$kernel" -S "$release" --show-depends "$@" >"$dir/depends" ||
		die "kernel $release has no module $*"
	while read -r word file _; do
		[ "$word" = insmod ] || continue
		n=$((n + 1))
		case $file in
		*.xz) xz -dc "$file" >"$dir/modules/$n-$(basename "$file" .xz)" ;;
		*) cp "$file" "$dir/modules/$n-${file##*/}" ;;
		esac
	done < <(awk '!seen[$0]++' "$dir/depends")
	rm "$dir/depends"
	(cd "$dir" && find . | cpio -o -H newc -R 0:0 --quiet) >"$out"
	rm -rf "$dir"
}

passed=0 failed=0

# check NAME COMMAND...: one line, with what the command said if it fails. A function ends where a command in it fails,
# which it would not behind an `if`.
check() {
	local name=$1 said status
	shift
	set +e
	said=$(set -e; "$@" 2>&1)
	status=$?
	set -e
	if [ $status = 0 ]; then
		passed=$((passed + 1))
		echo "ok    $name"
	else
		failed=$((failed + 1))
		echo "FAIL  $name: ${said:-$*}"
	fi
}

closing_line() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
