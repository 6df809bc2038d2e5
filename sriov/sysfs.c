/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading sysfs: one value in one file, links, and which netdevs a PCI device
 * has. A file that is not there is an absent value here, because drivers differ
 * in what they show and devices may be pulled at any moment.
 */
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "sriov/sriov.h"

void wr_pci_path(const struct weir_sriov *s, const char *pci, const char *file, char path[PATH_MAX])
{
	wr_format(path, PATH_MAX, "%s/bus/pci/devices/%s%s%s", s->sysfs_dir, pci, *file ? "/" : "", file);
}

/* "0000:01:10.2"; a domain may have five digits and more (VMD). */
bool wr_is_pci(const char *name)
{
	unsigned int domain, bus, dev, func;
	int end = 0;

	return strlen(name) < WEIR_PCI_TEXT &&
	       sscanf(name, "%x:%2x:%2x.%1x%n", &domain, &bus, &dev, &func, &end) == 4 && !name[end];
}

bool wr_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

int wr_sysfs_text(const char *path, char *buf, size_t size)
{
	wr_auto(str) struct wr_str text = { 0 };
	int r = wr_file_read(path, &text);

	while (!r && text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	wr_copy(buf, size, r ? "" : wr_str_text(&text));
	return r;
}

long long wr_sysfs_number(const char *path, long long absent)
{
	char text[32], *end;
	long long v;

	wr_sysfs_text(path, text, sizeof(text));
	v = strtoll(text, &end, 0);
	return *text && !*end ? v : absent;
}

void wr_sysfs_link(const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	target[n < 0 ? 0 : n] = '\0';
	slash = strrchr(target, '/');
	wr_copy(buf, size, slash ? slash + 1 : target);
}

/* --- netdevs ------------------------------------------------------------------------ */

static void port_file(const char *device_path, const char *name, const char *file, char *buf,
		      size_t size)
{
	char path[PATH_MAX];

	wr_format(path, sizeof(path), "%s/net/%s/%s", device_path, name, file);
	wr_sysfs_text(path, buf, size);
}

static long long port_number(const char *device_path, const char *name, const char *file,
			     long long absent)
{
	char path[PATH_MAX];

	wr_format(path, sizeof(path), "%s/net/%s/%s", device_path, name, file);
	return wr_sysfs_number(path, absent);
}

/*
 * A card in switchdev mode shows a port "pf0vf3" for each VF on the PF's own PCI
 * device. What stands for the card's own ports is called "p0", "p0s1", or nothing.
 */
static bool is_representor(const struct wr_netdev *d)
{
	unsigned int port, split;
	int end = 0;

	if (!*d->port_name)
		return false;
	if (sscanf(d->port_name, "p%u%n", &port, &end) == 1 && end && !d->port_name[end])
		return false;
	end = 0;
	return sscanf(d->port_name, "p%us%u%n", &port, &split, &end) != 2 || !end || d->port_name[end];
}

static void read_netdev(const char *device_path, const char *name, struct wr_netdev *d)
{
	char mac[24];

	*d = (struct wr_netdev){ 0 };
	wr_copy(d->name, sizeof(d->name), name);
	port_file(device_path, name, "phys_port_id", d->port_id, sizeof(d->port_id));
	port_file(device_path, name, "phys_port_name", d->port_name, sizeof(d->port_name));
	port_file(device_path, name, "address", mac, sizeof(mac));
	if (wr_mac_parse(mac, d->mac))
		memset(d->mac, 0, sizeof(d->mac));
	d->dev_port = (uint32_t)port_number(device_path, name, "dev_port", 0);
	d->ifindex = (int32_t)port_number(device_path, name, "ifindex", 0);
	d->is_up = port_number(device_path, name, "flags", 0) & IFF_UP;
	d->has_carrier = port_number(device_path, name, "carrier", 0) == 1;
}

static int by_port(const void *a, const void *b)
{
	const struct wr_netdev *x = a, *y = b;

	if (x->dev_port != y->dev_port)
		return x->dev_port < y->dev_port ? -1 : 1;
	return strcmp(x->name, y->name);
}

int wr_netdevs(const char *device_path, struct wr_netdev *ret, size_t max)
{
	char path[PATH_MAX];
	struct dirent *e;
	size_t n = 0;
	int r = 0;
	DIR *dir;

	wr_format(path, sizeof(path), "%s/net", device_path);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while ((e = wr_file_next(dir, &r))) {
		struct wr_netdev d;

		if (*e->d_name == '.')
			continue;
		read_netdev(device_path, e->d_name, &d);
		if (is_representor(&d))
			continue;
		if (n < max)
			ret[n] = d;
		n++;
	}
	closedir(dir);
	qsort(ret, n < max ? n : max, sizeof(*ret), by_port);
	return r ? r : (int)n;
}

const struct wr_netdev *wr_netdev_for(const struct wr_netdev *list, size_t n,
				      const struct wr_netdev *of)
{
	if (n <= 1)
		return n ? list : NULL;
	for (size_t i = 0; i < n && *of->port_id; i++)
		if (!strcmp(list[i].port_id, of->port_id))
			return &list[i];
	for (size_t i = 0; i < n && *of->port_name; i++)
		if (!strcmp(list[i].port_name, of->port_name))
			return &list[i];
	for (size_t i = 0; i < n; i++)
		if (list[i].dev_port == of->dev_port)
			return &list[i];
	return list;
}
