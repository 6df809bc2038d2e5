/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which profile the switch behind a port is told, by <weir/profile.h>: 802.1Qbg for
 * a macvtap, to lldpad, by the physical link at the bottom; 802.1Qbh for a macvtap
 * or a virtual function, to the card's driver.
 */
#include <stdio.h>

#include <weir/link.h>
#include <weir/profile.h>

#include "base/file.h"
#include "network/network.h"

/* As deep as links of the host are stacked. */
#define MOST_LINKS 8

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 :
				      -1;
}

/* 32 digits, with or without dashes; says whether they were there. */
static bool bytes_of(const char *uuid, uint8_t ret[16])
{
	size_t n = 0;

	memset(ret, 0, 16);
	for (; *uuid && n < 32; uuid++) {
		int digit = digit_of(*uuid);

		if (digit >= 0) {
			ret[n / 2] = (uint8_t)(ret[n / 2] << 4 | digit);
			n++;
		}
	}
	return n == 32;
}

/* What the host is known by, as far as it says. */
static bool host_uuid(uint8_t ret[16])
{
	wr_auto(str) struct wr_str text = { 0 };

	return !wr_file_read("/etc/machine-id", &text) && bytes_of(wr_str_text(&text), ret);
}

static bool stands_on_another(const struct weir_link *l)
{
	return (l->kind == WEIR_LINK_VLAN || l->kind == WEIR_LINK_MACVLAN ||
		l->kind == WEIR_LINK_MACVTAP) &&
	       l->lower;
}

/* lldpad speaks on the physical link, in the first vlan on the way down to it; 0: in none. */
static int find_bottom(struct weir *w, const char *dev, struct weir_profile *p, struct weir_error *err)
{
	struct weir_link l = { .sz = sizeof(l) };
	int r = weir_link_get(w, 0, dev, &l, err);

	for (int i = 0; i < MOST_LINKS && !r && stands_on_another(&l); i++) {
		if (l.kind == WEIR_LINK_VLAN && !p->vlan)
			p->vlan = l.vlan.id;
		r = weir_link_get(w, (int)l.lower, NULL, &l, err);
	}
	if (r)
		return r;
	p->ifindex = l.ifindex;
	wr_copy(p->ifname, sizeof(p->ifname), l.name);
	return 0;
}

static int make_qbg(struct weir *w, const struct weir_port *port, struct weir_profile *p,
		    struct weir_error *err)
{
	const struct weir_virtualport *v = &port->virtualport;

	if (port->plug == WEIR_PLUG_HOSTDEV)
		return wr_refuse(err, -EOPNOTSUPP, "port", "virtualport.type",
				 "802.1Qbg needs a link of the host, and a virtual function is the guest's");
	p->has |= WEIR_PROFILE_VSI | WEIR_PROFILE_VLAN;
	p->manager_id = v->managerid;
	p->type_id = v->typeid_;
	p->type_version = v->typeidversion;
	if (bytes_of(v->instanceid, p->instance))
		p->has |= WEIR_PROFILE_INSTANCE;
	wr_copy(p->lldpad_pid_file, sizeof(p->lldpad_pid_file), WEIR_LLDPAD_PID_FILE);
	return find_bottom(w, port->dev, p, err);
}

/* The driver of a VF is asked by its PF, and given its address; of a link itself the kernel takes none here. */
static int make_qbh(struct weir *w, const struct weir_port *port, struct weir_profile *p,
		    struct weir_error *err)
{
	struct wr_function f = { .dev = port->dev, .pci = port->pci };
	struct weir_link l = { .sz = sizeof(l) };
	int r;

	p->has |= WEIR_PROFILE_NAME;
	wr_copy(p->name, sizeof(p->name), port->virtualport.profileid);
	if (bytes_of(port->owner_uuid, p->instance))
		p->has |= WEIR_PROFILE_INSTANCE;
	if (host_uuid(p->host))
		p->has |= WEIR_PROFILE_HOST;
	r = wr_find_function(w, &f);
	if (r < 0)
		return wr_syserr(err, r, "port", "which function of a card it has");
	if (r)
		p->vf = f.index;
	else
		p->has &= ~WEIR_PROFILE_MAC;
	if (p->vf == WEIR_PROFILE_SELF && port->plug == WEIR_PLUG_HOSTDEV)
		return wr_refuse(err, -ENODEV, "port", "virtualport",
				 "the card of %s has no link to ask for 802.1Qbh", port->pci);
	r = weir_link_get(w, 0, p->vf == WEIR_PROFILE_SELF ? port->dev : f.pf, &l, err);
	/* Without the name, by which Linux 6.1 would rename it, and refuses that of a link that is up. */
	p->ifindex = r ? 0 : l.ifindex;
	return r;
}

static int tell(struct weir_txn *t, const struct weir_port *port, enum weir_profile_request request)
{
	struct weir_profile p = { .sz = sizeof(p), .has = WEIR_PROFILE_MAC, .vf = WEIR_PROFILE_SELF };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	int r;

	memcpy(p.mac, port->mac, sizeof(p.mac));
	r = port->virtualport.type == WEIR_VIRTUALPORT_8021QBG ? make_qbg(w, port, &p, &err) :
								 make_qbh(w, port, &p, &err);
	if (!r)
		return weir_txn_profile(t, &p, request);
	/* With a link that is gone its association is gone. */
	return r == -ENODEV && request == WEIR_PROFILE_DISASSOCIATE ? 0 : weir_txn_refuse(t, &err);
}

static bool has_profile(const struct weir_port *port)
{
	return port->virtualport.type == WEIR_VIRTUALPORT_8021QBG ||
	       port->virtualport.type == WEIR_VIRTUALPORT_8021QBH;
}

int wr_port_associate(struct weir_txn *t, const struct weir_port *port)
{
	return has_profile(port) ? tell(t, port, WEIR_PROFILE_ASSOCIATE) : 0;
}

int wr_port_disassociate(struct weir_txn *t, const struct weir_port *port)
{
	return has_profile(port) ? tell(t, port, WEIR_PROFILE_DISASSOCIATE) : 0;
}
