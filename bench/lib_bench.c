/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trials, their order, and what is written of them: see lib_bench.h. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib_bench.h"

#define MAX_ARMS 24
#define MAX_CELLS 64
#define MAX_ROUNDS 64
/*
 * What links do by themselves after they came to be, and what the trial before left to the
 * kernel: the processors are idle when it is over. On a machine that is never idle the
 * wait ends all the same.
 */
#define QUIET_US 60000
#define QUIET_MOST_US 1000000
#define QUIET_MOST_US_EACH 2500
#define BUSY_PART 20	/* one part in so many is not counted as busy */
#define DEADLINE_S 300
#define MOST_TRACED 200

/* What was asked for on the command line. */
static struct {
	bool full;
	const char *only;
	unsigned int only_n;
	unsigned int rounds;	/* 0: by the size */
	/* A second trial that would end later is not begun, and a first one that begins half as much later. 0: no limit. */
	time_t until, began;
	FILE *csv, *json;
} opts;

static const char *program;

/* --- in the child ------------------------------------------------------------------- */

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void trial_op(struct trial *t, uint64_t began_ns)
{
	struct result *r = t->result;

	if (r->n_ops < sizeof(r->ops) / sizeof(r->ops[0]))
		r->ops[r->n_ops++] = (float)(now_ns() - began_ns) / 1000;
}

_Noreturn void trial_fail(struct trial *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->result->error, sizeof(t->result->error), fmt, ap);
	va_end(ap);
	_exit(1);
}

static _Noreturn void fail_weir(struct trial *t, const struct weir_error *err)
{
	char line[160];

	weir_error_format(err, line, sizeof(line));
	trial_fail(t, "%s", line);
}

struct weir *trial_weir(struct trial *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (!t->w && weir_open(NULL, &t->w, &err))
		fail_weir(t, &err);
	return t->w;
}

struct weir_txn *trial_begin(struct trial *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *txn;

	if (weir_txn_begin(trial_weir(t), "bench", 0, &txn, &err))
		fail_weir(t, &err);
	return txn;
}

void trial_commit(struct trial *t, struct weir_txn *txn)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (weir_txn_commit(txn, &err))
		fail_weir(t, &err);
}

static void up(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_flags = IFF_UP | IFF_RUNNING };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

/*
 * A network of its own, mounts of its own so that /run is empty and nobody
 * else's, and processes of its own, whose first one the trial is: daemons that it
 * leaves end with it, and it ends with who started it.
 */
static void enter(struct trial *t)
{
	int status = 0;
	pid_t pid;

	if (unshare((t->workload->in_place ? 0 : CLONE_NEWNET) | CLONE_NEWNS | CLONE_NEWPID) < 0)
		trial_fail(t, "namespaces: %s", strerror(errno));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pid = fork();
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (pid)
		_exit(pid < 0 || status ? 1 : 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(DEADLINE_S);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		trial_fail(t, "mounts: %s", strerror(errno));
	up("lo");
}

static double cpu_us(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Sets the peak back to what there is; what "Vm...:" of this process says. */
static uint64_t memory_kb(const char *key, bool reset)
{
	FILE *f = reset ? fopen("/proc/self/clear_refs", "we") : NULL;
	unsigned long long kb = 0;
	char line[128];

	if (f) {
		fputs("5", f);
		fclose(f);
	}
	f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kb = strtoull(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

static void measure(struct trial *t)
{
	uint64_t began_kb = memory_kb("VmRSS:", true);
	double cpu = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN);
	struct sent before = sent;
	struct result *r = t->result;
	struct rusage u;
	uint64_t began;

	r->is_timed = true;
	began = now_ns();
	t->arm->run(t);
	r->wall_us = (double)(now_ns() - began) / 1000;
	r->cpu_us = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN) - cpu;
	r->is_timed = false;
	r->grown_kb = memory_kb("VmHWM:", false) - began_kb;
	r->n_sends = sent.n_sends - before.n_sends;
	r->n_messages = sent.n_messages - before.n_messages;
	r->n_bytes = sent.n_bytes - before.n_bytes;
	r->n_receives = sent.n_receives - before.n_receives;
	getrusage(RUSAGE_SELF, &u);
	if (!r->n_processes)
		r->peak_kb = (uint64_t)u.ru_maxrss;
}

/* In ticks of all processors since the machine was started. */
struct ticks {
	unsigned long long all, idle;
};

static struct ticks ticks(void)
{
	FILE *f = fopen("/proc/stat", "re");
	unsigned long long v[8] = { 0 };
	struct ticks ret = { 0 };

	if (f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4],
			&v[5], &v[6], &v[7]) == 8)
		ret.idle = v[3] + v[4];	/* waiting for a disk is idle */
	for (size_t i = 0; i < 8; i++)
		ret.all += v[i];
	if (f)
		fclose(f);
	return ret;
}

static void wait_until_quiet(const struct trial *t)
{
	uint64_t most_us = QUIET_MOST_US + (uint64_t)t->n * QUIET_MOST_US_EACH;
	struct ticks was, is = ticks();

	for (uint64_t us = 0; us < most_us; us += QUIET_US) {
		was = is;
		usleep(QUIET_US);
		is = ticks();
		if ((is.all - is.idle - (was.all - was.idle)) * BUSY_PART <= is.all - was.all)
			return;
	}
}

/* Writes a number into the file of a setting; returns what was there, or -1 without the file. */
static int file_number(const char *path, int value)
{
	FILE *f = fopen(path, "r+e");
	int was = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &was) == 1) {
		rewind(f);
		fprintf(f, "%d\n", value);
	}
	fclose(f);
	return was;
}

/*
 * Links that are there before speak no IPv6, as ports of a bridge whose guests are
 * silent: thousands of them would hold rtnl with their own work for minutes.
 */
static void set_up(struct trial *t)
{
	static const char path[] = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
	int was = t->workload->is_silent ? file_number(path, 1) : 0;

	t->workload->setup(t);
	if (t->workload->is_silent)
		file_number(path, was);
	if (!t->workload->in_place)
		raw_settle_links(t);
}

/* How a trial is run, unless it is one to be measured. */
enum purpose { TO_MEASURE, TO_RECORD, TO_TRACE };

/* The part of a trial that follows on what is there before. */
static void timed_part(struct trial *t, enum purpose purpose)
{
	if (t->arm->setup)
		t->arm->setup(t);
	if (!strcmp(t->arm->name, WEIR))
		trial_weir(t);	/* a program that uses the library has a handle */
	wait_until_quiet(t);
	if (purpose == TO_RECORD)
		record_start(t);
	measure(t);
	if (purpose == TO_RECORD)
		record_write(recording_fd);
	state_read(t, &t->result->state);
}

static _Noreturn void child(struct trial *t, enum purpose purpose)
{
	if (purpose == TO_TRACE)
		trace_me();
	enter(t);
	if (t->workload->setup && !t->arm->alone)
		set_up(t);
	timed_part(t, purpose);
	weir_close(t->w);
	if (!t->workload->in_place)
		raw_delete_links(t);
	t->result->done = true;
	_exit(0);
}

/* --- a host that several trials share ---------------------------------------------------- */

/* What its process is told: the trial to run. */
struct order {
	const struct workload *workload;
	const struct arm *arm;
	unsigned int round;
	enum purpose purpose;
	int recording, undo;
};

/* A trial there, in a process of its own; afterwards the host is as it was, or the trial has failed. */
static _Noreturn void guest(struct trial *t, const struct order *o, const struct state *before)
{
	struct state after = { 0 };

	alarm(DEADLINE_S);
	t->workload = o->workload;
	t->arm = o->arm;
	t->round = o->round;
	recording_fd = o->recording;
	undo_fd = o->undo;
	timed_part(t, o->purpose);
	if (o->purpose == TO_RECORD && t->arm->undo)
		record_start(t);
	if (t->arm->undo)
		t->arm->undo(t);
	if (o->purpose == TO_RECORD && t->arm->undo)
		record_write(undo_fd);
	state_read(t, &after);
	if (memcmp(&after, before, sizeof(after)) != 0)
		trial_fail(t, "the host is not as it was before");
	t->result->done = true;
	_exit(0);
}

/* Its process: sets it up, says so, and runs what it is told until nobody is there any more. */
static _Noreturn void serve(struct trial *t, int fd)
{
	struct state before = { 0 };
	struct order o;

	enter(t);
	set_up(t);
	state_read(t, &before);
	alarm(0);
	while (write(fd, "", 1) == 1 && read(fd, &o, sizeof(o)) == sizeof(o)) {
		pid_t pid = fork();

		if (pid == 0)
			guest(t, &o, &before);
		/* Daemons come to this process when who started them has ended; dead ones would look alive. */
		for (pid_t gone = 0; pid > 0 && gone != pid;)
			gone = waitpid(-1, NULL, 0);
	}
	weir_close(t->w);
	raw_delete_links(t);
	_exit(0);
}

/* --- in the parent ------------------------------------------------------------------- */

/* The one that is there now. */
static struct {
	void (*setup)(struct trial *t);
	unsigned int n;
	pid_t pid;
	int fd;
} host;

static void end_host(void)
{
	if (!host.pid)
		return;
	close(host.fd);
	while (waitpid(host.pid, NULL, 0) < 0 && errno == EINTR)
		;
	host.pid = 0;
}

static bool has_answered(void)
{
	char c;

	return host.pid && read(host.fd, &c, 1) == 1;
}

static bool start_host(const struct workload *w, unsigned int n, struct result *shared)
{
	struct trial t = { .workload = w, .n = n, .result = shared };
	int fds[2];

	if (host.pid && host.setup == w->setup && host.n == n)
		return true;
	end_host();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return false;
	host.pid = fork();
	if (host.pid == 0) {
		close(fds[0]);
		serve(&t, fds[1]);
	}
	close(fds[1]);
	host.fd = fds[0];
	host.setup = w->setup;
	host.n = n;
	return has_answered();
}

static void run_in_host(const struct order *o, unsigned int n, struct result *ret)
{
	bool ok = start_host(o->workload, n, ret);

	if (ok)
		memset(ret, 0, sizeof(*ret));
	if (!ok || write(host.fd, o, sizeof(*o)) != sizeof(*o) || !has_answered() || !ret->done)
		end_host();	/* who knows what is left there */
}

/* One trial; its result stays in memory that the child shares. */
static void run_trial(const struct workload *w, const struct arm *a, unsigned int n,
		      unsigned int round, struct result *ret, enum purpose purpose)
{
	struct order o = { .workload = w, .arm = a, .round = round, .purpose = purpose,
			   .recording = recording_fd, .undo = undo_fd };
	struct trial t = { .workload = w, .arm = a, .n = n, .round = round, .result = ret };
	bool is_own = !w->is_shared || a->alone || purpose == TO_TRACE;
	int status;
	pid_t pid = 0;

	memset(ret, 0, sizeof(*ret));
	if (w->is_bound && purpose == TO_MEASURE)
		processor_bind();
	if (is_own)
		pid = fork();
	else
		run_in_host(&o, n, ret);
	if (is_own && pid == 0)
		child(&t, purpose);
	if (pid > 0 && purpose == TO_TRACE)
		trace(pid, ret);
	while (pid > 0 && purpose != TO_TRACE && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	processor_release();
	if (!ret->done && !*ret->error)
		snprintf(ret->error, sizeof(ret->error), "%s", pid >= 0 ? "it ended early" : "no process");
}

/* All that is kept of one arm of one size. */
struct series {
	const struct arm *arm;
	bool is_absent;
	char error[200];
	bool is_needed;	/* a claim is about it */
	size_t n;
	double cost_s;	/* of the last trial, with all that belongs to it */
	struct result first;	/* counts and state are the same in each */
	struct result traced;
	double wall[MAX_ROUNDS], cpu[MAX_ROUNDS], ratio[MAX_ROUNDS];
	size_t n_ratios;
	double *ops;
	size_t n_ops;
};

static void write_csv(const struct workload *w, const struct arm *a, unsigned int n,
		      unsigned int round, const struct result *r)
{
	if (opts.csv)
		fprintf(opts.csv, "%s,%s,\"%s\",%u,%u,%.1f,%.1f,%llu,%llu,%llu,%llu,%llu,%llu,\"%s\"\n", program,
			w->name, a->name, n, round, r->wall_us, r->cpu_us,
			(unsigned long long)r->n_sends, (unsigned long long)r->n_messages,
			(unsigned long long)r->n_bytes, (unsigned long long)r->n_receives,
			(unsigned long long)r->n_processes, (unsigned long long)r->peak_kb, r->error);
}

static void keep(struct series *s, const struct result *r)
{
	if (!s->n)
		s->first = *r;
	for (unsigned int i = 0; s->arm->repeats && i < r->n_ops && s->n < MAX_ROUNDS; i++) {
		s->cpu[s->n] = r->cpu_us / r->n_ops;
		s->wall[s->n++] = r->ops[i];
	}
	if (s->arm->repeats || s->n == MAX_ROUNDS)
		return;
	s->wall[s->n] = r->wall_us;
	s->cpu[s->n++] = r->cpu_us;
	if (!r->n_ops)
		return;
	s->ops = realloc(s->ops, (s->n_ops + r->n_ops) * sizeof(*s->ops));
	for (unsigned int i = 0; s->ops && i < r->n_ops; i++)
		s->ops[s->n_ops++] = r->ops[i];
}

static struct series *find(struct series *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].arm->name, name))
			return &all[i];
	return NULL;
}

/* A size of a workload, with all that is kept of it. */
struct cell {
	const struct workload *workload;
	unsigned int n;
	int rank;	/* those that share a host follow each other */
	struct series *all;
	size_t n_all;
	int recording, undo;
	unsigned int rounds;	/* that were run */
};

/* How many trials an arm has at the end of a stage: those that claims are about, and the others. */
struct stage {
	unsigned int needed, other;
};

static const struct stage stages[] = {
	{ 1, 1 }, { 4, 1 }, { 7, 1 }, { 10, 1 }, { 10, 3 }, { 10, 5 }, { MAX_ROUNDS, 8 }, { MAX_ROUNDS, MAX_ROUNDS },
};
#define N_STAGES (sizeof(stages) / sizeof(stages[0]))
#define STAGE_SHARED 5	/* as far as a host that is there is used at once */
#define STAGE_SMALL 4	/* and as far as small sizes go at once */
#define SMALL 100

static unsigned int rounds_for(unsigned int n)
{
	if (opts.rounds)
		return opts.rounds < MAX_ROUNDS ? opts.rounds : MAX_ROUNDS;
	if (opts.full)
		return n <= 1 ? 31 : 11;
	return n <= 1 ? 15 : n <= 100 ? 7 : 3;
}

static bool lacks_trials(const struct cell *c, const struct series *s, const struct stage *stage)
{
	unsigned int most = s->is_needed ? stage->needed : stage->other;

	if (most > rounds_for(c->n))
		most = rounds_for(c->n);
	return !s->is_absent && !*s->error && s->n < most;
}

/* Those that lack trials, and with them the floor: ratios are to the floor of the same round. How many there are. */
static size_t members(const struct cell *c, const struct stage *stage, bool is_in[MAX_ARMS], double *ret_cost_s)
{
	struct series *floor = find(c->all, c->n_all, FLOOR);
	size_t n = 0;

	*ret_cost_s = 0;
	for (size_t i = 0; i < c->n_all; i++) {
		is_in[i] = lacks_trials(c, &c->all[i], stage);
		n += is_in[i];
	}
	if (n && floor && !*floor->error)
		is_in[floor - c->all] = true;
	for (size_t i = 0; i < c->n_all; i++)
		*ret_cost_s += is_in[i] ? c->all[i].cost_s : 0;
	return n;
}

static void one_more(struct cell *c, struct series *s, struct result *shared)
{
	uint64_t began = now_ns();

	run_trial(c->workload, s->arm, c->n, c->rounds, shared, TO_MEASURE);
	s->cost_s = (double)(now_ns() - began) / 1e9;
	write_csv(c->workload, s->arm, c->n, c->rounds, shared);
	if (*shared->error)
		memcpy(s->error, shared->error, sizeof(s->error));
	else
		keep(s, shared);
}

/* Every member once, in an order that is new in each round. */
static void run_round(struct cell *c, const bool is_in[MAX_ARMS], struct result *shared)
{
	struct series *all = c->all, *floor = find(all, c->n_all, FLOOR);
	size_t order[MAX_ARMS], had[MAX_ARMS];

	for (size_t i = 0; i < c->n_all; i++) {
		size_t k = (size_t)rand() % (i + 1);

		order[i] = order[k];
		order[k] = i;
		had[i] = all[i].n;
	}
	for (size_t i = 0; i < c->n_all; i++)
		if (is_in[order[i]])
			one_more(c, &all[order[i]], shared);
	for (size_t i = 0; floor && floor->n > had[floor - all] && i < c->n_all; i++)
		if (all[i].n > had[i])
			all[i].ratio[all[i].n_ratios++] = all[i].wall[all[i].n - 1] / floor->wall[floor->n - 1];
	c->rounds++;
}

/* --- what is written of it ------------------------------------------------------------ */

static void json_summary(const char *key, struct summary s)
{
	fprintf(opts.json,
		", \"%s\": {\"trials\": %zu, \"median\": %.4g, \"low\": %.4g, \"high\": %.4g, \"min\": %.4g, "
		"\"p90\": %.4g, \"p99\": %.4g, \"max\": %.4g}",
		key, s.n, s.median, s.low, s.high, s.min, s.p90, s.p99, s.max);
}

/* The properties in which the state is not the one that weir leaves. */
static void json_state(const struct series *s, const struct series *ours)
{
	const char *comma = "";

	fprintf(opts.json, ", \"differs\": [");
	for (size_t i = 0; ours && ours->n && i < N_PROPERTIES; i++)
		if (s->first.state.digest[i] != ours->first.state.digest[i]) {
			fprintf(opts.json, "%s\"%s\"", comma, property_names[i]);
			comma = ", ";
		}
	fprintf(opts.json, "]");
}

static void json_counts(const struct result *r, const struct result *traced)
{
	if (traced->done)
		fprintf(opts.json, ", \"calls\": %llu, \"execs\": %llu, \"program_kb\": %llu",
			(unsigned long long)traced->n_calls, (unsigned long long)traced->n_execs,
			(unsigned long long)traced->program_kb);
	fprintf(opts.json, ", \"grown_kb\": %llu", (unsigned long long)r->grown_kb);
	fprintf(opts.json,
		", \"sends\": %llu, \"messages\": %llu, \"bytes\": %llu, \"receives\": %llu, "
		"\"processes\": %llu, \"peak_kb\": %llu",
		(unsigned long long)r->n_sends, (unsigned long long)r->n_messages,
		(unsigned long long)r->n_bytes, (unsigned long long)r->n_receives,
		(unsigned long long)r->n_processes, (unsigned long long)r->peak_kb);
}

static void json_series(const struct workload *w, unsigned int n, struct series *s,
			const struct series *ours)
{
	if (!opts.json)
		return;
	fprintf(opts.json,
		"{\"program\": \"%s\", \"workload\": \"%s\", \"text\": \"%s\", \"n\": %u, \"arm\": \"%s\"",
		program, w->name, w->text, n, s->arm->name);
	if (s->is_absent)
		fprintf(opts.json, ", \"absent\": \"%s\"", s->arm->needs);
	else if (!s->n)
		fprintf(opts.json, ", \"error\": \"%s\"", s->error);
	if (s->n) {
		json_summary("wall_us", summarize(s->wall, s->n));
		json_summary("cpu_us", summarize(s->cpu, s->n));
		if (s->n_ratios)
			json_summary("ratio", summarize(s->ratio, s->n_ratios));
		if (s->n_ops)
			json_summary("op_us", summarize(s->ops, s->n_ops));
		json_counts(&s->first, &s->traced);
		json_state(s, ours);
	}
	fprintf(opts.json, "}\n");
	fflush(opts.json);
}

/* A line for the one who waits; the numbers are sorted by now. */
static void say(const struct workload *w, unsigned int n, struct series *s)
{
	struct summary wall = summarize(s->wall, s->n), ratio = summarize(s->ratio, s->n_ratios);

	if (s->is_absent)
		printf("%-12s %5u  %-22s absent: %s\n", w->name, n, s->arm->name, s->arm->needs);
	else if (!s->n)
		printf("%-12s %5u  %-22s FAILED: %s\n", w->name, n, s->arm->name, s->error);
	else
		printf("%-12s %5u  %-22s %10.0f us  %7.2f x floor  %3zu trials  %llu sends %llu msgs %llu calls\n", w->name, n,
		       s->arm->name, wall.median, ratio.median, s->n, (unsigned long long)s->first.n_sends,
		       (unsigned long long)s->first.n_messages, (unsigned long long)s->traced.n_calls);
	if (s->n_ops) {
		struct summary ops = summarize(s->ops, s->n_ops);

		printf("%-12s        %zu operations: p50 %.0f us, p90 %.0f, p99 %.0f, max %.0f\n", "", ops.n,
		       ops.median, ops.p90, ops.p99, ops.max);
	}
	fflush(stdout);
}

/* --- which trials are run, and when ------------------------------------------------------- */

static bool is_late(void)
{
	return opts.until && time(NULL) > opts.until + (opts.until - opts.began) / 2;
}

/* What the floor will send; a workload without one has no ratios. */
static void record(const struct cell *c, struct result *shared)
{
	for (size_t i = 0; i < c->n_all; i++)
		if (!strcmp(c->all[i].arm->name, WEIR) && find(c->all, c->n_all, FLOOR))
			run_trial(c->workload, c->all[i].arm, c->n, 0, shared, TO_RECORD);
}

/* What is the same in each trial, and would make it slow: counted in one of the smaller sizes, whose times nobody sees. */
static void count_calls(const struct cell *c, struct result *shared)
{
	for (size_t i = 0; i < c->n_all && c->n <= MOST_TRACED; i++) {
		if (c->all[i].is_absent || !c->all[i].n)
			continue;
		run_trial(c->workload, c->all[i].arm, c->n, 0, shared, TO_TRACE);
		c->all[i].traced = *shared;
	}
}

/* The first round is run unless it is much too late; further ones if they end in time. */
static void visit(struct cell *c, const struct stage *stage, double until, struct result *shared)
{
	bool is_in[MAX_ARMS], is_first = !c->rounds;
	double cost_s;

	recording_fd = c->recording;
	undo_fd = c->undo;
	while (members(c, stage, is_in, &cost_s)) {
		if (c->rounds ? until > 0 && (double)now_ns() / 1e9 + cost_s > until : is_late())
			break;
		if (!c->rounds)
			record(c, shared);
		run_round(c, is_in, shared);
	}
	if (is_first && !is_late())
		count_calls(c, shared);
}

/*
 * Each pass takes all cells one stage further. A host that is shared took long to make, and
 * small sizes cost next to nothing, so these go several stages at once, but in the first
 * pass for no longer than leaves as much time for each cell that is to come.
 */
static void run_all(struct cell *cells, size_t n, struct result *shared)
{
	double until = opts.until ? (double)now_ns() / 1e9 + difftime(opts.until, time(NULL)) : 0;

	for (size_t k = 0; k < N_STAGES; k++)
		for (size_t i = 0; i < n; i++) {
			size_t least = cells[i].workload->is_shared ? STAGE_SHARED : cells[i].n <= SMALL ? STAGE_SMALL : 0;
			double now = (double)now_ns() / 1e9;

			visit(&cells[i], &stages[k > least ? k : least],
			      least && !k && until > now ? now + (until - now) / (double)(n - i) : until, shared);
		}
	end_host();
}

static void write_all(struct cell *cells, size_t n_cells)
{
	for (struct cell *c = cells; c < cells + n_cells; c++)
		for (size_t i = 0; i < c->n_all; i++) {
			if (!c->all[i].n && !*c->all[i].error)
				snprintf(c->all[i].error, sizeof(c->all[i].error), "no time was left");
			json_series(c->workload, c->n, &c->all[i], find(c->all, c->n_all, WEIR));
			say(c->workload, c->n, &c->all[i]);
		}
}

static bool is_for(const struct arm *a, const struct workload *w, unsigned int n)
{
	unsigned int most = opts.full && a->most_full ? a->most_full : a->most;

	return !strcmp(a->workload, w->name) && (!most || n <= most);
}

/* Children have nothing of it: to start one costs them no more than it would without. */
static struct series *room_for_series(void)
{
	size_t len = MAX_ARMS * sizeof(struct series);
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, len, MADV_DONTFORK) < 0)
		abort();
	return p;
}

static struct cell cell(const struct workload *w, unsigned int n, const struct arm *arms, size_t n_arms)
{
	struct cell c = { .workload = w, .n = n, .all = room_for_series(), .recording = memfd_create("recording", MFD_CLOEXEC),
			  .undo = memfd_create("undo", MFD_CLOEXEC) };

	for (size_t i = 0; i < n_arms && c.n_all < MAX_ARMS; i++)
		if (is_for(&arms[i], w, n))
			c.all[c.n_all++] = (struct series){
				.arm = &arms[i],
				.is_absent = arms[i].needs && !is_installed(arms[i].needs),
				.is_needed = is_needed(w->name, n, arms[i].name),
			};
	return c;
}

/* The larger ones, which may take all time, come last. */
static int in_order(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->workload < y->workload ? -1 : x->workload > y->workload;
}

/* --- the command line ------------------------------------------------------------------- */

static FILE *append_to(const char *path)
{
	FILE *f = fopen(path, "ae");

	if (!f)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return f;
}

static const char usage[] =
	"usage: %s [--full] [--only WORKLOAD] [--n N] [--rounds N] [--needed FILE] [--until TIME] [--csv FILE] [--json FILE]\n";

static bool read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "full", no_argument, NULL, 'f' },	  { "only", required_argument, NULL, 'o' },
		{ "n", required_argument, NULL, 'n' },	  { "rounds", required_argument, NULL, 'r' },
		{ "needed", required_argument, NULL, 'e' }, { "csv", required_argument, NULL, 'c' },
		{ "json", required_argument, NULL, 'j' }, { "until", required_argument, NULL, 'u' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			opts.full = true;
		else if (c == 'o')
			opts.only = optarg;
		else if (c == 'n')
			opts.only_n = (unsigned int)atoi(optarg);
		else if (c == 'r')
			opts.rounds = (unsigned int)atoi(optarg);
		else if (c == 'e' && !read_needed(optarg))
			return false;
		else if (c == 'u')
			opts.until = (time_t)atoll(optarg);
		else if (c == 'c' && !(opts.csv = append_to(optarg)))
			return false;
		else if (c == 'j' && !(opts.json = append_to(optarg)))
			return false;
		else if (c == '?')
			return false;
	}
	return optind == argc;
}

/* The largest size is for the full run, unless it was asked for. */
static bool is_wanted(const struct workload *w, unsigned int n)
{
	if (opts.only && strcmp(opts.only, w->name) != 0)
		return false;
	return opts.only_n ? n == opts.only_n : opts.full || n <= 2000;
}

/* All that is wanted, in the order of a pass; returns how many. */
static size_t list_cells(const struct workload *workloads, size_t n_workloads, const struct arm *arms, size_t n_arms,
			 struct cell *ret)
{
	size_t n_cells = 0;

	for (size_t i = 0; i < n_workloads; i++) {
		size_t first = i;

		for (size_t k = i; workloads[i].is_shared && k--;)
			if (workloads[k].is_shared && workloads[k].setup == workloads[i].setup)
				first = k;
		for (const unsigned int *n = workloads[i].sizes; *n; n++) {
			if (!is_wanted(&workloads[i], *n) || n_cells == MAX_CELLS)
				continue;
			ret[n_cells] = cell(&workloads[i], *n, arms, n_arms);
			ret[n_cells++].rank = (int)first;
		}
	}
	qsort(ret, n_cells, sizeof(*ret), in_order);
	return n_cells;
}

/* What --only and --n could have named. */
static int nothing_wanted(const struct workload *workloads, size_t n_workloads)
{
	fprintf(stderr, "%s: nothing is called so; there is\n", program);
	for (size_t i = 0; i < n_workloads; i++) {
		fprintf(stderr, "  --only '%s' --n", workloads[i].name);
		for (const unsigned int *n = workloads[i].sizes; *n; n++)
			fprintf(stderr, " %u", *n);
		fputc('\n', stderr);
	}
	return 2;
}

int bench_main(int argc, char **argv, const char *name, const struct workload *workloads,
	       size_t n_workloads, const struct arm *arms, size_t n_arms)
{
	struct result *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct cell cells[MAX_CELLS];
	size_t n_cells;

	program = name;
	opts.began = time(NULL);
	if (!read_options(argc, argv) || shared == MAP_FAILED) {
		fprintf(stderr, usage, name);
		return 2;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "%s: makes network namespaces, so it needs root\n", name);
		return 77;
	}
	srand((unsigned int)now_ns());
	setenv("PYTHON", "python3", 0);
	n_cells = list_cells(workloads, n_workloads, arms, n_arms, cells);
	if (!n_cells)
		return nothing_wanted(workloads, n_workloads);
	run_all(cells, n_cells, shared);
	write_all(cells, n_cells);
	return 0;
}
