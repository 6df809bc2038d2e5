/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual function of a guest's port, mode hostdev, as steps: one of the pool
 * is claimed, set up by its PF and bound, and given back as it was found. Which one
 * is free and how drivers change is libweir-sriov's, which is not linked here: the
 * caller hands it over (weir_network_use_vfs()).
 */
#include <stdio.h>

#include <weir/link.h>
#include <weir/sriov.h>
#include <weir/vf.h>

#include "base/table.h"
#include "network/network.h"

/* The handle keeps it under this name. */
static const struct weir_step_ops vfs_key = { .sz = sizeof(vfs_key), .name = "network-vfs" };

static void close_vfs(void *arg)
{
	struct weir_network_vfs *vfs = arg;

	if (vfs->close)
		vfs->close(vfs->sriov);
	free(vfs);
}

int weir_network_use_vfs(struct weir *w, const struct weir_network_vfs *vfs, struct weir_error *err)
{
	struct weir_network_vfs *own = malloc(sizeof(*own));
	int r = own ? wr_opts_copy(own, sizeof(*own), vfs, "vfs", err) : wr_nomem(err);

	if (!r && !(own->sriov && own->claim && own->bind && own->release && own->list))
		r = wr_refuse(err, -EINVAL, "vfs", "", "lacks a function");
	if (r) {
		free(own);
		return r;
	}
	r = weir_set_context(w, &vfs_key, own, close_vfs);
	if (r) {
		free(own);
		return wr_refuse(err, r, "vfs", "", "the handle has been told already");
	}
	return 0;
}

bool wr_has_vfs(const struct weir *w)
{
	return weir_context(w, &vfs_key) != NULL;
}

/* --- taking ------------------------------------------------------------------------------------ */

int wr_check_vf(const struct weir_port *port, struct weir_error *err)
{
	if (port->vlan.n_tags > 1 || port->vlan.is_trunk)
		return wr_refuse(err, -EINVAL, "port", "vlan",
				 "must be one tag: virtual functions have no trunks");
	if (port->driver.name == WEIR_PCI_DRIVER_KVM || port->driver.name == WEIR_PCI_DRIVER_XEN)
		return wr_refuse(err, -EOPNOTSUPP, "port", "driver.name",
				 "can only be vfio: kvm is of the past, xen binds by itself");
	return 0;
}

/* Whose the claim is: for people, and by the uuid nobody else's, whatever namespace has a port of that name. */
static void owner_of(const struct weir_port *port, char owner[128])
{
	wr_format(owner, 128, "port %s of network %.50s (%s)", port->name, port->network,
		  port->uuid);
}

static int claim(struct weir_txn *t, const struct weir_network_vfs *vfs,
		 const struct weir_forward *f, const char *owner, struct weir_vf *ret)
{
	struct weir_claim_request want = { .sz = sizeof(want),
					   .owner = owner,
					   .pfs = (const char *const *)&f->pf,
					   .n_pfs = f->pf != NULL,
					   .n_vfs = f->n_addresses };
	wr_auto(free) const char **addresses = calloc(f->n_addresses + 1, sizeof(*addresses));
	struct weir_error err = WEIR_ERROR_INIT;

	if (!addresses) {
		wr_nomem(&err);
		return weir_txn_refuse(t, &err);
	}
	for (size_t i = 0; i < f->n_addresses; i++)
		addresses[i] = f->addresses[i].pci;
	want.vfs = addresses;
	return vfs->claim(t, vfs->sriov, &want, ret);
}

static int refuse_card(struct weir_txn *t, const char *attr, const char *dev, const char *why)
{
	struct weir_error err = WEIR_ERROR_INIT;

	wr_refuse(&err, -EOPNOTSUPP, "port", attr, "%s %s", dev, why);
	return weir_txn_refuse(t, &err);
}

/* In the vlan, and nothing of what an earlier user's tag had besides. */
static void put_vlan(struct weir_vf_config *c, const struct weir_port *port)
{
	c->has |= WEIR_VF_VLAN;
	if (!port->vlan.n_tags)
		return;
	c->has |= WEIR_VF_QOS | WEIR_VF_VLAN_PROTOCOL;
	c->vlan = (uint16_t)port->vlan.tags[0].id;
	c->vlan_protocol = WEIR_VLAN_8021Q;
}

/* A vlan of an earlier user must not stay; what is so already is not sent. */
static int set_up(struct weir_txn *t, const struct weir_vf *vf, const struct weir_port *port)
{
	struct weir_vf_config c = { .sz = sizeof(c), .has = WEIR_VF_MAC, .vf = vf->index };

	if (!vf->pf_ifindex)
		return refuse_card(t, "forward", vf->pf, "has no link in this namespace, and settings are made by it");
	memcpy(c.mac, port->mac, 6);
	put_vlan(&c, port);
	if (port->trust_guest_rx_filters == WEIR_YES) {
		c.has |= WEIR_VF_TRUST;
		c.trust = true;
	}
	return weir_txn_vf_set(t, vf->pf_ifindex, &c, 1, NULL);
}

int wr_port_vf_add(struct weir_txn *t, const struct weir_network *net, struct weir_port *port)
{
	const struct weir_network_vfs *vfs = weir_context(weir_txn_handle(t), &vfs_key);
	const char *model = port->driver.model;
	struct weir_vf vf = { .sz = sizeof(vf) };
	char owner[128];
	int r;

	if (!vfs)
		return 0;
	owner_of(port, owner);
	r = claim(t, vfs, &net->forward, owner, &vf);
	if (r)
		return r;
	wr_copy(port->pci, sizeof(port->pci), vf.pci);
	wr_format(port->vf, sizeof(port->vf), "%s/%u", *vf.pf_netdev ? vf.pf_netdev : vf.pf,
		  (unsigned int)vf.index);
	r = set_up(t, &vf, port);
	if (r || port->managed != WEIR_YES)
		return r;
	return vfs->bind(t, vfs->sriov, vf.pci, model ? model : WEIR_VF_VFIO);
}

/* --- below a macvtap --------------------------------------------------------------------------- */

static bool is_passed_through(const struct weir_port *port)
{
	return port->direct_mode == WEIR_DIRECT_PASSTHROUGH;
}

static int set_up_below(struct weir_txn *t, const struct weir_vf *vf, const struct weir_port *port)
{
	struct weir_vf_config c = { .sz = sizeof(c), .vf = vf->index };

	if (port->vlan.n_tags)
		put_vlan(&c, port);
	if (is_passed_through(port) && port->trust_guest_rx_filters == WEIR_YES) {
		c.has |= WEIR_VF_TRUST;
		c.trust = true;
	}
	return c.has ? weir_txn_vf_set(t, vf->pf_ifindex, &c, 1, NULL) : 0;
}

/* Whether the port's link is a virtual function: 1, 0, or a negative errno where nobody could see. */
static int find_below(struct weir_txn *t, const struct weir_port *port, struct wr_function *ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r;

	*ret = (struct wr_function){ .dev = port->dev };
	r = wr_find_function(weir_txn_handle(t), ret);
	if (r >= 0)
		return r;
	wr_syserr(&err, r, port->dev, "which function of a card it is");
	return weir_txn_refuse(t, &err);
}

int wr_port_vf_below(struct weir_txn *t, const struct weir_network *net, struct weir_port *port)
{
	const struct weir_network_vfs *vfs = weir_context(weir_txn_handle(t), &vfs_key);
	struct wr_function f;
	struct weir_claim_request want = { .sz = sizeof(want), .vf = port->dev, .flags = WEIR_CLAIM_NETDEV };
	struct weir_vf vf = { .sz = sizeof(vf) };
	bool needed = port->vlan.n_tags || (net->forward.pf && vfs);
	char owner[128];
	int r;

	if (!needed)
		return 0;
	r = find_below(t, port, &f);
	if (r < 0)
		return r;
	if (!r)
		return refuse_card(t, "vlan", port->dev, "is no virtual function, and only those take vlans");
	if (!vfs)
		return refuse_card(t, "vlan", port->dev,
				   "is a virtual function, and nothing that could claim it is at hand");
	if (port->vlan.n_tags > 1 || port->vlan.is_trunk)
		return refuse_card(t, "vlan", port->dev, "is a virtual function, which has no trunks");
	owner_of(port, owner);
	want.owner = owner;
	want.flags |= is_passed_through(port) ? 0 : WEIR_CLAIM_SHARED;
	r = vfs->claim(t, vfs->sriov, &want, &vf);
	if (r)
		return r;
	wr_copy(port->pci, sizeof(port->pci), vf.pci);
	wr_format(port->vf, sizeof(port->vf), "%s/%u", *vf.pf_netdev ? vf.pf_netdev : vf.pf,
		  (unsigned int)vf.index);
	return set_up_below(t, &vf, port);
}

/* Only what was claimed was given any when the port was attached. */
int wr_port_vf_trust(struct weir_txn *t, const struct weir_port *port, bool is_trusted)
{
	struct weir_vf_config c = { .sz = sizeof(c), .has = WEIR_VF_TRUST, .trust = is_trusted };
	struct weir_link pf = { .sz = sizeof(pf) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_function f;
	int r;

	if (!*port->vf || !is_passed_through(port))
		return 0;
	r = find_below(t, port, &f);
	if (r < 0)
		return r;
	if (!r)
		return refuse_card(t, "trustGuestRxFilters", port->dev, "is not there, or its card has no link");
	if (weir_link_get(weir_txn_handle(t), 0, f.pf, &pf, &err))
		return weir_txn_refuse(t, &err);
	c.vf = (uint32_t)f.index;
	return weir_txn_vf_set(t, pf.ifindex, &c, 1, NULL);
}

/* --- giving back ------------------------------------------------------------------------------- */

/* Somebody may have released it by hand (weir vf release), and another have it by now. */
static int is_claimed(const struct weir_network_vfs *vfs, const struct weir_port *port,
		      const char *owner, struct weir_error *err)
{
	wr_auto(free) struct weir_claim *claims = NULL;
	size_t n = 0;
	int r = vfs->list(vfs->sriov, &claims, &n, err);

	for (size_t i = 0; i < n && !r; i++)
		r = !strcmp(claims[i].vf, port->pci) && !strcmp(claims[i].owner, owner);
	return r;
}

int wr_port_vf_del(struct weir_txn *t, const struct weir_port *port)
{
	const struct weir_network_vfs *vfs = weir_context(weir_txn_handle(t), &vfs_key);
	struct weir_error err = WEIR_ERROR_INIT;
	char owner[128];
	int r;

	owner_of(port, owner);
	r = vfs ? is_claimed(vfs, port, owner, &err) :
		  wr_refuse(&err, -EOPNOTSUPP, port->name, "vf",
			    "%s is claimed, and nothing that could release it is at hand", port->vf);
	if (r < 0)
		return weir_txn_refuse(t, &err);
	return r ? vfs->release(t, vfs->sriov, port->pci, owner) : 0;
}
