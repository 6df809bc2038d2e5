#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Proves that each lint can fail: a made-up tree that keeps all rules is accepted, and for each rule a copy of it that
# breaks this one rule is refused, with words that name the culprit. tests/run.sh is put to the same test.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

verdict() {	# NAME 0|1
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "selftest: $1: FAILED" && cat "$tmp/out"; fi
}

fresh() {	# makes the good tree anew and enters it
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/include/weir" "$tmp/tree/lib/base" "$tmp/tree/lib/nat" "$tmp/tree/tools" "$tmp/tree/tests/lint"
	cd "$tmp/tree"
	printf 'include/weir:\nlib/base:\nlib/nat: lib/base\nlib: lib/base\ntools:\n' >lib/layers
	sed -i '1i # SPDX-License-Identifier: LGPL-2.1-or-later' lib/layers
	echo 0 >tests/lint/todo-count
	sed -i '1i # SPDX-License-Identifier: LGPL-2.1-or-later' tests/lint/todo-count
	cat >include/weir/a.h <<'C'
/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WEIR_A_H
#define WEIR_A_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
#define WEIR_API __attribute__((visibility("default")))
struct weir_a { size_t sz; int (*call)(int a); };
/**
 * weir_a_get() - a sample
 * @a:		the object
 * @fn:		called with it
 * @list:	numbers
 *
 * Return: 0
 *
 * Since: 0.1
 */
WEIR_API int weir_a_get(const struct weir_a *a, int (*fn)(void *arg, int n),
			const int list[4]) __attribute__((warn_unused_result));
/**
 * weir_a_free() - returns nothing
 * @a:	the object
 *
 * Since: 0.1
 */
WEIR_API void weir_a_free(struct weir_a *a);
#ifdef __cplusplus
}
#endif
#endif
C
	printf '%s\n' '/* SPDX-License-Identifier: LGPL-2.1-or-later */' '#include <weir/a.h>' 'int wr_one(void);' >lib/base/one.h
	cat >lib/base/one.c <<'C'
/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/one.h"
static const char *const words[] = { "one", "two" };
int wr_one(void) { return words[0][0]; }
int weir_a_get(const struct weir_a *a, int (*fn)(void *, int), const int list[4]) { return !a || !fn || !list; }
void weir_a_free(struct weir_a *a) { (void)a; }
C
	printf '%s\n' '/* SPDX-License-Identifier: LGPL-2.1-or-later */' '#include "base/one.h"' '#include "nat/nat.h"' >lib/nat/nat.c
	echo '/* SPDX-License-Identifier: LGPL-2.1-or-later */' >lib/nat/nat.h
	printf '%s\n' '/* SPDX-License-Identifier: LGPL-2.1-or-later */' '#include <weir/a.h>' >tools/weir.c
	printf '%s\n' '/* SPDX-License-Identifier: LGPL-2.1-or-later */' 'WEIR_0.1 {' 'global:' '	weir_a_free;' \
		'	weir_a_get;' 'local:' '	*;' '};' >lib/a.map
}

objects() {
	${CC:-cc} -fPIC -fvisibility=hidden -fno-common -Iinclude -Ilib -c -o one.o lib/base/one.c
	ar rcs a.a one.o
	${CC:-cc} -shared -Wl,--version-script=lib/a.map -o a.so one.o
}

# lint NAME: runs it in the tree; $args are its arguments
lint() {
	# shellcheck disable=SC2086 # a list
	WR_VERSION=0.1.0 "$here/check-$1" ${args:-} >"$tmp/out" 2>&1
}
accepts() { fresh && objects && lint "$1" && tail -n 1 "$tmp/out" | grep -qx '1 passed, 0 failed'; verdict "check-$1 accepts the good tree" $?; }
# refuses NAME WORDS: the tree as it stands is refused, and the words are said
refuses() {
	if lint "$1" || ! tail -n 1 "$tmp/out" | grep -qx '0 passed, 1 failed' || ! grep -qF -- "$2" "$tmp/out"; then
		verdict "check-$1 refuses: $2" 1
	else
		verdict "" 0
	fi
}

set +e

accepts layers
echo '#include "../nat/nat.h"' >>lib/base/one.h
refuses layers 'lib/base/one.c includes lib/nat/nat.h, but lib/base may include only include/weir'
fresh && echo '#include "nat/nat.h"' >>lib/base/one.h
refuses layers 'lib/base/one.h includes lib/nat/nat.h'
fresh && echo '#include "../lib/base/one.h"' >>tools/weir.c
refuses layers 'tools/weir.c includes lib/base/one.h'
fresh && echo '#include "base/one.h"' >>tools/weir.c
refuses layers "tools: the compiler can't read it"
fresh && mkdir lib/extra && echo 'int x;' >lib/extra/x.c
refuses layers 'lib/extra is not in the table'
fresh && echo '#include <linux/if_link.h>' >>include/weir/a.h
refuses layers '#include <linux/if_link.h>'
fresh && echo '#include "base/one.h"' >>include/weir/a.h
refuses layers '#include "base/one.h"'

accepts headers
echo 'static inline int weir_bad(void) { return (int){0}; }' >>include/weir/a.h	# redefined when included twice
refuses headers 'include/weir/a.h does not compile alone'
fresh && echo 'uint8_t weir_bad(void);' >include/weir/b.h
refuses headers 'include/weir/b.h does not compile alone: c -std=c99'
fresh && echo 'int weir_bad(int class);' >include/weir/b.h
refuses headers 'include/weir/b.h does not compile alone: c++'

args=a.a
accepts globals
echo 'static int counter; int wr_next(void) { return ++counter; }' >>lib/base/one.c && objects
refuses globals 'counter can be changed (.bss'
fresh && echo 'int wr_level = 3;' >>lib/base/one.c && objects
refuses globals 'wr_level can be changed (.data'
fresh && echo 'const char *wr_word = "a";' >>lib/base/one.c && objects
refuses globals 'wr_word can be changed (.data'
fresh && echo 'static __thread int mine; int wr_mine(void) { return ++mine; }' >>lib/base/one.c && objects
refuses globals 'mine can be changed (.tbss'
fresh && ar rcs a.a
refuses globals 'there is not one object'

args='lib/a.map a.so a.a'
accepts exports
echo 'WEIR_API int weir_more(void); int weir_more(void) { return 0; }' >>lib/base/one.c && objects
refuses exports 'weir_more: marked WEIR_API, not listed in lib/a.map'
fresh && sed -i 's/weir_a_get;/&\n\tweir_gone;/' lib/a.map && objects
refuses exports 'weir_gone: listed in lib/a.map, not exported by a.so'
fresh && objects && sed -i '/weir_a_get;/d' lib/a.map
refuses exports 'weir_a_get: exported by a.so, not listed in lib/a.map'
fresh && echo 'WEIR_API int other(void); int other(void) { return 0; }' >>lib/base/one.c &&
	sed -i 's/weir_a_get;/&\n\tother;/' lib/a.map && objects
refuses exports 'other: listed in lib/a.map, but not a name of ours'
fresh && sed -i 's/WEIR_0.1/WEIR_0.2/' lib/a.map && objects
refuses exports 'its newest node is 0.2, but the version is 0.1.0'
fresh && objects && rm a.so
refuses exports 'a.so or a.a is not built'
args=

accepts docs
docs() {	# SED-SCRIPT WORDS
	fresh && sed -i "$1" include/weir/a.h
	refuses docs "$2"
}
docs '/@fn:/d' 'weir_a_get(): @fn: is not described'
docs '/@list:/d' 'weir_a_get(): @list: is not described'
docs 's/@list:/@lost:/' 'weir_a_get(): @lost: is no parameter of it'
docs '/Return:/d' 'weir_a_get(): no "Return:"'
docs '/Since:/d' 'weir_a_free(): no "Since:"'
docs 's/weir_a_free() - /weir_a_del() - /' 'weir_a_free(): its comment does not begin with "weir_a_free() - "'
docs 's|^/\*\*|/*|' 'weir_a_free(): no kernel-doc comment right above it'
docs 's/^#endif/int weir_b(void);\n&/' 'weir_b(): no kernel-doc comment right above it'

accepts spdx
sed -i 1d lib/nat/nat.c
refuses spdx 'lib/nat/nat.c: its first line'
fresh && printf '#!/bin/sh\n\n# SPDX-License-Identifier: LGPL-2.1-or-later\n' >tools/helper
refuses spdx 'tools/helper: its first line'

accepts todo
echo '/* TO''DO: more */' >>lib/nat/nat.c
refuses todo 'lib/nat/nat.c:4:'
fresh && sed -i 's/^0/1/' tests/lint/todo-count
refuses todo 'but tests/lint/todo-count says 1'

accepts paths
echo "/* see $tmp/tree/notes */" >>lib/nat/nat.c
refuses paths 'lib/nat/nat.c:4:'

# tests/run.sh: what a program prints and how it ends, and the closing line that this must give
fresh
runs() {	# CLOSING-LINE SCRIPT
	printf '#!/bin/sh\n%s\n' "$2" >prog && chmod +x prog
	"$here/../run.sh" --tier t --logs logs --timeout 2 ./prog >"$tmp/out" 2>&1
	rc=$?
	[ "$(tail -n 1 "$tmp/out")" = "$1" ] && case $1 in *' 0 failed'*) [ $rc = 0 ] ;; *) [ $rc = 1 ] ;; esac
	verdict "tests/run.sh: $2: $1" $?
}
cmocka='echo "[==========] Running 3 test(s)."; echo "[==========] 3 test(s) run."; echo "[  PASSED  ] 2 test(s)."'
runs '3 passed, 0 failed' 'echo "3 passed, 0 failed"'
runs '3 passed, 0 failed, 2 skipped' 'echo "SKIP: no bond"; echo "3 passed, 0 failed, 2 skipped"'
runs '3 passed, 1 failed' 'echo "3 passed, 1 failed"'
runs '3 passed, 1 failed' 'echo "3 passed, 0 failed"; exit 1'
runs '0 passed, 1 failed' 'echo fine'
runs '0 passed, 0 failed, 1 skipped' 'echo "SKIP: no tun"; exit 77'
runs '2 passed, 1 failed' "$cmocka; exit 1"
runs '2 passed, 1 failed' "$cmocka"
runs '2 passed, 0 failed, 1 skipped' "$cmocka; echo '[  SKIPPED ] 1 test(s), listed below:'"
runs '2 passed, 2 failed' "$cmocka; echo '[==========] Running 2 test(s).'; exit 0"
runs '0 passed, 1 failed' 'kill -SEGV $$'
runs '0 passed, 1 failed' 'sleep 9'
says() {	# LINE SCRIPT: the line before the closing one
	printf '#!/bin/sh\n%s\n' "$2" >prog && chmod +x prog
	"$here/../run.sh" --tier t --logs logs ./prog >"$tmp/out" 2>&1
	[ "$(tail -n 2 "$tmp/out" | head -n 1)" = "$1" ]
	verdict "tests/run.sh: $1" $?
}
says 'failed: t prog: a_test: 1 != 2 t.c:9: error' 'echo "[  ERROR   ] --- 1 != 2
[  ERROR   ] --- t.c:9: error
[  FAILED  ] a_test
[  FAILED  ] g: 1 test(s), listed below:"; echo "0 passed, 1 failed"'
says 'failed: t prog: no bond (ip -d link)' 'echo "FAILED: no bond (ip -d link)"; echo "0 passed, 1 failed"'
says 'failed: 6.1 test_x: as it stands' 'echo "failed: 6.1 test_x: as it stands"; echo "0 passed, 1 failed"'
says 'failed: t prog: exit status 3' 'echo "2 passed, 0 failed"; exit 3'
"$here/../run.sh" --tier t --logs logs >"$tmp/out"
[ "$(tail -n 1 "$tmp/out")" = '0 passed, 1 failed' ]
verdict 'tests/run.sh: a tier without programs fails' $?
printf 'a 1 0 0\nb 20 0 3\n' >sums && "$here/../run.sh" --sum sums >"$tmp/out" &&
	[ "$(tail -n 1 "$tmp/out")" = '21 passed, 0 failed, 3 skipped' ]
verdict 'tests/run.sh --sum' $?
printf '#!/bin/sh\necho "SKIP: no tun"; echo "SKIP: no bond"; echo "SKIP: no bond"; echo "1 passed, 0 failed, 3 skipped"\n' >prog
cp prog prog2
"$here/../run.sh" --tier t --logs logs --totals sums ./prog ./prog2 >"$tmp/out" && "$here/../run.sh" --sum sums >"$tmp/out" &&
	[ "$(grep skipped: "$tmp/out")" = 'skipped: no bond (4: prog prog2)
skipped: no tun (2: prog prog2)' ]
verdict 'tests/run.sh --sum: why' $?
# shellcheck disable=SC2016 # for the programs
printf '#!/bin/sh\n%s\n' 'touch "$0.on"; for i in $(seq 600); do [ ! -e prog.on ] || [ ! -e prog2.on ] || break; sleep 0.1; done
[ "$i" != 600 ] && echo "1 passed, 0 failed"' >prog && cp prog prog2
"$here/../run.sh" --tier t --logs logs --jobs 2 ./prog ./prog2 >"$tmp/out" && [ "$(tail -n 1 "$tmp/out")" = '2 passed, 0 failed' ]
verdict 'tests/run.sh --jobs: two at a time, each once' $?

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
