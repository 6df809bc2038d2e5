/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir net attach, detach, ports, leases: guests on a network. With attach --exec
 * the tool becomes the guest's program, which inherits the tap's descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "weir.h"

#define MAX_QUEUES 256
#define MAX_ADDRESSES 64

/* A record of another link of that name is of a port that is gone. */
bool limits_of_networks(struct tool *t, struct weir_txn *txn, const struct weir_link *port, const struct weir_bandwidth *b,
			const struct weir_shape_options *options, struct weir_shape *ret)
{
	struct weir_port record = { .sz = sizeof(record) };
	const bool is_ours = !weir_port_get(t->w, NULL, port->name, &record, NULL) && record.ifindex == port->ifindex;

	if (is_ours)
		weir_txn_port_limit(txn, record.network, port->name, b, options, ret);
	weir_port_done(&record);
	return is_ours;
}

/* --- what is asked ---------------------------------------------------------------- */

static int check_attach(struct tool *t, const struct args *a)
{
	const char *const *v = a->value;

	if (a->exec && v[OPT_GUEST_NETNS])
		return usage_error(t, "--exec is for taps, --netns is for containers: not both");
	if (v[OPT_MACVLAN] && (a->exec || v[OPT_GUEST_NETNS] || v[OPT_VNET_HDR]))
		return usage_error(t, "--macvlan is for containers that get the link itself: not with --%s",
				   a->exec ? "exec" : v[OPT_GUEST_NETNS] ? "netns" : "vnet-hdr");
	if (v[OPT_QUEUES] && !a->exec)
		return usage_error(
			t, "--queues needs --exec: a persistent tap is opened by its guest");
	if (v[OPT_IFNAME] && !v[OPT_GUEST_NETNS])
		return usage_error(t, "--ifname needs --netns");
	if (v[OPT_VNET_HDR] && v[OPT_GUEST_NETNS])
		return usage_error(t,
				   "--vnet-hdr is for taps, --netns is for containers: not both");
	return STATUS_OK;
}

/* What a guest is held to; the addresses stay there while the guest is used. */
struct held {
	struct weir_ip addresses[MAX_ADDRESSES];
};

static int read_spoofing(struct tool *t, const char *word, uint8_t *ret)
{
	static const char *const words[] = { [WEIR_SPOOFING_ALLOWED] = "no", [WEIR_SPOOFING_MAC] = "mac",
					     [WEIR_SPOOFING_IP] = "ip" };

	for (uint8_t i = WEIR_SPOOFING_ALLOWED; word && i <= WEIR_SPOOFING_IP && !*ret; i++)
		if (!strcmp(word, words[i]))
			*ret = i;
	return word && !*ret ? usage_error(t, "--anti-spoofing is no, mac or ip, not %s", word) :
			       STATUS_OK;
}

static int read_addresses(struct tool *t, const char *list, struct held *held,
			  struct weir_guest *ret)
{
	ret->addresses = held->addresses;
	while (list && *list) {
		char *word = xformat("%.*s", (int)strcspn(list, ","), list);
		int bad = ret->n_addresses == MAX_ADDRESSES ||
			  weir_ip_parse(word, &held->addresses[ret->n_addresses]);

		if (bad)
			usage_error(t, "--addresses takes up to %d IP addresses; %s is one too many or none",
				    MAX_ADDRESSES, word);
		list += strlen(word);
		list += *list == ',';
		free(word);
		if (bad)
			return STATUS_USAGE;
		ret->n_addresses++;
	}
	return STATUS_OK;
}

static int read_guest(struct tool *t, const struct args *a, struct held *held,
		      struct weir_guest *ret)
{
	const char *const *v = a->value;
	unsigned long n = a->exec ? 1 : 0;

	*ret = (struct weir_guest){
		.sz = sizeof(*ret),
		.kind = v[OPT_GUEST_NETNS] ? WEIR_PORT_VETH : v[OPT_MACVLAN] ? WEIR_PORT_MACVLAN : WEIR_PORT_TAP,
		.name = v[OPT_NAME],
		.portgroup = v[OPT_PORTGROUP],
		.owner = v[OPT_OWNER],
		.vnet_hdr = v[OPT_VNET_HDR] != NULL,
		.netns = v[OPT_GUEST_NETNS],
		.ifname = v[OPT_IFNAME],
		.has_bandwidth = v[OPT_INBOUND] || v[OPT_OUTBOUND],
	};
	if (v[OPT_MAC] && !mac_parse(v[OPT_MAC], ret->mac))
		return usage_error(t, "--mac takes a unicast MAC address, not %s", v[OPT_MAC]);
	if (v[OPT_QUEUES] && (!number_parse(v[OPT_QUEUES], MAX_QUEUES, &n) || !n))
		return usage_error(t, "--queues takes a number from 1 to %d, not %s", MAX_QUEUES,
				   v[OPT_QUEUES]);
	ret->n_queues = (unsigned int)n;
	if (read_spoofing(t, v[OPT_ANTI_SPOOFING], &ret->anti_spoofing) ||
	    read_addresses(t, v[OPT_ADDRESSES], held, ret) ||
	    limits_read(t, "--inbound", v[OPT_INBOUND], &ret->bandwidth.inbound) ||
	    limits_read(t, "--outbound", v[OPT_OUTBOUND], &ret->bandwidth.outbound))
		return STATUS_USAGE;
	return check_attach(t, a);
}

/* --- words and environment of --exec ---------------------------------------------- */

struct placeholder {
	const char *name;
	char *value;
};

enum { FD, FDS, MAC, NAME, IFINDEX, N_PLACEHOLDERS };

static void fill_placeholders(struct placeholder *p, const struct weir_port *port, const int *fds,
			      unsigned int n)
{
	char mac[18];

	p[FD] = (struct placeholder){ "{fd}", xformat("%d", fds[0]) };
	p[FDS] = (struct placeholder){ "{fds}", xformat("%d", fds[0]) };
	for (unsigned int i = 1; i < n; i++) {
		char *longer = xformat("%s,%d", p[FDS].value, fds[i]);

		free(p[FDS].value);
		p[FDS].value = longer;
	}
	p[MAC] = (struct placeholder){ "{mac}", xformat("%s", mac_format(port->mac, mac)) };
	p[NAME] = (struct placeholder){ "{name}", xformat("%s", port->name) };
	p[IFINDEX] = (struct placeholder){ "{ifindex}", xformat("%d", port->ifindex) };
}

static const struct placeholder *placeholder_at(const struct placeholder *p, const char *s)
{
	for (int i = 0; i < N_PLACEHOLDERS; i++)
		if (!strncmp(s, p[i].name, strlen(p[i].name)))
			return &p[i];
	return NULL;
}

static char *replace(const char *word, const struct placeholder *p)
{
	struct out o = { .has_color = false };
	char *s;

	while (*word) {
		const struct placeholder *hit = placeholder_at(p, word);

		out_text(&o, "%.*s", hit ? 0 : 1, word);
		out_text(&o, "%s", hit ? hit->value : "");
		word += hit ? strlen(hit->name) : 1;
	}
	s = xformat("%.*s", (int)o.len, o.buf ? o.buf : "");
	out_done(&o);
	return s;
}

static void inherit(const int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		fcntl(fds[i], F_SETFD, 0);
}

static int exec_failed(struct tool *t, const struct weir_port *port, const char *cmd, int code)
{
	struct weir_txn *txn;

	if (!weir_txn_begin(t->w, "detach after a failed exec", 0, &txn, NULL)) {
		weir_txn_port_detach(txn, port->network, port->name);
		weir_txn_commit(txn, NULL);
	}
	return tool_refuse(t, code == -ENOENT ? STATUS_NO_COMMAND : STATUS_NO_EXEC, code, cmd, "%s",
			   strerror(-code));
}

/* Comes back only if it failed; then there is no port either. */
static int become(struct tool *t, const struct weir_port *port, const int *fds, unsigned int n,
		  char **argv)
{
	struct placeholder p[N_PLACEHOLDERS];
	char **words;
	int n_words = 0, code;

	while (argv[n_words])
		n_words++;
	words = xalloc((size_t)n_words + 1, sizeof(*words));
	fill_placeholders(p, port, fds, n);
	for (int i = 0; i < n_words; i++)
		words[i] = replace(argv[i], p);
	setenv("WEIR_TAP", p[NAME].value, 1);
	setenv("WEIR_TAP_FDS", p[FDS].value, 1);
	setenv("WEIR_MAC", p[MAC].value, 1);
	setenv("WEIR_NETWORK", port->network, 1);
	inherit(fds, n);
	tool_stats(t);
	execvp(words[0], words);
	code = -errno;
	for (int i = 0; i < N_PLACEHOLDERS; i++)
		free(p[i].value);
	for (int i = 0; i < n_words; i++)
		free(words[i]);
	free(words);
	return exec_failed(t, port, argv[0], code);
}

/* --- attach ----------------------------------------------------------------------- */

/* The kernel has no words for a master that is not there: says what is, or else that which it was told. */
static int fail_attach(struct tool *t, const char *network)
{
	struct weir_network_entry *list = NULL;
	const char *gone = NULL;
	char object[64];
	size_t n = 0;
	int status;

	if (!weir_network_list(t->w, &list, &n, NULL))
		for (size_t i = 0; i < n; i++)
			if (list[i].bridge_missing && !strcmp(list[i].name, network))
				gone = list[i].bridge;
	snprintf(object, sizeof(object), "network %s", network);
	status = gone ? tool_refuse(t, STATUS_FAILED, -ENODEV, object,
				    "is broken: its bridge %s is gone; stop and start it", gone) :
			tool_fail(t, STATUS_FAILED);
	free(list);
	return status;
}

static int attach(struct tool *t, const char *network, const struct weir_guest *guest,
		  struct weir_port *ret, int *ret_fds)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "attach a port to %s", network);

	if (status)
		return status;
	weir_txn_port_attach(txn, network, guest, ret, guest->n_queues ? ret_fds : NULL);
	if (t->is_dry_run || weir_txn_error(txn, NULL))
		return tool_commit(t, txn, STATUS_NOT_FOUND);
	return tool_carry_out(t, txn) ? fail_attach(t, network) : STATUS_OK;
}

/* Counted only where it may be so, so that an attach costs no question more. */
static bool is_nearly_full(struct tool *t, const struct weir_port *port, uint32_t *ret_left)
{
	return !weir_network_room(t->w, port->network, FEW_PORTS, ret_left, NULL) && *ret_left < FEW_PORTS;
}

static void attached_as_json(struct tool *t, const struct weir_port *port)
{
	char *text = NULL;
	uint32_t left;
	json_t *json;

	weir_port_json(port, &text);
	json = text ? json_of(text) : json_object();
	if (is_nearly_full(t, port, &left))
		json_object_set_new(json, "ports_left", json_integer(left));
	out_json(&t->out, json);
}

/* Before it happens: the next guests would be refused. */
static void warn_if_full(struct tool *t, const struct weir_port *port)
{
	uint32_t left;

	if (t->is_json || !is_nearly_full(t, port, &left))
		return;
	fprintf(stderr, "weir: network %s has room for %u more port%s%s\n", port->network, (unsigned int)left,
		left == 1 ? "" : "s", port->mode <= WEIR_FORWARD_OPEN ? "; bridge.spread gives it more bridges" : "");
}

static void report_attached(struct tool *t, const struct weir_port *port)
{
	char mac[18];

	if (t->is_json) {
		attached_as_json(t, port);
		return;
	}
	out_text(&t->out, "port %s attached to network %s: %s, mac %s", port->name, port->network,
		 port_kind_name(port->kind), mac_format(port->mac, mac));
	if (*port->portgroup)
		out_text(&t->out, ", portgroup %s", port->portgroup);
	if (*port->pci)
		out_text(&t->out, ", function %s", port->pci);
	if (*port->netns)
		out_text(&t->out, ", %s in namespace %s", port->ifname, port->netns);
	out_text(&t->out, "\n");
}

int cmd_net_attach(struct tool *t, const struct args *a)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_guest guest;
	int fds[MAX_QUEUES];
	struct held held = { 0 };
	int status = read_guest(t, a, &held, &guest);

	if (status)
		return status;
	status = attach(t, a->words[0], &guest, &port, fds);
	if (status || t->is_dry_run)
		return status;
	warn_if_full(t, &port);
	if (a->exec)
		return become(t, &port, fds, guest.n_queues, a->exec);
	report_attached(t, &port);
	return STATUS_OK;
}

/* --- detach ----------------------------------------------------------------------- */

int cmd_net_detach(struct tool *t, const struct args *a)
{
	const char *network = a->words[0], *port = a->words[1];
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "detach %s from %s", port, network);

	if (status)
		return status;
	weir_txn_port_detach(txn, network, port);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (status || t->is_dry_run)
		return status;
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:o, s:b}", "name", json_text(port), "network",
					    json_text(network), "detached", 1));
	else
		out_text(&t->out, "port %s detached from network %s\n", port, network);
	return STATUS_OK;
}

/* --- ports ------------------------------------------------------------------------ */

static void ports_as_json(struct tool *t, const struct weir_port *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		char *text = NULL;

		if (!weir_port_json(&list[i], &text))
			json_array_append_new(array, json_of(text));
	}
	out_json(&t->out, array);
}

static void add_limit(struct table *table, const struct weir_rate *rate)
{
	char *s = rate->average_bytes_per_s ? rate_text(rate->average_bytes_per_s) : NULL;

	table_cell(table, TINT_NONE, "%s", s ? s : "");
	free(s);
}

static bool are_spread(const struct weir_port *list, size_t n)
{
	bool are = false;

	for (size_t i = 1; i < n; i++)
		are |= strcmp(list[i].bridge, list[0].bridge) != 0;
	return are;
}

/* On which bridge a port is, is worth a column where there are several. */
static void ports_as_table(struct tool *t, const struct weir_port *list, size_t n)
{
	static const char *const heads[] = { "NAME",    "KIND",     "MAC",       "PORTGROUP",
					     "INBOUND", "OUTBOUND", "GUEST END", "OWNER", "BRIDGE" };
	bool with_bridge = are_spread(list, n);
	struct table *table = table_new(heads, with_bridge ? 9 : 8);
	char mac[18];

	for (size_t i = 0; i < n; i++) {
		const struct weir_port *p = &list[i];

		table_cell(table, TINT_NONE, "%s", p->name);
		table_cell(table, TINT_NONE, "%s", port_kind_name(p->kind));
		table_cell(table, TINT_NONE, "%s", mac_format(p->mac, mac));
		table_cell(table, TINT_NONE, "%s", p->portgroup);
		add_limit(table, &p->bandwidth.inbound);
		add_limit(table, &p->bandwidth.outbound);
		table_cell(table, TINT_NONE, "%s%s%s", p->ifname, *p->netns ? "@" : "", p->netns);
		table_cell(table, TINT_NONE, "%s", p->owner);
		if (with_bridge)
			table_cell(table, TINT_NONE, "%s", p->bridge);
	}
	table_print(table, &t->out);
}

/* A network that is not there has no ports either, but whoever asked mistyped its name. */
int find_network(struct tool *t, const char *name)
{
	struct weir_network *net = NULL;

	if (weir_network_get(t->w, name, 0, &net, &t->err))
		return tool_fail(t, STATUS_NOT_FOUND);
	weir_network_free(net);
	return STATUS_OK;
}

/* What could be read is shown all the same. */
static int tell_damaged(struct tool *t, const char *network)
{
	struct weir_damaged_port *list = NULL;
	size_t n = 0;

	out_flush(&t->out);
	if (weir_port_list_damaged(t->w, network, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	for (size_t i = 0; i < n; i++) {
		t->err = list[i].error;
		tool_fail(t, STATUS_FAILED);
	}
	free(list);
	return STATUS_FAILED;
}

int cmd_net_ports(struct tool *t, const struct args *a)
{
	struct weir_port *list = NULL;
	size_t n = 0;
	int r = weir_port_list(t->w, a->words[0], &list, &n, &t->err);

	if (r < 0)
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	if (!n && find_network(t, a->words[0]))
		return STATUS_NOT_FOUND;
	if (t->is_json)
		ports_as_json(t, list, n);
	else
		ports_as_table(t, list, n);
	weir_ports_free(list, n);
	return r ? tell_damaged(t, a->words[0]) : STATUS_OK;
}

/* --- one port --------------------------------------------------------------------- */

static int move_port(struct tool *t, const struct args *a)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "portgroup of port %s", a->words[1]);

	if (status)
		return status;
	weir_txn_port_move(txn, a->words[0], a->words[1], a->value[OPT_PORTGROUP]);
	return tool_commit(t, txn, STATUS_NOT_FOUND);
}

int cmd_net_port(struct tool *t, const struct args *a)
{
	const bool moves = a->value[OPT_PORTGROUP];
	int status = moves ? move_port(t, a) : STATUS_OK;
	struct weir_port port = { .sz = sizeof(port) };
	char *text = NULL;
	int r;

	if (status || (moves && t->is_dry_run))
		return status;
	r = weir_port_get(t->w, a->words[0], a->words[1], &port, &t->err);
	if (r == -ENOENT)
		return tool_refuse(t, STATUS_NOT_FOUND, r, a->words[1], "is no port of network %s", a->words[0]);
	if (!r && weir_port_json(&port, &text))
		r = t->err.code = -ENOMEM;
	weir_port_done(&port);
	if (r)
		return tool_fail(t, STATUS_FAILED);
	out_json(&t->out, json_of(text));
	return STATUS_OK;
}

/* --- one that is claimed again ---------------------------------------------------- */

int cmd_net_reclaim(struct tool *t, const struct args *a)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *txn;
	char *text = NULL;
	size_t len = 0;
	int status = tool_read_text(t, a->words[0], STATUS_BAD_INPUT, &text, &len);

	if (status)
		return status;
	if (weir_port_parse(text, len, &port, &t->err))
		status = tool_fail_in(t, a->words[0], STATUS_BAD_INPUT);
	free(text);
	if (!status)
		status = tool_begin(t, &txn, "reclaim port %s", port.name);
	if (!status) {
		weir_txn_port_reclaim(txn, &port, NULL);
		status = tool_commit(t, txn, STATUS_NOT_FOUND);
	}
	if (!status && !t->is_dry_run && t->is_json)
		out_json(&t->out, json_pack("{s:s, s:s, s:b}", "network", port.network, "name",
					    port.name, "reclaimed", true));
	else if (!status && !t->is_dry_run)
		out_text(&t->out, "port %s of network %s reclaimed\n", port.name, port.network);
	weir_port_done(&port);
	return status;
}

/* --- leases ----------------------------------------------------------------------- */

static void leases_as_json(struct tool *t, const struct weir_lease *list, size_t n)
{
	json_t *array = json_array();
	char address[WEIR_IP_TEXT];

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:o, s:I}", "address",
						weir_ip_format(&list[i].address, address), "mac",
						json_text(list[i].mac), "hostname",
						json_text(*list[i].hostname ? list[i].hostname :
									      NULL),
						"expires", (json_int_t)list[i].expires));
	out_json(&t->out, array);
}

static void add_expiry(struct table *table, uint64_t expires)
{
	time_t when = (time_t)expires;
	struct tm tm;
	char buf[32];

	if (!expires || !localtime_r(&when, &tm) || !strftime(buf, sizeof(buf), "%F %T", &tm))
		table_cell(table, TINT_NONE, "%s", expires ? "?" : "never");
	else
		table_cell(table, when < time(NULL) ? TINT_YELLOW : TINT_NONE, "%s", buf);
}

static void leases_as_table(struct tool *t, const struct weir_lease *list, size_t n)
{
	static const char *const heads[] = { "ADDRESS", "MAC", "HOSTNAME", "EXPIRES" };
	struct table *table = table_new(heads, 4);
	char address[WEIR_IP_TEXT];

	for (size_t i = 0; i < n; i++) {
		table_cell(table, TINT_NONE, "%s", weir_ip_format(&list[i].address, address));
		table_cell(table, TINT_NONE, "%s", list[i].mac);
		table_cell(table, TINT_NONE, "%s", list[i].hostname);
		add_expiry(table, list[i].expires);
	}
	table_print(table, &t->out);
}

int cmd_net_leases(struct tool *t, const struct args *a)
{
	struct weir_lease *list = NULL;
	size_t n = 0;

	if (weir_network_leases(t->w, a->words[0], &list, &n, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	if (t->is_json)
		leases_as_json(t, list, n);
	else
		leases_as_table(t, list, n);
	free(list);
	return STATUS_OK;
}
