/*
 * Opening, reading, writing and renaming.
 */
#include "base/fs.h"

#include <errno.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs_priv.h"
#include "base/stream.h"

#define MAX_STALE 4

void lk_close_p(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd); /* on Linux the descriptor is gone even after EINTR */
		errno = saved;
		*fd = -1;
	}
}

/* What a network file system knew of a name is no longer so: asking again makes it look. */
static bool is_stale(unsigned *tries)
{
	return errno == ESTALE && ++*tries < MAX_STALE;
}

int lk_fs_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	unsigned tries = 0;
	int fd;
	do {
		fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	} while (fd < 0 && (errno == EINTR || is_stale(&tries)));
	return fd;
}

int lk_fs_chmod_nofollow(int dirfd, const char *name, mode_t mode)
{
	int rc = fchmodat(dirfd, name, mode, AT_SYMLINK_NOFOLLOW);
	if (rc == 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) {
		return rc;
	}
	/* The C library needs /proc for it where the kernel has no fchmodat2. */
	int LK_AUTO_CLOSE fd = lk_fs_openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	return fd < 0 ? -1 : fchmod(fd, mode);
}

/* Is NAME a symlink? A directory was wanted there and the kernel said ENOTDIR. */
static bool is_symlink(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

int lk_fs_walk_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	int LK_AUTO_CLOSE here = -1;
	int from = dirfd;
	const char *slash;
	while ((slash = strchr(path, '/')) != NULL) {
		char *LK_AUTO_FREE component = lk_strndup(path, (size_t)(slash - path));
		int next = lk_fs_openat(from, component, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		if (next < 0) {
			errno = errno == ENOTDIR && is_symlink(from, component) ? ELOOP : errno;
			return -1;
		}
		lk_close_p(&here);
		here = next;
		from = next;
		path = slash + 1;
	}
	int fd = lk_fs_openat(from, path, flags | O_NOFOLLOW, mode);
	if (fd < 0 && errno == ENOTDIR && is_symlink(from, path)) {
		errno = ELOOP;
	}
	return fd;
}

static int open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = makes ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = TEMP_FAILURE_RETRY(syscall(SYS_openat2, dirfd, path, &how, sizeof(how)));
	/* EPERM: what some sandboxes answer to calls that they do not know. EAGAIN: others move
	 * things about, and the kernel cannot be sure. */
	if (fd < 0 &&
		(errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == EAGAIN ||
			errno == ESTALE)) {
		return lk_fs_walk_beneath(dirfd, path, flags, mode);
	}
	return (int)fd;
}

static bool is_missing(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR;
}

int lk_fs_open_beneath(
	int dirfd, const char *path, int flags, mode_t mode, int *ret_fd, struct lk_error *err)
{
	if (!lk_path_is_contained(lk_str_of(path))) {
		return lk_fail(err, LK_E_FS, "'%s' is not a name inside a directory", path);
	}
	int fd = open_beneath(dirfd, path, flags, mode);
	if (fd >= 0) {
		*ret_fd = fd;
		return LK_OK;
	}
	if (errno == ELOOP) {
		lk_fail(err, LK_E_FS, "cannot open '%s': a part of it is a symlink", path);
		err->sys_errno = ELOOP;
		return LK_E_FS;
	}
	return lk_fail_errno(
		err, is_missing(errno) ? LK_E_NOT_FOUND : LK_E_FS, errno, "cannot open '%s'", path);
}

/* Makes NAME in DIRFD if need be and opens it as a place to go on from; -1 with errno. */
static int enter_made(int dirfd, const char *name, mode_t mode, int nofollow)
{
	bool made = mkdirat(dirfd, name, mode ? mode : 0777) == 0;
	if (!made && errno != EEXIST) {
		/* Read-only or foreign parents may say something else about what exists. */
		int saved = errno;
		struct stat st;
		if (fstatat(dirfd, name, &st, 0) != 0) {
			errno = saved;
			return -1;
		}
	}
	if (made && mode && lk_fs_chmod_nofollow(dirfd, name, mode) != 0) {
		return -1;
	}
	return lk_fs_openat(dirfd, name, O_PATH | O_DIRECTORY | nofollow, 0);
}

int lk_fs_mkdirs(int dirfd, const char *path, mode_t mode, bool nofollow, struct lk_error *err)
{
	int LK_AUTO_CLOSE here = -1;
	int from = dirfd;
	lk_str rest = lk_str_of(path);
	lk_str component;
	if (rest.len > 0 && rest.ptr[0] == '/') {
		here = lk_fs_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
		from = here;
	}
	while (lk_str_split(&rest, '/', &component)) {
		if (component.len == 0 || lk_str_is(component, ".")) {
			continue;
		}
		char *LK_AUTO_FREE name = lk_strndup(component.ptr, component.len);
		if (nofollow && lk_str_is(component, "..")) {
			return lk_fail(err, LK_E_FS,
				"cannot make directory '%s': it has '..' in it", path);
		}
		int next = enter_made(from, name, mode, nofollow ? O_NOFOLLOW : 0);
		if (next < 0) {
			int errnum = errno;
			size_t upto = (size_t)(component.ptr - path) + component.len;
			return lk_fail_errno(err, LK_E_FS, errnum, "cannot make directory '%.*s'",
				(int)upto, path);
		}
		lk_close_p(&here);
		here = next;
		from = next;
	}
	return LK_OK;
}

/* All of FD (taken), named PATH, appended to BUF, or nothing. */
static int read_whole(int fd, const char *path, struct lk_buf *buf, struct lk_error *err)
{
	struct lk_stream *LK_CLEANUP(lk_stream_free_p) stream = lk_stream_from_fd(fd, path);
	size_t before = buf->len;
	int rc = lk_stream_read_all(stream, buf, err);
	if (rc < 0) {
		lk_buf_truncate(buf, before);
	}
	if (rc == LK_E_INTEGRITY) { /* too large: of a file that nobody promised a size of */
		lk_error_hint(err, "what is wanted here is never as large: check the path");
		err->code = LK_E_FORMAT;
		rc = LK_E_FORMAT;
	}
	return rc;
}

bool lk_fs_same_file(const char *path, const char *other)
{
	struct stat a;
	struct stat b;
	return stat(path, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int lk_fs_read_file(int dirfd, const char *path, struct lk_buf *buf, struct lk_error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == EINTR) { /* a FIFO that nobody writes to */
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while opening '%s'", path);
	}
	if (fd < 0) {
		return lk_fail_errno(err, is_missing(errno) ? LK_E_NOT_FOUND : LK_E_FS, errno,
			"cannot open '%s'", path);
	}
	int rc = read_whole(fd, path, buf, err);
	if (rc < 0 && err->sys_errno == EISDIR) {
		rc = lk_fail(err, LK_E_FORMAT, "'%s' is a directory", path);
		lk_error_hint(err, "a file is wanted here");
	}
	return rc;
}

int lk_fs_read_beneath(int dirfd, const char *path, struct lk_buf *buf, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_fs_open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd, err);
	struct stat st;
	if (rc < 0 && err->sys_errno == ELOOP) {
		err->code = LK_E_FORMAT;
		return LK_E_FORMAT;
	}
	if (rc == LK_OK && fstat(fd, &st) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", path);
	}
	if (rc == LK_OK && !S_ISREG(st.st_mode)) {
		rc = lk_fail(err, LK_E_FORMAT, "'%s' is not a regular file", path);
	}
	if (rc < 0) {
		return rc;
	}
	return read_whole(lk_fd_take(&fd), path, buf, err);
}

int lk_fs_write_all(int fd, const void *bytes, size_t len, const char *name, struct lk_error *err)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t done = TEMP_FAILURE_RETRY(write(fd, at, len));
		if (done < 0 && errno == EAGAIN) {
			struct pollfd full = {fd, POLLOUT, 0};
			(void)poll(&full, 1, -1);
			continue;
		}
		if (done <= 0) {
			int errnum = done < 0 ? errno : ENOSPC;
			return lk_fail_errno(err, LK_E_FS, errnum, "cannot write '%s'", name);
		}
		at += done;
		len -= (size_t)done;
	}
	return LK_OK;
}

int lk_fs_write_at(
	int fd, const void *bytes, size_t len, uint64_t at, const char *name, struct lk_error *err)
{
	for (const char *from = bytes; len > 0;) {
		ssize_t done = TEMP_FAILURE_RETRY(pwrite(fd, from, len, (off_t)at));
		if (done <= 0) {
			int errnum = done < 0 ? errno : ENOSPC;
			return lk_fail_errno(err, LK_E_FS, errnum, "cannot write '%s'", name);
		}
		from += done;
		at += (size_t)done;
		len -= (size_t)done;
	}
	return LK_OK;
}

/* Writes and closes the file beside PATH that is to replace it; DURABLE: syncs it before. */
static int fill(
	int fd, bool durable, const void *bytes, size_t len, const char *path, struct lk_error *err)
{
	int rc = lk_fs_write_all(fd, bytes, len, path, err);
	if (rc == LK_OK && durable && TEMP_FAILURE_RETRY(fsync(fd)) != 0 && errno != EINVAL) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", path);
	}
	if (close(fd) != 0 && errno != EINTR && rc == LK_OK) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", path);
	}
	return rc;
}

/* Does PATH lead through one of the links of /proc that are no names, such as those of /dev/stdout?
 */
static bool is_magic(int dirfd, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
	int LK_AUTO_CLOSE fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	return fd < 0 && errno == ELOOP;
}

int lk_fs_check_replaceable(int dirfd, const char *path, struct lk_error *err)
{
	struct stat st;
	bool there = fstatat(dirfd, path, &st, 0) == 0 && !S_ISDIR(st.st_mode);
	if (!there || (S_ISREG(st.st_mode) && !is_magic(dirfd, path))) {
		return LK_OK;
	}
	lk_fail(err, LK_E_USAGE, "'%s' is there and is no file", path);
	lk_error_hint(err, "what is written is renamed to its place: name a file");
	return LK_E_USAGE;
}

static int replace(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
	bool durable, struct lk_error *err)
{
	if (lk_fs_check_replaceable(dirfd, path, err) < 0) {
		return err->code;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str dir = lk_path_dirname(lk_str_of(path));
	const char *parent = dir.len > 0 ? lk_str_dup(&arena, dir).ptr : ".";
	char *temp;
	int fd;
	int rc = lk_fs_temp_file(dirfd, lk_arena_printf(&arena, "%s/.lockenv", parent), mode,
		&arena, &temp, &fd, err);
	if (rc < 0) {
		return lk_wrap(err, "cannot write '%s'", path);
	}
	rc = fill(fd, durable, bytes, len, path, err);
	if (rc == LK_OK && renameat(dirfd, temp, dirfd, path) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot replace '%s'", path);
	}
	if (rc < 0) {
		(void)unlinkat(dirfd, temp, 0);
		return rc;
	}
	return durable ? lk_fs_sync_dir(dirfd, parent, err) : LK_OK;
}

int lk_fs_write_atomic(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
	struct lk_error *err)
{
	return replace(dirfd, path, bytes, len, mode, true, err);
}

int lk_fs_write_unsynced(
	int dirfd, const char *path, const void *bytes, size_t len, struct lk_error *err)
{
	return replace(dirfd, path, bytes, len, 0, false, err);
}

int lk_fs_open_dir(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool lk_fs_is_mounted(int dirfd, const char *path)
{
	struct statx here;
	struct statx up;
	char above[PATH_MAX];
	int len = snprintf(above, sizeof(above), "%s/..", path);
	if (statx(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &here) != 0 ||
		!S_ISDIR(here.stx_mode)) {
		return false;
	}
	if (here.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) {
		return here.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	}
	return len < (int)sizeof(above) &&
		statx(dirfd, above, AT_NO_AUTOMOUNT, STATX_TYPE, &up) == 0 &&
		(here.stx_dev_major != up.stx_dev_major || here.stx_dev_minor != up.stx_dev_minor);
}

/* Did renameat2 fail because kernel, file system or sandbox does not have the flag? */
static bool lacks_flag(int errnum)
{
	return errnum == EINVAL || errnum == ENOSYS || errnum == EPERM || errnum == EOPNOTSUPP;
}

int lk_fs_exchange(int dirfd_a, const char *a, int dirfd_b, const char *b, struct lk_error *err)
{
	if (renameat2(dirfd_a, a, dirfd_b, b, RENAME_EXCHANGE) == 0) {
		return LK_OK;
	}
	return lk_fail_errno(err, lacks_flag(errno) ? LK_E_NOT_FOUND : LK_E_FS, errno,
		"cannot exchange '%s' and '%s'", a, b);
}

/* Without RENAME_NOREPLACE: -1 with errno, EEXIST when DST is there. */
static int move_onto_nothing(int src_dirfd, const char *src, int dst_dirfd, const char *dst)
{
	struct stat st;
	if (fstatat(src_dirfd, src, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (linkat(src_dirfd, src, dst_dirfd, dst, 0) == 0) {
			return unlinkat(src_dirfd, src, 0);
		}
		if (errno != EPERM && errno != EOPNOTSUPP) {
			return -1;
		}
	}
	if (fstatat(dst_dirfd, dst, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(src_dirfd, src, dst_dirfd, dst);
}

int lk_fs_rename_noreplace(int src_dirfd, const char *src, int dst_dirfd, const char *dst,
	bool *ret_exists, struct lk_error *err)
{
	int rc = renameat2(src_dirfd, src, dst_dirfd, dst, RENAME_NOREPLACE);
	if (rc != 0 && lacks_flag(errno)) {
		rc = move_onto_nothing(src_dirfd, src, dst_dirfd, dst);
	}
	if (rc != 0 && errno != EEXIST && errno != ENOTEMPTY) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot move '%s' to '%s'", src, dst);
	}
	*ret_exists = rc != 0;
	return LK_OK;
}

int lk_fs_rename(
	int src_dirfd, const char *src, int dst_dirfd, const char *dst, struct lk_error *err)
{
	if (renameat(src_dirfd, src, dst_dirfd, dst) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot move '%s' to '%s'", src, dst);
	}
	return LK_OK;
}

int lk_fs_sync_dir(int dirfd, const char *path, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = lk_fs_openat(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path);
	}
	if (TEMP_FAILURE_RETRY(fsync(fd)) != 0 && errno != EINVAL && errno != EOPNOTSUPP) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot sync '%s'", path);
	}
	return LK_OK;
}
