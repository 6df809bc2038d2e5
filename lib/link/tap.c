/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taps as steps: rtnetlink cannot make them, /dev/net/tun can. The index is
 * chosen here too (TUNSETIFINDEX), so that the messages which follow can name
 * the tap; what those set is build.c's.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "link/kinds.h"
#include "link/link.h"
#include "txn/txn.h"

#define MAX_QUEUES 256

enum { PART_TAP };

struct tap {
	char name[16];
	uint32_t ifindex;
	uint32_t n_queues;	/* that the caller keeps open */
	uint16_t flags;		/* IFF_* */
	bool persist, has_owner, has_group;
	uint32_t owner, group;
};

/* What apply() hands to the thread inside the namespace. */
struct opening {
	const struct tap *tap;
	int *fds;		/* n_queues of them, or one if there are none */
	const char *failed;	/* what failed */
};

static struct tap tap_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, PART_TAP);
	struct tap tap = { 0 };

	memcpy(&tap, part.data, part.len < sizeof(tap) ? part.len : sizeof(tap));
	return tap;
}

static int set_up_queue(struct opening *o, int fd, bool first)
{
	const struct tap *tap = o->tap;
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, tap->name, sizeof(tap->name));
	/* Every queue must give the same flags: the kernel takes the latest for all. */
	ifr.ifr_flags = (short)(tap->flags | (first ? IFF_TUN_EXCL : 0));
	o->failed = "TUNSETIFINDEX";
	if (first && ioctl(fd, TUNSETIFINDEX, &tap->ifindex) < 0)
		return -errno;
	o->failed = "TUNSETIFF";
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	o->failed = "TUNSETOWNER";
	if (first && tap->has_owner && ioctl(fd, TUNSETOWNER, (unsigned long)tap->owner) < 0)
		return -errno;
	o->failed = "TUNSETGROUP";
	if (first && tap->has_group && ioctl(fd, TUNSETGROUP, (unsigned long)tap->group) < 0)
		return -errno;
	o->failed = "TUNSETPERSIST";
	if (first && tap->persist && ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return -errno;
	return 0;
}

static int open_queues(void *arg)
{
	struct opening *o = arg;
	uint32_t n = o->tap->n_queues ? o->tap->n_queues : 1;

	for (uint32_t i = 0; i < n; i++) {
		int r;

		o->failed = "/dev/net/tun";
		o->fds[i] = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
		if (o->fds[i] < 0)
			return -errno;
		r = set_up_queue(o, o->fds[i], i == 0);
		if (r)
			return r;
	}
	return 0;
}

static void close_queues(int *fds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		wr_close(&fds[i]);
}

static int explain(int code, const struct opening *o, const char *object, struct weir_error *err)
{
	if (code == -EBUSY && !strcmp(o->failed, "TUNSETIFF"))
		return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "name",
				"is taken by another link, or its index %u is", o->tap->ifindex);
	if (code == -ENOENT || code == -ENODEV)
		return wr_syserr(err, code, object, "%s (kernel option CONFIG_TUN, module tun)",
				 o->failed);
	return wr_syserr(err, code, object, "%s", o->failed);
}

static int tap_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct tap tap = tap_of(s);
	uint32_t n = tap.n_queues ? tap.n_queues : 1;
	int own = -1;
	struct opening o = { .tap = &tap, .fds = s->local ? s->local : &own };
	int r;

	for (uint32_t i = 0; i < n; i++)
		o.fds[i] = -1;
	r = weir_in_netns(w, open_queues, &o);
	if (r) {
		if (tap.persist && o.fds[0] >= 0)
			ioctl(o.fds[0], TUNSETPERSIST, 0UL);
		close_queues(o.fds, n);
		return explain(r, &o, s->object, err);
	}
	if (!tap.n_queues)
		wr_close(&own);
	return 0;
}

/* One that persists is deleted with the other links that the transaction made. */
static int tap_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	struct tap tap = tap_of(s);

	if (s->local)
		close_queues(s->local, tap.n_queues);
	return 0;
}

const struct weir_step_ops wr_tap_ops = {
	.sz = sizeof(wr_tap_ops), .name = "tap", .apply = tap_apply, .undo = tap_undo,
	.order = WEIR_STEP_BEFORE,
};

static void plan_tap(struct weir_txn *t, struct weir_step *s, const struct tap *tap)
{
	wr_auto(str) struct wr_str line = { 0 };

	if (!t->dry)
		return;
	wr_str_puts(&line, "ip tuntap add dev ");
	wr_str_shell(&line, tap->name);
	wr_str_printf(&line, " mode %s", tap->flags & IFF_TAP ? "tap" : "tun");
	if (tap->has_owner)
		wr_str_printf(&line, " user %u", tap->owner);
	if (tap->has_group)
		wr_str_printf(&line, " group %u", tap->group);
	wr_str_puts(&line, tap->flags & IFF_MULTI_QUEUE ? " multi_queue" : "");
	wr_str_puts(&line, tap->flags & IFF_VNET_HDR ? " vnet_hdr" : "");
	wr_str_puts(&line, tap->flags & IFF_NO_PI ? "" : " pi");
	wr_step_plan(t, s, "%s", wr_str_text(&line));
}

static struct tap describe(const struct weir_link *l, unsigned int n_queues)
{
	const struct weir_tun *tun = &l->tun;
	struct tap tap = {
		.ifindex = (uint32_t)l->ifindex,
		.n_queues = n_queues,
		.persist = n_queues == 0 || (tun->has & WEIR_TUN_PERSIST && tun->persist),
		.has_owner = tun->has & WEIR_TUN_OWNER,
		.has_group = tun->has & WEIR_TUN_GROUP,
		.owner = tun->owner,
		.group = tun->group,
	};
	bool pi = tun->has & WEIR_TUN_PI && tun->pi;
	bool many = n_queues > 1 || (tun->has & WEIR_TUN_MULTI_QUEUE && tun->multi_queue);

	wr_copy(tap.name, sizeof(tap.name), l->name);
	tap.flags = tun->has & WEIR_TUN_TYPE && tun->type == IFF_TUN ? IFF_TUN : IFF_TAP;
	tap.flags |= pi ? 0 : IFF_NO_PI;
	tap.flags |= many ? IFF_MULTI_QUEUE : 0;
	tap.flags |= tun->has & WEIR_TUN_VNET_HDR && tun->vnet_hdr ? IFF_VNET_HDR : 0;
	return tap;
}

int weir_txn_tap_add(struct weir_txn *t, const struct weir_link *link, unsigned int n_queues,
		     int *ret_fds)
{
	struct weir_link l;
	struct weir_step *s;
	struct tap tap;
	char object[64];

	if (wr_link_prepare(t, link, &l))
		return t->err.code;
	wr_format(object, sizeof(object), "tap %.15s", l.name);
	if (l.kind != WEIR_LINK_TUN || n_queues > MAX_QUEUES || (n_queues && !ret_fds))
		return wr_txn_refuse(t, -EINVAL, object, l.kind != WEIR_LINK_TUN ? "kind" : "queues",
				     "must be %s", l.kind != WEIR_LINK_TUN ? "WEIR_LINK_TUN" : "0 to 256");
	tap = describe(&l, n_queues);
	s = wr_txn_add(t, &wr_tap_ops, object, &(struct weir_blob){ &tap, sizeof(tap) }, 1);
	if (!s)
		return t->err.code;
	s->local = n_queues ? ret_fds : NULL;
	plan_tap(t, s, &tap);
	wr_txn_created(t, l.ifindex, l.name);
	wr_txn_created_kind(t, l.kind);
	wr_link_settle_tap(t, &l, n_queues);
	return t->err.code ? t->err.code : l.ifindex;
}
