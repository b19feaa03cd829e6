/*
 * One open directory for the many files in it.
 */
#include "store/parent_priv.h"

#include <limits.h>

#include "base/fs.h"

int lk_parent_open(struct lk_parent *parent, lk_str path, int *ret_fd, struct lk_error *err)
{
	lk_str dir = lk_path_dirname(path);
	if (dir.len == 0) {
		*ret_fd = parent->root;
		return 0;
	}
	if (parent->fd < 0 || !lk_str_eq(dir, parent->dir)) {
		lk_parent_done(parent);
		char name[PATH_MAX];
		if (dir.len >= sizeof(name)) {
			return lk_fail(err, LK_E_FS, "a path is too long");
		}
		memcpy(name, dir.ptr, dir.len);
		name[dir.len] = '\0';
		int fd;
		int rc = lk_fs_open_beneath(parent->root, name, O_PATH | O_DIRECTORY, 0, &fd, err);
		if (rc < 0) {
			return rc;
		}
		parent->fd = fd;
		parent->dir = dir;
	}
	*ret_fd = parent->fd;
	return 0;
}

void lk_parent_done(struct lk_parent *parent)
{
	lk_close_p(&parent->fd);
	parent->fd = -1;
}
