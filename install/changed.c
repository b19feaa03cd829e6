/*
 * Changes by the user, found by times first and hashes then.
 */
#include "install/changed.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/link.h"
#include "install/stamp.h"
#include "install/write.h"

#define MODE_BITS 07777

void lk_changed_since_init(int prefix_fd, bool all, struct lk_changed_since *ret)
{
	struct stat status;
	*ret = (struct lk_changed_since){.all = all};
	if (fstatat(prefix_fd, "conda-meta/history", &status, AT_SYMLINK_NOFOLLOW) == 0) {
		ret->written = status.st_mtim;
		ret->settled = status.st_mtim;
	}
	if (fstatat(prefix_fd, "conda-meta/" LK_STAMP_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		ret->settled = status.st_ctim;
	}
}

void lk_changed_settle(int prefix_fd)
{
	const struct timespec times[2] = {{.tv_sec = LK_WRITE_EPOCH}, {.tv_sec = LK_WRITE_EPOCH}};
	(void)utimensat(prefix_fd, "conda-meta/" LK_STAMP_NAME, times, AT_SYMLINK_NOFOLLOW);
}

bool lk_changed_is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* Further links to an inode, made by other installs, move its time: that is no sign then. */
static bool is_suspect(const struct lk_changed_since *since, const struct stat *status)
{
	return since->all || !lk_changed_is_before(status->st_mtim, since->written) ||
		(status->st_nlink == 1 && !lk_changed_is_before(status->st_ctim, since->settled));
}

/* Follows a symlink: the file's own name was looked at already. */
static int is_other_content(int dirfd, const char *name, const struct lk_prefix_path *path,
	bool *ret, struct lk_error *err)
{
	struct lk_sha256 sha256;
	const struct lk_sha256 *want =
		path->has_sha256_in_prefix ? &path->sha256_in_prefix : &path->sha256;
	*ret = false;
	if (!path->has_sha256_in_prefix &&
		(!path->has_sha256 || path->prefix_mode != LK_PREFIX_NONE)) {
		return 0;
	}
	int LK_AUTO_CLOSE fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", path->path.ptr);
	}
	int rc = lk_sha256_fd(fd, path->path.ptr, &sha256, NULL, err);
	*ret = rc == 0 && !lk_sha256_eq(&sha256, want);
	return rc;
}

/* Is the symlink NAME one that an install can have put there for the file PATH? */
static bool leads_to_store(int dirfd, const char *name, const struct lk_prefix_path *path)
{
	char target[LK_LINK_TEXT_MAX + 1];
	return lk_link_read(dirfd, name, target) && target[0] == '/' &&
		lk_str_eq(lk_path_basename(lk_str_of(target)), lk_path_basename(path->path));
}

static int check_file(const struct lk_changed_since *since, int dirfd, const char *name,
	const struct stat *status, const struct lk_prefix_path *path, enum lk_changed *ret,
	struct lk_error *err)
{
	mode_t mode = path->executable ? 0755 : 0644;
	bool is_link = S_ISLNK(status->st_mode);
	struct stat file = *status;
	bool other = false;
	if (is_link && (!leads_to_store(dirfd, name, path) || fstatat(dirfd, name, &file, 0) < 0)) {
		*ret = leads_to_store(dirfd, name, path) ? LK_CHANGED_GONE : LK_CHANGED_CONTENT;
		return 0;
	}
	if (!S_ISREG(file.st_mode)) {
		*ret = LK_CHANGED_CONTENT;
		return 0;
	}
	int rc = is_suspect(since, status) ? is_other_content(dirfd, name, path, &other, err) : 0;
	bool other_mode = (file.st_mode & MODE_BITS) != mode && !is_link;
	*ret = other ? LK_CHANGED_CONTENT : other_mode ? LK_CHANGED_MODE : LK_CHANGED_NOT;
	return rc;
}

static enum lk_changed check_link(
	int dirfd, const char *name, const struct stat *status, const struct lk_prefix_path *path)
{
	char target[LK_LINK_TEXT_MAX + 1];
	bool same = S_ISLNK(status->st_mode) &&
		(path->target.len == 0 ||
			(lk_link_read(dirfd, name, target) && lk_str_is(path->target, target)));
	return same ? LK_CHANGED_NOT : LK_CHANGED_CONTENT;
}

int lk_changed_path(const struct lk_changed_since *since, int dirfd, const char *name,
	const struct stat *status, const struct lk_prefix_path *path, enum lk_changed *ret,
	struct lk_error *err)
{
	*ret = LK_CHANGED_NOT;
	switch (path->type) {
	case LK_INSTALLED_FILE:
	case LK_INSTALLED_ENTRY_POINT:
	case LK_INSTALLED_PYC:
		return check_file(since, dirfd, name, status, path, ret, err);
	case LK_INSTALLED_SOFTLINK:
		*ret = check_link(dirfd, name, status, path);
		break;
	case LK_INSTALLED_DIRECTORY:
		*ret = S_ISDIR(status->st_mode) ? LK_CHANGED_NOT : LK_CHANGED_CONTENT;
		break;
	case LK_INSTALLED_OTHER:
		break;
	}
	return 0;
}
