#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The lab tier (make check-lab): on every kernel of the lab first the test that takes its modules away and brings them
# back, then those of the machine itself and of its cards, then the netns tier: on each machine what depends most on the
# kernel, and every other of the rest; with WEIR_LAB_ALL everything on each. The machines run at the same time; what each
# says is shown in order. Nothing may be skipped there, so a skip counts as a failure. The programs must have been built.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

cd "$TREE"
build=${WEIR_BUILD:-build}
shopt -s nullglob
each='missing|kernel|bridge|faults|host_kinds|kill|kinds|links?|modes|refusals|rows'
rest=0

# mine N: what machine N of the two runs
mine() {
	for program in tests/lab/test_{missing,kernel,sriov,hostdev}.sh "$build"/tests/netns/test_* tests/netns/test_*.sh; do
		[ -x "$program" ] || continue
		[ -n "${WEIR_LAB_ALL:-}" ] || [[ $program =~ /test_($each)(\.sh)?$ ]] || [ $((rest++ % 2)) = "$1" ] || continue
		echo "$program"
	done
}

# Emulated machines are slow: failing at and killing at every 97th moment there, at every one in the netns tier here; but
# with bonds, which are nowhere else, at every tenth, and each of their steps is refused. And of the transactions that are
# made to fail or killed each machine takes every other one that is nowhere else, and every fourth of the rest.
export WEIR_TEST_STRIDE="${WEIR_TEST_STRIDE:-97}"
mkdir -p "$LAB"
machines=()
for k in 6.1 6.12; do
	mapfile -t tests < <(mine ${#machines[@]})
	WEIR_TEST_SHARE=${#machines[@]}/2 tests/lab/lab.sh tier "$k" --cards 2 --timeout 3000 "${tests[@]}" >"$LAB/run-$k.log" 2>&1 &
	machines+=($!)
done
trap 'kill "${machines[@]}" 2>/dev/null || :' INT TERM HUP
for machine in "${machines[@]}"; do
	wait "$machine" || :
done
cat "$LAB"/run-{6.1,6.12}.log
awk '/^lab .*: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { n++; passed += $3; failed += $5 + $7 }
	END { printf "%d passed, %d failed\n", passed, failed += 2 - n; exit failed != 0 }' "$LAB"/run-{6.1,6.12}.log
