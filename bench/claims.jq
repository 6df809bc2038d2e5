# SPDX-License-Identifier: LGPL-2.1-or-later
#
# claims.json against the results of one run: how many times the arm's median the peer's is ("least"), or the arm's the
# peer's ("most"); without a peer ("to") the value itself. Input: all results; output: the claims with what was measured.
def series($w; $n; $arm): [.[] | select(.workload == $w and .n == $n and .arm == $arm)][0];
def value($v): if . == null then null elif $v == "op" then .op_us.median elif $v == "p99 ms" then .op_us.p99 / 1000
	elif $v == "grown" then .grown_kb else .wall_us.median end;
def over($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;
def measured($all): . as $c |
	if .size then [$all[] | select(.size == $c.size) | .bytes][0]
	else ($all | series($c.workload; $c.n; $c.arm) | value($c.value)) as $ours |
		if .to then ($all | series($c.workload; $c.to_n; $c.to) | value($c.value)) as $theirs |
			if .least then over($theirs; $ours) else over($ours; $theirs) end
		else $ours end
	end;
def verdict: if .measured == null then "not measured"
	elif (if .least then .measured >= .least else .measured <= .most end) then "held" else "missed" end;

. as $all | $claims[0] | map(.measured = measured($all)) | map(.verdict = verdict)
