/*
 * A fetch object made from the configuration. Apart from app, because lockenv-install has no
 * network.
 */
#ifndef LK_CLI_FETCHING_H
#define LK_CLI_FETCHING_H

#include "base/json.h"
#include "cli/app.h"
#include "fetch/fetch.h"
#include "lock/lockfile.h"

int lk_app_fetch(struct lk_app *app, struct lk_cache *cache, bool offline, struct lk_fetch **ret,
	struct lk_error *err) LK_MUST_USE;
/* lk_fetch_packages for RECORDS of LOCK, whose channels .condarc must allow (LK_E_USAGE). */
int lk_app_fetch_locked(struct lk_app *app, struct lk_fetch *fetch, const struct lk_lock *lock,
	const struct lk_records *records, struct lk_fetch_stats *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
