/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trials, their order, and what is written of them: see lib_bench.h. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib_bench.h"

#define MAX_ARMS 24
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
	double budget_s;	/* for one arm of one size; at least one round is run */
	/* Budgets are what is left until then; what has not begun half as much later is left out. 0: no limit. */
	time_t until, began;
	FILE *csv, *json;
} opts = { .budget_s = 2.5 };

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
 * leaves end with it.
 */
static void enter(struct trial *t)
{
	int status = 0;
	pid_t pid;

	if (unshare((t->workload->in_place ? 0 : CLONE_NEWNET) | CLONE_NEWNS | CLONE_NEWPID) < 0)
		trial_fail(t, "namespaces: %s", strerror(errno));
	pid = fork();
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (pid)
		_exit(pid < 0 || status ? 1 : 0);
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

static _Noreturn void child(struct trial *t, enum purpose purpose)
{
	if (purpose == TO_TRACE)
		trace_me();
	enter(t);
	if (t->workload->setup && !t->arm->alone)
		set_up(t);
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
	weir_close(t->w);
	if (!t->workload->in_place)
		raw_delete_links(t);
	t->result->done = true;
	_exit(0);
}

/* --- in the parent ------------------------------------------------------------------- */

/* One trial; its result stays in memory that the child shares. */
static void run_trial(const struct workload *w, const struct arm *a, unsigned int n,
		      unsigned int round, struct result *ret, enum purpose purpose)
{
	struct trial t = { .workload = w, .arm = a, .n = n, .round = round, .result = ret };
	int status;
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	if (w->is_bound && purpose == TO_MEASURE)
		processor_bind();
	pid = fork();
	if (pid == 0)
		child(&t, purpose);
	if (pid > 0 && purpose == TO_TRACE)
		trace(pid, ret);
	while (pid > 0 && purpose != TO_TRACE && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	processor_release();
	if (!ret->done && !*ret->error)
		snprintf(ret->error, sizeof(ret->error), "%s", pid > 0 ? "it ended early" : "no process");
}

/* All that is kept of one arm of one size. */
struct series {
	const struct arm *arm;
	bool is_absent;
	char error[200];
	size_t n;
	double spent_s;
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

/* Every arm once, in an order that is new in each round; ratios are to the floor of the same round. */
static void run_round(const struct workload *w, unsigned int n, unsigned int round,
		      struct series *all, size_t n_all, struct result *shared)
{
	struct series *floor = find(all, n_all, FLOOR);
	size_t order[MAX_ARMS], had[MAX_ARMS];

	for (size_t i = 0; i < n_all; i++) {
		size_t k = (size_t)rand() % (i + 1);

		order[i] = order[k];
		order[k] = i;
		had[i] = all[i].n;
	}
	for (size_t i = 0; i < n_all; i++) {
		struct series *s = &all[order[i]];
		uint64_t began = now_ns();

		if (s->is_absent || *s->error || (s->n && s->spent_s > opts.budget_s))
			continue;
		run_trial(w, s->arm, n, round, shared, TO_MEASURE);
		s->spent_s += (double)(now_ns() - began) / 1e9;
		write_csv(w, s->arm, n, round, shared);
		if (*shared->error)
			memcpy(s->error, shared->error, sizeof(s->error));
		else
			keep(s, shared);
	}
	for (size_t i = 0; floor && floor->n > had[floor - all] && i < n_all; i++)
		if (all[i].n > had[i])
			all[i].ratio[all[i].n_ratios++] = all[i].wall[all[i].n - 1] / floor->wall[floor->n - 1];
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

static unsigned int rounds_for(unsigned int n)
{
	if (opts.rounds)
		return opts.rounds < MAX_ROUNDS ? opts.rounds : MAX_ROUNDS;
	if (opts.full)
		return n <= 1 ? 31 : 11;
	return n <= 1 ? 15 : n <= 100 ? 7 : 3;
}

/* What the floor will send; a workload without one has no ratios. */
static void record(const struct workload *w, unsigned int n, const struct series *all, size_t n_all,
		   struct result *shared)
{
	for (size_t i = 0; i < n_all; i++)
		if (!strcmp(all[i].arm->name, WEIR))
			run_trial(w, all[i].arm, n, 0, shared, TO_RECORD);
}

/* What is the same in each trial, and would make it slow: counted in one of the smaller sizes, whose times nobody sees. */
static void count_calls(const struct workload *w, unsigned int n, struct series *all, size_t n_all,
			struct result *shared)
{
	for (size_t i = 0; i < n_all && n <= MOST_TRACED; i++) {
		if (all[i].is_absent || !all[i].n)
			continue;
		run_trial(w, all[i].arm, n, 0, shared, TO_TRACE);
		all[i].traced = *shared;
	}
}

static bool is_late(void)
{
	return opts.until && time(NULL) > opts.until + (opts.until - opts.began) / 2;
}

static bool is_for(const struct arm *a, const struct workload *w, unsigned int n)
{
	unsigned int most = opts.full && a->most_full ? a->most_full : a->most;

	return !strcmp(a->workload, w->name) && (!most || n <= most);
}

static void run_size(const struct workload *w, unsigned int n, const struct arm *arms, size_t n_arms,
		     struct result *shared)
{
	struct series *all = calloc(MAX_ARMS, sizeof(*all));
	size_t n_all = 0;

	for (size_t i = 0; i < n_arms && n_all < MAX_ARMS; i++)
		if (is_for(&arms[i], w, n))
			all[n_all++] = (struct series){
				.arm = &arms[i],
				.is_absent = arms[i].needs && !is_installed(arms[i].needs),
			};
	for (size_t i = 0; i < n_all; i++)
		snprintf(all[i].error, sizeof(all[i].error), "%s", is_late() ? "no time was left" : "");
	if (!is_late())
		record(w, n, all, n_all, shared);
	for (unsigned int round = 0; round < rounds_for(n) && !is_late(); round++)
		run_round(w, n, round, all, n_all, shared);
	count_calls(w, n, all, n_all, shared);
	for (size_t i = 0; i < n_all; i++) {
		if (!all[i].n && !*all[i].error)
			snprintf(all[i].error, sizeof(all[i].error), "no time was left");
		json_series(w, n, &all[i], find(all, n_all, WEIR));
		say(w, n, &all[i]);
		free(all[i].ops);
	}
	free(all);
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
	"usage: %s [--full] [--only WORKLOAD] [--n N] [--rounds N] [--budget SECONDS] [--until TIME] [--csv FILE] [--json FILE]\n";

static bool read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "full", no_argument, NULL, 'f' },	  { "only", required_argument, NULL, 'o' },
		{ "n", required_argument, NULL, 'n' },	  { "rounds", required_argument, NULL, 'r' },
		{ "budget", required_argument, NULL, 'b' }, { "csv", required_argument, NULL, 'c' },
		{ "json", required_argument, NULL, 'j' }, { "until", required_argument, NULL, 'u' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f') {
			opts.full = true;
			opts.budget_s = 30;
		} else if (c == 'o')
			opts.only = optarg;
		else if (c == 'n')
			opts.only_n = (unsigned int)atoi(optarg);
		else if (c == 'r')
			opts.rounds = (unsigned int)atoi(optarg);
		else if (c == 'b')
			opts.budget_s = atof(optarg);
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

/* How much of the time is for an arm of this size: many links take longer to come and to go. */
static double weight_of(unsigned int n)
{
	return n <= 100 ? 1 : n <= 1000 ? 3 : 8;
}

static double weight_of_size(const struct workload *w, unsigned int n, const struct arm *arms, size_t n_arms)
{
	double weight = 0;

	for (size_t i = 0; i < n_arms; i++)
		if (is_for(&arms[i], w, n) && !(arms[i].needs && !is_installed(arms[i].needs)))
			weight += weight_of(n);
	return weight;
}

/* All that is wanted; @run: it is run, or else only weighed. */
static double each_size(const struct workload *workloads, size_t n_workloads, const struct arm *arms, size_t n_arms,
			struct result *run, double weight_left)
{
	double all = 0;

	for (size_t i = 0; i < n_workloads; i++)
		for (const unsigned int *n = workloads[i].sizes; *n; n++) {
			double weight;

			if (!is_wanted(&workloads[i], *n))
				continue;
			weight = weight_of_size(&workloads[i], *n, arms, n_arms);
			all += weight;
			if (!run)
				continue;
			if (opts.until && weight_left > 0)
				opts.budget_s = difftime(opts.until, time(NULL)) * weight_of(*n) / weight_left;
			weight_left -= weight;
			run_size(&workloads[i], *n, arms, n_arms, run);
		}
	return all;
}

int bench_main(int argc, char **argv, const char *name, const struct workload *workloads,
	       size_t n_workloads, const struct arm *arms, size_t n_arms)
{
	struct result *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

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
	recording_fd = memfd_create("recording", MFD_CLOEXEC);
	setenv("PYTHON", "python3", 0);
	each_size(workloads, n_workloads, arms, n_arms, shared,
		  each_size(workloads, n_workloads, arms, n_arms, NULL, 0));
	return 0;
}
