/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netcf's interface for programs that were written for it (libvirt, ncftool): the
 * same calls, numbers and version nodes as netcf 0.2.8's libnetcf.so.1, on top of
 * weir's host interface groups. New programs use <weir/host.h>.
 *
 * One handle serves one thread at a time, with all interfaces that came from it.
 * Strings that the caller gets as char * are freed with free().
 */
#ifndef NETCF_H
#define NETCF_H

#ifdef __cplusplus
extern "C" {
#endif

struct netcf;
struct netcf_if;

typedef enum {
	NETCF_NOERROR = 0,
	NETCF_EINTERNAL = 1, /* also: a name that is too long */
	NETCF_EOTHER = 2,    /* nothing more exact, or a link that does not become active */
	NETCF_ENOMEM = 3,
	NETCF_EXMLPARSER = 4,  /* no XML */
	NETCF_EXMLINVALID = 5, /* XML, but no interface */
	NETCF_ENOENT = 6,
	NETCF_EEXEC = 7,  /* what was asked of the host failed */
	NETCF_EINUSE = 8, /* a handle with interfaces cannot be closed */
	NETCF_EXSLTFAILED = 9,
	NETCF_EFILE = 10,
	NETCF_EIOCTL = 11,
	NETCF_ENETLINK = 12,
	NETCF_EINVALIDOP = 13 /* a change is open already, or none is */
} netcf_errcode_t;

/* Programs ask by #ifdef which of them there are. */
#define NETCF_NOERROR NETCF_NOERROR
#define NETCF_EINTERNAL NETCF_EINTERNAL
#define NETCF_EOTHER NETCF_EOTHER
#define NETCF_ENOMEM NETCF_ENOMEM
#define NETCF_EXMLPARSER NETCF_EXMLPARSER
#define NETCF_EXMLINVALID NETCF_EXMLINVALID
#define NETCF_ENOENT NETCF_ENOENT
#define NETCF_EEXEC NETCF_EEXEC
#define NETCF_EINUSE NETCF_EINUSE
#define NETCF_EXSLTFAILED NETCF_EXSLTFAILED
#define NETCF_EFILE NETCF_EFILE
#define NETCF_EIOCTL NETCF_EIOCTL
#define NETCF_ENETLINK NETCF_ENETLINK
#define NETCF_EINVALIDOP NETCF_EINVALIDOP

/* Which interfaces are counted and listed, and what one is. */
typedef enum { NETCF_IFACE_INACTIVE = 1, NETCF_IFACE_ACTIVE = 2 } netcf_if_flag_t;

/*
 * 0; -1 with a handle that ncf_error() explains and ncf_close() takes; -2 without
 * one when memory runs out. @root: where /etc and /run are; NULL: at /.
 */
int ncf_init(struct netcf **ret, const char *root);
int ncf_close(struct netcf *ncf);
/* The code of the last call, its text, and more about it or NULL; both may be NULL. */
int ncf_error(struct netcf *ncf, const char **errmsg, const char **details);

int ncf_num_of_interfaces(struct netcf *ncf, unsigned int flags);
int ncf_list_interfaces(struct netcf *ncf, int maxnames, char **names, unsigned int flags);
/* NULL without an error: there is none. */
struct netcf_if *ncf_lookup_by_name(struct netcf *ncf, const char *name);
/* How many there are, of which the first @maxifaces are stored. */
int ncf_lookup_by_mac_string(struct netcf *ncf, const char *mac, int maxifaces,
			     struct netcf_if **ifaces);
struct netcf_if *ncf_define(struct netcf *ncf, const char *xml);

int ncf_change_begin(struct netcf *ncf, unsigned int flags);
int ncf_change_commit(struct netcf *ncf, unsigned int flags);
int ncf_change_rollback(struct netcf *ncf, unsigned int flags);

const char *ncf_if_name(struct netcf_if *nif);
/* NULL without an error: its link is not there. */
const char *ncf_if_mac_string(struct netcf_if *nif);
int ncf_if_up(struct netcf_if *nif);
int ncf_if_down(struct netcf_if *nif);
int ncf_if_undefine(struct netcf_if *nif);
char *ncf_if_xml_desc(struct netcf_if *nif);
char *ncf_if_xml_state(struct netcf_if *nif);
int ncf_if_status(struct netcf_if *nif, unsigned int *flags);
void ncf_if_free(struct netcf_if *nif);

#ifdef __cplusplus
}
#endif

#endif
