# SPDX-License-Identifier: LGPL-2.1-or-later
#
# claims.json against the results of one run: how many times the arm's median the peer's is ("least"), or the arm's the
# peer's ("most"); without a peer ("to") the value itself. "above": of both only what is more than so many times the value
# at that size. Input: all results; output: the claims with what was measured, and what the floor in weir's place would
# show: what nothing that leaves the same state could do better here.
def series($w; $n; $arm): [.[] | select(.workload == $w and .n == $n and .arm == $arm)][0];
def value($v): if . == null then null elif $v == "op" then .op_us.median elif $v == "p99 ms" then (.op_us // empty | .p99 / 1000) // null
	elif $v == "grown" then .grown_kb else .wall_us.median end;
def above($all; $c; $n; $arm): ($all | series($c.workload; $n; $arm) | value($c.value)) as $v |
	if $c.above == null or $v == null then $v
	else ($all | series($c.workload; $c.above.n; $arm) | value($c.value)) as $less |
		if $less == null then null else $v - $c.above.times * $less end
	end;
def over($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;
def measured($all): . as $c |
	if .size then [$all[] | select(.size == $c.size) | .bytes][0]
	else above($all; $c; $c.n; $c.arm) as $ours |
		if .to then above($all; $c; $c.to_n; $c.to) as $theirs |
			if .least then over($theirs; $ours) else over($ours; $theirs) end
		else $ours end
	end;
def verdict: if .measured == null then "not measured"
	elif (if .least then .measured >= .least else .measured <= .most end) then "held" else "missed" end;

# "floor_arm": what the library waits for where that is not the kernel.
def in_floors_place: (.floor_arm // "floor") as $floor |
	if .arm == "weir" and .to and .to != $floor and .value == "wall" then
		.arm = $floor | (if .to == "weir" then .to = $floor else . end)
	else null end;

. as $all | $claims[0] | map(.measured = measured($all) | .floor = (in_floors_place | if . then measured($all) else null end)) |
	map(.verdict = verdict)
