/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PFs and VFs consist of, one row for each member: their JSON comes from here. */
#include "sriov/sriov.h"

#define PF(member, codec, name, ...) WR_ROW(weir_pf, member, codec, name, ##__VA_ARGS__)
#define VF(member, codec, name, ...) WR_ROW(weir_vf, member, codec, name, ##__VA_ARGS__)

/* clang-format off */
static const struct wr_field pf_fields[] = {
	PF(pci, WR_NAME, "pci", .doc = "PCI address"),
	PF(netdev, WR_NAME, "netdev", .doc = "its link"),
	PF(n_netdevs, WR_U32, "netdevs", .flags = WR_ALWAYS, .doc = "how many links it has"),
	PF(ifindex, WR_S32, "ifindex", .doc = "number of its link"),
	PF(is_up, WR_U8, "up", .flags = WR_BOOL | WR_ALWAYS, .doc = "the link is up"),
	PF(has_carrier, WR_U8, "carrier", .flags = WR_BOOL | WR_ALWAYS, .doc = "the cable too"),
	PF(driver, WR_NAME, "driver", .doc = "its driver"),
	PF(vendor, WR_U16, "vendor", .flags = WR_HEX, .doc = "PCI vendor"),
	PF(device, WR_U16, "device", .flags = WR_HEX, .doc = "PCI device"),
	PF(class_code, WR_U32, "class", .flags = WR_HEX, .doc = "PCI class"),
	PF(vendor_name, WR_NAME, "vendor_name", .doc = "vendor in words"),
	PF(device_name, WR_NAME, "device_name", .doc = "device in words"),
	PF(total_vfs, WR_U32, "total_vfs", .flags = WR_ALWAYS, .doc = "most VFs it can have"),
	PF(num_vfs, WR_U32, "num_vfs", .flags = WR_ALWAYS, .doc = "VFs it has"),
	PF(vf_offset, WR_U32, "vf_offset", .doc = "routing IDs to its first VF"),
	PF(vf_stride, WR_U32, "vf_stride", .doc = "routing IDs from VF to VF"),
	PF(vf_device, WR_U16, "vf_device", .flags = WR_HEX, .doc = "PCI device of VFs"),
	PF(autoprobe, WR_U8, "autoprobe", .flags = WR_BOOL | WR_ALWAYS, .doc = "new VFs get a host driver"),
	PF(numa_node, WR_S32, "numa_node", .flags = WR_ALWAYS, .doc = "-1: not known"),
	PF(iommu_group, WR_S32, "iommu_group", .flags = WR_ALWAYS, .doc = "-1: none"),
};

static const struct wr_field vf_fields[] = {
	VF(pci, WR_NAME, "pci", .doc = "PCI address"),
	VF(pf, WR_NAME, "pf", .doc = "PCI address of its PF"),
	VF(pf_netdev, WR_NAME, "pf_netdev", .doc = "its PF's link"),
	VF(pf_ifindex, WR_S32, "pf_ifindex", .doc = "number of its PF's link"),
	VF(index, WR_U32, "index", .flags = WR_ALWAYS, .doc = "its number on the PF"),
	VF(netdev, WR_NAME, "netdev", .doc = "its link"),
	VF(ifindex, WR_S32, "ifindex", .doc = "number of its link"),
	VF(mac, WR_MAC, "mac", .doc = "MAC address of its link"),
	VF(is_up, WR_U8, "up", .flags = WR_BOOL | WR_ALWAYS, .doc = "the link is up"),
	VF(has_carrier, WR_U8, "carrier", .flags = WR_BOOL | WR_ALWAYS, .doc = "the cable too"),
	VF(driver, WR_NAME, "driver", .doc = "its driver"),
	VF(numa_node, WR_S32, "numa_node", .flags = WR_ALWAYS, .doc = "-1: not known"),
	VF(iommu_group, WR_S32, "iommu_group", .flags = WR_ALWAYS, .doc = "-1: none"),
	VF(vfio, WR_NAME, "vfio", .doc = "character device for a hypervisor"),
};
/* clang-format on */

WR_TABLE(wr_pf_table, weir_pf, "pf", -1, pf_fields);
WR_TABLE(wr_vf_table, weir_vf, "vf", -1, vf_fields);

static int as_json(const struct wr_table *t, const void *obj, char **ret)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_str_putc(&out, '{');
	wr_table_json(t, obj, -1, &out);
	wr_str_putc(&out, '}');
	*ret = wr_str_take(&out);
	return *ret ? 0 : -ENOMEM;
}

int weir_pf_json(const struct weir_pf *pf, char **ret)
{
	return as_json(&wr_pf_table, pf, ret);
}

int weir_vf_json(const struct weir_vf *vf, char **ret)
{
	return as_json(&wr_vf_table, vf, ret);
}

int weir_claim_json(const struct weir_claim *claim, char **ret)
{
	return as_json(&wr_claim_table, claim, ret);
}
