/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a handle, of a transaction and of its steps, for the modules of
 * libweir that put steps on one. What a transaction does is said in <weir/txn.h>.
 */
#ifndef WR_TXN_TXN_H
#define WR_TXN_TXN_H

#include <weir/txn.h>

#include "base/process.h"
#include "base/table.h"
#include "netlink/sock.h"

/* For tests: makes a step fail. See wr_fault_now(). */
enum wr_fault {
	WR_FAULT_NONE = 0,
	WR_FAULT_SKIP,		/* the step is not carried out and reports EIO */
	WR_FAULT_KERNEL,	/* the request is spoilt, so that the kernel itself refuses it */
};

/* What a type of steps keeps with a handle. */
struct wr_context {
	const struct weir_step_ops *ops;
	void *context;
	void (*done)(void *context);
};

struct weir {
	struct wr_sock sock;
	int netns_fd;		/* -1: the caller's namespace */
	char *netns;		/* as the caller named it; NULL: the caller's namespace */
	char boot_id[WR_BOOT_ID];	/* of the kernel; "" until it and netns_id were read */
	uint64_t netns_id;	/* of its namespace, where its sockets are for good: see journal.c */
	char *config_dir;
	char *state_dir;
	const struct weir_step_ops *const *step_ops;
	uint32_t lock_timeout_ms;
	uint32_t shape_method;	/* an enum weir_shape_method */
	uint32_t shape_qdisc;	/* an enum weir_qdisc */
	int shape_ifb;		/* the shared one that the last port was put on; 0: none was yet */
	unsigned int shape_n;	/* classes that it had then, as far as was known */
	int lock_fd;		/* held from begin to the end of a transaction, ... */
	int journal_fd;		/* ... and open as long */
	size_t journal_size;	/* bytes in it */
	struct weir_txn *txn;	/* the transaction that is open */
	uint32_t seed;		/* of link indexes */
	int first_ifindex;	/* the first that was chosen, ... */
	int next_ifindex;	/* ... and they count up; 0: none was chosen yet */
	struct wr_context contexts[9];
	enum wr_fault fault;
	uint32_t fault_step;
};

/* A link that a transaction makes or deletes, and how to know it again. */
struct wr_link_ref {
	int ifindex;
	uint32_t old_group;	/* of a link to be deleted */
	char name[16];
	int kind;		/* of a link that is made: lib/link's number; 0: nobody said */
	size_t n_steps;		/* of a link that is made: up to the step that makes it */
};

/* What ends with a transaction. */
struct wr_kept {
	const void *key;
	void *object;
	void (*done)(void *object);
	/* What it gathers goes into its step when no builder is called any more; NULL: nothing does. */
	void (*complete)(struct weir_txn *t, void *object);
};

enum wr_step_state {
	WR_STEP_WAITING = 0,
	WR_STEP_APPLIED,
	WR_STEP_REFUSED,
	WR_STEP_LOST,		/* it is not known whether it took effect */
};

/*
 * What is looked at before the first change, for a step that adds to a link which
 * the transaction did not make, or takes something away (look.c). @change: the
 * step's request.
 */
struct wr_look {
	void (*ask)(struct wr_batch *b, const struct nlmsghdr *change);
	/* The same for any two that is_it() or put_back() may take for one; 0: it may be any. */
	uint32_t (*key)(const struct nlmsghdr *msg);
	/* Whether it is what an answer shows, or another request makes or takes away. */
	bool (*is_it)(const struct nlmsghdr *change, const struct nlmsghdr *shown);
	/* Whether a request before it may take away, besides, what it adds; NULL: none does. */
	bool (*may_go)(const struct nlmsghdr *change, const struct nlmsghdr *earlier);
	/* Puts @shown as it is, if the undo would take it away where the change was not made; NULL: none does. */
	void (*put_back)(struct wr_batch *b, const struct nlmsghdr *change, const struct nlmsghdr *shown);
	int missing;		/* what the kernel says to who takes away what is not there */
};

struct weir_step {
	const struct weir_step_ops *ops;
	struct weir_blob parts[WEIR_STEP_PARTS];	/* by wr_txn_copy(), as all that it points to */
	const char *object;			/* what it is called; see wr_step_object() */
	/* In this process only: */
	const struct wr_table *const *tables;	/* rtnetlink: names of its attributes */
	const char *plan;			/* its text, if the builder wrote it */
	void *local;				/* prepare()'s or the caller's */
	/* rtnetlink: reads the old state from the answer to part WR_MSG_GET into the undo part */
	int (*prepare)(struct weir_txn *t, struct weir_step *s, const struct nlmsghdr *reply,
		       struct weir_error *err);
	const struct wr_look *look;		/* rtnetlink; NULL: nothing needs to be looked at */
	/* Small, for there are thousands: */
	enum wr_step_state state : 8;
	enum weir_step_order order : 8;		/* rtnetlink: in its batch */
	bool kept;				/* rtnetlink, with a look: see wr_step_look() */
	bool first;				/* rtnetlink: see wr_step_first() */
	bool hangs;				/* rtnetlink: see wr_step_hangs() */
};

/* A request and what undoes it, while a builder puts them together. */
struct wr_change {
	struct wr_batch request, undo;
	bool adds;	/* it is undone as wr_step_adds() says */
};

struct weir_txn {
	struct weir *w;
	char *title;
	bool dry;
	bool held;		/* carried out but for the late steps and the decision */
	struct weir_step *steps;
	size_t n_steps;
	size_t n_early;		/* steps before the late ones, if has_late */
	bool has_late;
	bool has_first;		/* steps of wr_step_first() */
	struct wr_link_ref *created;
	size_t n_created;
	int least_created, most_created;	/* indexes */
	struct wr_link_ref *deleted;
	size_t n_deleted;
	uint32_t scratch_group;	/* where links to be deleted are gathered */
	struct wr_batch flushed;	/* IPv6 addresses and routes of all links, for lib/ip/keep.c */
	bool has_flushed;
	int *fds;		/* open until the transaction ends */
	size_t n_fds;
	struct wr_kept *kept;
	size_t n_kept;
	struct wr_chunk *chunks;	/* of wr_txn_copy() */
	struct wr_change change;	/* of wr_txn_change() */
	struct weir_error err;	/* of the first builder that refused */
};

/* --- builders' side ------------------------------------------------------ */

/* Remembers the first refusal; returns its code. */
int wr_txn_fail(struct weir_txn *t, const struct weir_error *err);
/* The same for what a builder was given, and for memory that is missing. */
int wr_txn_refuse(struct weir_txn *t, int code, const char *object, const char *attr, const char *fmt, ...)
	WR_PRINTF(5, 6);
int wr_txn_nomem(struct weir_txn *t);
/* A step; NULL (and the transaction failed) when memory ran out or it had failed before. */
struct weir_step *wr_txn_add(struct weir_txn *t, const struct weir_step_ops *ops,
			     const char *object, const struct weir_blob *parts, size_t n);
/* A copy that goes with the transaction, with a zero behind it; NULL when memory ran out. */
void *wr_txn_copy(struct weir_txn *t, const void *data, size_t len);
/* Another part for a step. */
int wr_step_set(struct weir_txn *t, struct weir_step *s, int part, const void *data, size_t len);
/* What errors call it. */
const char *wr_step_object(const struct weir_step *s, char buf[64]);
/* A free link index: one of a random range, so that it needs no look-up, over 2^24 to stay off the kernel's own. */
int wr_txn_ifindex(struct weir_txn *t);
/* Notes a link that the step added last makes: undo deletes it, after everything else was undone. */
void wr_txn_created(struct weir_txn *t, int ifindex, const char *name);
/* What kind it was that was noted last, and what kind was noted. */
void wr_txn_created_kind(struct weir_txn *t, int kind);
int wr_txn_kind(const struct weir_txn *t, int ifindex);
/* Notes a link that commit deletes, after every step was applied. */
void wr_txn_deleted(struct weir_txn *t, int ifindex, const char *name);
bool wr_txn_makes(const struct weir_txn *t, int ifindex);
bool wr_txn_deletes(const struct weir_txn *t, int ifindex);
/* Closes @fd when the transaction ends: messages name namespaces by descriptors. */
void wr_txn_keep_fd(struct weir_txn *t, int fd);
/* The name of a link, made here or asked of the kernel; "if7" if it has none. For plans. */
const char *wr_txn_link_name(struct weir_txn *t, int ifindex, char buf[16]);

/* The parts of an rtnetlink step. */
enum { WR_MSG_DO, WR_MSG_UNDO, WR_MSG_NETNS, WR_MSG_GET };

/*
 * An rtnetlink request as a step. @undo may be NULL: it goes with a link that the
 * transaction makes. @netns: where, if not in the handle's namespace.
 */
struct weir_step *wr_txn_msg(struct weir_txn *t, const char *object,
			     const struct wr_table *const *tables, const struct wr_batch *request,
			     const struct wr_batch *undo, const char *netns);
/* An empty one for whoever builds many: all use the same memory, so it is good until another is begun. */
struct wr_change *wr_txn_change(struct weir_txn *t);
/* Its undo: what its request adds is deleted, which needs no message of its own. */
void wr_step_adds(struct weir_step *s);
/* Another of the messages, of any number, that an rtnetlink step's parts are. */
int wr_step_message(struct weir_txn *t, struct weir_step *s, int part, const struct wr_batch *b,
		    struct weir_error *err);
/* Writes the step's line of the plan; does nothing unless the transaction is dry. */
void wr_step_plan(struct weir_txn *t, struct weir_step *s, const char *fmt, ...) WR_PRINTF(3, 4);

/* A file of the library's own, which is there as long as there is something to write; @ret_step: its step. */
int wr_txn_file_note(struct weir_txn *t, const char *path, const void *data, size_t len,
		     size_t *ret_step);
/* Another content for the file that step @i writes: what it gathers is complete only in the end. */
void wr_txn_file_rewrite(struct weir_txn *t, size_t i, const void *data, size_t len);

/* What weir_txn_keep() keeps under @key is complete when the transaction is carried out. */
void wr_txn_complete_by(struct weir_txn *t, const void *key, void (*complete)(struct weir_txn *t, void *object));
void wr_txn_complete(struct weir_txn *t);

/* --- the types of steps that libweir knows -------------------------------- */

extern const struct weir_step_ops wr_msg_ops, wr_file_write_ops, wr_file_remove_ops;
extern const struct weir_step_ops wr_service_start_ops, wr_service_stop_ops;
extern const struct weir_step_ops wr_service_end_ops, wr_service_reload_ops;
/*
 * Has the kernel tell a process of addresses of that link alone, and of no routes. Where that cannot
 * be had, it hears all; so it does after the one-file tool, which has no room for it and starts
 * daemons only to take back what another weir did.
 */
#ifdef WR_NO_HUSH
#define wr_hush(pid, pid_fd, link) ((void)0)
#else
void wr_hush(int pid, int pid_fd, const char *link);
#endif
/* All types a handle knows by name: libweir's own (lib/weir.c) and the caller's. */
const struct weir_step_ops *wr_find_ops(const struct weir *w, const char *name);

/*
 * Has it looked at; @s may be NULL. @kept: another step's undo, or one that is
 * read, brings back what there was. The one-file tool has no room for looks: there
 * it is the kernel alone that refuses.
 */
static inline void wr_step_look(struct weir_step *s, const struct wr_look *look, bool kept)
{
#ifndef WR_NO_LOOK
	if (!s)
		return;
	s->look = look;
	s->kept = kept;
#endif
}

/*
 * It is sent ahead of its batch, with others of the kind, and the rest only if none is refused: what follows
 * would be carried out all the same. It needs nothing that the batch brings.
 */
static inline void wr_step_first(struct weir_txn *t, struct weir_step *s)
{
#ifndef WR_NO_LOOK
	s->first = true;
	t->has_first = true;
#endif
}

/* The last step adds to what the step before it adds, goes with that, and so has no undo. */
static inline void wr_step_hangs(struct weir_txn *t)
{
	if (!t->err.code)
		t->steps[t->n_steps - 1].hangs = true;
}

/* --- carrying out -------------------------------------------------------- */

/* Refuses, before anything is sent, what the kernel would: see struct wr_look. */
int wr_txn_look(struct weir_txn *t, struct weir_error *err);
/* For may_go(): a link goes down or changes its master, which flushes what stands on it. */
bool wr_look_flushes(const struct nlmsghdr *msg);

/* Undoes every step that may have taken effect, in reverse, then deletes created links. */
int wr_txn_undo(struct weir_txn *t, struct weir_error *err);
/* What remains after the decision. */
int wr_txn_finish(struct weir_txn *t, struct weir_error *err);
void wr_txn_free(struct weir_txn *t);

#endif
