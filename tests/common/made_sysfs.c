/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The made-up /sys: see made_sysfs.h. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made_sysfs.h"

char made_sysfs[64];

#define PATH_OF(path, fmt)                                                                         \
	do {                                                                                       \
		va_list ap_;                                                                       \
		int n_ = snprintf(path, sizeof(path), "%s/", made_sysfs);                          \
		va_start(ap_, fmt);                                                                \
		vsnprintf(path + n_, sizeof(path) - (size_t)n_, fmt, ap_);                         \
		va_end(ap_);                                                                       \
	} while (0)

static void make_parents(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

int sysfs_setup(void **state)
{
	snprintf(made_sysfs, sizeof(made_sysfs), "/tmp/weir-sysfs-XXXXXX");
	if (!mkdtemp(made_sysfs))
		return -1;
	sysfs_put("", "bus/pci/drivers_probe");
	sysfs_put("", "bus/pci/devices/.keep");
	sysfs_put("", "class/net/.keep");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_all(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int sysfs_teardown(void **state)
{
	return remove_all(made_sysfs);
}

static void write_bytes(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

void sysfs_put(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];

	PATH_OF(path, fmt);
	make_parents(path);
	write_bytes(path, text, strlen(text));
}

char *sysfs_get(const char *fmt, ...)
{
	char path[PATH_MAX], *text = calloc(1, 4096);
	FILE *f;

	PATH_OF(path, fmt);
	f = fopen(path, "r");
	if (!f) {
		free(text);
		return NULL;
	}
	text[fread(text, 1, 4095, f)] = '\0';
	fclose(f);
	return text;
}

void sysfs_link(const char *target, const char *fmt, ...)
{
	char path[PATH_MAX];

	PATH_OF(path, fmt);
	make_parents(path);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

void sysfs_remove(const char *fmt, ...)
{
	char path[PATH_MAX];

	PATH_OF(path, fmt);
	assert_int_equal(remove_all(path), 0);
}

/* --- devices ---------------------------------------------------------------------- */

#define DEVICE "bus/pci/devices/%s/"

void sysfs_device(const char *pci, unsigned int class_code, const char *driver)
{
	char text[64];

	snprintf(text, sizeof(text), "0x%06x\n", class_code);
	sysfs_put(text, DEVICE "class", pci);
	sysfs_put("0x8086\n", DEVICE "vendor", pci);
	sysfs_put("0x10c9\n", DEVICE "device", pci);
	sysfs_put("0\n", DEVICE "irq", pci);
	sysfs_put("0x0 0x0 0x0\n", DEVICE "resource", pci);
	sysfs_put("0\n", DEVICE "numa_node", pci);
	sysfs_put("(null)\n", DEVICE "driver_override", pci);
	snprintf(text, sizeof(text), "../../../../kernel/iommu_groups/%u", (unsigned int)pci[6] - '0' + 10);
	sysfs_put("", "kernel/iommu_groups/%u/devices", (unsigned int)pci[6] - '0' + 10);
	sysfs_link(text, DEVICE "iommu_group", pci);
	if (!*driver)
		return;
	snprintf(text, sizeof(text), "../../drivers/%s", driver);
	sysfs_link(text, DEVICE "driver", pci);
	sysfs_put("", "bus/pci/drivers/%s/unbind", driver);
}

void sysfs_netdev(const char *pci, const char *name, int ifindex, const char *port_name)
{
	char text[80];

	snprintf(text, sizeof(text), "%d\n", ifindex);
	sysfs_put(text, DEVICE "net/%s/ifindex", pci, name);
	sysfs_put("0x1003\n", DEVICE "net/%s/flags", pci, name);
	sysfs_put("1\n", DEVICE "net/%s/carrier", pci, name);
	snprintf(text, sizeof(text), "52:54:00:00:%02x:%02x\n", ifindex >> 8 & 0xff, ifindex & 0xff);
	sysfs_put(text, DEVICE "net/%s/address", pci, name);
	if (port_name)
		sysfs_put(port_name, DEVICE "net/%s/phys_port_name", pci, name);
	snprintf(text, sizeof(text), "../../../%s", pci);
	sysfs_link(text, DEVICE "net/%s/device", pci, name);
	snprintf(text, sizeof(text), "../../bus/pci/devices/%s/net/%s", pci, name);
	sysfs_link(text, "class/net/%s", name);
}

void sysfs_address(const char *pci, unsigned int rid, char ret[16])
{
	unsigned int domain, bus, dev, func;

	sscanf(pci, "%x:%x:%x.%x", &domain, &bus, &dev, &func);
	rid += bus << 8 | dev << 3 | func;
	snprintf(ret, 16, "%04x:%02x:%02x.%x", domain & 0xffff, rid >> 8 & 0xff, rid >> 3 & 0x1f, rid & 7);
}

static void put_u16(unsigned char *p, unsigned int v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8 & 0xff;
}

/* A configuration space with a PCI Express capability at 0x40 and SR-IOV's at 0x100. */
static void put_config(const char *pci, unsigned int total, unsigned int num, unsigned int offset,
		       unsigned int stride)
{
	unsigned char config[4096] = { 0 };
	char path[PATH_MAX];

	put_u16(config + 0x00, 0x8086);
	put_u16(config + 0x02, 0x10c9);
	put_u16(config + 0x06, 0x10);
	config[0x34] = 0x40;
	config[0x40] = 0x10;
	put_u16(config + 0x100, 0x10);
	put_u16(config + 0x102, 1);
	put_u16(config + 0x10c, total);
	put_u16(config + 0x10e, total);
	put_u16(config + 0x110, num);
	put_u16(config + 0x114, offset);
	put_u16(config + 0x116, stride);
	put_u16(config + 0x11a, 0x10ca);
	snprintf(path, sizeof(path), "%s/" DEVICE "config", made_sysfs, pci);
	write_bytes(path, config, sizeof(config));
}

static void put_number(const char *pci, const char *file, unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u\n", n);
	sysfs_put(text, DEVICE "%s", pci, file);
}

void sysfs_pf(const char *pci, unsigned int total, unsigned int num, unsigned int offset,
	      unsigned int stride)
{
	char vf[16], target[32], back[32];

	sysfs_device(pci, 0x020000, "igb");
	put_config(pci, total, num, offset, stride);
	put_number(pci, "sriov_totalvfs", total);
	put_number(pci, "sriov_numvfs", num);
	put_number(pci, "sriov_offset", offset);
	put_number(pci, "sriov_stride", stride);
	put_number(pci, "sriov_drivers_autoprobe", 1);
	sysfs_put("10ca\n", DEVICE "sriov_vf_device", pci);
	snprintf(back, sizeof(back), "../%s", pci);
	for (unsigned int i = 0; i < num; i++) {
		sysfs_address(pci, offset + i * stride, vf);
		sysfs_device(vf, 0x020000, "igbvf");
		sysfs_link(back, DEVICE "physfn", vf);
		snprintf(target, sizeof(target), "../%s", vf);
		sysfs_link(target, DEVICE "virtfn%u", pci, i);
	}
}
