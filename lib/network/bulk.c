/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many ports in as few transactions as possible: see <weir/bulk.h>. A guest that
 * a builder refuses is left out at once; one that the kernel refuses is found by
 * halves, because a transaction that failed has left nothing behind.
 */
#include <ctype.h>

#include <weir/bulk.h>
#include <weir/link.h>

#include "network/network.h"

struct bulk {
	struct weir *w;
	const char *network;
	const struct weir_guest *guests;	/* attach, ... */
	const char (*chosen)[16];		/* ... and names of those that have none */
	const char *const *names;		/* detach */
	struct weir_port *ports;
	struct weir_error *errors;
	size_t n_done;
};

/* --- names ------------------------------------------------------------------------------- */

/* The number of "vnet7", which is below @n; or -1. */
static long vnet_number(const char *name, size_t n)
{
	unsigned long number = 0;

	if (!name || strncmp(name, "vnet", 4) || !name[4] || (name[4] == '0' && name[5]))
		return -1;
	for (name += 4; isdigit((unsigned char)*name) && number < n; name++)
		number = number * 10 + (unsigned long)(*name - '0');
	return *name || number >= n ? -1 : (long)number;
}

struct taken {
	bool *is;
	size_t n;
};

static void take(struct taken *taken, const char *name)
{
	long number = vnet_number(name, taken->n);

	if (number >= 0)
		taken->is[number] = true;
}

static int take_stored(void *arg, const char *name)
{
	take(arg, name);
	return 0;
}

static int count_stored(void *arg, const char *name)
{
	++*(size_t *)arg;
	return 0;
}

/* Of so many names some are free, however the taken ones lie. */
static int look_at_names(struct weir *w, const struct weir_guest *guests, size_t n,
			 struct taken *ret, struct weir_error *err)
{
	wr_auto(free) struct weir_link *links = NULL;
	size_t n_links = 0, n_stored = 0;
	int r = weir_link_list(w, NULL, &links, &n_links, err);

	if (!r)
		r = wr_store_each(w, WR_STORE_PORTS, count_stored, &n_stored, err);
	if (r)
		return r;
	ret->n = n_links + n_stored + 2 * n;
	ret->is = calloc(ret->n + 1, sizeof(*ret->is));
	if (!ret->is)
		return wr_nomem(err);
	for (size_t i = 0; i < n_links; i++)
		take(ret, links[i].name);
	for (size_t i = 0; i < n; i++)
		take(ret, guests[i].name);
	return wr_store_each(w, WR_STORE_PORTS, take_stored, ret, err);
}

int wr_choose_names(struct weir *w, const struct weir_guest *guests, size_t n, char (*ret)[16],
		    struct weir_error *err)
{
	wr_auto(free) bool *is = NULL;
	struct taken taken = { 0 };
	size_t next = 0;
	int r;

	while (next < n && guests[next].name)
		next++;
	if (next == n)
		return 0;
	next = 0;
	r = look_at_names(w, guests, n, &taken, err);
	is = taken.is;
	for (size_t i = 0; i < n && !r; i++) {
		if (guests[i].name)
			continue;
		while (taken.is[next])
			next++;
		wr_format(ret[i], 16, "vnet%zu", next++);
	}
	return r;
}

/* --- one after the other, and by halves ------------------------------------------------------- */

static int build_one(struct bulk *b, struct weir_txn *t, size_t i)
{
	struct weir_guest guest;

	if (b->names)
		return weir_txn_port_detach(t, b->network, b->names[i]);
	guest = b->guests[i];
	if (!guest.name)
		guest.name = b->chosen[i];
	return weir_txn_port_attach(t, b->network, &guest, &b->ports[i], NULL);
}

/* What builders filled in for ports that did not come to be. */
static void forget(struct bulk *b, size_t first, size_t n)
{
	for (size_t i = first; b->ports && i < first + n; i++) {
		weir_port_done(&b->ports[i]);
		b->ports[i] = (struct weir_port){ .sz = sizeof(struct weir_port) };
	}
}

static void fail_all(struct bulk *b, size_t first, size_t n, const struct weir_error *err)
{
	forget(b, first, n);
	for (size_t i = first; i < first + n; i++)
		b->errors[i] = *err;
}

static void change(struct bulk *b, size_t first, size_t n);

/*
 * Those of [@first, @first + @n) that can be: all of them in one transaction, or each
 * half of them, or those before one that a builder refuses. Returns how many that is about.
 */
static size_t change_some(struct bulk *b, size_t first, size_t n)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	size_t i = first;

	if (weir_txn_begin(b->w, b->names ? "detach ports" : "attach ports", 0, &t, &err)) {
		fail_all(b, first, n, &err);
		return n;
	}
	while (i < first + n && build_one(b, t, i) >= 0)
		i++;
	if (i < first + n) {
		weir_txn_error(t, &err);
		weir_txn_abort(t);
		forget(b, first, i - first);
		fail_all(b, i, 1, &err);
		change(b, first, i - first);
		return i + 1 - first;
	}
	if (weir_txn_commit(t, &err) >= 0) {
		b->n_done += n;
	} else if (n == 1) {
		fail_all(b, first, 1, &err);
	} else {
		forget(b, first, n);
		change(b, first, n / 2);
		change(b, first + n / 2, n - n / 2);
	}
	return n;
}

/* Not one inside of the other: of thousands, all may be refused. */
static void change(struct bulk *b, size_t first, size_t n)
{
	while (n) {
		const size_t done = change_some(b, first, n);

		first += done;
		n -= done;
	}
}

size_t weir_ports_attach(struct weir *w, const char *network, const struct weir_guest *guests,
			 size_t n, struct weir_port *ret_ports, struct weir_error *ret_errors)
{
	wr_auto(free) struct weir_error *errors = calloc(n + 1, sizeof(*errors));
	wr_auto(free) struct weir_port *ports = calloc(n + 1, sizeof(*ports));
	wr_auto(free) char (*chosen)[16] = calloc(n + 1, sizeof(*chosen));
	struct bulk b = { .w = w, .network = network, .guests = guests, .chosen = (const char (*)[16])chosen,
			  .ports = ports, .errors = errors };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = errors && ports && chosen ? 0 : wr_nomem(&err);

	if (!r && n && !guests)
		r = wr_refuse(&err, -EINVAL, "port", "guests", "are missing");
	for (size_t i = 0; i < n && !r; i++) {
		errors[i] = (struct weir_error)WEIR_ERROR_INIT;
		ports[i].sz = sizeof(ports[i]);
	}
	if (!r)
		r = wr_choose_names(w, guests, n, chosen, &err);
	if (!r)
		change(&b, 0, n);
	for (size_t i = 0; i < n; i++) {
		if (ret_errors)
			ret_errors[i] = r ? err : errors[i];
		if (ret_ports)
			ret_ports[i] = ports ? ports[i] : (struct weir_port){ .sz = sizeof(*ports) };
		else if (ports)
			weir_port_done(&ports[i]);
	}
	return b.n_done;
}

size_t weir_ports_detach(struct weir *w, const char *network, const char *const *names, size_t n,
			 struct weir_error *ret_errors)
{
	wr_auto(free) struct weir_error *errors = calloc(n + 1, sizeof(*errors));
	struct bulk b = { .w = w, .network = network, .names = names, .errors = errors };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = errors ? 0 : wr_nomem(&err);

	if (!r && n && !names)
		r = wr_refuse(&err, -EINVAL, "port", "names", "are missing");
	for (size_t i = 0; i < n && !r; i++)
		errors[i] = (struct weir_error)WEIR_ERROR_INIT;
	if (!r)
		change(&b, 0, n);
	for (size_t i = 0; i < n && ret_errors; i++)
		ret_errors[i] = r ? err : errors[i];
	return b.n_done;
}
