/*
 * What lockenv info says of a lock and of an environment.
 */
#ifndef LK_CLI_INFO_ENV_H
#define LK_CLI_INFO_ENV_H

#include "cli/env_arg.h"

/* Reads WHAT (see lk_env_args) and puts the summary, or the JSON document, into app->out. */
int lk_info_env(
	struct lk_app *app, const char *what, bool is_prefix, struct lk_error *err) LK_MUST_USE;
/* One line "LABEL: VALUE", labels ending in one column; an empty label continues. */
void lk_info_line(struct lk_app *app, const char *label, lk_str value);

#endif
