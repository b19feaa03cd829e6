/*
 * A fetch object made from the configuration. Apart from app, because lockenv-install has no
 * network.
 */
#ifndef LK_CLI_FETCHING_H
#define LK_CLI_FETCHING_H

#include "base/json.h"
#include "cli/app.h"
#include "fetch/fetch.h"

int lk_app_fetch(struct lk_app *app, struct lk_cache *cache, bool offline, struct lk_fetch **ret,
	struct lk_error *err) LK_MUST_USE;

#endif
