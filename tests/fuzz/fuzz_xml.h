/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzzers of XML documents share. What is taken must be written as XML
 * that is taken again and written the same; what is refused must be refused with
 * a reason of one line.
 */
#ifndef FUZZ_XML_H
#define FUZZ_XML_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <weir/json.h>
#include <weir/xml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(int is_so)
{
	if (!is_so)
		abort();
}

static inline void check_line(const char *text)
{
	for (; *text; text++)
		must((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static inline void check_reason(int r, const struct weir_error *err)
{
	must(r < 0 && err->code == r && err->stage != WEIR_STAGE_NONE && *err->msg);
	check_line(err->msg);
	check_line(err->attr);
	check_line(err->object);
}

#endif
