/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port profiles in messages (lib/link/profile_msg.c). There is neither hardware
 * nor another program at hand that would send such messages here, so these bytes
 * are written by hand from the kernel's <linux/if_link.h> (0x80: NLA_F_NESTED); with a peer that plays
 * lldpad: tests/netns/test_profile.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <weir/txn.h>
#include <weir/weir.h>

#include "link/profile.h"

/* clang-format off */
static const uint8_t qbh_self[] = {
	0x60, 0, 0, 0,  0x13, 0,  1, 0,  0, 0, 0, 0,  0, 0, 0, 0,	/* RTM_SETLINK, a request */
	0, 0, 0, 0,  7, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,		/* of link 7 */
	0x40, 0, 25, 0x80,						/* IFLA_PORT_SELF */
	  0x0b, 0, 2, 0,  'g', 'u', 'e', 's', 't', 's', 0,  0,		/* IFLA_PORT_PROFILE, with its zero */
	  0x14, 0, 4, 0,  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,	/* IFLA_PORT_INSTANCE_UUID */
	  0x14, 0, 5, 0,  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,	/* IFLA_PORT_HOST_UUID */
	  5, 0, 6, 0,  2, 0, 0, 0,					/* IFLA_PORT_REQUEST: associate */
};
static const uint8_t qbh_vf[] = {
	0x74, 0, 0, 0,  0x13, 0,  1, 0,  0, 0, 0, 0,  0, 0, 0, 0,
	0, 0, 0, 0,  7, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,
	0x30, 0, 22, 0x80,						/* IFLA_VFINFO_LIST */
	  0x2c, 0, 1, 0x80,						/* IFLA_VF_INFO */
	    0x28, 0, 1, 0,  3, 0, 0, 0,  0x52, 0x54, 0, 0, 0, 1, 0, 0,	/* IFLA_VF_MAC: VF 3, 32 bytes */
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x24, 0, 24, 0x80,						/* IFLA_VF_PORTS */
	  0x20, 0, 1, 0x80,						/* IFLA_VF_PORT */
	    0x0b, 0, 2, 0,  'g', 'u', 'e', 's', 't', 's', 0,  0,
	    8, 0, 1, 0,  3, 0, 0, 0,					/* IFLA_PORT_VF */
	    5, 0, 6, 0,  3, 0, 0, 0,					/* disassociate */
};
static const uint8_t qbg[] = {
	0x9c, 0, 0, 0,  0x13, 0,  1, 0,  0, 0, 0, 0,  0, 0, 0, 0,
	0, 0, 0, 0,  7, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,
	9, 0, 3, 0,  'e', 't', 'h', '0', 0,  0, 0, 0,			/* IFLA_IFNAME */
	0x40, 0, 22, 0x80,
	  0x3c, 0, 1, 0x80,
	    0x28, 0, 1, 0,  0xff, 0xff, 0xff, 0xff,  0x52, 0x54, 0, 0, 0, 1, 0, 0,	/* of no VF */
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0x10, 0, 2, 0,  0xff, 0xff, 0xff, 0xff,  42, 0, 0, 0,  0, 0, 0, 0,	/* IFLA_VF_VLAN: 42, no priority */
	0x30, 0, 24, 0x80,
	  0x2c, 0, 1, 0x80,
	    0x0c, 0, 3, 0,  5, 0x56, 0x34, 0x12, 9, 0, 0, 0,		/* IFLA_PORT_VSI_TYPE: 5, 0x123456, 9 */
	    0x14, 0, 4, 0,  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	    5, 0, 6, 0,  0, 0, 0, 0,					/* preassociate */
};
/* clang-format on */

static struct weir_profile qbh_profile(int32_t vf)
{
	struct weir_profile p = { .sz = sizeof(p), .ifindex = 7, .vf = vf, .has = WEIR_PROFILE_NAME,
				  .name = "guests", .mac = { 0x52, 0x54, 0, 0, 0, 1 } };

	memset(p.instance, 1, sizeof(p.instance));
	memset(p.host, 2, sizeof(p.host));
	return p;
}

static struct weir_profile qbg_profile(void)
{
	struct weir_profile p = qbh_profile(WEIR_PROFILE_SELF);

	p.has = WEIR_PROFILE_VSI | WEIR_PROFILE_INSTANCE | WEIR_PROFILE_MAC | WEIR_PROFILE_VLAN;
	snprintf(p.ifname, sizeof(p.ifname), "eth0");
	snprintf(p.lldpad_pid_file, sizeof(p.lldpad_pid_file), WEIR_LLDPAD_PID_FILE);
	p.manager_id = 5;
	p.type_id = 0x123456;
	p.type_version = 9;
	p.vlan = 42;
	return p;
}

static void assert_bytes(const struct weir_profile *p, enum weir_profile_request request,
			 const uint8_t *want, size_t len)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_profile_put(&b, p, request);
	assert_int_equal(b.buf.len, len);
	assert_memory_equal(b.buf.data + 4, want + 4, len - 4);
	assert_int_equal(wr_msg_header(&b)->nlmsg_len, len);
}

static void as_the_header_says(void **state)
{
	struct weir_profile p = qbh_profile(WEIR_PROFILE_SELF);

	p.has |= WEIR_PROFILE_INSTANCE | WEIR_PROFILE_HOST;
	assert_bytes(&p, WEIR_PROFILE_ASSOCIATE, qbh_self, sizeof(qbh_self));
	p = qbh_profile(3);
	p.has |= WEIR_PROFILE_MAC;
	assert_bytes(&p, WEIR_PROFILE_DISASSOCIATE, qbh_vf, sizeof(qbh_vf));
	p = qbg_profile();
	assert_bytes(&p, WEIR_PROFILE_PREASSOCIATE, qbg, sizeof(qbg));
}

/* --- answers -------------------------------------------------------------------------------- */

/* An answer for a port, or (vf SELF and @self) for the link itself; @response < 0: without one. */
static int response_to(const struct weir_profile *p, bool self, int32_t vf, uint8_t instance, int response)
{
	struct ifinfomsg ifi = { .ifi_index = 7 };
	wr_auto(batch) struct wr_batch b = { 0 };
	uint8_t uuid[16];
	size_t ports = 0, port;

	memset(uuid, instance, sizeof(uuid));
	wr_msg(&b, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	if (!self)
		ports = wr_nest(&b, IFLA_VF_PORTS);
	port = wr_nest(&b, self ? IFLA_PORT_SELF : IFLA_VF_PORT);
	if (vf != WEIR_PROFILE_SELF)
		wr_put_u32(&b, IFLA_PORT_VF, (uint32_t)vf);
	wr_put(&b, IFLA_PORT_INSTANCE_UUID, uuid, sizeof(uuid));
	if (response >= 0)
		wr_put_u16(&b, IFLA_PORT_RESPONSE, (uint16_t)response);
	wr_nest_end(&b, port);
	if (!self)
		wr_nest_end(&b, ports);
	return wr_profile_response(wr_msg_header(&b), p);
}

static void whose_answer_it_is(void **state)
{
	struct weir_profile p = qbh_profile(3);

	p.has |= WEIR_PROFILE_INSTANCE;
	assert_int_equal(response_to(&p, false, 3, 1, 0x101), 0x101);
	assert_int_equal(response_to(&p, false, 3, 1, 0), 0);
	assert_int_equal(response_to(&p, false, 2, 1, 0), WR_PROFILE_NO_ANSWER);
	assert_int_equal(response_to(&p, false, 3, 9, 0), WR_PROFILE_NO_ANSWER);
	assert_int_equal(response_to(&p, false, 3, 1, -1), WR_PROFILE_NO_ANSWER);
	assert_int_equal(response_to(&p, true, WEIR_PROFILE_SELF, 1, 0), WR_PROFILE_NO_ANSWER);
	p.vf = WEIR_PROFILE_SELF;
	assert_int_equal(response_to(&p, true, WEIR_PROFILE_SELF, 1, 0x100), 0x100);
	assert_int_equal(response_to(&p, false, WEIR_PROFILE_SELF, 1, 4), 4);
}

static void what_it_means(void **state)
{
	static const struct {
		int response, code;
	} cases[] = { { 0, 0 },		    { 1, -EREMOTEIO },	   { 2, -EREMOTEIO },
		      { 3, -EREMOTEIO },    { 4, -EREMOTEIO },	   { 5, -EREMOTEIO },
		      { 6, -EREMOTEIO },    { 7, -EREMOTEIO },	   { 0x100, 0 },
		      { 0x101, -EAGAIN },   { 0x102, -EREMOTEIO }, { 0x103, -EREMOTEIO },
		      { 0x104, -EREMOTEIO }, { 0x105, -EREMOTEIO }, { 0x106, -EREMOTEIO } };
	struct weir_profile qbh = qbh_profile(3), vdp = qbg_profile();
	const char *words;

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		assert_int_equal(wr_profile_judge(&qbh, cases[i].response, &words), cases[i].code);
		assert_true(cases[i].code == 0 || *words);
	}
	assert_int_equal(wr_profile_judge(&qbh, WR_PROFILE_NO_ANSWER, &words), -EREMOTEIO);
	assert_int_equal(wr_profile_judge(&vdp, WR_PROFILE_NO_ANSWER, &words), -EAGAIN);
}

/* --- what is no profile ------------------------------------------------------------------------ */

static int refusal(struct weir_profile p, unsigned int request)
{
	struct weir_txn *t;
	struct weir *w;
	int r;

	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	assert_int_equal(weir_txn_begin(w, "profile", WEIR_TXN_DRY, &t, NULL), 0);
	r = weir_txn_profile(t, &p, (enum weir_profile_request)request);
	weir_txn_abort(t);
	weir_close(w);
	return r;
}

static void refused_before_it_is_sent(void **state)
{
	struct weir_profile p = qbh_profile(3);

	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), 0);
	assert_int_equal(refusal(p, 4), -EINVAL);
	p.has = 0;
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -EINVAL);
	p.has = WEIR_PROFILE_NAME | WEIR_PROFILE_VSI;
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -EINVAL);
	p = qbh_profile(3);
	*p.name = '\0';
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -EINVAL);
	memset(p.name, 'a', sizeof(p.name));
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -EINVAL);
	p = qbg_profile();
	p.type_id = 1 << 24;
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -ERANGE);
	p = qbg_profile();
	p.vlan = 4096;
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -ERANGE);
	p = qbg_profile();
	p.ifindex = 0;
	assert_int_equal(refusal(p, WEIR_PROFILE_ASSOCIATE), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_header_says), cmocka_unit_test(whose_answer_it_is),
		cmocka_unit_test(what_it_means), cmocka_unit_test(refused_before_it_is_sent),
	};

	return cmocka_run_group_tests_name("port profiles", tests, NULL, NULL);
}
