/*
 * What an install is named by on the command line: a lock, or a bundle with one, and a prefix.
 */
#ifndef LK_CLI_INSTALL_ARG_H
#define LK_CLI_INSTALL_ARG_H

#include "cli/lock_arg.h"

/* Reads PATH, a lock or a bundle; of a bundle the lock called LOCK (NULL: its only one). Nothing of
 * the lock is looked at before its signature, or that of the bundle it lies in. RET is safe to pass
 * to lk_lock_arg_done in any case. */
int lk_install_arg_read(struct lk_app *app, const char *path, const char *lock,
	bool require_signature, struct lk_lock_arg *ret, struct lk_error *err) LK_MUST_USE;

/* The absolute prefix: -p GIVEN, -n NAME, or the default beside the lock; owned by the arena. */
int lk_install_arg_prefix(struct lk_app *app, const char *given, const char *name,
	const struct lk_lock_arg *arg, const char **ret, struct lk_error *err) LK_MUST_USE;

/* Warns when the bundle was not packed for PLATFORM: its lock may have more platforms than it has
 * packages for. */
void lk_install_arg_check_packed(
	struct lk_app *app, const struct lk_lock_arg *arg, const struct lk_lock_platform *platform);

#endif
