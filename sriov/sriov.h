/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. The API is <weir/sriov.h>. */
#ifndef WR_SRIOV_H
#define WR_SRIOV_H

#include <limits.h>

#include <weir/sriov.h>

#include "base/table.h"

struct weir_sriov {
	struct weir *w;
	char *sysfs_dir;
	char *claims_dir;
	char *modules_dir;	/* NULL: those of the running kernel */
	uint32_t timeout_ms;
};

extern const struct wr_table wr_pf_table, wr_vf_table, wr_claim_table;

/* --- sysfs.c ---------------------------------------------------------------------- */

/* The path of a PCI device, or of something below it. */
void wr_pci_path(const struct weir_sriov *s, const char *pci, const char *file, char path[PATH_MAX]);
bool wr_is_pci(const char *name);
bool wr_exists(const char *path);
/* The file's text without its last newline; empty where it can't be read. 0 or -errno. */
int wr_sysfs_text(const char *path, char *buf, size_t size);
/* A number, decimal or 0x...; @absent where there is none. */
long long wr_sysfs_number(const char *path, long long absent);
/* The last component of where a symbolic link leads to; empty where there is none. */
void wr_sysfs_link(const char *path, char *buf, size_t size);

/* A netdev of a PCI device. */
struct wr_netdev {
	char name[16];
	int32_t ifindex;
	bool is_up, has_carrier;
	uint8_t mac[6];
	char port_id[72];	/* phys_port_id */
	char port_name[32];	/* phys_port_name */
	uint32_t dev_port;
};

/*
 * The netdevs of a PCI device in the order of their ports, without representors.
 * Returns how many there are, of which the first @max are in @ret, or a negative errno.
 */
int wr_netdevs(const char *device_path, struct wr_netdev *ret, size_t max);
/* Which of a VF's netdevs belongs to the PF's netdev @of; NULL if there is none. */
const struct wr_netdev *wr_netdev_for(const struct wr_netdev *list, size_t n,
				      const struct wr_netdev *of);

/* --- pci.c: libpci ------------------------------------------------------------------ */

struct wr_pci {
	uint16_t vendor, device;
	uint32_t class_code;
	char vendor_name[64], device_name[96];
	char driver[32];
	int32_t numa_node, iommu_group;
	/* the SR-IOV capability; not there for those who may not read all of the configuration space */
	bool has_capability;
	uint16_t total_vfs, num_vfs, vf_offset, vf_stride, vf_device;
};

int wr_pci_read(const struct weir_sriov *s, const char *pci, bool names, struct wr_pci *ret,
		struct weir_error *err);
/* The address @add routing IDs behind @pci. */
int wr_pci_add(const char *pci, uint32_t add, char ret[WEIR_PCI_TEXT]);

#endif
