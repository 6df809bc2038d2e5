#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How exact limits are: a guest in a namespace, one direction at a time, TCP and UDP, by the best way there is and by a
# policer beside it. What is counted is what arrived, as bytes on the wire, after the burst. JSON lines on stdout, or
# appended to FILE; with gnuplot installed a plot beside FILE. Not timed work: a loaded machine only makes 1 Gbit/s slower.
#
#	bench/bench_accuracy.sh [FILE]		RATES='1 10 100 1000' (Mbit/s) SECONDS_EACH=3
set -eu -o pipefail
weir=${WEIR:-build/weir}
file=${1:-/dev/stdout}
rates=${RATES:-1 10 100 1000}
seconds=${SECONDS_EACH:-3}
[ "${BENCH_INSIDE:-}" ] || exec env BENCH_INSIDE=1 unshare -n -m -p -f --mount-proc --kill-child bash "$0" "$@"

mount -t tmpfs none /run
mkdir -p /run/netns
ip link set lo up
ip netns add guest
ip link add vm0 type veth peer name eth0 netns guest
ip addr add 10.0.0.1/24 dev vm0 && ip link set vm0 up
ip -n guest addr add 10.0.0.2/24 dev eth0 && ip -n guest link set eth0 up

# What one side sends and the other counts; a python that is there everywhere. Payload and what it is on the wire.
cat >/run/flow.py <<'PY'
import socket, sys, time
role, proto, address, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
s = socket.socket(socket.AF_INET, kind)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
WIRE = 1514 / 1448 if proto == "tcp" else 1514 / 1472
def count(c, until):
    n = 0
    c.settimeout(0.2)
    while time.monotonic() < until:
        try: n += len(c.recv(1 << 18))
        except socket.timeout: pass
    return n
if role == "receive":
    s.bind((address, 4711))
    if proto == "tcp":
        s.listen(1)
    print("ready", flush=True)
    c = s.accept()[0] if proto == "tcp" else s
    if proto == "udp": c.recv(1 << 16)
    count(c, time.monotonic() + 1.5)                 # the burst, and TCP's beginning
    t0 = time.monotonic()
    n = count(c, t0 + seconds)
    print(int(n * WIRE / (time.monotonic() - t0)), flush=True)
else:
    s.connect((address, 4711))
    rate, until = float(sys.argv[5]), time.monotonic() + seconds + 2.5
    data, sent, t0 = bytes(1472) if proto == "udp" else bytes(1 << 16), 0, time.monotonic()
    while time.monotonic() < until:
        try: sent += s.send(data)
        except OSError: break
        # UDP asks for half as much again as may pass; more would only cost the machine.
        if proto == "udp" and sent > 1.5 * rate * (time.monotonic() - t0): time.sleep(0.0002)
PY

inside() { if [ "$1" = guest ]; then shift; ip netns exec guest "$@"; else shift; "$@"; fi; }

# flow DIRECTION PROTOCOL RATE: bytes per second that arrived
flow() {
	local to=guest from=host address=10.0.0.2
	[ "$1" = inbound ] || { to=host from=guest address=10.0.0.1; }
	rm -f /run/got && mkfifo /run/got
	inside $to python3 /run/flow.py receive "$2" $address "$seconds" >/run/got &
	exec 3</run/got
	read -r _ <&3
	inside $from python3 /run/flow.py send "$2" $address "$seconds" "$3" &
	read -r got <&3
	exec 3<&-
	wait
	echo "$got"
}

measure() {	# measure METHOD RATE DIRECTION PROTOCOL
	local bytes=$(($2 * 125000)) got seconds=$seconds
	[ "$2" -gt 1 ] || seconds=$((4 * seconds))	# TCP's frames of 64 KB are half a second each
	"$weir" shape vm0 "--$3" "$2mbit" ${1:+--method "$1"} >/run/said 2>&1 || { cat /run/said >&2; return 0; }
	got=$(flow "$3" "$4" "$bytes")
	how=$("$weir" --json shape show vm0 | jq -r '.[0].method')
	"$weir" shape clear vm0 >/dev/null
	jq -nc --arg method "$how" --arg direction "$3" --arg protocol "$4" --argjson configured "$bytes" --argjson measured "$got" \
		'{bench: "accuracy", $method, $direction, $protocol, $configured, $measured, off_percent: (($measured / $configured - 1) * 100 * 100 | round / 100)}' >>"$file"
}

methods=('')
tc actions add action police rate 1mbit burst 10k 2>/dev/null && methods+=(police)
for rate in $rates; do
	for protocol in tcp udp; do
		measure '' "$rate" inbound $protocol
		for method in "${methods[@]}"; do measure "$method" "$rate" outbound $protocol; done
	done
done

if [ -f "$file" ] && command -v gnuplot >/dev/null; then
	jq -r 'select(.bench == "accuracy") | [.configured * 8 / 1e6, .off_percent, .method] | @tsv' "$file" >/run/points
	gnuplot -e "set terminal svg; set output '${file%.*}-accuracy.svg'; set logscale x; set xlabel 'configured, Mbit/s'; set ylabel 'off, percent'; set yrange [-10:10]; plot '/run/points' using 1:2 with points title 'measured'"
fi
