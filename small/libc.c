/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See libc.h. musl's strerror() gives constant text, so it is as good from any thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list ap)
{
	return small_vsnprintf(to, size, format, ap);
}

int inet_pton(int family, const char *restrict text, void *restrict ret)
{
	return small_inet_pton(family, text, ret);
}

const char *inet_ntop(int family, const void *restrict address, char *restrict to, socklen_t size)
{
	return small_inet_ntop(family, address, to, size);
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

/* clang-format off */
#define NAMES(X) \
	X(EPERM) X(ENOENT) X(ESRCH) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(ENOEXEC) X(EBADF) X(ECHILD) X(EAGAIN) \
	X(ENOMEM) X(EACCES) X(EFAULT) X(ENOTBLK) X(EBUSY) X(EEXIST) X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) \
	X(EINVAL) X(ENFILE) X(EMFILE) X(ENOTTY) X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK) \
	X(EPIPE) X(EDOM) X(ERANGE) X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) X(ENOSYS) X(ENOTEMPTY) X(ELOOP) X(ENOMSG) \
	X(EIDRM) X(ECHRNG) X(EL2NSYNC) X(EL3HLT) X(EL3RST) X(ELNRNG) X(EUNATCH) X(ENOCSI) X(EL2HLT) X(EBADE) \
	X(EBADR) X(EXFULL) X(ENOANO) X(EBADRQC) X(EBADSLT) X(EBFONT) X(ENOSTR) X(ENODATA) X(ETIME) X(ENOSR) \
	X(ENONET) X(ENOPKG) X(EREMOTE) X(ENOLINK) X(EADV) X(ESRMNT) X(ECOMM) X(EPROTO) X(EMULTIHOP) X(EDOTDOT) \
	X(EBADMSG) X(EOVERFLOW) X(ENOTUNIQ) X(EBADFD) X(EREMCHG) X(ELIBACC) X(ELIBBAD) X(ELIBSCN) X(ELIBMAX) \
	X(ELIBEXEC) X(EILSEQ) X(ERESTART) X(ESTRPIPE) X(EUSERS) X(ENOTSOCK) X(EDESTADDRREQ) X(EMSGSIZE) \
	X(EPROTOTYPE) X(ENOPROTOOPT) X(EPROTONOSUPPORT) X(ESOCKTNOSUPPORT) X(EOPNOTSUPP) X(EPFNOSUPPORT) \
	X(EAFNOSUPPORT) X(EADDRINUSE) X(EADDRNOTAVAIL) X(ENETDOWN) X(ENETUNREACH) X(ENETRESET) X(ECONNABORTED) \
	X(ECONNRESET) X(ENOBUFS) X(EISCONN) X(ENOTCONN) X(ESHUTDOWN) X(ETOOMANYREFS) X(ETIMEDOUT) X(ECONNREFUSED) \
	X(EHOSTDOWN) X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS) X(ESTALE) X(EUCLEAN) X(ENOTNAM) X(ENAVAIL) \
	X(EISNAM) X(EREMOTEIO) X(EDQUOT) X(ENOMEDIUM) X(EMEDIUMTYPE) X(ECANCELED) X(ENOKEY) X(EKEYEXPIRED) \
	X(EKEYREVOKED) X(EKEYREJECTED) X(EOWNERDEAD) X(ENOTRECOVERABLE) X(ERFKILL) X(EHWPOISON)
/* clang-format on */

#define MEMBER(name) char name_##name[sizeof(#name)];
#define TEXT(name) #name,
#define PLACE(name) [name] = offsetof(struct names, name_##name),

/* One behind the other, because a pointer to each would take more room than the names. */
static const struct names {
	char none[1];
	NAMES(MEMBER)
} names = { "", NAMES(TEXT) };

static const uint16_t places[] = { NAMES(PLACE) };

const char *strerrorname_np(int code)
{
	const size_t place = code > 0 && (size_t)code < sizeof(places) / sizeof(places[0]) ? places[code] : 0;

	return place ? (const char *)&names + place : NULL;
}

#else
typedef int nothing_is_missing;	/* a file has to have something in it */
#endif
