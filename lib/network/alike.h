/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When two items of a definition are alike, for updates: see alike.c. */
#ifndef WR_NETWORK_ALIKE_H
#define WR_NETWORK_ALIKE_H

#include <weir/update.h>

typedef bool wr_alike(const void *stored, const void *asked);

/* By command; NULL: the section does not take it. */
struct wr_matching {
	wr_alike *add, *modify, *del;
	bool one;	  /* more than one that is alike is an error */
	bool one_deleted; /* ... when deleting */
};

/* Of a section that is a list; libvirt's if @compatible. */
const struct wr_matching *wr_matching(enum weir_section section, bool compatible);

#endif
