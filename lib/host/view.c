/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host looks like: links, addresses and routes by one dump each, whatever
 * the number of groups, in orders in which they are found quickly; and what weir
 * has on record. Sysctls and DHCP clients are looked at where somebody asks.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "host/host.h"

/* --- orders ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct weir_link *)a)->name, ((const struct weir_link *)b)->name);
}

static int compare_int(int a, int b)
{
	return a < b ? -1 : a > b;
}

static int by_index(const void *a, const void *b)
{
	return compare_int((*(struct weir_link *const *)a)->ifindex,
			   (*(struct weir_link *const *)b)->ifindex);
}

static int by_link(const void *a, const void *b)
{
	return compare_int(((const struct weir_addr *)a)->ifindex,
			   ((const struct weir_addr *)b)->ifindex);
}

static int has_name(const void *name, const void *link)
{
	return strcmp(name, ((const struct weir_link *)link)->name);
}

int wr_host_sort(struct wr_host *h)
{
	free(h->by_index);
	h->by_index = calloc(h->n_links + 1, sizeof(*h->by_index));
	if (!h->by_index)
		return -ENOMEM;
	if (h->n_links)
		qsort(h->links, h->n_links, sizeof(*h->links), by_name);
	if (h->n_addrs)
		qsort(h->addrs, h->n_addrs, sizeof(*h->addrs), by_link);
	for (size_t i = 0; i < h->n_links; i++)
		h->by_index[i] = &h->links[i];
	qsort(h->by_index, h->n_links, sizeof(*h->by_index), by_index);
	return 0;
}

const struct weir_link *wr_host_link(const struct wr_host *h, const char *name)
{
	return h->n_links ? bsearch(name, h->links, h->n_links, sizeof(*h->links), has_name) : NULL;
}

/* An alternative name finds a link in the kernel, and no definition: it does not say whose port it is. */
const char *wr_host_missing(const struct wr_host *h, const char *name, char buf[64])
{
#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
	struct weir_link l = { .sz = sizeof(l) };

	if (h->w && !weir_link_get(h->w, 0, name, &l, NULL) && strcmp(l.name, name) != 0)
		return wr_format(buf, 64, "is another name of %s: use that one", l.name), buf;
#endif
	return "is not there";
}

const struct weir_link *wr_host_index(const struct wr_host *h, int ifindex)
{
	struct weir_link key = { .ifindex = ifindex }, *pointer = &key, **found;

	found = h->n_links ? bsearch(&pointer, h->by_index, h->n_links, sizeof(pointer), by_index) :
			     NULL;
	return found ? *found : NULL;
}

const char *wr_host_master(const struct wr_host *h, const struct weir_link *link)
{
	const struct weir_link *master =
		link->has & WEIR_LINK_MASTER && link->master ?
			wr_host_index(h, (int)link->master) : NULL;

	return master ? master->name : "";
}

const struct weir_addr *wr_host_addrs(const struct wr_host *h, int ifindex, size_t *ret_n)
{
	struct weir_addr key = { .ifindex = ifindex };
	const struct weir_addr *first, *end = h->addrs + h->n_addrs;

	*ret_n = 0;
	first = h->n_addrs ? bsearch(&key, h->addrs, h->n_addrs, sizeof(key), by_link) : NULL;
	if (!first)
		return NULL;
	while (first > h->addrs && first[-1].ifindex == ifindex)
		first--;
	while (first + *ret_n < end && first[*ret_n].ifindex == ifindex)
		(*ret_n)++;
	return first;
}

static int by_live_name(const void *name, const void *live)
{
	return strcmp(name, (*(struct wr_live_group *const *)live)->group.name);
}

const struct wr_live_group *wr_host_live(const struct wr_host *h, const char *name)
{
	struct wr_live_group *const *found =
		h->n_live ? bsearch(name, h->live, h->n_live, sizeof(*found), by_live_name) : NULL;

	return found ? *found : NULL;
}

/* --- reading ------------------------------------------------------------------------------ */

struct sysctl_access {
	char path[128];
	struct wr_str text;
};

/* /proc/sys/net shows the namespace of the thread that opens it. */
static int read_here(void *arg)
{
	struct sysctl_access *a = arg;

	return wr_file_read(a->path, &a->text);
}

static int read_sysctl(const struct wr_host *h, const char *key, char buf[32])
{
	struct sysctl_access a = { .text = { 0 } };
	int r;

	wr_format(a.path, sizeof(a.path), "/proc/sys/%s", key);
	r = weir_in_netns(h->w, read_here, &a);
	wr_copy(buf, 32, wr_str_text(&a.text));
	buf[strcspn(buf, "\n")] = '\0';
	wr_str_done(&a.text);
	return r;
}

static int ask_dhcp(const struct wr_host *h, const char *dev, uint8_t family)
{
	int r = 0;

	for (uint8_t peerdns = WEIR_ABSENT; peerdns <= WEIR_YES && !r; peerdns++)
		r = wr_dhcp_runs(h->w, dev, family, peerdns);
	return r;
}

static int read_live(struct wr_host *h, struct weir_error *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	if (!weir_state_dir(h->w))
		return 0;
	r = wr_group_names(h->w, WR_GROUPS_LIVE, &names, &n, err);
	if (r)
		return r;
	h->live = calloc(n + 1, sizeof(struct wr_live_group *));
	if (!h->live)
		r = wr_nomem(err);
	/* A damaged record is an error where its group is meant, not here. */
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct weir_error why = WEIR_ERROR_INIT;

		wr_group_live(h->w, names[i], &h->live[h->n_live], &why);
		r = wr_pass_over(&why, err);
		h->n_live += !r;
	}
	wr_names_free(names, n);
	return r < 0 ? r : 0;
}

static int read_host(struct weir *w, bool links_only, struct wr_host *ret, struct weir_error *err)
{
	struct wr_host h = { .w = w, .sysctl = read_sysctl, .dhcp_runs = ask_dhcp };
	int r = weir_link_list(w, NULL, &h.links, &h.n_links, err);

	if (!r && !links_only)
		r = weir_addr_list(w, 0, &h.addrs, &h.n_addrs, err);
	if (!r && !links_only)
		r = weir_route_list(w, &h.routes, &h.n_routes, err);
	if (!r)
		r = read_live(&h, err);
	if (!r)
		r = wr_host_sort(&h) ? wr_nomem(err) : 0;
	if (r)
		wr_host_done(&h);
	*ret = h;
	return r;
}

int wr_host_read(struct weir *w, struct wr_host *ret, struct weir_error *err)
{
	return read_host(w, false, ret, err);
}

int wr_host_read_links(struct weir *w, struct wr_host *ret, struct weir_error *err)
{
	return read_host(w, true, ret, err);
}

void wr_host_done(struct wr_host *h)
{
	for (size_t i = 0; i < h->n_live; i++)
		wr_live_group_free(h->live[i]);
	free(h->live);
	free(h->links);
	free(h->by_index);
	free(h->addrs);
	free(h->routes);
	*h = (struct wr_host){ 0 };
}
