/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnsmasq's lease file, read while dnsmasq writes it:
 *
 *	EXPIRY MAC ADDRESS NAME|* CLIENT-ID|*		IPv4
 *	duid SERVER-DUID
 *	EXPIRY [T]IAID ADDRESS NAME|* DUID|*		IPv6
 *
 * EXPIRY is in seconds since 1970, 0 for ever. dnsmasq truncates the file and
 * writes it anew, so a reader may see none or some of it for a moment.
 */
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/file.h"
#include "dhcp/dhcp.h"

#define READS 3

static bool is_whole(const struct wr_str *text)
{
	return text->len && text->data[text->len - 1] == '\n';
}

static int read_whole(const char *path, struct wr_str *text)
{
	const struct timespec pause = { 0, 1000000 };
	int r;

	for (int i = 0;; i++) {
		r = wr_file_read(path, text);
		if (r || is_whole(text) || i == READS - 1)
			break;
		nanosleep(&pause, NULL);
		wr_str_done(text);
	}
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

/* The guest chose the name; what a terminal would obey is in no line that dnsmasq wrote. */
static bool is_text(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			return false;
	return true;
}

static bool parse_expiry(const char *text, uint64_t *ret)
{
	char *end;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !errno;
}

/* Takes the next word off @line; NULL at its end. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " ");
	size_t len = strcspn(word, " ");

	if (!len)
		return NULL;
	*line = word + len + (word[len] == ' ');
	word[len] = '\0';
	return word;
}

static bool parse_line(char *line, struct weir_lease *lease)
{
	char *word[5];

	*lease = (struct weir_lease){ 0 };
	for (size_t i = 0; i < WR_COUNT(word); i++)
		if (!(word[i] = next_word(&line)))
			return false;
	if (!parse_expiry(word[0], &lease->expires) || weir_ip_parse(word[2], &lease->address))
		return false;
	/* IPv6 has an association's number there; who it is, is the client's id. */
	wr_copy(lease->mac, sizeof(lease->mac),
		lease->address.family == WEIR_FAMILY_IPV4 ? word[1] : word[4]);
	if (strcmp(word[3], "*"))
		wr_copy(lease->hostname, sizeof(lease->hostname), word[3]);
	return true;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

int wr_dhcp_leases(const char *path, uint64_t now_s, struct weir_lease **ret, size_t *ret_n,
		   struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	struct weir_lease *leases;
	char *line, *rest;
	size_t n = 0;
	int r = read_whole(path, &text);

	if (r)
		return wr_syserr(err, r, "DHCP leases", "%s", path);
	leases = malloc(count_lines(wr_str_text(&text)) * sizeof(*leases));
	if (!leases || !wr_str_grow(&text, 0)) {
		free(leases);
		return wr_nomem(err);
	}
	rest = text.data;
	while ((line = strsep(&rest, "\n"))) {
		struct weir_lease *l = &leases[n];

		if (is_text(line) && parse_line(line, l) && (!l->expires || l->expires > now_s))
			n++;
	}
	*ret = leases;
	*ret_n = n;
	return 0;
}
