/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See libc.h. musl's strerror() gives constant text, so it is as good from any thread. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shorter.h"

#ifndef __GLIBC__

/* All that prints by a format calls this one, within libc too. */
int vfprintf(FILE *restrict f, const char *restrict format, va_list ap)
{
	return small_vfprintf(f, format, ap);
}

char *strstr(const char *text, const char *part)
{
	return small_strstr(text, part);
}

void qsort_r(void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *arg)
{
	small_qsort_r(base, n, size, compare, arg);
}

struct comparison {
	int (*compare)(const void *, const void *);
};

static int compare_two(const void *a, const void *b, void *arg)
{
	return ((const struct comparison *)arg)->compare(a, b);
}

void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	struct comparison c = { compare };

	small_qsort_r(base, n, size, compare_two, &c);
}

long strtol(const char *restrict text, char **restrict end, int base)
{
	return (long)small_strtoll(text, end, base);
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
	return (unsigned long)small_strtoull(text, end, base);
}

long long strtoll(const char *restrict text, char **restrict end, int base)
{
	return small_strtoll(text, end, base);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
	return small_strtoull(text, end, base);
}

void *malloc(size_t bytes)
{
	return small_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	return small_calloc(n, bytes);
}

void *realloc(void *memory, size_t bytes)
{
	return small_realloc(memory, bytes);
}

void free(void *memory)
{
	small_free(memory);
}

/* By these names musl itself calls them (posix_spawn_file_actions_addopen() does). */
void *__libc_malloc(size_t bytes);
void __libc_free(void *memory);

void *__libc_malloc(size_t bytes)
{
	return small_malloc(bytes);
}

void __libc_free(void *memory)
{
	small_free(memory);
}

/* --- what musl has more for than we ask of it ------------------------------------------ */

/* musl's looks for the one that the kernel maps into every process, to be fast. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	return (int)syscall(SYS_clock_gettime, clock, ret);
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

/* No other thread has a lock that the child would have to get. */
pid_t fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

/* --- threads --------------------------------------------------------------------- */

struct thread {
	void *(*fn)(void *);
	void *arg;
};

static int thread_main(void *arg)
{
	struct thread *t = arg;

	t->fn(t->arg);
	return 0;
}

/*
 * The one use of a thread is to do something in another namespace while its maker
 * waits (lib/base/netns.c). So the maker sleeps until it has ended, and what is one
 * thread's own can be both's.
 */
int pthread_create(pthread_t *restrict ret, const pthread_attr_t *restrict attr, void *(*fn)(void *), void *restrict arg)
{
	const size_t size = 128 << 10;
	struct thread t = { fn, arg };
	char *stack = malloc(size);
	int pid = stack ? clone(thread_main, stack + size,
				CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, &t) : -1;
	int r = pid < 0 ? EAGAIN : 0;

	free(stack);
	return r;
}

int pthread_join(pthread_t thread, void **ret)
{
	return 0;
}

/* --- names of errors --------------------------------------------------------------- */

const char *strerrordesc_np(int code)
{
	return strerror(code);
}

#define E(name) [name] = #name

static const char *const names[] = {
	/* clang-format off */
	E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
	E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(ENOTBLK), E(EBUSY),
	E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE),
	E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EROFS), E(EMLINK), E(EPIPE),
	E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY),
	E(ELOOP), E(ENOMSG), E(EIDRM), E(ECHRNG), E(EL2NSYNC), E(EL3HLT), E(EL3RST), E(ELNRNG),
	E(EUNATCH), E(ENOCSI), E(EL2HLT), E(EBADE), E(EBADR), E(EXFULL), E(ENOANO), E(EBADRQC),
	E(EBADSLT), E(EBFONT), E(ENOSTR), E(ENODATA), E(ETIME), E(ENOSR), E(ENONET), E(ENOPKG),
	E(EREMOTE), E(ENOLINK), E(EADV), E(ESRMNT), E(ECOMM), E(EPROTO), E(EMULTIHOP),
	E(EDOTDOT), E(EBADMSG), E(EOVERFLOW), E(ENOTUNIQ), E(EBADFD), E(EREMCHG), E(ELIBACC),
	E(ELIBBAD), E(ELIBSCN), E(ELIBMAX), E(ELIBEXEC), E(EILSEQ), E(ERESTART), E(ESTRPIPE),
	E(EUSERS), E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE), E(ENOPROTOOPT),
	E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT), E(EOPNOTSUPP), E(EPFNOSUPPORT), E(EAFNOSUPPORT),
	E(EADDRINUSE), E(EADDRNOTAVAIL), E(ENETDOWN), E(ENETUNREACH), E(ENETRESET),
	E(ECONNABORTED), E(ECONNRESET), E(ENOBUFS), E(EISCONN), E(ENOTCONN), E(ESHUTDOWN),
	E(ETOOMANYREFS), E(ETIMEDOUT), E(ECONNREFUSED), E(EHOSTDOWN), E(EHOSTUNREACH),
	E(EALREADY), E(EINPROGRESS), E(ESTALE), E(EUCLEAN), E(ENOTNAM), E(ENAVAIL), E(EISNAM),
	E(EREMOTEIO), E(EDQUOT), E(ENOMEDIUM), E(EMEDIUMTYPE), E(ECANCELED), E(ENOKEY),
	E(EKEYEXPIRED), E(EKEYREVOKED), E(EKEYREJECTED), E(EOWNERDEAD), E(ENOTRECOVERABLE),
	E(ERFKILL), E(EHWPOISON),
	/* clang-format on */
};

const char *strerrorname_np(int code)
{
	return code > 0 && (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : NULL;
}

#else
typedef int nothing_is_missing;	/* a file has to have something in it */
#endif
