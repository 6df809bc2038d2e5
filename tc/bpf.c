/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program and its filter: see bpf.h. */
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "tc/bpf.h"
#include "tc/redirect.h"

/* A helper may change r1 to r5; r6 keeps the packet. */
#define INSN(op, dst_, src_, off_, imm_)                                                            \
	{ .code = (op), .dst_reg = (dst_), .src_reg = (src_), .off = (off_), .imm = (int32_t)(imm_) }
#define MOV_IMM(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define STORE_WORD(dst, src, off) INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, off, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

int wr_bpf_load(int ifindex, uint32_t classid)
{
	/* return skb->priority = classid, bpf_redirect(ifindex, 0); */
	const struct bpf_insn program[] = {
		MOV_IMM(BPF_REG_2, classid),
		STORE_WORD(BPF_REG_1, BPF_REG_2, offsetof(struct __sk_buff, priority)),
		MOV_IMM(BPF_REG_1, ifindex),
		MOV_IMM(BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT,
	};
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = WR_COUNT(program);
	attr.license = (uintptr_t)"LGPL-2.1-or-later";
	memcpy(attr.prog_name, "weir", 5);
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* The only part of a step: which filter, and whether the step makes it or takes it away. */
struct filter {
	int32_t port;
	int32_t ifb;
	uint32_t classid;
	uint32_t is_add;
};

static struct filter filter_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, 0);
	struct filter f = { 0 };

	if (part.len == sizeof(f))
		memcpy(&f, part.data, sizeof(f));
	return f;
}

static int add(struct weir *w, const struct filter *f, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	wr_auto(fd) int fd = wr_bpf_load(f->ifb, f->classid);

	if (fd < 0)
		return wr_syserr(err, fd, "", "the kernel does not take the program");
	wr_redirect_bpf_msg(&b, f->port, f->ifb, f->classid, fd);
	return wr_sock_run(&w->sock, &b, NULL, NULL, err);
}

static int del(struct weir *w, const struct filter *f, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_redirect_del_msg(&b, f->port);
	return wr_sock_run(&w->sock, &b, NULL, NULL, err);
}

static void name_object(const struct weir_step *s, int r, struct weir_error *err)
{
	if (r && err)
		wr_copy(err->object, sizeof(err->object), s->object);
}

static int apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct filter f = filter_of(s);
	int r = f.is_add ? add(w, &f, err) : del(w, &f, err);

	name_object(s, r, err);
	return r;
}

/* Not there, or there again: the qdisc it stands in may be gone by now, or the link. */
static bool is_undone(int code)
{
	return code == -ENOENT || code == -EINVAL || code == -ENODEV || code == -EEXIST;
}

static int undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	struct filter f = filter_of(s);
	int r = f.is_add ? del(w, &f, err) : add(w, &f, err);

	if (!applied && is_undone(r))
		return 0;
	name_object(s, r, err);
	return r;
}

/* No command of tc's makes such a program, so a reader is told what it does. */
static char *plan(const struct weir_step *s)
{
	struct filter f = filter_of(s);
	char *text;

	if (asprintf(&text, f.is_add ? "# %s: bpf program: priority %x:%x, redirect to link %d" :
				       "# %s: removed",
		     s->object, f.classid >> 16, f.classid & 0xffff, f.ifb) < 0)
		return NULL;
	return text;
}

const struct weir_step_ops wr_bpf_filter_ops = {
	.sz = sizeof(wr_bpf_filter_ops), .name = "tc bpf", .apply = apply, .undo = undo, .plan = plan,
};

static struct weir_step *step(struct weir_txn *t, const char *name, const struct filter *f)
{
	const struct weir_blob part = { f, sizeof(*f) };
	char object[64];
	struct weir_step *s;

	wr_format(object, sizeof(object), "filter bpf on %s", name);
	s = wr_txn_add(t, &wr_bpf_filter_ops, object, &part, 1);
	if (s && t->dry)
		s->plan = plan(s);
	return s;
}

struct weir_step *wr_txn_bpf_filter_add(struct weir_txn *t, int port, const char *name, int ifb,
					uint32_t classid)
{
	return step(t, name, &(struct filter){ port, ifb, classid, 1 });
}

struct weir_step *wr_txn_bpf_filter_del(struct weir_txn *t, int port, const char *name, int ifb,
					uint32_t classid)
{
	return step(t, name, &(struct filter){ port, ifb, classid, 0 });
}
