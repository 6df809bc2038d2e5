/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IP addresses as values, beyond what <weir/ip.h> offers to everybody. */
#ifndef WR_BASE_IP_H
#define WR_BASE_IP_H

#include <weir/ip.h>

#include "base/base.h"

/* 32, 128, or 0 for no address. */
unsigned int wr_ip_bits(const struct weir_ip *ip);
/* The last address of the network around @ip: IPv4's broadcast address. */
struct weir_ip wr_ip_last(const struct weir_ip *ip, unsigned int prefix);
bool wr_ip_is_link_local(const struct weir_ip *ip);
bool wr_ip_in(const struct weir_ip *ip, const struct weir_ip *net, unsigned int prefix);
/* The IPv6 address that a link with that MAC address makes of a prefix of 64 bits (RFC 4291, appendix A). */
struct weir_ip wr_ip_eui64(const struct weir_ip *prefix, const uint8_t mac[6]);
int wr_ip_compare(const struct weir_ip *a, const struct weir_ip *b);
bool wr_ip_equal(const struct weir_ip *a, const struct weir_ip *b);

/* Whether the kernel has IPv6. One that was booted without it has no such sockets, and refuses to be told of links' addresses. */
bool wr_ip_has_v6(void);

#endif
