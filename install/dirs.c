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

void lk_dirs_done(struct lk_dirs *dirs)
{
	while (dirs->levels.len > 0) {
		close(dirs->levels.items[--dirs->levels.len].fd);
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
		close(top->fd);
		dirs->levels.len--;
	}
}

/* A directory that we made has mode 0755 and what it inherits of set-gid. */
static int fix_mode(int fd, const char *path, struct lk_error *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0 ||
		((status.st_mode & 0777) != 0755 &&
			fchmod(fd, (status.st_mode & S_ISGID) | 0755) < 0)) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot set the mode of '%s'", path);
	}
	return 0;
}

static int push(
	struct lk_dirs *dirs, int parent, const char *path, const char *name, struct lk_error *err)
{
	bool made = !dirs->existing && mkdirat(parent, name, 0755) == 0;
	if (!made && !dirs->existing && errno != EEXIST) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make the directory '%s'", path);
	}
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		bool absent = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
		return lk_fail_errno(err, dirs->existing && absent ? LK_E_NOT_FOUND : LK_E_FS,
			errno, "cannot open the directory '%s'", path);
	}
	int rc = made ? fix_mode(fd, path, err) : 0;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	lk_vec_push(&dirs->levels, (struct lk_dirs_level){dirs->path.len, fd});
	return 0;
}

int lk_dirs_enter(struct lk_dirs *dirs, lk_str path, int *ret_fd, struct lk_error *err)
{
	leave(dirs, path);
	size_t depth = dirs->levels.len;
	size_t done = depth > 0 ? dirs->levels.items[depth - 1].end : 0;
	dirs->path.len = done;
	lk_str rest = lk_str_skip(path, done > 0 && done < path.len ? done + 1 : done);
	lk_str name;
	while (rest.len > 0 && lk_str_split(&rest, '/', &name)) {
		int parent = dirs->levels.len > 0 ? dirs->levels.items[dirs->levels.len - 1].fd
						  : dirs->root;
		if (dirs->path.len > 0) {
			lk_buf_putc(&dirs->path, '/');
		}
		size_t start = dirs->path.len;
		lk_buf_put(&dirs->path, name);
		if (dirs->path.overflow) {
			return lk_fail(err, LK_E_FS, "the path '%s' is too long", dirs->path.ptr);
		}
		const char *text = lk_buf_cstr(&dirs->path);
		int rc = push(dirs, parent, text, text + start, err);
		if (rc < 0) {
			return rc;
		}
	}
	*ret_fd = dirs->levels.len > 0 ? dirs->levels.items[dirs->levels.len - 1].fd : dirs->root;
	return 0;
}
