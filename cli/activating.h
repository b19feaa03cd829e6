/*
 * What run and shell-hook share: which environment, and activation against the variables of this
 * process.
 */
#ifndef LK_CLI_ACTIVATING_H
#define LK_CLI_ACTIVATING_H

#include "cli/app.h"
#include "install/activate.h"

/* The environment that -p PREFIX or -n NAME asks for; with neither the folder "env", which is
 * where 'install env.lock' puts one. Absolute, owned by the arena. */
int lk_activating_prefix(struct lk_app *app, const char *prefix, const char *name, const char **ret,
	struct lk_error *err) LK_MUST_USE;

/* The lookups of struct lk_activate_options: getenv, and one that finds nothing. */
const char *lk_activating_getenv(void *ctx, const char *name);
const char *lk_activating_nothing(void *ctx, const char *name);

#endif
