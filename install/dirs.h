/*
 * A walk through the directories that a sorted list of paths needs: each is made and opened once,
 * relative to its parent, and no link is ever followed.
 *
 *     struct lk_dirs dirs;
 *     lk_dirs_init(&dirs, root_fd);
 *     lk_dirs_enter(&dirs, LK_STR("lib/python3.12"), &fd, err);
 *     lk_dirs_done(&dirs);
 */
#ifndef LK_INSTALL_DIRS_H
#define LK_INSTALL_DIRS_H

#include "base/err.h"

struct lk_dirs_level {
	size_t end; /* length of the path up to here, bytes */
	int fd;     /* -1: it is there and no symlink, but not open; the last one only */
};

struct lk_dirs_levels LK_VEC_OF(struct lk_dirs_level);

struct lk_dirs {
	int root;      /* borrowed */
	bool existing; /* nothing is made */
	bool exact; /* what is made here has its mode at once: neither umask nor ACLs take of it */
	struct lk_buf path;
	struct lk_dirs_levels levels;
};

void lk_dirs_init(struct lk_dirs *dirs, int root_fd);
void lk_dirs_done(struct lk_dirs *dirs);

/* Makes (0755, whatever the umask) and opens the directory PATH, a contained path or empty for the
 * root; *ret_fd stays valid until the next call. LK_E_FS, also when a component is no directory;
 * with `existing` that, and a missing one, is LK_E_NOT_FOUND. */
int lk_dirs_enter(struct lk_dirs *dirs, lk_str path, int *ret_fd, struct lk_error *err) LK_MUST_USE;

/* As above for the directory of the path FILE (NUL-ended). With FEW it may be left closed, which
 * costs less than opening where few names in it are used: *RET_NAME is FILE as seen from *RET_FD,
 * and may begin with the directory's name. */
int lk_dirs_enter_for(struct lk_dirs *dirs, lk_str file, bool few, int *ret_fd,
	const char **ret_name, struct lk_error *err) LK_MUST_USE;

#endif
