/*
 * A lock named on the command line, and the platform of it that a command works on.
 */
#ifndef LK_CLI_LOCK_ARG_H
#define LK_CLI_LOCK_ARG_H

#include "cli/app.h"
#include "install/env_vars.h"
#include "lock/lockfile.h"
#include "store/bundle.h"

#define LK_DEFAULT_LOCK "env.lock"

struct lk_lock_arg {
	const char *path;
	struct lk_buf text; /* of the lock, which borrows from it */
	struct lk_lock lock;
	bool parsed;
	/* Where PATH is a bundle: */
	struct lk_bundle *bundle;              /* owned; may be taken out */
	const struct lk_manifest_entry *entry; /* the lock in it */
	char *shown;                           /* that lock's name in errors; owned */
};

/* Reads PATH; a missing file is LK_E_USAGE with a hint. RET is safe to pass to done in any case. */
int lk_lock_arg_read(struct lk_app *app, const char *path, struct lk_lock_arg *ret,
	struct lk_error *err) LK_MUST_USE;

/*
 * The same in steps, for who takes a lock out of a bundle too, and looks at the bytes before they
 * mean anything: open, look at lk_lock_arg_signed, choose, parse.
 */

/* Opens PATH, a lock or a bundle, told apart by content. */
int lk_lock_arg_open(const char *path, struct lk_lock_arg *ret, struct lk_error *err) LK_MUST_USE;
/* What a signature is made over: the lock's text, or the bundle's manifest. *RET_PATH: the file
 * beside which the signature lies. */
lk_str lk_lock_arg_signed(const struct lk_lock_arg *arg, const char **ret_path);
/* In a bundle: the lock called NAME; NULL: the only one. LK_E_USAGE says which there are. */
int lk_lock_arg_choose(struct lk_lock_arg *arg, const char *name, struct lk_error *err) LK_MUST_USE;
/* RET's path and text are filled. */
int lk_lock_arg_parse(
	struct lk_app *app, struct lk_lock_arg *ret, struct lk_error *err) LK_MUST_USE;
void lk_lock_arg_done(struct lk_lock_arg *arg);

/* The platform WANTED (NULL: this host's; where the lock has but one, that one when ANY_SINGLE).
 * LK_E_HOST when the lock does not have it. */
int lk_lock_arg_platform(const struct lk_lock_arg *arg, const char *wanted, bool any_single,
	const struct lk_lock_platform **ret, struct lk_error *err) LK_MUST_USE;

/* The variables of environment.yml that LOCK has taken over, n_variables of them, as an install
 * wants them; owned by the arena. */
const struct lk_env_var *lk_lock_arg_variables(struct lk_app *app, const struct lk_lock *lock);

#endif
