/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a <network>: see fuzz_xml.h. Seeds are in corpus/xml_network. */
#include "fuzz_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *first = NULL, *second = NULL;
	char *one = NULL, *two = NULL;
	int r = weir_xml_network_parse(text, size, &first, &err);

	if (r) {
		check_reason(r, &err);
		return 0;
	}
	must(!weir_xml_network_format(first, 0, &one, &err));
	must(!weir_xml_network_parse(one, strlen(one), &second, &err));
	must(!weir_xml_network_format(second, 0, &two, &err) && !strcmp(one, two));
	weir_network_free(first);
	weir_network_free(second);
	free(one);
	free(two);
	return 0;
}
