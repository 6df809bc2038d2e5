/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fixture: see lib_ns.h. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weir/json.h>
#include <weir/weir.h>

#include "lib_ns.h"

char ns_config_dir[64], ns_state_dir[64];
unsigned int ns_shape_method;
static char top[32];

int ns_setup(void **state)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
		perror("unshare");
		return -1;
	}
	mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
	if (mount("none", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/netns", 0755) < 0) {
		perror("/run");
		return -1;
	}
	snprintf(top, sizeof(top), "/run/weir-test-%d", getpid());
	snprintf(ns_config_dir, sizeof(ns_config_dir), "%s/config", top);
	snprintf(ns_state_dir, sizeof(ns_state_dir), "%s/state", top);
	if (mkdir(top, 0755) < 0)
		return -1;
	/* A namespace begins with the first one's settings of IPv4, and a host of guests forwards. */
	ns_sh("ip link set lo up; echo 0 >/proc/sys/net/ipv4/ip_forward");
	return 0;
}

/* Whatever a test left running, until it is gone: the next state would have it. The namespaces go by themselves. */
int ns_teardown(void **state)
{
	if (*top)
		ns_sh("for i in $(seq 600); do p=$(pgrep -f -- '[=]%s/') || break; kill -9 $p 2>/dev/null; sleep 0.1; done; umount -l /run", top);
	*top = '\0';
	return 0;
}

static __attribute__((format(printf, 1, 0))) char *format(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return text;
}

void ns_sh(const char *fmt, ...)
{
	va_list ap;
	char *command;
	int r;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	fflush(NULL);
	r = system(command);
	if (r)
		fprintf(stderr, "exit %d: %s\n", r, command);
	free(command);
	assert_int_equal(r, 0);
}

char *ns_out(const char *fmt, ...)
{
	va_list ap;
	char *command, *out = NULL;
	size_t len = 0;
	FILE *pipe, *mem = open_memstream(&out, &len);
	char buf[4096];
	size_t n;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	pipe = popen(command, "re");
	free(command);
	assert_non_null(pipe);
	assert_non_null(mem);
	while ((n = fread(buf, 1, sizeof(buf), pipe)) > 0)
		fwrite(buf, 1, n, mem);
	pclose(pipe);
	fclose(mem);
	return out;
}

char *ns_snapshot(void)
{
	return ns_out("tests/netns/snapshot.sh %s", top);
}

bool ns_is_same(const char *before)
{
	char *now = ns_snapshot();
	bool same = !strcmp(before, now);

	free(now);
	return same;
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Word by word: one word of a link's long line is what differs. */
void ns_show_difference(const char *a, const char *b)
{
	if (!strcmp(a, b))
		return;
	write_text("/run/weir-test-a", a);
	write_text("/run/weir-test-b", b);
	fflush(NULL);
	if (system("cd /run; for f in weir-test-a weir-test-b; do tr ' ' '\\n' <$f >$f.words; done;"
		   "diff weir-test-a.words weir-test-b.words >&2; rm -f weir-test-[ab]*") < 0)
		perror("diff");
}

/* What the kernel does later by itself (carrier, routes of links) gets time, on a loaded machine too. */
int ns_becomes_same(const char *a, const char *b)
{
	const struct timespec pause = { 0, 200000000 };
	int which = 0;

	for (int i = 0; i < 150 && !which; i++) {
		char *now;

		if (i)
			nanosleep(&pause, NULL);
		now = ns_snapshot();
		which = !strcmp(a, now) ? 1 : b && !strcmp(b, now) ? 2 : 0;
		free(now);
	}
	return which;
}

void ns_assert_same(const char *before, const char *what)
{
	char *now;

	if (ns_becomes_same(before, NULL))
		return;
	now = ns_snapshot();
	fprintf(stderr, "%s: the state differs\n", what);
	ns_show_difference(before, now);
	free(now);
	fail();
}

unsigned int ns_stride(void)
{
	const char *text = getenv("WEIR_TEST_STRIDE");
	int stride = text ? (int)strtol(text, NULL, 10) : 1;

	return stride > 1 ? (unsigned int)stride : 1;
}

int ns_try_open(struct weir **ret, struct weir_error *err)
{
	struct weir_options opts = {
		.sz = sizeof(opts), .config_dir = ns_config_dir, .state_dir = ns_state_dir,
		.step_ops = weir_network_steps, .shape_method = ns_shape_method,
	};

	return weir_open(&opts, ret, err);
}

struct weir *ns_open(void)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = NULL;

	if (ns_try_open(&w, &err))
		fprintf(stderr, "%s\n", err.msg);
	assert_non_null(w);
	return w;
}

struct weir_txn *ns_begin(struct weir *w)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;

	if (weir_txn_begin(w, "test", 0, &t, &err) < 0)
		fprintf(stderr, "%s: %s\n", err.object, err.msg);
	assert_non_null(t);
	return t;
}

void ns_commit(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[1024];
	int r = weir_txn_commit(t, &err);

	if (r)
		fprintf(stderr, "%s\n", weir_error_format(&err, line, sizeof(line)));
	assert_int_equal(r, 0);
}

static char *with_quotes(const char *json)
{
	char *text = strdup(json);

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

struct weir_network *ns_network(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	char *text = with_quotes(json), line[1024];

	if (weir_network_parse(text, strlen(text), &net, &err))
		fprintf(stderr, "%s\n", weir_error_format(&err, line, sizeof(line)));
	free(text);
	assert_non_null(net);
	return net;
}

struct weir *ns_start(const char *json)
{
	struct weir_network *net = ns_network(json);
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_start(t, net);
	ns_commit(t);
	weir_network_free(net);
	return w;
}

void ns_stop(struct weir *w)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_stop(t, "net");
	ns_commit(t);
	weir_close(w);
}

struct weir_group *ns_group(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *text = with_quotes(json), line[1024];
	struct weir_group *group = NULL;

	if (weir_group_parse(text, strlen(text), &group, &err))
		fprintf(stderr, "%s\n", weir_error_format(&err, line, sizeof(line)));
	free(text);
	assert_non_null(group);
	return group;
}
