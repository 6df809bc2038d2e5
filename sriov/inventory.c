/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which PFs and VFs there are. A PF is a network card's PCI function with
 * sriov_totalvfs; its VFs are where its SR-IOV capability says, which sysfs must
 * confirm by its virtfnN links. Only reads.
 */
#include <dirent.h>
#include <stdio.h>

#include "sriov/sriov.h"

/* A PCI device with more ports than this is shown with its first ones. */
#define MAX_NETDEVS 16

#define NETWORK_CONTROLLER 0x02	/* PCI base class */

static void object_of(const char *what, const char *name, char object[64])
{
	wr_format(object, 64, "%s %s", what, name);
}

static long long number_of(const struct weir_sriov *s, const char *pci, const char *file,
			   long long absent)
{
	char path[PATH_MAX];

	wr_pci_path(s, pci, file, path);
	return wr_sysfs_number(path, absent);
}

static bool has_file(const struct weir_sriov *s, const char *pci, const char *file)
{
	char path[PATH_MAX];

	wr_pci_path(s, pci, file, path);
	return wr_exists(path);
}

static bool is_pf(const struct weir_sriov *s, const char *pci)
{
	return number_of(s, pci, "sriov_totalvfs", 0) > 0 &&
	       number_of(s, pci, "class", 0) >> 16 == NETWORK_CONTROLLER;
}

/* --- one PF ----------------------------------------------------------------------- */

/* How many links a PCI device has. Without them a function that is in use would be taken for one that is free. */
static int netdevs_of(const struct weir_sriov *s, const char *pci, struct wr_netdev list[MAX_NETDEVS],
		      struct weir_error *err)
{
	char path[PATH_MAX], object[64];
	int n;

	wr_pci_path(s, pci, "", path);
	n = wr_netdevs(path, list, MAX_NETDEVS);
	object_of("PCI device", pci, object);
	return n < 0 ? wr_syserr(err, n, object, "%s/net", path) : n;
}

/* The link of @pf that has that name, else its first; returns how many it has. */
static int netdev_of(const struct weir_sriov *s, const struct weir_pf *pf, const char *name,
		     struct wr_netdev *ret, struct weir_error *err)
{
	struct wr_netdev list[MAX_NETDEVS] = { 0 };
	int n = netdevs_of(s, pf->pci, list, err);

	*ret = list[0];
	for (int i = 0; i < n && i < MAX_NETDEVS; i++)
		if (!strcmp(list[i].name, name))
			*ret = list[i];
	return n;
}

static int read_pf_netdev(const struct weir_sriov *s, const char *netdev, struct weir_pf *pf,
			  struct weir_error *err)
{
	struct wr_netdev d;
	int n = netdev_of(s, pf, netdev, &d, err);

	if (n <= 0)
		return n;
	pf->n_netdevs = (uint32_t)n;
	wr_copy(pf->netdev, sizeof(pf->netdev), d.name);
	pf->ifindex = d.ifindex;
	pf->is_up = d.is_up;
	pf->has_carrier = d.has_carrier;
	return 0;
}

/* Who may not read the capability gets the same numbers from sysfs. */
static void read_numbers(const struct weir_sriov *s, const struct wr_pci *info, struct weir_pf *pf)
{
	pf->total_vfs = (uint32_t)number_of(s, pf->pci, "sriov_totalvfs", 0);
	pf->num_vfs = (uint32_t)number_of(s, pf->pci, "sriov_numvfs", 0);
	pf->autoprobe = number_of(s, pf->pci, "sriov_drivers_autoprobe", 1) != 0;
	pf->vf_offset = info->has_capability ? info->vf_offset :
					       (uint32_t)number_of(s, pf->pci, "sriov_offset", 0);
	pf->vf_stride = info->has_capability ? info->vf_stride :
					       (uint32_t)number_of(s, pf->pci, "sriov_stride", 0);
	pf->vf_device = info->vf_device;
	if (!info->has_capability) {
		char path[PATH_MAX], text[16];

		wr_pci_path(s, pf->pci, "sriov_vf_device", path);
		wr_sysfs_text(path, text, sizeof(text));
		pf->vf_device = (uint16_t)strtoul(text, NULL, 16);
	}
}

static int read_pf(const struct weir_sriov *s, const char *pci, const char *netdev,
		   unsigned int flags, struct weir_pf *ret, struct weir_error *err)
{
	struct weir_pf pf = { .sz = sizeof(pf) };
	struct wr_pci info;
	int r = wr_pci_read(s, pci, flags & WEIR_SRIOV_NAMES, &info, err);

	if (r)
		return r;
	wr_copy(pf.pci, sizeof(pf.pci), pci);
	wr_copy(pf.driver, sizeof(pf.driver), info.driver);
	wr_copy(pf.vendor_name, sizeof(pf.vendor_name), info.vendor_name);
	wr_copy(pf.device_name, sizeof(pf.device_name), info.device_name);
	pf.vendor = info.vendor;
	pf.device = info.device;
	pf.class_code = info.class_code;
	pf.numa_node = info.numa_node;
	pf.iommu_group = info.iommu_group;
	read_numbers(s, &info, &pf);
	r = read_pf_netdev(s, netdev, &pf, err);
	if (!r)
		*ret = pf;
	return r;
}

/* The PCI address behind a netdev's name; a name may be one already. */
static int find_pci(const struct weir_sriov *s, const char *name, char pci[WEIR_PCI_TEXT],
		    struct weir_error *err)
{
	char path[PATH_MAX], object[64], link[64];

	if (!name)
		return wr_refuse(err, -EINVAL, "PCI device", "name", "is missing");
	object_of(wr_is_pci(name) ? "PCI device" : "link", name, object);
	*link = '\0';
	if (wr_is_pci(name) && has_file(s, name, "")) {
		wr_copy(link, sizeof(link), name);
	} else if (!wr_check_ifname(name)) {
		wr_format(path, sizeof(path), "%s/class/net/%s", s->sysfs_dir, name);
		if (wr_exists(path)) {
			wr_format(path, sizeof(path), "%s/class/net/%s/device", s->sysfs_dir, name);
			wr_sysfs_link(path, link, sizeof(link));
			if (!wr_is_pci(link))
				return wr_refuse(err, -EOPNOTSUPP, object, "", "is no PCI device's");
		}
	}
	if (!wr_is_pci(link))
		return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, object, "", "is not there");
	wr_copy(pci, WEIR_PCI_TEXT, link);
	return 0;
}

int weir_pf_get(struct weir_sriov *s, const char *name, unsigned int flags, struct weir_pf *ret,
		struct weir_error *err)
{
	char pci[WEIR_PCI_TEXT], object[64];
	struct weir_pf pf;
	int r = find_pci(s, name, pci, err);

	if (r)
		return r;
	object_of("PF", name, object);
	if (!is_pf(s, pci))
		return wr_refuse(err, -EOPNOTSUPP, object, "", "%s",
				 has_file(s, pci, "physfn") ?
					 "is a virtual function itself" :
					 "is no network card's function that can have virtual functions");
	r = read_pf(s, pci, name, flags, &pf, err);
	if (r && !has_file(s, pci, "sriov_totalvfs"))
		return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, object, "", "has gone");
	return r ? r : wr_opts_give(ret, &pf, sizeof(pf), err);
}

/* --- all PFs ------------------------------------------------------------------------ */

static int is_address(const struct dirent *e)
{
	return wr_is_pci(e->d_name);
}

int weir_pf_list(struct weir_sriov *s, unsigned int flags, struct weir_pf **ret, size_t *ret_n,
		 struct weir_error *err)
{
	wr_auto(free) struct weir_pf *list = NULL;
	struct dirent **names = NULL;
	char path[PATH_MAX];
	size_t kept = 0;
	int n, r = 0;

	wr_format(path, sizeof(path), "%s/bus/pci/devices", s->sysfs_dir);
	n = scandir(path, &names, is_address, alphasort);
	if (n < 0 && errno != ENOENT)
		return wr_syserr(err, -errno, "PCI devices", "%s", path);
	list = calloc(n > 0 ? (size_t)n : 1, sizeof(*list));
	if (!list)
		r = wr_nomem(err);
	for (int i = 0; i < n; i++) {
		const char *pci = names[i]->d_name;

		if (!r && is_pf(s, pci)) {
			r = read_pf(s, pci, "", flags, &list[kept], err);
			if (!r)
				kept++;
			else if (!is_pf(s, pci))
				r = 0;	/* pulled while we looked at it */
		}
		free(names[i]);
	}
	free(names);
	if (r)
		return r;
	*ret = wr_take(list);
	*ret_n = kept;
	return 0;
}

/* --- VFs ---------------------------------------------------------------------------- */

static int read_vf_netdev(const struct weir_sriov *s, const struct wr_netdev *pf_netdev, struct weir_vf *vf,
			  struct weir_error *err)
{
	struct wr_netdev list[MAX_NETDEVS];
	int n = netdevs_of(s, vf->pci, list, err);
	const struct wr_netdev *d;

	if (n <= 0)
		return n;
	d = wr_netdev_for(list, n > MAX_NETDEVS ? MAX_NETDEVS : (size_t)n, pf_netdev);
	wr_copy(vf->netdev, sizeof(vf->netdev), d->name);
	memcpy(vf->mac, d->mac, sizeof(vf->mac));
	vf->ifindex = d->ifindex;
	vf->is_up = d->is_up;
	vf->has_carrier = d->has_carrier;
	return 0;
}

/* Kernels since 6.1 may have a device of its own for each function besides the group's. */
static void read_vfio(const struct weir_sriov *s, struct weir_vf *vf)
{
	char path[PATH_MAX], group_type[16];
	struct dirent *e;
	DIR *dir;

	wr_pci_path(s, vf->pci, "vfio-dev", path);
	if (!strstr(vf->driver, "vfio"))
		return;
	if (vf->iommu_group >= 0) {
		wr_format(vf->vfio, sizeof(vf->vfio), "/dev/vfio/%d", vf->iommu_group);
		return;
	}
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (sscanf(e->d_name, "vfio%15s", group_type) == 1)
			wr_format(vf->vfio, sizeof(vf->vfio), "/dev/vfio/devices/vfio%s", group_type);
	if (dir)
		closedir(dir);
}

static int read_vf(const struct weir_sriov *s, const char *pci, uint32_t index, const struct weir_pf *pf,
		   const struct wr_netdev *pf_netdev, struct weir_vf *vf, struct weir_error *err)
{
	char path[PATH_MAX], group[16];

	*vf = (struct weir_vf){ .sz = sizeof(*vf), .index = index, .iommu_group = -1 };
	wr_copy(vf->pci, sizeof(vf->pci), pci);
	wr_copy(vf->pf, sizeof(vf->pf), pf->pci);
	wr_copy(vf->pf_netdev, sizeof(vf->pf_netdev), pf->netdev);
	vf->pf_ifindex = pf->ifindex;
	wr_pci_path(s, pci, "driver", path);
	wr_sysfs_link(path, vf->driver, sizeof(vf->driver));
	wr_pci_path(s, pci, "iommu_group", path);
	wr_sysfs_link(path, group, sizeof(group));
	if (*group)
		vf->iommu_group = (int32_t)strtol(group, NULL, 10);
	vf->numa_node = (int32_t)number_of(s, pci, "numa_node", -1);
	read_vfio(s, vf);
	return read_vf_netdev(s, pf_netdev, vf, err);
}

/* Where the capability says VF @i is, and whether sysfs says so too. */
static int vf_address(const struct weir_sriov *s, const struct weir_pf *pf, uint32_t i,
		      char ret[WEIR_PCI_TEXT], struct weir_error *err)
{
	char path[PATH_MAX], file[24], link[64], object[64];

	object_of("PF", pf->pci, object);
	wr_format(file, sizeof(file), "virtfn%u", i);
	wr_pci_path(s, pf->pci, file, path);
	wr_sysfs_link(path, link, sizeof(link));
	if (!*link && !has_file(s, pf->pci, "sriov_totalvfs"))
		return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, object, "", "has gone");
	if (!*link)
		return wr_error(err, -EAGAIN, WEIR_STAGE_SYSTEM, object, "",
				"its virtual functions changed while they were read");
	if (wr_pci_add(pf->pci, pf->vf_offset + i * pf->vf_stride, ret) || strcmp(ret, link))
		return wr_error(err, -EBADMSG, WEIR_STAGE_SYSTEM, object, "",
				"its capability has VF %u at %s (offset %u, stride %u), but sysfs at %s",
				i, ret, pf->vf_offset, pf->vf_stride, link);
	return 0;
}

int weir_vf_list(struct weir_sriov *s, const struct weir_pf *pf, struct weir_vf **ret,
		 size_t *ret_n, struct weir_error *err)
{
	wr_auto(free) struct weir_vf *list = calloc(pf->num_vfs ? pf->num_vfs : 1, sizeof(*list));
	struct wr_netdev port;
	int r;

	if (!list)
		return wr_nomem(err);
	r = netdev_of(s, pf, pf->netdev, &port, err);
	for (uint32_t i = 0; i < pf->num_vfs && r >= 0; i++) {
		char pci[WEIR_PCI_TEXT] = "";

		r = vf_address(s, pf, i, pci, err);
		if (!r)
			r = read_vf(s, pci, i, pf, &port, &list[i], err);
	}
	if (r < 0)
		return r;
	*ret = wr_take(list);
	*ret_n = pf->num_vfs;
	return 0;
}

/* "ens1/3" */
static int get_numbered(struct weir_sriov *s, const char *name, struct weir_vf *ret,
			struct weir_error *err)
{
	const char *slash = strrchr(name, '/');
	unsigned long i = strtoul(slash + 1, NULL, 10);
	char pf_name[32], pci[WEIR_PCI_TEXT] = "", object[64];
	struct wr_netdev port;
	struct weir_pf pf = { .sz = sizeof(pf) };
	int r;

	object_of("VF", name, object);
	wr_format(pf_name, sizeof(pf_name), "%.*s", (int)(slash - name), name);
	r = weir_pf_get(s, pf_name, 0, &pf, err);
	if (r)
		return r;
	if (!slash[1] || slash[1 + strspn(slash + 1, "0123456789")] || i >= pf.num_vfs)
		return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, object, "",
				"is not there: the PF has %u VFs", pf.num_vfs);
	r = netdev_of(s, &pf, pf.netdev, &port, err);
	if (r >= 0)
		r = vf_address(s, &pf, (uint32_t)i, pci, err);
	if (!r)
		r = read_vf(s, pci, (uint32_t)i, &pf, &port, ret, err);
	return r;
}

static int get_vf(struct weir_sriov *s, const char *name, struct weir_vf *ret, struct weir_error *err)
{
	char pci[WEIR_PCI_TEXT], path[PATH_MAX], pf_pci[64], at[WEIR_PCI_TEXT] = "", object[64];
	struct wr_netdev port;
	struct weir_pf pf = { .sz = sizeof(pf) };
	int r;

	if (name && strchr(name, '/'))
		return get_numbered(s, name, ret, err);
	r = find_pci(s, name, pci, err);
	if (r)
		return r;
	object_of("VF", name, object);
	wr_pci_path(s, pci, "physfn", path);
	wr_sysfs_link(path, pf_pci, sizeof(pf_pci));
	if (!*pf_pci)
		return wr_refuse(err, -EOPNOTSUPP, object, "", "is no virtual function");
	r = weir_pf_get(s, pf_pci, 0, &pf, err);
	if (r)
		return r;
	r = netdev_of(s, &pf, pf.netdev, &port, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < pf.num_vfs; i++) {
		r = vf_address(s, &pf, i, at, err);
		if (r)
			return r;
		if (!strcmp(at, pci))
			return read_vf(s, pci, i, &pf, &port, ret, err);
	}
	return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, object, "", "is none of its PF's %u VFs",
			pf.num_vfs);
}

int weir_vf_get(struct weir_sriov *s, const char *name, struct weir_vf *ret, struct weir_error *err)
{
	struct weir_vf vf;
	int r = get_vf(s, name, &vf, err);

	return r ? r : wr_opts_give(ret, &vf, sizeof(vf), err);
}
