/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lib/nat without a kernel: which elements each mode is, what is refused, what is
 * read from a listing, and the scripts that lead from there to a network's wish.
 * Whether the kernel takes the scripts is tested in netns/test_nat_rules.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "nat/nat.h"

#include <cmocka.h>

/* --- elements ------------------------------------------------------------------- */

struct subnet_text {
	const char *address;
	uint8_t prefix;
};

struct case_ {
	const char *name;
	struct weir_nat nat;
	struct subnet_text subnets[4];
	const char *start, *end;	/* address range */
	const char *want;		/* the list */
	const char *attr, *msg;		/* or the refusal */
};

#define V4 .subnets = { { "192.168.122.1", 24 } }
#define BOTH .subnets = { { "192.168.122.1", 24 }, { "fd00:122::1", 64 } }

static const struct case_ cases[] = {
	{ "isolated", { .bridge = "virbr0" }, V4,
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "from_if \"virbr0\" : goto refuse\n"
		  "to_if \"virbr0\" : goto refuse\n" },
	{ "open", { .bridge = "virbr0", .mode = WEIR_FORWARD_OPEN }, V4, .want = "" },
	{ "nat", { .bridge = "virbr0", .mode = WEIR_FORWARD_NAT }, V4,
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "users \"virbr0\" : goto refuse\nrouted \"virbr0\"\n"
		  "net4_24 \"virbr0\" . 192.168.122.0\n"
		  "masq4 \"virbr0\"\n" },
	{ "nat, IPv6 is routed", { .bridge = "virbr0", .mode = WEIR_FORWARD_NAT }, BOTH,
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "users \"virbr0\" : goto refuse\nrouted \"virbr0\"\n"
		  "net4_24 \"virbr0\" . 192.168.122.0\n"
		  "net6_64 \"virbr0\" . fd00:122::\n"
		  "in6_64 \"virbr0\" . fd00:122::\n"
		  "masq4 \"virbr0\"\n" },
	{ "nat of IPv6", { .bridge = "virbr0", .mode = WEIR_FORWARD_NAT, .nat_ipv6 = true }, BOTH,
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "users \"virbr0\" : goto refuse\nrouted \"virbr0\"\n"
		  "net4_24 \"virbr0\" . 192.168.122.0\n"
		  "net6_64 \"virbr0\" . fd00:122::\n"
		  "masq4 \"virbr0\"\n"
		  "masq6 \"virbr0\"\n" },
	{ "nat by one link",
	  { .bridge = "br-a.1", .mode = WEIR_FORWARD_NAT, .dev = "eth0.7@x" }, V4,
	  .want = "same \"br-a.1\" . \"br-a.1\"\n"
		  "from_if \"br-a.1\" : jump out_dev\n"
		  "to_if \"br-a.1\" : goto in_dev\n"
		  "uplink \"br-a.1\" . \"eth0.7@x\"\n"
		  "net4_24 \"br-a.1\" . 192.168.122.0\n"
		  "masq4 \"br-a.1\"\n" },
	{ "nat to ranges",
	  { .bridge = "virbr0", .mode = WEIR_FORWARD_NAT, .port_start = 2000, .port_end = 2999 },
	  V4,
	  .start = "192.0.2.8", .end = "192.0.2.15",
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "users \"virbr0\" : goto refuse\nrouted \"virbr0\"\n"
		  "net4_24 \"virbr0\" . 192.168.122.0\n"
		  "nat4 \"virbr0\" : goto p_192.0.2.8-192.0.2.15_2000-2999\n" },
	{ "nat to one address and port",
	  { .bridge = "virbr0", .mode = WEIR_FORWARD_NAT, .port_start = 5, .port_end = 5 }, V4,
	  .start = "192.0.2.8", .end = "192.0.2.8",
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "users \"virbr0\" : goto refuse\nrouted \"virbr0\"\n"
		  "net4_24 \"virbr0\" . 192.168.122.0\n"
		  "nat4 \"virbr0\" : goto p_192.0.2.8_5\n" },
	{ "route", { .bridge = "virbr0", .mode = WEIR_FORWARD_ROUTE }, BOTH,
	  .want = "same \"virbr0\" . \"virbr0\"\n"
		  "users \"virbr0\" : goto refuse\nrouted \"virbr0\"\n"
		  "net4_24 \"virbr0\" . 192.168.122.0\n"
		  "in4_24 \"virbr0\" . 192.168.122.0\n"
		  "net6_64 \"virbr0\" . fd00:122::\n"
		  "in6_64 \"virbr0\" . fd00:122::\n" },
	{ "route of several subnets, one given twice",
	  { .bridge = "b", .mode = WEIR_FORWARD_ROUTE },
	  .subnets = { { "10.1.2.3", 8 }, { "10.9.9.9", 8 }, { "192.0.2.77", 32 } },
	  .want = "same \"b\" . \"b\"\n"
		  "users \"b\" : goto refuse\nrouted \"b\"\n"
		  "net4 \"b\" . 10.0.0.0/8\n"
		  "in4 \"b\" . 10.0.0.0/8\n"
		  "net4 \"b\" . 192.0.2.77\n"
		  "in4 \"b\" . 192.0.2.77\n" },
	{ "route of usual sizes and of others",
	  { .bridge = "b", .mode = WEIR_FORWARD_ROUTE },
	  .subnets = { { "10.1.2.3", 25 }, { "10.2.2.3", 24 }, { "fd00::1", 63 }, { "fd01::1", 64 } },
	  .want = "same \"b\" . \"b\"\n"
		  "users \"b\" : goto refuse\nrouted \"b\"\n"
		  "net4 \"b\" . 10.1.2.0/25\n"
		  "in4 \"b\" . 10.1.2.0/25\n"
		  "net4_24 \"b\" . 10.2.2.0\n"
		  "in4_24 \"b\" . 10.2.2.0\n"
		  "net6 \"b\" . fd00::/63\n"
		  "in6 \"b\" . fd00::/63\n"
		  "net6_64 \"b\" . fd01::\n"
		  "in6_64 \"b\" . fd01::\n" },
	{ "IPv6 of prefix 24, IPv4 of prefix 31", { .bridge = "b", .mode = WEIR_FORWARD_NAT },
	  .subnets = { { "2001:db8::1", 24 }, { "10.0.0.1", 31 } },
	  .want = "same \"b\" . \"b\"\n"
		  "users \"b\" : goto refuse\nrouted \"b\"\n"
		  "net6 \"b\" . 2001:d00::/24\n"
		  "in6 \"b\" . 2001:d00::/24\n"
		  "net4 \"b\" . 10.0.0.0/31\n"
		  "masq4 \"b\"\n" },
	{ "isolated without subnets", { .bridge = "b" },
	  .want = "same \"b\" . \"b\"\nfrom_if \"b\" : goto refuse\nto_if \"b\" : goto refuse\n" },

	{ "no bridge", { .bridge = NULL }, .attr = "bridge",
	  .msg = "must be a link's name of 1 to 15 bytes" },
	{ "empty bridge", { .bridge = "" }, .attr = "bridge",
	  .msg = "must be a link's name of 1 to 15 bytes" },
	{ "long bridge", { .bridge = "abcdefghijklmnop" }, .attr = "bridge",
	  .msg = "must be a link's name of 1 to 15 bytes" },
	{ "bridge with quote", { .bridge = "a\"b" }, .attr = "bridge",
	  .msg = "\"a\\\"b\" has other characters than letters, digits and - _ . @" },
	{ "bridge with wildcard", { .bridge = "virbr*" }, .attr = "bridge",
	  .msg = "\"virbr*\" has other characters than letters, digits and - _ . @" },
	{ "bridge with newline", { .bridge = "a\nb" }, .attr = "bridge",
	  .msg = "\"a\\u000ab\" has other characters than letters, digits and - _ . @" },
	{ "bridge with backslash", { .bridge = "a\\" }, .attr = "bridge",
	  .msg = "\"a\\\\\" has other characters than letters, digits and - _ . @" },
	{ "dev with semicolon", { .bridge = "b", .mode = WEIR_FORWARD_NAT, .dev = "e;f" }, V4,
	  .attr = "dev", .msg = "\"e;f\" has other characters than letters, digits and - _ . @" },
	{ "dev with space", { .bridge = "b", .mode = WEIR_FORWARD_NAT, .dev = "e f" }, V4,
	  .attr = "dev", .msg = "\"e f\" has other characters than letters, digits and - _ . @" },
	{ "dev of an isolated network", { .bridge = "b", .dev = "eth0" }, .attr = "dev",
	  .msg = "is for modes nat and route only" },
	{ "no such mode", { .bridge = "b", .mode = (enum weir_forward_mode)4 }, .attr = "mode",
	  .msg = "4 is not a mode" },
	{ "nat without subnet", { .bridge = "b", .mode = WEIR_FORWARD_NAT }, .attr = "subnets",
	  .msg = "mode nat needs a subnet" },
	{ "prefix too long", { .bridge = "b" },
	  .subnets = { { "10.0.0.1", 8 }, { "10.0.0.1", 33 } },
	  .attr = "subnets[1]", .msg = "prefix 33 is outside 1..32" },
	{ "prefix zero", { .bridge = "b" }, .subnets = { { "fd00::", 0 } }, .attr = "subnets[0]",
	  .msg = "prefix 0 is outside 1..128" },
	{ "overlapping subnets", { .bridge = "b" },
	  .subnets = { { "10.1.0.1", 16 }, { "fd00::", 8 }, { "10.0.0.1", 8 } },
	  .attr = "subnets[2]", .msg = "overlaps with subnets[0]" },
	{ "range backwards", { .bridge = "b", .mode = WEIR_FORWARD_NAT }, V4,
	  .start = "192.0.2.9", .end = "192.0.2.8", .attr = "address_end",
	  .msg = "is before address_start" },
	{ "half a range", { .bridge = "b", .mode = WEIR_FORWARD_NAT }, V4, .start = "192.0.2.9",
	  .attr = "address_end", .msg = "a range needs a first and a last address of one family" },
	{ "range of IPv6", { .bridge = "b", .mode = WEIR_FORWARD_NAT }, V4, .start = "fd00::1",
	  .end = "fd00::2", .attr = "address_start", .msg = "must be an IPv4 address" },
	{ "ports backwards", { .bridge = "b", .mode = WEIR_FORWARD_NAT, .port_end = 80 }, V4,
	  .attr = "port_end", .msg = "80 is before the first port, 1024" },
};

static struct weir_ip ip(const char *text)
{
	struct weir_ip ret = { 0 };

	if (text)
		assert_int_equal(weir_ip_parse(text, &ret), 0);
	return ret;
}

static int list_of(const struct case_ *c, struct wr_str *out, struct weir_error *err)
{
	struct weir_subnet subnets[4] = { 0 };
	struct weir_nat nat = c->nat;

	for (; nat.n_subnets < 4 && c->subnets[nat.n_subnets].address; nat.n_subnets++)
		subnets[nat.n_subnets] = (struct weir_subnet){
			ip(c->subnets[nat.n_subnets].address), c->subnets[nat.n_subnets].prefix };
	nat.subnets = subnets;
	nat.address_start = ip(c->start);
	nat.address_end = ip(c->end);
	return wr_nat_elements(&nat, out, err);
}

static void test_elements(void **state)
{
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		const struct case_ *c = &cases[i];
		struct weir_error err = WEIR_ERROR_INIT;
		wr_auto(str) struct wr_str out = { 0 };
		int r = list_of(c, &out, &err);

		print_message("%s\n", c->name);
		if (c->want) {
			assert_int_equal(r, 0);
			assert_string_equal(wr_str_text(&out), c->want);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		assert_int_equal(err.code, -EINVAL);
		assert_int_equal(err.stage, WEIR_STAGE_INPUT);
		assert_string_equal(err.attr, c->attr);
		assert_string_equal(err.msg, c->msg);
	}
}

/* --- reading a listing ------------------------------------------------------------ */

static const char listing[] =
	"table inet weir {\n"
	"	comment \"made by weir\"\n"
	"	set same {\n"
	"		type ifname . ifname\n"
	"		elements = { \"virbr0\" . \"virbr0\",\n"
	"			     \"virbr1\" . \"virbr1\" }\n"
	"	}\n"
	"\n"
	"	set net4 {\n"
	"		type ifname . ipv4_addr\n"
	"		flags interval\n"
	"		elements = { \"virbr1\" . 10.0.0.0/8, \"virbr0\" . 192.168.122.0/24 }\n"
	"	}\n"
	"\n"
	"	set net4_24 {\n"
	"		type ifname . ipv4_addr\n"
	"		elements = { \"virbr2\" . 10.7.7.0 }\n"
	"	}\n"
	"\n"
	"	set uplink {\n"
	"		type ifname . ifname\n"
	"		elements = { \"virbr10\" . \"virbr1\" }\n"
	"	}\n"
	"\n"
	"	set in6_64 {\n"
	"		type ifname . ipv6_addr\n"
	"	}\n"
	"\n"
	"	map to_if {\n"
	"		type ifname : verdict\n"
	"	}\n"
	"\n"
	"	map nat4 {\n"
	"		type ifname : verdict\n"
	"		elements = { \"virbr0\" : goto p_1024-65535,\n"
	"			     \"virbr1\" : goto p_192.0.2.8_5 }\n"
	"	}\n"
	"\n"
	"	chain refuse {\n"
	"		reject\n"
	"	}\n"
	"\n"
	"	chain p_1024-65535 {\n"
	"		meta l4proto { tcp, udp } masquerade to :1024-65535\n"
	"		masquerade\n"
	"	}\n"
	"\n"
	"	chain p_192.0.2.8_5 {\n"
	"	}\n"
	"\n"
	"	chain p_theirs {\n"
	"	}\n"
	"}\n";

static void read_for(struct wr_nat_table *t, const char *text, const char *bridge)
{
	wr_nat_table_read(t, &wr_nat_rules, text);
	wr_nat_table_turn(t, bridge);
}

static void test_listing(void **state)
{
	wr_auto(nat_table) struct wr_nat_table t = { 0 };

	read_for(&t, listing, "virbr1");
	assert_true(t.is_there);
	assert_string_equal(wr_str_text(&t.own), "same \"virbr1\" . \"virbr1\"\n"
						 "net4 \"virbr1\" . 10.0.0.0/8\n"
						 "nat4 \"virbr1\" : goto p_192.0.2.8_5\n");
	assert_string_equal(wr_str_text(&t.others), "same \"virbr0\" . \"virbr0\"\n"
						    "net4 \"virbr0\" . 192.168.122.0/24\n"
						    "net4_24 \"virbr2\" . 10.7.7.0\n"
						    "uplink \"virbr10\" . \"virbr1\"\n"
						    "nat4 \"virbr0\" : goto p_1024-65535\n");
	assert_string_equal(wr_str_text(&t.chains), "p_1024-65535\np_192.0.2.8_5\n");
}

/* Seen from one bridge after the other nothing is lost, and who is only behind another's name has nothing. */
static void test_turn(void **state)
{
	static const char *const bridges[] = { "virbr1", "virbr2", "virbr10", "virbr", "eth0", "virbr0", "virbr1" };
	wr_auto(nat_table) struct wr_nat_table t = { 0 };
	size_t len;

	wr_nat_table_read(&t, &wr_nat_rules, listing);
	len = t.others.len;
	wr_str_puts(&t.others, "net4 \"virbr1\" . 10.0.0.0/8\n");	/* told of twice */
	for (size_t i = 0; i < WR_COUNT(bridges); i++) {
		wr_nat_table_turn(&t, bridges[i]);
		assert_int_equal(t.own.len + t.others.len, len);
		assert_int_equal(strlen(wr_str_text(&t.own)) + strlen(wr_str_text(&t.others)), len);
		assert_int_equal(t.own.len > 0, i != 3 && i != 4);
	}
	assert_string_equal(wr_str_text(&t.own), "same \"virbr1\" . \"virbr1\"\n"
						 "net4 \"virbr1\" . 10.0.0.0/8\n"
						 "nat4 \"virbr1\" : goto p_192.0.2.8_5\n");
	wr_nat_table_become(&t, "masq4 \"virbr1\"\n");
	assert_string_equal(wr_str_text(&t.chains), "p_1024-65535\n");
	wr_nat_table_turn(&t, "virbr0");
	wr_nat_table_become(&t, "");
	assert_string_equal(wr_str_text(&t.others), "net4_24 \"virbr2\" . 10.7.7.0\n"
						    "uplink \"virbr10\" . \"virbr1\"\n"
						    "masq4 \"virbr1\"\n");
	assert_int_equal(t.chains.len, 0);
}

static void test_empty_listing(void **state)
{
	wr_auto(nat_table) struct wr_nat_table t = { 0 };

	read_for(&t, "table inet weir {\n}\n", "virbr1");
	assert_true(t.is_there);
	assert_int_equal(t.own.len + t.others.len + t.chains.len, 0);
}

/* --- scripts ------------------------------------------------------------------------ */

static const char same_and_net[] = "same \"virbr1\" . \"virbr1\"\n"
				   "net4 \"virbr1\" . 10.0.0.0/8\n";

static void assert_script(const char *text, const char *bridge, const char *want,
			  const char *script)
{
	wr_auto(nat_table) struct wr_nat_table t = { 0 };
	wr_auto(str) struct wr_str out = { 0 };

	read_for(&t, text, bridge);
	wr_nat_script(&wr_nat_rules, &t, want, &out);
	assert_false(out.failed);
	assert_string_equal(wr_str_text(&out), script);
}

static void test_add_to_table(void **state)
{
	assert_script(listing, "br2", "from_if \"br2\" : jump out_any\n"
				      "nat4 \"br2\" : goto p_1024-65535\n",
		      "add element inet weir from_if { \"br2\" : jump out_any }\n"
		      "add element inet weir nat4 { \"br2\" : goto p_1024-65535 }\n");
	assert_script(listing, "br2", "nat4 \"br2\" : goto p_192.0.2.1-192.0.2.2_7-9\n"
				      "nat6 \"br2\" : goto p_192.0.2.1-192.0.2.2_7-9\n",
		      "add chain inet weir p_192.0.2.1-192.0.2.2_7-9\n"
		      "flush chain inet weir p_192.0.2.1-192.0.2.2_7-9\n"
		      "add rule inet weir p_192.0.2.1-192.0.2.2_7-9 meta l4proto { tcp, udp } "
		      "snat ip to 192.0.2.1-192.0.2.2:7-9\n"
		      "add rule inet weir p_192.0.2.1-192.0.2.2_7-9 "
		      "snat ip to 192.0.2.1-192.0.2.2\n"
		      "add rule inet weir p_192.0.2.1-192.0.2.2_7-9 meta l4proto { tcp, udp } "
		      "masquerade to :7-9\n"
		      "add rule inet weir p_192.0.2.1-192.0.2.2_7-9 masquerade\n"
		      "add element inet weir nat4 { \"br2\" : goto p_192.0.2.1-192.0.2.2_7-9 }\n"
		      "add element inet weir nat6 { \"br2\" : goto p_192.0.2.1-192.0.2.2_7-9 }\n");
}

/* What is there is neither added nor, when it is gone, deleted. */
static void test_only_the_difference(void **state)
{
	wr_auto(nat_table) struct wr_nat_table t = { 0 };

	read_for(&t, listing, "virbr1");
	assert_script(listing, "virbr1", wr_str_text(&t.own), "");
	assert_script(listing, "br2", "", "");
	assert_script(listing, "virbr1", "same \"virbr1\" . \"virbr1\"\n"
					 "net4 \"virbr1\" . 10.0.0.0/9\n",
		      "delete element inet weir net4 { \"virbr1\" . 10.0.0.0/8 }\n"
		      "delete element inet weir nat4 { \"virbr1\" : goto p_192.0.2.8_5 }\n"
		      "add element inet weir net4 { \"virbr1\" . 10.0.0.0/9 }\n"
		      "delete chain inet weir p_192.0.2.8_5\n");
}

static void test_remove_from_table(void **state)
{
	assert_script(listing, "virbr1", "",
		      "delete element inet weir same { \"virbr1\" . \"virbr1\" }\n"
		      "delete element inet weir net4 { \"virbr1\" . 10.0.0.0/8 }\n"
		      "delete element inet weir nat4 { \"virbr1\" : goto p_192.0.2.8_5 }\n"
		      "delete chain inet weir p_192.0.2.8_5\n");
}

#define REMOVE_TABLE                                                                               \
	"delete chain inet weir forward\ndelete chain inet weir postrouting\n"                     \
	"delete chain inet weir in_dev\ndelete chain inet weir in_any\n"                           \
	"delete chain inet weir out_dev\ndelete chain inet weir out_any\n"                         \
	"delete chain inet weir refuse\ndelete table inet weir\n"

static void test_last_one_takes_the_table(void **state)
{
	assert_script("table inet weir {\n"
		      "	set same {\n"
		      "		elements = { \"b\" . \"b\" }\n"
		      "	}\n"
		      "}\n", "b", "",
		      "delete element inet weir same { \"b\" . \"b\" }\n" REMOVE_TABLE);
	assert_script("table inet weir {\n}\n", "b", "", REMOVE_TABLE);
}

static void test_first_one_makes_the_table(void **state)
{
	static const char start[] = "table inet weir {\n	comment \"made by weir\"\n";
	static const char end[] = "iifname vmap @nat6\n"
				  "add element inet weir same { \"virbr1\" . \"virbr1\" }\n"
				  "add element inet weir net4 { \"virbr1\" . 10.0.0.0/8 }\n";
	const struct wr_nat_table nothing = { 0 };
	wr_auto(str) struct wr_str out = { 0 };

	wr_nat_script(&wr_nat_rules, &nothing, same_and_net, &out);
	assert_memory_equal(out.data, start, strlen(start));
	assert_string_equal(out.data + out.len - strlen(end), end);
	wr_str_done(&out);
	wr_nat_script(&wr_nat_rules, &nothing, "", &out);
	assert_int_equal(out.len, 0);
}

/* One that an older version made, with its element: what is missing is made around it, and the element gives way. */
static void test_old_table_is_renewed(void **state)
{
	static const char old[] = "table inet weir {\n"
				  "	comment \"made by weir\"\n"
				  "	map from_if {\n"
				  "		elements = { \"a\" : jump out_any, \"b\" : jump out_any }\n"
				  "	}\n"
				  "}\n";
	static const char end[] = "iifname vmap @nat6\n"
				  "delete element inet weir from_if { \"b\" : jump out_any }\n"
				  "add element inet weir routed { \"b\" }\n";
	wr_auto(nat_table) struct wr_nat_table t = { 0 };
	wr_auto(str) struct wr_str out = { 0 };

	wr_nat_table_read(&t, &wr_nat_rules, old);
	wr_nat_table_turn(&t, "b");
	wr_nat_script(&wr_nat_rules, &t, "routed \"b\"\n", &out);
	assert_memory_equal(out.data, "table inet weir {\n", strlen("table inet weir {\n"));
	assert_string_equal(out.data + out.len - strlen(end), end);
	wr_nat_table_become(&t, "");
	assert_true(t.is_old);
	wr_nat_table_become(&t, "routed \"b\"\n");
	assert_false(t.is_old);
	/* To remove one, nothing has to be there that is not. */
	assert_script(old, "b", "", "delete element inet weir from_if { \"b\" : jump out_any }\n");
}

/* --- messages ------------------------------------------------------------------------ */

static bool has_messages(const char *script)
{
	wr_auto(str) struct wr_str out = { 0 };

	return wr_nat_messages(&wr_nat_rules, script, 7, &out);
}

/* Whatever is not understood to the last byte is left to libnftables. */
static void test_scripts_with_messages(void **state)
{
	static const char *const good[] = {
		"add element inet weir routed { \"b\" }\n",
		"delete element inet weir net4 { \"b\" . 10.0.0.0/8 }\nadd element inet weir net4 { \"b\" . 10.0.0.0/9 }\n",
		"delete element inet weir nat4 { \"b\" : goto p_1024-65535 }\n",
	};
	static const char *const bad[] = {
		"", "\n", "delete element inet weir routed\n", "delete element inet weir routed { }\n",
		"delete element inet weir routed { \"b\" \n", "delete element inet weir routed { b }\n",
		"delete element inet weirdo routed { \"b\" }\n", "delete element ip weir routed { \"b\" }\n",
		"delete element inet weir net4 { \"b\" . 10.0.0.1-10.0.0.9 }\n",
		"delete element inet weir same { \"a\" . \"b\" . \"c\" }\n", "delete chain inet weir p_7\n",
		"delete element inet weir nat4 { \"b\" : goto p_7 }\ndelete chain inet weir p_7\n",
	};

	for (size_t i = 0; i < WR_COUNT(good); i++)
		assert_true(has_messages(good[i]));
	for (size_t i = 0; i < WR_COUNT(bad); i++)
		assert_false(has_messages(bad[i]));
	assert_false(has_messages(wr_nat_rules.make) || has_messages(wr_nat_rules.remove));
}

/* An element of a set with intervals that goes: its first and its last key. */
static void test_message(void **state)
{
	static const uint8_t want[] = {
		28, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,	/* NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST */
		0, 0, 0, 10, 8, 0, 1, 0, 0, 0, 0, 7,			/* nf_tables, NFNL_BATCH_GENID */
		108, 0, 0, 0, 14, 10, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0,	/* NFT_MSG_DELSETELEM, NLM_F_ACK too */
		1, 0, 0, 0,						/* NFPROTO_INET */
		9, 0, 1, 0, 'w', 'e', 'i', 'r', 0, 0, 0, 0,		/* NFTA_SET_ELEM_LIST_TABLE */
		9, 0, 2, 0, 'n', 'e', 't', '4', 0, 0, 0, 0,		/* NFTA_SET_ELEM_LIST_SET */
		64, 0, 3, 0x80, 60, 0, 1, 0x80,				/* NFTA_SET_ELEM_LIST_ELEMENTS, NFTA_LIST_ELEM */
		28, 0, 1, 0x80, 24, 0, 1, 0,				/* NFTA_SET_ELEM_KEY, NFTA_DATA_VALUE */
		'b', 'r', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0, 0,
		28, 0, 10, 0x80, 24, 0, 1, 0,				/* NFTA_SET_ELEM_KEY_END, NFTA_DATA_VALUE */
		'b', 'r', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 255, 255,
		20, 0, 0, 0, 0x11, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,	/* NFNL_MSG_BATCH_END */
		0, 0, 0, 10,
	};
	wr_auto(str) struct wr_str out = { 0 };

	assert_true(wr_nat_messages(&wr_nat_rules, "delete element inet weir net4 { \"br\" . 10.1.0.0/16 }\n", 7, &out));
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.data, want, sizeof(want));
}

/* --- plans ----------------------------------------------------------------------------- */

static void test_plan_of_add(void **state)
{
	const struct wr_nat_table nothing = { 0 };
	wr_auto(str) struct wr_str plan = { 0 }, script = { 0 }, want = { 0 };

	wr_nat_script(&wr_nat_rules, &nothing, same_and_net, &script);
	wr_str_printf(&want, "nft -f - <<'WEIR-EOF'\n%sWEIR-EOF", script.data);
	wr_nat_plan(&wr_nat_rules, "", same_and_net, &plan);
	assert_string_equal(plan.data, want.data);
}

static void test_plan_of_del(void **state)
{
	wr_auto(str) struct wr_str plan = { 0 };

	wr_nat_plan(&wr_nat_rules, "same \"b\" . \"b\"\nnat4 \"b\" : goto p_1024-65535\n", "", &plan);
	assert_string_equal(plan.data, "nft -f - <<'WEIR-EOF'\n"
				       "delete element inet weir same { \"b\" . \"b\" }\n"
				       "delete element inet weir nat4 "
				       "{ \"b\" : goto p_1024-65535 }\n"
				       "WEIR-EOF\n"
				       "nft -f - <<'WEIR-EOF' 2>/dev/null || :\n"
				       "delete chain inet weir p_1024-65535\n"
				       "WEIR-EOF\n"
				       "nft -f - <<'WEIR-EOF' 2>/dev/null || :\n" REMOVE_TABLE
				       "WEIR-EOF");
	wr_str_done(&plan);
	wr_nat_plan(&wr_nat_rules, "", "", &plan);
	assert_int_equal(plan.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_turn),
		cmocka_unit_test(test_empty_listing),
		cmocka_unit_test(test_add_to_table),
		cmocka_unit_test(test_only_the_difference),
		cmocka_unit_test(test_remove_from_table),
		cmocka_unit_test(test_last_one_takes_the_table),
		cmocka_unit_test(test_first_one_makes_the_table),
		cmocka_unit_test(test_old_table_is_renewed),
		cmocka_unit_test(test_scripts_with_messages),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_plan_of_add),
		cmocka_unit_test(test_plan_of_del),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
