/*
 * Solving a request: repodata, then each platform through the resolver, then a lock value.
 */
#ifndef LK_CLI_SOLVE_PLATFORM_H
#define LK_CLI_SOLVE_PLATFORM_H

#include "cli/solve_request.h"
#include "fetch/fetch.h"

/* Fills RET (pass it to lk_lock_done when 0 comes back). When the specs cannot be satisfied the
 * reasons are in app->explanation. */
int lk_solve_request_run(struct lk_app *app, const struct lk_solve_request *request,
	struct lk_fetch *fetch, struct lk_lock *ret, struct lk_error *err) LK_MUST_USE;

#endif
