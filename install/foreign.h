/*
 * What is in the old prefix and no record owns: carried over into the new tree.
 *
 * Hard links where they work, else copies. Not carried: __pycache__ of owned sources (it is made
 * again), and what is ours in conda-meta. Where a package now brings the same path, and for owned
 * files that the user changed or put something else in place of, the old file is kept beside it as
 * NAME.lockenv-saved, with a warning. No link is followed; another file system mounted below the
 * prefix is LK_E_USAGE.
 */
#ifndef LK_INSTALL_FOREIGN_H
#define LK_INSTALL_FOREIGN_H

#include "base/err.h"
#include "base/report.h"
#include "install/plan.h"

#define LK_FOREIGN_SUFFIX ".lockenv-saved"

/* From OLD_FD to NEW_FD, both trees of one file system; HAVE are the records of the old one. With
 * TOP_STAYS names at its top that neither tree's packages have are left where they are.
 * Calling again carries just what is new since. *RET_COPIED: bytes were written, which are not on
 * the disk before a sync. LK_E_FS, LK_E_USAGE, LK_E_INTERRUPTED. */
int lk_foreign_carry(int old_fd, int new_fd, const struct lk_prefix_records *have, bool top_stays,
	const struct lk_report *report, bool *ret_copied, struct lk_error *err) LK_MUST_USE;

#endif
