/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Error structs: filling, cutting, formatting. The decisions what to say are
 * made where the refusal happens; nothing here translates errno values.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

/* A cut text shows that it was cut. */
static void mark_cut(char *dst, size_t size, int want)
{
	if (want >= 0 && (size_t)want < size)
		return;
	if (size >= 4)
		memcpy(dst + size - 4, "...", 4);
}

void wr_format(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mark_cut(dst, size, vsnprintf(dst, size, fmt, ap));
	va_end(ap);
}

void wr_copy(char *dst, size_t size, const char *src)
{
	size_t len = src ? strlen(src) : 0;

	if (len < size)
		memcpy(dst, src ? src : "", len + 1);
	else
		wr_format(dst, size, "%s", src);
}

int wr_verror(struct weir_error *err, int code, enum weir_stage stage, const char *object,
	      const char *attr, const char *fmt, va_list ap)
{
	if (!err)
		return code;
	err->code = code;
	err->stage = stage;
	err->attr_offset = 0;
	wr_copy(err->object, sizeof(err->object), object);
	wr_copy(err->attr, sizeof(err->attr), attr);
	mark_cut(err->msg, sizeof(err->msg), vsnprintf(err->msg, sizeof(err->msg), fmt, ap));
	return code;
}

/* In parentheses, as those below, because tests/lint/analyze.h has a macro of that name. */
int (wr_error)(struct weir_error *err, int code, enum weir_stage stage, const char *object,
	     const char *attr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wr_verror(err, code, stage, object, attr, fmt, ap);
	va_end(ap);
	return code;
}

int (wr_refuse)(struct weir_error *err, int code, const char *object, const char *attr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wr_verror(err, code, WEIR_STAGE_INPUT, object, attr, fmt, ap);
	va_end(ap);
	return code;
}

int (wr_syserr)(struct weir_error *err, int code, const char *object, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	mark_cut(what, sizeof(what), vsnprintf(what, sizeof(what), fmt, ap));
	va_end(ap);
	/* What reads files means that by it (file.h). */
	return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "", "%s: %s", what,
			code == -EBADFD ? "is no regular file" : strerrordesc_np(-code));
}

int (wr_nomem)(struct weir_error *err)
{
	return wr_error(err, -ENOMEM, WEIR_STAGE_SYSTEM, "", "", "out of memory");
}

int wr_pass_over(const struct weir_error *why, struct weir_error *err)
{
	if ((why->stage == WEIR_STAGE_INPUT && why->code != -ENOMEM) || why->code == -EBADFD || why->code == -EISDIR)
		return 1;
	if (why->code && err)
		*err = *why;
	return why->code;
}

void wr_error_prefix_attr(struct weir_error *err, const char *prefix)
{
	char attr[sizeof(err->attr)];

	if (!err || !*prefix)
		return;
	memcpy(attr, err->attr, sizeof(attr));
	wr_format(err->attr, sizeof(err->attr), "%s%s%s", prefix,
		  *attr && *attr != '[' ? "." : "", attr);
}

int wr_opts_copy(void *dst, size_t size, const void *src, const char *what, struct weir_error *err)
{
	const unsigned char *bytes = src;
	size_t sz;

	memset(dst, 0, size);
	if (src) {
		memcpy(&sz, src, sizeof(sz));
		if (sz < sizeof(sz))
			return wr_refuse(err, -EINVAL, what, "sz", "is not set");
		for (size_t i = size; i < sz; i++)
			if (bytes[i])
				return wr_refuse(err, -E2BIG, what, "",
						 "uses what this version of the library does not know");
		memcpy(dst, src, sz < size ? sz : size);
	}
	memcpy(dst, &size, sizeof(size));
	return 0;
}

int wr_opts_give(void *ret, const void *src, size_t size, struct weir_error *err)
{
	size_t sz;

	memcpy(&sz, ret, sizeof(sz));
	if (sz < sizeof(sz))
		return wr_refuse(err, -EINVAL, "result", "sz", "is not set");
	sz = sz < size ? sz : size;
	memcpy(ret, src, sz);
	memcpy(ret, &sz, sizeof(sz));
	return 0;
}

const char *weir_stage_name(enum weir_stage stage)
{
	static const char *const names[] = {
		"none", "input", "socket", "kernel", "reply", "system", "program",
	};

	return (unsigned int)stage < WR_COUNT(names) ? names[stage] : "unknown";
}

const char *weir_error_format(const struct weir_error *err, char *buf, size_t size)
{
	const char *reason = err->code ? strerrordesc_np(-err->code) : NULL;
	/* The kernel's words say why, the errno says what kind: both are wanted. */
	bool add = reason && !strstr(err->msg, reason) &&
		   (err->stage == WEIR_STAGE_KERNEL || err->stage == WEIR_STAGE_SOCKET || !*err->msg);

	wr_format(buf, size, "%s%s%s%s%s%s%s%s", err->object, *err->object ? ": " : "", err->attr,
		  *err->attr ? ": " : "", err->msg, add && *err->msg ? " (" : "",
		  add ? reason : "", add && *err->msg ? ")" : "");
	return buf;
}
