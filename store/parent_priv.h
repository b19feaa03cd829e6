/*
 * The directory that the path at hand lies in, and those above it, kept open while paths come in
 * order.
 */
#ifndef LK_STORE_PARENT_PRIV_H
#define LK_STORE_PARENT_PRIV_H

#include "base/err.h"

#define LK_PARENT_LEVELS 8

struct lk_parent_level {
	lk_str dir; /* borrowed from the path that opened it */
	int fd;
};

struct lk_parent {
	int root; /* descriptor that all paths are relative to; not owned */
	/* Each lies in the one before it; for use with the *at functions only. */
	struct lk_parent_level levels[LK_PARENT_LEVELS];
	size_t depth;
};

/* *RET_FD, not the caller's: the directory of PATH (contained; must outlive its use here),
 * following no link. LK_E_NOT_FOUND, or LK_E_FS with ELOOP or ENOTDIR where something else is in
 * the way. */
int lk_parent_open(
	struct lk_parent *parent, lk_str path, int *ret_fd, struct lk_error *err) LK_MUST_USE;
void lk_parent_done(struct lk_parent *parent);

#endif
