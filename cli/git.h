/*
 * Asking git: versions of a file, its conflicted sides, its configuration. Git itself does the
 * work.
 */
#ifndef LK_CLI_GIT_H
#define LK_CLI_GIT_H

#include "cli/lock_arg.h"

/* Runs git with the NULL-ended ARGS in the directory DIR (NULL: here) and appends what it prints to
 * OUT; its errors go nowhere. *RET_STATUS is its exit code, 128 for a death by signal. LK_E_USAGE
 * when git is not there. */
int lk_git_run(const char *dir, const char *const *args, struct lk_buf *out, int *ret_status,
	struct lk_error *err) LK_MUST_USE;

/* Appends what `git show OBJECT` prints. LK_E_USAGE when git is not there or does not know OBJECT.
 */
int lk_git_show(const char *object, struct lk_buf *out, struct lk_error *err) LK_MUST_USE;

/* Reads the lock SIDE: a file, or REV:PATH when no such file is there. As lk_lock_arg_read. */
int lk_git_read_lock(struct lk_app *app, const char *side, struct lk_lock_arg *ret,
	struct lk_error *err) LK_MUST_USE;

enum lk_git_stage {
	LK_GIT_BASE,
	LK_GIT_OURS,
	LK_GIT_THEIRS,
};
#define LK_GIT_N_STAGES (LK_GIT_THEIRS + 1)

/* The sides of the conflicted file PATH out of git's index, appended to TEXTS; RET_HAS tells which
 * are there (no base: both sides added the file). LK_E_USAGE when PATH is not conflicted. */
int lk_git_stages(const char *path, struct lk_buf texts[LK_GIT_N_STAGES],
	bool ret_has[LK_GIT_N_STAGES], struct lk_error *err) LK_MUST_USE;

#endif
