/*
 * A lock named on the command line, and the platform of it that a command works on.
 */
#ifndef LK_CLI_LOCK_ARG_H
#define LK_CLI_LOCK_ARG_H

#include "cli/app.h"
#include "lock/lockfile.h"

#define LK_DEFAULT_LOCK "env.lock"

struct lk_lock_arg {
	const char *path;
	struct lk_buf text; /* of the file; the lock borrows from it */
	struct lk_lock lock;
	bool parsed;
};

/* Reads PATH; a missing file is LK_E_USAGE with a hint. RET is safe to pass to done in any case. */
int lk_lock_arg_read(struct lk_app *app, const char *path, struct lk_lock_arg *ret,
	struct lk_error *err) LK_MUST_USE;
/* The same in two steps, for who looks at the text before it means anything. */
int lk_lock_arg_load(const char *path, struct lk_lock_arg *ret, struct lk_error *err) LK_MUST_USE;
/* RET's path and text are filled. */
int lk_lock_arg_parse(
	struct lk_app *app, struct lk_lock_arg *ret, struct lk_error *err) LK_MUST_USE;
void lk_lock_arg_done(struct lk_lock_arg *arg);

/* The platform WANTED (NULL: this host's; where the lock has but one, that one when ANY_SINGLE).
 * LK_E_HOST when the lock does not have it. */
int lk_lock_arg_platform(const struct lk_lock_arg *arg, const char *wanted, bool any_single,
	const struct lk_lock_platform **ret, struct lk_error *err) LK_MUST_USE;

#endif
