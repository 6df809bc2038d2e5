/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and closing: where PCI devices and claims are looked for. */
#include "sriov/steps.h"

#define TIMEOUT_MS 120000

const struct weir_step_ops *const weir_sriov_steps[] = { &wr_number_ops, &wr_bind_ops, &wr_claim_ops, NULL };

static int keep(char **slot, const char *text, const char *otherwise)
{
	text = text ? text : otherwise;
	*slot = text ? strdup(text) : NULL;
	return text && !*slot ? -ENOMEM : 0;
}

int weir_sriov_open(struct weir *w, const struct weir_sriov_options *opts, struct weir_sriov **ret,
		    struct weir_error *err)
{
	struct weir_sriov_options o;
	struct weir_sriov *s;
	int r = wr_opts_copy(&o, sizeof(o), opts, "sriov options", err);

	if (r)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return wr_nomem(err);
	s->w = w;
	s->timeout_ms = o.timeout_ms ? o.timeout_ms : TIMEOUT_MS;
	if (keep(&s->sysfs_dir, o.sysfs_dir, "/sys") || keep(&s->modules_dir, o.modules_dir, NULL) ||
	    keep(&s->claims_dir, o.claims_dir, WEIR_STATE_DIR "/sriov")) {
		weir_sriov_close(s);
		return wr_nomem(err);
	}
	*ret = s;
	return 0;
}

void weir_sriov_close(struct weir_sriov *s)
{
	if (!s)
		return;
	free(s->sysfs_dir);
	free(s->modules_dir);
	free(s->claims_dir);
	free(s);
}
