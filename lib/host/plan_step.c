/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps of a plan, what a plan has in it already, and the record of a group, which
 * says what its steps did to each link. Which steps there are, and how bad each is
 * for traffic, is said where they are put into the plan: plan_*.c.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/list.h"
#include "host/plan.h"

/* --- steps ------------------------------------------------------------------------------------ */

const char *wr_plan_kind(uint8_t type)
{
	static const char *const words[] = { "link", "ethernet", "bond", "bridge", "vlan" };

	return words[type];
}

struct wr_plan_step *wr_plan_add(struct wr_planning *p, enum wr_action action,
				 enum weir_effect effect, const char *kind, const char *dev,
				 const char *fmt, ...)
{
	struct wr_plan *plan = p->plan;
	struct wr_plan_step *s = calloc(1, sizeof(*s));
	struct wr_plan_step **more = s ? wr_append(plan->steps, plan->n) : NULL;
	va_list ap;

	if (!more) {
		free(s);
		wr_nomem(p->err);
		return NULL;
	}
	*more = s;
	s->action = action;
	s->shown.effect = effect;
	wr_copy(s->shown.group, sizeof(s->shown.group), p->name);
	wr_copy(s->dev, sizeof(s->dev), dev);
	wr_format(s->shown.object, sizeof(s->shown.object), "%s %s", kind, dev);
	va_start(ap, fmt);
	vsnprintf(s->shown.what, sizeof(s->shown.what), fmt, ap);
	va_end(ap);
	return s;
}

struct wr_plan_step *wr_plan_set(struct wr_planning *p, enum weir_effect effect, const char *kind,
				 const char *dev, const char *what)
{
	struct wr_plan_step *s = wr_plan_add(p, WR_LINK_SET, effect, kind, dev, "%s", what);

	if (s)
		s->link = (struct weir_link){ .sz = sizeof(s->link) };
	return s;
}

int wr_plan_set_up(struct wr_planning *p, enum weir_effect effect, const char *kind,
		   const char *dev, bool up)
{
	struct wr_plan_step *s = wr_plan_set(p, effect, kind, dev, up ? "comes up" : "goes down");

	if (!s)
		return -ENOMEM;
	s->link.has = WEIR_LINK_UP;
	s->link.is_up = up;
	return 0;
}

int wr_plan_bare(struct wr_planning *p, enum wr_action action, enum weir_effect effect,
		 const char *kind, const char *dev, const char *what)
{
	return wr_plan_add(p, action, effect, kind, dev, "%s", what) ? 0 : -ENOMEM;
}

int wr_plan_refuse(struct wr_planning *p, int code, const struct weir_group *g, const char *attr,
		   const char *fmt, ...)
{
	char name[16], text[256], object[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wr_format(object, sizeof(object), "%s %s", wr_plan_kind(g->type), weir_group_name(g, name));
	return wr_refuse(p->err, code, object, attr, "%s", text);
}

/* --- the record ------------------------------------------------------------------------------- */

struct wr_live_link *wr_plan_line(const struct wr_live_group *live, const char *name)
{
	for (size_t i = 0; live && i < live->n_links; i++)
		if (!strcmp(live->links[i].name, name))
			return &live->links[i];
	return NULL;
}

/* What was done to a link earlier, for this group or for one that had it before. */
static const struct wr_live_link *earlier(const struct wr_planning *p, const struct weir_link *real)
{
	const struct wr_live_link *line = real ? wr_plan_line(wr_host_live(p->host, p->name), real->name) : NULL;

	for (size_t i = 0; real && !line && i < p->host->n_live; i++)
		line = wr_plan_line(p->host->live[i], real->name);
	return line && line->ifindex == real->ifindex ? line : NULL;
}

struct wr_live_link *wr_plan_note(struct wr_planning *p, const char *name,
				  const struct weir_link *real)
{
	struct wr_live_link *line = wr_plan_line(p->live, name);
	const struct wr_live_link *old;

	if (line)
		return line;
	old = earlier(p, real);
	line = wr_append(p->live->links, p->live->n_links);
	if (!line) {
		wr_nomem(p->err);
		return NULL;
	}
	*line = (struct wr_live_link){ .ifindex = real ? real->ifindex : 0 };
	wr_copy(line->name, sizeof(line->name), name);
	if (old)
		*line = *old;
	else
		line->made = !real;
	return line;
}

struct wr_live_group *wr_plan_record(struct wr_planning *p)
{
	struct wr_live_group *live = calloc(1, sizeof(*live));
	struct wr_live_group **more = live ? wr_append(p->plan->live, p->plan->n_live) : NULL;
	wr_auto(free) struct weir_group *copy = NULL;

	if (!more || weir_group_copy(p->top, &copy)) {
		p->plan->n_live -= !!more;
		free(live);
		return NULL;
	}
	live->group = *copy;
	weir_group_name(p->top, live->group.name);
	*more = live;
	return live;
}
