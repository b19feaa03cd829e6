/*
 * The directory that the path at hand lies in, kept open while one path after the other lies there.
 */
#ifndef LK_STORE_PARENT_PRIV_H
#define LK_STORE_PARENT_PRIV_H

#include "base/err.h"

struct lk_parent {
	int root;   /* descriptor that all paths are relative to; not owned */
	int fd;     /* of `dir`, for use with the *at functions only; -1: none is open */
	lk_str dir; /* borrowed from the path that opened it */
};

/* *RET_FD, not the caller's: the directory of PATH (contained; must outlive its use here),
 * following no link. LK_E_NOT_FOUND, or LK_E_FS with ELOOP or ENOTDIR where something else is in
 * the way. */
int lk_parent_open(
	struct lk_parent *parent, lk_str path, int *ret_fd, struct lk_error *err) LK_MUST_USE;
void lk_parent_done(struct lk_parent *parent);

#endif
