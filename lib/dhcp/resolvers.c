/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a dnsmasq sends what it cannot answer: to the host's resolvers, which are
 * in /etc/resolv.conf. To follow changes of that file it takes an inotify
 * instance, and a user has 128 of these, shared with everything else that runs as
 * root; without one it does not even start. So where few are left, dnsmasq is told
 * what the file says now, and watches nothing. SIGHUP reads host files again
 * either way.
 */
#include <sys/inotify.h>

#include "base/file.h"
#include "dhcp/dhcp.h"

/* As many are left to others. */
#define SPARE_INSTANCES 16

static bool may_watch(void)
{
	int fds[SPARE_INSTANCES], n = 0;
	bool ok;

	while (n < SPARE_INSTANCES && (fds[n] = inotify_init1(IN_CLOEXEC)) >= 0)
		n++;
	ok = n == SPARE_INSTANCES;
	while (n > 0)
		close(fds[--n]);
	return ok;
}

/* The zone of a link-local address stays; what else is not an address never gets into the text. */
static bool is_server(const char *word)
{
	size_t address = strcspn(word, "%");
	char plain[WEIR_IP_TEXT];
	struct weir_ip ip;

	if (address >= sizeof(plain) || strpbrk(word, "#,/\"@"))
		return false;
	memcpy(plain, word, address);
	plain[address] = '\0';
	return weir_ip_parse(plain, &ip) == 0;
}

void wr_dhcp_servers(const char *resolv_conf, struct wr_str *out)
{
	static const char key[] = "nameserver", space[] = " \t\r";

	for (const char *line = resolv_conf; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *value = line + sizeof(key) - 1;
		char word[128];
		size_t n;

		if (strncmp(line, key, sizeof(key) - 1) || !strchr(space, *value))
			continue;
		value += strspn(value, space);
		n = strcspn(value, " \t\r\n");
		if (n >= sizeof(word))
			continue;
		memcpy(word, value, n);
		word[n] = '\0';
		if (is_server(word))
			wr_str_printf(out, "server=%s\n", word);
	}
}

void wr_dhcp_put_resolvers(struct wr_str *conf)
{
	wr_auto(str) struct wr_str text = { 0 };

	if (strstr(wr_str_text(conf), "\nno-resolv\n") || may_watch())
		return;
	wr_file_read("/etc/resolv.conf", &text);
	wr_str_puts(conf, "no-resolv\n");
	wr_dhcp_servers(wr_str_text(&text), conf);
}
