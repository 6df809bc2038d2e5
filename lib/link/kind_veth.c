/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pairs. The other end is described by a whole link message inside
 * VETH_INFO_PEER, so this kind has a put function and no table.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "link/words.h"

/* The kernel's driver refuses others too, but without a word. */
static bool good_mtu(uint32_t mtu)
{
	return mtu >= 68 && mtu <= 65535;
}

static int verify(const struct weir_link *link, struct weir_error *err)
{
	if (!(link->veth.has & WEIR_VETH_PEER_NAME))
		return wr_refuse(err, -EINVAL, "", "veth.peer_name", "is missing");
	if (wr_check_ifname(link->veth.peer_name))
		return wr_refuse(err, -EINVAL, "", "veth.peer_name", "\"%.15s\" is no name for a link",
				 link->veth.peer_name);
	if (link->veth.has & WEIR_VETH_PEER_IFINDEX && link->veth.peer_ifindex <= 0)
		return wr_refuse(err, -EINVAL, "", "veth.peer_ifindex", "is no index");
	if (link->has & WEIR_LINK_MTU && !good_mtu(link->mtu))
		return wr_refuse(err, -ERANGE, "", "mtu", "%u is outside 68..65535", link->mtu);
	if (link->veth.has & WEIR_VETH_PEER_MTU && !good_mtu(link->veth.peer_mtu))
		return wr_refuse(err, -ERANGE, "", "veth.peer_mtu", "%u is outside 68..65535",
				 link->veth.peer_mtu);
	return 0;
}

/*
 * One queue at each end: veth would make one for each CPU and give them up again,
 * waiting for RCU twice. The caller can ask for more.
 */
static void put(struct wr_batch *b, const struct weir_link *link, int peer_netns_fd,
		int peer_ifindex)
{
	const struct weir_veth *v = &link->veth;
	struct ifinfomsg ifi = { .ifi_index = peer_ifindex };
	size_t data = wr_nest(b, IFLA_INFO_DATA);
	size_t peer = wr_nest(b, VETH_INFO_PEER);
	uint32_t tx = link->has & WEIR_LINK_NUM_TX_QUEUES ? link->num_tx_queues : 1;
	uint32_t rx = link->has & WEIR_LINK_NUM_RX_QUEUES ? link->num_rx_queues : 1;

	wr_put_raw(b, &ifi, sizeof(ifi));
	wr_put_text(b, IFLA_IFNAME, v->peer_name);
	if (v->has & WEIR_VETH_PEER_MAC)
		wr_put(b, IFLA_ADDRESS, v->peer_mac, sizeof(v->peer_mac));
	if (v->has & WEIR_VETH_PEER_MTU)
		wr_put_u32(b, IFLA_MTU, v->peer_mtu);
	wr_put_u32(b, IFLA_NUM_TX_QUEUES, tx);
	wr_put_u32(b, IFLA_NUM_RX_QUEUES, rx);
	if (peer_netns_fd >= 0)
		wr_put_u32(b, IFLA_NET_NS_FD, peer_netns_fd);
	wr_nest_end(b, peer);
	wr_nest_end(b, data);
}

static void text(const struct weir_link *link, struct wr_str *out)
{
	const struct weir_veth *v = &link->veth;
	char mac[18];

	wr_str_puts(out, " peer name ");
	wr_str_shell(out, v->peer_name);
	if (v->has & WEIR_VETH_PEER_IFINDEX)
		wr_str_printf(out, " index %d", v->peer_ifindex);
	wr_mac_format(v->peer_mac, mac);
	if (v->has & WEIR_VETH_PEER_MAC)
		wr_str_printf(out, " address %s", mac);
	if (v->has & WEIR_VETH_PEER_MTU)
		wr_str_printf(out, " mtu %u", v->peer_mtu);
	wr_str_printf(out, " numtxqueues %u numrxqueues %u",
		      link->has & WEIR_LINK_NUM_TX_QUEUES ? link->num_tx_queues : 1,
		      link->has & WEIR_LINK_NUM_RX_QUEUES ? link->num_rx_queues : 1);
	if (v->peer_netns) {
		wr_str_puts(out, " netns ");
		wr_str_shell(out, v->peer_netns);
	}
}

static int take_name(struct wr_link_words *w, const char *value)
{
	struct weir_veth *v = &w->l->veth;

	wr_copy(v->peer_name, sizeof(v->peer_name), strlen(value) < sizeof(v->peer_name) ? value : "");
	v->has |= WEIR_VETH_PEER_NAME;
	return 0;
}

static int take_mac(struct wr_link_words *w, const char *value)
{
	w->l->veth.has |= WEIR_VETH_PEER_MAC;
	return wr_mac_parse(value, w->l->veth.peer_mac) ?
	       wr_refuse(w->err, -EINVAL, "", "veth.peer_mac", "\"%.40s\" is no MAC address", value) : 0;
}

static int take_mtu(struct wr_link_words *w, const char *value)
{
	char *end;

	w->l->veth.peer_mtu = (uint32_t)strtoul(value, &end, 10);
	w->l->veth.has |= WEIR_VETH_PEER_MTU;
	return *end ? wr_refuse(w->err, -EINVAL, "", "veth.peer_mtu", "\"%.40s\" is no number", value) : 0;
}

static int take_index(struct wr_link_words *w, const char *value)
{
	char *end;
	long index = strtol(value, &end, 10);

	w->l->veth.peer_ifindex = index > 0 && index <= INT32_MAX ? (int)index : 0;
	w->l->veth.has |= WEIR_VETH_PEER_IFINDEX;
	return *end ? wr_refuse(w->err, -EINVAL, "", "veth.peer_ifindex", "\"%.40s\" is no number", value) : 0;
}

static int take_netns(struct wr_link_words *w, const char *value)
{
	w->l->veth.peer_netns = value;
	return 0;
}

/* "peer name x1 address 52:... mtu 1400 netns guest up"; what is none of these is the link's again. */
static int take(struct wr_link_words *w, const char *word)
{
	static const struct {
		const char *word;
		int (*take)(struct wr_link_words *w, const char *value);
	} parts[] = { { "name", take_name }, { "index", take_index }, { "address", take_mac }, { "mtu", take_mtu },
		      { "netns", take_netns } };
	size_t i = 0;
	int r = 0;

	if (strcmp(word, "peer") != 0)
		return 1;
	while (w->n && !r) {
		for (i = 0; i < WR_COUNT(parts) && strcmp(parts[i].word, *w->at) != 0;)
			i++;
		if (!strcmp(*w->at, "up"))
			w->l->veth.peer_up = true;
		else if (i == WR_COUNT(parts))
			break;
		word = wr_words_next(w);
		if (i < WR_COUNT(parts)) {
			word = wr_words_value(w, word);
			r = word ? parts[i].take(w, word) : -EINVAL;
		}
	}
	return r;
}

const struct wr_kind wr_kind_veth = {
	.kind = WEIR_LINK_VETH,
	.name = "veth",
	.tables = WR_LINK_TABLES(NULL),
	.verify = verify,
	.put = put,
	.text = text,
	.take = take,
};
