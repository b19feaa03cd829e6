/*
 * A stack of open directories.
 */
#include "install/dirs.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

void lk_dirs_init(struct lk_dirs *dirs, int root_fd)
{
	*dirs = (struct lk_dirs){.root = root_fd};
	lk_buf_init(&dirs->path, 4096);
}

static void leave_last(struct lk_dirs *dirs)
{
	lk_close_p(&dirs->levels.items[--dirs->levels.len].fd);
}

void lk_dirs_done(struct lk_dirs *dirs)
{
	while (dirs->levels.len > 0) {
		leave_last(dirs);
	}
	lk_vec_done(&dirs->levels);
	lk_buf_done(&dirs->path);
}

/* Closes every level that PATH does not lie in. */
static void leave(struct lk_dirs *dirs, lk_str path)
{
	while (dirs->levels.len > 0) {
		const struct lk_dirs_level *top = &dirs->levels.items[dirs->levels.len - 1];
		lk_str at = lk_str_slice(lk_buf_view(&dirs->path), 0, top->end);
		if (lk_str_starts(path, at) && (path.len == at.len || path.ptr[at.len] == '/')) {
			return;
		}
		leave_last(dirs);
	}
}

/* A directory that we made has mode 0755 and what it inherits of set-gid. */
static int fix_mode(struct lk_dirs *dirs, int fd, const char *path, struct lk_error *err)
{
	struct stat status;
	bool known = fstat(fd, &status) == 0;
	if (known && (status.st_mode & 0777) == 0755) {
		dirs->exact = true;
	} else if (!known || fchmod(fd, (status.st_mode & S_ISGID) | 0755) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot set the mode of '%s'", path);
	}
	return 0;
}

static int open_level(const struct lk_dirs *dirs, int parent, const char *path, const char *name,
	int *ret_fd, struct lk_error *err)
{
	*ret_fd = lk_fs_open_dir(parent, name);
	if (*ret_fd < 0) {
		bool absent = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
		return lk_fail_errno(err, dirs->existing && absent ? LK_E_NOT_FOUND : LK_E_FS,
			errno, "cannot open the directory '%s'", path);
	}
	return 0;
}

/* Is NAME known to be a directory and no symlink, without opening it? We made it just now, or it is
 * looked at. */
static bool stays_closed(const struct lk_dirs *dirs, int parent, const char *name, bool made)
{
	struct stat status;
	return dirs->existing ? fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(status.st_mode)
			      : made && dirs->exact;
}

static int push(struct lk_dirs *dirs, int parent, const char *path, const char *name, bool closed,
	struct lk_error *err)
{
	bool made = !dirs->existing && mkdirat(parent, name, 0755) == 0;
	if (!made && !dirs->existing && errno != EEXIST) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make the directory '%s'", path);
	}
	int fd = -1;
	int rc = 0;
	if (!closed || !stays_closed(dirs, parent, name, made)) {
		rc = open_level(dirs, parent, path, name, &fd, err);
	}
	if (rc == 0 && made && !dirs->exact) {
		rc = fix_mode(dirs, fd, path, err);
	}
	if (rc < 0) {
		lk_close_p(&fd);
		return rc;
	}
	lk_vec_push(&dirs->levels, (struct lk_dirs_level){dirs->path.len, fd});
	return 0;
}

/* The innermost level's directory, opened if need be. */
static int open_last(struct lk_dirs *dirs, int *ret_fd, struct lk_error *err)
{
	size_t depth = dirs->levels.len;
	*ret_fd = dirs->root;
	if (depth == 0) {
		return 0;
	}
	struct lk_dirs_level *last = &dirs->levels.items[depth - 1];
	int rc = 0;
	if (last->fd < 0) {
		size_t start = depth > 1 ? last[-1].end + 1 : 0;
		lk_buf_truncate(&dirs->path, last->end);
		const char *path = lk_buf_cstr(&dirs->path);
		rc = open_level(dirs, depth > 1 ? last[-1].fd : dirs->root, path, path + start,
			&last->fd, err);
	}
	*ret_fd = last->fd;
	return rc;
}

/* FEW: the last one may be left closed. */
static int enter(struct lk_dirs *dirs, lk_str path, bool few, struct lk_error *err)
{
	leave(dirs, path);
	size_t depth = dirs->levels.len;
	size_t done = depth > 0 ? dirs->levels.items[depth - 1].end : 0;
	lk_str rest = lk_str_skip(path, done > 0 && done < path.len ? done + 1 : done);
	lk_str name;
	dirs->path.len = done;
	while (rest.len > 0 && lk_str_split(&rest, '/', &name)) {
		int parent;
		int rc = open_last(dirs, &parent, err);
		if (rc < 0) {
			return rc;
		}
		if (dirs->path.len > 0) {
			lk_buf_putc(&dirs->path, '/');
		}
		size_t start = dirs->path.len;
		lk_buf_put(&dirs->path, name);
		if (dirs->path.overflow) {
			return lk_fail(err, LK_E_FS, "the path '%s' is too long", dirs->path.ptr);
		}
		const char *text = lk_buf_cstr(&dirs->path);
		rc = push(dirs, parent, text, text + start, few && rest.len == 0, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

int lk_dirs_enter(struct lk_dirs *dirs, lk_str path, int *ret_fd, struct lk_error *err)
{
	int rc = enter(dirs, path, false, err);
	return rc < 0 ? rc : open_last(dirs, ret_fd, err);
}

int lk_dirs_enter_for(struct lk_dirs *dirs, lk_str file, bool few, int *ret_fd,
	const char **ret_name, struct lk_error *err)
{
	int rc = enter(dirs, lk_path_dirname(file), few, err);
	if (rc == 0 && !few) {
		rc = open_last(dirs, ret_fd, err);
	}
	if (rc < 0) {
		return rc;
	}
	size_t open = dirs->levels.len;
	open -= open > 0 && dirs->levels.items[open - 1].fd < 0;
	*ret_fd = open > 0 ? dirs->levels.items[open - 1].fd : dirs->root;
	*ret_name = file.ptr + (open > 0 ? dirs->levels.items[open - 1].end + 1 : 0);
	return 0;
}
