/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes of claims: one file for each ("0000:01:10.0.0"), with a line for each member;
 * and the lock over all of them. A note has the boot, and the pid and start time of the
 * process that a claim ends with, so its reader knows whether the claim is alive.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/lock.h"
#include "sriov/claim.h"

#define LOCK_TIMEOUT_MS 30000

#define CLAIM(member, codec, name, ...) WR_ROW(wr_claim, member, codec, name, ##__VA_ARGS__)
#define PUBLIC(member, codec, name, ...) WR_ROW(weir_claim, member, codec, name, ##__VA_ARGS__)

/* clang-format off */
static const struct wr_field note_fields[] = {
	CLAIM(c.vf, WR_NAME, "vf"),
	CLAIM(c.pf, WR_NAME, "pf"),
	CLAIM(c.index, WR_U32, "index", .flags = WR_ALWAYS),
	CLAIM(c.owner, WR_NAME, "owner"),
	CLAIM(c.pid, WR_U32, "pid"),
	CLAIM(c.start_time, WR_U64, "start_time"),
	CLAIM(c.is_shared, WR_U8, "shared", .flags = WR_BOOL),
	CLAIM(c.is_pending, WR_U8, "pending", .flags = WR_BOOL),
	CLAIM(boot_id, WR_NAME, "boot"),
	CLAIM(state_dir, WR_NAME, "state_dir"),
	CLAIM(found.driver, WR_NAME, "driver"),
	CLAIM(found.override, WR_NAME, "override"),
	CLAIM(found.mac, WR_MAC, "mac"),
};

static const struct wr_field claim_fields[] = {
	PUBLIC(vf, WR_NAME, "vf", .doc = "PCI address"),
	PUBLIC(pf, WR_NAME, "pf", .doc = "PCI address of its PF"),
	PUBLIC(index, WR_U32, "index", .flags = WR_ALWAYS, .doc = "its number on the PF"),
	PUBLIC(owner, WR_NAME, "owner", .doc = "whose it is"),
	PUBLIC(pid, WR_U32, "pid", .doc = "the process that the claim ends with"),
	PUBLIC(start_time, WR_U64, "start_time", .doc = "when that started"),
	PUBLIC(is_shared, WR_U8, "shared", .flags = WR_BOOL | WR_ALWAYS, .doc = "there may be others"),
	PUBLIC(is_pending, WR_U8, "pending", .flags = WR_BOOL | WR_ALWAYS, .doc = "not finished yet"),
	PUBLIC(is_dead, WR_U8, "dead", .flags = WR_BOOL | WR_ALWAYS, .doc = "its owner is gone"),
};
/* clang-format on */

static WR_TABLE(note_table, wr_claim, "claim", -1, note_fields);
WR_TABLE(wr_claim_table, weir_claim, "claim", -1, claim_fields);

/* --- text ------------------------------------------------------------------------------- */

void wr_claim_text(const struct wr_claim *claim, struct wr_str *out)
{
	wr_auto(free) char *settings = NULL;

	for (size_t i = 0; i < note_table.n; i++) {
		const struct wr_field *f = &note_table.fields[i];

		if (!wr_has(&note_table, f, claim))
			continue;
		wr_str_printf(out, "%s ", f->name);
		wr_field_text(f, claim, out);
		wr_str_putc(out, '\n');
	}
	if (claim->has_config && weir_vf_config_text(&claim->config, &settings))
		out->failed = true;
	else if (claim->has_config)
		wr_str_printf(out, "settings %s\n", settings);
}

/* "vf 0 mac 52:54:00:00:00:01 vlan 7" */
static int parse_settings(char *text, struct wr_claim *ret)
{
	char *rest = text, *name, *value;

	ret->has_config = true;
	ret->config = (struct weir_vf_config){ .sz = sizeof(ret->config) };
	while ((name = strsep(&rest, " "))) {
		value = strsep(&rest, " ");
		if (!value)
			return -EBADMSG;
		if (!strcmp(name, "vf"))
			ret->config.vf = (uint32_t)strtoul(value, NULL, 10);
		else if (weir_vf_config_parse(&ret->config, name, value, NULL))
			return -EBADMSG;
	}
	return 0;
}

static int parse_line(char *line, struct wr_claim *ret)
{
	char *value = strchr(line, ' ');
	const struct wr_field *f;

	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	if (!strcmp(line, "settings"))
		return parse_settings(value, ret);
	f = wr_find(&note_table, line);
	return f && !wr_field_parse(&note_table, f, ret, value, NULL) ? 0 : -EBADMSG;
}

int wr_claim_parse(const char *text, struct wr_claim *ret)
{
	wr_auto(free) char *copy = strdup(text);
	char *rest = copy, *line;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	*ret = (struct wr_claim){ .c.sz = sizeof(ret->c) };
	while (!r && (line = strsep(&rest, "\n")))
		if (*line)
			r = parse_line(line, ret);
	return r ? r : wr_is_pci(ret->c.vf) && wr_is_pci(ret->c.pf) && *ret->boot_id ? 0 : -EBADMSG;
}

/* --- does the owner live? ----------------------------------------------------------------- */

int wr_claim_stamp(struct wr_claim *claim, int32_t pid, struct weir_error *err)
{
	int r = wr_process_start(pid, &claim->c.start_time);

	claim->c.pid = pid;
	if (!r && pid && !claim->c.start_time)
		return wr_refuse(err, -ESRCH, "claim", "pid", "%d is no process", pid);
	if (!r)
		r = wr_boot_id(claim->boot_id);
	return r ? wr_syserr(err, r, "claim", "what is noted of process %d", pid) : 0;
}

static int judge(struct wr_claim *claim, const char *boot_id)
{
	uint64_t start = 0;
	int r = wr_process_start(claim->c.pid, &start);

	claim->other_boot = strcmp(claim->boot_id, boot_id);
	claim->c.is_dead = claim->other_boot || (claim->c.pid && start != claim->c.start_time);
	return r;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* "0000:01:10.0.12"; what a write or a removal in progress has beside it ends in a word. */
static int is_note(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');
	char pci[WEIR_PCI_TEXT];

	if (!dot || !dot[1] || dot[1 + strspn(dot + 1, "0123456789")] || dot - e->d_name >= WEIR_PCI_TEXT)
		return 0;
	wr_format(pci, sizeof(pci), "%.*s", (int)(dot - e->d_name), e->d_name);
	return wr_is_pci(pci);
}

/* 1: it is there; 0: it has been removed meanwhile. */
static int load(const struct weir_sriov *s, const char *name, const char *boot_id,
		struct wr_claim *ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[PATH_MAX];
	int r;

	wr_format(path, sizeof(path), "%s/%s", s->claims_dir, name);
	r = wr_file_read(path, &text);
	if (r == -ENOENT)
		return 0;
	if (!r)
		r = wr_claim_parse(wr_str_text(&text), ret);
	if (r)
		return wr_error(err, r, WEIR_STAGE_SYSTEM, "claim", "", "%s is damaged or cannot be read",
				path);
	wr_copy(ret->path, sizeof(ret->path), path);
	r = judge(ret, boot_id);
	return r ? wr_syserr(err, r, "claim", "whether the owner of %s lives", path) : 1;
}

int wr_claims_load(const struct weir_sriov *s, struct wr_claim **ret, size_t *ret_n,
		   struct weir_error *err)
{
	wr_auto(free) struct wr_claim *list = NULL;
	struct dirent **names = NULL;
	char boot_id[WR_BOOT_ID];
	size_t kept = 0;
	int n = scandir(s->claims_dir, &names, is_note, alphasort), r = wr_boot_id(boot_id);

	if (n < 0 && errno != ENOENT)
		return wr_syserr(err, -errno, "claims", "%s", s->claims_dir);
	if (r)
		r = wr_syserr(err, r, "claims", "the boot's identity");
	list = calloc(n > 0 ? (size_t)n : 1, sizeof(*list));
	if (!list)
		r = wr_nomem(err);
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = load(s, names[i]->d_name, boot_id, &list[kept], err);
		kept += r == 1;
		free(names[i]);
	}
	free(names);
	if (r < 0)
		return r;
	*ret = wr_take(list);
	*ret_n = kept;
	return 0;
}

int weir_claim_list(struct weir_sriov *s, struct weir_claim **ret, size_t *ret_n,
		    struct weir_error *err)
{
	wr_auto(free) struct wr_claim *list = NULL;
	struct weir_claim *out;
	int r = wr_claims_load(s, &list, ret_n, err);

	if (r)
		return r;
	out = calloc(*ret_n ? *ret_n : 1, sizeof(*out));
	if (!out)
		return wr_nomem(err);
	for (size_t i = 0; i < *ret_n; i++)
		out[i] = list[i].c;
	*ret = out;
	return 0;
}

/* --- the lock ------------------------------------------------------------------------------------ */

static void unlock(void *arg)
{
	struct wr_claims_lock *lock = arg;

	wr_close(&lock->fd);
	free(lock->taken);
	free(lock);
}

static int open_lock(const struct weir_sriov *s, struct weir_error *err)
{
	char path[PATH_MAX];
	int fd = -1, r = wr_mkdirs(s->claims_dir, 0755);

	wr_format(path, sizeof(path), "%s/lock", s->claims_dir);
	if (!r)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (!r && fd < 0)
		r = -errno;
	/* -1 is "no lock" to the caller, and nobody's errno here: it would be -EPERM */
	return r ? wr_syserr(err, r == -EPERM ? -EACCES : r, "claims", "%s", path) : fd;
}

static int wait_for_lock(const struct weir_sriov *s, int fd, struct weir_error *err)
{
	int r = wr_lock_in_turn(fd, LOCK_TIMEOUT_MS);

	if (r == -EAGAIN)
		return wr_error(err, -EBUSY, WEIR_STAGE_SYSTEM, "claims", "",
				"%s is locked by another process for over %d ms", s->claims_dir,
				LOCK_TIMEOUT_MS);
	return r ? wr_syserr(err, r, "claims", "%s cannot be locked", s->claims_dir) : 0;
}

int wr_claims_lock(struct weir_txn *t, const struct weir_sriov *s, struct wr_claims_lock **ret,
		   struct weir_error *err)
{
	struct wr_claims_lock *lock = weir_txn_kept(t, &wr_claim_ops);
	int r = 0;

	*ret = lock;
	if (lock)
		return 0;
	lock = calloc(1, sizeof(*lock));
	if (!lock)
		return wr_nomem(err);
	lock->fd = weir_txn_is_dry(t) ? -1 : open_lock(s, err);
	if (lock->fd < -1)
		r = lock->fd;
	else if (lock->fd >= 0)
		r = wait_for_lock(s, lock->fd, err);
	if (!r && weir_txn_keep(t, &wr_claim_ops, lock, unlock))
		r = wr_nomem(err);
	if (r)
		unlock(lock);
	*ret = lock;
	return r;
}
