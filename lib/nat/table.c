/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table "inet weir": its constant rules, reading what a listing of it says,
 * and the script that leads from there to what a network wants. Text in, text
 * out; nft.c talks to the kernel.
 *
 * Rules return where a packet may pass one side, so that the other side is still
 * asked; only `same` and the in_* chains accept. The host's own traffic crosses
 * none of this: there are no input and output chains, and in postrouting a packet
 * has an incoming link only if it was forwarded. For the same reason nothing sent
 * to 224.0.0.0/24, 255.255.255.255 or ff02::/16 is translated: it is never
 * forwarded. What is, was asked for its source in out_any, so that the link it
 * came from is all that postrouting needs to know.
 *
 * An element that leads to a chain has the kernel walk all such elements when it
 * is committed, each with its chains, as far as a rule asks for them. So what most
 * networks are, mode nat or route by any link and translation to the usual ports,
 * is in sets of names; the maps have what is left. No rule asks "users": it holds
 * the chains of those networks.
 *
 * A set with intervals is copied for each commit that touches it, and searched from
 * end to end for an element that goes. So a subnet of the usual size, /24 or /64, is
 * in a hashed set and asked for by the address with its last part masked off; other
 * sizes are in the sets with intervals, which are asked afterwards.
 *
 * Tables of older versions have all of it in the maps and in the sets with intervals,
 * where it is still found, and lack the other sets. They have all the chains, so
 * their elements are removed like others.
 */
#include <stdio.h>

#include <linux/netfilter.h>

#include "nat/nat.h"

/*
 * All of it may be run again where the table is there: declarations are no error
 * then, and rules are flushed before they are added; nftables has no "add this
 * rule unless it is there". Rules are not written inside of the chains: naming a
 * chain twice is a change of it for the kernel, and closing the socket then waits
 * 10 ms for a grace period.
 */
static const char make_table[] =
	"table inet weir {\n"
	"	comment \"made by weir\"\n"
	"	set same { type ifname . ifname; }\n"
	"	set uplink { type ifname . ifname; }\n"
	"	set net4 { type ifname . ipv4_addr; flags interval; }\n"
	"	set net6 { type ifname . ipv6_addr; flags interval; }\n"
	"	set net4_24 { type ifname . ipv4_addr; }\n"
	"	set net6_64 { type ifname . ipv6_addr; }\n"
	"	set in4 { type ifname . ipv4_addr; flags interval; }\n"
	"	set in6 { type ifname . ipv6_addr; flags interval; }\n"
	"	set in4_24 { type ifname . ipv4_addr; }\n"
	"	set in6_64 { type ifname . ipv6_addr; }\n"
	"	set routed { type ifname; }\n"
	"	set masq4 { type ifname; }\n"
	"	set masq6 { type ifname; }\n"
	"	map users { type ifname : verdict; }\n"
	"	map from_if { type ifname : verdict; }\n"
	"	map to_if { type ifname : verdict; }\n"
	"	map nat4 { type ifname : verdict; }\n"
	"	map nat6 { type ifname : verdict; }\n"
	"	chain refuse { }\n"
	"	chain out_any { }\n"
	"	chain out_dev { }\n"
	"	chain in_any { }\n"
	"	chain in_dev { }\n"
	"	chain forward { type filter hook forward priority filter; policy accept; }\n"
	"	chain postrouting { type nat hook postrouting priority srcnat; policy accept; }\n"
	"}\n"
	"flush chain inet weir refuse\n"
	"flush chain inet weir out_any\n"
	"flush chain inet weir out_dev\n"
	"flush chain inet weir in_any\n"
	"flush chain inet weir in_dev\n"
	"flush chain inet weir forward\n"
	"flush chain inet weir postrouting\n"
	"add rule inet weir refuse reject with icmpx port-unreachable\n"
	"add rule inet weir out_any iifname . ip saddr & 255.255.255.0 @net4_24 return\n"
	"add rule inet weir out_any iifname . ip6 saddr & ffff:ffff:ffff:ffff:: @net6_64 return\n"
	"add rule inet weir out_any iifname . ip saddr @net4 return\n"
	"add rule inet weir out_any iifname . ip6 saddr @net6 return\n"
	"add rule inet weir out_any goto refuse\n"
	"add rule inet weir out_dev iifname . oifname @uplink goto out_any\n"
	"add rule inet weir out_dev goto refuse\n"
	"add rule inet weir in_any ct state established,related accept\n"
	"add rule inet weir in_any oifname . ip daddr & 255.255.255.0 @in4_24 accept\n"
	"add rule inet weir in_any oifname . ip6 daddr & ffff:ffff:ffff:ffff:: @in6_64 accept\n"
	"add rule inet weir in_any oifname . ip daddr @in4 accept\n"
	"add rule inet weir in_any oifname . ip6 daddr @in6 accept\n"
	"add rule inet weir in_any goto refuse\n"
	"add rule inet weir in_dev oifname . iifname @uplink goto in_any\n"
	"add rule inet weir in_dev goto refuse\n"
	"add rule inet weir forward iifname . oifname @same accept\n"
	"add rule inet weir forward iifname @routed jump out_any\n"
	"add rule inet weir forward iifname vmap @from_if\n"
	"add rule inet weir forward oifname @routed goto in_any\n"
	"add rule inet weir forward oifname vmap @to_if\n"
	"add rule inet weir postrouting iifname . oifname @same return\n"
	"add rule inet weir postrouting meta nfproto ipv4 iifname @masq4 meta l4proto { tcp, udp } masquerade to :1024-65535\n"
	"add rule inet weir postrouting meta nfproto ipv4 iifname @masq4 masquerade\n"
	"add rule inet weir postrouting meta nfproto ipv6 iifname @masq6 meta l4proto { tcp, udp } masquerade to :1024-65535\n"
	"add rule inet weir postrouting meta nfproto ipv6 iifname @masq6 masquerade\n"
	"add rule inet weir postrouting meta nfproto ipv4 iifname vmap @nat4\n"
	"add rule inet weir postrouting meta nfproto ipv6 iifname vmap @nat6\n";

/*
 * The kernel refuses to delete a chain that an element leads to, and each network
 * has such an element. So when another process, with a state directory of its own,
 * added a network a moment ago, this fails as a whole instead of taking its
 * protection away.
 */
static const char remove_table[] =
	"delete chain inet weir forward\n"
	"delete chain inet weir postrouting\n"
	"delete chain inet weir in_dev\n"
	"delete chain inet weir in_any\n"
	"delete chain inet weir out_dev\n"
	"delete chain inet weir out_any\n"
	"delete chain inet weir refuse\n"
	"delete table inet weir\n";

static const struct wr_nat_set sets[] = {
	{ "same", "nn", false }, { "uplink", "nn", false },
	{ "net4", "n4", true }, { "net6", "n6", true }, { "net4_24", "n4", false }, { "net6_64", "n6", false },
	{ "in4", "n4", true }, { "in6", "n6", true }, { "in4_24", "n4", false }, { "in6_64", "n6", false },
	{ "routed", "n", false }, { "masq4", "n", false }, { "masq6", "n", false },
	{ "users", "n", false }, { "from_if", "n", false }, { "to_if", "n", false },
	{ "nat4", "n", false }, { "nat6", "n", false }, { NULL, NULL, false },
};

const struct wr_nat_rules wr_nat_rules = {
	.table = "inet weir", .family = NFPROTO_INET, .make = make_table, .remove = remove_table, .sets = sets, .latest = "in6_64", .place = 0,
};

/* --- lists ------------------------------------------------------------------- */

const char *wr_nat_next_line(const char **list, size_t *ret_len)
{
	const char *line = *list;

	if (!*line)
		return NULL;
	*list = strchrnul(line, '\n');
	*ret_len = (size_t)(*list - line);
	*list += **list == '\n';
	return line;
}

static bool has_line(const char *list, const char *line, size_t len)
{
	const char *other;
	size_t other_len;

	while ((other = wr_nat_next_line(&list, &other_len)))
		if (other_len == len && !memcmp(other, line, len))
			return true;
	return false;
}

/* "add" or "delete" every line of @list that is not in @except. */
static void put_elements(struct wr_str *out, const struct wr_nat_rules *rules, const char *verb,
			 const char *list, const char *except)
{
	const char *line;
	size_t len;

	while ((line = wr_nat_next_line(&list, &len))) {
		size_t set = strcspn(line, " \n");

		if (set < len && !has_line(except, line, len))
			wr_str_printf(out, "%s element %s %.*s { %.*s }\n", verb, rules->table, (int)set,
				      line, (int)(len - set - 1), line + set + 1);
	}
}

/* --- the chains p_*: one for each distinct way of translating ------------------ */

/* Appends the chains that a list leads to, one per line and each once. */
static void list_chains(const char *list, struct wr_str *out)
{
	static const char link[] = " : goto p_";
	const char *line;
	size_t len;

	while ((line = wr_nat_next_line(&list, &len))) {
		const char *chain = memmem(line, len, link, sizeof(link) - 1);
		size_t n;

		if (!chain)
			continue;
		chain += sizeof(link) - 3;
		n = len - (chain - line);
		if (wr_nat_is_chain(chain, n) && !has_line(wr_str_text(out), chain, n))
			wr_str_printf(out, "%.*s\n", (int)n, chain);
	}
}

static void put_chain(struct wr_str *out, const char *name, size_t len)
{
	char chain[128], rule[160];
	const char *ports = memrchr(name + 2, '_', len - 2);
	const char *addresses = ports ? name + 2 : NULL;
	int n_addresses = ports ? (int)(ports - addresses) : 0;
	int n_ports;

	ports = ports ? ports + 1 : name + 2;
	n_ports = (int)(name + len - ports);
	wr_format(chain, sizeof(chain), "%.*s", (int)len, name);
	wr_format(rule, sizeof(rule), "add rule inet weir %s", chain);
	wr_str_printf(out, "add chain inet weir %s\nflush chain inet weir %s\n", chain, chain);
	if (addresses)
		wr_str_printf(out, "%s meta l4proto { tcp, udp } snat ip to %.*s:%.*s\n"
				   "%s snat ip to %.*s\n",
			      rule, n_addresses, addresses, n_ports, ports,
			      rule, n_addresses, addresses);
	wr_str_printf(out, "%s meta l4proto { tcp, udp } masquerade to :%.*s\n%s masquerade\n",
		      rule, n_ports, ports, rule);
}

static void put_chains(struct wr_str *out, const char *list, const char *except)
{
	wr_auto(str) struct wr_str chains = { 0 };
	const char *text, *name;
	size_t len;

	list_chains(list, &chains);
	text = wr_str_text(&chains);
	while ((name = wr_nat_next_line(&text, &len)))
		if (!has_line(except, name, len))
			put_chain(out, name, len);
}

static void delete_chains(struct wr_str *out, const char *chains, const char *used)
{
	const char *name;
	size_t len;

	while ((name = wr_nat_next_line(&chains, &len)))
		if (!has_line(used, name, len))
			wr_str_printf(out, "delete chain inet weir %.*s\n", (int)len, name);
}

/* --- reading a listing ----------------------------------------------------------- */

/* From behind "elements = {" to the brace that ends them, over any number of lines. */
static const char *read_elements(struct wr_nat_table *table, const char *text, const char *set)
{
	static const char space[] = " \t\n";

	while (*text && *text != '}') {
		const char *element = text + strspn(text, space);
		size_t len = strcspn(element, ",}");

		text = element + len + (element[len] == ',');
		while (len && strchr(space, element[len - 1]))
			len--;
		if (len)
			wr_str_printf(&table->others, "%s %.*s\n", set, (int)len, element);
	}
	return text;
}

void wr_nat_table_read(struct wr_nat_table *table, const struct wr_nat_rules *rules, const char *listing)
{
	static const char elements[] = "elements = {";
	char set[32] = "", word[8], name[128];
	bool is_ours = false, has_latest = !rules->latest;
	const char *line;
	size_t len;

	table->is_there = true;
	while ((line = wr_nat_next_line(&listing, &len))) {
		const char *text = line + strspn(line, "\t");

		if (!strncmp(text, elements, sizeof(elements) - 1)) {
			listing = read_elements(table, text + sizeof(elements) - 1, set);
			continue;
		}
		if (sscanf(text, "%7[a-z] %127s {", word, name) != 2)
			continue;
		is_ours |= !strcmp(word, "comment");
		if (!strcmp(word, "set") || !strcmp(word, "map")) {
			wr_copy(set, sizeof(set), name);
			has_latest = has_latest || !strcmp(set, rules->latest);
		}
		if (!strcmp(word, "chain") && wr_nat_is_chain(name, strlen(name)))
			wr_str_printf(&table->chains, "%s\n", name);
	}
	table->is_old = is_ours && !has_latest;
}

/* --- seen from a bridge ------------------------------------------------------------ */

/* Text from @from on moves down to @to, until @end. */
static char *keep(char *to, const char *from, const char *end)
{
	memmove(to, from, (size_t)(end - from));
	return to + (end - from);
}

/* A search for the name passes over most lines in a tenth of the time that looking at each takes. */
void wr_nat_table_turn(struct wr_nat_table *table, const char *bridge)
{
	struct wr_str *others = &table->others;
	char begin[sizeof(table->bridge)], *text, *to, *from, *at;

	wr_format(begin, sizeof(begin), " \"%s\"", bridge);
	if (!strcmp(begin, table->bridge))
		return;
	wr_copy(table->bridge, sizeof(table->bridge), begin);
	wr_str_puts(others, wr_str_text(&table->own));
	others->failed |= table->own.failed;
	wr_str_clear(&table->own);
	text = to = from = others->data;
	at = text ? strstr(text, begin) : NULL;
	while (at) {
		char *before = memrchr(from, '\n', (size_t)(at - from)), *line = before ? before + 1 : from;
		char *end = strchrnul(at, '\n') + 1;

		if (!memchr(line, ' ', (size_t)(at - line))) {	/* the element's first word, not its second */
			/* A hashed set that grows while it is read tells of an element twice. */
			if (!has_line(wr_str_text(&table->own), line, (size_t)(end - line) - 1))
				wr_str_add(&table->own, line, (size_t)(end - line));
			to = keep(to, from, line);
			from = end;
		}
		at = strstr(end, begin);
	}
	if (from == text)
		return;
	to = keep(to, from, text + others->len + 1);
	others->len = (size_t)(to - text) - 1;
}

void wr_nat_table_become(struct wr_nat_table *table, const char *want)
{
	bool has_chains = table->chains.len > 0;

	wr_str_clear(&table->own);
	wr_str_puts(&table->own, want);
	wr_str_clear(&table->chains);
	list_chains(want, &table->chains);
	if (has_chains)
		list_chains(wr_str_text(&table->others), &table->chains);
	table->is_there = table->own.len + table->others.len > 0;
	table->is_old = table->is_old && table->is_there && !*want;
}

void wr_nat_table_done(struct wr_nat_table *table)
{
	wr_str_done(&table->own);
	wr_str_done(&table->others);
	wr_str_done(&table->chains);
}

/* --- scripts ----------------------------------------------------------------------- */

void wr_nat_script(const struct wr_nat_rules *rules, const struct wr_nat_table *table,
		   const char *want, struct wr_str *out)
{
	const char *own = wr_str_text(&table->own), *others = wr_str_text(&table->others);
	const char *chains = wr_str_text(&table->chains);
	wr_auto(str) struct wr_str used = { 0 };

	if (*want && (!table->is_there || table->is_old))
		wr_str_puts(out, rules->make);
	put_chains(out, want, chains);
	put_elements(out, rules, "delete", own, want);
	put_elements(out, rules, "add", want, own);
	if (*chains) {
		list_chains(want, &used);
		list_chains(others, &used);
		delete_chains(out, chains, wr_str_text(&used));
	}
	if (table->is_there && !*want && !*others)
		wr_str_puts(out, rules->remove);
	out->failed |= used.failed || table->own.failed || table->others.failed ||
		       table->chains.failed;
}

static void put_command(struct wr_str *out, const char *options, const char *script)
{
	wr_str_printf(out, "%snft -f - <<'WEIR-EOF'%s\n%sWEIR-EOF", out->len ? "\n" : "", options,
		      script);
}

/* What nobody else needs goes too; the kernel knows and refuses the rest. */
static void plan_removal(const struct wr_nat_rules *rules, const char *before, struct wr_str *out)
{
	wr_auto(str) struct wr_str script = { 0 }, chains = { 0 };

	if (!*before)
		return;
	put_elements(&script, rules, "delete", before, "");
	put_command(out, "", wr_str_text(&script));
	wr_str_done(&script);
	list_chains(before, &chains);
	delete_chains(&script, wr_str_text(&chains), "");
	if (script.len)
		put_command(out, " 2>/dev/null || :", wr_str_text(&script));
	put_command(out, " 2>/dev/null || :", rules->remove);
	out->failed |= script.failed || chains.failed;
}

void wr_nat_plan(const struct wr_nat_rules *rules, const char *before, const char *want,
		 struct wr_str *out)
{
	const struct wr_nat_table nothing = { 0 };
	wr_auto(str) struct wr_str script = { 0 };

	if (!*want) {
		plan_removal(rules, before, out);
		return;
	}
	wr_nat_script(rules, &nothing, want, &script);
	put_command(out, "", wr_str_text(&script));
	out->failed |= script.failed;
}
