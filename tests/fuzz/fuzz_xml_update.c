/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as an element of an update, for each section and command, on a network
 * that has something in each: see fuzz_xml.h. What comes out must be a network that
 * can be written. Seeds are in corpus/xml_update; their first byte says section
 * and command.
 */
#include "fuzz_xml.h"

static const char base[] =
	"<network><name>n</name><forward mode='nat' dev='e0'/><bridge name='b'/><domain name='d'/><dns>"
	"<txt name='t' value='v'/><srv service='s' protocol='p' domain='d' target='.'/>"
	"<host ip='10.0.0.1'><hostname>h</hostname></host></dns><ip address='10.0.0.1' prefix='24'><dhcp>"
	"<range start='10.0.0.2' end='10.0.0.9'/><host mac='52:54:00:00:00:01' name='x' ip='10.0.0.3'/>"
	"</dhcp></ip><ip family='ipv6' address='fd00::1' prefix='64'/><portgroup name='p'/></network>";

static void update(struct weir_network *net, uint8_t how, const char *xml)
{
	struct weir_error err = WEIR_ERROR_INIT;
	unsigned int flags = how & 0x80 ? WEIR_UPDATE_COMPATIBLE : 0;
	char *text = NULL;
	int r = weir_xml_network_update(net, 1 + (how >> 4) % 4, 1 + how % 16 % 12, -1, xml, flags,
					&err);

	if (r)
		check_reason(r, &err);
	must(!weir_xml_network_format(net, 0, &text, &err));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	char *xml;

	if (!size)
		return 0;
	xml = strndup((const char *)data + 1, size - 1);
	must(xml && !weir_xml_network_parse(base, sizeof(base) - 1, &net, &err));
	update(net, data[0], xml);
	weir_network_free(net);
	free(xml);
	return 0;
}
