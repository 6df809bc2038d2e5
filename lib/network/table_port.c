/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of what a port is given (bandwidth, vlan, virtualport, driver), of a
 * portgroup and of a port itself: see tables.c.
 */
#include "network/tables.h"

/* --- bandwidth --------------------------------------------------------------------- */

#define KB_MAX (1ull << 54)

#define RATE_ROWS                                                                                  \
	WR_ROW(weir_rate, average_bytes_per_s, WR_U64, "average", .min = 1, .max = KB_MAX,         \
	       .scale = 1000, .unit = "KB/s", .doc = "what may flow in the long run"),             \
		WR_ROW(weir_rate, peak_bytes_per_s, WR_U64, "peak", .min = 1, .max = KB_MAX,       \
		       .scale = 1000, .unit = "KB/s",                                              \
		       .doc = "how fast a saved-up burst may be spent"),                           \
		WR_ROW(weir_rate, burst_bytes, WR_U64, "burst", .min = 1, .max = 4194303,          \
		       .scale = 1024, .unit = "KiB", .doc = "how much may be saved up"),

static const struct wr_field rate_fields[] = { RATE_ROWS };
static WR_TABLE(rate_table, weir_rate, "rate", -1, rate_fields);

static const struct wr_field bandwidth_fields[] = {
	WR_OBJECT_ROW(weir_bandwidth, inbound, "inbound", &rate_table, .doc = "to the guest"),
	WR_OBJECT_ROW(weir_bandwidth, outbound, "outbound", &rate_table, .doc = "from the guest"),
};

static int verify_bandwidth(const void *obj, struct weir_error *err)
{
	return weir_bandwidth_check(obj, err);
}

WR_TABLE(wr_bandwidth_table, weir_bandwidth, "bandwidth", -1, bandwidth_fields,
	 .verify = verify_bandwidth);

/* A port's alone can be guaranteed something. */
static const struct wr_field guarantee_fields[] = {
	RATE_ROWS WR_ROW(weir_rate, floor_bytes_per_s, WR_U64, "floor", .min = 1, .max = KB_MAX,
			 .scale = 1000, .unit = "KB/s", .doc = "what is guaranteed"),
};
static WR_TABLE(guarantee_table, weir_rate, "guarantee", -1, guarantee_fields);

static const struct wr_field port_bandwidth_fields[] = {
	WR_OBJECT_ROW(weir_bandwidth, inbound, "inbound", &guarantee_table, .doc = "to the guest"),
	WR_OBJECT_ROW(weir_bandwidth, outbound, "outbound", &guarantee_table, .doc = "from the guest"),
};
WR_TABLE(wr_port_bandwidth_table, weir_bandwidth, "bandwidth", -1, port_bandwidth_fields,
	 .verify = verify_bandwidth);

/* --- vlan, virtualport ------------------------------------------------------------- */

static const struct wr_word natives[] = { { WEIR_NATIVE_TAGGED, "tagged" },
					  { WEIR_NATIVE_UNTAGGED, "untagged" } };

static const struct wr_field tag_fields[] = {
	WR_ROW(weir_vlan_tag, id, WR_U16, "id", .max = 4095, .flags = WR_ALWAYS,
	       .doc = "number of the vlan"),
	WR_ROW(weir_vlan_tag, native, WR_U8, "nativeMode", .words = WR_WORDS(natives),
	       .doc = "untagged frames are in it, and its own leave so"),
};
static WR_TABLE(tag_table, weir_vlan_tag, "tag", -1, tag_fields);

static const struct wr_field vlan_fields[] = {
	WR_ROW(weir_vlan_tags, is_trunk, WR_U8, "trunk", .flags = WR_BOOL,
	       .doc = "frames keep their tags"),
	WR_LIST_ROW(weir_vlan_tags, tags, "tags", &tag_table, .flags = WR_REQUIRED,
		    .doc = "the vlans"),
};
WR_TABLE(wr_vlan_table, weir_vlan_tags, "vlan", -1, vlan_fields);

static const struct wr_word virtualport_types[] = {
	{ WEIR_VIRTUALPORT_NONE, "none" },        { WEIR_VIRTUALPORT_8021QBG, "802.1Qbg" },
	{ WEIR_VIRTUALPORT_8021QBH, "802.1Qbh" }, { WEIR_VIRTUALPORT_OPENVSWITCH, "openvswitch" },
	{ WEIR_VIRTUALPORT_MIDONET, "midonet" },
};

static const struct wr_field virtualport_fields[] = {
	WR_ROW(weir_virtualport, type, WR_U8, "type", WR_HAS(WEIR_VIRTUALPORT_TYPE),
	       .words = WR_WORDS(virtualport_types), .doc = "who associates the port"),
	WR_ROW(weir_virtualport, managerid, WR_U8, "managerid", WR_HAS(WEIR_VIRTUALPORT_MANAGERID),
	       .doc = "802.1Qbg: VSI manager"),
	WR_ROW(weir_virtualport, typeid_, WR_U32, "typeid", WR_HAS(WEIR_VIRTUALPORT_TYPEID),
	       .max = 0xffffff, .doc = "802.1Qbg: VSI type"),
	WR_ROW(weir_virtualport, typeidversion, WR_U8, "typeidversion",
	       WR_HAS(WEIR_VIRTUALPORT_TYPEIDVERSION), .doc = "802.1Qbg: version of the VSI type"),
	WR_ROW(weir_virtualport, instanceid, WR_NAME, "instanceid",
	       WR_HAS(WEIR_VIRTUALPORT_INSTANCEID), WR_RULE(wr_text_uuid, WR_UUID_RULE, .any_case = true),
	       .doc = "802.1Qbg: the instance"),
	WR_ROW(weir_virtualport, interfaceid, WR_NAME, "interfaceid",
	       WR_HAS(WEIR_VIRTUALPORT_INTERFACEID), WR_RULE(wr_text_uuid, WR_UUID_RULE, .any_case = true),
	       .doc = "openvswitch, midonet: the port"),
	WR_ROW(weir_virtualport, profileid, WR_NAME, "profileid", WR_HAS(WEIR_VIRTUALPORT_PROFILEID),
	       .doc = "802.1Qbh, openvswitch: name of the profile"),
};
WR_TABLE(wr_virtualport_table, weir_virtualport, "virtualport",
	 offsetof(struct weir_virtualport, has), virtualport_fields);

static const struct wr_word drivers[] = { { WEIR_PCI_DRIVER_KVM, "kvm" },
					  { WEIR_PCI_DRIVER_VFIO, "vfio" },
					  { WEIR_PCI_DRIVER_XEN, "xen" } };

static const struct wr_field driver_fields[] = {
	WR_ROW(weir_pci_driver, name, WR_U8, "name", .words = WR_WORDS(drivers),
	       .doc = "who hands the device to the guest"),
	WR_ROW(weir_pci_driver, model, WR_STRING, "model",
	       WR_RULE(wr_text_line, WR_LINE_RULE), .doc = "the kernel's driver"),
};
WR_TABLE(wr_pci_driver_table, weir_pci_driver, "driver", -1, driver_fields);

/* --- portgroup ----------------------------------------------------------------------- */

const struct wr_word wr_spoofings[WR_SPOOFINGS] = { { WEIR_SPOOFING_ALLOWED, "no" },
						    { WEIR_SPOOFING_MAC, "mac" },
						    { WEIR_SPOOFING_IP, "ip" } };

static const struct wr_field portgroup_fields[] = {
	WR_ROW(weir_portgroup, name, WR_STRING, "name", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_name, WR_NAME_RULE), .doc = "its name"),
	WR_ROW(weir_portgroup, is_default, WR_U8, "default", .flags = WR_TRISTATE,
	       .doc = "for ports that name no portgroup"),
	WR_ROW(weir_portgroup, trust_guest_rx_filters, WR_U8, "trustGuestRxFilters",
	       .flags = WR_TRISTATE, .doc = "the guest may choose its MAC addresses"),
	WR_OBJECT_ROW(weir_portgroup, vlan, "vlan", &wr_vlan_table,
		      .doc = "vlans of each of its ports"),
	WR_OBJECT_ROW(weir_portgroup, virtualport, "virtualport", &wr_virtualport_table,
		      .doc = "what the switch behind them is told"),
	WR_OBJECT_ROW(weir_portgroup, bandwidth, "bandwidth", &wr_bandwidth_table,
		      .doc = "limits of each of its ports"),
	WR_ROW(weir_portgroup, anti_spoofing, WR_U8, "antiSpoofing", .words = WR_WORDS(wr_spoofings),
	       .doc = "addresses of its own that a guest is held to"),
};
WR_TABLE(wr_portgroup_table, weir_portgroup, "portgroup", -1, portgroup_fields);

/* --- a guest's port ------------------------------------------------------------------ */

static const struct wr_word port_kinds[] = {
	{ WEIR_PORT_TAP, "tap" },
	{ WEIR_PORT_VETH, "veth" },
	{ WEIR_PORT_MACVTAP, "macvtap" },
	{ WEIR_PORT_HOSTDEV, "hostdev" },
	{ WEIR_PORT_MACVLAN, "macvlan" },
};

static const struct wr_word plugs[] = {
	{ WEIR_PLUG_NONE, "none" },           { WEIR_PLUG_NETWORK, "network" },
	{ WEIR_PLUG_BRIDGE, "bridge" },       { WEIR_PLUG_DIRECT, "direct" },
	{ WEIR_PLUG_HOSTDEV, "hostdev-pci" },
};

static const struct wr_word direct_modes[] = {
	{ WEIR_DIRECT_VEPA, "vepa" },
	{ WEIR_DIRECT_PRIVATE, "private" },
	{ WEIR_DIRECT_BRIDGE, "bridge" },
	{ WEIR_DIRECT_PASSTHROUGH, "passthrough" },
};

static const struct wr_word sources[] = {
	{ WEIR_FROM_NOBODY, "none" },         { WEIR_FROM_GUEST, "guest" },
	{ WEIR_FROM_PORTGROUP, "portgroup" }, { WEIR_FROM_NETWORK, "network" },
	{ WEIR_FROM_SEVERAL, "several" },
};

static const struct wr_field port_address_fields[] = {
	WR_ROW(weir_port_address, address, WR_IP, "address", .flags = WR_REQUIRED,
	       .doc = "an address of the guest"),
};
static WR_TABLE(port_address_table, weir_port_address, "guest's address", -1, port_address_fields);

static const struct wr_field port_fields[] = {
	WR_ROW(weir_port, uuid, WR_NAME, "uuid", WR_RULE(wr_text_uuid, WR_UUID_RULE, .any_case = true),
	       .doc = "its identity"),
	WR_ROW(weir_port, name, WR_NAME, "name", .doc = "link on the host"),
	WR_ROW(weir_port, ifindex, WR_S32, "ifindex", .doc = "its index"),
	WR_ROW(weir_port, kind, WR_U8, "kind", .words = WR_WORDS(port_kinds), .flags = WR_ALWAYS,
	       .doc = "what it is"),
	WR_ROW(weir_port, network, WR_NAME, "network", .doc = "its network"),
	WR_ROW(weir_port, portgroup, WR_NAME, "portgroup", .doc = "its portgroup"),
	WR_ROW(weir_port, plug, WR_U8, "plug", .words = WR_WORDS(plugs),
	       .doc = "what the guest's side is connected to"),
	WR_ROW(weir_port, bridge, WR_NAME, "bridge", .doc = "the bridge it is a port of"),
	WR_ROW(weir_port, mac_table_manager, WR_U8, "macTableManager",
	       .words = WR_WORDS(wr_managers), .doc = "who keeps that bridge's MAC table"),
	WR_ROW(weir_port, dev, WR_NAME, "dev", .doc = "direct: the link below it"),
	WR_ROW(weir_port, direct_mode, WR_U8, "directMode", .words = WR_WORDS(direct_modes),
	       .doc = "direct: how ports of one link see each other"),
	WR_ROW(weir_port, pci, WR_NAME, "pci", WR_RULE(wr_text_pci, WR_PCI_RULE),
	       .doc = "hostdev, or claimed for direct: the virtual function"),
	WR_ROW(weir_port, vf, WR_NAME, "vf", .doc = "the same as PF/NUMBER, if it is claimed"),
	WR_ROW(weir_port, managed, WR_U8, "managed", .flags = WR_TRISTATE,
	       .doc = "hostdev: it is bound and given back without the caller's doing"),
	WR_OBJECT_ROW(weir_port, driver, "driver", &wr_pci_driver_table,
		      .doc = "hostdev: what it is bound to"),
	WR_ROW(weir_port, mode, WR_U8, "mode", .words = WR_WORDS(wr_forward_modes),
	       .flags = WR_ALWAYS, .doc = "the network's forward mode"),
	WR_ROW(weir_port, mac, WR_MAC, "mac", .doc = "the guest's MAC address"),
	WR_ROW(weir_port, host_mac, WR_MAC, "hostMac", .doc = "the host end's MAC address"),
	WR_ROW(weir_port, mtu, WR_U32, "mtu", .doc = "MTU"),
	WR_OBJECT_ROW(weir_port, bandwidth, "bandwidth", &wr_port_bandwidth_table, .doc = "limits"),
	WR_ROW(weir_port, bandwidth_from, WR_U8, "bandwidthFrom", .words = WR_WORDS(sources),
	       .doc = "who gave the limits"),
	WR_ROW(weir_port, class_id, WR_U32, "classId", .doc = "its class in the bridge's tree"),
	WR_OBJECT_ROW(weir_port, vlan, "vlan", &wr_vlan_table, .doc = "its vlans"),
	WR_ROW(weir_port, vlan_from, WR_U8, "vlanFrom", .words = WR_WORDS(sources),
	       .doc = "who gave the vlans"),
	WR_OBJECT_ROW(weir_port, virtualport, "virtualport", &wr_virtualport_table,
		      .doc = "what the switch behind it is told"),
	WR_ROW(weir_port, virtualport_from, WR_U8, "virtualportFrom", .words = WR_WORDS(sources),
	       .doc = "who gave the virtualport"),
	WR_OBJECT_ROW(weir_port, guest_virtualport, "guestVirtualport", &wr_virtualport_table,
		      .doc = "the guest's own part of it, if others gave parts too"),
	WR_ROW(weir_port, trust_guest_rx_filters, WR_U8, "trustGuestRxFilters",
	       .flags = WR_TRISTATE, .doc = "the guest may choose its MAC addresses"),
	WR_ROW(weir_port, trust_from, WR_U8, "trustGuestRxFiltersFrom", .words = WR_WORDS(sources),
	       .doc = "who said that"),
	WR_ROW(weir_port, isolated, WR_U8, "isolated", .flags = WR_TRISTATE,
	       .doc = "it reaches only what is not isolated"),
	WR_ROW(weir_port, isolated_from, WR_U8, "isolatedFrom", .words = WR_WORDS(sources),
	       .doc = "who said that"),
	WR_ROW(weir_port, owner, WR_NAME, "owner", .doc = "who owns the guest"),
	WR_ROW(weir_port, owner_uuid, WR_NAME, "ownerUuid",
	       WR_RULE(wr_text_uuid, WR_UUID_RULE, .any_case = true), .doc = "the guest's uuid"),
	WR_ROW(weir_port, netns, WR_NAME, "netns", .doc = "where the guest's end is"),
	WR_ROW(weir_port, ifname, WR_NAME, "ifname", .doc = "name of the guest's end"),
	WR_ROW(weir_port, persistent, WR_U8, "persistent", .flags = WR_BOOL,
	       .doc = "stays when nobody has it open"),
	WR_ROW(weir_port, ifb_ifindex, WR_S32, "ifbIfindex", .doc = "index of its ifb"),
	WR_ROW(weir_port, ifb_name, WR_NAME, "ifbName", .doc = "its ifb"),
	WR_ROW(weir_port, ifb_class, WR_U32, "ifbClass",
	       .doc = "its class there, if others share it"),
	WR_ROW(weir_port, floor_class, WR_U32, "floorClass",
	       .doc = "class of its floor on the bridge"),
	WR_ROW(weir_port, outbound_floor_class, WR_U32, "outboundFloorClass",
	       .doc = "class of its floor on the bridge's ifb"),
	WR_ROW(weir_port, outbound_floor_on, WR_NAME, "outboundFloorOn", .doc = "that ifb"),
	WR_ROW(weir_port, anti_spoofing, WR_U8, "antiSpoofing", .words = WR_WORDS(wr_spoofings),
	       .doc = "addresses of its own that the guest is held to"),
	WR_ROW(weir_port, anti_spoofing_from, WR_U8, "antiSpoofingFrom",
	       .words = WR_WORDS(sources), .doc = "who said that"),
	WR_LIST_ROW(weir_port, addresses, "addresses", &port_address_table,
		    .doc = "the guest's IP addresses, as far as they are known"),
};
WR_TABLE(wr_port_table, weir_port, "port", -1, port_fields);
