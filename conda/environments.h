/*
 * ~/.conda/environments.txt: the list, one path a line, from which conda, mamba and others know the
 * environments that lie outside their own folders.
 *
 * As in conda a user's list is the one in the user's home, root's too. Its other lines are kept
 * byte for byte; it is replaced whole, under a lock (flock) that installs at the same time wait
 * for. What is not this user's own is not touched: a list or a home of another user's (sudo may
 * leave HOME as it was), a list that is no file. A list that is a symlink is replaced where that
 * leads.
 */
#ifndef LK_CONDA_ENVIRONMENTS_H
#define LK_CONDA_ENVIRONMENTS_H

#include <stdbool.h>

#include "base/err.h"

#define LK_ENVIRONMENTS_MAX_BYTES ((size_t)16 << 20)

/* PREFIX, absolute and normal, is in the list of the user whose home is HOME when this returns 0;
 * *RET_CHANGED: it was not before. Environments that conda-build makes for itself are left out, as
 * by conda. LK_E_FS with why not. */
int lk_environments_add(
	const char *home, const char *prefix, bool *ret_changed, struct lk_error *err) LK_MUST_USE;
/* ... is not in it. */
int lk_environments_remove(
	const char *home, const char *prefix, bool *ret_changed, struct lk_error *err) LK_MUST_USE;

#endif
