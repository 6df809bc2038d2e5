/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting: see wait.h. */
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "sriov/wait.h"

/* Events may get lost (a full buffer) or not be had (a user namespace): look this often at least. */
#define LOOK_MS 200
#define KERNEL_EVENTS 1	/* multicast group; group 2 is udev's */

/* --- events ------------------------------------------------------------------------- */

static int open_here(void *arg)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS };
	wr_auto(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	*(int *)arg = fd;
	fd = -1;
	return 0;
}

void wr_wait_begin(struct weir *w, struct wr_wait *x, unsigned int timeout_ms)
{
	*x = (struct wr_wait){ .fd = -1, .deadline_ms = wr_now_ms() + timeout_ms };
	weir_in_netns(w, open_here, &x->fd);
}

/* What has happened is of no interest here: the condition is looked at again. */
static void drain(int fd)
{
	char event[8192];

	while (recv(fd, event, sizeof(event), MSG_DONTWAIT) >= 0 || errno == EINTR || errno == ENOBUFS)
		;
}

bool wr_wait_next(struct wr_wait *x)
{
	int64_t left = x->deadline_ms - wr_now_ms();
	struct pollfd p = { .fd = x->fd, .events = POLLIN };

	if (left <= 0)
		return false;
	if (poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS) > 0)
		drain(x->fd);
	return true;
}

void wr_wait_end(struct wr_wait *x)
{
	wr_close(&x->fd);
}

/* --- a write that may hang ---------------------------------------------------------------- */

/* Owned by the thread from its start on: nobody may be waiting when it comes back. */
struct poke {
	int answer;
	char *path, *text;
};

static void poke_free(struct poke *p)
{
	wr_close(&p->answer);
	free(p->path);
	free(p->text);
	free(p);
}

static void *do_poke(void *arg)
{
	struct poke *p = arg;
	int r = wr_file_poke(p->path, p->text);

	send(p->answer, &r, sizeof(r), MSG_NOSIGNAL);
	poke_free(p);
	return NULL;
}

static struct poke *poke_new(const char *path, const char *text, int answer)
{
	struct poke *p = calloc(1, sizeof(*p));

	if (!p) {
		close(answer);
		return NULL;
	}
	*p = (struct poke){ .answer = answer, .path = strdup(path), .text = strdup(text) };
	if (p->path && p->text)
		return p;
	poke_free(p);
	return NULL;
}

/* With all signals blocked: handlers are for the caller's threads. */
static int start_thread(struct poke *p)
{
	sigset_t all, old;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, NULL, do_poke, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!r)
		pthread_detach(thread);
	return -r;
}

int wr_poke_within(const char *path, const char *text, unsigned int timeout_ms)
{
	int64_t deadline_ms = wr_now_ms() + timeout_ms;
	wr_auto(fd) int answer = -1;
	struct pollfd p;
	struct poke *poke;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	answer = ends[0];
	poke = poke_new(path, text, ends[1]);
	if (!poke)
		return -ENOMEM;
	r = start_thread(poke);
	if (r) {
		poke_free(poke);
		return r;
	}
	p = (struct pollfd){ .fd = answer, .events = POLLIN };
	for (;;) {
		int64_t left = deadline_ms - wr_now_ms();

		if (poll(&p, 1, left < 0 ? 0 : (int)left) > 0)
			return recv(answer, &r, sizeof(r), 0) == sizeof(r) ? r : -EIO;
		if (left <= 0)
			return -ETIME;
	}
}
