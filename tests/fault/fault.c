/*
 * Preloaded into lockenv: counts the calls that change a file system, or those that read files, and
 * makes the n-th one go wrong.
 *
 *     FAULT_READS=1     it is the reads that count
 *     FAULT_AT=N        the N-th such call, from 1; the calls are counted over all threads
 *     FAULT_ACT=kill    the process dies there, a write half done; or ENOSPC (also every later call
 *                       that needs room), EIO, EACCES (once)
 *     FAULT_LACKS=...   what the file system does not have: any of "renameat2", "hardlink",
 *                       "reflink", "locks", "claims" (no link of such a name), "modes",
 *                       "long-writes" and "long-reads" (one takes 512 bytes at most), "peace"
 *                       (somebody changes each file when it is about to be cloned)
 *     FAULT_LOG=FILE    a line for each counted call: its name
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nearly all go to the kernel itself: the functions behind need not be looked up. */

/* Does the call need room on the disk? A rename may, but not the one that takes it back. */
enum need {
	NO_ROOM,
	ROOM,
	ROOM_ONCE
};

static struct {
	long at;
	const char *act, *lacks;
	bool reads;
	int log;
	atomic_long count;
} state = {.log = -1};

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("FAULT_AT");
	const char *log = getenv("FAULT_LOG");
	const char *act = getenv("FAULT_ACT");
	const char *lacks = getenv("FAULT_LACKS");
	state.at = at ? strtol(at, NULL, 10) : 0;
	state.act = act ? act : "";
	state.lacks = lacks ? lacks : "";
	state.reads = getenv("FAULT_READS") != NULL;
	if (log) {
		state.log = (int)syscall(
			SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	}
}

static bool lacks(const char *what)
{
	return strstr(state.lacks, what) != NULL;
}

static bool act_is(const char *what)
{
	return strcmp(state.act, what) == 0;
}

/* True when the process is to die in this call; *ret_errno is the error to give, or 0. */
static bool count(const char *name, enum need need, int *ret_errno)
{
	*ret_errno = 0;
	if (state.reads != (strcmp(name, "read") == 0)) {
		return false;
	}
	long n = atomic_fetch_add(&state.count, 1) + 1;
	if (state.log >= 0) {
		char line[32];
		size_t len = strlen(name);
		memcpy(line, name, len);
		line[len] = '\n';
		syscall(SYS_write, state.log, line, len + 1);
	}
	if (state.at == 0 || n < state.at) {
		return false;
	}
	if (act_is("ENOSPC") && (need == ROOM || (need == ROOM_ONCE && n == state.at))) {
		*ret_errno = ENOSPC;
	} else if (n == state.at && act_is("EIO")) {
		*ret_errno = EIO;
	} else if (n == state.at && act_is("EACCES")) {
		*ret_errno = EACCES;
	}
	return n == state.at && act_is("kill");
}

static void die(void)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	for (;;) {
		pause();
	}
}

/* What most calls do; the number in case of success is for the kernel to give. */
static bool refused(const char *name, enum need need)
{
	int errnum;
	if (count(name, need, &errnum)) {
		die();
	}
	errno = errnum;
	return errnum != 0;
}

#define CALL(name, need, ...) (refused(#name, need) ? -1 : (int)syscall(SYS_##name, __VA_ARGS__))

/* What is there already is said before the want of room. */
static enum need need_of(int dirfd, const char *path)
{
	struct stat st;
	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? NO_ROOM : ROOM;
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return CALL(mkdirat, need_of(dirfd, path), dirfd, path, mode);
}

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
	if ((flags & O_CREAT) && refused("openat", need_of(dirfd, path))) {
		return -1;
	}
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

#define MODE_OF(flags)                                                                             \
	mode_t mode = 0;                                                                           \
	if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                   \
		va_list args;                                                                      \
		va_start(args, flags);                                                             \
		mode = va_arg(args, mode_t);                                                       \
		va_end(args);                                                                      \
	}

int openat(int dirfd, const char *path, int flags, ...)
{
	MODE_OF(flags)
	return open_any(dirfd, path, flags, mode);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
	MODE_OF(flags)
	return open_any(dirfd, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	MODE_OF(flags)
	return open_any(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE_OF(flags)
	return open_any(AT_FDCWD, path, flags, mode);
}

/* What goes to a terminal or pipe is no change of a file system. */
static bool is_file(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	int errnum = 0;
	if (is_file(fd)) {
		len = lacks("long-writes") && len > 512 ? 512 : len;
		if (count("write", ROOM, &errnum)) {
			syscall(SYS_write, fd, bytes, len / 2);
			die();
		}
	}
	errno = errnum;
	return errnum ? -1 : syscall(SYS_write, fd, bytes, len);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	int errnum = 0;
	if (is_file(fd)) {
		len = lacks("long-writes") && len > 512 ? 512 : len;
		if (count("pwrite", ROOM, &errnum)) {
			syscall(SYS_pwrite64, fd, bytes, len / 2, at);
			die();
		}
	}
	errno = errnum;
	return errnum ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

int ftruncate64(int fd, off64_t len)
{
	return refused("ftruncate", NO_ROOM) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

static bool may_not_read(int fd, size_t *len)
{
	if (!is_file(fd)) {
		return false;
	}
	*len = lacks("long-reads") && *len > 512 ? 512 : *len;
	return refused("read", NO_ROOM);
}

ssize_t read(int fd, void *bytes, size_t len)
{
	return may_not_read(fd, &len) ? -1 : syscall(SYS_read, fd, bytes, len);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
	return may_not_read(fd, &len) ? -1 : syscall(SYS_pread64, fd, bytes, len, at);
}

/* What the compiler makes of them where it knows the buffer's size. */
ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room)
{
	return read(fd, bytes, len < room ? len : room);
}

ssize_t __pread64_chk(int fd, void *bytes, size_t len, off64_t at, size_t room)
{
	return pread64(fd, bytes, len < room ? len : room, at);
}

ssize_t copy_file_range(
	int in, off64_t *in_at, int out, off64_t *out_at, size_t len, unsigned flags)
{
	if (lacks("reflink")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return refused("copy_file_range", ROOM)
		? -1
		: syscall(SYS_copy_file_range, in, in_at, out, out_at, len, flags);
}

static void spoil(int fd)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	if (again >= 0) {
		(void)!syscall(SYS_pwrite64, again, "!", 1, 0);
		(void)syscall(SYS_close, again);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	va_start(args, request);
	long value = va_arg(args, long);
	va_end(args);
	if (request == FICLONE && lacks("peace")) {
		spoil((int)value);
	}
	if (request == FICLONE && lacks("reflink")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_ioctl, fd, request, value);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (lacks("hardlink") || (lacks("claims") && strncmp(to, "claim,", 6) == 0)) {
		errno = EPERM;
		return -1;
	}
	return CALL(linkat, ROOM, from_fd, from, to_fd, to, flags);
}

int symlinkat(const char *target, int dirfd, const char *path)
{
	if (lacks("claims") && strncmp(path, "claim,", 6) == 0) {
		errno = EPERM;
		return -1;
	}
	return CALL(symlinkat, ROOM, target, dirfd, path);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return CALL(renameat, ROOM_ONCE, from_fd, from, to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (lacks("renameat2")) {
		errno = EINVAL;
		return -1;
	}
	enum need need = flags & RENAME_EXCHANGE ? NO_ROOM : ROOM_ONCE;
	return CALL(renameat2, need, from_fd, from, to_fd, to, flags);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	if (need_of(dirfd, path) == ROOM) {
		errno = ENOENT; /* there is nothing to be changed */
		return -1;
	}
	return CALL(unlinkat, NO_ROOM, dirfd, path, flags);
}

int fsync(int fd)
{
	return CALL(fsync, ROOM, fd);
}

int fdatasync(int fd)
{
	return CALL(fdatasync, ROOM, fd);
}

int syncfs(int fd)
{
	return CALL(syncfs, ROOM, fd);
}

int flock(int fd, int operation)
{
	errno = ENOLCK;
	return lacks("locks") ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int fchmod(int fd, mode_t mode)
{
	if (lacks("modes")) {
		errno = EPERM;
		return -1;
	}
	return CALL(fchmod, NO_ROOM, fd, mode);
}

int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	/* The C library makes several calls of it where links are not to be followed. */
	int (*next)(int, const char *, mode_t, int);
	*(void **)&next = dlsym(RTLD_NEXT, "fchmodat");
	return refused("fchmodat", NO_ROOM) ? -1 : next(dirfd, path, mode, flags);
}

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	return CALL(utimensat, NO_ROOM, dirfd, path, times, flags);
}

int futimens(int fd, const struct timespec times[2])
{
	return CALL(utimensat, NO_ROOM, fd, NULL, times, 0);
}
