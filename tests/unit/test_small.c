/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * small/, the stand-ins for libmnl and jansson, beside the real ones in one
 * program: the same calls must leave the same bytes. Messages are built call by
 * call at random; JSON has every character, length and format that matters.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <libmnl/libmnl.h>

/* The real ones by other names, before theirs are taken away from them. */
static const struct real {
	struct nlmsghdr *(*put_header)(void *buf);
	void *(*put_extra_header)(struct nlmsghdr *nlh, size_t size);
	void (*put)(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data);
	struct nlattr *(*nest_start)(struct nlmsghdr *nlh, uint16_t type);
	void (*nest_end)(struct nlmsghdr *nlh, struct nlattr *start);
	bool (*ok)(const struct nlattr *attr, int len);
	struct nlattr *(*next)(const struct nlattr *attr);
	uint16_t (*get_type)(const struct nlattr *attr);
	uint16_t (*get_payload_len)(const struct nlattr *attr);
	void *(*get_payload)(const struct nlattr *attr);
	void *(*get_tail)(const struct nlmsghdr *nlh);
	void *(*nlmsg_get_payload)(const struct nlmsghdr *nlh);
	json_t *(*pack)(const char *format, ...);
	json_t *(*string)(const char *text);
	json_t *(*loads)(const char *text, size_t flags, json_error_t *error);
	json_t *(*loadb)(const char *text, size_t len, size_t flags, json_error_t *error);
	json_t *(*get)(const json_t *object, const char *key);
	int (*set_new)(json_t *object, const char *key, json_t *value);
	char *(*dumps)(const json_t *value, size_t flags);
} real = {
	mnl_nlmsg_put_header, mnl_nlmsg_put_extra_header, mnl_attr_put, mnl_attr_nest_start,
	mnl_attr_nest_end, mnl_attr_ok, mnl_attr_next, mnl_attr_get_type, mnl_attr_get_payload_len,
	mnl_attr_get_payload, mnl_nlmsg_get_payload_tail, mnl_nlmsg_get_payload,
	json_pack, json_string, json_loads, json_loadb, json_object_get, json_object_set_new, json_dumps,
};

static void real_free(json_t *value)
{
	json_decref(value);
}

typedef json_error_t real_error;

static int real_code(const real_error *e)
{
	return json_error_code(e);
}

/* What jansson's header says of a value. */
struct seen {
	int type;
	size_t n;
	long long number;
	const char *text;
	size_t len;
};

static struct seen look(const json_t *v)
{
	return (struct seen){ json_typeof(v), json_array_size(v), json_is_integer(v) ? json_integer_value(v) : 0,
			      json_is_string(v) ? json_string_value(v) : "", json_is_string(v) ? json_string_length(v) : 0 };
}

static const json_t *real_item(const json_t *array, size_t i)
{
	return json_array_get(array, i);
}

static const int real_codes[] = { json_error_out_of_memory, json_error_invalid_syntax, json_error_duplicate_key,
				  json_error_numeric_overflow };
static const size_t real_flags[] = { JSON_REJECT_DUPLICATES, JSON_ALLOW_NUL };

/* clang-format off */
#define mnl_socket small_mnl_socket
#define mnl_socket_open2 small_socket_open2
#define mnl_socket_bind small_socket_bind
#define mnl_socket_close small_socket_close
#define mnl_socket_get_fd small_socket_get_fd
#define mnl_socket_sendto small_socket_sendto
#define mnl_socket_setsockopt small_socket_setsockopt
#define mnl_nlmsg_put_header small_put_header
#define mnl_nlmsg_put_extra_header small_put_extra_header
#define mnl_nlmsg_get_payload small_nlmsg_get_payload
#define mnl_nlmsg_get_payload_tail small_get_tail
#define mnl_attr_put small_put
#define mnl_attr_nest_start small_nest_start
#define mnl_attr_nest_end small_nest_end
#define mnl_attr_get_type small_get_type
#define mnl_attr_get_payload_len small_get_payload_len
#define mnl_attr_get_payload small_get_payload
#define mnl_attr_get_str small_get_str
#define mnl_attr_ok small_ok
#define mnl_attr_next small_next
#undef MNL_ALIGNTO
#undef MNL_ALIGN
#undef MNL_NLMSG_HDRLEN
#undef MNL_ATTR_HDRLEN
#undef MNL_SOCKET_AUTOPID
#undef mnl_attr_for_each_nested
#include "small/libmnl/libmnl.h"
#include "small/mnl.c"

#undef json_object
#undef json_boolean
#undef json_decref
#undef json_object_foreach
#undef json_typeof
#undef json_is_object
#undef json_is_array
#undef json_is_string
#undef json_is_integer
#undef json_is_real
#undef json_is_true
#undef json_is_boolean
#undef JSON_INTEGER_FORMAT
#undef JSON_INDENT
#undef JSON_ENCODE_ANY
#undef JSON_DECODE_ANY
#undef JSON_REJECT_DUPLICATES
#undef JSON_ALLOW_NUL
#define json_type small_json_type
#define JSON_OBJECT SMALL_JSON_OBJECT
#define JSON_ARRAY SMALL_JSON_ARRAY
#define JSON_STRING SMALL_JSON_STRING
#define JSON_INTEGER SMALL_JSON_INTEGER
#define JSON_REAL SMALL_JSON_REAL
#define JSON_TRUE SMALL_JSON_TRUE
#define JSON_FALSE SMALL_JSON_FALSE
#define JSON_NULL SMALL_JSON_NULL
#define json_t small_json_t
#define json_int_t small_json_int_t
#define json_error small_json_error
#define json_error_t small_json_error_t
#define json_error_out_of_memory small_out_of_memory
#define json_error_invalid_syntax small_invalid_syntax
#define json_error_duplicate_key small_duplicate_key
#define json_error_numeric_overflow small_numeric_overflow
#define json_object small_json_object
#define json_array small_json_array
#define json_string small_json_string
#define json_integer small_json_integer
#define json_boolean small_json_boolean
#define json_true small_json_true
#define json_false small_json_false
#define json_null small_json_null
#define json_pack small_json_pack
#define json_array_append_new small_json_array_append_new
#define json_object_set_new small_json_object_set_new
#define json_object_get small_json_object_get
#define json_array_get small_json_array_get
#define json_array_size small_json_array_size
#define json_decref small_json_decref
#define json_dumps small_json_dumps
#define json_dumpf small_json_dumpf
#define json_loads small_json_loads
#define json_loadb small_json_loadb
#include "small/jansson.h"
#include "small/json.c"
#include "small/parse.c"
#undef json_t
#include "small/address.c"
#include "small/memory.c"
#include "small/print.c"
#include "small/shorter.c"
#include "small/scan.c"
/* clang-format on */

/* The real one's flags, whose names mean small's now. */
#define REAL_ENCODE_ANY 0x200
#define REAL_DECODE_ANY 0x4

/* --- libmnl ------------------------------------------------------------------------- */

/* One message by both, from the same random choices; zeroed, because libmnl 1.0.4 leaves padding alone. */
static void build(unsigned int seed, char a[8192], char b[8192])
{
	struct nlmsghdr *theirs = real.put_header(memset(a, 0, 8192));
	struct nlmsghdr *ours = small_put_header(memset(b, 0, 8192));
	struct nlattr *their_nests[4], *our_nests[4];
	char data[40];
	int depth = 0;

	srand(seed);
	assert_ptr_equal((char *)small_put_extra_header(ours, seed % 21) - b,
			 (char *)real.put_extra_header(theirs, seed % 21) - a);
	for (int i = 0; i < 60; i++) {
		uint16_t type = (uint16_t)(rand() & 0x3fff);
		size_t len = (size_t)(rand() % 38);

		memset(data, rand(), sizeof(data));
		if (rand() % 4 == 0 && depth < 4) {
			their_nests[depth] = real.nest_start(theirs, type);
			our_nests[depth++] = small_nest_start(ours, type);
		} else if (rand() % 4 == 0 && depth) {
			real.nest_end(theirs, their_nests[--depth]);
			small_nest_end(ours, our_nests[depth]);
		} else {
			real.put(theirs, type, len, data);
			small_put(ours, type, len, data);
		}
	}
	while (depth--) {
		real.nest_end(theirs, their_nests[depth]);
		small_nest_end(ours, our_nests[depth]);
	}
	assert_ptr_equal((char *)small_get_tail(ours) - b, (char *)real.get_tail(theirs) - a);
	assert_ptr_equal(small_nlmsg_get_payload(ours), real.nlmsg_get_payload(ours));
}

static void walk(const char *attrs, int len)
{
	const struct nlattr *a = (const void *)attrs;

	while (small_ok(a, (int)(attrs + len - (const char *)a))) {
		assert_true(real.ok(a, (int)(attrs + len - (const char *)a)));
		assert_int_equal(small_get_type(a), real.get_type(a));
		assert_int_equal(small_get_payload_len(a), real.get_payload_len(a));
		assert_ptr_equal(small_get_payload(a), real.get_payload(a));
		assert_ptr_equal(small_get_str(a), real.get_payload(a));
		assert_ptr_equal(small_next(a), real.next(a));
		a = small_next(a);
	}
	assert_false(real.ok(a, (int)(attrs + len - (const char *)a)));
}

static void test_messages(void **state)
{
	static char a[8192] __attribute__((aligned(8))), b[8192] __attribute__((aligned(8)));

	for (unsigned int seed = 1; seed < 500; seed++) {
		build(seed, a, b);
		assert_memory_equal(a, b, sizeof(a));
		walk(b + 16 + ((seed % 21 + 3) & ~3u), (int)((struct nlmsghdr *)(void *)b)->nlmsg_len -
						 16 - (int)((seed % 21 + 3) & ~3u));
	}
}

static void test_attribute_lengths(void **state)
{
	for (int nla_len = 0; nla_len < 12; nla_len++)
		for (int len = -5; len < 12; len++) {
			struct nlattr a = { .nla_len = (uint16_t)nla_len };

			assert_int_equal(small_ok(&a, len), real.ok(&a, len));
		}
}

static void test_socket(void **state)
{
	struct small_mnl_socket *nl = small_socket_open2(0, SOCK_CLOEXEC);
	struct nlmsghdr nlh = { .nlmsg_len = sizeof(nlh), .nlmsg_type = NLMSG_NOOP,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_seq = 7 };
	char reply[256] __attribute__((aligned(8)));
	int on = 1;

	assert_non_null(nl);
	if (!nl)
		return;	/* the compiler does not know that the assertion ends it */
	assert_int_equal(small_socket_bind(nl, 0, 0), 0);
	assert_int_not_equal(nl->addr.nl_pid, 0);
	assert_int_equal(small_socket_setsockopt(nl, 11, &on, sizeof(on)), 0);
	assert_int_equal(small_socket_setsockopt(nl, 9999, &on, sizeof(on)), -1);
	assert_int_equal(small_socket_sendto(nl, &nlh, sizeof(nlh)), sizeof(nlh));
	assert_true(recv(small_socket_get_fd(nl), reply, sizeof(reply), MSG_DONTWAIT) > 0);
	assert_int_equal(((struct nlmsghdr *)(void *)reply)->nlmsg_seq, 7);
	assert_int_equal(small_socket_close(nl), 0);
	assert_null(small_socket_open2(9999, 0));
}

/* --- jansson ------------------------------------------------------------------------ */

/* Both are given up; text or the lack of it must be the same. */
static void same(json_t *theirs, struct small_json_t *ours)
{
	for (size_t indent = 0; indent <= 2; indent += 2) {
		char *a = real.dumps(theirs, indent | REAL_ENCODE_ANY);
		char *b = small_json_dumps(ours, indent);

		assert_int_equal(!a, !b);
		if (a)
			assert_string_equal(a, b);
		free(a);
		free(b);
	}
	real_free(theirs);
	small_json_decref(ours);
}

static void test_strings(void **state)
{
	static const char *const texts[] = {
		"", "a", "/", "\"\\/\b\f\n\r\t", "\x01\x1f\x7f", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		"\xc3", "\xc3(", "\xa4", "\xc0\x80", "\xe0\x80\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xed\xa0\x80", "\xee\x80\x80", "\xf0\x80\x80\x80", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xef\xbf\xbd x",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		same(real.string(texts[i]), small_json_string(texts[i]));
	same(real.string(NULL), small_json_string(NULL));
	for (int c = 1; c < 256; c++) {
		char text[3] = { (char)c, 'x', '\0' };

		same(real.string(text), small_json_string(text));
	}
}

#define BOTH(...) same(real.pack(__VA_ARGS__), small_json_pack(__VA_ARGS__))

static void test_pack(void **state)
{
	BOTH("{}");
	BOTH("[]");
	BOTH("{s:s, s:o}", "a", "b", "c", NULL);
	BOTH("{s:s?, s:s?, s:b, s:b}", "a", "b", "c", NULL, "d", 0, "e", 7);
	BOTH("{s:i, s:I, s:n}", "a", -5, "b", 9223372036854775807ll, "c");
	BOTH("{s:{s:[i, i, s], s:{}}, s:[]}", "a", "b", 1, 2, "x", "c", "d");
	BOTH("[s, {s:s}, [[]]]", "x", "y", "z");
	BOTH("{s:s}", "a", NULL);
	BOTH("{s:s, s:s}", "a", "x", "a", "y");
	BOTH("{s:o?}", "a", NULL);
	BOTH("[s, s]", "good", "\xff");
	same(real.pack("{s:o, s:i}", "a", real.string("x"), "b", 1),
	     small_json_pack("{s:o, s:i}", "a", small_json_string("x"), "b", 1));
}

/* A key that is set again keeps its place; first, last, and in between. */
static void test_replace(void **state)
{
	static const char *const keys[] = { "a", "b", "c" };

	for (size_t i = 0; i < 3; i++) {
		json_t *theirs = real.pack("{s:i, s:i, s:i}", "a", 1, "b", 2, "c", 3);
		struct small_json_t *ours = small_json_pack("{s:i, s:i, s:i}", "a", 1, "b", 2, "c", 3);

		real.set_new(theirs, keys[i], real.string("new"));
		small_json_object_set_new(ours, keys[i], small_json_string("new"));
		real.set_new(theirs, "d", real.pack("[i]", 4));
		small_json_object_set_new(ours, "d", small_json_pack("[i]", 4));
		same(theirs, ours);
	}
}

static void test_loads(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", " [ 1 , -2,\"a\\\"b\\\\\", true, null ] ", "\"x\"", "17", "false",
		"{\"a\": {\"b\": [[], {}, {\"c\": \"d,e}\"}]}, \"f\": 18446744073}",
		"{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}\n", "{\"a\":\"\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		same(real.loads(texts[i], REAL_DECODE_ANY, NULL), small_json_loads(texts[i], 0, NULL));
}

/* Jansson computes with them and writes them in its own way. */
static bool has_fraction(const char *text)
{
	for (; *text; text++)
		if (text[0] >= '0' && text[0] <= '9' && text[1] && strchr(".eE", text[1]))
			return true;
	return false;
}

/* Both read it with the flags that libweir reads with: the same values, or refused for the same reason. */
static void read_both(const char *text, size_t len)
{
	size_t all = real_flags[0] | real_flags[1] | REAL_DECODE_ANY;
	small_json_error_t our_error;
	real_error their_error;
	json_t *theirs = real.loadb(text, len, all, &their_error);
	struct small_json_t *ours = small_json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &our_error);

	if (!theirs != !ours)
		fail_msg("\"%s\": jansson says \"%s\", small \"%s\"", text, theirs ? "" : their_error.text, ours ? "" : our_error.text);
	if (!theirs && (real_codes[our_error.code - 1] != real_code(&their_error) && our_error.code != json_error_invalid_syntax))
		fail_msg("\"%s\": jansson says \"%s\", small \"%s\"", text, their_error.text, our_error.text);
	if (!theirs && our_error.line != their_error.line)
		fail_msg("\"%s\": jansson says line %d, small %d", text, their_error.line, our_error.line);
	if (!has_fraction(text)) {
		same(theirs, ours);
		return;
	}
	real_free(theirs);
	small_json_decref(ours);
}

static void test_loads_damaged(void **state)
{
	static const char *const texts[] = {
		"", " ", "{\"a\": [1, \"x\\\"y\", {\"b\": null}]}", "[1,]", "[,1]", "{,}", "{\"a\":1,}", "{\"a\" 1}", "{1:2}", "[1 2]",
		"]", "}", "[}", "{]", "01", "-", "-01", "1.", "1.e1", ".5", "1e", "1e+", "1e-7", "-0", "-0.5e+3", "+1", "0x1",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"tru", "True", "truex", "nul", "nullnull", "true false", "{}{}", "'a'", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"",
		"\"\\u12g4\"", "\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"",
		"\"\\u0000x\"", "{\"\\u0000\": 1}", "\"a\nb\"", "\"a\tb\"", "\"/\b\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\xff\"",
		"\"\xc3\"", "\"\xc3\xa4\"", "\xc3\xa4", "{\"a\":1,\"a\":2}", "{\"a\":{\"a\":1},\"b\":{\"a\":2}}", "[1]x", "[1]\x01",
		"\f1", "/*x*/1", "[\n1,\n\n x]", "{\"a\":\n\n tru}", "[\"a\":1]", "{\"a\":1 \"b\":2}", "[[[[[[[[]]]]]]]", "NaN", "Infinity",
	};
	char deep[5000];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t len = 0; len <= strlen(texts[i]); len++) {
			char *cut = strndup(texts[i], len);	/* so that reading past its end is noticed */

			read_both(cut, len);
			free(cut);
		}
	read_both("[\0]", 3);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	read_both(deep, sizeof(deep) - 1);
	assert_null(small_json_loads(NULL, 0, NULL));
}

/* Any change of a byte of a text that is right. */
static void test_loads_anything(void **state)
{
	static const char whole[] = "{\"a\": [1, -2.5e3, \"x\\\"\\u00e4\", {\"b\": null}], \"c\": true,\n \"d\": \"\"}";
	static const char bytes[] = "{}[]:,\"\\0-.eutn \x7f\xc3";
	char text[sizeof(whole)];

	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			memcpy(text, whole, sizeof(whole));
			text[i] = bytes[k];
			read_both(text, sizeof(whole) - 1);
		}
}

/* Where they say what they expected, they say it at the same place. */
static void test_loads_columns(void **state)
{
	static const char *const texts[] = {
		"{\n  \"name\": \"n\",\n}", "{\"name\":\"n\"", "{\"name\":\"n\"}}", "{\"name\":\"n\"} x", "{'name':\"n\"}",
		"{\"name\":n}", "{\"a\":1,\"a\":2}", "{\"a\" 1}", "[\"\xc3\xa4\", x]", "[1 22]", "[1 \"ab\"]", "99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		small_json_error_t our_error;
		real_error their_error;

		assert_null(real.loadb(texts[i], strlen(texts[i]), real_flags[0], &their_error));
		assert_null(small_json_loadb(texts[i], strlen(texts[i]), JSON_REJECT_DUPLICATES, &our_error));
		assert_int_equal(our_error.line, their_error.line);
		if (our_error.column != their_error.column || strcmp(our_error.text, their_error.text) != 0)
			fail_msg("%s: column %d: %s; jansson: column %d: %s", texts[i], our_error.column, our_error.text,
				 their_error.column, their_error.text);
	}
}

/* What is asked of a value that was read. */
static void test_values(void **state)
{
	static const char text[] = "[{\"a\": 1, \"b\": \"x\\u0000y\"}, [1, 2, 3], \"text\", -17, 1.5, true, false, null, []]";
	json_t *theirs = real.loadb(text, strlen(text), real_flags[1], NULL);
	struct small_json_t *ours = small_json_loads(text, JSON_ALLOW_NUL, NULL), *value;
	const char *key;
	size_t n = 0, i = 0;

	assert_non_null(ours);
	for (const struct small_json_t *v = ours ? ours->first : NULL; v; v = v->next, i++) {
		struct seen seen = look(real_item(theirs, i));

		assert_ptr_equal(json_array_get(ours, i), v);
		assert_int_equal(json_typeof(v), seen.type);
		assert_int_equal(json_is_array(v) ? json_array_size(v) : 0, seen.n);
		assert_int_equal(json_is_integer(v) ? json_integer_value(v) : 0, seen.number);
		if (json_is_string(v))
			assert_memory_equal(v->text, seen.text, seen.len + 1);
	}
	assert_int_equal(json_array_size(ours), look(theirs).n);
	json_object_foreach(json_array_get(ours, 0), key, value)
		n += *key == 'a' ? 1 : 10 * json_string_length(value);
	assert_int_equal(n, 31);
	assert_null(json_object_get(json_array_get(ours, 0), "c"));
	assert_null(json_array_get(ours, 9));
	small_json_decref(ours);
	real_free(theirs);
}

/* --- libc ------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) static void print_both(const char *format, ...)
{
	char *text[2] = { NULL, NULL };
	size_t len;
	int n[2];

	for (int i = 0; i < 2; i++) {
		FILE *f = open_memstream(&text[i], &len);
		va_list ap;

		va_start(ap, format);
		n[i] = (i ? small_vfprintf : vfprintf)(f, format, ap);
		va_end(ap);
		fclose(f);
	}
	assert_string_equal(text[1], text[0]);
	assert_int_equal(n[1], n[0]);
	for (size_t size = 0; size < 700; size = 2 * size + 1) {
		char cut[2][704];

		memset(cut, 'x', sizeof(cut));
		for (int i = 0; i < 2; i++) {
			va_list ap;

			va_start(ap, format);
			n[i] = (i ? small_vsnprintf : vsnprintf)(cut[i], size, format, ap);
			va_end(ap);
		}
		assert_int_equal(n[1], n[0]);
		assert_memory_equal(cut[1], cut[0], sizeof(cut[0]));
	}
	free(text[0]);
	free(text[1]);
}

static void test_print(void **state)
{
	static const long long values[] = { 0, 1, -1, 7, 255, 4096, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN };
	char *longer = calloc(1, 2001);

	assert_non_null(longer);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		print_both("%d %u %x %X %o", (int)values[i], (unsigned int)values[i], (unsigned int)values[i],
			   (unsigned int)values[i], (unsigned int)values[i]);
		print_both("%ld %lu %lx|%lld %llu %llx|%zu", (long)values[i], (unsigned long)values[i], (unsigned long)values[i],
			   values[i], (unsigned long long)values[i], (unsigned long long)values[i], (size_t)values[i]);
		print_both("%5d|%-5d|%05d|%.3d|%*d|%02x|%04X|%06x", (int)values[i], (int)values[i], (int)values[i],
			   (int)values[i], (int)(i * 3), (int)values[i], (unsigned int)values[i], (unsigned int)values[i],
			   (unsigned int)values[i]);
		print_both("%.*s|%*s|%-8s|%.2s|%c%%", (int)i, "some text", (int)i * 2, "x", "left", "cut", 'a' + (int)i);
	}
	print_both("%s", "");
	print_both("plain");
	memset(longer, 'x', 2000);
	print_both("%s and %s", longer, longer);
	free(longer);
}

static void read_address_both(int family, const char *text)
{
	uint8_t theirs[16] = "unread", ours[16] = "unread";
	int r = inet_pton(family, text, theirs);

	if (small_inet_pton(family, text, ours) != r || memcmp(ours, theirs, sizeof(ours)) != 0)
		fail_msg("\"%s\": libc says %d", text, r);
}

static void write_address_both(int family, const uint8_t address[16])
{
	static const char letters[] = "0123456789abcdefF:.x ";
	char theirs[INET6_ADDRSTRLEN], ours[INET6_ADDRSTRLEN];

	assert_non_null(inet_ntop(family, address, theirs, sizeof(theirs)));
	assert_ptr_equal(small_inet_ntop(family, address, ours, sizeof(ours)), ours);
	assert_string_equal(ours, theirs);
	assert_null(small_inet_ntop(family, address, ours, strlen(theirs)));
	for (int i = 0; i < 4; i++) {
		read_address_both(family, theirs);
		theirs[(size_t)rand() % strlen(theirs)] = letters[(size_t)rand() % (sizeof(letters) - 1)];
	}
}

/* Addresses with many zeros, what is written of them and the same damaged; and text that is like some. */
static void test_addresses(void **state)
{
	static const char letters[] = "01289afF:::..x ";
	char text[24];

	for (int round = 0; round < 50000; round++) {
		uint8_t address[16];
		size_t n = (size_t)rand() % sizeof(text);

		for (size_t i = 0; i < 16; i++)
			address[i] = rand() % 3 ? 0 : rand() % 3 ? (uint8_t)rand() : 0xff;
		write_address_both(AF_INET6, address);
		memset(address, 0, (size_t)rand() % 13);
		write_address_both(AF_INET6, address);
		write_address_both(AF_INET, address);
		for (size_t i = 0; i < n; i++)
			text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		text[n] = '\0';
		read_address_both(AF_INET, text);
		read_address_both(AF_INET6, text);
	}
	read_address_both(AF_INET6, "1:2:3:4:5:6:7:8::");
	read_address_both(AF_INET6, "1:2:3:4:5:6:7::");
	read_address_both(AF_INET6, "::ffff:1.2.3.4");
}

struct piece {
	unsigned char *memory;
	size_t size;
	unsigned char mark;
};

/* Every byte is what was written there when the piece was made or grew: no two pieces have one in common. */
static void check_piece(const struct piece *p)
{
	assert_int_equal((uintptr_t)p->memory % 16, 0);
	for (size_t i = 0; i < p->size; i++)
		if (p->memory[i] != p->mark)
			fail_msg("byte %zu of %zu was written by somebody else", i, p->size);
}

static size_t any_size(void)
{
	return (size_t)rand() % (rand() % 20 ? 200 : rand() % 20 ? 20000 : 300000);
}

static void change_piece(struct piece *p)
{
	const size_t size = any_size(), kept = size < p->size ? size : p->size;

	if (p->memory && rand() % 3 == 0) {
		small_free(p->memory);
		*p = (struct piece){ 0 };
		return;
	}
	if (p->memory || rand() % 2) {
		p->memory = small_realloc(p->memory, size);
		p->size = kept;
	} else {
		p->memory = small_calloc(size, 1);
		p->size = size;
		p->mark = 0;
	}
	assert_non_null(p->memory);
	check_piece(p);
	p->size = size;
	p->mark = (unsigned char)(1 + rand() % 255);
	memset(p->memory, p->mark, size);
}

static void test_memory(void **state)
{
	struct piece pieces[150] = { { 0 } };

	for (int round = 0; round < 20000; round++) {
		struct piece *p = &pieces[(size_t)rand() % 150];

		check_piece(p);
		change_piece(p);
	}
	for (size_t i = 0; i < 150; i++) {
		check_piece(&pieces[i]);
		small_free(pieces[i].memory);
	}
	/* What is left is whole chunks, none of them a large one. */
	for (struct block *b = free_blocks; b; b = b->next)
		assert_true(!b->before && b->size == ((CHUNK - HEADER) | IS_FREE));
	errno = 0;
	assert_null(small_malloc(SIZE_MAX));
	assert_null(small_malloc(PTRDIFF_MAX));
	assert_null(small_calloc(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	small_free(NULL);
}

/* A list that grows by one item at a time, beside others, is not copied each time. */
static void test_memory_grows(void **state)
{
	void *list = NULL, *others[4000];
	size_t n_moved = 0;

	for (size_t i = 0; i < 4000; i++) {
		void *more = small_realloc(list, (i + 1) * 48);

		assert_non_null(more);
		n_moved += more != list;
		list = more;
		others[i] = small_malloc(20);
	}
	assert_true(n_moved < 100);
	for (size_t i = 0; i < 4000; i++)
		small_free(others[i]);
	small_free(list);
}

static int by_byte(const void *a, const void *b, void *arg)
{
	++*(size_t *)arg;
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

static void test_sort(void **state)
{
	unsigned char items[300][3];

	for (unsigned int n = 0; n < 300; n++) {
		size_t sum = 0, after = 0, n_compared = 0;

		for (unsigned int i = 0; i < n; i++) {
			items[i][0] = (unsigned char)(n % 3 == 0 ? i : n % 3 == 1 ? 255 - i : (unsigned int)rand());
			items[i][1] = (unsigned char)(items[i][0] ^ 0x55);
			sum += items[i][0];
		}
		small_qsort_r(items, n, 3, by_byte, &n_compared);
		for (unsigned int i = 0; i < n; i++) {
			assert_true(!i || items[i - 1][0] <= items[i][0]);
			assert_int_equal(items[i][1], items[i][0] ^ 0x55);
			after += items[i][0];
		}
		assert_int_equal(after, sum);
		assert_true(n_compared <= 20ul * n);
	}
}

static void test_numbers(void **state)
{
	static const char *const texts[] = {
		"", " ", "0", "7", "-7", "+7", "007", "08", "0x1f", "0X1F", "0x", "0xg", "-0x10", " \t\n12z", "--1", "1f", "zz",
		"18446744073709551615", "18446744073709551616", "-18446744073709551615", "9223372036854775807",
		"9223372036854775808", "-9223372036854775808", "-9223372036854775809", "99999999999999999999999",
	};
	static const int bases[] = { 0, 10, 16 };

	for (size_t i = 0; i < 3 * sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = texts[i / 3];
		char *end, *our_end;
		unsigned long long u;
		long long s;
		int e;

		errno = 0;
		u = strtoull(text, &end, bases[i % 3]);
		e = errno;
		errno = 0;
		assert_true(small_strtoull(text, &our_end, bases[i % 3]) == u);
		assert_ptr_equal(our_end, end);
		assert_int_equal(errno, e);
		errno = 0;
		s = strtoll(text, &end, bases[i % 3]);
		e = errno;
		errno = 0;
		assert_true(small_strtoll(text, &our_end, bases[i % 3]) == s);
		assert_ptr_equal(our_end, end);
		assert_int_equal(errno, e);
	}
	assert_true(small_strtoull("12", NULL, 10) == 12);
	assert_string_equal(small_strstr("abcabd", "abd"), "abd");
	assert_string_equal(small_strstr("abc", ""), "abc");
	assert_null(small_strstr("abc", "abcd"));
	assert_null(small_strstr("", "a"));
}

/* What we scan, whole, cut anywhere, and with other things in it: the same number and the same values. */
static void test_scan(void **state)
{
	static const char *const texts[] = {
		"weir-ifb17", "ifb -3 4 abc,def", "class 1a 18446744073709551615 7 8 9 10", "floors 7 7765 2 1",
		"weir 77650010 to 12", "6.12.95-amd64", "241:12\n", "  5 6", "", "-", "x", "1:", "+7 x",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t len = 0; len <= strlen(texts[i]); len++) {
			char *cut = strndup(texts[i], len);
			struct scanned { unsigned int u[4]; unsigned long l; unsigned long long ll; char s[252]; } a, b;

#define SCAN(format, ...) \
	do { \
		memset(&a, 0, sizeof(a)); \
		memset(&b, 0, sizeof(b)); \
		struct scanned *v = &a; \
		int r = sscanf(cut, format, __VA_ARGS__); /* -1 where nothing is left */ \
		v = &b; \
		if (small_sscanf(cut, format, __VA_ARGS__) != (r < 0 ? 0 : r) || memcmp(&a, &b, sizeof(a)) != 0) \
			fail_msg("\"%s\" of \"%s\": libc says %d", format, cut, r); \
	} while (0)
			SCAN("weir-ifb%u", &v->u[0]);
			SCAN("ifb %d %u %251s", (int *)&v->u[0], &v->u[1], v->s);
			SCAN("class %x %llu %lu %u", &v->u[0], &v->ll, &v->l, &v->u[1]);
			SCAN("floors %d %x %d %d", (int *)&v->u[0], &v->u[1], (int *)&v->u[2], (int *)&v->u[3]);
			SCAN("weir %x to %d", &v->u[0], (int *)&v->u[1]);
			SCAN("%u.%u", &v->u[0], &v->u[1]);
			SCAN("%u:%u%n", &v->u[0], &v->u[1], (int *)&v->u[2]);
			free(cut);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages), cmocka_unit_test(test_attribute_lengths),
		cmocka_unit_test(test_socket),	 cmocka_unit_test(test_strings),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_memory),	 cmocka_unit_test(test_memory_grows),
		cmocka_unit_test(test_pack),	 cmocka_unit_test(test_print),
		cmocka_unit_test(test_replace),	 cmocka_unit_test(test_loads),
		cmocka_unit_test(test_loads_damaged), cmocka_unit_test(test_loads_anything),
		cmocka_unit_test(test_loads_columns), cmocka_unit_test(test_values),
		cmocka_unit_test(test_scan), cmocka_unit_test(test_sort), cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
