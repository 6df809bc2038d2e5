/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links in a real kernel, made and looked at: see lib_link.h. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib_link.h"
#include "link/kinds.h"
#include "txn/txn.h"

int link_setup(void **state)
{
	if (own_setup(state))
		return -1;
	own_sh("ip link add low0 index %d address 52:54:00:00:10:00 type ifb && ip link set low0 up && "
	       "ip link add br9 index %d address 52:54:00:00:10:01 type bridge", LOW, MAIN_BR);
	return 0;
}

struct weir_link get(const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l = { .sz = sizeof(l) };

	if (weir_link_get(w, 0, name, &l, &err))
		fail_msg("%s: %s", name, err.msg);
	return l;
}

bool is_there(const char *name)
{
	struct weir_link l = { .sz = sizeof(l) };

	return weir_link_get(w, 0, name, &l, NULL) == 0;
}

/* --- the state of all links, to be compared ----------------------------------------------------- */

/* What goes on by itself, and what the kernel keeps of a link that was up or had ports. */
static bool is_residue(const char *key)
{
	static const char *const residues[] = {
		"qdisc", "tso_max_size", "tso_max_segs",
		/* what STP last told a port, which it does not tell one that is down */
		"bridge_id", "root_id", "root_path_cost", "designated_port", "designated_cost",
		/* what LACP and the monitor of a bond found out meanwhile */
		"mii_status", "ad_info", "ad_aggregator_id", "ad_actor_oper_port_state", "ad_actor_oper_port_state_str",
		"ad_partner_oper_port_state", "ad_partner_oper_port_state_str",
	};

	for (size_t i = 0; i < WR_COUNT(residues); i++)
		if (!strcmp(residues[i], key))
			return true;
	return strlen(key) > 6 && !strcmp(key + strlen(key) - 6, "_timer");
}

/* Carrier is noticed later, by itself: so are the words and states that follow from it. */
static void drop_carrier(json_t *flags)
{
	for (size_t i = json_array_size(flags); i > 0; i--) {
		const char *flag = json_string_value(json_array_get(flags, i - 1));

		if (flag && (!strcmp(flag, "NO-CARRIER") || !strcmp(flag, "LOWER_UP")))
			json_array_remove(flags, i - 1);
	}
}

static void drop_residue(json_t *j)
{
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(j, next, key, value) {
		if (!strcmp(key, "flags"))
			drop_carrier(value);
		/* the number of a port, which says when it came; vlans have numbers, not texts */
		if ((!strcmp(key, "id") || !strcmp(key, "no")) && json_is_string(value))
			json_object_del(j, key);
		else if (is_residue(key) || !strcmp(key, "operstate") || !strcmp(key, "state"))
			json_object_del(j, key);
		else
			drop_residue(value);
	}
	json_array_foreach(j, i, value)
		drop_residue(value);
}

json_t *all_links(void)
{
	json_t *j = own_json("ip -d -j link show");

	drop_residue(j);
	return j;
}

/* The members that differ, one line each. */
static void show_difference(const char *path, const json_t *a, const json_t *b)
{
	char *x, *y, inner[256];
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(a) && json_is_object(b)) {
		json_object_foreach((json_t *)a, key, value) {
			snprintf(inner, sizeof(inner), "%s.%s", path, key);
			show_difference(inner, value, json_object_get(b, key));
		}
		json_object_foreach((json_t *)b, key, value)
			if (!json_object_get(a, key))
				print_message("%s.%s is new\n", path, key);
		return;
	}
	if (json_is_array(a) && json_array_size(a) == json_array_size(b)) {
		json_array_foreach(a, i, value) {
			const char *name = json_string_value(json_object_get(value, "ifname"));

			snprintf(inner, sizeof(inner), "%s[%zu]%s%s", path, i, name ? " " : "", name ? name : "");
			show_difference(inner, value, json_array_get(b, i));
		}
		return;
	}
	if (json_equal(a, b))
		return;
	x = json_dumps(a, JSON_ENCODE_ANY);
	y = json_dumps(b, JSON_ENCODE_ANY);
	print_message("%s: %s, now %s\n", path, x, y);
	free(x);
	free(y);
}

void same_json(const json_t *before, const json_t *now, const char *what)
{
	if (json_equal(before, now))
		return;
	show_difference("", before, now);
	fail_msg("%s: links differ", what);
}

void same_links(const json_t *before, const char *what)
{
	json_t *now = all_links();

	same_json(before, now, what);
	json_decref(now);
}

/* --- three readers ---------------------------------------------------------------------------------- */

void read_by_us(const struct weir_link *want, const char *what)
{
	struct weir_link is = get(want->name);
	char *diff = NULL;

	if (weir_link_diff(want, &is, &diff))
		fail_msg("%s: we read:\n%s", what, diff);
	free(diff);
}

static const char *name_of(uint32_t ifindex)
{
	static char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name) ? name : "";
}

static bool has_string(const json_t *list, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
		if (!strcmp(json_string_value(value), text))
			return true;
	return false;
}

/* In the kernel's order, which is not ours. */
static bool json_macs(const json_t *list, const struct wr_field *f, const void *obj)
{
	for (uint32_t i = 0; i < wr_array_count(f, obj); i++) {
		char mac[18];

		wr_mac_format(wr_array_item(f, obj, i), mac);
		if (!has_string(list, mac))
			return false;
	}
	return json_array_size(list) == wr_array_count(f, obj);
}

static bool json_range(const json_t *j, const struct wr_field *f, const void *obj)
{
	struct weir_udp_ports range;

	memcpy(&range, wr_member(f, obj), sizeof(range));
	return json_integer_value(json_object_get(j, "low")) == range.first &&
	       json_integer_value(json_object_get(j, "high")) == range.last;
}

/* [{"from":1,"to":2}] or ["192.0.2.1"]; what is empty is not shown. */
static bool json_lists(const json_t *j, const struct wr_field *f, const void *obj)
{
	char *told = j ? json_dumps(j, JSON_COMPACT) : strdup("[]");
	wr_auto(str) struct wr_str want = { 0 };

	wr_str_putc(&want, '[');
	for (uint32_t i = 0; i < wr_array_count(f, obj); i++) {
		struct weir_pair p;
		char ip[WEIR_IP_TEXT];

		memcpy(&p, wr_array_item(f, obj, i), sizeof(p));
		if (f->codec == WR_IPS)
			wr_str_printf(&want, "%s\"%s\"", i ? "," : "", weir_ip_format(wr_array_item(f, obj, i), ip));
		else if (p.to)
			wr_str_printf(&want, "%s{\"from\":%u,\"to\":%u}", want.len > 1 ? "," : "", p.from, p.to);
	}
	wr_str_putc(&want, ']');
	if (strcmp(told, wr_str_text(&want)) != 0)
		fail_msg("ip shows %s: %s instead of %s", f->name, told, wr_str_text(&want));
	free(told);
	return true;
}

/* One of the words in "flags": REORDER_HDR for reorder_hdr. */
static bool json_flags(const json_t *flags, const char *name)
{
	json_t *value;
	size_t i;

	json_array_foreach(flags, i, value)
		if (!strcasecmp(json_string_value(value), name))
			return true;
	return false;
}

/* 1 and on, 0x4000 and 16384: words of two tools for one value. */
static bool json_says(const json_t *j, const struct wr_field *f, const void *obj)
{
	wr_auto(str) struct wr_str text = { 0 };

	if (f->flags & WR_IFINDEX)
		return !strcmp(j ? json_string_value(j) : "", name_of((uint32_t)wr_load(f, obj)));
	if (f->codec == WR_MACS)
		return json_macs(j, f, obj);
	if (f->codec == WR_RANGE)
		return json_range(j, f, obj);
	if (wr_is_array(f))
		return json_lists(j, f, obj);
	wr_field_text(f, obj, &text);
	if (wr_is_integer(f) && (!j || json_is_null(j)))	/* as ip shows arp_validate none */
		return wr_load(f, obj) == 0;
	if (json_is_boolean(j))
		return json_is_true(j) == (wr_load(f, obj) != 0);
	if (json_is_integer(j))
		return (uint64_t)json_integer_value(j) == wr_load(f, obj);
	return json_is_string(j) && !strcasecmp(json_string_value(j), wr_str_text(&text));
}

/* Rows that `ip -j` calls otherwise, or shows otherwise (NULL: looked at apart). */
static const char *ip_key(const struct wr_table *t, const struct wr_field *f)
{
	static const char *const keys[][2] = {
		{ "name", "ifname" }, { "txqueuelen", "txqlen" }, { "alias", "ifalias" },
		{ "addrgenmode", "inet6_addr_gen_mode" }, { "numtxqueues", "num_tx_queues" },
		{ "numrxqueues", "num_rx_queues" }, { "user", NULL }, { "master", NULL },
		{ "link", NULL }, { "group", NULL }, { "up", NULL }, { "persist", "persist" },
		{ "dev", "link" }, { "dstport", "port" }, { "flowlabel", "label" }, { "maxaddress", "limit" },
		{ "udpcsum", "udp_csum" }, { "udp6zerocsumtx", "udp_zero_csum6_tx" },
		{ "udp6zerocsumrx", "udp_zero_csum6_rx" }, { "numqueues", NULL }, { "numdisabled", NULL },
		{ "num_grat_arp", "num_peer_notif" }, { "lacp_active", "ad_lacp_active" },
		{ "lacp_rate", "ad_lacp_rate" }, { "ingress-qos-map", "ingress_qos" },
		{ "egress-qos-map", "egress_qos" }, { "srcport", "port_range" }, { "macaddr_count", NULL },
		{ "ttl_inherit", NULL }, { "group_fwd_mask", "group_fwd_mask_str" },
	};

	if (t == &wr_bridge_port_table && !strcmp(f->name, "mcast_router"))
		return "multicast_router";
	for (size_t i = 0; i < WR_COUNT(keys); i++)
		if (!strcmp(keys[i][0], f->name) && !(t == wr_kind(WEIR_LINK_BRIDGE)->table && f->flags & WR_HEX))
			return keys[i][1];
	return f->name;
}

static void ip_shows_rows(const struct wr_table *t, const void *want, const json_t *j, const char *what)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];
		const char *key = ip_key(t, f);
		char six[32];

		/* iproute2 6.1 has no word for this flag of macvlans in JSON, and "mode" is "type" of taps. */
		if (!wr_has(t, f, want) || !key || !strcmp(t->name, "tun") || !strcmp(f->name, "flags"))
			continue;
		if (f->codec == WR_IP && ((const struct weir_ip *)wr_member(f, want))->family == WEIR_FAMILY_IPV6) {
			snprintf(six, sizeof(six), "%s6", key);
			key = six;
		}
		/* A list of words for vlans; bridges have a number for each. */
		if (f->codec == WR_BIT && !strcmp(t->name, "vlan")) {
			if (json_flags(json_object_get(j, "flags"), f->name) != (wr_load(f, want) != 0))
				fail_msg("%s: ip shows another flag %s", what, f->name);
			continue;
		}
		/* What is empty is not shown. */
		if (f->codec == WR_NAME && !*(const char *)wr_member(f, want))
			assert_null(json_object_get(j, key));
		else if (!json_says(json_object_get(j, key), f, want))
			fail_msg("%s: ip shows another %s.%s", what, t->name, f->name);
	}
}

bool has_flag(const json_t *j, const char *flag)
{
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(j, "flags"), i, value)
		if (!strcmp(json_string_value(value), flag))
			return true;
	return false;
}

void read_by_ip(const struct weir_link *want, const char *what)
{
	json_t *all = own_json("ip -d -j link show dev '%s'", want->name), *j = json_array_get(all, 0);
	json_t *info = json_object_get(j, "linkinfo"), *data = json_object_get(info, "info_data");
	const struct wr_kind *k = wr_kind(want->kind);
	const char *text;
	char group[16];

	ip_shows_rows(&wr_link_table, want, j, what);
	ip_shows_rows(&wr_link_inet6_table, want, j, what);
	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++)
		ip_shows_rows(p->table, wr_port_data(p, want), json_object_get(info, "info_slave_data"), what);
	if (k && k->table)
		ip_shows_rows(k->table, wr_kind_data(k, want), data, what);
	assert_string_equal(json_string_value(json_object_get(info, "info_kind")), k ? k->name : "");
	if (want->has & WEIR_LINK_UP && has_flag(j, "UP") != want->is_up)
		fail_msg("%s: ip shows: up %d", what, !want->is_up);
	text = json_string_value(json_object_get(j, "master"));
	if (want->has & WEIR_LINK_MASTER && strcmp(text ? text : "", name_of(want->master)) != 0)
		fail_msg("%s: ip shows master %s", what, text);
	snprintf(group, sizeof(group), "%u", want->group);
	text = json_string_value(json_object_get(j, "group"));
	if (want->has & WEIR_LINK_GROUP_SET && want->group && strcmp(text, group) != 0)
		fail_msg("%s: ip shows group %s", what, text);
	json_decref(all);
}

void read_by_all(const struct weir_link *want, const char *what)
{
	read_by_us(want, what);
	read_by_ip(want, what);
	read_by_nl(want, what);
}

/* What is there once @set was laid over @add. */
static void overlay(const struct wr_table *t, void *onto, const void *from)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (!wr_has(t, f, from))
			continue;
		memcpy(wr_member(f, onto), wr_member(f, from), f->size);
		wr_set_has(t, f, onto);
	}
}

static struct weir_link changed(const struct life *life)
{
	const struct wr_kind *k = wr_kind(life->add.kind);
	struct weir_link l = life->add;

	/* A link that leaves its master is no port of it any more. */
	if (life->set.has & WEIR_LINK_MASTER && life->set.master != l.master)
		wr_port_clear(&l);
	overlay(&wr_link_table, &l, &life->set);
	overlay(&wr_link_inet6_table, &l, &life->set);
	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++)
		overlay(p->table, wr_port_data(p, &l), wr_port_data(p, &life->set));
	if (k->table)
		overlay(k->table, wr_kind_data(k, &l), wr_kind_data(k, &life->set));
	return l;
}

static int add(struct weir_txn *t, const struct weir_link *l)
{
	return l->kind == WEIR_LINK_TUN ? weir_txn_tap_add(t, l, 0, NULL) : weir_txn_link_add(t, l);
}

void live(const struct life *life)
{
	json_t *before = all_links(), *made;
	struct weir_link want = life->add, set = life->set;
	struct weir_txn *t = begin();

	add(t, &life->add);
	commit_and_fail(t, life->name);
	same_links(before, life->name);
	t = begin();
	set.ifindex = add(t, &life->add);
	set.has |= WEIR_LINK_IFINDEX;
	commit(t, life->name);
	want.has |= WEIR_LINK_GROUP_SET;
	want.group = life->add.has & WEIR_LINK_GROUP_SET ? life->add.group : WEIR_LINK_GROUP;
	read_by_all(&want, life->name);
	made = all_links();
	t = begin();
	weir_txn_link_set(t, &set);
	commit_and_fail(t, life->name);
	same_links(made, life->name);
	t = begin();
	weir_txn_link_set(t, &set);
	commit(t, life->name);
	want = changed(life);
	read_by_all(&want, life->name);
	t = begin();
	weir_txn_link_del(t, set.ifindex, want.name);
	commit(t, life->name);
	same_links(before, life->name);
	json_decref(before);
	json_decref(made);
}
