/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port profiles in messages:
 *
 *	RTM_SETLINK [IFLA_IFNAME] [IFLA_VFINFO_LIST { IFLA_VF_INFO { MAC, VLAN } }]
 *		IFLA_PORT_SELF { IFLA_PORT_* }			the link itself, the kernel
 *	   or	IFLA_VF_PORTS { IFLA_VF_PORT { IFLA_PORT_* } }	a VF; everything to lldpad
 *
 * The answer to an RTM_GETLINK has the same, with IFLA_PORT_RESPONSE.
 */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link/profile.h"
#include "link/vf.h"
#include "netlink/attr.h"

/* IFLA_PORT_RESPONSE: VDP's results, then those of profiles. */
/* clang-format off */
static const struct {
	int response;
	int code;
	const char *words;
} responses[] = {
	{ PORT_VDP_RESPONSE_SUCCESS, 0, "" },
	{ PORT_VDP_RESPONSE_INVALID_FORMAT, -EREMOTEIO, "the switch does not understand the request" },
	{ PORT_VDP_RESPONSE_INSUFFICIENT_RESOURCES, -EREMOTEIO, "the switch has no resources left" },
	{ PORT_VDP_RESPONSE_UNUSED_VTID, -EREMOTEIO, "the switch knows no such type" },
	{ PORT_VDP_RESPONSE_VTID_VIOLATION, -EREMOTEIO, "the type is not allowed here" },
	{ PORT_VDP_RESPONSE_VTID_VERSION_VIOALTION, -EREMOTEIO, "the type's version is not allowed here" },
	{ PORT_VDP_RESPONSE_OUT_OF_SYNC, -EREMOTEIO, "the switch and the station are out of sync" },
	{ PORT_PROFILE_RESPONSE_SUCCESS, 0, "" },
	{ PORT_PROFILE_RESPONSE_INPROGRESS, -EAGAIN, "the switch is still at it" },
	{ PORT_PROFILE_RESPONSE_INVALID, -EREMOTEIO, "the profile is not valid" },
	{ PORT_PROFILE_RESPONSE_BADSTATE, -EREMOTEIO, "the port is in a wrong state" },
	{ PORT_PROFILE_RESPONSE_INSUFFICIENT_RESOURCES, -EREMOTEIO, "the switch has no resources left" },
	{ PORT_PROFILE_RESPONSE_ERROR, -EREMOTEIO, "the switch reports an error" },
};
/* clang-format on */

bool wr_profile_is_qbg(const struct weir_profile *p)
{
	return p->has & WEIR_PROFILE_VSI;
}

/* --- to the wire -------------------------------------------------------------------- */

/* Type and version of a VSI: the type in three bytes, the lowest first. */
static struct ifla_port_vsi vsi_of(const struct weir_profile *p)
{
	return (struct ifla_port_vsi){
		.vsi_mgr_id = p->manager_id,
		.vsi_type_id = { p->type_id & 0xff, p->type_id >> 8 & 0xff, p->type_id >> 16 & 0xff },
		.vsi_type_version = p->type_version,
	};
}

static void put_port(struct wr_batch *b, const struct weir_profile *p, enum weir_profile_request request)
{
	struct ifla_port_vsi vsi = vsi_of(p);
	const struct {
		uint64_t bit;
		uint16_t attr;
		const void *data;
		size_t len;
	} rows[] = {
		{ WEIR_PROFILE_NAME, IFLA_PORT_PROFILE, p->name, strlen(p->name) + 1 },
		{ WEIR_PROFILE_VSI, IFLA_PORT_VSI_TYPE, &vsi, sizeof(vsi) },
		{ WEIR_PROFILE_INSTANCE, IFLA_PORT_INSTANCE_UUID, p->instance, sizeof(p->instance) },
		{ WEIR_PROFILE_HOST, IFLA_PORT_HOST_UUID, p->host, sizeof(p->host) },
	};

	for (size_t i = 0; i < WR_COUNT(rows); i++)
		if (p->has & rows[i].bit)
			wr_put(b, rows[i].attr, rows[i].data, rows[i].len);
	if (p->vf != WEIR_PROFILE_SELF)
		wr_put_u32(b, IFLA_PORT_VF, (uint32_t)p->vf);
	wr_put_u8(b, IFLA_PORT_REQUEST, request);
}

static void start(struct wr_batch *b, uint16_t type, const struct weir_profile *p)
{
	struct ifinfomsg ifi = { .ifi_index = p->ifindex };

	wr_msg(b, type, 0, &ifi, sizeof(ifi));
	if (*p->ifname)
		wr_put_text(b, IFLA_IFNAME, p->ifname);
}

void wr_profile_put(struct wr_batch *b, const struct weir_profile *p, enum weir_profile_request request)
{
	struct weir_vf_config guest = { .vf = (uint32_t)p->vf, .vlan = p->vlan };
	uint64_t bits = (p->has & WEIR_PROFILE_MAC ? WEIR_VF_MAC : 0) |
			(p->has & WEIR_PROFILE_VLAN ? WEIR_VF_VLAN : 0);
	size_t outer, inner;

	start(b, RTM_SETLINK, p);
	memcpy(guest.mac, p->mac, sizeof(guest.mac));
	if (bits) {
		outer = wr_nest(b, IFLA_VFINFO_LIST);
		wr_vf_put(b, &guest, bits);
		wr_nest_end(b, outer);
	}
	if (p->vf == WEIR_PROFILE_SELF && !*p->lldpad_pid_file) {
		outer = wr_nest(b, IFLA_PORT_SELF);
		put_port(b, p, request);
		wr_nest_end(b, outer);
		return;
	}
	outer = wr_nest(b, IFLA_VF_PORTS);
	inner = wr_nest(b, IFLA_VF_PORT);
	put_port(b, p, request);
	wr_nest_end(b, inner);
	wr_nest_end(b, outer);
}

void wr_profile_put_get(struct wr_batch *b, const struct weir_profile *p)
{
	start(b, RTM_GETLINK, p);
	if (!*p->lldpad_pid_file)
		wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
}

/* --- from the wire ------------------------------------------------------------------- */

static bool same_instance(const struct nlattr *a, const struct weir_profile *p)
{
	return !(p->has & WEIR_PROFILE_INSTANCE) ||
	       (a && mnl_attr_get_payload_len(a) == sizeof(p->instance) &&
		!memcmp(mnl_attr_get_payload(a), p->instance, sizeof(p->instance)));
}

/* What one port's nest says, if it is the one that is meant. */
static int response_in(const struct nlattr *port, const struct weir_profile *p)
{
	const void *attrs = mnl_attr_get_payload(port);
	size_t len = mnl_attr_get_payload_len(port);
	const struct nlattr *a = wr_attr_find(attrs, len, IFLA_PORT_RESPONSE);
	uint32_t vf = wr_attr_u32(wr_attr_find(attrs, len, IFLA_PORT_VF), (uint32_t)WEIR_PROFILE_SELF);
	uint16_t response;

	if ((int32_t)vf != p->vf || !same_instance(wr_attr_find(attrs, len, IFLA_PORT_INSTANCE_UUID), p) ||
	    !a || mnl_attr_get_payload_len(a) < sizeof(response))
		return WR_PROFILE_NO_ANSWER;
	memcpy(&response, mnl_attr_get_payload(a), sizeof(response));
	return response;
}

int wr_profile_response(const struct nlmsghdr *msg, const struct weir_profile *p)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifinfomsg));
	const char *attrs = (const char *)msg + at;
	const struct nlattr *self, *ports, *a;
	int response = WR_PROFILE_NO_ANSWER;

	if (msg->nlmsg_type != RTM_NEWLINK || msg->nlmsg_len < at)
		return WR_PROFILE_NO_ANSWER;
	self = wr_attr_find(attrs, msg->nlmsg_len - at, IFLA_PORT_SELF);
	if (self)
		response = response_in(self, p);
	ports = wr_attr_find(attrs, msg->nlmsg_len - at, IFLA_VF_PORTS);
	if (!ports)
		return response;
	mnl_attr_for_each_nested(a, ports)
		if (response == WR_PROFILE_NO_ANSWER && mnl_attr_get_type(a) == IFLA_VF_PORT)
			response = response_in(a, p);
	return response;
}

int wr_profile_judge(const struct weir_profile *p, int response, const char **ret_words)
{
	*ret_words = "the answer has no meaning";
	if (response == WR_PROFILE_NO_ANSWER) {
		/* lldpad tells of a port only when the switch has answered. */
		*ret_words = wr_profile_is_qbg(p) ? "there is no answer yet" :
						    "the driver tells nothing of the profile";
		return wr_profile_is_qbg(p) ? -EAGAIN : -EREMOTEIO;
	}
	for (size_t i = 0; i < WR_COUNT(responses); i++)
		if (responses[i].response == response) {
			*ret_words = responses[i].words;
			return responses[i].code;
		}
	return -EREMOTEIO;
}
