/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings of VFs in messages (lib/link/vf_info.c): rows against the header, bytes
 * that iproute2 sent for the same settings, an answer of a kernel with three VFs
 * of an igb, answers that nobody should send, and random settings there and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link/vf.h"
#include "netlink/attr.h"
#include "tests/common/golden.h"

#define ALL (WEIR_VF_MAC | WEIR_VF_VLAN | WEIR_VF_QOS | WEIR_VF_VLAN_PROTOCOL | WEIR_VF_MIN_RATE |   \
	     WEIR_VF_MAX_RATE | WEIR_VF_SPOOF_CHECK | WEIR_VF_LINK_STATE | WEIR_VF_RSS_QUERY |       \
	     WEIR_VF_TRUST)

static struct weir_vf_config sample(void)
{
	return (struct weir_vf_config){
		.sz = sizeof(struct weir_vf_config), .has = ALL, .vf = 5,
		.mac = { 0x52, 0x54, 0x00, 0x11, 0x22, 0x66 }, .vlan = 77, .qos = 3,
		.vlan_protocol = WEIR_VLAN_8021Q, .min_rate_mbit_per_s = 20,
		.max_rate_mbit_per_s = 400, .spoof_check = true,
		.link_state = WEIR_VF_LINK_DISABLE, .rss_query = true, .trust = true,
	};
}

/* Our message for one VF; its type is made iproute2's, for which the kernel does the same. */
static struct nlmsghdr *message(struct wr_batch *b, const struct weir_vf_config *c, uint64_t bits)
{
	size_t nest = wr_vf_begin(b, 100);
	struct nlmsghdr *msg;

	wr_vf_put(b, c, bits);
	wr_nest_end(b, nest);
	msg = wr_msg_header(b);
	assert_int_equal(msg->nlmsg_type, RTM_SETLINK);
	msg->nlmsg_type = RTM_NEWLINK;
	return msg;
}

/* --- the table -------------------------------------------------------------------------- */

static void rows_and_header_agree(void **state)
{
	uint64_t rows = 0, groups = 0;

	for (size_t i = 0; i < wr_vf_config_table.n; i++) {
		const struct wr_field *f = &wr_vf_config_table.fields[i];

		assert_true(!(rows & wr_bit(f)));
		rows |= wr_bit(f);
		assert_int_equal(wr_bit(f) ? weir_vf_config_bit(f->name) : 0, wr_bit(f));
		if (wr_bit(f))
			assert_string_equal(weir_vf_config_name(wr_bit(f)), f->name);
	}
	for (size_t i = 0; i < WR_VF_GROUPS; i++) {
		assert_true(!(groups & wr_vf_groups[i].bits));
		groups |= wr_vf_groups[i].bits;
	}
	assert_true(rows == ALL && groups == ALL);
	assert_int_equal(weir_vf_config_bit("vf"), 0);
	assert_int_equal(weir_vf_config_bit("speed"), 0);
	assert_null(weir_vf_config_name(0));
	assert_null(weir_vf_config_name(1ull << 40));
}

static void parsed_and_printed(void **state)
{
	static const struct {
		const char *name, *text;
		int code;
	} cases[] = {
		{ "mac", "52:54:00:11:22:66", 0 }, { "mac", "52:54:00", -EINVAL },
		{ "vlan", "77", 0 },		   { "vlan", "4096", -ERANGE },
		{ "qos", "3", 0 },		   { "qos", "8", -ERANGE },
		{ "proto", "802.1ad", 0 },	   { "proto", "vxlan", -EINVAL },
		{ "min_tx_rate", "20", 0 },	   { "max_tx_rate", "400", 0 },
		{ "max_tx_rate", "4e2", -EINVAL }, { "spoofchk", "on", 0 },
		{ "state", "disable", 0 },	   { "state", "up", -EINVAL },
		{ "query_rss", "on", 0 },	   { "trust", "off", 0 },
		{ "speed", "1", -ENOENT },	   { "vf", "1", -ENOENT },
	};
	struct weir_vf_config c = { .sz = sizeof(c), .vf = 5 };
	char *text;
	json_t *o;

	for (size_t i = 0; i < WR_COUNT(cases); i++)
		assert_int_equal(weir_vf_config_parse(&c, cases[i].name, cases[i].text, NULL),
				 cases[i].code);
	assert_true(c.has == ALL);
	assert_int_equal(weir_vf_config_text(&c, &text), 0);
	assert_string_equal(text, "vf 5 mac 52:54:00:11:22:66 vlan 77 qos 3 proto 802.1ad min_tx_rate 20 "
				  "max_tx_rate 400 spoofchk on state disable query_rss on trust off");
	free(text);
	assert_int_equal(weir_vf_config_json(&c, &text), 0);
	o = json_loads(text, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(o, "max_tx_rate")), 400);
	assert_true(json_is_false(json_object_get(o, "trust")));
	assert_string_equal(json_string_value(json_object_get(o, "state")), "disable");
	json_decref(o);
	free(text);
}

/* --- bytes ------------------------------------------------------------------------------ */

static void as_iproute2_sends_it(void **state)
{
	struct weir_vf_config c = sample();
	wr_auto(batch) struct wr_batch b = { 0 }, b2 = { 0 };

	golden_compare("vf", message(&b, &c, ALL), NULL, 0);
	c = (struct weir_vf_config){ .sz = sizeof(c), .vf = 6, .vlan = 78, .qos = 2,
				     .vlan_protocol = WEIR_VLAN_8021AD };
	golden_compare("vf-8021ad", message(&b2, &c, WEIR_VF_VLAN), NULL, 0);
}

/* An igb with three VFs; the first has MAC, vlan and trust set, the second a rate. */
static void as_a_kernel_answers(void **state)
{
	struct nlmsghdr *msg = golden_read("vf-answer");
	struct wr_vf_state s;

	assert_int_equal(wr_vf_decode(msg, &s), 0);
	assert_string_equal(s.name, "eth0");
	assert_true(s.is_up && s.has_carrier);
	assert_int_equal(s.n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(s.vfs[i].vf, i);
		/* igb says nothing of RSS queries: -1 on the wire */
		assert_true(s.vfs[i].has == (ALL & ~WEIR_VF_RSS_QUERY));
		assert_int_equal(s.vfs[i].link_state, WEIR_VF_LINK_AUTO);
		assert_int_equal(s.vfs[i].vlan_protocol, WEIR_VLAN_8021Q);
		assert_int_equal(s.vfs[i].min_rate_mbit_per_s, 0);
	}
	assert_memory_equal(s.vfs[0].mac, "\x52\x54\x00\x00\x00\x01", 6);
	assert_int_equal(s.vfs[0].vlan, 7);
	assert_int_equal(s.vfs[0].qos, 3);
	assert_true(s.vfs[0].trust && s.vfs[0].spoof_check);
	assert_int_equal(s.vfs[1].max_rate_mbit_per_s, 100);
	assert_false(s.vfs[1].spoof_check);
	assert_false(s.vfs[2].trust);
	wr_vf_state_done(&s);
	free(msg);
}

/* Settings that are sent are what is read: for the kernel hands the same structs out. */
static void there_and_back(void **state)
{
	unsigned int seed = 1;

	for (int round = 0; round < 500; round++) {
		struct weir_vf_config c = sample();
		wr_auto(batch) struct wr_batch b = { 0 };
		struct wr_vf_state s;
		struct nlmsghdr *msg;

		c.vlan = (uint16_t)(rand_r(&seed) % 4096);
		c.qos = (uint8_t)(rand_r(&seed) % 8);
		c.vlan_protocol = WEIR_VLAN_8021AD;
		c.min_rate_mbit_per_s = (uint32_t)rand_r(&seed);
		c.max_rate_mbit_per_s = (uint32_t)rand_r(&seed);
		c.spoof_check = rand_r(&seed) & 1;
		c.trust = rand_r(&seed) & 1;
		c.link_state = (uint8_t)(rand_r(&seed) % 3);
		c.vf = (uint32_t)rand_r(&seed) % 256;
		msg = message(&b, &c, ALL);
		assert_int_equal(wr_vf_decode(msg, &s), 0);
		assert_int_equal(s.n, 1);
		/* with 802.1ad the vlan is in the list alone, which kernels never send alone */
		c.vlan = c.qos = 0;
		c.has &= ~(WEIR_VF_VLAN | WEIR_VF_QOS);
		assert_true(wr_table_equal(&wr_vf_config_table, &s.vfs[0], &c));
		wr_vf_state_done(&s);
	}
}

/* Wherever an answer is cut, nothing behind its end is read (the sanitizers would say). */
static void short_and_strange_answers(void **state)
{
	struct nlmsghdr *whole = golden_read("vf-answer");
	struct wr_vf_state s;

	for (uint32_t len = 0; len < whole->nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len + sizeof(*cut));

		memcpy(cut, whole, len > sizeof(*cut) ? len : sizeof(*cut));
		cut->nlmsg_len = len;
		if (wr_vf_decode(cut, &s) == 0)
			wr_vf_state_done(&s);
		free(cut);
	}
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_header_agree), cmocka_unit_test(parsed_and_printed),
		cmocka_unit_test(as_iproute2_sends_it),	 cmocka_unit_test(as_a_kernel_answers),
		cmocka_unit_test(there_and_back),	 cmocka_unit_test(short_and_strange_answers),
	};

	return cmocka_run_group_tests_name("settings of VFs", tests, NULL, NULL);
}
