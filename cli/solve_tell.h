/*
 * What solve says beside the lock: why there is none, and what would give one.
 */
#ifndef LK_CLI_SOLVE_TELL_H
#define LK_CLI_SOLVE_TELL_H

#include "cli/app.h"
#include "resolver/task.h"

/* TASK has no solution, SOLUTION says why and what to change: fills the application's explanation
 * (a few lines, all of them with --verbose), its part of the JSON error, and ERR's hint. */
void lk_tell_unsat(struct lk_app *app, const struct lk_task *task,
	const struct lk_solution *solution, struct lk_error *err);

#endif
