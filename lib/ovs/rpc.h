/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON-RPC 1.0 on a stream, as RFC 7047 has it: the client's half, one question at a time. */
#ifndef WR_OVS_RPC_H
#define WR_OVS_RPC_H

#include <jansson.h>

#include "base/error.h"
#include "base/str.h"

struct wr_rpc {
	int fd;
	const char *path;	/* of the socket, for errors */
	int64_t deadline_ms;	/* of CLOCK_MONOTONIC; everything is over by then */
	json_int_t id;		/* of the last question */
	struct wr_str in;	/* received and not yet read */
};

/* Connects; @rpc keeps @path. */
int wr_rpc_open(struct wr_rpc *rpc, const char *path, int timeout_ms, struct weir_error *err);
void wr_rpc_close(struct wr_rpc *rpc);
/* Asks; takes @params in every case. @ret: the result, for json_decref(). */
int wr_rpc_call(struct wr_rpc *rpc, const char *method, json_t *params, json_t **ret,
		struct weir_error *err);

static inline void wr_auto_rpc(struct wr_rpc *rpc)
{
	wr_rpc_close(rpc);
}

static inline void wr_auto_json(json_t **j)
{
	json_decref(*j);
}

#endif
