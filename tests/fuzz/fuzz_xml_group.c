/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as netcf's <interface>: see fuzz_xml.h. Seeds are in corpus/xml_group. */
#include "fuzz_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *first = NULL, *second = NULL;
	char *one = NULL, *two = NULL;
	int r = weir_xml_group_parse(text, size, &first, &err);

	if (r) {
		check_reason(r, &err);
		return 0;
	}
	must(!weir_xml_group_format(first, &one));
	must(!weir_xml_group_parse(one, strlen(one), &second, &err));
	must(!weir_xml_group_format(second, &two) && !strcmp(one, two));
	weir_group_free(first);
	weir_group_free(second);
	free(one);
	free(two);
	return 0;
}
