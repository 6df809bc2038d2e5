/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets: see lib_packet.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib_packet.h"

static const char *const outcome_names[] = { "reached", "refused", "lost" };

socklen_t make_address(union address *a, const char *text, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':')) {
		a->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		assert_int_equal(inet_pton(AF_INET6, text, &a->in6.sin6_addr), 1);
		return sizeof(a->in6);
	}
	a->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	assert_int_equal(inet_pton(AF_INET, text, &a->in.sin_addr), 1);
	return sizeof(a->in);
}

int open_socket(enum place p, int type, const char *address, uint16_t port)
{
	union address a;
	socklen_t len = make_address(&a, address, port);
	int fd;

	enter(p);
	fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	enter(HOST);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	return fd;
}

static void show_address(const union address *a, struct seen *seen)
{
	const void *ip = a->sa.sa_family == AF_INET ? (const void *)&a->in.sin_addr :
						      (const void *)&a->in6.sin6_addr;

	inet_ntop(a->sa.sa_family, ip, seen->address, sizeof(seen->address));
	seen->port = ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

enum outcome await(int client, int server, int timeout_ms)
{
	struct pollfd fds[] = { { server, POLLIN, 0 }, { client, 0, 0 } };

	if (poll(fds, 2, timeout_ms) <= 0)
		return LOST;
	return fds[0].revents & POLLIN ? REACHED : REFUSED;
}

static void expect_reply(int client)
{
	struct pollfd fd = { client, POLLIN, 0 };
	char buf[8];

	assert_int_equal(poll(&fd, 1, REPLY_MS), 1);
	assert_int_equal(recv(client, buf, sizeof(buf), 0), 4);
	assert_memory_equal(buf, "pong", 4);
}

void answer_datagram(int server, int client, struct seen *seen)
{
	union address from;
	socklen_t len = sizeof(from);
	char buf[8];

	assert_int_equal(recvfrom(server, buf, sizeof(buf), 0, &from.sa, &len), 4);
	show_address(&from, seen);
	assert_int_equal(sendto(server, "pong", 4, 0, &from.sa, len), 4);
	expect_reply(client);
}

static void answer_stream(int server, int client, struct seen *seen)
{
	union address from;
	socklen_t len = sizeof(from);
	int fd = accept(server, &from.sa, &len);

	assert_true(fd >= 0);
	show_address(&from, seen);
	assert_int_equal(send(fd, "pong", 4, MSG_NOSIGNAL), 4);
	expect_reply(client);
	close(fd);
}

enum outcome probe(int type, enum place from, const char *src, enum place to,
			  const char *dst, struct seen *seen)
{
	/* Static, so that no two probes are one connection to conntrack. */
	static uint16_t port = 5000;
	int server = open_socket(to, type, dst, ++port);
	int client = open_socket(from, type, src, 0);
	union address a;
	socklen_t len = make_address(&a, dst, port);
	enum outcome outcome;

	if (type == SOCK_STREAM)
		assert_int_equal(listen(server, 1), 0);
	if (connect(client, &a.sa, len) < 0)
		assert_int_equal(errno, EINPROGRESS);
	if (type == SOCK_DGRAM)
		assert_int_equal(send(client, "ping", 4, 0), 4);
	outcome = await(client, server, REPLY_MS);
	if (outcome == REACHED && type == SOCK_DGRAM)
		answer_datagram(server, client, seen);
	else if (outcome == REACHED)
		answer_stream(server, client, seen);
	close(server);
	close(client);
	return outcome;
}

static const struct {
	const char *name;
	const char *address[2];	/* IPv4, IPv6 */
	const char *host[2];	/* the host's in the same network */
} sites[] = {
	[HOST] = { "HOST", { "", "" }, { "", "" } },
	[A1] = { "A1", { "10.1.0.2", "fd01::2" }, { "10.1.0.1", "fd01::1" } },
	[A2] = { "A2", { "10.1.0.3", "fd01::3" }, { "10.1.0.1", "fd01::1" } },
	[B1] = { "B1", { "10.2.0.2", "fd02::2" }, { "10.2.0.1", "fd02::1" } },
	[OUT1] = { "OUT1", { "198.51.100.2", "fd0e::2" }, { "198.51.100.1", "fd0e::1" } },
	[OUT2] = { "OUT2", { "203.0.113.2", "fd0f::2" }, { "203.0.113.1", "fd0f::1" } },
};

const char *address_of(enum place p, bool is6)
{
	return sites[p].address[is6];
}

const char *host_address(enum place p, bool is6)
{
	return sites[p].host[is6];
}

void expect(enum place from, enum place to, bool is6, enum outcome want, const char *as)
{
	const char *src = from == HOST ? host_address(to, is6) : address_of(from, is6);
	const char *dst = to == HOST ? host_address(from, is6) : address_of(to, is6);
	struct seen seen = { "", 0 };
	enum outcome is = probe(SOCK_DGRAM, from, src, to, dst, &seen);

	if (is != want)
		fail_msg("%s to %s by IPv%d: %s instead of %s", sites[from].name, sites[to].name,
			 is6 ? 6 : 4, outcome_names[is], outcome_names[want]);
	if (is == REACHED)
		assert_string_equal(seen.address, as ? as : src);
}
