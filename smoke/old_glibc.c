/*
 * Functions that glibc 2.17 does not have under these names, for lockenv-smoke alone, which is
 * linked with that (cmake/old_glibc.cmake). The compiler's headers call them by what is in quotes.
 * Nothing here is seen by the libraries that a level opens.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HERE __attribute__((visibility("hidden")))

/* bits/stat.h of glibc 2.17: _STAT_VER. */
#if defined(__x86_64__)
#define STAT_VERSION 1
#else
#define STAT_VERSION 0
#endif

/* Since 2.33 stat is a function; before it was inline, and called these. */
int old_xstat(int version, const char *path, struct stat *ret) __asm__("__xstat64");
int old_fxstat(int version, int fd, struct stat *ret) __asm__("__fxstat64");
int old_lxstat(int version, const char *path, struct stat *ret) __asm__("__lxstat64");
int old_fxstatat(int version, int dirfd, const char *path, struct stat *ret, int flags) __asm__(
	"__fxstatat64");

HERE int new_stat(const char *path, struct stat *ret) __asm__("stat64");
HERE int new_fstat(int fd, struct stat *ret) __asm__("fstat64");
HERE int new_lstat(const char *path, struct stat *ret) __asm__("lstat64");
HERE int new_fstatat(int dirfd, const char *path, struct stat *ret, int flags) __asm__("fstatat64");

int new_stat(const char *path, struct stat *ret)
{
	return old_xstat(STAT_VERSION, path, ret);
}

int new_fstat(int fd, struct stat *ret)
{
	return old_fxstat(STAT_VERSION, fd, ret);
}

int new_lstat(const char *path, struct stat *ret)
{
	return old_lxstat(STAT_VERSION, path, ret);
}

int new_fstatat(int dirfd, const char *path, struct stat *ret, int flags)
{
	return old_fxstatat(STAT_VERSION, dirfd, path, ret, flags);
}

/* Since 2.28, for locks of 64 bits, which 64-bit machines have always had. */
int old_fcntl(int fd, int command, ...) __asm__("fcntl");
HERE int new_fcntl(int fd, int command, ...) __asm__("fcntl64");

int new_fcntl(int fd, int command, ...)
{
	va_list args;
	va_start(args, command);
	void *arg = va_arg(args, void *);
	va_end(args);
	return old_fcntl(fd, command, arg);
}

/* Since 2.26. */
HERE void *new_reallocarray(void *ptr, size_t count, size_t size) __asm__("reallocarray");

void *new_reallocarray(void *ptr, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(ptr, bytes);
}

/* Since 2.25. */
HERE void new_explicit_bzero(void *bytes, size_t len) __asm__("explicit_bzero");
HERE void new_explicit_bzero_chk(void *bytes, size_t len, size_t size) __asm__(
	"__explicit_bzero_chk");

void new_explicit_bzero(void *bytes, size_t len)
{
	memset(bytes, 0, len);
	__asm__ volatile("" ::"r"(bytes) : "memory"); /* somebody may look at them yet */
}

void new_explicit_bzero_chk(void *bytes, size_t len, size_t size)
{
	if (len > size) {
		abort();
	}
	new_explicit_bzero(bytes, len);
}

HERE ssize_t new_getrandom(void *ret, size_t len, unsigned flags) __asm__("getrandom");

ssize_t new_getrandom(void *ret, size_t len, unsigned flags)
{
	return syscall(SYS_getrandom, ret, len, flags);
}

/* Since 2.32. strerror gives the same text in the C locale, which this program never leaves. */
HERE const char *new_strerrordesc(int errnum) __asm__("strerrordesc_np");

const char *new_strerrordesc(int errnum)
{
	return strerror(errnum);
}
