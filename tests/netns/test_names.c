/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links by other names and in other places: alternative names, and moves into
 * another network namespace, with their undo.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "lib_link.h"

static const char longest[] = "a-name-that-is-longer-than-a-link-may-have";

/* The names of low0, with a comma between them. */
static char *names(void)
{
	char *list = NULL, *text = calloc(1, 1024);
	size_t len = 0;

	assert_non_null(text);
	assert_int_equal(weir_altname_list(w, LOW, &list, NULL), 0);
	for (const char *p = list; *p; p += strlen(p) + 1)
		len += (size_t)snprintf(text + len, 1024 - len, "%s%s", len ? "," : "", p);
	free(list);
	return text;
}

static void has_names(const char *want, const char *what)
{
	char *ours = names();
	char *theirs = own_text("ip -j link show dev low0 | jq -r '.[0].altnames // [] | join(\",\")' | tr -d '\\n'");

	if (strcmp(ours, want) != 0 || strcmp(theirs, want) != 0)
		fail_msg("%s: we read \"%s\", ip \"%s\"", what, ours, theirs);
	free(ours);
	free(theirs);
}

static void other_names(void **state)
{
	static const struct {
		const char *name;
		bool del;
		const char *altname, *after;
	} cases[] = {
		{ "one", false, "one", "one" },
		{ "a long one", false, longest, "one,a-name-that-is-longer-than-a-link-may-have" },
		{ "one less", true, "one", "a-name-that-is-longer-than-a-link-may-have" },
		{ "none", true, longest, "" },
	};
	const char *before = "";

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		for (int k = 0; k < 2; k++) {
			struct weir_txn *t = begin();

			(cases[i].del ? weir_txn_altname_del : weir_txn_altname_add)(t, LOW, cases[i].altname);
			if (k)
				commit(t, cases[i].name);
			else
				commit_and_fail(t, cases[i].name);
			/* An undo puts a name behind the others. */
			if (k || !cases[i].del || i == 3)
				has_names(k ? cases[i].after : before, cases[i].name);
			assert_int_equal(is_there(cases[i].altname), k != cases[i].del);
		}
		before = cases[i].after;
	}
}

static void names_that_are_refused(void **state)
{
	static const struct {
		bool del;
		const char *altname;
		int code;
	} cases[] = {
		{ false, "br9", -EEXIST }, { false, "a/b", -EINVAL }, { false, "a b", -EINVAL }, { false, "", -EINVAL },
		{ false, NULL, -EINVAL }, { true, "nobodys", -ENOENT }, { false, "taken", -EEXIST },
	};

	own_sh("ip link property add dev low0 altname taken");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();
		int r;

		(cases[i].del ? weir_txn_altname_del : weir_txn_altname_add)(t, LOW, cases[i].altname);
		r = weir_txn_commit(t, &err);
		if (r != cases[i].code && !(cases[i].del && r == -EINVAL))
			fail_msg("%s: %d: %s", cases[i].altname, r, err.msg);
		has_names("taken", "a refusal");
	}
}

/* Out of its bridge and back, up. */
static void moves_are_undone(void **state)
{
	struct weir_txn *t;
	char path[64];
	json_t *before;

	own_ns_beside(path);
	own_sh("ip link add m0 index 4711 type veth peer name m1 && ip link set m0 master br9 && ip link set m0 up && "
	       "ip link set m1 up");
	before = all_links();
	t = begin();
	weir_txn_link_move(t, 4711, path);
	commit_and_fail(t, "a move");
	same_links(before, "a move");
	json_decref(before);
	t = begin();
	weir_txn_link_move(t, 4711, path);
	commit(t, "a move");
	assert_false(is_there("m0"));
	own_sh("nsenter --net=%s ip link show dev m0 | grep -q '^4711: m0@'", path);
}

/* Made here and moved there in one transaction: an undo fetches it and deletes it. */
static void what_is_made_moves(void **state)
{
	struct weir_link l = NAMED(VETH, "m0", 0, .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "m1" });
	json_t *before = all_links();
	char path[64];

	own_ns_beside(path);
	for (int i = 0; i < 2; i++) {
		struct weir_txn *t = begin();

		weir_txn_link_move(t, weir_txn_link_add(t, &l), path);
		if (i) {
			commit(t, "a move");
			break;
		}
		commit_and_fail(t, "a move");
		same_links(before, "a move");
		assert_false(own_try("nsenter --net=%s ip link show dev m0", path));
	}
	own_sh("nsenter --net=%s ip link show dev m0 >/dev/null", path);
	assert_true(is_there("m1") && !is_there("m0"));
	json_decref(before);
}

static void moves_that_are_refused(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();
	json_t *before = all_links();
	char path[64];

	own_ns_beside(path);
	own_sh("nsenter --net=%s ip link add low0 type ifb", path);
	weir_txn_link_move(t, LOW, path);
	assert_int_equal(weir_txn_commit(t, &err), -EEXIST);
	assert_string_equal(err.object, "link 1000");
	same_links(before, "a name that is taken");
	t = begin();
	weir_txn_link_move(t, LOW, "no-such-namespace");
	assert_int_equal(weir_txn_commit(t, &err), -ENOENT);
	t = begin();
	assert_int_equal(weir_txn_link_move(t, 999999, path), -ENODEV);
	weir_txn_abort(t);
	same_links(before, "refusals");
	json_decref(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, link_setup, own_teardown)
		TEST(other_names),
		TEST(names_that_are_refused),
		TEST(moves_are_undone),
		TEST(what_is_made_moves),
		TEST(moves_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
