/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a guest's <interface>, in its status form: see fuzz_xml.h. Seeds are in corpus/xml_guest. */
#include "fuzz_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_xml_guest *first = NULL, *second = NULL;
	char *one = NULL, *two = NULL;
	int r = weir_xml_guest_parse(text, size, &first, &err);

	if (r) {
		check_reason(r, &err);
		return 0;
	}
	must(!weir_xml_guest_format(first, WEIR_XML_STATUS, &one));
	must(!weir_xml_guest_parse(one, strlen(one), &second, &err));
	must(!weir_xml_guest_format(second, WEIR_XML_STATUS, &two) && !strcmp(one, two));
	weir_xml_guest_free(first);
	weir_xml_guest_free(second);
	free(one);
	free(two);
	return 0;
}
