/*
 * Building the new tree: every entry of a layout that did not lose is linked or written below one
 * directory descriptor, in as many workers as asked for, and what lies there now is noted in the
 * entry (mode, sha256, size, link target).
 */
#ifndef LK_INSTALL_STAGE_H
#define LK_INSTALL_STAGE_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"
#include "install/link.h"
#include "store/tree.h"

struct lk_stage {
	int fd;                      /* the new tree */
	int old_fd;                  /* the old prefix, of which files are kept; or -1 */
	const struct lk_tree *trees; /* one for each package of the layout; of kept ones unused */
	struct lk_layout *layout;
	struct lk_linker *linker;
	unsigned jobs;
	atomic_bool copied;           /* a file that stays could not be hard-linked */
	atomic_bool damaged;          /* an unchecked tree is not what was sealed */
	atomic_size_t unsigned_files; /* zero at first; counted while building */
};

/* Entries of kind PYC are left to install/pyc.h. Files of unchecked trees are held against their
 * seals as they are placed (a failure with stage->damaged set). LK_E_FS, LK_E_INTEGRITY,
 * LK_E_INTERRUPTED. */
int lk_stage_build(
	struct lk_stage *stage, const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

#endif
