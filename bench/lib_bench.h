/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the benchmarks share. A program has a table of workloads and a table of
 * arms, which are the ways to do one; bench_main() runs them side by side:
 *
 *	for each workload, size and round: every arm once, in a new order each time
 *
 * One run of an arm is a trial: a child process in network and mount namespaces
 * of its own, with set-up that is not timed, a pause until the kernel is quiet,
 * the timed part, a look at the state that was reached, and removal of all links
 * in one go before the namespace ends, since its end goes on in the background
 * and would disturb the next trial. Where only the set-up takes long, trials share a
 * host in such namespaces, and each leaves it as it was.
 *
 * Time is spent in stages: every arm once, then those that claims are about until they
 * have ten trials, then the others until they have five, and then more of all. Sizes
 * up to 100 are cheap and do not wait for that.
 */
#ifndef BENCH_LIB_BENCH_H
#define BENCH_LIB_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/link.h>
#include <weir/txn.h>

struct trial;

/* What is done, whoever does it. */
struct workload {
	const char *name;
	const char *text;	/* one line for the report, N is the size */
	unsigned int sizes[6];	/* ends with 0 */
	void (*setup)(struct trial *t);	/* not timed; before the arm's own */
	bool is_silent;		/* the links of setup() speak no IPv6 of their own */
	bool is_bound;		/* its trials stay on one processor: lib_cpu.c */
	/* setup() is dear: trials share its host. Each arm that changes something there has an undo(), and all is compared. */
	bool is_shared;
	bool in_place;		/* in the network namespace that is there: its links cannot be made */
};

/* A way to do it. */
struct arm {
	const char *workload;
	const char *name;
	void (*run)(struct trial *t);		/* timed */
	void (*setup)(struct trial *t);		/* not timed: builds what run() sends */
	void (*undo)(struct trial *t);		/* not timed: where a host is shared, it is then as it was before run() */
	const char *needs;	/* lib_peer.c; absent: the report says so */
	unsigned int most;	/* the largest size that it is asked for; 0: any */
	unsigned int most_full;	/* the same for a full run; 0: as @most says */
	bool alone;		/* the workload's set-up is not for it: its own makes all that is there */
	/* It does the same several times in one trial, where a set-up is too dear: each trial_op() counts as one. */
	bool repeats;
};

/* Rows of the two tables. */
#define WORKLOAD(name_, text_, ...) { .name = name_, .text = text_, __VA_ARGS__ }
#define ARM(workload_, name_, run_, ...) \
	{ .workload = workload_, .name = name_, .run = run_, __VA_ARGS__ }

/*
 * The floor is what the arm "weir" asked of the kernel, recorded beforehand and
 * sent again by nothing but ioctl(), bpf() and one send(): without its questions, and
 * with all messages in as few sends as the socket takes. lib_record.c.
 */
#define WEIR "weir"
#define FLOOR "floor"
void replay_setup(struct trial *t);
void replay(struct trial *t);
/* The same for what undid it. */
void replay_undo(struct trial *t);

/* What may differ between the states that two arms reach; lib_state.c. */
enum property {
	PROP_LINKS, PROP_KIND, PROP_MASTER, PROP_UP, PROP_MTU, PROP_TXQUEUELEN, PROP_GROUP,
	PROP_QUEUES, PROP_ADDRGEN, PROP_QDISCS, PROP_CLASSES, PROP_FILTERS, N_PROPERTIES
};
extern const char *const property_names[N_PROPERTIES];

struct state {
	uint64_t digest[N_PROPERTIES];
};

/* What a trial found; goes through a pipe to the parent. */
struct result {
	bool done;
	char error[200];	/* why the trial failed, "" if it did not */
	double wall_us, cpu_us;
	uint64_t n_sends, n_messages, n_bytes, n_receives, n_processes;
	uint64_t peak_kb;	/* of the child, or of the largest program that it ran */
	uint64_t grown_kb;	/* what the child's memory grew by at most */
	bool is_timed;		/* now: what is traced counts */
	uint64_t n_calls, n_execs, program_kb;	/* system calls, programs and the largest one's peak; lib_trace.c */
	struct state state;
	/* Single operations, where the arm notes them: microseconds. */
	unsigned int n_ops;
	float ops[8192];
};

struct trial {
	const struct workload *workload;
	const struct arm *arm;
	unsigned int n;
	unsigned int round;
	struct result *result;
	struct weir *w;
	/* Inputs of programs, in memory; trial_line() writes to the one that @part says. */
	struct batch {
		char *text;
		size_t len, room;
		int fd;
	} batches[2];
	int part;
	void *own;		/* the arm's */
};

/* All that one program measures. */
int bench_main(int argc, char **argv, const char *name, const struct workload *workloads,
	       size_t n_workloads, const struct arm *arms, size_t n_arms);

/* Ends the trial: it failed. */
_Noreturn void trial_fail(struct trial *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The handle in the trial's namespace, without directories, opened when first asked for. */
struct weir *trial_weir(struct trial *t);
struct weir_txn *trial_begin(struct trial *t);
void trial_commit(struct trial *t, struct weir_txn *txn);
/* Starts and ends the timing of a part of run() as an operation of its own. */
uint64_t now_ns(void);
void trial_op(struct trial *t, uint64_t began_ns);

/* --- peers that are programs; lib_peer.c ------------------------------------------- */

/* Adds a line to the input of trial_batch(). */
void trial_line(struct trial *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Runs a program with that input; fails the trial unless it exits with 0. */
void trial_batch(struct trial *t, const char *const *argv);
/* Runs a line of words; nothing in it is quoted. */
void trial_program(struct trial *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The batch, line by line, each as the words of one call of a program. */
void trial_each_line(struct trial *t, const char *program);
bool is_installed(const char *needs);

/* lib_cpu.c: this process, its children and the kernel's threads for RCU; and as they were. */
void processor_bind(void);
void processor_release(void);

/* --- libvirt; lib_libvirt.c ---------------------------------------------------------- */

/* Its daemon in the trial's namespaces, and a connection to it. */
void libvirt_start(struct trial *t);
void *libvirt_create(struct trial *t, const char *xml);
void libvirt_destroy(struct trial *t, void *network);
/* Adds one DHCP host to a network that runs. */
void libvirt_add_host(struct trial *t, void *network, const char *xml);

/* --- messages that bench builds itself; lib_raw.c ----------------------------------- */

struct raw {
	char *data;
	size_t len, room, msg;
};

void raw_msg(struct raw *r, uint16_t type, uint16_t flags, const void *header, size_t size);
void raw_put(struct raw *r, uint16_t attr, const void *data, size_t len);
void raw_u32(struct raw *r, uint16_t attr, uint32_t value);
void raw_text(struct raw *r, uint16_t attr, const char *text);
/* Bytes in a nest that are no attribute: a peer's header. */
void raw_bytes(struct raw *r, const void *data, size_t len);
size_t raw_nest(struct raw *r, uint16_t attr);
void raw_nest_end(struct raw *r, size_t nest);
/* Sends all of it, at once as far as the socket takes it, and waits for the last ACK; 0 or -errno. */
int raw_send(struct trial *t, const struct raw *r);
/* An rtnetlink socket with large buffers, of the trial; opened when first asked for. */
int raw_socket(struct trial *t, int protocol);
/* Reads a dump that was asked for and drops it; calls @take for each message if it is not NULL. */
void raw_dump(struct trial *t, const struct raw *request,
	      void (*take)(void *arg, const void *msg), void *arg);
/* A link that is up. */
void raw_link(struct raw *r, const char *kind, int ifindex, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The pair "p@i" and "q@i", of which the first is up and a port of @master, if that is not 0. @lean: one queue. */
#define PORT_INDEX(i) (1000 + 2 * (i))
void raw_pair(struct raw *r, unsigned int i, unsigned int master, bool lean);
/* A persistent tap of that name and index; closed again unless it is to stay open. */
void raw_tap(struct trial *t, const char *name, int ifindex, bool stay_open);
/*
 * Asks for each link by itself: newer kernels then do at once what a change of carrier left
 * to do (linkwatch_sync_dev()), which else comes for 100 links a second at most.
 */
void raw_settle_links(struct trial *t);
/* Deletes all links but lo, as one group. */
void raw_delete_links(struct trial *t);

/* --- what was sent; lib_record.c ------------------------------------------------------ */

/* Sends of this process are counted, and kept while recording. */
struct sent {
	uint64_t n_sends, n_messages, n_bytes, n_receives;
};
extern struct sent sent;
void record_start(struct trial *t);
/* Ends it and writes what was kept to @fd; the floor's trials read it from there. */
void record_write(int fd);
extern int recording_fd, undo_fd;

/* --- what claims are about; lib_needed.c ------------------------------------------------ */

/* A line for each: workload, N and arm with tabs between. Without a file nothing is needed more than the rest. */
bool read_needed(const char *path);
bool is_needed(const char *workload, unsigned int n, const char *arm);

/* --- what it costs beside time; lib_trace.c --------------------------------------------- */

#define MAX_PROGRAMS 64	/* of those that run at the same time; their peaks are seen */
/* In a child: waits for its parent to follow it. */
void trace_me(void);
/* Follows it to its end. */
void trace(int child, struct result *ret);

/* --- the state that was reached -------------------------------------------------------- */

void state_read(struct trial *t, struct state *ret);

/* --- numbers; lib_stats.c ------------------------------------------------------------- */

struct summary {
	size_t n;
	double median, low, high;	/* low and high: 95 % interval of the median */
	double min, p90, p99, max;
};

struct summary summarize(double *values, size_t n);	/* sorts them */

#endif
