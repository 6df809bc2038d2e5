# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# How the tests of the command line begin (test_cli.sh, test_cli_net.sh), and their words: what a command must end with,
# say and leave behind. "Nothing changed" means: links, addresses, routes, qdiscs, rules, sysctls, daemons and files are
# what they were.

namespaces='-n -m'
# shellcheck source-path=SCRIPTDIR source=enter.sh
. tests/netns/enter.sh
definition=$PWD/examples/default.json
snapshot=$PWD/tests/netns/snapshot.sh
PATH=$PATH:/usr/sbin:/sbin
for program in "$weir" jq dnsmasq ip tc nft setpriv; do
	command -v "$program" >/dev/null || { echo "SKIP: there is no $program" && exit 77; }
done

mount -t tmpfs -o mode=755 test-cli /run || exit 1
here=/run/test-cli-$$
mkdir -p /run/netns $here
cd $here || exit 1
unset WEIR_CONFIG_DIR WEIR_STATE_DIR NO_COLOR POSIXLY_CORRECT
# shellcheck disable=SC2046 # pids
trap 'kill $(cat $here/*.pid $here/state/dnsmasq/*.pid 2>/dev/null) 2>/dev/null; exit 130' INT TERM

passed=0 failed=0 skipped=0
pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAILED: $*"
	head -n 6 out 2>/dev/null | cut -c1-160 | sed 's/^/	out: /'
	head -n 6 err 2>/dev/null | cut -c1-160 | sed 's/^/	err: /'
}
check() { what=$1 && shift && if "$@" >/dev/null 2>&1; then pass; else fail "$what ($*)"; fi; }
has_line() { grep -qE -- "$1" "$2"; }
is_empty() { [ ! -s "$1" ]; }
section() { echo "-- $*"; }

w() { "$weir" --config-dir config --state-dir state "$@" >out 2>err </dev/null; }

# runs STATUS COMMAND...: it ends with STATUS; errors are on stderr and nowhere else
runs() {
	want=$1 && shift
	w "$@"
	is=$?
	if [ $is != "$want" ]; then
		fail "weir $*: exit status $is, not $want"
	elif [ $is != 0 ] && [ $is != 3 ] && { [ -s out ] || [ ! -s err ]; }; then
		fail "weir $*: an error belongs on stderr, and nothing on stdout"
	elif [ $is = 0 ] && [ -s err ]; then
		fail "weir $*: it went well, and yet there is something on stderr"
	else
		pass
	fi
}
says() { check "it says $1" has_line "$1" out; }
warns() { check "it complains: $1" has_line "$1" err; }
gives() { check "JSON: $1" jq -e "$1" out; }
complains() { check "JSON error: $1" jq -e "$1" err; }

# The last sed: the snapshot's own grep for processes may have seen itself.
state_now() { "$snapshot" "$here/config" "$here/state" 2>/dev/null | sed '/^# processes$/,$ { /^grep /d; /^$/d; /^running$/d; }'; }
remember() { state_now >was; }
unchanged() { state_now >is && same "nothing changed: $1" was is; }
same() {
	check "$1" cmp -s "$2" "$3"
	diff "$2" "$3" | cut -c1-160 | head -n 10
}
# Forwarding stays on when a network is stopped; that is no difference.
forget_forwarding() { sysctl -q -w net.ipv4.ip_forward=0; }
