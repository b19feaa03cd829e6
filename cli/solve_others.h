/*
 * Platforms of an existing lock that are not solved for: they stay as they are, so the header that
 * they share with the others must stay as far as they rest on it.
 */
#ifndef LK_CLI_SOLVE_OTHERS_H
#define LK_CLI_SOLVE_OTHERS_H

#include "cli/solve_request.h"

/* LK_E_USAGE when REQUEST changes a channel that a platform it does not solve for has packages
 * from, or one before it; the priority of channels; or exclude-newer. */
int lk_solve_check_others(const struct lk_solve_request *request, struct lk_error *err) LK_MUST_USE;
/* Copies them into LOCK. */
int lk_solve_keep_others(const struct lk_solve_request *request, struct lk_lock *lock,
	struct lk_error *err) LK_MUST_USE;

#endif
