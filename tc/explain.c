/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shaped port as the tc commands that would make the same, by a transaction which
 * is never carried out. Only reads.
 */
#include "tc/floor.h"
#include "tc/ifb.h"
#include "tc/shape.h"
#include "tc/show.h"
#include "tc/tree.h"

static void explain_class(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *c)
{
	wr_tree_class(t, dev, c->classid, c->parent, &c->limits, wr_leaf_of(WR_CLASS(c->leaf >> 16, 0)));
}

static int explain_out(struct weir_txn *t, const struct wr_dev *dev, const struct wr_port *port,
		       struct weir_error *err)
{
	struct wr_seen_ifb classes = { .ifindex = dev->ifindex };
	int r = port->n_floors ? wr_class_each(t->w, dev->ifindex, wr_classes_add, &classes, err) : 0;

	wr_tree_root(t, dev, port->class.by, port->major, port->rest.classid ? WR_REST_CLASS : WR_PORT_CLASS,
		     &port->class.limits, wr_leaf_of(WR_CLASS(port->class.leaf >> 16, 0)));
	if (port->rest.classid)
		explain_class(t, dev, &port->rest);
	for (size_t i = 0; i < classes.n && !r; i++)
		if ((classes.classes[i].classid & 0xffff) >= WR_FLOOR_CLASS)
			explain_class(t, dev, &classes.classes[i]);
	free(classes.classes);
	return r || !port->n_floors ? r : wr_floors_explain(t, dev, port->major, err);
}

static void explain_ifb(struct weir_txn *t, const struct wr_dev *ifb, uint32_t major)
{
	struct weir_step *root;
	char word[80];

	wr_dev_word(ifb, word);
	wr_tree_qdisc(t, ifb, major, major == WR_MAJOR_SHARED ? 0 : major == WR_MAJOR_FLOORS ? WR_REST_CLASS : WR_PORT_CLASS);
	if (t->err.code)
		return;
	root = &t->steps[t->n_steps - 1];
	wr_step_plan(t, root, "%sip link add name %s txqueuelen %u numtxqueues 1 type ifb\n"
			      "ip link set dev %s addrgenmode none up\n%s",
		     major == WR_MAJOR_SHARED ? "# there once for all ports that share it\n" : "", word, WR_IFB_QUEUE, word, root->plan);
}

static int explain_in(struct weir_txn *t, const struct wr_dev *dev, const struct wr_port *port,
		      struct weir_error *err)
{
	wr_auto(ifbs) struct wr_ifbs s = { .w = t->w };
	const struct wr_redirect *r = &port->redirect;
	const struct wr_tc_class *class;
	const struct wr_seen_ifb *ifb = NULL;
	int code = r->ifb ? wr_ifb_of(&s, r->ifb, &ifb, err) : 0;

	if (code)
		return code;
	class = ifb ? wr_class_on(ifb, r) : NULL;
	if (class) {
		explain_ifb(t, &(struct wr_dev){ r->ifb, ifb->name }, class->classid >> 16);
		explain_class(t, &(struct wr_dev){ r->ifb, ifb->name }, class);
	}
	for (size_t i = 0; class && i < ifb->n; i++)
		if (ifb->classes[i].parent == class->classid)
			explain_class(t, &(struct wr_dev){ r->ifb, ifb->name }, &ifb->classes[i]);
	return wr_redirect_explain(t, dev, r, ifb ? ifb->name : "");
}

static const char *way(enum weir_shape_method method)
{
	static const char *const reasons[] = {
		[WEIR_SHAPE_SKBEDIT] = "goes to an ifb that ports share, in a class that the redirect itself chooses",
		[WEIR_SHAPE_BPF] = "goes to an ifb that ports share, in a class that a program chooses: "
				   "the kernel has no act_skbedit",
		[WEIR_SHAPE_BLOCK] = "goes to an ifb that ports share, by a filter that they share too: a program "
				     "works the class out from the port's index",
		[WEIR_SHAPE_IFB] = "goes to an ifb of the port's own",
		[WEIR_SHAPE_POLICE] = "is dropped where it is too much, because nothing can wait on the way in",
	};

	return reasons[method];
}

static const char *why(const struct wr_redirect *r)
{
	if (wr_is_floor(r->classid))
		return r->ifb ? "goes to an ifb of the port's own, and has its guaranteed class on the bridge's" :
				"has its guaranteed class on the ifb of the bridge";
	return way(r->method);
}

/* The steps that @build puts on a transaction which is never carried out. */
static int explain_part(struct weir *w, const struct wr_port *port, bool in, struct wr_str *out,
			struct weir_error *err)
{
	const struct wr_dev dev = { port->link.ifindex, port->link.name };
	wr_auto(free) char *plan = NULL;
	struct weir_txn *t;
	int r = weir_txn_begin(w, "explain", WEIR_TXN_DRY, &t, err);

	if (r)
		return r;
	if (in)
		r = explain_in(t, &dev, port, err);
	else
		r = explain_out(t, &dev, port, err);
	if (!r)
		r = weir_txn_plan(t, &plan, err);
	weir_txn_abort(t);
	if (!r)
		wr_str_puts(out, plan);
	return r;
}

int weir_shape_explain(struct weir *w, int ifindex, char **ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str out = { 0 };
	struct wr_port port;
	int r = wr_port_read(w, ifindex, NULL, &port, err);

	if (!r && !port.major && !port.has_redirect)
		return wr_error(err, -ENOENT, WEIR_STAGE_REPLY, port.link.name, "", "has no limits of ours");
	if (!r && port.major) {
		wr_str_printf(&out, "# what leaves by the link %s\n",
			      port.rest.classid ? "waits in a class; guaranteed rates are classes below it" :
			      port.class.by == WEIR_QDISC_TBF ? "waits in a qdisc without classes" : "waits in a class");
		r = explain_part(w, &port, false, &out, err);
	}
	if (!r && port.has_redirect) {
		wr_str_printf(&out, "# what arrives by the link %s\n", why(&port.redirect));
		r = explain_part(w, &port, true, &out, err);
	}
	if (r)
		return r;
	*ret = wr_str_take(&out);
	return *ret ? 0 : wr_nomem(err);
}
