/*
 * The list of environments.
 */
#include "conda/environments.h"

#include <errno.h>
#include <limits.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"

#define DIR_NAME ".conda"
#define FILE_NAME "environments.txt"
#define LOCK_TRIES 500
#define LOCK_PAUSE_NS 10000000L
#define REPLACED_TRIES 100
#define MAX_LINKS 40 /* that lead to the list, as in the kernel */

/* Where the list is: in ~/.conda, or where a link there leads. */
struct list {
	int dirfd;
	char *name; /* owned */
};

static int fail_foreign(const char *name, struct lk_error *err)
{
	return lk_fail(err, LK_E_FS, "'%s' belongs to another user", name);
}

static bool is_ours(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && status.st_uid == geteuid();
}

/* HOME/.conda, which may be a link of the user's own. *RET -1: there is none, and MAKE is not set.
 */
static int open_dir(const char *home, bool make, int *ret, struct lk_error *err)
{
	int LK_AUTO_CLOSE home_fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home_fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", home);
	}
	if (!is_ours(home_fd)) {
		return fail_foreign(home, err);
	}
	if (make && mkdirat(home_fd, DIR_NAME, 0777) < 0 && errno != EEXIST) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s/" DIR_NAME "'", home);
	}
	int LK_AUTO_CLOSE fd = openat(home_fd, DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && (make || errno != ENOENT)) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s/" DIR_NAME "'", home);
	}
	if (fd >= 0 && !is_ours(fd)) {
		return fail_foreign(DIR_NAME, err);
	}
	*ret = lk_fd_take(&fd);
	return 0;
}

static int check_file(int fd, struct lk_error *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		return lk_fail(err, LK_E_FS, "'" FILE_NAME "' is no file");
	}
	if (status.st_uid != geteuid()) {
		return fail_foreign(FILE_NAME, err);
	}
	return 0;
}

/* One link on, to a folder that is ours. False: the list's name is no link. */
static bool follow(struct list *list, int *ret_rc, struct lk_error *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(list->dirfd, list->name, target, sizeof(target) - 1);
	if (len < 0) {
		return false;
	}
	lk_str path = lk_str_n(target, (size_t)len);
	lk_str dir = lk_path_dirname(path);
	char *LK_AUTO_FREE folder = dir.len > 0 ? lk_strndup(dir.ptr, dir.len)
						: lk_strdup(path.ptr[0] == '/' ? "/" : ".");
	int LK_AUTO_CLOSE fd = openat(list->dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		*ret_rc = lk_fail_errno(err, LK_E_FS, errno,
			"cannot open '%s', to which '" FILE_NAME "' leads", folder);
	} else if (!is_ours(fd)) {
		*ret_rc = fail_foreign(folder, err);
	}
	lk_str name = lk_path_basename(path);
	lk_close_p(&list->dirfd);
	list->dirfd = lk_fd_take(&fd);
	lk_free(list->name);
	list->name = lk_strndup(name.ptr, name.len);
	return *ret_rc == 0;
}

/* Users keep it elsewhere, with their dotfiles: then it is replaced there, and the link stays. */
static int find_list(struct list *list, struct lk_error *err)
{
	int rc = 0;
	int i = 0;
	while (i < MAX_LINKS && follow(list, &rc, err)) {
		i++;
	}
	return i < MAX_LINKS ? rc : lk_fail(err, LK_E_FS, "'" FILE_NAME "' leads to itself");
}

/* The list, made where it is missing and MAKE is set; else *RET is -1. */
static int open_file(const struct list *list, bool make, int *ret, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = openat(list->dirfd, list->name,
		O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (make ? O_CREAT : 0),
		0666);
	if (fd < 0 && errno == ENOENT && !make) {
		*ret = -1;
		return 0;
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '" FILE_NAME "'");
	}
	int rc = check_file(fd, err);
	*ret = rc < 0 ? -1 : lk_fd_take(&fd);
	return rc;
}

/* False when somebody does not let go of it. Where there are no locks one goes without. */
static bool lock(int fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
			return true;
		}
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool is_named(const struct list *list, int fd)
{
	struct stat held;
	struct stat named;
	return fstat(fd, &held) == 0 &&
		fstatat(list->dirfd, list->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* The list, locked: not one that was replaced while it was waited for. */
static int open_locked(const struct list *list, bool make, int *ret, struct lk_error *err)
{
	for (int i = 0; i < REPLACED_TRIES; i++) {
		int LK_AUTO_CLOSE fd = -1;
		int rc = open_file(list, make, &fd, err);
		if (rc < 0 || fd < 0) {
			*ret = -1;
			return rc;
		}
		if (!lock(fd)) {
			break;
		}
		if (is_named(list, fd)) {
			*ret = lk_fd_take(&fd);
			return 0;
		}
	}
	return lk_fail(err, LK_E_FS, "somebody else holds '" FILE_NAME "'");
}

/* All that FD has from byte FROM on. */
static int read_from(int fd, size_t from, struct lk_buf *out, struct lk_error *err)
{
	char block[65536];
	for (size_t at = from;;) {
		ssize_t n = pread(fd, block, sizeof(block), (off_t)at);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read '" FILE_NAME "'");
		}
		lk_buf_append(out, block, (size_t)n);
		if (n == 0 || out->overflow) {
			break;
		}
		at += (size_t)n;
	}
	return out->overflow ? lk_fail(err, LK_E_FS, "'" FILE_NAME "' is too large") : 0;
}

/* Without the lines that are PREFIX, or with one such line. */
struct edit {
	lk_str prefix;
	bool add;
};

static void apply(const struct edit *edit, lk_str old, struct lk_buf *out)
{
	bool found = false;
	for (size_t at = 0; at < old.len;) {
		lk_str rest = lk_str_skip(old, at);
		size_t end = lk_str_find_char(rest, '\n');
		lk_str line = end == SIZE_MAX ? rest : lk_str_slice(rest, 0, end + 1);
		bool same = lk_str_eq(lk_str_trim(line), edit->prefix);
		found = found || same;
		if (edit->add || !same) {
			lk_buf_put(out, line);
		}
		at += line.len;
	}
	if (edit->add && !found) {
		lk_buf_puts(out, out->len > 0 && out->ptr[out->len - 1] != '\n' ? "\n" : "");
		lk_buf_put(out, edit->prefix);
		lk_buf_putc(out, '\n');
	}
}

static int replace(const struct list *list, int fd, const struct lk_buf *text, struct lk_error *err)
{
	struct stat status;
	if (text->overflow) {
		return lk_fail(err, LK_E_FS, "'" FILE_NAME "' is too large");
	}
	if (fstat(fd, &status) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot look at '" FILE_NAME "'");
	}
	/* An empty buffer has no bytes to point to. */
	return lk_fs_write_atomic(list->dirfd, list->name, text->len > 0 ? text->ptr : "",
		text->len, status.st_mode & 0777, err);
}

/* LATE goes into the list too; it then has what came into the old file meanwhile, for others may
 * append without a lock, as conda does. */
static int change_locked(const struct list *list, int fd, const struct edit *edit,
	struct lk_buf *late, bool *ret_changed, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) old = LK_BUF_INIT(LK_ENVIRONMENTS_MAX_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_ENVIRONMENTS_MAX_BYTES);
	int rc = read_from(fd, 0, &old, err);
	size_t len = old.len;
	lk_buf_put(&old, lk_buf_view(late));
	apply(edit, lk_buf_view(&old), &text);
	if (rc < 0 || (late->len == 0 && lk_str_eq(lk_buf_view(&text), lk_buf_view(&old)))) {
		return rc;
	}
	rc = replace(list, fd, &text, err);
	lk_buf_clear(late);
	*ret_changed = rc == 0;
	return rc < 0 ? rc : read_from(fd, len, late, err);
}

static int change_list(
	const struct list *list, const struct edit *edit, bool *ret_changed, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) late = LK_BUF_INIT(LK_ENVIRONMENTS_MAX_BYTES);
	int rc = 0;
	do {
		int LK_AUTO_CLOSE fd = -1;
		rc = open_locked(list, edit->add, &fd, err);
		if (rc < 0 || fd < 0) {
			return rc;
		}
		rc = change_locked(list, fd, edit, &late, ret_changed, err);
	} while (rc == 0 && late.len > 0);
	return rc;
}

static int change(
	const char *home, const struct edit *edit, bool *ret_changed, struct lk_error *err)
{
	struct list list = {.dirfd = -1};
	int rc = open_dir(home, edit->add, &list.dirfd, err);
	if (rc == 0 && list.dirfd >= 0) {
		list.name = lk_strdup(FILE_NAME);
		rc = find_list(&list, err);
		rc = rc < 0 ? rc : change_list(&list, edit, ret_changed, err);
	}
	lk_close_p(&list.dirfd);
	lk_free(list.name);
	return rc;
}

int lk_environments_add(
	const char *home, const char *prefix, bool *ret_changed, struct lk_error *err)
{
	*ret_changed = false;
	if (strstr(prefix, "placehold_pl") != NULL || strstr(prefix, "skeleton_") != NULL) {
		return 0;
	}
	const struct edit edit = {lk_str_of(prefix), true};
	return change(home, &edit, ret_changed, err);
}

int lk_environments_remove(
	const char *home, const char *prefix, bool *ret_changed, struct lk_error *err)
{
	const struct edit edit = {lk_str_of(prefix), false};
	*ret_changed = false;
	return change(home, &edit, ret_changed, err);
}
