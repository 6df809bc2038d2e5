/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program and its filter: see bpf.h. */
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "base/context.h"
#include "tc/block.h"
#include "tc/bpf.h"
#include "tc/redirect.h"

#define INSN(op, dst_, src_, off_, imm_)                                                            \
	{ .code = (op), .dst_reg = (dst_), .src_reg = (src_), .off = (off_), .imm = (int32_t)(imm_) }
#define MOV_IMM(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define MOV(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD(dst, src) INSN(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0)
#define AND_IMM(dst, imm) INSN(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, imm)
#define OR_IMM(dst, imm) INSN(BPF_ALU64 | BPF_OR | BPF_K, dst, 0, 0, imm)
#define LOAD_WORD(dst, src, off) INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STORE_WORD(dst, src, off) INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, off, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/*
 * An ifb drops what was not marked as redirected. Programs did not mark it in older
 * kernels: with 6.1 every packet is lost, with 6.12 none is. Nothing tells, so the
 * version has to.
 */
static bool ifb_takes_it(void)
{
	struct utsname u;
	unsigned int major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 12);
}

static int load(const struct bpf_insn *program, size_t n)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = n;
	attr.license = (uintptr_t)"LGPL-2.1-or-later";
	memcpy(attr.prog_name, "weir", 5);
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

/* What wr_block_class() says of the port; the filter's action does the rest. */
static int load_by_port(void)
{
	/* low = skb->ifindex & WR_BLOCK_PORTS; skb->priority = low + (low & ~7) | 7767:8; return -1; */
	const struct bpf_insn program[] = {
		LOAD_WORD(BPF_REG_2, BPF_REG_1, offsetof(struct __sk_buff, ifindex)),
		AND_IMM(BPF_REG_2, WR_BLOCK_PORTS),
		MOV(BPF_REG_3, BPF_REG_2),
		AND_IMM(BPF_REG_3, WR_BLOCK_PORTS & ~7u),
		ADD(BPF_REG_2, BPF_REG_3),
		OR_IMM(BPF_REG_2, WR_CLASS(WR_MAJOR_SHARED, WR_BEST_EFFORT)),
		STORE_WORD(BPF_REG_1, BPF_REG_2, offsetof(struct __sk_buff, priority)),
		MOV_IMM(BPF_REG_0, -1),
		EXIT,
	};

	return load(program, WR_COUNT(program));
}

int wr_bpf_load(int ifindex, uint32_t major)
{
	/* skb->priority = MAJOR:0 | skb->tc_classid; return ifindex ? bpf_redirect(ifindex, 0) : TC_ACT_UNSPEC; */
	const struct bpf_insn program[] = {
		LOAD_WORD(BPF_REG_2, BPF_REG_1, offsetof(struct __sk_buff, tc_classid)),
		OR_IMM(BPF_REG_2, WR_CLASS(major, 0)),
		STORE_WORD(BPF_REG_1, BPF_REG_2, offsetof(struct __sk_buff, priority)),
		MOV_IMM(BPF_REG_1, ifindex),
		MOV_IMM(BPF_REG_2, 0),
		ifindex ? (struct bpf_insn)CALL(BPF_FUNC_redirect) : (struct bpf_insn)MOV_IMM(BPF_REG_0, TC_ACT_UNSPEC),
		EXIT,
	};

	if (ifindex == WR_BPF_BY_PORT)
		return load_by_port();
	return !ifindex || ifb_takes_it() ? load(program, WR_COUNT(program)) : -EOPNOTSUPP;
}

/* --- adding ----------------------------------------------------------------------------------- */

/* The last program that a transaction has loaded: ports come to one ifb after another. */
struct loaded {
	int ifb;
	uint32_t major;
	int fd;
};

static const char kept_by;	/* the transaction keeps it by the address of this */

int wr_txn_bpf_program(struct weir_txn *t, int ifb, uint32_t major)
{
	struct loaded *l = wr_txn_kept(t, &kept_by, sizeof(*l), free);
	int fd;

	if (!l)
		return -ENOMEM;
	if (l->ifb == ifb && l->major == major)
		return l->fd;
	fd = wr_bpf_load(ifb, major);
	if (fd < 0)
		return fd;
	wr_txn_keep_fd(t, fd);
	*l = (struct loaded){ ifb, major, fd };
	return fd;
}

/* No command makes it, so a reader of the plan is told what it does. */
static void plan_add(struct weir_txn *t, struct weir_step *s, const struct wr_dev *port, const struct wr_dev *ifb,
		     uint32_t classid)
{
	char word[80], to[80];

	wr_step_plan(t, s, "# tc cannot make this filter: it takes a program from a file alone, and ours is in none; "
			   "where the kernel has act_skbedit, this does the same:\n"
			   "# tc filter add dev %s parent ffff: protocol all prio %u u32 match u32 0 0 "
			   "action skbedit priority %x:%x %s%s",
		     wr_dev_word(port, word), WR_FILTER_PRIO, classid >> 16, classid & 0xffff,
		     ifb->ifindex ? "pipe action mirred egress redirect dev " : "continue",
		     ifb->ifindex ? wr_dev_word(ifb, to) : "");
}

void wr_txn_bpf_filter_add(struct weir_txn *t, const struct wr_dev *port, const struct wr_dev *ifb,
			   uint32_t classid, bool goes_with_qdisc)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_change *change;
	int fd = t->dry ? -1 : wr_txn_bpf_program(t, ifb->ifindex, classid >> 16);

	if (fd < 0 && !t->dry) {
		wr_syserr(&err, fd, port->name, "the kernel does not take the program");
		wr_txn_fail(t, &err);
		return;
	}
	change = wr_txn_change(t);
	wr_redirect_bpf_msg(&change->request, port->ifindex, ifb->ifindex, classid, fd);
	if (!goes_with_qdisc)
		wr_redirect_del_msg(&change->undo, port->ifindex);
	plan_add(t, wr_tree_step(t, port, change, NULL, NULL), port, ifb, classid);
}

/* --- deleting ----------------------------------------------------------------------------------- */

/* The only part of a step: the filter that was there. */
struct filter {
	int32_t port;
	int32_t ifb;
	uint32_t classid;
};

static struct filter filter_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, 0);
	struct filter f = { 0 };

	if (part.len == sizeof(f))
		memcpy(&f, part.data, sizeof(f));
	return f;
}

static void name_object(const struct weir_step *s, int r, struct weir_error *err)
{
	if (r && err)
		wr_copy(err->object, sizeof(err->object), s->object);
}

static int apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	wr_redirect_del_msg(&b, filter_of(s).port);
	r = wr_sock_run(&w->sock, &b, NULL, NULL, err);
	name_object(s, r, err);
	return r;
}

/* There again, or the link it was on has gone. */
static bool is_undone(int code)
{
	return code == -EEXIST || code == -ENODEV;
}

static int undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	struct filter f = filter_of(s);
	wr_auto(batch) struct wr_batch b = { 0 };
	wr_auto(fd) int fd = wr_bpf_load(f.ifb, f.classid >> 16);
	int r;

	if (fd < 0)
		return wr_syserr(err, fd, s->object, "the kernel does not take the program");
	wr_redirect_bpf_msg(&b, f.port, f.ifb, f.classid, fd);
	r = wr_sock_run(&w->sock, &b, NULL, NULL, err);
	if (!applied && is_undone(r))
		return 0;
	name_object(s, r, err);
	return r;
}

const struct weir_step_ops wr_bpf_del_ops = {
	.sz = sizeof(wr_bpf_del_ops), .name = "tc bpf", .apply = apply, .undo = undo,
};

void wr_txn_bpf_filter_del(struct weir_txn *t, const struct wr_dev *port, int ifb, uint32_t classid)
{
	const struct filter f = { port->ifindex, ifb, classid };
	char object[64], word[80];
	struct weir_step *s;

	wr_format(object, sizeof(object), "filter bpf on %s", port->name);
	s = wr_txn_add(t, &wr_bpf_del_ops, object, &(struct weir_blob){ &f, sizeof(f) }, 1);
	wr_step_plan(t, s, "tc filter del dev %s parent ffff: protocol all prio %u",
		     wr_dev_word(port, word), WR_FILTER_PRIO);
}
