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

#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "base/map.h"
#include "base/report.h"
#include "install/plan.h"

#define LK_FOREIGN_SUFFIX ".lockenv-saved"

struct lk_foreign_dir {
	lk_str path, target; /* in the old tree and in the new */
	struct timespec mtime;
	ino_t ino;
};

/* What a first carrying saw, so that a second one need not look at all of it again. */
struct lk_foreign_seen {
	/* Set by the caller. From `began` on others may have changed the old tree; `stays` tells
	 * for each record whether its files are hard links of those in the new tree. */
	struct timespec began;
	const bool *stays;
	bool all; /* the first one trusts no time: it hashes every file of what does not stay */
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_foreign_dir) dirs;
	struct lk_map by_path;
	bool copied; /* what is written to a file of the old tree is not in the new one */
};

/* From OLD_FD to NEW_FD, both trees of one file system; HAVE are the records of the old one. With
 * TOP_STAYS names at its top that neither tree's packages have are left where they are.
 * Calling again carries just what is new since. SEEN (may be NULL) is filled. *RET_COPIED: bytes
 * were written, which are not on the disk before a sync. LK_E_FS, LK_E_USAGE, LK_E_INTERRUPTED. */
int lk_foreign_carry(int old_fd, int new_fd, const struct lk_prefix_records *have, bool top_stays,
	struct lk_foreign_seen *seen, const struct lk_report *report, bool *ret_copied,
	struct lk_error *err) LK_MUST_USE;

/* The same again, from what the first one saw: directories whose time did not change are not read,
 * and files of packages that stay not looked at. */
int lk_foreign_carry_late(int old_fd, int new_fd, const struct lk_prefix_records *have,
	struct lk_foreign_seen *seen, const struct lk_report *report, bool *ret_copied,
	struct lk_error *err) LK_MUST_USE;
void lk_foreign_seen_done(struct lk_foreign_seen *seen);

#endif
