/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnetcf.so.1 on top of weir: netcf's twenty calls, each a few of ours. Definitions
 * are kept as weir keeps them, below ROOT/etc/weir; the files of distributions that
 * netcf wrote are not touched. Only the public headers are used, as by any program.
 *
 * Two of netcf's habits are kept for its clients: a lookup that finds nothing is no
 * error, and the details of an error stay readable until the next call that fails.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <weir/network.h>
#include <weir/txn.h>
#include <weir/xml.h>

/* The only names that leave this library. */
#pragma GCC visibility push(default)
#include "netcf/netcf.h"
#pragma GCC visibility pop

struct netcf {
	struct weir *w; /* NULL: it could not be opened */
	int refs;       /* its own, and one for each interface */
	netcf_errcode_t code;
	char details[1024];
};

struct netcf_if {
	struct netcf *ncf;
	char name[16];
	char mac[18];
};

/* --- errors ---------------------------------------------------------------------------- */

static const char *const texts[] = {
	"no error",
	"internal error",
	"unspecified error",
	"allocation failed",
	"XML parser failed",
	"XML invalid",
	"required entry missing",
	"failed to execute external program",
	"instance still in use",
	"XSLT transformation failed",
	"error accessing file",
	"ioctl operation failed",
	"error from netlink socket",
	"operation invalid in this state",
};

static int fail(struct netcf *ncf, netcf_errcode_t code, const char *details)
{
	ncf->code = code;
	snprintf(ncf->details, sizeof(ncf->details), "%s", details);
	return -1;
}

/* @otherwise: the code for what has none of its own. */
static int fail_with(struct netcf *ncf, const struct weir_error *err, netcf_errcode_t otherwise)
{
	char line[1024];

	weir_error_format(err, line, sizeof(line));
	return fail(ncf, err->code == -ENOMEM ? NETCF_ENOMEM : otherwise, line);
}

/* Every call but two begins here; false: there is nothing to work with. */
static bool enter(struct netcf *ncf)
{
	if (ncf)
		ncf->code = NETCF_NOERROR;
	if (!ncf || ncf->w)
		return ncf;
	fail(ncf, NETCF_EFILE, "the handle could not be opened");
	return false;
}

int ncf_error(struct netcf *ncf, const char **errmsg, const char **details)
{
	netcf_errcode_t code = ncf ? ncf->code : NETCF_EINTERNAL;

	if (errmsg)
		*errmsg = texts[code];
	if (details)
		*details = code == NETCF_NOERROR ? NULL : ncf ? ncf->details : "there is no handle";
	return code;
}

/* --- handles --------------------------------------------------------------------------- */

static void unref(struct netcf *ncf)
{
	if (--ncf->refs)
		return;
	weir_close(ncf->w);
	free(ncf);
}

static int open_in(struct netcf *ncf, const char *root)
{
	struct weir_options opts = { .sz = sizeof(opts), .step_ops = weir_network_steps };
	struct weir_error err = WEIR_ERROR_INIT;
	char *config_dir = NULL, *state_dir = NULL;
	struct stat st;
	int r;

	if (stat(root, &st) || !S_ISDIR(st.st_mode))
		return fail(ncf, NETCF_EFILE, "the root is no directory");
	if (asprintf(&config_dir, "%s" WEIR_CONFIG_DIR, root) < 0 ||
	    asprintf(&state_dir, "%s" WEIR_STATE_DIR, root) < 0) {
		free(config_dir);
		return fail(ncf, NETCF_ENOMEM, "");
	}
	opts.config_dir = config_dir;
	opts.state_dir = state_dir;
	r = weir_open(&opts, &ncf->w, &err) ? fail_with(ncf, &err, NETCF_EFILE) : 0;
	free(config_dir);
	free(state_dir);
	return r;
}

/* "/" and "/sysroot/" end in a slash that our own paths begin with. */
int ncf_init(struct netcf **ret, const char *root)
{
	size_t len = root ? strlen(root) : 0;
	char *clean = strndup(root ? root : "", len && root[len - 1] == '/' ? len - 1 : len);

	*ret = clean ? calloc(1, sizeof(**ret)) : NULL;
	if (!*ret) {
		free(clean);
		return -2;
	}
	(*ret)->refs = 1;
	open_in(*ret, *clean ? clean : "");
	free(clean);
	return (*ret)->w ? 0 : -1;
}

int ncf_close(struct netcf *ncf)
{
	if (!ncf)
		return 0;
	ncf->code = NETCF_NOERROR;
	if (ncf->refs > 1)
		return fail(ncf, NETCF_EINUSE, "an interface of it is not freed");
	unref(ncf);
	return 0;
}

static struct netcf_if *new_if(struct netcf *ncf, const char *name)
{
	struct netcf_if *nif = calloc(1, sizeof(*nif));

	if (!nif) {
		fail(ncf, NETCF_ENOMEM, "");
		return NULL;
	}
	nif->ncf = ncf;
	snprintf(nif->name, sizeof(nif->name), "%s", name);
	ncf->refs++;
	return nif;
}

void ncf_if_free(struct netcf_if *nif)
{
	if (!nif)
		return;
	unref(nif->ncf);
	free(nif);
}

/* --- lists ----------------------------------------------------------------------------- */

static int list(struct netcf *ncf, struct weir_group_entry **ret, size_t *ret_n)
{
	struct weir_error err = WEIR_ERROR_INIT;

	*ret = NULL;
	*ret_n = 0;
	return weir_group_list(ncf->w, ret, ret_n, &err) ? fail_with(ncf, &err, NETCF_ENETLINK) : 0;
}

static bool is_wanted(const struct weir_group_entry *e, unsigned int flags)
{
	return e->is_defined && flags & (e->is_active ? NETCF_IFACE_ACTIVE : NETCF_IFACE_INACTIVE);
}

int ncf_num_of_interfaces(struct netcf *ncf, unsigned int flags)
{
	struct weir_group_entry *entries;
	size_t n;
	int found = 0;

	if (!enter(ncf) || list(ncf, &entries, &n))
		return -1;
	for (size_t i = 0; i < n; i++)
		found += is_wanted(&entries[i], flags);
	free(entries);
	return found;
}

static int no_names(struct netcf *ncf, char **names, int n)
{
	for (int i = 0; i < n; i++) {
		free(names[i]);
		names[i] = NULL;
	}
	return fail(ncf, NETCF_ENOMEM, "");
}

int ncf_list_interfaces(struct netcf *ncf, int maxnames, char **names, unsigned int flags)
{
	struct weir_group_entry *entries;
	size_t n;
	int found = 0, r = 0;

	for (int i = 0; i < maxnames; i++)
		names[i] = NULL;
	if (!enter(ncf) || list(ncf, &entries, &n))
		return -1;
	for (size_t i = 0; i < n && found < maxnames && !r; i++) {
		if (!is_wanted(&entries[i], flags))
			continue;
		names[found] = strdup(entries[i].name);
		r = names[found++] ? 0 : no_names(ncf, names, found);
	}
	free(entries);
	return r ? r : found;
}

/* --- lookups ------------------------------------------------------------------------------ */

static struct weir_group *stored(struct netcf *ncf, const char *name, struct weir_error *err)
{
	struct weir_group *group = NULL;

	return weir_group_get(ncf->w, name, &group, err) ? NULL : group;
}

struct netcf_if *ncf_lookup_by_name(struct netcf *ncf, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group;

	/* What no link can be called is not there either. */
	if (!enter(ncf) || !name || !*name || strlen(name) > 15 || strchr(name, '/'))
		return NULL;
	group = stored(ncf, name, &err);
	if (!group && err.code != -ENOENT)
		fail_with(ncf, &err, NETCF_EFILE);
	if (!group)
		return NULL;
	weir_group_free(group);
	return new_if(ncf, name);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int b[6];
	int end = 0;

	if (!text ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 ||
	    text[end])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return true;
}

static int found_by_mac(struct netcf *ncf, const struct weir_group_entry *entries, size_t n,
			int max, struct netcf_if **ifaces)
{
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!entries[i].is_defined)
			continue;
		if (found < max && !(ifaces[found] = new_if(ncf, entries[i].name)))
			return -1;
		found++;
	}
	return found;
}

/* The slots are empty before anything can go wrong: libvirt frees them whatever happened. */
int ncf_lookup_by_mac_string(struct netcf *ncf, const char *mac, int maxifaces,
			     struct netcf_if **ifaces)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group_entry *entries = NULL;
	uint8_t bytes[6];
	size_t n = 0;
	int found;

	for (int i = 0; i < maxifaces; i++)
		ifaces[i] = NULL;
	if (!enter(ncf))
		return -1;
	if (!parse_mac(mac, bytes))
		return 0;
	if (weir_group_by_mac(ncf->w, bytes, &entries, &n, &err))
		return fail_with(ncf, &err, NETCF_ENETLINK);
	found = found_by_mac(ncf, entries, n, maxifaces, ifaces);
	free(entries);
	for (int i = 0; found < 0 && i < maxifaces; i++) {
		ncf_if_free(ifaces[i]);
		ifaces[i] = NULL;
	}
	return found;
}

/* --- changes --------------------------------------------------------------------------------- */

/* Ends the transaction in every case; a builder's refusal is remembered by it. */
static int end(struct netcf *ncf, struct weir_txn *t, netcf_errcode_t otherwise)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (weir_txn_error(t, &err)) {
		weir_txn_abort(t);
		return fail_with(ncf, &err, otherwise);
	}
	return weir_txn_commit(t, &err) < 0 ? fail_with(ncf, &err, otherwise) : 0;
}

static int begin(struct netcf *ncf, const char *title, struct weir_txn **ret)
{
	struct weir_error err = WEIR_ERROR_INIT;

	return weir_txn_begin(ncf->w, title, 0, ret, &err) ? fail_with(ncf, &err, NETCF_EOTHER) : 0;
}

/* Where an element is named, the text was XML at least. */
static int parse(struct netcf *ncf, const char *xml, struct weir_group **ret)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (weir_xml_group_parse(xml, strlen(xml), ret, &err))
		return fail_with(ncf, &err,
				 err.code == -ENAMETOOLONG       ? NETCF_EINTERNAL :
				 strchr(err.object, '<') != NULL ? NETCF_EXMLINVALID :
								   NETCF_EXMLPARSER);
	if (!weir_group_check(*ret, &err))
		return 0;
	weir_group_free(*ret);
	return fail_with(ncf, &err, NETCF_EXMLINVALID);
}

struct netcf_if *ncf_define(struct netcf *ncf, const char *xml)
{
	const struct weir_group *one;
	struct weir_group *group = NULL;
	struct netcf_if *nif = NULL;
	struct weir_txn *t;
	char name[16];

	if (!enter(ncf) || (!xml && fail(ncf, NETCF_EXMLPARSER, "there is no document")) ||
	    parse(ncf, xml, &group))
		return NULL;
	one = group;
	if (!begin(ncf, "netcf: define an interface", &t)) {
		weir_txn_groups_define(t, &one, 1);
		if (!end(ncf, t, NETCF_EOTHER))
			nif = new_if(ncf, weir_group_name(group, name));
	}
	weir_group_free(group);
	return nif;
}

/* Begin while a change is open and the others while none is are what netcf calls invalid. */
static int change(struct netcf *ncf, unsigned int flags, const char *title,
		  int (*build)(struct weir_txn *t))
{
	struct weir_txn *t;

	if (!enter(ncf))
		return -1;
	if (flags)
		return fail(ncf, NETCF_EOTHER, "flags must be 0");
	if (begin(ncf, title, &t))
		return -1;
	build(t);
	return end(ncf, t, NETCF_EINVALIDOP);
}

static int build_begin(struct weir_txn *t)
{
	return weir_txn_checkpoint_begin(t, "netcf", false);
}

int ncf_change_begin(struct netcf *ncf, unsigned int flags)
{
	return change(ncf, flags, "netcf: begin a change", build_begin);
}

int ncf_change_commit(struct netcf *ncf, unsigned int flags)
{
	return change(ncf, flags, "netcf: commit a change", weir_txn_checkpoint_commit);
}

int ncf_change_rollback(struct netcf *ncf, unsigned int flags)
{
	return change(ncf, flags, "netcf: roll back a change", weir_txn_checkpoint_rollback);
}

/* --- one interface --------------------------------------------------------------------------- */

static bool enter_if(struct netcf_if *nif)
{
	return nif && enter(nif->ncf);
}

/* What the list says of it; all zero if it says nothing. */
static int entry_of(struct netcf_if *nif, struct weir_group_entry *ret)
{
	struct weir_group_entry *entries;
	size_t n;

	*ret = (struct weir_group_entry){ .is_active = false };
	if (list(nif->ncf, &entries, &n))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(entries[i].name, nif->name))
			*ret = entries[i];
	free(entries);
	return 0;
}

const char *ncf_if_name(struct netcf_if *nif)
{
	if (nif)
		nif->ncf->code = NETCF_NOERROR;
	return nif ? nif->name : NULL;
}

const char *ncf_if_mac_string(struct netcf_if *nif)
{
	static const uint8_t none[6];
	struct weir_group_entry e;

	if (!enter_if(nif) || entry_of(nif, &e) || !memcmp(e.mac, none, 6))
		return NULL;
	snprintf(nif->mac, sizeof(nif->mac), "%02x:%02x:%02x:%02x:%02x:%02x", e.mac[0], e.mac[1],
		 e.mac[2], e.mac[3], e.mac[4], e.mac[5]);
	return nif->mac;
}

int ncf_if_status(struct netcf_if *nif, unsigned int *flags)
{
	struct weir_group_entry e;

	if (!enter_if(nif))
		return -1;
	if (!flags)
		return fail(nif->ncf, NETCF_EOTHER, "there is no place for the flags");
	if (entry_of(nif, &e))
		return -1;
	*flags = e.is_active ? NETCF_IFACE_ACTIVE : NETCF_IFACE_INACTIVE;
	return 0;
}

/* A link may need a moment for its carrier; after 2.5 s netcf gives up, too. */
static int wait_until_active(struct netcf_if *nif)
{
	static const struct timespec pause = { .tv_nsec = 250000000 };
	char details[64];

	for (int i = 0; i < 10; i++) {
		struct weir_group_entry e;

		if (entry_of(nif, &e))
			return -1;
		if (e.is_active)
			return 0;
		nanosleep(&pause, NULL);
	}
	snprintf(details, sizeof(details), "interface %s did not become active", nif->name);
	return fail(nif->ncf, NETCF_EOTHER, details);
}

int ncf_if_up(struct netcf_if *nif)
{
	struct weir_error err = WEIR_ERROR_INIT;
	const struct weir_group *one;
	struct weir_group *group;
	struct weir_txn *t;
	int r;

	if (!enter_if(nif))
		return -1;
	group = stored(nif->ncf, nif->name, &err);
	if (!group)
		return fail_with(nif->ncf, &err, NETCF_ENOENT);
	one = group;
	r = begin(nif->ncf, "netcf: bring an interface up", &t);
	if (!r) {
		weir_txn_groups_up(t, &one, 1, WEIR_EFFECT_ADDRESS_LOSS);
		r = end(nif->ncf, t, NETCF_EEXEC);
	}
	weir_group_free(group);
	return r ? r : wait_until_active(nif);
}

int ncf_if_down(struct netcf_if *nif)
{
	const char *name;
	struct weir_txn *t;

	if (!enter_if(nif) || begin(nif->ncf, "netcf: take an interface down", &t))
		return -1;
	name = nif->name;
	weir_txn_groups_down(t, &name, 1);
	return end(nif->ncf, t, NETCF_EEXEC);
}

int ncf_if_undefine(struct netcf_if *nif)
{
	struct weir_txn *t;

	if (!enter_if(nif) || begin(nif->ncf, "netcf: undefine an interface", &t))
		return -1;
	weir_txn_group_undefine(t, nif->name);
	return end(nif->ncf, t, NETCF_ENOENT);
}

static char *format(struct netcf *ncf, const struct weir_group *group)
{
	char *xml = NULL;

	if (weir_xml_group_format(group, &xml))
		fail(ncf, NETCF_ENOMEM, "");
	return xml;
}

char *ncf_if_xml_desc(struct netcf_if *nif)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group;
	char *xml;

	if (!enter_if(nif))
		return NULL;
	group = stored(nif->ncf, nif->name, &err);
	if (!group) {
		fail_with(nif->ncf, &err, NETCF_ENOENT);
		return NULL;
	}
	xml = format(nif->ncf, group);
	weir_group_free(group);
	return xml;
}

/* libvirt's parser does not take the word for the kernel's default. */
static void leave_out_none(struct weir_group *group)
{
	if (group->bond.arpmon.validate == WEIR_VALIDATE_NONE)
		group->bond.arpmon.validate = WEIR_VALIDATE_ABSENT;
	for (size_t i = 0; i < group->n_ports; i++)
		leave_out_none(&group->ports[i]);
}

/* An interface whose link is not there has a type and a name, and nothing else to say. */
static char *state_of_nothing(struct netcf_if *nif)
{
	static const char *const types[] = { "ethernet", "ethernet", "bond", "bridge", "vlan" };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = stored(nif->ncf, nif->name, &err);
	unsigned int type = group ? group->type : WEIR_GROUP_ETHERNET;
	char *xml = NULL;

	weir_group_free(group);
	if (asprintf(&xml, "<interface type='%s' name='%s'>\n</interface>\n", types[type % 5],
		     nif->name) < 0) {
		fail(nif->ncf, NETCF_ENOMEM, "");
		return NULL;
	}
	return xml;
}

char *ncf_if_xml_state(struct netcf_if *nif)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL;
	char *xml;

	if (!enter_if(nif))
		return NULL;
	if (weir_group_state(nif->ncf->w, nif->name, &group, &err)) {
		if (err.code == -ENODEV)
			return state_of_nothing(nif);
		fail_with(nif->ncf, &err, NETCF_ENETLINK);
		return NULL;
	}
	leave_out_none(group);
	xml = format(nif->ncf, group);
	weir_group_free(group);
	return xml;
}
