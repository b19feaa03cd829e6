/*
 * Link scripts of packages, bin/.NAME-ACTION.sh: code that a package wants to be run when it comes
 * or goes. Nothing of it runs unless it is asked for; what does not run is told.
 *
 *     pre-unlink   of packages that go or are replaced, while they are there, the last linked
 * first; what it does to the prefix stays done; its failure is a warning, as in conda pre-link of
 * packages that come, in link order, once the new tree is the prefix: there is no moment at which
 * the prefix waits for one package post-link    the same, after all of those; a failure of either
 * is the install's post-unlink  does not run: deprecated, and conda takes the file away before it
 * looks for it
 *
 * Each is run by bash in its own folder, with PREFIX, SOURCE_DIR (the same), CONDA_PREFIX,
 * ROOT_PREFIX (empty: there is no base here), PKG_NAME, PKG_VERSION, PKG_BUILDNUM, and its folder
 * first on PATH. What it prints is told line by line, also where all is to be quiet; what it leaves
 * in PREFIX/.messages.txt is told as a note and taken away. After each the prefix must be the
 * directory that it was, and an environment.
 * conda-formats.md 6.5, CEP 34.
 */
#ifndef LK_INSTALL_SCRIPTS_H
#define LK_INSTALL_SCRIPTS_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"
#include "install/plan.h"

struct lk_script {
	lk_str package;
	lk_str path; /* in the prefix */
};

struct lk_scripts {
	const char *prefix; /* absolute */
	int work_fd; /* LK_SITE_SCRIPTS is there while pre-link and post-link run; -1: nowhere */
	bool run;    /* asked for */
	struct lk_str_list only; /* of these packages; empty: of all */
	const char *const *env;  /* what scripts inherit, NULL-ended "NAME=value"; NULL: nothing */
	const struct lk_report *report;
	struct lk_arena *arena;
	/* What did not run, each once; the vector is the caller's (lk_vec_done). */
	struct LK_VEC_OF(struct lk_script) skipped;
	struct lk_strs ran; /* packages of which one ran; likewise */
};

/* pre-unlink of the N packages RECORDS, in any order, of the prefix as it is, open as PREFIX_FD. A
 * script that fails is warned about; LK_E_FS for one after which the prefix is another;
 * LK_E_INTERRUPTED. */
int lk_scripts_unlink(struct lk_scripts *scripts, int prefix_fd,
	const struct lk_prefix_record *const *records, size_t n, struct lk_error *err) LK_MUST_USE;
/* The same of what PLAN takes away or replaces. */
int lk_scripts_before(struct lk_scripts *scripts, int prefix_fd, const struct lk_plan *plan,
	struct lk_error *err) LK_MUST_USE;
/* pre-link and post-link of what PLAN adds or replaces, at the prefix as it is now, open as
 * PREFIX_FD. LK_E_FS naming the package whose script failed, or after whose script the prefix is
 * another; LK_E_INTERRUPTED. */
int lk_scripts_after(struct lk_scripts *scripts, int prefix_fd, const struct lk_layout *layout,
	const struct lk_plan *plan, struct lk_error *err) LK_MUST_USE;

/* A copy of what did not run, with its strings owned by ARENA. */
const struct lk_script *lk_scripts_skipped(
	const struct lk_scripts *scripts, struct lk_arena *arena);
/* Warns of packages in `only` of which no script ran. */
void lk_scripts_warn_unused(const struct lk_scripts *scripts);

#endif
