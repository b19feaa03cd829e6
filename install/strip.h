/*
 * Taking out of a tree what no package of it has: of one that comes back, where what was foreign is
 * that of the tree it comes in place of.
 */
#ifndef LK_INSTALL_STRIP_H
#define LK_INSTALL_STRIP_H

#include "base/err.h"
#include "install/owned.h"

/* Of the tree at FD, to which OWNED belongs. Its records, history and state file stay, and what is
 * compiled from its sources. No link is followed. LK_E_FS; LK_E_USAGE for a directory that another
 * file system is mounted at. */
int lk_strip(int fd, const struct lk_owned *owned, struct lk_error *err) LK_MUST_USE;

#endif
