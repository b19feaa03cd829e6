/*
 * Which packages stay as they are: those that the prefix has from the same archive, put there by an
 * install of ours into the same path, and that nobody has changed since. Their files are linked
 * from the old prefix into the new tree: neither archive nor extracted tree of them is needed, and
 * nothing of them is read.
 *
 * Each path of such a package is looked at (lstat), none is opened unless a time gives reason to
 * (install/changed.h). A package with a file that is changed or missing does not stay: it is
 * installed anew from the cache. Links, directories, compiled files and modes need no archive: they
 * are mended.
 *
 * Nothing stays of a prefix whose records other programs have written or changed, or that bears the
 * state file of none or of an older version.
 */
#ifndef LK_INSTALL_KEEP_H
#define LK_INSTALL_KEEP_H

#include "base/report.h"
#include "install/layout.h"
#include "install/plan.h"
#include "install/stamp.h"

struct lk_keep_source {
	int prefix_fd; /* of the old prefix */
	const struct lk_prefix_records *have;
	const struct lk_plan *plan;
	const struct lk_record *records; /* that the plan wants; sorted by name */
	size_t n_records;
	const struct lk_stamp *stamp; /* of what is to be installed: prefix and platform count */
	bool verify;                  /* hash each file */
	bool strict;                  /* links that lead outside must be looked at by lk_tree */
	unsigned jobs;
};

struct lk_keep_package {
	const struct lk_prefix_record *record; /* NULL: it does not stay */
	const bool *mend; /* one for each of its paths: made anew, from what the record says */
	/* Why an otherwise whole package does not stay: the path that was changed or is missing;
	 * empty where there is no such reason. */
	lk_str fault;
	bool missing;
};

struct lk_keep {
	struct lk_keep_package *packages; /* one for each record */
	size_t n;                         /* that stay */
	/* With packages of noarch python that stay: where the environment's modules must be. */
	lk_str site_packages;
	bool symlinks; /* files that stay may be symlinks into the cache */
};

/* RET and its arrays are owned by ARENA and borrow the records of HAVE. LK_E_FS,
 * LK_E_INTERRUPTED. */
int lk_keep_choose(const struct lk_keep_source *source, const struct lk_report *report,
	struct lk_arena *arena, struct lk_keep *ret, struct lk_error *err) LK_MUST_USE;

#endif
