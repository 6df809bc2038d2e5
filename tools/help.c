/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of commands, which is also the help text: what can be typed, what it
 * is for, and which function does it. Nothing else knows the list of commands;
 * `weir help --json` prints it for programs.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

/* clang-format off */
const struct option_info global_options[] = {
	{ "json", NULL, "print JSON, errors too", OPT_JSON, false },
	{ "netns", "NAME|PATH", "work in this network namespace", OPT_NETNS, false },
	{ "dry-run", NULL, "print the plan instead of carrying it out", OPT_DRY_RUN, false },
	{ "config-dir", "DIR", "where definitions are stored (" WEIR_CONFIG_DIR ")", OPT_CONFIG_DIR, false },
	{ "state-dir", "DIR", "where the state of this boot is (" WEIR_STATE_DIR ")", OPT_STATE_DIR, false },
	{ "color", "WHEN", "auto, always or never; auto: on a terminal", OPT_COLOR, true },
	{ "stats", NULL, "afterwards, say on stderr what the kernel was asked", OPT_STATS, false },
	{ "version", NULL, "print the version", OPT_VERSION, false },
	{ "help", NULL, "explain the command", OPT_HELP, false },
	{ 0 },
};

static const struct option_info start_options[] = {
	{ "transient", "FILE", "start what FILE defines, without storing it", OPT_TRANSIENT, false },
	{ 0 },
};

static const struct option_info show_options[] = {
	{ "config", NULL, "the stored definition", OPT_CONFIG, false },
	{ "live", NULL, "the definition that it was started from", OPT_LIVE, false },
	{ 0 },
};

static const struct option_info attach_options[] = {
	{ "name", "PORT", "name of the port on the host (first free of vnet0, vnet1, ...)", OPT_NAME, false },
	{ "portgroup", "PG", "class of the port (the network's default one)", OPT_PORTGROUP, false },
	{ "mac", "MAC", "the guest's MAC address (one is made)", OPT_MAC, false },
	{ "owner", "TEXT", "whose it is, for people", OPT_OWNER, false },
	{ "vnet-hdr", NULL, "tap: frames carry a virtio_net header", OPT_VNET_HDR, false },
	{ "netns", "NAME|PATH", "a veth with its other end in this namespace, for a container", OPT_GUEST_NETNS, false },
	{ "ifname", "NAME", "with --netns: name of that end (eth0)", OPT_IFNAME, false },
	{ "queues", "N", "with --exec: how many descriptors (1)", OPT_QUEUES, false },
	{ "exec", "CMD [ARG]...", "run CMD with the tap's descriptors; must come last", OPT_EXEC, false },
	{ 0 },
};

static const struct option_info link_options[] = {
	{ "kind", "KIND", "only links of this kind (bridge, veth, tun, ...)", OPT_KIND, false },
	{ "master", "DEV", "only ports of this bridge", OPT_MASTER, false },
	{ "ours", NULL, "only links that weir made", OPT_OURS, false },
	{ 0 },
};

static const struct option_info doctor_options[] = {
	{ "load", NULL, "also try what would load a kernel module", OPT_LOAD, false },
	{ 0 },
};

const struct command commands[] = {
	{ "net define", "FILE|-", "store the definition of a network",
	  "A uuid, a MAC address and a bridge name are made where the file has none.\n"
	  "A network that runs goes on as it was started.\n",
	  NULL, 1, 1, cmd_net_define },
	{ "net undefine", "NET", "forget a stored definition",
	  "A network that runs goes on until it is stopped.\n",
	  NULL, 1, 1, cmd_net_undefine },
	{ "net start", "NET | --transient FILE", "start a network",
	  "Makes its bridge with addresses and routes, its NAT, and starts its dnsmasq.\n",
	  start_options, 0, 1, cmd_net_start },
	{ "net stop", "NET", "stop a network, with all its guests' ports", NULL,
	  NULL, 1, 1, cmd_net_stop },
	{ "net reload", "NET", "take over DHCP and DNS settings from the stored definition", NULL,
	  NULL, 1, 1, cmd_net_reload },
	{ "net list", "", "all networks that are stored or run", NULL,
	  NULL, 0, 0, cmd_net_list },
	{ "net show", "NET [--config|--live]", "one network; its definition as JSON with --json",
	  "Without an option: the live definition if it runs, or else the stored one.\n",
	  show_options, 1, 1, cmd_net_show },
	{ "net attach", "NET [OPTION]... [--exec CMD [ARG]...]", "give a guest a port on a network",
	  "Without --netns and --exec the port is a persistent tap that a guest opens by\n"
	  "its name. With --exec, CMD inherits the descriptors of a tap that vanishes when\n"
	  "they are closed; in its words {fd} {fds} {mac} {name} {ifindex} are replaced,\n"
	  "and WEIR_TAP, WEIR_TAP_FDS, WEIR_MAC and WEIR_NETWORK are in its environment.\n"
	  "The port stays on record until `weir net detach`.\n",
	  attach_options, 1, 1, cmd_net_attach },
	{ "net detach", "NET PORT", "take a guest's port away", NULL,
	  NULL, 2, 2, cmd_net_detach },
	{ "net ports", "NET", "the guests' ports on a network", NULL,
	  NULL, 1, 1, cmd_net_ports },
	{ "net leases", "NET", "the addresses that guests have leased", NULL,
	  NULL, 1, 1, cmd_net_leases },
	{ "plan", "FILE|-", "what starting the network in FILE would do, as a shell script", NULL,
	  NULL, 1, 1, cmd_plan },
	{ "recover", "", "undo or complete what a killed weir left half done",
	  "Every command that changes something does this first.\n",
	  NULL, 0, 0, cmd_recover },
	{ "doctor", "[--load]", "whether this host has what weir needs, and what hurts",
	  "Tries the real thing in a network namespace of its own. What would load a kernel\n"
	  "module is not tried but looked up; --load tries that too.\n",
	  doctor_options, 0, 0, cmd_doctor },
	{ "link list", "[--kind KIND] [--master DEV] [--ours]", "links of this namespace", NULL,
	  link_options, 0, 0, cmd_link_list },
	{ "link show", "NAME", "one link with all its settings", NULL,
	  NULL, 1, 1, cmd_link_show },
	{ "schema", "", "the JSON Schema of a network's definition", NULL,
	  NULL, 0, 0, cmd_schema },
	{ "help", "[COMMAND]", "this text, or one command's", NULL,
	  NULL, 0, 2, cmd_help },
	{ 0 },
};

static const struct {
	int status;
	const char *meaning;
} exit_statuses[] = {
	{ STATUS_OK, "done" },
	{ STATUS_FAILED, "refused or failed; everything is as it was" },
	{ STATUS_USAGE, "the command line makes no sense" },
	{ STATUS_MISSING, "doctor: something that weir needs is missing" },
	{ STATUS_NOT_FOUND, "no such network, portgroup, port, link or namespace" },
	{ STATUS_BAD_INPUT, "the file cannot be read or is no valid definition" },
	{ STATUS_NO_EXEC, "attach --exec: CMD cannot be executed (127: not found)" },
};
/* clang-format on */

const struct command *command_find(const char *group, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s%s", group ? group : "", group ? " " : "", name);
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, full))
			return c;
	return NULL;
}

static bool is_of_group(const struct command *c, const char *group)
{
	size_t len = strlen(group);

	return !strncmp(c->name, group, len) && c->name[len] == ' ';
}

bool command_is_group(const char *word)
{
	for (const struct command *c = commands; c->name; c++)
		if (*word && !strchr(word, ' ') && is_of_group(c, word))
			return true;
	return false;
}

/* --- for people ------------------------------------------------------------------- */

/* One line each: where the words are many, the options among them are one word. */
static void put_command(struct out *o, const struct command *c)
{
	const char *options = strlen(c->words) > 26 ? strchr(c->words, '[') : NULL;
	char *words = xformat("%.*s%s", options ? (int)(options - c->words) : (int)strlen(c->words),
			      c->words, options ? "[OPTION]..." : "");
	int used = (int)(strlen(c->name) + strlen(words) + 1);

	out_text(o, "  ");
	out_tinted(o, TINT_BOLD, "%s", c->name);
	out_text(o, " %s%*s%s\n", words, used < 36 ? 36 - used : 1, "", c->summary);
	free(words);
}

static void put_options(struct out *o, const struct option_info *options)
{
	for (; options && options->name; options++) {
		char *s = xformat("--%s%s%s%s", options->name,
				  !options->arg            ? "" :
				  options->arg_is_optional ? "[=" :
							     " ",
				  options->arg ? options->arg : "",
				  options->arg_is_optional ? "]" : "");

		out_text(o, "  %-24s %s\n", s, options->help);
		free(s);
	}
}

static void put_statuses(struct out *o)
{
	for (size_t i = 0; i < sizeof(exit_statuses) / sizeof(exit_statuses[0]); i++)
		out_text(o, "  %-3d %s\n", exit_statuses[i].status, exit_statuses[i].meaning);
}

void help_all(struct tool *t)
{
	struct out *o = &t->out;

	out_text(o, "usage: weir [OPTION]... COMMAND [WORD]...\n\n");
	out_tinted(o, TINT_BOLD, "commands\n");
	for (const struct command *c = commands; c->name; c++)
		put_command(o, c);
	out_tinted(o, TINT_BOLD, "\noptions\n");
	put_options(o, global_options);
	out_tinted(o, TINT_BOLD, "\nexit status\n");
	put_statuses(o);
	out_text(o, "\n`weir help COMMAND` says more about one; weir(8) says everything.\n");
}

void help_group(struct tool *t, const char *group)
{
	out_text(&t->out, "usage: weir %s COMMAND [WORD]...\n\n", group);
	for (const struct command *c = commands; c->name; c++)
		if (is_of_group(c, group))
			put_command(&t->out, c);
}

void help_command(struct tool *t, const struct command *cmd)
{
	struct out *o = &t->out;

	out_text(o, "usage: weir [OPTION]... %s %s\n\n%s.\n", cmd->name, cmd->words, cmd->summary);
	if (cmd->notes)
		out_text(o, "%s", cmd->notes);
	if (cmd->options) {
		out_text(o, "\n");
		put_options(o, cmd->options);
	}
}

/* --- for programs ----------------------------------------------------------------- */

static json_t *json_options(const struct option_info *options)
{
	json_t *list = json_array();

	for (; options && options->name; options++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s?, s:s}", "name", options->name,
						"argument", options->arg, "help", options->help));
	return list;
}

static json_t *json_command(const struct command *c)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", c->name, "words", c->words,
			 "summary", c->summary, "notes", c->notes, "options",
			 json_options(c->options));
}

static json_t *json_all(void)
{
	json_t *list = json_array();
	json_t *statuses = json_object();

	for (const struct command *c = commands; c->name; c++)
		json_array_append_new(list, json_command(c));
	for (size_t i = 0; i < sizeof(exit_statuses) / sizeof(exit_statuses[0]); i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", exit_statuses[i].status);
		json_object_set_new(statuses, key, json_string(exit_statuses[i].meaning));
	}
	return json_pack("{s:o, s:o, s:o}", "commands", list, "options",
			 json_options(global_options), "exit_statuses", statuses);
}

int cmd_help(struct tool *t, const struct args *a)
{
	const struct command *cmd = NULL;

	if (a->n_words == 1)
		cmd = command_find(NULL, a->words[0]);
	else if (a->n_words == 2)
		cmd = command_find(a->words[0], a->words[1]);
	if (a->n_words && !cmd && !(a->n_words == 1 && command_is_group(a->words[0])))
		return usage_error(t, "there is no command %s%s%s", a->words[0],
				   a->n_words > 1 ? " " : "", a->n_words > 1 ? a->words[1] : "");
	if (t->is_json)
		out_json(&t->out, cmd ? json_command(cmd) : json_all());
	else if (cmd)
		help_command(t, cmd);
	else if (a->n_words)
		help_group(t, a->words[0]);
	else
		help_all(t);
	return STATUS_OK;
}

/* --- what was typed wrong --------------------------------------------------------- */

static char *usage_line(const struct tool *t)
{
	if (t->cmd)
		return xformat("weir [OPTION]... %s%s%s", t->cmd->name, *t->cmd->words ? " " : "",
			       t->cmd->words);
	if (t->group)
		return xformat("weir [OPTION]... %s COMMAND [WORD]...", t->group);
	return xformat("weir [OPTION]... COMMAND [WORD]...");
}

int usage_error(struct tool *t, const char *fmt, ...)
{
	char *usage = usage_line(t);
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (t->is_json) {
		json_t *error = json_pack("{s:{s:s, s:s, s:s, s:s, s:o, s:s}}", "error", "code",
					  "EINVAL", "stage", "usage", "object", "", "attribute", "",
					  "message", json_text(msg), "usage", usage);

		json_dumpf(error, stderr, JSON_INDENT(2));
		fputc('\n', stderr);
		json_decref(error);
	} else {
		const char *name = t->cmd ? t->cmd->name : t->group;

		fprintf(stderr, "weir: %s%s%s\nusage: %s\n", name ? name : "", name ? ": " : "",
			msg, usage);
	}
	free(usage);
	return STATUS_USAGE;
}
