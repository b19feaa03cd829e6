/*
 * Taking an environment away: every package out of a prefix, in one exchange with a tree that has
 * just what is foreign.
 *
 * Nothing remains of conda-meta, nor of a previous tree that was kept. A package's file that the
 * user changed is kept beside itself as an install does. A prefix in which nothing foreign is goes
 * itself; in place it stays, empty. Packages' pre-unlink scripts run before anything changes, where
 * that is asked for (install/scripts.h).
 */
#ifndef LK_INSTALL_REMOVE_ALL_H
#define LK_INSTALL_REMOVE_ALL_H

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"
#include "install/scripts.h"

struct lk_remove_all_options {
	bool dry_run; /* only tells */
	/* As in lk_install_options: */
	bool in_place, override_frozen, run_link_scripts;
	struct lk_str_list link_scripts;
	const char *const *script_env;
	unsigned wait; /* seconds, for an install into the prefix to end */
};

struct lk_remove_all_result {
	struct lk_arena arena;
	struct lk_strs packages; /* "NAME-VERSION-BUILD", by name; owned by the arena */
	/* pre-unlink scripts that did not run; owned by the arena. None are told in a dry run. */
	const struct lk_script *scripts;
	size_t skipped_scripts;
	bool stays; /* the directory does: something else is in it; not in a dry run */
};

/* PREFIX is absolute. Where a run died, most often a removal, what it left goes, and that is enough
 * where no environment is there any more. LK_E_USAGE for what is no environment, a frozen one
 * unless OVERRIDE_FROZEN, and a mount point unless IN_PLACE; FS, INTERRUPTED. On failure PREFIX is
 * what it was. *RET is to be freed in any case. */
int lk_remove_all(const char *prefix, const struct lk_remove_all_options *options,
	const struct lk_report *report, struct lk_remove_all_result *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_remove_all_done(struct lk_remove_all_result *result);

#endif
