/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two ways to a table: messages of our own (dump.c, raw.c), and libnftables for
 * what they cannot do, with what it says when it fails. What goes into the table is
 * not known here.
 *
 * libnftables is opened when it is first needed. It ends the program when its socket
 * cannot be opened, and writes to standard error when the caller may not list the
 * ruleset. So a socket of our own asks first. Closing either after something was
 * deleted waits 12 to 24 ms for a grace period; they stay with the handle.
 *
 * Reading the table costs as much as there is in it, so what it held is kept, and
 * believed for as long as the ruleset's generation says that nobody has changed
 * anything: each commit of anybody adds one to it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>

#include "nat/nat.h"

struct wr_nft {
	int fd;			/* for messages, and for questions that libnftables must not fail at */
	struct nft_ctx *ctx;	/* NULL: not needed yet */
	uint32_t now;		/* the ruleset's generation when it was last asked for */
	struct known {
		struct wr_nat_table table;	/* the whole of it, ... */
		bool is_known;
		uint32_t at;	/* ... as of this generation */
	} known[WR_NAT_TABLES];
};

#define NAT_HOOK "type nat hook postrouting priority 0; "

static const struct feature {
	const char *family;
	const char *text;	/* inside of a chain */
	const char *name;
} features[] = {
	{ "bridge", "type filter hook prerouting priority 0;", "bridge tables (CONFIG_NF_TABLES_BRIDGE)" },
	{ "inet", "type filter hook forward priority 0;", "inet tables (CONFIG_NF_TABLES_INET)" },
	{ "inet", NAT_HOOK, "nat chains (nft_chain_nat, CONFIG_NFT_NAT)" },
	{ "inet", "ct state established accept", "conntrack (nft_ct, CONFIG_NFT_CT)" },
	{ "inet", "reject with icmpx port-unreachable",
	  "reject (nft_reject_inet, CONFIG_NFT_REJECT_INET)" },
	{ "inet", NAT_HOOK "masquerade", "masquerade (nft_masq, CONFIG_NFT_MASQ)" },
	{ "inet", NAT_HOOK "snat ip to 192.0.2.1", "snat (nft_nat, CONFIG_NFT_NAT)" },
};

/* --- errors ---------------------------------------------------------------------- */

/* libnftables keeps no code, only errno's text in the user's language. */
static int code_of(const char *text)
{
	char buf[128];

	for (int e = 1; e < 134; e++)
		if (strstr(text, strerror_r(e, buf, sizeof(buf))))
			return -e;
	return -EIO;
}

/* The first line; the others show the script, which a reader of errors never saw. */
static void first_line(const char *text, char *buf, size_t size)
{
	const char *error = strstr(text, "Error: ");

	text = error ? error + strlen("Error: ") : text;
	wr_format(buf, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static int run(struct nft_ctx *ctx, const char *script, char *why, size_t size)
{
	int r = nft_run_cmd_from_buffer(ctx, script);
	const char *text = nft_ctx_get_error_buffer(ctx);

	if (!r)
		return 0;
	first_line(text, why, size);
	return code_of(why);
}

/* Tries without changing anything. Not cheap: the kernel waits for a grace period. */
static int try(struct nft_ctx *ctx, const char *script, char *why, size_t size)
{
	int r;

	nft_ctx_set_dry_run(ctx, true);
	r = run(ctx, script, why, size);
	nft_ctx_set_dry_run(ctx, false);
	return r;
}

/* A missing module shows as "No such file or directory", which helps nobody. */
static void name_missing(struct nft_ctx *ctx, const char *failed, struct wr_str *out)
{
	for (size_t i = 0; i < WR_COUNT(features); i++) {
		char script[160], why[256], table[16];
		int r;

		wr_format(table, sizeof(table), "%s weir", features[i].family);
		if (!strstr(failed, table))
			continue;
		wr_format(script, sizeof(script), "table %s weir-probe { chain c { %s\n}\n}",
			  features[i].family, features[i].text);
		r = try(ctx, script, why, sizeof(why));
		if (r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
			wr_str_printf(out, "%s%s", out->len ? ", " : "", features[i].name);
	}
}

/*
 * It opens a socket that hooks and guests' hypervisors would inherit, and has no way to ask for it. It gets the lowest
 * number that is free, if no other thread is quicker.
 */
static int open_library(struct wr_nft *nft, struct weir_error *err)
{
	socklen_t len = sizeof(int);
	int lowest, protocol = -1;
	struct nft_ctx *ctx;

	if (nft->ctx)
		return 0;
	lowest = fcntl(nft->fd, F_DUPFD_CLOEXEC, 0);
	if (lowest < 0)
		return wr_syserr(err, -errno, "", "libnftables' socket");
	close(lowest);
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)	/* loaded by whoever loads it late (tools/late.c) */
		return wr_syserr(err, -ELIBACC, "", "libnftables");
	if (!getsockopt(lowest, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) && protocol == NETLINK_NETFILTER)
		fcntl(lowest, F_SETFD, FD_CLOEXEC);
	if (!nft_ctx_buffer_output(ctx) && !nft_ctx_buffer_error(ctx))
		nft->ctx = ctx;
	else
		nft_ctx_free(ctx);
	return nft->ctx ? 0 : wr_nomem(err);
}

int wr_nft_run(struct wr_nft *nft, const char *script, struct weir_error *err)
{
	wr_auto(str) struct wr_str missing = { 0 };
	char why[256] = "";
	int r = open_library(nft, err);

	if (r)
		return r;
	r = run(nft->ctx, script, why, sizeof(why));
	if (!r)
		return 0;
	name_missing(nft->ctx, script, &missing);
	if (missing.len)
		return wr_error(err, -EPROTONOSUPPORT, WEIR_STAGE_KERNEL, "", "",
				"the kernel lacks %s (libnftables: %s)", wr_str_text(&missing),
				why);
	return wr_error(err, r, WEIR_STAGE_KERNEL, "", "", "%s", why);
}

/* --- the context ------------------------------------------------------------------- */

static int unsupported(struct weir_error *err)
{
	return wr_error(err, -EPROTONOSUPPORT, WEIR_STAGE_KERNEL, "", "",
			"the kernel lacks nf_tables (CONFIG_NF_TABLES)");
}

/* Asks for the ruleset's generation: the cheapest question that needs what all others need. */
static int ask(struct wr_nft *nft)
{
	const struct {
		struct nlmsghdr nlh;
		struct nfgenmsg gen;
	} question = {
		.nlh = { .nlmsg_len = sizeof(question), .nlmsg_flags = NLM_F_REQUEST,
			 .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN },
		.gen = { .version = NFNETLINK_V0 },
	};
	struct {
		struct nlmsghdr nlh;
		union {
			struct nlmsgerr err;
			struct {
				struct nfgenmsg gen;
				struct nlattr id;	/* NFTA_GEN_ID comes first */
				uint32_t value_be32;
			} answer;
		};
		char rest[512];
	} reply = { .nlh = { 0 } };

	/* The kernel answers within send(). */
	if (send(nft->fd, &question, sizeof(question), 0) < 0 ||
	    recv(nft->fd, &reply, sizeof(reply), MSG_DONTWAIT) < 0)
		return -errno;
	if (reply.nlh.nlmsg_type == NLMSG_ERROR)
		return reply.err.error;
	for (size_t i = 0; i < WR_NAT_TABLES && reply.answer.id.nla_type != NFTA_GEN_ID; i++)
		nft->known[i].is_known = false;
	nft->now = ntohl(reply.answer.value_be32);
	return 0;
}

int wr_nft_check(struct wr_nft *nft, struct weir_error *err)
{
	int r = ask(nft);

	if (r == -EPERM)
		return wr_error(err, r, WEIR_STAGE_KERNEL, "", "",
				"nf_tables needs CAP_NET_ADMIN in the network namespace");
	if (r == -EINVAL || r == -EOPNOTSUPP)
		return unsupported(err);
	return r ? wr_syserr(err, r, "", "netfilter socket") : 0;
}

int wr_nft_open(struct wr_nft **ret, struct weir_error *err)
{
	wr_auto(nft) struct wr_nft *nft = calloc(1, sizeof(*nft));
	int r;

	if (!nft)
		return wr_nomem(err);
	nft->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (nft->fd < 0 && (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT))
		return unsupported(err);
	if (nft->fd < 0)
		return wr_syserr(err, -errno, "", "netfilter socket");
	r = wr_nft_check(nft, err);
	if (r)
		return r;
	*ret = wr_take(nft);
	return 0;
}

void wr_nft_close(struct wr_nft *nft)
{
	if (!nft)
		return;
	if (nft->ctx)
		nft_ctx_free(nft->ctx);
	wr_close(&nft->fd);
	for (size_t i = 0; i < WR_NAT_TABLES; i++)
		wr_nat_table_done(&nft->known[i].table);
	free(nft);
}

static int list_table(struct wr_nft *nft, const struct wr_nat_rules *rules, struct weir_error *err)
{
	struct known *known = &nft->known[rules->place];
	char why[256] = "", list[64];
	int r;

	wr_format(list, sizeof(list), "list table %s", rules->table);
	r = open_library(nft, err);
	if (r)
		return r;
	r = run(nft->ctx, list, why, sizeof(why));
	if (r && r != -ENOENT)
		return wr_error(err, r, WEIR_STAGE_KERNEL, "", "", "%s", why);
	if (!r)	/* there is such a table */
		wr_nat_table_read(&known->table, rules, nft_ctx_get_output_buffer(nft->ctx));
	return 0;
}

static void forget(struct known *known)
{
	wr_nat_table_done(&known->table);
	known->table = (struct wr_nat_table){ 0 };
}

/* What somebody changes meanwhile is left to libnftables, which begins again; its generation is the older one then. */
static int read_table(struct wr_nft *nft, const struct wr_nat_rules *rules, struct weir_error *err)
{
	struct known *known = &nft->known[rules->place];
	uint32_t before = nft->now;
	int r = 0;

	forget(known);
	if (!wr_nat_dump(nft->fd, rules, &known->table) || ask(nft) || nft->now != before) {
		forget(known);
		r = list_table(nft, rules, err);
	}
	known->is_known = !r;
	known->at = nft->now;
	return r;
}

static bool is_good(const struct wr_nat_table *table)
{
	return !table->own.failed && !table->others.failed && !table->chains.failed;
}

static int know(struct wr_nft *nft, const struct wr_nat_rules *rules, struct weir_error *err)
{
	struct known *known = &nft->known[rules->place];
	int r = known->is_known && known->at == nft->now ? 0 : read_table(nft, rules, err);

	if (r)
		return r;
	known->is_known = is_good(&known->table);
	return known->is_known ? 0 : wr_nomem(err);
}

int wr_nft_read(struct wr_nft *nft, const struct wr_nat_rules *rules, const char *bridge,
		struct wr_str *ret, struct weir_error *err)
{
	struct known *known = &nft->known[rules->place];
	int r = know(nft, rules, err);

	if (r)
		return r;
	wr_nat_table_turn(&known->table, bridge);
	wr_str_puts(ret, wr_str_text(&known->table.own));
	known->is_known = is_good(&known->table);
	return known->is_known && !ret->failed ? 0 : wr_nomem(err);
}

/* The commit that made the table what the bridge wants was the next one. */
static void became(struct known *known, const char *want)
{
	wr_nat_table_become(&known->table, want);
	known->is_known = is_good(&known->table);
	known->at++;
}

bool wr_nft_send(struct wr_nft *nft, const struct wr_nat_rules *rules, const char *bridge, const char *want)
{
	struct known *known = &nft->known[rules->place];
	wr_auto(str) struct wr_str script = { 0 }, messages = { 0 };

	if (!known->is_known)
		return false;
	wr_nat_table_turn(&known->table, bridge);
	wr_nat_script(rules, &known->table, want, &script);
	if (script.failed || !wr_nat_messages(rules, wr_str_text(&script), known->at, &messages) ||
	    wr_nat_send(nft->fd, &messages))
		return false;
	became(known, want);
	return true;
}

int wr_nft_become(struct wr_nft *nft, const struct wr_nat_rules *rules, const char *bridge,
		  const char *want, struct weir_error *err)
{
	struct known *known = &nft->known[rules->place];
	wr_auto(str) struct wr_str script = { 0 };
	int r = know(nft, rules, err);

	if (r || wr_nft_send(nft, rules, bridge, want))
		return r;
	wr_nat_script(rules, &known->table, want, &script);
	if (script.failed)
		return wr_nomem(err);
	if (!script.len)
		return 0;
	known->is_known = false;
	r = wr_nft_run(nft, script.data, err);
	if (r || ask(nft) || nft->now != known->at + 1)
		return r;
	became(known, want);
	return 0;
}
