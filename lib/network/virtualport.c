/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtualports: what a type admits, what three of them make together, what is
 * missing from one. Pure, but for weir_virtualport_generate(). Who takes what
 * comes out (lldpad, the card, Open vSwitch) is elsewhere.
 */
#include <stdio.h>

#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

#define QBG                                                                                        \
	(WEIR_VIRTUALPORT_MANAGERID | WEIR_VIRTUALPORT_TYPEID | WEIR_VIRTUALPORT_TYPEIDVERSION |   \
	 WEIR_VIRTUALPORT_INSTANCEID)
#define ALL (QBG | WEIR_VIRTUALPORT_INTERFACEID | WEIR_VIRTUALPORT_PROFILEID)

/*
 * Parameters that a type may have, those it must have, those that can be made up,
 * and those that a merge takes over. MidoNet is libvirt's stepchild: nothing it has
 * too much is refused, and a merge forgets its only parameter.
 */
static const struct {
	uint64_t allowed, required, made, merged;
} types[] = {
	[WEIR_VIRTUALPORT_NONE] = { ALL, 0, 0, ALL },
	[WEIR_VIRTUALPORT_8021QBG] = { QBG, QBG, WEIR_VIRTUALPORT_INSTANCEID, QBG },
	[WEIR_VIRTUALPORT_8021QBH] = { WEIR_VIRTUALPORT_PROFILEID, WEIR_VIRTUALPORT_PROFILEID, 0,
				       WEIR_VIRTUALPORT_PROFILEID },
	[WEIR_VIRTUALPORT_OPENVSWITCH] = { WEIR_VIRTUALPORT_INTERFACEID |
						   WEIR_VIRTUALPORT_PROFILEID,
					   WEIR_VIRTUALPORT_INTERFACEID,
					   WEIR_VIRTUALPORT_INTERFACEID,
					   WEIR_VIRTUALPORT_INTERFACEID |
						   WEIR_VIRTUALPORT_PROFILEID },
	[WEIR_VIRTUALPORT_MIDONET] = { ALL, WEIR_VIRTUALPORT_INTERFACEID, 0, 0 },
};

/* The row of the first parameter among @bits, of which there is one. */
static const struct wr_field *first_of(uint64_t bits)
{
	const struct wr_field *f = wr_virtualport_table.fields;

	while (!(wr_bit(f) & bits) && f + 1 < wr_virtualport_table.fields + wr_virtualport_table.n)
		f++;
	return f;
}

static const char *type_name(uint8_t type)
{
	const char *name = wr_word(first_of(WEIR_VIRTUALPORT_TYPE), type);

	return name ? name : "unknown";
}

static int check_type(const struct weir_virtualport *vp, struct weir_error *err)
{
	if (vp->type < WR_COUNT(types))
		return 0;
	return wr_refuse(err, -EINVAL, "", "virtualport.type", "%u is no type", vp->type);
}

int weir_virtualport_check(const struct weir_virtualport *vp, struct weir_error *err)
{
	int r = check_type(vp, err);
	uint64_t extra = r ? 0 : vp->has & ALL & ~types[vp->type].allowed;

	if (extra)
		r = wr_refuse(err, -EINVAL, "", first_of(extra)->name, "is no parameter of type %s",
			      type_name(vp->type));
	if (extra)
		wr_error_prefix_attr(err, "virtualport");
	return r;
}

int weir_virtualport_complete(const struct weir_virtualport *vp, bool made, struct weir_error *err)
{
	int r = check_type(vp, err);
	uint64_t missing = r ? 0 : types[vp->type].required & ~vp->has;

	if (made)
		missing &= ~types[vp->type].made;
	if (missing)
		r = wr_refuse(err, -EINVAL, "", first_of(missing)->name,
			      "is missing, which type %s needs", type_name(vp->type));
	if (missing)
		wr_error_prefix_attr(err, "virtualport");
	return r;
}

void weir_virtualport_generate(struct weir_virtualport *vp)
{
	uint64_t missing = vp->type < WR_COUNT(types) ? types[vp->type].made & ~vp->has : 0;

	if (missing & WEIR_VIRTUALPORT_INSTANCEID)
		wr_make_uuid(vp->instanceid);
	if (missing & WEIR_VIRTUALPORT_INTERFACEID)
		wr_make_uuid(vp->interfaceid);
	vp->has |= missing;
}

/* --- merging ------------------------------------------------------------------------------------ */

static int refuse_conflict(const struct wr_field *f, const struct weir_virtualport *a,
			   const struct weir_virtualport *b, struct weir_error *err)
{
	wr_auto(str) struct wr_str x = { 0 }, y = { 0 };
	char shown_x[WR_SHOWN], shown_y[WR_SHOWN];

	wr_field_text(f, a, &x);
	wr_field_text(f, b, &y);
	wr_refuse(err, -EINVAL, "", f->name, "is \"%s\", and \"%s\" too",
		  wr_shown(wr_str_text(&x), shown_x), wr_shown(wr_str_text(&y), shown_y));
	wr_error_prefix_attr(err, "virtualport");
	return -EINVAL;
}

/* What @from says and @into does not; what they say differently is an error. */
static int fold(struct weir_virtualport *into, const struct weir_virtualport *from,
		struct weir_error *err)
{
	if (from->type) {
		if (into->type && into->type != from->type)
			return refuse_conflict(first_of(WEIR_VIRTUALPORT_TYPE), into, from, err);
		into->type = from->type;
		into->has |= WEIR_VIRTUALPORT_TYPE;
	}
	for (size_t i = 0; i < wr_virtualport_table.n; i++) {
		const struct wr_field *f = &wr_virtualport_table.fields[i];

		if (!(wr_bit(f) & from->has & types[into->type].merged))
			continue;
		if (into->has & wr_bit(f) && !wr_field_equal(f, into, from))
			return refuse_conflict(f, into, from, err);
		memcpy(wr_member(f, into), wr_member(f, from), f->size);
		into->has |= wr_bit(f);
	}
	return 0;
}

/* What the guest said for another host, where the type is another. */
static void forget(struct weir_virtualport *vp, uint64_t bits)
{
	for (size_t i = 0; i < wr_virtualport_table.n; i++) {
		const struct wr_field *f = &wr_virtualport_table.fields[i];

		if (wr_bit(f) & bits)
			memset(wr_member(f, vp), 0, f->size);
	}
	vp->has &= ~bits;
}

int weir_virtualport_merge(const struct weir_virtualport *guest,
			   const struct weir_virtualport *network,
			   const struct weir_virtualport *portgroup, struct weir_virtualport *ret,
			   struct weir_error *err)
{
	static const struct weir_virtualport none;
	const struct weir_virtualport *from[] = { guest ? guest : &none, network ? network : &none,
						  portgroup ? portgroup : &none };
	struct weir_virtualport merged = *from[0];
	int r = 0;

	for (size_t i = 0; i < WR_COUNT(from) && !r; i++)
		r = check_type(from[i], err);
	if (!r && (from[0]->type || from[1]->type || from[2]->type)) {
		r = fold(&merged, from[1], err);
		if (!r)
			r = fold(&merged, from[2], err);
		if (!r)
			forget(&merged, merged.has & ~(WEIR_VIRTUALPORT_TYPE | types[merged.type].allowed));
	}
	if (!r)
		*ret = merged;
	return r;
}

/* Types differ in what of them matters: MidoNet's and untyped ones are alike whatever they say. */
bool weir_virtualport_equal(const struct weir_virtualport *a, const struct weir_virtualport *b)
{
	uint64_t bits = a->type < WR_COUNT(types) && a->type ? types[a->type].merged : 0;

	if (a->type != b->type || (a->has ^ b->has) & bits)
		return false;
	for (size_t i = 0; i < wr_virtualport_table.n; i++) {
		const struct wr_field *f = &wr_virtualport_table.fields[i];

		if (wr_bit(f) & bits & a->has && !wr_field_equal(f, a, b))
			return false;
	}
	return true;
}

/* --- who can have one ------------------------------------------------------------------------------- */

int wr_virtualport_gate(const struct weir_network *net, const struct weir_virtualport *vp,
			struct weir_error *err)
{
	bool typed = vp->type == WEIR_VIRTUALPORT_8021QBG || vp->type == WEIR_VIRTUALPORT_8021QBH;

	if (wr_has_own_bridge(net))
		return wr_refuse(err, -EINVAL, "", "virtualport",
				 "is not for networks with a bridge of their own");
	if (wr_has_host_bridge(net) && vp->type != WEIR_VIRTUALPORT_OPENVSWITCH)
		return wr_refuse(err, -EINVAL, "", "virtualport.type",
				 "is %s; a port of a bridge can only be one of openvswitch",
				 type_name(vp->type));
	if (!wr_has_host_bridge(net) && !typed)
		return wr_refuse(
			err, -EINVAL, "", "virtualport.type",
			"is %s; a port on a link of the host can be one of 802.1Qbg or 802.1Qbh",
			type_name(vp->type));
	return 0;
}
