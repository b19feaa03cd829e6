/*
 * Directories: listing one, removing a tree.
 *
 * Removal holds one descriptor however deep the tree is: it goes down by name and up by "..", and
 * when it has come up it checks that it stands where it went down.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs_priv.h"

#define TRIES 3

DIR *lk_fs_opendir(int dirfd, const char *path)
{
	int fd = lk_fs_openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	if (fd < 0) {
		return NULL;
	}
	DIR *dir = fdopendir(fd);
	if (!dir) {
		lk_mem_lost(); /* the descriptor is a directory that can be read */
	}
	return dir;
}

void lk_closedir_p(DIR **dir)
{
	if (*dir) {
		int saved = errno;
		closedir(*dir);
		errno = saved;
	}
}

struct dirent *lk_fs_readdir(DIR *dir)
{
	struct dirent *entry;
	do {
		errno = 0;
		entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): safe on one stream */
	} while (entry &&
		(lk_str_is(lk_str_of(entry->d_name), ".") ||
			lk_str_is(lk_str_of(entry->d_name), "..")));
	return entry;
}

int lk_fs_list(int dirfd, const char *path, struct lk_arena *arena, struct lk_strs *ret,
	struct lk_error *err)
{
	DIR *LK_CLEANUP(lk_closedir_p) dir = lk_fs_opendir(dirfd, path);
	if (!dir) {
		return lk_fail_errno(err, errno == ENOENT ? LK_E_NOT_FOUND : LK_E_FS, errno,
			"cannot list '%s'", path);
	}
	struct lk_strs names = {0};
	struct dirent *entry;
	while ((entry = lk_fs_readdir(dir)) != NULL) {
		lk_vec_push(&names, lk_str_dup(arena, lk_str_of(entry->d_name)));
	}
	if (errno != 0) {
		lk_fail_errno(err, LK_E_FS, errno, "cannot list '%s'", path);
		lk_vec_done(&names);
		return LK_E_FS;
	}
	if (names.len > 0) {
		qsort(names.items, names.len, sizeof(*names.items), lk_str_cmp_qsort);
	}
	*ret = names;
	return LK_OK;
}

/* A directory on the way down. */
struct level {
	struct lk_arena arena; /* of the names */
	struct lk_strs dirs;   /* subdirectories, to be removed from the last to the first */
	dev_t dev;
	ino_t ino;
	unsigned entered; /* how often the last of `dirs` was; more than once only when others add
			     to it */
};

struct removal {
	struct LK_VEC_OF(struct level) levels;
	int here;         /* the directory of the last level */
	const char *path; /* of the tree, for errors */
	struct lk_error *err;
};

static int removal_failed(struct removal *r, int errnum)
{
	return lk_fail_errno(r->err, LK_E_FS, errnum, "cannot remove '%s'", r->path);
}

/* Removes NAME from DIRFD, after making the directory writable if it was not. -1 with errno. */
static int unlink_forced(int dirfd, const char *name, int flags)
{
	int rc = unlinkat(dirfd, name, flags);
	if (rc != 0 && errno == EACCES && fchmod(dirfd, 0700) == 0) {
		rc = unlinkat(dirfd, name, flags);
	}
	return rc;
}

static int opendir_forced(int dirfd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
	int fd = lk_fs_openat(dirfd, name, flags, 0);
	if (fd < 0 && errno == EACCES && lk_fs_chmod_nofollow(dirfd, name, 0700) == 0) {
		fd = lk_fs_openat(dirfd, name, flags, 0);
	}
	return fd;
}

static bool is_dir(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Did unlinkat refuse NAME only because it is a directory? */
static bool refused_as_dir(int dirfd, const char *name, int errnum)
{
	return errnum == EISDIR || ((errnum == EPERM || errnum == EACCES) && is_dir(dirfd, name));
}

/* Reads the names of `here` into ALL, the known directories into the level. -1 with errno. */
static int read_names(int here, struct level *level, struct lk_strs *all)
{
	DIR *LK_CLEANUP(lk_closedir_p) dir = lk_fs_opendir(here, ".");
	if (!dir && errno == EACCES && fchmod(here, 0700) == 0) {
		dir = lk_fs_opendir(here, ".");
	}
	if (!dir) {
		return -1;
	}
	struct dirent *entry;
	while ((entry = lk_fs_readdir(dir)) != NULL) {
		lk_str name = lk_str_dup(&level->arena, lk_str_of(entry->d_name));
		if (entry->d_type == DT_DIR) {
			lk_vec_push(&level->dirs, name);
		} else {
			lk_vec_push(all, name);
		}
	}
	return errno ? -1 : 0;
}

/* Removes everything in `here` but directories, which it collects. All names are read first: not
 * every file system lists well while it is being emptied. */
static int remove_files(struct removal *r, struct level *level)
{
	struct lk_strs names = {0};
	int errnum = read_names(r->here, level, &names) == 0 ? 0 : errno;
	for (size_t i = 0; i < names.len && errnum == 0; i++) {
		const char *name = names.items[i].ptr;
		if (unlink_forced(r->here, name, 0) == 0 || errno == ENOENT) {
			continue;
		}
		errnum = errno;
		if (refused_as_dir(r->here, name, errnum)) {
			lk_vec_push(&level->dirs, names.items[i]);
			errnum = 0;
		}
	}
	lk_vec_done(&names);
	return errnum ? removal_failed(r, errnum) : LK_OK;
}

/* Makes FD (taken) the directory at hand and empties it of files. */
static int descend(struct removal *r, int fd)
{
	struct stat st;
	lk_close_p(&r->here);
	r->here = fd;
	if (fd < 0 || fstat(fd, &st) != 0) {
		return removal_failed(r, errno);
	}
	lk_vec_push(&r->levels, (struct level){.dev = st.st_dev, .ino = st.st_ino});
	return remove_files(r, &r->levels.items[r->levels.len - 1]);
}

static void level_done(struct level *level)
{
	lk_vec_done(&level->dirs);
	lk_arena_done(&level->arena);
}

/* Leaves the directory at hand for the one it was entered from. */
static int ascend(struct removal *r)
{
	level_done(&r->levels.items[--r->levels.len]);
	if (r->levels.len == 0) {
		return LK_OK;
	}
	const struct level *to = &r->levels.items[r->levels.len - 1];
	int up = opendir_forced(r->here, "..");
	struct stat st;
	lk_close_p(&r->here);
	r->here = up;
	if (up < 0 || fstat(up, &st) != 0) {
		return removal_failed(r, errno);
	}
	if (st.st_dev != to->dev || st.st_ino != to->ino) {
		return lk_fail(r->err, LK_E_FS,
			"cannot remove '%s': it is being moved about by someone else", r->path);
	}
	return LK_OK;
}

/* Removes the last subdirectory of the level at hand, or enters it when it is not empty. */
static int remove_subdir(struct removal *r)
{
	struct level *level = &r->levels.items[r->levels.len - 1];
	const char *name = level->dirs.items[level->dirs.len - 1].ptr;
	if (unlink_forced(r->here, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
		level->dirs.len--;
		level->entered = 0;
		return LK_OK;
	}
	if ((errno != ENOTEMPTY && errno != EEXIST) || level->entered == TRIES) {
		return removal_failed(r, errno);
	}
	level->entered++;
	return descend(r, opendir_forced(r->here, name));
}

int lk_fs_remove_tree(int dirfd, const char *path, struct lk_error *err)
{
	struct removal r = {.here = -1, .path = path, .err = err};
	if (unlinkat(dirfd, path, 0) == 0 || errno == ENOENT || errno == ENOTDIR) {
		return LK_OK;
	}
	if (!refused_as_dir(dirfd, path, errno)) {
		return removal_failed(&r, errno);
	}
	int rc = descend(&r, opendir_forced(dirfd, path));
	while (rc == LK_OK && r.levels.len > 0) {
		bool empty = r.levels.items[r.levels.len - 1].dirs.len == 0;
		rc = empty ? ascend(&r) : remove_subdir(&r);
	}
	while (r.levels.len > 0) {
		level_done(&r.levels.items[--r.levels.len]);
	}
	lk_vec_done(&r.levels);
	lk_close_p(&r.here);
	if (rc == LK_OK && unlinkat(dirfd, path, AT_REMOVEDIR) != 0 && errno != ENOENT) {
		rc = removal_failed(&r, errno);
	}
	return rc;
}
