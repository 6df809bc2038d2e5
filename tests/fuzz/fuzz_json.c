/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as the JSON of a network, of a group and of a port. What is taken must be
 * written as JSON that is taken again and written the same; what is refused must
 * be refused with a reason of one line. Seeds are in corpus/json.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <weir/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int is_so)
{
	if (!is_so)
		abort();
}

static void check_reason(int r, const struct weir_error *err)
{
	must(r < 0 && err->code == r && err->stage != WEIR_STAGE_NONE && *err->msg);
	for (const char *c = err->msg; *c; c++)
		must((unsigned char)*c >= 0x20 && *c != 0x7f);
	for (const char *c = err->attr; *c; c++)
		must((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void fuzz_network(const char *text, size_t size)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL, *again = NULL, *copy = NULL;
	char *first = NULL, *second = NULL;
	int r = weir_network_parse(text, size, &net, &err);

	if (r) {
		check_reason(r, &err);
		return;
	}
	r = weir_network_check(net, &err);
	if (r)
		check_reason(r, &err);
	must(!weir_network_json(net, &first));
	must(!weir_network_parse(first, strlen(first), &again, &err));
	must(!weir_network_copy(again, &copy));
	must(!weir_network_json(copy, &second) && !strcmp(first, second));
	weir_network_free(net);
	weir_network_free(again);
	weir_network_free(copy);
	free(first);
	free(second);
}

static void fuzz_group(const char *text, size_t size)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL, *again = NULL, *copy = NULL;
	char *first = NULL, *second = NULL;
	int r = weir_group_parse(text, size, &group, &err);

	if (r) {
		check_reason(r, &err);
		return;
	}
	r = weir_group_check(group, &err);
	if (r)
		check_reason(r, &err);
	must(!weir_group_json(group, &first));
	must(!weir_group_parse(first, strlen(first), &again, &err));
	must(!weir_group_copy(again, &copy));
	must(!weir_group_json(copy, &second) && !strcmp(first, second));
	weir_group_free(group);
	weir_group_free(again);
	weir_group_free(copy);
	free(first);
	free(second);
}

static void fuzz_port(const char *text, size_t size)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port, again;
	char *first = NULL, *second = NULL;
	int r = weir_port_parse(text, size, &port, &err);

	if (r) {
		check_reason(r, &err);
		return;
	}
	must(!weir_port_json(&port, &first));
	must(!weir_port_parse(first, strlen(first), &again, &err));
	must(!weir_port_json(&again, &second) && !strcmp(first, second));
	weir_port_done(&port);
	weir_port_done(&again);
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_network((const char *)data, size);
	fuzz_group((const char *)data, size);
	fuzz_port((const char *)data, size);
	return 0;
}
