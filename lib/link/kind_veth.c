/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pairs. The other end is described by a whole link message inside
 * VETH_INFO_PEER, so this kind has a put function and no table.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "link/kinds.h"

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

const struct wr_kind wr_kind_veth = {
	.kind = WEIR_LINK_VETH,
	.name = "veth",
	.tables = WR_LINK_TABLES(NULL),
	.verify = verify,
	.put = put,
	.text = text,
};
