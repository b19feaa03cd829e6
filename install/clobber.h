/*
 * Two packages, one path: the one later in link order wins, as in conda; a file where another
 * package needs a directory is always an error. conda-formats.md 6.4.
 */
#ifndef LK_INSTALL_CLOBBER_H
#define LK_INSTALL_CLOBBER_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"

/* Marks the entries that lose. Files that differ are warned about, once for each pair of packages;
 * with STRICT they are LK_E_INTEGRITY. */
int lk_clobber_resolve(struct lk_layout *layout, bool strict, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;

#endif
