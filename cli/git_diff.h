/*
 * lockenv diff as git's external diff driver (gitattributes, "Defining an external diff driver").
 */
#ifndef LK_CLI_GIT_DIFF_H
#define LK_CLI_GIT_DIFF_H

#include "cli/lock_arg.h"

/* Puts into app->out what changed between the two. */
typedef void lk_git_diff_fn(struct lk_app *app, const void *ctx, const struct lk_lock_arg *from,
	const struct lk_lock_arg *to);

/* ARGS are git's: PATH OLD-FILE OLD-HEX OLD-MODE NEW-FILE NEW-HEX NEW-MODE, for a rename with
 * NEW-PATH and a description behind them, or an unmerged PATH alone. A side that is not there
 * (/dev/null) is an empty lock; one that cannot be read is told in the output, for git ends at a
 * driver that fails. LK_E_USAGE for other ARGS. */
int lk_git_diff(struct lk_app *app, const struct lk_args *args, lk_git_diff_fn *put,
	const void *ctx, struct lk_error *err) LK_MUST_USE;

#endif
