/*
 * Preloaded into lockenv: counts the calls that change a file system, or those that read files, or
 * those that take a descriptor or a mapping, and makes the n-th one go wrong.
 *
 *     FAULT_CLASS=...   which calls count: "changes" (the default), "reads", "opens"
 *     FAULT_AT=N        the N-th such call, from 1; the calls are counted over all threads
 *     FAULT_ACT=kill    the process dies there, a write half done; or "short": of a read or write
 *                       half is done; or ENOSPC (also every later call that needs room), EIO,
 *                       EACCES, EMFILE, ENOMEM (once)
 *     FAULT_LACKS=...   what the file system does not have: any of "renameat2", "hardlink",
 *                       "another-link" (files have all the names that they can have), "reflink",
 *                       "locks", "claims" (no link of such a name), "modes", "long-writes" and
 *                       "long-reads" (one takes 512 bytes at most), "peace" (somebody changes each
 *                       file when it is about to be cloned), "syncfs", "fsync" (they say that they
 *                       worked)
 *     FAULT_LOG=FILE    a line for each counted call: its name
 *     FAULT_RECORD=FILE what was done, see record.h
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record.h"

/* Nearly all go to the kernel itself: the functions behind need not be looked up. */
#define raw(...) next_syscall()(__VA_ARGS__)

/* Does the call need room on the disk? A rename may, but not the one that takes it back. */
enum need {
	NO_ROOM,
	ROOM,
	ROOM_ONCE
};

enum class {
	CHANGE,
	READ,
	OPEN
};

static struct {
	long at;
	const char *act, *lacks;
	enum class class;
	int log;
	atomic_long count;
} state = {.act = "", .lacks = "", .log = -1};

long (*next_syscall(void))(long, ...)
{
	static long (*_Atomic next)(long, ...);
	if (!next) {
		next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	}
	return next;
}

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("FAULT_AT");
	const char *log = getenv("FAULT_LOG");
	const char *act = getenv("FAULT_ACT");
	const char *lacks = getenv("FAULT_LACKS");
	const char *class = getenv("FAULT_CLASS");
	const char *record = getenv("FAULT_RECORD");
	state.at = at ? strtol(at, NULL, 10) : 0;
	state.act = act ? act : "";
	state.lacks = lacks ? lacks : "";
	state.class = !class ? CHANGE : class[0] == 'r' ? READ : class[0] == 'o' ? OPEN : CHANGE;
	if (log) {
		state.log = (int)raw(
			SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	}
	if (record) {
		record_open(record);
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

static int act_errno(void)
{
	static const struct {
		const char *name;
		int errnum;
	} once[] = {{"EIO", EIO}, {"EACCES", EACCES}, {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM}};
	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++) {
		if (act_is(once[i].name)) {
			return once[i].errnum;
		}
	}
	return 0;
}

/* Is it this call's turn? *RET_ERRNO is the error to give, or 0. */
static bool count(enum class class, const char *name, enum need need, int *ret_errno)
{
	*ret_errno = 0;
	if (state.class != class) {
		return false;
	}
	long n = atomic_fetch_add(&state.count, 1) + 1;
	if (state.log >= 0) {
		char line[32];
		size_t len = strlen(name);
		memcpy(line, name, len);
		line[len] = '\n';
		raw(SYS_write, state.log, line, len + 1);
	}
	if (state.at == 0 || n < state.at) {
		return false;
	}
	if (act_is("ENOSPC") && (need == ROOM || (need == ROOM_ONCE && n == state.at))) {
		*ret_errno = ENOSPC;
	} else if (n == state.at) {
		*ret_errno = act_errno();
	}
	return n == state.at;
}

static void die(void)
{
	raw(SYS_kill, raw(SYS_getpid), SIGKILL);
	for (;;) {
		pause();
	}
}

/* What most calls do; the number in case of success is for the kernel to give. */
static bool refused_as(enum class class, const char *name, enum need need)
{
	int errnum;
	if (count(class, name, need, &errnum) && act_is("kill")) {
		die();
	}
	errno = errnum;
	return errnum != 0;
}

static bool refused(const char *name, enum need need)
{
	return refused_as(CHANGE, name, need);
}

/* NAME is the call's; RECORDED says what is to be recorded of one that worked. */
#define CALL(name, need, recorded, ...)                                                            \
	int rc = -1;                                                                               \
	if (!refused(#name, need)) {                                                               \
		record_begin();                                                                    \
		rc = (int)raw(SYS_##name, __VA_ARGS__);                                            \
		if (rc >= 0) {                                                                     \
			recorded;                                                                  \
		}                                                                                  \
		record_end();                                                                      \
	}                                                                                          \
	return rc

/* ---- names ---- */

/* What is there already is said before the want of room. */
static enum need need_of(int dirfd, const char *path)
{
	struct stat st;
	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? NO_ROOM : ROOM;
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	CALL(mkdirat, need_of(dirfd, path), record_made("mkdir", dirfd, path, NULL), dirfd, path,
		mode);
}

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
	enum need need = need_of(dirfd, path);
	if (refused_as(OPEN, "openat", NO_ROOM) || ((flags & O_CREAT) && refused("openat", need))) {
		return -1;
	}
	record_begin();
	int fd = (int)raw(SYS_openat, dirfd, path, flags, mode);
	if (fd >= 0 && (flags & O_CREAT) && need == ROOM) {
		record_made("create", dirfd, path, NULL);
	} else if (fd >= 0 && (flags & O_TRUNC)) {
		record_file("size", fd);
	}
	record_end();
	return fd;
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

/* openat2 has no function of its own. */
long syscall(long number, ...)
{
	long a[6];
	va_list args;
	va_start(args, number);
	for (int i = 0; i < 6; i++) {
		a[i] = va_arg(args, long);
	}
	va_end(args);
	if (number == SYS_openat2 && refused_as(OPEN, "openat2", NO_ROOM)) {
		return -1;
	}
	return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (lacks("hardlink") || (lacks("claims") && strncmp(to, "claim,", 6) == 0)) {
		errno = EPERM;
		return -1;
	}
	if (lacks("another-link")) {
		errno = EMLINK;
		return -1;
	}
	CALL(linkat, ROOM, record_made("link", to_fd, to, NULL), from_fd, from, to_fd, to, flags);
}

int symlinkat(const char *target, int dirfd, const char *path)
{
	if (lacks("claims") && strncmp(path, "claim,", 6) == 0) {
		errno = EPERM;
		return -1;
	}
	CALL(symlinkat, ROOM, record_made("symlink", dirfd, path, target), target, dirfd, path);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	CALL(renameat, ROOM_ONCE, record_moved(false, from_fd, from, to_fd, to), from_fd, from,
		to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (lacks("renameat2")) {
		errno = EINVAL;
		return -1;
	}
	bool exchange = flags & RENAME_EXCHANGE;
	CALL(renameat2, exchange ? NO_ROOM : ROOM_ONCE,
		record_moved(exchange, from_fd, from, to_fd, to), from_fd, from, to_fd, to, flags);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	if (need_of(dirfd, path) == ROOM) {
		errno = ENOENT; /* there is nothing to be changed */
		return -1;
	}
	CALL(unlinkat, NO_ROOM, record_gone(dirfd, path), dirfd, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

/* ---- bytes ---- */

/* What goes to a terminal or pipe is no change of a file system. */
static bool is_file(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* AT is -1: at the descriptor's offset. */
static ssize_t write_any(int fd, const void *bytes, size_t len, off64_t at)
{
	int errnum = 0;
	bool file = is_file(fd);
	bool turn = file && count(CHANGE, at < 0 ? "write" : "pwrite", ROOM, &errnum);
	len = file && lacks("long-writes") && len > 512 ? 512 : len;
	len = turn && len > 1 && (act_is("kill") || act_is("short")) ? len / 2 : len;
	errno = errnum;
	if (errnum) {
		return -1;
	}
	record_begin();
	ssize_t done =
		at < 0 ? raw(SYS_write, fd, bytes, len) : raw(SYS_pwrite64, fd, bytes, len, at);
	if (file && done > 0) {
		record_bytes(fd, at, (size_t)done);
	}
	record_end();
	if (turn && act_is("kill")) {
		die();
	}
	return done;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	return write_any(fd, bytes, len, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return write_any(fd, bytes, len, at);
}

int ftruncate64(int fd, off64_t len)
{
	CALL(ftruncate, NO_ROOM, record_file("size", fd), fd, len);
}

int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
	CALL(fallocate, ROOM, record_file("size", fd), fd, mode, at, len);
}

static bool may_not_read(int fd, size_t *len)
{
	int errnum = 0;
	if (!is_file(fd)) {
		return false;
	}
	bool turn = count(READ, "read", NO_ROOM, &errnum);
	*len = lacks("long-reads") && *len > 512 ? 512 : *len;
	*len = turn && act_is("short") && *len > 1 ? *len / 2 : *len;
	errno = errnum;
	return errnum != 0;
}

ssize_t read(int fd, void *bytes, size_t len)
{
	return may_not_read(fd, &len) ? -1 : raw(SYS_read, fd, bytes, len);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
	return may_not_read(fd, &len) ? -1 : raw(SYS_pread64, fd, bytes, len, at);
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
	int errnum = 0;
	if (lacks("reflink")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	bool turn = count(CHANGE, "copy_file_range", ROOM, &errnum);
	len = turn && len > 1 && act_is("short") ? len / 2 : len;
	if (turn && act_is("kill")) {
		die();
	}
	errno = errnum;
	if (errnum) {
		return -1;
	}
	record_begin();
	ssize_t done = raw(SYS_copy_file_range, in, in_at, out, out_at, len, flags);
	if (done > 0) {
		record_bytes(out, out_at ? *out_at - done : -1, (size_t)done);
	}
	record_end();
	return done;
}

static void spoil(int fd)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = (int)raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	if (again >= 0) {
		(void)!raw(SYS_pwrite64, again, "!", 1, 0);
		(void)raw(SYS_close, again);
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
	record_begin();
	int rc = (int)raw(SYS_ioctl, fd, request, value);
	struct stat st;
	if (rc == 0 && request == FICLONE && fstat(fd, &st) == 0) {
		record_bytes(fd, 0, (size_t)st.st_size);
	}
	record_end();
	return rc;
}

/* ---- syncs ---- */

int fsync(int fd)
{
	if (lacks("fsync")) {
		return 0;
	}
	CALL(fsync, ROOM, record_file("fsync", fd), fd);
}

int fdatasync(int fd)
{
	if (lacks("fsync")) {
		return 0;
	}
	CALL(fdatasync, ROOM, record_file("fsync", fd), fd);
}

int syncfs(int fd)
{
	if (lacks("syncfs")) {
		return 0;
	}
	CALL(syncfs, ROOM, record_syncfs(), fd);
}

int flock(int fd, int operation)
{
	errno = ENOLCK;
	return lacks("locks") ? -1 : (int)raw(SYS_flock, fd, operation);
}

/* ---- what is noted of a file ---- */

int fchmod(int fd, mode_t mode)
{
	if (lacks("modes")) {
		errno = EPERM;
		return -1;
	}
	CALL(fchmod, NO_ROOM, record_file("mode", fd), fd, mode);
}

int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	/* The C library makes several calls of it where links are not to be followed. */
	int (*next)(int, const char *, mode_t, int);
	*(void **)&next = dlsym(RTLD_NEXT, "fchmodat");
	if (refused("fchmodat", NO_ROOM)) {
		return -1;
	}
	record_begin();
	int rc = next(dirfd, path, mode, flags);
	if (rc == 0) {
		record_named("mode", dirfd, path, flags);
	}
	record_end();
	return rc;
}

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	CALL(utimensat, NO_ROOM, record_named("time", dirfd, path, flags), dirfd, path, times,
		flags);
}

int futimens(int fd, const struct timespec times[2])
{
	CALL(utimensat, NO_ROOM, record_file("time", fd), fd, NULL, times, 0);
}

/* ---- descriptors and mappings ---- */

int fcntl64(int fd, int command, ...)
{
	va_list args;
	va_start(args, command);
	long value = va_arg(args, long);
	va_end(args);
	if (command == F_DUPFD_CLOEXEC && refused_as(OPEN, "fcntl", NO_ROOM)) {
		return -1;
	}
	return (int)raw(SYS_fcntl, fd, command, value);
}

int pipe2(int ends[2], int flags)
{
	return refused_as(OPEN, "pipe2", NO_ROOM) ? -1 : (int)raw(SYS_pipe2, ends, flags);
}

int socket(int domain, int type, int protocol)
{
	return refused_as(OPEN, "socket", NO_ROOM) ? -1
						   : (int)raw(SYS_socket, domain, type, protocol);
}

int memfd_create(const char *name, unsigned flags)
{
	return refused_as(OPEN, "memfd_create", NO_ROOM) ? -1
							 : (int)raw(SYS_memfd_create, name, flags);
}

void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset)
{
	if (fd >= 0 && refused_as(OPEN, "mmap", NO_ROOM)) {
		return MAP_FAILED;
	}
	return (void *)raw(SYS_mmap, at, len, protection, flags, fd, offset);
}
