/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of links: what lib_own.h has, the state of all links to be compared, and
 * three readers of which two are not ours: libnl-route-3 and `ip -d -j link`.
 */
#ifndef TESTS_NETNS_LIB_LINK_H
#define TESTS_NETNS_LIB_LINK_H

#include <weir/link.h>

#include "lib_own.h"

#define LOW 1000	/* index of an ifb that is up, "low0" */
#define MAIN_BR 1001	/* and of a bridge, "br9" */

/* cmocka's setup: own_setup() with these two links. */
int link_setup(void **state);

struct weir_link get(const char *name);
bool is_there(const char *name);

/* All links as `ip` shows them, without what goes on by itself; for json_decref(). */
json_t *all_links(void);
void same_json(const json_t *before, const json_t *now, const char *what);
void same_links(const json_t *before, const char *what);
bool has_flag(const json_t *j, const char *flag);

void read_by_us(const struct weir_link *want, const char *what);
void read_by_ip(const struct weir_link *want, const char *what);
void read_by_nl(const struct weir_link *want, const char *what);
void read_by_all(const struct weir_link *want, const char *what);

/* A link that is made and changed. */
struct life {
	const char *name;
	struct weir_link add, set;
};

#define NAMED(kind_, name_, has_, ...)                                                             \
	{ .sz = sizeof(struct weir_link), .kind = WEIR_LINK_##kind_, .name = name_,                \
	  .has = WEIR_LINK_NAME | (has_), ##__VA_ARGS__ }
#define NEW(kind_, has_, ...) NAMED(kind_, "x0", has_, ##__VA_ARGS__)
#define CHANGE(kind_, has_, ...)                                                                   \
	{ .sz = sizeof(struct weir_link), .kind = WEIR_LINK_##kind_, .has = (has_), ##__VA_ARGS__ }
#define MAC(last) .mac = { 0x52, 0x54, 0, 1, 2, last }
#define PEER .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "x1" }
#define COMMON (WEIR_LINK_MAC | WEIR_LINK_MTU | WEIR_LINK_TXQUEUELEN | WEIR_LINK_GROUP_SET | \
		WEIR_LINK_ALIAS | WEIR_LINK_ADDR_GEN_MODE | WEIR_LINK_UP)
#define ALL_PORT ((WEIR_PORT_VLAN_TUNNEL << 1) - 1)

/* Made and taken back, made, changed and taken back, changed, deleted; read by all readers after each. */
void live(const struct life *life);

#endif
