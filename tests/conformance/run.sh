#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What libvirt's and netcf's own test data say about `weir xml`: each input is put through the command that stands for
# libvirt's parser, formatter, update or dnsmasq writer, and what comes out is compared byte for byte. Every document
# also goes to JSON and back. The data is not part of this project; its README says how each kind is compared.
#   tests/conformance/run.sh FOLDER [KIND...]	(network update port interface dnsmasq define; all)
set -u

data=${1:?usage: tests/conformance/run.sh FOLDER [KIND...]}
shift
weir=${WEIR:-build/weir}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
shopt -s nullglob

good() { passed=$((passed + 1)); }
bad() {	# CASE: with what was said or differs
	failed=$((failed + 1))
	echo "FAILED: $1"
	head -n 10 "$tmp/why"
}
joined() { sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$1"; }	# lines that end in a backslash with the next one

# equal CASE EXPECTED COMMAND...: its output is the file
equal() {
	local name=$1 expected=$2
	shift 2
	if "$@" >"$tmp/out" 2>"$tmp/why" && joined "$expected" | diff - "$tmp/out" >"$tmp/why"; then good; else bad "$name"; fi
}

# refused CASE COMMAND...: with status 1 and a reason
refused() {
	local name=$1
	shift
	"$@" >"$tmp/out" 2>"$tmp/why"
	if [ $? = 1 ] && [ ! -s "$tmp/out" ] && [ -s "$tmp/why" ]; then good; else bad "$name: not refused"; fi
}

# round_trip KIND FILE: XML, struct, JSON, struct, XML are the same bytes as XML, struct, XML
round_trip() {
	if "$weir" xml "$1" "$2" >"$tmp/direct" 2>"$tmp/why" && "$weir" xml json "$2" >"$tmp/json" 2>"$tmp/why" &&
		"$weir" xml from-json "$1" "$tmp/json" >"$tmp/out" 2>"$tmp/why" &&
		diff "$tmp/direct" "$tmp/out" >"$tmp/why"; then
		good
	else
		bad "round trip of $1 $2"
	fi
}

run_network() {
	local f name flag
	for f in "$data"/network/in/*.xml; do
		name=$(basename "$f") flag=
		case $name in
		passthrough-pf.xml | hostdev-pf.xml | hostdev-pf-driver-model.xml) flag=--inactive ;;
		esac
		if [ -f "$data/network/out/$name" ]; then
			equal "network $name" "$data/network/out/$name" "$weir" xml network "$f" $flag
			round_trip network "$f"
		else
			refused "network $name" "$weir" xml network "$f"
		fi
	done
}

run_update() {
	local name section command base change expected from
	while IFS=$'\t' read -r name section command base change expected; do
		from=$data/update/base/$base.xml
		[ -f "$from" ] || from=$data/network/in/$base.xml
		set -- "$weir" xml update "$from" --section "$section" --command "$command" --index 0 \
			"$data/update/change/$change.xml"
		if [ "$expected" = FAIL ]; then
			refused "update $name" "$@"
		else
			equal "update $name" "$data/update/out/$expected.xml" "$@"
		fi
	done < <(grep -v '^#' "$data/update/cases.tsv")
}

run_same() {	# FOLDER: what is read is written
	local f
	for f in "$data/$1"/*.xml; do
		equal "$1 $(basename "$f")" "$f" "$weir" xml "$1" "$f"
		round_trip "$1" "$f"
	done
}

run_port() { run_same port; }
run_interface() { run_same interface; }

# Without comments, and without where files are.
lines() { sed -e '/^#/d' -e '/^\(pid-file\|dhcp-leasefile\)=/d' -e 's/^\(dhcp-hostsfile\|addn-hosts\)=.*/\1/' "$1"; }

run_dnsmasq() {
	local f base
	for f in "$data"/dnsmasq/*.xml; do
		base=${f%.xml}
		"$weir" xml dnsmasq "$f" >"$tmp/conf" 2>"$tmp/why"
		"$weir" xml dnsmasq "$f" --hosts >"$tmp/hosts" 2>>"$tmp/why"
		[ -f "$base.hostsfile" ] || base=$tmp/none
		: >"$tmp/none.hostsfile"
		if [ ! -s "$tmp/why" ] && diff <(lines "${f%.xml}.conf") <(lines "$tmp/conf") >"$tmp/why" &&
			diff "$base.hostsfile" "$tmp/hosts" >"$tmp/why"; then
			good
		else
			bad "dnsmasq $(basename "$f")"
		fi
	done
}

run_define() {
	local f verdict is
	while IFS=$'\t' read -r f verdict _; do
		if ! "$weir" xml network "$data/define/$f" >/dev/null 2>"$tmp/why"; then
			is=refused-parse
		elif ! "$weir" xml define "$data/define/$f" >/dev/null 2>"$tmp/why"; then
			is=refused-validate
		else
			is=ok
			round_trip network "$data/define/$f"
		fi
		if [ "$is" = "$verdict" ]; then good; else bad "define $f: $is instead of $verdict"; fi
	done < <(tail -n +2 "$data/define/verdicts.tsv")
}

if [ ! -d "$data" ]; then
	echo "SKIP: there is no folder $data with libvirt's test data"
	exit 77
fi
for kind in "${@:-network update port interface dnsmasq define}"; do
	# shellcheck disable=SC2086 # the default is a list
	for k in $kind; do
		before=$passed
		"run_$k"
		echo "$k: $((passed - before)) passed"
	done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
