/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong: who refused, which object, which attribute, in whose words.
 *
 * Every call that can fail returns 0 or a negative errno (a positive value only
 * where its own documentation names it) and takes a struct weir_error of the
 * caller's as its last parameter. The struct is plain data: it owns nothing and
 * needs no cleaning. The library keeps no error state of its own, sets no errno
 * for its callers and prints nothing.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef WEIR_API
#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif
#endif

/**
 * enum weir_stage - who refused
 * @WEIR_STAGE_NONE:	no error was reported
 * @WEIR_STAGE_INPUT:	the library refused what the caller asked for; nothing
 *			was sent and nothing was changed
 * @WEIR_STAGE_SOCKET:	a netlink socket could not be opened, written or read
 * @WEIR_STAGE_KERNEL:	the kernel refused a netlink request
 * @WEIR_STAGE_REPLY:	the kernel answered something that makes no sense
 * @WEIR_STAGE_SYSTEM:	a file, a sysctl or another system call failed
 * @WEIR_STAGE_PROGRAM:	a program that the library started failed
 */
enum weir_stage {
	WEIR_STAGE_NONE = 0,
	WEIR_STAGE_INPUT = 1,
	WEIR_STAGE_SOCKET = 2,
	WEIR_STAGE_KERNEL = 3,
	WEIR_STAGE_REPLY = 4,
	WEIR_STAGE_SYSTEM = 5,
	WEIR_STAGE_PROGRAM = 6
};

/**
 * struct weir_error - the first failure of a call
 * @sz:			sizeof(struct weir_error), set by WEIR_ERROR_INIT
 * @code:		what the call returned: a negative errno
 * @stage:		who refused
 * @attr_offset:	byte offset of the attribute the kernel objected to in
 *			the request, as the kernel gave it; 0: none
 * @object:		what the call was working on, "bridge virbr0"
 * @attr:		the attribute that was refused, by the name it has in
 *			text and JSON ("mtu", "ips[0].address"); "" if unknown
 * @msg:		the reason: the kernel's own words unchanged, or ours
 *
 * A text that did not fit ends in "...".
 *
 * Codes with one fixed meaning everywhere: -ENOBUFS, the kernel dropped
 * messages and the caller must read again; -EAGAIN, what was asked for kept
 * changing until the deadline; -ETIME, a deadline passed; -EBUSY on a
 * transaction, somebody else holds the state directory.
 */
struct weir_error {
	size_t sz;
	int code;
	enum weir_stage stage;
	uint32_t attr_offset;
	char object[64];
	char attr[128];
	char msg[512];
};

/** WEIR_ERROR_INIT - an empty error of this version of the library */
#define WEIR_ERROR_INIT { sizeof(struct weir_error), 0, WEIR_STAGE_NONE, 0, "", "", "" }

/**
 * weir_error_format() - one line that is ready to show
 * @err:	the error; all of it may be empty
 * @buf:	where the line goes, always terminated
 * @size:	size of @buf in bytes
 *
 * The line reads "object: attribute: reason"; what is unknown is left out, and
 * the errno's own text is added where the reason does not already say it.
 * Thread-safe; allocates nothing.
 *
 * Return: @buf
 *
 * Since: 0.1
 */
WEIR_API const char *weir_error_format(const struct weir_error *err, char *buf, size_t size);

/**
 * weir_stage_name() - the word for a stage
 * @stage:	the stage
 *
 * Return: a static lower-case word ("input", "kernel"), "unknown" for a number
 * that is no stage
 *
 * Since: 0.1
 */
WEIR_API const char *weir_stage_name(enum weir_stage stage);

#ifdef __cplusplus
}
#endif

#endif
