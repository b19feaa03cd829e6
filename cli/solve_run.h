/*
 * A solve from the request to what is written: what solve, add, remove and update share.
 */
#ifndef LK_CLI_SOLVE_RUN_H
#define LK_CLI_SOLVE_RUN_H

#include "cli/solve_edit.h"
#include "cli/solve_request.h"

/* Solves what OPTIONS and SPECS ask for and writes the lock; with EDIT (NULL: none) the edited file
 * too, before it. Nothing is written unless there is an answer; a lock that cannot be written takes
 * the file back. A run that is cut short in between is completed by the next, for the edit finds
 * itself done. */
int lk_solve_run(struct lk_app *app, const struct lk_solve_options *options,
	const struct lk_args *specs, const struct lk_solve_edit *edit,
	struct lk_error *err) LK_MUST_USE;

#endif
