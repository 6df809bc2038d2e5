/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets between the places of lib_nat.h: whether they arrive, and under which address. */
#ifndef TESTS_NETNS_LIB_PACKET_H
#define TESTS_NETNS_LIB_PACKET_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include "lib_nat.h"

#define REPLY_MS 30000	/* never waited for unless something is wrong */

enum outcome { REACHED, REFUSED, LOST };

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

socklen_t make_address(union address *a, const char *text, uint16_t port);
int open_socket(enum place p, int type, const char *address, uint16_t port);

/* What an arriving packet or connection shows of its sender. */
struct seen {
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
};

/* Waits for the packet at @server or the refusal at @client, whichever comes. */
enum outcome await(int client, int server, int timeout_ms);
void answer_datagram(int server, int client, struct seen *seen);
/* Whether @from, calling itself @src, reaches @dst in @to, and how it looks there. */
enum outcome probe(int type, enum place from, const char *src, enum place to, const char *dst,
		   struct seen *seen);

const char *address_of(enum place p, bool is6);
/* HOST's address on the link to @p. */
const char *host_address(enum place p, bool is6);
/* @as: under which address; NULL: its own. */
void expect(enum place from, enum place to, bool is6, enum outcome want, const char *as);

#endif
