/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Libraries of others that most commands do not need, loaded when they are first
 * called. libxml2 with all that it needs itself (ICU, the C++ library) takes longer
 * to load than the whole tool runs for a tap, libnftables half as long. Our
 * libraries call theirs by name: these are the names, and each hands on to the
 * library's own. As libraries, ours are linked with theirs like any other.
 *
 * LIBXML2 and LIBNFTABLES are the sonames of those that the headers are of (Makefile).
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *xml, *nft;

static void *find(void **library, const char *soname, const char *name)
{
	if (!*library)
		*library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	return *library ? dlsym(*library, name) : NULL;
}

static void *late(void **library, const char *soname, const char *name)
{
	void *own = find(library, soname, name);

	if (!own) {
		fprintf(stderr, "weir: a library is needed for this: %s\n", dlerror());
		exit(1);
	}
	return own;
}

/* Without their headers, whose types differ between versions in const alone. */
#define LATE(library, type, name, params, ...)                                                     \
	type name params;                                                                          \
	type name params                                                                           \
	{                                                                                          \
		return ((type(*) params)library##_call(#name))(__VA_ARGS__);                       \
	}

/* --- libxml2, for lib/xml ------------------------------------------------------------ */

static void *xml_call(const char *name)
{
	return late(&xml, LIBXML2, name);
}

LATE(xml, void *, xmlNewParserCtxt, (void))
LATE(xml, void *, xmlCtxtReadMemory, (void *ctxt, const char *text, int len, const char *url, const char *encoding, int how),
     ctxt, text, len, url, encoding, how)
LATE(xml, void, xmlFreeParserCtxt, (void *ctxt), ctxt)
LATE(xml, void *, xmlDocGetRootElement, (const void *doc), doc)
LATE(xml, void *, xmlDocCopyNode, (void *node, void *doc, int deep), node, doc, deep)
LATE(xml, void, xmlFreeDoc, (void *doc), doc)
LATE(xml, void, xmlFreeNode, (void *node), node)
LATE(xml, long, xmlGetLineNo, (const void *node), node)
LATE(xml, void *, xmlHasNsProp, (const void *node, const void *name, const void *ns), node, name, ns)
LATE(xml, void *, xmlGetNoNsProp, (const void *node, const void *name), node, name)
LATE(xml, void *, xmlNodeGetContent, (const void *node), node)
LATE(xml, void *, xmlNodeListGetString, (void *doc, const void *list, int substitute), doc, list, substitute)
LATE(xml, int, xmlNodeDump, (void *out, void *doc, void *node, int level, int format), out, doc, node, level, format)
LATE(xml, void *, xmlBufferCreate, (void))
LATE(xml, const void *, xmlBufferContent, (const void *buffer), buffer)
LATE(xml, void, xmlBufferFree, (void *buffer), buffer)

static void give_back(void *memory)
{
	(*(void (**)(void *))xml_call("xmlFree"))(memory);
}

/* A variable of libxml2's. */
extern void (*xmlFree)(void *memory);
void (*xmlFree)(void *memory) = give_back;

/* --- libnftables, for lib/nat --------------------------------------------------------- */

static void *nft_call(const char *name)
{
	return late(&nft, LIBNFTABLES, name);
}

/* Called in the middle of a transaction, which has to be undone where there is none. */
void *nft_ctx_new(uint32_t flags);
void *nft_ctx_new(uint32_t flags)
{
	void *(*own)(uint32_t flags) = (void *(*)(uint32_t flags))find(&nft, LIBNFTABLES, "nft_ctx_new");

	return own ? own(flags) : NULL;
}

LATE(nft, void, nft_ctx_free, (void *ctx), ctx)
LATE(nft, int, nft_ctx_buffer_output, (void *ctx), ctx)
LATE(nft, int, nft_ctx_buffer_error, (void *ctx), ctx)
LATE(nft, const char *, nft_ctx_get_output_buffer, (void *ctx), ctx)
LATE(nft, const char *, nft_ctx_get_error_buffer, (void *ctx), ctx)
LATE(nft, void, nft_ctx_set_dry_run, (void *ctx, bool dry), ctx, dry)
LATE(nft, int, nft_run_cmd_from_buffer, (void *ctx, const char *script), ctx, script)
