#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Brings what the lab and the guest tier need: QEMU 8 or newer, busybox-static, cpio, kmod, xz and zstd are installed
# (for that it must be root), and two stock Debian kernels are downloaded and unpacked below build/lab, not installed.
# With all of it there it does nothing and needs no network. The packages come from the mirror that this system is set
# up to use; apt's own lists and sources stay as they are, the lab has lists of its own in build/lab/apt.
# What the tests themselves need (iproute2, dnsmasq, cmocka) is not its business.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

KERNELS=(6.1 6.12)
APT=$LAB/apt

# What root made in someone's checkout is handed to its owner, who goes on working there.
finish() {
	local status=$?
	if [ "$(id -u)" = 0 ] && [ -d "$LAB" ]; then
		chown --reference="$TREE" "$TREE/build"
		chown -R --reference="$TREE" "$LAB"
	fi
	[ "$status" = 0 ] || echo "deps.sh: FAILED while $step" >&2
}

begin() {
	step=$*
	echo "lab: $step"
}

qemu_is_new() {
	local version
	version=$(qemu-system-x86_64 --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
	[ "${version:-0}" -ge 8 ]
}

# The Debian packages of the tools that are not here yet.
missing_tools() {
	is_static "$(type -P busybox)" || echo busybox-static
	[ -n "$(type -P cpio)" ] || echo cpio
	[ -n "$(type -P depmod)" ] || echo kmod
	[ -n "$(type -P xz)" ] || echo xz-utils
	[ -n "$(type -P zstd)" ] || echo zstd
}

missing_kernels() {
	local k
	for k in "${KERNELS[@]}"; do
		[ -s "$LAB/$k/release" ] || echo "$k"
	done
}

# apt_get / apt_cache: apt with the lab's own sources and lists. Works for any user as long as nothing gets installed.
apt_options=(-o Dir::Etc::SourceList="$APT/sources.list" -o Dir::Etc::SourceParts=/dev/null
	-o Dir::State::Lists="$APT/lists" -o Dir::Cache="$APT/cache" -o APT::Sandbox::User=
	-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Default-Release= -o Dpkg::Use-Pty=0
	-o DPkg::Lock::Timeout=300)
apt_cache() { apt-cache "${apt_options[@]}" "$@"; }
apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" -qq "$@" </dev/null >"$LAB/apt.log" 2>&1 ||
		die "apt-get $* failed:"$'\n'"$(tail -n 30 "$LAB/apt.log")"
}

# The Debian sources of this system, one line "URI SUITE LABEL" each. Known to apt only after an update.
system_sources() {
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(LABEL)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}

# The same sources, plus those of bookworm and its backports from the same mirror.
write_sources() {
	local sources mirror keys
	sources=$(system_sources)
	if [ -z "$sources" ]; then
		[ "$(id -u)" = 0 ] || die "apt has no lists of packages yet: run \`apt-get update\` or this as root"
		apt-get update -qq
		sources=$(system_sources)
	fi
	mirror=$(awk '$3 == "Debian" { print $1; exit }' <<<"$sources")
	[ -n "$mirror" ] || die "apt knows no Debian mirror (the sources of the system are not Debian's)"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	keys=$([ ! -r "$keys" ] || echo "[signed-by=$keys] ")
	{
		awk '{ print $1, $2 }' <<<"$sources"
		echo "$mirror bookworm"
		echo "$mirror bookworm-backports"
	} | sort -u | sed "s|.*|deb $keys& main|" >"$APT/sources.list"
}

update_lists() {
	begin "reading the lists of packages"
	[ "$(dpkg --print-architecture)" = amd64 ] || die "the lab needs an amd64 machine"
	rm -rf "$APT"
	mkdir -p "$APT/lists/partial" "$APT/cache/archives/partial"
	write_sources
	apt_get -o APT::Update::Error-Mode=any update
}

# newest PACKAGE PATTERN: "VERSION RELEASE" of the newest whose version matches an extended regular expression
newest() {
	apt_cache madison "$1" | awk -v p="$2" '$3 ~ p { sub("/.*", "", $6); print $3, $6; exit }'
}

install_tools() {
	local tools qemu_release=
	mapfile -t tools < <(missing_tools)
	if ! qemu_is_new; then
		read -r _ qemu_release < <(newest qemu-system-x86 '^1:([89]|[1-9][0-9]+)[.]') ||
			die "no QEMU 8 or newer in $(cut -d' ' -f3- "$APT/sources.list" | tr '\n' ';')"
		tools+=(qemu-system-x86)
	fi
	begin "installing ${tools[*]}"
	[ "$(id -u)" = 0 ] || die "installing needs root: sudo make deps"
	apt_get install -y --no-install-recommends ${qemu_release:+-t "$qemu_release"} "${tools[@]}"
	qemu_is_new || die "qemu-system-x86_64 is still older than 8"
}

# uncompressed VMLINUZ: the ELF file inside, which starts 1 to 3 s earlier when every instruction is emulated. Where it
# lies is in the header (Linux Documentation/arch/x86/boot.rst); its last four bytes are its size, not part of the stream.
uncompressed() {
	local sectors offset length unpack
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$1")
	offset=$(((sectors + 1) * 512 + offset))
	case $(od -An -tx1 -j "$offset" -N 4 "$1" | tr -d ' ') in
	fd377a58) unpack=xz ;;
	28b52ffd) unpack=zstd ;;
	*) die "${1##*/} is compressed in a way that is not known here" ;;
	esac
	dd if="$1" bs=1M iflag=skip_bytes,count_bytes,fullblock skip="$offset" count=$((length - 4)) status=none | "$unpack" -dc
}

# unpack_kernel 6.12: `release` is written last, so a folder without it is the rest of an attempt that failed
unpack_kernel() {
	local dir=$LAB/$1 version package release modules
	begin "downloading and unpacking kernel $1"
	read -r version _ < <(newest linux-image-amd64 "^${1/./[.]}[.]") ||
		die "no linux-image-amd64 $1 in $(cut -d' ' -f3- "$APT/sources.list" | tr '\n' ';')"
	package=$(apt_cache show "linux-image-amd64=$version" | sed -n 's/^Depends: *\(linux-image-[^ ,]*\).*/\1/p' | head -n 1)
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$dir" && apt_get download "$package=$version")
	dpkg -x "$dir"/linux-image-*.deb "$dir"
	rm "$dir"/linux-image-*.deb
	[ -d "$dir/lib/modules" ] || ln -s usr/lib "$dir/lib"
	release=${package#linux-image-}
	modules=$dir/lib/modules/$release/kernel
	find "$modules/net" "$modules/drivers/net" -name '*.ko.xz' -print0 | xargs -0r xz -d -T 1
	depmod -b "$dir" "$release"
	uncompressed "$dir/boot/vmlinuz-$release" >"$dir/vmlinux"
	echo "$release" >"$dir/release"
}

mapfile -t kernels < <(missing_kernels)
if [ -z "$(missing_tools)" ] && qemu_is_new && [ ${#kernels[@]} = 0 ]; then
	echo "lab: QEMU, tools and the kernels ${KERNELS[*]} are there"
	exit 0
fi
trap finish EXIT
update_lists
if [ -n "$(missing_tools)" ] || ! qemu_is_new; then
	install_tools
fi
for k in "${kernels[@]}"; do
	unpack_kernel "$k"
done
rm -rf "$APT" "$LAB/apt.log"
echo "lab: ready"
