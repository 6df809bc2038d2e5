/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what the kernel says: a link's message, attributes of every table,
 * acknowledgements with their extended part, and an offset to be named. What is
 * read must be sent and read again the same. Seeds in corpus/netlink are the
 * golden bytes of tests/golden.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The receive loop's inside, reached without a socket. */
#include "netlink/sock.c"

#include <linux/rtnetlink.h>

#include "ip/steps.h"
#include "link/kinds.h"
#include "link/profile.h"
#include "link/vf.h"
#include "txn/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int is_so)
{
	if (!is_so)
		abort();
}

/* The bytes as a message of exactly that size, whose length does not lie about it; for free(). */
static struct nlmsghdr *message_of(const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh = malloc(size);

	must(nlh != NULL);
	memcpy(nlh, data, size);
	if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > size)
		nlh->nlmsg_len = (uint32_t)size;
	return nlh;
}

/* What the table read of @obj goes over the wire unchanged. */
static void again(const struct wr_table *t, const void *obj)
{
	static const struct ifinfomsg none;
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_link copy = { 0 };

	must(t->size <= sizeof(copy));
	wr_msg(&b, RTM_NEWLINK, 0, &none, sizeof(none));
	wr_encode(&b, t, obj, 0, 0);
	must(!b.buf.failed);
	must(!wr_decode(t, b.buf.data + 32, b.buf.len - 32, &copy, NULL));
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (f->flags & (WR_READONLY | WR_HEADER) || !wr_has(t, f, obj))
			continue;
		must(wr_has(t, f, &copy) && wr_field_equal(f, obj, &copy));
	}
}

static void show(const struct weir_link *l)
{
	char *text = NULL;

	must(!weir_link_json(l, &text));
	free(text);
	must(!weir_link_text(l, &text));
	free(text);
	must(weir_link_diff(l, l, &text) == 0);
	free(text);
}

static void fuzz_link(const struct nlmsghdr *nlh)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l;
	const struct wr_kind *k;
	int r = wr_link_decode(nlh, &l, &err);

	if (r) {
		must(r == -EBADMSG && err.code == r && err.stage == WEIR_STAGE_REPLY && *err.msg);
		return;
	}
	must(memchr(l.name, 0, sizeof(l.name)) && memchr(l.alias, 0, sizeof(l.alias)));
	must(memchr(l.kind_name, 0, sizeof(l.kind_name)) && memchr(l.port_kind, 0, sizeof(l.port_kind)));
	again(&wr_link_table, &l);
	again(&wr_link_inet6_table, &l);
	again(&wr_bridge_port_table, &l.port);
	k = wr_kind(l.kind);
	if (k && k->table)
		again(k->table, wr_kind_data(k, &l));
	show(&l);
}

/* What it says of VFs and of a port's profile: anything may be missing, nothing is read behind its end. */
static void fuzz_vfs(const struct nlmsghdr *nlh)
{
	struct weir_profile profile = { .has = WEIR_PROFILE_INSTANCE, .vf = 1 };
	struct wr_vf_state s;
	int r = wr_vf_decode(nlh, &s);

	must(r == 0 || r == -EBADMSG);
	for (size_t i = 0; !r && i < s.n; i++) {
		char *text = NULL;

		must(weir_vf_config_text(&s.vfs[i], &text) == 0);
		free(text);
	}
	if (!r)
		wr_vf_state_done(&s);
	must(wr_profile_response(nlh, &profile) <= UINT16_MAX);
}

/* The same attributes for every table that there is. */
static void fuzz_tables(const char *attrs, size_t len)
{
	const struct wr_table *const tables[] = {
		wr_addr_tables[0], wr_route_tables[0], wr_kind(WEIR_LINK_BRIDGE)->table,
		wr_kind(WEIR_LINK_TUN)->table, wr_kind(WEIR_LINK_MACVLAN)->table, &wr_bridge_port_table,
	};

	for (size_t i = 0; i < WR_COUNT(tables); i++) {
		union {
			struct weir_link link;
			char bytes[sizeof(struct weir_link)];
		} obj = { .bytes = { 0 } };
		int r = wr_decode(tables[i], attrs, len, &obj, NULL);

		must(r == 0 || r == -EBADMSG);
	}
}

static void fuzz_path(const struct nlmsghdr *nlh, uint32_t offset)
{
	char buf[128], tiny[5];

	for (int kind = WEIR_LINK_BRIDGE; kind <= WEIR_LINK_MACVTAP; kind++) {
		wr_attr_path(nlh, offset, wr_kind((enum weir_link_kind)kind)->tables, buf, sizeof(buf));
		must(memchr(buf, 0, sizeof(buf)) != NULL);
	}
	wr_attr_path(nlh, offset, wr_addr_tables, buf, sizeof(buf));
	wr_attr_path(nlh, offset, NULL, tiny, sizeof(tiny));
	must(memchr(tiny, 0, sizeof(tiny)) != NULL);
}

static int ignore(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	must(index < 4);
	return 0;
}

/* As one datagram of answers to four requests. */
static void fuzz_answers(const uint8_t *data, size_t size)
{
	struct wr_reader reader = { .reply = ignore };
	struct wr_result results[4] = { { 0 } };
	struct wr_sock s = { .nl = NULL };
	struct exchange x = { .s = &s, .results = results, .first_seq = 1, .n = 4, .reader = &reader };
	char *copy = malloc(size);
	const struct nlmsghdr *nlh;
	size_t at = 0;

	must(copy != NULL);
	memcpy(copy, data, size);
	while ((nlh = wr_message_at(copy, size, &at)))
		take_message(&x, nlh);
	for (int i = 0; i < 4; i++)
		must(!results[i].msg || strlen(results[i].msg) <= size);
	wr_sock_close(&s);
	free(copy);
}

/* A request of ours that the kernel refused: what can be said about it. */
static void fuzz_explain(const struct nlmsghdr *nlh, uint8_t code)
{
	struct weir_error err = WEIR_ERROR_INIT;

	wr_error(&err, -(int)code, WEIR_STAGE_KERNEL, "", "", "words");
	wr_explain(nlh, &err);
	must(memchr(err.msg, 0, sizeof(err.msg)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh;
	uint32_t offset;

	if (size < sizeof(*nlh) + sizeof(offset) || size > 65535)
		return 0;
	/* The end says where in the message, so that seeds are messages as they are. */
	memcpy(&offset, data + size - sizeof(offset), sizeof(offset));
	nlh = message_of(data, size);
	fuzz_link(nlh);
	fuzz_vfs(nlh);
	fuzz_tables((const char *)(nlh + 1), nlh->nlmsg_len - sizeof(*nlh));
	fuzz_path(nlh, offset % (2 * (uint32_t)size));
	fuzz_explain(nlh, (uint8_t)offset);
	free(nlh);
	fuzz_answers(data, size);
	return 0;
}
