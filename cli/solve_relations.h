/*
 * Channels that the channels of a request declare relations to (CEP 42).
 */
#ifndef LK_CLI_SOLVE_RELATIONS_H
#define LK_CLI_SOLVE_RELATIONS_H

#include "cli/solve_request.h"
#include "fetch/fetch.h"

/* Adds them to REQUEST's channels, in the order that the relations give, and tells each. Does
 * nothing when the request does not ask for it. */
int lk_solve_follow_relations(struct lk_app *app, struct lk_fetch *fetch,
	struct lk_solve_request *request, struct lk_error *err) LK_MUST_USE;

#endif
