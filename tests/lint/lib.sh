# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# What the lints share: the list of our source files, and how a lint reports. A lint is run in the top folder, calls
# `bad` for each thing that breaks its rule, and ends with `finish`; the line that `finish` prints is for tests/run.sh.

set -eu
report=$(mktemp)
trap 'rm -f "$report"' EXIT

# source_files [SUFFIX...]: what git would commit, or without git (a tarball) everything that isn't built
source_files() {
	{ git ls-files -co --exclude-standard 2>/dev/null ||
		find . -path ./build -prune -o -path ./build-san -prune -o -path ./.git -prune -o -type f -print |
		sed 's|^\./||'; } |
		while read -r f; do [ ! -f "$f" ] || echo "$f"; done |
		if [ $# = 0 ]; then cat; else grep -E "\\.($(echo "$@" | tr ' ' '|'))\$" || :; fi
}

# maps: those of the libraries that are built (make XML=0 leaves one out)
maps() {
	for map in lib/*.map; do
		[ "${XML:-1}" != 0 ] || [ "$map" != lib/libweir-xml.map ] || continue
		echo "$map"
	done
}

# bad WORDS: one violation (kept in a file, since loops behind a pipe are processes of their own)
bad() { echo "$*" >>"$report"; }

# finish WHAT WAS LOOKED AT
finish() {
	cat "$report"
	if [ -s "$report" ]; then
		echo "$(basename "$0"): $(wc -l <"$report") of these"
		echo "0 passed, 1 failed"
		exit 1
	fi
	echo "$(basename "$0"): $*: good"
	echo "1 passed, 0 failed"
}
