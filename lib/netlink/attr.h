/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attribute tables on the wire: a struct to attributes, attributes to a struct,
 * and from the byte that the kernel objected to back to the row's name.
 */
#ifndef WR_NETLINK_ATTR_H
#define WR_NETLINK_ATTR_H

#include "base/table.h"
#include "netlink/batch.h"

/*
 * Puts the attributes of the set rows, inside the table's nests. Only rows whose
 * flags hold one of @only (0: any) and none of @but; never WR_READONLY or
 * WR_HEADER ones. Returns whether there was any.
 */
bool wr_encode(struct wr_batch *b, const struct wr_table *t, const void *obj, unsigned int only,
	       unsigned int but);
/* The same where the caller has opened the nests already. */
bool wr_encode_rows(struct wr_batch *b, const struct wr_table *t, const void *obj,
		    unsigned int only, unsigned int but);
/* Whether wr_encode() would put anything. */
bool wr_has_any(const struct wr_table *t, const void *obj, unsigned int only, unsigned int but);
/*
 * Reads the table's rows from the attributes at @attrs (where the outermost nest
 * of its path is looked for). Rows that are absent leave @obj as it is. A row
 * of a wrong length is -EBADMSG; attributes without a row are skipped.
 */
int wr_decode(const struct wr_table *t, const void *attrs, size_t len, void *obj,
	      struct weir_error *err);
/* The attribute @type among @len bytes, or NULL. */
const struct nlattr *wr_attr_find(const void *attrs, size_t len, uint16_t type);
/* That of a message, behind its fixed header, which the type tells; NULL also of a message that is too short. */
const struct nlattr *wr_msg_attr(const struct nlmsghdr *msg, uint16_t type);
/* That inside a nest, which may be NULL. */
const struct nlattr *wr_attr_inside(const struct nlattr *nest, uint16_t type);
uint32_t wr_attr_u32(const struct nlattr *attr, uint32_t absent);
/* The payload, cut to @size bytes; what it does not have, and all without an attribute, stays in @ret as it is. */
void wr_attr_copy(const struct nlattr *attr, void *ret, size_t size);
/* Of what is in it; 0 of none. */
uint32_t wr_attr_hash(const struct nlattr *attr);
/* Size of the fixed header behind the nlmsghdr, by message type. */
size_t wr_header_size(uint16_t nlmsg_type);
/*
 * The name of the attribute at @offset of a request, "bridge.forward_delay", by
 * the NULL-terminated @tables; types as numbers where no table knows them.
 */
void wr_attr_path(const struct nlmsghdr *msg, uint32_t offset, const struct wr_table *const *tables,
		  char *buf, size_t size);

#endif
