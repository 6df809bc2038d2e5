/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions (of networks and groups) and ports as JSON: what is refused and in which words, that what
 * is written reads back as what it was (for random definitions too), that the
 * schema says the same as the parser, and that running out of memory anywhere
 * is an error and nothing worse.
 *
 * WEIR_TEST_SEED=N repeats the random definitions of a run. WEIR_WRITE_SCHEMA=1
 * writes the schemas in lib/json anew. Run in the top folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <glob.h>
#include <inttypes.h>
#include <regex.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

/* The allocation with this number fails, counted down from it; negative: none does. */
static long fail_at = -1;

static bool out_of_memory(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

static void *jansson_malloc(size_t size)
{
	return out_of_memory() ? NULL : malloc(size);
}

#define calloc(n, size) (out_of_memory() ? NULL : calloc(n, size))
#define realloc(p, size) (out_of_memory() ? NULL : realloc(p, size))
#define strdup(s) (out_of_memory() ? NULL : strdup(s))
#include "base/field.c"
#include "base/str.c"
#include "base/table.c"
#include "json/load.c"
#include "json/read.c"
#include "network/json.c"
#include "host/tables.h"
#undef calloc
#undef realloc
#undef strdup

#define SCHEMA "lib/json/network.schema.json"
#define GROUP_SCHEMA "lib/json/group.schema.json"

/* --- helpers --------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "r");
	struct wr_str text = { 0 };
	char buf[4096];
	size_t n;

	if (!f)
		fail_msg("%s can't be read; tests run in the top folder", path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		wr_str_add(&text, buf, n);
	fclose(f);
	*ret_len = text.len;
	return wr_str_take(&text);
}

static void free_network(struct weir_network *net)
{
	wr_table_free(&wr_network_table, net);
	free(net);
}

static struct weir_network *parse(const char *text)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	char line[512];

	if (weir_network_parse(text, strlen(text), &net, &err))
		fail_msg("%s\n%s", weir_error_format(&err, line, sizeof(line)), text);
	assert_int_equal(err.code, 0);
	assert_int_equal(net->sz, sizeof(*net));
	return net;
}

static char *write_network(const struct weir_network *net)
{
	char *text = NULL;

	assert_int_equal(weir_network_json(net, &text), 0);
	return text;
}

/* Refused in the same way whether the caller wants to know why or not. */
static struct weir_error refuse(const char *text, size_t len)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	int r = weir_network_parse(text, len, &net, &err);

	if (r >= 0)
		fail_msg("taken: %.*s", (int)(len < 2000 ? len : 2000), text);
	assert_null(net);
	assert_int_equal(err.code, r);
	assert_true(*err.msg);
	assert_int_equal(weir_network_parse(text, len, &net, NULL), r);
	assert_null(net);
	for (const char *c = err.msg; *c; c++)
		assert_true((unsigned char)*c >= 0x20);
	return err;
}

/* --- JSON Schema, as far as ours uses it; a keyword that is new here fails ---------------- */

static bool valid(json_t *schema, json_t *value);
/* What "$ref": "#" means: the schema that is being used. */
static json_t *root;

static bool valid_type(const char *type, json_t *value)
{
	if (!strcmp(type, "object"))
		return json_is_object(value);
	if (!strcmp(type, "array"))
		return json_is_array(value);
	if (!strcmp(type, "string"))
		return json_is_string(value);
	if (!strcmp(type, "boolean"))
		return json_is_boolean(value);
	if (!strcmp(type, "integer"))
		return json_is_integer(value);
	fail_msg("type %s", type);
	return false;
}

static bool valid_pattern(const char *pattern, json_t *value)
{
	regex_t re;
	int r;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	r = regexec(&re, json_string_value(value), 0, NULL, 0);
	regfree(&re);
	return r == 0;
}

static bool valid_format(const char *format, json_t *value)
{
	uint8_t bytes[16];

	return inet_pton(!strcmp(format, "ipv4") ? AF_INET : AF_INET6, json_string_value(value),
			 bytes) == 1;
}

static long long length(json_t *value)
{
	long long n = 0;

	for (const char *c = json_string_value(value); *c; c++)
		n += (*c & 0xc0) != 0x80;
	return n;
}

static bool valid_required(json_t *names, json_t *value)
{
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		if (!json_object_get(value, json_string_value(name)))
			return false;
	return true;
}

static bool valid_properties(json_t *properties, json_t *value)
{
	const char *name;
	json_t *member, *schema;

	json_object_foreach(value, name, member) {
		schema = json_object_get(properties, name);
		if (!schema || !valid(schema, member))
			return false;
	}
	return true;
}

static bool valid_items(json_t *schema, json_t *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
		if (!valid(schema, item))
			return false;
	return true;
}

static bool valid_any(json_t *schemas, json_t *value)
{
	json_t *schema;
	size_t i;

	json_array_foreach(schemas, i, schema)
		if (valid(schema, value))
			return true;
	return false;
}

static bool valid_keyword(const char *keyword, json_t *arg, json_t *value)
{
	json_int_t n = json_integer_value(arg);
	const char *text = json_string_value(arg);

	if (!strcmp(keyword, "type"))
		return valid_type(text, value);
	if (!strcmp(keyword, "enum"))
		return valid_any(arg, value);
	if (!strcmp(keyword, "minimum"))
		return json_integer_value(value) >= n;
	if (!strcmp(keyword, "maximum"))
		return json_integer_value(value) <= n;
	if (!strcmp(keyword, "minLength"))
		return length(value) >= n;
	if (!strcmp(keyword, "maxLength"))
		return length(value) <= n;
	if (!strcmp(keyword, "minItems"))
		return json_array_size(value) >= (size_t)n;
	if (!strcmp(keyword, "pattern"))
		return valid_pattern(text, value);
	if (!strcmp(keyword, "format"))
		return valid_format(text, value);
	if (!strcmp(keyword, "anyOf"))
		return valid_any(arg, value);
	if (!strcmp(keyword, "items"))
		return valid_items(arg, value);
	if (!strcmp(keyword, "required"))
		return valid_required(arg, value);
	if (!strcmp(keyword, "properties"))
		return valid_properties(arg, value);
	if (!strcmp(keyword, "additionalProperties"))
		return json_is_false(arg);
	if (!strcmp(keyword, "$ref"))
		return !strcmp(text, "#") && valid(root, value);
	return !strcmp(keyword, "description") || !strcmp(keyword, "title") ||
	       !strcmp(keyword, "$schema");
}

/* A schema that is a string is a word of an enum. "type" is looked at first: the rest relies on it. */
static bool valid(json_t *schema, json_t *value)
{
	const char *type = json_string_value(json_object_get(schema, "type"));
	const char *keyword;
	json_t *arg;

	if (json_is_string(schema))
		return json_equal(schema, value);
	if (type && !valid_type(type, value))
		return false;
	json_object_foreach(schema, keyword, arg)
		if (!valid_keyword(keyword, arg, value))
			return false;
	return true;
}

static json_t *load(const char *path)
{
	json_t *schema = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(schema);
	return schema;
}

static json_t *load_schema(void)
{
	return load(SCHEMA);
}

static bool satisfies(json_t *schema, const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	bool good;

	root = schema;
	good = json && valid(schema, json);
	json_decref(json);
	return good;
}

/* --- the schema and the examples ----------------------------------------------------------- */

static void check_fresh(const char *path, int (*make)(char **ret))
{
	char *want = NULL, *have;
	size_t len;
	FILE *f;

	assert_int_equal(make(&want), 0);
	if (getenv("WEIR_WRITE_SCHEMA")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(want, 1, strlen(want), f), strlen(want));
		assert_int_equal(fclose(f), 0);
	}
	have = read_file(path, &len);
	if (strcmp(have, want) != 0)
		fail_msg("%s is old; WEIR_WRITE_SCHEMA=1 before this test writes it anew", path);
	free(have);
	free(want);
}

static void schema_is_fresh(void **state)
{
	check_fresh(SCHEMA, weir_network_schema);
	check_fresh(GROUP_SCHEMA, weir_group_schema);
}

static void round_trip(const char *text)
{
	struct weir_network *net = parse(text), *again;
	char *first = write_network(net), *second;

	again = parse(first);
	second = write_network(again);
	assert_true(wr_table_equal(&wr_network_table, net, again));
	assert_string_equal(first, second);
	free(first);
	free(second);
	free_network(net);
	free_network(again);
}

static void examples_are_good(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	json_t *schema = load_schema();
	struct weir_network *net;
	glob_t files;
	size_t len;

	assert_int_equal(glob("examples/*.json", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 4);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char *text = read_file(files.gl_pathv[i], &len);

		round_trip(text);
		assert_true(satisfies(schema, text));
		net = parse(text);
		if (weir_network_check(net, &err))
			fail_msg("%s: %s: %s", files.gl_pathv[i], err.attr, err.msg);
		free_network(net);
		free(text);
	}
	globfree(&files);
	json_decref(schema);
}

/* --- what is taken ----------------------------------------------------------------------------- */

static void units_are_applied(void **state)
{
	struct weir_network *net =
		parse("{\"name\":\"n\",\"bandwidth\":{\"inbound\":{\"average\":1000,\"peak\":2000,"
		      "\"burst\":3},\"outbound\":{\"average\":18014398509481984}}}");

	assert_true(net->bandwidth.inbound.average_bytes_per_s == 1000000);
	assert_true(net->bandwidth.inbound.peak_bytes_per_s == 2000000);
	assert_true(net->bandwidth.inbound.burst_bytes == 3072);
	assert_true(net->bandwidth.outbound.average_bytes_per_s == WEIR_RATE_MAX);
	free_network(net);
}

static void lists_and_words(void **state)
{
	struct weir_network *net = parse(
		"{\"name\":\"n\",\"forward\":{\"mode\":\"open\"},\"dns\":{\"enable\":false,"
		"\"hosts\":[{\"address\":\"::1\",\"hostnames\":[\"a\",\"b\"]}]},\"routes\":[],"
		"\"ips\":[{\"address\":\"10.0.0.1\",\"prefix\":8,\"dhcp\":{\"ranges\":[{"
		"\"start\":\"10.0.0.2\",\"end\":\"10.0.0.9\",\"lease\":{\"expiry\":0}}]}}]}");
	const struct weir_lease_time *lease = &net->ips[0].dhcp.ranges[0].lease;

	assert_int_equal(net->forward.mode, WEIR_FORWARD_OPEN);
	assert_int_equal(net->dns.enable, WEIR_NO);
	assert_int_equal(net->dns.hosts[0].n_hostnames, 2);
	assert_string_equal(net->dns.hosts[0].hostnames[1].name, "b");
	assert_int_equal(net->n_routes, 0);
	assert_int_equal(lease->has, WEIR_LEASE_EXPIRY);
	assert_int_equal(lease->expiry, 0);
	free_network(net);
}

/* An object with nothing in it is as good as none, and so is a list. */
static void empty_is_absent(void **state)
{
	struct weir_network *net = parse("{\"name\":\"n\",\"forward\":{\"nat\":{}},\"bridge\":{},"
					 "\"dns\":{\"hosts\":[]},\"ips\":[],"
					 "\"bandwidth\":{\"inbound\":{}}}");
	char *text = write_network(net);

	assert_string_equal(text, "{\n  \"name\": \"n\"\n}\n");
	free(text);
	free_network(net);
}

static void odd_names_are_carried(void **state)
{
	/* clang-format off */
	static const char *const names[] = {
		"a\"b", "a;b", "a'b", "a b", "a\\b", "$(id)", "-rf", "%s%n", "*", "{", "\xc3\xa4", "...",
		"\xf0\x9f\x8c\x8a", "add rule inet weir; flush ruleset #",
	};
	/* clang-format on */

	for (size_t i = 0; i < WR_COUNT(names); i++) {
		struct weir_network made = { .sz = sizeof(made), .name = strdup(names[i]) }, *net;
		char *text = write_network(&made);

		net = parse(text);
		assert_string_equal(net->name, names[i]);
		round_trip(text);
		free(text);
		free_network(net);
		wr_table_free(&wr_network_table, &made);
	}
}

static void text_ends_where_it_is_told(void **state)
{
	static const char text[] = "{\"name\":\"n\"} and more";
	struct weir_network *net = NULL;

	assert_int_equal(weir_network_parse(text, 12, &net, NULL), 0);
	free_network(net);
	refuse(text, 11);
	refuse(text, sizeof(text) - 1);
}

static void ports_round_trip(void **state)
{
	/* clang-format off */
	struct weir_port port = {
		.sz = sizeof(port), .name = "vnet0", .ifindex = 2147483647, .kind = WEIR_PORT_VETH,
		.network = "a \"quoted\" one", .portgroup = "gold", .bridge = "virbr0",
		.mode = WEIR_FORWARD_NAT, .mac = { 0x52, 0x54, 0, 0, 0, 1 }, .mtu = 1500,
		.bandwidth.inbound.average_bytes_per_s = 1000, .bandwidth_from = 2,
		.owner = "vm 1;", .netns = "/run/netns/a b", .ifname = "eth0", .persistent = true,
		.ifb_ifindex = 7, .ifb_name = "ifb-vnet0",
	};
	/* clang-format on */
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port again = { .sz = sizeof(again) };
	char *text = NULL;

	assert_int_equal(weir_port_json(&port, &text), 0);
	assert_int_equal(weir_port_parse(text, strlen(text), &again, &err), 0);
	assert_int_equal(again.sz, sizeof(again));
	assert_true(wr_table_equal(&wr_port_table, &port, &again));
	free(text);
	again.ifindex = 5;
	text = strdup("{\"pci\":\"1\",\"network\":\"n\"}");
	assert_int_equal(weir_port_parse(text, strlen(text), &again, &err), -EINVAL);
	assert_string_equal(err.attr, "pci");
	assert_string_equal(err.msg, "\"1\" is no PCI address as in 0000:03:00.1");
	assert_int_equal(again.ifindex, 5);
	free(text);
}

/* --- what is refused ----------------------------------------------------------------------------- */

/* Around a value: a network that is good otherwise. */
#define N(rest) "{\"name\":\"n\"," rest "}"
#define IP(rest) N("\"ips\":[{\"address\":\"10.0.0.1\",\"prefix\":24," rest "}]")
#define LONG63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG252 LONG63 LONG63 LONG63 LONG63

/* The message is all of it, or how it begins if it ends in "...". */
struct refusal {
	const char *json;
	int code;
	const char *attr, *msg;
};

/* clang-format off */
/* A text that the schema refuses too. */
static const struct refusal against_schema[] = {
	/* no object */
	{ "[]", -EINVAL, "", "expects an object, has a list" },
	/* keys */
	{ "{}", -EINVAL, "name", "is missing" },
	{ N("\"Mtu\":1500"), -EINVAL, "Mtu", "is not known here; did you mean \"mtu\"?" },
	{ N("\"ip\":[]"), -EINVAL, "ip", "is not known here; did you mean \"ips\"?" },
	{ N("\"\":1"), -EINVAL, "\"\"", "is not known here; known are name, uuid, title, ..." },
	{ N("\"a\\nb\":1"), -EINVAL, "a\\nb", "is not known here; ..." },
	{ N("\"" LONG252 "\":1"), -EINVAL,
	  LONG63 "aaaaaaaaaa...", "is not known here; ..." },
	{ IP("\"dhcp\":{\"ranges\":[{\"start\":\"10.0.0.2\",\"end\":\"10.0.0.3\"},{\"start\":\"10.0.0.4\","
	     "\"ende\":\"10.0.0.5\"}]}"), -EINVAL, "ips[0].dhcp.ranges[1].ende",
	  "is not known here; did you mean \"end\"?" },
	{ N("\"forward\":{\"nat\":{\"address\":{\"from\":1}}}"), -EINVAL, "forward.nat.address.from",
	  "is not known here; known are start and end" },
	{ N("\"bandwidth\":{\"inbound\":{\"avrage\":1}}"), -EINVAL, "bandwidth.inbound.avrage",
	  "is not known here; did you mean \"average\"?" },
	{ N("\"bandwidth\":{\"inbound\":{\"floor\":1}}"), -EINVAL, "bandwidth.inbound.floor",
	  "is not known here; known are average, peak and burst" },
	/* what must be there */
	{ N("\"domain\":{}"), -EINVAL, "domain.name", "is missing" },
	{ N("\"domain\":{\"localOnly\":true}"), -EINVAL, "domain.name", "is missing" },
	{ N("\"forward\":{\"nat\":{\"port\":{\"start\":1}}}"), -EINVAL, "forward.nat.port.end", "is missing" },
	{ N("\"ips\":[{}]"), -EINVAL, "ips[0].address", "is missing" },
	{ IP("\"dhcp\":{\"ranges\":[{\"end\":\"10.0.0.9\"}]}"), -EINVAL, "ips[0].dhcp.ranges[0].start",
	  "is missing" },
	{ IP("\"dhcp\":{\"hosts\":[{\"ip\":\"10.0.0.9\",\"lease\":{\"unit\":\"hours\"}}]}"), -EINVAL,
	  "ips[0].dhcp.hosts[0].lease.expiry", "is missing" },
	{ N("\"dns\":{\"hosts\":[{\"address\":\"10.0.0.1\"}]}"), -EINVAL, "dns.hosts[0].hostnames",
	  "is missing" },
	{ N("\"dns\":{\"hosts\":[{\"address\":\"10.0.0.1\",\"hostnames\":[]}]}"), -EINVAL,
	  "dns.hosts[0].hostnames", "is empty" },
	/* types */
	{ "{\"name\":1}", -EINVAL, "name", "expects a string, has a number" },
	{ "{\"name\":null}", -EINVAL, "name", "expects a string, has null" },
	{ "{\"name\":[\"n\"]}", -EINVAL, "name", "expects a string, has a list" },
	{ N("\"mtu\":\"1500\""), -EINVAL, "mtu", "expects a number, has a string" },
	{ N("\"mtu\":true"), -EINVAL, "mtu", "expects a number, has true" },
	{ N("\"mtu\":1500.5"), -EINVAL, "mtu", "expects a whole number, has a fraction" },
	{ N("\"mtu\":15e2"), -EINVAL, "mtu", "expects a whole number, has a fraction" },
	{ N("\"bridge\":{\"stp\":\"on\"}"), -EINVAL, "bridge.stp", "expects true or false, has a string" },
	{ N("\"bridge\":{\"stp\":1}"), -EINVAL, "bridge.stp", "expects true or false, has a number" },
	{ N("\"bridge\":\"virbr0\""), -EINVAL, "bridge", "expects an object, has a string" },
	{ N("\"bridge\":[]"), -EINVAL, "bridge", "expects an object, has a list" },
	{ N("\"forward\":{\"mode\":1}"), -EINVAL, "forward.mode",
	  "expects a string (isolated, nat, route, open, bridge, private, vepa, passthrough or hostdev), has a number" },
	{ N("\"forward\":{\"mode\":\"bridged\"}"), -EINVAL, "forward.mode",
	  "\"bridged\" is none of: isolated, nat, route, open, bridge, ..." },
	{ N("\"ips\":{}"), -EINVAL, "ips", "expects a list, has an object" },
	{ N("\"ips\":[[]]"), -EINVAL, "ips[0]", "expects an object, has a list" },
	{ IP("\"dhcp\":{\"ranges\":[false]}"), -EINVAL, "ips[0].dhcp.ranges[0]",
	  "expects an object, has false" },
	{ N("\"dns\":{\"hosts\":[{\"address\":\"10.0.0.1\",\"hostnames\":\"a\"}]}"), -EINVAL,
	  "dns.hosts[0].hostnames", "expects a list, has a string" },
	{ N("\"dns\":{\"hosts\":[{\"address\":\"10.0.0.1\",\"hostnames\":[\"a\",{\"name\":\"b\"}]}]}"),
	  -EINVAL, "dns.hosts[0].hostnames[1]", "expects a string, has an object" },
	/* numbers */
	{ N("\"mtu\":-1500"), -ERANGE, "mtu", "-1500 is outside 0..4294967295 bytes" },
	{ N("\"mtu\":4294967296"), -ERANGE, "mtu", "4294967296 is outside 0..4294967295 bytes" },
	{ N("\"mtu\":9223372036854775807"), -ERANGE, "mtu",
	  "9223372036854775807 is outside 0..4294967295 bytes" },
	{ N("\"ips\":[{\"address\":\"10.0.0.1\",\"prefix\":129}]"), -ERANGE, "ips[0].prefix",
	  "129 is outside 1..128" },
	{ N("\"ips\":[{\"address\":\"10.0.0.1\",\"prefix\":0}]"), -ERANGE, "ips[0].prefix",
	  "0 is outside 1..128" },
	{ N("\"forward\":{\"nat\":{\"port\":{\"start\":1,\"end\":65536}}}"), -ERANGE, "forward.nat.port.end",
	  "65536 is outside 0..65535" },
	{ N("\"bandwidth\":{\"inbound\":{\"average\":18014398509481985}}"), -ERANGE,
	  "bandwidth.inbound.average", "18014398509481985 is outside 1..18014398509481984 KB/s" },
	{ N("\"portgroups\":[{\"name\":\"a\"},{\"name\":\"b\",\"bandwidth\":{\"outbound\":{\"burst\":"
	    "4194304}}}]"), -ERANGE, "portgroups[1].bandwidth.outbound.burst",
	  "4194304 is outside 1..4194303 KiB" },
	/* names */
	{ "{\"name\":\"\"}", -EINVAL, "name", "\"\" is no name: ..." },
	{ N("\"bridge\":{\"name\":\"\"}"), -EINVAL, "bridge.name", "\"\" is no name for a link: ..." },
	/* addresses */
	{ N("\"ips\":[{\"address\":\"10.0.0\",\"prefix\":24}]"), -EINVAL, "ips[0].address",
	  "\"10.0.0\" is no IP address" },
	{ N("\"ips\":[{\"address\":\"10.0.0.1/24\"}]"), -EINVAL, "ips[0].address",
	  "\"10.0.0.1/24\" is no IP address" },
	{ N("\"ips\":[{\"address\":\"garbage; flush\\n\"}]"), -EINVAL, "ips[0].address",
	  "\"garbage; flush\\n\" is no IP address" },
	{ N("\"ips\":[{\"address\":\"\"}]"), -EINVAL, "ips[0].address", "\"\" is no IP address" },
	{ N("\"routes\":[{\"address\":\"fe80::1%lo\"}]"), -EINVAL, "routes[0].address",
	  "\"fe80::1%lo\" is no IP address" },
};

/* No JSON at all, or a rule that only the parser knows. */
static const struct refusal against_rules[] = {
	/* no JSON */
	{ "", -EINVAL, "", "the text is empty" },
	{ " \n\t\r ", -EINVAL, "", "the text is empty" },
	{ "{\n  \"name\": \"n\",\n}", -EINVAL, "", "line 3, column 1: string or '}' expected near '}'" },
	{ "{\"name\":\"n\"", -EINVAL, "", "line 1, column 11: '}' expected near end of file" },
	{ "{\"name\":\"n\"}}", -EINVAL, "", "line 1, column 13: end of file expected near '}'" },
	{ "{\"name\":\"n\"} x", -EINVAL, "", "line 1, column 14: end of file expected near 'x'" },
	{ "{'name':\"n\"}", -EINVAL, "", "line 1, column 2: string or '}' expected near '''" },
	{ "{\"name\":n}", -EINVAL, "", "line 1, column 9: invalid token near 'n'" },
	{ "{\"name\":\"n\x1b\"}", -EINVAL, "", "line 1, column 10: control character 0x1b near '\"n'" },
	{ "{\"name\":\x1b[0m\"n\"}", -EINVAL, "", "line 1, column 9: invalid token near '\\x1b'" },
	{ "{\"name\":\"\xff\"}", -EINVAL, "", "line 1, column 9: unable to decode byte 0xff near '\"'" },
	{ "{\"name\":\"a\nb\"}", -EINVAL, "", "line 1, column 10: unexpected newline near '\"a'" },
	{ "{\"name\":\"\\ud800\"}", -EINVAL, "", "line 1, column 16: invalid Unicode '\\uD800'..." },
	{ "{\"name\":\"a\",\"name\":\"b\"}", -EINVAL, "",
	  "line 1, column 18: duplicate object key near '\"name\"'" },
	{ "{\"name\":\"a\",\"n\\u0061me\":\"b\"}", -EINVAL, "",
	  "line 1, column 23: duplicate object key near..." },
	{ N("\"ips\":[{\"prefix\":1,\"prefix\":2}]"), -EINVAL, "", "line 1, column 39: duplicate..." },
	{ N("\"mtu\":01"), -EINVAL, "", "line 1, column 19: invalid token near '0'" },
	{ N("\"mtu\":99999999999999999999"), -ERANGE, "",
	  "line 1, column 38: too big integer near '99999999999999999999'" },
	{ N("\"mtu\":-99999999999999999999"), -ERANGE, "", "line 1, column 39: too big negative integer..." },
	{ N("\"mtu\":1e999"), -ERANGE, "", "line 1, column 23: real number overflow near '1e999'" },
	{ N("\"mtu\":NaN"), -EINVAL, "", "line 1, column 21: invalid token near 'NaN'" },
	/* no object */
	{ "5", -EINVAL, "", "expects an object, has a number" },
	{ "null", -EINVAL, "", "expects an object, has null" },
	/* names */
	{ "{\"name\":\"a/b\"}", -EINVAL, "name", "\"a/b\" is no name: ..." },
	{ "{\"name\":\"..\"}", -EINVAL, "name", "\"..\" is no name: ..." },
	{ "{\"name\":\"a\\nb\"}", -EINVAL, "name", "\"a\\nb\" is no name: ..." },
	{ "{\"name\":\"a\\u0000b\"}", -EINVAL, "name", "has a NUL character in it" },
	{ "{\"name\":\"a\\u001bb\"}", -EINVAL, "name", "\"a\\x1bb\" is no name: ..." },
	{ "{\"name\":\"" LONG252 "\"}", -EINVAL, "name", "\"" LONG63 "aaaaaaaaaa...\" is no name: ..." },
	{ N("\"bridge\":{\"name\":\"virbr0123456789a\"}"), -EINVAL, "bridge.name",
	  "\"virbr0123456789a\" is no name for a link: 1 to 15 letters, ..." },
	{ N("\"bridge\":{\"name\":\"virbr%s\"}"), -EINVAL, "bridge.name", "\"virbr%s\" is no name for a link: ..." },
	{ N("\"bridge\":{\"name\":\"a%d%d\"}"), -EINVAL, "bridge.name", "\"a%d%d\" is no name for a link: ..." },
	{ N("\"bridge\":{\"name\":\"a12345678901%d\"}"), -EINVAL, "bridge.name",
	  "\"a12345678901%d\" is no name for a link: ..." },
	{ N("\"bridge\":{\"name\":\"a;b\"}"), -EINVAL, "bridge.name", "\"a;b\" is no name for a link: ..." },
	{ N("\"forward\":{\"interfaces\":[\"a\\\"b\"]}"), -EINVAL, "forward.interfaces[0]", "\"a\"b\" is no name for a link: ..." },
	{ N("\"portgroups\":[{\"name\":\"a\\nb\"}]"), -EINVAL, "portgroups[0].name", "\"a\\nb\" is no name: ..." },
	{ N("\"uuid\":\"1-2\""), -EINVAL, "uuid", "\"1-2\" is no UUID (8-4-4-4-12 hex digits)" },
	{ N("\"title\":\"a\\nb\""), -EINVAL, "title", "\"a\\nb\" has more than one line" },
	{ N("\"domain\":{\"name\":\"a,b\"}"), -EINVAL, "domain.name", "\"a,b\" is no DNS name: ..." },
	{ N("\"dns\":{\"hosts\":[{\"address\":\"10.0.0.1\",\"hostnames\":[\"a\",\"b\\nc\"]}]}"), -EINVAL,
	  "dns.hosts[0].hostnames[1]", "\"b\\nc\" is no DNS name: ..." },
	{ N("\"dns\":{\"txt\":[{\"name\":\"a b\",\"value\":\"\"}]}"), -EINVAL, "dns.txt[0].name",
	  "\"a b\" has a space, comma or newline in it" },
	/* addresses */
	{ N("\"mac\":\"52:54:00\""), -EINVAL, "mac", "\"52:54:00\" is no unicast MAC address" },
	{ N("\"mac\":\"01:00:5e:00:00:01\""), -EINVAL, "mac", "\"01:00:5e:00:00:01\" is no unicast MAC address" },
};
/* clang-format on */

static bool says(const char *msg, const char *want)
{
	size_t n = strlen(want);

	if (n > 3 && !strcmp(want + n - 3, "..."))
		return !strncmp(msg, want, n - 3);
	return !strcmp(msg, want);
}

static void check_refusal(const struct refusal *want)
{
	struct weir_error err = refuse(want->json, strlen(want->json));

	if (err.code != want->code || strcmp(err.attr, want->attr) != 0 ||
	    !says(err.msg, want->msg))
		fail_msg("%s\nsays %d %s: %s\nwant %d %s: %s", want->json, err.code, err.attr,
			 err.msg, want->code, want->attr, want->msg);
	assert_int_equal(err.stage, WEIR_STAGE_INPUT);
}

static void malformed_is_refused(void **state)
{
	json_t *schema = load_schema();

	for (size_t i = 0; i < WR_COUNT(against_rules); i++)
		check_refusal(&against_rules[i]);
	for (size_t i = 0; i < WR_COUNT(against_schema); i++) {
		check_refusal(&against_schema[i]);
		if (satisfies(schema, against_schema[i].json))
			fail_msg("the schema takes %s", against_schema[i].json);
	}
	json_decref(schema);
}

/* In buffers of just that size, so that a sanitizer sees a read beyond the end. */
static void truncated_is_refused(void **state)
{
	size_t len;
	char *text = read_file("examples/default.json", &len);
	size_t last = (size_t)(strrchr(text, '}') - text);

	for (size_t n = 0; n <= last; n++) {
		char *part = malloc(n ? n : 1);
		struct weir_error err;

		assert_non_null(part);
		memcpy(part, text, n);
		err = refuse(part, n);
		assert_int_equal(err.code, -EINVAL);
		if (!says(err.msg, n ? "line ..." : "the text is empty"))
			fail_msg("%zu bytes: %s", n, err.msg);
		free(part);
	}
	assert_int_equal(refuse(NULL, 0).code, -EINVAL);
	free(text);
}

/* A byte that is another one is an error or another definition, never a crash. */
static void damaged_is_survived(void **state)
{
	/* clang-format off */
	static const char bytes[] = { 0, 1, '"', '\\', '{', '}', '[', ']', ',', ':', '-', '9', 'e', (char)0xff };
	/* clang-format on */
	size_t len;
	char *text = read_file("examples/nat.json", &len);

	for (size_t i = 0; i < len; i++) {
		char was = text[i];

		for (size_t k = 0; k < sizeof(bytes); k++) {
			struct weir_network *net = NULL;

			text[i] = bytes[k];
			if (!weir_network_parse(text, len, &net, NULL))
				free_network(net);
		}
		text[i] = was;
	}
	free(text);
}

/* @open n times, then whatever @rest is. */
static char *nested(const char *open, size_t n, const char *rest)
{
	struct wr_str text = { 0 };

	while (n--)
		wr_str_puts(&text, open);
	wr_str_puts(&text, rest);
	return wr_str_take(&text);
}

static void deep_nesting_is_refused(void **state)
{
	static const struct {
		const char *open;
		size_t n;
		const char *msg;
	} cases[] = {
		{ "[", 65, "line 1, column 65: nested deeper than 64 levels" },
		{ "[", 100000, "line 1, column 65: nested deeper than 64 levels" },
		{ "[\n", 100000, "line 65, column 1: nested deeper than 64 levels" },
		{ "{\"a\":", 100000, "line 1, column 321: nested deeper than 64 levels" },
		{ "{\"[\\\"[\":", 100000, "line 1, column 513: nested deeper than 64 levels" },
		{ "{\"ips\":[", 100000, "line 1, column 257: nested deeper than 64 levels" },
		{ "[", 64, "line 1, column 64: ']' expected near end of file" },
		{ "]", 100000, "line 1, column 1: unexpected token near ']'" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		char *text = nested(cases[i].open, cases[i].n, "");
		struct weir_error err = refuse(text, strlen(text));

		if (strcmp(err.msg, cases[i].msg) != 0)
			fail_msg("says %s\nwant %s", err.msg, cases[i].msg);
		free(text);
	}
}

static void brackets_in_strings_do_not_count(void **state)
{
	char *many = nested("[{\\\"", 1000, "\"}"), *text = nested("{\"name\":\"", 1, many);
	struct weir_network *net;

	free(many);
	refuse(text, strlen(text)); /* too long a name, nothing else */
	free(text);
	many = nested("[{\\\"", 1000, "\"}");
	text = nested("{\"name\":\"n\",\"description\":\"", 1, many);
	net = parse(text);
	assert_int_equal(strlen(net->description), 3000);
	free_network(net);
	free(many);
	free(text);
}

static void large_texts(void **state)
{
	char *big = nested("aaaaaaaaaa", 2 << 20, "\"}"), *text = nested("{\"name\":\"", 1, big);
	size_t len = strlen(text), fits = WR_JSON_MAX_BYTES;
	struct weir_network *net = NULL;
	struct weir_error err = refuse(text, len);

	assert_int_equal(err.code, -ERANGE);
	assert_string_equal(err.msg, "the text has 20971531 bytes, more than 16777216");
	free(text);
	text = nested("{\"name\":\"n\",\"description\":\"", 1, big);
	memcpy(text + fits - 2, "\"}", 2);
	assert_int_equal(weir_network_parse(text, fits, &net, NULL), 0);
	assert_int_equal(strlen(net->description), fits - 29);
	free_network(net);
	assert_int_equal(refuse(text, fits + 1).code, -ERANGE);
	free(text);
	text = nested("{\"name\":\"", 1, big);
	memcpy(text + fits - 2, "\"}", 2);
	err = refuse(text, fits);
	assert_int_equal(err.code, -EINVAL);
	assert_true(says(err.msg, "\"" LONG63 "aaaaaaaaaa...\" is no name: ..."));
	free(text);
	free(big);
}

/* --- random definitions ------------------------------------------------------------------------ */

/* A small generator of our own: the same numbers from the same seed everywhere. */
static uint64_t draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t below(uint64_t *seed, uint64_t n)
{
	return n ? draw(seed) % n : draw(seed);
}

static void draw_chars(uint64_t *seed, const char *const *chars, size_t n, char *buf, size_t len)
{
	*buf = '\0';
	while (len--)
		strncat(buf, chars[below(seed, n)], 4);
}

/* Text that the row's rule allows: one of several sorts, tried until one is right. */
static void draw_text(uint64_t *seed, const struct wr_field *f, char buf[256])
{
	/* clang-format off */
	static const char *const odd[] = { "a", "Z", "0", " ", "\"", "\\", ";", "'", "\n", "\x01", "\x7f",
					   "{", "$", "/", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8c\x8a" };
	/* clang-format on */
	static const char *const plain[] = { "a", "b", "Z", "0", "9", "-", ".", "_" };
	static const char *const hex[] = { "0", "1", "9", "a", "F", ":" };
	size_t most = f->codec == WR_NAME ? (f->size - 1u) / 4 : 40;

	do {
		switch (below(seed, 6)) {
		case 0:
			draw_chars(seed, odd, WR_COUNT(odd), buf, below(seed, most + 1));
			break;
		case 1:
			draw_chars(seed, plain, WR_COUNT(plain), buf, 1 + below(seed, most));
			break;
		case 2:
			draw_chars(seed, hex, WR_COUNT(hex), buf, 1 + below(seed, most));
			break;
		case 3:
			snprintf(buf, 256, "52:54:%02x:%x:%02X:%02x", (uint8_t)draw(seed),
				 (uint8_t)draw(seed), (uint8_t)draw(seed), (uint8_t)draw(seed));
			break;
		case 4:
			snprintf(buf, 256, "%04x:%02x:%02x.%x", (uint16_t)draw(seed), (uint8_t)draw(seed),
				 (unsigned int)below(seed, 0x20), (unsigned int)below(seed, 8));
			break;
		default:
			snprintf(buf, 256, "%08" PRIx32 "-%04x-4%03x-8%03x-%012" PRIx64,
				 (uint32_t)draw(seed), (unsigned int)below(seed, 0x10000),
				 (unsigned int)below(seed, 0x1000),
				 (unsigned int)below(seed, 0x1000), draw(seed) >> 16);
			break;
		}
	} while ((f->codec == WR_NAME && strlen(buf) >= f->size) || (wr_text_rule(f) && wr_text_rule(f)->check(buf)) ||
		 (f->flags & WR_REQUIRED && !*buf));
}

static uint64_t draw_number(uint64_t *seed, const struct wr_field *f)
{
	uint64_t max = wr_field_max(f) < INT64_MAX ? wr_field_max(f) : INT64_MAX;
	uint64_t min = f->flags & WR_REQUIRED && !wr_bit(f) && !f->min ? 1 : (uint64_t)f->min;

	if (f->flags & WR_TRISTATE)
		return 1 + below(seed, 2);
	if (f->n_words)
		return f->words[below(seed, f->n_words)].value;
	switch (below(seed, 3)) {
	case 0:
		return min;
	case 1:
		return max;
	default:
		return min + below(seed, max - min + 1);
	}
}

static void draw_ip(uint64_t *seed, struct weir_ip *ip)
{
	bool v4 = below(seed, 2);

	ip->family = v4 ? WEIR_FAMILY_IPV4 : WEIR_FAMILY_IPV6;
	for (size_t i = 0; i < (v4 ? 4u : 16u); i++)
		ip->bytes[i] = below(seed, 3) ? (uint8_t)draw(seed) : 0;
}

static void draw_struct(uint64_t *seed, const struct wr_table *t, void *obj);

static void draw_list(uint64_t *seed, const struct wr_field *f, void *obj)
{
	size_t n = below(seed, 3) + !!(f->flags & WR_REQUIRED);
	char *items = n ? calloc(n, f->sub->size) : NULL;

	memcpy(wr_member(f, obj), &items, sizeof(items));
	memcpy((char *)obj + f->count, &n, sizeof(n));
	for (size_t i = 0; i < n; i++)
		draw_struct(seed, f->sub, items + i * f->sub->size);
}

static void draw_member(uint64_t *seed, const struct wr_table *t, const struct wr_field *f,
			void *obj)
{
	char text[256];

	if (f->codec == WR_OBJECT)
		draw_struct(seed, f->sub, wr_member(f, obj));
	else if (f->codec == WR_LIST)
		draw_list(seed, f, obj);
	else if (f->codec == WR_IP)
		draw_ip(seed, wr_member(f, obj));
	else if (f->codec == WR_MAC)
		memset(wr_member(f, obj), (int)draw(seed), 6);
	else if (wr_is_integer(f))
		wr_store(f, obj, draw_number(seed, f) * scale(f));
	if (f->codec == WR_STRING || f->codec == WR_NAME) {
		draw_text(seed, f, text);
		assert_int_equal(parse_string(f, obj, text, NULL), 0);
	}
	wr_set_has(t, f, obj);
}

static void draw_struct(uint64_t *seed, const struct wr_table *t, void *obj)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->fields[i].flags & WR_REQUIRED || below(seed, 2))
			draw_member(seed, t, &t->fields[i], obj);
}

/* Struct to text to struct to text; and a copy that outlives its original. */
static void check_random(const struct wr_table *t, uint64_t seed, json_t *schema)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *obj = calloc(1, t->size), *copy = calloc(1, t->size), *again = calloc(1, t->size);
	char *first = NULL, *second = NULL;
	uint64_t s = seed;

	draw_struct(&s, t, obj);
	assert_int_equal(wr_json_write(t, obj, &first), 0);
	if (wr_json_read(t, first, strlen(first), again, &err))
		fail_msg("seed %" PRIu64 ": %s: %s: %s", seed, err.attr, err.msg, first);
	assert_int_equal(wr_table_copy(t, copy, obj), 0);
	if (!wr_table_equal(t, obj, again) || !wr_table_equal(t, copy, again))
		fail_msg("seed %" PRIu64 ": not the same after %s", seed, first);
	wr_table_free(t, obj);
	assert_int_equal(wr_json_write(t, copy, &second), 0);
	assert_string_equal(first, second);
	free(second);
	assert_int_equal(wr_json_write(t, again, &second), 0);
	assert_string_equal(first, second);
	if (schema && !satisfies(schema, first))
		fail_msg("seed %" PRIu64 ": the schema refuses %s", seed, first);
	wr_table_free(t, copy);
	wr_table_free(t, again);
	free(first);
	free(second);
	free(obj);
	free(copy);
	free(again);
}

static void random_definitions_round_trip(void **state)
{
	const char *given = getenv("WEIR_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 20;
	json_t *schema = load_schema(), *group_schema = load(GROUP_SCHEMA);

	print_message("WEIR_TEST_SEED=%" PRIu64 "\n", seed);
	for (uint64_t i = 0; i < 2000; i++) {
		check_random(&wr_network_table, seed + i, schema);
		check_random(&wr_port_table, seed + i, NULL);
		check_random(&wr_group_table, seed + i, group_schema);
	}
	json_decref(schema);
	json_decref(group_schema);
}

/* --- out of memory -------------------------------------------------------------------------------- */

/* jansson's lexer takes a lack of memory for an unexpected token, so that code is right too. */
static void memory_runs_out(void **state)
{
	struct weir_network *net = NULL;
	char *text, *out = NULL;
	size_t len;
	int r = -1;

	text = read_file("examples/nat.json", &len);
	json_set_alloc_funcs(jansson_malloc, free);
	for (long n = 0; r; n++) {
		struct weir_error err = WEIR_ERROR_INIT;

		assert_true(n < 5000);
		fail_at = n;
		r = weir_network_parse(text, len, &net, &err);
		fail_at = -1;
		if (r && ((r != -ENOMEM && r != -EINVAL) || err.code != r || !*err.msg || net))
			fail_msg("allocation %ld: %d %s: %s", n, r, err.attr, err.msg);
	}
	json_set_alloc_funcs(malloc, free);
	for (long n = 0; !out; n++) {
		fail_at = n;
		r = weir_network_json(net, &out);
		fail_at = -1;
		assert_int_equal(r, out ? 0 : -ENOMEM);
	}
	free(out);
	free(text);
	free_network(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema_is_fresh),
		cmocka_unit_test(examples_are_good),
		cmocka_unit_test(units_are_applied),
		cmocka_unit_test(lists_and_words),
		cmocka_unit_test(empty_is_absent),
		cmocka_unit_test(odd_names_are_carried),
		cmocka_unit_test(text_ends_where_it_is_told),
		cmocka_unit_test(ports_round_trip),
		cmocka_unit_test(malformed_is_refused),
		cmocka_unit_test(truncated_is_refused),
		cmocka_unit_test(damaged_is_survived),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(brackets_in_strings_do_not_count),
		cmocka_unit_test(large_texts),
		cmocka_unit_test(random_definitions_round_trip),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
