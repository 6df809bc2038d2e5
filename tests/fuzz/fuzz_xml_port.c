/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a <networkport>: see fuzz_xml.h. Seeds are in corpus/xml_port. */
#include "fuzz_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port first, second;
	char *one = NULL, *two = NULL;
	int r = weir_xml_port_parse((const char *)data, size, &first, &err);

	if (r) {
		check_reason(r, &err);
		return 0;
	}
	must(!weir_xml_port_format(&first, &one));
	must(!weir_xml_port_parse(one, strlen(one), &second, &err));
	must(!weir_xml_port_format(&second, &two) && !strcmp(one, two));
	weir_port_done(&first);
	weir_port_done(&second);
	free(one);
	free(two);
	return 0;
}
