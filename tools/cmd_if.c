/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir if list, show, status, lookup; define, undefine, plan, up, down: host
 * interfaces. What changes something is one transaction with one builder, however
 * many there are. Keeping a change by confirming it is cmd_apply.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/xml.h>

#include "weir.h"

#pragma weak weir_xml_kind_of
#pragma weak tool_xml_group

/* --- definitions ------------------------------------------------------------------ */

void groups_free(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		weir_group_free(g->groups[i]);
	free(g->groups);
	*g = (struct groups){ NULL, 0 };
}

static struct weir_group **next_group(struct groups *g)
{
	struct weir_group **more = xalloc(g->n + 1, sizeof(*more));

	if (g->n)
		memcpy(more, g->groups, g->n * sizeof(struct weir_group *));
	free(g->groups);
	g->groups = more;
	return &more[g->n];
}

/* Which of the two it is, its first characters say. */
static int parse_group(struct tool *t, const char *file, const char *text, size_t len, struct weir_group **ret)
{
	if (weir_xml_kind_of && weir_xml_kind_of(text, len) != WEIR_XML_NONE)
		return tool_xml_group(t, file, text, len, ret);
	return weir_group_parse(text, len, ret, &t->err);
}

static int read_group(struct tool *t, const char *file, struct groups *ret)
{
	struct weir_group **slot = next_group(ret);
	char *text = NULL;
	size_t len = 0;
	int status = tool_read_text(t, file, STATUS_BAD_INPUT, &text, &len);

	if (status)
		return status;
	if (parse_group(t, file, text, len, slot)) {
		free(text);
		return tool_fail_in(t, file, STATUS_BAD_INPUT);
	}
	free(text);
	ret->n++;
	return weir_group_check(*slot, &t->err) ? tool_fail_in(t, file, STATUS_BAD_INPUT) : STATUS_OK;
}

int groups_from_files(struct tool *t, const struct args *a, struct groups *ret)
{
	int status = STATUS_OK;

	for (int i = 0; i < a->n_words && !status; i++)
		status = read_group(t, a->words[i], ret);
	return status;
}

int groups_from_names(struct tool *t, const struct args *a, struct groups *ret)
{
	int status = STATUS_OK;

	for (int i = 0; i < a->n_words; i++)
		if (weir_group_get(t->w, a->words[i], next_group(ret), &t->err))
			status = tool_fail(t, tool_not_found(t, STATUS_FAILED));
		else
			ret->n++;
	return status;
}

const struct weir_group *const *groups_list(const struct groups *g)
{
	return (const struct weir_group *const *)g->groups;
}

/* One line, or one object: what was done to an interface. */
static void report_one(struct tool *t, json_t *list, const char *name, const char *verb)
{
	if (list)
		json_array_append_new(list, json_pack("{s:o, s:s}", "name", json_text(name), "done", verb));
	else
		out_text(&t->out, "interface %s %s\n", name, verb);
}

void groups_report(struct tool *t, const struct groups *g, const char *verb)
{
	json_t *list = t->is_json ? json_array() : NULL;
	char name[16];

	for (size_t i = 0; i < g->n; i++)
		report_one(t, list, weir_group_name(g->groups[i], name), verb);
	if (list)
		out_json(&t->out, list);
}

void words_report(struct tool *t, const struct args *a, const char *verb)
{
	json_t *list = t->is_json ? json_array() : NULL;

	for (int i = 0; i < a->n_words; i++)
		report_one(t, list, a->words[i], verb);
	if (list)
		out_json(&t->out, list);
}

/* --- list, lookup, status --------------------------------------------------------- */

static const char *type_name(unsigned int type)
{
	static const char *const names[] = { "damaged", "ethernet", "bond", "bridge", "vlan" };

	return type <= WEIR_GROUP_VLAN ? names[type] : "";
}

static const char *start_name(unsigned int start)
{
	static const char *const names[] = { "", "onboot", "none", "hotplug" };

	return start <= WEIR_START_HOTPLUG ? names[start] : "";
}

static json_t *entry_json(const struct weir_group_entry *e)
{
	char mac[18];

	return json_pack("{s:s, s:s, s:s?, s:b, s:b, s:b, s:s?, s:i}", "name", e->name, "type",
			 type_name(e->type), "start", e->start ? start_name(e->start) : NULL, "defined",
			 e->is_defined, "up", e->is_up, "active", e->is_active, "mac",
			 memcmp(e->mac, "\0\0\0\0\0", 6) ? mac_format(e->mac, mac) : NULL, "ports",
			 (int)e->n_ports);
}

static void show_entries(struct tool *t, const struct weir_group_entry *list, size_t n)
{
	static const char *const heads[] = { "NAME", "TYPE", "STATE", "UP", "DEFINED", "START", "PORTS", "MAC" };
	json_t *array = t->is_json ? json_array() : NULL;
	struct table *table = array ? NULL : table_new(heads, 8);
	char mac[18];

	for (size_t i = 0; i < n; i++) {
		const struct weir_group_entry *e = &list[i];

		if (array) {
			json_array_append_new(array, entry_json(e));
			continue;
		}
		table_cell(table, TINT_NONE, "%s", e->name);
		table_cell(table, TINT_NONE, "%s", type_name(e->type));
		table_cell(table, e->is_active ? TINT_GREEN : TINT_DIM, "%s",
			   e->is_active ? "active" : "inactive");
		table_cell(table, TINT_NONE, "%s", e->is_up ? "yes" : "");
		table_cell(table, TINT_NONE, "%s", e->is_defined ? "yes" : "");
		table_cell(table, TINT_NONE, "%s", start_name(e->start));
		table_cell(table, TINT_NONE, "%u", (unsigned int)e->n_ports);
		table_cell(table, TINT_NONE, "%s",
			   memcmp(e->mac, "\0\0\0\0\0", 6) ? mac_format(e->mac, mac) : "");
	}
	if (array)
		out_json(&t->out, array);
	else
		table_print(table, &t->out);
}

int cmd_if_list(struct tool *t, const struct args *a)
{
	struct weir_group_entry *list = NULL;
	size_t n = 0;

	if (weir_group_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	show_entries(t, list, n);
	free(list);
	return STATUS_OK;
}

int cmd_if_lookup(struct tool *t, const struct args *a)
{
	struct weir_group_entry *list = NULL;
	uint8_t mac[6];
	size_t n = 0;

	if (!mac_parse(a->words[0], mac))
		return usage_error(t, "%s is no MAC address", a->words[0]);
	if (weir_group_by_mac(t->w, mac, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (n)
		show_entries(t, list, n);
	free(list);
	return n ? STATUS_OK :
		   tool_refuse(t, STATUS_NOT_FOUND, -ENOENT, a->words[0], "no interface has it");
}

int cmd_if_status(struct tool *t, const struct args *a)
{
	const struct weir_group_entry *found = NULL;
	struct weir_group_entry *list = NULL;
	size_t n = 0;

	if (weir_group_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, a->words[0]))
			found = &list[i];
	if (!found) {
		free(list);
		return tool_refuse(t, STATUS_NOT_FOUND, -ENOENT, a->words[0], "there is no such interface");
	}
	if (t->is_json)
		out_json(&t->out, entry_json(found));
	else
		out_text(&t->out, "%s\n", found->is_active ? "active" : "inactive");
	free(list);
	return STATUS_OK;
}

int cmd_if_show(struct tool *t, const struct args *a)
{
	struct weir_group *group = NULL;
	char *json = NULL;
	int r;

	r = a->value[OPT_LIVE] ? weir_group_state(t->w, a->words[0], &group, &t->err) :
				 weir_group_get(t->w, a->words[0], &group, &t->err);
	if (r)
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	r = weir_group_json(group, &json);
	weir_group_free(group);
	if (r)
		return tool_refuse(t, STATUS_FAILED, r, a->words[0], "out of memory");
	out_text(&t->out, "%s", json);
	free(json);
	return STATUS_OK;
}

/* --- define and undefine ------------------------------------------------------------ */

int cmd_if_define(struct tool *t, const struct args *a)
{
	struct groups g = { NULL, 0 };
	struct weir_txn *txn;
	int status = groups_from_files(t, a, &g);

	if (!status)
		status = tool_begin(t, &txn, "define %zu interfaces", g.n);
	if (!status) {
		weir_txn_groups_define(txn, groups_list(&g), g.n);
		status = tool_commit(t, txn, STATUS_FAILED);
	}
	if (!status && !t->is_dry_run)
		groups_report(t, &g, "defined");
	groups_free(&g);
	return status;
}

int cmd_if_undefine(struct tool *t, const struct args *a)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "undefine %d interfaces", a->n_words);

	if (status)
		return status;
	for (int i = 0; i < a->n_words; i++)
		weir_txn_group_undefine(txn, a->words[i]);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (!status && !t->is_dry_run)
		words_report(t, a, "undefined");
	return status;
}

/* --- plan ------------------------------------------------------------------------------ */

static enum tint tint_of(enum weir_effect effect)
{
	return effect == WEIR_EFFECT_IN_PLACE ? TINT_GREEN :
	       effect == WEIR_EFFECT_FLAP     ? TINT_YELLOW : TINT_RED;
}

void steps_show(struct tool *t, const struct weir_plan_step *steps, size_t n)
{
	static const char *const heads[] = { "INTERFACE", "EFFECT", "OBJECT", "CHANGE" };
	json_t *array = t->is_json ? json_array() : NULL;
	struct table *table = array ? NULL : table_new(heads, 4);

	for (size_t i = 0; i < n; i++) {
		const struct weir_plan_step *s = &steps[i];
		const char *line = s->what;

		if (array) {
			json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:o}", "interface", s->group,
							       "effect", weir_effect_name(s->effect), "object",
							       s->object, "change", json_text(s->what)));
			continue;
		}
		/* Settings that change in one message are a line each. */
		for (bool more = true; more; line += strcspn(line, "\n") + more) {
			more = strchr(line, '\n') != NULL;
			table_cell(table, TINT_NONE, "%s", s->group);
			table_cell(table, tint_of(s->effect), "%s", weir_effect_name(s->effect));
			table_cell(table, TINT_NONE, "%s", s->object);
			table_cell(table, TINT_NONE, "%.*s", (int)strcspn(line, "\n"), line);
		}
	}
	if (array)
		out_json(&t->out, array);
	else
		table_print(table, &t->out);
}

int cmd_if_plan(struct tool *t, const struct args *a)
{
	struct weir_plan_step *steps = NULL;
	struct groups g = { NULL, 0 };
	size_t n = 0;
	int status = groups_from_files(t, a, &g);

	if (!status && weir_groups_plan(t->w, groups_list(&g), g.n, &steps, &n, &t->err))
		status = tool_fail(t, STATUS_FAILED);
	if (!status)
		steps_show(t, steps, n);
	free(steps);
	groups_free(&g);
	return status;
}

/* --- up and down ------------------------------------------------------------------------ */

enum weir_effect worst_of(const struct args *a)
{
	return a->value[OPT_NO_FLAP] ? WEIR_EFFECT_IN_PLACE : WEIR_EFFECT_ADDRESS_LOSS;
}

/*
 * What was found before the transaction says which they are. What they are is read within it: before it, another tool may
 * be changing them, or one that was killed is not undone yet.
 */
static void build_up(struct tool *t, struct weir_txn *txn, const struct groups *g, enum weir_effect worst)
{
	char name[16];

	for (size_t i = 0; i < g->n; i++) {
		struct weir_group *now = NULL;

		if (weir_group_get(t->w, weir_group_name(g->groups[i], name), &now, &t->err)) {
			weir_txn_refuse(txn, &t->err);
			return;
		}
		weir_group_free(g->groups[i]);
		g->groups[i] = now;
	}
	weir_txn_groups_up(txn, groups_list(g), g->n, worst);
}

static int bring_up(struct tool *t, const struct groups *g, enum weir_effect worst)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "bring up %zu interfaces", g->n);

	if (status)
		return status;
	build_up(t, txn, g, worst);
	return tool_commit(t, txn, STATUS_FAILED);
}

/* Whether a group is, has as a port or stands on the link. */
static bool concerns(const struct weir_group *g, const char *link)
{
	char name[16];

	if (!strcmp(weir_group_name(g, name), link) ||
	    (g->type == WEIR_GROUP_VLAN && !strcmp(g->vlan.base, link)))
		return true;
	for (size_t i = 0; i < g->n_ports; i++)
		if (concerns(&g->ports[i], link))
			return true;
	return false;
}

/* Whether all the hardware of a group is there: what is missing may appear later. */
static bool is_complete(struct tool *t, const struct weir_group *g)
{
	struct weir_link link = { .sz = sizeof(link) };

	if (g->type == WEIR_GROUP_ETHERNET && weir_link_get(t->w, 0, g->name, &link, NULL))
		return false;
	for (size_t i = 0; i < g->n_ports; i++)
		if (!is_complete(t, &g->ports[i]))
			return false;
	return true;
}

/* At boot: "onboot", and "hotplug" where the hardware is there already. */
static bool is_chosen(struct tool *t, const struct args *a, const struct weir_group *g)
{
	const char *link = a->value[OPT_HOTPLUG];

	if (link)
		return g->start == WEIR_START_HOTPLUG && concerns(g, link) && is_complete(t, g);
	return g->start == WEIR_START_ONBOOT || (g->start == WEIR_START_HOTPLUG && is_complete(t, g));
}

static int choose(struct tool *t, const struct args *a, struct groups *ret)
{
	struct weir_group_entry *list = NULL;
	struct weir_group *group;
	int status = STATUS_OK;
	size_t n = 0;

	if (weir_group_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	for (size_t i = 0; i < n; i++) {
		if (!list[i].is_defined)
			continue;
		if (weir_group_get(t->w, list[i].name, &group, &t->err)) {
			status = tool_fail(t, STATUS_FAILED);
		} else if (is_chosen(t, a, group)) {
			*next_group(ret) = group;
			ret->n++;
		} else {
			weir_group_free(group);
		}
	}
	free(list);
	return status;
}

/* A checkpoint that a reboot has ended is rolled back first: what was tried is not what boots. */
static int end_old_checkpoint(struct tool *t)
{
	struct weir_checkpoint cp;
	struct weir_txn *txn;
	int status;

	if (weir_checkpoint_get(t->w, &cp, NULL) || cp.is_of_this_boot)
		return STATUS_OK;
	status = tool_begin(t, &txn, "roll back a checkpoint of %s", cp.owner);
	if (status)
		return status;
	weir_txn_checkpoint_rollback(txn);
	status = tool_commit(t, txn, STATUS_FAILED);
	if (!status && !t->is_json && !t->is_dry_run)
		fprintf(stderr, "weir: what %s had begun before the reboot was rolled back\n",
			*cp.owner ? cp.owner : "somebody");
	return status;
}

#define AT_ONCE 64

/* How far it is, on a terminal, where many take their time. */
static void progress(size_t done, size_t n)
{
	char bar[41] = "";

	if (n <= AT_ONCE || !isatty(STDERR_FILENO))
		return;
	for (size_t i = 0; i < 40; i++)
		bar[i] = i * n < done * 40 ? '#' : '.';
	fprintf(stderr, "\r[%s] %zu of %zu%s", bar, done, n, done == n ? "\n" : "");
}

/*
 * All at once, as far as it goes: a group that cannot come up must not keep the
 * others down, so after a failure each of the lot is tried by itself.
 */
int groups_up(struct tool *t, const struct groups *lot, enum weir_effect worst)
{
	struct weir_txn *txn;
	int status = STATUS_OK;

	if (t->is_dry_run || lot->n == 1)
		return bring_up(t, lot, worst);
	status = tool_begin(t, &txn, "bring up %zu interfaces", lot->n);
	if (status)
		return status;
	build_up(t, txn, lot, worst);
	if (!tool_carry_out(t, txn))
		return STATUS_OK;
	for (size_t i = 0; i < lot->n; i++)
		if (bring_up(t, &(struct groups){ lot->groups + i, 1 }, worst))
			status = STATUS_FAILED;
	return status;
}

/* A vlan comes after the lot that its base may be in. */
static int vlans_last(const void *a, const void *b)
{
	const struct weir_group *ga = *(struct weir_group *const *)a, *gb = *(struct weir_group *const *)b;

	return (ga->type == WEIR_GROUP_VLAN) - (gb->type == WEIR_GROUP_VLAN);
}

static int bring_up_chosen(struct tool *t, const struct args *a)
{
	struct groups g = { NULL, 0 };
	int status = end_old_checkpoint(t);

	if (!status)	/* one that cannot be read keeps the others from nothing either */
		status = choose(t, a, &g);
	if (g.n)
		qsort(g.groups, g.n, sizeof(struct weir_group *), vlans_last);
	for (size_t i = 0; i < g.n; i += AT_ONCE) {
		struct groups lot = { g.groups + i, g.n - i < AT_ONCE ? g.n - i : AT_ONCE };

		progress(i, g.n);
		if (groups_up(t, &lot, worst_of(a)))
			status = STATUS_FAILED;
	}
	progress(g.n, g.n);
	if (!status && !t->is_dry_run)
		groups_report(t, &g, "is up");
	groups_free(&g);
	return status;
}

int cmd_if_up(struct tool *t, const struct args *a)
{
	bool chosen = a->value[OPT_ALL] || a->value[OPT_HOTPLUG];
	struct groups g = { NULL, 0 };
	int status;

	if (chosen == (a->n_words > 0) || (a->value[OPT_ALL] && a->value[OPT_HOTPLUG]))
		return usage_error(t, "names, --all or --hotplug: one of them");
	if (chosen)
		return bring_up_chosen(t, a);
	status = groups_from_names(t, a, &g);
	if (!status)
		status = bring_up(t, &g, worst_of(a));
	if (!status && !t->is_dry_run)
		groups_report(t, &g, "is up");
	groups_free(&g);
	return status;
}

int cmd_if_down(struct tool *t, const struct args *a)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "take down %d interfaces", a->n_words);

	if (status)
		return status;
	weir_txn_groups_down(txn, (const char *const *)a->words, (size_t)a->n_words);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (!status && !t->is_dry_run)
		words_report(t, a, "is down");
	return status;
}
