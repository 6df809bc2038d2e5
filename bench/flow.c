/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Traffic of one kind in one direction, measured where it arrives:
 *
 *	flow serve
 *	flow ask ADDRESS inbound|outbound tcp|udp BYTES_PER_S SECONDS
 *
 * The guest serves, and inbound is to it. Whoever receives lets SKIP_S go by (the burst, and TCP's beginning). The rate
 * is the slope of the line through all arrivals since: at a low rate one of TCP's frames takes half a second, and just
 * to divide bytes by time would be off by where the time began and ended. ask prints bytes per second as they are on
 * the wire, with the Ethernet header, as HTB counts. Frames are full ones of a link of 1500 bytes, so payload tells how
 * many there were.
 * Both ends ask for real time: a receiver that is kept from running would see late what had arrived before. Alone and
 * static, because it runs in a guest that has nothing else.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 4711
#define SKIP_S 1.5
#define PATIENCE_S 20
#define DATAGRAM 1472
#define WIRE_OF_TCP (1514. / 1448)
#define WIRE_OF_UDP (1514. / DATAGRAM)
#define MANY 12.5e6
#define TOGETHER 8
/* What UDP offers, of what may pass: more than enough, and more would cost the machine only. */
#define OFFER 1.5

struct request {
	int is_inbound, is_udp;
	double bytes_per_s, seconds;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- data ------------------------------------------------------------------------------ */

/* Until the other end says something, or is gone. */
static void send_until(int control, int fd, const struct request *r)
{
	static char data[1 << 16];
	const int datagram = DATAGRAM;
	/* Above 100 Mbit/s several with one call, as QUIC does it: one by one they would keep a slow machine busy. */
	const size_t size = !r->is_udp ? sizeof(data) : r->bytes_per_s > MANY ? TOGETHER * DATAGRAM : DATAGRAM;
	struct pollfd p = { .fd = control, .events = POLLIN };
	const double t0 = now();
	double sent = 0;

	if (r->is_udp)
		setsockopt(fd, SOL_UDP, UDP_SEGMENT, &datagram, sizeof(datagram));
	else	/* one that fills the queue; BBR, the default of some, stays a percent below what it finds */
		setsockopt(fd, SOL_TCP, TCP_CONGESTION, "reno", 4);
	while (!poll(&p, 1, 0)) {
		ssize_t n = send(fd, data, size, 0);

		if (n < 0 && !r->is_udp)
			return;
		sent += n > 0 ? (double)n : 0;
		while (r->is_udp && sent > OFFER * r->bytes_per_s * (now() - t0))
			usleep(200);
	}
}

/* The line through (time, bytes so far) of all arrivals, by least squares. */
struct line {
	double n, t, y, tt, ty, bytes;
};

static void add_arrival(struct line *l, double t, double bytes)
{
	l->bytes += bytes;
	l->n++;
	l->t += t;
	l->y += l->bytes;
	l->tt += t * t;
	l->ty += t * l->bytes;
}

static double slope(const struct line *l)
{
	return (l->n * l->ty - l->t * l->y) / (l->n * l->tt - l->t * l->t);
}

static double receive(int fd, const struct request *r)
{
	static char data[1 << 16];
	const double start = now() + SKIP_S;
	struct line line = { 0 };
	double t;

	do {
		/* TCP's bytes are only counted, not copied. */
		ssize_t n = recv(fd, data, sizeof(data), r->is_udp ? 0 : MSG_TRUNC);

		if (n <= 0)
			return 0;
		t = now() - start;
		if (t >= 0)
			add_arrival(&line, t, (double)n);
	} while (t < r->seconds || line.n < 3);
	return slope(&line) * (r->is_udp ? WIRE_OF_UDP : WIRE_OF_TCP);
}

/* --- both ends --------------------------------------------------------------------------- */

static int bound(int type)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, type, 0), on = 1, queue = 16 << 20;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		fail("bind");
	return fd;
}

static int reach(int type, const struct sockaddr_in *peer)
{
	int fd = type == SOCK_DGRAM ? bound(type) : socket(AF_INET, type, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)peer, sizeof(*peer)) < 0)
		fail("connect");
	return fd;
}

static void answer(int listener, int control)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };
	socklen_t len = sizeof(peer);
	struct request r;
	double result;
	int fd;

	if (recv(control, &r, sizeof(r), MSG_WAITALL) != sizeof(r) ||
	    getpeername(control, (struct sockaddr *)&peer, &len) < 0)
		return;
	peer.sin_port = htons(PORT);
	fd = r.is_udp ? reach(SOCK_DGRAM, &peer) : accept(listener, NULL, NULL);
	send(control, "x", 1, 0);
	if (r.is_inbound) {
		result = receive(fd, &r);
		send(control, &result, sizeof(result), 0);
	} else {
		send_until(control, fd, &r);
	}
	close(fd);
}

static void serve(void)
{
	int listener = bound(SOCK_STREAM);

	if (listen(listener, 2) < 0)
		fail("listen");
	for (;;) {
		int control = accept(listener, NULL, NULL);

		answer(listener, control);
		close(control);
	}
}

static double ask(const char *address, const struct request *r)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	const struct timeval patience = { PATIENCE_S, 0 };
	double result = 0;
	int control, fd;
	char ready;

	inet_pton(AF_INET, address, &peer.sin_addr);
	control = reach(SOCK_STREAM, &peer);
	setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send(control, r, sizeof(*r), 0);
	fd = reach(r->is_udp ? SOCK_DGRAM : SOCK_STREAM, &peer);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (recv(control, &ready, 1, 0) != 1)
		fail("the other end");
	if (!r->is_inbound)
		return receive(fd, r);
	send_until(control, fd, r);
	return recv(control, &result, sizeof(result), MSG_WAITALL) == sizeof(result) ? result : 0;
}

int main(int argc, char **argv)
{
	const struct sched_param real_time = { .sched_priority = 1 };

	signal(SIGPIPE, SIG_IGN);
	sched_setscheduler(0, SCHED_RR, &real_time);
	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	if (argc != 7 || strcmp(argv[1], "ask") != 0)
		return 2;
	printf("%.0f\n", ask(argv[2], &(struct request){
		.is_inbound = !strcmp(argv[3], "inbound"), .is_udp = !strcmp(argv[4], "udp"),
		.bytes_per_s = strtod(argv[5], NULL), .seconds = strtod(argv[6], NULL) }));
	return 0;
}
