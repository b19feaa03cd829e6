/*
 * Open directories for the many files in them.
 */
#include "store/parent_priv.h"

#include <limits.h>

#include "base/fs.h"

static void leave(struct lk_parent *parent)
{
	lk_close_p(&parent->levels[--parent->depth].fd);
}

/* Is PATH the directory DIR, or below it? */
static bool lies_in(lk_str path, lk_str dir)
{
	return lk_str_starts(path, dir) && (path.len == dir.len || path.ptr[dir.len] == '/');
}

/* The innermost open directory that DIR lies in; *RET_REST is what is below it. */
static int innermost(const struct lk_parent *parent, lk_str dir, lk_str *ret_rest)
{
	*ret_rest = dir;
	if (parent->depth == 0) {
		return parent->root;
	}
	const struct lk_parent_level *top = &parent->levels[parent->depth - 1];
	*ret_rest = lk_str_skip(dir, top->dir.len + (dir.len > top->dir.len));
	return top->fd;
}

int lk_parent_open(struct lk_parent *parent, lk_str path, int *ret_fd, struct lk_error *err)
{
	lk_str dir = lk_path_dirname(path);
	while (parent->depth > 0 && !lies_in(dir, parent->levels[parent->depth - 1].dir)) {
		leave(parent);
	}
	lk_str rest;
	int from = innermost(parent, dir, &rest);
	if (rest.len == 0) {
		*ret_fd = from;
		return 0;
	}
	if (parent->depth == LK_PARENT_LEVELS) {
		leave(parent);
		from = innermost(parent, dir, &rest);
	}
	char name[PATH_MAX];
	if (rest.len >= sizeof(name)) {
		return lk_fail(err, LK_E_FS, "a path is too long");
	}
	memcpy(name, rest.ptr, rest.len);
	name[rest.len] = '\0';
	int fd;
	int rc = lk_fs_open_beneath(from, name, O_PATH | O_DIRECTORY, 0, &fd, err);
	if (rc == 0) {
		parent->levels[parent->depth++] = (struct lk_parent_level){dir, fd};
		*ret_fd = fd;
	}
	return rc;
}

void lk_parent_done(struct lk_parent *parent)
{
	while (parent->depth > 0) {
		leave(parent);
	}
}
