/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes up what a definition or a guest leaves open: uuids, MAC addresses, names that are free. */
#include <stdio.h>
#include <sys/random.h>

#include "base/list.h"
#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

#define MAX_BRIDGES 4096

static void random_bytes(void *buf, size_t n)
{
	/* Up to 256 bytes come whole once the pool is ready, which it is after boot. */
	while (getrandom(buf, n, 0) < 0 && errno == EINTR)
		;
}

void wr_make_uuid(char uuid[37])
{
	uint8_t b[16] = { 0 };

	random_bytes(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;	/* version 4 */
	b[8] = (b[8] & 0x3f) | 0x80;	/* variant of RFC 4122 */
	snprintf(uuid, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

void wr_make_mac(uint8_t mac[6])
{
	static const uint8_t prefix[] = { 0x52, 0x54, 0x00 };

	memcpy(mac, prefix, 3);
	random_bytes(mac + 3, 3);
}

/*
 * A bridge without an address of its own takes its lowest port's; a first byte of
 * 0xfe keeps it from a port's. It must differ from the guest's, or the host would
 * take the guest's frames for its own.
 */
void wr_host_mac(const uint8_t guest[6], uint8_t host[6])
{
	memcpy(host, guest, 6);
	host[0] = guest[0] == 0xfe ? 0xfa : 0xfe;
}

bool wr_link_is_here(const char *name)
{
	char path[64];

	wr_format(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s", name);
	return access(path, F_OK) == 0;
}

/* What the bridges of all networks are called, stored ones and others. */
struct names {
	struct weir *w;
	char (*items)[16];
	size_t n;
};

static int add_name(void *arg, const struct weir_network *net)
{
	struct names *names = arg;
	char (*more)[16] = wr_append(names->items, names->n);

	if (!more)
		return -ENOMEM;
	wr_copy(*more, sizeof(*more), net->bridge.name);
	return 0;
}

static int add_config(void *arg, const char *name)
{
	struct names *names = arg;
	struct weir_network *net;
	int r;

	if (wr_store_config(names->w, name, &net, NULL))
		return 0;
	r = add_name(names, net);
	weir_network_free(net);
	return r;
}

/* A handle may have no stored definitions, or none that run. */
static int list_names(struct weir *w, struct names *ret, struct weir_error *err)
{
	int r = weir_config_dir(w) ? wr_store_each(w, WR_STORE_CONFIG, add_config, ret, err) : 0;

	if (!r && weir_state_dir(w))
		r = wr_live_each(w, add_name, ret, err);
	return r == -ENOMEM ? wr_nomem(err) : r;
}

struct choice {
	const struct names *names;
	char pattern[16];
	char *ret;
};

static int find_free(void *arg)
{
	const struct choice *c = arg;
	const char *number = strstr(c->pattern, "%d");

	for (int i = 0; number && i < MAX_BRIDGES; i++) {
		size_t k = 0;

		wr_format(c->ret, 16, "%.*s%d%s", (int)(number - c->pattern), c->pattern, i, number + 2);
		while (k < c->names->n && strcmp(c->names->items[k], c->ret) != 0)
			k++;
		if (k == c->names->n && !wr_link_is_here(c->ret))
			return 0;
	}
	return -ENOSPC;
}

/* @name: a pattern; receives the first name of its kind that is free. */
static int choose_bridge(struct weir *w, char name[16], struct weir_error *err)
{
	struct names names = { .w = w };
	struct choice c = { .names = &names, .ret = name };
	int r = list_names(w, &names, err);

	wr_copy(c.pattern, sizeof(c.pattern), *name ? name : "virbr%d");
	if (!r && (r = weir_in_netns(w, find_free, &c)) == -ENOSPC)
		wr_refuse(err, r, "network", "bridge.name", "%s with 0 to %d are all taken", c.pattern, MAX_BRIDGES - 1);
	else if (r && err && !err->code)
		wr_syserr(err, r, "network", "the handle's namespace");
	free(names.items);
	return r;
}

int wr_complete(struct weir *w, struct weir_network *net, struct weir_error *err)
{
	uint8_t mac[6];

	if (!*net->uuid)
		wr_make_uuid(net->uuid);
	if (net->forward.mode > WEIR_FORWARD_OPEN)
		return 0;
	if (!net->mac) {
		net->mac = malloc(18);
		if (!net->mac)
			return wr_nomem(err);
		wr_make_mac(mac);
		wr_mac_format(mac, net->mac);
	}
	return wr_bridge_to_name(net) ? choose_bridge(w, net->bridge.name, err) : 0;
}
