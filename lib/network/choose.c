/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes up what a definition or a guest leaves open: uuids, MAC addresses, names that are free. */
#include <stdio.h>
#include <sys/random.h>

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

static int look(void *arg)
{
	return access(arg, F_OK) < 0 ? -errno : 0;
}

bool wr_link_exists(struct weir *w, const char *name)
{
	char path[64];

	wr_format(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s", name);
	return weir_in_netns(w, look, path) == 0;
}

struct taken {
	struct weir *w;
	const char *bridge;
};

static int uses_config(void *arg, const char *name)
{
	const struct taken *taken = arg;
	struct weir_network *net;
	int r;

	if (wr_store_config(taken->w, name, &net, NULL))
		return 0;
	r = !strcmp(net->bridge.name, taken->bridge);
	weir_network_free(net);
	return r;
}

static int uses_live(void *arg, const struct weir_network *net)
{
	const struct taken *taken = arg;

	return !strcmp(net->bridge.name, taken->bridge);
}

/* @name: a pattern; receives the first name of its kind that is free. */
static int choose_bridge(struct weir *w, char name[16], struct weir_error *err)
{
	struct taken taken = { w, name };
	char pattern[16], *number;

	wr_copy(pattern, sizeof(pattern), *name ? name : "virbr%d");
	number = strstr(pattern, "%d");
	for (int i = 0; number && i < MAX_BRIDGES; i++) {
		wr_format(name, 16, "%.*s%d%s", (int)(number - pattern), pattern, i, number + 2);
		if (!wr_link_exists(w, name) &&
		    !wr_store_each(w, WR_STORE_CONFIG, uses_config, &taken, NULL) &&
		    !wr_live_each(w, uses_live, &taken, NULL))
			return 0;
	}
	return wr_refuse(err, -ENOSPC, "network", "bridge.name", "%s with 0 to %d are all taken",
			 pattern, MAX_BRIDGES - 1);
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
