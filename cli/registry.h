/*
 * The user's list of environments, kept as conda keeps it (conda/environments.h).
 */
#ifndef LK_CLI_REGISTRY_H
#define LK_CLI_REGISTRY_H

#include "cli/app.h"

/* PREFIX, absolute, is an environment now (THERE), or none any more. Nothing is done where the
 * configuration says `register_envs: false` or there is no HOME; what cannot be done is told by a
 * note with --verbose, and is no failure. */
void lk_app_register(struct lk_app *app, const char *prefix, bool there);

#endif
