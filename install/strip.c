/*
 * Taking out what is foreign.
 */
#include "install/strip.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"

static int strip_level(int fd, lk_str path, const struct lk_owned *owned, struct lk_error *err);

static int strip_dir(
	int dirfd, lk_str name, lk_str path, const struct lk_owned *owned, struct lk_error *err)
{
	bool belongs = lk_owned_find(owned, path, NULL) != LK_OWNED_NOT ||
		lk_str_is(path, "conda-meta") || lk_str_is(name, "__pycache__");
	if (lk_fs_is_mounted(dirfd, name.ptr)) {
		lk_fail(err, LK_E_USAGE, "another file system is mounted at '%s' of the tree",
			path.ptr);
		lk_error_hint(err, "unmount it first");
		return err->code;
	}
	if (!belongs) {
		return lk_fs_remove_tree(dirfd, name.ptr, err);
	}
	int LK_AUTO_CLOSE fd = lk_fs_open_dir(dirfd, name.ptr);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path.ptr);
	}
	int rc = strip_level(fd, path, owned, err);
	if (rc == 0 && lk_str_is(name, "__pycache__")) {
		(void)unlinkat(dirfd, name.ptr, AT_REMOVEDIR); /* when nothing was left in it */
	}
	return rc;
}

static int strip_entry(
	int fd, lk_str dir, lk_str name, const struct lk_owned *owned, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct stat status;
	lk_str path = dir.len == 0 ? name
				   : lk_str_printf(&arena, LK_STR_FMT "/" LK_STR_FMT,
					     LK_STR_ARG(dir), LK_STR_ARG(name));
	if (lk_owned_is_state(dir, name)) {
		return 0;
	}
	if (fstatat(fd, name.ptr, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot look at '%s'", path.ptr);
	}
	if (S_ISDIR(status.st_mode)) {
		return strip_dir(fd, name, path, owned, err);
	}
	if (lk_owned_find(owned, path, NULL) != LK_OWNED_NOT ||
		lk_owned_derives(owned, dir, name)) {
		return 0;
	}
	return unlinkat(fd, name.ptr, 0) == 0
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot remove '%s'", path.ptr);
}

static int strip_level(int fd, lk_str path, const struct lk_owned *owned, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int rc = lk_fs_list(fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		rc = strip_entry(fd, path, names.items[i], owned, err);
	}
	lk_vec_done(&names);
	return rc;
}

int lk_strip(int fd, const struct lk_owned *owned, struct lk_error *err)
{
	return strip_level(fd, lk_str_n(NULL, 0), owned, err);
}
