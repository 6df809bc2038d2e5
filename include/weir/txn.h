/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions: a list of steps, each with its undo.
 *
 *	weir_txn_begin(w, "start net default", 0, &t, &err);
 *	br = weir_txn_link_add(t, &bridge);
 *	weir_txn_addr_add(t, &addr);
 *	r = weir_txn_commit(t, &err);
 *
 * Builders check their input, put steps on the transaction and change nothing.
 * They return a negative errno when they refuse, and the transaction remembers
 * the first refusal, so a caller may ignore what they return and look at what
 * weir_txn_commit() says. A builder that makes a link returns the index that the
 * link will have, so that later steps can name it before it exists.
 *
 * Commit works in this order:
 *
 *	read		what undo will need
 *	look		whether the steps can be done (see below)
 *	journal		write the undo of every step into the state directory
 *	apply		the steps in order, neighbouring rtnetlink steps in one sendmsg()
 *	delete		links, by one message
 *	decide		from here on the transaction is completed, not undone
 *	finish		what cannot be undone: end a frozen daemon, remove a file that
 *			was moved aside
 *
 * When a step fails, everything that took effect is undone in reverse order. When the
 * process is killed, the next weir_txn_begin() or weir_recover() on the same state
 * directory does that.
 *
 * An undo takes away only what its transaction added, and brings back only what it
 * took away. So before the journal is written, commit looks at what the steps are
 * about. A step that would add what is there already (an address, a route, a name, an
 * entry behind a bridge's port, a link of that name or index), or take away what is not
 * there, is refused with the error that the kernel would give, and nothing is sent.
 *
 * A step is not looked at where an earlier step of the same transaction decides. That
 * is so where the earlier one takes away what is in the way; its undo brings that back.
 * It is also so where a link goes down, which takes addresses and routes with it, and
 * those of the links on top: only the kernel knows which, and an undo then leaves alone
 * what was there before.
 *
 * One gap is left: another process adds the very same thing in the microseconds
 * between the look and the send. The kernel then refuses the step, and nothing is lost
 * unless this process is killed before it has undone the other steps.
 *
 * Without a state directory there is no journal, so nobody recovers and commit does not
 * look first, which saves a question for each link and family. The kernel refuses the
 * step itself, with the same error but after the steps before it were carried out;
 * commit undoes those. The tool in one file (make static) looks at links only, because
 * it has to be small.
 */
#ifndef WEIR_TXN_H
#define WEIR_TXN_H

#include <stdbool.h>

#include <weir/weir.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_txn;
struct weir_step;

/** WEIR_TXN_DRY - only build and explain: takes no lock, cannot be committed */
#define WEIR_TXN_DRY (1u << 0)

/**
 * weir_txn_begin() - start a transaction
 * @w:		the handle; one transaction at a time
 * @title:	what it is for, in a few words; kept in the journal. Copied
 * @flags:	0 or WEIR_TXN_DRY
 * @ret:	receives the transaction, to be ended by weir_txn_commit() or
 *		weir_txn_abort()
 * @err:	filled on failure; may be NULL
 *
 * With a state directory, waits for the lock on it and first recovers what a
 * killed process left there.
 *
 * Return: 0, or a negative errno:
 *   -EBUSY	another process holds the state directory, or the handle has a
 *		transaction already
 *   others	see weir_recover()
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_begin(struct weir *w, const char *title, unsigned int flags,
			    struct weir_txn **ret, struct weir_error *err);

/**
 * weir_txn_commit() - carry the transaction out
 * @t:		the transaction; it is freed in every case
 * @err:	filled on failure with the first step that failed; may be NULL
 *
 * Return: 0 when every step is done; 1 when it is decided and done, but for a rest
 * that failed: @err says which, and the journal stays for weir_recover() or the next
 * weir_txn_begin(), which tries that rest again; or a negative errno when everything
 * is as it was before. If undoing itself failed, @err says so after the reason, and
 * the journal stays likewise.
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_commit(struct weir_txn *t, struct weir_error *err);

/**
 * weir_txn_late() - weir_txn_hold() leaves out the steps from here on
 * @t:	the transaction
 *
 * What is put on a transaction after this call, such as a definition that is to be
 * stored, is done by weir_txn_commit() and not yet by weir_txn_hold().
 *
 * Since: 0.2
 */
WEIR_API void weir_txn_late(struct weir_txn *t);

/**
 * weir_txn_hold() - carry a transaction out, but decide later
 * @t:		the transaction; it is freed on failure only
 * @err:	filled on failure with the first step that failed; may be NULL
 *
 * Every step is done, except those behind weir_txn_late() and the deletion of links,
 * for which there is no way back. The journal and the lock on the state directory
 * stay, so a process that dies while it holds a transaction has it undone by the
 * next weir_txn_begin() or weir_recover(). weir_txn_commit() does what is left,
 * weir_txn_undo() takes everything back.
 *
 * Return: 0, or a negative errno when everything is as it was before
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_hold(struct weir_txn *t, struct weir_error *err);

/**
 * weir_txn_undo() - take a held transaction back
 * @t:		the transaction; it is freed in every case
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 when everything is as it was before, or a negative errno if undoing
 * failed: the journal stays for weir_recover()
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_undo(struct weir_txn *t, struct weir_error *err);

/**
 * weir_txn_abort() - drop a transaction that was not committed
 * @t:	the transaction; NULL is ignored. One that is held is undone
 *
 * Since: 0.1
 */
WEIR_API void weir_txn_abort(struct weir_txn *t);

/**
 * weir_txn_error() - the first refusal of a builder
 * @t:		the transaction
 * @err:	receives the error; may be NULL
 *
 * Return: 0 if no builder refused, or the negative errno of the first that did
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_error(const struct weir_txn *t, struct weir_error *err);

/**
 * weir_txn_handle() - the handle a transaction belongs to
 * @t:	the transaction
 *
 * Return: the handle given to weir_txn_begin()
 *
 * Since: 0.1
 */
WEIR_API struct weir *weir_txn_handle(const struct weir_txn *t);

/**
 * weir_txn_is_dry() - is a transaction only to be explained
 * @t:	the transaction
 *
 * For builders outside of the library, which then need not take a lock.
 *
 * Return: true if it was begun with WEIR_TXN_DRY
 *
 * Since: 0.2
 */
WEIR_API bool weir_txn_is_dry(const struct weir_txn *t);

/**
 * weir_txn_keep() - keep something until the transaction ends
 * @t:		the transaction
 * @key:	what weir_txn_kept() finds it by; any address, such as that of a
 *		type of steps
 * @object:	the thing, not NULL
 * @done:	called with it when the transaction was committed or aborted
 *
 * For builders outside of the library that, for instance, hold a lock from the moment
 * they look something up until the transaction has carried it out.
 *
 * Return: 0 or -ENOMEM (then @done was not and will not be called)
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_keep(struct weir_txn *t, const void *key, void *object,
			   void (*done)(void *object));

/**
 * weir_txn_kept() - what was kept with the transaction
 * @t:		the transaction
 * @key:	as given to weir_txn_keep()
 *
 * Return: the object, or NULL
 *
 * Since: 0.2
 */
WEIR_API void *weir_txn_kept(const struct weir_txn *t, const void *key);

/**
 * weir_txn_plan() - what the transaction would do, as a shell script
 * @t:		a transaction begun with WEIR_TXN_DRY
 * @ret:	receives the text, to be freed with free()
 * @err:	filled on failure; may be NULL
 *
 * One line per step, in order, as the ip, bridge, tc, nft and sysctl command
 * that would do the same. Run by a shell in a namespace like this one it leads
 * to the same kernel state, link indexes of taps apart (ip tuntap cannot choose
 * one).
 *
 * Return: 0, the refusal of a builder, or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_plan(const struct weir_txn *t, char **ret, struct weir_error *err);

/**
 * weir_txn_file_write() - replace a file
 * @t:		the transaction
 * @path:	absolute path; missing directories are made (and stay)
 * @data:	the new content; copied
 * @len:	its length in bytes
 * @mode:	permissions of a new file
 * @durable:	on the disk when the step is done (definitions), or only seen
 *		by other processes (what a reboot forgets anyway)
 *
 * Undone by writing the old content, or removing the file if there was none.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_file_write(struct weir_txn *t, const char *path, const void *data, size_t len,
				 unsigned int mode, bool durable);

/**
 * weir_txn_file_remove() - remove a file
 * @t:		the transaction
 * @path:	absolute path; a file that is not there is no error
 *
 * The file is moved aside first and removed when everything else succeeded.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_file_remove(struct weir_txn *t, const char *path);

/**
 * struct weir_service - a daemon that runs for an object of ours
 * @sz:		sizeof(struct weir_service)
 * @name:	how errors call it, "dnsmasq of network default"
 * @argv:	NULL-terminated; argv[0] is an absolute path. The whole vector
 *		must be unique to this service: it is how its processes are
 *		found again
 * @pid_file:	absolute path of the file where the daemon writes its pid
 * @link:	NULL, or the name of the one link that it serves: the rtnetlink sockets
 *		of the daemon then hear of addresses of this link alone, and of no
 *		routes, so that it sleeps while other links change. Needs CAP_SYS_PTRACE
 *		and Linux 5.6; without them it hears of everything. Since 0.2
 *
 * The program is expected to put itself into the background: its first process
 * exits with 0 when it is ready to serve, or with another status after writing
 * the reason to standard error.
 */
struct weir_service {
	size_t sz;
	const char *name;
	const char *const *argv;
	const char *pid_file;
	const char *link;
};

/**
 * weir_txn_service_start() - start a daemon in the handle's namespace
 * @t:		the transaction
 * @service:	the daemon; copied
 *
 * Undone by stopping it.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	argv[0] cannot be executed
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_service_start(struct weir_txn *t, const struct weir_service *service);

/**
 * weir_txn_service_stop() - stop a daemon
 * @t:		the transaction
 * @service:	the daemon; one that does not run is no error
 * @at_once:	false: it is frozen by this step, and ended when everything else
 *		succeeded, so that undo leaves the very process that was there;
 *		true: it is ended by this step, so that a later step can start a
 *		successor, and undo starts it anew
 *
 * A pid is only ever signalled after its command line was compared with argv. All
 * processes of that command line end; where the pid file tells of one that is frozen,
 * they are taken to be that one and its children, and no others are looked for.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_service_stop(struct weir_txn *t, const struct weir_service *service,
				   bool at_once);

/**
 * weir_txn_service_reload() - have a daemon read its files again
 * @t:		the transaction
 * @service:	the daemon
 *
 * SIGHUP, sent when everything else succeeded.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_service_reload(struct weir_txn *t, const struct weir_service *service);

/**
 * weir_service_pid() - the process of a daemon
 * @service:	the daemon
 *
 * Return: its pid, 0 if it does not run, or a negative errno if that cannot
 * be known, as where the process has no descriptor left
 *
 * Since: 0.1
 */
WEIR_API int weir_service_pid(const struct weir_service *service);

/**
 * struct weir_blob - some bytes
 * @data:	the bytes
 * @len:	how many
 */
struct weir_blob {
	const void *data;
	size_t len;
};

/** WEIR_STEP_PARTS - most parts that a step can have */
#define WEIR_STEP_PARTS 6

/**
 * enum weir_step_order - whether a step may change places with rtnetlink requests
 * @WEIR_STEP_IN_ORDER:	it is carried out exactly where it is
 * @WEIR_STEP_BEFORE:	it needs none of the requests in front of it and may be
 *			carried out before them
 * @WEIR_STEP_AFTER:	no request behind it needs it: it may be carried out after them
 *
 * A step that can move lets the requests on both sides of it go out in one send.
 */
enum weir_step_order {
	WEIR_STEP_IN_ORDER = 0,
	WEIR_STEP_BEFORE = 1,
	WEIR_STEP_AFTER = 2
};

/**
 * struct weir_step_ops - a type of steps
 * @sz:		sizeof(struct weir_step_ops)
 * @name:	its word in the journal, unique among the types a handle knows
 * @apply:	does it; when it fails, nothing of it may remain
 * @undo:	takes it back. @applied is false when the process was killed, so
 *		that nobody knows how far apply() came: then undo() succeeds also
 *		where there is nothing to take back
 * @finish:	does what can only be done once the transaction is decided, because
 *		nothing takes it back; may be called more than once
 * @plan:	writes the step as shell commands, in memory of malloc(); returns
 *		NULL when memory ran out
 * @order:	whether it may change places with requests. Since 0.2
 *
 * A function that would have nothing to do may be NULL.
 *
 * A step is its parts: the bytes that its builder put together. The journal keeps
 * them, so undo() and finish() may run in another process. All functions run in
 * the caller's thread; use weir_in_netns() to get into the handle's namespace.
 */
struct weir_step_ops {
	size_t sz;
	const char *name;
	int (*apply)(struct weir *w, const struct weir_step *s, struct weir_error *err);
	int (*undo)(struct weir *w, const struct weir_step *s, bool applied,
		    struct weir_error *err);
	int (*finish)(struct weir *w, const struct weir_step *s, struct weir_error *err);
	char *(*plan)(const struct weir_step *s);
	enum weir_step_order order;
};

/**
 * weir_context() - what a type of steps keeps with a handle
 * @w:		the handle
 * @ops:	the type
 *
 * For what is expensive to open and to close: a socket, a library's context.
 *
 * Return: what weir_set_context() was given, or NULL
 *
 * Since: 0.1
 */
WEIR_API void *weir_context(const struct weir *w, const struct weir_step_ops *ops);

/**
 * weir_set_context() - keep something with a handle for a type of steps
 * @w:		the handle
 * @ops:	the type; one context for each
 * @context:	what to keep, not NULL
 * @done:	called with it by weir_close()
 *
 * Return: 0, -EEXIST if there is one already, or -ENOSPC if the handle keeps 9
 * contexts
 *
 * Since: 0.1
 */
WEIR_API int weir_set_context(struct weir *w, const struct weir_step_ops *ops, void *context,
			      void (*done)(void *context));

/**
 * weir_txn_step() - put a step of any type on a transaction
 * @t:		the transaction
 * @ops:	its type; must outlive the transaction
 * @object:	what it works on, for errors
 * @parts:	its bytes; copied, with a zero byte behind each
 * @n_parts:	how many, up to WEIR_STEP_PARTS
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_step(struct weir_txn *t, const struct weir_step_ops *ops, const char *object,
			   const struct weir_blob *parts, size_t n_parts);

/**
 * weir_txn_refuse() - make a transaction fail with a reason of the caller's own
 * @t:		the transaction
 * @reason:	a filled error; copied if it is the transaction's first
 *
 * For builders outside of the library.
 *
 * Return: the reason's code
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_refuse(struct weir_txn *t, const struct weir_error *reason);

/**
 * weir_step_part() - the bytes of a step
 * @s:	the step
 * @i:	which part, from 0
 *
 * Return: the part; empty if there is none. A zero byte follows it
 *
 * Since: 0.1
 */
WEIR_API struct weir_blob weir_step_part(const struct weir_step *s, unsigned int i);

#ifdef __cplusplus
}
#endif

#endif
