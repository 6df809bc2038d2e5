/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scripts of nothing but elements as messages to nf_tables: what starting and stopping
 * one network among others, or one port, comes down to. libnftables does it in twenty
 * times the time and more, because it asks for the table and its sets first.
 *
 *	batch	if the ruleset still is the generation that the table was read at
 *	DELSETELEM, NEWSETELEM...	one for each line of the script
 *	end
 *
 * It is one transaction: all of it or nothing. Other scripts, and whatever fails here,
 * are libnftables' (nft.c), which also has the words for an error.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/ip.h"
#include "base/table.h"
#include "nat/nat.h"

/* --- messages --------------------------------------------------------------------- */

static size_t begin_msg(struct wr_str *s, uint16_t type, uint16_t flags, uint8_t family, uint16_t id)
{
	const struct {
		struct nlmsghdr nlh;
		struct nfgenmsg gen;
	} head = {
		.nlh = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags },
		.gen = { .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(id) },
	};
	size_t at = s->len;

	wr_str_add(s, &head, sizeof(head));
	return at;
}

/* Attributes, messages and nests begin with their length, in 2 or 4 bytes. */
static void end_msg(struct wr_str *s, size_t at)
{
	uint32_t len = (uint32_t)(s->len - at);

	if (!s->failed)
		memcpy(s->data + at, &len, sizeof(len));
}

static size_t nest(struct wr_str *s, uint16_t type)
{
	const struct nlattr a = { .nla_type = NLA_F_NESTED | type };
	size_t at = s->len;

	wr_str_add(s, &a, sizeof(a));
	return at;
}

static void end_nest(struct wr_str *s, size_t at)
{
	uint16_t len = (uint16_t)(s->len - at);

	if (!s->failed)
		memcpy(s->data + at, &len, sizeof(len));
}

static void put(struct wr_str *s, uint16_t type, const void *data, size_t len)
{
	const struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + len), .nla_type = type };

	wr_str_add(s, &a, sizeof(a));
	wr_str_add(s, data, len);
	wr_str_grow(s, NLA_ALIGN(len) - len);
}

static void put_text(struct wr_str *s, uint16_t type, const char *text, size_t len)
{
	char buf[128] = "";

	wr_format(buf, sizeof(buf), "%.*s", (int)len, text);
	put(s, type, buf, strlen(buf) + 1);
}

static void put_be32(struct wr_str *s, uint16_t type, uint32_t value)
{
	uint32_t be = htonl(value);

	put(s, type, &be, sizeof(be));
}

/* --- keys --------------------------------------------------------------------------- */

/* The first and the last key that an element stands for; parts take whole words of 4 bytes. */
struct key {
	uint8_t first[64], last[64];
	size_t len;
};

static void add_part(struct key *key, const void *first, const void *last, size_t len)
{
	memcpy(key->first + key->len, first, len);
	memcpy(key->last + key->len, last, len);
	key->len += (len + 3) & ~(size_t)3;
}

static bool add_name(struct key *key, const char *text, size_t len)
{
	char name[16] = "";

	if (len < 3 || len > sizeof(name) + 1 || text[len - 1] != '"')
		return false;
	memcpy(name, text + 1, len - 2);
	add_part(key, name, name, sizeof(name));
	return true;
}

/* "10.0.0.0/24", or one address. */
static bool add_ip(struct key *key, char *text)
{
	char *slash = strchr(text, '/');
	struct weir_ip first, last;
	unsigned int prefix;

	if (slash)
		*slash = '\0';
	if (weir_ip_parse(text, &first))
		return false;
	prefix = slash ? (unsigned int)strtoul(slash + 1, NULL, 10) : wr_ip_bits(&first);
	last = wr_ip_last(&first, prefix);
	add_part(key, first.bytes, last.bytes, wr_ip_bits(&first) / 8);
	return true;
}

/* "0x1f": a number of 128 bits, as network order has it. */
static bool add_number(struct key *key, const char *text)
{
	uint8_t bytes[16] = { 0 };
	size_t n = strlen(text += 2);

	if (n > 2 * sizeof(bytes) || text[strspn(text, "0123456789abcdef")])
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned int c = (unsigned char)text[n - 1 - i];
		unsigned int digit = c <= '9' ? c - '0' : c - 'a' + 10;

		bytes[15 - i / 2] |= (uint8_t)(digit << (i % 2 ? 4 : 0));
	}
	add_part(key, bytes, bytes, sizeof(bytes));
	return true;
}

static bool add_word(struct key *key, const char *text, size_t len)
{
	char word[WEIR_IP_TEXT + 8];
	uint8_t mac[6];

	if (*text == '"')
		return add_name(key, text, len);
	if (len >= sizeof(word))
		return false;
	wr_format(word, sizeof(word), "%.*s", (int)len, text);
	if (!strncmp(word, "0x", 2))
		return add_number(key, word);
	if (wr_mac_parse(word, mac))
		return add_ip(key, word);
	add_part(key, mac, mac, sizeof(mac));
	return true;
}

/* Words with " . " between them. */
static bool read_key(const char *text, size_t len, struct key *ret)
{
	const char *end = text + len;

	*ret = (struct key){ .len = 0 };
	for (size_t n = 0; n < 2; n++) {
		const char *dot = memmem(text, (size_t)(end - text), " . ", 3);

		if (!add_word(ret, text, (size_t)((dot ? dot : end) - text)))
			return false;
		if (!dot)
			return true;
		text = dot + 3;
	}
	return false;
}

/* --- elements ------------------------------------------------------------------------ */

static void put_value(struct wr_str *s, uint16_t type, const void *data, size_t len)
{
	size_t at = nest(s, type);

	put(s, NFTA_DATA_VALUE, data, len);
	end_nest(s, at);
}

/* "goto CHAIN", "jump CHAIN" */
static void put_verdict(struct wr_str *s, const char *text, size_t len)
{
	size_t data = nest(s, NFTA_SET_ELEM_DATA), verdict = nest(s, NFTA_DATA_VERDICT);

	put_be32(s, NFTA_VERDICT_CODE, (uint32_t)(*text == 'g' ? NFT_GOTO : NFT_JUMP));
	put_text(s, NFTA_VERDICT_CHAIN, text + 5, len - 5);
	end_nest(s, verdict);
	end_nest(s, data);
}

static bool has_ranges(const struct wr_nat_rules *rules, const char *set, size_t len)
{
	for (size_t i = 0; rules->sets[i].name; i++)
		if (strlen(rules->sets[i].name) == len && !memcmp(set, rules->sets[i].name, len))
			return rules->sets[i].has_ranges;
	return false;
}

/* "SET { ELEMENT }"; what an element leads to is not asked when it goes. */
static bool put_element(struct wr_str *s, const struct wr_nat_rules *rules, const char *text, size_t len, bool is_new)
{
	const char *set = text, *end = text + len - 2, *verdict;
	size_t set_len = strcspn(text, " "), list, element;
	struct key key;

	if (len < set_len + 5 || memcmp(set + set_len, " { ", 3) || memcmp(end, " }", 2))
		return false;
	text += set_len + 3;
	verdict = memmem(text, (size_t)(end - text), " : ", 3);
	if (!read_key(text, (size_t)((verdict ? verdict : end) - text), &key))
		return false;
	put_text(s, NFTA_SET_ELEM_LIST_TABLE, "weir", 4);
	put_text(s, NFTA_SET_ELEM_LIST_SET, set, set_len);
	list = nest(s, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = nest(s, NFTA_LIST_ELEM);
	put_value(s, NFTA_SET_ELEM_KEY, key.first, key.len);
	if (has_ranges(rules, set, set_len))
		put_value(s, NFTA_SET_ELEM_KEY_END, key.last, key.len);
	if (verdict && is_new)
		put_verdict(s, verdict + 3, (size_t)(end - verdict) - 3);
	end_nest(s, element);
	end_nest(s, list);
	return true;
}

/* "add element TABLE SET { ELEMENT }", or "delete" */
static bool put_command(struct wr_str *s, const struct wr_nat_rules *rules, const char *line, size_t len, bool is_last)
{
	bool is_new = *line == 'a';
	char begin[64];
	size_t n, at;

	wr_format(begin, sizeof(begin), "%s element %s ", is_new ? "add" : "delete", rules->table);
	n = strlen(begin);
	if (len < n || memcmp(line, begin, n))
		return false;
	at = begin_msg(s, NFNL_SUBSYS_NFTABLES << 8 | (is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM),
		       (is_new ? NLM_F_CREATE : 0) | (is_last ? NLM_F_ACK : 0), rules->family, 0);
	if (!put_element(s, rules, line + n, len - n, is_new))
		return false;
	end_msg(s, at);
	return true;
}

bool wr_nat_messages(const struct wr_nat_rules *rules, const char *script, uint32_t generation,
		     struct wr_str *out)
{
	size_t at = begin_msg(out, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	const char *line;
	size_t len;

	put_be32(out, NFNL_BATCH_GENID, generation);
	end_msg(out, at);
	if (!*script)
		return false;
	while ((line = wr_nat_next_line(&script, &len)))
		if (!put_command(out, rules, line, len, !*script))
			return false;
	at = begin_msg(out, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end_msg(out, at);
	return !out->failed;
}

/* Every message about a table has its name as attribute 1, and a set's as 2. */
void wr_nat_question(const struct wr_nat_rules *rules, uint16_t type, uint16_t flags, const char *set,
		     struct wr_str *out)
{
	size_t at = begin_msg(out, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, rules->family, 0);

	put_text(out, NFTA_SET_ELEM_LIST_TABLE, "weir", 4);
	if (set)
		put_text(out, NFTA_SET_ELEM_LIST_SET, set, strlen(set));
	end_msg(out, at);
}

/* One answer, to the last element; or one to each that was refused. The kernel has given them within send(). */
int wr_nat_send(int fd, const struct wr_str *messages)
{
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		char rest[1024];
	} reply;
	int first = 1;
	ssize_t n;

	if (send(fd, messages->data, messages->len, 0) < 0)
		return -errno;
	while (first && (n = recv(fd, &reply, sizeof(reply), MSG_DONTWAIT)) > 0)
		if (first > 0 && reply.nlh.nlmsg_type == NLMSG_ERROR &&
		    n >= (ssize_t)(sizeof(reply.nlh) + sizeof(reply.err.error)))
			first = reply.err.error;
	return first > 0 ? -EIO : first;
}
