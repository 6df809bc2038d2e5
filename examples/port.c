/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One bridge and one shaped tap in one transaction: the example of the README. */
#include <stdio.h>
#include <weir/link.h>
#include <weir/tc.h>
#include <weir/txn.h>

int main(void)
{
	struct weir_link bridge = { .sz = sizeof(bridge), .kind = WEIR_LINK_BRIDGE,
				    .has = WEIR_LINK_NAME | WEIR_LINK_UP, .name = "br0", .is_up = true };
	struct weir_link tap = { .sz = sizeof(tap), .kind = WEIR_LINK_TUN, .name = "vm0", .is_up = true,
				 .has = WEIR_LINK_NAME | WEIR_LINK_MASTER | WEIR_LINK_UP };
	struct weir_bandwidth limit = { .inbound.average_bytes_per_s = 5000000 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	struct weir *w;
	char line[1024];
	int port;

	if (weir_open(NULL, &w, &err) || weir_txn_begin(w, "one port", 0, &t, &err))
		return fprintf(stderr, "%s\n", weir_error_format(&err, line, sizeof(line))), 1;
	tap.master = (uint32_t)weir_txn_link_add(t, &bridge);	/* its index, before it exists */
	port = weir_txn_tap_add(t, &tap, 0, NULL);
	weir_txn_shape_set(t, port, "vm0", &limit, NULL, NULL);
	if (weir_txn_commit(t, &err) < 0)			/* all of it or nothing */
		return fprintf(stderr, "%s\n", weir_error_format(&err, line, sizeof(line))), 1;
	weir_close(w);
	return 0;
}
