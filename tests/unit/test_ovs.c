/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Open vSwitch's database is asked: the rows of a port for each kind of vlans
 * and virtualports, the operations between two states; and a server on a pair of
 * sockets that answers in pieces, late, wrongly or not at all.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/clock.h"
#include "ovs/ovs.h"
#include "ovs/plan.h"

/* ' stands for ". */
static json_t *parsed(const char *text)
{
	char *copy = strdup(text);
	json_error_t bad;
	json_t *j;

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	j = json_loads(copy, JSON_DECODE_ANY, &bad);
	if (!j)
		fail_msg("%s: %s", text, bad.text);
	free(copy);
	return j;
}

/* Takes both. */
static void assert_json(json_t *is, json_t *expected, const char *what)
{
	char *a = json_dumps(is, JSON_ENCODE_ANY | JSON_SORT_KEYS);
	char *b = json_dumps(expected, JSON_ENCODE_ANY | JSON_SORT_KEYS);

	if (!json_equal(is, expected))
		fail_msg("%s:\n%s\nand not\n%s", what, a, b);
	free(a);
	free(b);
	json_decref(is);
	json_decref(expected);
}

/* --- rows ------------------------------------------------------------------------------------------- */

static void vlans(void **state)
{
	static const struct {
		struct weir_vlan_tag tags[2];
		size_t n;
		bool is_trunk;
		const char *tag, *trunks, *mode;
	} cases[] = {
		{ { { 0 } }, 0, false, "['set',[]]", "['set',[]]", "['set',[]]" },
		{ { { 7, 0 } }, 1, false, "7", "['set',[]]", "['set',[]]" },
		{ { { 7, 0 } }, 1, true, "['set',[]]", "['set',[7]]", "['set',[]]" },
		{ { { 7, 0 }, { 9, 0 } }, 2, true, "['set',[]]", "['set',[7,9]]", "['set',[]]" },
		{ { { 7, 0 }, { 9, WEIR_NATIVE_TAGGED } }, 2, true, "9", "['set',[7,9]]", "'native-tagged'" },
		{ { { 7, WEIR_NATIVE_UNTAGGED }, { 9, 0 } }, 2, true, "7", "['set',[7,9]]", "'native-untagged'" },
		{ { { 5, WEIR_NATIVE_TAGGED } }, 1, false, "5", "['set',[]]", "'native-tagged'" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_port p = { .sz = sizeof(p), .name = "vnet0",
				       .vlan = { cases[i].is_trunk, (struct weir_vlan_tag *)cases[i].tags, cases[i].n } };
		json_t *doc = wr_ovs_wanted(&p), *port = json_object_get(doc, "port");
		char what[32];

		snprintf(what, sizeof(what), "case %zu", i);
		assert_json(json_incref(json_object_get(port, "tag")), parsed(cases[i].tag), what);
		assert_json(json_incref(json_object_get(port, "trunks")), parsed(cases[i].trunks), what);
		assert_json(json_incref(json_object_get(port, "vlan_mode")), parsed(cases[i].mode), what);
		json_decref(doc);
	}
}

#define ID "3f5c2a10-9c5e-4a57-8a6e-0d3b0c6ad901"
#define VM "11111111-2222-4333-8444-555555555555"
#define NO "['set',[]]"
#define PORT_ROW                                                                                   \
	"'port':{'tag':" NO ",'trunks':" NO ",'vlan_mode':" NO ",'qos':" NO                         \
	",'other_config':['map',[['transient','true']]],'external_ids':['map',[['weir','vnet0']]]}"

static struct weir_port some_port(void)
{
	return (struct weir_port){ .sz = sizeof(struct weir_port), .name = "vnet0", .bridge = "br0",
				   .mac = { 0x52, 0x54, 0, 0xa, 0xb, 0xc },
				   .virtualport = { .type = WEIR_VIRTUALPORT_OPENVSWITCH, .interfaceid = ID } };
}

static void identities(void **state)
{
	struct weir_port p = some_port();

	assert_json(wr_ovs_wanted(&p),
		    parsed("{" PORT_ROW ",'interface':{'ingress_policing_rate':0,'ingress_policing_burst':0,"
			   "'external_ids':['map',[['attached-mac','52:54:00:0a:0b:0c'],['iface-id','" ID "'],"
			   "['iface-status','active']]]}}"), "without a guest");
	wr_copy(p.owner_uuid, sizeof(p.owner_uuid), VM);
	wr_copy(p.virtualport.profileid, sizeof(p.virtualport.profileid), "gold");
	p.bandwidth.inbound = (struct weir_rate){ 1000000, 0, 65536, 0 };
	p.bandwidth.outbound = (struct weir_rate){ 500001, 0, 1000, 0 };
	assert_json(wr_ovs_wanted(&p),
		    parsed("{" PORT_ROW ",'interface':{'ingress_policing_rate':4001,'ingress_policing_burst':8,"
			   "'external_ids':['map',[['attached-mac','52:54:00:0a:0b:0c'],['iface-id','" ID "'],"
			   "['vm-id','" VM "'],['iface-status','active'],['port-profile','gold']]]},"
			   "'qos':{'type':'linux-htb','external_ids':['map',[['weir','vnet0'],['ifname','vnet0'],['vm-id','" VM "']]],"
			   "'other_config':['map',[['min-rate','8000000'],['max-rate','8000000'],['burst','524288']]]},"
			   "'queue':{'external_ids':['map',[['weir','vnet0'],['ifname','vnet0'],['vm-id','" VM "']]],"
			   "'other_config':['map',[['min-rate','8000000'],['max-rate','8000000'],['burst','524288']]]}}"),
		    "with everything");
}

/* --- from one state to another ------------------------------------------------------------------------ */

#define B "['uuid','bbbbbbbb-0000-4000-8000-000000000000']"
#define P "['uuid','aaaaaaaa-0000-4000-8000-000000000000']"
#define I "['uuid','cccccccc-0000-4000-8000-000000000000']"
#define Q "['uuid','dddddddd-0000-4000-8000-000000000000']"
#define U "['uuid','eeeeeeee-0000-4000-8000-000000000000']"
#define BRIDGE(ports) "{'rows':[{'_uuid':" B ",'name':'br0','ports':" ports "}]}"
#define EMPTY "{'rows':[]}"
#define OF(ids, qos) "{'rows':[{'_uuid':" P ",'tag':7,'qos':" qos ",'external_ids':['map',[" ids "]]}]}"
#define IFACE "{'rows':[{'_uuid':" I ",'type':'','external_ids':['map',[]]}]}"
#define LIMIT(uuid) "{'rows':[{'_uuid':" uuid ",'other_config':['map',[]]}]}"
#define ACTION                                                                                     \
	"{'op':'mutate','table':'Open_vSwitch','where':[],'mutations':[['next_cfg','+=',1]]},"      \
	"{'op':'select','table':'Open_vSwitch','where':[],'columns':['next_cfg']}"
#define GUARD(rows) "{'op':'wait','table':'Port','where':[['name','==','vnet0']],'columns':['_uuid'],'until':'==','rows':" rows ",'timeout':0}"
#define GUARD_BRIDGE "{'op':'wait','table':'Bridge','where':[['_uuid','=='," B "]],'columns':['name'],'until':'==','rows':[{'name':'br0'}],'timeout':0}"
#define KEYS "['set',['weir','transient','attached-mac','iface-id','vm-id','iface-status','port-profile']]"
#define WANT "{'port':{'tag':8,'qos':" NO ",'external_ids':['map',[['weir','vnet0']]]},'interface':{'type':''}}"

static const struct {
	const char *name, *rows, *want, *ops, *document;
} changes[] = {
	{ "nothing stays nothing", "[" BRIDGE("['set',[]]") "," EMPTY "," EMPTY "," EMPTY "," EMPTY "]", "null", "[]", "null" },
	{ "a new one", "[" BRIDGE("['set',[]]") "," EMPTY "," EMPTY "," EMPTY "," EMPTY "]", WANT,
	  "[" GUARD("[]") "," GUARD_BRIDGE ","
	  "{'op':'insert','table':'Interface','uuid-name':'interface','row':{'name':'vnet0','type':''}},"
	  "{'op':'insert','table':'Port','uuid-name':'port','row':{'name':'vnet0','tag':8,'qos':" NO ","
	  "'external_ids':['map',[['weir','vnet0']]],'interfaces':['named-uuid','interface']}},"
	  "{'op':'mutate','table':'Bridge','where':[['_uuid','=='," B "]],'mutations':[['ports','insert',['set',[['named-uuid','port']]]]]},"
	  ACTION "]", "null" },
	{ "one with limits that goes", "[" BRIDGE(P) "," OF("['weir','vnet0']", Q) "," IFACE "," LIMIT(Q) "," LIMIT(U) "]", "null",
	  "[" GUARD("[{'_uuid':" P "}]") ",{'op':'delete','table':'QoS','where':[['_uuid','=='," Q "]]},"
	  "{'op':'delete','table':'Queue','where':[['_uuid','=='," U "]]},"
	  "{'op':'update','table':'Port','where':[['_uuid','=='," P "]],'row':{'qos':" NO "}},"
	  "{'op':'mutate','table':'Bridge','where':[['ports','includes'," P "]],'mutations':[['ports','delete',['set',[" P "]]]]},"
	  ACTION "]",
	  "{'port':{'tag':7,'qos':" NO ",'external_ids':['map',[['weir','vnet0']]]},'interface':{'type':'','external_ids':['map',[]]},"
	  "'qos':{'other_config':['map',[]]},'queue':{'other_config':['map',[]]}}" },
	{ "somebody's that is taken over", "[" BRIDGE("['set',[" U "," P "]]") "," OF("['a','b']", Q) "," IFACE "," EMPTY "," EMPTY "]", WANT,
	  "[" GUARD("[{'_uuid':" P "}]") "," GUARD_BRIDGE ","
	  "{'op':'update','table':'Port','where':[['_uuid','=='," P "]],'row':{'tag':8,'qos':" NO "}},"
	  "{'op':'mutate','table':'Port','where':[['_uuid','=='," P "]],'mutations':"
	  "[['external_ids','delete'," KEYS "],['external_ids','insert',['map',[['weir','vnet0']]]]]},"
	  "{'op':'update','table':'Interface','where':[['_uuid','=='," I "]],'row':{'type':''}},"
	  "{'op':'mutate','table':'Interface','where':[['_uuid','=='," I "]],'mutations':[]},"
	  ACTION "]",
	  "{'port':{'tag':7,'qos':" Q ",'external_ids':['map',[['a','b']]]},'interface':{'type':'','external_ids':['map',[]]}}" },
};

static void from_one_to_another(void **state)
{
	for (size_t i = 0; i < WR_COUNT(changes); i++) {
		wr_auto(json) json_t *rows = parsed(changes[i].rows), *want = parsed(changes[i].want);
		wr_auto(ovs_state) struct wr_ovs_state s = { 0 };

		assert_int_equal(wr_ovs_read(&s, rows, NULL), 0);
		assert_json(wr_ovs_change(&s, "vnet0", want), parsed(changes[i].ops), changes[i].name);
		assert_json(wr_ovs_document(&s), parsed(changes[i].document), changes[i].name);
	}
}

/* A document that is restored has the same limits again, as rows of new names. */
static void limits_come_back(void **state)
{
	wr_auto(json) json_t *rows = parsed("[" BRIDGE(NO) "," EMPTY "," EMPTY "," EMPTY "," EMPTY "]");
	wr_auto(json) json_t *want = parsed("{'port':{'qos':" NO "},'interface':{},'qos':{'type':'linux-htb'},'queue':{}}");
	wr_auto(json) json_t *ops = NULL;
	wr_auto(ovs_state) struct wr_ovs_state s = { 0 };

	assert_int_equal(wr_ovs_read(&s, rows, NULL), 0);
	ops = wr_ovs_change(&s, "vnet0", want);
	assert_json(json_incref(json_array_get(ops, 3)),
		    parsed("{'op':'insert','table':'QoS','uuid-name':'qos','row':{'type':'linux-htb',"
			   "'queues':['map',[[0,['named-uuid','queue']]]]}}"), "QoS");
	assert_json(json_incref(json_object_get(json_object_get(json_array_get(ops, 5), "row"), "qos")),
		    parsed("['named-uuid','qos']"), "Port.qos");
}

static void whose_it_is(void **state)
{
	wr_auto(json) json_t *ours = parsed("[" BRIDGE(P) "," OF("['weir','vnet0']", NO) "," IFACE "," EMPTY "," EMPTY "]");
	wr_auto(json) json_t *theirs = parsed("[" BRIDGE("['set',[" Q "]]") "," OF("['x','vnet0']", NO) "," IFACE "," EMPTY "," EMPTY "]");
	wr_auto(json) json_t *wrong = parsed("[" BRIDGE(P) ",{}]");
	wr_auto(json) json_t *odd = parsed("[{'rows':[7]}," OF("[1,2],'x',[]", "7") ",{'rows':[{}]}," EMPTY "," EMPTY "]");
	wr_auto(ovs_state) struct wr_ovs_state a = { 0 }, b = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(wr_ovs_read(&a, ours, NULL), 0);
	assert_true(a.is_ours && !a.is_elsewhere);
	assert_int_equal(wr_ovs_read(&b, theirs, NULL), 0);
	assert_true(!b.is_ours && b.is_elsewhere);
	assert_int_equal(wr_ovs_read(&b, wrong, &err), -EPROTO);
	wr_ovs_state_done(&b);
	assert_int_equal(wr_ovs_read(&b, odd, &err), 0);
	assert_true(!b.is_ours && b.is_elsewhere);
}

static void plans(void **state)
{
	static const char after[] = "{\"port\":{\"tag\":7,\"trunks\":[\"set\",[7,9]],\"vlan_mode\":[\"set\",[]],\"qos\":[\"set\",[]]},"
				    "\"interface\":{\"external_ids\":[\"map\",[[\"a\",\"b c\"]]]},\"qos\":{\"type\":\"linux-htb\"},"
				    "\"queue\":{\"other_config\":[\"map\",[[\"min-rate\",\"8\"]]]}}";
	char *add = wr_ovs_plan("/s", "br0", "p", "null", after);
	char *del = wr_ovs_plan("/s", "br0", "p", after, "null");

	assert_string_equal(add, "ovs-vsctl --db=unix:/s --may-exist add-port br0 p -- set Interface p 'external_ids:a=b c'"
				 " -- set Port p tag=7 trunks=7,9 'vlan_mode=[]' qos=@qos"
				 " -- --id=@queue create Queue other_config:min-rate=8"
				 " -- --id=@qos create QoS queues:0=@queue type=linux-htb");
	assert_memory_equal(del, "ovs-vsctl --db=unix:/s --if-exists del-port p\n", 46);
	assert_non_null(strstr(del, "destroy QoS"));
	free(add);
	free(del);
}

/* --- a server ---------------------------------------------------------------------------------------- */

struct server {
	int fds[2];
	const char *answers;
	bool in_pieces, closes;
	pthread_t thread;
};

/* Whatever it is asked, it says what it was told to say. */
static void *serve(void *arg)
{
	struct server *s = arg;
	size_t len = strlen(s->answers), step = s->in_pieces ? 1 : len;

	for (size_t i = 0; i < len; i += step)
		if (send(s->fds[1], s->answers + i, step, MSG_NOSIGNAL) < 0)
			break;
	if (s->closes)
		shutdown(s->fds[1], SHUT_WR);
	return NULL;
}

static void server_start(struct server *s, struct wr_rpc *rpc, int timeout_ms)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s->fds), 0);
	*rpc = (struct wr_rpc){ .fd = s->fds[0], .path = "fake", .deadline_ms = wr_now_ms() + timeout_ms };
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_end(struct server *s, struct wr_rpc *rpc)
{
	pthread_join(s->thread, NULL);
	wr_rpc_close(rpc);
	close(s->fds[1]);
}

static int ask(struct server *s, int timeout_ms, json_t **ret, struct weir_error *err)
{
	struct wr_rpc rpc;
	int r;

	server_start(s, &rpc, timeout_ms);
	r = wr_ovsdb_transact(&rpc, parsed("[{'op':'insert','table':'Port'},{'op':'select','table':'QoS'}]"), ret, err);
	server_end(s, &rpc);
	return r;
}

static void answers(void **state)
{
	static const struct {
		const char *answers;
		int code;
		const char *attr, *text;
		bool closes;
		int timeout_ms;
	} cases[] = {
		{ "{\"id\":1,\"error\":null,\"result\":[{},{\"rows\":[]}]}", 0, "", "", false, 60000 },
		{ "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[\"]}\\\"\"]} {\"id\":7,\"result\":[],\"error\":null}\n"
		  "{\"id\":1,\"error\":null,\"result\":[{},{\"rows\":[]}]}", 0, "", "", false, 60000 },
		{ "{\"id\":1,\"error\":null,\"result\":[{\"error\":\"constraint violation\",\"details\":\"4096 is not valid\"},null]}",
		  -EINVAL, "Port", "ovsdb-server refused to insert: constraint violation: 4096 is not valid", false, 60000 },
		{ "{\"id\":1,\"error\":null,\"result\":[{},{\"error\":\"timed out\"}]}", -EAGAIN, "QoS", "timed out", false, 60000 },
		{ "{\"id\":1,\"error\":null,\"result\":[{},{},{\"error\":\"referential integrity violation\"}]}", -EBUSY, "",
		  "refused to commit: referential integrity violation", false, 60000 },
		{ "{\"id\":1,\"error\":null,\"result\":[{},{},{\"error\":\"what nobody knows\"}]}", -EPROTO, "", "nobody knows", false, 60000 },
		{ "{\"id\":1,\"result\":null,\"error\":{\"error\":\"unknown database\"}}", -EPROTO, "", "unknown database", false, 60000 },
		{ "{\"id\":1,\"result\":[{}],\"error\":null}", -EPROTO, "", "missing", false, 60000 },
		{ "{\"id\":1,\"result\":[{},", -ECONNRESET, "", "closed", true, 60000 },
		{ "{\"id\":1,\"result\":[{},", -ETIME, "", "no answer in time", false, 30 },
		{ "{\"id\":1,]", -EPROTO, "", "no JSON-RPC", true, 60000 },
		{ "[1]", -EPROTO, "", "no JSON-RPC", true, 60000 },
	};

	for (size_t i = 0; i < 2 * WR_COUNT(cases); i++) {
		struct server s = { .answers = cases[i / 2].answers, .in_pieces = i & 1, .closes = cases[i / 2].closes };
		struct weir_error err = WEIR_ERROR_INIT;
		wr_auto(json) json_t *results = NULL;
		int r = ask(&s, cases[i / 2].timeout_ms, &results, &err);

		if (r != cases[i / 2].code || strcmp(err.attr, cases[i / 2].attr) || !strstr(err.msg, cases[i / 2].text))
			fail_msg("answer %zu: %d %s: %s", i / 2, r, err.attr, err.msg);
		assert_int_equal(err.code, r);
	}
}

/* cur_cfg comes nearer in two steps; and a switch that never acts. */
static void waiting(void **state)
{
	struct server s = { .answers = "{\"id\":1,\"error\":null,\"result\":[{\"rows\":[{\"cur_cfg\":4}]}]}"
				       "{\"id\":2,\"error\":null,\"result\":[{},{\"rows\":[{\"cur_cfg\":5}]}]}"
				       "{\"id\":3,\"error\":null,\"result\":[{},{\"rows\":[{\"cur_cfg\":9}]}]}" };
	struct server dead = { .answers = "{\"id\":1,\"error\":null,\"result\":[{\"rows\":[{\"cur_cfg\":4}]}]}"
					  "{\"id\":2,\"error\":null,\"result\":[{\"error\":\"timed out\"},null]}" };
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_rpc rpc;

	server_start(&s, &rpc, 60000);
	assert_int_equal(wr_ovsdb_wait(&rpc, 8, &err), 0);
	server_end(&s, &rpc);
	server_start(&dead, &rpc, 60000);
	assert_int_equal(wr_ovsdb_wait(&rpc, 8, &err), -ETIME);
	assert_non_null(strstr(err.msg, "cur_cfg 4, next_cfg 8"));
	server_end(&dead, &rpc);
}

static void nobody_there(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char path[256] = "/nowhere/";
	struct wr_rpc rpc;

	assert_int_equal(wr_rpc_open(&rpc, "/nowhere/db.sock", 100, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nowhere/db.sock"));
	memset(path + 9, 'x', 200);
	assert_int_equal(wr_rpc_open(&rpc, path, 100, &err), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vlans),    cmocka_unit_test(identities),	cmocka_unit_test(from_one_to_another),
		cmocka_unit_test(limits_come_back), cmocka_unit_test(whose_it_is), cmocka_unit_test(plans),
		cmocka_unit_test(answers),  cmocka_unit_test(waiting),		cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
