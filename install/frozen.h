/*
 * conda-meta/frozen: whoever put it there does not want the environment changed (CEP 22).
 */
#ifndef LK_INSTALL_FROZEN_H
#define LK_INSTALL_FROZEN_H

#include "base/err.h"

/* LK_E_USAGE when the environment at PREFIX_FD has the marker, whatever it is; with its message
 * ({"message": TEXT}) on one line and without a full stop, control characters as they are. PREFIX
 * is its name in the error. -1: there is no environment. */
int lk_frozen_check(int prefix_fd, const char *prefix, struct lk_error *err) LK_MUST_USE;

#endif
