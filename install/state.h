/*
 * conda-meta/state: the variables of the environment, as conda keeps them (conda-formats.md 6.6).
 *
 * What the lock sets goes into `env_vars`, for every tool that activates the environment, and a
 * second time into the member `lockenv`: so the next install knows what was the lock's and what
 * somebody has set with conda env config vars, which stays. All other members stay too.
 */
#ifndef LK_INSTALL_STATE_H
#define LK_INSTALL_STATE_H

#include "base/err.h"
#include "base/report.h"
#include "install/env_vars.h"

/* The TEXT of a state file (ptr NULL: there is none; FILE is its name in errors) brought to what
 * the lock sets, VARIABLES, appended to OUT; *RET_CHANGED: OUT is not TEXT. Of a variable that was
 * set otherwise since, the lock's value wins, with a warning. LK_E_FORMAT for a text that is no
 * JSON object where something is to be changed. */
int lk_state_merge(lk_str text, const char *file, const struct lk_env_var *variables, size_t n,
	const struct lk_report *report, struct lk_buf *out, bool *ret_changed,
	struct lk_error *err) LK_MUST_USE;

/* Writes the state into META_FD, conda-meta of the new tree, from that of the old prefix (OLD_FD,
 * -1: none); no file where there was none and the lock sets nothing. */
int lk_state_write(int old_fd, int meta_fd, const struct lk_env_var *variables, size_t n,
	const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

#endif
