/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which virtual function a link or a PCI address is: a few names in sysfs, for what
 * needs no more of a card than that. Inventory and claims are libweir-sriov's.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "network/network.h"

struct search {
	struct wr_function *f;
	bool found;
};

static const char *last_part(char path[PATH_MAX], const char *of)
{
	ssize_t len = readlink(of, path, PATH_MAX - 1);
	const char *slash;

	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int wr_link_of_function(const char *function, char ret[16])
{
	char path[PATH_MAX];
	struct dirent *e;
	int r = 0;
	DIR *dir;

	*ret = '\0';
	wr_format(path, sizeof(path), "%s/net", function);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (!*ret && (e = wr_file_next(dir, &r)))
		if (*e->d_name != '.')
			wr_copy(ret, 16, e->d_name);
	closedir(dir);
	return r;
}

static int search(void *arg)
{
	struct search *s = arg;
	char function[128], path[192], own[PATH_MAX], other[PATH_MAX];
	const char *pci;
	int r;

	if (*s->f->dev)
		wr_format(function, sizeof(function), "/sys/class/net/%s/device", s->f->dev);
	else
		wr_format(function, sizeof(function), "/sys/bus/pci/devices/%s", s->f->pci);
	pci = last_part(own, function);
	wr_format(path, sizeof(path), "%s/physfn", function);
	r = *pci ? wr_link_of_function(path, s->f->pf) : 0;
	if (r || !*s->f->pf)
		return r;
	for (int i = 0; !s->found; i++) {
		const char *vf;

		wr_format(path, sizeof(path), "%s/physfn/virtfn%d", function, i);
		vf = last_part(other, path);
		if (!*vf)
			return 0;
		s->found = !strcmp(vf, pci);
		s->f->index = i;
	}
	return 0;
}

int wr_find_function(struct weir *w, struct wr_function *f)
{
	struct search s = { .f = f };
	int r = weir_in_netns(w, search, &s);

	return r ? r : s.found;
}
