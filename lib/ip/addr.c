/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of links: RTM_NEWADDR and its undo, RTM_DELADDR. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/ip.h"
#include "ip/steps.h"
#include "netlink/attr.h"
#include "txn/txn.h"

/* clang-format off */
static const struct wr_field addr_fields[] = {
	WR_ROW(weir_addr, ifindex, WR_S32, "dev", .flags = WR_HEADER | WR_REQUIRED | WR_IFINDEX,
	       .min = 1, .doc = "the link"),
	WR_ATTR(weir_addr, local, IFA_LOCAL, WR_IP, "local", 0, .flags = WR_REQUIRED,
		.doc = "the address"),
	WR_ROW(weir_addr, prefix, WR_U8, "prefix", .flags = WR_HEADER, .max = 128,
	       .doc = "prefix length"),
	WR_ATTR(weir_addr, broadcast, IFA_BROADCAST, WR_IP, "broadcast", 0,
		.doc = "IPv4 broadcast address"),
	WR_ROW(weir_addr, nodad, WR_U8, "nodad", .bit = WEIR_ADDR_NODAD,
	       .flags = WR_HEADER | WR_BOOL, .doc = "IPv6: usable at once"),
};
/* clang-format on */

static int verify_addr(const void *obj, struct weir_error *err)
{
	const struct weir_addr *a = obj;

	if (a->prefix > wr_ip_bits(&a->local))
		return wr_refuse(err, -ERANGE, "", "prefix", "%u is outside 0..%u", a->prefix,
				 wr_ip_bits(&a->local));
	if (a->broadcast.family && a->local.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "broadcast", "is for IPv4 only");
	return 0;
}

static WR_TABLE(addr_table, weir_addr, "addr", offsetof(struct weir_addr, has), addr_fields,
		.verify = verify_addr);
const struct wr_table *const wr_addr_tables[] = { &addr_table, NULL };

static void addr_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const struct weir_addr *a)
{
	struct ifaddrmsg ifa = {
		.ifa_family = a->local.family,
		.ifa_prefixlen = a->prefix,
		.ifa_flags = a->has & WEIR_ADDR_NODAD && a->nodad ? IFA_F_NODAD : 0,
		.ifa_index = (unsigned int)a->ifindex,
	};

	wr_msg(b, type, flags, &ifa, sizeof(ifa));
	wr_encode(b, &addr_table, a, 0, 0);
	/* The kernel takes a missing IFA_ADDRESS for a point-to-point link's of IPv6 only. */
	wr_put(b, IFA_ADDRESS, a->local.bytes, wr_ip_bits(&a->local) / 8);
}

static void plan(struct weir_txn *t, struct weir_step *s, const struct weir_addr *a,
		 const char *text, const char *name)
{
	wr_auto(str) struct wr_str dev = { 0 };
	char broadcast[WEIR_IP_TEXT];

	wr_str_shell(&dev, name);
	weir_ip_format(&a->broadcast, broadcast);
	wr_step_plan(t, s, "ip address add %s/%u%s%s dev %s%s", text, a->prefix,
		     *broadcast ? " broadcast " : "", broadcast, wr_str_text(&dev),
		     a->has & WEIR_ADDR_NODAD && a->nodad ? " nodad" : "");
}

int weir_txn_addr_add(struct weir_txn *t, const struct weir_addr *addr)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	char text[WEIR_IP_TEXT], object[64], buf[16] = "";
	struct weir_step *s;
	struct weir_addr a;
	int r = wr_opts_copy(&a, sizeof(a), addr, "address", &err);

	if (!r)
		r = wr_table_check(&addr_table, &a, &err);
	weir_ip_format(&a.local, text);
	wr_format(object, sizeof(object), "address %s/%u", text, a.prefix);
	if (r) {
		wr_copy(err.object, sizeof(err.object), object);
		return wr_txn_fail(t, &err);
	}
	addr_msg(&b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &a);
	addr_msg(&undo, RTM_DELADDR, 0, &a);
	/* It goes with a link that is made here. */
	s = wr_txn_msg(t, object, wr_addr_tables, &b, wr_txn_makes(t, a.ifindex) ? NULL : &undo,
		       NULL);
	if (t->dry)
		plan(t, s, &a, text, wr_txn_link_name(t, a.ifindex, buf));
	return t->err.code;
}
