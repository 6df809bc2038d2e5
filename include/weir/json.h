/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions and state as JSON, the native text form.
 *
 * Members have libvirt's names, and rates and bursts have libvirt's units (1000
 * bytes/s, 1024 bytes). An unknown member is refused with its path, so that a misspelt
 * limit is an error and not the absence of a limit. The JSON Schemas of a network and
 * of a host interface group are installed as share/weir/network.schema.json and
 * group.schema.json.
 */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <weir/host.h>
#include <weir/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weir_network_parse() - read a definition
 * @text:	JSON; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the definition, for weir_network_free()
 * @err:	filled on failure: @err->attr is the path ("ips[0].dhcp.ranges[1].end"),
 *		or @err->msg has line and column of a syntax error; may be NULL
 *
 * Checks what each member may hold; weir_network_check() checks the whole.
 *
 * Return: 0 or a negative errno: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_network_parse(const char *text, size_t len, struct weir_network **ret,
				struct weir_error *err);

/**
 * weir_network_json() - write a definition
 * @net:	the definition
 * @ret:	receives indented JSON with a final newline, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_network_json(const struct weir_network *net, char **ret);

/**
 * weir_network_schema() - the JSON Schema of a definition
 * @ret:	receives the schema (draft 2020-12), to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_network_schema(char **ret);

/**
 * weir_port_json() - write a port
 * @port:	the port
 * @ret:	receives indented JSON with a final newline, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_port_json(const struct weir_port *port, char **ret);

/**
 * weir_port_parse() - read a port as weir_port_json() wrote it
 * @text:	JSON; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the port
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.1
 */
WEIR_API int weir_port_parse(const char *text, size_t len, struct weir_port *ret,
			     struct weir_error *err);

/**
 * weir_group_parse() - read the definition of a host interface group
 * @text:	JSON; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the definition, for weir_group_free()
 * @err:	filled on failure: @err->attr is the path ("ports[0].vlan.tag"), or
 *		@err->msg has line and column of a syntax error; may be NULL
 *
 * Checks what each member may hold; weir_group_check() checks the whole.
 *
 * Return: 0 or a negative errno: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_group_parse(const char *text, size_t len, struct weir_group **ret,
			      struct weir_error *err);

/**
 * weir_group_json() - write the definition of a host interface group
 * @group:	the definition
 * @ret:	receives indented JSON with a final newline, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_group_json(const struct weir_group *group, char **ret);

/**
 * weir_group_schema() - the JSON Schema of a host interface group
 * @ret:	receives the schema (draft 2020-12), to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_group_schema(char **ret);

#ifdef __cplusplus
}
#endif

#endif
