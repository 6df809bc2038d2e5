/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what nf_tables answers when a table is read: as a whole conversation,
 * where nothing but the kernel's sends and receives is replaced, and each message alone
 * in memory of just its size. What was read as an element must be one that can be
 * written. Seeds in corpus/nat_dump are conversations with Linux 6.18.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static ssize_t to_kernel(int fd, const void *data, size_t len, int flags);
static ssize_t from_kernel(int fd, void *buf, size_t size, int flags);

#define send to_kernel
#define recv from_kernel
#include "nat/dump.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the kernel has yet to say. There is one conversation at a time. */
static struct attrs rest;

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static ssize_t to_kernel(int fd, const void *data, size_t len, int flags)
{
	must(((const struct nlmsghdr *)data)->nlmsg_len == len);
	return (ssize_t)len;
}

/* The length of the message at the beginning, which its header may lie about. */
static size_t message_len(struct attrs from)
{
	uint32_t len = 0;

	memcpy(&len, from.data, from.len < sizeof(len) ? from.len : sizeof(len));
	return len && NLMSG_ALIGN((size_t)len) < from.len ? NLMSG_ALIGN((size_t)len) : from.len;
}

static struct attrs take_off(struct attrs *from, size_t len)
{
	struct attrs taken = { from->data, len };

	*from = (struct attrs){ from->data + len, from->len - len };
	return taken;
}

/* Two messages at a time, as far as they fit. */
static ssize_t from_kernel(int fd, void *buf, size_t size, int flags)
{
	struct attrs first = take_off(&rest, message_len(rest)), second = take_off(&rest, message_len(rest));

	if (!first.len) {
		errno = EAGAIN;
		return -1;
	}
	first.len = first.len + second.len < size ? first.len + second.len : size;
	memcpy(buf, first.data, first.len);
	return (ssize_t)first.len;
}

/* "SET ELEMENT", as in a script. */
static void must_be_written(const struct wr_nat_rules *rules, const char *line, size_t len)
{
	wr_auto(str) struct wr_str script = { 0 }, messages = { 0 };
	size_t set = strcspn(line, " ");

	wr_str_printf(&script, "add element %s %.*s { %.*s }\n", rules->table, (int)set, line,
		      (int)(len - set - 1), line + set + 1);
	must(wr_nat_messages(rules, wr_str_text(&script), 1, &messages));
}

static void fuzz_conversation(const struct wr_nat_rules *rules, struct attrs said)
{
	wr_auto(nat_table) struct wr_nat_table table = { .is_there = false };
	const char *list, *line;
	size_t len;

	rest = said;
	if (!wr_nat_dump(-1, rules, &table))
		return;
	list = wr_str_text(&table.others);
	while ((line = wr_nat_next_line(&list, &len)))
		must_be_written(rules, line, len);
}

static void fuzz_message(const struct wr_nat_rules *rules, struct attrs said)
{
	bool (*const takes[])(struct dump *d, struct attrs attrs) = { take_table, take_set, take_chain };
	wr_auto(nat_table) struct wr_nat_table table = { .is_there = false };
	struct dump d = { .fd = -1, .rules = rules, .table = &table };
	wr_auto(free) struct nlmsghdr *nlh = malloc(said.len);
	bool more;

	must(nlh != NULL);
	memcpy(nlh, said.data, said.len);
	for (size_t i = 0; i < WR_COUNT(takes); i++)
		take_answer(&d, nlh, said.len, takes[i], &more);
	for (d.set = rules->sets; d.set->name; d.set++)
		take_answer(&d, nlh, said.len, take_elements, &more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wr_nat_rules *const rules[] = { &wr_nat_rules, &wr_guard_rules };

	for (size_t i = 0; i < WR_COUNT(rules); i++) {
		struct attrs said = { (const char *)data, size }, message;

		fuzz_conversation(rules[i], said);
		while ((message = take_off(&said, message_len(said))).len >= sizeof(struct nlmsghdr) + sizeof(int))
			fuzz_message(rules[i], message);
	}
	return 0;
}
