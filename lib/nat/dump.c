/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a table holds, read by questions of our own: the lines are those of a listing
 * by libnftables, in a tenth of its time where there are many elements, and without
 * the library, which a program that starts or stops one network then need not load.
 *
 *	GETTABLE	is it there, and ours?
 *	GETSET		which sets has it?
 *	GETCHAIN	which chains p_*?
 *	GETSETELEM	each set's elements
 *
 * What is not as we make it, such as a set or an element that somebody gave a comment,
 * is left to libnftables. Changes in between are noticed by the generation, as with it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/ip.h"
#include "base/table.h"
#include "nat/nat.h"

/* Every answer has the table's name as attribute 1. */
#define ATTR_TABLE 1

struct dump {
	int fd;
	const struct wr_nat_rules *rules;
	struct wr_nat_table *table;
	const struct wr_nat_set *set;	/* whose elements are read */
	uint32_t sets;			/* a bit for each of the rules' sets that is there */
	bool is_ours;
};

struct attrs {
	const char *data;
	size_t len;
};

/* --- attributes ------------------------------------------------------------------------ */

/* The one at the beginning, which is taken off; 0 at the end, and for what is none. */
static int next_attr(struct attrs *from, struct attrs *ret)
{
	struct nlattr a = { .nla_len = 0 };
	size_t step;

	if (from->len < sizeof(a))
		return 0;
	memcpy(&a, from->data, sizeof(a));
	if (a.nla_len < sizeof(a) || a.nla_len > from->len)
		return 0;
	*ret = (struct attrs){ from->data + sizeof(a), a.nla_len - sizeof(a) };
	step = NLA_ALIGN((size_t)a.nla_len);
	step = step < from->len ? step : from->len;
	*from = (struct attrs){ from->data + step, from->len - step };
	return a.nla_type & NLA_TYPE_MASK;
}

static bool find(struct attrs from, int type, struct attrs *ret)
{
	int found;

	while ((found = next_attr(&from, ret)))
		if (found == type)
			return true;
	return false;
}

/* "" if there is none. */
static const char *text_of(struct attrs from, int type)
{
	struct attrs text;

	return find(from, type, &text) && text.len && !text.data[text.len - 1] ? text.data : "";
}

/* --- questions ------------------------------------------------------------------------- */

static int send_question(const struct dump *d, uint16_t type, uint16_t flags)
{
	wr_auto(str) struct wr_str question = { 0 };

	wr_nat_question(d->rules, type, flags, d->set ? d->set->name : NULL, &question);
	if (question.failed)
		return -ENOMEM;
	return send(d->fd, question.data, question.len, 0) < 0 ? -errno : 0;
}

/* 0, or why this is none of the answers that are expected; @ret_more: others follow. */
static int take_answer(struct dump *d, const struct nlmsghdr *nlh, size_t len,
		       bool (*take)(struct dump *d, struct attrs attrs), bool *ret_more)
{
	const size_t head = NLMSG_ALIGN(sizeof(*nlh) + sizeof(struct nfgenmsg));
	struct attrs attrs;
	int code;

	*ret_more = nlh->nlmsg_flags & NLM_F_MULTI && nlh->nlmsg_type != NLMSG_DONE;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		memcpy(&code, nlh + 1, sizeof(code));
		return code;
	}
	if (len < head || nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EINTR;
	attrs = (struct attrs){ (const char *)nlh + head, len - head };
	return !strcmp(text_of(attrs, ATTR_TABLE), "weir") && !take(d, attrs) ? -EINVAL : 0;
}

/* Reads all answers, whatever becomes of them, so that none is taken for the next question's. */
static int ask(struct dump *d, uint16_t type, uint16_t flags, bool (*take)(struct dump *d, struct attrs attrs))
{
	char buf[32768] __attribute__((aligned(8)));
	int r = send_question(d, type, flags);
	bool more = !r;
	ssize_t n;

	/* The kernel answers within send(), and goes on within recv(). */
	while (more && (n = recv(d->fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0) {
		const char *at = buf;

		while (more && buf + n - at >= (ssize_t)(sizeof(struct nlmsghdr) + sizeof(int))) {
			const struct nlmsghdr *nlh = (const void *)at;
			int code;

			if (nlh->nlmsg_len < sizeof(*nlh) + sizeof(code) || nlh->nlmsg_len > (size_t)(buf + n - at))
				break;
			code = take_answer(d, nlh, nlh->nlmsg_len, take, &more);
			r = r ? r : code;
			at += NLMSG_ALIGN((size_t)nlh->nlmsg_len);
		}
	}
	return more ? -EIO : r;
}

/* --- answers ---------------------------------------------------------------------------- */

/* The comment "made by weir" is there. */
static bool take_table(struct dump *d, struct attrs attrs)
{
	struct attrs comment;

	d->is_ours = find(attrs, NFTA_TABLE_USERDATA, &comment);
	return true;
}

/* "__set0" is a rule's own. */
static bool take_set(struct dump *d, struct attrs attrs)
{
	const struct wr_nat_set *sets = d->rules->sets;
	const char *name = text_of(attrs, NFTA_SET_NAME);

	for (size_t i = 0; sets[i].name; i++)
		if (!strcmp(sets[i].name, name)) {
			d->sets |= 1u << i;
			return true;
		}
	return !strncmp(name, "__", 2);
}

static bool take_chain(struct dump *d, struct attrs attrs)
{
	const char *name = text_of(attrs, NFTA_CHAIN_NAME);

	if (wr_nat_is_chain(name, strlen(name)))
		wr_str_printf(&d->table->chains, "%s\n", name);
	return true;
}

/* --- elements ---------------------------------------------------------------------------- */

/* An address, or the subnet from one to another. */
static bool put_ip(struct wr_str *s, uint8_t family, const char *first, const char *last)
{
	struct weir_ip from = { .family = family }, to = from, net, end;
	unsigned int bits = wr_ip_bits(&from), prefix = bits;
	char text[WEIR_IP_TEXT];

	memcpy(from.bytes, first, bits / 8);
	memcpy(to.bytes, last, bits / 8);
	while (prefix && !wr_ip_in(&to, &from, prefix))
		prefix--;
	net = weir_ip_mask(&from, prefix);
	end = wr_ip_last(&from, prefix);
	weir_ip_format(&from, text);
	wr_str_puts(s, text);
	if (prefix < bits)
		wr_str_printf(s, "/%u", prefix);
	return wr_ip_equal(&net, &from) && wr_ip_equal(&end, &to);
}

/* Of other characters libnftables knows what to make. */
static bool put_name(struct wr_str *s, const char *name)
{
	size_t len = 0;

	while (len < 16 && name[len] > ' ' && !strchr("\"*\\\x7f", name[len]))
		len++;
	wr_str_putc(s, '"');
	wr_str_add(s, name, len);
	wr_str_putc(s, '"');
	return len && len < 16 && !name[len];
}

/* A word of a key, as struct wr_nat_set names them; false: it is none of ours. */
static bool put_word(struct wr_str *s, char kind, const char *first, const char *last)
{
	char mac[18];

	switch (kind) {
	case 'n':
		return put_name(s, first);
	case '4':
		return put_ip(s, WEIR_FAMILY_IPV4, first, last);
	case '6':
		return put_ip(s, WEIR_FAMILY_IPV6, first, last);
	case 'm':
		wr_mac_format((const uint8_t *)first, mac);
		wr_str_puts(s, mac);
		return true;
	case 'x':
		wr_nat_put_number(s, (const uint8_t *)first);
		return true;
	}
	return false;
}

static bool put_key(struct wr_str *s, const char *kinds, struct attrs key, struct attrs last)
{
	for (const char *kind = kinds; *kind; kind++) {
		size_t size = *kind == '4' ? 4 : *kind == 'm' ? 8 : 16;	/* of whole words */

		if (key.len < size)
			return false;
		wr_str_puts(s, kind == kinds ? " " : " . ");
		if (!put_word(s, *kind, key.data, last.data))
			return false;
		key = (struct attrs){ key.data + size, key.len - size };
		last.data += size;
	}
	return !key.len;
}

/* A chain of ours or, where somebody else made one, a name that stays one word in a script. */
static bool put_chain(struct wr_str *s, const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_");

	wr_str_add(s, name, len);
	return len && !name[len];
}

static bool put_verdict(struct wr_str *s, struct attrs data)
{
	struct attrs verdict, code;
	uint32_t be;

	if (!find(data, NFTA_DATA_VERDICT, &verdict) || !find(verdict, NFTA_VERDICT_CODE, &code) || code.len != sizeof(be))
		return false;
	memcpy(&be, code.data, sizeof(be));
	wr_str_puts(s, ntohl(be) == (uint32_t)NFT_GOTO ? " : goto " : " : jump ");
	return put_chain(s, text_of(verdict, NFTA_VERDICT_CHAIN)) &&
	       (ntohl(be) == (uint32_t)NFT_GOTO || ntohl(be) == (uint32_t)NFT_JUMP);
}

static bool put_element(struct dump *d, struct attrs element)
{
	struct wr_str *s = &d->table->others;
	struct attrs value, key = { .len = 0 }, last = key, data = key;
	int type;

	while ((type = next_attr(&element, &value))) {
		if (type == NFTA_SET_ELEM_DATA)
			data = value;
		else if (type == NFTA_SET_ELEM_KEY ? !find(value, NFTA_DATA_VALUE, &key) :
			 type != NFTA_SET_ELEM_KEY_END || !find(value, NFTA_DATA_VALUE, &last))
			return false;	/* a comment, a timeout, a counter: not ours */
	}
	wr_str_puts(s, d->set->name);
	if ((last.len && last.len != key.len) || !put_key(s, d->set->key, key, last.len ? last : key))
		return false;
	if (data.len && !put_verdict(s, data))
		return false;
	wr_str_putc(s, '\n');
	return true;
}

static bool take_elements(struct dump *d, struct attrs attrs)
{
	struct attrs list, element;

	if (!find(attrs, NFTA_SET_ELEM_LIST_ELEMENTS, &list))
		return true;
	while (next_attr(&list, &element) == NFTA_LIST_ELEM)
		if (!put_element(d, element))
			return false;
	return !list.len;
}

static int read_sets(struct dump *d)
{
	const struct wr_nat_set *sets = d->rules->sets;
	bool has_latest = !d->rules->latest;
	int r = ask(d, NFT_MSG_GETSET, NLM_F_DUMP, take_set);

	for (size_t i = 0; !r && sets[i].name; i++) {
		if (!(d->sets & 1u << i))
			continue;
		has_latest = has_latest || !strcmp(sets[i].name, d->rules->latest);
		d->set = &sets[i];
		r = ask(d, NFT_MSG_GETSETELEM, NLM_F_DUMP, take_elements);
	}
	d->table->is_old = d->is_ours && !has_latest;
	return r;
}

bool wr_nat_dump(int fd, const struct wr_nat_rules *rules, struct wr_nat_table *ret)
{
	struct dump d = { .fd = fd, .rules = rules, .table = ret };
	int r = ask(&d, NFT_MSG_GETTABLE, 0, take_table);

	if (r == -ENOENT)
		return true;
	ret->is_there = true;
	if (!r)
		r = ask(&d, NFT_MSG_GETCHAIN, NLM_F_DUMP, take_chain);
	if (!r)
		r = read_sets(&d);
	return !r;
}
