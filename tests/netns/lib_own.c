/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See lib_own.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/link.h>
#include <weir/weir.h>

#include "lib_own.h"

struct weir *w;

int own_setup(void **state)
{
	return own_ns_setup(state) || weir_open(NULL, &w, NULL) ? -1 : 0;
}

int own_teardown(void **state)
{
	weir_close(w);
	return own_ns_teardown(state);
}

struct weir_txn *begin(void)
{
	struct weir_txn *t = NULL;

	assert_int_equal(weir_txn_begin(w, "test", 0, &t, NULL), 0);
	return t;
}

void commit(struct weir_txn *t, const char *what)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[1024];

	if (weir_txn_commit(t, &err))
		fail_msg("%s: %s", what, weir_error_format(&err, line, sizeof(line)));
}

void commit_and_fail(struct weir_txn *t, const char *what)
{
	struct weir_link taken = { .sz = sizeof(taken), .kind = WEIR_LINK_IFB, .name = "low0", .has = WEIR_LINK_NAME };
	struct weir_error err = WEIR_ERROR_INIT;

	weir_txn_link_add(t, &taken);
	if (weir_txn_commit(t, &err) != -EEXIST || strstr(err.msg, "undoing"))
		fail_msg("%s: %d: %s: %s", what, err.code, err.object, err.msg);
}

int index_of(const char *name)
{
	struct weir_link l = { .sz = sizeof(l) };

	assert_int_equal(weir_link_get(w, 0, name, &l, NULL), 0);
	return l.ifindex;
}

void shows(const char *command, const char *words)
{
	char *text = own_text("%s", command);

	if (!strstr(text, words))
		fail_msg("%s: no \"%s\" in: %s", command, words, text);
	free(text);
}

void same_text(const char *before, char *now, const char *what)
{
	size_t line = 0;

	if (strcmp(before, now) != 0) {
		for (size_t i = 0; before[i] == now[i]; i++)
			line = before[i] == '\n' ? i + 1 : line;
		fprintf(stderr, "before:\n%s\nnow:\n%s\n", before, now);
		fail_msg("%s: first was \"%.*s\", is \"%.*s\"", what, (int)strcspn(before + line, "\n"), before + line,
			 (int)strcspn(now + line, "\n"), now + line);
	}
	free(now);
}
